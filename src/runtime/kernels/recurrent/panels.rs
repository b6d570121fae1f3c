//! Products of a few rows with a matrix that is used again and again: it is packed into panels of some columns each,
//! which are then read one number behind the other.

use crate::runtime::element::Element;
use crate::runtime::kernels::tiles::{WIDEST, matrix};

/// Columns of a panel.
const WIDTH: usize = WIDEST;

/// Numbers of the panels of a `[depth, columns]` matrix.
pub fn size(depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(WIDTH)
}

/// Packs a matrix; the last panel is filled up with zeros. Strides are by row and by column.
///
/// # Safety
/// `matrix` with these strides can be read, `panels` has room for [`size`] numbers.
#[inline(always)]
pub unsafe fn pack<E: Element>(
    [depth, columns]: [usize; 2],
    (matrix, strides): (*const E, [usize; 2]),
    panels: *mut E,
) {
    for first in (0..columns).step_by(WIDTH) {
        let width = (columns - first).min(WIDTH);
        for k in 0..depth {
            // SAFETY: the panels before this one have `first * depth` numbers, its rows before this one `k * WIDTH`.
            let row = unsafe { &mut *panels.add(first * depth + k * WIDTH).cast::<[E; WIDTH]>() };
            for (j, x) in row.iter_mut().enumerate() {
                // SAFETY: k < depth, first + j < columns.
                *x =
                    if j < width { unsafe { *matrix.add(k * strides[0] + (first + j) * strides[1]) } } else { E::ZERO };
            }
        }
    }
}

/// `c = a · matrix`, or added to what `c` holds, for some rows. `a` and `c` come with the distance of their rows.
///
/// # Safety
/// `a` has so many rows of `depth` numbers, `c` of `columns`, and nobody else touches those; `panels` was made by
/// [`pack`] for these sizes.
pub unsafe fn product<E: Element>(
    rows: usize,
    [depth, columns]: [usize; 2],
    (a, a_row): (*const E, usize),
    panels: *const E,
    (c, c_row): (*mut E, usize),
    adds: bool,
) {
    for first in (0..columns).step_by(WIDTH) {
        let width = (columns - first).min(WIDTH);
        // SAFETY: columns of the operands; the panels before this one have as many numbers as their columns are deep, and
        // each is as wide as a tile at least.
        unsafe {
            let (b, c) = ((panels.add(first * depth), WIDTH), (c.add(first), c_row));
            matrix([rows, depth, width], (a, [a_row, 1]), b, c, adds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against three loops, around every edge of tiles and panels.
    #[test]
    fn products_are_those_of_three_loops() {
        for [rows, depth, columns] in [[1, 1, 1], [8, 5, 32], [7, 3, 33], [13, 40, 31], [3, 2, 70], [16, 64, 96]] {
            let number = |i: usize| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0;
            let a: Vec<f64> = (0..rows * depth).map(number).collect();
            let matrix: Vec<f64> = (0..depth * columns).map(|i| number(i + 5)).collect();
            let mut panels = vec![f64::NAN; size(depth, columns)];
            let mut c: Vec<f64> = (0..rows * columns).map(|i| number(i + 9)).collect();
            let before = c.clone();
            // SAFETY: the vectors have these sizes; the matrix is given by its transpose.
            unsafe {
                pack([depth, columns], (matrix.as_ptr(), [1, depth]), panels.as_mut_ptr());
                let (a, c) = ((a.as_ptr(), depth), (c.as_mut_ptr(), columns));
                product(rows, [depth, columns], a, panels.as_ptr(), c, true);
            }
            for i in 0..rows {
                for j in 0..columns {
                    let sum: f64 = (0..depth).map(|k| a[i * depth + k] * matrix[j * depth + k]).sum();
                    let (found, expected) = (c[i * columns + j], before[i * columns + j] + sum);
                    assert!((found - expected).abs() < 1e-12, "{rows}×{depth}×{columns}: {found} not {expected}");
                }
            }
        }
    }
}
