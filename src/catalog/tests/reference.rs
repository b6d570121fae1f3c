//! Functions, layers and losses against the numbers of PyTorch in `tests/reference/catalog`.

use super::script::{Script, parse_type};
use crate::build::{Builder, Kind, Tensor};
use crate::ir::dim::{Dim, batch};
use crate::ir::graph::{InputKind, StateRole};
use crate::ir::interpret::{Feeds, interpret};
use crate::source::Span;
use serde_json::Value;

fn numbers(array: &Value) -> Vec<f64> {
    array["data"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn sizes(array: &Value) -> Vec<usize> {
    array["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

/// Indices and loops are the checker's to read; its own tests cover them.
fn is_for_the_catalog(case: &Value) -> bool {
    let program = case["program"].as_str().unwrap();
    let is_indexed = program.starts_with("x[") || program.contains(")[");
    let is_loop = program.contains("scan ");
    !is_indexed && !is_loop && case.get("declares").is_none()
}

fn check(set: &str, case: &Value) {
    let name = format!("{set}: {}", case["name"].as_str().unwrap());
    // A loss is measured as in training, where it sees its whole batch.
    let is_loss = case["kind"] == "loss";
    let training = is_loss || case.get("mode").and_then(Value::as_str) == Some("train");
    let mut b = Builder::new(training, false);
    let mut feeds = Vec::new();
    let mut examples = 1;
    let mut inputs: Vec<(String, Tensor)> = Vec::new();
    for (input, array) in case["inputs"].as_object().unwrap() {
        let shape = sizes(array);
        examples = shape[0];
        let kind: Kind = parse_type(array["kind"].as_str().unwrap()).0;
        let shape: Vec<Dim> = shape[1..].iter().map(|n| Dim::from(*n)).collect();
        let node_shape = std::iter::once(batch()).chain(shape.iter().cloned()).collect();
        let (_, node) = b.graph.add_input(input.as_str(), node_shape, InputKind::Field, Span::default());
        inputs.push((input.clone(), b.tensor(node, shape, true).with_kind(kind)));
        feeds.push(numbers(array));
    }
    let result = Script::new(&mut b, &inputs, case["program"].as_str().unwrap()).run().remove(0);
    let result = if is_loss { b.batch_mean(&result, &[]).unwrap() } else { result };
    crate::ir::verify::verify(&b.graph).unwrap_or_else(|v| panic!("{name}: {v:?}"));
    let states: Vec<(String, StateRole)> = b.graph.states.iter().map(|s| (s.path.to_string(), s.role)).collect();
    let state = |path: &str| {
        let found = case["weights"].get(path).unwrap_or_else(|| panic!("{name}: no weight {path} in {states:?}"));
        numbers(found)
    };
    let values = interpret(
        &b.graph,
        &|_| Some(examples as i64),
        &Feeds {
            input: &|id| feeds[id.0 as usize].clone(),
            state: &|id| match &states[id.0 as usize] {
                (_, StateRole::Counter) => vec![0.0],
                (path, _) => state(path),
            },
            random: &|_| 0.5,
        },
    )
    .unwrap_or_else(|e| panic!("{name}: {e}"));
    let close = |what: &str, have: &[f64], want: &[f64]| {
        assert_eq!(have.len(), want.len(), "{name}: {what}");
        for (h, w) in have.iter().zip(want) {
            // The reference has seven digits.
            assert!((h - w).abs() <= 2e-6 * w.abs().max(1e-3), "{name}: {what}: {h} against {w}");
        }
    };
    let output = &values[result.node.index()];
    assert_eq!(output.shape, sizes(&case["output"]), "{name}");
    close("output", &output.data, &numbers(&case["output"]));
    if let Some(after) = case.get("after") {
        for (path, array) in after.as_object().unwrap() {
            let at = states.iter().position(|(p, _)| p == path).unwrap_or_else(|| panic!("{name}: {path}"));
            let update = b.graph.updates.iter().find(|u| u.state.0 as usize == at).unwrap();
            close(path, &values[update.value.index()].data, &numbers(array));
        }
    }
}

#[test]
fn the_catalog_gives_the_numbers_of_pytorch() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/catalog");
    let mut cases = 0;
    let mut sets: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    sets.sort();
    for path in sets {
        let set = path.file_stem().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(&path).unwrap();
        let parsed: Value = serde_json::from_str(&text).unwrap();
        for case in parsed["cases"].as_array().unwrap().iter().filter(|c| is_for_the_catalog(c)) {
            check(&set, case);
            cases += 1;
        }
    }
    assert!(cases > 100, "{cases} cases");
}
