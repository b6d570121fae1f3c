//! The stages of the pipeline as people see them.

use super::{CompileError, backward, graph_flops, step};
use crate::check::Train;
use crate::ir::print::{Layout, print};
use crate::runtime::{Binding, Feed, Session};
use crate::source::SourceMap;

/// What a training step costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepCost {
    /// Bytes held for it: weights, optimizer, inputs, everything computed.
    pub bytes: usize,
    /// Floating-point operations, forward, backward and update.
    pub flops: u64,
}

/// So many examples, each as long as the longest of the data where lengths differ.
pub fn full_batch(longest: &[(u32, usize)], examples: usize) -> Binding {
    longest.iter().fold(Binding::batch(examples), |sizes, (variable, length)| sizes.with(*variable, *length))
}

/// The exact cost of a training step with so many examples, at the longest lengths of the data.
pub fn step_cost(train: &Train, batch: usize) -> Result<StepCost, CompileError> {
    let (graph, states) = super::states(train, None)?;
    let mut step = step(graph, &states)?;
    let sizes = full_batch(&train.longest, batch);
    let flops = graph_flops(step.executable.graph(), &sizes);
    let plan = step.executable.prepare(&sizes)?;
    let mut session = Session::new(states, 1);
    // What threads work with is made by the first step.
    step.executable.run(&mut session, plan, &Feed { seed: 0, step: 1, examples: &[] });
    let bytes = step.executable.memory(&session).total();
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

/// `check --emit plan`: what a training step with a full batch does, in order, and where it puts what.
pub fn emit_plan(train: &Train, sources: &SourceMap) -> Result<String, CompileError> {
    let (graph, states) = super::states(train, None)?;
    let mut step = step(graph, &states)?;
    let plan = step.executable.prepare(&full_batch(&train.longest, train.settings.batch))?;
    Ok(step.executable.plan(plan).describe(Some(sources)))
}
