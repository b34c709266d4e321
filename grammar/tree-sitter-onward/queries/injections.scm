; The language of a text, by the part of a template that it is. Holes stay Onward.

((template_part
  name: (property) @_part
  value: (string (text) @injection.content))
 (#eq? @_part "html")
 (#set! injection.language "html")
 (#set! injection.combined))

((template_part
  name: (property) @_part
  value: (string (text) @injection.content))
 (#eq? @_part "markdown")
 (#set! injection.language "markdown")
 (#set! injection.combined))

((template_part
  name: (property) @_part
  value: (string (text) @injection.content))
 (#eq? @_part "json")
 (#set! injection.language "json")
 (#set! injection.combined))

([(comment) (doc_comment)] @injection.content
 (#set! injection.language "comment"))
