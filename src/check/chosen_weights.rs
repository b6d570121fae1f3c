//! Weights that are chosen by their paths: `freeze: ["backbone.*"]`, `l2(weights)`.

use super::checker::Checker;
use super::mistake::Mistake;
use super::paths::glob_matches;
use crate::build::Tensor;
use crate::catalog::Param;
use crate::diagnostics::nearest;
use crate::ir::graph::StateRole;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
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

    /// `[path, "glob.*"]`
    pub fn frozen(&mut self, expr: &Expr, paths: &[Arc<str>], at: Span) -> Option<Vec<Arc<str>>> {
        let items = match &expr.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![expr],
        };
        let mut frozen: Vec<Arc<str>> = Vec::new();
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
            frozen.extend(matching);
        }
        frozen.sort();
        frozen.dedup();
        if is_fine && frozen.len() == paths.len() {
            let reason = "every weight is frozen";
            self.mistake(at, &Mistake::NothingToTrain { reason });
            return None;
        }
        is_fine.then_some(frozen)
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
