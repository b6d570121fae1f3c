//! Sums, maxima and minima over axes.
//!
//! No sum is ever shared between two pieces: a piece owns a range of results. Rows in memory are summed in 32 lanes
//! that are joined in a fixed order, so the bits are those of every instruction set and every number of threads.

use super::memory::{Bases, Place};
use crate::ir::op::{Binary, Reduction};
use crate::runtime::element::{Element, apply_binary};
use multiversion::multiversion;

/// Numbers that are added side by side.
pub(super) const LANES: usize = 32;
/// Rows that are added at a time.
const STEPS: usize = 4;
/// Columns whose sums are kept in the first-level cache.
const COLUMNS: usize = 1024;
/// Least columns of a piece.
const WALKED: usize = 128;
/// Elements read by a piece.
const PIECE: usize = 128 * 1024;

/// Reduces a strided operand; the result is linear.
#[derive(Debug, Clone)]
pub struct Reduce {
    /// How.
    pub reduction: Reduction,
    /// Sizes and strides of the axes of the result, joined where they continue each other.
    pub kept: Vec<(usize, isize)>,
    /// Sizes and strides of the axes that go, likewise.
    pub reduced: Vec<(usize, isize)>,
    /// First element of the operand.
    pub input: Place,
    /// First element of the result.
    pub output: Place,
}

pub(super) fn count(axes: &[(usize, isize)]) -> usize {
    axes.iter().map(|a| a.0).product()
}

/// Offset of the element with this row-major index.
#[inline(always)]
pub(super) fn offset_of(axes: &[(usize, isize)], mut index: usize) -> isize {
    let Some(((_, first), inner)) = axes.split_first() else { return 0 };
    let mut offset = 0;
    for (size, stride) in inner.iter().rev() {
        offset += (index % size) as isize * stride;
        index /= size;
    }
    // What is left is the place along the first: for one axis alone there is nothing to divide.
    offset + index as isize * first
}

impl Reduce {
    /// Whether the numbers of one result lie side by side in memory.
    fn by_rows(&self) -> bool {
        self.reduced.last().is_some_and(|r| r.1 == 1)
            || self.kept.last().is_none_or(|k| k.1 != 1 && self.reduced.last().is_some_and(|r| r.1.abs() < k.1.abs()))
    }

    /// Results of a piece.
    fn piece(&self) -> usize {
        // A multiple of a line, so that no two pieces share one; and where rows of results are walked down, so many lines
        // that memory comes as a stream.
        let least = if self.by_rows() { 16 } else { WALKED };
        (PIECE / count(&self.reduced).max(1)).next_multiple_of(16).max(least)
    }

    /// Into how many pieces it is cut: ranges of results.
    pub fn pieces(&self) -> usize {
        count(&self.kept).div_ceil(self.piece())
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, piece: usize) {
        let start = piece * self.piece();
        let end = (start + self.piece()).min(count(&self.kept));
        let place = Place { offset: self.output.offset + start, ..self.output };
        // SAFETY: the pieces' ranges of the result are disjoint, and the operand is not the result (checked).
        unsafe {
            let output = bases.write(place, end - start);
            run_range(self, bases.pointer(self.input), output, start);
        }
    }
}

#[inline(always)]
fn combine<E: Element>(reduction: Reduction, a: E, b: E) -> E {
    match reduction {
        Reduction::Sum => a + b,
        Reduction::Maximum => apply_binary(Binary::Maximum, a, b),
        Reduction::Minimum => apply_binary(Binary::Minimum, a, b),
    }
}

#[inline(always)]
fn neutral<E: Element>(reduction: Reduction) -> E {
    match reduction {
        Reduction::Sum => E::ZERO,
        Reduction::Maximum => E::LOWEST,
        Reduction::Minimum => -E::LOWEST,
    }
}

/// One number from many that lie side by side. `reduction` is a constant where this is inlined.
#[inline(always)]
pub(super) fn row<E: Element>(reduction: Reduction, x: &[E]) -> E {
    if x.len() < LANES {
        return x.iter().fold(neutral(reduction), |a, b| combine(reduction, a, *b));
    }
    let mut lanes = [neutral::<E>(reduction); LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = combine(reduction, *lane, *x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = combine(reduction, *lane, *x);
    }
    joined(reduction, lanes)
}

/// One number from all lanes, by halves. Each says how long it is: in a loop over the halves the lanes went through memory.
#[inline(always)]
pub(super) fn joined<E: Element>(reduction: Reduction, mut lanes: [E; LANES]) -> E {
    join_halves::<E, 16>(reduction, &mut lanes);
    join_halves::<E, 8>(reduction, &mut lanes);
    join_halves::<E, 4>(reduction, &mut lanes);
    join_halves::<E, 2>(reduction, &mut lanes);
    join_halves::<E, 1>(reduction, &mut lanes);
    lanes[0]
}

#[inline(always)]
fn join_halves<E: Element, const HALF: usize>(reduction: Reduction, lanes: &mut [E; LANES]) {
    for i in 0..HALF {
        lanes[i] = combine(reduction, lanes[i], lanes[i + HALF]);
    }
}

/// Combines rows of as many numbers with what there is; with nothing where they are the first.
#[allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined
#[inline(always)]
fn add_rows<E: Element>(how: Reduction, are_first: bool, [a, b, c, d]: [&[E]; STEPS], sums: &mut [E]) {
    let n = sums.len();
    let (a, b, c, d) = (&a[..n], &b[..n], &c[..n], &d[..n]);
    for i in 0..n {
        let before = if are_first { a[i] } else { combine(how, sums[i], a[i]) };
        sums[i] = combine(how, combine(how, combine(how, before, b[i]), c[i]), d[i]);
    }
}

/// # Safety
/// `input` and the strides are those of a checked operand.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn run_range<E: Element>(this: &Reduce, input: *const E, output: &mut [E], start: usize) {
    // SAFETY: passed on.
    unsafe {
        match this.reduction {
            Reduction::Sum => run_with(Reduction::Sum, this, input, output, start),
            Reduction::Maximum => run_with(Reduction::Maximum, this, input, output, start),
            Reduction::Minimum => run_with(Reduction::Minimum, this, input, output, start),
        }
    }
}

#[inline(always)]
unsafe fn run_with<E: Element>(how: Reduction, this: &Reduce, input: *const E, output: &mut [E], start: usize) {
    if count(&this.reduced) == 0 {
        output.fill(neutral(how));
        return;
    }
    if this.by_rows() {
        let (outer, inner) = match this.reduced.split_last() {
            Some((last, outer)) => (outer, *last),
            None => (&[][..], (1, 1)),
        };
        let runs = count(outer);
        for (i, y) in output.iter_mut().enumerate() {
            let base = offset_of(&this.kept, start + i);
            let mut sum = neutral(how);
            for run in 0..runs {
                // SAFETY (here and below): offsets of elements of the operand.
                let from = unsafe { input.offset(base + offset_of(outer, run)) };
                let part = if inner.1 == 1 {
                    row(how, unsafe { std::slice::from_raw_parts(from, inner.0) })
                } else {
                    (0..inner.0)
                        .fold(neutral(how), |a, j| combine(how, a, unsafe { *from.offset(j as isize * inner.1) }))
                };
                sum = if runs == 1 { part } else { combine(how, sum, part) };
            }
            *y = sum;
        }
        return;
    }
    let rows = count(&this.reduced);
    let (inner, stride) = this.kept.last().copied().unwrap_or((1, 1));
    let mut done = 0;
    while done < output.len() {
        let at = start + done;
        let run = (inner - at % inner).min(output.len() - done).min(COLUMNS);
        let sums = &mut output[done..done + run];
        let base = offset_of(&this.kept, at);
        let mut r = 0;
        if let (1, [(_, distance)]) = (stride, &this.reduced[..]) {
            // Several rows at a time, so that the sums need not be fetched for each. Added in order, as below.
            while r + STEPS <= rows {
                let x: [&[E]; STEPS] = std::array::from_fn(|step| {
                    // SAFETY: as above.
                    unsafe { std::slice::from_raw_parts(input.offset(base + (r + step) as isize * distance), run) }
                });
                add_rows(how, r == 0, x, sums);
                r += STEPS;
            }
        }
        for r in r..rows {
            // SAFETY: as above.
            let from = unsafe { input.offset(base + offset_of(&this.reduced, r)) };
            if stride == 1 {
                let x = unsafe { std::slice::from_raw_parts(from, run) };
                if r == 0 {
                    sums.copy_from_slice(x);
                } else {
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = combine(how, *sum, *x);
                    }
                }
            } else {
                for (j, sum) in sums.iter_mut().enumerate() {
                    let x = unsafe { *from.offset(j as isize * stride) };
                    *sum = if r == 0 { x } else { combine(how, *sum, x) };
                }
            }
        }
        done += run;
    }
}
