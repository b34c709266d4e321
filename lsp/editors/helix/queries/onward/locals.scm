; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/locals.scm.

; What is seen inside of one declaration only: parameters, aliases, `let`, the name after `for`.

[
  (action_declaration)
  (workflow_declaration)
  (bare_workflow)
  (source_declaration)
  (test_declaration)
] @local.scope

(parameter_declaration name: (parameter) @local.definition.variable.parameter)
(on_clause (variable) @local.definition.variable)
(exit_clause (variable) @local.definition.variable)
(goal_clause (variable) @local.definition.variable)
(wait_step "for" (variable) @local.definition.variable)
(let_step name: (variable) @local.definition.variable)
(each_item (variable) @local.definition.variable)
(tag "for" (variable) @local.definition.variable)

(variable) @local.reference
