//! The real binary, as a script would use it: exit statuses, events, files.

use super::snapshot::repository;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const XOR: &str = "\
hyper units = 8

data xor {
  let t   = rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], columns: [a, b, y])
  field x = t[a, b]
  field y = t.y |> classes
}

model Xor(x: [2]) -> logits: [2] {
  x |> Dense(units) |> tanh |> Dense(2)
}

train Xor on xor {
  loss:      cross_entropy(logits, y)
  optimizer: Adam(lr: 0.05)
  epochs:    100
  batch:     4
  metrics:   [accuracy]
}

expect {
  parameters == 42
  train.accuracy == 1
}
";

/// What a command came to.
pub struct Ended {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Every line of standard output as an object.
    fn events(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }

    #[track_caller]
    pub fn expect(self, status: i32) -> Ended {
        assert_eq!(self.status, status, "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }
}

pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nnrun"));
    command.current_dir(folder).args(arguments).env_remove("NO_COLOR").env_remove("COLUMNS").env("TERM", "dumb");
    command
}

pub fn nnrun(folder: &Path, arguments: &[&str]) -> Ended {
    let output = command(folder, arguments).stdin(Stdio::null()).output().unwrap();
    Ended {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder with `xor.nn`, changed as `replace` says.
fn folder(replace: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = replace.iter().fold(XOR.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    std::fs::write(folder.path().join("xor.nn"), text).unwrap();
    folder
}

/// A folder with the iris example and its data.
fn iris() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("data/tabular")).unwrap();
    std::fs::copy(repository("examples/iris.nn"), folder.path().join("iris.nn")).unwrap();
    let table = "data/tabular/iris.csv";
    std::fs::copy(repository("examples").join(table), folder.path().join(table)).unwrap();
    folder
}

#[test]
fn a_run_that_keeps_its_word_ends_with_0() {
    let folder = folder(&[]);
    let run = nnrun(folder.path(), &["xor.nn"]).expect(0);
    assert!(run.out.contains("✓ parameters == 42"), "{}", run.out);
    assert!(run.out.contains("runs/xor/1"), "{}", run.out);
    assert_eq!(run.err, "");
    for file in ["model.safetensors", "metrics.jsonl"] {
        assert!(folder.path().join("runs/xor/1").join(file).is_file(), "{file}");
    }
}

#[test]
fn plain_progress_is_about_fifteen_lines() {
    let folder = folder(&[]);
    let run = nnrun(folder.path(), &["run", "xor.nn"]).expect(0);
    let lines = run.out.lines().filter(|l| l.trim_start().starts_with("epoch")).count();
    assert!((10..=20).contains(&lines), "{lines} lines:\n{}", run.out);
    assert!(run.out.contains("100/100"), "{}", run.out);
}

#[test]
fn a_wrong_program_ends_with_1() {
    let folder = folder(&[("tanh", "tahn")]);
    for arguments in [&["xor.nn"][..], &["check", "xor.nn"], &["summary", "xor.nn"], &["train", "xor.nn"]] {
        let run = nnrun(folder.path(), arguments).expect(1);
        assert_eq!(run.out, "", "diagnostics go to standard error");
        assert!(run.err.contains("tanh"), "{}", run.err);
    }
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let folder = folder(&[]);
    let cases: &[&[&str]] = &[
        &[],
        &["xor"],
        &["missing.nn"],
        &["."],
        &["xor.nn", "--epochs", "0"],
        &["xor.nn", "--epochs", "many"],
        &["xor.nn", "--threads", "0"],
        &["xor.nn", "--set", "units"],
        &["xor.nn", "--set", "unit=3"],
        &["xor.nn", "--colour"],
        &["chekc", "xor.nn"],
        &["explain", "Dens"],
        &["check"],
        &["eval", "xor.nn"],
    ];
    for arguments in cases {
        let run = nnrun(folder.path(), arguments).expect(2);
        assert_eq!(run.out, "", "{arguments:?}");
        assert!(!run.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_failed_expectation_ends_with_3() {
    let folder = folder(&[("parameters == 42", "parameters < 10")]);
    let run = nnrun(folder.path(), &["xor.nn"]).expect(3);
    assert!(run.out.contains("✗ parameters < 10"), "{}", run.out);
    // Where all should be quiet it is still told what failed, and only there.
    let quiet = nnrun(folder.path(), &["--quiet", "xor.nn"]).expect(3);
    assert_eq!(quiet.out, "");
    assert!(quiet.err.contains("✗ parameters < 10"), "{}", quiet.err);
    // Training alone asks for nothing.
    nnrun(folder.path(), &["train", "xor.nn"]).expect(0);
    nnrun(folder.path(), &["test", "xor.nn"]).expect(3);
}

#[test]
fn divergence_ends_with_4() {
    let folder = folder(&[("Adam(lr: 0.05)", "SGD(lr: 1e30)"), ("|> tanh", "|> exp")]);
    let run = nnrun(folder.path(), &["xor.nn"]).expect(4);
    assert!(run.err.contains("E09"), "{}", run.err);
}

/// What goes wrong in a step of a scan is told with the line in its body.
#[test]
fn divergence_in_a_scan_names_the_line_in_the_body() {
    let program = "data d {
  let t = rows([[4, 1, 0], [4, 9, 1]], columns: [a, b, y])
  field x = t[a, b]
  field y = t.y
}

model Net(x: [2]) -> out: float {
  weight w: [] = full(1)
  let hs = scan x as xt, h = 9 {
    let rest = h - xt
    w * sqrt(rest)
  }
  last(hs)
}

train Net on d {
  loss:      mse(out, y)
  optimizer: SGD(lr: 0.001)
  epochs:    1
}
";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.nn"), program).unwrap();
    let run = nnrun(folder.path(), &["net.nn"]).expect(4);
    assert!(run.err.contains("net.nn:11:9"), "{}", run.err);
    assert!(run.err.contains("a square root of -6.764 at step 1"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130_and_saved_weights() {
    let folder = folder(&[("epochs:    100", "epochs:    100000000")]);
    let mut child =
        command(folder.path(), &["xor.nn", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        lines.next().unwrap().unwrap();
    }
    // Twice at once, as it comes through `timeout`: that is one request, and the weights are saved.
    let twice = format!("kill -INT {0}; kill -INT {0}", child.id());
    Command::new("sh").args(["-c", &twice]).stderr(Stdio::null()).status().unwrap();
    let last = lines.last().unwrap().unwrap();
    let status = child.wait().unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(status.code(), Some(130), "{err}");
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(last["event"], "done");
    assert_eq!(last["stopped"], "interrupted");
    assert!(folder.path().join("runs/xor/1/model.safetensors").is_file());
}

#[test]
fn events_are_those_of_the_contract() {
    let folder = folder(&[]);
    let run = nnrun(folder.path(), &["xor.nn", "--json", "--epochs", "5", "--seed", "7"]);
    let events = run.events();
    let names: Vec<&str> = events.iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(names.iter().filter(|n| **n == "epoch").count(), 5);
    assert_eq!(names.first(), Some(&"start"));
    assert_eq!(names.iter().filter(|n| **n == "expect").count(), 2);
    assert_eq!(names.iter().filter(|n| **n == "done").count(), 1);
    let keys = |event: &str| -> Vec<String> {
        let object = events.iter().find(|e| e["event"] == event).unwrap().as_object().unwrap();
        object.keys().cloned().collect()
    };
    assert_eq!(keys("start"), ["event", "train", "parameters", "seed", "threads", "run"]);
    assert_eq!(keys("epoch"), ["event", "epoch", "step", "lr", "train", "seconds"]);
    assert_eq!(keys("expect"), ["event", "expect", "ok", "value"]);
    assert_eq!(keys("done"), ["event", "epochs", "steps", "test", "stopped", "seconds"]);
    assert_eq!(events[0]["seed"], 7);
    assert_eq!(events[0]["run"], "runs/xor/1");

    let steps = nnrun(folder.path(), &["xor.nn", "--json", "--epochs", "5", "--log-steps"]).events();
    let step = steps.iter().find(|e| e["event"] == "step").unwrap();
    let keys: Vec<&String> = step.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["event", "epoch", "step", "loss", "lr"]);
}

#[test]
fn one_of_several_trains_is_run_alone() {
    let second = XOR.split_once("model Xor").unwrap().1.split_once("expect").unwrap().0;
    let second = format!("model Xor{second}").replace("Xor", "Other");
    let facts = "expect {\n  Xor.parameters == 42\n  Other.parameters == 42\n}\n";
    let text = format!("{}{second}{facts}", XOR.split_once("expect").unwrap().0);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("two.nn"), text).unwrap();
    let short = ["two.nn", "--epochs", "2"];
    let run = |more: &[&str]| nnrun(folder.path(), &[&["run"], &short[..], more].concat());

    let alone = run(&["--train", "Other", "--json"]).expect(0).events();
    let of = |event: &str| alone.iter().filter(|e| e["event"] == event).collect::<Vec<_>>();
    assert_eq!((of("start").len(), &of("start")[0]["train"]), (1, &Value::from("Other")));
    assert_eq!((of("expect").len(), &of("expect")[0]["expect"]), (1, &Value::from("Other.parameters == 42")));
    let weights = |n: &str| {
        let found = std::fs::read_dir(folder.path().join("runs/two").join(n)).unwrap();
        let names = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".safetensors")).collect();
        names.sort();
        names
    };
    assert_eq!(weights("1"), ["Other.safetensors"]);
    // What was not trained is not measured either.
    let measured = nnrun(folder.path(), &["eval", "two.nn"]).expect(0);
    assert!(measured.out.contains("Other") && !measured.out.contains("Xor"), "{}", measured.out);

    run(&[]).expect(0);
    assert_eq!(weights("2"), ["Other.safetensors", "Xor.safetensors"]);
    let unknown = run(&["--train", "Nobody"]).expect(2);
    assert!(unknown.err.contains("there is no train of `Nobody`"), "{}", unknown.err);
    assert!(unknown.err.contains("`Xor`") && unknown.err.contains("`Other`"), "{}", unknown.err);
    assert!(!folder.path().join("runs/two/3").exists());
}

#[test]
fn runs_are_never_overwritten() {
    let folder = folder(&[]);
    for n in ["1", "2", "3"] {
        nnrun(folder.path(), &["train", "xor.nn", "--epochs", "2", "--quiet"]).expect(0);
        assert!(folder.path().join("runs/xor").join(n).join("model.safetensors").is_file());
    }
    let latest = std::fs::canonicalize(folder.path().join("runs/xor/latest")).unwrap();
    assert!(latest.ends_with("runs/xor/3"), "{}", latest.display());

    nnrun(folder.path(), &["train", "xor.nn", "--epochs", "2", "--out", "here"]).expect(0);
    let before = std::fs::read(folder.path().join("here/model.safetensors")).unwrap();
    let again = nnrun(folder.path(), &["train", "xor.nn", "--epochs", "3", "--out", "here"]).expect(2);
    assert!(again.err.contains("here"), "{}", again.err);
    assert_eq!(std::fs::read(folder.path().join("here/model.safetensors")).unwrap(), before);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let folder = iris();
    let weights = |out: &str, threads: &str| {
        let arguments = ["train", "iris.nn", "--epochs", "3", "--quiet", "--out", out, "--threads", threads];
        nnrun(folder.path(), &arguments).expect(0);
        std::fs::read(folder.path().join(out).join("model.safetensors")).unwrap()
    };
    let first = weights("a", "1");
    assert!(weights("b", "1") == first, "two runs differ");
    assert!(weights("c", "2") == first, "threads change the result");
}

#[test]
fn weights_are_a_place_to_start_from() {
    let folder = folder(&[]);
    nnrun(folder.path(), &["train", "xor.nn", "--out", "first", "--quiet"]).expect(0);
    let arguments = ["xor.nn", "--init", "first/model.safetensors", "--epochs", "1", "--json"];
    let run = nnrun(folder.path(), &arguments).expect(0);
    let epoch = run.events().into_iter().find(|e| e["event"] == "epoch").unwrap();
    assert_eq!(epoch["train"]["accuracy"], 1.0, "it has learned already");

    let arguments = ["xor.nn", "--set", "units=9", "--init", "first/model.safetensors"];
    let run = nnrun(folder.path(), &arguments).expect(1);
    assert!(run.err.contains("dense1.weight"), "{}", run.err);
    nnrun(folder.path(), &["xor.nn", "--init", "nowhere.safetensors"]).expect(1);
}

#[test]
fn hypers_are_set_from_the_command_line() {
    let folder = folder(&[("  parameters == 42\n", "")]);
    let run = nnrun(folder.path(), &["xor.nn", "--set", "units=16", "--json"]).expect(0);
    assert_eq!(run.events()[0]["parameters"], 82);
}

#[test]
fn a_run_in_place_of_a_program_is_known() {
    let folder = folder(&[]);
    nnrun(folder.path(), &["train", "xor.nn"]).expect(0);
    let ended = nnrun(folder.path(), &["predict", "runs/xor/1", "--stdin"]).expect(2);
    assert!(ended.err.contains("`--from`") && ended.err.contains("`model.nn`"), "{}", ended.err);
}

#[test]
fn a_trained_model_is_measured_again_and_predicts() {
    let folder = iris();
    let run = nnrun(folder.path(), &["iris.nn", "--json"]).expect(0);
    let done = run.events().into_iter().find(|e| e["event"] == "done").unwrap();
    let eval = nnrun(folder.path(), &["eval", "iris.nn", "--split", "test", "--json"]).expect(0);
    assert_eq!(eval.events()[0]["measures"], done["test"], "the same weights give the same measures");
    nnrun(folder.path(), &["eval", "iris.nn", "--split", "validation"]).expect(2);

    // The columns stand in another order, one is not needed, and the class is not there.
    let new = "id,petal_width_cm,petal_length_cm,sepal_width_cm,sepal_length_cm\n\
               a,0.2,1.4,3.5,5.1\nb,2.5,6.0,3.3,6.3\nc,0.3,1.3,3.0,4.9\n";
    std::fs::write(folder.path().join("new.csv"), new).unwrap();
    let arguments = ["predict", "iris.nn", "--from", "runs/iris/1", "--input", "new.csv", "--output", "out.csv"];
    nnrun(folder.path(), &arguments).expect(0);
    let text = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[1].contains("setosa") && lines[2].contains("virginica") && lines[3].contains("setosa"), "{text}");

    let wrong = ["predict", "iris.nn", "--input", "absent.csv", "--output", "out.csv"];
    nnrun(folder.path(), &wrong).expect(2);
    std::fs::write(folder.path().join("short.csv"), "sepal_length_cm\n5.1\n").unwrap();
    let wrong = ["predict", "iris.nn", "--input", "short.csv", "--output", "short_out.csv"];
    let run = nnrun(folder.path(), &wrong).expect(1);
    assert!(run.err.contains("sepal_width_cm"), "{}", run.err);
    let wrong = ["predict", "iris.nn", "--input", "new.csv", "--output", "new.csv"];
    nnrun(folder.path(), &wrong).expect(2);
    assert_eq!(std::fs::read_to_string(folder.path().join("new.csv")).unwrap(), new);
}

#[test]
fn what_is_wrong_with_new_data_is_told_of_the_file() {
    let folder = iris();
    nnrun(folder.path(), &["train", "iris.nn", "--epochs", "1"]).expect(0);
    let predict = |name: &str, content: &[u8]| {
        std::fs::write(folder.path().join(name), content).unwrap();
        nnrun(folder.path(), &["predict", "iris.nn", "--input", name, "--output", "out.csv"]).expect(1).err
    };
    let header = "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n";
    let one = predict("one.csv", format!("{header}5.1,3.5,1.4,\n").as_bytes());
    let two = predict("two.csv", format!("{header}5.1,3.5,1.4,0.2\n5.1,3.5,,0.2\n").as_bytes());
    let none = predict("none.csv", header.as_bytes());
    let array = predict("array.csv", b"\x93NUMPY\x01\x00");
    let sheet = predict("sheet.csv", b"PK\x03\x04\x14\x00");
    for (told, said) in [
        (&one, "one.csv:2 has no `petal_width_cm`"),
        (&two, "two.csv:3 has no `petal_length_cm`"),
        (&none, "`none.csv` has no row to predict"),
        (&none, "its first line is read as the names of the columns"),
        (&array, "`array.csv` is a NumPy array, and the program reads a CSV here"),
        (&sheet, "`sheet.csv` is a zip archive or an Excel sheet"),
    ] {
        assert!(told.contains(said), "{said}:\n{told}");
    }
    for told in [one, two, none, array, sheet] {
        assert!(!told.contains("to learn from") && !told.contains("iconv") && !told.contains("estimate"), "{told}");
    }
}

#[test]
fn weights_of_another_program_or_of_a_diverged_run_are_told() {
    let folder = folder(&[]);
    nnrun(folder.path(), &["xor.nn"]).expect(0);
    let quiet = nnrun(folder.path(), &["eval", "xor.nn"]).expect(0);
    assert!(!quiet.err.contains("changed"), "{}", quiet.err);
    let changed = std::fs::read_to_string(folder.path().join("xor.nn")).unwrap().replace("tanh", "relu");
    std::fs::write(folder.path().join("xor.nn"), &changed).unwrap();
    let told = nnrun(folder.path(), &["eval", "xor.nn"]).expect(0);
    assert!(told.err.contains("xor.nn has changed since this run"), "{}", told.err);
    let diverging = changed.replace("Adam(lr: 0.05)", "SGD(lr: 1e30)").replace("relu", "exp");
    std::fs::write(folder.path().join("xor.nn"), diverging).unwrap();
    nnrun(folder.path(), &["xor.nn"]).expect(4);
    // What such weights measure is shown, and no script takes it for a result.
    let told = nnrun(folder.path(), &["eval", "xor.nn"]).expect(4);
    assert!(told.err.contains("this run diverged at step ") && told.out.contains("loss"), "{}", told.err);
}

#[test]
fn a_loss_that_has_grown_without_diverging_is_told() {
    let folder = folder(&[
        ("t.y |> classes", "t[y]"),
        ("logits: [2]", "logits: [1]"),
        ("Dense(2)", "Dense(1)"),
        ("cross_entropy", "mse"),
        ("Adam(lr: 0.05)", "SGD(lr: 1)"),
        ("epochs:    100", "epochs:    12"),
        ("  metrics:   [accuracy]\n", ""),
        ("42\n  train.accuracy == 1", "33"),
    ]);
    let ended = nnrun(folder.path(), &["xor.nn"]).expect(0);
    for said in ["note: the loss has grown from ", "a lower learning rate, `clip: norm(1.0)`, or inputs"] {
        assert!(ended.err.contains(said), "{said}:\n{}", ended.err);
    }
    let events = nnrun(folder.path(), &["xor.nn", "--json"]).expect(0).events();
    let done = events.iter().find(|event| event["event"] == "done").unwrap();
    let (first, last) = (done["grown"]["first"].as_f64().unwrap(), done["grown"]["last"].as_f64().unwrap());
    assert!(last > 1000.0 && last > 1000.0 * first, "{done}");
    // One that has learned says nothing of it.
    let events = nnrun(iris().path(), &["iris.nn", "--json"]).expect(0).events();
    assert!(events.iter().all(|event| event.get("grown").is_none()));
}

#[test]
fn stages_and_gradients_are_shown() {
    let folder = folder(&[]);
    for stage in ["ast", "ir", "backward", "plan"] {
        let shown = nnrun(folder.path(), &["check", "xor.nn", "--emit", stage]).expect(0);
        assert!(shown.out.lines().count() > 5, "{stage}: {}", shown.out);
    }
    let backward = nnrun(folder.path(), &["grad", "xor.nn"]).expect(0);
    assert!(backward.out.contains("xor.nn:10"), "each line names its source: {}", backward.out);
    let compared = nnrun(folder.path(), &["grad", "xor.nn", "--check", "--json"]).expect(0);
    let events = compared.events();
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|e| e["ok"] == true && e["compared"].as_u64() > Some(0)), "{}", compared.out);
}

/// What is told of memory is that of the phase that takes most.
#[test]
fn the_summary_is_of_the_largest_phase() {
    let folder = iris();
    let text = std::fs::read_to_string(folder.path().join("iris.nn")).unwrap();
    let bytes = |phases: &str| {
        let text = text.replacen("  seed:      42\n", &format!("  seed:      42\n{phases}"), 1);
        std::fs::write(folder.path().join("iris.nn"), text).unwrap();
        let json = nnrun(folder.path(), &["summary", "iris.nn", "--batch", "16", "--json"]).expect(0);
        json.events()[0]["step_bytes"].as_u64().unwrap()
    };
    let (head, full) = ("  phase head { freeze: [dense1] }\n", "  phase full { epochs: 2 }\n");
    assert!(bytes(head) < bytes(full));
    assert_eq!(bytes(&format!("{head}{full}")), bytes(full));
    bytes(&format!("{head}{full}"));
    let shown = nnrun(folder.path(), &["summary", "iris.nn", "--batch", "16"]).expect(0);
    let wanted = "a training step of Classifier, phase full with a batch of 16 on 1 thread";
    assert!(shown.out.contains(wanted), "{}", shown.out);
}

#[test]
fn the_summary_counts() {
    let folder = iris();
    let shown = nnrun(folder.path(), &["summary", "iris.nn", "--batch", "16"]).expect(0);
    for part in ["dense1", "dense2", "[16]", "80", "51", "131", "bytes"] {
        assert!(shown.out.contains(part), "{part}:\n{}", shown.out);
    }
    let json = nnrun(folder.path(), &["summary", "iris.nn", "--batch", "16", "--json"]).expect(0);
    let model = &json.events()[0];
    assert_eq!(model["parameters"], 131);
    assert!(model["step_bytes"].as_u64() > Some(131 * 4), "{model}");
    nnrun(folder.path(), &["summary", "iris.nn", "--threads", "2"]).expect(2);
}

/// Each thread works in memory of its own, and what is foretold is what is held.
#[test]
fn the_summary_foretells_the_memory_of_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let text = "data d {
  let t = blobs(64, classes: 3, features: 64, seed: 1)
  field x = t[x0 .. x63] |> reshape([1, 8, 8])
  field y = t.label |> classes
}
model Net(x: [1, 8, 8]) -> logits: [3] { x |> Conv2d(16, kernel: 3, padding: same) |> relu |> Flatten |> Dense(3) }
train Net on d { loss: cross_entropy(logits, y); optimizer: Adam(lr: 0.01); epochs: 1; batch: 32 }
";
    std::fs::write(folder.path().join("net.nn"), text).unwrap();
    let of = |threads: &str| {
        let flags = ["--batch", "32", "--threads", threads];
        let json = nnrun(folder.path(), &[&["summary", "net.nn", "--json"][..], &flags].concat()).expect(0);
        let foretold = &json.events()[0];
        assert_eq!(foretold["threads"].to_string(), threads);
        let json =
            nnrun(folder.path(), &[&["bench", "net.nn", "--json", "--steps", "1"][..], &flags].concat()).expect(0);
        assert_eq!(foretold["step_bytes"], json.events()[0]["peak_bytes"], "{threads} threads");
        foretold["step_bytes"].as_u64().unwrap()
    };
    assert!(of("1") < of("4"));
}

#[test]
fn five_mistakes_are_told_in_every_format() {
    let root = repository("");
    let file = "tests/ui/five_mistakes.nn";
    let human = nnrun(&root, &["check", file]).expect(1);
    assert!(human.err.contains("5 errors"), "{}", human.err);
    let short = nnrun(&root, &["check", file, "--format", "short"]).expect(1);
    assert_eq!(short.err.lines().count(), 5, "{}", short.err);
    assert!(short.err.lines().all(|l| l.starts_with(file) && l.contains(": error[E")), "{}", short.err);
    let json = nnrun(&root, &["check", file, "--format", "json"]).expect(1);
    assert_eq!(json.err, "");
    let object: Value = serde_json::from_str(&json.out).unwrap();
    let found = object["diagnostics"].as_array().unwrap();
    assert_eq!(found.len(), 5);
    for key in ["code", "severity", "message", "file", "start", "end", "labels", "notes", "fixes"] {
        assert!(found.iter().all(|d| d.get(key).is_some()), "{key}");
    }
}

#[test]
fn the_formatter_works_in_place_and_through_pipes() {
    let folder = folder(&[("Dense(units) |> tanh", "Dense( units )|>tanh")]);
    let path = folder.path().join("xor.nn");
    let before = std::fs::read_to_string(&path).unwrap();
    let checked = nnrun(folder.path(), &["fmt", "--check", "xor.nn"]).expect(1);
    assert!(checked.err.contains("xor.nn"), "{}", checked.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    nnrun(folder.path(), &["fmt", "xor.nn"]).expect(0);
    let after = std::fs::read_to_string(&path).unwrap();
    assert_eq!(after, XOR);
    nnrun(folder.path(), &["fmt", "--check", "xor.nn"]).expect(0);

    let mut child = command(folder.path(), &["fmt", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(before.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), XOR);

    // What is not understood is not touched, and does not keep the others from being formatted.
    std::fs::write(folder.path().join("broken.nn"), "model Net(x: [4) {\n").unwrap();
    std::fs::write(&path, &before).unwrap();
    nnrun(folder.path(), &["fmt", "broken.nn", "xor.nn"]).expect(1);
    assert_eq!(std::fs::read_to_string(folder.path().join("broken.nn")).unwrap(), "model Net(x: [4) {\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), XOR);
}

#[test]
fn files_that_cannot_be_programs_are_told_in_a_line() {
    let folder = folder(&[]);
    std::fs::write(folder.path().join("bytes.nn"), [0xff, 0xfe, 0x00]).unwrap();
    let run = nnrun(folder.path(), &["bytes.nn"]).expect(1);
    assert!(run.err.contains("UTF-8") && run.err.lines().count() == 1, "{}", run.err);
    for (name, help) in [("xor", "xor.nn"), ("xro.nn", "xor.nn"), (".", "xor.nn")] {
        let run = nnrun(folder.path(), &[name]).expect(2);
        assert!(run.err.contains(help) && run.err.lines().count() <= 2, "{}", run.err);
    }
}

#[test]
fn colours_only_where_they_are_wanted() {
    let folder = folder(&[("tanh", "tahn")]);
    let plain = nnrun(folder.path(), &["check", "xor.nn"]).expect(1);
    assert!(!plain.err.contains('\u{1b}'));
    let colored = nnrun(folder.path(), &["check", "xor.nn", "--color", "always"]).expect(1);
    assert!(colored.err.contains('\u{1b}'));
    let plain = nnrun(folder.path(), &["check", "xor.nn", "--color", "never"]).expect(1);
    assert!(!plain.err.contains('\u{1b}'));
}

#[test]
fn a_reader_may_go_away() {
    let folder = folder(&[]);
    let mut child = command(folder.path(), &["explain"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}

#[test]
fn quiet_is_quiet() {
    let folder = folder(&[]);
    let run = nnrun(folder.path(), &["-q", "xor.nn"]).expect(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
}

#[test]
fn explanations_are_found() {
    let folder = folder(&[]);
    for name in ["E0001", "e0001", "Dense", "relu", "cross_entropy", "Linear"] {
        let page = nnrun(folder.path(), &["explain", name]).expect(0);
        assert!(page.out.lines().count() > 5, "{name}: {}", page.out);
    }
    let all = nnrun(folder.path(), &["explain"]).expect(0);
    assert!(all.out.contains("Dense") && all.out.contains("E0001"), "{}", all.out);
}

/// What could not be written is not passed over: a script would go on with half a file.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_told() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("xor.nn"), XOR).unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = command(folder.path(), &["check", "--emit", "ir", "xor.nn"]).stdout(full).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("standard output cannot be written: the disk is full"), "{told}");
}

#[test]
fn flags_of_every_command_may_stand_before_it() {
    let folder = folder(&[]);
    for arguments in [
        &["--color", "never", "explain", "Dense"][..],
        &["--color=never", "-q", "check", "xor.nn"],
        &["--quiet", "--color", "never", "xor.nn", "--epochs", "1"],
    ] {
        let ended = nnrun(folder.path(), arguments);
        // An epoch is too few for the facts of the program.
        assert!([0, 3].contains(&ended.status), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn misspelt_words_of_the_command_line_are_found_again() {
    let folder = folder(&[]);
    for (arguments, meant) in [
        (&["chek", "xor.nn"][..], "check"),
        (&["explian", "Dense"], "explain"),
        (&["explain", "Dence"], "Dense"),
        (&["explain", "stratfy"], "stratify"),
        (&["run", "xor.nn", "--epoch", "3"], "--epochs"),
        (&["check", "xor.nn", "--format", "jsn"], "json"),
        (&["--colr", "never", "explain", "Dense"], "--color"),
        (&["run", "xr.nn"], "xor.nn"),
        (&["run", "xor.nn", "--set", "unts=3"], "units"),
        (&["check", "xor.nn", "--deny", "L012"], "L0120"),
    ] {
        let ended = nnrun(folder.path(), arguments);
        assert!(ended.status != 0 && ended.err.contains(meant), "{arguments:?}: {}", ended.err);
    }
}
