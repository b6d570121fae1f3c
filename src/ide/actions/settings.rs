//! Settings that a train does not have yet.

use super::{Action, ActionKind, Place};
use crate::catalog::{self, Body, EntryKind, Task};
use crate::data::Split;
use crate::ide::names::Meaning;
use crate::source::Span;
use crate::syntax::ast::{Data, ItemKind, StatementKind, Train};

/// Adds each of the settings that are usual.
pub(super) fn add_settings(place: &Place<'_>) -> Vec<Action> {
    let Some(item) = place.item() else { return Vec::new() };
    let train = match &item.kind {
        ItemKind::Train(train) => train,
        ItemKind::Data(data) => return add_split(place, data, item.span).into_iter().collect(),
        _ => return Vec::new(),
    };
    // In a phase, and where not all could be read, one cannot tell what is there.
    let is_simple = train
        .statements
        .iter()
        .all(|s| matches!(s.kind, StatementKind::Setting(_) | StatementKind::Let(_) | StatementKind::Expression(_)));
    if !is_simple {
        return Vec::new();
    }
    let has = |key: &str| setting(train, key).is_some();
    let checked = place.checked.program.trains.iter().find(|t| train.model.last().is_some_and(|m| m.span == t.span));
    let data = checked.and_then(|t| place.checked.program.data.get(t.data));
    let has_validation = data.is_some_and(|d| d.description.examples(Split::Validation).is_some_and(|n| n > 0));
    let split = if has_validation { "validation" } else { "train" };
    let mut wanted: Vec<(&str, String)> = Vec::new();
    if !has("optimizer") {
        wanted.push(("optimizer", "Adam(lr: 1e-3)".to_owned()));
    }
    if !has("epochs") && !has("steps") {
        wanted.push(("epochs", "20".to_owned()));
    }
    if !has("batch") {
        wanted.push(("batch", "32".to_owned()));
    }
    if !has("metrics")
        && let Some(metric) = metric_of(place, item.span)
    {
        wanted.push(("metrics", format!("[{metric}]")));
    }
    if !has("seed") {
        wanted.push(("seed", "42".to_owned()));
    }
    if !has("schedule") {
        wanted.push(("schedule", "cosine(to: 0)".to_owned()));
    }
    if !has("clip") {
        wanted.push(("clip", "norm(1.0)".to_owned()));
    }
    if !has("keep") {
        wanted.push(("keep", format!("best({split}.loss)")));
    }
    if !has("stop") {
        wanted.push(("stop", format!("patience({split}.loss, 10 epochs)")));
    }
    if !has("validate") && has_validation && has("steps") {
        wanted.push(("validate", "500 steps".to_owned()));
    }
    let last = train.statements.last().map(|s| s.span);
    wanted
        .into_iter()
        .filter_map(|(key, value)| {
            let text = line(place, train, key, &value)?;
            let at = last.map_or_else(|| opening(place, item.span), |last| Some(after_comment(place, last)))?;
            Some(Action {
                title: format!("add `{key}: {value}`"),
                kind: ActionKind::Rewrite,
                edits: vec![place.insert(at, text)],
                fixes: None,
                is_preferred: false,
            })
        })
        .collect()
}

/// Fewer examples than this are not worth a split.
const FEWEST_EXAMPLES: usize = 50;

/// A split for data that has none, or a validation split for data whose files are given for train and test.
fn add_split(place: &Place<'_>, data: &Data, item: Span) -> Option<Action> {
    let is_simple = data
        .statements
        .iter()
        .all(|s| matches!(s.kind, StatementKind::Let(_) | StatementKind::Field { .. } | StatementKind::Expression(_)));
    let block = place.checked.program.data.iter().find(|d| d.span == data.name.span)?;
    let examples = |split: Split| block.description.examples(split).unwrap_or(0);
    if !is_simple || examples(Split::Train) < FEWEST_EXAMPLES || examples(Split::Validation) > 0 {
        return None;
    }
    // Windows of one text or series must not lie on both sides of a cut.
    let is_ordered = place
        .names
        .in_file(place.checked.file)
        .iter()
        .any(|n| n.span.lies_in(item) && matches!(&n.meaning, Meaning::Entry(entry) if entry.name == "windows"));
    let value = match (examples(Split::Test) > 0, is_ordered) {
        (true, true) => return None,
        (true, false) => "random(validation: 10%, seed: 1)",
        (false, true) => "ordered(train: 80%, validation: 10%, test: 10%)",
        (false, false) => "random(train: 80%, validation: 10%, test: 10%, seed: 1)",
    };
    let last = data.statements.last()?.span;
    let (indent, is_first) = place.indent(last.start as usize);
    let text = if is_first { format!("\n{indent}split: {value}") } else { format!("; split: {value}") };
    Some(Action {
        title: format!("add `split: {value}`"),
        kind: ActionKind::Rewrite,
        edits: vec![place.insert(after_comment(place, last), text)],
        fixes: None,
        is_preferred: false,
    })
}

fn setting<'a>(train: &'a Train, key: &str) -> Option<&'a crate::syntax::ast::Setting> {
    train.statements.iter().find_map(|s| match &s.kind {
        StatementKind::Setting(setting) if &*setting.key.name == key => Some(setting),
        _ => None,
    })
}

/// The setting on a line of its own, its value below that of the one before.
fn line(place: &Place<'_>, train: &Train, key: &str, value: &str) -> Option<String> {
    let Some(last) = train.statements.last() else { return Some(format!("\n  {key}: {value}")) };
    let (indent, is_first) = place.indent(last.span.start as usize);
    if !is_first {
        // `{ loss: a; epochs: 3 }`
        return Some(format!("; {key}: {value}"));
    }
    let width = train.statements.iter().rev().find_map(|s| match &s.kind {
        StatementKind::Setting(setting) => Some((setting.value.span.start - setting.key.span.start) as usize),
        _ => None,
    });
    let head = format!("{key}: ");
    let width = width.unwrap_or(head.len()).max(head.len());
    Some(format!("\n{indent}{head:width$}{value}"))
}

/// Behind a statement and the comment that follows it.
fn after_comment(place: &Place<'_>, statement: Span) -> usize {
    let end = statement.end as usize;
    let (_, is_first) = place.indent(statement.start as usize);
    let rest = place.text().get(end..).unwrap_or("");
    let line = rest.split('\n').next().unwrap_or("");
    if is_first && line.trim_start().starts_with('#') { end + line.trim_end().len() } else { end }
}

/// Behind the brace of an item without statements.
fn opening(place: &Place<'_>, item: Span) -> Option<usize> {
    place.text_of(item).find('{').map(|at| item.start as usize + at + 1)
}

/// A metric that takes its operands from the one loss of the catalog that the train has.
fn metric_of(place: &Place<'_>, train: Span) -> Option<&'static str> {
    let names = place.names.in_file(place.checked.file).iter().filter(|n| n.span.lies_in(train));
    let mut tasks = names.filter_map(|n| match &n.meaning {
        Meaning::Entry(entry) => match entry.body {
            Body::Loss { task, .. } => Some(task),
            _ => None,
        },
        _ => None,
    });
    let (task, other) = (tasks.next()?, tasks.next());
    if other.is_some() {
        return None;
    }
    let first = if task == Task::Regression { "mae" } else { "accuracy" };
    let fits = |name: &str| {
        let entry = catalog::find(name, &[EntryKind::Metric])?;
        matches!(&entry.body, Body::Metric(definition) if definition.task == task).then_some(entry.name)
    };
    fits(first)
}
