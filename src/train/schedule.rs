//! The learning rate of every step: the parts of a `then` chain, one behind the other.

use super::position::{Exact, Watched};
use crate::catalog::{Args, Body, Moment, Rate, Watch};
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
    progress: Option<Progress>,
}

/// What a part that watches the loss goes by.
struct Progress {
    watch: Watch,
    seen: Watched,
}

impl Progress {
    fn new(watch: Watch, start: u64) -> Self {
        Progress { watch, seen: Watched { best: Exact(f64::INFINITY), since: start, stalls: Vec::new() } }
    }

    fn observe(&mut self, number: u64, loss: f64, steps_per_epoch: u64) {
        let Progress { watch, seen } = self;
        // Something that is no number is not better.
        let Exact(best) = seen.best;
        let bar = if best.is_finite() { best - watch.threshold * best.abs() } else { best };
        if loss < bar {
            seen.best = Exact(loss);
            seen.since = number;
        } else if number.saturating_sub(seen.since) > watch.patience.steps(steps_per_epoch) {
            seen.stalls.push(number);
            seen.since = number;
        }
    }
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
            let args = &configured.args;
            let progress = rate.watch.map(|watch| Progress::new(watch(args), start));
            parts.push(Part { rate, args, start, steps: length, progress });
            start += length;
        }
        Schedule { parts, lr: settings.optimizer.args.number("lr"), steps_per_epoch }
    }

    /// What the parts that watch the loss have seen, by part.
    pub(super) fn watched(&self) -> Vec<Option<Watched>> {
        self.parts.iter().map(|part| part.progress.as_ref().map(|progress| progress.seen.clone())).collect()
    }

    /// Goes on from there.
    pub(super) fn set_watched(&mut self, watched: &[Option<Watched>]) {
        for (part, watched) in self.parts.iter_mut().zip(watched) {
            if let (Some(progress), Some(watched)) = (&mut part.progress, watched) {
                progress.seen.clone_from(watched);
            }
        }
    }

    fn part_at(&self, step: u64) -> Option<usize> {
        let at = self.parts.iter().rposition(|p| p.start <= step && p.steps > 0);
        at.or((!self.parts.is_empty()).then_some(0))
    }

    /// The rate of the step with this index, from 0. What was observed later does not change it.
    pub(super) fn rate(&self, step: u64) -> f64 {
        let Some(part) = self.part_at(step).and_then(|at| self.parts.get(at)) else { return self.lr };
        // Behind the end of a last part that says its length, its last rate holds.
        let within = step.saturating_sub(part.start).min(part.steps);
        let stalls = part.progress.iter().flat_map(|p| &p.seen.stalls).filter(|number| **number <= step).count();
        let moment = Moment {
            step: within,
            steps: part.steps.max(1),
            steps_per_epoch: self.steps_per_epoch,
            lr: self.lr,
            stalls: stalls.try_into().unwrap_or(u32::MAX),
        };
        (part.rate.rate)(part.args, &moment)
    }

    /// The loss that was measured after the step with this number, from 1.
    pub(super) fn observe(&mut self, number: u64, loss: f64) {
        let steps_per_epoch = self.steps_per_epoch;
        let part = self.part_at(number.saturating_sub(1)).and_then(|at| self.parts.get_mut(at));
        if let Some(progress) = part.and_then(|part| part.progress.as_mut()) {
            progress.observe(number, loss, steps_per_epoch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Progress, Schedule};
    use crate::catalog::{ArgValue, Args, Body, Duration, EntryKind, find};

    /// The losses and rates of `tests/reference/schedules.json`, an epoch being 5 steps.
    #[test]
    fn the_plateau_is_that_of_torch() {
        let text = include_str!("../../tests/reference/schedules.json");
        let parsed: serde_json::Value = serde_json::from_str(text).unwrap();
        let Body::Schedule(rate) = &find("plateau", &[EntryKind::Schedule]).unwrap().body else { panic!() };
        for case in parsed["plateau"].as_array().unwrap() {
            let mut args = Args::new();
            for (key, value) in case["args"].as_object().unwrap() {
                let number = value.as_f64().unwrap();
                match key.as_str() {
                    "patience" => args.set("patience", ArgValue::Duration(Duration::Epochs(number)), None),
                    "factor" => args.set("factor", ArgValue::Number(number), None),
                    "to" => args.set("to", ArgValue::Number(number), None),
                    "threshold" => args.set("threshold", ArgValue::Number(number), None),
                    other => panic!("{other}"),
                }
            }
            let progress = rate.watch.map(|watch| Progress::new(watch(&args), 0));
            let part = Part { rate, args: &args, start: 0, steps: 200, progress };
            let mut schedule = Schedule { parts: vec![part], lr: 0.1, steps_per_epoch: 5 };
            let numbers = |key: &str| case[key].as_array().unwrap().iter().map(|n| n.as_f64().unwrap());
            let (losses, rates): (Vec<f64>, Vec<f64>) = (numbers("losses").collect(), numbers("rates").collect());
            let mut falls = 0;
            for (epoch, (loss, wanted)) in losses.iter().zip(&rates).enumerate() {
                for step in 5 * epoch as u64..5 * (epoch as u64 + 1) {
                    let got = schedule.rate(step);
                    assert!((got - wanted).abs() < 1e-12, "epoch {epoch}: {got} against {wanted}, {case}");
                }
                schedule.observe(5 * (epoch as u64 + 1), *loss);
                falls += usize::from(epoch > 0 && *wanted < rates[epoch - 1]);
            }
            assert!(falls > 0, "{case}");
            assert_eq!(schedule.rate(0), 0.1, "the past stays as it was");
        }
    }
}
