//! Where a train stands: everything that its loop knows beside the tensors, so that another process can go on.

use super::event::Measures;
use crate::catalog::MetricValue;
use serde::{Deserialize, Serialize};

/// Where a train stands after a step. Numbers survive a way through JSON bit for bit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The epoch that was begun last, from 1; 0 before the first.
    pub(super) epoch: u64,
    /// Its steps that are done.
    pub(super) in_epoch: u64,
    /// All steps that are done.
    pub(super) step: u64,
    /// Whether the report that belongs to this step is still to be made: somebody asked to end before it.
    pub(super) owes_report: bool,
    /// The losses since the last report.
    pub(super) running: Running,
    /// The losses of the last steps.
    pub(super) losses: Losses,
    /// The loss of the first step.
    #[serde(default)]
    pub(super) first_loss: Option<Exact>,
    /// What `keep` has seen.
    pub(super) keep: Seen,
    /// What `stop` has seen.
    pub(super) stop: Seen,
    /// What the parts of the schedule that watch the loss have seen, by part.
    pub(super) watched: Vec<Option<Watched>>,
    /// Seconds of training so far.
    pub(super) seconds: f64,
}

/// The best value of a measure so far, and where it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// None before the first number.
    pub(super) best: Option<Exact>,
    pub(super) epoch: u64,
    pub(super) step: u64,
}

/// How the loss has gone within a part of a schedule that watches it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Watched {
    /// Infinite before the first number.
    pub(super) best: Exact,
    /// The step after which it was best, or stalled last.
    pub(super) since: u64,
    /// The steps after which it stalled.
    pub(super) stalls: Vec<u64>,
}

/// A number that may be infinite, which JSON cannot write: as its bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub(super) struct Exact(pub(super) f64);

impl From<u64> for Exact {
    fn from(bits: u64) -> Self {
        Exact(f64::from_bits(bits))
    }
}

impl From<Exact> for u64 {
    fn from(exact: Exact) -> Self {
        exact.0.to_bits()
    }
}

/// The mean of the losses since the last report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Running {
    sum: Exact,
    examples: Exact,
}

impl Running {
    pub(super) fn add(&mut self, loss: f64, examples: usize) {
        self.sum.0 += loss * examples as f64;
        self.examples.0 += examples as f64;
    }

    pub(super) fn take(&mut self) -> Measures {
        let mean = self.sum.0 / self.examples.0.max(1.0);
        *self = Running::default();
        Measures { values: vec![("loss".into(), MetricValue::Number(mean))] }
    }
}

/// The losses of the last steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Losses {
    last: [f64; Losses::KEPT],
    count: usize,
}

impl Losses {
    const KEPT: usize = 5;

    /// Takes a loss, which is finite: training ends with another.
    pub(super) fn push(&mut self, loss: f64) {
        self.last.rotate_left(1);
        if let Some(last) = self.last.last_mut() {
            *last = loss;
        }
        self.count = (self.count + 1).min(Losses::KEPT);
    }

    /// Those that there were, oldest first.
    pub(super) fn before(&self) -> &[f64] {
        self.last.get(Losses::KEPT.saturating_sub(self.count)..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_json_bit_for_bit() {
        let mut position = Position { epoch: 3, in_epoch: 7, step: 47, seconds: 0.1 + 0.2, ..Position::default() };
        for loss in [1.0 / 3.0, 2e-308, 0.1] {
            position.running.add(loss, 3);
            position.losses.push(loss);
        }
        position.keep = Seen { best: Some(Exact(f64::NEG_INFINITY)), epoch: 2, step: 40 };
        position.watched = vec![None, Some(Watched { best: Exact(f64::INFINITY), since: 3, stalls: vec![9, 20] })];
        let text = serde_json::to_string(&position).unwrap();
        assert_eq!(serde_json::from_str::<Position>(&text).unwrap(), position);
        assert_eq!(position.losses.before(), [1.0 / 3.0, 2e-308, 0.1]);
    }
}
