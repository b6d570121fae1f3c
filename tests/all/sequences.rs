//! Sequences of different length, from their file to the measures of a trained network.

use super::ui::rendered;
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::data::Split;
use nnrun::train::{Measures, RunOptions, Silent, run};
use std::path::Path;

/// As if the program stood among the examples, whose data it reads.
fn check(text: &str) -> Checked {
    let checked = check_text(Path::new("examples/sequences.nn"), text, &Overrides::default());
    assert!(!checked.has_errors(), "{text}\n{}", rendered(&checked));
    checked
}

fn trained(text: &str) -> Measures {
    let root = tempfile::tempdir().unwrap();
    let options = RunOptions { runs: root.path().to_owned(), ..RunOptions::default() };
    let outcome = run(&check(text), &options, &mut Silent).unwrap();
    outcome.trains[0].measures.get(Split::Test).unwrap().clone()
}

#[test]
fn the_vowels_of_the_language_check() {
    let checked = check(include_str!("../programs/vowels.nn"));
    let model = &checked.program.models[0];
    let outputs: Vec<&str> = model.layers.iter().map(|row| row.output.as_str()).collect();
    assert_eq!(outputs, ["[T, 64]", "[64]", "[9]"]);
    // Those of the longest speaker: what memory and arithmetic are told for.
    assert_eq!(model.longest.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [29]);
}

#[test]
fn the_program_of_the_page_on_sequences_checks() {
    let page = include_str!("../../docs/sequences.md");
    let program = page.split("```nn\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    check(program);
}

const VOWELS: &str = r#"
data vowels {
  let t = csv(train: "data/sequences/japanese_vowels_train.csv",
              test:  "data/sequences/japanese_vowels_test.csv") |> sequences(by: series)
  field x       = t[lpc0 .. lpc3] |> standardize
  field next    = t.lpc4 |> standardize
  field each    = t.speaker |> classes
  field speaker = t.speaker |> first |> classes
}
"#;

#[test]
fn a_recurrent_network_tells_speakers_apart() {
    let text = format!(
        "{VOWELS}
model Speaker(x: [T, 4]) -> logits: [9] {{
  x |> GRU(16) |> last |> Dense(9)
}}
train Speaker on vowels {{
  loss: cross_entropy(logits, speaker)
  optimizer: Adam(lr: 1e-2)
  epochs: 4
  batch: 16
  metrics: [accuracy]
}}
"
    );
    let accuracy = trained(&text).number("accuracy").unwrap();
    assert!(accuracy > 0.4, "{accuracy}");
}

/// A split is measured as one batch, however many of its examples are padded together.
#[test]
fn measures_do_not_depend_on_the_batch() {
    let measured = |batch: usize| {
        let text = format!(
            "{VOWELS}
model Tag(x: [T, 4]) -> (value: [T], logits: [T, 9]) {{
  let h = x |> GRU(4, bidirectional: true)
  (h |> Dense(1) |> squeeze(axis: -1), h |> Dense(9))
}}
train Tag on vowels {{
  loss: {{ value: mse(value, next), who: cross_entropy(logits, each, ignore: 3), own: mean(value^2) }}
  optimizer: SGD(lr: 1e-30)
  epochs: 1
  batch: {batch}
  metrics: [accuracy(logits, each), mae(value, next), r2(value, next), perplexity(logits, each), f1(logits, each)]
}}
"
        );
        trained(&text)
    };
    let (few, all) = (measured(64), measured(370));
    for name in ["loss", "value", "who", "own", "accuracy", "mae", "r2", "perplexity", "f1"] {
        let (few, all) = (few.number(name).unwrap(), all.number(name).unwrap());
        assert!((few - all).abs() < 1e-5 * all.abs().max(1.0), "{name}: {few} of 64 at once, {all} of all at once");
    }
    // With a deviation of 1, what is not explained is the squared error.
    let (value, r2) = (all.number("value").unwrap(), all.number("r2").unwrap());
    assert!((0.5..2.0).contains(&((1.0 - r2) / value)), "{value} {r2}");
}

/// A result for it alone is not defined; in a batch it must not silently be something.
#[test]
fn a_sequence_that_is_too_short_is_told() {
    let text = "
data walks {
  let t = rows([[1, 0, 0], [1, 1, 0], [1, 1, 2], [2, 1, 1], [2, 2, 1]], columns: [walk, a, b]) |> sequences(by: walk)
  field path = t[a, b]
  field far  = t.b |> first
}
model Net(path: [T, 2]) -> score: float {
  path |> Conv1d(4, kernel: 3) |> relu |> mean
}
train Net on walks {
  loss: mse(score, far)
  optimizer: SGD(lr: 0.1)
  epochs: 1
}
";
    let checked = check(text);
    let root = tempfile::tempdir().unwrap();
    let options = RunOptions { runs: root.path().to_owned(), ..RunOptions::default() };
    let error = run(&checked, &options, &mut Silent).unwrap_err();
    let shown = error.diagnostics();
    assert_eq!(shown[0].message, "a sequence of 2 positions is too short for the network");
    assert_eq!(shown[0].labels[0].message, "needs at least 3 positions");
    assert!(checked.sources.text(shown[0].span()).contains("Conv1d"), "{:?}", checked.sources.text(shown[0].span()));
}
