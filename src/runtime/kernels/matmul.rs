//! Matrix products.
//!
//! faer multiplies the pieces, on one thread each; small products, where its packing would cost more than the work, are
//! plain loops. The pieces follow from the sizes alone.

use super::memory::{Bases, Place};
use super::reduce::{LANES, joined};
use crate::ir::op::Reduction;
use crate::runtime::element::Element;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use multiversion::multiversion;
use std::mem::MaybeUninit;

/// Multiplications of a piece that pays for its hand-over.
const PIECE: usize = 4 << 20;
/// Up to so many multiplications the plain loops win.
pub const SMALL: usize = 24 * 1024;

/// A stack of products: `[…, m, k] @ […, k, n]`, the result linear.
#[derive(Debug, Clone)]
pub struct MatMul {
    /// Axes before the matrices: size, strides of both operands; the result's follow from row-major order.
    pub stack: Vec<(usize, [isize; 2])>,
    /// Rows, inner size, columns.
    pub sizes: [usize; 3],
    /// Strides of the left operand: by row, by column.
    pub left: [isize; 2],
    /// Strides of the right operand: by row, by column.
    pub right: [isize; 2],
    /// First elements of both operands.
    pub inputs: [Place; 2],
    /// First element of the result.
    pub output: Place,
    /// Whether threads share it.
    pub is_shared: bool,
}

/// What a piece computes.
struct Block {
    matrices: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
}

impl MatMul {
    fn matrices(&self) -> usize {
        self.stack.iter().map(|s| s.0).product()
    }

    /// Matrices to a piece, pieces of the rows, pieces of the columns.
    fn grid(&self) -> (usize, usize, usize) {
        let [m, k, n] = self.sizes;
        let one = (m * k * n).max(1);
        if !self.is_shared {
            return (self.matrices().max(1), 1, 1);
        }
        if one <= PIECE && self.matrices() > 1 {
            return ((PIECE / one).max(1), 1, 1);
        }
        let wanted = (one / PIECE).clamp(1, 16).next_power_of_two();
        // The longer side is cut, as each cut packs the other side once more.
        if m >= n { (1, wanted.min(m.div_ceil(64)).max(1), 1) } else { (1, 1, wanted.min(n.div_ceil(64)).max(1)) }
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        let (per, rows, columns) = self.grid();
        self.matrices().div_ceil(per) * rows * columns
    }

    fn block(&self, piece: usize) -> Block {
        let (per, rows, columns) = self.grid();
        let [m, _, n] = self.sizes;
        let part = |size: usize, parts: usize, part: usize| {
            // Whole cache lines, so that no two pieces write one.
            let step = size.div_ceil(parts).next_multiple_of(16);
            (part * step).min(size)..((part + 1) * step).min(size)
        };
        let (stack, within) = (piece / (rows * columns), piece % (rows * columns));
        Block {
            matrices: stack * per..((stack + 1) * per).min(self.matrices()),
            rows: part(m, rows, within / columns),
            columns: part(n, columns, within % columns),
        }
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, piece: usize) {
        let Block { matrices, rows, columns } = self.block(piece);
        let [m, k, n] = self.sizes;
        let (rows_len, columns_len) = (rows.len(), columns.len());
        if rows_len == 0 || columns_len == 0 {
            return;
        }
        let [left, right] = self.inputs.map(|place| bases.pointer(place).cast_const());
        let output = bases.pointer(self.output);
        for matrix in matrices {
            let (mut a, mut b, mut rest) = (0_isize, 0_isize, matrix);
            for (size, [left, right]) in self.stack.iter().rev() {
                a += (rest % size) as isize * left;
                b += (rest % size) as isize * right;
                rest /= size;
            }
            a += rows.start as isize * self.left[0];
            b += columns.start as isize * self.right[1];
            let c = matrix * m * n + rows.start * n + columns.start;
            let (a, b, c) = (left.wrapping_offset(a), right.wrapping_offset(b), output.wrapping_add(c));
            // SAFETY: `a` and `b` begin blocks of the checked operands, `c` one of the result that no other piece
            // writes; the operands are not the result (checked).
            unsafe {
                product([rows_len, k, columns_len], (a, self.left), (b, self.right), (c, n), false);
            }
        }
    }
}

/// One product on this thread; with `add` on top of what the result holds.
///
/// # Safety
/// The pointers and strides are those of matrices of these sizes; the result is not an operand.
pub(super) unsafe fn product<E: Element>(
    [m, k, n]: [usize; 3],
    (a, sa): (*const E, [isize; 2]),
    (b, sb): (*const E, [isize; 2]),
    (c, sc): (*mut E, usize),
    add: bool,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if m * k * n <= SMALL {
            return small([m, k, n], (a, sa), (b, sb), (c, sc), add);
        }
        let a = MatRef::from_raw_parts(a, m, k, sa[0], sa[1]);
        let b = MatRef::from_raw_parts(b, k, n, sb[0], sb[1]);
        let c = MatMut::from_raw_parts_mut(c, m, n, sc as isize, 1);
        matmul(c, if add { Accum::Add } else { Accum::Replace }, a, b, E::ONE, Par::Seq);
    }
}

/// Columns of a tile.
const WIDTH: usize = 16;
/// Rows of a tile: as many sums as stay in registers.
const HEIGHT: usize = 6;
/// The largest inner size for which the right operand is packed.
const DEPTH: usize = 256;

/// A product in plain loops, in tiles that stay in registers. Where the rows of the right operand are not whole
/// vectors side by side, a panel of it is packed, with zeros for the columns that it lacks.
///
/// # Safety
/// The pointers and strides are those of matrices of these sizes; the result is not an operand.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn small<E: Element>(
    [m, k, n]: [usize; 3],
    (a, sa): (*const E, [isize; 2]),
    (b, sb): (*const E, [isize; 2]),
    (c, sc): (*mut E, usize),
    add: bool,
) {
    if n == 1 && sa[1] == 1 && sb[0] == 1 {
        for i in 0..m {
            // SAFETY: i < m.
            unsafe {
                let (a, c) = (a.offset(i as isize * sa[0]), c.add(i * sc));
                let sum = dot(k, a, b);
                *c = if add { *c + sum } else { sum };
            }
        }
        return;
    }
    let mut panel = [const { MaybeUninit::<[E; WIDTH]>::uninit() }; DEPTH];
    for column in (0..n).step_by(WIDTH) {
        let width = (n - column).min(WIDTH);
        let b = b.wrapping_offset(column as isize * sb[1]);
        let in_place = width == WIDTH && sb[1] == 1;
        if !in_place && k <= DEPTH {
            for (p, line) in panel.iter_mut().enumerate().take(k) {
                let mut packed = [E::ZERO; WIDTH];
                for (j, x) in packed.iter_mut().enumerate().take(width) {
                    // SAFETY: p < k, j < width.
                    *x = unsafe { *b.offset(p as isize * sb[0] + j as isize * sb[1]) };
                }
                line.write(packed);
            }
        }
        let packed = panel.as_ptr().cast::<E>();
        let mut row = 0;
        while row < m {
            let height = if m - row >= HEIGHT { HEIGHT } else { 1 };
            let left = (a.wrapping_offset(row as isize * sa[0]), sa);
            let to = (c.wrapping_add(row * sc + column), sc);
            // SAFETY: a tile of the matrices; `packed` has been written for every p < k where it is used.
            unsafe {
                match (in_place, k <= DEPTH, height) {
                    (true, _, HEIGHT) => tile::<E, HEIGHT>(k, WIDTH, left, (b, sb[0]), to, add),
                    (true, _, _) => tile::<E, 1>(k, WIDTH, left, (b, sb[0]), to, add),
                    (false, true, HEIGHT) => tile::<E, HEIGHT>(k, width, left, (packed, WIDTH as isize), to, add),
                    (false, true, _) => tile::<E, 1>(k, width, left, (packed, WIDTH as isize), to, add),
                    (false, false, _) => {
                        for i in 0..height as isize {
                            let left = (left.0.offset(i * sa[0]), sa);
                            dot_products(k, width, left, (b, sb), to.0.add(i as usize * sc), add);
                        }
                    }
                }
            }
            row += height;
        }
    }
}

/// The product of a row with one column, both of which lie side by side: a tile of it would be empty but for its first
/// column.
///
/// # Safety
/// Both have `k` numbers.
#[allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined
#[inline(always)]
unsafe fn dot<E: Element>(k: usize, a: *const E, b: *const E) -> E {
    let mut sums = [E::ZERO; LANES];
    let whole = k / LANES * LANES;
    for p in (0..whole).step_by(LANES) {
        // SAFETY: so many numbers lie behind p.
        let (a, b) = unsafe { (&*a.add(p).cast::<[E; LANES]>(), &*b.add(p).cast::<[E; LANES]>()) };
        for l in 0..LANES {
            sums[l] += a[l] * b[l];
        }
    }
    for p in whole..k {
        // SAFETY: p < k.
        sums[p - whole] += unsafe { *a.add(p) * *b.add(p) };
    }
    joined(Reduction::Sum, sums)
}

/// `R` rows and [`WIDTH`] columns of a product, of which `width` are kept.
///
/// # Safety
/// As [`small`]; the rows of the right operand have [`WIDTH`] numbers side by side.
#[inline(always)]
unsafe fn tile<E: Element, const R: usize>(
    k: usize,
    width: usize,
    (a, sa): (*const E, [isize; 2]),
    (b, sb): (*const E, isize),
    (c, sc): (*mut E, usize),
    add: bool,
) {
    let mut sums = [[E::ZERO; WIDTH]; R];
    for p in 0..k as isize {
        // SAFETY: p < k.
        let right = unsafe { &*b.offset(p * sb).cast::<[E; WIDTH]>() };
        for (i, sums) in sums.iter_mut().enumerate() {
            // SAFETY: i < R, p < k.
            let left = unsafe { *a.offset(i as isize * sa[0] + p * sa[1]) };
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum += left * *right;
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        // SAFETY: i < R, and `width` columns of the result from here.
        let line = unsafe { std::slice::from_raw_parts_mut(c.add(i * sc), width) };
        if add {
            line.iter_mut().zip(sums).for_each(|(to, sum)| *to += *sum);
        } else {
            line.copy_from_slice(&sums[..width]);
        }
    }
}

/// A row of a product that is too deep to pack, number by number.
///
/// # Safety
/// As [`small`].
#[inline(always)]
unsafe fn dot_products<E: Element>(
    k: usize,
    width: usize,
    (a, sa): (*const E, [isize; 2]),
    (b, sb): (*const E, [isize; 2]),
    c: *mut E,
    add: bool,
) {
    for j in 0..width {
        let mut sum = E::ZERO;
        for p in 0..k as isize {
            // SAFETY: p < k, j < width.
            sum += unsafe { *a.offset(p * sa[1]) * *b.offset(p * sb[0] + j as isize * sb[1]) };
        }
        // SAFETY: j < width.
        unsafe { *c.add(j) = if add { *c.add(j) + sum } else { sum } };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::kernels::memory::Buffer;
    use crate::runtime::kernels::memory::Space;

    /// Against three loops, over sizes around every edge, with both operands forward and turned.
    #[test]
    fn products_are_those_of_three_loops() {
        let sizes = [1, 3, 6, 7, 16, 17, 40, 300];
        let mut all = Vec::new();
        for m in sizes {
            for k in sizes {
                all.extend(sizes.map(|n| [m, k, n]));
            }
        }
        for [m, k, n] in all.into_iter().filter(|s| s.iter().product::<usize>() <= 300 * 300 * 20) {
            for turned in 0..4 {
                let mut memory = Buffer::<f64>::zeros(m * k + k * n + m * n);
                for (i, x) in memory.as_mut_slice().iter_mut().enumerate() {
                    *x = ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0;
                }
                let left = if turned & 1 == 0 { [k as isize, 1] } else { [1, m as isize] };
                let right = if turned & 2 == 0 { [n as isize, 1] } else { [1, k as isize] };
                let place = |offset| Place { space: Space::Arena, offset };
                let product = MatMul {
                    stack: Vec::new(),
                    sizes: [m, k, n],
                    left,
                    right,
                    inputs: [place(0), place(m * k)],
                    output: place(m * k + k * n),
                    is_shared: true,
                };
                let base = memory.as_mut_slice().as_mut_ptr();
                let bases = Bases { arena: base, inputs: base, states: base, literals: base, own: base };
                for piece in 0..product.pieces() {
                    // SAFETY: the memory holds both operands and the result, one behind the other.
                    unsafe { product.run(&bases, piece) };
                }
                let x = memory.as_slice();
                let at = |p: [isize; 2], i: usize, j: usize| i * p[0] as usize + j * p[1] as usize;
                for i in 0..m {
                    for j in 0..n {
                        let sum: f64 = (0..k).map(|p| x[at(left, i, p)] * x[m * k + at(right, p, j)]).sum();
                        let found = x[m * k + k * n + i * n + j];
                        assert!((sum - found).abs() < 1e-10, "{m}×{k}×{n} turned {turned}: {found} not {sum}");
                    }
                }
            }
        }
    }
}
