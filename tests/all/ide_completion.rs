//! What is offered at a cursor `$0`, in texts as one types them.

use crate::programs::programs;
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::ide::names::{Meaning, Names};
use nnrun::ide::{Offer, OfferKind, complete, signature};
use std::path::{Path, PathBuf};

/// Where the data of the examples is.
fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/typed.nn")
}

fn check(text: &str) -> Checked {
    check_text(&path(), text, &Overrides::default())
}

/// What is offered at `$0`.
fn offers(text: &str) -> Vec<Offer> {
    let offset = text.find("$0").unwrap();
    let checked = check(&text.replacen("$0", "", 1));
    complete(&checked, &Names::of(&checked), None, offset)
}

fn labels(text: &str) -> Vec<String> {
    offers(text).into_iter().map(|o| o.label).collect()
}

/// All of these are offered, in this order, and none of those.
fn offered(text: &str, these: &[&str], not_those: &[&str]) {
    let labels = labels(text);
    let places: Vec<Option<usize>> = these.iter().map(|t| labels.iter().position(|l| l == t)).collect();
    assert!(places.iter().all(Option::is_some), "of {these:?} some are not offered: {labels:?}\nat {text}");
    assert!(places.is_sorted(), "{these:?} stand in another order: {labels:?}");
    for not in not_those {
        assert!(!labels.iter().any(|l| l == not), "`{not}` is offered: {labels:?}\nat {text}");
    }
}

const DATA: &str = "data penguins {\n  let t = csv(\"data/tabular/penguins.csv\") |> drop_missing\n  \
                    field x = t[bill_length_mm .. body_mass_g] |> standardize\n  field kind = t.species |> classes\n  \
                    split: random(train: 80%, validation: 20%, seed: 1)\n}\n\n";
const BLOCK: &str = "hyper width = 16\n\n## Two layers.\nblock Pair(units, act: relu)(x: [D]) -> [units] {\n  x |> Dense(units) |> act |> Dense(units)\n}\n\n";

fn in_model(body: &str) -> String {
    format!("{DATA}{BLOCK}model Net(x: [4]) -> logits: [3] {{\n  let head = Dense(3)\n  let h = x * 2\n  {body}\n}}\n")
}

fn in_train(body: &str) -> String {
    format!(
        "{DATA}model Net(x: penguins.x) -> logits: [3] {{\n  x |> Dense(3)\n}}\n\ntrain Net on penguins {{\n  {body}\n}}\n"
    )
}

#[test]
fn stages_after_a_bar() {
    offered(&in_model("x |> $0"), &["head", "Pair", "Dense", "relu", "residual"], &["csv", "Adam", "h", "mse"]);
    offered(&in_model("x |> De$0"), &["head", "Dense"], &["classes"]);
    offered(&in_model("x\n  |> relu\n  |> $0"), &["Dense", "softmax"], &["csv"]);
    offered(&in_model("x |> residual { $0 }"), &["head", "Dense", "relu"], &[]);
    let dense = offers(&in_model("x |> $0")).into_iter().find(|o| o.label == "Dense").unwrap();
    assert_eq!((dense.text.as_str(), dense.is_snippet, dense.kind), ("Dense(${1:units})", true, OfferKind::Layer));
    assert!(dense.documentation.contains("`bias` ("), "{}", dense.documentation);
    let pair = offers(&in_model("x |> $0")).into_iter().find(|o| o.label == "Pair").unwrap();
    assert_eq!(pair.text, "Pair(${1:units})");
    assert!(pair.documentation.contains("Two layers."));
}

#[test]
fn values_in_sight() {
    offered(&in_model("let z = $0"), &["h", "head", "x", "width", "relu"], &["csv", "logits"]);
    offered(&in_model("$0"), &["h", "x", "let", "weight"], &["epochs:", "Adam"]);
    offered(&in_model("h + $0"), &["h", "x"], &[]);
    // What is declared further down is not there yet.
    offered("model M(x: [4]) {\n  $0\n  let later = x\n  later\n}\n", &["x"], &["later"]);
}

#[test]
fn arguments_with_defaults_and_choices() {
    offered(&in_model("x |> Dense($0)"), &["units:", "bias:", "width"], &["x:"]);
    offered(&in_model("x |> Dense(4, $0)"), &["bias:", "init:"], &["units:"]);
    offered(&in_model("x |> Dense(4, bias: $0)"), &["true", "false"], &["relu", "h"]);
    offered(&in_model("x |> Conv2d(4, kernel: 3, padding: $0)"), &["same"], &[]);
    offered(&in_model("x |> Conv2d(4, kernel: 3, pad$0"), &["padding:"], &["kernel:"]);
    offered(&in_model("x |> Dense(4, init: $0)"), &["zeros", "normal"], &["relu"]);
    offered(&in_model("x |> softmax($0"), &["axis:"], &["x:"]);
    offered(&in_model("x |> Pair($0)"), &["units:", "act:", "width"], &[]);
    offered(&in_model("x |> Pair(4, act: $0)"), &["relu", "tanh"], &["units:"]);
    let bias = offers(&in_model("x |> Dense(4, $0)")).into_iter().find(|o| o.label == "bias:").unwrap();
    assert_eq!(bias.text, "bias: ${1:true}");
}

#[test]
fn settings_that_are_not_written_yet() {
    offered(&in_train("$0"), &["loss:", "optimizer:", "epochs:", "batch:"], &["Dense"]);
    offered(
        &in_train("loss: mse(logits, x)\n  $0\n  epochs: 3"),
        &["optimizer:", "batch:"],
        &["loss:", "epochs:", "steps:"],
    );
    offered(&in_train("loss: $0"), &["cross_entropy", "logits", "kind"], &["Adam", "csv"]);
    offered(&in_train("loss: cross_entropy($0"), &["logits", "x", "kind", "label_smoothing:", "relu"], &["Adam"]);
    offered(&in_train("loss: cross_entropy(logits, kind, label_$0"), &["label_smoothing:"], &[]);
    offered(&in_train("optimizer: $0"), &["SGD", "Adam"], &["Dense", "cosine", "logits"]);
    offered(&in_train("optimizer: Adam($0"), &["lr:"], &["logits"]);
    offered(
        &in_train("optimizer: SGD(lr: 1)\n  group [\"*.bias\"] { lr: 0; $0 }"),
        &["momentum:", "weight_decay:"],
        &["lr:", "loss:", "betas:"],
    );
    offered(
        &in_train("group [\"*.bias\"] { nesterov: $0 }\n  optimizer: SGD(lr: 1)"),
        &["true", "false"],
        &["momentum:", "logits"],
    );
    offered(&in_train("schedule: $0"), &["cosine", "warmup"], &["Adam"]);
    offered(&in_train("schedule: warmup(5 epochs) then $0"), &["cosine"], &["Adam"]);
    offered(&in_train("metrics: [$0]"), &["accuracy", "f1"], &["Adam", "Dense"]);
    offered(&in_train("metrics: [accuracy, $0"), &["f1"], &["Adam"]);
    offered(&in_train("clip: $0"), &["norm", "value"], &["Adam"]);
    offered(&in_train("stop: patience($0"), &["validation", "train"], &["Adam"]);
    offered(
        &in_train("loss: cross_entropy(logits, kind)\n  metrics: [accuracy]\n  keep: best(validation.$0)"),
        &["loss", "accuracy"],
        &["x"],
    );
    offered(&in_train("shuffle: $0"), &["true", "false"], &[]);
    offered(&in_train("class_weights: $0"), &["balanced"], &[]);
    offered(&in_train("augment: { $0 }"), &["x", "kind"], &["Dense"]);
    offered(&in_train("augment: { x: $0 }"), &["noise"], &["Dense"]);
    offered(&in_train("epochs: 3 $0"), &["epochs"], &["Dense"]);
    offered(&in_train("$0"), &["loss:", "phase", "group"], &[]);
    offered(&in_train("phase head {\n    $0\n  }"), &["epochs:", "freeze:", "group"], &["phase"]);
    let phase = offers(&in_train("ph$0")).into_iter().find(|o| o.label == "phase").unwrap();
    assert!(phase.is_snippet && phase.text.starts_with("phase ${1:head} {\n"), "{phase:?}");
    assert!(phase.documentation.contains("inherits the settings around it"), "{}", phase.documentation);
}

#[test]
fn columns_are_those_of_the_file() {
    let data = |field: &str| {
        format!("data d {{\n  let t = csv(\"data/tabular/penguins.csv\") |> drop_missing\n  {field}\n}}\n")
    };
    let columns = ["species", "bill_length_mm", "body_mass_g"];
    for field in
        ["field x = t.$0", "field x = t[$0]", "field x = t[species, $0]", "field x = t[species .. $0", "let u = t.$0"]
    {
        let labels = labels(&data(field));
        assert!(columns.iter().all(|c| labels.iter().any(|l| l == c)), "{field}: {labels:?}");
        assert!(!labels.iter().any(|l| l == "Dense" || l == "csv"), "{field}: {labels:?}");
    }
    let mass = offers(&data("field x = t.$0")).into_iter().find(|o| o.label == "body_mass_g").unwrap();
    assert_eq!((mass.kind, mass.detail.as_str()), (OfferKind::Column, "whole numbers"));
    offered(&data("field x = t |> fill($0)"), &["mean", "median"], &["Dense"]);
    offered("data d {\n  let t = rows([[1, 2]], columns: [a, b])\n  field x = t.$0\n}\n", &["a", "b"], &["x0"]);
    offered(&data("field x = $0"), &["t", "csv", "classes"], &["Dense", "Adam"]);
    offered(&data("field x = t.species |> $0"), &["classes", "standardize"], &["Dense", "csv"]);
    offered(&data("field y = t.species |> classes\n  split: random(train: 50%, stratify: $0"), &["y"], &["Dense"]);
    offered(&data("split: $0"), &["random", "ordered"], &["Dense"]);
    let made = |source: &str| format!("hyper many = 4\n\ndata d {{\n  let t = {source}\n  field x = t[$0]\n}}\n");
    offered(&made("blobs(100)"), &["x0", "x1", "label"], &["x2"]);
    offered(&made("blobs(100, features: 5)"), &["x0", "x4", "label"], &["x5"]);
    offered(&made("blobs(100, 3, many)"), &["x0", "x3", "label"], &["x4"]);
    offered(&made("sine(100)"), &["x", "y"], &["x0"]);
    let archive = "data d {\n  let a = npz(\"../src/data/tests/archive.npz\")\n  field x = a.$0\n}\n";
    offered(archive, &["x", "y"], &["Dense", "weight"]);
    offered(&data("$0"), &["field", "let", "split:"], &["Dense"]);
}

#[test]
fn files_in_strings() {
    offered("data d {\n  let t = csv(\"$0\")\n}\n", &["data/"], &["iris.nn"]);
    offered("data d {\n  let t = csv(\"data/tabular/$0", &["penguins.csv"], &[]);
    offered("import \"$0\"\n", &["iris.nn"], &["typed.nn"]);
    offered("import A from \"$0\"\n", &["iris.nn"], &["typed.nn"]);
    let of = |expression: &str| format!("data d {{\n  let t = {expression}\n}}\n");
    let (pictures, letters) = ("fashion-mnist-test-1000-images-idx3-ubyte.gz", "moby_dick.txt");
    offered(&of("idx(train: \"data/images/$0\")"), &[pictures, "shapes/"], &["00.png"]);
    offered(&of("csv([\"data/tabular/iris.csv\", \"data/images/$0\"])"), &["shapes/"], &[pictures]);
    offered(&of("image_folder(\"data/images/$0\", size: 8)"), &["shapes/"], &[pictures]);
    offered(&of("text(\"data/text/$0\") |> characters"), &[letters], &[]);
    offered(&of("text(\"a.txt\") |> words(like: text(\"data/text/$0\"))"), &[letters], &[]);
    offered(&of("npz(\"../src/data/tests/$0\")"), &["archive.npz"], &["mod.rs"]);
    offered(&in_train("load: \"data/$0\""), &["text/"], &[]);
    offered(&in_train("phase head {\n    load: \"data/$0\"\n  }"), &["text/"], &[]);
    let text = "data d {\n  let t = csv(\"data/tabular/pen$0.csv\")\n}\n";
    let penguins = offers(text).into_iter().find(|o| o.label == "penguins.csv").unwrap();
    let checked = check(&text.replacen("$0", "", 1));
    assert_eq!(checked.sources.text(penguins.replaces), "pen.csv");
}

#[test]
fn types_and_sizes() {
    let program = |signature: &str| format!("{DATA}hyper width = 4\n\n{signature}");
    offered(&program("model M(x: $0) {\n  x\n}\n"), &["penguins.x", "[…]", "class"], &["Dense"]);
    offered(&program("model M(x: [T, D]) -> y: [$0] {\n  x\n}\n"), &["T", "D", "width"], &["Dense", "x"]);
    offered(&program("block B(units)(x: [T, D]) -> [T, $0"), &["T", "D"], &["Dense"]);
    offered(&program("model M(x: penguins.$0) {\n  x\n}\n"), &["x", "kind"], &["t", "Dense"]);
    offered(&program("model M(x: [4]) -> y: [penguins.kind.$0] {\n  x\n}\n"), &["classes", "shape"], &["kind"]);
    offered(&program("model M(x: [D]) {\n  weight w: [D, $0] = zeros\n  x\n}\n"), &["D", "width"], &["Dense"]);
    offered(&program("model M(x: [D]) {\n  weight w: [D] = $0\n  x\n}\n"), &["zeros", "normal"], &["Dense"]);
}

#[test]
fn items_and_headers() {
    offered("$0", &["data", "model", "block", "train", "sweep"], &["Dense"]);
    offered("hyper width = 3\n\nsweep {\n  $0\n}\n", &["width:", "require:", "try:", "best:"], &["Dense"]);
    offered(&format!("{DATA}\n$0"), &["data", "model"], &["Dense", "penguins"]);
    offered(&in_train("").replace("train Net on penguins", "train $0"), &["Net"], &["penguins"]);
    offered(&in_train("").replace("train Net on penguins", "train Net on $0"), &["penguins"], &["Net"]);
    offered(&in_train("").replace("train Net on", "train Net($0) on"), &["x:"], &["Dense"]);
    offered(&(in_train("metrics: [accuracy]") + "expect {\n  $0\n}\n"), &["parameters", "test"], &["Dense"]);
    offered(&(in_train("metrics: [accuracy]") + "expect {\n  validation.$0\n}\n"), &["loss", "accuracy"], &[]);
    assert!(labels("model $0").is_empty());
    assert!(labels(&in_model("let $0")).is_empty());
    assert!(labels("# a comm$0ent\n").is_empty());
}

#[test]
fn the_last_text_that_could_be_read_helps() {
    let whole = in_model("x |> head");
    // The item that holds the block cannot be read any more.
    let broken =
        whole.replace("block Pair(units, act: relu)(x: [D]) -> [units] {", "block Pair(units, act: relu)(x: [D] ->> {");
    let broken = broken.replace("x |> head", "x |> ");
    let offset = broken.rfind("x |> ").unwrap() + "x |> ".len();
    let (before, now) = (check(&whole), check(&broken));
    let (names, earlier) = (Names::of(&now), Names::of(&before));
    let found = complete(&now, &names, Some((&before, &earlier)), offset);
    let with: Vec<String> = found.into_iter().map(|o| o.label).collect();
    assert!(with.contains(&"Pair".to_owned()), "{with:?}");
    assert!(with.contains(&"Dense".to_owned()));
}

#[test]
fn a_word_is_replaced_whole() {
    let text = in_model("x |> Den$0se(4)");
    let checked = check(&text.replacen("$0", "", 1));
    for offer in offers(&text) {
        assert_eq!(checked.sources.text(offer.replaces), "Dense");
    }
}

#[test]
fn signatures_follow_the_cursor() {
    let at = |text: &str| {
        let offset = text.find("$0").unwrap();
        let checked = check(&text.replacen("$0", "", 1));
        let found = signature(&checked, &Names::of(&checked), None, offset)?;
        let active = found.active.and_then(|i| found.parameters.get(i));
        Some((found.label.clone(), active.map(|p| found.label[p.label.clone()].to_owned())))
    };
    let active = |text: &str| at(&in_model(text)).and_then(|(_, active)| active).unwrap_or_default();
    assert_eq!(active("x |> Dense($0)"), "units: size");
    assert_eq!(active("x |> Dense(4, $0)"), "bias: true or false = true");
    assert!(active("x |> Conv2d(4, padding: $0").starts_with("padding: "));
    assert!(active("x |> Conv2d(4, padding: same, $0").starts_with("kernel: "));
    assert_eq!(active("x |> Pair(4, $0)"), "act: relu");
    assert!(active("x |> softmax($0").starts_with("axis: "));
    assert!(active("softmax($0").starts_with("x: "));
    assert!(active("concat([x, $0").starts_with("tensors: ") || active("concat([x, $0").contains("list of tensors"));
    let (label, _) = at(&in_model("x |> Pair($0")).unwrap();
    assert_eq!(label, "Pair(units, act: relu)(x: [D])");
    let (label, first) = at(&in_train("optimizer: Adam($0")).unwrap();
    assert!(label.starts_with("Adam(lr: "), "{label}");
    assert!(first.unwrap().starts_with("lr: "));
    assert!(at(&in_model("x |> relu $0")).is_none());
    assert!(at("$0").is_none());
}

/// What a program says at a place is among what is offered there when the rest is not written yet.
#[test]
fn what_was_written_is_offered() {
    let (mut asked, mut missed) = (0, Vec::new());
    for (index, (path, text)) in programs().into_iter().enumerate() {
        let whole = check_text(&path, &text, &Overrides::default());
        let names = Names::of(&whole);
        let places = names.in_file(whole.file).iter().filter(|n| !names.is_declaration(n));
        // Each seventh, beginning somewhere else in each program.
        for name in places.skip(index % 7).step_by(7) {
            let wanted = &text[name.span.range()];
            if matches!(name.meaning, Meaning::File(_) | Meaning::WeightPath) {
                continue;
            }
            asked += 1;
            let start = name.span.start as usize;
            let typed = check_text(&path, &text[..start], &Overrides::default());
            let found = complete(&typed, &Names::of(&typed), Some((&whole, &names)), start);
            let is_there = found.iter().any(|o| {
                let label = o.label.trim_end_matches(':').trim_matches('"');
                label == wanted || label.split('.').next() == Some(wanted)
            });
            if !is_there {
                let line = text[..start].lines().last().unwrap_or("");
                missed.push(format!(
                    "{}: `{}` after `{}`",
                    path.file_name().unwrap().display(),
                    wanted,
                    line.trim_start()
                ));
            }
        }
    }
    assert!(asked > 150, "{asked} places");
    assert!(missed.len() * 50 <= asked, "{} of {asked}:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn cut_off_anywhere_nothing_falls() {
    for (path, text) in programs() {
        for end in (0..text.len()).step_by(37).filter(|end| text.is_char_boundary(*end)) {
            let mut sources = nnrun::source::SourceMap::new();
            let prefix = &text[..end];
            let file = sources.add(&path, prefix);
            let ast = nnrun::syntax::parse(file, prefix).0;
            let program = nnrun::check::Program::default();
            let checked =
                Checked { sources, file, ast: ast.into(), program, diagnostics: Vec::new(), files: Vec::new() };
            let names = Names::of(&checked);
            for offset in [end, end / 2] {
                for offer in complete(&checked, &names, None, offset) {
                    assert!(prefix.get(offer.replaces.range()).is_some(), "{offer:?}");
                    assert!(!offer.label.is_empty() && !offer.text.is_empty());
                }
                if let Some(found) = signature(&checked, &names, None, offset) {
                    assert!(found.parameters.iter().all(|p| found.label.get(p.label.clone()).is_some()));
                }
            }
        }
    }
}
