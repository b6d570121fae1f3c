//! Which token comes next, drawn from logits.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// How a token is drawn; the same seed draws the same.
pub(super) struct Choice {
    temperature: f64,
    top_k: Option<usize>,
    random: ChaCha8Rng,
}

impl Choice {
    /// See [`super::GenerateOptions`].
    pub(super) fn new(temperature: f64, top_k: Option<usize>, seed: u64) -> Choice {
        Choice { temperature, top_k, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// An index of the logits, which are not empty. Drawn with `exp(logit / temperature)` as weights.
    pub(super) fn draw(&mut self, logits: &[f64]) -> usize {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        let logit = |i: usize| logits.get(i).copied().filter(|x| !x.is_nan()).unwrap_or(f64::NEG_INFINITY);
        // Equal ones in their order, so that the result does not depend on the sort.
        order.sort_by(|a, b| logit(*b).total_cmp(&logit(*a)).then(a.cmp(b)));
        order.truncate(self.top_k.unwrap_or(usize::MAX).max(1));
        let Some(best) = order.first().copied() else { return 0 };
        if self.temperature <= 0.0 {
            return best;
        }
        let weight = |i: usize| ((logit(i) - logit(best)) / self.temperature).exp();
        let sum: f64 = order.iter().map(|i| weight(*i)).sum();
        let mut left = (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        for i in &order {
            left -= weight(*i);
            if left < 0.0 {
                return *i;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::Choice;

    #[test]
    fn draws_follow_the_probabilities() {
        let logits = [0.0, 2f64.ln(), f64::NEG_INFINITY, 5f64.ln()];
        let mut choice = Choice::new(1.0, None, 3);
        let mut counts = [0; 4];
        (0..8000).for_each(|_| counts[choice.draw(&logits)] += 1);
        assert_eq!(counts[2], 0);
        for (count, share) in [(counts[0], 1.0), (counts[1], 2.0), (counts[3], 5.0)] {
            assert!((f64::from(count) / 1000.0 - share).abs() < 0.15, "{counts:?}");
        }
    }

    #[test]
    fn cold_and_narrow_choices_take_the_likeliest() {
        let logits = [1.0, 3.0, 2.5];
        assert!((0..20).all(|seed| Choice::new(0.0, None, seed).draw(&logits) == 1));
        assert!((0..20).all(|seed| Choice::new(9.0, Some(1), seed).draw(&logits) == 1));
        assert!((0..50).all(|seed| Choice::new(9.0, Some(2), seed).draw(&logits) != 0));
    }
}
