//! Attention in tiles (Dao et al., "FlashAttention", 2022): the softmax of a row is built up key by key with a running
//! maximum (Milakov and Gimelshein 2018), so that no matrix of all pairs is held; the gradient computes the weights of a
//! tile again from the logarithm of their divisor.
//!
//! A piece of the forward pass is a block of queries of one head; a piece of the gradient is a head, as all queries add
//! to the gradients of its keys and values, in a fixed order.

use super::Range;
use super::matmul::product;
use super::memory::{Bases, Place};
use super::random;
use super::reduce::row;
use crate::ir::op::{AttentionDropout, Distribution, Reduction};
use crate::runtime::element::Element;
use crate::runtime::feed::Feed;
use multiversion::multiversion;

/// Queries of a tile.
const ROWS: usize = 64;
/// Keys of a tile; whole groups of random numbers.
const KEYS: usize = 128;
const _: () = assert!(KEYS.is_multiple_of(random::GROUP));

/// The queries, keys or values of all heads.
#[derive(Debug, Clone, Copy)]
pub struct Matrices {
    /// The first element.
    pub place: Place,
    /// Strides by example, head and position; the numbers of a position lie side by side.
    pub strides: [isize; 3],
    /// Positions.
    pub rows: usize,
    /// Numbers of a position.
    pub width: usize,
}

/// Attention or its gradient.
#[derive(Debug, Clone)]
pub struct Attention {
    /// What is computed.
    pub attention: crate::ir::op::Attention,
    /// Examples.
    pub examples: usize,
    /// Heads of an example.
    pub heads: usize,
    /// `[B, H, Tq, d]`
    pub q: Matrices,
    /// `[B, H, Tk, d]`
    pub k: Matrices,
    /// `[B, H, Tk, e]`
    pub v: Matrices,
    /// How many keys count, `[B]`.
    pub lengths: Place,
    /// For the gradient: the result `[B, H, Tq, e + 1]`, and the gradient of it.
    pub backward: Option<[Place; 2]>,
    /// `[B, H, Tq, e + 1]`; of the gradient `[B, H, Tq·d + Tk·d + Tk·e]`.
    pub output: Place,
}

/// What a piece works on.
struct Head<E> {
    q: *const E,
    k: *const E,
    v: *const E,
    /// Keys that count.
    length: usize,
    /// Which head of its example.
    head: usize,
    dropout: Option<Draws>,
}

/// Where dropout gets its numbers.
#[derive(Clone, Copy)]
struct Draws {
    key: u64,
    example: u64,
    share: f64,
}

impl Attention {
    fn packed(&self) -> usize {
        self.v.width + 1
    }

    fn result(&self) -> usize {
        let (queries, keys) = (self.q.rows, self.k.rows);
        match self.backward {
            None => queries * self.packed(),
            Some(_) => (queries + keys) * self.q.width + keys * self.v.width,
        }
    }

    fn blocks(&self) -> usize {
        if self.backward.is_some() { 1 } else { self.q.rows.div_ceil(ROWS) }
    }

    /// What it reads and what it writes.
    pub(super) fn ranges(&self) -> (Vec<Range>, Vec<Range>) {
        let heads = self.examples * self.heads;
        let of = |m: &Matrices| {
            let [example, head, position] = m.strides;
            let axes = [(self.examples, example), (self.heads, head), (m.rows, position), (m.width, 1)];
            Range::strided(m.place, axes)
        };
        let mut reads = vec![of(&self.q), of(&self.k), of(&self.v), Range::linear(self.lengths, self.examples)];
        for place in self.backward.into_iter().flatten() {
            reads.push(Range::linear(place, heads * self.q.rows * self.packed()));
        }
        (reads, vec![Range::linear(self.output, heads * self.result())])
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        self.examples * self.heads * self.blocks()
    }

    /// Numbers that a thread wants for itself: tiles, rows of random numbers, and one or two numbers a query.
    pub fn scratch(&self) -> usize {
        let tile = ROWS * KEYS;
        match self.backward {
            None => tile + KEYS + 2 * ROWS,
            Some(_) => 2 * tile + KEYS + self.q.rows,
        }
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`; `scratch` has [`Attention::scratch`] numbers.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, feed: &Feed, scratch: *mut E, piece: usize) {
        let (at, block) = (piece / self.blocks(), piece % self.blocks());
        let (example, head) = (at / self.heads, at % self.heads);
        let of = |m: &Matrices| {
            let offset = m.strides[0] * example as isize + m.strides[1] * head as isize;
            bases.pointer(m.place).wrapping_offset(offset).cast_const()
        };
        // SAFETY: checked ranges that nobody writes; the piece's own part of the scratch memory and of the result.
        unsafe {
            let length = bases.read(self.lengths, self.examples)[example].to_index().min(self.k.rows);
            let dropout = self.attention.dropout.map(|AttentionDropout { stream, share }| Draws {
                key: random::key(feed, stream),
                example: feed.examples.get(example).copied().unwrap_or(example as u64),
                share,
            });
            let one = Head { q: of(&self.q), k: of(&self.k), v: of(&self.v), length, head, dropout };
            let scratch = std::slice::from_raw_parts_mut(scratch, self.scratch());
            let result = self.result();
            let head_of = |place: Place, size: usize| Place { offset: place.offset + at * size, ..place };
            match self.backward {
                None => {
                    let first = block * ROWS;
                    let rows = ROWS.min(self.q.rows - first);
                    let place = head_of(self.output, result);
                    let place = Place { offset: place.offset + first * self.packed(), ..place };
                    self.forward(&one, first, rows, bases.write(place, rows * self.packed()), scratch);
                }
                Some([packed, gradient]) => {
                    let size = self.q.rows * self.packed();
                    let packed = bases.read(head_of(packed, size), size);
                    let gradient = bases.read(head_of(gradient, size), size);
                    self.gradient(&one, packed, gradient, bases.write(head_of(self.output, result), result), scratch);
                }
            }
        }
    }

    /// Keys of a tile that a query sees.
    fn seen(&self, query: usize, first_key: usize, keys: usize) -> usize {
        if self.attention.causal { (query + 1).saturating_sub(first_key).min(keys) } else { keys }
    }

    /// # Safety
    /// The head's pointers are those of checked matrices.
    unsafe fn forward<E: Element>(&self, of: &Head<E>, first: usize, rows: usize, output: &mut [E], scratch: &mut [E]) {
        let (tile, rest) = scratch.split_at_mut(ROWS * KEYS);
        let (draws, rest) = rest.split_at_mut(KEYS);
        let (largest, sums) = rest.split_at_mut(ROWS);
        output.fill(E::ZERO);
        largest.fill(E::LOWEST);
        sums.fill(E::ZERO);
        let (d, e, packed) = (self.q.width, self.v.width, self.packed());
        let [sq, sk, sv] = [self.q.strides[2], self.k.strides[2], self.v.strides[2]];
        let end = if self.attention.causal { of.length.min(first + rows) } else { of.length };
        let scale = E::from_f64(self.attention.scale);
        for start in (0..end).step_by(KEYS) {
            let keys = KEYS.min(end - start);
            let q = of.q.wrapping_offset(first as isize * sq);
            let k = of.k.wrapping_offset(start as isize * sk);
            // SAFETY: blocks of the operands, and a tile of the scratch memory.
            unsafe { product([rows, d, keys], (q, [sq, 1]), (k, [1, sk]), (tile.as_mut_ptr(), KEYS), false) };
            for i in 0..rows {
                let line = &mut tile[i * KEYS..][..keys];
                let (line, behind) = line.split_at_mut(self.seen(first + i, start, keys));
                behind.fill(E::ZERO);
                if line.is_empty() {
                    continue;
                }
                let correction = soften(line, scale, &mut largest[i], &mut sums[i]);
                if start > 0 {
                    output[i * packed..][..e].iter_mut().for_each(|y| *y *= correction);
                }
                if let Some(drop) = &of.dropout {
                    drop.factors(of.head, first + i, start, draws);
                    line.iter_mut().zip(&*draws).for_each(|(x, f)| *x *= *f);
                }
            }
            let v = of.v.wrapping_offset(start as isize * sv);
            // SAFETY: as above, and the piece's own rows of the result.
            unsafe {
                product(
                    [rows, keys, e],
                    (tile.as_ptr(), [KEYS as isize, 1]),
                    (v, [sv, 1]),
                    (output.as_mut_ptr(), packed),
                    true,
                )
            };
        }
        for (i, line) in output.chunks_exact_mut(packed).enumerate() {
            // A query that sees no key has a sum of 0.
            if sums[i] != E::ZERO {
                let factor = E::ONE / sums[i];
                line[..e].iter_mut().for_each(|y| *y *= factor);
                line[e] = largest[i] + sums[i].logarithm();
            }
        }
    }

    /// # Safety
    /// The head's pointers are those of checked matrices.
    unsafe fn gradient<E: Element>(
        &self,
        of: &Head<E>,
        result: &[E],
        gradient: &[E],
        output: &mut [E],
        scratch: &mut [E],
    ) {
        let (weights, rest) = scratch.split_at_mut(ROWS * KEYS);
        let (scores, rest) = rest.split_at_mut(ROWS * KEYS);
        let (draws, means) = rest.split_at_mut(KEYS);
        let (queries, d, e, packed) = (self.q.rows, self.q.width, self.v.width, self.packed());
        let [sq, sk, sv] = [self.q.strides[2], self.k.strides[2], self.v.strides[2]];
        output.fill(E::ZERO);
        let (dq, rest) = output.split_at_mut(queries * d);
        let (dk, dv) = rest.split_at_mut(self.k.rows * d);
        // What the weighted mean of the gradients of a row's weights is, less the gradient of its logarithm.
        for ((mean, y), g) in means.iter_mut().zip(result.chunks_exact(packed)).zip(gradient.chunks_exact(packed)) {
            let mut sum = E::ZERO;
            y[..e].iter().zip(&g[..e]).for_each(|(y, g)| sum += *y * *g);
            *mean = sum - g[e];
        }
        let scale = E::from_f64(self.attention.scale);
        for start in (0..of.length).step_by(KEYS) {
            let keys = KEYS.min(of.length - start);
            let k = of.k.wrapping_offset(start as isize * sk);
            let v = of.v.wrapping_offset(start as isize * sv);
            for first in (0..queries).step_by(ROWS) {
                let rows = ROWS.min(queries - first);
                if self.seen(first + rows - 1, start, keys) == 0 {
                    continue;
                }
                let q = of.q.wrapping_offset(first as isize * sq);
                let g = gradient[first * packed..].as_ptr();
                let across = KEYS as isize;
                // SAFETY: blocks of the operands, tiles of the scratch memory.
                unsafe {
                    product([rows, d, keys], (q, [sq, 1]), (k, [1, sk]), (weights.as_mut_ptr(), KEYS), false);
                    product(
                        [rows, e, keys],
                        (g, [packed as isize, 1]),
                        (v, [1, sv]),
                        (scores.as_mut_ptr(), KEYS),
                        false,
                    );
                }
                for i in 0..rows {
                    let seen = self.seen(first + i, start, keys);
                    let (weights, behind) = weights[i * KEYS..][..keys].split_at_mut(seen);
                    behind.fill(E::ZERO);
                    let (scores, behind) = scores[i * KEYS..][..keys].split_at_mut(seen);
                    behind.fill(E::ZERO);
                    let factors = match &of.dropout {
                        Some(drop) if seen > 0 => {
                            drop.factors(of.head, first + i, start, draws);
                            Some(&*draws)
                        }
                        _ => None,
                    };
                    let log_sum = result[(first + i) * packed + e];
                    turn_back(weights, scores, factors, [scale, log_sum, means[first + i]]);
                }
                let (w, s) = (weights.as_ptr(), scores.as_ptr());
                // SAFETY: as above, and the piece's own part of the result.
                unsafe {
                    let to = (dv[start * e..].as_mut_ptr(), e);
                    product([keys, rows, e], (w, [1, across]), (g, [packed as isize, 1]), to, true);
                    let to = (dk[start * d..].as_mut_ptr(), d);
                    product([keys, rows, d], (s, [1, across]), (q, [sq, 1]), to, true);
                    let to = (dq[first * d..].as_mut_ptr(), d);
                    product([rows, keys, d], (s, [across, 1]), (k, [sk, 1]), to, true);
                }
            }
        }
    }
}

impl Draws {
    /// What the weights of a query from a key on are multiplied with.
    fn factors<E: Element>(&self, head: usize, query: usize, key: usize, factors: &mut [E]) {
        let start = AttentionDropout::position(head, query, key);
        random::fill(Distribution::Uniform, self.key, self.example, start, factors);
        let (share, kept) = (E::from_f64(self.share), E::from_f64(1.0 / (1.0 - self.share)));
        factors.iter_mut().for_each(|x| *x = if *x < share { E::ZERO } else { kept });
    }
}

/// `exp(scale · x - largest)` for the scores of a row's next keys, with the maximum and the sum so far; gives what the
/// earlier results are multiplied with.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
fn soften<E: Element>(line: &mut [E], scale: E, largest: &mut E, sum: &mut E) -> E {
    line.iter_mut().for_each(|x| *x *= scale);
    let here = row(Reduction::Maximum, line);
    let now = if here > *largest { here } else { *largest };
    line.iter_mut().for_each(|x| *x = (*x - now).exponential());
    let correction = (*largest - now).exponential();
    *sum = *sum * correction + row(Reduction::Sum, line);
    *largest = now;
    correction
}

/// From scores and gradients of weights to weights (dropped ones 0) and gradients of scores.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
fn turn_back<E: Element>(weights: &mut [E], scores: &mut [E], factors: Option<&[E]>, [scale, log_sum, mean]: [E; 3]) {
    match factors {
        None => {
            for (w, s) in weights.iter_mut().zip(scores) {
                *w = (*w * scale - log_sum).exponential();
                *s = *w * (*s - mean) * scale;
            }
        }
        Some(factors) => {
            for ((w, s), f) in weights.iter_mut().zip(scores).zip(factors) {
                *w = (*w * scale - log_sum).exponential();
                *s = *w * (*s * *f - mean) * scale;
                *w *= *f;
            }
        }
    }
}
