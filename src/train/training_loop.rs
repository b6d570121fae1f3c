//! The loop of one train: epochs, steps, validations, and when to end.

use super::divergence;
use super::error::RunError;
use super::event::{Epoch, Event, Gradients, Measures, Observer, Step, Stopped};
use super::gradients::GradientProbe;
use super::growth::Growth;
use super::keeping::Keeper;
use super::measuring::Measurer;
use super::position::{Exact, Position, Running};
use super::stepping::{StepResult, Stepper};
use super::weights::{self, Weights};
use crate::catalog::Duration;
use crate::check::{Length, Train};
use crate::data::{Batches, Dataset, Split};
use crate::runtime::{Session, States};
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
        let (examples, settings) = (dataset.splits.train.len(), &train.settings);
        let steps_per_epoch = Batches::count_of(examples, settings.examples_per_step(), settings.drop_last) as u64;
        let steps = match train.settings.length {
            Length::Epochs(epochs) => epochs.saturating_mul(steps_per_epoch),
            Length::Steps(steps) => steps,
        };
        (steps_per_epoch > 0).then_some(Extent { steps, steps_per_epoch })
    }
}

/// The examples of each step of an epoch (from 1).
pub(super) fn batches(train: &Train, dataset: &Dataset, epoch: u64) -> Batches {
    let settings = &train.settings;
    let shuffle = settings.shuffle.then_some((settings.seed, epoch));
    Batches::of(dataset, &dataset.splits.train, settings.examples_per_step(), settings.drop_last, shuffle)
}

/// What the loop came to.
#[derive(Debug)]
pub(super) struct Trained {
    pub(super) epochs: u64,
    pub(super) steps: u64,
    pub(super) stopped: Option<Stopped>,
    pub(super) kept_epoch: Option<u64>,
    pub(super) growth: Option<Growth>,
}

/// Everything that a loop works with.
pub(super) struct Loop<'a> {
    pub(super) train: &'a Train,
    pub(super) dataset: &'a Dataset,
    pub(super) extent: Extent,
    pub(super) interrupt: &'a AtomicBool,
    /// The epoch behind which training ends for now.
    pub(super) pause_after: Option<u64>,
    /// Set from outside to end behind the epoch that is being done.
    pub(super) pause: &'a AtomicBool,
    /// Where somebody wants to know how large the gradients are.
    pub(super) probe: Option<GradientProbe<'a>>,
    pub(super) attendant: &'a mut dyn Attendant,
    pub(super) started: Instant,
    /// Seconds of training in other processes.
    pub(super) seconds_before: f64,
}

/// Who follows a loop: hears of what happens, and keeps what is needed to go on.
pub(super) trait Attendant: Observer {
    /// Between two steps, where a process could begin anew: behind a validation that training goes on after, and where
    /// somebody asked it to end.
    fn pause(&mut self, moment: &Moment) -> Result<(), RunError>;
}

/// All that another process needs to go on from here, beside the program and its data.
pub(super) struct Moment<'m> {
    pub(super) position: &'m Position,
    pub(super) states: &'m States<f32>,
    /// The weights that `keep` would end with, where there are any yet.
    pub(super) best: Option<&'m Weights>,
    /// Whether nothing is lost only if this one is kept: the loop is asked to end here, or its beginning is not kept
    /// elsewhere.
    pub(super) is_needed: bool,
}

/// Where a loop begins.
#[derive(Default)]
pub(super) struct Beginning {
    pub(super) position: Position,
    /// The best weights so far.
    pub(super) best: Option<Weights>,
}

impl<'a> Loop<'a> {
    /// Trains to the end. The session holds the states of the stepper and ends with the weights that are kept.
    /// Where training diverges, it holds the weights from before the epoch, or from where the loop began in it.
    pub(super) fn run(
        &mut self,
        from: Beginning,
        session: &mut Session<f32>,
        stepper: &mut Stepper<'a>,
        measurer: &mut Measurer<'a>,
    ) -> Result<Trained, RunError> {
        let settings = &self.train.settings;
        let per_epoch = self.extent.steps_per_epoch;
        let Beginning { position: mut at, best } = from;
        stepper.set_watched(&at.watched);
        let mut keeper = settings
            .keep
            .as_ref()
            .map(|measure| Keeper::new(measure, best.unwrap_or_else(|| Weights::of(&session.states))));
        let mut before_epoch = session.states.clone();
        let mut stopped = None;
        if std::mem::take(&mut at.owes_report) {
            stopped = self.report(&mut at, keeper.as_mut(), session, stepper, measurer)?;
        }
        // It may have ended there before, and the process before that could be told.
        if stopped.is_none() && self.pauses(&at) {
            stopped = Some(Stopped::Paused);
        }
        'training: while at.step < self.extent.steps && stopped.is_none() {
            if at.epoch == 0 || at.in_epoch >= per_epoch {
                at.epoch += 1;
                at.in_epoch = 0;
            }
            before_epoch.clone_from(&session.states);
            let replay = divergence::Replay { epoch: at.epoch, skipped: at.in_epoch, first_step: at.step + 1 };
            let mut batches = batches(self.train, self.dataset, at.epoch);
            batches.skip_batches(at.in_epoch as usize);
            while let Some(rows) = self.dataset.read_batch(&mut batches) {
                if at.step == self.extent.steps {
                    break;
                }
                at.step += 1;
                at.in_epoch += 1;
                if let Some(probe) = &mut self.probe {
                    probe.before(session, rows, at.step)?;
                }
                let result = stepper.run(session, rows, at.step)?;
                at.running.add(result.loss, rows.len());
                self.tell_step(at.epoch, at.step, &result);
                let is_last = at.step == self.extent.steps;
                let ends_epoch = at.in_epoch == per_epoch;
                // A step sees what the one before has made of the weights; behind the last of an epoch they are looked
                // at, so that the steps to do again are always those of one epoch.
                let breaks_weights = || (ends_epoch || is_last) && !Weights::of(&session.states).are_finite();
                if !result.loss.is_finite() || breaks_weights() {
                    session.states = before_epoch;
                    let went = divergence::Went { step: at.step, losses: at.losses.before(), result };
                    let found = divergence::find(self.train, self.dataset, stepper, session, replay, went)?;
                    return Err(RunError::Diverged(Box::new(found)));
                }
                self.tell_gradients(at.epoch, at.step, session);
                at.losses.push(result.loss);
                at.first_loss.get_or_insert(Exact(result.loss));
                if self.interrupt.load(Ordering::Relaxed) && !is_last {
                    // The report can take long, and the step is what was to be finished.
                    at.owes_report = true;
                    stopped = Some(Stopped::Interrupted);
                    break 'training;
                }
                stopped = self.report(&mut at, keeper.as_mut(), session, stepper, measurer)?;
                if stopped.is_none() && self.pauses(&at) {
                    stopped = Some(Stopped::Paused);
                }
                if stopped.is_some() {
                    break 'training;
                }
            }
        }
        if stopped.is_some_and(Stopped::is_for_now) {
            self.pause(&mut at, keeper.as_ref(), session, stepper, true)?;
        }
        let kept_epoch = keeper.and_then(|keeper| keeper.restore(&at.keep, &mut session.states));
        if kept_epoch.is_none() && at.step > 0 {
            weights::become_averages(&mut session.states);
        }
        let growth = at.first_loss.and_then(|first| Growth::of(self.train, first.0, at.losses.before()));
        Ok(Trained { epochs: at.epoch, steps: at.step, stopped, kept_epoch, growth })
    }

    /// Whether this is as far as training goes for now.
    fn pauses(&self, at: &Position) -> bool {
        let is_between = at.in_epoch == self.extent.steps_per_epoch && at.step < self.extent.steps;
        let is_behind = self.pause_after.is_some_and(|epoch| at.epoch >= epoch);
        // Where it was asked for in the last epoch of the train before, this one does not begin.
        let is_asked = (is_between || at.step == 0) && self.pause.load(Ordering::Relaxed);
        is_between && is_behind || is_asked
    }

    /// What there is to report after a step, if it is time: measures, and what follows from them. Says whether training
    /// is over before its time.
    fn report(
        &mut self,
        at: &mut Position,
        mut keeper: Option<&mut Keeper>,
        session: &mut Session<f32>,
        stepper: &mut Stepper<'a>,
        measurer: &mut Measurer<'a>,
    ) -> Result<Option<Stopped>, RunError> {
        let settings = &self.train.settings;
        let per_epoch = self.extent.steps_per_epoch;
        let is_last = at.step == self.extent.steps;
        let interval = settings.validate.steps(per_epoch).max(1);
        let is_due = at.step.is_multiple_of(interval) || is_last;
        let ends_epoch = at.in_epoch == per_epoch && matches!(settings.validate, Duration::Epochs(_));
        if !is_due && !ends_epoch {
            return Ok(None);
        }
        let (train, validation) = self.measure(session, measurer, &mut at.running, is_due)?;
        if is_due && let Some(loss) = validation.as_ref().unwrap_or(&train).loss() {
            stepper.observe(at.step, loss);
        }
        if let Some(keeper) = &mut keeper {
            keeper.consider(&mut at.keep, at.epoch, &session.states, &train, validation.as_ref());
        }
        let patience = settings.stop.as_ref().map(|(measure, length)| (measure, length.steps(per_epoch)));
        let is_over = patience.is_some_and(|p| at.stop.is_over(p, at.step, &train, validation.as_ref()));
        let seconds = self.seconds_before + self.started.elapsed().as_secs_f64();
        let report = Epoch { epoch: at.epoch, step: at.step, lr: stepper.rate(at.step), train, validation, seconds };
        self.attendant.event(&Event::Epoch(report));
        if is_last {
            return Ok(None);
        }
        if is_over {
            return Ok(Some(Stopped::Patience));
        }
        self.pause(at, keeper.as_deref(), session, stepper, false)?;
        Ok(None)
    }

    /// Lets the attendant keep what is needed to go on from here.
    fn pause(
        &mut self,
        at: &mut Position,
        keeper: Option<&Keeper>,
        session: &Session<f32>,
        stepper: &Stepper<'a>,
        is_needed: bool,
    ) -> Result<(), RunError> {
        at.watched = stepper.watched();
        at.seconds = self.seconds_before + self.started.elapsed().as_secs_f64();
        let best = keeper.and_then(|keeper| keeper.best(&at.keep));
        self.attendant.pause(&Moment { position: at, states: &session.states, best, is_needed })
    }

    fn tell_step(&mut self, epoch: u64, step: u64, result: &StepResult) {
        let StepResult { loss, lr, gradient_norm } = *result;
        self.attendant.event(&Event::Step(Step { epoch, step, loss, lr, gradient_norm }));
    }

    fn tell_gradients(&mut self, epoch: u64, step: u64, session: &Session<f32>) {
        let Some(found) = self.probe.as_mut().and_then(|probe| probe.after(session)) else { return };
        let (norms, missing) = match found {
            Ok(norms) => (norms, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        self.attendant.event(&Event::Gradients(Gradients { epoch, step, norms, missing }));
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
