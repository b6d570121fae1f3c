//! One train as something that can be stepped and measured: compiled, with its states.

use super::balance;
use super::error::RunError;
use super::measuring::Measurer;
use super::schedule::Schedule;
use super::stepping::Stepper;
use super::training_loop::Extent;
use super::weights::{self, Weights};
use super::weights_file;
use crate::check::Train;
use crate::compile;
use crate::data::Dataset;
use crate::runtime::Session;
use std::path::Path;

/// A train ready to go.
pub(super) struct Prepared<'a> {
    pub(super) session: Session<f32>,
    pub(super) stepper: Stepper<'a>,
    pub(super) measurer: Measurer<'a>,
    pub(super) extent: Extent,
    /// Trainable numbers of the model.
    pub(super) parameters: u64,
}

impl<'a> Prepared<'a> {
    /// With fresh weights.
    pub(super) fn new(train: &'a Train, dataset: &'a Dataset, threads: usize) -> Result<Self, RunError> {
        let no_examples = || RunError::NoExamples { data: train.name.clone(), span: train.span };
        let extent = Extent::of(train, dataset).ok_or_else(no_examples)?;
        let (graphs, mut states) = compile::states(train, balance::class_weights(train, dataset).as_deref())?;
        weights::initialise(&graphs.batch, &mut states, train.settings.seed);
        let schedule = Schedule::new(&train.settings, extent.steps, extent.steps_per_epoch);
        let stepper = Stepper::new(train, dataset, graphs, &states, schedule)?;
        let measurer = Measurer::new(train, dataset, &states)?;
        let parameters = Weights::of(&states).parameters();
        Ok(Prepared { session: Session::new(states, threads), stepper, measurer, extent, parameters })
    }

    /// Takes the weights that the train begins with: those of an earlier train of the model, or `--init`, and then `load:`.
    pub(super) fn begin_with(
        &mut self,
        train: &Train,
        earlier: Option<&Weights>,
        init: Option<&Path>,
    ) -> Result<(), RunError> {
        let states = &mut self.session.states;
        let mut weights = Weights::of(states);
        match (earlier, init) {
            (Some(earlier), _) => earlier.put_into(states),
            (None, Some(init)) => {
                weights_file::read_into(&mut weights, init, None)?;
                weights.put_into(states);
            }
            (None, None) => {}
        }
        if let Some((path, span)) = &train.settings.load {
            weights_file::read_into(&mut weights, path, Some(*span))?;
            weights.put_into(states);
        }
        Ok(())
    }

    /// Bytes of a training step with a full batch.
    pub(super) fn memory(&self) -> usize {
        self.stepper.memory(&self.session)
    }
}
