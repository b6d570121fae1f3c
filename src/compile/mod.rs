//! Floor 7: the pipeline.
//!
//! ```text
//! text ──check──▶ Train ──▶ forward ──differentiate──▶ + backward ──▶ + clipping, updates ──optimize──▶ Executable
//!                   │
//!                   └─────▶ forward in evaluation mode, restricted to what is read ────────optimize──▶ Executable
//! ```
//!
//! [`Step`] and [`Measurement`] are what the training loop runs; the rest shows the stages to people.

mod evaluation;
mod foreseen;
mod gradients;
mod recompute;
mod show;
mod training;

pub use evaluation::{evaluation_graph, metric_output, normalizer_graph, prediction_graph};
pub use foreseen::{Foreseen, StepCost, step_cost};
pub use gradients::gradient_squares_graph;
pub use show::{emit_backward, emit_ir, emit_plan, full_batch};
pub use training::{
    AVERAGE, Backward, GRADIENT_NORM, Gradient, KEPT, LEARNING_RATE, LOSS, SHARE, StepGraphs, average_path, backward,
    backward_with, gradient_path, term_output, training_graphs,
};

pub use crate::runtime::{graph_flops, node_flops};

use crate::check::Train;
use crate::ir::graph::{Graph, Input, InputKind};
use crate::ir::op::InputId;
use crate::optimize::optimize;
use crate::runtime::{Element, Executable, PlanError, States};
use std::fmt;

/// An earlier stage broke its promise; never the user's fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// `optimizer`, `plan`
    pub stage: &'static str,
    /// What it says.
    pub message: String,
}

impl CompileError {
    pub(crate) fn new(stage: &'static str, message: impl Into<String>) -> Self {
        CompileError { stage, message: message.into() }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.stage, self.message)
    }
}

impl std::error::Error for CompileError {}

impl From<PlanError> for CompileError {
    fn from(error: PlanError) -> Self {
        CompileError::new("plan", error.to_string())
    }
}

/// A training step, ready to run. The states must hold those of [`training_graphs`].
pub struct Step {
    /// The whole step; with `accumulate`, what a batch adds to it.
    pub executable: Executable<f32>,
    /// The mean loss of the batch, among the outputs of `executable`.
    pub loss: usize,
    /// With `accumulate`: what several batches are a step by.
    pub parts: Option<Parts>,
    /// Norm of all gradients before clipping, among the outputs of the update.
    pub gradient_norm: Option<usize>,
    /// The learning rate, an input of the update.
    pub lr: InputId,
    /// The other scalars of the update, in the order of [`training_graphs`].
    pub scalars: Vec<InputId>,
}

/// How several batches are one step.
pub struct Parts {
    /// What is done behind the last batch.
    pub update: Executable<f32>,
    /// The inputs [`KEPT`] and [`SHARE`] of a batch.
    pub kept: InputId,
    /// See `kept`.
    pub share: InputId,
}

/// Compiles the training step of a train.
pub fn step(graphs: StepGraphs, states: &States<f32>) -> Result<Step, CompileError> {
    let executable = Executable::new(optimize(graphs.batch), states)?;
    let gone = |what: &str| CompileError::new("optimize", format!("{what} is gone"));
    let loss = executable.output_index(LOSS).ok_or_else(|| gone("the loss"))?;
    let parts = match graphs.update {
        None => None,
        Some(graph) => {
            let input = |name: &str| scalar_input(&executable, name).ok_or_else(|| gone(name));
            let (kept, share) = (input(KEPT)?, input(SHARE)?);
            Some(Parts { update: Executable::new(optimize(graph), states)?, kept, share })
        }
    };
    let update = parts.as_ref().map_or(&executable, |parts| &parts.update);
    // The update declares the rate first and then the others; nothing before is a scalar.
    let inputs = update.graph().inputs.iter().enumerate().filter(|(_, input)| input.kind == InputKind::Scalar);
    let mut scalars = inputs.map(|(i, _)| InputId(i as u32));
    let lr = scalars.next().ok_or_else(|| CompileError::new("optimizer", "the step has no learning rate"))?;
    let scalars = scalars.collect();
    let gradient_norm = update.output_index(GRADIENT_NORM);
    Ok(Step { executable, loss, parts, gradient_norm, lr, scalars })
}

/// The scalar input of this name.
pub fn scalar_input<E: Element>(executable: &Executable<E>, name: &str) -> Option<InputId> {
    let mut inputs = executable.graph().inputs.iter();
    let at = inputs.position(|input| input.kind == InputKind::Scalar && &*input.name == name);
    at.map(|at| InputId(at as u32))
}

/// A graph that reads states and writes none: it measures or predicts.
pub fn measurement<E: Element>(graph: Graph, states: &States<E>) -> Result<Executable<E>, CompileError> {
    Ok(Executable::new(optimize(graph), states)?)
}

/// The names of the data fields that a graph reads, each once.
pub fn wanted_fields(graph: &Graph) -> Vec<&str> {
    let mut fields: Vec<&str> = Vec::new();
    for field in graph.inputs.iter().filter_map(Input::field) {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields
}

/// A graph as it is, node by node: for looking into a step.
pub fn as_written<E: Element>(graph: Graph, states: &States<E>) -> Result<Executable<E>, CompileError> {
    Ok(Executable::node_by_node(graph, states)?)
}

/// The step of a train before it is optimized, and its states, all zero: weights, statistics, the optimizer's.
pub fn states(train: &Train, class_weights: Option<&[f64]>) -> Result<(StepGraphs, States<f32>), CompileError> {
    let graphs = training_graphs(train, class_weights)?;
    let mut states = States::new();
    for graph in graphs.iter() {
        states.add(graph)?;
    }
    Ok((graphs, states))
}
