//! Values with an axis of positions at the front: windows, sequences, tokens.
//!
//! Such a value is computed position by position, and its examples are told which positions are theirs. So a position
//! that several windows share is computed, and counted by an estimate, once.

use super::groups::Groups;
use super::problem::{DataProblem, Found};
use super::resolve::Resolved;
use std::sync::Arc;

/// The first axis of a value that has one position a row (or a token).
#[derive(Debug, Clone)]
pub(crate) struct Steps {
    /// What tells lengths apart: values with the same key have the same positions in every example.
    pub key: Arc<str>,
    pub kind: StepKind,
}

#[derive(Debug, Clone)]
pub(crate) enum StepKind {
    /// `length` rows from `offset` rows after the start of the window.
    Window { length: usize, offset: usize },
    /// As many positions as each example has.
    Groups(Arc<Groups>),
}

impl Steps {
    /// The key, where examples differ in length.
    pub fn ragged(&self) -> Option<Arc<str>> {
        match self.kind {
            StepKind::Window { .. } => None,
            StepKind::Groups(_) => Some(self.key.clone()),
        }
    }

    /// An example without any position.
    pub fn first_empty(&self) -> Option<usize> {
        match &self.kind {
            StepKind::Window { .. } => None,
            StepKind::Groups(groups) => (0..groups.count()).find(|example| groups.range(*example).is_empty()),
        }
    }

    /// How many positions an example has.
    pub fn length(&self, example: u32) -> usize {
        match &self.kind {
            StepKind::Window { length, .. } => *length,
            StepKind::Groups(groups) => groups.range(example as usize).len(),
        }
    }

    /// The positions of an example; `starts` are those of windows.
    pub fn of(&self, example: u32, starts: &[u32], to: &mut Vec<u32>) {
        match &self.kind {
            StepKind::Window { length, offset } => {
                let start = starts.get(example as usize).map_or(u32::MAX as usize, |s| *s as usize) + offset;
                to.extend((start..start + length).map(|p| u32::try_from(p).unwrap_or(u32::MAX)));
            }
            StepKind::Groups(groups) => to.extend(groups.positions(example as usize)),
        }
    }

    /// The positions of several examples, one behind the other.
    pub fn of_all(&self, examples: &[u32], starts: &[u32]) -> Vec<u32> {
        let mut positions = Vec::new();
        for example in examples {
            self.of(*example, starts, &mut positions);
        }
        positions
    }

    /// The first position of each example.
    pub fn firsts(&self, examples: &[u32], starts: &[u32]) -> Vec<u32> {
        let mut all = Vec::new();
        let mut firsts = Vec::with_capacity(examples.len());
        for example in examples {
            all.clear();
            self.of(*example, starts, &mut all);
            firsts.push(all.first().copied().unwrap_or(u32::MAX));
        }
        firsts
    }
}

/// The axis of positions of something made of several parts: theirs, if all that come from the data share it. None
/// where there is none, or where windows are put together that are not the same.
///
/// Errors: an axis of ragged length meets something that does not have it.
pub(crate) fn shared(parts: &[Resolved], function: &str) -> Found<Option<Steps>> {
    let from_data = || parts.iter().filter(|p| p.examples.is_some());
    let Some(first) = from_data().find_map(|p| p.steps.as_ref()) else { return Ok(None) };
    if from_data().all(|p| p.steps.as_ref().is_some_and(|s| s.key == first.key)) {
        return Ok(Some(first.clone()));
    }
    if from_data().any(|p| p.is_ragged()) {
        return Err(Box::new(DataProblem::LengthsOfTheirOwn { function: function.to_string() }));
    }
    Ok(None)
}
