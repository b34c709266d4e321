; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/tags.scm.

; Declarations and what names them, for an index of symbols.

(event_declaration name: (event_name) @name) @definition.event
(entity_declaration name: (type_name) @name) @definition.class
(action_declaration name: (action_name) @name) @definition.function
(workflow_declaration name: (object_name) @name) @definition.function
(template_declaration name: (object_name) @name) @definition.constant
(sender_declaration name: (object_name) @name) @definition.constant
(team_declaration name: (object_name) @name) @definition.constant
(segment_declaration name: (object_name) @name) @definition.constant
(source_declaration name: (object_name) @name) @definition.module
(test_declaration name: (string) @name) @definition.test

(effect_act action: (action_name) @name) @reference.call
(emit_act (event_name) @name) @reference.event
(on_clause trigger: (event_name) @name) @reference.event
(run_act (object_name) @name) @reference.call
