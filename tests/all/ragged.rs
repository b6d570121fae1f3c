//! What may be written over a ragged dimension, tried against the law.

use super::one_model::{Place, parse_type};
use super::ragged_law::{
    Inputs, Trial, averages_over_positions, batch, check, counts_every_position_once, obeys, program,
};
use super::ui::rendered;
use nnrun::catalog::{Entry, EntryKind, entries};
use std::collections::BTreeSet;

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
    (X, "x |> Conv1d(4, kernel: 3, padding: same)", 1),
    (X, "x |> Conv1d(2, kernel: 3, padding: 1, dilation: 1) |> tanh |> mean(axis: 0)", 1),
    (X, "x |> Conv1d(2, kernel: 3, stride: 2, padding: 1) |> relu |> max(axis: 0)", 1),
    (X, "x |> Conv1d(2, kernel: 2) |> Conv1d(2, kernel: 2, padding: same) |> sum(axis: 0)", 2),
    (X, "x |> ConvTranspose1d(2, kernel: 3, stride: 2, padding: 1) |> mean(axis: 0)", 1),
    (X, "x |> MaxPool1d(2) |> softmax(axis: 0)", 2),
    (X, "x |> MaxPool1d(3, stride: 2, padding: 1) |> exp |> sum(axis: 0)", 1),
    (X, "x |> AvgPool1d(3, stride: 1, padding: same)", 1),
    (X, "x |> AvgPool1d(2, padding: 1) |> cumsum(axis: 0)", 1),
    (X, "x |> Upsample(2) |> softmax(axis: 0)", 1),
    (X, "x |> Upsample(3, mode: linear) |> mean(axis: 0)", 1),
    (X, "x |> GroupNorm(3)", 2),
    (X, "x |> InstanceNorm", 2),
    (X, "x |> Dropout(0.5)", 1),
    (X, "x |> RNN(2, layers: 2, returns: final)", 1),
    (X, "x |> LSTM(2, layers: 2, bidirectional: true, dropout: 0.3)", 1),
    (X, "x[1 ..] |> GRU(3, bidirectional: true, returns: final)", 2),
    (X, "x |> GRU(3) |> last", 1),
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
    (X, "scan x as xt, h = zeros([3]) { tanh(xt + 0.5 * h) }", 1),
    (X, "(scan x as xt, h = zeros([4]) { concat([xt, h]) |> Dense(4) |> tanh }) |> last", 1),
    (X, "(scan x as xt, h = zeros([2]) { tanh((xt |> Dense(2)) + (h |> Dense(2))) }) |> sum(axis: 0)", 1),
    (X, "scan flip(x, axis: 0) as xt, h = zeros([3]) { tanh(xt - 0.5 * h) }", 1),
    (X, "scan x as xt, n = 0 { n + 1 / sum(xt^2) }", 1),
    (X, "scan x[1 ..] as xt, h = x[0] { tanh(h * xt + mean(x, axis: 0)) }", 2),
    (X, "scan x as xt, h = zeros([3]) { tanh(h + dropout(xt, 0.5)) }", 1),
    (X, "scan x as xt, c = 0 { (scan x as xs, d = c { tanh(d + sum(xs * xt)) }) |> last }", 1),
    (XC, "scan one_hot(c) as ct, h = zeros([3]) { tanh(h + (ct |> Dense(3))) }", 1),
    (XF, "scan x as xt, h = f { tanh(h * xt) }", 1),
    (X, "x / norm(x, axis: 1, keep: true) |> sum(axis: 0)", 1),
    (X, "einsum(\"td,te->de\", x, x)", 1),
    (X, "einsum(\"td,td->\", x, x)", 1),
    (X, "einsum(\"td,sd->ts\", x, z)", 2),
    (X, "einsum(\"td,sd->\", x, z)", 2),
    (X, "einsum(\"td,sd,te->se\", x, z, x)", 2),
    (X, "x |> Conv1d(4, kernel: 3, padding: same)", 1),
    (X, "x |> Conv1d(4, kernel: 3)", 3),
    (X, "x |> Conv1d(4, kernel: 2, stride: 2, padding: 1) |> tanh |> mean(axis: 0)", 2),
    (X, "x |> Conv1d(3, kernel: 3, dilation: 2, padding: 2, groups: 3) |> max(axis: 0)", 2),
    (X, "x |> Conv1d(4, kernel: 3, stride: 2) |> Conv1d(2, kernel: 2) |> sum(axis: 0)", 5),
    // Lengths of zeros behind the end: nothing is infinite in the gradients.
    (X, "UnitRows(x |> Conv1d(2, kernel: 2, bias: false)) |> sum(axis: 0)", 2),
    (X, "UnitRows(x |> Conv1d(2, kernel: 3, padding: same, bias: false)) * unsqueeze(arange(T), axis: -1)", 2),
    (X, "UnitRows(x |> AvgPool1d(2)) |> max(axis: 0)", 2),
    (X, "UnitRows(x |> MaxPool1d(2)) |> mean(axis: 0)", 2),
    (X, "UnitRows(x |> LSTM(2, bidirectional: true)) |> sum(axis: 0)", 1),
    (X, "x |> MaxPool1d(2)", 2),
    (X, "x |> MaxPool1d(3, stride: 2, padding: 1) |> mean(axis: 0)", 2),
    (X, "x |> AvgPool1d(2, stride: 1) |> softmax(axis: 0)", 2),
    (X, "x |> AvgPool1d(3, padding: 1)", 2),
    (X, "x |> reshape([1, T, 3]) |> Conv2d(2, kernel: 2) |> relu |> GlobalAvgPool", 2),
    (X, "x |> reshape([1, T, 3]) |> MaxPool2d([2, 3]) |> sum(axis: 1)", 2),
    (X, "x |> GroupNorm(3)", 2),
    (X, "x |> transpose |> RMSNorm(affine: false) |> sum(axis: 1)", 1),
    (X, "x |> RNN(3)", 1),
    (X, "x |> GRU(3, returns: final)", 1),
    (X, "x |> LSTM(3, layers: 2, bidirectional: true)", 1),
    (X, "x |> LSTM(3, bidirectional: true, returns: final)", 1),
    (X, "x |> LSTM(3) |> last", 1),
    (X, "x |> GRU(2) |> mean(axis: 0)", 1),
    (X, "x |> Dense(4) |> SelfAttention(2)", 1),
    (X, "x |> Dense(4) |> SelfAttention(2, causal: true) |> mean(axis: 0)", 1),
    (X, "CrossAttention(1)(x, z)", 2),
    (X, "CrossAttention(1)(z, x) |> max(axis: 0)", 2),
    (X, "x |> Dense(4) |> TransformerEncoder(2, 4, 1) |> last", 1),
    (X, "x |> Positions(max: 20) |> sum(axis: 0)", 1),
    (X, "x |> SinusoidalPositions |> tanh |> sum(axis: 0)", 1),
    (X, "scan x as xt, h = zeros([3]) { tanh(xt + h) }", 1),
    (X, "last(scan x as xt, h = zeros([2]) { tanh(Dense(2)(concat([xt, h]))) })", 1),
    (X, "scan x as xt, h = mean(x, axis: 0) { tanh(xt * h + softmax(x @ h) @ x) }", 1),
    (X, "scan x as xt, h = zeros([T]) { softmax(h + x @ xt) }", 1),
    (X, "x |> rearrange(\"t d -> d t\") |> sum(axis: 1)", 1),
    (X, "x |> rearrange(\"t (d e) -> (t e) d\", d: 3) |> cumsum(axis: 0)", 1),
];

/// Where a form uses `z`, which has another ragged length.
const Z: &[&str] = &["(z", " z", "z)"];

#[test]
fn sequences_are_alone_in_a_padded_batch() {
    let mut wrong = Vec::new();
    for (inputs, code, at_least) in FORMS {
        for training in [false, true] {
            // Statistics of a batch are those of all its sequences: `statistics_count_every_position_once`.
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
    assert!(wrong.is_empty(), "{} of {} forms:\n\n{}", wrong.len(), FORMS.len(), wrong.join("\n\n"));
}

/// An entry's example over ragged inputs: its first size becomes `T`, in every input that begins with it. None where
/// there is no axis that could be one.
struct Ragged {
    inputs: Vec<(String, String)>,
    statements: String,
    code: &'static str,
    outputs: usize,
    size: usize,
}

fn ragged(entry: &'static Entry) -> Option<Ragged> {
    let first = |ty: &str| parse_type(ty).1.first().copied();
    let size = entry.example.inputs.iter().find_map(|(_, ty)| first(ty))?;
    let (mut inputs, mut statements) = (Vec::new(), String::new());
    for (name, ty) in entry.example.inputs {
        let (kind, sizes) = parse_type(ty);
        let kind = if kind == "float" { String::new() } else { kind };
        let rest = &sizes[1.min(sizes.len())..];
        match sizes.first() {
            Some(n) if *n == size && rest.len() > 1 => {
                let flat: usize = rest.iter().product();
                inputs.push((format!("{name}_in"), format!("{kind}[T, {flat}]")));
                let rest: Vec<String> = rest.iter().map(usize::to_string).collect();
                statements += &format!("  let {name} = {name}_in |> reshape([T, {}])\n", rest.join(", "));
            }
            Some(n) if *n == size => {
                let dims: Vec<String> =
                    std::iter::once("T".to_owned()).chain(rest.iter().map(usize::to_string)).collect();
                inputs.push(((*name).to_owned(), format!("{kind}[{}]", dims.join(", "))));
            }
            _ => inputs.push(((*name).to_owned(), (*ty).to_owned())),
        }
    }
    let outputs = match entry.example.output.strip_prefix('(') {
        Some(list) => list.matches('[').count(),
        None => 1,
    };
    Some(Ragged { inputs, statements, code: entry.example.code, outputs, size })
}

/// What a refusal is told as: sizes that cannot be known, or an operation that cannot keep the law.
const REFUSALS: [&str; 4] = ["E0305", "E0308", "E0312", "E0320"];

/// Every layer and function, over a ragged dimension where its example has a size: it keeps the law or it is refused.
#[test]
fn every_entry_keeps_the_law_or_is_refused() {
    let (mut wrong, mut kept, mut refused) = (Vec::new(), 0, Vec::new());
    for entry in entries().filter(|e| matches!(e.kind(), EntryKind::Layer | EntryKind::Function)) {
        let Some(example) = ragged(entry) else { continue };
        let inputs: Vec<(&str, &str)> = example.inputs.iter().map(|(n, ty)| (n.as_str(), ty.as_str())).collect();
        let place = Place::Model { outputs: example.outputs };
        let text = program(&inputs, &example.statements, example.code, place, None);
        let checked = check(&text);
        if checked.has_errors() {
            let codes: BTreeSet<&str> = checked.diagnostics.iter().map(|d| d.code.text()).collect();
            let codes: Vec<&str> = codes.into_iter().collect();
            if codes.iter().any(|code| !REFUSALS.contains(code)) {
                wrong.push(format!("{} is refused by {codes:?}:\n{}", entry.name, rendered(&checked)));
            }
            refused.push(format!("{} by {}", entry.name, codes.join(" and ")));
            continue;
        }
        kept += 1;
        for training in [false, true] {
            if training && entry.name == "BatchNorm" {
                continue;
            }
            let trial = Trial {
                inputs: &inputs,
                statements: &example.statements,
                code: example.code,
                place,
                training,
                is_smooth: true,
            };
            if let Err(why) = obeys(trial, &batch(example.size)) {
                wrong.push(format!("{}, in training: {training}\n{why}", entry.name));
                break;
            }
        }
    }
    println!("{kept} keep the law; refused: {}", refused.join(", "));
    assert!(wrong.is_empty(), "{} entries:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Losses over sequences, beside the example of each: `T` in front of every shape.
const LOSSES: &[(Inputs, &str)] = &[
    (XC4, "cross_entropy(x, c, ignore: 1)"),
    (XC4, "cross_entropy(x, c, weight: [1, 2, 0.5, 1.5], label_smoothing: 0.1)"),
    (XC4, "cross_entropy(x, c, weight: [1, 2, 0.5, 1.5], ignore: 2)"),
    (XC4, "cross_entropy(transpose(x), c, axis: 0)"),
    (XC4, "nll(log_softmax(x), c, ignore: 0)"),
    (XY, "cross_entropy(x, softmax(y))"),
    (XY, "mse(x[1 ..], y[.. -1])"),
    (&[("x", "[T]"), ("y", "[T]")], "mse(x, y)"),
];
const XC4: Inputs = &[("x", "[T, 4]"), ("c", "class(4)[T]")];

#[test]
fn losses_average_over_the_positions_of_the_batch() {
    let mut wrong = Vec::new();
    for (inputs, code) in LOSSES {
        if let Err(why) = averages_over_positions(inputs, code, &batch(2)) {
            wrong.push(format!("{code}\n{why}"));
        }
    }
    let mut tried = 0;
    for entry in entries().filter(|e| e.kind() == EntryKind::Loss) {
        let with_t = |ty: &str| {
            let (kind, sizes) = parse_type(ty);
            let kind = if kind == "float" { "" } else { &kind };
            let dims: Vec<String> = std::iter::once("T".to_owned()).chain(sizes.iter().map(usize::to_string)).collect();
            format!("{kind}[{}]", dims.join(", "))
        };
        if entry.example.inputs.iter().any(|(_, ty)| parse_type(ty).1.len() > 1) {
            let example = ragged(entry).unwrap();
            let inputs: Vec<(&str, &str)> = example.inputs.iter().map(|(n, ty)| (n.as_str(), ty.as_str())).collect();
            let trial = Trial {
                inputs: &inputs,
                statements: "",
                code: example.code,
                place: Place::Loss,
                training: false,
                is_smooth: true,
            };
            let checked = check(&program(&inputs, "", example.code, Place::Loss, None));
            let is_refused =
                checked.has_errors() && checked.diagnostics.iter().all(|d| REFUSALS.contains(&d.code.text()));
            if !is_refused && let Err(why) = obeys(trial, &batch(example.size)) {
                wrong.push(format!("{}\n{why}", entry.name));
            }
            continue;
        }
        let inputs: Vec<(&str, String)> = entry.example.inputs.iter().map(|(n, ty)| (*n, with_t(ty))).collect();
        let inputs: Vec<(&str, &str)> = inputs.iter().map(|(n, ty)| (*n, ty.as_str())).collect();
        tried += 1;
        if let Err(why) = averages_over_positions(&inputs, entry.example.code, &batch(2)) {
            wrong.push(format!("{}\n{why}", entry.name));
        }
    }
    assert!(tried > 10, "only {tried} losses");
    assert!(wrong.is_empty(), "{} losses:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn statistics_count_every_position_once() {
    for code in ["x |> BatchNorm", "x |> Dense(2) |> BatchNorm(momentum: 0.3) |> tanh |> BatchNorm"] {
        if let Err(why) = counts_every_position_once(X, code, &batch(2)) {
            panic!("{code}\n{why}");
        }
    }
}
