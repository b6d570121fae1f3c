//! The learning-rate range test: which rate a train could do with, before it is trained.
//!
//! Smith 2015, "Cyclical Learning Rates for Training Neural Networks" (arXiv:1506.01186), section 3.3, in the form that
//! users of other frameworks know: the rate grows from step to step by the same factor, from one at which nothing moves
//! to one at which everything breaks, on the batches that training would see. The weights are then thrown away.

use super::error::RunError;
use super::rate_curve::{FoundRate, RatePoint, Watch, found, points};
use super::training_loop::batches;
use super::trial::{TrialOptions, with_prepared};
use crate::check::{Checked, Settings};
use std::sync::atomic::Ordering;

/// What the command line says about a range test.
#[derive(Debug, Clone)]
pub struct RateSearchOptions {
    /// The rate of the first step.
    pub from: f64,
    /// The rate of the last.
    pub to: f64,
    /// How many steps.
    pub steps: usize,
    /// The rest.
    pub trial: TrialOptions,
}

/// Why a range test was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateEnd {
    /// All steps were done.
    Whole,
    /// The loss rose far above its beginning.
    Exploded,
    /// The loss was no finite number.
    NotFinite,
    /// Somebody asked for it.
    Interrupted,
}

/// What a range test came to.
#[derive(Debug, Clone)]
pub struct RateSearch {
    /// The steps whose loss was a number, in order.
    pub points: Vec<RatePoint>,
    /// Why it was over.
    pub end: RateEnd,
    /// None where the loss never fell, or the test was interrupted.
    pub found: Option<FoundRate>,
}

/// Tries rates on a train of the file, with fresh weights or those that it begins with. `hear` is told the number of
/// each step that is done. Nothing is written.
///
/// # Errors
/// Data that cannot be read or does not fit into memory, weights that do not fit.
pub fn search_rate(
    checked: &Checked,
    index: usize,
    options: &RateSearchOptions,
    hear: &mut dyn FnMut(usize),
) -> Result<RateSearch, RunError> {
    // An average of the weights is not looked at: it need not be kept.
    let change = |settings: &mut Settings| settings.ema = None;
    with_prepared(checked, index, change, &options.trial, |train, dataset, mut prepared| {
        let (mut rates, mut losses) = (Vec::new(), Vec::new());
        let mut watch = Watch::new(options.steps);
        let mut end = RateEnd::Whole;
        'epochs: for epoch in 1.. {
            let mut batches = batches(train, dataset, epoch);
            while let Some(rows) = dataset.read_batch(&mut batches) {
                if losses.len() == options.steps {
                    break 'epochs;
                }
                if options.trial.interrupt.load(Ordering::Relaxed) {
                    end = RateEnd::Interrupted;
                    break 'epochs;
                }
                let share = losses.len() as f64 / options.steps.saturating_sub(1).max(1) as f64;
                let lr = options.from * (options.to / options.from).powf(share);
                let step = losses.len() + 1;
                let loss = prepared.stepper.run_at(&mut prepared.session, rows, step as u64, lr)?.loss;
                if !loss.is_finite() {
                    end = RateEnd::NotFinite;
                    break 'epochs;
                }
                rates.push(lr);
                losses.push(loss);
                hear(step);
                if watch.explodes(loss) {
                    end = RateEnd::Exploded;
                    break 'epochs;
                }
            }
        }
        let points = points(&rates, &losses, options.steps);
        let found = found(&points, options.steps).filter(|_| end != RateEnd::Interrupted);
        Ok(RateSearch { points, end, found })
    })
}
