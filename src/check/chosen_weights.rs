//! Weights that are chosen by their paths: `freeze: ["backbone.*"]`, `group ["*.bias"] { … }`, `l2(weights)`.

use super::checker::Checker;
use super::found_settings::Found;
use super::mistake::Mistake;
use super::paths::glob_matches;
use super::program::{Configured, Group};
use super::value::Frame;
use crate::build::Tensor;
use crate::catalog::{Args, Param};
use crate::diagnostics::nearest;
use crate::ir::graph::StateRole;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Statement, StatementKind};
use std::sync::Arc;

impl Checker<'_> {
    /// The weights that a path or glob names; tells where there are none. `also`: a word that might have been meant.
    pub fn matching_paths(
        &mut self,
        pattern: &str,
        span: Span,
        paths: &[Arc<str>],
        also: Option<&str>,
    ) -> Vec<Arc<str>> {
        let matching: Vec<Arc<str>> = paths.iter().filter(|p| glob_matches(pattern, p)).cloned().collect();
        if matching.is_empty() {
            let mut known: Vec<String> = Vec::new();
            for path in paths {
                let layer = path.rsplit_once('.').map_or(&**path, |(layer, _)| layer);
                for candidate in [layer, path] {
                    if !known.iter().any(|k| k == candidate) {
                        known.push(candidate.to_owned());
                    }
                }
            }
            // A body is named by what all its paths begin with.
            let bodies = paths.iter().flat_map(|p| p.match_indices('.').filter_map(|(dot, _)| p.get(..dot)));
            let candidates = also.into_iter().chain(known.iter().map(String::as_str)).chain(bodies);
            let near = nearest(pattern, candidates).map(str::to_owned);
            self.mistake(span, &Mistake::UnknownPath { path: pattern.to_owned(), nearest: near, known });
        }
        matching
    }

    /// `weights`, a path, a glob in quotes, or a list of these, as the weights of the graph that is being built.
    pub fn weights_argument(&mut self, callee: &str, param: &'static Param, expr: &Expr) -> Option<Vec<Tensor>> {
        if !self.is_in_loss {
            let (callee, param) = (callee.to_owned(), param.name.to_owned());
            let wanted = "the weights of a whole model, which are there in the `loss` of a `train`".to_owned();
            let found = "a place where they are not".to_owned();
            self.mistake(expr.span, &Mistake::ArgumentType { callee, param, wanted, found });
            return None;
        }
        let states = self.builder.graph.states.iter().filter(|s| s.role == StateRole::Weight);
        let paths: Vec<Arc<str>> = states.map(|s| s.path.clone()).collect();
        let items = match &expr.unparenthesized().kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![expr],
        };
        let mut chosen: Vec<Arc<str>> = Vec::new();
        for item in items {
            match path_text(item) {
                // A weight of this name is what is meant, and all where there is none.
                Some(word) if word == "weights" && !paths.iter().any(|p| glob_matches(&word, p)) => {
                    chosen.extend(paths.iter().cloned());
                }
                Some(pattern) => {
                    let matching = self.matching_paths(&pattern, item.span, &paths, Some("weights"));
                    if matching.is_empty() {
                        return None;
                    }
                    chosen.extend(matching);
                }
                None => {
                    if !matches!(item.kind, ExprKind::Error) {
                        let (callee, param) = (callee.to_owned(), param.name.to_owned());
                        let wanted = "`weights`, the path of a weight or layer, or a glob in quotes".to_owned();
                        let found = "something else".to_owned();
                        self.mistake(item.span, &Mistake::ArgumentType { callee, param, wanted, found });
                    }
                    return None;
                }
            }
        }
        // Each counts once, in the order of the model.
        let chosen = paths.iter().filter(|p| chosen.contains(p));
        Some(chosen.filter_map(|p| self.builder.existing_state(p)).collect())
    }

    /// `freeze: [path, "glob.*"]`
    pub fn frozen(&mut self, expr: &Expr, paths: &[Arc<str>], at: Span) -> Option<Vec<Arc<str>>> {
        let frozen = self.weights_of(expr, paths)?;
        if frozen.len() == paths.len() {
            let reason = "every weight is frozen";
            self.mistake(at, &Mistake::NothingToTrain { reason });
            return None;
        }
        Some(frozen)
    }

    /// `group [path, "glob.*"] { weight_decay: 0 }`, each with all arguments of the optimizer.
    pub fn groups(
        &mut self,
        found: &Found<'_>,
        optimizer: &Configured,
        paths: &[Arc<str>],
        frame: &mut Frame,
    ) -> Option<Vec<Group>> {
        let mut groups = Vec::new();
        let mut is_fine = true;
        for (patterns, body) in &found.groups {
            let weights = self.weights_of(patterns, paths);
            let args = self.group_arguments(body, optimizer, patterns.span, frame);
            match (weights, args) {
                (Some(weights), Some(args)) => groups.push(Group { weights, args, span: patterns.span }),
                _ => is_fine = false,
            }
        }
        is_fine.then_some(groups)
    }

    /// The optimizer's arguments, those that a group says in place of its own.
    fn group_arguments(
        &mut self,
        body: &[Statement],
        optimizer: &Configured,
        at: Span,
        frame: &mut Frame,
    ) -> Option<Args> {
        let entry = optimizer.entry;
        let mut given: Vec<Arg> = Vec::new();
        let mut is_fine = true;
        for statement in body {
            match &statement.kind {
                StatementKind::Setting(setting) if entry.params.iter().any(|p| *p.name == *setting.key.name) => {
                    given.push(Arg { name: Some(setting.key.clone()), value: setting.value.clone() });
                }
                StatementKind::Setting(setting) => {
                    let known: Vec<&str> = entry.params.iter().map(|param| param.name).collect();
                    let nearest = nearest(&setting.key.name, known.iter().copied()).map(str::to_owned);
                    let known = known.into_iter().map(str::to_owned).collect();
                    let mistake =
                        Mistake::GroupSetting { name: setting.key.name.clone(), optimizer: entry.name, nearest, known };
                    self.mistake(setting.key.span, &mistake);
                    is_fine = false;
                }
                // Told where it was parsed.
                _ => is_fine = false,
            }
        }
        let bound = self.bind_arguments(entry.name, entry.params, &given, None, at, frame)?;
        let mut args = optimizer.args.clone();
        for param in entry.params {
            if let Some(span) = bound.args.span(param.name) {
                args.set(param.name, bound.args.get(param.name).clone(), Some(span));
            }
        }
        // The rate of a group is a multiple of the optimizer's, which the schedule changes.
        if let (Some(span), true) = (bound.args.span("lr"), optimizer.args.number("lr") == 0.0) {
            self.mistake(span, &Mistake::GroupWithoutRate);
            is_fine = false;
        }
        let is_fine = is_fine && self.can_update(entry, &args, at);
        is_fine.then_some(args)
    }

    /// The weights that paths and globs name, each once.
    fn weights_of(&mut self, expr: &Expr, paths: &[Arc<str>]) -> Option<Vec<Arc<str>>> {
        let items = match &expr.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![expr],
        };
        let mut named: Vec<Arc<str>> = Vec::new();
        let mut is_fine = true;
        for item in items {
            let Some(pattern) = path_text(item) else {
                if !matches!(item.kind, ExprKind::Error) {
                    let wanted = "the path of a weight or layer, or a glob in quotes".to_owned();
                    self.mistake(item.span, &Mistake::Type { wanted, found: "something else".into() });
                }
                is_fine = false;
                continue;
            };
            let matching = self.matching_paths(&pattern, item.span, paths, None);
            is_fine &= !matching.is_empty();
            named.extend(matching);
        }
        named.sort();
        named.dedup();
        is_fine.then_some(named)
    }
}

/// `backbone.dense1` or `"backbone.*"` as text.
fn path_text(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::String(text) => Some(text.clone()),
        ExprKind::Field { base, name } => Some(format!("{}.{}", path_text(base)?, name.name)),
        ExprKind::Paren(inner) => path_text(inner),
        _ => None,
    }
}
