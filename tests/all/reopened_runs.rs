//! Runs opened again: eval, predict, test.

use super::cli::nnrun;
use nnrun::catalog::MetricValue;
use nnrun::check::{Checked, Overrides, check_file};
use nnrun::data::Split;
use nnrun::diagnostics::{Format, Style, render};
use nnrun::train::{PredictOptions, RunError, RunOptions, Silent, evaluate, latest_run, predict, run, test};
use std::path::{Path, PathBuf};

const CLASSIFIER: &str = r#"
data flowers {
  let t         = csv("flowers.csv")
  field x       = t[a, b] |> standardize
  field species = t.species |> classes
  split: random(train: 60%, validation: 20%, test: 20%, seed: 1)
}

model Net(x: [2]) -> logits: [flowers.species.classes] {
  x |> Dense(8) |> tanh |> Dense(flowers.species.classes)
}

train Net on flowers {
  loss:      cross_entropy(logits, species)
  optimizer: Adam(lr: 0.05)
  epochs:    20
  batch:     8
  metrics:   [accuracy, confusion]
  keep:      best(validation.loss)
}

expect {
  test.accuracy >= 0.9
  parameters == 51
}
"#;

const REGRESSION: &str = r#"
data line {
  let t   = csv("line.csv")
  field x = t[a] |> standardize
  field y = t.y |> standardize
  split: random(train: 80%, test: 20%, seed: 1)
}

model Line(x: [1]) -> y_hat: float {
  x |> Dense(1) |> squeeze
}

train Line on line {
  loss:      mse(y_hat, y)
  optimizer: SGD(lr: 0.2)
  epochs:    60
  batch:     16
  metrics:   [mae(y_hat, y), r2(y_hat, y)]
}
"#;

struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    fn new() -> Folder {
        let root = tempfile::tempdir().unwrap();
        let mut flowers = String::from("a,b,species\n");
        let mut line = String::from("a,y\n");
        for i in 0..90 {
            let wiggle = f64::from(i * 37 % 11) / 20.0;
            let (a, b, name) = match i % 3 {
                0 => (1.0 + wiggle, 1.0, "iris"),
                1 => (3.0, 1.0 + wiggle, "lily"),
                _ => (2.0 - wiggle, 3.0, "rose, wild"),
            };
            flowers += &format!("{a},{b},\"{name}\"\n");
            line += &format!("{i},{}\n", 1000 + 5 * i + i * 37 % 11);
        }
        std::fs::write(root.path().join("flowers.csv"), flowers).unwrap();
        std::fs::write(root.path().join("line.csv"), line).unwrap();
        Folder { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn check(&self, name: &str, source: &str) -> Checked {
        std::fs::write(self.path(name), source).unwrap();
        let checked = check_file(&self.path(name), &Overrides::default()).unwrap();
        assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
        checked
    }

    fn options(&self) -> RunOptions {
        RunOptions { runs: self.path("runs"), ..RunOptions::default() }
    }

    fn predict(&self, run: &Path, new: &str, output: &str) -> Result<String, RunError> {
        let input = self.path("new.csv");
        std::fs::write(&input, new).unwrap();
        let options = PredictOptions { model: None, input, output: self.path(output), batch: None, threads: 1 };
        predict(run, &options).map_err(|failed| failed.error)?;
        Ok(String::from_utf8_lossy(&std::fs::read(self.path(output)).unwrap()).into_owned())
    }
}

#[test]
fn eval_measures_what_the_run_measured() {
    let folder = Folder::new();
    let outcome = run(&folder.check("flowers.nn", CLASSIFIER), &folder.options(), &mut Silent).unwrap();
    assert_eq!(outcome.exit_status(), 0, "{:?}", outcome.facts);
    // The file may change afterwards: a run has its own source.
    std::fs::write(folder.path("flowers.nn"), "# all gone").unwrap();
    let latest = latest_run(&folder.path("flowers.nn"), &folder.path("runs")).unwrap();
    let evaluated = evaluate(&latest, None, 1).unwrap();
    let splits: Vec<Split> = evaluated.iter().map(|e| e.split).collect();
    assert_eq!(splits, Split::ALL);
    for of in &evaluated[1..] {
        assert_eq!(Some(&of.measures), outcome.trains[0].measures.get(of.split));
    }
}

#[test]
fn classes_are_predicted_by_name_in_the_order_of_the_rows() {
    let folder = Folder::new();
    let outcome = run(&folder.check("flowers.nn", CLASSIFIER), &folder.options(), &mut Silent).unwrap();
    // Other order, other columns, no target.
    let table = folder.predict(&outcome.directory, "b,extra,a\n3,z,1.9\n1.2,z,3\n1,z,1.1\n", "out.csv").unwrap();
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(table.as_bytes()).records().map(|r| r.unwrap()).collect();
    assert!(table.starts_with("logits,logits.iris,logits.lily,\"logits.rose, wild\"\n"), "{table}");
    let names: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(names, ["rose, wild", "lily", "iris"]);
    for row in &rows {
        let sum: f64 = (1..4).map(|i| row[i].parse::<f64>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-6);
    }
    let error = folder.predict(&outcome.directory, "b\n3\n", "out.csv").unwrap_err();
    assert!(matches!(error, RunError::Input { .. }), "{error}");
    let error = folder.predict(&outcome.directory, "a,b\n3,1\n", "out.txt").unwrap_err();
    assert!(matches!(error, RunError::OutputKind { .. }), "{error}");
}

/// The names of classes are those of the run, whatever its files hold by now.
#[test]
fn a_class_that_has_gone_from_the_data_is_still_one() {
    let folder = Folder::new();
    let outcome = run(&folder.check("flowers.nn", CLASSIFIER), &folder.options(), &mut Silent).unwrap();
    let all = std::fs::read_to_string(folder.path("flowers.csv")).unwrap();
    let some: String = all.lines().filter(|l| !l.contains("lily")).map(|l| format!("{l}\n")).collect();
    std::fs::write(folder.path("flowers.csv"), some).unwrap();
    let table = folder.predict(&outcome.directory, "a,b\n3,1.2\n", "out.csv").unwrap();
    assert!(table.contains("\nlily,"), "{table}");
    let evaluated = evaluate(&outcome.directory, None, 1).map_err(|failed| failed.error).unwrap();
    let values = &evaluated[2].measures.values;
    let is_good = |value: &MetricValue| matches!(value, MetricValue::Number(x) if *x > 0.8);
    assert!(values.iter().any(|(name, value)| &**name == "accuracy" && is_good(value)), "{values:?}");
}

/// What `mixup` feeds beside the fields are no fields.
#[test]
fn a_run_with_mixed_examples_is_measured_again() {
    let folder = Folder::new();
    let program = CLASSIFIER.replace("  batch:     8\n", "  batch:     8\n  augment:   { x: mixup(0.2) }\n");
    let outcome = run(&folder.check("mixed.nn", &program), &folder.options(), &mut Silent).unwrap();
    let evaluated = evaluate(&outcome.directory, None, 1).map_err(|failed| failed.error).unwrap();
    for of in &evaluated[1..] {
        assert_eq!(Some(&of.measures), outcome.trains[0].measures.get(of.split));
    }
}

/// New data that does not fit is told at the place of the program that reads it.
#[test]
fn what_is_wrong_with_new_data_has_a_place_in_the_source_of_the_run() {
    let folder = Folder::new();
    let outcome = run(&folder.check("flowers.nn", CLASSIFIER), &folder.options(), &mut Silent).unwrap();
    let input = folder.path("new.csv");
    for (new, message) in [
        ("a\n1\n", "no column `b`"),
        ("a,b\n1,x\n", "holds \"x\" at"),
        ("a,b\n", "has no row to predict"),
        ("", "is empty"),
    ] {
        std::fs::write(&input, new).unwrap();
        let options =
            PredictOptions { model: None, input: input.clone(), output: folder.path("o.csv"), batch: None, threads: 1 };
        let failed = predict(&outcome.directory, &options).unwrap_err();
        let [diagnostic] = &failed.error.diagnostics()[..] else { panic!("{new:?}: {}", failed.error) };
        assert!(diagnostic.message.contains(message), "{new:?}: {}", diagnostic.message);
        let drawn = render(&failed.sources, diagnostic, Format::Human, Style::default());
        assert!(
            drawn.contains("flowers.nn:") && drawn.contains("csv(\"flowers.csv\")") | drawn.contains("t[a, b]"),
            "{drawn}"
        );
    }
}

#[test]
fn values_are_predicted_in_their_own_units() {
    let folder = Folder::new();
    let outcome = run(&folder.check("line.nn", REGRESSION), &folder.options(), &mut Silent).unwrap();
    let test = outcome.trains[0].measures.get(Split::Test).unwrap();
    assert!((1.0..5.0).contains(&test.number("mae").unwrap()), "{test:?}");
    let table = folder.predict(&outcome.directory, "a\n0\n200\n", "out.csv").unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("y_hat"));
    let values: Vec<f64> = lines.map(|line| line.parse().unwrap()).collect();
    assert!((values[0] - 1005.0).abs() < 5.0 && (values[1] - 2005.0).abs() < 10.0, "{values:?}");
    folder.predict(&outcome.directory, "a\n0\n200\n7\n", "out.npy").unwrap();
    let array: ndarray::Array1<f32> = ndarray_npy::read_npy(folder.path("out.npy")).unwrap();
    assert_eq!(array.len(), 3);
    assert!((f64::from(array[0]) - values[0]).abs() < 1e-3);
}

#[test]
fn facts_are_tested_on_the_latest_run_of_the_same_source() {
    let folder = Folder::new();
    let checked = folder.check("flowers.nn", CLASSIFIER);
    let first = test(&checked, &folder.options(), &mut Silent).unwrap();
    assert!(first.facts.len() == 2 && first.facts.iter().all(|f| f.ok), "{:?}", first.facts);
    let second = test(&checked, &folder.options(), &mut Silent).unwrap();
    assert_eq!((&second.directory, &second.facts), (&first.directory, &first.facts));
    let changed = folder.check("flowers.nn", &CLASSIFIER.replace("epochs:    20", "epochs:    21"));
    let third = test(&changed, &folder.options(), &mut Silent).unwrap();
    assert_ne!(third.directory, first.directory);
}

#[test]
fn what_is_not_a_run_is_said() {
    let folder = Folder::new();
    let error = evaluate(&folder.path("runs"), None, 1).unwrap_err().error;
    assert!(error.to_string().ends_with("there is no such folder"), "{error}");
    let error = evaluate(&folder.path("nothing"), None, 1).unwrap_err().error;
    assert!(matches!(error, RunError::NotARun { .. }), "{error}");
    // Killed between the making of the folder and the first write.
    std::fs::create_dir_all(folder.path("killed")).unwrap();
    let error = evaluate(&folder.path("killed"), None, 1).unwrap_err().error;
    assert!(error.to_string().contains("it is empty"), "{error}");
    std::fs::create_dir_all(folder.path("sweep-1/points/1")).unwrap();
    let error = evaluate(&folder.path("sweep-1"), None, 1).unwrap_err().error;
    assert!(error.to_string().ends_with("sweep-1/points/1"), "{error}");
    let without_test = REGRESSION.replace("train: 80%, test: 20%", "train: 80%, validation: 20%");
    let outcome = run(&folder.check("line.nn", &without_test), &folder.options(), &mut Silent).unwrap();
    let error = evaluate(&folder.path("runs/line"), None, 1).unwrap_err().error;
    assert!(error.to_string().contains("name one"), "{error}");
    let error = evaluate(&outcome.directory, Some(Split::Test), 1).unwrap_err().error;
    assert!(matches!(error, RunError::NoSplit { .. }), "{error}");
}

#[test]
fn a_run_that_ended_early_says_so_when_it_is_opened() {
    let folder = Folder::new();
    let outcome = run(&folder.check("flowers.nn", CLASSIFIER), &folder.options(), &mut Silent).unwrap();
    // What a run leaves that was refused, or stopped before its first weights.
    std::fs::remove_file(outcome.directory.join("model.safetensors")).unwrap();
    let record = outcome.directory.join("run.json");
    let mut left: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    left["status"] = "failed".into();
    std::fs::write(&record, left.to_string()).unwrap();
    let failed = evaluate(&outcome.directory, None, 1).map(|_| ()).unwrap_err();
    assert!(failed.error.to_string().contains("it ended before it left any weights"), "{}", failed.error);
}

#[test]
fn a_run_with_hypers_of_the_command_line_is_opened_again() {
    let folder = super::reports::folder("epochs: 2");
    nnrun(folder.path(), &["net.nn", "-q", "--set", "units=5"]).expect(3);
    let run = nnrun(folder.path(), &["eval", "net.nn", "--json"]).expect(0);
    assert!(run.out.contains("\"split\":\"test\""), "{}", run.out);
    // As it was recorded once: what was set taken for a file.
    let path = folder.path().join("runs/net/1/run.json");
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(record["imports"], serde_json::json!([]));
    record["imports"] = serde_json::json!([{ "file": "--set units=5", "copy": "imports/1-x", "fingerprint": "0" }]);
    std::fs::write(&path, record.to_string()).unwrap();
    assert_eq!(nnrun(folder.path(), &["eval", "net.nn", "--json"]).expect(0).out, run.out);
}
