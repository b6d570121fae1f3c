//! Products of a turned matrix with others that have as many rows, and the sums of its columns: `Aᵀ B`, `Aᵀ C`, `Aᵀ 1`.
//!
//! So come the gradients of the weights and the bias of a layer from the gradient of its result. What is summed over, all
//! examples and places, is long, and each number of `A` is wanted for a few columns only: a library that reads it where it
//! lies, a long line apart, waits for memory. Here both sides are packed into panels (Goto and van de Geijn, "Anatomy of
//! High-Performance Matrix Multiplication", 2008), and the panels of `A` serve all products and its sums.
//!
//! The pieces follow from the sizes alone, and each number is summed in the same order whatever they are.

use super::memory::{Bases, Place};
use super::tiles::{WIDEST, panels, with_tile};
use crate::runtime::element::Element;
use multiversion::multiversion;
use std::ops::Range;

/// Rows that are packed at a time: those of `A` for a piece stay in a second cache, those of a panel of `B` in a quarter or
/// half of a first one, which two threads may share.
const DEPTH: usize = 128;
/// The most rows of a tile.
const HIGHEST: usize = 8;
/// Multiplications of a piece that pays for its hand-over.
const PIECE: usize = 4 << 20;
/// The fewest that pay for packing.
const LEAST: usize = 1 << 18;

/// One of the other matrices, whose columns lie side by side.
#[derive(Debug, Clone, Copy)]
pub struct Other {
    /// Its first element.
    pub input: Place,
    /// Distance of its rows.
    pub distance: usize,
    #[allow(missing_docs)]
    pub columns: usize,
    /// First element of `[rows, columns]`, which is linear.
    pub output: Place,
}

/// `Aᵀ` times each of some matrices, and the sums of the columns of `A`.
#[derive(Debug, Clone)]
pub struct Turned {
    /// Rows of all the matrices.
    pub depth: usize,
    /// Columns of `A`, which are the rows of all results.
    pub rows: usize,
    /// First element of `A`, whose columns lie side by side.
    pub input: Place,
    /// Distance of its rows.
    pub distance: usize,
    /// At least one.
    pub others: Vec<Other>,
    /// First element of `[rows]`, where the sums are wanted.
    pub sums: Option<Place>,
    /// Whether threads share it.
    pub is_shared: bool,
}

/// Whether a product of these sizes (rows of the result, what is summed over, columns) is worth packing.
pub fn pays([rows, depth, columns]: [usize; 3]) -> bool {
    depth >= 64 && rows >= 32 && columns >= 32 && rows * depth * columns >= LEAST
}

impl Turned {
    /// Columns of all products in units of the widest tile, so that no unit has columns of two.
    fn units(&self) -> usize {
        self.others.iter().map(|other| other.columns.div_ceil(WIDEST)).sum()
    }

    /// Parts of the rows and of the units.
    fn grid(&self) -> [usize; 2] {
        let columns: usize = self.others.iter().map(|other| other.columns).sum();
        if !self.is_shared {
            return [1, 1];
        }
        let wanted = (self.rows * self.depth * columns / PIECE).clamp(1, 16).next_power_of_two();
        // Each cut packs the other side once more, so pieces are large; but some threads should have one.
        let parts = |side: usize| {
            let rows = wanted.min(self.rows.div_ceil(side));
            [rows, (wanted / rows).min(self.units().div_ceil(side / WIDEST))]
        };
        let large = parts(128);
        if large[0] * large[1] < wanted.min(4) { parts(64) } else { large }
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        let [rows, units] = self.grid();
        rows * units
    }

    /// Rows of a piece: whole lines of the result.
    fn rows_of_a_piece(&self) -> usize {
        self.rows.div_ceil(self.grid()[0]).next_multiple_of(HIGHEST)
    }

    /// Numbers that a thread wants: the panels of `A` for its rows, a panel of another matrix, its sums.
    pub fn scratch(&self) -> usize {
        let (rows, depth) = (self.rows_of_a_piece() + HIGHEST, self.depth.min(DEPTH));
        rows * depth + depth * WIDEST + rows
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`; `scratch` has room for [`Turned::scratch`] numbers and is this thread's.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, piece: usize) {
        let parts = self.grid()[1];
        let part = |size: usize, step: usize, at: usize| (at * step).min(size)..((at + 1) * step).min(size);
        let rows = part(self.rows, self.rows_of_a_piece(), piece / parts);
        let units = part(self.units(), self.units().div_ceil(parts), piece % parts);
        // SAFETY: passed on. Pieces write different rows or columns of the results.
        unsafe { run_block(self, bases, scratch, rows, units) }
    }
}

/// # Safety
/// As [`Turned::run`], for these rows of the results and these units of columns.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn run_block<E: Element>(
    of: &Turned,
    bases: &Bases<E>,
    scratch: *mut E,
    rows: Range<usize>,
    units: Range<usize>,
) {
    // SAFETY: passed on.
    unsafe { with_tile!(block::<E>(of, bases, scratch, rows, units)) }
}

/// # Safety
/// As [`run_block`].
#[inline(always)]
unsafe fn block<E: Element, const ROWS: usize, const COLUMNS: usize, const FUSED: bool>(
    of: &Turned,
    bases: &Bases<E>,
    scratch: *mut E,
    rows: Range<usize>,
    units: Range<usize>,
) {
    let count = rows.len();
    let all = count.next_multiple_of(ROWS);
    let (left, panel) = (scratch, ROWS * of.depth.min(DEPTH));
    let right = scratch.wrapping_add(all * of.depth.min(DEPTH));
    let sums = right.wrapping_add(WIDEST * of.depth.min(DEPTH));
    // The first part of the columns has the sums.
    let sums_to = of.sums.filter(|_| units.start == 0);
    let a = bases.pointer(of.input).cast_const().wrapping_add(rows.start);
    for from in (0..of.depth).step_by(DEPTH) {
        let depth = DEPTH.min(of.depth - from);
        for (i, row) in (0..count).step_by(ROWS).enumerate() {
            let to = left.wrapping_add(i * panel);
            let a = a.wrapping_add(from * of.distance + row);
            // SAFETY: columns of `A` from here, as many as there are up to a tile, and a panel of the scratch memory.
            unsafe { pack::<E, ROWS>([depth, ROWS.min(count - row)], (a, of.distance), to) };
            if sums_to.is_some() {
                // SAFETY: what was just packed, and as many sums, which lie behind all panels.
                unsafe { add_up::<E, ROWS>(depth, to, sums.wrapping_add(row), from > 0) };
            }
        }
        let mut first = 0;
        for other in &of.others {
            let end = first + other.columns.div_ceil(WIDEST);
            let columns = |unit: usize| ((unit.clamp(first, end) - first) * WIDEST).min(other.columns);
            let b = bases.pointer(other.input).cast_const().wrapping_add(from * other.distance);
            let c = bases.pointer(other.output).wrapping_add(rows.start * other.columns);
            for column in (columns(units.start)..columns(units.end)).step_by(COLUMNS) {
                let width = COLUMNS.min(other.columns - column);
                // SAFETY: as above, for columns of `B`; the rows and columns of the result are this piece's own.
                unsafe {
                    pack::<E, COLUMNS>([depth, width], (b.wrapping_add(column), other.distance), right);
                    let (a, c) = ((left.cast_const(), panel), (c.wrapping_add(column), other.columns));
                    panels([count, depth, width], a, right, c, from > 0);
                }
            }
            first = end;
        }
    }
    if let Some(to) = sums_to {
        // SAFETY: the sums of these rows, which only this piece writes.
        unsafe { std::ptr::copy_nonoverlapping(sums, bases.pointer(to).wrapping_add(rows.start), count) };
    }
}

/// Packs some columns of a matrix, up to `SIDE`, row by row, with zeros for those that it lacks.
///
/// # Safety
/// `depth` rows of `width` numbers, so many apart, can be read, and `depth * SIDE` numbers written.
#[inline(always)]
unsafe fn pack<E: Element, const SIDE: usize>(
    [depth, width]: [usize; 2],
    (from, distance): (*const E, usize),
    to: *mut E,
) {
    for k in 0..depth {
        let (from, to) = (from.wrapping_add(k * distance), to.wrapping_add(k * SIDE).cast::<[E; SIDE]>());
        // SAFETY: a row; what is taken of it adds up to no more than its width.
        unsafe {
            if width == SIDE {
                *to = *from.cast();
                continue;
            }
            let mut line = [E::ZERO; SIDE];
            let (line_at, mut at) = (line.as_mut_ptr(), 0);
            if width - at >= 16 {
                *line_at.add(at).cast::<[E; 16]>() = *from.add(at).cast();
                at += 16;
            }
            if width - at >= 8 {
                *line_at.add(at).cast::<[E; 8]>() = *from.add(at).cast();
                at += 8;
            }
            if width - at >= 4 {
                *line_at.add(at).cast::<[E; 4]>() = *from.add(at).cast();
                at += 4;
            }
            for j in at..width {
                *line_at.add(j) = *from.add(j);
            }
            *to = line;
        }
    }
}

/// The sums of a panel's columns, or added to what was summed before: row by row, as [`super::reduce`] adds them up, so that
/// the bits do not depend on who does it.
///
/// # Safety
/// `panel` has `depth` rows of `SIDE` numbers, one at least, `sums` room for as many.
#[allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined
#[inline(always)]
unsafe fn add_up<E: Element, const SIDE: usize>(depth: usize, panel: *const E, sums: *mut E, adds: bool) {
    // SAFETY: the caller's promise.
    let (rows, sums) = unsafe { (panel.cast::<[E; SIDE]>(), &mut *sums.cast::<[E; SIDE]>()) };
    if !adds {
        // SAFETY: the first row.
        *sums = unsafe { *rows };
    }
    for k in usize::from(!adds)..depth {
        // SAFETY: k < depth.
        let row = unsafe { &*rows.add(k) };
        for j in 0..SIDE {
            sums[j] += row[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::kernels::memory::{Buffer, Space};

    /// Against three loops, around the edges of tiles, panels, pieces and of what is packed at a time; two matrices and the
    /// sums, the first ones within longer rows.
    #[test]
    fn products_and_sums_are_those_of_three_loops() {
        for rows in [1, 5, 6, 8, 13, 48, 130] {
            for depth in [1, 3, 4, 127, 128, 129, 300, 600] {
                for columns in [[1, 40], [16, 1], [31, 33], [64, 200]] {
                    for is_shared in [false, true] {
                        check([rows, depth], columns, is_shared);
                    }
                }
            }
        }
    }

    fn check([rows, depth]: [usize; 2], columns: [usize; 2], is_shared: bool) {
        let distances = [rows + 3, columns[0] + 2, columns[1]];
        let mut places = Vec::new();
        let mut size = 0;
        let inputs = distances.map(|distance| depth * distance);
        for numbers in inputs.into_iter().chain([rows * columns[0], rows * columns[1], rows]) {
            places.push(Place { space: Space::Arena, offset: size });
            size += numbers;
        }
        let mut memory = Buffer::<f64>::zeros(size);
        for (i, x) in memory.as_mut_slice().iter_mut().enumerate() {
            *x = if i < places[3].offset { ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0 } else { f64::NAN };
        }
        let other = |i: usize| Other {
            input: places[1 + i],
            distance: distances[1 + i],
            columns: columns[i],
            output: places[3 + i],
        };
        let turned = Turned {
            depth,
            rows,
            input: places[0],
            distance: distances[0],
            others: vec![other(0), other(1)],
            sums: Some(places[5]),
            is_shared,
        };
        let base = memory.as_mut_slice().as_mut_ptr();
        let bases = Bases { arena: base, inputs: base, states: base, literals: base, own: base };
        let mut scratch = vec![f64::NAN; turned.scratch()];
        for piece in 0..turned.pieces() {
            // SAFETY: the memory holds all operands and results, one behind the other.
            unsafe { turned.run(&bases, scratch.as_mut_ptr(), piece) };
        }
        let x = memory.as_slice();
        let near = |found: f64, sum: f64| {
            assert!((sum - found).abs() < 1e-10, "{rows} of {depth} times {columns:?}: {found} not {sum}");
        };
        for i in 0..rows {
            let left = |k: usize| x[k * distances[0] + i];
            for (j, columns) in columns.into_iter().enumerate() {
                for column in 0..columns {
                    let right = |k: usize| x[places[1 + j].offset + k * distances[1 + j] + column];
                    let found = x[places[3 + j].offset + i * columns + column];
                    near(found, (0..depth).map(|k| left(k) * right(k)).sum());
                }
            }
            near(x[places[5].offset + i], (0..depth).map(left).sum());
        }
    }
}
