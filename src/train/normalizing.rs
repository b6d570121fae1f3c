//! What a loss divides by, over more examples than are computed at once: a split, or the batches of a step.

use super::augmenting::Augmenter;
use super::error::RunError;
use super::feeding::{Draw, Feeder};
use super::measuring::total;
use crate::check::Forward;
use crate::compile;
use crate::data::Dataset;
use crate::ir::op::InputId;
use crate::runtime::{Executable, Session, States};

/// The first pass over examples that are measured or trained on as one batch.
pub(super) struct Normalizers {
    executable: Executable<f32>,
    feeder: Feeder,
    /// Inputs of what divides by them, in the order of the outputs of the first pass.
    inputs: Vec<InputId>,
    sums: Vec<f64>,
}

impl Normalizers {
    /// Those of a forward pass, for the executable that is made of it; none where it divides by nothing.
    pub(super) fn new(
        forward: &Forward,
        dataset: &Dataset,
        class_weights: Option<&[f64]>,
        states: &States<f32>,
        divides: &Executable<f32>,
    ) -> Result<Option<Self>, RunError> {
        let Some(graph) = compile::normalizer_graph(forward, class_weights) else { return Ok(None) };
        let executable = compile::measurement(graph, states)?;
        let feeder = Feeder::new(&executable, dataset)?;
        let inputs = forward.normalizers.iter().filter_map(|n| compile::scalar_input(divides, &n.input));
        let inputs: Vec<InputId> = inputs.collect();
        let sums = vec![0.0; inputs.len()];
        // A normalizer that nothing reads any more is not an input.
        let is_complete = inputs.len() == forward.normalizers.len();
        Ok(is_complete.then_some(Normalizers { executable, feeder, inputs, sums }))
    }

    /// With the augmentation that the examples will have.
    pub(super) fn set_augmenter(&mut self, augmenter: Option<Augmenter>) {
        self.feeder.set_augmenter(augmenter);
    }

    /// Averages over the examples of all batches, and sets the inputs of what divides by the averages.
    pub(super) fn run<'r>(
        &mut self,
        divides: &mut Executable<f32>,
        session: &mut Session<f32>,
        dataset: &Dataset,
        batches: impl Iterator<Item = &'r [u32]>,
        draw: Draw,
    ) -> Result<(), RunError> {
        self.sums.fill(0.0);
        let mut examples = 0;
        for rows in batches {
            let plan = self.feeder.run(&mut self.executable, session, dataset, rows, draw)?;
            examples += rows.len();
            for (output, sum) in self.sums.iter_mut().enumerate() {
                *sum += total(&self.executable, plan, output, rows.len());
            }
        }
        for (input, sum) in self.inputs.iter().zip(&self.sums) {
            divides.set_scalar(*input, sum / examples.max(1) as f64);
        }
        Ok(())
    }

    /// Bytes that the pass takes beside the states.
    pub(super) fn memory(&self, session: &Session<f32>) -> usize {
        let memory = self.executable.memory(session);
        memory.total() - memory.states
    }
}
