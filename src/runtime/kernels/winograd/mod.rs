//! Convolutions of 3×3 in two dimensions with 16 multiplications where 36 are written: Winograd's minimal filtering
//! F(2×2, 3×3), as Lavin and Gray ("Fast Algorithms for Convolutional Neural Networks", 2016) use it.
//!
//! Two by two results are computed together from the four by four numbers that they see:
//! `Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`, summed over the channels inside the brackets, which makes 16 products of matrices out of
//! one. All numbers in the matrices are 0, ±1 and ±½, so little is lost: a result is about as far from the exact one as
//! that of the direct sum. The gradient of the kernel is the transpose of the same form,
//! `Gᵀ [(A e Aᵀ) ⊙ (Bᵀ d B)] G`, summed over all four by fours; that of the image is the convolution with the kernel
//! turned by half.
//!
//! The pieces follow from the sizes alone.

mod transforms;

use self::transforms::{Row, Tiles, input, input_of_rows, kernel_gradient, result, result_gradient, weights};
use super::convolve::runs_of;
use super::eight::{Eight, LANES, with_eight};
use super::memory::{Bases, Place};
use super::tiles::{WIDEST, matrix};
use crate::runtime::element::Element;
use multiversion::multiversion;
use std::ops::Range;

/// Places of a transformed tile.
pub const PLACES: usize = 16;
/// Numbers of the transformed tiles of a block, of the image and of the result each: both stay in a core's own cache.
const BLOCK: usize = 48 << 10;
/// Most tiles of a block.
const MOST: usize = 256;
/// Numbers of a transformed gradient of a kernel that a job sums up.
const GRADIENT: usize = 128 << 10;
/// Transforms of kernels that are a piece.
const KERNELS: usize = 4096;
/// From so many channels and units on the transforms are paid for.
const LEAST: usize = 8;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `[16, units, channels]` from the kernel `[units, channels, 3, 3]`; `turned`, from `[channels, units, 3, 3]`, each
    /// of its windows turned by half.
    Weights {
        /// See above.
        turned: bool,
    },
    /// `[N, units, S']` from the image `[N, channels, S]` and the transformed kernel.
    Result,
    /// `[runs, units, channels, 3, 3]` from the image and the gradient of the result: the sum over each run of examples.
    Gradient,
}

/// The sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// N.
    pub examples: usize,
    /// What is summed over.
    pub channels: usize,
    #[allow(missing_docs)]
    pub units: usize,
    /// Height and width of the image.
    pub image: [usize; 2],
    /// Height and width of the result.
    pub places: [usize; 2],
    /// Positions in front of the image that windows reach.
    pub before: [usize; 2],
}

impl Sizes {
    /// Whether so many channels and units pay for the transforms.
    pub fn pays(&self) -> bool {
        let is_large = self.places.iter().all(|n| *n >= 3);
        self.channels >= LEAST && self.units >= LEAST && is_large
    }

    /// Whether the gradient of the kernel pays for them too: its channels are filled up to whole lines.
    pub fn gradient_pays(&self) -> bool {
        self.pays() && 3 * self.channels >= 2 * self.line()
    }

    /// Runs of examples whose gradients of the kernel are summed apart.
    pub fn runs(&self) -> usize {
        runs_of(self.examples, self.units * self.channels * 9)
    }

    fn plane(&self) -> usize {
        self.image[0] * self.image[1]
    }

    fn windows(&self) -> usize {
        self.places[0] * self.places[1]
    }

    /// Tiles of a result, down and across.
    fn tiles(&self) -> [usize; 2] {
        self.places.map(|n| n.div_ceil(2))
    }

    fn tiles_of_example(&self) -> usize {
        self.tiles()[0] * self.tiles()[1]
    }

    /// Tiles of a block: a multiple of the widest tile of a product.
    fn block(&self) -> usize {
        let room = BLOCK / (PLACES * self.channels);
        (room / WIDEST * WIDEST).clamp(WIDEST, MOST)
    }

    /// Distance of two lines of a block: behind each is room for what is written of whole vectors.
    fn stride(&self) -> usize {
        self.block() + LANES
    }

    /// Most rows of tiles of one example in a block.
    fn most_rows(&self) -> usize {
        let [down, across] = self.tiles();
        (self.block().div_ceil(across) + 1).min(down).min(MOST_ROWS)
    }

    /// Channels as lines of a matrix that is cut into whole tiles of a product.
    fn line(&self) -> usize {
        self.channels.next_multiple_of(WIDEST)
    }

    /// Numbers of an image with zeros around it, as much of it as a block sees.
    fn padded(&self) -> usize {
        transforms::room(self.most_rows(), self.tiles()[1])
    }
}

/// A part of such a convolution. All operands are linear.
#[derive(Debug, Clone)]
pub struct Winograd {
    /// What is computed.
    pub part: Part,
    /// From what sizes.
    pub sizes: Sizes,
    /// The operands; of a transform of the kernel the same twice.
    pub inputs: [Place; 2],
    /// What is computed.
    pub output: Place,
}

impl Winograd {
    /// Numbers of the operands and of what is computed.
    pub fn operands(&self) -> [usize; 3] {
        let s = &self.sizes;
        let (kernel, transformed) = (9 * s.units * s.channels, PLACES * s.units * s.channels);
        let (image, result) = (s.examples * s.channels * s.plane(), s.examples * s.units * s.windows());
        match self.part {
            Part::Weights { .. } => [kernel, kernel, transformed],
            Part::Result => [image, transformed, result],
            Part::Gradient => [image, result, self.sizes.runs() * kernel],
        }
    }

    /// Units of the block whose products lie in the cache, or of a job that sums a gradient up.
    fn unit_block(&self) -> usize {
        let s = &self.sizes;
        let room = match self.part {
            Part::Gradient => GRADIENT / (PLACES * s.line()),
            _ => BLOCK / (PLACES * s.block()),
        };
        // Whole tiles of a product, for 6 and for 8 rows.
        (room / 24 * 24).max(24).min(s.units)
    }

    /// Parts of the units of a gradient.
    fn unit_parts(&self) -> usize {
        self.sizes.units.div_ceil(self.unit_block())
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        let s = &self.sizes;
        match self.part {
            Part::Weights { .. } => (s.units * s.channels).div_ceil(KERNELS),
            Part::Result => (s.examples * s.tiles_of_example()).div_ceil(s.block()),
            Part::Gradient => self.sizes.runs() * self.unit_parts(),
        }
    }

    /// Scratch numbers that a thread needs.
    pub fn scratch(&self) -> usize {
        let s = &self.sizes;
        let (line, units) = (PLACES * s.stride(), self.unit_block());
        match self.part {
            Part::Weights { .. } => 0,
            Part::Result => line * (s.channels + units),
            Part::Gradient => s.line() * (s.padded() + PLACES * (s.block() + units)) + line * units,
        }
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`; `scratch` has room for [`Winograd::scratch`] numbers and is this
    /// thread's.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, piece: usize) {
        let s = &self.sizes;
        let [x, y, _] = self.operands();
        // SAFETY: operands are not written while this runs (checked); pieces write disjoint parts of the result.
        unsafe {
            let inputs = [bases.read(self.inputs[0], x), bases.read(self.inputs[1], y)];
            let scratch = std::slice::from_raw_parts_mut(scratch, self.scratch());
            let output = bases.pointer(self.output);
            match self.part {
                Part::Weights { turned } => {
                    let all = s.units * s.channels;
                    weights(s, turned, inputs[0], output, piece * KERNELS..((piece + 1) * KERNELS).min(all));
                }
                Part::Result => run_block(self, inputs, output, scratch, piece),
                Part::Gradient => run_gradient(self, inputs, output, scratch, piece),
            }
        }
    }
}

/// The rows of tiles in a range of all tiles.
fn rows_of(s: Sizes, range: Range<usize>) -> impl Iterator<Item = Row> {
    let across = s.tiles()[1];
    let mut at = range.start;
    std::iter::from_fn(move || {
        let (example, within) = (at / s.tiles_of_example(), at % s.tiles_of_example());
        let (down, first) = (within / across, within % across);
        let count = (across - first).min(range.end - at);
        let row = Row { example, down, first, count, at: at - range.start };
        at += count;
        (count > 0).then_some(row)
    })
}

/// Most rows of tiles that are transformed in one go.
const MOST_ROWS: usize = 16;

/// The rows of tiles in a range of all, those of an example together, but not more than [`MOST_ROWS`]. No closure is called
/// with them: one that is not inlined has not the instructions of its caller.
struct Together<I: Iterator<Item = Row>> {
    rows: std::iter::Peekable<I>,
    together: [Row; MOST_ROWS],
}

impl<I: Iterator<Item = Row>> Together<I> {
    #[inline(always)]
    fn new(rows: I) -> Self {
        let none = Row { example: 0, down: 0, first: 0, count: 0, at: 0 };
        Together { rows: rows.peekable(), together: [none; MOST_ROWS] }
    }

    /// The next of them; none at the end.
    #[inline(always)]
    fn next(&mut self) -> &[Row] {
        let mut count = 0;
        while count < MOST_ROWS {
            let example = self.together[0].example;
            match self.rows.next_if(|row| count == 0 || row.example == example) {
                Some(row) => self.together[count] = row,
                None => break,
            }
            count += 1;
        }
        &self.together[..count]
    }
}

/// # Safety
/// As [`Winograd::run`]; `output` is that of the whole result.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn run_block<E: Element>(of: &Winograd, inputs: [&[E]; 2], output: *mut E, scratch: &mut [E], piece: usize) {
    // SAFETY: passed on; the processor has what this version is for.
    unsafe { with_eight!(block::<E>(of, inputs, output, scratch, piece)) }
}

/// # Safety
/// As [`Winograd::run`]; the processor has the instructions of `V`.
#[inline(always)]
unsafe fn block<E: Element, V: Eight<E>>(
    of: &Winograd,
    [image, kernel]: [&[E]; 2],
    output: *mut E,
    scratch: &mut [E],
    piece: usize,
) {
    let s = &of.sizes;
    let (room, stride, units) = (s.block(), s.stride(), of.unit_block());
    let all = s.examples * s.tiles_of_example();
    let range = piece * room..((piece + 1) * room).min(all);
    let columns = range.len().next_multiple_of(WIDEST);
    let (tiles, products) = scratch.split_at_mut(PLACES * s.channels * stride);
    let mut together = Together::new(rows_of(*s, range.clone()));
    loop {
        let rows = together.next();
        if rows.is_empty() {
            break;
        }
        let to = Tiles { place: s.channels * stride, line: stride };
        // SAFETY: the tiles have room for all places and channels, and behind each line for what a vector has.
        unsafe { input::<E, V>(s, image, rows, to, tiles.as_mut_ptr()) };
    }
    let mut first = 0;
    while first < s.units {
        let own = units.min(s.units - first);
        for place in 0..PLACES {
            let a = kernel[(place * s.units + first) * s.channels..].as_ptr();
            let b = tiles[place * s.channels * stride..].as_ptr();
            let c = products[place * units * stride..].as_mut_ptr();
            // SAFETY: the rows of a block are as long as its room, a multiple of the columns of a tile.
            unsafe { matrix([own, s.channels, columns], (a, [s.channels, 1]), (b, stride), (c, stride), false) };
        }
        for row in rows_of(*s, range.clone()) {
            for unit in 0..own {
                let plane = (row.example * s.units + first + unit) * s.windows();
                // SAFETY: the places of the result of these tiles are this piece's own. Behind the products of a unit lie
                // as many numbers as a vector has.
                unsafe {
                    let products = products.as_ptr().add(unit * stride);
                    result::<E, V>(s, products, units * stride, row, output.add(plane));
                }
            }
        }
        first += own;
    }
}

/// # Safety
/// As [`Winograd::run`]; `output` is that of the whole result.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn run_gradient<E: Element>(of: &Winograd, inputs: [&[E]; 2], output: *mut E, scratch: &mut [E], piece: usize) {
    // SAFETY: passed on; the processor has what this version is for.
    unsafe { with_eight!(gradient_of_run::<E>(of, inputs, output, scratch, piece)) }
}

/// # Safety
/// As [`Winograd::run`]; the processor has the instructions of `V`.
#[inline(always)]
unsafe fn gradient_of_run<E: Element, V: Eight<E>>(
    of: &Winograd,
    [image, gradient]: [&[E]; 2],
    output: *mut E,
    scratch: &mut [E],
    piece: usize,
) {
    let s = &of.sizes;
    let (room, stride, block, line) = (s.block(), s.stride(), of.unit_block(), s.line());
    let (run, part, runs) = (piece / of.unit_parts(), piece % of.unit_parts(), s.runs());
    let first = part * block;
    let units = block.min(s.units - first);
    let (padded, rest) = scratch.split_at_mut(s.padded() * line);
    let (tiles, rest) = rest.split_at_mut(PLACES * line * room);
    let (results, sums) = rest.split_at_mut(PLACES * block * stride);
    let sums = &mut sums[..PLACES * units * line];
    sums.fill(E::ZERO);
    let tiles_of = |examples: usize| examples * s.tiles_of_example();
    let (start, end) = (tiles_of(run * s.examples / runs), tiles_of((run + 1) * s.examples / runs));
    for from in (start..end).step_by(room) {
        let range = from..(from + room).min(end);
        let count = range.len();
        let mut together = Together::new(rows_of(*s, range));
        loop {
            let rows = together.next();
            let Some(row) = rows.first() else { break };
            let to = Tiles { place: line * room, line };
            // SAFETY: the parts of the scratch memory are as long.
            unsafe { input_of_rows::<E, V>(s, image, rows, padded, to, tiles.as_mut_ptr()) };
            for unit in 0..units {
                let plane = (row.example * s.units + first + unit) * s.windows();
                let plane = &gradient[plane..plane + s.windows()];
                let to = Tiles { place: units * stride, line: stride };
                for row in rows {
                    // SAFETY: as above; behind each line is room for what a vector has.
                    unsafe { result_gradient::<E, V>(s, plane, *row, to, results.as_mut_ptr().add(unit * stride)) };
                }
            }
        }
        for place in 0..PLACES {
            let a = results[place * units * stride..].as_ptr();
            let b = tiles[place * line * room..].as_ptr();
            let c = sums[place * units * line..].as_mut_ptr();
            // SAFETY: lines are whole tiles of a product.
            unsafe {
                matrix([units, count, line], (a, [stride, 1]), (b, line), (c, line), true);
            }
        }
    }
    // SAFETY: the units of the run are this piece's own.
    let output = unsafe {
        let at = (run * s.units + first) * s.channels * 9;
        std::slice::from_raw_parts_mut(output.add(at), units * s.channels * 9)
    };
    kernel_gradient(sums, [units, s.channels, line], output);
}

#[cfg(test)]
mod tests;
