//! The loop of one train: epochs, steps, validations, and when to end.

use super::divergence;
use super::error::RunError;
use super::event::{Epoch, Event, Measures, Observer, Step, Stopped};
use super::keeping::{Keeper, Patience};
use super::measuring::Measurer;
use super::stepping::{StepResult, Stepper};
use super::weights::Weights;
use crate::catalog::{Duration, MetricValue};
use crate::check::{Length, Train};
use crate::data::{Batches, Dataset, Split};
use crate::runtime::Session;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How long a train is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) steps: u64,
    pub(super) steps_per_epoch: u64,
}

impl Extent {
    /// None where there is not a single batch.
    pub(super) fn of(train: &Train, dataset: &Dataset) -> Option<Extent> {
        let steps_per_epoch = batches(train, dataset, 1).count() as u64;
        let steps = match train.settings.length {
            Length::Epochs(epochs) => epochs.saturating_mul(steps_per_epoch),
            Length::Steps(steps) => steps,
        };
        (steps_per_epoch > 0).then_some(Extent { steps, steps_per_epoch })
    }
}

/// The batches of an epoch (from 1).
pub(super) fn batches(train: &Train, dataset: &Dataset, epoch: u64) -> Batches {
    let settings = &train.settings;
    let shuffle = settings.shuffle.then_some((settings.seed, epoch));
    let (examples, size, drop_last) = (&dataset.splits.train, settings.batch, settings.drop_last);
    match dataset.is_ragged() {
        true => Batches::by_length(examples, size, drop_last, shuffle, |e| dataset.length(e as usize)),
        false => Batches::new(examples, size, drop_last, shuffle),
    }
}

/// What the loop came to.
#[derive(Debug)]
pub(super) struct Trained {
    pub(super) epochs: u64,
    pub(super) steps: u64,
    pub(super) stopped: Option<Stopped>,
    pub(super) kept_epoch: Option<u64>,
}

/// Everything that a loop works with.
pub(super) struct Loop<'a> {
    pub(super) train: &'a Train,
    pub(super) dataset: &'a Dataset,
    pub(super) extent: Extent,
    pub(super) interrupt: &'a AtomicBool,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) started: Instant,
}

/// The mean of the losses since the last report.
#[derive(Default)]
struct Running {
    sum: f64,
    examples: f64,
}

impl Running {
    fn add(&mut self, loss: f64, examples: usize) {
        self.sum += loss * examples as f64;
        self.examples += examples as f64;
    }

    fn take(&mut self) -> Measures {
        let mean = self.sum / self.examples.max(1.0);
        *self = Running::default();
        Measures { values: vec![("loss".into(), MetricValue::Number(mean))] }
    }
}

/// The losses of the last steps.
#[derive(Default)]
struct Losses {
    last: [f64; Losses::KEPT],
    count: usize,
}

impl Losses {
    const KEPT: usize = 5;

    fn push(&mut self, loss: f64) {
        self.last.rotate_left(1);
        if let Some(last) = self.last.last_mut() {
            *last = loss;
        }
        self.count = (self.count + 1).min(Losses::KEPT);
    }

    /// Those that there were, oldest first.
    fn before(&self) -> &[f64] {
        self.last.get(Losses::KEPT - self.count..).unwrap_or_default()
    }
}

impl<'a> Loop<'a> {
    /// Trains to the end. The session holds the states of the stepper and ends with the weights that are kept.
    /// Where training diverges, it holds the weights from before the epoch.
    pub(super) fn run(
        &mut self,
        session: &mut Session<f32>,
        stepper: &mut Stepper<'a>,
        measurer: &mut Measurer<'a>,
    ) -> Result<Trained, RunError> {
        let settings = &self.train.settings;
        let per_epoch = self.extent.steps_per_epoch;
        let interval = settings.validate.steps(per_epoch).max(1);
        let mut patience = settings.stop.as_ref().map(|(m, length)| Patience::new(m, length.steps(per_epoch)));
        let mut keeper = settings.keep.as_ref().map(|measure| Keeper::new(measure, &session.states));
        let mut before_epoch = session.states.clone();
        let mut running = Running::default();
        let mut losses = Losses::default();
        let (mut epoch, mut step, mut stopped) = (0, 0, None);
        'training: while step < self.extent.steps {
            epoch += 1;
            before_epoch.clone_from(&session.states);
            let first_step = step + 1;
            let mut batches = batches(self.train, self.dataset, epoch);
            let mut in_epoch = 0;
            while let Some(rows) = batches.next_batch() {
                if step == self.extent.steps {
                    break;
                }
                step += 1;
                in_epoch += 1;
                let result = stepper.run(session, rows, step)?;
                running.add(result.loss, rows.len());
                self.tell_step(epoch, step, &result);
                let is_last = step == self.extent.steps;
                let ends_epoch = in_epoch == per_epoch;
                // A step sees what the one before has made of the weights; behind the last of an epoch they are looked
                // at, so that the steps to do again are always those of one epoch.
                let breaks_weights = || (ends_epoch || is_last) && !Weights::of(&session.states).are_finite();
                if !result.loss.is_finite() || breaks_weights() {
                    session.states = before_epoch;
                    let replay = divergence::Replay { epoch, first_step, step, losses: losses.before() };
                    let found = divergence::find(self.train, self.dataset, stepper, session, replay, result)?;
                    return Err(RunError::Diverged(Box::new(found)));
                }
                losses.push(result.loss);
                if self.interrupt.load(Ordering::Relaxed) {
                    stopped = Some(Stopped::Interrupted);
                    break 'training;
                }
                let is_due = step % interval == 0 || is_last;
                let reports_epochs = matches!(settings.validate, Duration::Epochs(_));
                let is_reported = is_due || (ends_epoch && reports_epochs);
                if !is_reported {
                    continue;
                }
                let (train, validation) = self.measure(session, measurer, &mut running, is_due)?;
                if is_due && let Some(loss) = validation.as_ref().unwrap_or(&train).loss() {
                    stepper.observe(step, loss);
                }
                if let Some(keeper) = &mut keeper {
                    keeper.consider(epoch, &session.states, &train, validation.as_ref());
                }
                let is_over =
                    patience.as_mut().is_some_and(|patience| patience.is_over(step, &train, validation.as_ref()));
                let seconds = self.started.elapsed().as_secs_f64();
                let report = Epoch { epoch, step, lr: result.lr, train, validation, seconds };
                self.observer.event(&Event::Epoch(report));
                if is_over && !is_last {
                    stopped = Some(Stopped::Patience);
                    break 'training;
                }
            }
        }
        let kept_epoch = keeper.and_then(|keeper| keeper.restore(&mut session.states));
        Ok(Trained { epochs: epoch, steps: step, stopped, kept_epoch })
    }

    fn tell_step(&mut self, epoch: u64, step: u64, result: &StepResult) {
        let StepResult { loss, lr, gradient_norm } = *result;
        self.observer.event(&Event::Step(Step { epoch, step, loss, lr, gradient_norm }));
    }

    /// What is reported of train and validation. Where there is no validation split, train stands in for it, in
    /// evaluation mode, if there is something to measure that its steps did not give.
    fn measure(
        &self,
        session: &mut Session<f32>,
        measurer: &mut Measurer<'a>,
        running: &mut Running,
        is_due: bool,
    ) -> Result<(Measures, Option<Measures>), RunError> {
        let steps = running.take();
        let splits = &self.dataset.splits;
        if !is_due {
            return Ok((steps, None));
        }
        if !splits.validation.is_empty() {
            let train = if self.watches_train() { measurer.measure(session, &splits.train)? } else { steps };
            return Ok((train, Some(measurer.measure(session, &splits.validation)?)));
        }
        let needs_measure = !self.train.evaluation.metrics.is_empty() || self.watches_train();
        Ok((if needs_measure { measurer.measure(session, &splits.train)? } else { steps }, None))
    }

    /// Whether `stop` or `keep` look at the training split.
    fn watches_train(&self) -> bool {
        let settings = &self.train.settings;
        let measures = settings.keep.iter().chain(settings.stop.iter().map(|(measure, _)| measure));
        measures.into_iter().any(|measure| measure.split == Split::Train)
    }
}
