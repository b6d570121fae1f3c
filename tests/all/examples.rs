//! The programs in `examples/`: they check, are formatted, say what they show, and the quick ones keep their word.

use super::snapshot::{programs, repository};
use super::ui::rendered;
use nnrun::check::{Overrides, check_file, check_text};
use nnrun::train::{RunOptions, Silent, run};
use std::path::Path;

#[test]
fn examples_have_nothing_wrong() {
    for path in programs("examples") {
        let checked = check_file(Path::new(&path), &Overrides::default()).unwrap();
        assert!(checked.diagnostics.is_empty(), "{path}:\n{}", rendered(&checked));
        assert!(!checked.program.trains.is_empty(), "{path} trains nothing");
        assert!(!checked.program.facts.is_empty(), "{path} expects nothing");
    }
}

#[test]
fn examples_begin_with_what_they_show() {
    for path in programs("examples") {
        let text = std::fs::read_to_string(repository(&path)).unwrap();
        assert!(text.starts_with("# "), "{path} begins without a comment");
    }
}

#[test]
fn examples_are_formatted() {
    for path in programs("examples") {
        let text = std::fs::read_to_string(repository(&path)).unwrap();
        let mut sources = nnrun::source::SourceMap::new();
        let file = sources.add(path.as_str(), text.as_str());
        let formatted = nnrun::syntax::format(file, &text).unwrap();
        assert!(formatted == text, "{path} is not formatted; it should be\n{formatted}");
    }
}

/// Trains as the command line would, and checks every fact.
fn keeps_its_word(name: &str) {
    let path = format!("examples/{name}.nn");
    let checked = check_file(Path::new(&path), &Overrides::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = RunOptions { threads: 2, runs: folder.path().join("runs"), ..RunOptions::default() };
    let outcome = run(&checked, &options, &mut Silent).unwrap();
    assert!(!outcome.facts.is_empty());
    for fact in &outcome.facts {
        assert!(fact.ok, "{path}: {} is {:?}", fact.text, fact.value);
    }
    assert!(outcome.directory.join("model.safetensors").is_file());
}

#[test]
fn xor_keeps_its_word() {
    keeps_its_word("xor");
}

#[test]
fn iris_keeps_its_word() {
    keeps_its_word("iris");
}

#[test]
fn penguins_keep_their_word() {
    keeps_its_word("penguins");
}

#[test]
fn the_layer_from_a_formula_keeps_its_word() {
    keeps_its_word("from_formula");
}

#[test]
fn the_sequence_turned_round_keeps_its_word() {
    keeps_its_word("seq2seq_reverse");
}

#[test]
fn the_recurrence_from_a_formula_keeps_its_word() {
    keeps_its_word("elman_from_formula");
}

/// A file of 300 lines is checked faster than anyone can notice.
#[test]
fn large_programs_check() {
    let mut text = String::from("model Net(x: [32]) -> [4] {\n  let h0 = x\n");
    for i in 1..290 {
        text.push_str(&format!(
            "  let h{i} = h{} |> residual {{ Dense({}) |> relu |> Dense(32) }}\n",
            i - 1,
            16 + i % 3
        ));
    }
    text.push_str("  h289 |> Dense(4)\n}\n");
    let checked = check_text(Path::new("large.nn"), &text, &Overrides::default());
    assert!(checked.diagnostics.is_empty(), "{}", rendered(&checked));
}
