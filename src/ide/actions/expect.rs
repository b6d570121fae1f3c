//! What the last run measured, as facts that must hold from now on.

use super::{Action, ActionKind, Place};
use crate::syntax::ast::{ItemKind, StatementKind};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The longest report of a run that is read: one line of it is wanted, the last.
const LONGEST_REPORT: u64 = 64 << 20;

/// Adds facts of the last run to `expect`.
pub(super) fn add_expect(place: &Place<'_>, runs: &[PathBuf]) -> Vec<Action> {
    let at_train = place.item().is_some_and(|i| matches!(i.kind, ItemKind::Train(_) | ItemKind::Expect(_)));
    let trains = place.tree().items.iter().filter(|i| matches!(i.kind, ItemKind::Train(_))).count();
    // With several trains a report has several ends.
    if !at_train || trains != 1 || place.checked.has_errors() {
        return Vec::new();
    }
    let stem = place.checked.sources.file(place.checked.file).path.file_stem();
    let Some(stem) = stem.map(|s| s.to_string_lossy().into_owned()) else { return Vec::new() };
    let report = runs.iter().find_map(|runs| last_measures(&runs.join(&stem)));
    let Some(measures) = report else { return Vec::new() };
    let names: Vec<&str> = match place.checked.program.trains.first() {
        Some(train) => train.evaluation.metrics.iter().map(|m| &*m.name).chain(["loss"]).collect(),
        None => return Vec::new(),
    };
    let written = place.text();
    measures
        .into_iter()
        .filter(|(split, name, _)| names.contains(&name.as_str()) && !written.contains(&format!("{split}.{name}")))
        .filter_map(|(split, name, value)| {
            let higher_is_better =
                place.checked.program.trains.iter().flat_map(|t| &t.evaluation.metrics).find_map(|m| {
                    let body = &m.entry.body;
                    let is_higher = matches!(body, crate::catalog::Body::Metric(d) if d.higher_is_better);
                    (*m.name == *name).then_some(is_higher)
                });
            let fact = fact(&split, &name, value, higher_is_better.unwrap_or(false))?;
            let edit = insertion(place, &fact)?;
            Some(Action {
                title: format!("expect `{fact}`, as in the last run"),
                kind: ActionKind::Rewrite,
                edits: vec![edit],
                fixes: None,
                is_preferred: false,
            })
        })
        .collect()
}

/// The measures at the end of the newest run: split, name, value. The test split, or validation without one.
fn last_measures(runs: &Path) -> Option<Vec<(String, String, f64)>> {
    let latest = runs.join("latest");
    // A file system without links has a file that holds the name.
    let directory = match std::fs::metadata(&latest).ok()?.is_dir() {
        true => latest,
        false => runs.join(std::fs::read_to_string(&latest).ok()?.trim()),
    };
    let path = directory.join("metrics.jsonl");
    if std::fs::metadata(&path).ok()?.len() > LONGEST_REPORT {
        return None;
    }
    let report = std::fs::read_to_string(&path).ok()?;
    let events: Vec<Value> = report.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |event: &str| events.iter().rev().find(|e| e.get("event").and_then(Value::as_str) == Some(event));
    let numbers = |event: &Value, split: &str| {
        let measures = event.get(split)?.as_object()?;
        let numbers = measures.iter().filter_map(|(k, v)| Some((split.to_owned(), k.clone(), v.as_f64()?)));
        Some(numbers.collect::<Vec<_>>()).filter(|n| !n.is_empty())
    };
    numbers(of("done")?, "test").or_else(|| numbers(of("epoch")?, "validation"))
}

/// `test.accuracy >= 0.95`: what was measured, with two digits of room to the bad side.
fn fact(split: &str, name: &str, value: f64, higher_is_better: bool) -> Option<String> {
    if !value.is_finite() || value == 0.0 {
        return None;
    }
    let digits = (1 - value.abs().log10().floor() as i32).max(0);
    let scale = 10_f64.powi(digits);
    let (rounded, operator) = match higher_is_better {
        true => ((value * scale).floor() / scale, ">="),
        false => ((value * scale).ceil() / scale, "<="),
    };
    Some(format!("{split}.{name} {operator} {rounded}"))
}

/// Into the last `expect`, or a new one.
fn insertion(place: &Place<'_>, fact: &str) -> Option<crate::diagnostics::Edit> {
    let existing = place.tree().items.iter().rev().find_map(|item| match &item.kind {
        ItemKind::Expect(expect) => Some((item, expect)),
        _ => None,
    });
    let Some((item, expect)) = existing else {
        let text = place.text();
        let gap = if text.ends_with('\n') { "\n" } else { "\n\n" };
        return Some(place.insert(text.len(), format!("{gap}expect {{\n  {fact}\n}}\n")));
    };
    let last = expect.statements.iter().rev().find(|s| matches!(s.kind, StatementKind::Expression(_)));
    match last {
        Some(last) => {
            let (indent, is_first) = place.indent(last.span.start as usize);
            let text = if is_first { format!("\n{indent}{fact}") } else { format!("; {fact}") };
            let rest = place.text().get(last.span.end as usize..).unwrap_or("");
            let line = rest.split('\n').next().unwrap_or("");
            let comment = if is_first && line.trim_start().starts_with('#') { line.trim_end().len() } else { 0 };
            Some(place.insert(last.span.end as usize + comment, text))
        }
        None => {
            let brace = place.text_of(item.span).find('{')?;
            Some(place.insert(item.span.start as usize + brace + 1, format!("\n  {fact}\n")))
        }
    }
}
