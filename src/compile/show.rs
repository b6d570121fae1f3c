//! The stages of the pipeline as people see them.

use super::{CompileError, backward, step, training_graph};
use crate::check::Train;
use crate::ir::print::{Layout, print};
use crate::runtime::{Binding, States};
use crate::source::SourceMap;

/// So many examples, each as long as the longest of the data where lengths differ.
pub fn full_batch(longest: &[(u32, usize)], examples: usize) -> Binding {
    longest.iter().fold(Binding::batch(examples), |sizes, (variable, length)| sizes.with(*variable, *length))
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
    let graph = training_graph(train, None)?;
    let states = States::planned(&graph)?;
    let mut step = step(graph, &states)?;
    let plan = step.executable.prepare(&full_batch(&train.longest, train.settings.batch))?;
    Ok(step.executable.plan(plan).describe(Some(sources)))
}
