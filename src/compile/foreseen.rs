//! The memory of training steps that have not been done.

use super::{CompileError, full_batch, states, step};
use crate::check::Train;
use crate::runtime::Executable;

/// A training step that is planned for batches of any size, without taking memory for it.
pub struct Foreseen<'t> {
    train: &'t Train,
    executable: Executable<f32>,
    states: u64,
    threads: usize,
}

impl<'t> Foreseen<'t> {
    /// Compiles the step. Of the weights and what the optimizer keeps beside them, the memory is taken and given back.
    pub fn new(train: &'t Train, threads: usize) -> Result<Foreseen<'t>, CompileError> {
        let (graph, states) = states(train, None)?;
        let executable = step(graph, &states)?.executable;
        Ok(Foreseen { train, executable, states: states.bytes() as u64, threads })
    }

    /// Bytes of the weights and what the optimizer keeps beside them.
    pub fn states(&self) -> u64 {
        self.states
    }

    /// Bytes of a step with so many examples, each as long as the longest of the data where lengths differ: those of
    /// [`step_cost`](super::step_cost), which does the step.
    pub fn bytes(&mut self, batch: usize) -> Result<u64, CompileError> {
        let sizes = full_batch(&self.train.longest, batch);
        Ok(self.states + self.executable.foresee(&sizes, self.threads)? as u64)
    }
}
