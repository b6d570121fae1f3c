//! `stop: patience(…)` and `keep: best(…)`.

use super::event::Measures;
use super::weights::Weights;
use crate::check::Measure;
use crate::data::Split;
use crate::runtime::States;

/// Watches one measure for its best value.
pub(super) struct Best<'a> {
    measure: &'a Measure,
    value: Option<f64>,
}

impl<'a> Best<'a> {
    pub(super) fn new(measure: &'a Measure) -> Self {
        Best { measure, value: None }
    }

    /// Whether this is better than everything before. Something that is no number is never better.
    pub(super) fn improves(&mut self, train: &Measures, validation: Option<&Measures>) -> Option<bool> {
        let measures = match self.measure.split {
            Split::Train => Some(train),
            Split::Validation => validation,
            Split::Test => None,
        };
        let now = measures?.number(&self.measure.metric)?;
        let better = match self.value {
            _ if now.is_nan() => false,
            None => true,
            Some(best) if self.measure.higher_is_better => now > best,
            Some(best) => now < best,
        };
        if better {
            self.value = Some(now);
        }
        Some(better)
    }
}

/// Ends a train when a measure has not improved for some time.
pub(super) struct Patience<'a> {
    best: Best<'a>,
    best_step: u64,
    steps: u64,
}

impl<'a> Patience<'a> {
    pub(super) fn new(measure: &'a Measure, steps: u64) -> Self {
        Patience { best: Best::new(measure), best_step: 0, steps }
    }

    /// Whether it is at its end.
    pub(super) fn is_over(&mut self, step: u64, train: &Measures, validation: Option<&Measures>) -> bool {
        match self.best.improves(train, validation) {
            None => false,
            Some(true) => {
                self.best_step = step;
                false
            }
            Some(false) => step - self.best_step >= self.steps,
        }
    }
}

/// Keeps the weights of the best moment.
pub(super) struct Keeper<'a> {
    best: Best<'a>,
    weights: Weights,
    epoch: Option<u64>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(measure: &'a Measure, states: &States<f32>) -> Self {
        Keeper { best: Best::new(measure), weights: Weights::of(states), epoch: None }
    }

    /// Takes the weights if they are better than all before.
    pub(super) fn consider(
        &mut self,
        epoch: u64,
        states: &States<f32>,
        train: &Measures,
        validation: Option<&Measures>,
    ) {
        if self.best.improves(train, validation) == Some(true) {
            self.weights.take_from(states);
            self.epoch = Some(epoch);
        }
    }

    /// Puts the best weights back and says of which epoch they are.
    pub(super) fn restore(&self, states: &mut States<f32>) -> Option<u64> {
        if self.epoch.is_some() {
            self.weights.put_into(states);
        }
        self.epoch
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
        let mut patience = Patience::new(&measure, 20);
        let mut over = |step, x| patience.is_over(step, &Measures::default(), Some(&loss(x)));
        assert!(!over(10, 1.0));
        assert!(!over(20, 0.5));
        assert!(!over(30, 0.5), "equal is not better, but there is time");
        assert!(over(40, f64::NAN));
    }
}
