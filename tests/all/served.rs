//! `nnrun predict --stdin`: another program asks, a JSON object a line.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn nnrun(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nnrun"));
    command.current_dir(folder).args(arguments);
    command
}

/// A run of a few epochs of an example, in a folder of its own.
fn trained(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = example(name);
    let file = file.to_str().unwrap();
    let ended = nnrun(folder.path(), &["train", file, "--epochs", "2", "--quiet", "--out", "run"]).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    folder
}

/// Asks all lines at once: the answers, and the exit status.
fn asked(folder: &Path, name: &str, lines: &str) -> (Vec<Value>, i32) {
    let file = example(name);
    let mut child = nnrun(folder, &["predict", file.to_str().unwrap(), "--from", "run", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let text = String::from_utf8(ended.stdout).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
    (answers.collect(), ended.status.code().unwrap())
}

/// The predictions of a CSV, a row an object.
fn written(folder: &Path, name: &str, csv: &str) -> Vec<Vec<(String, String)>> {
    std::fs::write(folder.join("new.csv"), csv).unwrap();
    let file = example(name);
    let arguments = ["predict", file.to_str().unwrap(), "--from", "run", "--input", "new.csv", "--output", "o.csv"];
    let ended = nnrun(folder, &arguments).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    std::fs::remove_file(folder.join("new.csv")).unwrap();
    let mut reader = csv::Reader::from_path(folder.join("o.csv")).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |row: csv::StringRecord| header.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().unwrap().to_string(),
        other => other.to_string(),
    }
}

const PENGUINS: &str = "species,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year
,Torgersen,39.1,18.7,181,3750,male,2007
,Biscoe,50.2,14.3,218,5700,male,2007
";

#[test]
fn a_line_is_answered_as_a_row_of_a_csv() {
    let folder = trained("penguins.nn");
    let wanted = written(folder.path(), "penguins.nn", PENGUINS);
    let mut reader = csv::Reader::from_reader(PENGUINS.as_bytes());
    let header = reader.headers().unwrap().clone();
    let mut lines = String::new();
    for record in reader.records() {
        let record = record.unwrap();
        // In another order, with more than is needed.
        let cells = header.iter().zip(record.iter()).map(|(name, cell)| match cell.parse::<f64>() {
            Ok(number) => format!("\"{name}\": {number}"),
            Err(_) => format!("\"{name}\": \"{cell}\""),
        });
        let mut cells: Vec<String> = cells.collect();
        cells.reverse();
        lines.push_str(&format!("{{{}, \"of no use\": [{{}}]}}\n\n", cells.join(", ")));
    }
    let (answers, status) = asked(folder.path(), "penguins.nn", &lines);
    assert_eq!((answers.len(), status), (2, 0), "{answers:?}");
    for (answer, wanted) in answers.iter().zip(&wanted) {
        let answer: Vec<(String, String)> =
            answer.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text_of(value))).collect();
        assert_eq!(&answer, wanted);
    }
}

#[test]
fn what_cannot_be_answered_is_said_in_its_place() {
    let folder = trained("penguins.nn");
    let whole = "{\"island\": \"Biscoe\", \"bill_length_mm\": 50, \"bill_depth_mm\": 14, \"flipper_length_mm\": 218, \
                 \"body_mass_g\": 5700, \"sex\": \"male\"}";
    let lines = [
        whole.replace("Biscoe", "Atlantis"),
        whole.replace("\"bill_depth_mm\": 14, ", ""),
        whole.replace("5700", "\"heavy\""),
        whole.replace("5700", "{}"),
        "nonsense".to_owned(),
        "[1, 2]".to_owned(),
        "{}".to_owned(),
        whole.replace("5700", "[5700, 4000]").replace("218", "[218]"),
        whole.to_owned(),
    ];
    let (answers, status) = asked(folder.path(), "penguins.nn", &lines.join("\n"));
    assert_eq!((answers.len(), status), (9, 1));
    let said = [
        "\"Atlantis\" is not a class of `island`",
        "no column `bill_depth_mm`",
        "column `body_mass_g` is text",
        "`body_mass_g` holds a list or an object",
        "not JSON",
        "an object with the columns",
        "no column",
        "lists of one object are equally long",
    ];
    for (number, (answer, said)) in answers.iter().zip(said).enumerate() {
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert!(error.contains(said) && !error.contains("row 1"), "{error}");
        assert_eq!(answer["line"], number as u64 + 1);
    }
    assert!(answers[8]["logits"].is_string(), "and goes on: {}", answers[8]);
}

/// A sequence is an object of lists, and needs no name.
#[test]
fn a_sequence_is_an_object_of_lists() {
    let folder = trained("vowels_lstm.nn");
    let text = std::fs::read_to_string(example("data/sequences/japanese_vowels_test.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let series = header.iter().position(|name| name == "series").unwrap();
    let first: Vec<&csv::StringRecord> = records.iter().filter(|r| r[series] == records[0][series]).collect();
    assert!(first.len() > 5);
    let lists = header.iter().enumerate().filter(|(_, name)| name.starts_with("lpc")).map(|(at, name)| {
        let numbers: Vec<&str> = first.iter().map(|record| &record[at]).collect();
        format!("\"{name}\": [{}]", numbers.join(", "))
    });
    let line = format!("{{{}}}\n", lists.collect::<Vec<_>>().join(", "));
    let csv: Vec<String> =
        std::iter::once(&header).chain(first).map(|r| r.iter().collect::<Vec<_>>().join(",")).collect();
    let wanted = written(folder.path(), "vowels_lstm.nn", &csv.join("\n"));
    let (answers, status) = asked(folder.path(), "vowels_lstm.nn", &line);
    assert_eq!((answers.len(), status), (1, 0), "{answers:?}");
    let answer = answers[0].as_object().unwrap();
    assert_eq!(answer.len(), wanted[0].len() - 1, "without the name of the series");
    for (name, wanted) in wanted[0].iter().filter(|(name, _)| name != "series") {
        assert_eq!(&text_of(&answer[name]), wanted, "{name}");
    }
}

/// A program that waits for each answer before it asks the next.
#[test]
fn an_answer_comes_before_the_next_question() {
    let folder = trained("iris.nn");
    let file = example("iris.nn");
    let mut child = nnrun(folder.path(), &["predict", file.to_str().unwrap(), "--from", "run", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for length in [1.4, 4.7, 6.0] {
        let columns = "\"sepal_length_cm\": 5.1, \"sepal_width_cm\": 3.5, \"petal_width_cm\": 0.2";
        writeln!(to, "{{\"petal_length_cm\": {length}, {columns}}}").unwrap();
        let mut answer = String::new();
        from.read_line(&mut answer).unwrap();
        assert!(serde_json::from_str::<Value>(&answer).unwrap()["logits"].is_string(), "{answer}");
    }
    drop(to);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_is_no_table_cannot_be_asked_so() {
    let folder = trained("autoencoder.nn");
    let file = example("autoencoder.nn");
    let arguments = ["predict", file.to_str().unwrap(), "--from", "run", "--stdin"];
    let ended = nnrun(folder.path(), &arguments).stdin(Stdio::null()).output().unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && err.contains("objects of JSON"), "{err}");
}
