//! Programs with mistakes, and what is said of them: `tests/ui/*.nn` beside `tests/ui/*.txt`.

use super::snapshot::{assert_all, compare, programs, repository};
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::diagnostics::{Code, Format, Style, render_all};
use std::collections::BTreeSet;
use std::path::Path;

/// Checks a program of the repository under its path from the root, which is also the folder that tests run in.
fn check(path: &str) -> Checked {
    let text = std::fs::read_to_string(repository(path)).unwrap();
    check_text(Path::new(path), &text, &Overrides::default())
}

/// Everything that a user can be shown.
pub fn rendered(checked: &Checked) -> String {
    let style = Style::default();
    let human = render_all(&checked.sources, &checked.diagnostics, Format::Human, style);
    let short = render_all(&checked.sources, &checked.diagnostics, Format::Short, style);
    let json = render_all(&checked.sources, &checked.diagnostics, Format::Json, style);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let json: Vec<String> = json["diagnostics"].as_array().unwrap().iter().map(|d| format!("{d}\n")).collect();
    // Lines that end in spaces would be cut by editors.
    let human: Vec<&str> = human.lines().map(str::trim_end).collect();
    format!("{}\n\n---- short\n{short}\n---- json\n{}", human.join("\n"), json.concat())
}

#[test]
fn mistakes_are_told_as_before() {
    let results = programs("tests/ui").into_iter().map(|path| {
        let checked = check(&path);
        if checked.diagnostics.is_empty() {
            return Err(format!("{path} has no mistake"));
        }
        compare(&path.replace(".nn", ".txt"), &rendered(&checked))
    });
    assert_all(results);
}

#[test]
fn five_mistakes_give_five_diagnostics() {
    let checked = check("tests/ui/five_mistakes.nn");
    let text = &checked.sources.file(checked.file).text;
    // Each mistake is marked in the program by a comment at the end of its line.
    let marked: Vec<usize> =
        text.lines().enumerate().filter(|(_, l)| l.contains("# mistake")).map(|(i, _)| i + 1).collect();
    let told: Vec<usize> = checked.diagnostics.iter().map(|d| checked.sources.position(d.span()).line).collect();
    assert_eq!(told, marked, "{}", rendered(&checked));
    assert_eq!(told.len(), 5);
    let codes: BTreeSet<Code> = checked.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes.len(), 5, "five different mistakes: {codes:?}");
}

#[test]
fn fixes_repair() {
    // Where every diagnostic of a program has a fix, the first of each, applied, leaves nothing to say.
    for path in programs("tests/ui") {
        let checked = check(&path);
        if checked.diagnostics.iter().any(|d| d.fixes.is_empty()) {
            continue;
        }
        let mut edits: Vec<_> =
            checked.diagnostics.iter().filter_map(|d| d.fixes.first()).flat_map(|f| f.edits.clone()).collect();
        edits.retain(|e| e.span.file == checked.file);
        edits.sort_by_key(|e| std::cmp::Reverse(e.span));
        let mut text = checked.sources.file(checked.file).text.to_string();
        for edit in edits {
            text.replace_range(edit.span.range(), &edit.text);
        }
        let repaired = check_text(Path::new(&path), &text, &Overrides::default());
        assert!(!repaired.has_errors(), "{path}, its fixes applied:\n{text}\n{}", rendered(&repaired));
    }
}
