//! For every entry of the catalog that makes tensors: the generated gradients of its example, and of its other forms,
//! against finite differences in f64, in training and in evaluation.

use super::graphs::Numbers;
use super::one_model::{
    Differentiated, Named, Place, checked, classes, count, differentiated, interpreted, parse_type, program,
};
use nnrun::catalog::{Entry, EntryKind, entries};
use nnrun::check::Forward;
use nnrun::ir::graph::StateRole;
use std::collections::{BTreeMap, BTreeSet};

const EXAMPLES: usize = 3;
const ROUNDS: u64 = 3;

/// Entries whose example has nothing to differentiate, and why; no others.
const WITHOUT_GRADIENT: &[(&str, &str)] = &[
    ("arange", "whole numbers that depend on nothing"),
    ("argmax", "gives a position, which is a whole number"),
    ("ceil", "a step function: 0 wherever there is a gradient, as the differences say too"),
    ("floor", "a step function: 0 wherever there is a gradient, as the differences say too"),
    ("full", "its example is a constant; `FORMS` fills with a tensor"),
    ("normal", "depends on nothing but the seed"),
    ("one_hot", "its operand is a class"),
    ("ones", "depends on nothing"),
    ("sign", "a step function: 0 wherever there is a gradient, as the differences say too"),
    ("stop_gradient", "hides its operand from differentiation; `what_is_stopped_has_no_gradient`"),
    ("uniform", "depends on nothing but the seed"),
    ("zeros", "depends on nothing"),
];

/// Inputs and an expression of them.
type Form = (&'static [(&'static str, &'static str)], &'static str);

const X4: &[(&str, &str)] = &[("x", "[4]")];
const X23: &[(&str, &str)] = &[("x", "[2, 3]")];
const X232: &[(&str, &str)] = &[("x", "[2, 3, 2]")];
const AB: &[(&str, &str)] = &[("a", "[2, 3]"), ("b", "[3]")];
const XY: &[(&str, &str)] = &[("x", "[2, 3]"), ("y", "[2, 3]")];
const CLASSES: &[(&str, &str)] = &[("x", "[4]"), ("y", "class(4)")];
const ROWS: &[(&str, &str)] = &[("x", "[3, 4]"), ("y", "class(4)[3]")];

/// Other arguments, other shapes.
const FORMS: &[Form] = &[
    (X4, "x |> Dense(3, bias: false)"),
    (X232, "x |> Dense(2)"),
    (X4, "x |> Dense(3) |> tanh |> Dense(2)"),
    (&[("a", "[3]"), ("b", "[3]")], "concat([Dense(2)(a), Dense(2)(b)])"),
    (X4, "x |> BatchNorm"),
    (X23, "x |> BatchNorm(eps: 1e-2, momentum: 0.5)"),
    (X4, "x |> LayerNorm(eps: 1e-2)"),
    (X232, "x |> LayerNorm"),
    (X23, "x |> PReLU(channels: true)"),
    (X232, "x |> PReLU(channels: true, start: -0.3)"),
    (X23, "x |> SwiGLU(4, bias: true)"),
    (X23, "x |> MixtureOfExperts(experts: 3, hidden: 2, top: 1)"),
    (X23, "x |> MixtureOfExperts(3, 2, top: 3)"),
    (X232, "x |> SpatialDropout(0.5)"),
    (X232, "x |> Flatten"),
    (X23, "x |> Dropout(0.5)"),
    (X4, "x |> residual { Dense(4) |> tanh } |> repeat 2 { residual { LayerNorm |> Dense(4) |> gelu } }"),
    // In a composition a function's first argument is not its tensor.
    (X4, "x |> residual { leaky_relu(0.2) |> Dense(4) |> dropout(0.3) |> maximum(0.1) } |> repeat 2 { elu(0.5) }"),
    (X4, "x |> leaky_relu(negative_slope: 0.2)"),
    (X4, "x |> elu(alpha: 0.5)"),
    (X4, "x |> gelu(approximate: tanh)"),
    (X4, "x |> softplus(beta: 2)"),
    (X4, "x |> clamp(min: 0.2)"),
    (X4, "x |> clamp(max: 0.2)"),
    (X4, "x ^ 2 + x ^ 3"),
    (X4, "(abs(x) + 1) ^ -1.5"),
    (X4, "2 ^ x"),
    (AB, "pow(exp(a), b)"),
    (AB, "a * b + a / (abs(b) + 1) - b"),
    (AB, "maximum(a, b) * minimum(a, 0.5)"),
    (AB, "where(a > b, a * b, a - b)"),
    (X4, "1 - x / 4 + 2 / (x ^ 2 + 1)"),
    (X23, "x |> sum"),
    (X23, "x |> sum(axis: 0)"),
    (X232, "x |> sum(axis: [0, 2], keep: true)"),
    (X23, "x |> mean"),
    (X232, "x |> mean(axis: 1, keep: true)"),
    (X23, "x |> max"),
    (X23, "x |> max(axis: 0, keep: true)"),
    (X23, "x |> min"),
    (X23, "x |> min(axis: 0, keep: true)"),
    (X23, "x |> var"),
    (X23, "x |> var(axis: 0, keep: true)"),
    (X23, "x |> std"),
    (X232, "x |> std(axis: 1, keep: true)"),
    (X23, "x |> norm"),
    (X23, "x |> norm(axis: 0, keep: true)"),
    (X23, "x |> cumsum(axis: 0)"),
    (X23, "x |> softmax(axis: 0)"),
    (X23, "x |> log_softmax(axis: 0)"),
    (X23, "x |> softmax |> log"),
    (X23, "concat([x, x * 2], axis: -1)"),
    (X23, "stack([x, x * x], axis: -1)"),
    (X23, "x |> pad([1, 0, 0, 2], value: 0.5)"),
    (X23, "x |> reshape([_])"),
    (&[("x", "[1, 3]")], "x |> squeeze(axis: 0) |> unsqueeze(axis: -1)"),
    (X232, "x |> permute([1, 2, 0])"),
    (X232, "x |> transpose"),
    (X23, "full([2, 2], sum(x))"),
    (X23, "x[0] * x[-1]"),
    (X23, "x[.., 0 .. 2] + x[.., 1 ..]"),
    (&[("x", "[3, 2]"), ("i", "class(3)[4]")], "x[i] * 2"),
    (&[("x", "[2, 3]"), ("i", "class(3)[2, 2]")], "x |> gather(axis: -1, index: i)"),
    (&[("x", "[2]"), ("i", "class(3)")], "one_hot(i) * sum(x)"),
    (X23, "x @ transpose(x)"),
    (&[("a", "[2, 3]"), ("b", "[3, 4]")], "a @ b"),
    (&[("a", "[3]"), ("b", "[3, 2]")], "a @ b"),
    (&[("a", "[2, 3]"), ("b", "[3]")], "a @ b"),
    (&[("a", "[3]"), ("b", "[3]")], "a @ b"),
    (&[("a", "[2, 3, 1]"), ("b", "[2, 1, 2]")], "a @ b"),
    (X23, "x |> RNN(2, layers: 2, dropout: 0.4)"),
    (X23, "x |> LSTM(2, bidirectional: true)"),
    (X23, "x |> GRU(2, layers: 2, bidirectional: true, returns: final)"),
    (X23, "concat([x |> GRU(2), x |> LSTM(2, bias: false)], axis: -1)"),
    (&[("a", "[2, 3]"), ("b", "[4, 3]")], "einsum(\"td, ed -> et\", a, b)"),
    (&[("a", "[2, 3, 3]")], "einsum(\"tii->ti\", a)"),
    (&[("a", "[3]"), ("b", "[2, 3]"), ("c", "[2]")], "einsum(\"i,ji,j->\", a, b, c)"),
    (X232, "x |> rearrange(\"a b c -> (c a) b 1\")"),
    (X4, "x |> rearrange(\"(a b) -> b a\", a: 2)"),
    (X23, "x |> flip(axis: [0, 1])"),
    (X23, "x |> roll(-1, axis: 1)"),
    (X23, "x |> roll(7)"),
];

/// Losses with their options, as the loss of a train.
const LOSSES: &[Form] = &[
    (CLASSES, "cross_entropy(x, y, label_smoothing: 0.2)"),
    (CLASSES, "cross_entropy(x, y, weight: [1, 2, 0.5, 1.5])"),
    (CLASSES, "cross_entropy(x, y, ignore: 1)"),
    (ROWS, "cross_entropy(x, y, label_smoothing: 0.2, weight: [1, 2, 0.5, 1.5])"),
    (ROWS, "cross_entropy(x, y, ignore: 2, weight: [1, 2, 0.5, 1.5], label_smoothing: 0.1)"),
    (&[("x", "[4, 3]"), ("y", "class(4)[3]")], "cross_entropy(x, y, axis: 0)"),
    (XY, "cross_entropy(x, softmax(y))"),
    (XY, "cross_entropy(x, softmax(y), label_smoothing: 0.1)"),
    (ROWS, "nll(log_softmax(x), y, weight: [1, 2, 0.5, 1.5])"),
    (CLASSES, "nll(log_softmax(x), y, ignore: 1)"),
    (XY, "bce(sigmoid(x), sigmoid(y))"),
    (XY, "bce_with_logits(x, sigmoid(y))"),
    (&[("x", "float"), ("y", "float")], "mse(x, y) + 0.5 * mae(x, y)"),
    (XY, "huber(x, y)"),
    (XY, "huber(x, y, delta: 2.2)"),
    (&[("x", "[2, 2, 3]"), ("y", "class(2)[2, 3]")], "dice(x, y, axis: 0, smooth: 1)"),
    (XY, "dice(x, sigmoid(y))"),
    (&[("x", "[2, 3]"), ("y", "[2, 3]"), ("z", "[2, 3]")], "triplet(x, y, z, margin: 20)"),
    (&[("x", "[6, 3]"), ("y", "class(3)[2]")], "ctc(x, y)"),
    (&[("x", "[4, 3]"), ("y", "class(3)[3]")], "ctc(x, y, blank: 2)"),
    (XY, "mse(x, y) + 0.3 * l1(weights) + 0.2 * l2(trained)"),
    (XY, "{ years: 0.3 * mse(x, y), rest: mean(abs(x)) }"),
    (XY, "64 * mse(x, y) - 0.5 * sum(1 + x - y^2 - exp(x))"),
];

/// Numbers that no difference steps over a kink with: none near a whole number, no two equal.
fn spread(count: usize, input: usize, round: u64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut numbers = Numbers::new(round * 31 + input as u64 + 1);
    for i in (1..count).rev() {
        order.swap(i, (numbers.unit() * (i + 1) as f64) as usize);
    }
    let shift = 0.0137 * (1 + input) as f64;
    order.into_iter().map(|i| low + (i as f64 + 0.5) / count as f64 * (high - low) + shift).collect()
}

/// The numbers of every input and state.
fn numbers(built: &Differentiated, types: &BTreeMap<&str, String>, positive: bool, round: u64) -> (Named, Named) {
    let mut inputs = Named::new();
    for (i, input) in built.graph.inputs.iter().enumerate() {
        let count = count(&input.shape, EXAMPLES);
        let class = types.get(&*input.name).and_then(|kind| classes(kind));
        let values = match class {
            Some(n) => (0..count).map(|j| ((j * 7 + 3 * i + round as usize) % n) as f64).collect(),
            None if positive && !input.name.starts_with("cotangent") => spread(count, i, round, 0.3, 2.4),
            None => spread(count, i, round, -3.5, 3.5),
        };
        inputs.insert(input.name.to_string(), values);
    }
    let mut states = Named::new();
    for (i, state) in built.graph.states.iter().enumerate() {
        let count = count(&state.shape, EXAMPLES);
        let values = match state.role {
            StateRole::Weight => spread(count, i + 7, round, -1.2, 1.2),
            StateRole::Buffer | StateRole::Optimizer => spread(count, i + 7, round, 0.5, 1.5),
            StateRole::Counter => vec![1.0; count],
        };
        states.insert(state.path.to_string(), values);
    }
    (inputs, states)
}

/// Every number of every real input and weight.
fn compare(
    what: &str,
    built: &Differentiated,
    types: &BTreeMap<&str, String>,
    positive: bool,
    wrong: &mut Vec<String>,
) {
    for round in 0..ROUNDS {
        let (inputs, states) = numbers(built, types, positive, round);
        let at = |inputs: &Named, states: &Named| interpreted(&built.graph, EXAMPLES, inputs, states);
        let exact = at(&inputs, &states);
        for name in inputs.keys().chain(states.keys()) {
            let is_real = types.get(name.as_str()).is_none_or(|kind| kind == "float");
            let is_weight = built.graph.states.iter().any(|s| *s.path == **name && s.role == StateRole::Weight);
            if name.starts_with("cotangent") || !is_real || (states.contains_key(name) && !is_weight) {
                continue;
            }
            let generated = exact.get(&format!("d {name}"));
            for position in 0..inputs.get(name).or_else(|| states.get(name)).map_or(0, Vec::len) {
                let moved = |offset: f64| {
                    let (mut inputs, mut states) = (inputs.clone(), states.clone());
                    let numbers = inputs.get_mut(name).or_else(|| states.get_mut(name)).unwrap();
                    numbers[position] += offset;
                    at(&inputs, &states)["sum"][0]
                };
                let step = 1e-4;
                let numeric =
                    (8.0 * (moved(step) - moved(-step)) - (moved(2.0 * step) - moved(-2.0 * step))) / (12.0 * step);
                let found = generated.map_or(0.0, |values| values[position]);
                let error = (found - numeric).abs() / (1.0 + numeric.abs());
                if error.is_nan() || error > 2e-7 {
                    wrong.push(format!("{what}: d {name}[{position}] is {found}, by differences {numeric}"));
                    return;
                }
            }
        }
    }
}

/// Checks the gradients of an expression in both modes; false where there are none to check.
fn try_form(form: &Form, outputs: usize, place: Place, positive: bool, wrong: &mut Vec<String>) -> bool {
    let (inputs, code) = *form;
    let inputs: Vec<(String, String)> = inputs.iter().map(|(name, ty)| (name.to_string(), ty.to_string())).collect();
    let place = if place == Place::Loss { place } else { Place::Model { outputs } };
    let checked = checked(&program(&inputs, &[], code, place));
    let train = &checked.program.trains[0];
    let types: BTreeMap<&str, String> = inputs.iter().map(|(name, ty)| (name.as_str(), parse_type(ty).0)).collect();
    let mut modes: Vec<(&str, &Forward)> = vec![("training", &train.training)];
    if place != Place::Loss {
        modes.push(("evaluation", &train.evaluation));
    }
    let mut has_gradients = false;
    for (mode, forward) in modes {
        let built = differentiated(forward, place);
        has_gradients |= built.gradients.iter().any(|name| types.get(name.as_str()).is_none_or(|kind| kind == "float"));
        // The differences of what is stopped on purpose are another matter.
        if !code.contains("stop_gradient") {
            compare(&format!("{code} ({mode})"), &built, &types, positive, wrong);
        }
    }
    has_gradients
}

/// Functions of positive numbers.
fn wants_positive(entry: &Entry) -> bool {
    ["log", "sqrt"].contains(&entry.name)
}

fn outputs(entry: &Entry) -> usize {
    match entry.example.output.strip_prefix('(') {
        Some(several) => several.matches('[').count(),
        None => 1,
    }
}

#[test]
fn examples_have_the_gradients_that_differences_give() {
    let mut wrong = Vec::new();
    let mut without = BTreeSet::new();
    let mut tried = 0;
    for entry in entries() {
        let place = match entry.kind() {
            EntryKind::Layer | EntryKind::Function => Place::Model { outputs: outputs(entry) },
            EntryKind::Loss => Place::Loss,
            EntryKind::Optimizer
            | EntryKind::Schedule
            | EntryKind::Metric
            | EntryKind::Initializer
            | EntryKind::Augmentation
            | EntryKind::Source
            | EntryKind::DataFunction
            | EntryKind::Expectation => continue,
        };
        tried += 1;
        let form = (entry.example.inputs, entry.example.code);
        if !try_form(&form, outputs(entry), place, wants_positive(entry), &mut wrong) {
            without.insert(entry.name);
        }
    }
    println!("{tried} entries");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    let listed: BTreeSet<&str> = WITHOUT_GRADIENT.iter().map(|(name, _)| *name).collect();
    assert_eq!(without, listed, "entries without a gradient are listed with a reason, and no others");
    assert!(WITHOUT_GRADIENT.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn other_forms_have_the_gradients_that_differences_give() {
    let mut wrong = Vec::new();
    for form in FORMS {
        assert!(try_form(form, 1, Place::Model { outputs: 1 }, false, &mut wrong), "{} has no gradient", form.1);
    }
    for form in LOSSES {
        assert!(try_form(form, 1, Place::Loss, false, &mut wrong), "{} has no gradient", form.1);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_stopped_has_no_gradient() {
    let inputs = [("a".to_owned(), "[3]".to_owned()), ("b".to_owned(), "[3]".to_owned())];
    let place = Place::Model { outputs: 1 };
    let checked = checked(&program(&inputs, &[], "stop_gradient(a * b) * a", place));
    let built = differentiated(&checked.program.trains[0].training, place);
    assert_eq!(built.gradients, ["a"]);
    let (inputs, states) = numbers(&built, &BTreeMap::new(), false, 0);
    let got = interpreted(&built.graph, EXAMPLES, &inputs, &states);
    for i in 0..3 * EXAMPLES {
        let wanted = inputs["cotangent 0"][i] * inputs["a"][i] * inputs["b"][i];
        assert!((got["d a"][i] - wanted).abs() < 1e-12, "only the second factor is followed");
    }
}
