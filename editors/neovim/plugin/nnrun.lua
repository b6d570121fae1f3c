-- What an `.nn` file is, and who serves it.
vim.filetype.add({ extension = { nn = 'nn' } })
vim.lsp.enable('nnrun')

--- The file of a lens, written if it has changed: nnrun reads it from the disk. And the program that serves it.
local function of_lens(command, context)
  local uri = command.arguments[1]
  local buffer = vim.uri_to_bufnr(uri)
  if vim.api.nvim_buf_is_loaded(buffer) then
    vim.api.nvim_buf_call(buffer, function() vim.cmd('silent update') end)
  end
  local client = context and context.client_id and vim.lsp.get_client_by_id(context.client_id)
  local cmd = client and client.config.cmd
  local program = type(cmd) == 'table' and cmd[1] or 'nnrun'
  return program, vim.fn.fnamemodify(vim.uri_to_fname(uri), ':.'), command.arguments[2]
end

-- What the lenses do. ▶ Run: `nnrun run FILE` in a terminal below; `--train NAME` where the file has several trains.
vim.lsp.commands['nnrun.run'] = function(command, context)
  local program, file, train = of_lens(command, context)
  local words = { program, 'run' }
  if train then
    vim.list_extend(words, { '--train', train })
  end
  table.insert(words, file)
  vim.cmd('botright 15new')
  vim.fn.jobstart(words, { term = true })
  -- The terminal follows what is printed.
  vim.cmd('normal! G')
end

-- The lens of a model's size: the network as a picture, in whatever shows pictures.
vim.lsp.commands['nnrun.showGraph'] = function(command, context)
  local program, file, model = of_lens(command, context)
  local picture = vim.fn.tempname() .. '.svg'
  local words = { program, 'graph', file, '-o', picture }
  if model then
    vim.list_extend(words, { '--model', model })
  end
  local ended = vim.system(words, { text = true }):wait()
  if ended.code == 0 then
    vim.ui.open(picture)
  else
    vim.notify(ended.stderr, vim.log.levels.ERROR)
  end
end
