//! The same program, data and seed give the same bytes: twice, for any number of threads, with everything that draws
//! or sums over the batch.

use nnrun::check::{Checked, Overrides, check_text};
use nnrun::train::{Event, Observer, PredictOptions, RunOptions, predict, run};
use std::fmt::Write;
use std::path::Path;

/// Wide enough that products, sums and draws are shared out among threads.
const PROGRAM: &str = "
data points {
  let t      = csv(\"points.csv\")
  field x    = t[a .. d] |> standardize
  field kind = t.kind |> classes
  split: random(train: 80%, validation: 10%, test: 10%, stratify: kind, seed: 3)
}

model Noisy(x: [4]) -> logits: [3] {
  let h = x |> Dense(257) |> BatchNorm |> relu |> Dropout(0.3)
  let noise = if training { normal([257]) } else { zeros([257]) }
  h + 0.1 * noise |> residual { LayerNorm |> Dense(257) |> gelu |> dropout(0.2) } |> Dense(3)
}

train Noisy on points {
  loss:          cross_entropy(logits, kind, label_smoothing: 0.1)
  optimizer:     AdamW(lr: 1e-2)
  schedule:      warmup(3 steps) then cosine(to: 1e-4)
  class_weights: balanced
  clip:          norm(0.5)
  epochs:        4
  batch:         48
  metrics:       [accuracy, f1, confusion]
  keep:          best(validation.loss)
}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("a,b,c,d,kind\n");
    for i in 0..230 {
        let wave = |step: f64| (f64::from(i) * step).sin();
        let [a, b, c, d] = [1.3, 2.9, 0.7, 4.1].map(wave);
        // Classes of different sizes.
        let kind = ["ash", "birch", "cedar"][usize::from(a > 0.5) + usize::from(b > 0.8)];
        writeln!(text, "{a:.3},{b:.3},{c:.3},{d:.3},{kind}").unwrap();
    }
    std::fs::write(folder.path().join("points.csv"), text).unwrap();
    folder
}

fn check(folder: &Path, program: &str) -> Checked {
    let checked = check_text(&folder.join("noisy.nn"), program, &Overrides::default());
    assert!(!checked.has_errors(), "{}", super::ui::rendered(&checked));
    checked
}

#[derive(Default)]
struct Steps(Vec<(u64, u64)>);

impl Observer for Steps {
    fn event(&mut self, event: &Event) {
        if let Event::Step(step) = event {
            self.0.push((step.loss.to_bits(), step.lr.to_bits()));
        }
    }
}

/// What a run leaves: weights, what was fitted, what was measured (its seconds aside), the bits of every step's loss.
#[derive(PartialEq)]
struct Left {
    weights: Vec<u8>,
    fitted: Vec<u8>,
    measured: Vec<serde_json::Value>,
    steps: Vec<(u64, u64)>,
}

impl Left {
    /// The numbers of the weights, without the header that names the source they come from.
    fn tensors(&self) -> &[u8] {
        let length = u64::from_le_bytes(self.weights[..8].try_into().unwrap()) as usize;
        &self.weights[8 + length..]
    }
}

fn left(checked: &Checked, runs: &Path, threads: usize) -> Left {
    let options = RunOptions { runs: runs.to_owned(), threads, ..RunOptions::default() };
    let mut steps = Steps::default();
    let outcome = run(checked, &options, &mut steps).unwrap_or_else(|error| panic!("{error}"));
    let read = |name: &str| std::fs::read(outcome.directory.join(name)).unwrap();
    let log = String::from_utf8(read("metrics.jsonl")).unwrap();
    let measured = log.lines().map(|line| {
        let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in ["seconds", "run", "threads"] {
            event.as_object_mut().unwrap().remove(key);
        }
        event
    });
    let measured = measured.collect();
    Left { weights: read("model.safetensors"), fitted: read("fitted.json"), measured, steps: steps.0 }
}

#[test]
fn runs_are_the_same_to_the_bit_for_any_number_of_threads() {
    let folder = folder();
    let checked = check(folder.path(), PROGRAM);
    let runs = folder.path().join("runs");
    let first = left(&checked, &runs, 1);
    assert_eq!(first.steps.len(), 16, "184 examples are 4 batches, the last one smaller");
    for threads in [1, 2, 3, 7] {
        let again = left(&checked, &runs, threads);
        assert_eq!(first.steps, again.steps, "{threads} threads");
        assert_eq!(first.measured, again.measured, "{threads} threads");
        assert!(first == again, "{threads} threads");
    }
}

#[test]
fn seeds_matter_and_nothing_else_of_the_text() {
    let folder = folder();
    let runs = folder.path().join("runs");
    let first = left(&check(folder.path(), PROGRAM), &runs, 1);
    let commented = PROGRAM.replace("train Noisy", "# the same\n\ntrain Noisy");
    let same = left(&check(folder.path(), &commented), &runs, 1);
    assert_eq!(first.steps, same.steps, "a comment changes nothing");
    assert!(first.tensors() == same.tensors() && first.measured == same.measured);
    let seeded = PROGRAM.replace("  epochs:  ", "  seed:          43\n  epochs:  ");
    assert!(first.tensors() != left(&check(folder.path(), &seeded), &runs, 1).tensors(), "another seed, other draws");
}

/// Measures during a run do not change the run.
#[test]
fn what_is_watched_does_not_change_what_is_learned() {
    let folder = folder();
    let runs = folder.path().join("runs");
    let without = |from: &str| from.replace("  keep:          best(validation.loss)\n", "");
    let program = without(PROGRAM);
    let first = left(&check(folder.path(), &program), &runs, 1);
    let watched = program.replace("  metrics:   ", "  validate:      1 steps\n  metrics:   ");
    let watched = left(&check(folder.path(), &watched), &runs, 2);
    assert_eq!(first.steps, watched.steps);
    assert!(first.tensors() == watched.tensors());
    let other = program.replace("  metrics:       [accuracy, f1, confusion]\n", "");
    assert!(first.tensors() == left(&check(folder.path(), &other), &runs, 2).tensors());
}

/// A row is predicted the same wherever it stands and whatever stands around it.
#[test]
fn a_prediction_does_not_depend_on_its_neighbours() {
    let folder = folder();
    let checked = check(folder.path(), PROGRAM);
    let options = RunOptions { runs: folder.path().join("runs"), ..RunOptions::default() };
    let outcome = run(&checked, &options, &mut Steps::default()).unwrap_or_else(|error| panic!("{error}"));
    let text = std::fs::read_to_string(folder.path().join("points.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let predicted = |name: &str, rows: &[&str]| -> Vec<String> {
        let (input, output) = (folder.path().join(name), folder.path().join(format!("{name}.out.csv")));
        std::fs::write(&input, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        let options = PredictOptions { model: None, input, output: output.clone(), batch: None, threads: 1 };
        predict(&outcome.directory, &options).unwrap_or_else(|error| panic!("{error:?}"));
        std::fs::read_to_string(output).unwrap().lines().skip(1).map(str::to_owned).collect()
    };
    let whole = predicted("whole.csv", &rows);
    let backwards: Vec<&str> = rows.iter().rev().copied().collect();
    let mut turned = predicted("backwards.csv", &backwards);
    turned.reverse();
    assert_eq!(whole, turned);
    // A product of another shape may sum in another order: the last digit is not promised.
    for (name, range) in [("few.csv", 70..77), ("one.csv", 13..14)] {
        for (wanted, found) in whole[range.clone()].iter().zip(predicted(name, &rows[range])) {
            for (wanted, found) in wanted.split(',').zip(found.split(',')) {
                let close = match (wanted.parse::<f64>(), found.parse::<f64>()) {
                    (Ok(wanted), Ok(found)) => (wanted - found).abs() <= 1e-5 * wanted.abs().max(0.01),
                    _ => wanted == found,
                };
                assert!(close, "{found} instead of {wanted} in {name}");
            }
        }
    }
}
