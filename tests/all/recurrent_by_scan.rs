//! The recurrent layers of the catalog, and the same formulas written with `scan`: equal numbers, forward and backward.

use super::graphs::Numbers;
use super::one_model::{Named, Place, checked, count, differentiated, executed, program};
use nnrun::ir::graph::Graph;
use nnrun::runtime::Element;

const HIDDEN: usize = 4;
const EXAMPLES: usize = 3;

struct Pair {
    layer: &'static str,
    path: &'static str,
    gates: usize,
    /// With `w_ih`, `w_hh`, `b_ih`, `b_hh` for the layer's weights.
    formula: &'static str,
    states: usize,
}

const PAIRS: [Pair; 3] = [
    Pair {
        layer: "x |> RNN(4)",
        path: "rnn1",
        gates: 1,
        formula: "scan x as xt, h = zeros([4]) {\n    tanh(w_ih @ xt + b_ih + w_hh @ h + b_hh)\n  }",
        states: 1,
    },
    Pair {
        layer: "x |> LSTM(4)",
        path: "lstm1",
        gates: 4,
        formula: "scan x as xt, h = zeros([4]), c = zeros([4]) {\n    \
                  let sums = w_ih @ xt + b_ih + w_hh @ h + b_hh\n    \
                  let i = sigmoid(sums[0 .. 4])\n    \
                  let f = sigmoid(sums[4 .. 8])\n    \
                  let g = tanh(sums[8 .. 12])\n    \
                  let o = sigmoid(sums[12 .. 16])\n    \
                  let c_next = f * c + i * g\n    \
                  (o * tanh(c_next), c_next)\n  }",
        states: 2,
    },
    Pair {
        layer: "x |> GRU(4)",
        path: "gru1",
        gates: 3,
        formula: "scan x as xt, h = zeros([4]) {\n    \
                  let a = w_ih @ xt + b_ih\n    \
                  let b = w_hh @ h + b_hh\n    \
                  let r = sigmoid(a[0 .. 4] + b[0 .. 4])\n    \
                  let z = sigmoid(a[4 .. 8] + b[4 .. 8])\n    \
                  let n = tanh(a[8 ..] + r * b[8 ..])\n    \
                  (1 - z) * n + z * h\n  }",
        states: 1,
    },
];

/// Each weight: its name in the formula, in the layer, and its shape for so many gates.
fn weights(gates: usize) -> [(&'static str, &'static str, Vec<usize>); 4] {
    let rows = gates * HIDDEN;
    [
        ("w_ih", "weight_ih_l0", vec![rows, 2]),
        ("w_hh", "weight_hh_l0", vec![rows, HIDDEN]),
        ("b_ih", "bias_ih_l0", vec![rows]),
        ("b_hh", "bias_hh_l0", vec![rows]),
    ]
}

fn feeds(graph: &Graph) -> Named {
    let mut inputs = Named::new();
    for input in &graph.inputs {
        let count = count(&input.shape, EXAMPLES);
        let mut numbers = Numbers::new(input.name.len() as u64);
        // The cell of an LSTM is not among the layer's results.
        let is_own = matches!(&*input.name, "x" | "cotangent 0");
        let drawn = (0..count).map(|_| if is_own { f64::from(numbers.between(-1.0, 1.0) as f32) } else { 0.0 });
        inputs.insert(input.name.to_string(), drawn.collect());
    }
    inputs
}

fn compare<E: Element>(pair: &Pair, tolerance: f64) {
    let inputs = [("x".to_owned(), "[6, 2]".to_owned())];
    let declared: Vec<(String, String)> =
        weights(pair.gates).iter().map(|(name, _, shape)| ((*name).to_owned(), format!("{shape:?}"))).collect();
    let mut numbers = Numbers::new(7);
    let (mut of_layer, mut of_formula) = (Named::new(), Named::new());
    for (name, theirs, shape) in weights(pair.gates) {
        let count: usize = shape.iter().product();
        let values: Vec<f64> = (0..count).map(|_| f64::from(numbers.between(-0.7, 0.7) as f32)).collect();
        of_formula.insert(name.to_owned(), values.clone());
        of_layer.insert(format!("{}.{theirs}", pair.path), values);
    }
    let layer = checked(&program(&inputs, &[], pair.layer, Place::Model { outputs: 1 }));
    let place = Place::Model { outputs: pair.states };
    let formula = checked(&program(&inputs, &declared, pair.formula, place));
    for training in [true, false] {
        let of = |checked: &nnrun::check::Checked, place: Place, states: &Named| {
            let train = &checked.program.trains[0];
            let built = differentiated(if training { &train.training } else { &train.evaluation }, place);
            executed::<E>(&built.graph, EXAMPLES, &feeds(&built.graph), states)
        };
        let a = of(&layer, Place::Model { outputs: 1 }, &of_layer);
        let b = of(&formula, place, &of_formula);
        let mut pairs = vec![("out 0".to_owned(), "out 0".to_owned()), ("d x".to_owned(), "d x".to_owned())];
        for (name, theirs, _) in weights(pair.gates) {
            pairs.push((format!("d {}.{theirs}", pair.path), format!("d {name}")));
        }
        for (left, right) in pairs {
            let (x, y) = (&a[&left], &b[&right]);
            assert_eq!(x.len(), y.len(), "{left}");
            let largest = x.iter().fold(1e-3, |l: f64, x| l.max(x.abs()));
            assert!(x.iter().any(|x| *x != 0.0), "{left} of {}", pair.layer);
            for (x, y) in x.iter().zip(y) {
                assert!((x - y).abs() <= tolerance * largest, "{}: {left}: {x}, by scan {y}", pair.layer);
            }
        }
    }
}

#[test]
fn layers_are_their_formulas_written_with_scan() {
    for pair in &PAIRS {
        compare::<f64>(pair, 1e-12);
        compare::<f32>(pair, 2e-6);
    }
}
