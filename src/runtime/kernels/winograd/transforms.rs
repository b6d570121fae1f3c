//! The transforms, for a row of tiles at a time, number by number side by side.
#![allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined

use super::Sizes;
use crate::runtime::element::Element;
use crate::runtime::kernels::eight::{Eight, LANES};
use std::ops::Range;

/// Some tiles of a row of tiles.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Of which example.
    pub example: usize,
    /// The row, counted in tiles.
    pub down: usize,
    /// The first of them.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// Where they begin in the block.
    pub at: usize,
}

/// Where transformed tiles lie.
#[derive(Debug, Clone, Copy)]
pub struct Tiles {
    /// Distance of two places of a tile.
    pub place: usize,
    /// Distance of two channels or units; tiles of a block lie side by side.
    pub line: usize,
}

/// Numbers of a line of the image with zeros around it, as far as so many tiles see.
fn width(across: usize) -> usize {
    2 * across + 2
}

/// Numbers that [`input_of_rows`] needs for itself, for each channel of so many rows of so many tiles.
pub fn room(rows: usize, across: usize) -> usize {
    (2 * rows + 2) * width(across)
}

/// Those at even and at odd places of the sixteen numbers from here that the masks have.
///
/// # Safety
/// They can be read; the processor has the instructions of `V`.
#[inline(always)]
unsafe fn sixteen<E, V: Eight<E>>(from: *const E, masks: [V::Mask; 2]) -> [V; 2] {
    // SAFETY: passed on.
    unsafe { V::apart([V::load_some(from, masks[0]), V::load_some(from.wrapping_add(LANES), masks[1])]) }
}

/// An address of which the compiler does not see where it comes from. It would keep one for each of the 16 places of a
/// tile, in memory, and move all of them on behind each row of tiles, which took a fifth of a convolution.
#[inline(always)]
fn hidden<P>(address: P) -> P {
    std::hint::black_box(address)
}

/// `d B`, of a line.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn across<E, V: Eight<E>>([d0, d1]: [V; 2], [d2, d3]: [V; 2]) -> [V; 4] {
    // SAFETY: passed on.
    unsafe { [d0.minus(d2), d1.plus(d2), d2.minus(d1), d1.minus(d3)] }
}

/// Stores `Bᵀ t` at the 16 places of a tile.
///
/// # Safety
/// Eight numbers can be written at each of them.
#[inline(always)]
unsafe fn store_down<E, V: Eight<E>>(t: &[[V; 4]; 4], to: *mut E, place: usize) {
    let to = hidden(to);
    for j in 0..4 {
        // SAFETY: passed on.
        unsafe {
            t[0][j].minus(t[2][j]).store(to.add(j * place));
            t[1][j].plus(t[2][j]).store(to.add((4 + j) * place));
            t[2][j].minus(t[1][j]).store(to.add((8 + j) * place));
            t[1][j].minus(t[3][j]).store(to.add((12 + j) * place));
        }
    }
}

/// `Bᵀ d B` of all channels of some rows of tiles that follow each other in one example.
///
/// # Safety
/// `tiles` has room for 16 places of all channels, `line` tiles each, of which those of the rows are written, and up to
/// [`LANES`] behind them; the processor has the instructions of `V`.
#[inline(always)]
pub unsafe fn input<E: Element, V: Eight<E>>(s: &Sizes, image: &[E], rows: &[Row], to: Tiles, tiles: *mut E) {
    let Some(first) = rows.first() else { return };
    let [height, wide] = s.image;
    for channel in 0..s.channels {
        let plane = image[(first.example * s.channels + channel) * s.plane()..][..s.plane()].as_ptr();
        for row in rows {
            let top = (2 * row.down) as isize - s.before[0] as isize;
            for start in (0..row.count).step_by(LANES) {
                let left = (2 * (row.first + start)) as isize - s.before[1] as isize;
                // SAFETY: lines within the plane, of which the masks keep what lies outside from being read; stores as
                // promised.
                unsafe {
                    let masks = [V::mask(left, wide), V::mask(left + 8, wide)];
                    let later = [V::mask(left + 2, wide), V::mask(left + 10, wide)];
                    let mut t = [[V::zero(); 4]; 4];
                    for r in 0..4 {
                        let line = top + r as isize;
                        if line >= 0 && line < height as isize {
                            let from = plane.wrapping_offset(line * wide as isize + left);
                            t[r] = across(sixteen(from, masks), sixteen(from.wrapping_add(2), later));
                        }
                    }
                    store_down(&t, tiles.add(channel * to.line + row.at + start), to.place);
                }
            }
        }
    }
}

/// `Bᵀ d B` of some rows of tiles that follow each other in one example, with the channels of a tile side by side: where
/// tiles are summed over, they have to be the rows of a matrix.
///
/// # Safety
/// `tiles` has 16 places, `to.place` numbers each, of tiles of `to.line` numbers, a multiple of 32; `scratch` has
/// [`room`] for the rows and each of those numbers; the processor has the instructions of `V`.
#[inline(always)]
pub unsafe fn input_of_rows<E: Element, V: Eight<E>>(
    s: &Sizes,
    image: &[E],
    rows: &[Row],
    scratch: &mut [E],
    to: Tiles,
    tiles: *mut E,
) {
    let Some(first) = rows.first() else { return };
    let [height, wide] = s.image;
    let line = width(s.tiles()[1]);
    let lines = 2 * rows.len() + 2;
    let top = (2 * first.down) as isize - s.before[0] as isize;
    let scratch = &mut scratch[..lines * line * to.line];
    scratch.fill(E::ZERO);
    // What stands behind the last window is seen by none.
    let count = wide.min(line - s.before[1]);
    for channel in 0..s.channels {
        let plane = &image[(first.example * s.channels + channel) * s.plane()..][..s.plane()];
        for r in 0..lines {
            let from = top + r as isize;
            if from >= 0 && from < height as isize {
                let from = &plane[from as usize * wide..][..count];
                let at = (r * line + s.before[1]) * to.line + channel;
                for x in 0..count {
                    // SAFETY: a number of line `r`, of the `line` that it has.
                    unsafe { *scratch.get_unchecked_mut(at + x * to.line) = from[x] };
                }
            }
        }
    }
    for (index, row) in rows.iter().enumerate() {
        for tile in 0..row.count {
            let corner = &scratch[(2 * index * line + 2 * (row.first + tile)) * to.line..];
            let corner = corner[..(3 * line + 4) * to.line].as_ptr();
            for channel in (0..to.line).step_by(LANES) {
                // SAFETY: four numbers of four lines, with the channels of each; the places of this tile.
                unsafe {
                    let mut t = [[V::zero(); 4]; 4];
                    for r in 0..4 {
                        let d = corner.add(r * line * to.line + channel);
                        let front = [V::load(d), V::load(d.add(to.line))];
                        let back = [V::load(d.add(2 * to.line)), V::load(d.add(3 * to.line))];
                        t[r] = across(front, back);
                    }
                    store_down(&t, tiles.add((row.at + tile) * to.line + channel), to.place);
                }
            }
        }
    }
}

/// `Aᵀ m A` of a unit, for a row of tiles.
///
/// # Safety
/// `products` are 16 places of the unit; [`LANES`] numbers may be read behind the last tile of the row. `output` is a plane
/// of the result, of which nobody else writes what belongs to these tiles. The processor has the instructions of `V`.
#[inline(always)]
pub unsafe fn result<E: Element, V: Eight<E>>(s: &Sizes, products: *const E, place: usize, row: Row, output: *mut E) {
    let [height, width] = s.places;
    for start in (0..row.count).step_by(LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = [[V::zero(); 4]; 2];
            let products = hidden(products.add(row.at + start));
            for j in 0..4 {
                let m = products.add(j * place);
                let front = [V::load(m), V::load(m.add(4 * place))];
                let back = [V::load(m.add(8 * place)), V::load(m.add(12 * place))];
                let [top, bottom] = ends(front, back);
                sums[0][j] = top;
                sums[1][j] = bottom;
            }
            let column = 2 * (row.first + start);
            // The last tile of a row may have but one column.
            let numbers = (2 * LANES.min(row.count - start)).min(width - column);
            for i in 0..2 {
                // The last row of tiles may have but one line.
                if 2 * row.down + i < height {
                    let [even, odd] = ends([sums[i][0], sums[i][1]], [sums[i][2], sums[i][3]]);
                    let [front, back] = V::together(even, odd);
                    let to = output.add((2 * row.down + i) * width + column);
                    front.store_first(to, numbers);
                    if numbers > LANES {
                        back.store_first(to.add(LANES), numbers - LANES);
                    }
                }
            }
        }
    }
}

/// `Aᵀ m`, of a column.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn ends<E, V: Eight<E>>([m0, m1]: [V; 2], [m2, m3]: [V; 2]) -> [V; 2] {
    // SAFETY: passed on.
    unsafe { [m0.plus(m1).plus(m2), m1.minus(m2).minus(m3)] }
}

/// `A e`, of a column.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn spread_gradient<E, V: Eight<E>>(e0: V, e1: V) -> [V; 4] {
    // SAFETY: passed on.
    unsafe { [e0, e0.plus(e1), e0.minus(e1), V::zero().minus(e1)] }
}

/// `A e Aᵀ` of a unit, for a row of tiles.
///
/// # Safety
/// `results` has 16 places of the unit, `line` tiles each, of which those of the row are written, and up to [`LANES`]
/// behind them; the processor has the instructions of `V`.
#[inline(always)]
pub unsafe fn result_gradient<E: Element, V: Eight<E>>(s: &Sizes, plane: &[E], row: Row, to: Tiles, results: *mut E) {
    let [height, width] = s.places;
    for start in (0..row.count).step_by(LANES) {
        let column = 2 * (row.first + start);
        // SAFETY: lines within the plane, of which the masks keep what lies behind from being read; stores as promised.
        unsafe {
            let masks = [V::mask(column as isize, width), V::mask((column + LANES) as isize, width)];
            let mut e = [[V::zero(); 2]; 2];
            for i in 0..2 {
                let line = 2 * row.down + i;
                if line < height {
                    e[i] = sixteen(plane.as_ptr().wrapping_add(line * width + column), masks);
                }
            }
            let left = spread_gradient(e[0][0], e[1][0]);
            let right = spread_gradient(e[0][1], e[1][1]);
            let results = hidden(results.add(row.at + start));
            for i in 0..4 {
                let line = spread_gradient(left[i], right[i]);
                for j in 0..4 {
                    line[j].store(results.add((4 * i + j) * to.place));
                }
            }
        }
    }
}

/// `(a, (a + b + c)/2, (a - b + c)/2, c)`
#[inline(always)]
fn spread<E: Element>(a: E, b: E, c: E) -> (E, E, E, E) {
    let half = E::from_f64(0.5);
    (a, half * (a + b + c), half * (a - b + c), c)
}

/// `(a + (b + c)/2, (b - c)/2, (b + c)/2 + d)`
#[inline(always)]
fn gather<E: Element>(a: E, b: E, c: E, d: E) -> (E, E, E) {
    let half = E::from_f64(0.5);
    (a + half * (b + c), half * (b - c), half * (b + c) + d)
}

/// `G g Gᵀ` of some kernels, in the order of the result's units and channels.
///
/// # Safety
/// `output` has the numbers of all kernels; those of the range are this caller's own.
pub unsafe fn weights<E: Element>(s: &Sizes, turned: bool, kernel: &[E], output: *mut E, range: Range<usize>) {
    let all = s.units * s.channels;
    for index in range {
        let (unit, channel) = (index / s.channels, index % s.channels);
        let at = if turned { channel * s.units + unit } else { index };
        let mut g = [E::ZERO; 9];
        for tap in 0..9 {
            g[tap] = kernel[9 * at + if turned { 8 - tap } else { tap }];
        }
        let left = spread(g[0], g[3], g[6]);
        let middle = spread(g[1], g[4], g[7]);
        let right = spread(g[2], g[5], g[8]);
        let lines = [
            spread(left.0, middle.0, right.0),
            spread(left.1, middle.1, right.1),
            spread(left.2, middle.2, right.2),
            spread(left.3, middle.3, right.3),
        ];
        for i in 0..4 {
            // SAFETY: the caller's promise.
            unsafe {
                *output.add(4 * i * all + index) = lines[i].0;
                *output.add((4 * i + 1) * all + index) = lines[i].1;
                *output.add((4 * i + 2) * all + index) = lines[i].2;
                *output.add((4 * i + 3) * all + index) = lines[i].3;
            }
        }
    }
}

/// `Gᵀ m G` of the kernels of so many units, of which `sums` has 16 places; the channels of a unit are followed by as many
/// numbers as fill the line.
#[inline(always)]
pub fn kernel_gradient<E: Element>(sums: &[E], [units, channels, line]: [usize; 3], output: &mut [E]) {
    let mut places = [&sums[..0]; 16];
    for place in 0..16 {
        places[place] = &sums[place * units * line..][..units * line];
    }
    for unit in 0..units {
        for channel in 0..channels {
            let at = unit * line + channel;
            let m = |place: usize| places[place][at];
            let c0 = gather(m(0), m(4), m(8), m(12));
            let c1 = gather(m(1), m(5), m(9), m(13));
            let c2 = gather(m(2), m(6), m(10), m(14));
            let c3 = gather(m(3), m(7), m(11), m(15));
            let taps = &mut output[9 * (unit * channels + channel)..][..9];
            (taps[0], taps[1], taps[2]) = gather(c0.0, c1.0, c2.0, c3.0);
            (taps[3], taps[4], taps[5]) = gather(c0.1, c1.1, c2.1, c3.1);
            (taps[6], taps[7], taps[8]) = gather(c0.2, c1.2, c2.2, c3.2);
        }
    }
}
