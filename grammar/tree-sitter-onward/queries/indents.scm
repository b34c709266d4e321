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
] @indent.begin

["}" "]" ")"] @indent.branch @indent.end

(string) @indent.auto
[(comment) (doc_comment)] @indent.auto
