//! Metrics against numbers worked out by hand, and against those of scikit-learn.

use super::table::input;
use crate::build::{Builder, Role};
use crate::catalog::{
    Accumulator, ArgValue, Args, Body, EntryKind, MetricContext, MetricDefinition, MetricValue, find,
};
use crate::ir::dim::Dim;
use crate::ir::interpret::{Feeds, interpret};

fn metric(name: &str) -> MetricDefinition {
    match find(name, &[EntryKind::Metric]).map(|e| &e.body) {
        Some(Body::Metric(definition)) => *definition,
        _ => panic!("{name} is no metric"),
    }
}

fn measure(name: &str, context: &MetricContext, batches: &[(&[f32], &[f32])], width: usize) -> f64 {
    let mut accumulator = (metric(name).start)(&Args::new(), context);
    for (prediction, target) in batches {
        accumulator.add(target.len() / width, &[prediction, target]);
    }
    number(&*accumulator)
}

fn number(accumulator: &dyn Accumulator) -> f64 {
    match accumulator.finish() {
        MetricValue::Number(n) => n,
        MetricValue::Confusion { .. } => panic!("a number"),
    }
}

fn classes(count: usize) -> MetricContext {
    MetricContext { class_count: count, ..MetricContext::default() }
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} against {b}");
}

#[test]
fn classes_are_counted_over_all_batches() {
    let batches: &[(&[f32], &[f32])] = &[(&[0.0, 1.0, 2.0], &[0.0, 1.0, 1.0]), (&[2.0, 0.0], &[2.0, 2.0])];
    close(measure("accuracy", &classes(3), batches, 1), 0.6);
    // Class 0: 1 of 2 named, 1 of 1 there. Class 1: 1 of 1, 1 of 2. Class 2: 1 of 2, 1 of 2.
    close(measure("precision", &classes(3), batches, 1), (0.5 + 1.0 + 0.5) / 3.0);
    close(measure("recall", &classes(3), batches, 1), (1.0 + 0.5 + 0.5) / 3.0);
    close(measure("f1", &classes(3), batches, 1), (2.0 / 3.0 + 2.0 / 3.0 + 0.5) / 3.0);
}

#[test]
fn of_two_classes_the_second_is_meant() {
    let batches: &[(&[f32], &[f32])] = &[(&[1.0, 1.0, 0.0, 0.0], &[1.0, 0.0, 1.0, 1.0])];
    for context in [classes(2), classes(0)] {
        close(measure("precision", &context, batches, 1), 0.5);
        close(measure("recall", &context, batches, 1), 1.0 / 3.0);
        close(measure("f1", &context, batches, 1), 0.4);
    }
}

#[test]
fn a_class_that_never_occurs_does_not_count() {
    let batches: &[(&[f32], &[f32])] = &[(&[0.0, 1.0], &[0.0, 1.0])];
    close(measure("f1", &classes(5), batches, 1), 1.0);
}

#[test]
fn nothing_measured_is_no_nan() {
    for name in ["accuracy", "precision", "recall", "f1", "mae", "rmse", "r2"] {
        close(measure(name, &classes(3), &[], 1), 0.0);
        close(measure(name, &classes(3), &[(&[], &[])], 1), 0.0);
    }
}

#[test]
fn the_confusion_matrix_has_a_row_a_target() {
    let context =
        MetricContext { classes: Some(vec!["a".to_owned(), "b".to_owned()].into()), class_count: 2, units: Vec::new() };
    let mut accumulator = (metric("confusion").start)(&Args::new(), &context);
    accumulator.add(4, &[&[0.0, 1.0, 1.0, 1.0], &[0.0, 0.0, 1.0, 0.0]]);
    let counts = vec![vec![1, 2], vec![0, 1]];
    assert_eq!(accumulator.finish(), MetricValue::Confusion { classes: vec!["a".into(), "b".into()], counts });
}

#[test]
fn errors_are_in_the_units_of_each_number() {
    let context = MetricContext { units: vec![(2.0, 5.0), (10.0, 0.0)], ..MetricContext::default() };
    let batches: &[(&[f32], &[f32])] = &[(&[1.0, 0.0], &[0.0, 0.0]), (&[0.0, 1.0], &[0.0, 0.5])];
    close(measure("mae", &context, batches, 2), (2.0 + 5.0) / 4.0);
    close(measure("rmse", &context, batches, 2), ((4.0 + 25.0) / 4.0_f64).sqrt());
    let one_for_all = MetricContext { units: vec![(2.0, 0.0)], ..MetricContext::default() };
    close(measure("mae", &one_for_all, batches, 2), (2.0 + 1.0) / 4.0);
}

#[test]
fn r2_is_that_of_scikit_learn() {
    let none = MetricContext::default();
    close(measure("r2", &none, &[(&[2.5, 0.0], &[3.0, -0.5]), (&[2.0, 8.0], &[2.0, 7.0])], 1), 0.948_608_137_044_967_9);
    // Several outputs: the mean of theirs.
    let batches: &[(&[f32], &[f32])] = &[(&[0.0, 2.0, -1.0, 2.0, 8.0, -5.0], &[0.5, 1.0, -1.0, 1.0, 7.0, -6.0])];
    close(measure("r2", &none, batches, 2), 0.936_800_526_662_278);
    close(measure("r2", &none, &[(&[1.0, 1.0], &[1.0, 1.0])], 1), 1.0);
    close(measure("r2", &none, &[(&[1.0, 2.0], &[1.0, 1.0])], 1), 0.0);
}

#[test]
fn operands_are_read_by_their_types() {
    let read = |prediction: &str, role: Role, target: &str| {
        let mut b = Builder::new(false, false);
        let p = input(&mut b, "p", prediction).with_role(role);
        let t = input(&mut b, "t", target);
        (metric("accuracy").build)(&mut b, &Args::new(), &p, &t).map(|r| r.iter().map(|t| t.show()).collect::<Vec<_>>())
    };
    assert_eq!(read("[3]", Role::Value, "class(3)").unwrap(), ["class(3)", "class(3)"]);
    assert_eq!(read("[5, 3]", Role::Value, "class(3)[5]").unwrap(), ["class(3)[5]", "class(3)[5]"]);
    assert_eq!(read("float", Role::Probabilities, "float").unwrap(), ["bool", "bool"]);
    assert_eq!(read("[4]", Role::Value, "[4]").unwrap(), ["bool[4]", "bool[4]"]);
    assert_eq!(read("float", Role::Value, "class(2)").unwrap(), ["bool", "class(2)"]);
    assert!(read("[4]", Role::Value, "class(3)").is_err());
    assert!(read("[1]", Role::Value, "float").is_err());
    assert!(read("float", Role::Value, "class(3)").is_err());
}

/// A metric of a split of the reference file, read in two batches of different sizes.
fn of_reference(case: &serde_json::Value) -> f64 {
    let array = |key: &str| -> (Vec<usize>, Vec<f64>) {
        let numbers = |key2: &str| case[key][key2].as_array().unwrap().iter().map(|n| n.as_f64().unwrap());
        (numbers("shape").map(|n| n as usize).collect(), numbers("data").collect())
    };
    let ((shape, prediction), (target_shape, target)) = (array("prediction"), array("target"));
    let rows = shape[0];
    let ty = |shape: &[usize], kind: &str| match shape[1..].is_empty() {
        true => kind.to_owned(),
        false => format!("{}{:?}", if kind == "float" { "" } else { kind }, &shape[1..]),
    };
    let mut args = Args::new();
    for (name, value) in case["arguments"].as_object().unwrap() {
        let n = value.as_i64().unwrap();
        match name.as_str() {
            "k" => args.set("k", ArgValue::Dim(Dim::constant(n)), None),
            "ignore" => args.set("ignore", ArgValue::Dim(Dim::constant(n)), None),
            "axis" => args.set("axis", ArgValue::Axis(n), None),
            other => panic!("{other}"),
        }
    }
    let kind = case["target"]["kind"].as_str().unwrap();
    let count = kind.strip_prefix("class(").map_or(0, |k| k.trim_end_matches(')').parse().unwrap());
    let definition = metric(case["metric"].as_str().unwrap());
    let mut accumulator = (definition.start)(&args, &classes(count));
    let role = if case["role"] == "logits" { Role::Value } else { Role::Probabilities };
    for batch in [0..rows / 3, rows / 3..rows] {
        let mut b = Builder::new(false, false);
        let p = input(&mut b, "p", &ty(&shape, "float")).with_role(role);
        let t = input(&mut b, "t", &ty(&target_shape, kind));
        let operands = (definition.build)(&mut b, &args, &p, &t).unwrap();
        let part = |values: &[f64]| {
            let width = values.len() / rows;
            values[batch.start * width..batch.end * width].to_vec()
        };
        let feeds = [part(&prediction), part(&target)];
        let values = interpret(
            &b.graph,
            &|_| Some(batch.len() as i64),
            &Feeds { input: &|id| feeds[id.0 as usize].clone(), state: &|_| Vec::new(), random: &|_| 0.0 },
        )
        .unwrap();
        let read: Vec<Vec<f32>> =
            operands.iter().map(|t| values[t.node.index()].data.iter().map(|x| *x as f32).collect()).collect();
        accumulator.add(batch.len(), &read.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
    number(&*accumulator)
}

#[test]
fn whole_splits_have_the_numbers_of_scikit_learn() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/metrics.json");
    let parsed: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = parsed["cases"].as_array().unwrap();
    assert!(cases.len() > 45, "{}", cases.len());
    for case in cases {
        let (have, want) = (of_reference(case), case["value"].as_f64().unwrap());
        assert!((have - want).abs() < 1e-6 * want.abs().max(1.0), "{}: {have} instead of {want}", case["name"]);
    }
}

#[test]
fn where_ranks_say_nothing_they_are_chance() {
    close(measure("auroc", &classes(2), &[], 1), 0.5);
    close(measure("auroc", &classes(2), &[(&[0.1, 0.9], &[1.0, 1.0])], 1), 0.5);
    close(measure("auroc", &classes(2), &[(&[0.5, 0.5], &[1.0, 0.0])], 1), 0.5);
    close(measure("pr_auc", &classes(2), &[(&[0.1, 0.9], &[0.0, 0.0])], 1), 0.0);
    close(measure("mcc", &classes(2), &[(&[1.0, 1.0], &[0.0, 1.0])], 1), 0.0);
}
