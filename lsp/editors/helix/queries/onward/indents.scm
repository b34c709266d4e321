; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/indents.scm.

[
  (fields)
  (template_parts)
  (parameters)
  (action_body)
  (policy_declaration)
  (source_block)
  (workflow_body)
  (test_body)
  (split_step)
  (block)
  (object)
  (list)
  (team_declaration)
  (group)
  (call)
] @indent

["}" "]" ")"] @outdent
