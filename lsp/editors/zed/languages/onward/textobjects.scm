; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/textobjects.scm.

; A declaration is a class, an action or a workflow also a function, a step a block.

[
  (event_declaration)
  (entity_declaration)
  (template_declaration)
  (segment_declaration)
  (policy_declaration)
  (source_declaration)
] @class.around

[(fields) (template_parts) (source_block)] @class.inside

[(action_declaration) (workflow_declaration)] @function.around
[(action_body) (workflow_body)] @function.inside

[(comment) (doc_comment)]+ @comment.around
