//! What a schedule is: a function of the step.

use super::args::{Args, Duration};

/// The rate of one part of a `then` chain.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// The learning rate at a moment.
    pub rate: fn(&Args, &Moment) -> f64,
    /// How long the part says it lasts; `None` fills what is left.
    pub length: fn(&Args) -> Option<Duration>,
    /// What it waits for, where it depends on how training goes.
    pub watch: Option<fn(&Args) -> Watch>,
}

/// When the loss is said to have stalled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watch {
    /// It has not become better for longer than this.
    pub patience: Duration,
    /// Better is by more than this share of the best.
    pub threshold: f64,
}

/// A moment of one part of a schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Step within the part, from 0.
    pub step: u64,
    /// Steps of the part.
    pub steps: u64,
    /// Steps of an epoch, for schedules that count epochs.
    pub steps_per_epoch: u64,
    /// The optimizer's `lr`.
    pub lr: f64,
    /// How often the loss has stalled within the part, see [`Watch`].
    pub stalls: u32,
}
