; Names, and where they are known.

[(block) (model) (train) (data) (scan)] @local.scope
(body) @local.scope

(let pattern: (identifier) @local.definition.var)
(tuple_pattern (identifier) @local.definition.var)
(weight name: (identifier) @local.definition.var)
(constant name: (identifier) @local.definition.constant)
(field name: (identifier) @local.definition.field)
(hyper name: (identifier) @local.definition.constant)
(hyper_parameter name: (identifier) @local.definition.parameter)
(parameter name: (identifier) @local.definition.parameter)
(scan item: (identifier) @local.definition.var)
(scan_state name: (identifier) @local.definition.var)

(block name: (identifier) @local.definition.function)
(model name: (identifier) @local.definition.function)
(data name: (identifier) @local.definition.namespace)

(call function: (identifier) @local.reference)
(pipeline (identifier) @local.reference)
(binary_expression (identifier) @local.reference)
(arguments (identifier) @local.reference)
(body (identifier) @local.reference)
