//! Runs that are stopped, in whatever way, and resumed: they end as if they had never been stopped.

use nnrun::check::{Checked, Overrides, check_file};
use nnrun::train::{Event, NotResumable, Observer, Resumable, ResumeOptions, RunError, RunOptions, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Everything that a loop has to remember: shuffling, dropout, statistics, momentum, a schedule that watches the loss,
/// the best weights, averages of weights, patience, several trains of which one goes on with the weights of another, in phases.
const PROGRAM: &str = r#"
data spirals {
  let t       = spirals(300, classes: 3, noise: 0.1, seed: 1)
  field x     = t[x0, x1]
  field label = t.label |> classes
  split: random(train: 70%, validation: 15%, test: 15%, seed: 7)
}

model First(x: [2]) -> logits: [3] {
  x |> Dense(24) |> BatchNorm |> relu |> Dropout(0.1) |> Dense(3)
}

model Second(x: [2]) -> logits: [3] {
  x |> Dense(8) |> tanh |> Dense(3)
}

train First on spirals {
  loss:      cross_entropy(logits, label)
  optimizer: Adam(lr: 2e-2)
  schedule:  warmup(5 steps) then plateau(factor: 0.5, patience: 1 epoch)
  epochs:    EPOCHS
  batch:     16
  accumulate: 2
  ema:       0.8
  group ["*.bias"] { lr: 1e-2; betas: [0.8, 0.99] }
  metrics:   [accuracy]
  augment:   { x: noise(0.01) }
  keep:      best(validation.loss)
  seed:      3
}

train Second on spirals {
  loss:      cross_entropy(logits, label)
  optimizer: SGD(lr: 0.1, momentum: 0.9)
  steps:     60
  validate:  25 steps
  batch:     32
  stop:      patience(validation.loss, 50 steps)
}

train First on spirals {
  loss:      cross_entropy(logits, label)
  batch:     50
  phase last { freeze: [dense1, batch_norm1]; epochs: 2; optimizer: Adam(lr: 1e-2); keep: best(train.loss) }
  phase all  { epochs: 1; optimizer: AdamW(lr: 1e-3) }
}

expect {
  parameters > 10
}
"#;

fn folder(epochs: u64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.nn");
    std::fs::write(&path, PROGRAM.replace("EPOCHS", &epochs.to_string())).unwrap();
    (folder, path)
}

fn checked(path: &Path) -> Checked {
    let checked = check_file(path, &Overrides::default()).unwrap();
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    checked
}

fn options(out: &Path) -> RunOptions {
    RunOptions { out: Some(out.to_owned()), threads: 2, ..RunOptions::default() }
}

/// Asks the run to end after so many of its steps, over all trains.
struct StopsAfter {
    steps: u64,
    flag: Arc<AtomicBool>,
}

impl Observer for StopsAfter {
    fn event(&mut self, event: &Event) {
        if let Event::Step(_) = event {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 {
                self.flag.store(true, Ordering::SeqCst);
            }
        }
    }
}

struct Steps(u64);

impl Observer for Steps {
    fn event(&mut self, event: &Event) {
        self.0 += u64::from(matches!(event, Event::Step(_)));
    }
}

/// The weights of both models, and the events without what depends on the clock or says where the run was.
fn result(run: &Path) -> (Vec<u8>, Vec<u8>, Vec<Value>) {
    let weights = |name: &str| std::fs::read(run.join(name)).unwrap();
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let events = text.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        let object = event.as_object_mut().unwrap();
        object.shift_remove("seconds");
        object.shift_remove("run");
        event
    });
    // Where it was resumed a train begins again.
    let events = events.filter(|event| event["event"] != "start");
    (weights("First.safetensors"), weights("Second.safetensors"), events.collect())
}

fn resume(run: &Path, interrupt: Arc<AtomicBool>, observer: &mut dyn Observer) -> Result<u8, RunError> {
    let (checked, resumable) = Resumable::open(run).map_err(|failed| failed.error)?;
    assert_eq!(resumable.troubles(), [] as [String; 0]);
    let options = ResumeOptions { interrupt, ..ResumeOptions::default() };
    resumable.go_on(&checked, &options, observer).map(|outcome| outcome.exit_status())
}

#[test]
fn an_interrupted_run_ends_with_the_same_bytes_wherever_it_was_interrupted() {
    let (folder, path) = folder(6);
    let checked = checked(&path);
    let mut steps = Steps(0);
    let whole = folder.path().join("whole");
    assert_eq!(run(&checked, &options(&whole), &mut steps).unwrap().exit_status(), 0);
    let wanted = result(&whole);
    // Within an epoch, at its end (7 steps), in each of the trains, behind the last step of one and of all.
    for stop in [1, 5, 7, 14, 20, 41, 42, 43, 60, 67, 68, 92, 101, steps.0 - 2] {
        let out = folder.path().join(format!("stopped-{stop}"));
        let flag = Arc::new(AtomicBool::new(false));
        let mut observer = StopsAfter { steps: stop, flag: Arc::clone(&flag) };
        let stopped = RunOptions { interrupt: flag, ..options(&out) };
        assert_eq!(run(&checked, &stopped, &mut observer).unwrap().exit_status(), 130, "after {stop} steps");
        assert_eq!(resume(&out, Arc::default(), &mut Steps(0)).unwrap(), 0, "after {stop} steps");
        let (first, second, events) = result(&out);
        assert!(first == wanted.0 && second == wanted.1, "after {stop} steps the weights are others");
        assert_eq!(events, wanted.2, "after {stop} steps");
    }
}

#[test]
fn a_run_may_be_interrupted_again_and_again() {
    let (folder, path) = folder(6);
    let checked = checked(&path);
    let whole = folder.path().join("whole");
    run(&checked, &options(&whole), &mut Steps(0)).unwrap();
    let out = folder.path().join("stopped");
    let mut times = 0;
    let mut status = 130;
    while status == 130 {
        let flag = Arc::new(AtomicBool::new(false));
        let mut observer = StopsAfter { steps: 5, flag: Arc::clone(&flag) };
        status = match times {
            0 => run(&checked, &RunOptions { interrupt: flag, ..options(&out) }, &mut observer).unwrap().exit_status(),
            _ => resume(&out, flag, &mut observer).unwrap(),
        };
        times += 1;
    }
    assert!(times > 15, "{times}");
    assert_eq!(result(&out), result(&whole));
}

#[test]
fn the_checkpoint_before_will_do_where_the_newest_is_broken() {
    let (folder, path) = folder(6);
    let checked = checked(&path);
    let whole = folder.path().join("whole");
    run(&checked, &options(&whole), &mut Steps(0)).unwrap();
    // Within the last train, which goes on with the weights of the first: its own beginning is a checkpoint.
    let out = folder.path().join("stopped");
    let flag = Arc::new(AtomicBool::new(false));
    let mut observer = StopsAfter { steps: 105, flag: Arc::clone(&flag) };
    run(&checked, &RunOptions { interrupt: flag, ..options(&out) }, &mut observer).unwrap();
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(out.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let newest = names.last().unwrap();
    assert_eq!(newest.file_name().unwrap(), "3-00000003.safetensors");
    let bytes = std::fs::read(newest).unwrap();
    std::fs::write(newest, &bytes[..bytes.len() / 2]).unwrap();
    let (checked, resumable) = Resumable::open(&out).unwrap();
    assert!(resumable.troubles()[0].ends_with("3-00000003.safetensors is passed over: it is not whole"));
    let options = ResumeOptions::default();
    resumable.go_on(&checked, &options, &mut Steps(0)).unwrap();
    assert_eq!(result(&out), result(&whole));
}

/// Stops in the third train, which goes on with the weights of the first, and takes its checkpoints away.
fn without_checkpoints(folder: &Path, path: &Path) -> PathBuf {
    let out = folder.join("stopped");
    let flag = Arc::new(AtomicBool::new(false));
    let mut observer = StopsAfter { steps: 105, flag: Arc::clone(&flag) };
    run(&checked(path), &RunOptions { interrupt: flag, ..options(&out) }, &mut observer).unwrap();
    std::fs::remove_dir_all(out.join("checkpoints")).unwrap();
    out
}

#[test]
fn weights_that_are_gone_are_not_made_up() {
    let (folder, path) = folder(6);
    // The interrupted train has saved what it made of them.
    let out = without_checkpoints(folder.path(), &path);
    let (checked, resumable) = Resumable::open(&out).unwrap();
    let options = ResumeOptions::default();
    let error = resumable.go_on(&checked, &options, &mut Steps(0)).unwrap_err();
    let RunError::NotResumable { why: NotResumable::OtherWeights { file }, .. } = &error else { panic!("{error:?}") };
    assert!(file.ends_with("First.safetensors"), "{error}");
    assert!(!error.diagnostics().is_empty() || !error.notes().is_empty());
}

#[test]
fn a_checkpoint_that_cannot_be_read_stays() {
    let (folder, path) = folder(6);
    let out = folder.path().join("stopped");
    let flag = Arc::new(AtomicBool::new(false));
    let mut observer = StopsAfter { steps: 20, flag: Arc::clone(&flag) };
    run(&checked(&path), &RunOptions { interrupt: flag, ..options(&out) }, &mut observer).unwrap();
    let later = out.join("checkpoints/1-00000021.safetensors");
    std::fs::write(&later, "of another nnrun").unwrap();
    let (_, resumable) = Resumable::open(&out).unwrap();
    assert_eq!(resumable.troubles().len(), 1);
    assert!(later.exists());
}

#[test]
fn comments_and_spaces_of_the_copy_may_change() {
    let (folder, path) = folder(6);
    let checked = checked(&path);
    let whole = folder.path().join("whole");
    run(&checked, &options(&whole), &mut Steps(0)).unwrap();
    let out = folder.path().join("stopped");
    for (stop, comment) in [(20, "# one\n"), (15, "# and another\n\n")] {
        let flag = Arc::new(AtomicBool::new(false));
        let mut observer = StopsAfter { steps: stop, flag: Arc::clone(&flag) };
        let status = match out.exists() {
            true => resume(&out, flag, &mut observer).unwrap(),
            false => {
                run(&checked, &RunOptions { interrupt: flag, ..options(&out) }, &mut observer).unwrap().exit_status()
            }
        };
        assert_eq!(status, 130);
        let copy = out.join("model.nn");
        let text = std::fs::read_to_string(&copy).unwrap();
        std::fs::write(&copy, format!("{comment}{}", text.replace("batch:     32", "batch: 32"))).unwrap();
    }
    assert_eq!(resume(&out, Arc::default(), &mut Steps(0)).unwrap(), 0);
    assert_eq!(result(&out), result(&whole));
}

/// What an earlier nnrun wrote lacks what it did not know.
#[test]
fn a_record_of_an_earlier_nnrun_is_read() {
    let (folder, path) = folder(6);
    let out = folder.path().join("stopped");
    let flag = Arc::new(AtomicBool::new(false));
    let mut observer = StopsAfter { steps: 60, flag: Arc::clone(&flag) };
    run(&checked(&path), &RunOptions { interrupt: flag, ..options(&out) }, &mut observer).unwrap();
    let record = out.join("run.json");
    let mut value: Value = serde_json::from_str(&std::fs::read_to_string(&record).unwrap()).unwrap();
    let object = value.as_object_mut().unwrap();
    for key in ["train", "init", "expect", "log_steps", "start_weights"] {
        assert!(object.shift_remove(key).is_some(), "{key}");
    }
    for train in object["trains"].as_array_mut().unwrap() {
        for key in ["facts", "events", "fingerprint"] {
            assert!(train.as_object_mut().unwrap().shift_remove(key).is_some(), "{key}");
        }
    }
    std::fs::write(&record, value.to_string()).unwrap();
    assert!(nnrun::train::program_of(&out).is_ok());
    assert!(Resumable::open(&out).is_ok());
}

fn refusal(run: &Path) -> RunError {
    Resumable::open(run).map(|_| ()).unwrap_err().error
}

#[test]
fn what_cannot_go_on_is_refused_with_the_reason() {
    let (folder, path) = folder(4);
    let checked = checked(&path);
    let out = folder.path().join("run");
    let flag = Arc::new(AtomicBool::new(false));
    let mut observer = StopsAfter { steps: 10, flag: Arc::clone(&flag) };
    run(&checked, &RunOptions { interrupt: flag, ..options(&out) }, &mut observer).unwrap();

    let copy = out.join("model.nn");
    let text = std::fs::read_to_string(&copy).unwrap();
    std::fs::write(&copy, text.replace("Dense(24)", "Dense(25)").replace("2e-2", "1e-2")).unwrap();
    let RunError::NotResumable { why: NotResumable::OtherProgram { differences }, .. } = refusal(&out) else {
        panic!("{:?}", refusal(&out));
    };
    assert_eq!(
        differences,
        [
            "First dense1: units 24 → 25, line 10",
            "First batch_norm1: parameters 48 → 50, line 10",
            "First dense2: parameters 75 → 78, line 10",
            "train First: optimizer Adam(lr: 2e-2) → Adam(lr: 1e-2), line 19",
        ]
    );
    std::fs::write(&copy, text).unwrap();

    let held = Resumable::open(&out).unwrap();
    assert!(matches!(refusal(&out), RunError::RunGoesOn { .. }));
    drop(held);

    assert_eq!(resume(&out, Arc::default(), &mut Steps(0)).unwrap(), 0);
    let RunError::NotResumable { why: NotResumable::Finished, .. } = refusal(&out) else {
        panic!("{:?}", refusal(&out));
    };
    assert!(matches!(refusal(&folder.path().join("nothing")), RunError::NotARun { .. }));
}

#[test]
fn other_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("t.csv");
    let rows: Vec<String> = (0..64).map(|i| format!("{i},{}", 2 * i)).collect();
    std::fs::write(&table, format!("a,y\n{}\n", rows.join("\n"))).unwrap();
    let path = folder.path().join("line.nn");
    std::fs::write(
        &path,
        "data d {\n  let t = csv(\"t.csv\")\n  field x = t[a] |> standardize\n  field y = t.y |> standardize\n}\n\
         model Line(x: [1]) -> out: float { x |> Dense(1) |> squeeze }\n\
         train Line on d {\n  loss: mse(out, y)\n  optimizer: SGD(lr: 0.1)\n  epochs: 9\n  batch: 8\n}\n",
    )
    .unwrap();
    let checked = checked(&path);
    let out = folder.path().join("run");
    let flag = Arc::new(AtomicBool::new(false));
    let mut observer = StopsAfter { steps: 10, flag: Arc::clone(&flag) };
    run(&checked, &RunOptions { interrupt: flag, ..options(&out) }, &mut observer).unwrap();
    std::fs::write(&table, format!("a,y\n{}\n", rows.join("\n").replace("63,126", "63,127"))).unwrap();
    let RunError::NotResumable { why: NotResumable::OtherData { files }, .. } = refusal(&out) else {
        panic!("{:?}", refusal(&out));
    };
    assert_eq!(files, [table]);
}

/// A process with a run, from outside.
struct Process {
    child: std::process::Child,
}

impl Process {
    fn start(folder: &Path, arguments: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nnrun"));
        command.current_dir(folder).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        Process { child: command.spawn().unwrap() }
    }

    /// The exit status; none where it did not end in this time and was killed.
    fn end_within(mut self, time: Duration) -> Option<i32> {
        let end = Instant::now() + time;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            if Instant::now() >= end {
                // SIGKILL: nothing can be saved any more.
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_run_is_resumed_from_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..64).map(|i| format!("{i},{}", 2 * i)).collect();
    std::fs::write(folder.path().join("t.csv"), format!("a,y\n{}\n", rows.join("\n"))).unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(
        folder.path().join("line.nn"),
        "data d {\n  let t = csv(\"t.csv\")\n  field x = t[a] |> standardize\n  field y = t.y |> standardize\n}\n\
         model Line(x: [1]) -> out: float { x |> Dense(1) |> squeeze }\n\
         train Line on d {\n  loss: mse(out, y)\n  optimizer: SGD(lr: 0.1)\n  epochs: 200000\n  batch: 8\n}\n",
    )
    .unwrap();
    let killed = Process::start(folder.path(), &["line.nn"]).end_within(Duration::from_millis(700));
    assert_eq!(killed, None);
    // The link with a slash behind it, as a shell completes it; the run before has not got so far as to be named by it.
    for named in ["../runs/line/1", "../runs/line/1/"] {
        let resumed = Process::start(&folder.path().join("sub"), &["resume", named]);
        assert_eq!(resumed.end_within(Duration::from_millis(500)), None, "it goes on until it is killed");
    }
}

/// `NN_KILLS=50 cargo test --test all resuming` kills so many runs.
#[test]
fn a_killed_run_ends_with_the_same_bytes_however_often_it_was_killed() {
    let kills: u64 = std::env::var("NN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let (folder, _) = folder(150);
    let began = Instant::now();
    let whole = Process::start(folder.path(), &["run", "program.nn", "--out", "whole"]);
    assert_eq!(whole.end_within(Duration::from_secs(300)), Some(0));
    let took = began.elapsed();
    let wanted = result(&folder.path().join("whole"));
    // Moments spread over the run, the same in every test.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut moment = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        took.mul_f64(0.05 + 0.9 * (random >> 33) as f64 / f64::from(1u32 << 31))
    };
    let (mut killed, mut resumed) = (0, 0);
    for started in 0.. {
        if killed >= kills {
            break;
        }
        // A machine that has become quiet ends some before they are killed; each has a name of its own all the same.
        assert!(started < 20 * kills, "{killed} of {started} runs could be killed");
        let name = format!("killed-{started}");
        let out = folder.path().join(&name);
        let mut status = Process::start(folder.path(), &["run", "program.nn", "--out", &name]).end_within(moment());
        while status.is_none() {
            killed += 1;
            // Killed before it had said what it is.
            if !out.join("run.json").exists() {
                break;
            }
            resumed += 1;
            status = Process::start(folder.path(), &["resume", &name]).end_within(moment());
        }
        match status {
            None => continue,
            Some(0) => {}
            // It was killed when everything was written, its page too.
            Some(status) => {
                let record = std::fs::read_to_string(out.join("run.json")).unwrap();
                assert!(status == 2 && record.contains("\"status\": \"finished\""), "{name}: {status}\n{record}");
            }
        }
        let (first, second, events) = result(&out);
        assert!(first == wanted.0 && second == wanted.1, "{name}: the weights are others");
        assert_eq!(events, wanted.2, "{name}");
    }
    assert!(resumed > 0);
    println!("{killed} kills, {resumed} resumed, each ended with the same bytes");
}
