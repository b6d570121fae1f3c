//! The mistakes that beginners make most: `tests/beginners/NNN_name.nn`, each with what a patient expert would say.
//!
//! A program begins with a comment for each of its mistakes, written before anything was said of them:
//!
//! ```text
//! # expects: line 7, E0102, repairs
//! ```
//!
//! That is the line of the mistake, the code, and, where something can be done, `fix`, or `repairs` where that leaves a
//! program without errors. Nothing else may be told. What is told stands beside it, in `NNN_name.txt`.

use super::snapshot::{assert_all, compare, programs, repository};
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::diagnostics::{Diagnostic, Edit, Format, Style, render_all};
use std::collections::BTreeSet;
use std::path::Path;

const FOLDER: &str = "tests/beginners";

/// What a header promises.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Expected {
    line: usize,
    code: String,
    promise: Promise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Promise {
    Nothing,
    Fix,
    Repairs,
}

fn expectations(text: &str) -> Vec<Expected> {
    let lines = text.lines().filter_map(|line| line.trim_start_matches('\u{FEFF}').strip_prefix("# expects: line "));
    let mut expected: Vec<Expected> = lines
        .map(|line| {
            let parts: Vec<&str> = line.split(", ").collect();
            let promise = match parts.get(2) {
                None => Promise::Nothing,
                Some(&"fix") => Promise::Fix,
                Some(&"repairs") => Promise::Repairs,
                Some(other) => panic!("no promise: {other}"),
            };
            Expected { line: parts[0].parse().unwrap(), code: parts[1].to_owned(), promise }
        })
        .collect();
    expected.sort();
    expected
}

/// What is told of a program. Warnings aside: they do not stop a beginner, and have tests of their own.
fn check(path: &str, text: &str) -> Checked {
    let mut checked = check_text(Path::new(path), text, &Overrides::default());
    checked.diagnostics.retain(Diagnostic::is_error);
    checked
}

fn human(checked: &Checked) -> String {
    let text = render_all(&checked.sources, &checked.diagnostics, Format::Human, Style::default());
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// The text with the first fix of every diagnostic applied.
fn repaired(text: &str, diagnostics: &[Diagnostic]) -> Result<String, String> {
    let mut edits: Vec<&Edit> = diagnostics.iter().filter_map(|d| d.fixes.first()).flat_map(|f| &f.edits).collect();
    edits.sort_by_key(|e| (e.span.start, e.span.end));
    if let Some(pair) = edits.windows(2).find(|pair| pair[0].span.end > pair[1].span.start) {
        return Err(format!("two fixes edit one place: {pair:?}"));
    }
    let mut fixed = text.to_owned();
    for edit in edits.into_iter().rev() {
        fixed.replace_range(edit.span.range(), &edit.text);
    }
    Ok(fixed)
}

fn hold(path: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(repository(path)).unwrap();
    let expected = expectations(&text);
    if expected.is_empty() {
        return Err(format!("{path} expects nothing"));
    }
    let checked = check(path, &text);
    let told = human(&checked);
    let mut found: Vec<(usize, String, bool)> = checked
        .diagnostics
        .iter()
        .map(|d| (checked.sources.position(d.span()).line, d.code.to_string(), !d.fixes.is_empty()))
        .collect();
    found.sort();
    let places: Vec<(usize, &str)> = found.iter().map(|(line, code, _)| (*line, code.as_str())).collect();
    let wanted: Vec<(usize, &str)> = expected.iter().map(|e| (e.line, e.code.as_str())).collect();
    if places != wanted {
        return Err(format!("{path}: expected {wanted:?}, told {places:?}\n{told}"));
    }
    if let Some((e, _)) = expected.iter().zip(&found).find(|(e, f)| e.promise != Promise::Nothing && !f.2) {
        return Err(format!("{path}: no fix for {} in line {}\n{told}", e.code, e.line));
    }
    if expected.iter().all(|e| e.promise == Promise::Repairs) {
        let fixed = repaired(&text, &checked.diagnostics).map_err(|why| format!("{path}: {why}"))?;
        let again = check(path, &fixed);
        if !again.diagnostics.is_empty() {
            return Err(format!("{path}, its fixes applied:\n{fixed}\n{}", human(&again)));
        }
    }
    compare(&path.replace(".nn", ".txt"), &told)
}

#[test]
fn beginners_are_told_what_an_expert_would_say() {
    let programs = programs(FOLDER);
    assert!(programs.len() >= 100, "{}", programs.len());
    assert_all(programs.iter().map(|path| hold(path)));
}

#[test]
fn beginners_programs_are_short_and_counted() {
    let mut numbers = BTreeSet::new();
    for path in programs(FOLDER) {
        let name = path.rsplit('/').next().unwrap();
        assert!(numbers.insert(name[..3].parse::<usize>().unwrap()), "{name}: the number is there twice");
        let text = std::fs::read_to_string(repository(&path)).unwrap();
        let lines = text.lines().filter(|l| !l.trim_start_matches('\u{FEFF}').starts_with('#')).count();
        assert!((3..=30).contains(&lines), "{path} has {lines} lines");
    }
}
