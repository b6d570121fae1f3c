//! Attention in tiles (Dao et al., "FlashAttention", 2022): the softmax of a row is built up key by key with a running
//! maximum (Milakov and Gimelshein 2018), so that no matrix of all pairs is held; the gradient computes the weights of a
//! tile again from the logarithm of their divisor.
//!
//! A piece of the forward pass is a block of queries of one head; a piece of the gradient is a head, as all queries add
//! to the gradients of its keys and values, in a fixed order. Keys (and, for the gradient, values) are turned once for all
//! queries of a piece; all products are then made of the tiles of [`super::tiles`], or where a head is no whole number of
//! those wide, by faer.
#![allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined

mod lines;

use self::lines::{clear_unseen, largest_of_seen, padded, raise, soften, sum_of_products, turn, turn_back};
use super::Range as Touched;
use super::math::with_fused;
use super::matmul::product;
use super::memory::{Bases, Place};
use super::random;
use super::tiles::{WIDEST, columns_of_a_tile, matrix};
use crate::ir::op::{AttentionDropout, Distribution};
use crate::runtime::element::Element;
use crate::runtime::feed::Feed;
use multiversion::multiversion;
use std::ops::Range;

/// Queries of a tile: few, as of the pairs that a causal tile computes, half of its width squared is for nothing.
const ROWS: usize = 32;
/// Keys of a tile; whole groups of random numbers.
const KEYS: usize = 128;
/// Lines are worked on in whole vectors: what is left over would be done number by number, at ten times the cost.
const VECTOR: usize = 16;
/// Queries of a piece, where there are many heads and where there are few.
const QUERIES: [usize; 2] = [256, 64];
const _: () = assert!(KEYS.is_multiple_of(random::GROUP) && QUERIES[0].is_multiple_of(ROWS));

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
    /// Whether threads share it.
    pub is_shared: bool,
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

    /// Queries of a piece of the forward pass.
    fn block(&self) -> usize {
        QUERIES[usize::from(self.is_shared && self.examples * self.heads < 16)].min(self.q.rows.next_multiple_of(ROWS))
    }

    fn blocks(&self) -> usize {
        if self.backward.is_some() { 1 } else { self.q.rows.div_ceil(self.block().max(1)) }
    }

    /// What it reads and what it writes.
    pub(super) fn ranges(&self) -> (Vec<Touched>, Vec<Touched>) {
        let heads = self.examples * self.heads;
        let of = |m: &Matrices| {
            let [example, head, position] = m.strides;
            let axes = [(self.examples, example), (self.heads, head), (m.rows, position), (m.width, 1)];
            Touched::strided(m.place, axes)
        };
        let mut reads = vec![of(&self.q), of(&self.k), of(&self.v), Touched::linear(self.lengths, self.examples)];
        for place in self.backward.into_iter().flatten() {
            reads.push(Touched::linear(place, heads * self.q.rows * self.packed()));
        }
        (reads, vec![Touched::linear(self.output, heads * self.result())])
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        self.examples * self.heads * self.blocks()
    }

    /// Numbers that a thread wants for itself: tiles, turned keys and values, rows of random numbers, and one or two numbers
    /// a query.
    pub fn scratch(&self) -> usize {
        let (tile, keys) = (ROWS * KEYS, self.q.width * KEYS);
        match self.backward {
            None => tile + keys + KEYS + 2 * self.block(),
            Some(_) => 2 * tile + keys + self.v.width * KEYS + KEYS + self.q.rows,
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
                    let first = block * self.block();
                    let rows = self.block().min(self.q.rows - first);
                    let place = head_of(self.output, result);
                    let place = Place { offset: place.offset + first * self.packed(), ..place };
                    run_forward(self, &one, first..first + rows, bases.write(place, rows * self.packed()), scratch);
                }
                Some([packed, gradient]) => {
                    let size = self.q.rows * self.packed();
                    let packed = bases.read(head_of(packed, size), size);
                    let gradient = bases.read(head_of(gradient, size), size);
                    run_gradient(
                        self,
                        &one,
                        [packed, gradient],
                        bases.write(head_of(self.output, result), result),
                        scratch,
                    );
                }
            }
        }
    }

    /// Keys of a tile that a query sees.
    fn seen(&self, query: usize, first_key: usize, keys: usize) -> usize {
        if self.attention.causal { (query + 1).saturating_sub(first_key).min(keys) } else { keys }
    }
}

/// # Safety
/// The head's pointers are those of checked matrices.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn run_forward<E: Element>(
    of: &Attention,
    head: &Head<E>,
    queries: Range<usize>,
    output: &mut [E],
    scratch: &mut [E],
) {
    // SAFETY: passed on.
    unsafe { with_fused!(forward::<E>(of, head, queries, output, scratch)) }
}

/// # Safety
/// As [`run_forward`].
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn run_gradient<E: Element>(
    of: &Attention,
    head: &Head<E>,
    results: [&[E]; 2],
    output: &mut [E],
    scratch: &mut [E],
) {
    // SAFETY: passed on.
    unsafe { with_fused!(gradient::<E>(of, head, results, output, scratch)) }
}

/// `c = a · b`, or added to it. `b` and `c` come with the distance of their rows; rows of `b` have at least `columns`
/// numbers.
///
/// # Safety
/// The pointers and strides are those of matrices of these sizes; the result is not an operand.
#[inline(always)]
unsafe fn times<E: Element>(
    sizes: [usize; 3],
    (a, a_strides): (*const E, [usize; 2]),
    (b, b_row): (*const E, usize),
    c: (*mut E, usize),
    adds: bool,
) {
    // SAFETY: passed on.
    unsafe {
        match sizes[2].is_multiple_of(columns_of_a_tile()) {
            true => matrix(sizes, (a, a_strides), (b, b_row), c, adds),
            false => product(sizes, (a, a_strides.map(|s| s as isize)), (b, [b_row as isize, 1]), c, adds),
        }
    }
}

/// # Safety
/// As [`run_forward`].
#[inline(always)]
unsafe fn forward<E: Element, const FUSED: bool>(
    of: &Attention,
    head: &Head<E>,
    queries: Range<usize>,
    output: &mut [E],
    scratch: &mut [E],
) {
    let (tile, rest) = scratch.split_at_mut(ROWS * KEYS);
    let (turned, rest) = rest.split_at_mut(of.q.width * KEYS);
    let (draws, rest) = rest.split_at_mut(KEYS);
    let (largest, sums) = rest.split_at_mut(of.block());
    output.fill(E::ZERO);
    largest.fill(E::LOWEST);
    sums.fill(E::ZERO);
    let (d, e, packed) = (of.q.width, of.v.width, of.packed());
    // Views of queries, keys and values go forward (`lower` sees to it).
    let [sq, sk, sv] = [of.q.strides[2], of.k.strides[2], of.v.strides[2]];
    let end = if of.attention.causal { head.length.min(queries.end) } else { head.length };
    let scale = E::from_f64(of.attention.scale);
    for start in (0..end).step_by(KEYS) {
        let all = KEYS.min(end - start);
        // SAFETY: keys of the head.
        unsafe { turn(all, d, (head.k.wrapping_offset(start as isize * sk), sk), turned) };
        let v = head.v.wrapping_offset(start as isize * sv);
        for first in queries.clone().step_by(ROWS) {
            let rows = ROWS.min(queries.end - first);
            // What the last of them sees: the others see no more.
            let keys = of.seen(first + rows - 1, start, all);
            if keys == 0 {
                continue;
            }
            let q = head.q.wrapping_offset(first as isize * sq);
            let across = keys.next_multiple_of(WIDEST);
            // SAFETY: queries of the head, whole rows of turned keys, and a tile of the scratch memory.
            unsafe {
                let (q, b, c) = ((q, [sq as usize, 1]), (turned.as_ptr(), KEYS), (tile.as_mut_ptr(), KEYS));
                times([rows, d, across], q, b, c, false);
            }
            let own = first - queries.start;
            // Row by row the same is done, one thing at a time: so the rows do not wait for each other's sums.
            let mut here = [E::LOWEST; ROWS];
            for i in 0..rows {
                let seen = of.seen(first + i, start, keys);
                here[i] = largest_of_seen(&mut tile[i * KEYS..][..padded(keys)], seen);
            }
            let corrections = raise::<E, FUSED>(here, rows, scale, &mut largest[own..], &mut sums[own..]);
            for i in 0..rows {
                let seen = padded(of.seen(first + i, start, keys));
                sums[own + i] += soften::<E, FUSED>(&mut tile[i * KEYS..][..seen], scale, largest[own + i]);
            }
            for i in 0..rows {
                if start > 0 {
                    let correction = corrections[i];
                    output[(own + i) * packed..][..e].iter_mut().for_each(|y| *y *= correction);
                }
                if let Some(drop) = &head.dropout {
                    drop.factors(head.head, first + i, start, draws);
                    tile[i * KEYS..][..padded(keys)].iter_mut().zip(&*draws).for_each(|(x, f)| *x *= *f);
                }
            }
            // SAFETY: values of the head, and the piece's own rows of the result.
            unsafe {
                let c = (output[own * packed..].as_mut_ptr(), packed);
                times([rows, keys, e], (tile.as_ptr(), [KEYS, 1]), (v, sv as usize), c, true);
            }
        }
    }
    for (i, line) in output.chunks_exact_mut(packed).enumerate() {
        // A query that sees no key has a sum of 0.
        if sums[i] != E::ZERO {
            let factor = E::ONE / sums[i];
            line[..e].iter_mut().for_each(|y| *y *= factor);
            line[e] = largest[i] + sums[i].logarithm::<FUSED>();
        }
    }
}

/// # Safety
/// As [`run_gradient`].
#[inline(always)]
unsafe fn gradient<E: Element, const FUSED: bool>(
    of: &Attention,
    head: &Head<E>,
    [result, gradient]: [&[E]; 2],
    output: &mut [E],
    scratch: &mut [E],
) {
    let (weights, rest) = scratch.split_at_mut(ROWS * KEYS);
    let (scores, rest) = rest.split_at_mut(ROWS * KEYS);
    let (turned_keys, rest) = rest.split_at_mut(of.q.width * KEYS);
    let (turned_values, rest) = rest.split_at_mut(of.v.width * KEYS);
    let (draws, means) = rest.split_at_mut(KEYS);
    let (queries, d, e, packed) = (of.q.rows, of.q.width, of.v.width, of.packed());
    let [sq, sk, sv] = [of.q.strides[2], of.k.strides[2], of.v.strides[2]];
    output.fill(E::ZERO);
    let (dq, rest) = output.split_at_mut(queries * d);
    let (dk, dv) = rest.split_at_mut(of.k.rows * d);
    // What the weighted mean of the gradients of a row's weights is, less the gradient of its logarithm.
    for ((mean, y), g) in means.iter_mut().zip(result.chunks_exact(packed)).zip(gradient.chunks_exact(packed)) {
        *mean = sum_of_products(&y[..e], &g[..e]) - g[e];
    }
    let scale = E::from_f64(of.attention.scale);
    for start in (0..head.length).step_by(KEYS) {
        let all = KEYS.min(head.length - start);
        let k = head.k.wrapping_offset(start as isize * sk);
        let v = head.v.wrapping_offset(start as isize * sv);
        // SAFETY: keys and values of the head.
        unsafe {
            turn(all, d, (k, sk), turned_keys);
            turn(all, e, (v, sv), turned_values);
        }
        for first in (0..queries).step_by(ROWS) {
            let rows = ROWS.min(queries - first);
            // What the last of them sees: the others see no more.
            let keys = of.seen(first + rows - 1, start, all);
            if keys == 0 {
                continue;
            }
            let across = keys.next_multiple_of(WIDEST);
            let q = (head.q.wrapping_offset(first as isize * sq), sq as usize);
            let g = (gradient[first * packed..].as_ptr(), packed);
            // SAFETY: blocks of the operands, tiles of the scratch memory.
            unsafe {
                let (b, c) = ((turned_keys.as_ptr(), KEYS), (weights.as_mut_ptr(), KEYS));
                times([rows, d, across], (q.0, [q.1, 1]), b, c, false);
                let (b, c) = ((turned_values.as_ptr(), KEYS), (scores.as_mut_ptr(), KEYS));
                times([rows, e, across], (g.0, [g.1, 1]), b, c, false);
            }
            for i in 0..rows {
                let seen = of.seen(first + i, start, keys);
                let lines = i * KEYS..i * KEYS + padded(keys);
                let (weights, scores) = (&mut weights[lines.clone()], &mut scores[lines]);
                let factors = match &head.dropout {
                    Some(drop) if seen > 0 => {
                        drop.factors(head.head, first + i, start, draws);
                        Some(&*draws)
                    }
                    _ => None,
                };
                let log_sum = result[(first + i) * packed + e];
                let numbers = [scale, log_sum, means[first + i]];
                turn_back::<E, FUSED>(&mut weights[..padded(seen)], &mut scores[..padded(seen)], factors, numbers);
                clear_unseen(weights, seen, E::ZERO);
                clear_unseen(scores, seen, E::ZERO);
            }
            let (w, s) = (weights.as_ptr(), scores.as_ptr());
            // SAFETY: as above, and the piece's own part of the result.
            unsafe {
                let to = (dv[start * e..].as_mut_ptr(), e);
                times([keys, rows, e], (w, [1, KEYS]), g, to, true);
                let to = (dk[start * d..].as_mut_ptr(), d);
                times([keys, rows, d], (s, [1, KEYS]), q, to, true);
                let to = (dq[first * d..].as_mut_ptr(), d);
                times([rows, keys, d], (s, [KEYS, 1]), (k, sk as usize), to, true);
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
