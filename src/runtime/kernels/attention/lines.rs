//! Lines of a tile: keys turned to columns, and what a softmax and its gradient do with the scores of each query.
#![allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined

use super::{KEYS, ROWS, VECTOR};
use crate::runtime::element::Element;
use crate::runtime::kernels::eight::{Eight, LANES, with_eight};
use multiversion::multiversion;

/// So many numbers in whole vectors.
pub(super) fn padded(numbers: usize) -> usize {
    numbers.next_multiple_of(VECTOR)
}

/// Writes some rows of a matrix as columns, [`KEYS`] of them; 0 where there are fewer rows.
///
/// # Safety
/// So many rows of `width` numbers can be read.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub(super) unsafe fn turn<E: Element>(rows: usize, width: usize, from: (*const E, isize), to: &mut [E]) {
    // SAFETY: passed on.
    unsafe { with_eight!(turn_by_eight::<E>(rows, width, from, to)) }
}

/// # Safety
/// As [`turn`].
#[inline(always)]
unsafe fn turn_by_eight<E: Element, V: Eight<E>>(
    rows: usize,
    width: usize,
    (from, stride): (*const E, isize),
    to: &mut [E],
) {
    let (whole_rows, whole_columns) = (rows - rows % LANES, width - width % LANES);
    for row in (0..whole_rows).step_by(LANES) {
        let from = from.wrapping_offset(row as isize * stride);
        for column in (0..whole_columns).step_by(LANES) {
            // SAFETY: eight rows and columns of the matrix, and eight lines of the other.
            unsafe {
                let mut square = [V::zero(); LANES];
                for i in 0..LANES {
                    square[i] = V::load(from.offset(i as isize * stride).add(column));
                }
                let square = turned(square);
                for i in 0..LANES {
                    square[i].store(to.as_mut_ptr().add((column + i) * KEYS + row));
                }
            }
        }
    }
    for (column, line) in to.chunks_exact_mut(KEYS).take(width).enumerate() {
        let first = if column < whole_columns { whole_rows } else { 0 };
        for row in first..rows {
            // SAFETY: a row and a column of the matrix.
            line[row] = unsafe { *from.offset(row as isize * stride + column as isize) };
        }
        line[rows..].fill(E::ZERO);
    }
}

/// Eight lines of eight as columns: a perfect shuffle of all 64, three times, exchanges the numbers of line and place.
///
/// # Safety
/// As [`Eight::zero`].
#[inline(always)]
unsafe fn turned<E, V: Eight<E>>(mut square: [V; LANES]) -> [V; LANES] {
    for _ in 0..LANES.ilog2() {
        let before = square;
        for i in 0..LANES / 2 {
            // SAFETY: the caller's promise.
            [square[2 * i], square[2 * i + 1]] = unsafe { V::together(before[i], before[i + LANES / 2]) };
        }
    }
    square
}

/// Sets what a query does not see of a line, which is whole vectors; in those behind the last that it sees, 0.
#[inline(always)]
pub(super) fn clear_unseen<E: Element>(line: &mut [E], seen: usize, value: E) {
    let (line, behind) = line.split_at_mut(padded(seen));
    for vector in behind.chunks_exact_mut(VECTOR) {
        for i in 0..VECTOR {
            vector[i] = E::ZERO;
        }
    }
    let Some(first) = line.len().checked_sub(VECTOR) else { return };
    let last = &mut line[first..];
    for i in 0..VECTOR {
        last[i] = if first + i < seen { last[i] } else { value };
    }
}

/// The largest or the sum of a vector's numbers, by halves.
#[inline(always)]
fn across<E: Element, const LARGEST: bool>(mut lanes: [E; VECTOR]) -> E {
    let mut half = VECTOR / 2;
    while half > 0 {
        for i in 0..half {
            let (a, b) = (lanes[i], lanes[i + half]);
            lanes[i] = match LARGEST {
                true => {
                    if b > a {
                        b
                    } else {
                        a
                    }
                }
                false => a + b,
            };
        }
        half /= 2;
    }
    lanes[0]
}

/// Clears what a query does not see of its scores, for which -∞ stands where they are used, and says which is the largest.
#[inline(always)]
pub(super) fn largest_of_seen<E: Element>(line: &mut [E], seen: usize) -> E {
    clear_unseen(line, seen, E::LOWEST);
    let mut lanes = [E::LOWEST; VECTOR];
    for vector in line[..padded(seen)].chunks_exact(VECTOR) {
        for i in 0..VECTOR {
            lanes[i] = if vector[i] > lanes[i] { vector[i] } else { lanes[i] };
        }
    }
    across::<E, true>(lanes)
}

/// Takes the largest of the next scores of some rows to the largest before, and gives what earlier sums and results are
/// multiplied with; the sums are.
#[inline(always)]
pub(super) fn raise<E: Element, const FUSED: bool>(
    here: [E; ROWS],
    rows: usize,
    scale: E,
    largest: &mut [E],
    sums: &mut [E],
) -> [E; ROWS] {
    let mut before = [E::LOWEST; ROWS];
    before[..rows].copy_from_slice(&largest[..rows]);
    let (mut now, mut factors) = ([E::LOWEST; ROWS], [E::ONE; ROWS]);
    for i in 0..ROWS {
        // The scale is positive: the largest stays the largest.
        let here = here[i] * scale;
        now[i] = if here > before[i] { here } else { before[i] };
        // A query that has seen no key yet has nothing to correct.
        let apart = if now[i] == E::LOWEST { E::ZERO } else { before[i] - now[i] };
        factors[i] = apart.exponential::<FUSED>();
    }
    largest[..rows].copy_from_slice(&now[..rows]);
    for (sum, factor) in sums.iter_mut().zip(factors).take(rows) {
        *sum *= factor;
    }
    factors
}

/// `exp(scale · x - largest)` for the scores of a row, and their sum.
#[inline(always)]
pub(super) fn soften<E: Element, const FUSED: bool>(line: &mut [E], scale: E, largest: E) -> E {
    let mut lanes = [E::ZERO; VECTOR];
    for vector in line.chunks_exact_mut(VECTOR) {
        for i in 0..VECTOR {
            let x = (vector[i] * scale - largest).exponential::<FUSED>();
            vector[i] = x;
            lanes[i] += x;
        }
    }
    across::<E, false>(lanes)
}

/// The product of two rows of as many numbers.
#[inline(always)]
pub(super) fn sum_of_products<E: Element>(a: &[E], b: &[E]) -> E {
    let mut lanes = [E::ZERO; VECTOR];
    let (vectors, others) = (a.chunks_exact(VECTOR), b.chunks_exact(VECTOR));
    for (i, (a, b)) in vectors.remainder().iter().zip(others.remainder()).enumerate() {
        lanes[i] = *a * *b;
    }
    for (a, b) in vectors.zip(others) {
        for i in 0..VECTOR {
            lanes[i] += a[i] * b[i];
        }
    }
    across::<E, false>(lanes)
}

/// From scores and gradients of weights to weights (dropped ones 0) and gradients of scores.
#[inline(always)]
pub(super) fn turn_back<E: Element, const FUSED: bool>(
    weights: &mut [E],
    scores: &mut [E],
    factors: Option<&[E]>,
    [scale, log_sum, mean]: [E; 3],
) {
    match factors {
        None => {
            for (w, s) in weights.iter_mut().zip(scores) {
                *w = (*w * scale - log_sum).exponential::<FUSED>();
                *s = *w * (*s - mean) * scale;
            }
        }
        Some(factors) => {
            for ((w, s), f) in weights.iter_mut().zip(scores).zip(factors) {
                *w = (*w * scale - log_sum).exponential::<FUSED>();
                *s = *w * (*s * *f - mean) * scale;
                *w *= *f;
            }
        }
    }
}
