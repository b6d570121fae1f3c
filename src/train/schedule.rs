//! The learning rate of every step: the parts of a `then` chain, one behind the other.

use crate::catalog::{Args, Body, Moment, Rate};
use crate::check::Settings;

/// The parts of a schedule with their steps.
pub(super) struct Schedule<'a> {
    parts: Vec<Part<'a>>,
    lr: f64,
    steps_per_epoch: u64,
}

struct Part<'a> {
    rate: &'a Rate,
    args: &'a Args,
    start: u64,
    steps: u64,
}

impl<'a> Schedule<'a> {
    /// The schedule of a train of so many steps.
    pub(super) fn new(settings: &'a Settings, steps: u64, steps_per_epoch: u64) -> Self {
        let mut parts = Vec::new();
        let mut start = 0;
        for (index, configured) in settings.schedule.iter().enumerate() {
            let Body::Schedule(rate) = &configured.entry.body else { continue };
            let left = steps.saturating_sub(start);
            let is_last = index + 1 == settings.schedule.len();
            let length = (rate.length)(&configured.args).map(|length| length.steps(steps_per_epoch));
            // Without a length, the last part fills what is left.
            let length = length.unwrap_or(if is_last { left } else { 0 });
            parts.push(Part { rate, args: &configured.args, start, steps: length });
            start += length;
        }
        Schedule { parts, lr: settings.optimizer.args.number("lr"), steps_per_epoch }
    }

    /// The rate of the step with this index, from 0.
    pub(super) fn rate(&self, step: u64) -> f64 {
        let part = self.parts.iter().rev().find(|p| p.start <= step && p.steps > 0).or(self.parts.first());
        let Some(part) = part else { return self.lr };
        // Behind the end of a last part that says its length, its last rate holds.
        let within = step.saturating_sub(part.start).min(part.steps);
        let moment =
            Moment { step: within, steps: part.steps.max(1), steps_per_epoch: self.steps_per_epoch, lr: self.lr };
        (part.rate.rate)(part.args, &moment)
    }
}
