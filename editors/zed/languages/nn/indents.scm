[
  (body "}" @end)
  (record "}" @end)
  (list "]" @end)
  (arguments ")" @end)
  (parameters ")" @end)
] @indent
