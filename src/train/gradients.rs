//! How large the gradients of a step are, weight by weight, for who watches a run.
//!
//! A training step keeps no gradient longer than it needs it. To look at them, the forward and backward pass of a step
//! is done once more before it, by an executable of its own that updates nothing: with the same weights, examples and
//! draws its gradients are those of the step. Where a step sees several batches (`accumulate`), the sums that they have
//! left are there to be read, and nothing is done twice.

use super::augmenting::Augmenter;
use super::balance;
use super::error::RunError;
use super::feeding::{Draw, Feeder};
use super::memory;
use crate::check::Train;
use crate::compile;
use crate::data::Dataset;
use crate::diagnostics::bytes;
use crate::ir::graph::StateRole;
use crate::runtime::{Executable, Session};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The part of the time of training that looking may take.
const SHARE: u32 = 25;
/// A train that is over sooner pays nothing.
const SETTLED: Duration = Duration::from_millis(150);

/// By path of each weight, the norm of its gradient.
type Norms = Vec<(Arc<str>, f64)>;

/// Looks at gradients from time to time.
pub(super) struct GradientProbe<'a> {
    train: &'a Train,
    dataset: &'a Dataset,
    every: Duration,
    /// Bytes that the run may take.
    limit: Option<u64>,
    due: Instant,
    source: Source,
    /// Found before a step, told behind it.
    found: Option<Norms>,
}

/// Where gradients are found.
enum Source {
    /// Not known before the first step, which takes the memory that it needs.
    Unknown,
    /// In a pass of their own.
    Pass(Box<Pass>),
    /// Among the states: the path of each weight and that of the sum of its gradients.
    States(Vec<(Arc<str>, Arc<str>)>),
    /// There is no memory for a pass of their own.
    Nowhere,
}

struct Pass {
    executable: Executable<f32>,
    feeder: Feeder,
}

impl<'a> GradientProbe<'a> {
    /// Looks at most so often, zero meaning at each step.
    pub(super) fn new(train: &'a Train, dataset: &'a Dataset, every: Duration, limit: Option<u64>) -> Self {
        let due = Instant::now() + every.min(SETTLED);
        GradientProbe { train, dataset, every, limit, due, source: Source::Unknown, found: None }
    }

    /// Before the step with this number (from 1) on these examples.
    pub(super) fn before(&mut self, session: &mut Session<f32>, rows: &[u32], step: u64) -> Result<(), RunError> {
        let Source::Pass(pass) = &mut self.source else { return Ok(()) };
        let began = Instant::now();
        if began < self.due {
            return Ok(());
        }
        let Pass { executable, feeder } = &mut **pass;
        let draw = Draw { seed: self.train.settings.seed, step };
        let plan = feeder.run(executable, session, self.dataset, rows, draw)?;
        let norm = |output: usize| executable.output(plan, output).first().map_or(0.0, |sum| f64::from(*sum).sqrt());
        let outputs = executable.graph().outputs.iter().enumerate();
        self.found = Some(outputs.map(|(index, output)| (Arc::from(&*output.name), norm(index))).collect());
        self.rest(began);
        Ok(())
    }

    /// Behind a step: what was found out, if anything, or why nothing will be.
    pub(super) fn after(&mut self, session: &Session<f32>) -> Option<Result<Norms, String>> {
        match &self.source {
            Source::Unknown if Instant::now() < self.due => None,
            Source::Unknown => match self.look_for(session) {
                Ok(source) => {
                    self.source = source;
                    None
                }
                Err(why) => {
                    self.source = Source::Nowhere;
                    Some(Err(why))
                }
            },
            Source::Nowhere => None,
            Source::Pass(_) => self.found.take().map(Ok),
            Source::States(paths) => {
                let began = Instant::now();
                if began < self.due {
                    return None;
                }
                let norm = |state: &str| {
                    let sum = session.states.get(state).unwrap_or_default();
                    sum.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
                };
                let found = paths.iter().map(|(weight, state)| (weight.clone(), norm(state))).collect();
                self.rest(began);
                Some(Ok(found))
            }
        }
    }

    /// When to look again.
    fn rest(&mut self, began: Instant) {
        let now = Instant::now();
        self.due = if self.every.is_zero() { now } else { now + self.every.max((now - began) * SHARE) };
    }

    fn look_for(&self, session: &Session<f32>) -> Result<Source, String> {
        if self.train.settings.accumulate.is_none() {
            return Ok(Source::Pass(Box::new(self.pass(session)?)));
        }
        let weights = session.states.entries().iter().filter(|state| state.role == StateRole::Weight);
        let sums = weights.map(|weight| (weight.path.clone(), compile::gradient_path(&weight.path)));
        Ok(Source::States(sums.filter(|(_, sum)| session.states.entry(sum).is_some()).collect()))
    }

    fn pass(&self, session: &Session<f32>) -> Result<Pass, String> {
        let (train, dataset) = (self.train, self.dataset);
        let weights = balance::class_weights(train, dataset);
        let graph = compile::gradient_squares_graph(train, weights.as_deref());
        let mut executable = compile::measurement(graph, &session.states).map_err(|error| error.to_string())?;
        let batch = train.settings.batch.min(dataset.splits.train.len());
        let full = compile::full_batch(&train.longest, batch);
        let needed = executable.foresee(&full, session.threads()).map_err(|error| error.to_string())? as u64;
        if memory::left(self.limit).is_some_and(|left| needed > left) {
            return Err(format!("that takes {} of memory beside the training, more than is left", bytes(needed)));
        }
        let mut feeder = Feeder::new(&executable, dataset).map_err(|error| error.to_string())?;
        feeder.set_augmenter(Augmenter::new(train, dataset));
        Ok(Pass { executable, feeder })
    }
}
