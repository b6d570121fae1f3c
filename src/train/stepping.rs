//! One step of a train after the other. After the first, a step allocates nothing.

use super::augmenting::Augmenter;
use super::balance;
use super::error::RunError;
use super::feeding::{Draw, Feeder};
use super::normalizing::Normalizers;
use super::position::Watched;
use super::schedule::Schedule;
use crate::catalog::Body;
use crate::check::Train;
use crate::compile::{self, StepGraphs};
use crate::data::Dataset;
use crate::runtime::{Binding, Executable, Feed, PlanId, Session, States};

/// A training step that can be done again and again.
pub(super) struct Stepper<'a> {
    train: &'a Train,
    dataset: &'a Dataset,
    step: compile::Step,
    feeder: Feeder,
    /// Of a step that sees several batches: what its loss divides by.
    normalizers: Option<Normalizers>,
    schedule: Schedule<'a>,
    scalars: ScalarTable,
}

/// What a step gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepResult {
    pub(super) loss: f64,
    pub(super) lr: f64,
    pub(super) gradient_norm: Option<f64>,
}

impl<'a> Stepper<'a> {
    /// Compiles the graphs of a training step. The states must hold their states.
    pub(super) fn new(
        train: &'a Train,
        dataset: &'a Dataset,
        graphs: StepGraphs,
        states: &States<f32>,
        schedule: Schedule<'a>,
    ) -> Result<Self, RunError> {
        let step = compile::step(graphs, states)?;
        let mut feeder = Feeder::new(&step.executable, dataset)?;
        feeder.set_augmenter(Augmenter::new(train, dataset));
        let mut normalizers = None;
        if step.parts.is_some() {
            let weights = balance::class_weights(train, dataset);
            normalizers = Normalizers::new(&train.training, dataset, weights.as_deref(), states, &step.executable)?;
            if let Some(normalizers) = &mut normalizers {
                normalizers.set_augmenter(Augmenter::new(train, dataset));
            }
        }
        Ok(Stepper { train, dataset, step, feeder, normalizers, schedule, scalars: ScalarTable::default() })
    }

    /// Takes the data as it is from now on.
    pub(super) fn without_augmentation(&mut self) {
        self.feeder.set_augmenter(None);
        if let Some(normalizers) = &mut self.normalizers {
            normalizers.set_augmenter(None);
        }
    }

    /// Does the step with this number (from 1) on these examples.
    pub(super) fn run(
        &mut self,
        session: &mut Session<f32>,
        rows: &[u32],
        number: u64,
    ) -> Result<StepResult, RunError> {
        let lr = self.rate(number);
        self.run_at(session, rows, number, lr)
    }

    /// The learning rate of the step with this number (from 1).
    pub(super) fn rate(&self, number: u64) -> f64 {
        self.schedule.rate(number.saturating_sub(1))
    }

    /// What was measured after the step with this number: some schedules go by it.
    pub(super) fn observe(&mut self, number: u64, loss: f64) {
        self.schedule.observe(number, loss);
    }

    /// What the schedule has observed so far, to go on with elsewhere.
    pub(super) fn watched(&self) -> Vec<Option<Watched>> {
        self.schedule.watched()
    }

    /// Goes on with what was observed elsewhere.
    pub(super) fn set_watched(&mut self, watched: &[Option<Watched>]) {
        self.schedule.set_watched(watched);
    }

    /// The same with a given learning rate.
    pub(super) fn run_at(
        &mut self,
        session: &mut Session<f32>,
        rows: &[u32],
        number: u64,
        lr: f64,
    ) -> Result<StepResult, RunError> {
        let update = match &mut self.step.parts {
            Some(parts) => &mut parts.update,
            None => &mut self.step.executable,
        };
        update.set_scalar(self.step.lr, lr);
        for (input, value) in self.step.scalars.iter().zip(self.scalars.at(self.train, number)) {
            update.set_scalar(*input, *value);
        }
        let draw = Draw { seed: self.train.settings.seed, step: number };
        let compile::Step { executable, loss, parts, gradient_norm, .. } = &mut self.step;
        let (of_loss, of_norm) = (*loss, *gradient_norm);
        let Some(parts) = parts else {
            let plan = self.feeder.run(executable, session, self.dataset, rows, draw)?;
            let gradient_norm = of_norm.and_then(|norm| first(executable, plan, norm));
            let loss = first(executable, plan, of_loss).unwrap_or(f64::NAN);
            return Ok(StepResult { loss, lr, gradient_norm });
        };
        let batches = || rows.chunks(self.train.settings.batch.max(1));
        if let Some(normalizers) = &mut self.normalizers {
            normalizers.run(executable, session, self.dataset, batches(), draw)?;
        }
        let mut loss = 0.0;
        for (number, batch) in batches().enumerate() {
            let share = batch.len() as f64 / rows.len() as f64;
            executable.set_scalar(parts.kept, if number == 0 { 0.0 } else { 1.0 });
            executable.set_scalar(parts.share, share);
            let plan = self.feeder.run(executable, session, self.dataset, batch, draw)?;
            loss += share * first(executable, plan, of_loss).unwrap_or(f64::NAN);
        }
        let plan = parts.update.prepare(&Binding::batch(1)).map_err(RunError::plan)?;
        parts.update.run(session, plan, &Feed { seed: draw.seed, step: number, examples: &[] });
        let gradient_norm = of_norm.and_then(|norm| first(&parts.update, plan, norm));
        Ok(StepResult { loss, lr, gradient_norm })
    }

    /// Bytes held for a step.
    pub(super) fn memory(&self, session: &Session<f32>) -> usize {
        let beside = |executable: &Executable<f32>| {
            let memory = executable.memory(session);
            memory.total() - memory.states
        };
        let update = self.step.parts.as_ref().map_or(0, |parts| beside(&parts.update));
        let normalizers = self.normalizers.as_ref().map_or(0, |normalizers| normalizers.memory(session));
        self.step.executable.memory(session).total() + update + normalizers
    }
}

/// The number that is an output.
fn first(executable: &Executable<f32>, plan: PlanId, output: usize) -> Option<f64> {
    executable.output(plan, output).first().map(|x| f64::from(*x))
}

/// The scalars of the update in the coming steps, computed ahead, since an optimizer allocates to say them.
#[derive(Debug, Default)]
struct ScalarTable {
    first: u64,
    width: usize,
    values: Vec<f64>,
}

impl ScalarTable {
    const AHEAD: u64 = 1024;

    fn at(&mut self, train: &Train, number: u64) -> &[f64] {
        let holds = |table: &ScalarTable| {
            table.first > 0 && number >= table.first && (number - table.first) < ScalarTable::AHEAD
        };
        if !holds(self) {
            self.fill(train, number);
        }
        let start = (number - self.first) as usize * self.width;
        self.values.get(start..start + self.width).unwrap_or_default()
    }

    fn fill(&mut self, train: &Train, number: u64) {
        let settings = &train.settings;
        self.first = number;
        self.values.clear();
        let Body::Optimizer(definition) = &settings.optimizer.entry.body else { return };
        let of_optimizer: usize = settings.optimizer_args().map(|args| (definition.scalars)(args).len()).sum();
        self.width = of_optimizer + usize::from(settings.ema.is_some());
        if self.width == 0 {
            return;
        }
        for step in number..number + ScalarTable::AHEAD {
            for args in settings.optimizer_args() {
                self.values.extend((definition.scalar_values)(args, step));
            }
            // The average begins as what the first step makes.
            self.values.extend(settings.ema.map(|decay| if step == 1 { 0.0 } else { decay }));
        }
    }
}
