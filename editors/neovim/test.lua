-- Run by test.sh in a headless Neovim whose only configuration is what README.md says.

local passed, failed = 0, 0

local function check(name, ok, detail)
  if ok then
    passed = passed + 1
    io.write('ok    ' .. name .. '\n')
  else
    failed = failed + 1
    io.write('FAIL  ' .. name .. ': ' .. vim.inspect(detail) .. '\n')
  end
end

--- Waits until `get` gives something other than nil or an empty table, and gives that.
local function eventually(get)
  local value
  vim.wait(20000, function()
    value = get()
    return value ~= nil and (type(value) ~= 'table' or next(value) ~= nil)
  end, 50)
  return value
end

local function open(text)
  local path = vim.fn.tempname() .. '.nn'
  vim.fn.writefile(vim.split(text, '\n'), path)
  vim.cmd.edit(vim.fn.fnameescape(path))
  return vim.api.nvim_get_current_buf()
end

local function request(buffer, method, params)
  local client = vim.lsp.get_clients({ bufnr = buffer, name = 'nnrun' })[1]
  local answer = client and client:request_sync(method, params, 20000, buffer)
  return answer and answer.result
end

local right = [==[
data xor {
  let t = rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], columns: [a, b, y])
  field x = t[a, b]
  field y = t.y
}

model Xor(x: [2]) -> logit: float {
  x |> Dense(8) |> tanh |> Dense(1) |> squeeze
}

train Xor on xor {
  loss:      bce_with_logits(logit, y)
  optimizer: Adam(lr: 0.05)
  epochs:    300
  batch:     4
}]==]

local buffer = open(right)
check('the file type is found', vim.bo[buffer].filetype == 'nn', vim.bo[buffer].filetype)
check('comments are written with #', vim.bo[buffer].commentstring == '# %s', vim.bo[buffer].commentstring)
local clients = eventually(function() return vim.lsp.get_clients({ bufnr = buffer, name = 'nnrun' }) end)
check('the server is attached', clients and #clients == 1, clients and #clients)

-- Colours.
local row = 7 -- x |> Dense(8) …
local function captures(word)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, true)[1]
  vim.treesitter.get_parser(buffer, 'nn'):parse()
  local names = {}
  for _, capture in ipairs(vim.treesitter.get_captures_at_pos(buffer, row, line:find(word, 1, true) - 1)) do
    table.insert(names, capture.capture)
  end
  return table.concat(names, ' ')
end
check('a layer is coloured', captures('Dense') == 'constructor', captures('Dense'))
check('a function is coloured', captures('tanh') == 'function.builtin', captures('tanh'))
check('an operator is coloured', captures('|>') == 'operator', captures('|>'))
check('a number is coloured', captures('8') == 'number', captures('8'))
check('a right file has no errors in its tree', not vim.treesitter.get_parser(buffer, 'nn'):parse()[1]:root():has_error())
check('bodies fold', vim.fn.foldlevel(8) == 1, vim.fn.foldlevel(8))
for _, query in ipairs({ 'highlights', 'folds', 'indents', 'injections', 'locals' }) do
  local ok, problem = pcall(vim.treesitter.query.get, 'nn', query)
  check('the query of ' .. query .. ' is right', ok and problem ~= nil, problem)
end

-- What the server knows.
local position = { textDocument = vim.lsp.util.make_text_document_params(buffer), position = { line = row, character = 8 } }
local hover = eventually(function() return request(buffer, 'textDocument/hover', position) end)
local text = hover and hover.contents and (hover.contents.value or vim.inspect(hover.contents)) or ''
check('hover tells about the layer', text:find('Dense', 1, true) ~= nil, hover)

local hints = eventually(function() return vim.lsp.inlay_hint.get({ bufnr = buffer }) end)
check('shapes stand in the pipeline', hints and vim.inspect(hints):find('[8]', 1, true) ~= nil, hints)

vim.api.nvim_buf_set_lines(buffer, row, row + 1, true, { '  x|>Dense( 8 )|>tanh|>Dense(1)|>squeeze' })
vim.lsp.buf.format({ timeout_ms = 20000 })
local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, true)[1]
check('formatting puts the line right', line == '  x |> Dense(8) |> tanh |> Dense(1) |> squeeze', line)

-- The lens of a train.
vim.cmd('silent write')
local lenses = eventually(function()
  return request(buffer, 'textDocument/codeLens', { textDocument = position.textDocument })
end)
local client = vim.lsp.get_clients({ bufnr = buffer, name = 'nnrun' })[1]
--- Presses the lens of this command; gives the words of what ran in the terminal, and what it printed.
local function press(name, arguments)
  local lens = vim.iter(lenses or {}):find(function(lens) return lens.command.command == name end)
  if not lens then return nil end
  local command = vim.tbl_extend('force', lens.command, arguments and { arguments = arguments } or {})
  vim.lsp.commands[name](command, { bufnr = buffer, client_id = client.id })
  local terminal = vim.api.nvim_get_current_buf()
  local job = vim.bo[terminal].channel
  local words = vim.api.nvim_get_chan_info(job).argv
  vim.fn.jobwait({ job }, 60000)
  vim.wait(200)
  local printed = table.concat(vim.api.nvim_buf_get_lines(terminal, 0, -1, true), '\n')
  vim.cmd('bwipeout!')
  return table.concat(words or {}, ' '), printed
end
local dir = vim.fn.tempname()
vim.fn.mkdir(dir)
vim.cmd.cd(dir)
local words, printed = press('nnrun.run')
check('the lens runs the file', words and words:find('nnrun run /', 1, true) ~= nil, words)
check('in a terminal', printed and printed:find('300 epochs', 1, true) ~= nil, printed)
words, printed = press('nnrun.run', { position.textDocument.uri, 'Xor' })
check('or one train of several', words and words:find('run --train Xor ', 1, true) ~= nil, words)
check('in a terminal too', printed and printed:find('300 epochs', 1, true) ~= nil, printed)
local opened
vim.ui.open = function(path) opened = path end
vim.lsp.commands['nnrun.showGraph'](
  { command = 'nnrun.showGraph', arguments = { position.textDocument.uri, 'Xor' } },
  { bufnr = buffer, client_id = client.id }
)
local picture = opened and table.concat(vim.fn.readfile(opened), '\n')
check('the network is shown as a picture', picture and picture:find('<svg', 1, true) ~= nil, opened)

-- A mistake.
local wrong = open((right:gsub('Dense%(8%)', 'Dens(8)')))
local found = eventually(function() return vim.diagnostic.get(wrong) end)
check('a mistake is reported', found and found[1] and found[1].message:find('Dens', 1, true) ~= nil, found)
check('on its line', found and found[1] and found[1].lnum == row, found and found[1] and found[1].lnum)

io.write(('%d passed, %d failed\n'):format(passed, failed))
vim.cmd(failed == 0 and 'qall!' or 'cquit 1')
