; What can be folded away.

[
  (body)
  (record)
  (parameters)
  (arguments)
  (list)
] @fold
