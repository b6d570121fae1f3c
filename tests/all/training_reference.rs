//! Whole trainings against PyTorch: the same initial weights, the same rows, the same losses step by step.

use nnrun::check::{Overrides, check_file};
use nnrun::train::{Event, Observer, RunOptions, run};
use serde_json::Value;
use std::path::{Path, PathBuf};

struct Losses(Vec<f64>);

impl Observer for Losses {
    fn event(&mut self, event: &Event) {
        if let Event::Step(step) = event {
            self.0.push(step.loss);
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

#[test]
fn losses_are_those_of_pytorch() {
    let mut compared = 0;
    let mut failures = Vec::new();
    let mut programs: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
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
        let mut losses = Losses(Vec::new());
        run(&checked, &options, &mut losses).unwrap_or_else(|error| panic!("{name}: {error} {:?}", error.notes()));
        let wanted: Vec<f64> = expected["losses"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        assert!(wanted.len() >= 50 && losses.0.len() >= 50, "{name}: {} steps", losses.0.len());
        for (step, (got, wanted)) in losses.0.iter().zip(&wanted).take(50).enumerate() {
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
