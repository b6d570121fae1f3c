//! Functions of one number over everything that f32 can hold, as compiled into kernels, against the interpreter's f64.

use super::one_model::{Named, Place, checked, differentiated, executed, interpreted, program};
use nnrun::catalog::{Entry, EntryKind, entries};

/// Not functions of each number by itself, or random.
const NOT_ELEMENTWISE: [&str; 7] = ["softmax", "log_softmax", "cumsum", "dropout", "unsqueeze", "flip", "roll"];

fn functions() -> impl Iterator<Item = &'static Entry> {
    let is_one = |e: &&Entry| {
        e.kind() == EntryKind::Function && e.example.inputs == [("x", "[4]")] && !NOT_ELEMENTWISE.contains(&e.name)
    };
    entries().filter(is_one)
}

/// Where a function is defined.
fn domain(entry: &Entry, x: f32) -> bool {
    if ["log", "sqrt"].contains(&entry.name) { x >= 0.0 } else { true }
}

/// Every size and sign, subnormals too, and the neighbourhoods of 0 and of the ends.
fn finite_numbers() -> Vec<f32> {
    let all = (0..u32::MAX).step_by(60_013).map(f32::from_bits).filter(|x| x.is_finite());
    let dense = (-4000..4000).map(|i| i as f32 * 0.0253);
    let ends =
        [0.0, -0.0, 1e-45, -1e-45, f32::MIN_POSITIVE, -f32::MIN_POSITIVE, f32::MAX, f32::MIN, 88.7, 88.8, -103.9];
    all.chain(dense).chain(ends).collect()
}

/// The values of a function, f32 by the kernels and f64 by the interpreter, and the same of its gradient.
fn evaluate(entry: &Entry, numbers: &[f32]) -> [(Vec<f64>, Vec<f64>); 2] {
    let mut numbers: Vec<f64> = numbers.iter().map(|x| f64::from(*x)).collect();
    numbers.resize(numbers.len().next_multiple_of(4), 0.5);
    let place = Place::Model { outputs: 1 };
    let inputs = [("x".to_owned(), "[4]".to_owned())];
    let checked = checked(&program(&inputs, &[], entry.example.code, place));
    let mut graph = differentiated(&checked.program.trains[0].evaluation, place).graph;
    graph.outputs.retain(|o| &*o.name != "sum");
    let examples = numbers.len() / 4;
    let mut inputs = Named::new();
    inputs.insert("unused".to_owned(), vec![0.0; examples]);
    inputs.insert("cotangent 0".to_owned(), vec![1.0; numbers.len()]);
    inputs.insert("x".to_owned(), numbers);
    let states = Named::from([("trained".to_owned(), vec![0.0])]);
    let found = executed::<f32>(&graph, examples, &inputs, &states);
    let wanted = interpreted(&graph, examples, &inputs, &states);
    ["out 0", "d x"].map(|name| {
        let of = |named: &Named| named.get(name).cloned().unwrap_or_default();
        (of(&found), of(&wanted))
    })
}

/// How far f32 is off, relative to the number where that is more than 1 and else to 1; what is too large for f32 is
/// infinite in f32.
fn error(found: f64, wanted: f64) -> f64 {
    let rounded = wanted as f32;
    if f64::from(rounded) == found || (found.is_nan() && wanted.is_nan()) {
        return 0.0;
    }
    // The last steps before infinity may go either way.
    let largest = f64::from(f32::MAX);
    if (rounded.is_infinite() || found.is_infinite()) && found.abs().min(largest) >= largest * 0.99999 {
        if wanted.abs() >= largest * 0.99999 && found.signum() == wanted.signum() {
            return 0.0;
        }
        return f64::INFINITY;
    }
    let error = (found - wanted).abs() / wanted.abs().max(1.0);
    if error.is_nan() { f64::INFINITY } else { error }
}

#[test]
fn functions_hold_over_all_numbers() {
    let mut wrong = Vec::new();
    for entry in functions() {
        let numbers: Vec<f32> = finite_numbers().into_iter().filter(|x| domain(entry, *x)).collect();
        let [(found, wanted), (slopes, exact)] = evaluate(entry, &numbers);
        let mut worst = [(0.0, 0.0f32); 2];
        for (i, x) in numbers.iter().enumerate() {
            let value = error(found[i], wanted[i]);
            if value > worst[0].0 {
                worst[0] = (value, *x);
            }
            // Slopes of what no network computes with may overflow on the way.
            if x.abs() <= 1e4 && !slopes.is_empty() {
                let slope = error(slopes[i], exact[i]);
                if slope > worst[1].0 {
                    worst[1] = (slope, *x);
                }
            }
        }
        println!(
            "{}: {:.1e} at {:e}, gradient {:.1e} at {:e}",
            entry.name, worst[0].0, worst[0].1, worst[1].0, worst[1].1
        );
        for (what, (error, at)) in ["value", "gradient"].into_iter().zip(worst) {
            if error > 1e-6 {
                wrong.push(format!("{}: its {what} at {at:e} is {error:.1e} off", entry.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_hold_at_infinity_and_for_nan() {
    let numbers = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0];
    let mut wrong = Vec::new();
    for entry in functions() {
        let [(found, wanted), _] = evaluate(entry, &numbers);
        for (x, (found, wanted)) in numbers.iter().zip(found.iter().zip(&wanted)) {
            if domain(entry, *x)
                && !(found == wanted || (found.is_nan() && wanted.is_nan()))
                && error(*found, *wanted) > 1e-6
            {
                wrong.push(format!("{}({x}) is {found} instead of {wanted}", entry.name));
            }
            if x.is_nan() && !found.is_nan() {
                wrong.push(format!("{} hides a NaN: {found}", entry.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
