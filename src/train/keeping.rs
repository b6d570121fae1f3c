//! `stop: patience(…)` and `keep: best(…)`.

use super::event::Measures;
use super::position::{Exact, Seen};
use super::weights::Weights;
use crate::check::Measure;
use crate::data::Split;
use crate::runtime::States;

/// The number that a measure has now.
fn value(measure: &Measure, train: &Measures, validation: Option<&Measures>) -> Option<f64> {
    let measures = match measure.split {
        Split::Train => Some(train),
        Split::Validation => validation,
        Split::Test => None,
    };
    measures?.number(&measure.metric)
}

impl Seen {
    /// Takes a number and says whether it is better than everything before. Something that is no number never is.
    fn improves(&mut self, measure: &Measure, now: f64) -> bool {
        let better = match self.best {
            _ if now.is_nan() => false,
            None => true,
            Some(Exact(best)) if measure.higher_is_better => now > best,
            Some(Exact(best)) => now < best,
        };
        if better {
            self.best = Some(Exact(now));
        }
        better
    }

    /// Whether `stop: patience(measure, steps)` is at its end, after the step with this number.
    pub(super) fn is_over(
        &mut self,
        (measure, steps): (&Measure, u64),
        step: u64,
        train: &Measures,
        validation: Option<&Measures>,
    ) -> bool {
        let Some(now) = value(measure, train, validation) else { return false };
        if self.improves(measure, now) {
            self.step = step;
            return false;
        }
        step - self.step >= steps
    }
}

/// Keeps the weights of the best moment: `keep: best(measure)`.
pub(super) struct Keeper<'a> {
    measure: &'a Measure,
    weights: Weights,
}

impl<'a> Keeper<'a> {
    /// With the weights that are the best so far.
    pub(super) fn new(measure: &'a Measure, weights: Weights) -> Self {
        Keeper { measure, weights }
    }

    /// Takes the weights if they are better than all before.
    pub(super) fn consider(
        &mut self,
        seen: &mut Seen,
        epoch: u64,
        states: &States<f32>,
        train: &Measures,
        validation: Option<&Measures>,
    ) {
        if value(self.measure, train, validation).is_some_and(|now| seen.improves(self.measure, now)) {
            self.weights.take_from(states);
            seen.epoch = epoch;
        }
    }

    /// The best weights, where there were any.
    pub(super) fn best(&self, seen: &Seen) -> Option<&Weights> {
        seen.best.is_some().then_some(&self.weights)
    }

    /// Puts the best weights back and says of which epoch they are.
    pub(super) fn restore(&self, seen: &Seen, states: &mut States<f32>) -> Option<u64> {
        self.best(seen)?.put_into(states);
        Some(seen.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::MetricValue;
    use crate::source::Span;

    fn loss(x: f64) -> Measures {
        Measures { values: vec![("loss".into(), MetricValue::Number(x))] }
    }

    #[test]
    fn patience_ends_after_so_many_steps_without_a_better_value() {
        let measure =
            Measure { split: Split::Validation, metric: "loss".into(), higher_is_better: false, span: Span::default() };
        let mut seen = Seen::default();
        let mut over = |step, x| seen.is_over((&measure, 20), step, &Measures::default(), Some(&loss(x)));
        assert!(!over(10, 1.0));
        assert!(!over(20, 0.5));
        assert!(!over(30, 0.5), "equal is not better, but there is time");
        assert!(over(40, f64::NAN));
    }
}
