//! A graph that can be run.

use super::{Binding, Element, Feed, Session, States};
use crate::ir::graph::Graph;
use crate::ir::op::InputId;
use std::fmt;
use std::sync::Arc;

/// A prepared plan of an [`Executable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanId(usize);

/// Why a graph cannot be planned: bugs of an earlier stage, never of a checked program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// A state whose shape has open sizes.
    OpenStateShape {
        /// Its path.
        path: Arc<str>,
        /// Its shape.
        shape: String,
    },
    /// A state that is held with another shape.
    StateShape {
        /// Its path.
        path: Arc<str>,
        /// As held.
        held: Vec<usize>,
        /// As the graph wants it.
        wanted: Vec<usize>,
    },
    /// A state of the graph that is not held.
    UnknownState {
        /// Its path.
        path: Arc<str>,
    },
    /// A size for which the binding has no number, or which is negative with it.
    Size {
        /// As written in the graph.
        dim: String,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::OpenStateShape { path, shape } => write!(f, "the shape {shape} of {path} is not known"),
            PlanError::StateShape { path, held, wanted } => {
                write!(f, "{path} is held as {held:?} and wanted as {wanted:?}")
            }
            PlanError::UnknownState { path } => write!(f, "{path} is not among the states"),
            PlanError::Size { dim } => write!(f, "the size {dim} is not known or negative"),
        }
    }
}

impl std::error::Error for PlanError {}

/// What is held for an executable, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// States, of all executables that share them.
    pub states: usize,
    /// Room for input tensors.
    pub inputs: usize,
    /// Tensors known at compile time.
    pub literals: usize,
    /// Everything computed.
    pub arena: usize,
}

impl Memory {
    /// The sum.
    pub fn total(&self) -> usize {
        self.states + self.inputs + self.literals + self.arena
    }
}

/// A graph with its plans and their memory.
pub struct Executable<E> {
    graph: Graph,
    inputs: Vec<E>,
}

impl<E: Element> Executable<E> {
    /// The states must hold those of the graph.
    pub fn new(graph: Graph, states: &States<E>) -> Result<Executable<E>, PlanError> {
        let _ = states;
        Ok(Executable { graph, inputs: Vec::new() })
    }

    /// What is run.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The plan for these sizes, made at the first call and found at later ones.
    pub fn prepare(&mut self, binding: &Binding) -> Result<PlanId, PlanError> {
        let _ = binding;
        Ok(PlanId(0))
    }

    /// Where the caller writes an input before [`Executable::run`]; row-major, the batch first. Scalars keep their
    /// value until they are set again, fields until another plan is fed.
    pub fn input_mut(&mut self, plan: PlanId, input: InputId) -> &mut [E] {
        let _ = (plan, input);
        &mut self.inputs
    }

    /// Sets an input of one number, for all plans.
    pub fn set_scalar(&mut self, input: InputId, value: f64) {
        let _ = (input, value);
    }

    /// The input with this name.
    pub fn input(&self, name: &str) -> Option<InputId> {
        self.graph.inputs.iter().position(|i| &*i.name == name).map(|i| InputId(i as u32))
    }

    /// One step: computes the outputs and writes the updates to the session's states.
    pub fn run(&mut self, session: &mut Session<E>, plan: PlanId, feed: &Feed) {
        let _ = (session, plan, feed);
    }

    /// Index of a named output, for [`Executable::output`].
    pub fn output_index(&self, name: &str) -> Option<usize> {
        self.graph.outputs.iter().position(|o| &*o.name == name)
    }

    /// The numbers of an output after the last run of this plan, row-major.
    pub fn output(&self, plan: PlanId, output: usize) -> &[E] {
        let _ = (plan, output);
        &self.inputs
    }

    /// The shape of an output.
    pub fn output_shape(&self, plan: PlanId, output: usize) -> &[usize] {
        let _ = (plan, output);
        &[]
    }

    /// What is held.
    pub fn memory(&self, session: &Session<E>) -> Memory {
        Memory { states: session.states.bytes(), ..Memory::default() }
    }
}
