-- Starts `onward lsp`, one server for each project, and colours by tree-sitter where its parser is there.

local M = {}
local clients = {}

--- The folder with `onward.toml`, from a file upwards.
local function project(file)
  local folder = vim.fn.fnamemodify(file, ':p:h')
  local found = vim.fn.findfile('onward.toml', vim.fn.fnameescape(folder) .. ';')
  if found ~= '' then return vim.fn.fnamemodify(found, ':p:h') end
end

--- The command that starts the server.
function M.command()
  return vim.g.onward_cmd or { 'onward', 'lsp' }
end

local function start(buffer, root)
  if vim.g.onward_no_lsp == 1 then return end
  local command = M.command()
  if vim.fn.executable(command[1]) == 0 then return end
  local config = {
    name = 'onward',
    cmd = command,
    root_dir = root,
    capabilities = vim.lsp.protocol.make_client_capabilities(),
  }
  if vim.lsp.start then
    vim.api.nvim_buf_call(buffer, function() vim.lsp.start(config) end)
    return
  end
  -- Neovim 0.7 has no `vim.lsp.start`, and does not call back before the client is ready.
  local id = clients[root]
  if not (id and vim.lsp.get_client_by_id(id)) then
    id = vim.lsp.start_client(config)
    clients[root] = id
  end
  if not id then return end
  vim.lsp.buf_attach_client(buffer, id)
  vim.api.nvim_buf_set_option(buffer, 'omnifunc', 'v:lua.vim.lsp.omnifunc')
end

local function colour(buffer)
  if vim.treesitter.start then
    pcall(vim.treesitter.start, buffer, 'onward')
  elseif #vim.api.nvim_get_runtime_file('parser/onward.so', false) > 0 then
    pcall(function() vim.treesitter.highlighter.new(vim.treesitter.get_parser(buffer, 'onward')) end)
  end
end

--- For a buffer with rules.
function M.attach(buffer)
  if buffer == 0 then buffer = vim.api.nvim_get_current_buf() end
  local file = vim.api.nvim_buf_get_name(buffer)
  colour(buffer)
  start(buffer, project(file) or vim.fn.fnamemodify(file, ':p:h'))
end

--- For a template or the settings: only where there is a project.
function M.attach_in_project(buffer)
  if buffer == 0 then buffer = vim.api.nvim_get_current_buf() end
  local root = project(vim.api.nvim_buf_get_name(buffer))
  if root then start(buffer, root) end
end

return M
