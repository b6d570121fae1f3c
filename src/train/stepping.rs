//! One step of a train after the other. After the first, a step allocates nothing.

use super::augmenting::Augmenter;
use super::error::RunError;
use super::feeding::{Draw, Feeder};
use super::position::Watched;
use super::schedule::Schedule;
use crate::catalog::Body;
use crate::check::Train;
use crate::compile;
use crate::data::Dataset;
use crate::ir::graph::Graph;
use crate::runtime::{Session, States};

/// A training step that can be done again and again.
pub(super) struct Stepper<'a> {
    train: &'a Train,
    dataset: &'a Dataset,
    step: compile::Step,
    feeder: Feeder,
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
    /// Compiles the graph of a training step. The states must hold its states.
    pub(super) fn new(
        train: &'a Train,
        dataset: &'a Dataset,
        graph: Graph,
        states: &States<f32>,
        schedule: Schedule<'a>,
    ) -> Result<Self, RunError> {
        let step = compile::step(graph, states)?;
        let mut feeder = Feeder::new(&step.executable, dataset)?;
        feeder.set_augmenter(Augmenter::new(train, dataset));
        Ok(Stepper { train, dataset, step, feeder, schedule, scalars: ScalarTable::default() })
    }

    /// Takes the data as it is from now on.
    pub(super) fn without_augmentation(&mut self) {
        self.feeder.set_augmenter(None);
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
        self.step.executable.set_scalar(self.step.lr, lr);
        for (input, value) in self.step.scalars.iter().zip(self.scalars.at(self.train, number)) {
            self.step.executable.set_scalar(*input, *value);
        }
        let draw = Draw { seed: self.train.settings.seed, step: number };
        let plan = self.feeder.run(&mut self.step.executable, session, self.dataset, rows, draw)?;
        let first = |output: usize| self.step.executable.output(plan, output).first().map(|x| f64::from(*x));
        Ok(StepResult {
            loss: first(self.step.loss).unwrap_or(f64::NAN),
            lr,
            gradient_norm: self.step.gradient_norm.and_then(first),
        })
    }

    /// Bytes held for a step.
    pub(super) fn memory(&self, session: &Session<f32>) -> usize {
        self.step.executable.memory(session).total()
    }
}

/// The optimizer's scalars of the coming steps, computed ahead, since an optimizer allocates to say them.
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
        let optimizer = &train.settings.optimizer;
        self.first = number;
        self.values.clear();
        let Body::Optimizer(definition) = &optimizer.entry.body else { return };
        self.width = (definition.scalars)(&optimizer.args).len();
        if self.width > 0 {
            for step in number..number + ScalarTable::AHEAD {
                self.values.extend((definition.scalar_values)(&optimizer.args, step));
            }
        }
    }
}
