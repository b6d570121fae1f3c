//! The phases of a train: one after the other, each a train of its own on the weights that the one before left.

use super::checker::Checker;
use super::mistake::Mistake;
use super::program::Phase;
use crate::syntax::ast::{self, Ident, Statement, StatementKind, Symbol};

/// What stands in a train, phase by phase: the statements around its phases that a phase does not override, and its
/// own. A train without phases is one, without a name.
pub(crate) fn phases_of(train: &ast::Train) -> Vec<(Option<&Ident>, Vec<&Statement>)> {
    let around: Vec<&Statement> =
        train.statements.iter().filter(|s| !matches!(s.kind, StatementKind::Phase { .. })).collect();
    let mut phases: Vec<(Option<&Ident>, Vec<&Statement>)> = Vec::new();
    for statement in &train.statements {
        let StatementKind::Phase { name, body } = &statement.kind else { continue };
        let is_first = phases.is_empty();
        let is_inherited = |statement: &&&Statement| match &statement.kind {
            StatementKind::Setting(around) => inherits(body, is_first, &around.key.name),
            _ => true,
        };
        phases.push((Some(name), around.iter().filter(is_inherited).copied().chain(body).collect()));
    }
    if phases.is_empty() { vec![(None, around)] } else { phases }
}

/// Whether a phase inherits a setting from around it.
fn inherits(body: &[Statement], is_first: bool, around: &str) -> bool {
    // Those weights are what the first begins with; the others go on from what it made of them.
    (is_first || around != "load") && !body.iter().filter_map(key).any(|own| are_alternatives(own, around))
}

/// The settings around the phases of a train that none of them inherits.
pub(super) fn inherited_by_none(train: &ast::Train) -> impl Iterator<Item = (&Statement, &ast::Setting)> {
    let bodies = train.statements.iter().filter_map(|s| match &s.kind {
        StatementKind::Phase { body, .. } => Some(body.as_slice()),
        _ => None,
    });
    let bodies: Vec<&[Statement]> = bodies.collect();
    train.statements.iter().filter_map(move |statement| {
        let StatementKind::Setting(around) = &statement.kind else { return None };
        let inherits = |(index, body): (usize, &&[Statement])| inherits(body, index == 0, &around.key.name);
        let is_idle = !bodies.is_empty() && !bodies.iter().enumerate().any(inherits);
        is_idle.then_some((statement, around))
    })
}

fn key(statement: &Statement) -> Option<&Symbol> {
    match &statement.kind {
        StatementKind::Setting(setting) => Some(&setting.key.name),
        _ => None,
    }
}

/// Whether one setting takes the place of another: the same, or the other way to say how long.
fn are_alternatives(one: &str, other: &str) -> bool {
    let says_how_long = |key: &str| matches!(key, "epochs" | "steps");
    one == other || says_how_long(one) && says_how_long(other)
}

impl Checker<'_> {
    /// The trains that a `train` item stands for: itself, or one for each of its phases.
    pub fn phases(&mut self, train: &ast::Train) -> Vec<(Option<Phase>, ast::Train)> {
        let phases = phases_of(train);
        let mut names: Vec<&Ident> = Vec::new();
        for name in phases.iter().filter_map(|(name, _)| *name) {
            match names.iter().find(|first| first.name == name.name) {
                Some(first) => {
                    let (name_again, first) = (name.name.clone(), first.span);
                    self.mistake(name.span, &Mistake::Duplicate { name: name_again, what: "phase", first });
                }
                None => names.push(name),
            }
        }
        let of = phases.len();
        let parts = phases.into_iter().enumerate().map(|(index, (name, statements))| {
            let phase = name.map(|name| Phase { name: name.name.clone(), number: index + 1, of, span: name.span });
            (phase, ast::Train { statements: statements.into_iter().cloned().collect(), ..header_of(train) })
        });
        parts.collect()
    }
}

/// A train without what stands in it.
fn header_of(train: &ast::Train) -> ast::Train {
    let (model, bindings, data) = (train.model.clone(), train.bindings.clone(), train.data.clone());
    ast::Train { model, bindings, data, statements: Vec::new() }
}
