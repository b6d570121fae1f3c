//! `nnrun lr-find`: what it finds, draws and writes, and what it says where there is nothing to find.

use super::cli::{Ended, nnrun};
use super::snapshot::repository;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// A train whose rate is a hyper, and one in phases that goes on with its weights.
const PHASES: &str = "
hyper rate = 1e-3

data d {
  let t = moons(60, noise: 0.1, seed: 1)
  field x = t[x0, x1]
  field y = t.label |> classes
}

model Net(x: [2]) -> logits: [2] {
  x |> Dense(8) |> tanh |> Dense(2)
}

train Net on d {
  loss: cross_entropy(logits, y)
  optimizer: Adam(lr: rate)
  schedule: one_cycle(peak: 0.1)
  batch: 10
  epochs: 4
}

train Net on d {
  loss: cross_entropy(logits, y)
  batch: 10
  phase head { epochs: 1; optimizer: Adam(lr: 1e-3, betas: [0.9, 0.99]); freeze: [dense1] }
  phase full { epochs: 1; optimizer: SGD(momentum: 0.9, lr: 2 * rate) }
}
";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir_all(at.join("data/tabular")).unwrap();
    for file in ["iris.nn", "xor.nn", "data/tabular/iris.csv"] {
        std::fs::copy(repository("examples").join(file), at.join(file)).unwrap();
    }
    std::fs::write(at.join("phases.nn"), PHASES).unwrap();
    folder
}

fn objects(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The line to write, and the rate in it.
fn suggested(at: &Path, arguments: &[&str]) -> (String, f64) {
    let ended = nnrun(at, &[&["lr-find"], arguments, &["--json"]].concat()).expect(0);
    let objects = objects(&ended);
    let found = objects.last().unwrap();
    assert_eq!(found["event"], "found", "{found}");
    (found["write"].as_str().unwrap().to_owned(), found["suggested"].as_f64().unwrap())
}

#[test]
fn it_draws_the_curve_and_says_what_to_write() {
    let folder = folder();
    let ended = nnrun(folder.path(), &["lr-find", "iris.nn"]).expect(0);
    for part in [
        "Classifier on iris\nSGD · 100 steps from 1e-7 to 10 · batches of 16 · seed 42\n",
        "learning rate\n",
        "┊ suggested: 1e-2\n",
        "the loss falls fastest at ",
        "it explodes\n",
        "\n  optimizer: SGD(lr: 1e-2, momentum: 0.9, weight_decay: 5e-3)  # now 5e-2\n",
    ] {
        assert!(ended.out.contains(part), "{part}\n{}", ended.out);
    }
    assert_eq!(ended.err, "");
    assert!(!folder.path().join("runs").exists(), "it leaves nothing");
    for threads in ["1", "3"] {
        let again = nnrun(folder.path(), &["lr-find", "iris.nn", "--threads", threads]).expect(0);
        assert_eq!(again.out, ended.out, "the same with {threads} threads");
    }
    let quiet = nnrun(folder.path(), &["lr-find", "iris.nn", "--quiet"]).expect(0);
    assert_eq!(quiet.out, "");
}

/// That is what it is for: the program with the line that was found still does what it expects.
#[test]
fn a_program_trains_with_what_was_found() {
    let folder = folder();
    for (file, now) in [("iris.nn", "SGD(lr: 0.05"), ("xor.nn", "Adam(lr: 0.05")] {
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let (line, rate) = suggested(folder.path(), &[file]);
        let call = line.strip_prefix("optimizer: ").unwrap().split(',').next().unwrap().trim_end_matches(')');
        assert!(text.contains(now) && call.starts_with(now.split("lr").next().unwrap()), "{line}");
        assert!((1e-3..0.5).contains(&rate), "{file}: {rate}");
        std::fs::write(&path, text.replace(now, call)).unwrap();
        nnrun(folder.path(), &[file, "-q"]).expect(0);
    }
}

#[test]
fn the_steps_are_those_that_were_asked_for() {
    let folder = folder();
    let arguments = ["lr-find", "xor.nn", "--json", "--steps", "40", "--from", "1e-4", "--to", "1", "--seed", "7"];
    let ended = nnrun(folder.path(), &arguments).expect(0);
    let objects = objects(&ended);
    let (found, rates) = objects.split_last().unwrap();
    assert_eq!(rates.len(), 40);
    for (at, event) in rates.iter().enumerate() {
        assert_eq!(event["step"], at + 1);
        let wanted = 1e-4 * 1e4f64.powf(at as f64 / 39.0);
        assert!((event["lr"].as_f64().unwrap() / wanted - 1.0).abs() < 1e-9, "{event}");
        assert!(event["loss"].is_f64() && event["smoothed"].is_f64(), "{event}");
    }
    assert_eq!((&found["train"], &found["stopped"]), (&Value::from("Xor"), &Value::Null));
    let other = nnrun(folder.path(), &[&arguments[..9], &["--seed", "8"]].concat()).expect(0);
    assert_ne!(other.out, ended.out, "other weights");
}

#[test]
fn a_picture_is_written_and_nothing_is_written_over() {
    let folder = folder();
    let arguments = ["lr-find", "xor.nn", "--svg", "curve.svg"];
    let ended = nnrun(folder.path(), &arguments).expect(0);
    assert!(!ended.out.contains('┊') && ended.out.contains("optimizer: Adam(lr: "), "{}", ended.out);
    let picture = std::fs::read_to_string(folder.path().join("curve.svg")).unwrap();
    for part in ["learning rate", "of each step", "smoothed", "suggested: "] {
        assert!(picture.contains(part), "{part}\n{picture}");
    }
    let again = nnrun(folder.path(), &arguments).expect(2);
    assert!(again.err.contains("curve.svg is there already"), "{}", again.err);
    nnrun(folder.path(), &[&arguments[..], &["--force"]].concat()).expect(0);
    nnrun(folder.path(), &["lr-find", "xor.nn", "--svg", "curve.png"]).expect(2);
}

#[test]
fn of_several_trains_it_takes_the_first_or_the_one_that_is_named() {
    let folder = folder();
    let first = nnrun(folder.path(), &["lr-find", "phases.nn"]).expect(0);
    assert!(first.out.starts_with("Net on d\n") && first.out.contains("\n  hyper rate = "), "{}", first.out);
    for note in [
        "this is the first train of 3; --train takes another: `Net, phase head` and `Net, phase full`",
        "`one_cycle` rises above `lr` to its `peak`",
    ] {
        assert!(first.err.contains(note), "{}", first.err);
    }
    let head = nnrun(folder.path(), &["lr-find", "phases.nn", "--train", "head"]).expect(0);
    assert!(head.out.starts_with("Net, phase head on d\n"), "{}", head.out);
    assert!(head.out.contains(", betas: [0.9, 0.99])"), "{}", head.out);
    assert!(head.err.contains("is tried with fresh weights"), "{}", head.err);
    let (line, _) = suggested(folder.path(), &["phases.nn", "--train", "Net, phase full"]);
    assert!(line.starts_with("optimizer: SGD(momentum: 0.9, lr: ") && !line.contains("rate"), "{line}");

    nnrun(folder.path(), &["phases.nn", "-q", "--out", "run"]).expect(0);
    let weights = ["lr-find", "phases.nn", "--train", "head", "--init", "run/model.safetensors"];
    let with = nnrun(folder.path(), &[&weights[..], &["--json"]].concat());
    let without = nnrun(folder.path(), &[&weights[..4], &["--json"]].concat()).expect(0);
    let begins = |ended: &Ended| objects(ended)[0]["loss"].as_f64().unwrap();
    assert!(begins(&with) < begins(&without), "{} {}", begins(&with), begins(&without));
}

#[test]
fn what_cannot_be_found_is_told() {
    let folder = folder();
    let at = folder.path();
    let told = |arguments: &[&str], status: i32, parts: &[&str]| {
        let ended = nnrun(at, &[&["lr-find"], arguments].concat()).expect(status);
        for part in parts {
            assert!(ended.err.contains(part), "{part}\n{}", ended.err);
        }
    };
    std::fs::write(at.join("none.nn"), "model Net(x: [2]) -> y: [1] { x |> Dense(1) }\n").unwrap();
    told(&["none.nn"], 1, &["none.nn trains nothing"]);
    told(&["missing.nn"], 2, &["there is no file missing.nn"]);
    told(&["xor.nn", "--train", "Or"], 2, &["--train Or: there is no train of this name", "there are trains of `Xor`"]);
    told(&["xor.nn", "--from", "1", "--to", "0.1"], 2, &["--from 1 is not below --to 0.1"]);
    told(&["xor.nn", "--from", "0"], 2, &["a rate between 1e-30 and 1e30 is wanted"]);
    told(&["xor.nn", "--from", "nan"], 2, &["a rate between 1e-30 and 1e30 is wanted"]);
    told(&["xor.nn", "--steps", "5"], 2, &["at least 20"]);
    told(&["xor.nn", "--set", "width=3"], 1, &["there is no hyper `width` to set"]);
    // Nothing moves at such rates.
    told(&["xor.nn", "--to", "1e-6"], 1, &["the loss falls at none of these rates: it begins with 0.7", "try --to 10"]);
    let xor = std::fs::read_to_string(at.join("xor.nn")).unwrap();
    // Nothing can be learned: the targets are all the same, and the model says nothing else.
    let flat = xor.replace("|> Dense(8) |> tanh |> Dense(1) |> squeeze", "|> Dense(1, bias: false) |> squeeze");
    let flat = flat.replace("rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]", "rows([[0, 0, 0], [0, 0, 1]]");
    std::fs::write(at.join("flat.nn"), flat).unwrap();
    told(&["flat.nn"], 1, &["the loss falls at none of these rates: it begins with 0.6931", "overfits(batch: 8)"]);

    let nan = xor.replace("bce_with_logits(logit, y)", "mse(log(logit), y)").replace("metrics:   [accuracy]", "");
    let nan = nan.split("expect {").next().unwrap();
    std::fs::write(at.join("nan.nn"), nan).unwrap();
    told(&["nan.nn"], 4, &["the loss is no finite number in step 1 already", "help: `nnrun run nan.nn` says where"]);
    // It breaks at the first of these.
    told(&["iris.nn", "--from", "1e6", "--to", "1e9"], 4, &["begin lower than --from 1e6"]);
    assert!(!at.join("runs").exists());
}
