//! Models: their inputs, their layers, their outputs.

use super::align::align;
use super::{Found, written};
use crate::build::show_type;
use crate::catalog::{self, EntryKind};
use crate::check::{Checked, LayerRow, Model, Port};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::walk;
use std::collections::HashMap;

/// Every call of a program's own file by its place.
type Calls<'c> = HashMap<Span, &'c Expr>;

pub(super) fn compare(found: &mut Found) {
    let (before, after) = (found.before, found.after);
    let (calls_before, calls_after) = (calls(before), calls(after));
    for model in &after.program.models {
        let Some(old) = before.program.models.iter().find(|old| old.name == model.name) else {
            found.added(format!("model {}", model.name), model.span);
            continue;
        };
        // One model needs no name.
        let prefix = if after.program.models.len() > 1 { format!("{} ", model.name) } else { String::new() };
        ports(found, &format!("{prefix}input"), &old.inputs, &model.inputs);
        let sides = (layers_of(before, old, &calls_before), layers_of(after, model, &calls_after));
        layers(found, &prefix, &sides.0, &sides.1);
        ports(found, &format!("{prefix}output"), &old.outputs, &model.outputs);
    }
    for old in &before.program.models {
        if after.program.models.iter().all(|model| model.name != old.name) {
            found.removed(format!("model {}", old.name), old.span);
        }
    }
}

fn calls(checked: &Checked) -> Calls<'_> {
    let mut calls = HashMap::new();
    walk::expressions(&checked.ast, &mut |expr| {
        if matches!(expr.kind, ExprKind::Call { .. }) {
            calls.insert(expr.span, expr);
        }
    });
    calls
}

fn ports(found: &mut Found, what: &str, before: &[Port], after: &[Port]) {
    for port in after {
        let subject = format!("{what} {}", port.name);
        match before.iter().find(|old| old.name == port.name) {
            Some(old) => {
                let (old, new) = (show_type(&old.kind, &old.shape), show_type(&port.kind, &port.shape));
                found.turned(&subject, "", &old, &new, port.span);
            }
            None => found.added(subject, port.span),
        }
    }
    for old in before.iter().filter(|old| after.iter().all(|port| port.name != old.name)) {
        found.removed(format!("{what} {}", old.name), old.span);
    }
}

/// A layer with its arguments as they are worth here.
struct Layer<'c> {
    row: &'c LayerRow,
    arguments: Vec<(String, String)>,
}

fn layers_of<'c>(checked: &'c Checked, model: &'c Model, calls: &Calls<'c>) -> Vec<Layer<'c>> {
    model.layers.iter().map(|row| Layer { row, arguments: arguments(checked, row, calls) }).collect()
}

/// Name and value of each argument that is given.
fn arguments(checked: &Checked, row: &LayerRow, calls: &Calls) -> Vec<(String, String)> {
    let Some(ExprKind::Call { args, .. }) = calls.get(&row.span).map(|expr| &expr.kind) else { return Vec::new() };
    let entry = catalog::find(&row.kind, &[EntryKind::Layer, EntryKind::Function]);
    let mut positional = entry.map(|entry| entry.params.iter().map(|param| param.name)).into_iter().flatten();
    let value = |expr: &Expr| match checked.program.noted(expr.span) {
        Some(noted) if noted.is_value => noted.text.clone(),
        _ => written::text(checked, expr),
    };
    let named = args.iter().map(|arg| {
        let name = match &arg.name {
            Some(name) => name.name.to_string(),
            None => positional.next().unwrap_or_default().to_owned(),
        };
        (name, value(&arg.value))
    });
    named.collect()
}

fn layers(found: &mut Found, prefix: &str, before: &[Layer], after: &[Layer]) {
    let likeness = |old: &Layer, new: &Layer| {
        if old.row.kind != new.row.kind {
            return 0;
        }
        1 + i64::from(old.row.path == new.row.path) + 2 * i64::from(old.arguments == new.arguments)
    };
    for (old, new) in align(before, after, likeness) {
        let (old, new) = (old.and_then(|at| before.get(at)), new.and_then(|at| after.get(at)));
        match (old, new) {
            (Some(old), Some(new)) => layer(found, prefix, old, new),
            (None, Some(new)) => found.added(format!("{prefix}{}", new.row.path), new.row.span),
            (Some(old), None) => found.removed(format!("{prefix}{}", old.row.path), old.row.span),
            (None, None) => {}
        }
    }
}

fn layer(found: &mut Found, prefix: &str, old: &Layer, new: &Layer) {
    let subject = format!("{prefix}{}", new.row.path);
    let span = new.row.span;
    if old.row.path != new.row.path && new.row.parameters != Some(0) {
        found.turned(&subject, "its weights move,", &old.row.path, &new.row.path, span);
    }
    let mut told = false;
    for (name, value) in &new.arguments {
        let was = old.arguments.iter().find(|(other, _)| other == name);
        match was {
            Some((_, was)) => found.turned(&subject, name, was, value, span),
            None => found.changed(&subject, format!("{name} {value} is new"), span),
        }
        told |= was.is_none_or(|(_, was)| was != value);
    }
    for (name, value) in &old.arguments {
        if new.arguments.iter().all(|(other, _)| other != name) {
            found.changed(&subject, format!("{name} {value} is gone"), span);
            told = true;
        }
    }
    // What its own arguments do not explain comes from what flows in: told where weights have another size.
    if !told && old.row.parameters != new.row.parameters {
        let count = |parameters: Option<u64>| parameters.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let (was, is) = (count(old.row.parameters), count(new.row.parameters));
        found.turned(&subject, "parameters", &was, &is, span);
    }
}
