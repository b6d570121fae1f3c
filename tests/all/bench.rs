//! `nnrun bench`: what it prints, and that it leaves nothing.

use super::cli::{Ended, nnrun};
use serde_json::Value;
use std::path::Path;

const TWO: &str = "\
data d {
  let t = blobs(100, classes: 3, features: 4, seed: 1)
  field x = t[x0 .. x3]
  field y = t.label |> classes
}

model Net(x: [4]) -> logits: [3] { x |> Dense(8) |> tanh |> Dense(3) }

train Net on d {
  loss: cross_entropy(logits, y)
  batch: 30
  phase first { optimizer: SGD(lr: 0.1); epochs: 1 }
  phase second { optimizer: Adam(lr: 0.1); epochs: 1; accumulate: 2 }
}
";

fn bench(folder: &Path, arguments: &[&str]) -> Ended {
    nnrun(folder, &[&["bench", "two.nn"], arguments].concat())
}

#[test]
fn steps_are_timed_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("two.nn"), TWO).unwrap();
    let told = bench(folder.path(), &["--steps", "20"]).expect(0);
    for what in ["Net, phase first on d", "SGD · batches of 30", "20 steps behind 10", "a second", "FLOP/s", "KiB"] {
        assert!(told.out.contains(what), "{what}:\n{}", told.out);
    }
    let of = |arguments: &[&str]| -> Value {
        let ended = bench(folder.path(), &[&["--json", "--steps", "15"], arguments].concat()).expect(0);
        assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
        serde_json::from_str(&ended.out).unwrap()
    };
    let first = of(&[]);
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    let wanted = ["train", "batch", "threads", "steps", "ms_per_step", "flops_per_step", "gflops", "peak_bytes"];
    assert_eq!(keys, wanted);
    let [low, median, high] = ["p10", "median", "p90"].map(|key| first["ms_per_step"][key].as_f64().unwrap());
    assert!(0.0 < low && low <= median && median <= high);
    // Two products forward, and their gradients but that of the data.
    let products = 30 * 2 * (4 * 8 + 8 * 3) + 30 * 2 * (4 * 8 + 2 * 8 * 3);
    assert!(first["flops_per_step"].as_u64().unwrap() > products, "{first}");
    // A step of two batches, and one that takes what there is.
    assert_eq!(of(&["--train", "second"])["batch"], 60);
    assert_eq!(of(&["--batch", "7"])["batch"], 7);
    assert_eq!(of(&["--batch", "1000", "--threads", "1"])["batch"], 100);
    assert!(!folder.path().join("runs").exists());
    // Line by line of the program, and what ran when.
    let told = bench(folder.path(), &["--steps", "5", "--profile"]).expect(0);
    for what in ["two.nn:7  model Net(x: [4])", "two.nn:12  phase first", "between them", "a step", "share"] {
        assert!(told.out.contains(what), "{what}:\n{}", told.out);
    }
    assert!(told.out.contains("5 steps behind 10 to warm up, then 5 looked at closely"), "{}", told.out);
    let closer = of(&["--profile", "--trace", "trace.json"]);
    assert_eq!((&closer["steps"], &closer["profiled_steps"]), (&Value::from(15), &Value::from(15)));
    let profile = &closer["profile"];
    let lines = profile.as_array().unwrap();
    // The same operations are counted, line by line and all together, but those on numbers that the plan knows.
    let counted = |line: &Value| line["gflops"].as_f64().unwrap_or(0.0) * line["ms"].as_f64().unwrap() * 1e6;
    let (together, step) = (lines.iter().map(counted).sum::<f64>(), closer["flops_per_step"].as_f64().unwrap());
    assert!(together < step + 0.5 && together > 0.999 * step, "{together} by line, {step} in a step");
    let shares: f64 = lines.iter().map(|line| line["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-6 && lines.last().unwrap()["line"].is_null(), "{profile}");
    let products = lines.iter().flat_map(|line| line["operations"].as_array().into_iter().flatten());
    assert!(products.filter(|of| of["operation"].as_str().unwrap().starts_with("matmul")).count() >= 4, "{profile}");
    let trace = std::fs::read_to_string(folder.path().join("trace.json")).unwrap();
    let events = serde_json::from_str::<Value>(&trace).unwrap()["traceEvents"].clone();
    let named = |name: &str| events.as_array().unwrap().iter().filter(|event| event["name"] == name).count();
    assert!(named("step 15") == 1 && named("step 16") == 0, "{trace}");
    assert!(named("step 1") == 1 && named("thread_name") >= 1 && named("matmul 30×4×8") >= 1, "{trace}");
    bench(folder.path(), &["--trace", "trace.json"]).expect(2);
    bench(folder.path(), &["--trace", "trace.txt"]).expect(2);
    bench(folder.path(), &["--trace", "trace.json", "--force"]).expect(0);
    std::fs::remove_file(folder.path().join("trace.json")).unwrap();
    bench(folder.path(), &["--train", "third"]).expect(2);
    bench(folder.path(), &["--steps", "0"]).expect(2);
    bench(folder.path(), &["--memory-limit", "1kB"]).expect(1);
}

/// A trace that cannot be kept is told before there is one, and before the data is read.
#[test]
fn a_trace_needs_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("two.nn"), TWO.replace("blobs(100", "csv(\"none.csv\"")).unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for (path, told) in [
        (
            "none/trace.json",
            "cannot be written: there is no such file or folder\nhelp: there is no folder none: make it",
        ),
        ("file/trace.json", "cannot be written: a part of its path is a file, not a folder"),
        ("trace.txt", "a trace is written as .json"),
    ] {
        let ended = bench(folder.path(), &["--trace", path]).expect(2);
        assert!(ended.err.contains(told), "{path}:\n{}", ended.err);
    }
    // Whoever may do everything cannot write there either.
    if Path::new("/proc/self").exists() {
        let ended = bench(folder.path(), &["--trace", "/proc/trace.json"]).expect(2);
        assert!(ended.err.contains("cannot be written"), "{}", ended.err);
    }
    let many = bench(folder.path(), &["--profile", "--steps", "10001"]).expect(2);
    assert!(many.err.contains("--steps 10001: at most 10000 are looked at closely"), "{}", many.err);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2);
}
