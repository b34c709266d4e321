-- Run by `test`: ends Neovim with an error if something that was promised is not so.

local function check(what, held)
  if held then return end
  io.stderr:write('neovim: ' .. what .. '\n')
  vim.cmd('cquit')
end

local buffer = vim.api.nvim_get_current_buf()
check('the file type is known', vim.bo.filetype == 'onward')
check('comments are known', vim.bo.commentstring == '# %s')

-- Every query can be asked here and finds something; the tree has no mistake.
local tree = vim.treesitter.get_parser(buffer, 'onward'):parse()[1]
check('the tree has no mistake', not tree:root():has_error())
for _, name in ipairs({ 'highlights', 'injections', 'folds', 'indents', 'locals' }) do
  local get = vim.treesitter.query.get or vim.treesitter.query.get_query
  local query = get('onward', name)
  local found = 0
  for _ in query:iter_captures(tree:root(), buffer, 0, -1) do found = found + 1 end
  check('the query ' .. name .. ' finds something', found > 0)
end

-- Without a parser, the words are coloured.
vim.cmd('syntax enable')
vim.fn.cursor(4, 1)
local id = vim.fn.synIDattr(vim.fn.synID(4, 1, 1), 'name')
check('a documentation comment is coloured: ' .. id, id == 'onwardDoc' or id == 'onwardComment' or id == '')

-- The server was asked for, once for the rules and the template.
check('the server starts', vim.wait(5000, function() return vim.fn.filereadable('asked') == 1 end, 20))
vim.cmd('edit templates/hi.md')
local asked = vim.fn.readfile('asked')
check('as `onward lsp`, once', #asked == 1 and asked[1] == 'lsp')
vim.cmd('qall!')
