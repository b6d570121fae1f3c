//! `nnrun runs` and `nnrun plot`: lists, comparisons, curves.

use super::cli::{command, nnrun};
use super::reports::{events, folder, killed};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with three runs of a program, the second the worst.
fn three_runs() -> TempDir {
    let folder = folder("epochs: 6");
    nnrun(folder.path(), &["net.nn", "-q"]).expect(3);
    nnrun(folder.path(), &["net.nn", "-q", "--epochs", "1", "--set", "units=2"]).expect(3);
    nnrun(folder.path(), &["net.nn", "-q", "--epochs", "40"]).expect(3);
    folder
}

fn first_column(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_whitespace().next()).filter(|word| word.starts_with("runs/")).collect()
}

#[test]
fn runs_are_listed_newest_first_with_the_best_marked() {
    let folder = three_runs();
    let run = nnrun(folder.path(), &["runs"]).expect(0);
    assert_eq!(first_column(&run.out), ["runs/net/3", "runs/net/2", "runs/net/1"]);
    assert!(run.out.starts_with("net.nn\nrun "), "{}", run.out);
    for head in ["epochs", "state", "val loss", "test loss", "val accuracy"] {
        assert!(run.out.contains(head), "{head}\n{}", run.out);
    }
    assert_eq!(run.out.matches(" * ").count(), 1, "{}", run.out);
    assert!(run.out.ends_with("* the best validation loss\n"), "{}", run.out);
    assert_eq!(run.err, "");
    let same = nnrun(folder.path(), &["runs", "net.nn"]).expect(0);
    assert_eq!(same.out, run.out);
    assert_eq!(nnrun(folder.path(), &["runs", "runs/net"]).expect(0).out, run.out);
    assert_eq!(first_column(&nnrun(folder.path(), &["runs", "runs/net/2"]).expect(0).out), ["runs/net/2"]);
}

#[test]
fn runs_are_sorted_by_a_measure() {
    let folder = three_runs();
    let listed = |sort: &str| -> Vec<Value> {
        let run = nnrun(folder.path(), &["runs", "--json", "--sort", sort]).expect(0);
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let value = |run: &Value, name: &str| run["trains"][0]["measures"]["validation"][name].as_f64().unwrap();
    let by_loss: Vec<f64> = listed("loss").iter().map(|run| value(run, "loss")).collect();
    assert!(by_loss.len() == 3 && by_loss.is_sorted(), "{by_loss:?}");
    let by_accuracy: Vec<f64> = listed("accuracy").iter().map(|run| -value(run, "accuracy")).collect();
    assert!(by_accuracy.is_sorted(), "{by_accuracy:?}");
    let runs = listed("loss");
    assert_eq!((&runs[0]["best"], &runs[1]["best"]), (&Value::Bool(true), &Value::Bool(false)));
    assert_eq!((&runs[0]["state"], &runs[0]["file"]), (&"finished".into(), &"net.nn".into()));
    let run = nnrun(folder.path(), &["runs", "--sort", "acuracy"]).expect(2);
    assert!(run.err.contains("a similar one is `accuracy`"), "{}", run.err);
}

#[test]
fn what_is_no_run_is_passed_over() {
    let folder = three_runs();
    std::fs::write(folder.path().join("runs/net/2/run.json"), "{").unwrap();
    std::fs::create_dir(folder.path().join("runs/net/kept")).unwrap();
    let run = nnrun(folder.path(), &["runs"]).expect(0);
    assert_eq!(first_column(&run.out), ["runs/net/3", "runs/net/1"]);
    assert!(run.err.contains("passed over: runs/net/2 is not a run: run.json"), "{}", run.err);
    let run = nnrun(folder.path(), &["runs", "runs/net/2"]).expect(2);
    assert!(run.err.contains("runs/net/2 is not a run"), "{}", run.err);
    let empty = tempfile::tempdir().unwrap();
    let run = nnrun(empty.path(), &["runs"]).expect(0);
    assert!(run.out.is_empty() && run.err.contains("there are no runs"), "{}", run.err);
    nnrun(empty.path(), &["runs", "missing.nn"]).expect(2);
}

#[test]
fn a_killed_run_is_unfinished_and_one_that_goes_on_runs() {
    let folder = three_runs();
    let path = folder.path().join("runs/net/3");
    let all = events(&path);
    killed(&path, &all[..all.len() / 2]);
    let state = || {
        let run = nnrun(folder.path(), &["runs", "--json", "runs/net/3"]).expect(0);
        serde_json::from_str::<Value>(&run.out).unwrap()
    };
    let unfinished = state();
    assert_eq!(unfinished["state"], "unfinished");
    let epochs = unfinished["trains"][0]["epochs"].as_u64().unwrap();
    assert!((1..40).contains(&epochs), "{epochs}");
    let lock = std::fs::File::create(path.join(".lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(state()["state"], "running");
}

/// What it was begun with is known of a run that was killed.
#[test]
fn a_killed_run_is_compared_by_what_it_began_with() {
    let folder = folder("epochs: 4");
    nnrun(folder.path(), &["net.nn", "-q"]).expect(3);
    let text = std::fs::read_to_string(folder.path().join("net.nn")).unwrap();
    let other = text.replace("Adam(lr: 0.01)", "SGD(lr: 0.01)").replace("batch:     8", "batch: 4\n  accumulate: 2");
    assert_ne!(other, text);
    std::fs::write(folder.path().join("net.nn"), other).unwrap();
    nnrun(folder.path(), &["net.nn", "-q"]).expect(3);
    let path = folder.path().join("runs/net/2");
    let all = events(&path);
    let first: Vec<&str> = all.lines().take(2).collect();
    killed(&path, &format!("{}\n", first.join("\n")));
    let run = nnrun(folder.path(), &["runs", "runs/net/1", "runs/net/2"]).expect(0);
    let rows: Vec<Vec<&str>> = run.out.lines().map(|line| line.split_whitespace().collect()).collect();
    for row in [&["optimizer", "Adam", "SGD"][..], &["batch", "8", "4"], &["accumulate", "2"]] {
        assert!(rows.iter().any(|found| found == row), "{row:?}\n{}", run.out);
    }
    nnrun(folder.path(), &["report", "runs/net/2"]).expect(0);
    let page = std::fs::read_to_string(path.join("report.html")).unwrap();
    assert!(page.contains("SGD · batch 4 · 2 batches a step") && page.contains("on points"), "{page}");
}

#[test]
fn runs_are_compared() {
    let folder = three_runs();
    let run = nnrun(folder.path(), &["runs", "runs/net/1", "runs/net/2"]).expect(0);
    let rows: Vec<Vec<&str>> = run.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["runs/net/1", "runs/net/2"]);
    for row in [["parameters", "51", "15"], ["epochs", "6", "1"]] {
        assert!(rows.iter().any(|found| *found == row), "{row:?}\n{}", run.out);
    }
    assert!(rows.iter().any(|row| row.starts_with(&["--set", "units", "2"])), "{}", run.out);
    assert!(run.out.contains("validation loss") && !run.out.contains("optimizer"), "{}", run.out);
    assert!(run.out.contains("the program of runs/net/2, against runs/net/1"), "{}", run.out);
    assert!(run.out.contains("~ hyper units"), "{}", run.out);
    let run = nnrun(folder.path(), &["runs", "--json", "runs/net/1", "runs/net/2", "runs/net/3"]).expect(0);
    let objects: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let epochs = objects.iter().find(|object| object["setting"] == "epochs").unwrap();
    assert_eq!(epochs["values"]["runs/net/3"], "40");
    assert!(objects.iter().any(|object| object["after"] == "runs/net/3" && object["kind"] == "changed"), "{}", run.out);
    let run = nnrun(folder.path(), &["runs", "runs/net/1", "runs/net/latest"]).expect(0);
    assert!(run.out.contains("runs/net/latest"), "{}", run.out);
}

#[test]
fn curves_are_drawn_in_letters() {
    let folder = three_runs();
    let run = nnrun(folder.path(), &["plot", "runs/net/1", "runs/net/3"]).expect(0);
    assert!(run.out.starts_with("validation loss\n"), "{}", run.out);
    assert!(run.out.contains("A runs/net/1") && run.out.contains("B runs/net/3"), "{}", run.out);
    assert!(run.out.lines().all(|line| line.chars().count() <= 100), "{}", run.out);
    assert!(run.out.contains('⠉') || run.out.contains('⠒') || run.out.contains('⣀'), "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "no colours into a pipe");
    let run = nnrun(folder.path(), &["plot", "runs/net/1", "--measure", "accuracy", "--split", "train"]).expect(2);
    assert!(run.err.contains("there is no curve of `accuracy` on train"), "{}", run.err);
    let run = nnrun(folder.path(), &["plot", "runs/net/1", "--measure", "acuracy"]).expect(2);
    assert!(run.err.contains("a similar one is `accuracy`"), "{}", run.err);
    nnrun(folder.path(), &["plot", "runs/net/1", "--split", "test"]).expect(2);
    nnrun(folder.path(), &["plot", "runs/net/9"]).expect(2);
}

#[test]
fn what_cannot_be_drawn_is_said_with_what_can() {
    let folder = three_runs();
    let said = |arguments: &[&str]| nnrun(folder.path(), &[&["plot"], arguments].concat()).expect(2).err;
    let run = said(&["runs/net/1", "accuracy"]);
    assert!(run.contains("there is no run accuracy") && run.contains("--measure accuracy"), "{run}");
    assert!(said(&["runs/net/1", "loss"]).contains("--measure loss"));
    assert!(said(&["runs/net/1", "runs/net/7"]).contains("there is no such folder"));
    let unknown = said(&["runs/net/1", "--measure", "speed"]);
    assert!(unknown.contains("there are curves of `accuracy` and `loss`"), "{unknown}");
    // What is known at the end alone is no curve.
    std::fs::write(folder.path().join("runs/net/1/metrics.jsonl"), "").unwrap();
    let empty = said(&["runs/net/1"]);
    assert!(empty.contains("no curve of `loss` in this run") && !empty.contains("accuracy"), "{empty}");
    assert!(empty.contains("no report on the way is in their metrics.jsonl"), "{empty}");
}

/// A table in a pipe is as wide as it is asked to be.
#[test]
fn columns_are_as_many_as_the_environment_says() {
    let folder = three_runs();
    let widest = |columns: &str| {
        let output = command(folder.path(), &["runs"]).env("COLUMNS", columns).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.chars().count()).max().unwrap()
    };
    let (narrow, wide) = (widest("50"), widest("120"));
    assert!((30..=50).contains(&narrow) && (100..=120).contains(&wide), "{narrow} {wide}");
    assert_eq!((widest("many"), widest("0")), (widest("100"), widest("100")));
}

#[test]
fn a_picture_is_not_written_over() {
    let folder = three_runs();
    let picture = folder.path().join("loss.svg");
    let plot = |more: &[&str]| {
        let mut arguments = vec!["plot", "runs/net/1", "runs/net/3", "--svg", "loss.svg"];
        arguments.extend(more);
        nnrun(folder.path(), &arguments)
    };
    assert_eq!(plot(&[]).expect(0).out, "curves in loss.svg\n");
    let text = std::fs::read_to_string(&picture).unwrap();
    assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"), "{text}");
    assert_eq!(text.matches("class=\"curve\"").count(), 4, "two curves and two lines of the legend");
    std::fs::write(&picture, "mine").unwrap();
    let run = plot(&[]).expect(2);
    assert!(run.err.contains("loss.svg is there already") && run.err.contains("--force"), "{}", run.err);
    assert_eq!(std::fs::read_to_string(&picture).unwrap(), "mine");
    assert_eq!(plot(&["--force", "--quiet"]).expect(0).out, "");
    assert_eq!(std::fs::read_to_string(&picture).unwrap(), text);
    nnrun(folder.path(), &["plot", "runs/net/1", "--svg", "loss.png"]).expect(2);
}

#[test]
fn only_a_last_line_may_be_broken() {
    let folder = three_runs();
    let path = folder.path().join("runs/net/1");
    let all = events(&path);
    std::fs::write(path.join("metrics.jsonl"), format!("{all}{{\"event\":\"ep")).unwrap();
    assert_eq!(nnrun(folder.path(), &["plot", "runs/net/1"]).expect(0).err, "");
    let lines: Vec<&str> = all.lines().collect();
    let damaged = format!("{}\n{}\n{}\n", lines[..2].join("\n"), &lines[2][..20], lines[3..].join("\n"));
    std::fs::write(path.join("metrics.jsonl"), damaged).unwrap();
    let says = "runs/net/1 is damaged: metrics.jsonl, line 3 is no event";
    for arguments in [&["plot", "runs/net/1"][..], &["report", "runs/net/1"], &["runs", "runs/net/1", "runs/net/2"]] {
        let run = nnrun(folder.path(), arguments).expect(2);
        assert!(run.err.contains(says), "{}", run.err);
    }
    // How it ended, its record tells.
    let run = nnrun(folder.path(), &["runs"]).expect(0);
    assert!(run.err.contains(says) && first_column(&run.out).len() == 3, "{}{}", run.out, run.err);
    // How far one came that was killed, only its events do.
    killed(&path, &std::fs::read_to_string(path.join("metrics.jsonl")).unwrap());
    let run = nnrun(folder.path(), &["runs"]).expect(0);
    assert!(run.err.contains(&format!("passed over: {says}")) && first_column(&run.out).len() == 2, "{}", run.out);
}
