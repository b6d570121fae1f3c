(block "block" @context name: (identifier) @name) @item
(model "model" @context name: (identifier) @name) @item
(data "data" @context name: (identifier) @name) @item
(train "train" @context model: (path) @name) @item
(hyper "hyper" @context name: (identifier) @name) @item
(expect "expect" @name) @item
(sweep "sweep" @name) @item
(data body: (body (field "field" @context name: (identifier) @name) @item))
