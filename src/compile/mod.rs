//! Floor 6: the pipeline.
//!
//! ```text
//! text ──check──▶ Train ──▶ forward graph ──differentiate──▶ + backward ──▶ + clipping, optimizer ──▶ optimize ──▶ run
//! ```

use crate::check::Train;
use crate::ir::graph::{Graph, NodeId};
use crate::source::SourceMap;
use std::fmt;
use std::sync::Arc;

/// An earlier stage broke its promise; never the user's fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// `optimizer`, `plan`
    pub stage: &'static str,
    /// What it says.
    pub message: String,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.stage, self.message)
    }
}

impl std::error::Error for CompileError {}

/// The forward graph of a training step with its backward pass behind it, before clipping and updates.
#[derive(Debug)]
pub struct Backward {
    /// Outputs: `loss`, and the gradient of each weight as `d dense1.weight`.
    pub graph: Graph,
    /// The first node of the backward pass.
    pub first: NodeId,
    /// Each trained weight with its gradient.
    pub gradients: Vec<(Arc<str>, NodeId)>,
}

/// Differentiates the loss of a train.
pub fn backward(train: &Train) -> Backward {
    let _ = train;
    todo!()
}

/// What a training step costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepCost {
    /// Bytes held for it: weights, optimizer, inputs, everything computed.
    pub bytes: usize,
    /// Floating-point operations, forward, backward and update.
    pub flops: u64,
}

/// The exact cost of a training step with so many examples.
pub fn step_cost(train: &Train, batch: usize) -> Result<StepCost, CompileError> {
    let _ = (train, batch);
    todo!()
}

/// `check --emit ir`: the forward graph of a training step.
pub fn emit_ir(train: &Train, sources: &SourceMap) -> String {
    let _ = (train, sources);
    todo!()
}

/// `check --emit backward`, `grad`: forward and backward pass.
pub fn emit_backward(train: &Train, sources: &SourceMap) -> String {
    let _ = (train, sources);
    todo!()
}

/// `check --emit plan`: what a training step does, in order, and where it puts what.
pub fn emit_plan(train: &Train, sources: &SourceMap) -> Result<String, CompileError> {
    let _ = (train, sources);
    todo!()
}

/// Floating-point operations of one node with so many examples.
pub fn node_flops(graph: &Graph, node: NodeId, batch: usize) -> u64 {
    let _ = (graph, node, batch);
    0
}
