//! The transforms, for a row of tiles at a time, number by number side by side.
#![allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined

use super::Sizes;
use crate::runtime::element::Element;
use std::ops::Range;

/// Tiles of a row that are transformed side by side. Rows are short (7 tiles in an image of 14 by 14), so this is no more
/// than the narrower of today's vector registers hold.
const LANES: usize = 8;

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

/// Numbers of a line of the image with zeros around it, for so many tiles: whole lanes from the last of them on may be
/// looked at.
fn width(across: usize) -> usize {
    2 * across.next_multiple_of(LANES) + 2 * LANES
}

/// Numbers that [`input`] needs for itself, for so many rows of so many tiles.
pub fn room(rows: usize, across: usize) -> usize {
    (2 * rows + 2) * width(across)
}

/// Column `j` of `Bᵀ t`.
#[inline(always)]
fn down<E: Element>(t: &[[[E; LANES]; 4]; 4], j: usize) -> [[E; LANES]; 4] {
    let mut v = [[E::ZERO; LANES]; 4];
    for l in 0..LANES {
        v[0][l] = t[0][j][l] - t[2][j][l];
        v[1][l] = t[1][j][l] + t[2][j][l];
        v[2][l] = t[2][j][l] - t[1][j][l];
        v[3][l] = t[1][j][l] - t[3][j][l];
    }
    v
}

/// `Bᵀ d B` of all channels of some rows of tiles that follow each other in one example.
///
/// # Safety
/// `tiles` has room for 16 places of all channels, `line` tiles each, of which those of the rows are written; `scratch`
/// has [`room`] for the rows.
#[inline(always)]
pub unsafe fn input<E: Element>(s: &Sizes, image: &[E], rows: &[Row], scratch: &mut [E], to: Tiles, tiles: *mut E) {
    let Some(first) = rows.first() else { return };
    let [height, wide] = s.image;
    let line = width(s.tiles()[1]);
    let lines = 2 * rows.len() + 2;
    // The image's line that is the first of the padded ones, which may lie in front of it.
    let top = 2 * first.down as isize - s.before[0] as isize;
    scratch[..lines * line].fill(E::ZERO);
    for channel in 0..s.channels {
        let plane = &image[(first.example * s.channels + channel) * s.plane()..][..s.plane()];
        for r in 0..lines {
            let from = top + r as isize;
            if from >= 0 && from < height as isize {
                let from = &plane[from as usize * wide..][..wide];
                // What stands behind the last window is seen by none.
                let count = wide.min(line - s.before[1]);
                let to = &mut scratch[r * line + s.before[1]..][..count];
                // SAFETY: so many numbers, of memory that is apart.
                unsafe { copy(from.as_ptr(), to.as_mut_ptr(), count) };
            }
        }
        for (index, row) in rows.iter().enumerate() {
            for start in (0..row.count).step_by(LANES) {
                let count = LANES.min(row.count - start);
                let mut t = [[[E::ZERO; LANES]; 4]; 4];
                for r in 0..4 {
                    let at = (2 * index + r) * line + 2 * (row.first + start);
                    // SAFETY: a padded line goes on so far behind the last tile.
                    let d = unsafe { &*scratch[at..].as_ptr().cast::<[E; 2 * LANES + 2]>() };
                    for l in 0..LANES {
                        let [d0, d1, d2, d3] = [d[2 * l], d[2 * l + 1], d[2 * l + 2], d[2 * l + 3]];
                        t[r][0][l] = d0 - d2;
                        t[r][1][l] = d1 + d2;
                        t[r][2][l] = d2 - d1;
                        t[r][3][l] = d1 - d3;
                    }
                }
                let at = row.at + start;
                // A whole vector may be written where what follows is written later: the tiles behind these.
                let is_whole = at + LANES <= to.line;
                for j in 0..4 {
                    let v = down(&t, j);
                    for i in 0..4 {
                        // SAFETY: within the line of the channel.
                        unsafe {
                            let to = tiles.add((4 * i + j) * to.place + channel * to.line + at);
                            match is_whole {
                                true => *to.cast::<[E; LANES]>() = v[i],
                                false => std::ptr::copy_nonoverlapping(v[i].as_ptr(), to, count),
                            }
                        }
                    }
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
/// [`room`] for the rows and each of those numbers.
#[inline(always)]
pub unsafe fn input_of_rows<E: Element>(
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
    let top = 2 * first.down as isize - s.before[0] as isize;
    let scratch = &mut scratch[..lines * line * to.line];
    scratch.fill(E::ZERO);
    for channel in 0..s.channels {
        let plane = &image[(first.example * s.channels + channel) * s.plane()..][..s.plane()];
        for r in 0..lines {
            let from = top + r as isize;
            if from >= 0 && from < height as isize {
                let count = wide.min(line - s.before[1]);
                let from = &plane[from as usize * wide..][..count];
                let at = (r * line + s.before[1]) * to.line + channel;
                for x in 0..count {
                    scratch[at + x * to.line] = from[x];
                }
            }
        }
    }
    for (index, row) in rows.iter().enumerate() {
        for tile in 0..row.count {
            let corner = (2 * index * line + 2 * (row.first + tile)) * to.line;
            for channel in (0..to.line).step_by(LANES) {
                let mut t = [[[E::ZERO; LANES]; 4]; 4];
                for r in 0..4 {
                    let at = corner + r * line * to.line + channel;
                    let d = scratch[at..at + 3 * to.line + LANES].as_ptr();
                    // SAFETY: four numbers of the line, with the channels of each.
                    let (d0, d1, d2, d3) = unsafe {
                        (
                            &*d.cast::<[E; LANES]>(),
                            &*d.add(to.line).cast::<[E; LANES]>(),
                            &*d.add(2 * to.line).cast::<[E; LANES]>(),
                            &*d.add(3 * to.line).cast::<[E; LANES]>(),
                        )
                    };
                    for l in 0..LANES {
                        t[r][0][l] = d0[l] - d2[l];
                        t[r][1][l] = d1[l] + d2[l];
                        t[r][2][l] = d2[l] - d1[l];
                        t[r][3][l] = d1[l] - d3[l];
                    }
                }
                // SAFETY: within the tile at each place.
                let to_tile = unsafe { tiles.add((row.at + tile) * to.line + channel) };
                for j in 0..4 {
                    let v = down(&t, j);
                    for i in 0..4 {
                        // SAFETY: as above.
                        unsafe { *to_tile.add((4 * i + j) * to.place).cast::<[E; LANES]>() = v[i] };
                    }
                }
            }
        }
    }
}

/// Copies a few numbers, for which a call would take longer than the work.
///
/// # Safety
/// `from` and `to` have so many numbers and lie apart.
#[inline(always)]
unsafe fn copy<E: Element>(from: *const E, to: *mut E, count: usize) {
    let mut at = 0;
    // SAFETY: at + LANES ≤ count, then at < count.
    unsafe {
        while at + LANES <= count {
            *to.add(at).cast::<[E; LANES]>() = *from.add(at).cast::<[E; LANES]>();
            at += LANES;
        }
        while at < count {
            *to.add(at) = *from.add(at);
            at += 1;
        }
    }
}

/// `Aᵀ m A` of a unit, for a row of tiles.
///
/// # Safety
/// `products` are 16 places of the unit; so many numbers as a vector has may be read behind the last tile of the row.
/// `output` is a plane of the result, of which nobody else writes what belongs to these tiles.
#[inline(always)]
pub unsafe fn result<E: Element>(s: &Sizes, products: *const E, place: usize, row: Row, output: *mut E) {
    let [height, width] = s.places;
    let has_second = 2 * row.down + 1 < height;
    for start in (0..row.count).step_by(LANES) {
        let count = LANES.min(row.count - start);
        let mut y = [[E::ZERO; 2 * LANES]; 2];
        let mut s0 = [[E::ZERO; LANES]; 4];
        let mut s1 = [[E::ZERO; LANES]; 4];
        for j in 0..4 {
            let at = row.at + start + j * place;
            // SAFETY: the caller's promise.
            let (m0, m1, m2, m3) = unsafe {
                (
                    &*products.add(at).cast::<[E; LANES]>(),
                    &*products.add(at + 4 * place).cast::<[E; LANES]>(),
                    &*products.add(at + 8 * place).cast::<[E; LANES]>(),
                    &*products.add(at + 12 * place).cast::<[E; LANES]>(),
                )
            };
            for l in 0..LANES {
                s0[j][l] = m0[l] + m1[l] + m2[l];
                s1[j][l] = m1[l] - m2[l] - m3[l];
            }
        }
        for l in 0..LANES {
            y[0][2 * l] = s0[0][l] + s0[1][l] + s0[2][l];
            y[0][2 * l + 1] = s0[1][l] - s0[2][l] - s0[3][l];
        }
        for l in 0..LANES {
            y[1][2 * l] = s1[0][l] + s1[1][l] + s1[2][l];
            y[1][2 * l + 1] = s1[1][l] - s1[2][l] - s1[3][l];
        }
        let column = 2 * (row.first + start);
        // The last tile of a row may have but one column.
        let numbers = (2 * count).min(width - column);
        for i in 0..if has_second { 2 } else { 1 } {
            // SAFETY: rows and columns of the result.
            unsafe {
                let to = output.add((2 * row.down + i) * width + column);
                copy(y[i].as_ptr(), to, numbers);
            }
        }
    }
}

/// `A e Aᵀ` of a unit, for a row of tiles.
///
/// # Safety
/// `results` has 16 places of the unit, `line` tiles each, of which those of the row are written.
#[inline(always)]
pub unsafe fn result_gradient<E: Element>(s: &Sizes, plane: &[E], row: Row, to: Tiles, results: *mut E) {
    let [height, width] = s.places;
    for start in (0..row.count).step_by(LANES) {
        let count = LANES.min(row.count - start);
        let column = 2 * (row.first + start);
        let numbers = (2 * count).min(width - column);
        let mut e = [[E::ZERO; 2 * LANES]; 2];
        for i in 0..2 {
            let line = 2 * row.down + i;
            if line < height {
                let from = &plane[line * width + column..][..numbers];
                // SAFETY: so many numbers, of memory that is apart.
                unsafe { copy(from.as_ptr(), e[i].as_mut_ptr(), numbers) };
            }
        }
        let at = row.at + start;
        let is_whole = at + LANES <= to.line;
        // Rows first, then columns: 1 0, 1 1, 1 -1, 0 -1.
        let mut left = [[E::ZERO; LANES]; 4];
        let mut right = [[E::ZERO; LANES]; 4];
        for l in 0..LANES {
            let (a, b) = (e[0][2 * l], e[1][2 * l]);
            left[0][l] = a;
            left[1][l] = a + b;
            left[2][l] = a - b;
            left[3][l] = -b;
            let (a, b) = (e[0][2 * l + 1], e[1][2 * l + 1]);
            right[0][l] = a;
            right[1][l] = a + b;
            right[2][l] = a - b;
            right[3][l] = -b;
        }
        for i in 0..4 {
            let mut line = [[E::ZERO; LANES]; 4];
            for l in 0..LANES {
                line[0][l] = left[i][l];
                line[1][l] = left[i][l] + right[i][l];
                line[2][l] = left[i][l] - right[i][l];
                line[3][l] = -right[i][l];
            }
            for j in 0..4 {
                // SAFETY: within the line of the unit.
                unsafe {
                    let to = results.add((4 * i + j) * to.place + at);
                    match is_whole {
                        true => *to.cast::<[E; LANES]>() = line[j],
                        false => std::ptr::copy_nonoverlapping(line[j].as_ptr(), to, count),
                    }
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
