; How far a line is indented, in Neovim's names.

[
  (body)
  (record)
  (parameters)
  (hyper_parameters)
  (outputs)
  (arguments)
  (list)
  (tuple)
] @indent.begin

["}" "]" ")"] @indent.branch @indent.end

[(comment) (doc_comment)] @indent.auto
(string) @indent.ignore
