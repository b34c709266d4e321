; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/locals.scm.

; What is seen inside of one declaration only: parameters, aliases, `let`, the name after `for`.

[
  (action_declaration)
  (workflow_declaration)
  (bare_workflow)
  (source_declaration)
  (test_declaration)
] @local.scope

(parameter_declaration name: (parameter) @local.definition.parameter)
(on_clause (variable) @local.definition.var)
(exit_clause (variable) @local.definition.var)
(goal_clause (variable) @local.definition.var)
(wait_step "for" (variable) @local.definition.var)
(let_step name: (variable) @local.definition.var)
(each_item (variable) @local.definition.var)
(tag "for" (variable) @local.definition.var)

(variable) @local.reference
