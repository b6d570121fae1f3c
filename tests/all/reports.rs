//! The page that a run leaves: well-formed, whole by itself, and harmless whatever is written in names.

use super::cli::nnrun;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A class, a comment and the value of a hyper that a careless page would run.
const EVIL: &str = "<script>alert(\\\"1\\\")</script>";

fn program(settings: &str) -> String {
    format!(
        "\
# {EVIL} & more
hyper units = 8

data points {{
  let t   = csv(\"points.csv\")
  field x = t[a, b] |> standardize
  field y = t.kind |> classes
  split: random(train: 60%, validation: 20%, test: 20%, seed: 1)
}}

model Net(x: [2]) -> logits: [points.y.classes] {{
  x |> Dense(units) |> tanh |> Dense(points.y.classes)
}}

train Net on points {{
  loss:      cross_entropy(logits, y)
  optimizer: Adam(lr: 0.01)
  batch:     8
  metrics:   [accuracy, confusion]
  {settings}
}}

expect {{
  parameters > 5
  test.loss < 0.001
}}
"
    )
}

/// A folder with a program and its data: half of the points are in the wrong place.
pub fn folder(settings: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let kinds = ["plain", "<script>alert(1)</script>", "a & \"\"b\"\""];
    let rows: String = (0..60)
        .map(|i| {
            let kind = kinds[if i % 4 == 0 { (i / 4) % 3 } else { i % 3 }];
            format!("{},{},\"{kind}\"\n", i % 3, (i * 7) % 5)
        })
        .collect();
    std::fs::write(folder.path().join("points.csv"), format!("a,b,kind\n{rows}")).unwrap();
    std::fs::write(folder.path().join("net.nn"), program(settings)).unwrap();
    folder
}

fn page(folder: &Path, run: &str) -> String {
    let text = std::fs::read_to_string(folder.join(run).join("report.html")).unwrap();
    well_formed(&text);
    text
}

/// Whether every element is closed where it should be, attributes are quoted, and nothing outside is needed.
#[track_caller]
fn well_formed(html: &str) {
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
    let body = html.strip_prefix("<!DOCTYPE html>\n").expect("it says that it is HTML");
    let mut open: Vec<String> = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        if open.last().is_some_and(|name| name != "style") {
            assert!(!text.contains('>'), "a loose > in {text:?}");
        }
        let end = tag.find('>').expect("a tag that ends");
        let inside = &tag[1..end];
        rest = &tag[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{inside} closes what is open");
            continue;
        }
        let name = inside.split([' ', '\n', '/']).next().unwrap().to_owned();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty(), "<{inside}>");
        assert_eq!(inside.matches('"').count() % 2, 0, "<{inside}>");
        let is_void = ["meta", "img", "br", "hr"].contains(&name.as_str());
        assert!(name != "script" && name != "link" && name != "iframe", "<{inside}>");
        for attribute in [" href=", " src=\"http", " onload", " onerror", " onclick"] {
            assert!(!inside.contains(attribute), "<{inside}>");
        }
        if !is_void && !inside.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new(), "everything is closed");
    for needed in ["<title>", "charset=\"utf-8\"", "prefers-color-scheme:dark", "<h1>"] {
        assert!(html.contains(needed), "{needed}");
    }
    assert_eq!(html.replace("http://www.w3.org/2000/svg", "").matches("http").count(), 0, "it needs no network");
}

#[test]
fn a_run_leaves_a_page_that_tells_all_of_it() {
    let folder = folder("epochs: 12");
    let run = nnrun(folder.path(), &["net.nn", "--seed", "7", "--set", "units=5"]).expect(3);
    assert!(run.out.ends_with("report in runs/net/1/report.html\n"), "{}", run.out);
    let html = page(folder.path(), "runs/net/1");
    for told in [
        "net.nn",
        ">finished<",
        "not as expected",
        "33 parameters · seed 7 · Adam · batch 8 · 12 epochs · 60 steps · on points",
        "nnrun run net.nn --set units=5 --seed 7",
        "<code>parameters &gt; 5</code>",
        "✓ holds",
        "<code>test.loss &lt; 0.001</code>",
        "✗ does not hold",
        ">confusion (test)<",
        "Worst mistakes (test)",
        "points.csv",
        "learning rate",
        "model Net(x: [2]) -&gt; logits",
        "the network Net",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "a &amp; &quot;b&quot;",
    ] {
        assert!(html.contains(told), "{told}");
    }
    let charts = html.matches("class=\"chart\"").count();
    assert_eq!(charts, 3, "loss, accuracy, learning rate");
    // The counts are those of the record.
    let record: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("runs/net/1/run.json")).unwrap()).unwrap();
    let counts = record["trains"][0]["measures"]["test"]["confusion"]["counts"].as_array().unwrap();
    let all: u64 = counts.iter().flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
    let right: u64 = counts.iter().enumerate().map(|(i, row)| row[i].as_u64().unwrap()).sum();
    assert_eq!(all, 12);
    assert!(html.contains(&format!("{} of 12 examples are wrong", all - right)), "the weights are those of the record");
    assert_eq!(html.matches("class=\"mistake\"").count() as u64, all - right);
}

#[test]
fn the_page_can_be_written_again() {
    let folder = folder("epochs: 3");
    nnrun(folder.path(), &["net.nn", "-q"]).expect(3);
    let before = page(folder.path(), "runs/net/1");
    std::fs::remove_file(folder.path().join("runs/net/1/report.html")).unwrap();
    let run = nnrun(folder.path(), &["report", "runs/net/latest"]).expect(0);
    assert_eq!(run.out, "report in runs/net/1/report.html\n");
    assert_eq!(page(folder.path(), "runs/net/1"), before);
    // Without its data the page has less, and says so.
    std::fs::remove_file(folder.path().join("points.csv")).unwrap();
    let run = nnrun(folder.path(), &["report", "runs/net/1"]).expect(0);
    assert!(run.err.contains("the program cannot be checked again"), "{}", run.err);
    let html = page(folder.path(), "runs/net/1");
    assert!(html.contains("cannot be checked again") && html.contains(">confusion (test)<"), "{html}");
    // What is no run.
    let run = nnrun(folder.path(), &["report", "runs/net/9"]).expect(2);
    assert!(run.err.contains("runs/net/9 is not a run"), "{}", run.err);
}

#[test]
fn a_divergence_leaves_a_page() {
    let folder = folder("epochs: 50");
    let text = std::fs::read_to_string(folder.path().join("net.nn")).unwrap();
    let text = text.replace("Adam(lr: 0.01)", "SGD(lr: 1e30)").replace(" |> tanh", "");
    std::fs::write(folder.path().join("net.nn"), text).unwrap();
    nnrun(folder.path(), &["net.nn"]).expect(4);
    let html = page(folder.path(), "runs/net/1");
    assert!(html.contains(">diverged<") && html.contains("It diverged at epoch"), "{html}");
    assert!(!html.contains("Worst mistakes"), "what a divergence left is no result");
}

/// Makes the record of a run look as if it had been killed, with these events.
pub fn killed(run: &Path, events: &str) {
    let path = run.join("run.json");
    let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record["status"] = "running".into();
    record["trains"] = Value::Array(Vec::new());
    std::fs::write(&path, record.to_string()).unwrap();
    std::fs::write(run.join("metrics.jsonl"), events).unwrap();
}

pub fn events(run: &Path) -> String {
    std::fs::read_to_string(run.join("metrics.jsonl")).unwrap()
}

#[test]
fn a_killed_run_has_a_page_and_a_resumed_one_tells_of_it() {
    let folder = folder("epochs: 6");
    nnrun(folder.path(), &["net.nn", "-q"]).expect(3);
    let run: PathBuf = folder.path().join("runs/net/1");
    let all = events(&run);
    let lines: Vec<&str> = all.lines().collect();
    let half = format!("{}\n{}", lines[..4].join("\n"), &lines[4][..lines[4].len() / 2]);
    killed(&run, &half);
    let ended = nnrun(folder.path(), &["report", "runs/net/1"]).expect(0);
    assert_eq!(ended.err, "", "half a line is no damage");
    let html = page(folder.path(), "runs/net/1");
    assert!(html.contains(">unfinished<") && html.contains("3 epochs and 15 steps"), "{html}");
    assert!(html.contains("it was not measured at an end"));
    // It went on.
    let start = lines[0].replace("\"seed\"", "\"resumed\":{\"epoch\":3,\"step\":15},\"seed\"");
    killed(&run, &format!("{}\n{start}\n{}\n", lines[..4].join("\n"), lines[4..6].join("\n")));
    nnrun(folder.path(), &["report", "runs/net/1"]).expect(0);
    let html = page(folder.path(), "runs/net/1");
    assert!(html.contains("went on at epoch 3, step 15") && html.contains("5 epochs and 25 steps"), "{html}");
    assert_eq!(html.matches("<h2>Net</h2>").count(), 1, "it is one train");
}

#[test]
fn phases_have_sections_of_their_own() {
    let settings = "phase one { epochs: 3; freeze: [dense1] }\n  phase two { epochs: 4 }";
    let folder = folder(settings);
    nnrun(folder.path(), &["net.nn", "-q", "--log-steps"]).expect(3);
    let html = page(folder.path(), "runs/net/1");
    assert!(html.contains("<h2>Net, phase one</h2>") && html.contains("<h2>Net, phase two</h2>"), "{html}");
    assert_eq!(html.matches("Worst mistakes").count(), 1, "the weights are those of the last phase");
    assert!(html.contains(">step</text>"), "steps are drawn where they were recorded");
}

#[test]
fn a_page_that_cannot_be_written_does_not_cost_the_run() {
    let folder = folder("epochs: 3");
    nnrun(folder.path(), &["train", "net.nn", "-q"]).expect(0);
    let run = folder.path().join("runs/net/1");
    killed(&run, "");
    for file in ["model.safetensors", "report.html"] {
        std::fs::remove_file(run.join(file)).unwrap();
    }
    let checkpoints = run.join("checkpoints");
    if checkpoints.exists() {
        std::fs::remove_dir_all(checkpoints).unwrap();
    }
    // A folder where the page is to be written.
    std::fs::create_dir(run.join("report.html.part")).unwrap();
    let ended = nnrun(folder.path(), &["resume", "runs/net/1"]).expect(1);
    assert!(ended.err.contains("there is no report: runs/net/1/report.html cannot be written"), "{}", ended.err);
    assert!(ended.err.contains("`nnrun report runs/net/1` writes its report"), "{}", ended.err);
    assert!(run.join("model.safetensors").is_file());
    assert!(ended.out.contains("saved in runs/net/1"), "{}", ended.out);
}

#[test]
fn programs_hear_events_only() {
    let folder = folder("epochs: 3");
    let run = nnrun(folder.path(), &["net.nn", "--json"]).expect(3);
    assert!(run.out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", run.out);
    page(folder.path(), "runs/net/1");
}

#[test]
fn what_was_killed_before_its_page_gets_it_by_going_on() {
    let folder = folder("epochs: 2");
    nnrun(folder.path(), &["net.nn", "-q"]).expect(3);
    nnrun(folder.path(), &["resume", "runs/net/1"]).expect(2);
    std::fs::remove_file(folder.path().join("runs/net/1/report.html")).unwrap();
    let run = nnrun(folder.path(), &["resume", "runs/net/1"]).expect(3);
    assert!(run.err.contains("only its report is missing"), "{}", run.err);
    page(folder.path(), "runs/net/1");
}
