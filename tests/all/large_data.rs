//! Training on data of which not all is in memory.

use nnrun::check::{Checked, Overrides, check_file};
use nnrun::data::Limits;
use nnrun::train::{Event, Observer, Outcome, Resumable, ResumeOptions, RunOptions, Silent, run};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// Sorted by class, as files often are: blocks of one class each.
fn folder(ragged: bool, shuffle: bool) -> (TempDir, Checked) {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "id,a,b,kind\n".to_owned();
    for i in 0..4000u32 {
        let (class, noise) = (i / 1334, f64::from(i * 7919 % 1000) / 1000.0);
        let id = i / (3 + i % 2);
        text +=
            &format!("{id},{},{},{}\n", f64::from(class) * 2.0 + noise, noise, ["low", "mid", "top"][class as usize]);
    }
    std::fs::write(folder.path().join("t.csv"), text).unwrap();
    let (source, field, target) = match ragged {
        true => ("csv(\"t.csv\") |> sequences(by: id)", "x: [T, 2]", "t.kind |> first |> classes"),
        false => ("csv(\"t.csv\")", "x: [2]", "t.kind |> classes"),
    };
    let body = if ragged { "x |> RNN(8) |> last |> Dense(3)" } else { "x |> Dense(16) |> tanh |> Dense(3)" };
    let program = format!(
        "data d {{
  let t = {source}
  field x = t[a, b] |> standardize
  field kind = {target}
  split: random(train: 80%, validation: 10%, test: 10%, seed: 2)
}}
model Net({field}) -> logits: [3] {{ {body} }}
train Net on d {{
  loss: cross_entropy(logits, kind)
  optimizer: Adam(lr: 0.01)
  epochs: 3
  batch: 32
  shuffle: {shuffle}
  metrics: [accuracy]
}}
"
    );
    let path = folder.path().join("net.nn");
    std::fs::write(&path, program).unwrap();
    let checked = check_file(&path, &Overrides::default()).unwrap();
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    (folder, checked)
}

/// Blocks of about 30 examples, of which a window has five.
const SMALL: Limits = Limits { source: 1000, fields: 4000, block: 400, window: 2000 };

fn options(out: &Path, limits: Limits, threads: usize) -> RunOptions {
    RunOptions { out: Some(out.to_owned()), limits, threads, ..RunOptions::default() }
}

fn weights(run: &Path) -> Vec<u8> {
    std::fs::read(run.join("model.safetensors")).unwrap()
}

fn accuracy(outcome: &Outcome) -> f64 {
    let measures = outcome.trains[0].measures.splits.iter().find(|(split, _)| split.name() == "test").unwrap();
    measures.1.to_json()["accuracy"].as_f64().unwrap()
}

#[test]
fn without_a_shuffle_nothing_depends_on_where_values_lie() {
    for ragged in [false, true] {
        let (folder, checked) = folder(ragged, false);
        let [memory, file] = [("memory", Limits::USUAL), ("file", SMALL)].map(|(name, limits)| {
            let out = folder.path().join(name);
            run(&checked, &options(&out, limits, 2), &mut Silent).unwrap();
            weights(&out)
        });
        assert!(memory == file, "ragged: {ragged}");
    }
}

#[test]
fn examples_in_a_file_are_shuffled_well_and_alike_on_any_number_of_threads() {
    for ragged in [false, true] {
        let (folder, checked) = folder(ragged, true);
        let of = |name: &str, limits, threads| {
            let out = folder.path().join(name);
            let outcome = run(&checked, &options(&out, limits, threads), &mut Silent).unwrap();
            (weights(&out), accuracy(&outcome))
        };
        let (memory, one, two) = (of("memory", Limits::USUAL, 1), of("one", SMALL, 1), of("two", SMALL, 2));
        assert!(one.0 == two.0 && one.0 != memory.0, "ragged: {ragged}");
        assert!(one.1 > 0.9 && memory.1 > 0.9, "{} and {}", one.1, memory.1);
    }
}

struct StopsAfter(u64, Arc<AtomicBool>);

impl Observer for StopsAfter {
    fn event(&mut self, event: &Event) {
        if let Event::Step(_) = event {
            self.0 = self.0.saturating_sub(1);
            self.1.store(self.0 == 0, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_run_on_data_in_a_file_goes_on_as_if_it_had_not_stopped() {
    let (folder, checked) = folder(false, true);
    let whole = folder.path().join("whole");
    run(&checked, &options(&whole, SMALL, 1), &mut Silent).unwrap();
    for steps in [3, 50, 100, 130, 299] {
        let out = folder.path().join(format!("stopped-{steps}"));
        let interrupt = Arc::new(AtomicBool::new(false));
        let stopped = RunOptions { interrupt: Arc::clone(&interrupt), ..options(&out, SMALL, 1) };
        assert_eq!(run(&checked, &stopped, &mut StopsAfter(steps, interrupt)).unwrap().exit_status(), 130);
        let (checked, resumable) = Resumable::open(&out).map_err(|failed| failed.error).unwrap();
        let options = ResumeOptions { limits: SMALL, ..ResumeOptions::default() };
        resumable.go_on(&checked, &options, &mut Silent).unwrap();
        assert!(weights(&out) == weights(&whole), "after {steps} steps");
    }
}
