; Names that a reader jumps to.

(block name: (identifier) @name) @definition.class
(model name: (identifier) @name) @definition.class
(data name: (identifier) @name) @definition.module
(hyper name: (identifier) @name) @definition.constant
(data body: (body (field name: (identifier) @name) @definition.field))

(call function: (identifier) @name) @reference.call
(pipeline stage: (identifier) @name) @reference.call
(train model: (path . (identifier) @name)) @reference.class
