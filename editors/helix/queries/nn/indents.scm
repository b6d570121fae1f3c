[
  (body)
  (record)
  (parameters)
  (hyper_parameters)
  (outputs)
  (arguments)
  (list)
  (tuple)
] @indent

["}" "]" ")"] @outdent
