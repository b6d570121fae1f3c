//! `--tensorboard`: what is in the event files, read by a reader of our own, and by TensorBoard where it is installed.

use super::cli::nnrun;
use super::snapshot::repository;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Two trains, one of them in phases, with validation and test, a norm, a matrix and hypers of each kind.
const PROGRAM: &str = r#"
hyper width = 6
hyper act   = tanh
hyper deep  = false    # allow(L0106)
hyper kind  = "small"  # allow(L0106)

data d {
  let t = moons(60, noise: 0.1, seed: 1)
  field x = t[x0, x1]
  field y = t.label |> classes
  split: random(train: 60%, validation: 20%, test: 20%, seed: 1)
}

model Net(x: [2]) -> logits: [2] {
  x |> Dense(width) |> act |> Dense(2)
}

model Other(x: [2]) -> logits: [2] {
  x |> Dense(2)
}

train Net on d {
  loss: cross_entropy(logits, y)
  optimizer: Adam(lr: 1e-2)
  schedule: cosine
  clip: norm(1.0)
  batch: 10
  epochs: 4
  metrics: [accuracy, confusion]
}

train Other on d {
  loss: cross_entropy(logits, y)
  batch: 12
  phase one { epochs: 3; optimizer: SGD(lr: 0.1) }
  phase two { steps: 5; optimizer: SGD(lr: 0.01) }
}
"#;

fn folder(program: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.nn"), program).unwrap();
    folder
}

// ---- a reader ----

/// CRC-32C, bit by bit.
fn check_of(bytes: &[u8]) -> u32 {
    let mut check = !0u32;
    for byte in bytes {
        check ^= u32::from(*byte);
        for _ in 0..8 {
            check = if check & 1 == 1 { (check >> 1) ^ 0x82F6_3B78 } else { check >> 1 };
        }
    }
    let check = !check;
    check.rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// The records of a file. What is behind the last whole one was being written when the process ended.
fn records(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let mut rest = bytes.as_slice();
    let mut found = Vec::new();
    while rest.len() >= 12 {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        assert_eq!(u32::from_le_bytes(rest[8..12].try_into().unwrap()), check_of(&rest[..8]), "{}", path.display());
        if rest.len() < 16 + length {
            break;
        }
        let content = &rest[12..12 + length];
        let check = u32::from_le_bytes(rest[12 + length..16 + length].try_into().unwrap());
        assert_eq!(check, check_of(content), "{}", path.display());
        found.push(content.to_vec());
        rest = &rest[16 + length..];
    }
    found
}

#[derive(Debug, Clone)]
enum Field {
    Whole(u64),
    Double(f64),
    Float(f32),
    Bytes(Vec<u8>),
}

/// The fields of a message.
fn fields(message: &[u8]) -> Vec<(u64, Field)> {
    fn varint(rest: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (byte, behind) = rest.split_first().unwrap();
            *rest = behind;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }
    fn take<'b>(rest: &mut &'b [u8], count: usize) -> &'b [u8] {
        let (these, behind) = rest.split_at(count);
        *rest = behind;
        these
    }
    let mut rest = message;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let value = match key & 7 {
            0 => Field::Whole(varint(&mut rest)),
            1 => Field::Double(f64::from_le_bytes(take(&mut rest, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut rest) as usize;
                Field::Bytes(take(&mut rest, length).to_vec())
            }
            5 => Field::Float(f32::from_le_bytes(take(&mut rest, 4).try_into().unwrap())),
            other => panic!("wire type {other}"),
        };
        found.push((key >> 3, value));
    }
    found
}

/// What is at a path of field numbers, each that is repeated in order.
fn at(message: &[u8], path: &[u64]) -> Vec<Field> {
    let found = fields(message).into_iter().filter(|(field, _)| *field == path[0]).map(|(_, value)| value);
    match path.len() {
        1 => found.collect(),
        _ => found
            .flat_map(|value| if let Field::Bytes(inner) = value { at(&inner, &path[1..]) } else { vec![] })
            .collect(),
    }
}

fn text(message: &[u8], path: &[u64]) -> Option<String> {
    at(message, path).into_iter().find_map(|f| if let Field::Bytes(b) = f { String::from_utf8(b).ok() } else { None })
}

fn whole(message: &[u8], path: &[u64]) -> Option<u64> {
    at(message, path).into_iter().find_map(|f| if let Field::Whole(n) = f { Some(n) } else { None })
}

/// A folder of events in the shape that `read_tensorboard.py` prints: by tag, steps and numbers, or texts, or hypers.
fn read(folder: &Path) -> Value {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_string_lossy().contains("tfevents"));
    files.sort();
    let mut found: BTreeMap<String, Vec<(u64, Value)>> = BTreeMap::new();
    for path in &files {
        for (index, event) in records(path).iter().enumerate() {
            let time = at(event, &[1]);
            assert!(matches!(time.as_slice(), [Field::Double(t)] if *t > 1.6e9), "{time:?}");
            let step = whole(event, &[2]).unwrap();
            if index == 0 {
                assert_eq!(text(event, &[3]).unwrap(), "brain.Event:2");
                continue;
            }
            assert!(index > 1 || whole(event, &[7, 1]).is_some(), "{event:?}");
            if let Some(status) = whole(event, &[7, 1]) {
                assert_eq!((status, index), (1, 1), "a session begins where a file does");
                found.values_mut().for_each(|values| values.retain(|(of, _)| *of < step));
                continue;
            }
            for value in at(event, &[5, 1]) {
                let Field::Bytes(value) = value else { panic!("{value:?}") };
                let tag = text(&value, &[1]).unwrap();
                let told = match (at(&value, &[2]).as_slice(), text(&value, &[9, 1, 1]).as_deref()) {
                    ([Field::Float(x)], None) => json!([step, f64::from(*x)]),
                    ([], Some("text")) => json!(text(&value, &[8, 8]).unwrap()),
                    ([], Some("hparams")) if tag.ends_with("start_info") => {
                        let mut hypers = Map::new();
                        for entry in at(&value, &[9, 1, 2, 3, 1]) {
                            let Field::Bytes(entry) = entry else { panic!() };
                            let hyper = match at(&entry, &[2, 2]).as_slice() {
                                [Field::Double(x)] => json!(x),
                                _ => whole(&entry, &[2, 4])
                                    .map_or_else(|| json!(text(&entry, &[2, 3])), |is| json!(is == 1)),
                            };
                            hypers.insert(text(&entry, &[1]).unwrap(), hyper);
                        }
                        Value::Object(hypers)
                    }
                    ([], Some("hparams")) => json!(whole(&value, &[9, 1, 2, 4, 1])),
                    other => panic!("{tag}: {other:?}"),
                };
                found.entry(tag).or_default().push((step, told));
            }
        }
    }
    let values = found.into_iter().filter(|(_, values)| !values.is_empty()).map(|(tag, values)| {
        let values: Vec<Value> = values.into_iter().map(|(_, value)| value).collect();
        let is_plugin = tag.starts_with("_hparams_/");
        (tag, if is_plugin { values[0].clone() } else { Value::Array(values) })
    });
    Value::Object(values.collect())
}

/// All folders of events of a run, by their names in it.
fn read_all(run: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut folders = vec![run.join("tensorboard")];
    while let Some(folder) = folders.pop() {
        let inner = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(inner.filter(|path| path.is_dir()));
        let has_files = std::fs::read_dir(&folder).unwrap().any(|entry| entry.unwrap().path().is_file());
        if has_files {
            let name = folder.strip_prefix(run).unwrap().to_string_lossy().replace('\\', "/");
            found.insert(name, read(&folder));
        }
    }
    found
}

/// The events of a run, by train.
fn recorded(run: &Path) -> Vec<Vec<Value>> {
    let mut trains: Vec<Vec<Value>> = Vec::new();
    for line in std::fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["event"] == "start" {
            trains.push(Vec::new());
        }
        trains.last_mut().unwrap().push(event);
    }
    trains
}

fn single(x: &Value) -> Value {
    json!(f64::from(x.as_f64().unwrap() as f32))
}

/// What a train's events say of a measure: `split` is `train`, `validation`, or the event itself.
fn series(events: &[Value], kind: &str, split: Option<&str>, measure: &str) -> Value {
    let of_kind = events.iter().filter(|event| event["event"] == kind);
    let points = of_kind.map(|event| {
        let of = split.map_or(event, |split| &event[split]);
        json!([event.get("step").unwrap_or(&event["steps"]), single(&of[measure])])
    });
    points.collect()
}

#[test]
fn the_files_hold_what_the_record_of_the_run_does() {
    let folder = folder(PROGRAM);
    let arguments = ["net.nn", "--tensorboard", "--log-steps", "--out", "run", "--set", "act=relu"];
    let said = nnrun(folder.path(), &arguments).expect(0);
    assert!(said.out.contains("curves with tensorboard --logdir run\n"), "{}", said.out);
    let run = folder.path().join("run");
    let found = read_all(&run);
    let names = |number: usize| ["1-Net", "2-Other-one", "3-Other-two"][number];
    for (number, events) in recorded(&run).iter().enumerate() {
        let of = |split: &str| &found[&format!("tensorboard/{}/{split}", names(number))];
        assert_eq!(of("train")["step/loss"], series(events, "step", None, "loss"), "{number}");
        assert_eq!(of("train")["step/lr"], series(events, "step", None, "lr"));
        assert_eq!(of("train")["loss"], series(events, "epoch", Some("train"), "loss"));
        assert_eq!(of("validation")["loss"], series(events, "epoch", Some("validation"), "loss"));
        if number == 0 {
            assert_eq!(of("validation")["accuracy"], series(events, "epoch", Some("validation"), "accuracy"));
            assert_eq!(of("test")["accuracy"], series(events, "done", Some("test"), "accuracy"));
            assert_eq!(of("train")["step/gradient_norm"].as_array().unwrap().len(), 16);
            let counts = &events.last().unwrap()["test"]["confusion"]["counts"];
            let row = |at: usize| format!("| **{at}** | {} | {} |\n", counts[at][0], counts[at][1]);
            let table = format!("| true ↓ predicted → | 0 | 1 |\n|---|--:|--:|\n{}{}", row(0), row(1));
            assert_eq!(of("test")["confusion"], json!([table]));
            assert_eq!(of("validation")["confusion"].as_array().unwrap().len(), 4);
        } else {
            assert!(of("train").get("step/gradient_norm").is_none(), "nothing computes it there");
        }
    }
    assert!(!found.contains_key("tensorboard/2-Other-one/test"), "it is measured behind the last phase");
    let whole = &found["tensorboard"];
    let code: String = PROGRAM.lines().map(|line| format!("    {line}\n")).collect();
    assert_eq!(whole["program"], json!([code]));
    let hypers = json!({ "width": 6.0, "act": "relu", "deep": false, "kind": "small" });
    assert_eq!(whole["_hparams_/session_start_info"], hypers);
    assert_eq!(whole["_hparams_/session_end_info"], 1);
    assert_eq!(found.len(), 1 + 3 + 2 + 3);

    in_tensorboard(&run, &found);
}

#[test]
fn a_run_without_the_flag_has_none_and_a_single_train_no_folder_of_its_own() {
    let folder = folder(&PROGRAM[..PROGRAM.find("train Other").unwrap()]);
    let without = nnrun(folder.path(), &["net.nn", "--out", "without"]).expect(0);
    assert!(!folder.path().join("without/tensorboard").exists() && !without.out.contains("tensorboard"));
    let json = nnrun(folder.path(), &["train", "net.nn", "--out", "run", "--tensorboard", "--json"]).expect(0);
    assert!(json.out.lines().all(|line| line.starts_with('{')), "{}", json.out);
    let names: Vec<String> = read_all(&folder.path().join("run")).into_keys().collect();
    assert_eq!(names, ["tensorboard", "tensorboard/test", "tensorboard/train", "tensorboard/validation"]);
    let report = std::fs::read_to_string(folder.path().join("run/report.html")).unwrap();
    assert!(report.contains("nnrun train net.nn --tensorboard"), "it tells how to run it again");
}

#[test]
fn of_a_long_train_only_so_many_steps_are_told_as_can_be_seen() {
    let program = PROGRAM[..PROGRAM.find("train Other").unwrap()].replace("epochs: 4", "steps: 2500");
    let folder = folder(&program);
    nnrun(folder.path(), &["net.nn", "--tensorboard", "--out", "some"]).expect(0);
    nnrun(folder.path(), &["net.nn", "--tensorboard", "--out", "all", "--log-steps"]).expect(0);
    let steps =
        |run: &str| read(&folder.path().join(run).join("tensorboard/train"))["step/loss"].as_array().unwrap().clone();
    let (some, all) = (steps("some"), steps("all"));
    assert_eq!((some.len(), all.len()), (834, 2500));
    assert_eq!(some[..3].iter().map(|point| &point[0]).collect::<Vec<_>>(), [&json!(1), &json!(3), &json!(6)]);
    assert!(some.iter().all(|point| all.contains(point)));
}

/// Ended in the middle of any of its writing, and resumed: no step is there twice and none is missing.
#[test]
fn a_run_that_was_killed_and_resumed_shows_each_step_once() {
    let folder = folder(PROGRAM);
    nnrun(folder.path(), &["net.nn", "--tensorboard", "--out", "whole", "--threads", "1"]).expect(0);
    let wanted = read_all(&folder.path().join("whole"));
    let (mut began_again, mut was_cut) = (0, 0);
    for at in (21..).step_by(16) {
        let name = format!("run-{at}");
        let run = folder.path().join(&name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_nnrun"));
        command.current_dir(folder.path()).args(["net.nn", "-q", "--tensorboard", "--threads", "1", "--out", &name]);
        let ended = command.env("NN_FAULT", format!("kill:{at}")).stdin(Stdio::null()).output().unwrap();
        if ended.status.success() {
            break;
        }
        // It is readable to its last record, and the record before that which was cut is there.
        let left = if run.join("tensorboard").exists() { read_all(&run) } else { BTreeMap::new() };
        was_cut += usize::from(!left.is_empty());
        let resumed = nnrun(folder.path(), &["resume", &name, "--threads", "1", "-q"]);
        let was_finished = resumed.status == 2 && resumed.err.contains("E0814");
        assert!(resumed.status == 0 || was_finished, "{at}: {}", resumed.err);
        let mut found = read_all(&run);
        for tag in found.values_mut() {
            // Told again, of the same program.
            if let Some(program) = tag.get_mut("program").and_then(Value::as_array_mut) {
                program.dedup();
            }
        }
        if was_finished {
            // Killed behind all of its training.
            found.get_mut("tensorboard").unwrap()["_hparams_/session_end_info"] = json!(1);
        }
        assert_eq!(found, wanted, "{at}");
        began_again += usize::from(run.join("tensorboard/1-Net/train/events.out.tfevents.0002.nnrun").exists());
        in_tensorboard(&run, &found);
    }
    assert!(began_again > 1 && was_cut > 5, "{began_again}, {was_cut}");
}

#[test]
fn a_run_can_be_resumed_with_it_and_a_sweep_has_it_in_each_point() {
    let program = PROGRAM[..PROGRAM.find("train Other").unwrap()].to_owned();
    let folder = folder(&format!("{program}\nsweep {{\n  act: [tanh, relu]\n  best: min(validation.loss)\n}}\n"));
    nnrun(folder.path(), &["sweep", "net.nn", "--tensorboard", "--out", "sweep"]).expect(0);
    for (point, act) in [(1, "tanh"), (2, "relu")] {
        let found = read_all(&folder.path().join(format!("sweep/points/{point}")));
        assert_eq!(found["tensorboard"]["_hparams_/session_start_info"]["act"], act);
        assert!(!found.contains_key("tensorboard/test"), "a sweep leaves the test split alone");
    }

    let mut command = Command::new(env!("CARGO_BIN_EXE_nnrun"));
    command.current_dir(folder.path()).args(["net.nn", "-q", "--out", "run", "--threads", "1"]);
    command.env("NN_FAULT", "kill:45").stdin(Stdio::null()).output().unwrap();
    assert!(!folder.path().join("run/tensorboard").exists());
    nnrun(folder.path(), &["resume", "run", "--tensorboard"]).expect(0);
    let found = read_all(&folder.path().join("run"));
    let steps = found["tensorboard/train"]["step/loss"].as_array().unwrap();
    let last = steps.last().unwrap()[0].as_u64().unwrap();
    assert!(last == 16 && steps.len() < 16, "from where it went on, {steps:?}");
}

#[test]
fn a_run_that_diverged_shows_its_last_step() {
    let program = PROGRAM[..PROGRAM.find("train Other").unwrap()].replace("Adam(lr: 1e-2)", "SGD(lr: 1e30)");
    let folder = folder(&program.replace("clip: norm(1.0)", "clip: value(1e30)").replace("|> act", "|> exp"));
    nnrun(folder.path(), &["net.nn", "-q", "--tensorboard", "--log-steps", "--out", "run"]).expect(4);
    let run = folder.path().join("run");
    let found = read_all(&run);
    let trains = recorded(&run);
    let diverged = trains[0].last().unwrap();
    assert_eq!(diverged["event"], "diverged");
    let steps: Vec<&Value> = trains[0].iter().filter(|event| event["event"] == "step").collect();
    let last = found["tensorboard/train"]["step/loss"].as_array().unwrap().last().unwrap();
    assert_eq!(last[0], steps.last().unwrap()["step"]);
    assert_eq!(found["tensorboard"]["_hparams_/session_end_info"], 2, "a failure");
}

// ---- TensorBoard's own reader ----

/// Says it past the capture of the test harness, which would swallow it.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What TensorBoard reads is what ours does. Without it the comparison is skipped, and says so.
fn in_tensorboard(run: &Path, wanted: &BTreeMap<String, Value>) {
    let python = std::env::var("NNRUN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = Command::new(&python).args(["-c", "import tensorboard"]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        say(&format!("skipped: event files in TensorBoard ({python} with tensorboard is not here)"));
        return;
    }
    let script = repository("tests/reference/read_tensorboard.py");
    let output = Command::new(&python).arg(script).arg(run).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    for tags in found.values_mut() {
        if let Some(program) = tags.get_mut("program").and_then(Value::as_array_mut) {
            program.dedup();
        }
    }
    // Of a tag whose values are all done again, it keeps the name.
    for tags in found.values_mut().filter_map(Value::as_object_mut) {
        tags.retain(|_, values| values.as_array().is_none_or(|values| !values.is_empty()));
    }
    for (name, tags) in wanted {
        let found = found.remove(name).unwrap_or_else(|| panic!("{name} is missing"));
        let (mut found, mut tags) = (found, tags.clone());
        let end = "_hparams_/session_end_info";
        if tags.get(end).is_some() != found.get(end).is_some() {
            for tags in [&mut found, &mut tags] {
                tags.as_object_mut().unwrap().remove(end);
            }
        }
        assert_eq!(found, tags, "{name}");
    }
    assert!(found.is_empty(), "{found:?}");
}
