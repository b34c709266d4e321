// Makes `onward.tmLanguage.json`: `node grammar/textmate.mjs` (with `--check`: is it up to date?).
//
// A TextMate grammar sees one line at a time and has no memory but its stack. Where a name may be a
// value or the label of the next one (`do email tips to sales`), each sign that wants a value therefore
// opens a rule which the value itself ends: see `wants`. Everywhere else a name is a variable unless
// something before it says otherwise. The classes are those of `lsp/editors/highlighting.md`.

import { readFileSync, writeFileSync } from "node:fs";

const scope = {
  comment: "comment.line.number-sign.onward",
  docComment: "comment.line.documentation.onward",
  keyword: "keyword.control.onward",
  constant: "variable.other.enummember.onward",
  type: "entity.name.type.onward",
  event: "entity.name.type.event.onward",
  name: "entity.name.type.class.onward",
  function: "entity.name.function.onward",
  parameter: "keyword.other.parameter.onward",
  property: "variable.other.property.onward",
  label: "entity.name.label.onward",
  variable: "variable.other.readwrite.onward",
  line: "string.quoted.double.onward",
  block: "string.quoted.triple.onward",
  escape: "constant.character.escape.onward",
  hole: "punctuation.section.embedded.onward",
  number: "constant.numeric.onward",
  duration: "constant.numeric.duration.onward",
  date: "constant.numeric.date.onward",
  operator: "keyword.operator.onward",
  separator: "punctuation.separator.onward",
  embedded: "meta.embedded.onward",
};

// Words

const W = String.raw`[\p{L}\p{Nl}_][\p{L}\p{N}\p{M}\p{Pc}]*`;
const NAME = String.raw`\b${W}\b`;
const DOTTED = String.raw`${W}(?:\s*\.\s*${W})*`;
const any = (words) => `(?:${words.split(" ").join("|")})`;
// A word is a keyword only in its place, and never before `:`.
const END = String.raw`\b(?!\s*:)`;
const word = (words) => String.raw`\b${any(words)}${END}`;

const UNITS =
  "seconds second sec s minutes minute min months month m hours hour h days day d weeks week w years year y";
const NUMBER = String.raw`\d+(?:_\d+)*(?:\.\d+)?`;
const PIECE = String.raw`${NUMBER}\s*${any(UNITS)}(?=\b|\d)`;
const DURATION = String.raw`${PIECE}(?:\s*${PIECE})*${END}`;
const WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday";
const DAYS = `weekdays weekends ${WEEKDAYS}`;
const RESERVED = "do wait if else stop where and or not in is contains matches between ago";
const STEPS = "do wait if else stop split repeat let";
const PARTS = "to from for subject body text title due type group notes";
const STATES = "running waiting held parked queued finished exited stopped failed";

// Ends of what has no closing sign: each looks ahead and takes nothing.

const STEP = String.raw`\}|\b${any(STEPS)}\b(?!\s*[:.])|\b${W}\s*:`;
const CLAUSE = [
  STEP,
  String.raw`\b(?:draft|once)\b(?!\s*[.=<>!|+*/,)-])`,
  String.raw`\bon\b(?!\s+${any(DAYS)}\b)(?=\s+[\p{L}_\d])`,
  String.raw`\bevery\b(?!\s+year\b)`,
  String.raw`\bat\s+most\s+once\b`,
  String.raw`\bexit\s+(?:when|on)\b`,
  String.raw`\bwhile\s+running\b`,
  String.raw`\b(?:goal|topic)\s+(?!${any("and or not in is contains starts ends matches between")}\b)${W}`,
  String.raw`\bholdout\s+\d`,
  String.raw`\bsend\s+between\b`,
  String.raw`\bmax\s+age\b`,
].join("|");
const DECLARATION = [
  String.raw`\b(?:event|entity|source)\s+${W}\s*(?:\{|about\b)`,
  String.raw`\btemplate\s+${W}\s+${W}\s*\{`,
  String.raw`\b(?:sender|team)\s+${W}\s*=`,
  String.raw`\baction\s+${DOTTED}\s*\(`,
  String.raw`\bworkflow\s+${W}`,
  String.raw`\bsegment\s+${W}\s+of\b`,
  String.raw`\bpolicy\s*\{`,
  String.raw`\btest\s*"`,
].join("|");
const LINES = "at after events answer refuse fail lose accept approve discard delete expect";
// A statement of a test: one of its words, two names, or a name and a dot.
const STATEMENT = [
  String.raw`\}`,
  String.raw`\b${any(LINES)}\b(?=\s*["\d]|\s+[\p{L}_])`,
  String.raw`(?!\b(?:${any(`${PARTS} contains`)}|sent\s+at)\b)\b${W}\s+(?!${any("contains true false now today")}\b)[\p{L}_]`,
  String.raw`\b${W}\s*\.`,
].join("|");

// Makers of rules

const include = (...names) => names.map((name) => ({ include: `#${name}` }));
const captures = (classes) =>
  Object.fromEntries(
    classes.map((it, at) => [at + 1, typeof it === "string" ? { name: scope[it] } : it]).filter(([, it]) => it),
  );
/** One match whose groups have these classes. */
const match = (regex, ...classes) => ({ match: regex, captures: captures(classes) });
const keyword = (words) => ({ match: word(words), name: scope.keyword });
/** From a sign up to what `end` looks ahead to. */
const until = (begin, classes, end, patterns) => ({
  begin, beginCaptures: captures(classes), end: `(?=${end})`, patterns: [...include("comment"), ...patterns],
});
const braces = (patterns) => ({
  begin: String.raw`\{`, end: String.raw`\}`,
  beginCaptures: { 0: { name: "punctuation.section.braces.onward" } },
  endCaptures: { 0: { name: "punctuation.section.braces.onward" } },
  patterns: [...include("comment"), ...patterns],
});
/** A head and a body in braces; over after the closing brace. */
const declared = (begin, classes, ...patterns) => ({
  begin, beginCaptures: captures(classes), end: String.raw`(?<=\})`, patterns: [...include("comment"), ...patterns],
});

const VALUE_NAME = (not) =>
  String.raw`(?:\b(true|false|now|today)|(?!\b(?:header|query)\s*")(?!\b${any(not)}\b)\b(${W}))\b(?!\s*[(:])`;
/** A sign that wants a value. The value ends the rule, so that the next name is seen as something else. */
const wants = (begin, classes, not = RESERVED) => ({
  begin, beginCaptures: captures(classes),
  end: String.raw`${VALUE_NAME(not)}|(?=[^\s#])`, endCaptures: captures(["constant", "variable"]),
  patterns: include("comment"),
});

const members = { patterns: include("member", "variable") };
const types = { patterns: [match(`(${NAME})`, "type"), ...include("separator")] };

const OPERATOR = String.raw`!=|<=|>=|[=<>+*/-]`;

const repository = {
  comment: {
    patterns: [
      { match: String.raw`##(?!#).*$`, name: scope.docComment },
      { match: "#.*$", name: scope.comment },
    ],
  },
  separator: { match: "[,:]", name: scope.separator },

  // Texts

  string: {
    patterns: [
      { begin: '"""', end: '"""', name: scope.block, patterns: include("escape", "block-hole", "block-tag") },
      { begin: '"', end: '"|$', name: scope.line, patterns: include("escape", "line-hole", "line-tag") },
    ],
  },
  escape: { match: String.raw`\\.`, name: scope.escape },
  ...Object.fromEntries(
    [["line", String.raw`(?=[^\n]*\}\})`, String.raw`(?=[^\n]*%\})`, ""], ["block", "", "", '|(?=""")']].flatMap(
      ([kind, closed, tagClosed, end]) => [
        [`${kind}-hole`, {
          begin: String.raw`(\{\{)${closed}`, end: String.raw`(\}\})${end}`, contentName: scope.embedded,
          beginCaptures: captures(["hole"]), endCaptures: captures(["hole"]), patterns: include("comment", "expression"),
        }],
        [`${kind}-tag`, {
          begin: String.raw`(\{%)${tagClosed}`, end: String.raw`(%\})${end}`, contentName: scope.embedded,
          beginCaptures: captures(["hole"]), endCaptures: captures(["hole"]),
          patterns: [
            ...include("comment"),
            match(String.raw`\b(for)\s+(${W})\s+(in)\b`, "keyword", "variable", "keyword"),
            keyword("if else end"), ...include("expression"),
          ],
        }],
      ],
    ),
  ),

  // Values

  literal: {
    patterns: [
      ...include("string"),
      { match: String.raw`\b\d{4}-\d{2}-\d{2}\b|\b\d{2}:\d{2}(?::\d{2})?\b`, name: scope.date },
      { match: String.raw`\b${DURATION}`, name: scope.duration },
      { match: String.raw`\b[1-5]xx\b|\b${NUMBER}(?:\s*%(?!\}))?`, name: scope.number },
    ],
  },
  object: braces([match(String.raw`(${NAME})\s*(:)`, "property", "separator"), ...include("separator", "expression")]),
  brackets: {
    patterns: [
      { begin: String.raw`\[`, end: String.raw`\]`, patterns: include("comment", "separator", "expression") },
      { begin: String.raw`\(`, end: String.raw`\)`, patterns: [...include("comment", "separator"), keyword("where"), ...include("expression")] },
    ],
  },
  member: match(String.raw`\.\s*(${W})`, "property"),
  call: match(String.raw`\b(${W})\s*(?=\()`, "function"),
  variable: {
    patterns: [match(String.raw`\b(true|false|now|today)\b`, "constant"), match(`(${NAME})`, "variable")],
  },
  pipe: {
    patterns: [
      { begin: String.raw`\|`, beginCaptures: { 0: { name: scope.operator } }, end: String.raw`\b(${W})\b|(?=[^\s#])`, endCaptures: captures(["function"]), patterns: include("comment") },
    ],
  },
  "word-operator": {
    patterns: [
      match(String.raw`\b(is)(?:\s+(not))?\s+(set|missing)${END}`, "keyword", "keyword", "keyword"),
      match(String.raw`\b(starts|ends)\s+(with)${END}`, "keyword", "keyword"),
      match(String.raw`\b(in)\s+(last)(?=\s+\d)`, "keyword", "keyword"),
      match(String.raw`\b(header|query)(?=\s*")`, "keyword"),
      keyword("and or not in is contains matches between ago"),
    ],
  },
  operator: { match: OPERATOR, name: scope.operator },
  // Where no label can stand: each name that nothing else claims is a variable.
  expression: { patterns: include("literal", "object", "brackets", "pipe", "member", "word-operator", "call", "operator", "variable") },

  // Types

  type: {
    patterns: [
      match(String.raw`\b(list)\s+(of)\b`, "keyword", "keyword"),
      match(String.raw`\b(ordered)(?=\s*")`, "keyword"),
      ...include("string"),
      { match: "[|<?]", name: scope.operator },
      match(`(${NAME})`, "type"),
      ...include("separator"),
    ],
  },
  fields: braces([match(String.raw`(${NAME})\s*(:)`, "property", "separator"), ...include("type")]),

  // Declarations

  declaration: {
    patterns: [
      declared(String.raw`\b(event)\s+(${W})(?:\s+(about)\s+(${W}))?(?=\s*(?:\{|$|#))`, ["keyword", "event", "keyword", "type"], ...include("fields")),
      declared(String.raw`\b(entity)\s+(${W})(?=\s*(?:\{|$|#))`, ["keyword", "type"], ...include("fields")),
      declared(
        String.raw`\b(template)\s+(${W})\s+(${W})(?=\s*(?:\{|$|#))`, ["keyword", "name", "type"],
        braces([...include("string"), match(`(${NAME})`, "property")]),
      ),
      match(String.raw`\b(sender|team)\s+(${W})\s*(=)`, "keyword", "name", "operator"),
      until(String.raw`\b(segment)\s+(${W})\s+(of)\s+(${W})`, ["keyword", "name", "keyword", "type"], DECLARATION, [keyword("where"), ...include("expression")]),
      declared(
        String.raw`\b(action)\s+(${DOTTED})(?=\s*(?:\(|$|#))`, ["keyword", "function"],
        {
          begin: String.raw`\(`, end: String.raw`\)`,
          patterns: [
            ...include("comment"),
            match(String.raw`(${NAME})\s*(:)`, "parameter", "separator"),
            { begin: "=", beginCaptures: { 0: { name: scope.operator } }, end: String.raw`(?=[,)])`, patterns: include("comment", "expression") },
            ...include("type"),
          ],
        },
        braces(include("item")),
      ),
      declared(
        String.raw`\b(workflow)\s+(${W})`, ["keyword", "name"],
        ...include("string"), match(String.raw`\b(for)\s+(${W})`, "keyword", "type"), braces(include("clause", "step")),
      ),
      declared(String.raw`\b(policy)(?=\s*(?:\{|$))`, ["keyword"], braces(include("rule"))),
      declared(String.raw`\b(source)\s+(${W})(?=\s*(?:\{|$|#))`, ["keyword", "name"], ...include("source-block")),
      declared(String.raw`\b(test)(?=\s*(?:"|$))`, ["keyword"], ...include("string"), braces(include("statement"))),
    ],
  },

  // Actions

  item: {
    patterns: [
      match(String.raw`\b(get|post|put|patch|delete)(?=\s*")`, "keyword"),
      match(String.raw`\b(basic|bearer)\s+(auth)${END}`, "keyword", "keyword"),
      match(String.raw`\b(oauth)\s+(client|refresh)\s+(credentials|token)${END}`, "keyword", "keyword", "keyword"),
      match(String.raw`\b(scope)(?=\s+["\p{L}])`, "keyword"),
      match(String.raw`\b(form|smtp|result|multipart)(?=\s*\{)`, "keyword"),
      match(String.raw`\b(sign)\s+(webhook)\s+(with)${END}`, "keyword", "keyword", "keyword"),
      match(String.raw`\b(retry)\s+(on)${END}`, "keyword", "keyword"),
      match(String.raw`\b(when)\s+(unsure)(?:\s+(park|retry))?${END}`, "keyword", "keyword", "constant"),
      match(String.raw`\b(with)\s+(idempotency)\s+(key)\s+(header)${END}`, "keyword", "keyword", "keyword", "keyword"),
      match(String.raw`\b(channel)\s+(${W})`, "keyword", "type"),
      match(String.raw`\b(expect)(?=\s*\d)`, "keyword"),
      keyword("where"),
      wants(String.raw`\b(json|body|timeout)(?=\s*$|\s*[{"\[(\d]|\s+(?!${any("and or not in is contains starts ends matches between")}\b)[\p{L}_])`, ["keyword"]),
      ...include("separator", "expression"),
    ],
  },

  // Policies

  rule: {
    patterns: [
      match(String.raw`\b(quiet)\s+(hours)(?:\s+(for)\s+(${W}(?:\s*,\s*${W})*))?`, "keyword", "keyword", "keyword", types),
      match(String.raw`\b(at)\s+(most)\s+(${NUMBER})\s+(${W}(?:\s*,\s*${W})*)`, "keyword", "keyword", "number", types),
      match(String.raw`\b(topic)\s+(${W})\s+(opt)\s+(in|out)\b`, "keyword", "name", "keyword", "keyword"),
      match(String.raw`\b(${any(DAYS)})\b(?!\s*[.:(])`, "constant"),
      keyword("from to on in per"),
      ...include("separator", "expression"),
    ],
  },

  // Sources

  "source-block": braces(include("source-item")),
  "source-item": {
    patterns: [
      match(String.raw`\b(path|prefix)(?=\s*")`, "keyword"),
      match(String.raw`\b(verify)(?:\s+(hmac)\s+(${W})\s+(of)|\s+(basic|bearer)\s+(auth)|\s+(token))?${END}`, "keyword", "keyword", "constant", "keyword", "keyword", "keyword", "keyword"),
      match(String.raw`\b(as)\s+(${W})`, "keyword", "constant"),
      match(String.raw`(?:\b(with)|(,))\s*\b(?:(base64|hex)\b(?=\s+[\p{L}"]))`, "keyword", "separator", "constant"),
      declared(String.raw`\b(when)(?=\s+[\p{L}"(])`, ["keyword"], ...include("source-block", "expression")),
      declared(String.raw`\b(else)\b`, ["keyword"], ...include("source-block")),
      declared(String.raw`\b(for)\s+(each)\s+(${W})\s+(in)\b`, ["keyword", "keyword", "variable", "keyword"], ...include("source-block", "expression")),
      match(String.raw`\b(event)\s+(${W})(?!\s*[.:])`, "keyword", "event"),
      match(String.raw`\b(${W})\s+(by)\s+(${W})`, "type", "keyword", "property"),
      match(String.raw`(,)\s*(${W})(?=\s+[\p{L}"])`, "separator", "property"),
      wants(String.raw`\b(id|time|answer|at|of|with)(?=\s*$|\s*[{"\[(\d]|\s+(?!${any("and or not in is contains starts ends matches between")}\b)[\p{L}_])`, ["keyword"]),
      keyword("within"),
      ...include("separator", "expression"),
    ],
  },

  // Clauses

  clause: {
    patterns: [
      until(String.raw`\b(on)(?=\s+[\p{L}_\d])`, ["keyword"], CLAUSE, [
        match(String.raw`\G\s*(${DURATION})\s*(before|after)\s+(${W})\s*\.\s*(${W})`, "duration", "keyword", "type", "property"),
        match(String.raw`\G\s*(${W})\s*\.\s*(${W})`, "type", "property"),
        match(String.raw`\G\s*(${W})\s+(created|changes|deleted)${END}`, "type", "keyword"),
        match(String.raw`\G\s*(${W})\s+(enters|leaves)\s+(${W})`, "type", "keyword", "name"),
        match(String.raw`\G\s*(${W})`, "event"),
        match(String.raw`\b(every)\s+(year)${END}`, "keyword", "keyword"),
        match(String.raw`\b(as)\s+(${W})`, "keyword", "variable"),
        ...include("where-clause"),
        keyword("changes from to drops rises above below gains loses unchanged for at"),
        ...include("expression"),
      ]),
      until(String.raw`\b(exit)\s+(when)${END}`, ["keyword", "keyword"], CLAUSE, include("expression")),
      until(String.raw`\b(exit)\s+(on)\s+(${W})`, ["keyword", "keyword", "event"], CLAUSE, include("clause-tail")),
      until(String.raw`\b(goal)\s+(${W})`, ["keyword", "event"], CLAUSE, [keyword("within"), ...include("clause-tail")]),
      match(String.raw`\b(every)\s+(time)${END}`, "keyword", "keyword"),
      until(String.raw`\b(every)(?=\s)`, ["keyword"], CLAUSE, [
        match(String.raw`\b(${any(`day weekday ${WEEKDAYS}`)})\b(?!\s*[.:(])`, "constant"),
        match(String.raw`\b(for)\s+(${W})(?:\s+(in)\s+(${W}))?`, "keyword", "type", "keyword", "name"),
        keyword("at"), ...include("separator", "clause-tail"),
      ]),
      until(String.raw`\b(once)\s+(per)${END}`, ["keyword", "keyword"], CLAUSE, include("expression")),
      match(String.raw`\b(at)\s+(most)\s+(once)\s+(per)${END}`, "keyword", "keyword", "keyword", "keyword"),
      match(String.raw`\b(while)\s+(running)\s+(ignore|restart|queue|parallel)${END}`, "keyword", "keyword", "constant"),
      match(String.raw`\b(topic)\s+(${W})`, "keyword", "name"),
      match(String.raw`\b(max)\s+(age)${END}`, "keyword", "keyword"),
      until(String.raw`\b(send)\s+(between)${END}`, ["keyword", "keyword"], CLAUSE, [
        match(String.raw`\b(on)(?=\s+${any(DAYS)}\b)`, "keyword"),
        match(String.raw`\b(${any(DAYS)})\b(?!\s*[.:(])`, "constant"),
        ...include("separator", "expression"),
      ]),
      keyword("draft once holdout"),
      ...include("literal"),
    ],
  },
  "where-clause": until(String.raw`\b(where)${END}`, ["keyword"], `${CLAUSE}|\\bwithin\\b`, include("expression")),
  "clause-tail": {
    patterns: [match(String.raw`\b(as)\s+(${W})`, "keyword", "variable"), ...include("where-clause", "expression")],
  },

  // Steps

  step: {
    patterns: [
      match(String.raw`\b(?!${any(RESERVED)}\b)(${W})\s*(:)`, "label", "separator"),
      ...include("do", "wait"),
      until(String.raw`\b(if)${END}`, ["keyword"], String.raw`[{}]`, include("expression")),
      match(String.raw`\b(let)\s+(${W})\s*(=)`, "keyword", "variable", "operator"),
      until(String.raw`\b(repeat)${END}`, ["keyword"], String.raw`[{}]`, [keyword("up to times every until"), ...include("expression")]),
      match(String.raw`(${NUMBER}\s*%)\s*(${W})`, "number", "label"),
      keyword("else stop split"),
      braces(include("step")),
      ...include("literal"),
    ],
  },
  wait: until(String.raw`\b(wait)${END}`, ["keyword"], String.raw`\{|${STEP}`, [
    match(String.raw`\G\s*(for)\s+(${W})`, "keyword", "event"),
    match(String.raw`\G\s*(until)(?:\s+(${any(WEEKDAYS)})\b(?!\s*\.))?`, "keyword", "constant"),
    match(String.raw`\b(up)\s+(to)${END}`, "keyword", "keyword"),
    match(String.raw`\b(as)\s+(${W})`, "keyword", "variable"),
    match(String.raw`\b(at)(?=\s+["\d\p{L}])(?!\s+${any("and or not in is contains starts ends matches between up")}\b)`, "keyword"),
    keyword("where"), ...include("expression"),
  ]),
  do: {
    patterns: [
      until(String.raw`\b(do)\s+(set|note|delete|update)(?!\s*\.)\b`, ["keyword", "function"], STEP, include("act-value")),
      until(String.raw`\b(do)\s+(add|remove)\s+(tag)\b`, ["keyword", "function", "function"], STEP, include("act-value")),
      until(String.raw`\b(do)\s+(emit)\s+(${W})`, ["keyword", "function", "event"], STEP, include("act-value")),
      until(String.raw`\b(do)\s+(create)\s+(${W})`, ["keyword", "function", "type"], STEP, include("act-value")),
      until(String.raw`\b(do)\s+(start|stop)\s+(${W})`, ["keyword", "function", "name"], STEP, include("act-value")),
      until(String.raw`\b(do)\s+(grant|revoke)\s+(access)\s+(to)\b`, ["keyword", "function", "keyword", "keyword"], STEP, include("act-value")),
      until(String.raw`\b(do)\s+(unsubscribe)(?!\s*\.)(?:\s+(from)\s+(${W}))?`, ["keyword", "function", "keyword", "name"], STEP, include("act-value")),
      until(
        String.raw`\b(do)\s+(assign)\s+(${DOTTED})\s+(${W})(?:\s+(from)\s+(${W})\s+(in)\s+(turn)\b)?`,
        ["keyword", "function", members, "property", "keyword", "name", "keyword", "keyword"], STEP, include("act-value"),
      ),
      until(String.raw`\b(do)\s+(task)(?!\s*\.)\b`, ["keyword", "function"], STEP, [
        match(String.raw`\b(type)\s+(${W})`, "parameter", "constant"),
        match(String.raw`\b(due)(?:\s+(in)(?=\s+\d))?${END}`, "parameter", "keyword"),
        match(String.raw`\b(for)\s+(group)\s+(${W})`, "parameter", "keyword", "name"),
        match(String.raw`\b(remind|for|notes)${END}`, "parameter"),
        keyword("before"), ...include("act-value"),
      ]),
      until(String.raw`\b(do)${END}`, ["keyword"], STEP, [
        wants(String.raw`\G\s*\b(${DOTTED})`, ["function"], `${RESERVED} as split repeat let`),
        ...include("literal", "object", "brackets", "modifier"),
        wants(String.raw`(\|)\s*(default)\b`, ["operator", "function"]),
        ...include("pipe", "member"),
        wants(String.raw`\b(is)(?:\s+(not))?\s+(set|missing)${END}(?=[^\s\S])`, ["keyword", "keyword", "keyword"]),
        match(String.raw`\b(is)(?:\s+(not))?\s+(set|missing)${END}`, "keyword", "keyword", "keyword"),
        match(String.raw`\b(ago)${END}`, "keyword"),
        wants(String.raw`\b(starts|ends)\s+(with)${END}`, ["keyword", "keyword"]),
        wants(String.raw`\b(and|or|not|in|contains|matches|between)${END}`, ["keyword"]),
        match(String.raw`\b(header|query)(?=\s*")(?<=do\s${W})`, "keyword"),
        ...include("call"),
        wants(`(${OPERATOR})`, ["operator"]),
        wants(`(${NAME})`, ["parameter"]),
      ]),
    ],
  },
  // What may follow an act.
  modifier: {
    patterns: [
      until(String.raw`\b(where)${END}`, ["keyword"], String.raw`${STEP}|\bas\s+draft\b|\bon\s+failure\b`, include("expression")),
      wants(String.raw`\b(as)\s+(draft)\b(?:\s+(for)\b)?`, ["keyword", "keyword", "keyword"], `${RESERVED} on as`),
      match(String.raw`\b(on)\s+(failure)\s+(continue|stop|park)\b`, "keyword", "keyword", "constant"),
    ],
  },
  "act-value": { patterns: include("modifier", "expression") },

  // Tests

  part: {
    patterns: [
      match(String.raw`\b(sent)\s+(at)\b`, "parameter", "keyword"),
      wants(String.raw`\b(${any(PARTS)})\b(?!\s*\.)(?:\s+(contains)\b)?`, ["parameter", "keyword"]),
      match(String.raw`\b(${W})(?:\s+(contains)\b|(?=\s*["\d\[(-]|\s+(?:true|false|now|today)\b))`, "parameter", "keyword"),
      ...include("expression"),
    ],
  },
  statement: {
    patterns: [
      match(String.raw`\b(answer|refuse|fail|lose|accept|approve|discard)\s+(${DOTTED})`, "keyword", "function"),
      match(String.raw`\b(delete)\s+(${W})(?!\s*\.)`, "keyword", "variable"),
      match(String.raw`\b(at|in|events)(?=\s*["\d]|\s+[\p{L}])`, "keyword"),
      match(String.raw`\b(after)(?=\s+\d)`, "keyword"),
      match(
        String.raw`\b(expect)(?:\s+(?:(no)|(${NUMBER})))?\s+(run)\s+(of)\s+(${W})(?:\s+(for)\s+(${W}))?(?:\s+(${any(STATES)})\b)?(?:\s+(at)\s+(?!(?:now|today)\b)(${W})\b(?!\s*\.))?`,
        "keyword", "keyword", "number", "keyword", "keyword", "name", "keyword", "variable", "constant", "keyword", "label",
      ),
      match(
        String.raw`\b(expect)(?:\s+(?:(no)|(${NUMBER})))?\s+(event)\s+(${W})(?:\s+(for)\s+(${W}))?`,
        "keyword", "keyword", "number", "keyword", "event", "keyword", "variable",
      ),
      match(
        String.raw`\b(expect)\s+(${DOTTED})(?=\s*[=!<>]|\s+(?:in|not|is|contains|matches|between|(?:starts|ends)\s+with)\b)`,
        "keyword", members,
      ),
      until(String.raw`\b(expect)(?:\s+(?:(no)|(${NUMBER})))?\s+(task)\b(?!\s*\.)`, ["keyword", "keyword", "number", "keyword"], STATEMENT, include("part")),
      until(
        // The first value, unless it is the label of one.
        String.raw`\b(expect)(?:\s+(?:(no)|(${NUMBER})))?(?:\s+(draft)(?=\s+(?!${any(LINES)}\b)[\p{L}]))?\s+(${DOTTED})` +
          String.raw`(?:\s+(?!(?:${any(`${PARTS} ${LINES} contains`)}|sent\s+at)\b)(${W})\b(?!\s*[."\d\[(-])(?!\s+${any("contains true false now today")}\b)` +
          String.raw`(?!\s+(?!${any(PARTS)}\b)${W}\s*(?:[{}]|\b${any(LINES)}\b)))?`,
        ["keyword", "keyword", "number", "keyword", "function", "variable"], STATEMENT, include("part"),
      ),
      ...include("expression"),
    ],
  },
};

// Code outside of any declaration is a file that is one workflow.
const language = {
  $schema: "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
  name: "Onward",
  scopeName: "source.onward",
  fileTypes: ["onward"],
  patterns: [...include("comment", "declaration", "clause", "step"), { begin: String.raw`\[`, end: String.raw`\]`, patterns: include("comment", "separator", "string") }],
  repository,
};

const file = new URL("onward.tmLanguage.json", import.meta.url);
const text = JSON.stringify(language, null, 2) + "\n";
if (process.argv.includes("--check")) {
  if (readFileSync(file, "utf8") !== text) {
    console.error("grammar/onward.tmLanguage.json is not what grammar/textmate.mjs makes: run node grammar/textmate.mjs");
    process.exit(1);
  }
} else {
  writeFileSync(file, text);
}
