//! Draws by counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).

use super::DrawAt;

/// The draws of one example in one operation of one step, in order.
pub(super) struct Draws {
    key: u64,
    example: u64,
    block: u64,
    words: [u32; 4],
    /// Words of the block that have been given.
    given: usize,
    spare: Option<f64>,
}

/// Mixes 64 bits (the finaliser of splitmix64).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Keeps these draws apart from those of random nodes, which mix the same things.
const AUGMENTATION: u64 = 0x6175_676d_656e_7400;

impl Draws {
    pub(super) fn new(at: DrawAt, example: u64) -> Self {
        let golden = 0x9e37_79b9_7f4a_7c15_u64;
        let key = mix(mix(mix(at.seed.wrapping_add(golden)) ^ at.step).wrapping_add(golden) ^ u64::from(at.operation));
        Draws { key: mix(key ^ AUGMENTATION), example, block: 0, words: [0; 4], given: 4, spare: None }
    }

    fn word(&mut self) -> u32 {
        if self.given == self.words.len() {
            self.words = philox(self.key, self.example, self.block);
            self.block += 1;
            self.given = 0;
        }
        let word = self.words.get(self.given).copied().unwrap_or(0);
        self.given += 1;
        word
    }

    fn long(&mut self) -> u64 {
        u64::from(self.word()) | u64::from(self.word()) << 32
    }

    /// A number in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.long() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `bound` (0 where that is 0), each equally likely.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Lemire's method: the high half of a product, redrawn in the sliver that would favour some numbers.
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.long()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// A draw from the standard normal distribution (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 - unit() is never 0.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.unit();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// A draw from Beta(alpha, alpha), by two Gamma draws. Those of a small alpha are smaller than any number, so their
    /// logarithms are compared.
    pub(super) fn beta(&mut self, alpha: f64) -> f64 {
        let (a, b) = (self.log_gamma_draw(alpha), self.log_gamma_draw(alpha));
        1.0 / (1.0 + (b - a).exp())
    }

    /// The logarithm of a draw from Gamma(alpha, 1): Marsaglia and Tsang, "A simple method for generating gamma
    /// variables", 2000. A draw of alpha below 1 is one of alpha + 1 times U^(1/alpha).
    fn log_gamma_draw(&mut self, alpha: f64) -> f64 {
        let boost = if alpha < 1.0 { (1.0 - self.unit()).ln() / alpha } else { 0.0 };
        let d = if alpha < 1.0 { alpha + 1.0 } else { alpha } - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            let u = 1.0 - self.unit();
            if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return (d * v).ln() + boost;
            }
        }
    }
}

/// Ten rounds on one block.
fn philox(key: u64, example: u64, block: u64) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = [block as u32, (block >> 32) as u32, example as u32, (example >> 32) as u32];
    let (mut k0, mut k1) = (key as u32, (key >> 32) as u32);
    for _ in 0..10 {
        let (p0, p1) = (u64::from(c0) * 0xd251_1f53, u64::from(c2) * 0xcd9e_8d57);
        (c0, c1, c2, c3) = ((p1 >> 32) as u32 ^ c1 ^ k0, p1 as u32, (p0 >> 32) as u32 ^ c3 ^ k1, p0 as u32);
        (k0, k1) = (k0.wrapping_add(0x9e37_79b9), k1.wrapping_add(0xbb67_ae85));
    }
    [c0, c1, c2, c3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_words() {
        // Random123's known answers, kat_vectors: philox4x32 10.
        assert_eq!(philox(0, 0, 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox(u64::MAX, u64::MAX, u64::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    }

    #[test]
    fn draws_have_their_moments() {
        let moments = |draw: &mut dyn FnMut(u64) -> f64| {
            let all: Vec<f64> = (0..40_000).map(draw).collect();
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            (mean, all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64)
        };
        let new = |example| Draws::new(DrawAt { seed: 1, step: 2, operation: 0 }, example);
        let close = |have: (f64, f64), want: (f64, f64)| {
            assert!((have.0 - want.0).abs() < 0.01 && (have.1 - want.1).abs() < 0.01, "{have:?} against {want:?}");
        };
        close(moments(&mut |i| new(i).unit()), (0.5, 1.0 / 12.0));
        close(moments(&mut |i| new(i).normal()), (0.0, 1.0));
        close(moments(&mut |i| new(i).below(5) as f64 / 2.0), (1.0, 0.5));
        for alpha in [0.1, 0.4, 1.0, 3.0] {
            // The variance of Beta(a, a) is 1 / (4 (2 a + 1)).
            close(moments(&mut |i| new(i).beta(alpha)), (0.5, 0.25 / (2.0 * alpha + 1.0)));
        }
        assert!((0..2000).map(|i| new(i).beta(1e-3)).all(|x| (0.0..=1.0).contains(&x)));
    }
}
