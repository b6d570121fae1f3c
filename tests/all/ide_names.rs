//! The names of real programs: all resolve, with and without what stands around them.

use crate::programs::programs;
use nnrun::check::{Overrides, check_text};
use nnrun::ide::names::{Meaning, Names};
use nnrun::ide::what_is;

#[test]
fn every_name_of_every_program_resolves() {
    for (path, text) in programs() {
        let checked = check_text(&path, &text, &Overrides::default());
        let names = Names::of(&checked);
        let unknown: Vec<String> = names
            .in_file(checked.file)
            .iter()
            .filter(|name| matches!(name.meaning, Meaning::Unknown | Meaning::Missing))
            .map(|name| format!("`{}` at {}", checked.sources.text(name.span), checked.sources.location(name.span)))
            .collect();
        assert!(unknown.is_empty(), "names that are not found:\n{}", unknown.join("\n"));
        assert!(names.in_file(checked.file).len() > 5, "{} has few names", path.display());
    }
}

/// Every word that stands in a program is a name with a meaning, a word of the language or a number's unit.
#[test]
fn every_word_is_known() {
    let of_the_language = [
        "hyper", "import", "block", "model", "data", "train", "on", "expect", "sweep", "let", "weight", "constant",
        "field", "phase", "group", "if", "else", "and", "or", "not", "true", "false", "none", "residual", "repeat",
        "scan", "as", "from", "then", "float", "int", "bool", "class", "epoch", "epochs", "step", "steps",
    ];
    for (path, text) in programs() {
        let checked = check_text(&path, &text, &Overrides::default());
        let names = Names::of(&checked);
        for (at, word) in words(&text) {
            let known = names.in_file(checked.file).iter().any(|n| n.span.range().contains(&at));
            assert!(known || of_the_language.contains(&word), "`{word}` of {} (byte {at}) is nothing", path.display());
        }
    }
}

/// The words of a text outside comments, strings and numbers.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut at, bytes) = (0, text.as_bytes());
    while at < bytes.len() {
        let rest = &text[at..];
        let length = match bytes[at] {
            b'#' => rest.find('\n').unwrap_or(rest.len()),
            b'"' => rest[1..].find('"').map_or(rest.len(), |i| i + 2),
            c if c.is_ascii_alphabetic() || c == b'_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                if end > 1 || c != b'_' {
                    found.push((at, &rest[..end]));
                }
                end
            }
            c if c.is_ascii_digit() => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += length;
    }
    found
}

#[test]
fn cut_off_anywhere_there_is_an_answer() {
    for (path, text) in programs() {
        for end in (0..text.len()).step_by(37).filter(|end| text.is_char_boundary(*end)) {
            let prefix = &text[..end];
            let mut sources = nnrun::source::SourceMap::new();
            let file = sources.add(&path, prefix);
            let names = Names::of_files(&sources, &[file]);
            for name in names.in_file(file) {
                assert!(prefix.get(name.span.range()).is_some(), "a name outside of {}", path.display());
            }
            names.symbol_at(file, end);
            names.symbol_at(file, end / 2);
        }
    }
    let empty = check_text(std::path::Path::new("empty.nn"), "", &Overrides::default());
    assert!(what_is(&empty, 0).is_none());
}
