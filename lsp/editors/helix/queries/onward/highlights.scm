; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/highlights.scm.

; The classes of lsp/editors/highlighting.md. No two patterns here meet on one node, so that their order means nothing.

(comment) @comment.line
(doc_comment) @comment.line.documentation

(type_name) @type
(event_name) @type
(object_name) @namespace
(action_name) @function
(action_word) @function
(function_name) @function
(parameter) @variable.parameter
(property) @variable.other.member
(label) @label
(variable) @variable
(constant) @constant.builtin

(text) @string
["\"" "\"\"\""] @string
(escape) @constant.character.escape
["{{" "}}" "{%" "%}"] @punctuation.special

(number) @constant.numeric
(percent) @constant.numeric
(status) @constant.numeric
(duration) @constant.numeric
(date) @constant.numeric
(clock) @constant.numeric

["=" "!=" "<" "<=" ">" ">=" "+" "-" "*" "/" "|" "?"] @operator
["{" "}" "(" ")" "[" "]" "," ":" "."] @punctuation

(year_trigger "year" @keyword)
(quiet_rule "hours" @keyword)
(draft_clause) @keyword
(stop_step) @keyword

[
  "about" "above" "accept" "access" "action" "after" "age" "ago" "and" "answer" "approve" "as" "at" "auth" "basic"
  "bearer" "before" "below" "between" "body" "by" "changes" "channel" "client" "contains" "created" "credentials"
  "delete" "deleted" "discard" "do" "draft" "drops" "each" "else" "end" "ends" "enters" "entity" "event" "events"
  "every" "exit" "expect" "fail" "failure" "for" "form" "from" "gains" "get" "goal" "group" "header" "hmac" "holdout"
  "id" "idempotency" "if" "in" "is" "json" "key" "last" "leaves" "let" "list" "lose" "loses" "matches" "max" "missing"
  "most" "multipart" "no" "not" "oauth" "of" "on" "once" "opt" "or" "ordered" "out" "patch" "path" "per" "policy"
  "post" "prefix" "put" "query" "quiet" "refresh" "refuse" "repeat" "result" "retry" "rises" "run" "running" "scope"
  "segment" "send" "sender" "set" "sign" "smtp" "source" "split" "starts" "stop" "task" "team" "template" "test"
  "time" "timeout" "times" "to" "token" "topic" "turn" "unchanged" "unsure" "until" "up" "verify" "wait" "webhook"
  "when" "where" "while" "with" "within" "workflow"
] @keyword
