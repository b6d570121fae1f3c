//! Gradients of functions, layers and losses against those of PyTorch in `tests/reference/catalog`: through the
//! checker, in evaluation mode, with the gradients that the compiler derives.

use super::graphs::push;
use nnrun::autodiff::differentiate;
use nnrun::check::{Overrides, check_text};
use nnrun::ir::dim::{Dim, Var, VarKind, batch};
use nnrun::ir::graph::{Graph, InputKind, NodeId};
use nnrun::ir::interpret::{Feeds, interpret};
use nnrun::ir::op::{Binary, Op, Reduction};
use nnrun::ir::verify::verify;
use nnrun::source::Span;
use serde_json::Value;
use std::path::Path;

fn numbers(array: &Value) -> Vec<f64> {
    array["data"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn sizes(array: &Value) -> Vec<usize> {
    array["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

/// `class(3)[2]`: the type of an input without its batch.
fn shown(array: &Value) -> String {
    let kind = array["kind"].as_str().unwrap();
    let shape: Vec<String> = sizes(array)[1..].iter().map(usize::to_string).collect();
    match (kind, shape.is_empty()) {
        (kind, true) => kind.to_owned(),
        ("float", false) => format!("[{}]", shape.join(", ")),
        (kind, false) => format!("{kind}[{}]", shape.join(", ")),
    }
}

/// The text of the model, or none where evaluation is not what the reference has measured.
fn program(case: &Value) -> Option<String> {
    let is_training = case.get("mode").and_then(Value::as_str) == Some("train");
    if is_training || case.get("grads").is_none() || case.get("declares").is_some() {
        return None;
    }
    let inputs = case["inputs"].as_object().unwrap();
    let inputs: Vec<String> = inputs.iter().map(|(name, array)| format!("{name}: {}", shown(array))).collect();
    Some(format!("model M({}) -> out {{\n  {}\n}}\n", inputs.join(", "), case["program"].as_str().unwrap()))
}

/// Compares the gradients of one case; none where it cannot.
fn compare(name: &str, case: &Value, wrong: &mut Vec<String>) -> Option<()> {
    let text = program(case)?;
    let checked = check_text(Path::new("examples/case.nn"), &text, &Overrides::default());
    assert!(!checked.has_errors(), "{name}:\n{text}\n{:?}", checked.diagnostics);
    let model = &checked.program.models[0];
    let mut graph = Graph::clone(&model.graph);
    if graph.inputs.iter().any(|i| i.kind == InputKind::Scalar) {
        return None;
    }
    let output = model.outputs[0].node;
    let shape = graph.shape(output).to_vec();
    let (_, seed) = graph.add_input("cotangent", shape.clone(), InputKind::Field, Span::default());
    let product = push(&mut graph, Op::Binary(Binary::Multiply), &[output, seed], shape.clone());
    let sum = Op::Reduce { reduction: Reduction::Sum, axes: (0..shape.len()).collect() };
    let sum = push(&mut graph, sum, &[product], vec![Dim::constant(1); shape.len()]);
    let sum = push(&mut graph, Op::Reshape, &[sum], vec![]);
    let paths: Vec<String> = graph.states.iter().map(|s| s.path.to_string()).collect();
    let mut nodes: Vec<(String, NodeId)> = model.inputs.iter().map(|p| (p.name.to_string(), p.node)).collect();
    for (index, node) in graph.nodes.iter().enumerate() {
        if let Op::State(id) = &node.op {
            nodes.push((paths[id.0 as usize].clone(), NodeId(index as u32)));
        }
    }
    let wanted = case["grads"].as_object().unwrap();
    let wrt: Vec<(String, NodeId)> = nodes.into_iter().filter(|(path, _)| wanted.contains_key(path)).collect();
    assert_eq!(wrt.len(), wanted.len(), "{name}: {wrt:?}");
    let gradients = differentiate(&mut graph, sum, &wrt.iter().map(|(_, node)| *node).collect::<Vec<_>>());
    verify(&graph).unwrap_or_else(|violation| panic!("{name}: {violation}"));
    let examples = sizes(case["inputs"].as_object().unwrap().values().next().unwrap())[0];
    let binding = |var: &Var| (var.kind == VarKind::Batch).then_some(examples as i64);
    // The reference averages a loss over the batch.
    let seeds = match case["kind"].as_str().unwrap() {
        "loss" => vec![1.0 / examples as f64; examples],
        _ => numbers(&case["cotangent"]),
    };
    let feeds = Feeds {
        input: &|id| match &*graph.inputs[id.0 as usize].name {
            "cotangent" => seeds.clone(),
            input => numbers(&case["inputs"][input]),
        },
        // The counter of a BatchNorm is not among the weights.
        state: &|id| case["weights"].get(&paths[id.0 as usize]).map_or(vec![0.0], numbers),
        random: &|_| 0.5,
    };
    let values = interpret(&graph, &binding, &feeds).unwrap_or_else(|failure| panic!("{name}: {failure}"));
    for ((path, _), gradient) in wrt.iter().zip(gradients) {
        let wanted = numbers(&wanted[path]);
        let got = gradient.map_or(vec![0.0; wanted.len()], |node| values[node.index()].data.clone());
        assert_eq!(got.len(), wanted.len(), "{name}: {path}");
        let largest = wanted.iter().fold(1e-3_f64, |a, w| a.max(w.abs()));
        for (g, w) in got.iter().zip(&wanted) {
            // The reference has seven digits; sums of gradients may cancel.
            let is_close = (g - w).abs() <= 2e-6 * largest;
            if !is_close {
                wrong.push(format!("{name}: the gradient of {path}: {g} instead of {w}"));
                break;
            }
        }
    }
    assert_eq!(shape.first(), Some(&batch()), "{name}");
    Some(())
}

#[test]
fn gradients_are_those_of_pytorch() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/catalog");
    let (mut compared, mut wrong) = (0, Vec::new());
    let mut sets: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    sets.sort();
    for path in sets {
        let set = path.file_stem().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(&path).unwrap();
        let parsed: Value = serde_json::from_str(&text).unwrap();
        for case in parsed["cases"].as_array().unwrap() {
            let name = format!("{set}: {}", case["name"].as_str().unwrap());
            compared += usize::from(compare(&name, case, &mut wrong).is_some());
        }
    }
    assert!(compared > 100, "{compared} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
