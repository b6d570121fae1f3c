//! The stages of the pipeline as people see them.

use super::{CompileError, backward, graph_flops, step, training_graph};
use crate::check::Train;
use crate::ir::print::{Layout, print};
use crate::runtime::{Binding, Session, States};
use crate::source::SourceMap;

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
    let graph = training_graph(train)?;
    let states = States::of(&graph)?;
    let mut step = step(graph, &states)?;
    let flops = graph_flops(step.executable.graph(), batch);
    step.executable.prepare(&Binding::batch(batch))?;
    let bytes = step.executable.memory(&Session::new(states, 1)).total();
    Ok(StepCost { bytes, flops })
}

/// `check --emit ir`: the forward graph of a training step.
pub fn emit_ir(train: &Train, sources: &SourceMap) -> String {
    print(&train.training.graph, &Layout { sources: Some(sources), backward_from: None })
}

/// `check --emit backward`, `grad`: forward and backward pass.
pub fn emit_backward(train: &Train, sources: &SourceMap) -> String {
    let backward = backward(train);
    print(&backward.graph, &Layout { sources: Some(sources), backward_from: Some(backward.first) })
}

/// `check --emit plan`: what a training step does, in order, and where it puts what.
pub fn emit_plan(train: &Train, sources: &SourceMap) -> Result<String, CompileError> {
    let graph = training_graph(train)?;
    let states = States::of(&graph)?;
    let step = step(graph, &states)?;
    Ok(print(step.executable.graph(), &Layout { sources: Some(sources), backward_from: None }))
}
