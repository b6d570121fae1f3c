//! The weights of real runs in PyTorch: `tests/reference/load_in_torch.py` builds the twins of the programs beside it
//! and takes the state dicts strictly. Without a python3 that has torch and safetensors the comparison is skipped, and
//! says so; the programs are trained and predict all the same.

use super::snapshot::repository;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const PROGRAMS: [&str; 4] = ["mlp", "norms", "paths", "blocks"];

/// Points with a class and two values that follow from them.
fn points() -> String {
    let mut text = String::from("a,b,c,d,kind,u,v\n");
    for i in 0..120 {
        let wave = |step: f64| (f64::from(i) * step).sin() * 1.5;
        let [a, b, c, d] = [1.3, 2.9, 0.7, 4.1].map(wave);
        let kind = ["ash", "birch", "cedar"][usize::from(a > b) + usize::from(c > 0.0)];
        writeln!(text, "{a:.3},{b:.3},{c:.3},{d:.3},{kind},{:.4},{:.4}", a * b + c, d.tanh() - a).unwrap();
    }
    text
}

fn nnrun(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nnrun"));
    let output = command.current_dir(folder).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Says it past the capture of the test harness, which would swallow it.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The Python to ask, where it has torch.
fn python(what: &str) -> Option<String> {
    let python = std::env::var("NNRUN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = Command::new(&python).args(["-c", "import torch, safetensors.torch"]).output();
    if probe.is_ok_and(|probe| probe.status.success()) {
        return Some(python);
    }
    say(&format!("skipped: {what} ({python} with torch and safetensors is not here)"));
    None
}

#[test]
fn pytorch_takes_the_weights_and_predicts_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("points.csv"), points()).unwrap();
    for name in PROGRAMS {
        let program = format!("{name}.nn");
        std::fs::copy(repository("tests/reference/torch").join(&program), at.join(&program)).unwrap();
        nnrun(at, &["train", &program, "--quiet", "--out", name]);
        let predictions = format!("{name}.csv");
        let arguments = ["predict", &program, "--from", name, "--input", "points.csv", "--output", &predictions];
        nnrun(at, &arguments);
        assert_eq!(std::fs::read_to_string(at.join(predictions)).unwrap().lines().count(), 121, "{name}");
    }

    let Some(python) = python("the weights of four programs in PyTorch") else { return };
    let script = repository("tests/reference/load_in_torch.py");
    let output = Command::new(&python).arg(script).arg(at).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert_eq!(out.lines().count(), PROGRAMS.len(), "{out}");
    println!("{out}");
}

/// The Python of the README, word for word, on the run that its first command makes.
#[test]
fn the_readme_loads_its_weights() {
    let Some(python) = python("the README's program in PyTorch") else { return };
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let (_, code) = readme.split_once("```python\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let table = "data/tabular/iris.csv";
    std::fs::create_dir_all(folder.path().join(table).parent().unwrap()).unwrap();
    std::fs::copy(repository("examples").join(table), folder.path().join(table)).unwrap();
    std::fs::copy(repository("examples/iris.nn"), folder.path().join("iris.nn")).unwrap();
    nnrun(folder.path(), &["iris.nn", "--quiet"]);
    let output = Command::new(python).current_dir(folder.path()).args(["-c", code]).output().unwrap();
    assert!(output.status.success(), "{code}{}", String::from_utf8_lossy(&output.stderr));
}
