//! Drawing initial weights.

use crate::ir::init::Init;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The first numbers of the weight at `path`, row-major.
///
/// They depend on the seed, the path and the shape alone: adding a layer to a model does not change how the others
/// start, and neither do threads or platforms (ChaCha8 is the same everywhere, and all arithmetic is in f64).
pub fn sample(init: &Init, shape: &[usize], seed: u64, path: &str) -> Vec<f64> {
    let count = shape.iter().product();
    let mut source = Source::new(seed, path);
    match *init {
        Init::Full(value) => vec![value; count],
        Init::Uniform { low, high } => (0..count).map(|_| low + (high - low) * source.uniform()).collect(),
        Init::Normal { mean, std } => (0..count).map(|_| mean + std * source.normal()).collect(),
        Init::TruncatedNormal { mean, std } => (0..count).map(|_| mean + std * source.truncated()).collect(),
        Init::Orthogonal { gain } => orthogonal(&mut source, shape, gain),
        Init::Identity => identity(shape),
    }
}

/// A stream of random numbers of its own for each weight.
struct Source {
    rng: ChaCha8Rng,
    /// Box–Muller makes two normal numbers at a time; the second one waits here.
    spare: Option<f64>,
}

impl Source {
    fn new(seed: u64, path: &str) -> Source {
        let mut key = [0; 32];
        // Four hashes of different start make a key of 256 bits.
        for (word, chunk) in key.chunks_exact_mut(8).enumerate() {
            chunk.copy_from_slice(&hash(seed, word as u64, path).to_le_bytes());
        }
        Source { rng: ChaCha8Rng::from_seed(key), spare: None }
    }

    /// On [0, 1), with all 53 bits of an f64.
    fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Mean 0, deviation 1, by Box and Muller's method.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 - u lies in (0, 1], so that the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.uniform();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// Normal, drawn again outside ±2. One draw in 22 is; that many failures in a row do not happen.
    fn truncated(&mut self) -> f64 {
        (0..1000).map(|_| self.normal()).find(|x| x.abs() <= 2.0).unwrap_or(0.0)
    }
}

/// FNV-1a over the words, then the finalizer of SplitMix64. Written out here because it must never change: the
/// standard library's hash may.
fn hash(seed: u64, word: u64, path: &str) -> u64 {
    let mut h: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in seed.to_le_bytes().into_iter().chain(word.to_le_bytes()).chain(path.bytes()) {
        h = (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// Ones on the diagonal of the last two axes.
fn identity(shape: &[usize]) -> Vec<f64> {
    let count: usize = shape.iter().product();
    let (rows, columns) = match shape {
        [.., rows, columns] => (*rows, *columns),
        _ => (count, 1),
    };
    (0..count).map(|i| if (i / columns.max(1)) % rows.max(1) == i % columns.max(1) { 1.0 } else { 0.0 }).collect()
}

/// Orthonormal columns (or rows, where there are fewer of them) of the first axis against all others, by a QR
/// decomposition of normal numbers with Householder's reflections. The signs are those that make R's diagonal
/// positive: then, and only then, every rotation is as likely (Mezzadri 2007), as `torch.nn.init.orthogonal_` does.
fn orthogonal(source: &mut Source, shape: &[usize], gain: f64) -> Vec<f64> {
    let count: usize = shape.iter().product();
    let rows = shape.first().copied().unwrap_or(1);
    let columns = count.checked_div(rows).unwrap_or(0);
    if count == 0 {
        return Vec::new();
    }
    let (tall, narrow) = (rows.max(columns), rows.min(columns));
    // Column by column, so that a reflection works on contiguous numbers.
    let mut a: Vec<Vec<f64>> = (0..narrow).map(|_| (0..tall).map(|_| source.normal()).collect()).collect();
    let mut reflections: Vec<Vec<f64>> = Vec::with_capacity(narrow);
    let mut signs = Vec::with_capacity(narrow);
    for k in 0..narrow {
        let mut v: Vec<f64> = a.get(k).map(|column| column[k..].to_vec()).unwrap_or_default();
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let first = v.first().copied().unwrap_or(0.0);
        // R's diagonal becomes -sign(first) * length.
        let sign = if first < 0.0 { -1.0 } else { 1.0 };
        if let Some(x) = v.first_mut() {
            *x += sign * length;
        }
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm > 0.0 {
            v.iter_mut().for_each(|x| *x /= norm);
        }
        for column in a.iter_mut().skip(k) {
            reflect(&mut column[k..], &v);
        }
        signs.push(-sign);
        reflections.push(v);
    }
    // Q's columns: the reflections applied to unit vectors, last first.
    let mut result = vec![0.0; count];
    for (j, sign) in signs.iter().enumerate() {
        let mut column = vec![0.0; tall];
        column[j] = *sign * gain;
        for (k, v) in reflections.iter().enumerate().rev() {
            reflect(&mut column[k..], v);
        }
        for (i, x) in column.into_iter().enumerate() {
            let at = if rows >= columns { i * columns + j } else { j * columns + i };
            result[at] = x;
        }
    }
    result
}

/// `x - 2 v (v · x)`
fn reflect(x: &mut [f64], v: &[f64]) {
    let product: f64 = x.iter().zip(v).map(|(x, v)| x * v).sum();
    x.iter_mut().zip(v).for_each(|(x, v)| *x -= 2.0 * product * v);
}
