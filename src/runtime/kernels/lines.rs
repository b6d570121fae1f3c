//! Kernels along one axis of a linear tensor, seen as `[outer, n, inner]`: softmax, log-softmax, running sums, the
//! position of the largest. A piece is a range of the outer axis.

use super::math::with_fused;
use super::memory::{Bases, Place};
use super::reduce::row;
use crate::ir::op::Reduction;
use crate::runtime::element::Element;
use multiversion::multiversion;

/// Neighbouring lines that are worked on together where the axis is not the last.
const COLUMNS: usize = 64;
/// Rows up to this length are worked on several at a time.
const SHORT: usize = 32;
/// Elements of such a group of rows, at most.
const BLOCK: usize = 256;
/// Elements of a piece.
const PIECE: usize = 32 * 1024;

/// What is done along the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOp {
    /// `exp(x - max) / sum`
    Softmax,
    /// `x - max - log(sum)`
    LogSoftmax,
    /// Sums from the front.
    RunningSum,
    /// Sums from the back.
    RunningSumReversed,
    /// Position of the first largest; NaN counts as larger than all.
    ArgMax,
}

/// A computation along an axis.
#[derive(Debug, Clone)]
pub struct Lines {
    /// What.
    pub op: LineOp,
    /// Axes before, the axis, axes behind.
    pub sizes: [usize; 3],
    /// Linear.
    pub input: Place,
    /// Linear; `n` is 1 for [`LineOp::ArgMax`].
    pub output: Place,
}

impl Lines {
    /// Elements of the operand for each index of the outer axis.
    fn block(&self) -> usize {
        self.sizes[1] * self.sizes[2]
    }

    /// Elements of the result for each index of the outer axis.
    pub fn result_block(&self) -> usize {
        if self.op == LineOp::ArgMax { self.sizes[2] } else { self.block() }
    }

    fn piece(&self) -> usize {
        (PIECE / self.block().max(1)).max(1)
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        self.sizes[0].div_ceil(self.piece())
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, piece: usize) {
        let start = piece * self.piece();
        let count = self.piece().min(self.sizes[0] - start);
        let from = Place { offset: self.input.offset + start * self.block(), ..self.input };
        let to = Place { offset: self.output.offset + start * self.result_block(), ..self.output };
        // SAFETY: ranges of the outer axis are disjoint, and the operand is not the result (checked).
        let (x, y) = unsafe { (bases.read(from, count * self.block()), bases.write(to, count * self.result_block())) };
        if self.block() > 0 {
            run_lines(self.op, [count, self.sizes[1], self.sizes[2]], x, y);
        } else {
            y.fill(E::ZERO);
        }
    }
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
fn run_lines<E: Element>(op: LineOp, sizes: [usize; 3], x: &[E], y: &mut [E]) {
    with_fused!(all_lines::<E>(op, sizes, x, y));
}

#[inline(always)]
fn all_lines<E: Element, const FUSED: bool>(op: LineOp, sizes: [usize; 3], x: &[E], y: &mut [E]) {
    let [_, n, inner] = sizes;
    let block = n * inner;
    match op {
        LineOp::Softmax if inner == 1 => {
            for (x, y) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)) {
                let sum = exponentials::<E, FUSED>(x, y).1;
                let scale = E::ONE / sum;
                for y in y {
                    *y *= scale;
                }
            }
        }
        LineOp::LogSoftmax if inner == 1 && n <= SHORT => {
            for (x, y) in x.chunks(n * (BLOCK / n)).zip(y.chunks_mut(n * (BLOCK / n))) {
                short_log_softmax::<E, FUSED>(n, x, y);
            }
        }
        LineOp::LogSoftmax if inner == 1 => {
            for (x, y) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)) {
                let (largest, sum) = exponentials::<E, FUSED>(x, y);
                let log = sum.logarithm::<FUSED>();
                for (y, x) in y.iter_mut().zip(x) {
                    *y = (*x - largest) - log;
                }
            }
        }
        LineOp::Softmax | LineOp::LogSoftmax => {
            for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
                for column in (0..inner).step_by(COLUMNS) {
                    softmax_columns::<E, FUSED>(op, inner, column..(column + COLUMNS).min(inner), x, y);
                }
            }
        }
        LineOp::RunningSum | LineOp::RunningSumReversed => {
            for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
                y.copy_from_slice(x);
                for step in 1..n {
                    // Row `to` takes what row `from` has summed so far.
                    let (from, to) = if op == LineOp::RunningSum { (step - 1, step) } else { (n - step, n - step - 1) };
                    let (front, back) = y.split_at_mut(from.max(to) * inner);
                    let (low, high) = (&mut front[from.min(to) * inner..], &mut back[..inner]);
                    let (source, target) = if from < to { (&*low, high) } else { (&*high, low) };
                    for (t, s) in target.iter_mut().zip(source) {
                        *t = *s + *t;
                    }
                }
            }
        }
        LineOp::ArgMax => {
            for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(inner)) {
                for (column, y) in y.iter_mut().enumerate() {
                    let (mut best, mut largest) = (0, x[column]);
                    for i in 1..n {
                        let value = x[i * inner + column];
                        #[allow(clippy::eq_op)] // asks for NaN
                        if value > largest || (value != value && largest == largest) {
                            (best, largest) = (i, value);
                        }
                    }
                    *y = E::from_f64(best as f64);
                }
            }
        }
    }
}

/// Log-softmax of several short rows: exponentials and logarithms are taken of all of them at once, as a row alone
/// would not fill a vector.
#[inline(always)]
fn short_log_softmax<E: Element, const FUSED: bool>(n: usize, x: &[E], y: &mut [E]) {
    let mut exponentials = [E::ZERO; BLOCK];
    let mut sums = [E::ZERO; BLOCK];
    for (x, y) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)) {
        let largest = row(Reduction::Maximum, x);
        for (y, x) in y.iter_mut().zip(x) {
            *y = *x - largest;
        }
    }
    for (e, y) in exponentials.iter_mut().zip(&*y) {
        *e = y.exponential::<FUSED>();
    }
    let rows = y.len() / n;
    for (sum, e) in sums.iter_mut().zip(exponentials.chunks_exact(n)).take(rows) {
        *sum = row(Reduction::Sum, e);
    }
    for sum in &mut sums[..rows] {
        *sum = sum.logarithm::<FUSED>();
    }
    for (y, sum) in y.chunks_exact_mut(n).zip(&sums) {
        for y in y {
            *y -= *sum;
        }
    }
}

/// The largest number of a row; `y = exp(x - largest)`; the sum of those.
#[inline(always)]
fn exponentials<E: Element, const FUSED: bool>(x: &[E], y: &mut [E]) -> (E, E) {
    let largest = row(Reduction::Maximum, x);
    for (y, x) in y.iter_mut().zip(x) {
        *y = (*x - largest).exponential::<FUSED>();
    }
    (largest, row(Reduction::Sum, y))
}

#[inline(always)]
fn softmax_columns<E: Element, const FUSED: bool>(
    op: LineOp,
    inner: usize,
    columns: std::ops::Range<usize>,
    x: &[E],
    y: &mut [E],
) {
    let (mut largest, mut sums) = ([E::LOWEST; COLUMNS], [E::ZERO; COLUMNS]);
    for x in x.chunks_exact(inner) {
        for (l, x) in largest.iter_mut().zip(&x[columns.clone()]) {
            #[allow(clippy::eq_op)] // NaN stays
            if *x > *l || *x != *x {
                *l = *x;
            }
        }
    }
    for (x, y) in x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)) {
        for (((s, l), x), y) in sums.iter_mut().zip(&largest).zip(&x[columns.clone()]).zip(&mut y[columns.clone()]) {
            *y = (*x - *l).exponential::<FUSED>();
            *s += *y;
        }
    }
    if op == LineOp::Softmax {
        for y in y.chunks_exact_mut(inner) {
            for (y, s) in y[columns.clone()].iter_mut().zip(&sums) {
                *y /= *s;
            }
        }
    } else {
        for s in &mut sums {
            *s = s.logarithm::<FUSED>();
        }
        for (x, y) in x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)) {
            for (((s, l), x), y) in sums.iter().zip(&largest).zip(&x[columns.clone()]).zip(&mut y[columns.clone()]) {
                *y = (*x - *l) - *s;
            }
        }
    }
}
