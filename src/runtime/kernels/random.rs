//! Random numbers by counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
//!
//! A number is a function of seed, step, stream, example and position in the example. No state is carried along, so
//! neither threads nor the place in the batch matter, and f32 and f64 runs draw the same numbers.

use super::math;
use super::memory::{Bases, Place};
use crate::ir::op::Distribution;
use crate::runtime::element::Element;
use crate::runtime::feed::Feed;
use multiversion::multiversion;

/// Blocks of four words that are made side by side.
const LANES: usize = 16;
/// Numbers of such a group.
pub(super) const GROUP: usize = 4 * LANES;
/// Elements of a piece.
const PIECE: usize = 16 * 1024;

/// A tensor of random numbers, linear.
#[derive(Debug, Clone)]
pub struct Random {
    /// Tells apart the operations of a graph.
    pub stream: u32,
    /// How they are distributed.
    pub distribution: Distribution,
    /// Rows: examples.
    pub rows: usize,
    /// Numbers of an example.
    pub width: usize,
    /// The result.
    pub output: Place,
}

/// Mixes 64 bits (the finaliser of splitmix64).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Random {
    fn piece(&self) -> usize {
        (PIECE / self.width.max(1)).max(1)
    }

    /// Into how many pieces it is cut: ranges of examples.
    pub fn pieces(&self) -> usize {
        self.rows.div_ceil(self.piece())
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The result was checked by `Code::new`.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, feed: &Feed, piece: usize) {
        let start = piece * self.piece();
        let end = (start + self.piece()).min(self.rows);
        let key = key(feed, self.stream);
        for row in start..end {
            let example = feed.examples.get(row).copied().unwrap_or(row as u64);
            let place = Place { offset: self.output.offset + row * self.width, ..self.output };
            // SAFETY: rows are disjoint.
            fill(self.distribution, key, example, 0, unsafe { bases.write(place, self.width) });
        }
    }
}

/// What all draws of an operation in a step share.
pub(super) fn key(feed: &Feed, stream: u32) -> u64 {
    let golden = 0x9e37_79b9_7f4a_7c15_u64;
    mix(mix(mix(feed.seed.wrapping_add(golden)) ^ feed.step).wrapping_add(golden) ^ u64::from(stream))
}

/// The numbers of one example from position `start` on, a multiple of [`GROUP`].
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub(super) fn fill<E: Element>(distribution: Distribution, key: u64, example: u64, start: usize, output: &mut [E]) {
    for (group, output) in output.chunks_mut(GROUP).enumerate() {
        let words = philox(key, example, ((start / GROUP + group) * LANES) as u64);
        let mut numbers = [0.0_f32; GROUP];
        match distribution {
            Distribution::Uniform => {
                for (lane, words) in numbers.chunks_exact_mut(LANES).zip(&words) {
                    for (y, word) in lane.iter_mut().zip(words) {
                        *y = (word >> 8) as i32 as f32 * (1.0 / 16_777_216.0);
                    }
                }
            }
            Distribution::Normal => {
                // Box and Muller: two numbers from two words.
                for pair in 0..2 {
                    for lane in 0..LANES {
                        // In (0, 1], so that the logarithm is finite.
                        let u = ((words[2 * pair][lane] >> 8) as i32 as f32 + 1.0) * (1.0 / 16_777_216.0);
                        let turn =
                            (words[2 * pair + 1][lane] >> 8) as i32 as f32 * (std::f32::consts::TAU / 16_777_216.0);
                        let radius = (-2.0 * math::ln::<false>(u)).sqrt();
                        numbers[2 * pair * LANES + lane] = radius * math::cos(turn);
                        numbers[(2 * pair + 1) * LANES + lane] = radius * math::sin(turn);
                    }
                }
            }
        }
        for (y, x) in output.iter_mut().zip(numbers) {
            *y = E::from_f32(x);
        }
    }
}

/// Ten rounds on blocks `first ..`, side by side; word `w` of block `first + lane` is `[w][lane]`.
#[allow(clippy::needless_range_loop)] // four arrays, walked side by side
#[inline(always)]
fn philox(key: u64, example: u64, first: u64) -> [[u32; LANES]; 4] {
    let mut c = [[0; LANES], [(first >> 32) as u32; LANES], [example as u32; LANES], [(example >> 32) as u32; LANES]];
    for lane in 0..LANES {
        c[0][lane] = (first as u32).wrapping_add(lane as u32);
    }
    let (mut k0, mut k1) = (key as u32, (key >> 32) as u32);
    for _ in 0..10 {
        for lane in 0..LANES {
            let p0 = u64::from(c[0][lane]) * 0xd251_1f53;
            let p1 = u64::from(c[2][lane]) * 0xcd9e_8d57;
            c[0][lane] = (p1 >> 32) as u32 ^ c[1][lane] ^ k0;
            c[1][lane] = p1 as u32;
            c[2][lane] = (p0 >> 32) as u32 ^ c[3][lane] ^ k1;
            c[3][lane] = p0 as u32;
        }
        k0 = k0.wrapping_add(0x9e37_79b9);
        k1 = k1.wrapping_add(0xbb67_ae85);
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_words() {
        // Random123's known answers, kat_vectors: philox4x32 10.
        let first = |key, example, block| philox(key, example, block).map(|w| w[0]);
        assert_eq!(first(0, 0, 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(first(u64::MAX, u64::MAX, u64::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    }

    #[test]
    fn moments_are_right() {
        for (distribution, mean, variance) in
            [(Distribution::Uniform, 0.5, 1.0 / 12.0), (Distribution::Normal, 0.0, 1.0)]
        {
            let mut x = vec![0.0_f64; 200_000];
            fill(distribution, mix(7), 3, 0, &mut x);
            let n = x.len() as f64;
            let m = x.iter().sum::<f64>() / n;
            let v = x.iter().map(|x| (x - m).powi(2)).sum::<f64>() / n;
            assert!((m - mean).abs() < 0.01 && (v - variance).abs() < 0.01, "{distribution:?}: {m} {v}");
            // The beginning of a longer draw is the shorter draw.
            let mut short = vec![0.0_f64; 70];
            fill(distribution, mix(7), 3, 0, &mut short);
            assert_eq!(short, x[..70]);
            fill(distribution, mix(7), 3, 2 * GROUP, &mut short);
            assert_eq!(short, x[2 * GROUP..2 * GROUP + 70]);
        }
    }
}
