//! Items of a file, and statements of a body.

use super::{Word, WordKind};

/// All of them.
pub(super) static ALL: &[Word] = &[
    Word {
        name: "hyper",
        kind: WordKind::Item,
        summary: "A compile-time constant that the command line can override.",
        syntax: &["hyper NAME = expression"],
        text: &[
            "`--set NAME=value` takes the place of its value before anything that is derived from it is computed. A \
             number is written as everywhere: `10k`, `80%`, `1e-3`.",
        ],
        example: "hyper width = 32\nhyper depth = 2 * width\n\nmodel M(x: [4]) -> [depth] {\n  x |> Dense(width) |> relu |> Dense(depth)\n}",
        elsewhere: &[("argparse", "Python"), ("config", "Hydra"), ("hparams", "Lightning")],
    },
    Word {
        name: "import",
        kind: WordKind::Item,
        summary: "Brings items of another file into this one.",
        syntax: &["import \"path.nn\"", "import A, B from \"path.nn\"", "import \"path.nn\" as p"],
        text: &[
            "Any item but `train`, `sweep` and `expect` comes, flat or, with `as p`, as `p.Name`. Paths are relative to \
             the file; nothing is passed on to whoever imports this one; two items of one name are an error, and so is a \
             circle.",
        ],
        example: "",
        elsewhere: &[],
    },
    Word {
        name: "block",
        kind: WordKind::Item,
        summary: "A reusable layer, made of others.",
        syntax: &["block Name(hypers)(tensors) -> outputs { body }", "block Name(tensors) -> outputs { body }"],
        text: &[
            "The first list holds what is chosen where the block is used, numbers, layers or functions, with defaults if \
             wanted; the second the tensors it is applied to. A single list is the tensors.",
            "The signature is a contract: a name such as `D` binds a dimension, arithmetic such as `D/2` is checked. The \
             block is checked at each use; by itself, only for what fails at every size.",
        ],
        example: "block Unit(width, act: relu)(x: [D]) -> [width] {\n  x |> Dense(width) |> act |> LayerNorm\n}\n\nmodel M(x: [4]) -> [2] {\n  x |> Unit(16) |> Unit(8, act: tanh) |> Dense(2)\n}",
        elsewhere: &[("nn.Module", "PyTorch"), ("keras.Layer", "Keras"), ("nn.compact", "Flax")],
    },
    Word {
        name: "model",
        kind: WordKind::Item,
        summary: "A network: what it is given, what it gives, and how one comes from the other.",
        syntax: &[
            "model Name(input: type, …) -> output: type { body }",
            "model Name(…) -> (a: type, b: type) { body }",
        ],
        text: &[
            "Shapes are those of one example: the batch is added and never written. An input takes its numbers from the \
             data field of the same name. Several outputs are named in the signature and given as a tuple.",
        ],
        example: "model TwoHeads(x: [4]) -> (mean: float, kind: [3]) {\n  let h = x |> Dense(16) |> relu\n  (h |> Dense(1) |> squeeze, h |> Dense(3))\n}",
        elsewhere: &[("nn.Sequential", "PyTorch"), ("keras.Model", "Keras"), ("keras.Sequential", "Keras")],
    },
    Word {
        name: "data",
        kind: WordKind::Item,
        summary: "Named fields, read from files or generated, and how they are split.",
        syntax: &["data name { let …; field NAME = source |> functions; split: … }"],
        text: &[
            "The kind and shape of every field is known before anything runs: files are read while checking, and a value \
             that is not what the field wants is told with its line in the data.",
            "Without `split` everything is train. `random(train: 80%, test: 20%, stratify: y, seed: 1)` shuffles, \
             `ordered(…)` cuts in file order.",
        ],
        example: "data points {\n  let t   = moons(200, noise: 0.1)\n  field x = t[x0, x1]\n  field y = t.label |> classes\n  split: random(train: 80%, test: 20%, seed: 1)\n}",
        elsewhere: &[("Dataset", "PyTorch"), ("DataLoader", "PyTorch"), ("tf.data", "TensorFlow")],
    },
    Word {
        name: "train",
        kind: WordKind::Item,
        summary: "A training schedule: which model, on which data, to make what small.",
        syntax: &["train Model on data { settings }", "train Model(input: field, …) on data { settings }"],
        text: &[
            "`loss`, `optimizer` and `epochs` or `steps` are needed; the rest has defaults. `let` may stand among the \
             settings. Several trains of a file run in its order; a model trained twice goes on from its weights.",
        ],
        example: "data points {\n  let t   = moons(200, noise: 0.1)\n  field x = t[x0, x1]\n  field y = t.label |> classes\n}\n\nmodel M(x: [2]) -> logits: [2] {\n  x |> Dense(16) |> tanh |> Dense(2)\n}\n\ntrain M on points {\n  loss:      cross_entropy(logits, y)\n  optimizer: Adam(lr: 1e-2)\n  epochs:    20\n}",
        elsewhere: &[("fit", "Keras"), ("compile", "Keras"), ("Trainer", "Lightning")],
    },
    Word {
        name: "expect",
        kind: WordKind::Item,
        summary: "Facts that must hold, checked after a run and by `nnrun test`.",
        syntax: &["expect { fact … }"],
        text: &[
            "A fact is a comparison of `parameters`, `memory`, `seconds` or a measure such as `test.accuracy`, or one of \
             the expectations of the catalog. Where one fails the exit status is 3. With several trains, `Model.` stands \
             before it.",
        ],
        example: "data points {\n  let t   = moons(200, noise: 0.1)\n  field x = t[x0, x1]\n  field y = t.label |> classes\n}\n\nmodel M(x: [2]) -> logits: [2] {\n  x |> Dense(16) |> tanh |> Dense(2)\n}\n\ntrain M on points {\n  loss:      cross_entropy(logits, y)\n  optimizer: Adam(lr: 1e-2)\n  epochs:    20\n  metrics:   [accuracy]\n}\n\nexpect {\n  parameters < 100\n  train.accuracy > 0.8\n}",
        elsewhere: &[],
    },
    Word {
        name: "let",
        kind: WordKind::Statement,
        summary: "Names a tensor, a layer or a number.",
        syntax: &["let name = expression", "let (a, b) = expression"],
        text: &[
            "A `let` whose value is a layer names that layer: wherever it is applied its weights are the same, and their \
             paths begin with its name. `let h = x |> Dense(4)` names a tensor, `let enc = Dense(4)` a layer.",
        ],
        example: "model Siamese(left: [4], right: [4]) -> float {\n  let shared = Dense(8)\n  let a = left  |> shared\n  let b = right |> shared\n  sum((a - b) ^ 2)\n}",
        elsewhere: &[],
    },
    Word {
        name: "weight",
        kind: WordKind::Statement,
        summary: "A trainable tensor, with how it starts.",
        syntax: &["weight name: [sizes] = initial weights"],
        text: &["The fans that the initial weights go by are the last two axes, `[in, out]`. Its path is its name."],
        example: "block Affine(out)(x: [D]) -> [out] {\n  weight w: [D, out] = xavier_uniform\n  weight b: [out]    = zeros\n  x @ w + b\n}\n\nmodel M(x: [4]) -> [2] {\n  x |> Affine(2)\n}",
        elsewhere: &[("nn.Parameter", "PyTorch"), ("add_weight", "Keras"), ("self.param", "Flax")],
    },
    Word {
        name: "constant",
        kind: WordKind::Statement,
        summary: "A tensor that is not trained.",
        syntax: &["constant name: [sizes] = expression"],
        text: &["It is computed once from sizes and other constants, and is the same for every example."],
        example: "model M(x: [4]) -> [4] {\n  constant decay: [4] = exp(-arange(4))\n  x * decay\n}",
        elsewhere: &[("register_buffer", "PyTorch"), ("tf.constant", "TensorFlow")],
    },
];
