//! Instructions in bands: found where they pay, the same bits on all numbers of threads and where blocks are computed again.

use super::cli::nnrun;
use super::recompute::weights;
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::train::{RunOptions, Silent, run};
use std::path::Path;

const TRANSFORMER: (&str, &str) = (
    "[32, 64]",
    "block Attend(heads)(x: [T, D]) -> [T, D] {
  x |> residual { LayerNorm |> SelfAttention(heads, causal: true) }
    |> residual { LayerNorm |> Dense(4 * D) |> gelu |> Dense(D) }
}
model Net(x: [32, 64]) -> logits: [5] { x |> repeat 2 { Attend(heads: 2) } |> mean(axis: 0) |> Dense(5) }",
);

const CONVOLUTIONS: (&str, &str) = (
    "[1, 32, 64]",
    "block Stage(width)(x: [C, H, W]) -> [width, H / 2, W / 2] {
  x |> Conv2d(width, kernel: 3, padding: same) |> relu |> MaxPool2d(2)
}
model Net(x: [1, 32, 64]) -> logits: [5] { x |> Stage(16) |> Stage(16) |> Flatten |> Dense(5) }",
);

/// A training of a model on batches of so many, with what else its settings are.
fn program((shape, model): (&str, &str), batch: usize, more: &str) -> String {
    format!(
        "data noise {{
  let numbers = random(64, features: 2048, seed: 1)
  let labels  = random(64, classes: 5, seed: 2)
  field x     = numbers[x0 .. x2047] |> reshape({shape})
  field kind  = labels.x0 |> classes
}}
{model}
train Net on noise {{
  loss:      cross_entropy(logits, kind)
  optimizer: Adam(lr: 1e-3)
  batch:     {batch}
  epochs:    2
  {more}
}}
"
    )
}

fn checked(text: &str) -> Checked {
    let checked = check_text(Path::new("examples/example.nn"), text, &Overrides::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    checked
}

/// The numbers of all weights that a program leaves, as bytes.
fn trained(text: &str, threads: usize) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let options = RunOptions { out: Some(out.clone()), threads, ..RunOptions::default() };
    run(&checked(text), &options, &mut Silent).unwrap();
    weights(&out)
}

#[test]
fn large_batches_are_run_in_bands() {
    let folder = tempfile::tempdir().unwrap();
    for (model, batch, count) in [(TRANSFORMER, 32, 8), (CONVOLUTIONS, 32, 16), (TRANSFORMER, 2, 0)] {
        std::fs::write(folder.path().join("model.nn"), program(model, batch, "")).unwrap();
        let plan = nnrun(folder.path(), &["check", "model.nn", "--emit", "plan"]).expect(0).out;
        let bands = format!("{count} bands of ");
        assert_eq!(plan.contains(" bands of "), count > 0, "{plan}");
        assert!(count == 0 || plan.contains(&bands) && plan.contains(" in the band"), "{plan}");
    }
}

#[test]
fn bits_are_the_same_on_all_numbers_of_threads() {
    for model in [TRANSFORMER, CONVOLUTIONS] {
        let text = program(model, 32, "");
        let alone = trained(&text, 1);
        assert!(alone == trained(&text, 2) && alone == trained(&text, 5), "{text}");
    }
}

#[test]
fn blocks_that_are_computed_again_are_so_to_the_last_bit() {
    for model in [TRANSFORMER, CONVOLUTIONS] {
        let [kept, again] = ["", "recompute: blocks"].map(|more| trained(&program(model, 32, more), 2));
        assert!(kept == again, "{model:?}");
    }
}
