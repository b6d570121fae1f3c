-- What an `.nn` file is, and who serves it.
vim.filetype.add({ extension = { nn = 'nn' } })
vim.lsp.enable('nnrun')
