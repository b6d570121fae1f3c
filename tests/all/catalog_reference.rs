//! Every case of `tests/reference/catalog` as a program: forward and backward, in both precisions, in the modes that
//! the case is about, against the numbers of PyTorch.

use super::one_model::{Named, Place, checked, classes, count, differentiated, executed, executed_in_bands, program};
use nnrun::check::Forward;
use nnrun::compile::{evaluation_graph, normalizer_graph};
use nnrun::runtime::Element;
use serde_json::Value;

/// Relative to the number, or to this part of the largest of its tensor: sums of numbers of both signs lose that much.
const PART_OF_LARGEST: f64 = 0.05;

fn cases() -> Vec<(String, Value)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/catalog");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let parsed: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for case in parsed["cases"].as_array().unwrap() {
            let set = file.file_stem().unwrap().to_string_lossy();
            cases.push((format!("{set}: {}", case["name"].as_str().unwrap()), case.clone()));
        }
    }
    cases
}

fn numbers(array: &Value) -> Vec<f64> {
    array["data"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn named(object: Option<&Value>) -> Named {
    let entries = object.and_then(Value::as_object).into_iter().flatten();
    entries.map(|(name, array)| (name.clone(), numbers(array))).collect()
}

/// `class(3)[2, 2]`: the type per example of an array whose first axis is the batch.
fn type_of(array: &Value) -> String {
    let sizes: Vec<String> = array["shape"].as_array().unwrap().iter().skip(1).map(|n| n.to_string()).collect();
    let kind = array["kind"].as_str().unwrap();
    match (kind, sizes.is_empty()) {
        (kind, true) => kind.to_owned(),
        ("float", false) => format!("[{}]", sizes.join(", ")),
        (kind, false) => format!("{kind}[{}]", sizes.join(", ")),
    }
}

struct Comparison {
    name: String,
    wrong: Vec<String>,
    worst: f64,
}

impl Comparison {
    fn close(&mut self, what: &str, have: Option<&Vec<f64>>, want: &[f64], tolerance: f64) {
        let Some(have) = have.filter(|have| have.len() == want.len()) else {
            self.wrong.push(format!("{}, {what}: {have:?} instead of {want:?}", self.name));
            return;
        };
        let largest = want.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
        for (h, w) in have.iter().zip(want) {
            let error = (h - w).abs() / w.abs().max(PART_OF_LARGEST * largest).max(1e-6);
            self.worst = self.worst.max(error);
            if error.is_nan() || error > tolerance {
                self.wrong.push(format!("{}, {what}: {h} instead of {w}", self.name));
                return;
            }
        }
    }
}

/// Forward, backward and the states afterwards.
fn compare<E: Element>(case: &Value, forward: &Forward, place: Place, tolerance: f64, found: &mut Comparison) {
    let mut built = differentiated(forward, place);
    let examples = examples(case);
    let mut inputs = named(case.get("inputs"));
    inputs.insert("unused".to_owned(), vec![0.0; examples]);
    if let Some(cotangent) = case.get("cotangent") {
        inputs.insert("cotangent 0".to_owned(), numbers(cotangent));
    } else if let Some(input) = built.graph.inputs.iter().find(|i| &*i.name == "cotangent 0") {
        inputs.insert("cotangent 0".to_owned(), vec![1.0; count(&input.shape, examples)]);
    }
    if case.get("after").is_none() {
        built.graph.updates.clear();
    }
    let weights = named(case.get("weights"));
    let got = executed::<E>(&built.graph, examples, &inputs, &weights);
    let banded = executed_in_bands::<E>(&built.graph, examples, &inputs, &weights);
    for (name, want) in &got {
        found.close(&format!("{name} in bands"), banded.get(name), want, tolerance);
    }
    let has_floats = case["output"]["kind"] == "float";
    assert_eq!(built.floats, [has_floats], "{}", found.name);
    found.close("output", got.get("out 0"), &numbers(&case["output"]), tolerance);
    for (name, want) in named(case.get("grads")) {
        let zeros = vec![0.0; want.len()];
        let have = got.get(&format!("d {name}"));
        // What the output does not depend on has no gradient.
        let have = have.or_else(|| (!built.gradients.contains(&name)).then_some(&zeros));
        found.close(&format!("d {name}"), have, &want, tolerance);
    }
    for (path, want) in named(case.get("after")) {
        found.close(&format!("{path} afterwards"), got.get(&path), &want, tolerance);
    }
}

fn examples(case: &Value) -> usize {
    let inputs = case["inputs"].as_object().unwrap();
    inputs.values().next().unwrap()["shape"][0].as_u64().unwrap() as usize
}

fn text(case: &Value, place: Place) -> String {
    let inputs = case["inputs"].as_object().unwrap();
    let inputs: Vec<(String, String)> = inputs.iter().map(|(name, array)| (name.clone(), type_of(array))).collect();
    assert!(inputs.iter().all(|(_, ty)| !ty.starts_with("class") || classes(ty.split('[').next().unwrap()).is_some()));
    let declares = case.get("declares").and_then(Value::as_object).into_iter().flatten();
    let declares: Vec<_> = declares.map(|(name, shape)| (name.clone(), shape.as_str().unwrap().to_owned())).collect();
    program(&inputs, &declares, case["program"].as_str().unwrap(), place)
}

#[test]
fn programs_give_the_numbers_of_pytorch() {
    let mut wrong = Vec::new();
    let (mut single_worst, mut double_worst) = ((0.0, String::new()), (0.0, String::new()));
    let cases = cases();
    for (name, case) in &cases {
        let is_loss = case["kind"] == "loss";
        let place = if is_loss { Place::Loss } else { Place::Model { outputs: 1 } };
        let checked = checked(&text(case, place));
        let train = &checked.program.trains[0];
        let modes: &[&Forward] = match case.get("mode").and_then(Value::as_str) {
            Some("eval") => &[&train.evaluation],
            Some(_) => &[&train.training],
            None if is_loss => &[&train.training],
            None => &[&train.training, &train.evaluation],
        };
        for forward in modes {
            let mut single = Comparison { name: format!("{name} (f32)"), wrong: Vec::new(), worst: 0.0 };
            let tolerance = case.get("single").and_then(Value::as_f64).unwrap_or(1e-5);
            compare::<f32>(case, forward, place, tolerance, &mut single);
            let mut double = Comparison { name: format!("{name} (f64)"), wrong: Vec::new(), worst: 0.0 };
            // The reference has seven digits.
            compare::<f64>(case, forward, place, 2e-6, &mut double);
            for (found, worst) in [(single, &mut single_worst), (double, &mut double_worst)] {
                if found.worst > worst.0 {
                    *worst = (found.worst, found.name);
                }
                wrong.extend(found.wrong);
            }
        }
    }
    println!("{} cases; worst {single_worst:?}, {double_worst:?}", cases.len());
    assert!(cases.len() > 180, "{} cases", cases.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A split is measured as one batch: the mean of the examples' losses in evaluation is PyTorch's loss of the batch,
/// also where a normalizer has to be known first.
#[test]
fn measured_losses_are_those_of_pytorch() {
    let mut with_normalizers = 0;
    for (name, case) in cases().iter().filter(|(_, case)| case["kind"] == "loss") {
        let checked = checked(&text(case, Place::Loss));
        let train = &checked.program.trains[0];
        let examples = examples(case);
        let mut inputs = named(case.get("inputs"));
        inputs.insert("unused".to_owned(), vec![0.0; examples]);
        let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
        if let Some(graph) = normalizer_graph(&train.evaluation, None) {
            with_normalizers += 1;
            for (input, values) in executed::<f32>(&graph, examples, &inputs, &Named::new()) {
                inputs.insert(input, vec![mean(&values)]);
            }
        }
        let got = executed::<f32>(&evaluation_graph(train, None), examples, &inputs, &Named::new());
        let mut found = Comparison { name: name.clone(), wrong: Vec::new(), worst: 0.0 };
        found.close("measured", Some(&vec![mean(&got["loss"])]), &numbers(&case["output"]), 1e-5);
        assert!(found.wrong.is_empty(), "{:?}", found.wrong);
    }
    assert!(with_normalizers >= 4, "{with_normalizers}");
}
