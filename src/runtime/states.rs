//! Tensors that live from step to step.

use super::kernels::memory::Buffer;
use super::{Element, PlanError};
use crate::ir::dim::show_shape;
use crate::ir::graph::{Graph, StateRole};
use std::collections::HashMap;
use std::sync::Arc;

/// One persistent tensor: where it lies and what it is.
#[derive(Debug, Clone)]
pub struct StateEntry {
    /// The path of LANGUAGE.md, "Weights on disk".
    pub path: Arc<str>,
    /// Its size.
    pub shape: Vec<usize>,
    /// Who writes it.
    pub role: StateRole,
    /// First element in the allocation.
    pub(super) offset: usize,
    /// Number of elements.
    pub(super) len: usize,
}

/// All persistent tensors of a run in one allocation, found by path. Several executables (training, evaluation) share
/// them. Adding a graph's states never moves those already there.
#[derive(Debug, Clone)]
pub struct States<E> {
    entries: Vec<StateEntry>,
    by_path: HashMap<Arc<str>, usize>,
    /// How many numbers they are, with the gaps between them.
    laid: usize,
    pub(super) data: Buffer<E>,
}

impl<E: Element> Default for States<E> {
    fn default() -> Self {
        States { entries: Vec::new(), by_path: HashMap::new(), laid: 0, data: Buffer::zeros(0) }
    }
}

impl<E: Element> States<E> {
    /// None yet.
    pub fn new() -> States<E> {
        States::default()
    }

    /// The states of a graph, all zero. Who makes the graph fills them ([`States::get_mut`]).
    pub fn of(graph: &Graph) -> Result<States<E>, PlanError> {
        let mut states = States::new();
        states.add(graph)?;
        Ok(states)
    }

    /// Where the states of graphs would lie, without taking memory for them: enough to plan with.
    pub fn planned<'g>(graphs: impl IntoIterator<Item = &'g Graph>) -> Result<States<E>, PlanError> {
        let mut states = States::new();
        for graph in graphs {
            states.lay_out(graph)?;
        }
        Ok(states)
    }

    /// Adds the states of a graph that are not here yet, as zeros; says how many there were. One that is here with
    /// another shape is an error.
    pub fn add(&mut self, graph: &Graph) -> Result<usize, PlanError> {
        let added = self.lay_out(graph)?;
        self.data.grow(self.laid);
        Ok(added)
    }

    fn lay_out(&mut self, graph: &Graph) -> Result<usize, PlanError> {
        let mut added = 0;
        for state in &graph.states {
            let shape: Option<Vec<usize>> =
                state.shape.iter().map(|d| d.as_constant().and_then(|n| usize::try_from(n).ok())).collect();
            let shape = shape.ok_or_else(|| PlanError::OpenStateShape {
                path: state.path.clone(),
                shape: show_shape(&state.shape),
            })?;
            match self.entry(&state.path) {
                Some(entry) if entry.shape == shape => {}
                Some(entry) => {
                    return Err(PlanError::StateShape {
                        path: state.path.clone(),
                        held: entry.shape.clone(),
                        wanted: shape,
                    });
                }
                None => {
                    self.insert(state.path.clone(), shape, state.role);
                    added += 1;
                }
            }
        }
        Ok(added)
    }

    fn insert(&mut self, path: Arc<str>, shape: Vec<usize>, role: StateRole) {
        // Sizes that no machine has must not look small.
        let len = shape.iter().fold(1, |n: usize, size| n.saturating_mul(*size));
        let offset = self.laid;
        // Every state begins on a cache line, as arena buffers do.
        let line = 64 / size_of::<E>();
        self.laid = offset.saturating_add(len.checked_next_multiple_of(line).unwrap_or(len));
        self.by_path.insert(path.clone(), self.entries.len());
        self.entries.push(StateEntry { path, shape, role, offset, len });
    }

    /// All of them, in the order in which they were added.
    pub fn entries(&self) -> &[StateEntry] {
        &self.entries
    }

    /// What a path names.
    pub fn entry(&self, path: &str) -> Option<&StateEntry> {
        self.by_path.get(path).and_then(|i| self.entries.get(*i))
    }

    /// The numbers of a state, row-major.
    pub fn get(&self, path: &str) -> Option<&[E]> {
        let entry = self.entry(path)?;
        self.data.as_slice().get(entry.offset..entry.offset + entry.len)
    }

    /// The numbers of a state, row-major, to be written.
    pub fn get_mut(&mut self, path: &str) -> Option<&mut [E]> {
        let (offset, len) = self.entry(path).map(|e| (e.offset, e.len))?;
        self.data.as_mut_slice().get_mut(offset..offset + len)
    }

    /// Every state with its numbers, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&StateEntry, &[E])> {
        self.entries.iter().map(|e| (e, &self.data.as_slice()[e.offset..e.offset + e.len]))
    }

    /// The bytes that they take.
    pub fn bytes(&self) -> usize {
        Buffer::<E>::bytes_of(self.laid)
    }
}
