//! Convolutions, as products of matrices: what the windows of an image read is written out as a matrix, in parts that
//! stay in the cache, and faer multiplies it.
//!
//! The pieces follow from the sizes alone. A sum over examples (the gradient of a kernel) is taken over fixed runs of
//! examples, each with a result of its own, which a reduction adds up in order.

use super::depthwise;
use super::geometry::Geometry;
use super::memory::{Bases, Place};
use crate::runtime::element::Element;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::ops::Range;

/// Multiplications of a piece that pays for its hand-over.
const PIECE: usize = 2 << 20;
/// Numbers of a matrix that is written out at a time: what a core's own cache holds beside the rest.
const MATRIX: usize = 128 << 10;
/// Numbers of all partial gradients of a kernel together, unless one alone is larger.
const PARTIAL: usize = 2 << 20;
/// Most runs of examples with a partial gradient of their own.
const RUNS: usize = 16;

/// Which of the three tensors is computed from the other two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `[N, O, S'…]` from image and kernel.
    Result,
    /// `[N, C, S…]` from result and kernel.
    Image,
    /// `[runs, O, C/groups, K…]` from image and result: the sum over each run of examples.
    Kernel,
}

/// The sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Which of the three tensors is computed.
    pub side: Side,
    /// Where windows read.
    pub geometry: Geometry,
    /// N.
    pub examples: usize,
    /// Parts that see themselves alone.
    pub groups: usize,
    /// Channels of a group.
    pub channels: usize,
    /// Units of a group.
    pub units: usize,
}

/// Into how many runs so many examples are parted, whose gradients of a kernel of so many numbers are summed apart.
pub(super) fn runs_of(examples: usize, kernel: usize) -> usize {
    (PARTIAL / kernel.max(1)).clamp(1, RUNS).min(examples).max(1)
}

impl Sizes {
    /// Rows of the matrix that is written out: what one unit sees through one window.
    fn depth(&self) -> usize {
        self.channels * self.geometry.taps()
    }

    /// Numbers of a kernel.
    fn kernel(&self) -> usize {
        self.groups * self.units * self.depth()
    }

    /// Runs of examples that are summed apart.
    pub fn runs(&self) -> usize {
        match self.side {
            Side::Kernel => runs_of(self.examples, self.kernel()),
            Side::Result | Side::Image => 1,
        }
    }

    /// The examples of a run.
    fn run(&self, run: usize) -> Range<usize> {
        let runs = self.runs();
        run * self.examples / runs..(run + 1) * self.examples / runs
    }

    /// Windows whose matrix is written out at a time.
    fn columns(&self) -> usize {
        let windows = self.geometry.windows().max(1);
        if self.is_depthwise() {
            return windows;
        }
        let most = (MATRIX / self.depth().max(1)).max(16);
        // Parts of one size, in whole cache lines.
        windows.div_ceil(windows.div_ceil(most)).next_multiple_of(16).min(windows)
    }

    /// Parts of the windows of an image.
    fn parts(&self) -> usize {
        self.geometry.windows().div_ceil(self.columns())
    }

    fn part(&self, part: usize) -> Range<usize> {
        let columns = self.columns();
        part * columns..((part + 1) * columns).min(self.geometry.windows())
    }

    /// Jobs that could each be a piece, and multiplications of one.
    fn jobs(&self) -> (usize, usize) {
        let each = self.units * self.depth() * self.geometry.windows();
        match self.side {
            Side::Result => (self.examples * self.groups * self.parts(), each / self.parts().max(1)),
            Side::Image => (self.examples * self.groups * self.channel_parts(), each / self.channel_parts().max(1)),
            Side::Kernel => {
                let (runs, rows) = (self.runs(), self.unit_parts());
                (runs * self.groups * rows, each / rows.max(1) * self.examples.div_ceil(runs))
            }
        }
    }

    /// Parts of a group's channels, where there are few images to share out.
    fn channel_parts(&self) -> usize {
        let enough = 16_usize.div_ceil((self.examples * self.groups).max(1));
        enough.min(self.channels.div_ceil(4)).max(1)
    }

    /// Parts of a group's units, where there are few runs to share out. Each writes the matrix out anew.
    fn unit_parts(&self) -> usize {
        let enough = 8_usize.div_ceil(self.runs() * self.groups);
        enough.min(self.units.div_ceil(32)).max(1)
    }

    /// Jobs of a piece.
    fn per_piece(&self) -> usize {
        let (jobs, each) = self.jobs();
        (PIECE / each.max(1)).clamp(1, jobs.div_ceil(16).max(1))
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        let (jobs, each) = self.jobs();
        // All of it may be too little to be shared.
        if jobs * each <= PIECE / 4 { 1 } else { jobs.div_ceil(self.per_piece()) }
    }

    /// Numbers of each of the three tensors: image, kernel, result.
    fn counts(&self) -> [usize; 3] {
        let channels = self.examples * self.groups * self.channels;
        let units = self.examples * self.groups * self.units;
        [channels * self.geometry.plane(), self.kernel(), units * self.geometry.windows()]
    }

    /// Numbers of the operands and of what is computed.
    pub fn operands(&self) -> [usize; 3] {
        let [image, kernel, result] = self.counts();
        match self.side {
            Side::Result => [image, kernel, result],
            Side::Image => [result, kernel, image],
            Side::Kernel => [image, result, self.runs() * kernel],
        }
    }
}

/// A convolution. All operands are linear.
#[derive(Debug, Clone)]
pub struct Convolve {
    /// Its sizes.
    pub sizes: Sizes,
    /// The operands: image and kernel, result and kernel, or image and result.
    pub inputs: [Place; 2],
    /// What is computed.
    pub output: Place,
}

/// `c = a @ b`, or added to it. Pointers with strides by row and by column.
///
/// # Safety
/// The pointers and strides are those of matrices of these sizes; `c` is apart from the others.
unsafe fn multiply<E: Element>(
    accumulate: Accum,
    [m, k, n]: [usize; 3],
    (a, sa): (*const E, [usize; 2]),
    (b, sb): (*const E, [usize; 2]),
    (c, sc): (*mut E, usize),
) {
    let [sa, sb] = [sa, sb].map(|s| s.map(|s| s as isize));
    // SAFETY: the caller's promise.
    unsafe {
        let a = MatRef::from_raw_parts(a, m, k, sa[0], sa[1]);
        let b = MatRef::from_raw_parts(b, k, n, sb[0], sb[1]);
        let c = MatMut::from_raw_parts_mut(c, m, n, sc as isize, 1);
        matmul(c, accumulate, a, b, E::ONE, Par::Seq);
    }
}

impl Convolve {
    /// Scratch numbers that a thread needs: a matrix, or planes with zeros around them.
    pub fn scratch(&self) -> usize {
        match &self.sizes {
            s if s.is_depthwise() => s.depthwise_scratch(),
            s if s.geometry.is_pointwise() => 0,
            s => s.depth() * s.columns(),
        }
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`; `scratch` has room for [`Convolve::scratch`] numbers and is this
    /// thread's.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, piece: usize) {
        let sizes = &self.sizes;
        let (jobs, _) = sizes.jobs();
        let all = sizes.pieces() == 1;
        let per = sizes.per_piece();
        let range = if all { 0..jobs } else { piece * per..((piece + 1) * per).min(jobs) };
        for job in range {
            // SAFETY: passed on; jobs write disjoint parts of the result.
            unsafe {
                if sizes.is_depthwise() {
                    self.depthwise(bases, scratch, job);
                    continue;
                }
                match sizes.side {
                    Side::Result => self.result(bases, scratch, job),
                    Side::Image => self.image(bases, scratch, job),
                    Side::Kernel => self.kernel(bases, scratch, job),
                }
            }
        }
    }

    /// A group of an example, or of a run of examples.
    ///
    /// # Safety
    /// As [`Convolve::run`].
    unsafe fn depthwise<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, job: usize) {
        let s = &self.sizes;
        let (group, plane, windows) = (job % s.groups, s.geometry.plane(), s.units * s.geometry.windows());
        let taps = s.units * s.geometry.taps();
        // SAFETY: the group's channel, results and kernel, of which what is computed is this job's own; the scratch memory
        // is this thread's.
        unsafe {
            let scratch = std::slice::from_raw_parts_mut(scratch, self.scratch());
            let read = |operand: usize, index: usize, count: usize| {
                bases.read(Self::at(self.inputs[operand], index * count), count)
            };
            let output = |index: usize, count: usize| bases.pointer(Self::at(self.output, index * count));
            match s.side {
                Side::Result => {
                    depthwise::result(s, read(0, job, plane), read(1, group, taps), scratch, output(job, windows));
                }
                Side::Image => {
                    depthwise::image(s, read(0, job, windows), read(1, group, taps), scratch, output(job, plane));
                }
                Side::Kernel => {
                    let run = s.run(job / s.groups);
                    let to = output(job, taps);
                    std::slice::from_raw_parts_mut(to, taps).fill(E::ZERO);
                    for example in run {
                        let image = example * s.groups + group;
                        depthwise::kernel(s, read(0, image, plane), read(1, image, windows), scratch, to);
                    }
                }
            }
        }
    }

    fn at(place: Place, offset: usize) -> Place {
        Place { offset: place.offset + offset, ..place }
    }

    /// A part of the windows of a group of an example: `result = kernel @ matrix`.
    ///
    /// # Safety
    /// As [`Convolve::run`].
    unsafe fn result<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, job: usize) {
        let s = &self.sizes;
        let (image, part) = (job / s.parts(), job % s.parts());
        let (group, depth, windows) = (image % s.groups, s.depth(), s.geometry.windows());
        let range = s.part(part);
        let (from, columns) = (range.start, range.len());
        let kernel = bases.pointer(Self::at(self.inputs[1], group * s.units * depth)).cast_const();
        let output = bases.pointer(Self::at(self.output, image * s.units * windows + from));
        let plane = s.channels * s.geometry.plane();
        // SAFETY: the group's channels of an example, which nobody writes; the scratch has room for the matrix; the
        // part of the result is this job's own.
        unsafe {
            let channels = bases.read(Self::at(self.inputs[0], image * plane), plane);
            let matrix = if s.geometry.is_pointwise() {
                (channels.as_ptr().wrapping_add(from), [windows, 1])
            } else {
                let matrix = std::slice::from_raw_parts_mut(scratch, depth * columns);
                s.geometry.unfold(channels, range, matrix);
                (scratch.cast_const(), [columns, 1])
            };
            multiply(Accum::Replace, [s.units, depth, columns], (kernel, [depth, 1]), matrix, (output, windows));
        }
    }

    /// A part of the channels of a group of an example: `matrix = kernelᵀ @ result`, folded.
    ///
    /// # Safety
    /// As [`Convolve::run`].
    unsafe fn image<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, job: usize) {
        let s = &self.sizes;
        let (image, part) = (job / s.channel_parts(), job % s.channel_parts());
        let cut = |part: usize| part * s.channels / s.channel_parts();
        let (first, channels) = (cut(part), cut(part + 1) - cut(part));
        let (depth, windows, taps, plane) = (s.depth(), s.geometry.windows(), s.geometry.taps(), s.geometry.plane());
        let group = image % s.groups;
        let kernel = bases.pointer(Self::at(self.inputs[1], group * s.units * depth + first * taps)).cast_const();
        let result = bases.pointer(Self::at(self.inputs[0], image * s.units * windows)).cast_const();
        let output = Self::at(self.output, (image * s.channels + first) * plane);
        let rows = channels * taps;
        // SAFETY: the channels are this job's own, the operands are not the result (checked), and the scratch has room
        // for the matrix.
        unsafe {
            if s.geometry.is_pointwise() {
                let output = (bases.pointer(output), windows);
                let sizes = [rows, s.units, windows];
                return multiply(Accum::Replace, sizes, (kernel, [1, depth]), (result, [windows, 1]), output);
            }
            let output = bases.write(output, channels * plane);
            output.fill(E::ZERO);
            for part in 0..s.parts() {
                let range = s.part(part);
                let columns = range.len();
                let from = (result.wrapping_add(range.start), [windows, 1]);
                let sizes = [rows, s.units, columns];
                multiply(Accum::Replace, sizes, (kernel, [1, depth]), from, (scratch, columns));
                s.geometry.fold(std::slice::from_raw_parts_mut(scratch, rows * columns), range, output);
            }
        }
    }

    /// Some units of a group over a run of examples: `kernel = Σ result @ matrixᵀ`.
    ///
    /// # Safety
    /// As [`Convolve::run`].
    unsafe fn kernel<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, job: usize) {
        let s = &self.sizes;
        let parts = s.unit_parts();
        let (run, group, part) = (job / (s.groups * parts), job / parts % s.groups, job % parts);
        let cut = |part: usize| part * s.units / parts;
        let (first, units) = (cut(part), cut(part + 1) - cut(part));
        let (depth, windows) = (s.depth(), s.geometry.windows());
        let plane = s.channels * s.geometry.plane();
        let output = bases.pointer(Self::at(self.output, run * s.kernel() + (group * s.units + first) * depth));
        let mut accumulate = Accum::Replace;
        for example in s.run(run) {
            let image = example * s.groups + group;
            let result = bases.pointer(Self::at(self.inputs[1], (image * s.units + first) * windows)).cast_const();
            for part in 0..s.parts() {
                let range = s.part(part);
                let (from, columns) = (range.start, range.len());
                // SAFETY: as in `Convolve::result`; the rows of the partial kernel are this job's own.
                unsafe {
                    let channels = bases.read(Self::at(self.inputs[0], image * plane), plane);
                    let matrix = if s.geometry.is_pointwise() {
                        (channels.as_ptr().wrapping_add(from), [1, windows])
                    } else {
                        let matrix = std::slice::from_raw_parts_mut(scratch, depth * columns);
                        s.geometry.unfold(channels, range, matrix);
                        (scratch.cast_const(), [1, columns])
                    };
                    let result = (result.wrapping_add(from), [windows, 1]);
                    multiply(accumulate, [units, columns, depth], result, matrix, (output, depth));
                }
                accumulate = Accum::Add;
            }
        }
        if accumulate == Accum::Replace {
            // SAFETY: as above.
            unsafe { std::slice::from_raw_parts_mut(output, units * depth) }.fill(E::ZERO);
        }
    }
}
