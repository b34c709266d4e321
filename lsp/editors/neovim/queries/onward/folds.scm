; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/folds.scm.

[
  (fields)
  (template_parts)
  (action_body)
  (source_block)
  (workflow_body)
  (test_body)
  (policy_declaration)
  (team_declaration)
  (split_step)
  (block)
  (object)
  (list)
  (string)
] @fold
