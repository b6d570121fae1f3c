//! `overfits(batch: n)`: a model that cannot learn a few examples by heart has a mistake in it.

use super::error::RunError;
use super::session::Prepared;
use super::training_loop::batches;
use crate::check::{Settings, Train};
use crate::data::{Batches, Dataset};

/// Steps after which it has failed.
const STEPS: u64 = 2000;
/// How often the loss is measured in evaluation mode, where dropout does not hide what was learned.
const EVERY: u64 = 20;
/// The part of the first loss that is little enough.
const ENOUGH: f64 = 0.05;

/// What came of it.
pub(super) struct Overfit {
    pub(super) ok: bool,
    /// The smallest loss.
    pub(super) loss: f64,
    first: f64,
    steps: u64,
}

impl Overfit {
    pub(super) fn note(&self) -> String {
        format!("the loss of the batch went from {:.4} to {:.4} in {} steps", self.first, self.loss, self.steps)
    }
}

/// Trains fresh weights on one batch until the loss has fallen to a small part of what it was.
pub(super) fn overfits(train: &Train, dataset: &Dataset, batch: usize, threads: usize) -> Result<Overfit, RunError> {
    // What is looked at is what the steps make of the weights, not what they were on average.
    let train = &Train { settings: Settings { ema: None, ..train.settings.clone() }, ..train.clone() };
    let mut prepared = Prepared::new(train, dataset, threads)?;
    // What is learned by heart must stay the same.
    prepared.stepper.without_augmentation();
    // Shuffled even where training is not: the first rows of a file are often all of one class.
    let mut shuffled = Batches::new(&dataset.splits.train, batch.max(1), false, Some((train.settings.seed, 1)));
    let rows: Vec<u32> = match shuffled.next_batch() {
        Some(rows) => rows.to_vec(),
        None => batches(train, dataset, 1).next_batch().map(<[u32]>::to_vec).unwrap_or_default(),
    };
    let measure = |prepared: &mut Prepared| -> Result<f64, RunError> {
        let measures = prepared.measurer.measure(&mut prepared.session, &rows)?;
        Ok(measures.loss().unwrap_or(f64::NAN))
    };
    let lr = train.settings.optimizer.args.number("lr");
    let first = measure(&mut prepared)?;
    let enough = first * ENOUGH;
    let (mut best, mut steps) = (first, 0);
    while steps < STEPS {
        for _ in 0..EVERY {
            steps += 1;
            let result = prepared.stepper.run_at(&mut prepared.session, &rows, steps, lr)?;
            if !result.loss.is_finite() {
                return Ok(Overfit { ok: false, loss: result.loss, first, steps });
            }
        }
        best = measure(&mut prepared)?.min(best);
        if best <= enough {
            return Ok(Overfit { ok: true, loss: best, first, steps });
        }
    }
    Ok(Overfit { ok: false, loss: best, first, steps })
}
