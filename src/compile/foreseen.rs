//! The cost of training steps that have not been done.

use super::{CompileError, full_batch, graph_flops, step, training_graph};
use crate::check::Train;
use crate::runtime::{Executable, States};

/// What a training step costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepCost {
    /// Bytes held for it: weights, optimizer, inputs, everything computed.
    pub bytes: u64,
    /// Floating-point operations, forward, backward and update.
    pub flops: u64,
}

/// A training step that is planned for batches of any size, without taking memory for it.
pub struct Foreseen<'t> {
    train: &'t Train,
    executable: Executable<f32>,
    states: u64,
    threads: usize,
}

impl<'t> Foreseen<'t> {
    /// Compiles the step. Neither the weights nor what the optimizer keeps beside them are made: they may be what there
    /// is no memory for.
    pub fn new(train: &'t Train, threads: usize) -> Result<Foreseen<'t>, CompileError> {
        let graph = training_graph(train, None)?;
        let states = States::planned(&graph)?;
        let executable = step(graph, &states)?.executable;
        Ok(Foreseen { train, executable, states: states.bytes() as u64, threads })
    }

    /// Bytes of the weights and what the optimizer keeps beside them.
    pub fn states(&self) -> u64 {
        self.states
    }

    /// What a step with so many examples costs, each as long as the longest of the data where lengths differ.
    pub fn cost(&mut self, batch: usize) -> Result<StepCost, CompileError> {
        let sizes = full_batch(&self.train.longest, batch);
        let beside = self.executable.foresee(&sizes, self.threads)? as u64;
        let flops = graph_flops(self.executable.graph(), &sizes);
        Ok(StepCost { bytes: self.states.saturating_add(beside), flops })
    }
}

/// The exact cost of a training step with so many examples on one thread, at the longest lengths of the data.
pub fn step_cost(train: &Train, batch: usize) -> Result<StepCost, CompileError> {
    Foreseen::new(train, 1)?.cost(batch)
}
