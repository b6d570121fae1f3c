//! `mixup`: each example mixed with another one of its batch (Zhang et al., "mixup: beyond empirical risk
//! minimization", 2018).

use super::DrawAt;
use super::draws::Draws;

/// Who is mixed with whom in a batch, and how much of each example is left.
///
/// The partners are a permutation of the batch, drawn from the seed and the step: the one draw that depends on which
/// examples the batch has. The shares are drawn example by example.
#[derive(Debug, Default)]
pub struct Mixing {
    partners: Vec<u32>,
    shares: Vec<f32>,
}

impl Mixing {
    /// Draws for a batch of these examples.
    pub fn draw(&mut self, alpha: f64, at: DrawAt, ids: &[u64]) {
        self.none(ids.len());
        // No example has this number: examples are numbered by 32 bits.
        let mut draws = Draws::new(at, u64::MAX);
        for i in (1..self.partners.len()).rev() {
            let j = draws.below(i as u64 + 1) as usize;
            self.partners.swap(i, j);
        }
        for (share, id) in self.shares.iter_mut().zip(ids) {
            *share = Draws::new(at, *id).beta(alpha) as f32;
        }
    }

    /// Each of `batch` examples alone.
    pub fn none(&mut self, batch: usize) {
        self.partners.clear();
        self.partners.extend(0..batch as u32);
        self.shares.clear();
        self.shares.resize(batch, 1.0);
    }

    /// For each place in the batch, the place of its partner.
    pub fn partners(&self) -> &[u32] {
        &self.partners
    }

    /// For each place in the batch, the share of the example that stands there.
    pub fn shares(&self) -> &[f32] {
        &self.shares
    }

    /// Mixes the values of a field, which lie side by side. `room` is kept from step to step.
    pub fn mix(&self, values: &mut [f32], room: &mut Vec<f32>) {
        let each = values.len() / self.partners.len().max(1);
        if each == 0 {
            return;
        }
        room.clear();
        room.extend_from_slice(values);
        for ((example, partner), share) in values.chunks_exact_mut(each).zip(&self.partners).zip(&self.shares) {
            let start = *partner as usize * each;
            for (value, other) in example.iter_mut().zip(room.get(start..start + each).unwrap_or(&[])) {
                *value = share * *value + (1.0 - share) * other;
            }
        }
    }
}
