//! What the reference files do not show of losses: ignored positions, whole splits, edges.

use super::script::Script;
use super::table::input;
use crate::build::{Builder, Tensor};
use crate::ir::interpret::{Feeds, interpret};

/// The mean of a loss over a batch, and the per-example values of its first normalizer.
fn measure(training: bool, code: &str, types: &[(&str, &str)], data: &[&[f64]], normalizer: f64) -> (f64, Vec<f64>) {
    let mut b = Builder::new(training, false);
    let inputs: Vec<(String, Tensor)> = types.iter().map(|(n, t)| ((*n).to_owned(), input(&mut b, n, t))).collect();
    let loss = Script::new(&mut b, &inputs, code).run().remove(0);
    let mean = b.batch_mean(&loss, &[]).unwrap();
    let values = interpret(
        &b.graph,
        &|_| Some(2),
        &Feeds {
            input: &|id| data.get(id.0 as usize).map_or(vec![normalizer], |d| d.to_vec()),
            state: &|_| Vec::new(),
            random: &|_| 0.0,
        },
    )
    .unwrap();
    let of = b.normalizers.first().map(|n| values[n.value.index()].data.clone());
    (values[mean.node.index()].data[0], of.unwrap_or_default())
}

const TYPES: &[(&str, &str)] = &[("x", "[2, 3]"), ("y", "class(3)[2]")];
const X: &[f64] = &[0.5, -1.0, 2.0, 0.0, 1.0, 0.0, -0.5, 0.25, 1.5, 3.0, 1.0, -2.0];

/// -log softmax at the target, position by position.
fn surprise(position: usize, target: usize) -> f64 {
    let row = &X[3 * position..3 * position + 3];
    row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[target]
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} against {b}");
}

#[test]
fn ignored_positions_do_not_count() {
    let y = [0.0, 2.0, 2.0, 1.0];
    let (loss, _) = measure(true, "cross_entropy(x, y, ignore: 2)", TYPES, &[X, &y], 0.0);
    close(loss, (surprise(0, 0) + surprise(3, 1)) / 2.0);
    let (loss, _) = measure(true, "cross_entropy(x, y, weight: [1, 3, 9], ignore: 2)", TYPES, &[X, &y], 0.0);
    close(loss, (surprise(0, 0) + 3.0 * surprise(3, 1)) / 4.0);
    let (loss, _) = measure(true, "cross_entropy(x, y, ignore: 2)", TYPES, &[X, &[2.0; 4]], 0.0);
    close(loss, 0.0);
}

#[test]
fn a_split_is_measured_as_one_batch() {
    let y = [0.0, 2.0, 2.0, 1.0];
    let code = "cross_entropy(x, y, weight: [1, 3, 9], label_smoothing: 0.1)";
    let (in_training, _) = measure(true, code, TYPES, &[X, &y], 0.0);
    // The first pass finds the normalizer, the second divides by its mean.
    let (_, weights) = measure(false, code, TYPES, &[X, &y], 1.0);
    close(weights[0], 10.0);
    close(weights[1], 12.0);
    let (measured, _) = measure(false, code, TYPES, &[X, &y], 11.0);
    close(measured, in_training);
}

#[test]
fn probabilities_as_targets_are_those_of_one_hot() {
    let types = &[("x", "[2, 3]"), ("y", "[2, 3]")];
    let one_hot = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    let y = [0.0, 2.0, 2.0, 1.0];
    for settings in ["", ", label_smoothing: 0.2"] {
        let code = format!("cross_entropy(x, y{settings})");
        let (a, _) = measure(true, &code, types, &[X, &one_hot], 0.0);
        let (b, _) = measure(true, &code, TYPES, &[X, &y], 0.0);
        close(a, b);
    }
}

#[test]
fn certainty_is_finite() {
    let types = &[("x", "float"), ("y", "float")];
    let (loss, _) = measure(true, "bce(x, y)", types, &[&[0.0, 1.0], &[1.0, 1.0]], 0.0);
    close(loss, 50.0);
    let (loss, _) = measure(true, "bce_with_logits(x, y)", types, &[&[-1000.0, 1000.0], &[1.0, 1.0]], 0.0);
    close(loss, 500.0);
    let classes = &[("x", "[3]"), ("y", "class(2)[3]")];
    let (loss, _) = measure(true, "bce_with_logits(x, y)", classes, &[&[0.0; 6], &[0.0; 6]], 0.0);
    close(loss, 2.0_f64.ln());
}
