//! What is noted of expressions and names on the way, for whoever shows the program: types, values, layers.
//!
//! A block is evaluated at each of its calls, and a model in training and in evaluation. Of all that happens at one
//! place the first is noted: of a block its first call, with the sizes that it has there.

use super::checker::Checker;
use super::program::{Noted, NotedLayer};
use super::value::{Stage, Value, show_number};
use crate::ir::dim::Dim;
use crate::ir::graph::{State, StateRole};
use crate::source::Span;
use std::collections::HashMap;
use std::sync::Arc;

/// Notes, by place.
#[derive(Debug, Default)]
pub(super) struct Notes {
    notes: HashMap<Span, Noted>,
    /// Where, in order: what is only tried is forgotten again.
    order: Vec<Span>,
}

impl Notes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Forgets all but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        for span in self.order.drain(count.min(self.order.len())..) {
            self.notes.remove(&span);
        }
    }

    /// Adds those of an evaluation that is not known here, in its order; what is noted already stays.
    pub fn add(&mut self, notes: &[(Span, Noted)]) {
        for (span, noted) in notes {
            self.note(*span, || Some(noted.clone()));
        }
    }

    /// All of them, in order.
    pub fn in_order(mut self) -> Vec<(Span, Noted)> {
        let order = std::mem::take(&mut self.order);
        order.into_iter().filter_map(|span| Some((span, self.notes.remove(&span)?))).collect()
    }

    /// All of them, by place.
    pub fn finish(self) -> Vec<(Span, Noted)> {
        let mut notes: Vec<(Span, Noted)> = self.notes.into_iter().collect();
        notes.sort_by_key(|(span, _)| *span);
        notes
    }

    fn note(&mut self, span: Span, make: impl FnOnce() -> Option<Noted>) {
        if !self.notes.contains_key(&span)
            && let Some(noted) = make()
        {
            self.notes.insert(span, noted);
            self.order.push(span);
        }
    }
}

impl Checker<'_> {
    /// Notes the type of a tensor, or the value of a size or constant.
    pub fn note(&mut self, span: Span, value: &Value) {
        self.notes.note(span, || {
            let (text, is_value) = match value {
                Value::Tensor(tensor) => (tensor.show(), false),
                Value::Number(number) => (show_number(*number), true),
                Value::Size(size) => (size.to_string(), true),
                Value::Bool(truth) => (truth.to_string(), true),
                Value::Text(text) => (format!("{text:?}"), true),
                _ => return None,
            };
            Some(Noted { text, is_value, layer: None })
        });
    }

    /// Notes what a dimension name of a signature is bound to.
    pub fn note_size(&mut self, span: Span, size: &Dim) {
        self.notes.note(span, || Some(Noted { text: size.to_string(), is_value: true, layer: None }));
    }

    /// Notes the application of a stage, which has made all states from `first_state` on.
    pub fn note_stage(&mut self, span: Span, stage: &Stage, result: &Value, first_state: usize) {
        let states = &self.builder.graph.states;
        self.notes.note(span, || {
            let text = match result {
                Value::Tensor(tensor) => tensor.show(),
                Value::Tuple(parts) => {
                    let shown = parts.iter().map(|p| if let Value::Tensor(t) = p { Some(t.show()) } else { None });
                    format!("({})", shown.collect::<Option<Vec<String>>>()?.join(", "))
                }
                _ => return None,
            };
            let layer = path(stage).map(|path| {
                let new = states.get(first_state..).unwrap_or_default();
                let is_below = |state: &State| state.path.strip_prefix(&*path).is_some_and(|r| r.starts_with('.'));
                let is_shared = new.is_empty() && !path.is_empty() && states.iter().any(is_below);
                NotedLayer { parameters: parameters(new), is_shared, path }
            });
            Some(Noted { text, is_value: false, layer })
        });
    }
}

/// The path of a stage that may have weights; empty where its parts have paths of their own. Functions have none.
fn path(stage: &Stage) -> Option<Arc<str>> {
    match stage {
        Stage::Layer(layer) => Some(layer.path.borrow().0.clone()),
        Stage::Block(block) => Some(block.path.borrow().0.clone()),
        Stage::Repeat { path, .. } => Some(path.borrow().0.clone()),
        Stage::Waiting { stage, .. } => path(stage),
        Stage::Residual { .. } | Stage::Composition(_) => Some("".into()),
        Stage::Function { .. } => None,
    }
}

/// Trainable numbers; `None` where a size is open.
pub(super) fn parameters(states: &[State]) -> Option<u64> {
    let weights = states.iter().filter(|s| s.role == StateRole::Weight);
    let size = |d: &Dim| d.as_constant().and_then(|n| u64::try_from(n).ok());
    weights.map(|s| s.shape.iter().map(size).product::<Option<u64>>()).sum()
}
