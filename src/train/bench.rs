//! How long training steps take, as a user pays for them: gathering the batch, forward, backward, update.

use super::error::RunError;
use super::training_loop::batches;
use super::trial::{TrialOptions, with_prepared};
use crate::check::{Checked, Settings};
use crate::compile;
use crate::runtime::Record;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What the command line says about a measurement.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// Steps that are timed, and as many that are looked at more closely; left out, as many as tell enough.
    pub steps: Option<usize>,
    /// Examples of a batch, in place of those of the train.
    pub batch: Option<usize>,
    /// Whether steps behind those that are timed are looked at more closely.
    pub profiles: bool,
    /// The rest.
    pub trial: TrialOptions,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Examples of a step.
    pub batch: usize,
    /// Seconds of each step, in order.
    pub seconds: Vec<f64>,
    /// Steps before those.
    pub warm_up: usize,
    /// Floating-point operations of a step; of the longest examples, where they differ in length.
    pub flops: u64,
    /// Whether examples differ in length, so that steps do, too.
    pub is_ragged: bool,
    /// Bytes of memory that a step takes: weights, optimizer, inputs, everything computed.
    pub bytes: u64,
    /// Of the last step.
    pub loss: f64,
    /// Steps that were looked at more closely; in none of them is the batch a smaller one.
    pub profile: Vec<StepProfile>,
    /// Whether nothing of it was interrupted.
    pub is_whole: bool,
}

/// What ran in a step, and when.
#[derive(Debug, Clone)]
pub struct StepProfile {
    #[allow(missing_docs)]
    pub start: Instant,
    #[allow(missing_docs)]
    pub end: Instant,
    /// Pieces of instructions, instruction by instruction.
    pub records: Vec<Record>,
}

/// Steps that are timed where nothing else is asked for.
const TIMED: usize = 200;
/// Most steps that are looked at more closely then.
const PROFILED: usize = 50;
/// Recorded steps in front of them that are left out: the first finds what records it in no cache.
const COLD: usize = 1;
/// Most seconds in which that is done then, unless one step takes longer.
const PROFILED_SECONDS: f64 = 5.0;

/// Steps before any is timed: the first of each batch size is planned, memory is touched, processors wake up.
const LEAST_WARM_UP: usize = 10;

impl BenchOptions {
    /// Steps that are timed.
    pub fn timed(&self) -> usize {
        self.steps.unwrap_or(TIMED)
    }

    /// Steps that are looked at more closely, if time allows it.
    pub fn profiled(&self) -> usize {
        if self.profiles { self.steps.unwrap_or(PROFILED) } else { 0 }
    }
}

impl Bench {
    /// The time in seconds that a part of the steps, between 0 and 1, do not exceed.
    pub fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let at = (part * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// Times steps of a train of the file, epoch after epoch, and throws the weights away. Nothing is written. The last batch
/// of an epoch is done but not timed where it is smaller.
///
/// # Errors
/// Data that cannot be read or does not fit into memory, weights that do not fit.
pub fn bench(
    checked: &Checked,
    index: usize,
    options: &BenchOptions,
    hear: &mut dyn FnMut(usize),
) -> Result<Bench, RunError> {
    let change = |settings: &mut Settings| settings.batch = options.batch.unwrap_or(settings.batch);
    with_prepared(checked, index, change, &options.trial, |train, dataset, mut prepared| {
        let all = dataset.splits.train.len();
        let examples = train.settings.examples_per_step().min(all);
        let (timed, profiled) = (options.timed(), options.profiled());
        let warm_up = LEAST_WARM_UP.max(timed / 10);
        let mut seconds = Vec::with_capacity(timed);
        let mut profile: Vec<StepProfile> = Vec::new();
        let (mut step, mut loss, mut behind_timed, mut recorded) = (0u64, f64::NAN, Instant::now(), 0);
        let mut is_done = false;
        'epochs: for epoch in 1.. {
            let mut batches = batches(train, dataset, epoch);
            loop {
                let start = Instant::now();
                let Some(rows) = dataset.read_batch(&mut batches) else { break };
                step += 1;
                loss = prepared.stepper.run(&mut prepared.session, rows, step)?.loss;
                let end = Instant::now();
                let is_whole = rows.len() == examples && step > warm_up as u64;
                if seconds.len() < timed {
                    if is_whole {
                        seconds.push((end - start).as_secs_f64());
                    }
                    if options.profiles && seconds.len() == timed {
                        behind_timed = end;
                        prepared.session.record();
                    }
                } else {
                    let records = prepared.session.record();
                    recorded += usize::from(is_whole);
                    if is_whole && recorded > COLD {
                        profile.push(StepProfile { start, end, records });
                    }
                }
                hear(seconds.len() + profile.len());
                let takes_long = options.steps.is_none() && behind_timed.elapsed().as_secs_f64() > PROFILED_SECONDS;
                let is_profiled = profile.len() == profiled || takes_long && !profile.is_empty();
                is_done = seconds.len() == timed && is_profiled;
                if is_done || options.trial.interrupt.load(Ordering::Relaxed) {
                    break 'epochs;
                }
            }
        }
        let bytes = prepared.memory() as u64;
        let flops = compile::step_cost(train, train.settings.batch.min(all))?.flops;
        let is_ragged = dataset.is_ragged();
        Ok(Bench { batch: examples, seconds, warm_up, flops, is_ragged, bytes, loss, profile, is_whole: is_done })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let seconds = vec![0.5, 0.1, 0.4, 0.2, 0.3];
        let (is_ragged, loss, profile) = (false, 1.0, Vec::new());
        let bench =
            Bench { batch: 1, seconds, warm_up: 10, flops: 0, is_ragged, bytes: 0, loss, profile, is_whole: true };
        assert_eq!([0.0, 0.1, 0.5, 0.9, 1.0].map(|part| bench.quantile(part)), [0.1, 0.1, 0.3, 0.5, 0.5]);
        assert!(Bench { seconds: Vec::new(), ..bench }.quantile(0.5).is_nan());
    }
}
