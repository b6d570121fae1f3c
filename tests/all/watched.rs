//! Runs that are watched: how large their gradients are is told, they can be asked to stop behind an epoch, and what is
//! trained is the same.

use nnrun::check::{Checked, Overrides, check_text};
use nnrun::train::{Event, Gradients, Observer, Resumable, ResumeOptions, RunOptions, Stopped, run};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Draws, statistics, augmentation, weights of classes: all that a second pass could get wrong or change.
const PROGRAM: &str = r#"
data spirals {
  let t       = spirals(210, classes: 3, noise: 0.1, seed: 1)
  field x     = t[x0, x1]
  field label = t.label |> classes
  split: random(train: 70%, validation: 15%, test: 15%, seed: 7)
}

model Net(x: [2]) -> logits: [3] {
  x |> Dense(24) |> BatchNorm |> relu |> Dropout(0.3) |> Dense(3)
}

train Net on spirals {
  loss:      cross_entropy(logits, label)
  class_weights: balanced
  optimizer: Adam(lr: 2e-2)
  epochs:    EPOCHS
  batch:     16
  clip:      norm(0.5)
  augment:   { x: noise(0.05) }
  metrics:   [accuracy]
  keep:      best(validation.loss)
  MORE
}

train Net on spirals {
  phase last { loss: cross_entropy(logits, label); batch: 50; freeze: [dense1]; epochs: 2; optimizer: SGD(lr: 1e-2) }
}
"#;

fn checked(epochs: u64, more: &str) -> Checked {
    let text = PROGRAM.replace("EPOCHS", &epochs.to_string()).replace("MORE", more);
    let checked = check_text(Path::new("program.nn"), &text, &Overrides::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    checked
}

fn options(out: &Path) -> RunOptions {
    RunOptions { out: Some(out.to_owned()), threads: 2, ..RunOptions::default() }
}

/// The norm that the step itself computes, beside what was found by looking; by train.
#[derive(Default)]
struct Heard {
    norm: Option<f64>,
    found: Vec<(Option<f64>, Gradients)>,
    steps: usize,
    /// The step in which it asks the run to end, if in any.
    last: usize,
    interrupt: Arc<AtomicBool>,
}

impl Observer for Heard {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Step(step) => {
                self.norm = step.gradient_norm;
                self.steps += 1;
                if self.steps == self.last {
                    self.interrupt.store(true, Ordering::SeqCst);
                }
            }
            Event::Gradients(found) => self.found.push((self.norm, found.clone())),
            _ => {}
        }
    }
}

/// The weights, and the record without what depends on the clock or says where the run was.
fn result(run: &Path) -> (Vec<u8>, Vec<serde_json::Value>) {
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let events = text.lines().map(|line| {
        let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
        let object = event.as_object_mut().unwrap();
        object.shift_remove("seconds");
        object.shift_remove("run");
        event
    });
    (std::fs::read(run.join("model.safetensors")).unwrap(), events.filter(|event| event["event"] != "start").collect())
}

#[test]
fn looking_at_gradients_finds_those_of_the_step_and_changes_nothing() {
    for more in ["", "accumulate: 2"] {
        let folder = tempfile::tempdir().unwrap();
        let checked = checked(3, more);
        let (alone, watched) = (folder.path().join("alone"), folder.path().join("watched"));
        run(&checked, &options(&alone), &mut nnrun::train::Silent).unwrap();
        let mut heard = Heard::default();
        let looking = RunOptions { gradients: Some(Duration::ZERO), ..options(&watched) };
        run(&checked, &looking, &mut heard).unwrap();
        assert!(result(&alone) == result(&watched), "{more}: it is not the same run");

        // All steps but the first of each train, and the norm that clipping computes.
        assert_eq!(heard.found.len(), heard.steps - 2, "{more}");
        let mut compared = 0;
        for (norm, found) in &heard.found {
            let total = found.norms.iter().map(|(_, norm)| norm * norm).sum::<f64>().sqrt();
            let Some(norm) = norm else { continue };
            assert!((total - norm).abs() <= 1e-5 * norm, "{more}, step {}: {total} and {norm}", found.step);
            compared += 1;
        }
        assert!(compared > 10, "{more}: {compared}");
        let paths: Vec<&str> = heard.found[0].1.norms.iter().map(|(path, _)| &**path).collect();
        let all =
            ["dense1.weight", "dense1.bias", "batch_norm1.weight", "batch_norm1.bias", "dense2.weight", "dense2.bias"];
        assert_eq!(paths, all, "{more}");
        let frozen = &heard.found.last().unwrap().1;
        assert!(frozen.norms.iter().all(|(path, norm)| !path.starts_with("dense1") && *norm > 0.0), "{frozen:?}");
    }
}

#[test]
fn sequences_of_different_length_can_be_looked_at() {
    let path = super::snapshot::repository("examples/vowels_lstm.nn");
    let checked = nnrun::check::check_file(&path, &Overrides { epochs: Some(1), ..Overrides::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // A few steps see batches of several lengths.
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut heard = Heard { last: 6, interrupt: Arc::clone(&interrupt), ..Heard::default() };
    let looking =
        RunOptions { gradients: Some(Duration::ZERO), interrupt, expect: false, ..options(&folder.path().join("run")) };
    run(&checked, &looking, &mut heard).unwrap();
    assert_eq!((heard.steps, heard.found.len()), (6, 5));
    assert!(heard.found.iter().flat_map(|(_, found)| &found.norms).all(|(_, norm)| norm.is_finite() && *norm > 0.0));
}

#[test]
fn what_there_is_no_memory_for_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut heard = Heard::default();
    // Less than the process holds already, but enough for what the trains say that they need.
    let looking = RunOptions {
        gradients: Some(Duration::ZERO),
        memory_limit: Some(4 << 20),
        ..options(&folder.path().join("run"))
    };
    run(&checked(2, ""), &looking, &mut heard).unwrap();
    if !cfg!(target_os = "linux") {
        return;
    }
    assert_eq!(heard.found.len(), 2, "once a train");
    for (_, found) in heard.found {
        assert!(found.norms.is_empty() && found.missing.is_some_and(|why| why.contains("memory")));
    }
}

/// Asks to stop behind the epoch, in this step of the run.
struct Asks {
    in_step: u64,
    pause: Arc<AtomicBool>,
}

impl Observer for Asks {
    fn event(&mut self, event: &Event) {
        if matches!(event, Event::Step(_)) {
            self.in_step = self.in_step.wrapping_sub(1);
            if self.in_step == 0 {
                self.pause.store(true, Ordering::SeqCst);
            }
        }
    }
}

#[test]
fn a_run_that_is_asked_to_stop_behind_an_epoch_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let checked = checked(4, "");
    let whole = folder.path().join("whole");
    run(&checked, &options(&whole), &mut nnrun::train::Silent).unwrap();
    // 147 examples: ten steps an epoch. Within the first, at the end of one, in the last of the first train, whose end
    // is that of the epoch, and in the second train.
    for (in_step, epochs) in [(1, vec![1]), (10, vec![1]), (15, vec![2]), (35, vec![4, 0]), (41, vec![4, 1])] {
        let out = folder.path().join(format!("asked-{in_step}"));
        let pause = Arc::new(AtomicBool::new(false));
        let asked = RunOptions { pause: Arc::clone(&pause), ..options(&out) };
        let outcome = run(&checked, &asked, &mut Asks { in_step, pause }).unwrap();
        let stopped: Vec<u64> = outcome.trains.iter().map(|train| train.epochs).collect();
        assert_eq!(stopped, epochs, "in step {in_step}");
        let last = outcome.trains.last().unwrap();
        assert_eq!((last.stopped, outcome.exit_status()), (Some(Stopped::Paused), 130), "in step {in_step}");
        let is_test_left = last.measures.get(nnrun::data::Split::Test).is_none();
        assert!(is_test_left, "the test split is measured once, at the end");

        let (checked, resumable) = Resumable::open(&out).unwrap();
        let options = ResumeOptions { threads: 2, ..ResumeOptions::default() };
        let outcome = resumable.go_on(&checked, &options, &mut nnrun::train::Silent).unwrap();
        assert_eq!(outcome.exit_status(), 0);
        let (weights, events) = result(&out);
        let wanted = result(&whole);
        assert!(weights == wanted.0, "asked in step {in_step}, the weights are others");
        // Behind the stop there is the word of it; all else is as it would have been.
        let told: Vec<_> = events.into_iter().filter(|event| event["stopped"] != "paused").collect();
        assert_eq!(told, wanted.1, "asked in step {in_step}");
    }
}
