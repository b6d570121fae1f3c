//! A process that ends at any moment of its writing, and a disk that is full from any moment on: nothing is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// Two trains and two phases of one model, with checkpoints at each epoch, of which more are written than are kept.
const PROGRAM: &str = "data d {
  let t = moons(60, noise: 0.1, seed: 1)
  field x = t[x0, x1]
  field y = t.label |> classes
  split: random(train: 50%, validation: 50%, seed: 1)
}

model Net(x: [2]) -> logits: [2] {
  x |> Dense(6) |> tanh |> Dense(2)
}

train Net on d {
  loss: cross_entropy(logits, y)
  optimizer: Adam(lr: 1e-2)
  batch: 10
  keep: best(validation.loss)
  phase one { epochs: 5 }
  phase two { epochs: 3; freeze: [dense1] }
}
";

struct Ended {
    status: Option<i32>,
    err: String,
}

fn nnrun(folder: &Path, arguments: &[&str], fault: Option<&str>) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nnrun"));
    command.current_dir(folder).args(arguments).args(["--threads", "1"]).stdin(Stdio::null());
    match fault {
        Some(fault) => command.env("NN_FAULT", fault),
        None => command.env_remove("NN_FAULT"),
    };
    let output = command.output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!err.contains("panicked"), "{arguments:?}, {fault:?}: {err}");
    Ended { status: output.status.code(), err }
}

/// What a run leaves: its weights, and what happened but for the time that it took. Where it was resumed it starts anew.
fn left(run: &Path) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(run).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!name.ends_with(".part"), "{name} was left over");
        if name.ends_with(".safetensors") {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let events = text.lines().filter(|line| !line.contains("\"event\":\"start\"")).map(|line| {
        let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
        event.as_object_mut().unwrap().shift_remove("seconds");
        event.to_string()
    });
    (files, events.collect())
}

fn faults(kind: &str, first: u64, every: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.nn"), PROGRAM).unwrap();
    assert_eq!(nnrun(folder.path(), &["net.nn", "--out", "whole"], None).status, Some(0));
    let wanted = left(&folder.path().join("whole"));
    let mut at = first;
    loop {
        let name = format!("run-{at}");
        let run = folder.path().join(&name);
        let fault = format!("{kind}:{at}");
        let ended = nnrun(folder.path(), &["net.nn", "--out", &name], Some(&fault));
        let is_whole = ended.status == Some(0);
        match kind {
            "kill" => assert!(is_whole || ended.status.is_none(), "{fault}: {}", ended.err),
            _ => assert!(
                is_whole || ended.status == Some(1) && ended.err.contains("the disk is full"),
                "{fault}: {}",
                ended.err
            ),
        }
        if !is_whole {
            // Before it has said what it is, nothing was done that could be lost.
            if run.join("run.json").exists() {
                let resumed = nnrun(folder.path(), &["resume", &name], None);
                // All was done, and only the last word of it is missing: that is a finished run.
                let is_finished = resumed.status == Some(2) && resumed.err.contains("E0814");
                assert!(resumed.status == Some(0) || is_finished, "{fault}: {}", resumed.err);
            } else {
                assert!(!run.join("checkpoints").exists(), "{fault}");
                assert_eq!(nnrun(folder.path(), &["net.nn", "--out", &format!("{name}-anew")], None).status, Some(0));
                std::fs::rename(folder.path().join(format!("{name}-anew")), &run)
                    .or_else(|_| {
                        std::fs::remove_dir_all(&run)?;
                        std::fs::rename(folder.path().join(format!("{name}-anew")), &run)
                    })
                    .unwrap();
            }
        }
        assert_eq!(left(&run), wanted, "{fault}");
        std::fs::remove_dir_all(&run).unwrap();
        if is_whole {
            return at;
        }
        at += every;
    }
}

/// Every third moment from each of three on, so that several are looked at at once.
fn all(kind: &'static str) {
    let threads = [1, 2, 3].map(|first| std::thread::spawn(move || faults(kind, first, 3)));
    let ends = threads.map(|thread| thread.join().unwrap());
    assert!(ends.iter().all(|end| *end > 60), "{ends:?} moments are fewer than there must be");
}

#[test]
fn a_process_that_ends_at_any_moment_of_writing_is_resumed() {
    all("kill");
}

#[test]
fn a_disk_that_is_full_from_any_moment_on_loses_nothing() {
    all("full");
}
