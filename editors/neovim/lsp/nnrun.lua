-- The language server of nnrun, for `vim.lsp.enable('nnrun')`.
return {
  cmd = { 'nnrun', 'lsp' },
  filetypes = { 'nn' },
  root_markers = { '.git' },
}
