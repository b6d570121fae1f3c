//! Programs with mistakes, and what is said of them: `tests/ui/*.nn` beside `tests/ui/*.txt`.

use super::snapshot::{assert_all, compare, programs, repository};
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::diagnostics::{Code, Diagnostic, Fix, Format, Style, render_all};
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
/// The codes of shapes and losses.
fn is_of_shapes(code: Code) -> bool {
    code.text().starts_with("E03") || code.text().starts_with("E04")
}

/// A program with the edits of a fix made in it.
pub fn with_fix(text: &str, fix: &Fix) -> String {
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|e| std::cmp::Reverse(e.span));
    edits.iter().fold(text.to_owned(), |mut text, edit| {
        text.replace_range(edit.span.range(), &edit.text);
        text
    })
}

/// What is wrong with the fixes of a program for mistakes with shapes: each, made alone, must take its diagnostic away
/// and put none in its place.
pub fn fixes_that_do_not_repair(path: &str, checked: &Checked) -> Vec<Result<(), String>> {
    let text = &checked.sources.file(checked.file).text;
    let count = |checked: &Checked, code: Code| checked.diagnostics.iter().filter(|d| d.code == code).count();
    let place = |checked: &Checked, d: &Diagnostic| {
        let at = checked.sources.position(d.span());
        (at.line, at.column)
    };
    let mut wrong = Vec::new();
    for diagnostic in checked.diagnostics.iter().filter(|d| is_of_shapes(d.code)) {
        for fix in &diagnostic.fixes {
            if fix.edits.iter().any(|e| e.span.file != checked.file) {
                continue;
            }
            let fixed = with_fix(text, fix);
            let after = check_text(Path::new(path), &fixed, &Overrides::default());
            let is_gone = count(&after, diagnostic.code) < count(checked, diagnostic.code);
            // A mistake that this one has hidden may come to light, but at a place of its own.
            let at = place(checked, diagnostic);
            let is_silent = after.diagnostics.iter().all(|d| place(&after, d) != at);
            if !is_gone || !is_silent {
                let said =
                    format!("{path}: {} {}\nis not repaired by: {}", diagnostic.code, diagnostic.message, fix.title);
                wrong.push(Err(format!("{said}\n{fixed}\n{}", rendered(&after))));
            }
        }
    }
    wrong
}

#[test]
fn every_fix_of_a_shape_repairs_it() {
    let programs = programs("tests/ui");
    assert_all(programs.iter().flat_map(|path| fixes_that_do_not_repair(path, &check(path))));
}

/// Where a size came from is shown at three places at most, beside those that clash and the calls that led there.
#[test]
fn no_mistake_is_buried_in_labels() {
    for path in programs("tests/ui") {
        for diagnostic in check(&path).diagnostics {
            assert!(diagnostic.labels.len() <= 7, "{path}: {} labels: {}", diagnostic.labels.len(), diagnostic.message);
        }
    }
}
