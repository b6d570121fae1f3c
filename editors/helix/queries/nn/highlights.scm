; Made from `editors/tree-sitter-nn/queries/highlights.scm` by `tests/all/editor_grammars.rs`, with Helix's names of colours.

(comment) @comment.line
(doc_comment) @comment.line.documentation

; ---- words ----

["hyper" "block" "model" "data" "train" "expect" "sweep" "on"] @keyword
["let" "weight" "constant" "field" "phase" "group"] @keyword
["import" "from" "as"] @keyword.control.import
["if" "else"] @keyword.control.conditional
["repeat" "scan" "residual"] @keyword.control.repeat
["and" "or" "not" "then"] @keyword.operator

; ---- literals ----

(number) @constant.numeric
(boolean) @constant.builtin.boolean
(none) @constant.builtin
(unit) @keyword.storage.modifier
(string "\"" @string)
(string_content) @string
(escape_sequence) @constant.character.escape
((identifier) @constant.builtin (#eq? @constant.builtin "_"))

; ---- marks ----

["|>" "->" "==" "!=" "<" "<=" ">" ">=" "+" "-" "*" "/" "@" "^" ".." "="] @operator
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," ";" ":" "."] @punctuation.delimiter

; ---- what is declared ----

(block name: (identifier) @type)
(model name: (identifier) @type)
(data name: (identifier) @namespace)
(hyper name: (identifier) @constant)
(import name: (identifier) @namespace)
(import alias: (identifier) @namespace)
(phase name: (identifier) @label)
(field name: (identifier) @variable.other.member)
(weight name: (identifier) @variable.other.member)
(constant name: (identifier) @variable.other.member)
(parameter name: (identifier) @variable.parameter)
(hyper_parameter name: (identifier) @variable.parameter)
(output name: (identifier) @variable.parameter)
(scan item: (identifier) @variable.parameter)
(scan_state name: (identifier) @variable.parameter)

(train model: (path . (identifier) @type))
(train data: (path . (identifier) @namespace))

; ---- types ----

(scalar_type) @type.builtin
(class_type "class" @type.builtin)
(field_type (identifier) @variable.other.member)
(type (list (identifier) @type))
(type (list (binary_expression (identifier) @type)))

; ---- names with a value ----

(setting name: (identifier) @variable.other.member)
(named_argument name: (identifier) @variable.parameter)
(entry name: (identifier) @variable.other.member)
(member name: (identifier) @variable.other.member)

; ---- what is called ----

; generated: layers
([
  (call function: (identifier) @constructor)
  (pipeline input: (identifier) @constructor)
  (pipeline stage: (identifier) @constructor)
  (body (identifier) @constructor)
  (let value: (identifier) @constructor)
 ]
 (#any-of? @constructor
  "Dense" "Conv1d" "Conv2d" "Conv3d" "ConvTranspose1d" "ConvTranspose2d" "MaxPool1d" "MaxPool2d" "AvgPool1d"
  "AvgPool2d" "AdaptiveAvgPool2d" "Upsample" "Dropout" "SpatialDropout" "BatchNorm" "LayerNorm" "RMSNorm"
  "GroupNorm" "InstanceNorm" "GlobalAvgPool" "GlobalMaxPool" "Flatten" "Embedding" "Positions"
  "SinusoidalPositions" "RotaryPositions" "SelfAttention" "CrossAttention" "TransformerEncoder"
  "TransformerDecoder" "PReLU" "SwiGLU" "MixtureOfExperts" "RNN" "LSTM" "GRU"))
; end

; generated: functions
([
  (call function: (identifier) @function.builtin)
  (pipeline stage: (identifier) @function.builtin)
 ]
 (#any-of? @function.builtin
  "Adadelta" "Adagrad" "Adam" "AdamW" "Lion" "Muon" "NAdam" "RAdam" "RMSprop" "SGD" "abs" "accuracy" "arange"
  "argmax" "auroc" "bce" "bce_with_logits" "blobs" "causal" "ceil" "characters" "clamp" "classes" "concat"
  "confusion" "constant" "cos" "cosine" "cross_entropy" "csv" "ctc" "cumsum" "cutout" "cyclic" "dice"
  "drop_missing" "dropout" "einsum" "elu" "exp" "exponential" "f1" "fill" "first" "flip" "floor" "focal"
  "full" "gather" "gaussian_nll" "gelu" "gradients_match" "hardswish" "hinge" "huber" "identity" "idx"
  "image_folder" "inverse_sqrt" "iou" "kaiming_normal" "kaiming_uniform" "kl_div" "l1" "l2" "last"
  "leaky_relu" "lecun_normal" "linear" "lines" "log" "log_softmax" "mae" "max" "maximum" "mcc" "mean"
  "memory" "min" "minimum" "mish" "mixup" "moons" "mse" "multistep" "nll" "noise" "norm" "normal" "npy" "npz"
  "one_cycle" "one_hot" "ones" "orthogonal" "overfits" "pad" "parameters" "permute" "perplexity" "plateau"
  "poisson" "polynomial" "pow" "pr_auc" "precision" "r2" "random" "random_crop" "random_flip" "random_rotate"
  "rearrange" "recall" "relu" "rescale" "reshape" "rmse" "roll" "rows" "seconds" "selu" "sequences" "sigmoid"
  "sign" "silu" "sin" "sine" "softmax" "softplus" "spirals" "split" "sqrt" "squeeze" "stack" "standardize"
  "std" "step" "stop_gradient" "sum" "tanh" "text" "top_k" "topk" "transpose" "triplet" "truncated_normal"
  "uniform" "unsqueeze" "var" "warmup" "where" "windows" "words" "xavier_normal" "xavier_uniform" "zeros"))
; end

; generated: others
([
  (call function: (identifier) @function)
  (pipeline stage: (identifier) @function)
 ]
 (#not-any-of? @function
  "Dense" "Conv1d" "Conv2d" "Conv3d" "ConvTranspose1d" "ConvTranspose2d" "MaxPool1d" "MaxPool2d" "AvgPool1d"
  "AvgPool2d" "AdaptiveAvgPool2d" "Upsample" "Dropout" "SpatialDropout" "BatchNorm" "LayerNorm" "RMSNorm"
  "GroupNorm" "InstanceNorm" "GlobalAvgPool" "GlobalMaxPool" "Flatten" "Embedding" "Positions"
  "SinusoidalPositions" "RotaryPositions" "SelfAttention" "CrossAttention" "TransformerEncoder"
  "TransformerDecoder" "PReLU" "SwiGLU" "MixtureOfExperts" "RNN" "LSTM" "GRU" "Adadelta" "Adagrad" "Adam"
  "AdamW" "Lion" "Muon" "NAdam" "RAdam" "RMSprop" "SGD" "abs" "accuracy" "arange" "argmax" "auroc" "bce"
  "bce_with_logits" "blobs" "causal" "ceil" "characters" "clamp" "classes" "concat" "confusion" "constant"
  "cos" "cosine" "cross_entropy" "csv" "ctc" "cumsum" "cutout" "cyclic" "dice" "drop_missing" "dropout"
  "einsum" "elu" "exp" "exponential" "f1" "fill" "first" "flip" "floor" "focal" "full" "gather"
  "gaussian_nll" "gelu" "gradients_match" "hardswish" "hinge" "huber" "identity" "idx" "image_folder"
  "inverse_sqrt" "iou" "kaiming_normal" "kaiming_uniform" "kl_div" "l1" "l2" "last" "leaky_relu"
  "lecun_normal" "linear" "lines" "log" "log_softmax" "mae" "max" "maximum" "mcc" "mean" "memory" "min"
  "minimum" "mish" "mixup" "moons" "mse" "multistep" "nll" "noise" "norm" "normal" "npy" "npz" "one_cycle"
  "one_hot" "ones" "orthogonal" "overfits" "pad" "parameters" "permute" "perplexity" "plateau" "poisson"
  "polynomial" "pow" "pr_auc" "precision" "r2" "random" "random_crop" "random_flip" "random_rotate"
  "rearrange" "recall" "relu" "rescale" "reshape" "rmse" "roll" "rows" "seconds" "selu" "sequences" "sigmoid"
  "sign" "silu" "sin" "sine" "softmax" "softplus" "spirals" "split" "sqrt" "squeeze" "stack" "standardize"
  "std" "step" "stop_gradient" "sum" "tanh" "text" "top_k" "topk" "transpose" "triplet" "truncated_normal"
  "uniform" "unsqueeze" "var" "warmup" "where" "windows" "words" "xavier_normal" "xavier_uniform" "zeros"))
; end

; ---- names that stand alone ----

; generated: metrics
(setting
  name: (identifier) @_setting
  value: (list (identifier) @function.builtin)
  (#eq? @_setting "metrics")
  (#any-of? @function.builtin
    "accuracy" "precision" "recall" "f1" "iou" "mcc" "confusion" "top_k" "auroc" "pr_auc" "perplexity" "mae"
    "rmse" "r2"))
; end

; generated: initial weights
([
  (weight start: (identifier) @function.builtin)
  (named_argument value: (identifier) @function.builtin)
 ]
 (#any-of? @function.builtin
  "zeros" "ones" "full" "uniform" "normal" "xavier_uniform" "xavier_normal" "kaiming_uniform"
  "kaiming_normal" "lecun_normal" "truncated_normal" "orthogonal" "identity"))
; end
