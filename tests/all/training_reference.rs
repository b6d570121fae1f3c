//! Whole trainings against PyTorch: the same initial weights, the same rows, the same losses step by step.

use nnrun::check::{Overrides, check_file};
use nnrun::data::Split;
use nnrun::train::{Event, Observer, RunOptions, run};
use serde_json::Value;
use std::path::{Path, PathBuf};

#[derive(Default)]
struct Losses {
    losses: Vec<f64>,
    rates: Vec<f64>,
}

impl Observer for Losses {
    fn event(&mut self, event: &Event) {
        if let Event::Step(step) = event {
            self.losses.push(step.loss);
            self.rates.push(step.lr);
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/training")
}

/// 1e-5 at the first step, 1e-3 at the fiftieth, and in between what lies between on a logarithmic scale.
fn tolerance(step: usize) -> f64 {
    1e-5 * 100f64.powf(step as f64 / 49.0)
}

/// The sums of the weights that were left.
fn compare_sums(name: &str, run: &Path, sums: &Value, wanders: &dyn Fn(&str) -> bool, failures: &mut Vec<String>) {
    let bytes = std::fs::read(run.join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for (path, wanted) in sums.as_object().unwrap() {
        let (tensor, wanted) = (file.tensor(path).unwrap(), wanted.as_f64().unwrap());
        let (got, count) = match tensor.dtype() {
            safetensors::Dtype::I64 => (i64::from_le_bytes(tensor.data().try_into().unwrap()) as f64, 1),
            _ => {
                let numbers = tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
                (numbers.clone().map(f64::from).sum::<f64>(), numbers.count())
            }
        };
        if !wanders(path) && (got - wanted).abs() > 1e-3 * wanted.abs().max((count as f64).sqrt() * 0.1) {
            failures.push(format!("{name}, in the end: {path} sums up to {got} instead of {wanted}"));
        }
    }
    let counters = file.names().iter().filter(|n| n.ends_with("num_batches_tracked")).count();
    assert_eq!(sums.as_object().unwrap().len(), file.len() - counters, "{name}");
}

#[test]
fn losses_are_those_of_pytorch() {
    let mut compared = 0;
    let mut failures = Vec::new();
    let mut programs: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    programs.retain(|path| path.extension().is_some_and(|e| e == "nn"));
    programs.sort();
    for program in programs {
        let name = program.file_stem().unwrap().to_string_lossy().into_owned();
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(program.with_extension("json")).unwrap()).unwrap();
        let checked = check_file(&program, &Overrides::default()).unwrap();
        assert!(!checked.has_errors(), "{name}: {:#?}", checked.diagnostics);
        let root = tempfile::tempdir().unwrap();
        let options = RunOptions {
            init: Some(folder().join(expected["init"].as_str().unwrap())),
            runs: root.path().to_owned(),
            ..RunOptions::default()
        };
        let mut losses = Losses::default();
        let outcome = run(&checked, &options, &mut losses);
        let outcome = outcome.unwrap_or_else(|error| panic!("{name}: {error} {:?}", error.notes()));
        let numbers =
            |key: &str| -> Vec<f64> { expected[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
        let (wanted, rates) = (numbers("losses"), numbers("lrs"));
        assert!(wanted.len() >= 50 && losses.losses.len() >= 50, "{name}: {} steps", losses.losses.len());
        for (step, (got, wanted)) in losses.rates.iter().zip(&rates).enumerate() {
            if (got - wanted).abs() > 1e-6 * wanted.abs() {
                failures.push(format!("{name}, step {}: the rate {got} instead of {wanted}", step + 1));
                break;
            }
        }
        // The gradient of a bias in front of a BatchNorm is 0 but for rounding, which Adam makes into steps of full
        // length: where that bias and the running mean go, and so the measures, differs between any two programs.
        let wanders = |path: &str| name == "batch_norm" && ["dense1.bias", "batch_norm1.running_mean"].contains(&path);
        let slack = if name == "batch_norm" { 2e-2 } else { 1e-3 };
        let measured = outcome.trains[0].measures.get(Split::Train).unwrap();
        for (metric, wanted) in expected["after"]["evaluation"].as_object().unwrap() {
            let (got, wanted) = (measured.number(metric).unwrap(), wanted.as_f64().unwrap());
            if (got - wanted).abs() > slack * wanted.abs() {
                failures.push(format!("{name}, in the end: {metric} is {got} instead of {wanted}"));
            }
        }
        compare_sums(&name, &outcome.directory, &expected["after"]["sums"], &wanders, &mut failures);
        for (step, (got, wanted)) in losses.losses.iter().zip(&wanted).take(50).enumerate() {
            let error = (got - wanted).abs() / wanted.abs();
            if error > tolerance(step) {
                failures.push(format!("{name}, step {}: {got} instead of {wanted} ({error:.1e})", step + 1));
                break;
            }
        }
        compared += 1;
    }
    assert!(compared >= 15, "only {compared} trainings were found");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
