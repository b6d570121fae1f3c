//! `group`s of weights that change nothing.

use super::Subject;
use super::unused::removal;
use crate::catalog::{ArgValue, Args, Entry};
use crate::check::program::{Group, Settings};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind, Statement, StatementKind};
use crate::syntax::walk;

/// Why a group changes nothing in a train, or a phase.
enum Idle<'t> {
    /// These later groups take its weights, each of them.
    Taken(Vec<&'t Group>),
    /// What its weights have with it, they have without it.
    Same(&'t Settings),
}

pub(super) fn groups(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    // Phases inherit groups: one must be idle in all of them.
    let mut found: Vec<(&Group, &ast::Train, Option<Idle>)> = Vec::new();
    for (train, tree) in subject.trains() {
        for (at, group) in train.settings.groups.iter().enumerate() {
            let idle = idle(&train.settings, at, group);
            match found.iter_mut().find(|(other, ..)| other.span == group.span) {
                Some((.., known)) if idle.is_none() => *known = None,
                Some(_) => {}
                None => found.push((group, tree, idle)),
            }
        }
    }
    for (group, tree, idle) in found {
        let (Some(idle), Some((statement, body))) = (idle, statement_of(&tree.statements, group)) else { continue };
        match idle {
            Idle::Taken(later) => {
                let message = "this group changes nothing: each of its weights is in a later one, too";
                let mut diagnostic = Diagnostic::new(Code::L0129, message, group.span, "no weight is left to it");
                for later in &later {
                    let label =
                        if group.weights.iter().all(|own| later.weights.contains(own)) { "all" } else { "some" };
                    diagnostic = diagnostic.label(later.span, format!("{label} of them are here"));
                }
                tell(
                    diagnostic
                        .note("of the groups that match a weight the last one wins, with all that it says")
                        .help("put the group of fewer weights behind that of more"),
                );
            }
            Idle::Same(settings) => {
                let optimizer = &settings.optimizer.args;
                let given: Vec<Span> = body.iter().filter_map(key).filter_map(|key| optimizer.span(key)).collect();
                // A hyper may be another with `--set`, or in a sweep.
                let follows_a_hyper = body.iter().any(has_name) || given.iter().any(|at| names_in(subject, *at));
                if follows_a_hyper {
                    continue;
                }
                let message = "this group changes nothing: its weights have the same without it";
                let label = if body.is_empty() { "says nothing" } else { "what it says is theirs already" };
                let mut diagnostic = Diagnostic::new(Code::L0129, message, group.span, label);
                if let Some(at) = given.first() {
                    diagnostic = diagnostic.label(*at, "as here");
                }
                tell(diagnostic.fix("remove this group", removal(subject, statement.span), ""));
            }
        }
    }
}

/// Whether the arguments of every weight of a group are what they would be without it, and why.
fn idle<'t>(settings: &'t Settings, at: usize, group: &Group) -> Option<Idle<'t>> {
    let has = |group: &&Group, path: &str| group.weights.iter().any(|own| **own == *path);
    let mut taken_by: Vec<&Group> = Vec::new();
    let mut is_taken = true;
    for path in &group.weights {
        if let Some(later) = settings.groups.iter().skip(at + 1).rfind(|later| has(later, path)) {
            if !taken_by.iter().any(|known| known.span == later.span) {
                taken_by.push(later);
            }
            continue;
        }
        is_taken = false;
        let earlier = settings.groups.iter().take(at).rfind(|earlier| has(earlier, path));
        let without = earlier.map_or(&settings.optimizer.args, |earlier| &earlier.args);
        if !are_same(settings.optimizer.entry, &group.args, without) {
            return None;
        }
    }
    Some(if is_taken { Idle::Taken(taken_by) } else { Idle::Same(settings) })
}

fn are_same(optimizer: &Entry, one: &Args, other: &Args) -> bool {
    optimizer.params.iter().all(|param| match (one.get(param.name), other.get(param.name)) {
        (ArgValue::Number(a), ArgValue::Number(b)) => a == b,
        (ArgValue::Bool(a), ArgValue::Bool(b)) => a == b,
        (ArgValue::Dim(a), ArgValue::Dim(b)) => a == b,
        (ArgValue::Numbers(a), ArgValue::Numbers(b)) => a == b,
        (ArgValue::Choice(a), ArgValue::Choice(b)) => a == b,
        (ArgValue::None, ArgValue::None) => true,
        // What cannot be compared is taken for meant.
        _ => false,
    })
}

/// The statement of a group, and what stands in it.
fn statement_of<'a>(statements: &'a [Statement], group: &Group) -> Option<(&'a Statement, &'a [Statement])> {
    statements.iter().find_map(|statement| match &statement.kind {
        StatementKind::Group { patterns, body } if patterns.span == group.span => Some((statement, body.as_slice())),
        StatementKind::Phase { body, .. } => statement_of(body, group),
        _ => None,
    })
}

fn key(statement: &Statement) -> Option<&str> {
    match &statement.kind {
        StatementKind::Setting(setting) => Some(&setting.key.name),
        _ => None,
    }
}

/// Whether a name is in the value of a setting.
fn has_name(statement: &Statement) -> bool {
    let StatementKind::Setting(setting) = &statement.kind else { return false };
    let mut has = false;
    walk::values_of(&setting.value, &mut |part| has |= matches!(part.kind, ExprKind::Name(_)));
    has
}

/// Whether a name stands at a place.
fn names_in(subject: &Subject<'_>, at: Span) -> bool {
    let mut has = false;
    walk::expressions(subject.ast, &mut |part| {
        has |= matches!(part.kind, ExprKind::Name(_)) && part.span.lies_in(at);
    });
    has
}
