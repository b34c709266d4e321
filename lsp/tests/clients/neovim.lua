-- Run by `run`: Neovim opens an example with `onward lsp`.

local function check(what, held)
  if held then return end
  io.stderr:write('neovim.lua: ' .. what .. '\n')
  vim.cmd('cquit')
end

local buffer = vim.api.nvim_get_current_buf()
local function clients() return vim.lsp.buf_get_clients(buffer) end
check('the server is attached', vim.wait(20000, function() return next(clients()) ~= nil end, 20))

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(buffer, method, params, 20000) or {}
  for _, answer in pairs(answers) do return answer.result end
end

local document = { textDocument = vim.lsp.util.make_text_document_params() }
local symbols = ask('textDocument/documentSymbol', document)
check('there are symbols', symbols and #symbols > 0)

-- A mistake is told, and goes away again.
local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
vim.api.nvim_buf_set_lines(buffer, -1, -1, false, { 'wrokflow x {' })
check('a mistake is told', vim.wait(20000, function() return #vim.diagnostic.get(buffer) > 0 end, 20))
vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
check('it goes away', vim.wait(20000, function() return #vim.diagnostic.get(buffer) == 0 end, 20))

-- Space is put right: that of the second line; the first is a comment.
vim.api.nvim_buf_set_lines(buffer, 1, 2, false, { (lines[2]:gsub(' ', '   ', 1)) })
local edits = ask('textDocument/formatting', vim.lsp.util.make_formatting_params({}))
vim.lsp.util.apply_text_edits(edits or {}, buffer, 'utf-16')
check('it is formatted', vim.deep_equal(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), lines))
print('neovim.lua: all well')
vim.cmd('qall!')
