//! Flow forms, and what makes an expression of others.

use super::{Word, WordKind};

/// All of them.
pub(super) static ALL: &[Word] = &[
    Word {
        name: "|>",
        kind: WordKind::Form,
        summary: "Applies what stands behind it to what stands before it.",
        syntax: &["x |> f", "x |> f(a)"],
        text: &["`x |> f(a)` is `f(x, a)`. It binds loosest of all operators: `x / 2 |> f` is `(x / 2) |> f`, and \
             `x |> f + y` is an error that asks for parentheses. `layer |> layer` is a layer, their composition."],
        example: "model M(x: [4]) -> [2] {\n  x |> Dense(16) |> relu |> Dense(2)\n}",
        elsewhere: &[("nn.Sequential", "PyTorch"), ("%>%", "R")],
    },
    Word {
        name: "residual",
        kind: WordKind::Form,
        summary: "Adds what a stage makes of its input to the input: `x + stage(x)`.",
        syntax: &["x |> residual { stage }", "x |> residual(shortcut: layer) { stage }"],
        text: &[
            "The stage must end in the shape it begins with; `shortcut` is applied to the input where it does not, and \
             its result is added in the input's place. The form is a stage itself. In the paths of weights it adds \
             nothing: its layers count in the body around it.",
        ],
        example: "model M(x: [8]) -> [4] {\n  x |> residual { LayerNorm |> Dense(32) |> relu |> Dense(8) }\n    |> residual(shortcut: Dense(4)) { Dense(4) |> tanh }\n}",
        elsewhere: &[("skip connection", "He et al. 2016"), ("Add", "Keras")],
    },
    Word {
        name: "repeat",
        kind: WordKind::Form,
        summary: "Chains copies of a stage, each with weights of its own.",
        syntax: &["x |> repeat n { stage }"],
        text: &[
            "A layer that is named outside is shared by all copies, one made inside is fresh in each. The copies' weights \
             have the paths `repeat1.0.…`, `repeat1.1.…`, or begin with the name of the `let` that names the form.",
        ],
        example: "model M(x: [8]) -> [8] {\n  x |> repeat 3 { residual { LayerNorm |> Dense(8) |> relu } }\n}",
        elsewhere: &[("nn.ModuleList", "PyTorch")],
    },
    Word {
        name: "scan",
        kind: WordKind::Form,
        summary: "Walks the first axis of a tensor with a state, and gives every state, stacked.",
        syntax: &["scan x as xt, h = init { next h }", "scan x as xt, h = h0, c = c0 { (next h, next c) }"],
        text: &[
            "At each position `xt` is that position of `x`, and `h` the state from before it; the body's value is the next \
             state. Of `[T, ..]` comes `[T, ..]`: the state of every position, or a tuple of them where there are several. \
             `last(hs)` takes the last one.",
            "A layer in the body is made once and shared by all positions. Where `T` differs from example to example, the \
             states behind an example's own end do not count.",
        ],
        example: "block Elman(hidden)(x: [T, D]) -> [T, hidden] {\n  weight w_xh: [D, hidden]      = xavier_uniform\n  weight w_hh: [hidden, hidden] = orthogonal\n  weight b:    [hidden]         = zeros\n  scan x as xt, h = zeros([hidden]) {\n    tanh(xt @ w_xh + h @ w_hh + b)\n  }\n}\n\nmodel M(x: [5, 3]) -> [2] {\n  x |> Elman(8) |> last |> Dense(2)\n}",
        elsewhere: &[("lax.scan", "JAX"), ("nn.scan", "Flax"), ("tf.scan", "TensorFlow"), ("rnn", "Keras")],
    },
    Word {
        name: "scan",
        kind: WordKind::Form,
        summary: "Walks the first axis of a tensor and hands states on from step to step.",
        syntax: &["scan x as xt, h = start { next }", "scan x as xt, h = h0, c = c0 { (h_next, c_next) }"],
        text: &["The last expression of the body is the next state, of the type of the first, and every one of them \
             comes out, stacked: `[T, …]`. Several states have several next values, a tuple, and come out as a \
             tuple; `last(hs)` takes the last of all. A layer in the body is made once and shared by all steps. \
             Where sequences differ in length, a state stays as it is behind the end of its own."],
        example: "model M(x: [20, 3]) -> [20, 8] {\n  scan x as xt, h = zeros([8]) {\n    concat([xt, h]) |> Dense(8) |> tanh\n  }\n}",
        elsewhere: &[("lax.scan", "JAX"), ("nn.RNNCell", "PyTorch"), ("tf.scan", "TensorFlow")],
    },
    Word {
        name: "if",
        kind: WordKind::Form,
        summary: "Chooses while the program is compiled: only the chosen side becomes part of the network.",
        syntax: &["if condition { a } else { b }"],
        text: &[
            "The condition is made of numbers, hypers and dimensions, or is `training`, which holds in a training step and \
             not in evaluation. To choose number by number while the network runs, `where(c, a, b)`.",
        ],
        example: "hyper deep = true\n\nmodel M(x: [4]) -> [2] {\n  let h = if deep { x |> Dense(8) |> relu } else { x }\n  let noisy = if training { h + 0.1 * normal([8]) } else { h }\n  noisy |> Dense(2)\n}",
        elsewhere: &[("model.training", "PyTorch"), ("train", "Flax")],
    },
    Word {
        name: "then",
        kind: WordKind::Form,
        summary: "Joins schedules of the learning rate, one behind the other.",
        syntax: &["schedule then schedule …"],
        text: &[
            "Every part but the last says how long it is, `warmup(5 epochs)`, `cosine(to: 1e-4, over: 20 epochs)`; the \
             last fills what is left. Within a part steps are counted from its beginning.",
        ],
        example: "data points {\n  let t   = moons(200, noise: 0.1)\n  field x = t[x0, x1]\n  field y = t.label |> classes\n}\n\nmodel M(x: [2]) -> logits: [2] {\n  x |> Dense(16) |> tanh |> Dense(2)\n}\n\ntrain M on points {\n  loss:      cross_entropy(logits, y)\n  optimizer: Adam(lr: 1e-2)\n  schedule:  warmup(2 epochs) then cosine(to: 1e-4)\n  epochs:    20\n}",
        elsewhere: &[("SequentialLR", "PyTorch"), ("join_schedules", "Optax")],
    },
];
