//! Matrix products.
//!
//! faer multiplies the pieces, on one thread each; small products, where its packing would cost more than the work, are
//! plain loops. The pieces follow from the sizes alone.

use super::memory::{Bases, Place};
use crate::runtime::element::Element;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use multiversion::multiversion;

/// Multiplications of a piece that pays for its hand-over.
const PIECE: usize = 4 << 20;
/// Up to so many multiplications the plain loops win.
const SMALL: usize = 24 * 1024;

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
                if rows_len * k * columns_len <= SMALL {
                    small([rows_len, k, columns_len], (a, self.left), (b, self.right), (c, n));
                } else {
                    let a = MatRef::from_raw_parts(a, rows_len, k, self.left[0], self.left[1]);
                    let b = MatRef::from_raw_parts(b, k, columns_len, self.right[0], self.right[1]);
                    let c = MatMut::from_raw_parts_mut(c, rows_len, columns_len, n as isize, 1);
                    matmul(c, Accum::Replace, a, b, E::ONE, Par::Seq);
                }
            }
        }
    }
}

/// A product in plain loops, in tiles of columns that stay in registers.
///
/// # Safety
/// The pointers and strides are those of matrices of these sizes; the result is not an operand.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn small<E: Element>(
    sizes: [usize; 3],
    (a, sa): (*const E, [isize; 2]),
    (b, sb): (*const E, [isize; 2]),
    (c, sc): (*mut E, usize),
) {
    let [m, k, n] = sizes;
    let mut column = 0;
    while column < n {
        let width = (n - column).min(16);
        let mut row = 0;
        while row < m {
            let height = (m - row).min(4);
            // SAFETY: a tile of the matrices.
            unsafe {
                let a = a.offset(row as isize * sa[0]);
                let b = b.offset(column as isize * sb[1]);
                let c = c.add(row * sc + column);
                match (height, width, sb[1]) {
                    (4, 16, 1) => tile::<E, 4, 16>(k, 4, 16, (a, sa), (b, [sb[0], 1]), (c, sc)),
                    (_, 16, 1) => tile::<E, 4, 16>(k, height, 16, (a, sa), (b, [sb[0], 1]), (c, sc)),
                    (4, _, _) => tile::<E, 4, 16>(k, 4, width, (a, sa), (b, sb), (c, sc)),
                    _ => tile::<E, 4, 16>(k, height, width, (a, sa), (b, sb), (c, sc)),
                }
            }
            row += height;
        }
        column += width;
    }
}

/// At most `R` rows and `C` columns of a product.
///
/// # Safety
/// As [`small`].
#[inline(always)]
unsafe fn tile<E: Element, const R: usize, const C: usize>(
    k: usize,
    height: usize,
    width: usize,
    (a, sa): (*const E, [isize; 2]),
    (b, sb): (*const E, [isize; 2]),
    (c, sc): (*mut E, usize),
) {
    let mut sums = [[E::ZERO; C]; R];
    for p in 0..k as isize {
        let mut right = [E::ZERO; C];
        for (j, right) in right.iter_mut().enumerate().take(width) {
            // SAFETY: p < k, j < width.
            *right = unsafe { *b.offset(p * sb[0] + j as isize * sb[1]) };
        }
        for (i, sums) in sums.iter_mut().enumerate().take(height) {
            // SAFETY: i < height, p < k.
            let left = unsafe { *a.offset(i as isize * sa[0] + p * sa[1]) };
            for (sum, right) in sums.iter_mut().zip(&right) {
                *sum = *sum + left * *right;
            }
        }
    }
    for (i, sums) in sums.iter().enumerate().take(height) {
        for (j, sum) in sums.iter().enumerate().take(width) {
            // SAFETY: i < height, j < width.
            unsafe { *c.add(i * sc + j) = *sum };
        }
    }
}
