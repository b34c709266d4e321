/**
 * The language of Onward for editors. `grammar/onward.pest` is normative; this follows it and is
 * more lenient where that costs nothing. A name is called by what it names (`event_name`, `parameter`,
 * `property`, …), so that a query needs no more than the kind of a node.
 *
 * It must not know what a name means: that is for the language server.
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

const UNITS = [
  "seconds", "second", "sec", "s", "minutes", "minute", "min", "months", "month", "m", "hours", "hour", "h",
  "days", "day", "d", "weeks", "week", "w", "years", "year", "y",
];
const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
// The words that begin an action which Onward does itself.
const BUILT_IN = [
  "set", "add", "remove", "emit", "task", "note", "assign", "create", "update", "delete", "start", "stop", "grant",
  "revoke", "unsubscribe",
];

// Labels of what a test expects, behind which any value may stand.
const PARTS = ["to", "from", "for", "subject", "body", "text", "title", "due", "type", "group", "notes"];
const RUN_STATES = ["running", "waiting", "held", "parked", "queued", "finished", "exited", "stopped", "failed"];

const list = (rule) => seq(rule, repeat(seq(",", rule)));
const trailing = (rule) => optional(seq(list(rule), optional(",")));
const named = (rule, kind) => alias(rule, kind);

module.exports = grammar({
  name: "onward",

  // What a regular expression cannot see: a word before `:`, and where the text in a string ends.
  externals: ($) => [$._key, $._line_text, $._block_text, $.error_sentinel],

  word: ($) => $._word,

  extras: ($) => [/[\s\uFEFF\u200B]/, $.comment, $.doc_comment],

  supertypes: ($) => [$.declaration, $.clause, $.step, $.statement],

  conflicts: ($) => [
    // `x | pad 2 "a": 1`: is the text an argument of the pipe or the next key of an object?
    [$.pipe],
    // `1 day 2`: the next number has a unit or is another argument.
    [$.duration],
    // `count(x in last 24h)` or `count(x in list)`; `do x a starts with b` or `do x a starts "…"`
    [$._comparison, $.comparison],
    // `on 1 day before a.b at most once per 2 days` or `… at 09:00`
    [$.offset_trigger],
    [$.year_trigger],
    // `send between 09:00 and 18:00 on form_submitted` or `… on weekdays`
    [$.send_clause],
    // `do x y on failure stop` or `do x y on 2026-03-07`
    [$.effect_act],
    // `expect crm.add` or `expect ana.status = "customer"`
    [$.variable, $.action_name],
    // `expect no sms ana churned`, `expect email welcome ana churned`: where does the next statement begin?
    [$._effect],
    [$.task_expectation],
    // `expect run of w at nudge` or `at 2026-03-07`
    [$.run_expectation],
  ],

  rules: {
    source_file: ($) => choice($.bare_workflow, repeat($.declaration)),

    // A file that begins with `on` or `every` is one workflow, named after the file.
    bare_workflow: ($) =>
      seq(choice($.on_clause, $.schedule_clause, $.every_time_clause), repeat($.clause), repeat($.step)),

    // Declarations

    declaration: ($) =>
      choice(
        $.event_declaration,
        $.entity_declaration,
        $.template_declaration,
        $.sender_declaration,
        $.team_declaration,
        $.action_declaration,
        $.workflow_declaration,
        $.segment_declaration,
        $.policy_declaration,
        $.source_declaration,
        $.test_declaration,
      ),

    event_declaration: ($) =>
      seq("event", field("name", $.event_name), optional(seq("about", $.type_name)), field("body", $.fields)),
    entity_declaration: ($) => seq("entity", field("name", $.type_name), field("body", $.fields)),
    fields: ($) => seq("{", repeat($.field), "}"),
    field: ($) => seq(field("name", named($._key, $.property)), ":", field("type", $._type), optional(",")),

    _type: ($) => choice($.list_type, $.ordered_type, $.set_type, seq($.type_name, optional("?"))),
    list_type: ($) => seq("list", "of", $._type),
    ordered_type: ($) => prec.right(seq("ordered", $.string, repeat1(seq("<", $.string)), optional("?"))),
    set_type: ($) => prec.right(seq($.string, repeat(seq("|", $.string)), optional("?"))),

    template_declaration: ($) =>
      seq("template", field("name", $.object_name), field("channel", $.type_name), field("body", $.template_parts)),
    template_parts: ($) => seq("{", repeat($.template_part), "}"),
    template_part: ($) => seq(field("name", named($._word, $.property)), field("value", $.string)),

    sender_declaration: ($) => seq("sender", field("name", $.object_name), "=", $.string),
    team_declaration: ($) => seq("team", field("name", $.object_name), "=", "[", trailing($.string), "]"),

    segment_declaration: ($) =>
      seq("segment", field("name", $.object_name), "of", $.type_name, "where", $._expression),

    // Actions

    action_declaration: ($) =>
      seq("action", field("name", $.action_name), field("parameters", $.parameters), field("body", $.action_body)),
    parameters: ($) => seq("(", trailing($.parameter_declaration), ")"),
    parameter_declaration: ($) =>
      seq(
        field("name", named($._key, $.parameter)), ":", field("type", $._type),
        optional(seq("=", field("default", $._expression))),
      ),
    action_body: ($) => seq("{", repeat($._item), "}"),
    _item: ($) =>
      choice(
        $.request_item, $.auth_item, $.oauth_item, $.header_item, $.content_item, $.sign_item, $.expect_item,
        $.retry_item, $.unsure_item, $.timeout_item, $.channel_item,
      ),
    request_item: ($) => seq(choice("get", "post", "put", "patch", "delete"), field("url", $.string)),
    auth_item: ($) => choice(seq("basic", "auth", $._value, $._value), seq("bearer", "auth", $._expression)),
    oauth_item: ($) =>
      seq(
        "oauth",
        choice(
          seq("client", "credentials", $._value, $._value, $._value),
          seq("refresh", "token", $._value, $._value, $._value, $._value),
        ),
        optional(seq("scope", $._expression)),
      ),
    header_item: ($) => seq("header", $.string, $._expression),
    content_item: ($) =>
      choice(seq(choice("form", "smtp", "result", "multipart"), $.object), seq(choice("json", "body"), $._expression)),
    sign_item: ($) => seq("sign", "webhook", "with", $._expression),
    expect_item: ($) => seq("expect", list($._status), optional($.condition)),
    retry_item: ($) => seq("retry", "on", list($._status)),
    unsure_item: ($) =>
      seq(
        "when", "unsure",
        choice(
          named("park", $.constant),
          seq(named("retry", $.constant), optional(seq("with", "idempotency", "key", "header", $.string))),
        ),
      ),
    timeout_item: ($) => seq("timeout", $._expression),
    channel_item: ($) => seq("channel", $.type_name),
    _status: ($) => choice($.number, $.status),

    // Policies

    policy_declaration: ($) => seq("policy", "{", repeat($._rule), "}"),
    _rule: ($) => choice($.quiet_rule, $.cap_rule, $.topic_rule),
    quiet_rule: ($) =>
      seq(
        "quiet", "hours", optional(seq("for", list($.type_name))), "from", $._piped, "to", $._piped,
        optional(seq("on", $._days)), optional(seq("in", $._piped)),
      ),
    cap_rule: ($) => seq("at", "most", $.number, list($.type_name), "per", $.duration),
    topic_rule: ($) => seq("topic", $.object_name, "opt", choice("in", "out"), optional($.string)),
    _days: ($) =>
      choice(named(choice("weekdays", "weekends"), $.constant), list($._weekday)),
    _weekday: ($) => named(choice(...WEEKDAYS), $.constant),

    // Sources

    source_declaration: ($) => seq("source", field("name", $.object_name), field("body", $.source_block)),
    source_block: ($) => seq("{", repeat($._source_item), "}"),
    _source_item: ($) =>
      choice(
        $.path_item, $.verify_item, $.value_item, $.when_item, $.each_item, $.identify_item, $.event_item,
      ),
    path_item: ($) => seq("path", $.string),
    verify_item: ($) =>
      seq(
        "verify",
        choice(
          seq(
            "hmac", named($._word, $.constant), "of", $._piped, optional(seq("as", named($._word, $.constant))), "in", $._piped,
            optional(seq("prefix", $.string)), "with", list($._signing_key),
            optional(seq("within", $.duration, "of", $._piped)),
          ),
          seq("basic", "auth", $._value, $._value),
          seq("bearer", "auth", $._expression),
          seq("token", $._piped, "in", $._piped),
        ),
      ),
    _signing_key: ($) =>
      choice(
        seq(named(choice("base64", "hex"), $.constant), $._piped),
        $._piped,
      ),
    value_item: ($) => seq(choice("id", "time", "answer"), $._expression),
    when_item: ($) => seq("when", $._expression, $.source_block, optional(seq("else", $.source_block))),
    each_item: ($) => seq("for", "each", $.variable, "in", $._expression, $.source_block),
    identify_item: ($) => prec.right(seq($.type_name, "by", list($.identity), optional($.object))),
    identity: ($) => seq(named($._word, $.property), $._expression),
    event_item: ($) =>
      prec.right(
        seq("event", $.event_name, optional(seq("id", $._expression)), optional(seq("at", $._expression)), optional($.object)),
      ),

    // Workflows

    workflow_declaration: ($) =>
      seq(
        "workflow", field("name", $.object_name), optional(field("title", $.string)), optional(seq("for", $.type_name)),
        field("body", $.workflow_body),
      ),
    workflow_body: ($) => seq("{", repeat($.clause), repeat($.step), "}"),

    clause: ($) =>
      choice(
        $.on_clause, $.draft_clause, $.once_clause, $.every_time_clause, $.schedule_clause, $.at_most_clause,
        $.exit_clause, $.overlap_clause, $.goal_clause, $.holdout_clause, $.send_clause, $.topic_clause, $.age_clause,
      ),
    on_clause: ($) => seq("on", field("trigger", $._trigger), optional($._alias), optional($.condition)),
    draft_clause: (_) => "draft",
    once_clause: ($) => seq("once", optional(seq("per", $._expression))),
    every_time_clause: (_) => seq("every", "time"),
    schedule_clause: ($) =>
      seq(
        "every",
        choice(list($._weekday), named(choice("day", "weekday"), $.constant), $.duration),
        optional(seq("at", $._expression)), "for", $.type_name, optional(seq("in", $.object_name)), optional($.condition),
      ),
    at_most_clause: ($) => prec.dynamic(2, seq("at", "most", "once", "per", $.duration)),
    exit_clause: ($) =>
      seq(
        "exit",
        choice(seq("when", $._expression), seq("on", $.event_name, optional($._alias), optional($.condition))),
      ),
    overlap_clause: ($) =>
      seq("while", "running", named(choice("ignore", "restart", "queue", "parallel"), $.constant)),
    goal_clause: ($) =>
      seq("goal", $.event_name, optional($._alias), optional($.condition), "within", $.duration),
    holdout_clause: ($) => seq("holdout", $.percent),
    send_clause: ($) =>
      prec.dynamic(
        1,
        seq(
          "send", "between", $._piped, "and", $._piped, optional(seq("on", $._days)), optional(seq("in", $._piped)),
        ),
      ),
    topic_clause: ($) => seq("topic", $.object_name),
    age_clause: ($) => seq("max", "age", $.duration),

    _trigger: ($) =>
      choice(
        $.event_name, $.life_trigger, $.segment_trigger, $.attribute_trigger, $.stale_trigger, $.year_trigger,
        $.date_trigger, $.offset_trigger,
      ),
    life_trigger: ($) => seq($.type_name, choice("created", "changes", "deleted")),
    segment_trigger: ($) => seq($.type_name, choice("enters", "leaves"), $.object_name),
    attribute_trigger: ($) =>
      seq(
        $._attribute,
        choice(
          seq("changes", optional(seq("from", $._unary)), optional(seq("to", $._unary))),
          seq(choice("drops", "rises"), optional(seq(choice("to", "above", "below"), $._unary))),
          seq(choice("gains", "loses"), $._unary),
        ),
      ),
    stale_trigger: ($) => seq($._attribute, "unchanged", "for", $.duration),
    year_trigger: ($) => seq($._attribute, "every", "year", optional(seq("at", $._expression))),
    date_trigger: ($) => seq($._attribute, "at", $._expression),
    offset_trigger: ($) =>
      seq($.duration, choice("before", "after"), $._attribute, optional(seq("at", $._expression))),
    _attribute: ($) => seq($.type_name, ".", named($._word, $.property)),

    _alias: ($) => seq("as", $.variable),
    condition: ($) => seq("where", $._expression),

    // Steps

    step: ($) =>
      choice($.labelled_step, $.do_step, $.wait_step, $.if_step, $.stop_step, $.let_step, $.split_step, $.repeat_step),
    labelled_step: ($) => seq(field("label", named($._key, $.label)), ":", $.step),
    block: ($) => seq("{", repeat($.step), "}"),
    stop_step: (_) => "stop",
    if_step: ($) =>
      seq(
        "if", field("condition", $._expression), $.block,
        repeat(seq("else", "if", field("condition", $._expression), $.block)), optional(seq("else", $.block)),
      ),
    wait_step: ($) =>
      seq(
        "wait",
        choice(
          seq(
            "for", $.event_name, optional($._alias), optional($.condition), "up", "to", $.duration, optional($.block),
            optional(seq("else", $.block)),
          ),
          seq("until", choice($._weekday, $._expression), optional(seq("at", $._expression))),
          $._expression,
        ),
      ),
    let_step: ($) => seq("let", field("name", $.variable), "=", $.do_step),
    split_step: ($) => seq("split", "{", repeat($.arm), "}"),
    arm: ($) => seq($.percent, field("name", named($._word, $.label)), $.block),
    repeat_step: ($) =>
      seq(
        "repeat", "up", "to", $.number, "times", optional(seq("every", $.duration)),
        optional(seq("until", $._expression)), $.block,
      ),

    do_step: ($) => seq("do", field("act", $._act), repeat(choice($.condition, $.as_draft, $.on_failure))),
    as_draft: ($) => prec.right(seq("as", "draft", optional(seq("for", $._expression)))),
    on_failure: ($) =>
      prec.dynamic(1, seq("on", "failure", named(choice("continue", "stop", "park"), $.constant))),

    _act: ($) =>
      choice(
        $.set_act, $.tag_act, $.emit_act, $.task_act, $.note_act, $.assign_act, $.entity_act, $.run_act, $.access_act,
        $.unsubscribe_act, $.effect_act,
      ),
    set_act: ($) => seq($._set, $._path, "=", $._expression),
    _set: ($) => named("set", $.action_word),
    tag_act: ($) => seq(named(choice("add", "remove"), $.action_word), named("tag", $.action_word), $._expression),
    emit_act: ($) => seq(named("emit", $.action_word), $.event_name, optional($.object)),
    task_act: ($) => seq(named("task", $.action_word), $._expression, repeat($._task_part)),
    _task_part: ($) =>
      choice(
        seq(named("type", $.parameter), named($._word, $.constant)),
        seq(named("due", $.parameter), choice(seq("in", $.duration), $._expression)),
        seq(named("remind", $.parameter), $.duration, "before"),
        seq(named("for", $.parameter), choice(seq("group", $.object_name), $._expression)),
        seq(named("notes", $.parameter), $._expression),
      ),
    note_act: ($) => seq(named("note", $.action_word), $._expression),
    assign_act: ($) =>
      seq(
        named("assign", $.action_word), $._path, named($._word, $.property),
        choice(seq("from", $.object_name, "in", "turn"), $._expression),
      ),
    entity_act: ($) =>
      choice(
        seq(named("create", $.action_word), $.type_name, $.object),
        seq(named("update", $.action_word), $._path, $.object),
        seq(named("delete", $.action_word), $._path),
      ),
    run_act: ($) => seq(named(choice("start", "stop"), $.action_word), $.object_name),
    access_act: ($) => seq(named(choice("grant", "revoke"), $.action_word), "access", "to", $._expression),
    unsubscribe_act: ($) => prec.right(seq(named("unsubscribe", $.action_word), optional(seq("from", $.object_name)))),
    // The first name after an action is a value; from there on a name is a label and has a value.
    effect_act: ($) =>
      seq(field("action", alias($._act_name, $.action_name)), optional(seq(field("value", $._expression), repeat($.argument)))),
    argument: ($) => seq(field("name", named(choice($._word, "on", "starts", "ends"), $.parameter)), field("value", $._expression)),

    // Tests

    test_declaration: ($) => seq("test", field("name", $.string), field("body", $.test_body)),
    test_body: ($) => seq("{", repeat($.statement), "}"),
    statement: ($) =>
      choice(
        $.at_statement, $.after_statement, $.events_statement, $.provider_statement, $.draft_statement,
        $.delete_statement, $.expect_statement, $.set_statement, $.fact_statement,
      ),
    at_statement: ($) => seq("at", $._piped, optional(seq("in", $._piped))),
    after_statement: ($) => seq("after", $.duration),
    events_statement: ($) => seq("events", $.string),
    provider_statement: ($) =>
      choice(
        seq("answer", $.action_name, $.object),
        seq(choice("refuse", "fail", "lose"), $.action_name, optional($.string)),
        seq("accept", $.action_name),
      ),
    draft_statement: ($) => seq(choice("approve", "discard"), $.action_name),
    delete_statement: ($) => seq("delete", $.variable),
    expect_statement: ($) => seq("expect", $.expectation),
    expectation: ($) =>
      choice(
        seq(
          optional(choice("no", $.number)),
          choice($.run_expectation, $.task_expectation, $.event_expectation, $.draft_expectation, $.effect_expectation),
        ),
        $.value_expectation,
      ),
    run_expectation: ($) =>
      seq(
        "run", "of", $.object_name, optional($._whose), optional(named(choice(...RUN_STATES), $.constant)),
        optional($.run_place),
      ),
    run_place: ($) => prec.dynamic(1, seq("at", named($._word, $.label))),
    task_expectation: ($) => seq("task", optional($._first), repeat($.part)),
    event_expectation: ($) => seq("event", $.event_name, optional($._whose), optional($.object)),
    draft_expectation: ($) => seq("draft", $._effect),
    effect_expectation: ($) => $._effect,
    _effect: ($) => seq(field("action", $.action_name), optional($._first), repeat($.part)),
    _first: ($) => prec.dynamic(1, field("value", $._piped)),
    _whose: ($) => seq("for", $.variable),
    // A name before a name begins a statement, so that a part is one of these words, or a name before
    // `contains` or before what can only be a value.
    part: ($) =>
      choice(
        seq(named("sent", $.parameter), "at", $._piped),
        seq(named(choice(...PARTS), $.parameter), optional("contains"), $._piped),
        seq(named($._word, $.parameter), choice(seq("contains", $._piped), $._bright)),
      ),
    _bright: ($) => choice($.string, $.moment, $.date, $.clock, $.duration, $.number, $.list, $.constant),
    value_expectation: ($) => prec.dynamic(2, alias($.compared_path, $.binary)),
    compared_path: ($) => seq($.path, $._comparing),
    set_statement: ($) => seq($.variable, ".", named($._word, $.property), "=", $._expression),
    // An entity and a name for it, or such a name and an event.
    fact_statement: ($) => seq($.variable, $.variable, optional($.object)),

    // Expressions, from the loosest operator to the tightest

    _expression: ($) => choice($._and, alias($.or, $.binary)),
    or: ($) => seq($._expression, "or", $._and),
    _and: ($) => choice($._not, alias($.and, $.binary)),
    and: ($) => seq($._and, "and", $._not),
    _not: ($) => choice(alias($.not, $.unary), $._comparison),
    not: ($) => seq("not", $._not),
    _comparison: ($) => choice($._piped, alias($.comparison, $.binary)),
    comparison: ($) =>
      seq(
        $._piped,
        $._comparing,
      ),
    _comparing: ($) =>
        choice(
          seq(choice("=", "!=", "<", "<=", ">", ">="), $._piped),
          seq(optional("not"), "in", $._piped),
          seq(choice("contains", "matches"), $._piped),
          seq(choice("starts", "ends"), "with", $._piped),
          seq("between", $._piped, "and", $._piped),
          seq("is", choice(seq(optional("not"), "set"), "missing")),
        ),
    _piped: ($) => choice($._sum, alias($.piped, $.pipeline)),
    piped: ($) => seq($._sum, repeat1($.pipe)),
    pipe: ($) =>
      seq(
        "|",
        choice(
          seq(alias("default", $.function_name), $._unary),
          seq(alias($._word, $.function_name), repeat(choice($.duration, $.number, $.string))),
        ),
      ),
    _sum: ($) => choice($._product, alias($.sum, $.binary)),
    sum: ($) => seq($._sum, choice("+", "-"), $._product),
    _product: ($) => choice($._unary, alias($.product, $.binary)),
    product: ($) => seq($._product, choice("*", "/"), $._unary),
    _unary: ($) => choice($._value, alias($.negative, $.unary)),
    negative: ($) => seq("-", $._unary),
    // What can stand beside another value without a sign between.
    _value: ($) => choice($._primary, $.member, $.ago),
    ago: ($) => seq(choice($._primary, $.member), "ago"),
    member: ($) => seq(choice($._primary, $.member), ".", named($._word, $.property)),
    _primary: ($) =>
      choice(
        $.string, $.moment, $.date, $.clock, $.duration, $.number, $.group, $.list, $.object, $.call, $.request_value,
        $.constant, $.variable,
      ),
    moment: ($) => prec(1, seq($.date, $.clock)),
    group: ($) => seq("(", $._expression, ")"),
    list: ($) => seq("[", trailing($._expression), "]"),
    object: ($) => seq("{", repeat($.entry), "}"),
    entry: ($) =>
      seq(field("key", choice(named($._key, $.property), $.string)), ":", field("value", $._expression), optional(",")),
    call: ($) => prec(1, seq(field("function", alias($._word, $.function_name)), "(", trailing($.window), ")")),
    window: ($) =>
      seq($._expression, optional($.condition), optional(seq("in", "last", $.duration))),
    request_value: ($) => prec(1, seq(choice("header", "query"), $.string)),
    _path: ($) => choice($.variable, $.path),
    path: ($) => seq($.variable, repeat1(seq(".", named($._word, $.property)))),

    // Texts

    string: ($) => choice($._line, $._block),
    _line: ($) => seq('"', repeat(choice($.text, $.escape, $.hole, $.tag)), '"'),
    _block: ($) => seq('"""', repeat(choice(alias($.block_text, $.text), $.escape, $.hole, $.tag)), '"""'),
    text: ($) => $._line_text,
    block_text: ($) => $._block_text,
    escape: (_) => token.immediate(/\\[^\n]/),
    hole: ($) => seq("{{", $._expression, "}}"),
    tag: ($) =>
      seq(
        "{%",
        choice(
          seq(optional("else"), "if", $._expression),
          "else",
          seq("for", $.variable, "in", $._expression),
          "end",
        ),
        "%}",
      ),

    // Words

    event_name: ($) => $._word,
    type_name: ($) => $._word,
    object_name: ($) => $._word,
    // The two words begin a value only before a text.
    variable: ($) => choice($._word, named(choice("header", "query"), $.word)),
    constant: (_) => choice("true", "false", "now", "today"),
    action_name: ($) => seq($._word, repeat(seq(".", $._word))),
    _act_name: ($) =>
      choice(
        seq($._word, repeat(seq(".", $._word))),
        seq(named(choice(...BUILT_IN), $.word), repeat1(seq(".", $._word))),
      ),

    // Tokens

    duration: ($) => repeat1(choice($._number_unit, seq($._digits, $.unit))),
    _number_unit: (_) => token(seq(/[0-9]+(_[0-9]+)*(\.[0-9]+)?/, choice(...UNITS))),
    unit: (_) => choice(...UNITS),
    percent: ($) => seq($._digits, "%"),
    number: ($) => $._digits,
    _digits: (_) => /[0-9]+(_[0-9]+)*(\.[0-9]+)?/,
    status: (_) => /[1-5]xx/,
    date: (_) => /[0-9]{4}-[0-9]{2}-[0-9]{2}/,
    clock: (_) => /[0-9]{2}:[0-9]{2}(:[0-9]{2})?/,

    _word: (_) => /[\p{XID_Start}_][\p{XID_Continue}]*/u,

    doc_comment: (_) => token(/##([^#\n][^\n]*)?/),
    comment: (_) => token(/#([^#\n][^\n]*)?|###[^\n]*/),
  },
});
