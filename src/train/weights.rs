//! The weights of a model between its trains and on their way to and from disk.

use crate::catalog::initializers;
use crate::compile::average_path;
use crate::ir::graph::{Graph, StateRole};
use crate::runtime::States;
use std::sync::Arc;

/// The weights and statistics of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Weights {
    /// In the order of the model.
    pub(super) tensors: Vec<WeightTensor>,
}

/// One of [`Weights`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WeightTensor {
    pub(super) path: Arc<str>,
    pub(super) role: StateRole,
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

/// Whether a state is the model's, not the optimizer's.
pub(super) fn is_models(role: StateRole) -> bool {
    match role {
        StateRole::Weight | StateRole::Buffer | StateRole::Counter => true,
        StateRole::Optimizer => false,
    }
}

impl Weights {
    /// Those among the states that are the model's.
    pub(super) fn of(states: &States<f32>) -> Weights {
        let tensors = states.iter().filter(|(entry, _)| is_models(entry.role)).map(|(entry, values)| WeightTensor {
            path: entry.path.clone(),
            role: entry.role,
            shape: entry.shape.clone(),
            values: values.to_vec(),
        });
        Weights { tensors: tensors.collect() }
    }

    /// Writes them to the states of the same paths.
    pub(super) fn put_into(&self, states: &mut States<f32>) {
        for tensor in &self.tensors {
            if let Some(place) = states.get_mut(&tensor.path).filter(|p| p.len() == tensor.values.len()) {
                place.copy_from_slice(&tensor.values);
            }
        }
    }

    /// Takes the values of the states of the same paths, or their averages where there are any, without allocating more
    /// than names.
    pub(super) fn take_from(&mut self, states: &States<f32>) {
        for tensor in &mut self.tensors {
            let values = states.get(&average_path(&tensor.path)).or_else(|| states.get(&tensor.path));
            if let Some(values) = values.filter(|v| v.len() == tensor.values.len()) {
                tensor.values.copy_from_slice(values);
            }
        }
    }

    /// The tensor at a path.
    pub(super) fn get(&self, path: &str) -> Option<&WeightTensor> {
        self.tensors.iter().find(|t| &*t.path == path)
    }

    /// Whether every number is finite.
    pub(super) fn are_finite(&self) -> bool {
        self.tensors.iter().all(|t| t.values.iter().all(|x| x.is_finite()))
    }

    /// Trainable numbers.
    pub(super) fn parameters(&self) -> u64 {
        let weights = self.tensors.iter().filter(|t| t.role == StateRole::Weight);
        weights.map(|t| t.values.len() as u64).sum()
    }
}

/// Puts the averages of `ema` in the place of the weights.
pub(super) fn become_averages(states: &mut States<f32>) {
    let mut weights = Weights::of(states);
    weights.take_from(states);
    weights.put_into(states);
}

/// Sets every state to its start; a weight's depends on the seed and its path only.
pub(super) fn initialise(graph: &Graph, states: &mut States<f32>, seed: u64) {
    for state in &graph.states {
        let Some(shape) = states.entry(&state.path).map(|e| e.shape.clone()) else { continue };
        let values = initializers::sample(&state.init, &shape, seed, &state.path);
        if let Some(place) = states.get_mut(&state.path) {
            for (place, value) in place.iter_mut().zip(values) {
                *place = value as f32;
            }
        }
    }
}
