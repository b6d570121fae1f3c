//! Floor 7: the pipeline.
//!
//! ```text
//! text ──check──▶ Train ──▶ forward ──differentiate──▶ + backward ──▶ + clipping, updates ──optimize──▶ Executable
//!                   │
//!                   └─────▶ forward in evaluation mode, restricted to what is read ────────optimize──▶ Executable
//! ```
//!
//! [`Step`] and [`Measurement`] are what the training loop runs; the rest shows the stages to people.

mod cost;
mod evaluation;
mod foreseen;
mod show;
mod training;

pub use cost::{graph_flops, node_flops};
pub use evaluation::{evaluation_graph, metric_output, normalizer_graph, prediction_graph};
pub use foreseen::{Foreseen, StepCost, step_cost};
pub use show::{emit_backward, emit_ir, emit_plan, full_batch};
pub use training::{
    Backward, GRADIENT_NORM, Gradient, LEARNING_RATE, LOSS, backward, backward_with, term_output, training_graph,
};

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

/// A training step, ready to run. The states must hold those of [`training_graph`].
pub struct Step {
    /// The whole step.
    pub executable: Executable<f32>,
    /// The mean loss of the batch.
    pub loss: usize,
    /// Norm of all gradients before clipping.
    pub gradient_norm: Option<usize>,
    /// The learning rate.
    pub lr: InputId,
    /// The optimizer's other scalars, in its order.
    pub scalars: Vec<InputId>,
}

/// Compiles the training step of a train.
pub fn step(graph: Graph, states: &States<f32>) -> Result<Step, CompileError> {
    let executable = Executable::new(optimize(graph), states)?;
    let scalars = executable.graph().inputs.iter().enumerate().filter(|(_, input)| input.kind == InputKind::Scalar);
    let mut scalars = scalars.map(|(i, _)| InputId(i as u32));
    // `training_graph` declares the rate first and then what the optimizer asks for; nothing before is a scalar.
    let lr = scalars.next().ok_or_else(|| CompileError::new("optimizer", "the step has no learning rate"))?;
    let scalars = scalars.collect();
    let loss = executable.output_index(LOSS).ok_or_else(|| CompileError::new("optimize", "the loss is gone"))?;
    let gradient_norm = executable.output_index(GRADIENT_NORM);
    Ok(Step { executable, loss, gradient_norm, lr, scalars })
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
pub fn states(train: &Train, class_weights: Option<&[f64]>) -> Result<(Graph, States<f32>), CompileError> {
    let graph = training_graph(train, class_weights)?;
    let states = States::of(&graph)?;
    Ok((graph, states))
}
