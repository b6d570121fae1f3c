//! The stages of the pipeline as people see them.

use super::{CompileError, backward, step, training_graphs};
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
    let graphs = training_graphs(train, None)?;
    let states = States::planned(graphs.iter())?;
    let mut step = step(graphs, &states)?;
    let sizes = full_batch(&train.longest, train.settings.batch);
    let plan = step.executable.prepare(&sizes)?;
    let mut shown = step.executable.describe(plan, Some(sources))?;
    if let (Some(parts), Some(batches)) = (&mut step.parts, train.settings.accumulate) {
        let plan = parts.update.prepare(&sizes)?;
        let batches = if batches == 1 { "1 batch".to_owned() } else { format!("{batches} batches") };
        shown.push_str(&format!("\n# the update, after {batches}\n"));
        shown.push_str(&parts.update.describe(plan, Some(sources))?);
    }
    Ok(shown)
}
