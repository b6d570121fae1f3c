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
    use super::Schedule;
    use crate::catalog::{EntryKind, entries};
    use crate::check::{Checked, Overrides, check_text};
    use std::collections::BTreeSet;
    use std::path::Path;

    const STEPS_PER_EPOCH: u64 = 5;

    /// A program of so many steps, an epoch being 5 of them.
    fn program(schedule: &str, lr: f64, steps: usize) -> Checked {
        let rows = vec!["[1, 2]"; STEPS_PER_EPOCH as usize].join(", ");
        let text = format!(
            "data points {{
              let t = rows([{rows}], columns: [x, y])
              field x = t[x]
              field y = t.y
            }}
            model Line(x: [1]) -> v: float {{ x |> Dense(1) |> squeeze }}
            train Line on points {{
              loss: mse(v, y)
              optimizer: SGD(lr: {lr})
              schedule: {schedule}
              steps: {steps}
              batch: 1
            }}"
        );
        let checked = check_text(Path::new("test.nn"), &text, &Overrides::default());
        let wrong: Vec<_> = checked.diagnostics.iter().filter(|d| d.is_error()).collect();
        assert!(wrong.is_empty(), "{schedule}: {wrong:?}");
        checked
    }

    /// The rates of `tests/reference/schedules.json`, of every step.
    #[test]
    fn the_rates_are_those_of_torch() {
        let text = include_str!("../../tests/reference/schedules.json");
        let parsed: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut compared = BTreeSet::new();
        for case in parsed["cases"].as_array().unwrap() {
            let numbers = |key: &str| case[key].as_array().map(|all| all.iter().map(|n| n.as_f64().unwrap()).collect());
            let (text, lr) = (case["schedule"].as_str().unwrap(), case["lr"].as_f64().unwrap());
            let rates: Vec<f64> = numbers("rates").unwrap();
            let losses: Option<Vec<f64>> = numbers("losses");
            let checked = program(text, lr, rates.len());
            let settings = &checked.program.trains[0].settings;
            compared.extend(settings.schedule.iter().map(|part| part.entry.name));
            let mut schedule = Schedule::new(settings, rates.len() as u64, STEPS_PER_EPOCH);
            let highest = rates.iter().copied().fold(lr, f64::max);
            let mut told = Vec::new();
            for (step, wanted) in (0..).zip(&rates) {
                let got = schedule.rate(step);
                assert!((got - wanted).abs() <= 1e-12 * highest, "{text}, step {step}: {got} against {wanted}");
                told.push(got);
                if let Some(losses) = &losses
                    && (step + 1) % STEPS_PER_EPOCH == 0
                {
                    schedule.observe(step + 1, losses[(step / STEPS_PER_EPOCH) as usize]);
                }
            }
            for (step, told) in (0..).zip(&told) {
                assert_eq!(schedule.rate(step), *told, "{text}, step {step}: the past stays as it was");
            }
            if losses.is_some() {
                assert!(rates.windows(2).any(|pair| pair[1] < pair[0]), "{text} never falls");
            }
        }
        for entry in entries().filter(|entry| entry.kind() == EntryKind::Schedule) {
            assert!(compared.contains(entry.name), "{}", entry.name);
        }
    }
}
