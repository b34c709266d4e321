" Templates and settings of a project belong to its program, whatever their type.
if exists('g:loaded_onward') || !has('nvim-0.7') | finish | endif
let g:loaded_onward = 1

augroup onward
  autocmd!
  autocmd BufReadPost,BufNewFile onward.toml,*/templates/*.md,*/templates/*.html,*/templates/*.mjml
    \ lua require('onward').attach_in_project(0)
augroup END
