; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/textobjects.scm.

; A declaration is a class, an action or a workflow also a function, a step a block.

[
  (event_declaration)
  (entity_declaration)
  (template_declaration)
  (segment_declaration)
  (policy_declaration)
  (source_declaration)
] @class.outer

[(fields) (template_parts) (source_block)] @class.inner

[(action_declaration) (workflow_declaration)] @function.outer
[(action_body) (workflow_body)] @function.inner

(test_declaration) @test.outer
(test_body) @test.inner

[(if_step) (repeat_step) (split_step)] @conditional.outer
(block) @block.outer

[(parameter_declaration) (argument) (entry)] @parameter.outer
(argument value: (_) @parameter.inner)
(entry value: (_) @parameter.inner)

[(comment) (doc_comment)]+ @comment.outer
