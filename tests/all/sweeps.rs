//! `sweep`: what is checked, which points there are, and that a sweep is the same however it was run.

use super::cli::{Ended, nnrun};
use super::snapshot::repository;
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::diagnostics::Code;
use nnrun::train::{Outcome, Resumable, ResumeOptions, RunOptions, Silent, Stopped, run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A program whose points take a moment, with everything in it that a run has to remember.
const PROGRAM: &str = r#"
hyper width  = 8
hyper hidden = 2 * width
hyper rate   = 0.01
hyper act    = tanh
hyper kind   = "small"  # allow(L0106)
hyper noisy  = false    # allow(L0106)

data spirals {
  let t       = spirals(200, classes: 3, noise: 0.1, seed: 1)
  field x     = t[x0, x1]
  field label = t.label |> classes
  split: random(train: 60%, validation: 20%, test: 20%, seed: 7)
}

model Net(x: [2]) -> logits: [3] {
  x |> Dense(width, bias: false) |> BatchNorm |> act |> Dropout(0.1) |> Dense(hidden) |> relu |> Dense(3)
}

train Net on spirals {
  loss:      cross_entropy(logits, label)
  optimizer: Adam(lr: rate)
  schedule:  cosine(to: 1e-5)
  epochs:    9
  batch:     16
  metrics:   [accuracy, confusion]
  keep:      best(validation.loss)
  seed:      3
}

"#;

fn sweep(lines: &[&str]) -> String {
    format!("{PROGRAM}sweep {{\n  {}\n}}\n", lines.join("\n  "))
}

fn check(text: &str) -> Checked {
    check_text(Path::new("spirals.nn"), text, &Overrides::default())
}

/// The points of a sweep without mistakes, each in one line.
#[track_caller]
fn points(lines: &[&str]) -> Vec<String> {
    let checked = check(&sweep(lines));
    assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
    let points = checked.program.sweep.as_ref().unwrap().points().unwrap();
    points.iter().map(|point| point.iter().map(|value| value.text.as_str()).collect::<Vec<_>>().join(" ")).collect()
}

/// The mistakes, with what is marked and the first line of help or fix.
#[track_caller]
fn mistakes(lines: &[&str]) -> Vec<(Code, String, String)> {
    let checked = check(&sweep(lines));
    assert!(checked.program.sweep.is_none(), "{lines:?} is no sweep");
    let marked = |d: &nnrun::diagnostics::Diagnostic| checked.sources.text(d.span()).to_owned();
    checked.diagnostics.iter().filter(|d| d.is_error()).map(|d| (d.code, marked(d), d.message.clone())).collect()
}

#[test]
fn a_grid_has_what_its_condition_leaves() {
    assert_eq!(
        points(&["width: [4, 8, 16]", "rate: [0.1, 1e-3]", "require: width <= 8 or rate < 1e-2"]),
        ["4 0.1", "4 1e-3", "8 0.1", "8 1e-3", "16 1e-3"]
    );
    // A hyper that follows a swept one follows it in a condition; others have their value.
    assert_eq!(
        points(&["width: [4, 8, 16]", "require: hidden >= 16 and not noisy and kind == \"small\""]),
        ["8", "16"]
    );
    assert_eq!(points(&["width: [4, 8]", "require: hidden / width + -1 == 2 ^ 0 and rate * 100 <= 1"]), ["4", "8"]);
}

#[test]
fn whatever_a_hyper_holds_can_be_tried() {
    assert_eq!(points(&["act: [relu, tanh]", "kind: [\"a b\", \"c\"]"]).len(), 4);
    assert_eq!(points(&["noisy: [true, false]", "require: noisy != true"]), ["false"]);
    assert_eq!(points(&["width: [2 * 3, 1k]"]), ["6", "1k"]);
    assert_eq!(points(&["act: [Dense(4)\n    |> relu, relu]"]), ["Dense(4) |> relu", "relu"]);
}

#[test]
fn random_points_are_the_same_for_the_same_seed_and_keep_the_condition() {
    let lines = |seed: &str| {
        let tries = format!("try: random(40, seed: {seed})");
        points(&["width: 4 .. 64", "rate: log(1e-4 .. 1e-1)", "act: [relu, tanh]", "require: width < 32", &tries])
    };
    let (first, again, other) = (lines("1"), lines("1"), lines("2"));
    assert_eq!(first, again);
    assert!(first != other);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 40, "no point twice");
    for point in &first {
        let mut values = point.split(' ').map(|text| text.parse::<f64>().ok());
        let (width, rate) = (values.next().unwrap().unwrap(), values.next().unwrap().unwrap());
        assert!(width.fract() == 0.0 && (4.0..32.0).contains(&width), "{point}");
        assert!((1e-4..=1e-1).contains(&rate), "{point}");
    }
    // A hyper that is no whole number is not drawn as one.
    let rates = points(&["rate: 1 .. 2", "try: random(5)"]);
    assert!(rates.iter().all(|rate| rate.parse::<f64>().unwrap().fract() != 0.0), "{rates:?}");
}

#[test]
fn mistakes_are_told_where_they_stand() {
    let one = |lines: &[&str], code: Code, marked: &str, says: &str| {
        let found = mistakes(lines);
        assert!(found.len() == 1, "{lines:?}: {found:?}");
        let (is, at, message) = &found[0];
        assert!((*is, at.as_str()) == (code, marked) && message.contains(says), "{lines:?}: {found:?}");
    };
    one(&["widht: [1, 2]"], Code::E0101, "widht", "no hyper called `widht`");
    one(&["width: [1, 2]", "width: [3]"], Code::E0104, "width", "twice");
    one(&["width: [1, 2, 1]"], Code::E0104, "1", "twice");
    one(&["width: 32"], Code::E0603, "32", "a list");
    one(&["width: []"], Code::E0603, "[]", "a list");
    one(&["width: [1, \"a\"]"], Code::E0603, "\"a\"", "a number");
    one(&["kind: 1 .. 2", "try: random(2)"], Code::E0603, "1 .. 2", "a string");
    one(&["rate: 2 .. 1", "try: random(2)"], Code::E0603, "2 .. 1", "smaller");
    one(&["rate: -1e308 .. 1e308", "try: random(2)"], Code::E0603, "-1e308 .. 1e308", "smaller");
    one(&["rate: 0.1 .. 0.2", "require: rate > 1", "try: random(2)"], Code::E0631, "random(2)", "10000 draws gave 0");
    one(&["rate: log(0 .. 1)", "try: random(2)"], Code::E0603, "0", "above 0");
    one(&["rate: log(0.1 ..)", "try: random(2)"], Code::E0603, "0.1 ..", "a range");
    one(&["rate: 0.1 .. 0.2"], Code::E0630, "0.1 .. 0.2", "a grid");
    one(&["width: [1, 2]", "rate: [2 * width]"], Code::E0211, "2 * width", "same for every point");
    one(&["width: [1, 2]", "require: widht < 2"], Code::E0101, "widht", "no hyper");
    one(&["width: [1, 2]", "require: width"], Code::E0211, "width", "a condition");
    one(&["width: [1, 2]", "require: width < kind"], Code::E0210, "width < kind", "`<`");
    one(&["width: [1, 2]", "require: min(width, 2) < 3"], Code::E0211, "min(width, 2)", "comparisons");
    one(&["act: [relu, tanh]", "require: act == 1"], Code::E0211, "act", "a number");
    one(&["width: [1, 2]", "require: width > 2"], Code::E0631, "width > 2", "none");
    one(&["width: [1, 2]", "try: random(3)"], Code::E0631, "random(3)", "2 different points");
    one(&["width: [1, 2]", "try: random(0)"], Code::E0603, "0", "at least 1");
    one(&["width: [1, 2]", "try: randon(3)"], Code::E0603, "randon", "random(20, seed: 1)");
    one(&["width: [1, 2]", "best: validation.loss"], Code::E0603, "validation.loss", "min(validation.loss)");
    one(&["width: [1, 2]", "best: min(test.loss)"], Code::E0211, "test", "used once");
    one(&["width: [1, 2]", "best: max(validation.accurcy)"], Code::E0609, "accurcy", "not measured");
    one(&["width: [1, 2]", "best: max(validation.confusion)"], Code::E0603, "validation.confusion", "one number");
    one(&["require: rate < 1"], Code::E0632, "sweep", "tries nothing");
    let many: Vec<String> = (1..400).map(|n| n.to_string()).collect();
    let many = many.join(", ");
    let lines = [format!("width: [{many}]"), format!("rate: [{many}]")];
    one(&[&lines[0], &lines[1]], Code::E0631, "sweep", "100000");
    let two = format!("{}sweep {{ rate: [1, 2] }}\n", sweep(&["width: [1, 2]"]));
    let codes: Vec<Code> = check(&two).diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::E0632]);
}

/// What has nothing to do with each other is told together.
#[test]
fn mistakes_do_not_hide_each_other() {
    let found = mistakes(&["width: 4", "rate: [0.1, 0.2]", "require: width < 3 or rte < 1", "best: mni(train.loss)"]);
    let marked: Vec<&str> = found.iter().map(|(_, marked, _)| marked.as_str()).collect();
    assert_eq!(marked, ["4", "rte", "mni"]);
}

#[test]
fn a_range_gets_a_try_by_its_fix() {
    let text = sweep(&["rate: log(1e-4 .. 1e-1)", "best: min(validation.loss)"]);
    let checked = check(&text);
    let edit = &checked.diagnostics[0].fixes[0].edits[0];
    let at = edit.span.start as usize;
    let fixed = format!("{}{}{}", &text[..at], edit.text, &text[at..]);
    assert_eq!(check(&fixed).program.sweep.as_ref().unwrap().points().unwrap().len(), 20);
}

/// Where the command line has chosen a point, the others do not matter.
#[test]
fn a_point_is_checked_alone() {
    let overrides = Overrides { set: vec![("width".into(), "4".into())], ..Overrides::default() };
    let text = sweep(&["width: [1, 2]", "require: width > 2"]);
    assert!(!check_text(Path::new("spirals.nn"), &text, &overrides).has_errors());
    assert_eq!(check(&sweep(&["width: [1, 2]"])).program.sweep.as_ref().unwrap().points().map(|p| p.len()), Ok(2));
}

/// A folder with the program and a sweep of it.
fn folder(lines: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spirals.nn"), sweep(lines)).unwrap();
    folder
}

const SIX: &[&str] = &["width: [4, 8, 16]", "rate: [0.01, 0.05]", "best: min(validation.loss)"];

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The table and the best of a sweep.
fn result(folder: &TempDir, directory: &str) -> (String, String, Value) {
    let directory = folder.path().join(directory);
    let record: Value = serde_json::from_str(&read(directory.join("sweep.json"))).unwrap();
    // The picture names the program, which is the same one everywhere.
    (read(directory.join("table.csv")), read(directory.join("sweep.svg")), record["best"].clone())
}

#[test]
fn the_best_point_is_measured_once_and_is_what_its_flags_make() {
    let folder = folder(SIX);
    let ended = nnrun(folder.path(), &["sweep", "spirals.nn", "--json", "--threads", "1"]).expect(0);
    let events: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named = |name: &str| events.iter().filter(|e| e["event"] == name).cloned().collect::<Vec<_>>();
    assert_eq!((named("sweep").len(), named("point").len(), named("best").len()), (1, 6, 1));
    assert_eq!(events[0]["sweep"], "runs/spirals/sweep-1");
    let best = &named("best")[0];
    let least =
        named("point").iter().map(|p| p["measures"]["validation"]["loss"].as_f64().unwrap()).fold(9.0, f64::min);
    assert_eq!(best["value"].as_f64(), Some(least));
    for point in named("point") {
        assert_eq!(point["measures"].as_object().unwrap().keys().collect::<Vec<_>>(), ["validation"]);
    }
    // The points' own records know nothing of the test split; only the best was measured on it.
    for point in 1..=6 {
        let record = read(folder.path().join(format!("runs/spirals/sweep-1/points/{point}/run.json")));
        assert!(!record.contains("\"test\""), "{record}");
    }
    let command = best["command"].as_str().unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--json"]).collect();
    let alone = nnrun(folder.path(), &words).expect(0);
    let done: Value = serde_json::from_str(alone.out.lines().last().unwrap()).unwrap();
    assert_eq!(done["test"], best["test"]["Net"]);
    let weights = |path: &str| std::fs::read(folder.path().join(path).join("model.safetensors")).unwrap();
    let run = best["run"].as_str().unwrap();
    assert!(weights(run) == weights("runs/spirals/1"), "the best point is the run that its flags make");
    // It can be used like any other run.
    nnrun(folder.path(), &["eval", "spirals.nn", "--from", run]).expect(0);
}

#[test]
fn a_sweep_is_read_at_60_columns_and_says_how_to_run_the_best() {
    let folder = folder(SIX);
    let ended = nnrun(folder.path(), &["sweep", "spirals.nn", "--out", "s"]).expect(0);
    assert_eq!(ended.err, "");
    assert!(ended.out.contains("6 points: the grid of width, rate"), "{}", ended.out);
    assert!(ended.out.contains("on the test split, this once: loss"), "{}", ended.out);
    let flags = ended.out.lines().find(|line| line.starts_with("  nnrun spirals.nn --set width=")).unwrap();
    assert!(flags.contains("--set rate=0.0"), "{flags}");
    let table: Vec<&str> = ended.out.lines().skip_while(|line| !line.starts_with("  point")).take(7).collect();
    assert!(table[0].contains("validation.loss") && table.iter().all(|line| line.chars().count() <= 60), "{table:#?}");
    assert_eq!(nnrun(folder.path(), &["sweep", "spirals.nn", "--quiet", "--out", "q"]).expect(0).out, "");
    let (again, taken) = (["sweep", "spirals.nn", "--out", "s"], "never overwrites");
    assert!(nnrun(folder.path(), &again).expect(2).err.contains(taken));
}

#[test]
fn several_at_once_give_the_same_table() {
    let folder = folder(SIX);
    for (jobs, out) in [("1", "one"), ("2", "two"), ("5", "five")] {
        nnrun(folder.path(), &["sweep", "spirals.nn", "--jobs", jobs, "--threads", "2", "--out", out]).expect(0);
    }
    assert_eq!(result(&folder, "one"), result(&folder, "two"));
    assert_eq!(result(&folder, "one"), result(&folder, "five"));
    let (table, picture, _) = result(&folder, "one");
    assert_eq!(table.lines().count(), 7);
    assert_eq!(picture.matches("<polyline").count(), 6);
    assert_eq!(picture.matches(" best\"").count(), 1);
}

#[test]
fn every_point_is_checked_before_the_first_is_run() {
    // Groups of 3 channels do not divide 4 or 8.
    let text = sweep(&["width: [6, 4, 8, 12]"]).replace("BatchNorm", "GroupNorm(3)");
    let folder = folder(&[]);
    std::fs::write(folder.path().join("spirals.nn"), text.replace("= 8", "= 6")).unwrap();
    let ended = nnrun(folder.path(), &["sweep", "spirals.nn"]).expect(1);
    assert!(
        ended.err.contains("point 2, --set width=4") && ended.err.contains("point 3, --set width=8"),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("2 points of the sweep have mistakes, so none is run"), "{}", ended.err);
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn what_cannot_be_swept_is_said() {
    let folder = folder(SIX);
    std::fs::write(folder.path().join("plain.nn"), PROGRAM).unwrap();
    let said = |arguments: &[&str], status: i32| nnrun(folder.path(), arguments).expect(status).err;
    assert!(said(&["sweep", "plain.nn"], 1).contains("plain.nn has no sweep"));
    assert!(said(&["sweep", "spirals.nn", "--set", "width=3"], 2).contains("--set width: the sweep has the values"));
    assert!(said(&["sweep", "spirals.nn", "--resume", "runs/none"], 2).contains("no such f"));
    let steps = read(folder.path().join("spirals.nn")).replace("epochs:    9", "steps: 20");
    std::fs::write(folder.path().join("steps.nn"), steps).unwrap();
    assert!(said(&["sweep", "steps.nn", "--halving"], 2).contains("its length in epochs"));
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn a_point_that_diverges_is_a_result_and_never_the_best() {
    let text = sweep(&["rate: [1e30, 0.01]", "best: max(validation.loss)"]).replace("Adam(lr: rate)", "SGD(lr: rate)");
    let folder = folder(&[]);
    std::fs::write(folder.path().join("spirals.nn"), &text).unwrap();
    let ended = nnrun(folder.path(), &["sweep", "spirals.nn", "--out", "s"]).expect(0);
    assert!(ended.out.contains("diverged at step"), "{}", ended.out);
    let (table, picture, best) = result(&folder, "s");
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[1].starts_with("2,0.01,finished,9,") && rows[2].starts_with("1,1e30,diverged,1,"), "{table}");
    assert_eq!(best["point"], 2);
    assert!(picture.contains("class=\"point none\""));
    std::fs::write(folder.path().join("spirals.nn"), text.replace("1e30, 0.01", "1e30, 1e29")).unwrap();
    let ended = nnrun(folder.path(), &["sweep", "spirals.nn", "--out", "t"]).expect(4);
    assert!(ended.err.contains("no point came to a result"), "{}", ended.err);
    assert_eq!(result(&folder, "t").2, Value::Null);
}

/// Runs a sweep, kills it again and again after a while, and each time goes on with it.
fn killed_and_resumed(folder: &TempDir, arguments: &[&str], out: &str, patience: Duration) -> Ended {
    let lines = |out: &str| {
        let text = std::fs::read_to_string(folder.path().join(out).join("results.jsonl")).unwrap_or_default();
        text.lines().count()
    };
    let mut kills = 0;
    loop {
        let first: Vec<&str> = ["sweep", "spirals.nn", "--threads", "1", "--out", out].to_vec();
        let arguments: Vec<&str> =
            if kills == 0 { [first.as_slice(), arguments].concat() } else { vec!["resume", out, "--threads", "2"] };
        let mut process = Command::new(env!("CARGO_BIN_EXE_nnrun"));
        process.current_dir(folder.path()).args(&arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = process.spawn().unwrap();
        let (began, before) = (Instant::now(), lines(out));
        // At least one more result, so that it comes to an end, and then at some moment of the next point.
        while lines(out) == before && began.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(patience * (kills + 1));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if kills == 4 {
            return nnrun(folder.path(), &["sweep", "spirals.nn", "--resume", out]).expect(0);
        }
    }
}

#[test]
fn a_sweep_that_is_killed_ends_with_the_same_table() {
    let folder = folder(SIX);
    nnrun(folder.path(), &["sweep", "spirals.nn", "--out", "whole"]).expect(0);
    let ended = killed_and_resumed(&folder, &[], "killed", Duration::from_millis(11));
    assert!(ended.out.contains("there already"), "{}", ended.out);
    assert_eq!(result(&folder, "killed"), result(&folder, "whole"));
    for point in 1..=6 {
        let weights = |out: &str| std::fs::read(folder.path().join(format!("{out}/points/{point}/model.safetensors")));
        assert!(weights("killed").unwrap() == weights("whole").unwrap(), "point {point}");
    }
    // At its end it is only told again.
    let before = read(folder.path().join("killed/results.jsonl"));
    let again = nnrun(folder.path(), &["resume", "killed"]).expect(0);
    assert!(again.out.contains("best: point"), "{}", again.out);
    assert_eq!(read(folder.path().join("killed/results.jsonl")), before);
    assert_eq!(result(&folder, "killed"), result(&folder, "whole"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130_and_says_how_to_go_on() {
    let folder = folder(SIX);
    nnrun(folder.path(), &["sweep", "spirals.nn", "--out", "whole"]).expect(0);
    let mut process = Command::new(env!("CARGO_BIN_EXE_nnrun"));
    process.current_dir(folder.path()).args(["sweep", "spirals.nn", "--out", "stopped", "--jobs", "2"]);
    let child = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while !folder.path().join("stopped/points").exists() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{out}{err}");
    assert!(out.contains("go on with nnrun resume stopped") && !out.contains("best: point"), "{out}");
    assert!(!folder.path().join("stopped/table.csv").exists());
    nnrun(folder.path(), &["resume", "stopped"]).expect(0);
    assert_eq!(result(&folder, "stopped"), result(&folder, "whole"));
}

#[test]
fn another_program_is_not_gone_on_with() {
    let folder = folder(SIX);
    nnrun(folder.path(), &["sweep", "spirals.nn", "--out", "s"]).expect(0);
    let file = folder.path().join("spirals.nn");
    let text = read(file.clone());
    let resumed = |text: String, status: i32| {
        std::fs::write(&file, text).unwrap();
        nnrun(folder.path(), &["sweep", "spirals.nn", "--resume", "s"]).expect(status)
    };
    resumed(format!("# a comment\n{}", text.replace("rate   =", "rate =")), 0);
    let ended = resumed(text.replace("Dropout(0.1)", "Dropout(0.2)"), 2);
    assert!(ended.err.contains("not the one that it was begun with") && ended.err.contains("dropout"), "{}", ended.err);
    let ended = resumed(text.replace("[4, 8, 16]", "[4, 8, 32]"), 2);
    assert!(ended.err.contains("the sweep is another"), "{}", ended.err);
}

/// Wherever a run pauses, it goes on as if it had not; where it is told to pause again, it does not go further.
#[test]
fn a_paused_run_goes_on_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let overrides = Overrides { set: vec![("width".into(), "6".into())], ..Overrides::default() };
    let checked = check_text(Path::new("spirals.nn"), PROGRAM, &overrides);
    assert!(!checked.has_errors());
    let options = |out: &str, pause_after| RunOptions {
        out: Some(folder.path().join(out)),
        overrides: overrides.clone(),
        pause_after,
        ..RunOptions::default()
    };
    let weights = |out: &str| std::fs::read(folder.path().join(out).join("model.safetensors")).unwrap();
    let ended = |outcome: &Outcome| (outcome.trains[0].epochs, outcome.trains[0].stopped);
    run(&checked, &options("whole", None), &mut Silent).unwrap();
    for first in [1, 4, 8] {
        let out = format!("paused-{first}");
        let outcome = run(&checked, &options(&out, Some(first)), &mut Silent).unwrap();
        assert_eq!(ended(&outcome), (first, Some(Stopped::Paused)));
        assert!(outcome.trains[0].measures.get(nnrun::data::Split::Validation).is_some());
        for pause_after in [Some(first), Some(first), Some(9), None] {
            let path = folder.path().join(&out);
            let Ok((checked, resumable)) = Resumable::open(&path) else {
                assert_eq!(pause_after, None, "it was at its end before");
                continue;
            };
            let options = ResumeOptions { threads: 2, pause_after, ..ResumeOptions::default() };
            let outcome = resumable.go_on(&checked, &options, &mut Silent).unwrap();
            let wanted = if pause_after == Some(first) { (first, Some(Stopped::Paused)) } else { (9, None) };
            assert_eq!(ended(&outcome), wanted);
        }
        assert!(weights(&out) == weights("whole"), "paused after {first}");
    }
}

const HALVED: &[&str] = &["width: [4, 8, 16]", "rate: [0.003, 0.01, 0.05]", "best: min(validation.loss)"];

#[test]
fn halving_stops_the_worse_and_its_survivor_is_an_ordinary_run() {
    let folder = folder(HALVED);
    nnrun(folder.path(), &["sweep", "spirals.nn", "--halving", "--jobs", "2", "--out", "halved"]).expect(0);
    let (table, _, best) = result(&folder, "halved");
    let of_rung = |rung: usize| table.lines().filter(|line| line.split(',').nth(3) == Some(&rung.to_string())).count();
    assert_eq!((of_rung(1), of_rung(2), of_rung(3)), (6, 2, 1), "{table}");
    let epochs: BTreeSet<(String, String)> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>())
        .map(|cells| (cells[3].clone(), cells[5].clone()))
        .collect();
    let pair = |rung: &str, epochs: &str| (rung.to_owned(), epochs.to_owned());
    assert_eq!(epochs, [pair("1", "1"), pair("2", "3"), pair("3", "9")].into());
    let mut words = vec!["train".to_owned(), "spirals.nn".to_owned(), "--out".to_owned(), "alone".to_owned()];
    for pair in best["set"].as_array().unwrap() {
        words.push("--set".to_owned());
        words.push(format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    }
    nnrun(folder.path(), &words.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
    let weights = |path: String| std::fs::read(folder.path().join(path).join("model.safetensors")).unwrap();
    assert!(weights(format!("halved/points/{}", best["point"])) == weights("alone".to_owned()));
}

#[test]
fn halving_that_is_killed_ends_with_the_same_table() {
    let folder = folder(HALVED);
    nnrun(folder.path(), &["sweep", "spirals.nn", "--halving", "--out", "whole"]).expect(0);
    killed_and_resumed(&folder, &["--halving"], "killed", Duration::from_millis(17));
    assert_eq!(result(&folder, "killed"), result(&folder, "whole"));
}

#[test]
fn the_example_has_24_points() {
    let path = repository("examples/iris_sweep.nn");
    let checked = nnrun::check::check_file(&path, &Overrides::default()).unwrap();
    assert_eq!(checked.program.sweep.as_ref().unwrap().points().unwrap().len(), 24);
}
