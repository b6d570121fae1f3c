//! For every entry of the catalog: its example, with the program around it that it needs, checks, and gives the type
//! that the entry says.

use super::ui::rendered;
use nnrun::build::show_type;
use nnrun::catalog::{Body, Entry, EntryKind, ParamType, entries};
use nnrun::check::{Checked, Overrides, check_text};
use std::path::Path;

fn check(program: &str) -> Checked {
    check_text(Path::new("examples/example.nn"), program, &Overrides::default())
}

/// A table with a column for every name that the examples of data functions use.
const TABLE: &str = "  let t = rows([[1, 2, 3, 4, 5, 6, 7, 0.5, 31, 1, -1, 2, 1, 0, 3, \"red\", \"setosa\", \"f\", \"ann\", 0],\n\
                     \x20               [2, 3, 4, 5, 6, 7, 9, 0.6, 52, 2, 1, 3, 2, 1, 4, \"blue\", \"virginica\", \"m\", \"bob\", 1],\n\
                     \x20               [3, 5, 1, 0, 2, 9, 8, 0.7, 17, 3, 2, 4, 3, 2, 5, \"red\", \"setosa\", \"f\", \"ann\", 2]],\n\
                     \x20              columns: [a, b, c, d, e, f, x, price, age, area, change, score, angle, gain, n,\n\
                     \x20                        color, species, sex, speaker, y])\n";

/// A training program; `prediction` is the model's output with its type and layers.
struct Training<'a> {
    prediction: (&'a str, &'a str, &'a str),
    target: (&'a str, &'a str),
    loss: &'a str,
    optimizer: &'a str,
    settings: &'a str,
    after: &'a str,
}

impl Default for Training<'_> {
    fn default() -> Self {
        Training {
            prediction: ("logits", "[3]", "Dense(3)"),
            target: ("y", "t.y |> classes"),
            loss: "cross_entropy(logits, y)",
            optimizer: "Adam(lr: 1e-2)",
            settings: "",
            after: "",
        }
    }
}

impl Training<'_> {
    fn program(&self) -> String {
        let (output, ty, layers) = self.prediction;
        let (target, values) = self.target;
        format!(
            "data d {{\n{TABLE}  field features = t[a .. f]\n  field {target} = {values}\n}}\n\n\
             model M(features: [6]) -> {output}: {ty} {{\n  features |> {layers}\n}}\n\n\
             train M on d {{\n  loss: {}\n  optimizer: {}\n  epochs: 100\n  batch: 3\n{}}}\n{}",
            self.loss, self.optimizer, self.settings, self.after
        )
    }
}

/// A model around an example of tensors in, tensors out.
fn model(entry: &Entry) -> String {
    let inputs: Vec<String> = entry.example.inputs.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    // A model has at least one input, even where the example needs none.
    let outputs = match entry.example.output.strip_prefix('(').and_then(|o| o.strip_suffix(')')) {
        Some(several) => format!("({})", (0..parts(several)).map(|i| format!("out{i}")).collect::<Vec<_>>().join(", ")),
        None => "out".to_owned(),
    };
    let inputs = if inputs.is_empty() { "unused: [1]".to_owned() } else { inputs.join(", ") };
    format!("model M({inputs}) -> {outputs} {{\n  {}\n}}\n", entry.example.code)
}

/// How many types stand in a list, `[2], [3, 4]`.
fn parts(types: &str) -> usize {
    let mut depth = 0;
    1 + types
        .chars()
        .filter(|c| {
            depth += i32::from("[(".contains(*c)) - i32::from("])".contains(*c));
            *c == ',' && depth == 0
        })
        .count()
}

/// A train around a metric: the first tensor is the model's output, the second a field.
fn metric(entry: &Entry) -> String {
    let [(output, ty), (target, target_type), ..] = entry.example.inputs else {
        return Training { settings: &format!("  metrics: [{}]\n", entry.example.code), ..Training::default() }
            .program();
    };
    let layers = match *ty {
        "float" => "Dense(1) |> squeeze".to_owned(),
        shape => format!("Dense({})", shape.trim_matches(['[', ']'])),
    };
    let values = match *target_type {
        "float" => "t.price".to_owned(),
        "[3]" => "t[a, b, c]".to_owned(),
        "class(2)" => "t.sex |> classes".to_owned(),
        _ => "t.y |> classes".to_owned(),
    };
    let loss = format!("mean({output}^2)");
    Training {
        prediction: (output, ty, &layers),
        target: (target, &values),
        loss: &loss,
        settings: &format!("  metrics: [{}]\n", entry.example.code),
        ..Training::default()
    }
    .program()
}

/// The program around an entry's example; none where it needs a file that is not here.
fn program(entry: &Entry) -> Option<String> {
    let code = entry.example.code;
    let is_data = matches!(entry.kind(), EntryKind::Source | EntryKind::DataFunction);
    let file = code.split('"').nth(1).filter(|name| name.contains('.'));
    if is_data && file.is_some_and(|f| !Path::new("examples").join(f).exists()) {
        return None;
    }
    let program = match entry.kind() {
        EntryKind::Loss if matches!(entry.body, Body::Penalty { .. }) => {
            Training { loss: &format!("cross_entropy(logits, y) + {code}"), ..Training::default() }.program()
        }
        EntryKind::Layer | EntryKind::Function | EntryKind::Loss => model(entry),
        EntryKind::Optimizer => Training { optimizer: code, ..Training::default() }.program(),
        EntryKind::Schedule => Training { settings: &format!("  schedule: {code}\n"), ..Training::default() }.program(),
        EntryKind::Metric => metric(entry),
        EntryKind::Initializer => {
            format!("model M(x: [4]) -> [4] {{\n  weight w: [4, 4] = {code}\n  x @ w\n}}\n")
        }
        EntryKind::Augmentation => format!(
            "data d {{\n  let p = image_folder(\"data/images/shapes\", size: 24, channels: 1)\n  field image = p.image / 255\n  \
             field label = p.label |> classes\n}}\n\nmodel M(image: [1, 24, 24]) -> logits: [3] {{\n  \
             image |> Flatten |> Dense(3)\n}}\n\ntrain M on d {{\n  loss: cross_entropy(logits, label)\n  \
             optimizer: Adam(lr: 1e-2)\n  epochs: 1\n  augment: {{ {code} }}\n}}\n"
        ),
        EntryKind::Source => {
            format!("data d {{\n  let s = {code}\n}}\n")
        }
        // What is done to a table gives a table, which is not a field.
        EntryKind::DataFunction if matches!(entry.params.first().map(|p| p.ty), Some(ParamType::Table)) => {
            format!("data d {{\n{TABLE}  let z = {code}\n}}\n")
        }
        EntryKind::DataFunction => format!("data d {{\n{TABLE}  field z = {code}\n}}\n"),
        EntryKind::Expectation if code.starts_with("causal") => format!(
            "data d {{\n{TABLE}  field chars = t[a .. f] |> reshape([6, 1])\n  field y = t[a .. f] |> reshape([6, 1])\n}}\n\n\
             model M(chars: [6, 1]) -> logits: [6, 1] {{\n  chars |> Dense(1)\n}}\n\n\
             train M on d {{\n  loss: mse(logits, y)\n  optimizer: SGD(lr: 0.1)\n  epochs: 1\n}}\n\nexpect {{\n  {code}\n}}\n"
        ),
        EntryKind::Expectation => Training {
            settings: "  metrics: [accuracy]\n",
            after: &format!("\nexpect {{\n  {code}\n}}\n"),
            ..Training::default()
        }
        .program(),
    };
    Some(program)
}

fn name(entry: &Entry) -> String {
    format!("{} ({})", entry.name, entry.kind().word())
}

#[test]
fn examples_check_and_give_the_declared_type() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for entry in entries() {
        let Some(program) = program(entry) else { continue };
        tried += 1;
        let checked = check(&program);
        if checked.has_errors() {
            wrong.push(format!("{}:\n{program}\n{}", name(entry), rendered(&checked)));
            continue;
        }
        let declares = entry.example.output;
        let is_built = matches!(entry.body, Body::Layer { .. } | Body::Function { .. } | Body::Loss { .. });
        if !is_built || declares.is_empty() {
            continue;
        }
        let outputs = &checked.program.models[0].outputs;
        let types: Vec<String> = outputs.iter().map(|p| show_type(&p.kind, &p.shape)).collect();
        let given = if types.len() == 1 { types[0].clone() } else { format!("({})", types.join(", ")) };
        if given != declares {
            wrong.push(format!("{}: `{}` gives {given}, the entry says {declares}", name(entry), entry.example.code));
        }
    }
    assert!(tried > 50, "only {tried} entries");
    assert!(wrong.is_empty(), "{} of {tried}:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_argument_is_explained() {
    for entry in entries() {
        assert!(!entry.summary.is_empty() && entry.summary.ends_with('.'), "{}: {}", name(entry), entry.summary);
        assert!(!entry.example.code.is_empty(), "{} has no example", name(entry));
        for param in entry.params {
            assert!(!param.doc.is_empty(), "{}: {}", name(entry), param.name);
        }
    }
}

#[test]
fn names_are_unique_within_a_kind() {
    let mut seen = std::collections::BTreeSet::new();
    for entry in entries() {
        assert!(seen.insert((entry.kind(), entry.name)), "{} is declared twice", name(entry));
        for (elsewhere, framework) in entry.elsewhere {
            assert!(!elsewhere.is_empty() && !framework.is_empty(), "{}", name(entry));
        }
    }
}
