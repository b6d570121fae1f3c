//! The generated backward pass against central finite differences, in f64.

use super::balance;
use super::error::RunError;
use super::feeding::{Draw, Feeder};
use super::memory;
use super::run::dataset_of;
use crate::catalog::initializers;
use crate::check::{Checked, Train};
use crate::compile::{self, Backward, LOSS};
use crate::data::{Batches, Dataset, load};
use crate::ir::graph::Graph;
use crate::runtime::{Executable, Session, States};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Examples of the batch.
const BATCH: usize = 8;
/// Positions of a weight that are compared.
const POSITIONS: usize = 12;
/// Distances, relative to the number (or 1). The best of them counts: a long one steps over kinks, a short one drowns in
/// rounding, and a wrong gradient agrees with none.
const STEPS: [f64; 3] = [1e-4, 1e-5, 1e-6];
/// Differences of gradients are relative to at least this, and to this part of the largest gradient.
const FLOOR: f64 = 1e-6;
const PART_OF_LARGEST: f64 = 1e-3;

/// How well generated gradients and finite differences agree.
#[derive(Debug, Clone)]
pub struct GradientReport {
    /// Examples of the batch.
    pub batch: usize,
    /// The loss of the batch.
    pub loss: f64,
    /// In the order of the model.
    pub weights: Vec<WeightReport>,
}

/// One weight of a [`GradientReport`].
#[derive(Debug, Clone)]
pub struct WeightReport {
    /// Its path.
    pub path: Arc<str>,
    /// Numbers in it.
    pub size: usize,
    /// Numbers compared.
    pub compared: usize,
    /// The largest relative difference.
    pub max_relative_error: f64,
    /// Where that is: position, generated gradient, finite difference.
    pub worst: Option<(usize, f64, f64)>,
}

impl GradientReport {
    /// The largest relative difference of all.
    pub fn max_relative_error(&self) -> f64 {
        self.weights.iter().map(|w| w.max_relative_error).fold(0.0, f64::max)
    }

    /// The weight with the largest relative difference.
    pub fn worst(&self) -> Option<&WeightReport> {
        self.weights.iter().max_by(|a, b| a.max_relative_error.total_cmp(&b.max_relative_error))
    }
}

/// Compares on a small batch of the training split, with fresh weights. A few positions of each weight are compared,
/// chosen by the seed of the train.
pub fn check_gradients(checked: &Checked, train: &Train, threads: usize) -> Result<GradientReport, RunError> {
    let mut datasets = BTreeMap::new();
    if let Some(block) = checked.program.data.get(train.data) {
        datasets.insert(train.data, load(&block.plan)?);
    }
    // Weights and gradients in f64 are about what a step in f32 holds with its optimizer.
    let index = checked.program.trains.iter().position(|other| std::ptr::eq(other, train));
    memory::check(checked, index.as_slice(), &datasets, None, threads)?;
    compare(train, dataset_of(train, &datasets)?, threads)
}

/// The same with data that is loaded already.
pub(super) fn compare(train: &Train, dataset: &Dataset, threads: usize) -> Result<GradientReport, RunError> {
    let Backward { mut graph, gradients, .. } =
        compile::backward_with(train, balance::class_weights(train, dataset).as_deref());
    graph.updates.clear();
    let states = fresh_states(&graph, train.settings.seed)?;
    let mut executable: Executable<f64> = compile::measurement(graph, &states)?;
    let mut session = Session::new(states, threads);
    let mut feeder = Feeder::new(&executable, dataset)?;
    let mut batches =
        Batches::new(&dataset.splits.train, BATCH.min(train.settings.batch), false, Some((train.settings.seed, 1)));
    let no_examples = || RunError::NoExamples { data: train.name.clone(), span: train.span };
    let rows = batches.next_batch().ok_or_else(no_examples)?.to_vec();
    let draw = Draw { seed: train.settings.seed, step: 1 };
    let plan = feeder.run_as(&mut executable, &mut session, dataset, &rows, draw)?;

    let mut generated = Vec::new();
    for gradient in &gradients {
        let output = executable.output_index(&format!("d {}", gradient.path));
        let values = output.map(|o| executable.output(plan, o).to_vec()).unwrap_or_default();
        generated.push((gradient.path.clone(), values));
    }
    let loss_output = executable.output_index(LOSS).unwrap_or_default();
    let loss = executable.output(plan, loss_output).first().copied().unwrap_or(f64::NAN);
    let largest = generated.iter().flat_map(|(_, values)| values).fold(0.0, |a: f64, b| a.max(b.abs()));
    let floor = FLOOR.max(PART_OF_LARGEST * largest);

    let mut weights = Vec::new();
    for (path, values) in generated {
        let positions = sampled(values.len(), train.settings.seed, &path);
        let mut report = WeightReport {
            path: path.clone(),
            size: values.len(),
            compared: positions.len(),
            max_relative_error: 0.0,
            worst: None,
        };
        for position in positions {
            let exact = values.get(position).copied().unwrap_or(f64::NAN);
            let mut best: Option<(f64, f64)> = None;
            for step in STEPS {
                let numeric = {
                    let mut loss_at = |offset: f64| -> Result<f64, RunError> {
                        let Some(place) = weight(&mut session, &path, position) else { return Ok(f64::NAN) };
                        let before = *place;
                        *place = before + offset;
                        let plan = feeder.run_as(&mut executable, &mut session, dataset, &rows, draw)?;
                        let loss = executable.output(plan, loss_output).first().copied().unwrap_or(f64::NAN);
                        if let Some(place) = weight(&mut session, &path, position) {
                            *place = before;
                        }
                        Ok(loss)
                    };
                    (loss_at(step)? - loss_at(-step)?) / (2.0 * step)
                };
                let error = (exact - numeric).abs() / exact.abs().max(numeric.abs()).max(floor);
                let error = if error.is_nan() { f64::INFINITY } else { error };
                if best.is_none_or(|(least, _)| error < least) {
                    best = Some((error, numeric));
                }
            }
            if let Some((error, numeric)) = best
                && (error > report.max_relative_error || report.worst.is_none())
            {
                report.max_relative_error = error;
                report.worst = Some((position, exact, numeric));
            }
        }
        weights.push(report);
    }
    Ok(GradientReport { batch: rows.len(), loss, weights })
}

/// The states of a graph as they start.
pub(super) fn fresh_states(graph: &Graph, seed: u64) -> Result<States<f64>, RunError> {
    let mut states = States::of(graph).map_err(RunError::plan)?;
    for state in &graph.states {
        let Some(shape) = states.entry(&state.path).map(|e| e.shape.clone()) else { continue };
        let values = initializers::sample(&state.init, &shape, seed, &state.path);
        if let Some(place) = states.get_mut(&state.path) {
            for (place, value) in place.iter_mut().zip(values) {
                *place = value;
            }
        }
    }
    Ok(states)
}

fn weight<'s>(session: &'s mut Session<f64>, path: &str, position: usize) -> Option<&'s mut f64> {
    session.states.get_mut(path)?.get_mut(position)
}

/// All positions of a small weight; of a big one some, spread over it by the seed.
fn sampled(size: usize, seed: u64, path: &str) -> Vec<usize> {
    if size <= POSITIONS {
        return (0..size).collect();
    }
    let uniform = crate::ir::init::Init::Uniform { low: 0.0, high: size as f64 };
    let draws = initializers::sample(&uniform, &[4 * POSITIONS], seed, path);
    let mut positions: Vec<usize> = Vec::new();
    for position in draws.into_iter().map(|x| (x as usize).min(size - 1)) {
        if positions.len() < POSITIONS && !positions.contains(&position) {
            positions.push(position);
        }
    }
    positions
}
