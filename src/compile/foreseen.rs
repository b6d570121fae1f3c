//! The cost of training steps that have not been done.

use super::{CompileError, Step, full_batch, graph_flops, measurement, normalizer_graph, step, training_graphs};
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
    step: Step,
    /// Of what a loss divides by, where that is of several batches.
    normalizers: Option<Executable<f32>>,
    states: u64,
    threads: usize,
}

impl<'t> Foreseen<'t> {
    /// Compiles the step. Neither the weights nor what the optimizer keeps beside them are made: they may be what there
    /// is no memory for.
    pub fn new(train: &'t Train, threads: usize) -> Result<Foreseen<'t>, CompileError> {
        let graphs = training_graphs(train, None)?;
        let states = States::planned(graphs.iter())?;
        let normalizers = match train.settings.accumulate {
            Some(_) => normalizer_graph(&train.training, None),
            None => None,
        };
        let normalizers = normalizers.map(|graph| measurement(graph, &states)).transpose()?;
        let step = step(graphs, &states)?;
        Ok(Foreseen { train, step, normalizers, states: states.bytes() as u64, threads })
    }

    /// Bytes of the weights and what the optimizer keeps beside them.
    pub fn states(&self) -> u64 {
        self.states
    }

    /// What a step costs whose batches have so many examples, each as long as the longest of the data where lengths
    /// differ.
    pub fn cost(&mut self, batch: usize) -> Result<StepCost, CompileError> {
        let sizes = full_batch(&self.train.longest, batch);
        let batches = self.train.settings.accumulate.unwrap_or(1) as u64;
        let update = self.step.parts.as_mut().map(|parts| (&mut parts.update, 1));
        let each =
            [Some((&mut self.step.executable, batches)), self.normalizers.as_mut().map(|n| (n, batches)), update];
        let mut cost = StepCost { bytes: self.states, flops: 0 };
        for (executable, times) in each.into_iter().flatten() {
            cost.bytes = cost.bytes.saturating_add(executable.foresee(&sizes, self.threads)? as u64);
            let flops = graph_flops(executable.graph(), &sizes).saturating_mul(times);
            cost.flops = cost.flops.saturating_add(flops);
        }
        Ok(cost)
    }
}

/// The exact cost of a training step with so many examples on one thread, at the longest lengths of the data.
pub fn step_cost(train: &Train, batch: usize) -> Result<StepCost, CompileError> {
    Foreseen::new(train, 1)?.cost(batch)
}
