//! Seeded draws that never change: only the raw ChaCha stream comes from a crate, all else is fixed here.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws.
pub(crate) struct Stream {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Stream {
    /// The stream of a seed. `purpose` and `round` keep streams of one seed apart.
    pub(crate) fn new(seed: u64, purpose: Purpose, round: u64) -> Self {
        let mut key = [0u8; 32];
        let words = [seed, purpose as u64, round];
        for (slot, byte) in key.iter_mut().zip(words.iter().flat_map(|w| w.to_le_bytes())) {
            *slot = byte;
        }
        Stream { rng: ChaCha8Rng::from_seed(key), spare: None }
    }

    /// A whole number below `bound` (which is not 0), each equally likely.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // Lemire's method: the high half of a product, redrawn in the sliver that would favour some numbers.
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.rng.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A draw from the standard normal distribution.
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // Box–Muller; 1 - unit() is never 0.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.unit();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// Puts the items in random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }
}

/// What draws are for. The numbers are part of the results: never change one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Generated tables.
    Generate = 1,
    /// Which example goes into which split.
    Split = 2,
    /// The order of an epoch.
    Shuffle = 3,
    /// The order of batches that were formed by length.
    Buckets = 4,
    /// The points of a sweep.
    Sweep = 5,
    /// The order of the blocks of an epoch.
    Blocks = 6,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_never_change() {
        let mut order: Vec<u32> = (0..8).collect();
        Stream::new(7, Purpose::Split, 0).shuffle(&mut order);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..8).collect::<Vec<_>>());
        assert_eq!(order, [1, 2, 3, 6, 0, 5, 4, 7], "the split of every user would change");
    }

    #[test]
    fn normal_draws_are_standard() {
        let mut s = Stream::new(1, Purpose::Generate, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| s.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }
}
