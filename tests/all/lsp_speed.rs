//! How long the language server takes to answer about a file of a thousand lines, also right after it was edited.
//!
//! `NN_SERVER=path` asks that binary instead of the server in this one; the table of times is printed with `--nocapture`.

use crate::editor_client::{Editor, uri};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What an answer may take in an optimised build.
const MOST: Duration = Duration::from_millis(20);
/// What it may take in a build for tests, which other tests run beside: nothing that grows with the square of the text.
const MOST_UNOPTIMISED: Duration = Duration::from_secs(10);
/// Between two keys a server looks at the text by itself; who asks the next moment would measure the one before.
const PAUSE: Duration = Duration::from_millis(60);
/// So often each request is sent; what counts is the median, as anything may come between one time.
const ROUNDS: usize = 7;

/// What people write, over and over: each with its data, its blocks, its model, its training and what is expected of it.
const SECTIONS: &[&str] = &[
    r#"
# Impaired or not, from proteins in spinal fluid.
hyper hidden_§ = 32

data csf_§ {
  let t          = csv("data/tabular/alzheimers_csf.csv")
  field proteins = t[ACE_CD143_Angiotensin_Converti .. male] |> standardize
  field genotype = t.Genotype |> classes |> one_hot
  field status   = t.Class |> classes  # Control, Impaired
  split: random(train: 70%, test: 30%, stratify: status, seed: 7)
}

model Impairment§(proteins: csf_§.proteins, genotype: csf_§.genotype) -> logits: [csf_§.status.classes] {
  concat([proteins, genotype])
  |> Dropout(0.2)
  |> Dense(hidden_§) |> relu |> Dropout(0.5)
  |> Dense(csf_§.status.classes)
}

train Impairment§ on csf_§ {
  loss:      cross_entropy(logits, status, weight: [0.69, 1.83])
  optimizer: AdamW(lr: 1e-3, weight_decay: 0.1)
  epochs:    40
  batch:     32
  metrics:   [accuracy, f1, confusion]
  seed:      42
}
"#,
    r#"
# Digits of eight by eight pixels: two stages of residual blocks.
data digits_§ {
  field image = idx("data/images/digits8x8-1797-images-idx3-ubyte.gz") / 16 |> reshape([1, 8, 8])
  field label = idx("data/images/digits8x8-1797-labels-idx1-ubyte.gz") |> classes(10)
  split: random(train: 70%, validation: 10%, test: 20%, stratify: label, seed: 3)
}

block Conv§(channels, stride: 1)(x: [C, H, W]) -> [channels, (H + stride - 1)/stride, (W + stride - 1)/stride] {
  x |> Conv2d(channels, kernel: 3, stride: stride, padding: same, bias: false) |> BatchNorm
}

model Digits§(image: digits_§.image) -> logits: [digits_§.label.classes] {
  image
  |> Conv§(24) |> relu
  |> residual { Conv§(24) |> relu |> Conv§(24) } |> relu
  |> residual(shortcut: Conv2d(48, kernel: 1, stride: 2)) {
    Conv§(48, stride: 2) |> relu |> Conv§(48)
  }
  |> relu
  |> GlobalAvgPool
  |> Dropout(0.2)
  |> Dense(digits_§.label.classes)
}

train Digits§ on digits_§ {
  loss:      cross_entropy(logits, label)
  optimizer: AdamW(lr: 3e-3, weight_decay: 0.01)
  schedule:  warmup(1 epoch) then cosine(to: 1e-5)
  epochs:    20
  batch:     64
  metrics:   [accuracy]
  seed:      1
}

expect {
  Digits§.test.accuracy >= 0.9
}
"#,
    r#"
# The next letter of a book, by attention to those before it.
hyper context_§ = 64

data book_§ {
  let ids     = text("data/text/moby_dick.txt") |> characters
  field chars = ids |> windows(context_§, stride: 16)
  field next  = ids |> windows(context_§, stride: 16, offset: 1)
  # A book has an order: the last tenth is one that the model has not read.
  split: ordered(train: 90%, validation: 10%)
}

block Attend§(heads)(x: [T, D]) -> [T, D] {
  x |> residual { LayerNorm |> SelfAttention(heads, causal: true) }
    |> residual { LayerNorm |> Dense(4 * D) |> gelu |> Dense(D) }
}

model Letters§(chars: class(V)[T]) -> logits: [T, V] {
  chars
  |> Embedding(128, init: normal(std: 0.05))
  |> Positions(max: context_§, init: normal(std: 0.05))
  |> repeat 4 { Attend§(heads: 4) }
  |> LayerNorm
  |> Dense(V)
}

train Letters§ on book_§ {
  loss:      cross_entropy(logits, next)
  optimizer: AdamW(lr: 2e-3, betas: [0.9, 0.99], weight_decay: 0.1)
  schedule:  warmup(100 steps) then cosine(to: 1e-4)
  clip:      norm(1.0)
  steps:     3000
  batch:     16
  metrics:   [perplexity]
  seed:      1
}

expect {
  Letters§.validation.perplexity < 8
}
"#,
    r#"
# Takes the noise from pictures: halves them twice, doubles them twice, and looks back at what was there.
data pictures_§ {
  field image = idx("data/images/digits8x8-1797-images-idx3-ubyte.gz") / 16 |> reshape([1, 8, 8])
  split: random(train: 80%, validation: 10%, test: 10%, seed: 3)
}

block Two§(channels)(x: [C, H, W]) -> [channels, H, W] {
  x
  |> Conv2d(channels, kernel: 3, padding: same) |> relu
  |> Conv2d(channels, kernel: 3, padding: same) |> relu
}

block Up§(channels)(x: [C, H, W], skip: [S, 2*H, 2*W]) -> [channels, 2*H, 2*W] {
  concat([x |> ConvTranspose2d(channels, kernel: 2, stride: 2), skip]) |> Two§(channels)
}

model Denoise§(image: [1, 8, 8]) -> (clean: [1, 8, 8], noisy: [1, 8, 8]) {
  let noisy  = image + 0.3 * normal([1, 8, 8])
  let fine   = noisy |> Two§(16)
  let middle = fine |> MaxPool2d(2) |> Two§(32)
  let coarse = middle |> MaxPool2d(2) |> Two§(64)
  let up     = Up§(32)(coarse, middle)
  let whole  = Up§(16)(up, fine)
  (noisy - (whole |> Conv2d(1, kernel: 1)), noisy)
}

train Denoise§ on pictures_§ {
  loss:      mse(clean, image)
  optimizer: Adam(lr: 3e-3)
  schedule:  warmup(1 epoch) then cosine(to: 1e-5)
  epochs:    8
  batch:     32
  metrics:   [rest: rmse(clean, image), noise: rmse(noisy, image)]
  seed:      1
}

expect {
  Denoise§.test.rest <= 0.17
}
"#,
    r#"
# Parkinson's or not, from groups of measurements of a voice, read one after the other.
data voices_§ {
  let t         = csv("data/tabular/parkinsons_speech.csv")
  field groups  = t[tqwt_energy_dec_1 .. tqwt_kurtosisValue_dec_36]
    |> standardize
    |> reshape([12, 36])
  field disease = t.class |> classes
  split: random(train: 70%, test: 30%, stratify: disease, seed: 2)
}

model Voice§(groups: [12, 36]) -> logits: [voices_§.disease.classes] {
  groups
  |> transpose
  |> Dropout(0.2)
  |> GRU(32, bidirectional: true, returns: final)
  |> Dropout(0.5)
  |> Dense(voices_§.disease.classes)
}

train Voice§ on voices_§ {
  loss:      cross_entropy(logits, disease)
  optimizer: AdamW(lr: 5e-3, weight_decay: 0.1)
  schedule:  cosine(to: 0)
  clip:      norm(1.0)
  epochs:    40
  batch:     16
  metrics:   [accuracy]
  seed:      42
}
"#,
    r#"
# Benign or not, by layers that are written as formulas.
block Affine§(units)(x: [D]) -> [units] {
  weight w: [D, units] = xavier_uniform
  weight b: [units]    = zeros
  x @ w + b
}

block Highway§(x: [D]) -> [D] {
  weight w_h: [D, D] = xavier_uniform
  weight b_h: [D]    = zeros
  weight w_g: [D, D] = xavier_uniform
  weight b_g: [D]    = full(-1)
  let gate = sigmoid(x @ w_g + b_g)
  gate * relu(x @ w_h + b_h) + (1 - gate) * x
}

data cells_§ {
  let t           = csv("data/tabular/breast_cancer.csv")
  field x         = t[mean_radius .. worst_fractal_dimension] |> standardize
  field diagnosis = t.diagnosis |> classes
  split: random(train: 70%, test: 30%, stratify: diagnosis, seed: 7)
}

model Gated§(x: [30]) -> logits: [cells_§.diagnosis.classes] {
  x
  |> Affine§(16)
  |> repeat 2 { Highway§ }
  |> Dropout(0.3)
  |> Affine§(cells_§.diagnosis.classes)
}

train Gated§ on cells_§ {
  loss:      cross_entropy(logits, diagnosis)
  optimizer: AdamW(lr: 3e-3, weight_decay: 1e-2)
  epochs:    30
  batch:     32
  metrics:   [accuracy, f1]
  seed:      42
}

expect {
  Gated§.test.accuracy >= 0.93
}
"#,
    r#"
# How strong concrete is, from what is in it and how old it is.
data concrete_§ {
  let t          = csv("data/tabular/concrete.csv")
  field mix      = t[cement .. fine_aggregate] |> standardize
  field age      = t[age] |> log |> standardize
  field strength = t.compressive_strength |> standardize
  split: random(train: 70%, validation: 10%, test: 20%, seed: 7)
}

model Strength§(mix: [7], age: [1]) -> predicted: float {
  concat([mix, age])
  |> Dense(64) |> relu
  |> Dense(64) |> relu
  |> Dense(1) |> squeeze
}

train Strength§ on concrete_§ {
  loss:      huber(predicted, strength)
  optimizer: AdamW(lr: 5e-3, weight_decay: 1e-2)
  schedule:  warmup(5 epochs) then cosine(to: 1e-5)
  epochs:    100
  batch:     32
  clip:      norm(1.0)
  metrics:   [mae, rmse, r2]
  seed:      42
}

expect {
  Strength§.test.r2 >= 0.85
  Strength§.test.rmse < 7  # MPa
}
"#,
];

/// A file of a thousand lines, as the examples are.
pub fn thousand_lines() -> String {
    let mut text = String::from("# What we tried, one after the other.\n");
    for (number, section) in SECTIONS.iter().cycle().enumerate() {
        let section = section.replace('§', &(number + 1).to_string());
        if text.lines().count() + section.lines().count() > 1000 {
            break;
        }
        text.push_str(&section);
    }
    while text.lines().count() < 1000 {
        text.push_str("# The end.\n");
    }
    text
}

/// A way to edit a text; it gives another text in each round.
type Edit = fn(&str, usize) -> String;

/// Ways to edit the text, by what they do.
const EDITS: &[(&str, Edit)] = &[
    ("a number in the middle", |text, round| text.replacen("|> Dense(64)", &format!("|> Dense({})", 65 + round), 1)),
    ("a line at the top", |text, round| format!("{}{text}", "# and one more\n".repeat(round + 1))),
    ("half a stage", |text, round| text.replacen("|> Affine6", &format!("|> Dense({round}\n  |> Affine6"), 1)),
];

/// Every request, at the place in the text that begins with the given words.
fn requests(uri: &str, text: &str) -> Vec<(&'static str, Value)> {
    let document = json!({ "uri": uri });
    let place = |words: &str| {
        let offset = text.find(words).unwrap_or_else(|| panic!("the text has no {words}"));
        let line = text[..offset].matches('\n').count();
        json!({ "line": line, "character": offset - text[..offset].rfind('\n').map_or(0, |at| at + 1) })
    };
    let whole = || json!({ "textDocument": document });
    let at = |words: &str| json!({ "textDocument": document, "position": place(words) });
    let range = |from: Value, to: Value| json!({ "start": from, "end": to });
    let everything = || range(json!({ "line": 0, "character": 0 }), json!({ "line": 5000, "character": 0 }));
    let ranged = || json!({ "textDocument": document, "range": everything() });
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let formatted = json!({ "textDocument": document, "options": options });
    let mut formatted_range = ranged();
    formatted_range["options"] = options.clone();
    let line = |words: &str| range(place(words), place(words));
    let acted = json!({ "textDocument": document, "range": line("Dense(4 * D)"), "context": { "diagnostics": [] } });
    let mut referred = at("Attend3(heads");
    referred["context"] = json!({ "includeDeclaration": true });
    let mut renamed = at("Attend3(heads");
    renamed["newName"] = json!("Look");
    let selected = json!({ "textDocument": document, "positions": [place("Dense(4 * D)")] });
    vec![
        ("textDocument/diagnostic", whole()),
        ("textDocument/hover", at("Dense(4 * D)")),
        ("textDocument/inlayHint", ranged()),
        ("textDocument/codeLens", whole()),
        ("textDocument/semanticTokens/full", whole()),
        ("textDocument/semanticTokens/range", ranged()),
        ("textDocument/foldingRange", whole()),
        ("textDocument/selectionRange", selected),
        ("textDocument/formatting", formatted),
        ("textDocument/rangeFormatting", formatted_range),
        ("textDocument/documentLink", whole()),
        ("textDocument/documentSymbol", whole()),
        ("workspace/symbol", json!({ "query": "Voice" })),
        ("textDocument/completion", at("Dense(4 * D)")),
        ("textDocument/signatureHelp", at("4 * D)")),
        ("textDocument/definition", at("Attend3(heads: 4)")),
        ("textDocument/references", referred),
        ("textDocument/documentHighlight", at("Attend3(heads: 4)")),
        ("textDocument/prepareRename", at("Attend3(heads: 4)")),
        ("textDocument/rename", renamed),
        ("textDocument/codeAction", acted),
        ("textDocument/prepareCallHierarchy", at("Attend3(heads")),
        ("nnrun/graph", at("Dense(4 * D)")),
    ]
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_thousand_lines_are_answered_at_once() {
    let binary = std::env::var_os("NN_SERVER").map(PathBuf::from);
    let is_fast = binary.is_some() || !cfg!(debug_assertions);
    let (most, rounds, edits) = match is_fast {
        true => (MOST, ROUNDS, EDITS),
        false => (MOST_UNOPTIMISED, 1, EDITS.get(..1).unwrap_or_default()),
    };
    let capabilities = json!({ "textDocument": { "diagnostic": {} } });
    let mut editor = match binary {
        Some(binary) => Editor::running(&binary, capabilities),
        None => Editor::with(capabilities, Value::Null),
    };
    let original = thousand_lines();
    assert_eq!(original.lines().count(), 1000);
    // Beside the examples, whose data it reads.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/thousand_lines.nn");
    let uri = uri(&path);
    editor.open(&uri, &original);
    let found = editor.request("textDocument/diagnostic", json!({ "textDocument": { "uri": uri } })).unwrap();
    assert_eq!(found["items"], json!([]), "the file is meant to be right");
    let mut version = 1;
    let mut table = format!("{:36} {:>9}", "milliseconds", "unchanged");
    for (edit, _) in edits {
        table.push_str(&format!(" {edit:>22}"));
    }
    let mut slow = Vec::new();
    for (index, (method, params)) in requests(&uri, &original).into_iter().enumerate() {
        let mut took = vec![Vec::new(); 1 + edits.len()];
        for round in 0..rounds {
            for (column, edit) in std::iter::once(None).chain(edits.iter().map(Some)).enumerate() {
                version += 1;
                let wait = |time| std::thread::sleep(if is_fast { time } else { Duration::ZERO });
                let begun = match edit {
                    None => {
                        // What is asked without an edit may have been asked before.
                        editor.change(&uri, version, &original);
                        editor.request(method, params.clone()).unwrap();
                        wait(PAUSE);
                        None
                    }
                    Some((_, edit)) => {
                        let text = edit(&original, round + index * ROUNDS);
                        assert!(text != original, "the edit changes nothing");
                        wait(PAUSE);
                        editor.change(&uri, version, &text);
                        Some(editor.sent)
                    }
                };
                // At a syntax error, some say that they do not know.
                let id = editor.ask(method, params.clone());
                let begun = begun.unwrap_or(editor.sent);
                let _ = editor.answer(id);
                took[column].push(editor.came - begun);
            }
        }
        let times: Vec<Duration> = took.into_iter().map(median).collect();
        table.push_str(&format!("\n{method:36} {:9.1}", times[0].as_secs_f64() * 1e3));
        for time in &times[1..] {
            table.push_str(&format!(" {:22.1}", time.as_secs_f64() * 1e3));
        }
        if times.iter().any(|time| *time > most) {
            slow.push(method);
        }
    }
    eprintln!("{table}");
    assert!(slow.is_empty(), "answered after more than {most:?}: {slow:?}\n{table}");
    editor.leave();
}
