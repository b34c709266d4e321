; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/brackets.scm.

("{" @open "}" @close)
("[" @open "]" @close)
("(" @open ")" @close)
("{{" @open "}}" @close)
("{%" @open "%}" @close)
