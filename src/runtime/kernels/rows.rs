//! Kernels that read an index: rows of a table, one number per line, and their transposes. The indices come from data
//! that the checker has seen, or are computed. One that is no position of the table reads nothing: what it would have
//! read is NaN, which training traces to here, and what it would have written to is left as it is.

use super::memory::{Bases, Place};
use crate::runtime::element::Element;

/// The position that an index names, among `n`.
#[inline(always)]
fn position<E: Element>(index: E, n: usize) -> Option<usize> {
    let at = index.to_index();
    // A negative number and NaN come as 0.
    (at < n && index >= E::ZERO).then_some(at)
}

/// Elements of a piece.
const PIECE: usize = 64 * 1024;
/// Columns of a piece of a scatter: a cache line of f32, four times.
const SCATTER_COLUMNS: usize = 64;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOp {
    /// `x` is the table `[rows, width]`; the result is `[count, width]`.
    Gather,
    /// `x` is `[count, width]`; sums into `[rows, width]`.
    Scatter,
}

/// Rows of a table, or their transpose. All operands are linear.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Which.
    pub op: RowOp,
    /// Rows of the table.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// How many indices.
    pub count: usize,
    /// The numbers.
    pub input: Place,
    /// The row numbers.
    pub indices: Place,
    /// The result.
    pub output: Place,
}

impl Rows {
    /// Into how many pieces it is cut: a gather by indices, a scatter by columns (two indices may meet in one row).
    pub fn pieces(&self) -> usize {
        match self.op {
            RowOp::Gather => self.count.div_ceil(self.piece()),
            RowOp::Scatter if (self.count + self.rows) * self.width < PIECE => 1,
            RowOp::Scatter => self.width.div_ceil(SCATTER_COLUMNS),
        }
    }

    fn piece(&self) -> usize {
        (PIECE / self.width.max(1)).max(1)
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, piece: usize) {
        let (rows, width) = (self.rows, self.width);
        match self.op {
            RowOp::Gather => {
                let start = piece * self.piece();
                let count = self.piece().min(self.count - start);
                let to = Place { offset: self.output.offset + start * width, ..self.output };
                let from = Place { offset: self.indices.offset + start, ..self.indices };
                // SAFETY: ranges of the result are disjoint; the operands are not the result (checked).
                let (table, indices, output) = unsafe {
                    (bases.read(self.input, rows * width), bases.read(from, count), bases.write(to, count * width))
                };
                if rows == 0 || width == 0 {
                    return output.fill(E::ZERO);
                }
                for (index, row) in indices.iter().zip(output.chunks_exact_mut(width)) {
                    match position(*index, rows) {
                        Some(index) => row.copy_from_slice(&table[index * width..(index + 1) * width]),
                        None => row.fill(E::from_f32(f32::NAN)),
                    }
                }
            }
            RowOp::Scatter => {
                let columns = if self.pieces() == 1 {
                    0..width
                } else {
                    piece * SCATTER_COLUMNS..((piece + 1) * SCATTER_COLUMNS).min(width)
                };
                // SAFETY: the operands are not the result (checked).
                let (x, indices) =
                    unsafe { (bases.read(self.input, self.count * width), bases.read(self.indices, self.count)) };
                // SAFETY: each piece writes its own columns of each row.
                let row = |index: usize| unsafe {
                    let offset = self.output.offset + index * width + columns.start;
                    bases.write(Place { offset, ..self.output }, columns.len())
                };
                for index in 0..rows {
                    row(index).fill(E::ZERO);
                }
                if rows == 0 || width == 0 {
                    return;
                }
                for (index, x) in indices.iter().zip(x.chunks_exact(width)) {
                    let Some(index) = position(*index, rows) else { continue };
                    let sums = row(index);
                    for (sum, x) in sums.iter_mut().zip(&x[columns.clone()]) {
                        *sum += *x;
                    }
                }
            }
        }
    }
}

/// Numbers of each line, or their transpose. All operands are linear.
#[derive(Debug, Clone)]
pub struct Along {
    /// Whether numbers are placed rather than taken.
    pub place: bool,
    /// Axes before, the axis, axes behind.
    pub sizes: [usize; 3],
    /// How many of a line.
    pub count: usize,
    /// Taken from `[outer, n, inner]`, placed from `[outer, count, inner]`.
    pub input: Place,
    /// `[outer, count, inner]`
    pub indices: Place,
    /// The other of the two.
    pub output: Place,
}

impl Along {
    fn piece(&self) -> usize {
        (PIECE / (self.sizes[1].max(self.count) * self.sizes[2]).max(1)).max(1)
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
        let [outer, n, inner] = self.sizes;
        let start = piece * self.piece();
        let count = self.piece().min(outer - start);
        let at = |place: Place, block: usize| Place { offset: place.offset + start * block, ..place };
        let (long, short) = (n * inner, self.count * inner);
        let (read, write) = if self.place { (short, long) } else { (long, short) };
        // SAFETY: ranges of the outer axis are disjoint; the operands are not the result (checked).
        let (x, indices, y) = unsafe {
            (
                bases.read(at(self.input, read), count * read),
                bases.read(at(self.indices, short), count * short),
                bases.write(at(self.output, write), count * write),
            )
        };
        if n == 0 || self.place && short == 0 {
            return y.fill(E::ZERO);
        }
        if short == 0 {
            return;
        }
        let nothing = E::from_f32(f32::NAN);
        if inner == 1 {
            let of = |block: usize, n: usize| block * n..(block + 1) * n;
            for (block, indices) in indices.chunks_exact(short).enumerate() {
                if self.place {
                    let (x, y) = (&x[of(block, short)], &mut y[of(block, long)]);
                    // Line by line, so that it is still at hand.
                    y.fill(E::ZERO);
                    for (x, index) in x.iter().zip(indices) {
                        if let Some(at) = position(*index, n) {
                            y[at] += *x;
                        }
                    }
                } else {
                    let (x, y) = (&x[of(block, long)], &mut y[of(block, short)]);
                    for (y, index) in y.iter_mut().zip(indices) {
                        *y = position(*index, n).map_or(nothing, |at| x[at]);
                    }
                }
            }
            return;
        }
        for (block, indices) in indices.chunks_exact(short).enumerate() {
            let far = |at: usize, index: E| position(index, n).map(|index| index * inner + at % inner);
            if self.place {
                let (x, y) = (&x[block * short..(block + 1) * short], &mut y[block * long..(block + 1) * long]);
                y.fill(E::ZERO);
                for (at, (x, index)) in x.iter().zip(indices).enumerate() {
                    if let Some(to) = far(at, *index) {
                        y[to] += *x;
                    }
                }
            } else {
                let (x, y) = (&x[block * long..(block + 1) * long], &mut y[block * short..(block + 1) * short]);
                for (at, (y, index)) in y.iter_mut().zip(indices).enumerate() {
                    *y = far(at, *index).map_or(nothing, |from| x[from]);
                }
            }
        }
    }
}
