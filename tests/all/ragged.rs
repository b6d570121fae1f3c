//! What may be written over a ragged dimension, tried against the law.

use super::one_model::Place;
use super::ragged_law::{Inputs, Trial, batch, obeys};

const X: Inputs = &[("x", "[T, 3]")];
const V: Inputs = &[("v", "[T]")];
const XY: Inputs = &[("x", "[T, 3]"), ("y", "[T, 3]")];
const XF: Inputs = &[("x", "[T, 3]"), ("f", "[3]")];
const XC: Inputs = &[("x", "[T, 3]"), ("c", "class(4)[T]")];

/// Inputs, code, and the shortest sequence that it makes sense for.
const FORMS: &[(Inputs, &str, usize)] = &[
    (X, "x |> sum(axis: 0)", 1),
    (X, "x |> sum", 1),
    (X, "x |> sum(axis: T, keep: true)", 1),
    (X, "x |> mean(axis: 0)", 1),
    (X, "x |> mean", 1),
    (X, "x |> max(axis: 0)", 1),
    (X, "x |> min(axis: 0)", 1),
    (X, "x |> max", 1),
    (X, "(x - 2) |> max(axis: 0)", 1),
    (X, "(x + 2) |> min(axis: 0)", 1),
    (X, "x |> var(axis: 0)", 2),
    (X, "x |> std(axis: 0)", 2),
    (X, "x |> var", 1),
    (X, "x |> norm(axis: 0)", 1),
    (X, "x |> norm", 1),
    (X, "x |> norm(p: inf, axis: 0)", 1),
    (X, "x |> softmax(axis: 0)", 1),
    (X, "x |> log_softmax(axis: 0)", 1),
    (X, "x |> softmax(axis: 0) |> log", 1),
    (X, "x |> softmax", 1),
    (X, "x |> argmax(axis: 0)", 1),
    (X, "(x - 2) |> argmax", 1),
    (X, "x |> cumsum(axis: 0)", 1),
    (X, "x |> cumsum(axis: 0) |> exp |> sum(axis: 0)", 1),
    (X, "x[0] * x[-1]", 1),
    (X, "x[1 ..]", 2),
    (X, "x[.. -1] |> sum(axis: 0)", 2),
    (X, "x[-2 ..]", 2),
    (X, "x[-3 .. -1, 1 ..]", 3),
    (X, "x[1 .. -1] |> mean(axis: 0)", 3),
    (X, "x[0 .. 2]", 2),
    (X, "x |> first", 1),
    (X, "x |> last", 1),
    (X, "x[1 ..] - x[.. -1]", 2),
    (X, "x |> transpose |> softmax", 1),
    (X, "transpose(x) @ x", 1),
    (X, "x @ transpose(x)", 1),
    (X, "softmax(x @ transpose(x) / sqrt(3)) @ x", 1),
    (X, "softmax(x @ transpose(z)) @ z", 2),
    (X, "x @ transpose(z) |> sum", 2),
    (X, "x @ transpose(z) |> max(axis: 0)", 2),
    (X, "concat([mean(x, axis: 0), max(z, axis: 0)])", 2),
    (XY, "x * y + x / (1 + y^2)", 1),
    (XY, "concat([x, y], axis: -1) |> Dense(2) |> tanh |> mean(axis: 0)", 1),
    (XY, "stack([x, y]) |> max(axis: 1)", 1),
    (XY, "where(x > y, x, y) |> sum(axis: 0)", 1),
    (XF, "concat([unsqueeze(f, axis: 0), x])", 1),
    (XF, "concat([unsqueeze(f, axis: 0), x]) |> cumsum(axis: 0)", 1),
    (XF, "x @ f", 1),
    (XF, "x * f |> sum(axis: 0)", 1),
    (XF, "(x @ f) @ x", 1),
    (X, "x |> Dense(4) |> relu |> Dense(2)", 1),
    (X, "x |> Dense(4) |> tanh |> mean(axis: 0) |> Dense(2)", 1),
    (X, "x |> LayerNorm", 1),
    (X, "x |> RMSNorm |> sum(axis: 0)", 1),
    (X, "x |> BatchNorm", 1),
    (X, "x |> residual { Dense(3) |> gelu } |> repeat 2 { residual { LayerNorm |> Dense(3) |> tanh } }", 1),
    (X, "x |> GlobalAvgPool", 1),
    (X, "x |> GlobalMaxPool", 1),
    (X, "x |> Dropout(0.5)", 1),
    (X, "x |> reshape([_])", 1),
    (X, "x |> reshape([3 * T]) |> softmax", 1),
    (X, "x |> reshape([_]) |> cumsum(axis: 0)", 1),
    (X, "x |> unsqueeze(axis: 0) |> reshape([1, T, 3, 1]) |> sum", 1),
    (X, "x |> pad([1, 2], value: 0.5)", 1),
    (X, "x |> pad([0, 0, 1, 2], value: 0.5)", 1),
    (X, "x |> pad([0, 0, 1, 2]) |> mean(axis: 0)", 1),
    (X, "sum(x, axis: 0) / T", 1),
    (X, "sum(x) * T / 2 - 1 / T + sqrt(T) + T^2", 1),
    (X, "x * T", 1),
    (X, "x * unsqueeze(arange(T), axis: -1)", 1),
    (X, "log(T - arange(T)) @ x", 1),
    (X, "zeros([T]) |> sum", 1),
    (X, "full([T, 2], mean(x)) |> sum(axis: 0)", 1),
    (X, "ones([T, T]) @ x", 1),
    (X, "where(arange(T) < T - 1, 1, 0) @ x", 1),
    (X, "x |> flip(axis: 0)", 1),
    (X, "x |> flip(axis: [0, 1]) |> cumsum(axis: 0)", 1),
    (X, "x |> roll(1, axis: 0)", 1),
    (X, "x |> roll(-2, axis: 0) |> cumsum(axis: 0)", 1),
    (X, "concat([x, x])", 1),
    (X, "concat([x, z]) |> cumsum(axis: 0)", 2),
    (XF, "concat([x, unsqueeze(f, axis: 0)])", 1),
    (XF, "concat([unsqueeze(f, axis: 0), x, unsqueeze(f, axis: 0), x]) |> softmax(axis: 0)", 1),
    (V, "v |> softmax |> log |> sum", 1),
    (V, "v |> topk(2)", 2),
    (V, "v @ v", 1),
    (V, "unsqueeze(v, axis: -1) * v |> sum(axis: 0)", 1),
    (V, "max(v) - last(v)", 1),
    (V, "normal([T]) * v |> sum", 1),
    (V, "transpose(normal([2, T]) * v)", 1),
    (XC, "x @ transpose(one_hot(c) |> Dense(3))", 1),
    (XC, "transpose(one_hot(c)) @ x", 1),
    (X, "x / norm(x, axis: 1, keep: true) |> sum(axis: 0)", 1),
    (X, "einsum(\"td,te->de\", x, x)", 1),
    (X, "einsum(\"td,td->\", x, x)", 1),
    (X, "einsum(\"td,sd->ts\", x, z)", 2),
    (X, "einsum(\"td,sd->\", x, z)", 2),
    (X, "einsum(\"td,sd,te->se\", x, z, x)", 2),
    (X, "x |> rearrange(\"t d -> d t\") |> sum(axis: 1)", 1),
    (X, "x |> rearrange(\"t (d e) -> (t e) d\", d: 3) |> cumsum(axis: 0)", 1),
];

/// Where a form uses `z`, which has another ragged length.
const Z: &[&str] = &["(z", " z", "z)"];

/// A refusal is as good as a result; these are refused.
const REFUSED: &[(Inputs, &str)] = &[];

#[test]
fn sequences_are_alone_in_a_padded_batch() {
    let mut wrong = Vec::new();
    for (inputs, code, at_least) in FORMS {
        for training in [false, true] {
            // Statistics of a batch are those of all its sequences; `ragged_statistics` looks at them.
            if training && (code.contains("BatchNorm")) {
                continue;
            }
            let outputs = 1 + usize::from(code.contains("topk"));
            let place = Place::Model { outputs };
            let statements = if Z.iter().any(|z| code.contains(z)) { "  let z = x[1 ..] |> Dense(3)\n" } else { "" };
            let trial = Trial { inputs, statements, code, place, training, is_smooth: true };
            if let Err(why) = obeys(trial, &batch(*at_least)) {
                wrong.push(format!("{code}, in training: {training}\n{why}"));
                break;
            }
        }
    }
    let _ = REFUSED;
    assert!(wrong.is_empty(), "{} of {} forms:\n\n{}", wrong.len(), FORMS.len(), wrong.join("\n\n"));
}
