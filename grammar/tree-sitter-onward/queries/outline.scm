; What a list of the file's contents shows.

(event_declaration "event" @context name: (event_name) @name) @item
(entity_declaration "entity" @context name: (type_name) @name) @item
(field name: (property) @name) @item
(template_declaration "template" @context name: (object_name) @name) @item
(sender_declaration "sender" @context name: (object_name) @name) @item
(team_declaration "team" @context name: (object_name) @name) @item
(segment_declaration "segment" @context name: (object_name) @name) @item
(policy_declaration "policy" @name) @item
(source_declaration "source" @context name: (object_name) @name) @item
(action_declaration "action" @context name: (action_name) @name) @item
(workflow_declaration "workflow" @context name: (object_name) @name) @item
(labelled_step label: (label) @name) @item
(test_declaration "test" @context name: (string) @name) @item
