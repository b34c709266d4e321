autocmd BufNewFile,BufRead *.onward setfiletype onward
