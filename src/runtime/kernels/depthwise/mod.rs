//! Convolutions whose groups have one channel each (depthwise: Howard et al., "MobileNets", 2017): there is no product of
//! matrices in them, so lines of the result are summed up tap by tap in registers.
//!
//! The plane that is read is copied with zeros around it, and its columns are parted by the stride: what neighbouring
//! windows read at a tap then stands side by side, and no tap has to ask where an edge is.
#![allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined

use super::convolve::{Side, Sizes};
use super::geometry::Geometry;
use super::math::with_fused;
use crate::runtime::element::Element;
use multiversion::multiversion;

/// Windows of a line that are summed up side by side.
const LANES: usize = 16;
/// Taps that are summed up side by side, where the kernel is what is computed.
const TOGETHER: usize = 5;
/// Most taps of a window: those of a line stand on the stack.
pub const MOST_TAPS: usize = 64;

/// A tap: how far from where a line begins it reads, and the number of the kernel.
type Tap<E> = (isize, E);

/// A plane with zeros around it.
#[derive(Clone, Copy)]
struct Padded {
    /// Zeros in front, along each axis.
    front: [usize; 3],
    /// Planes and lines.
    lines: [usize; 2],
    /// Into how many phases the columns are parted.
    phases: usize,
    /// Numbers of a phase of a line.
    pitch: usize,
}

impl Padded {
    /// What windows read of an image.
    fn image(g: &Geometry) -> Padded {
        let last = |axis: usize| (g.kernel[axis] - 1) * g.dilation[axis];
        let lines = [0, 1].map(|axis| g.places[axis].saturating_sub(1) * g.stride[axis] + last(axis) + 1);
        Padded { front: g.before, lines, phases: g.stride[2], pitch: g.places[2] + last(2) / g.stride[2] }
    }

    /// What positions of an image read of the windows.
    fn windows(g: &Geometry) -> Padded {
        let front = [0, 1, 2].map(|axis| (g.kernel[axis] - 1) * g.dilation[axis] / g.stride[axis]);
        let of = |axis: usize| front[axis] + (g.before[axis] + g.image[axis]) / g.stride[axis] + 1;
        Padded { front, lines: [of(0), of(1)], phases: 1, pitch: of(2) }
    }

    /// The windows by themselves, their lines filled up with zeros.
    fn filled(g: &Geometry) -> Padded {
        let pitch = g.places[2].next_multiple_of(LANES);
        Padded { front: [0; 3], lines: [g.places[0], g.places[1]], phases: 1, pitch }
    }

    /// Where a line begins.
    #[inline(always)]
    fn line(&self, [deep, down]: [usize; 2]) -> usize {
        (deep * self.lines[1] + down) * self.phases * self.pitch
    }

    /// Room for all of it, and for a whole vector from its last number on.
    fn numbers(&self) -> usize {
        self.line([self.lines[0], 0]) + LANES
    }

    /// Copies a plane of so many planes, lines and columns; what is never read is left out.
    #[inline(always)]
    fn fill<E: Element>(&self, plane: &[E], [planes, lines, columns]: [usize; 3], to: &mut [E]) {
        for number in to.iter_mut() {
            *number = E::ZERO;
        }
        let (front, width) = (self.front[2], self.phases * self.pitch);
        let columns_kept = columns.min(width.saturating_sub(front));
        for deep in 0..planes.min(self.lines[0].saturating_sub(self.front[0])) {
            for down in 0..lines.min(self.lines[1].saturating_sub(self.front[1])) {
                let line = &plane[(deep * lines + down) * columns..][..columns_kept];
                let to = &mut to[self.line([deep + self.front[0], down + self.front[1]])..][..width];
                if self.phases == 1 {
                    // SAFETY: so many numbers of lines that lie apart.
                    unsafe { copy(line.as_ptr(), to.as_mut_ptr().wrapping_add(front), columns_kept) };
                } else {
                    for column in 0..columns_kept {
                        let at = front + column;
                        to[at % self.phases * self.pitch + at / self.phases] = line[column];
                    }
                }
            }
        }
    }
}

impl Sizes {
    /// Whether it is one of these.
    pub(super) fn is_depthwise(&self) -> bool {
        self.channels == 1 && self.units <= 4 && self.geometry.taps() <= MOST_TAPS
    }

    /// Scratch numbers that a thread needs for these.
    pub(super) fn depthwise_scratch(&self) -> usize {
        let g = &self.geometry;
        match self.side {
            Side::Result => Padded::image(g).numbers(),
            Side::Image => Padded::windows(g).numbers(),
            Side::Kernel => Padded::image(g).numbers() + Padded::filled(g).numbers(),
        }
    }
}

/// Copies some numbers, few enough that a call would take longer than the work.
///
/// # Safety
/// `from` and `to` have so many numbers and lie apart.
#[inline(always)]
unsafe fn copy<E: Element>(from: *const E, to: *mut E, count: usize) {
    let mut at = 0;
    // SAFETY: `at` and what is copied at once stay within `count`.
    unsafe {
        while at + LANES <= count {
            *to.add(at).cast::<[E; LANES]>() = *from.add(at).cast::<[E; LANES]>();
            at += LANES;
        }
        if at + 8 <= count {
            *to.add(at).cast::<[E; 8]>() = *from.add(at).cast::<[E; 8]>();
            at += 8;
        }
        if at + 4 <= count {
            *to.add(at).cast::<[E; 4]>() = *from.add(at).cast::<[E; 4]>();
            at += 4;
        }
        while at < count {
            *to.add(at) = *from.add(at);
            at += 1;
        }
    }
}

/// `a · b + c`
#[inline(always)]
fn plus<E: Element, const FUSED: bool>(a: E, b: E, c: E) -> E {
    if FUSED { a.fused(b, c) } else { a * b + c }
}

/// Sums of the taps at so many neighbouring places.
///
/// # Safety
/// At each tap as many numbers can be read, and on to the next multiple of [`LANES`].
#[inline(always)]
unsafe fn sums<E: Element, const FUSED: bool>(taps: &[Tap<E>], from: *const E) -> [E; LANES] {
    let mut sums = [E::ZERO; LANES];
    for (offset, weight) in taps {
        // SAFETY: the caller's promise.
        let line = unsafe { &*from.wrapping_offset(*offset).cast::<[E; LANES]>() };
        for l in 0..LANES {
            sums[l] = plus::<E, FUSED>(*weight, line[l], sums[l]);
        }
    }
    sums
}

/// The planes of a group: `output` has one for each unit, from the group's channel and kernel.
///
/// # Safety
/// Slices and `output` are as long as the sizes say; nobody else touches the output; the scratch memory has
/// [`Sizes::depthwise_scratch`] numbers.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub unsafe fn result<E: Element>(s: &Sizes, image: &[E], kernel: &[E], scratch: &mut [E], output: *mut E) {
    // SAFETY: passed on.
    unsafe { with_fused!(result_of::<E>(s, image, kernel, scratch, output)) }
}

/// # Safety
/// As [`result`].
#[inline(always)]
unsafe fn result_of<E: Element, const FUSED: bool>(
    s: &Sizes,
    image: &[E],
    kernel: &[E],
    scratch: &mut [E],
    output: *mut E,
) {
    let g = &s.geometry;
    let padded = Padded::image(g);
    let plane = &mut scratch[..padded.numbers()];
    padded.fill(image, g.image, plane);
    let mut taps = [(0, E::ZERO); MOST_TAPS];
    let [planes, lines, columns] = g.places;
    for unit in 0..s.units {
        for tap in 0..g.taps() {
            taps[tap] = (offset(g, &padded, tap), kernel[unit * g.taps() + tap]);
        }
        for index in 0..planes * lines {
            let (deep, down) = (index / lines, index % lines);
            let line = padded.line([deep * g.stride[0], down * g.stride[1]]);
            let to = output.wrapping_add(((unit * planes + deep) * lines + down) * columns);
            for x in (0..columns).step_by(LANES) {
                // SAFETY: the padded plane has what all windows read; a line of the output.
                unsafe {
                    let sums = sums::<E, FUSED>(&taps[..g.taps()], plane.as_ptr().add(line + x));
                    copy(sums.as_ptr(), to.add(x), LANES.min(columns - x));
                }
            }
        }
    }
}

/// Where a tap reads in the padded image, from where its line begins.
#[inline(always)]
fn offset(g: &Geometry, padded: &Padded, tap: usize) -> isize {
    let [_, high, wide] = g.kernel;
    let of = |axis: usize, tap: usize| tap * g.dilation[axis];
    let (down, right) = (of(1, tap / wide % high), of(2, tap % wide));
    let line = padded.line([of(0, tap / (high * wide)), down]);
    (line + right % padded.phases * padded.pitch + right / padded.phases) as isize
}

/// A plane of the image, from the results of all units of its group.
///
/// # Safety
/// As [`result`].
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub unsafe fn image<E: Element>(s: &Sizes, results: &[E], kernel: &[E], scratch: &mut [E], output: *mut E) {
    // SAFETY: passed on.
    unsafe { with_fused!(image_of::<E>(s, results, kernel, scratch, output)) }
}

/// # Safety
/// As [`result`].
#[inline(always)]
unsafe fn image_of<E: Element, const FUSED: bool>(
    s: &Sizes,
    results: &[E],
    kernel: &[E],
    scratch: &mut [E],
    output: *mut E,
) {
    let g = &s.geometry;
    let padded = Padded::windows(g);
    let plane = &mut scratch[..padded.numbers()];
    let mut taps = [(0, E::ZERO); MOST_TAPS];
    for unit in 0..s.units {
        padded.fill(&results[unit * g.windows()..], g.places, plane);
        let kernel = &kernel[unit * g.taps()..][..g.taps()];
        // Positions that lie as far from where a window can begin see the same taps.
        for phase in 0..g.stride.iter().product() {
            let phase = [phase / (g.stride[1] * g.stride[2]), phase / g.stride[2] % g.stride[1], phase % g.stride[2]];
            let count = taps_of_phase(g, &padded, phase, kernel, &mut taps);
            // SAFETY: passed on.
            unsafe { lines_of_phase::<E, FUSED>(g, &padded, phase, &taps[..count], plane, unit > 0, output) };
        }
    }
}

/// The taps that positions of a phase are read at, and how many they are.
#[inline(always)]
fn taps_of_phase<E: Element>(
    g: &Geometry,
    padded: &Padded,
    phase: [usize; 3],
    kernel: &[E],
    taps: &mut [Tap<E>; MOST_TAPS],
) -> usize {
    let [_, high, wide] = g.kernel;
    let mut count = 0;
    for tap in 0..g.taps() {
        let at = [tap / (high * wide), tap / wide % high, tap % wide];
        let at = [0, 1, 2].map(|axis| at[axis] * g.dilation[axis]);
        if (0..3).all(|axis| at[axis] % g.stride[axis] == phase[axis]) {
            let back = [0, 1, 2].map(|axis| at[axis] / g.stride[axis]);
            taps[count] = (-((padded.line([back[0], back[1]]) + back[2]) as isize), kernel[tap]);
            count += 1;
        }
    }
    count
}

/// All positions of the image of a phase, or what is added to them.
///
/// # Safety
/// `output` is a plane of the image that nobody else touches; the taps are those of the phase.
#[inline(always)]
unsafe fn lines_of_phase<E: Element, const FUSED: bool>(
    g: &Geometry,
    padded: &Padded,
    phase: [usize; 3],
    taps: &[Tap<E>],
    plane: &[E],
    adds: bool,
    output: *mut E,
) {
    // The first position of the phase along an axis; then every `stride`-th.
    let first = [0, 1, 2].map(|axis| {
        let stride = g.stride[axis];
        (phase[axis] + stride - g.before[axis] % stride) % stride
    });
    // Where a position's first window stands in the padded plane.
    let window = |axis: usize, position: usize| padded.front[axis] + (position + g.before[axis]) / g.stride[axis];
    let [planes, lines, columns] = g.image;
    let (step, count) = (g.stride[2], columns.saturating_sub(first[2]).div_ceil(g.stride[2]));
    for deep in (first[0]..planes).step_by(g.stride[0]) {
        for down in (first[1]..lines).step_by(g.stride[1]) {
            let from = padded.line([window(0, deep), window(1, down)]) + window(2, first[2]);
            let to = output.wrapping_add((deep * lines + down) * columns + first[2]);
            for x in (0..count).step_by(LANES) {
                let width = LANES.min(count - x);
                // SAFETY: the padded plane has what all positions read; positions of the line.
                unsafe {
                    let mut sums = sums::<E, FUSED>(taps, plane.as_ptr().add(from + x));
                    if adds {
                        for l in 0..width {
                            sums[l] += *to.add((x + l) * step);
                        }
                    }
                    match step {
                        1 => copy(sums.as_ptr(), to.add(x), width),
                        _ => (0..width).for_each(|l| *to.add((x + l) * step) = sums[l]),
                    }
                }
            }
        }
    }
}

/// What an example adds to the kernel of a group, from a plane of the image and the results of all units.
///
/// # Safety
/// As [`result`].
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub unsafe fn kernel<E: Element>(s: &Sizes, image: &[E], results: &[E], scratch: &mut [E], output: *mut E) {
    // SAFETY: passed on.
    unsafe { with_fused!(kernel_of::<E>(s, image, results, scratch, output)) }
}

/// # Safety
/// As [`result`].
#[inline(always)]
unsafe fn kernel_of<E: Element, const FUSED: bool>(
    s: &Sizes,
    image: &[E],
    results: &[E],
    scratch: &mut [E],
    output: *mut E,
) {
    let g = &s.geometry;
    let (padded, filled) = (Padded::image(g), Padded::filled(g));
    let (plane, rest) = scratch.split_at_mut(padded.numbers());
    padded.fill(image, g.image, plane);
    let result = &mut rest[..filled.numbers()];
    for unit in 0..s.units {
        filled.fill(&results[unit * g.windows()..], g.places, result);
        for first in (0..g.taps()).step_by(TOGETHER) {
            let count = TOGETHER.min(g.taps() - first);
            // Taps beyond the last are the last, and left out.
            let mut offsets = [0; TOGETHER];
            for i in 0..TOGETHER {
                offsets[i] = offset(g, &padded, first + i.min(count - 1));
            }
            // SAFETY: passed on; the padded planes are those of the sizes.
            unsafe {
                let sums = products::<E, FUSED>(g, (&padded, plane.as_ptr()), (&filled, result.as_ptr()), offsets);
                for i in 0..count {
                    *output.add(unit * g.taps() + first + i) += sums[i];
                }
            }
        }
    }
}

/// The sums over all windows of the result times what it reads at some taps.
///
/// # Safety
/// The planes are those of the geometry.
#[inline(always)]
unsafe fn products<E: Element, const FUSED: bool>(
    g: &Geometry,
    (padded, plane): (&Padded, *const E),
    (filled, result): (&Padded, *const E),
    offsets: [isize; TOGETHER],
) -> [E; TOGETHER] {
    let mut sums = [[E::ZERO; LANES]; TOGETHER];
    let [planes, lines, columns] = g.places;
    for index in 0..planes * lines {
        let (deep, down) = (index / lines, index % lines);
        let from = padded.line([deep * g.stride[0], down * g.stride[1]]);
        let line = filled.line([deep, down]);
        for x in (0..columns).step_by(LANES) {
            // SAFETY: whole vectors of both planes; behind the last window of a line the result is zero.
            unsafe {
                let right = &*result.add(line + x).cast::<[E; LANES]>();
                for i in 0..TOGETHER {
                    let left = &*plane.add(from + x).wrapping_offset(offsets[i]).cast::<[E; LANES]>();
                    for l in 0..LANES {
                        sums[i][l] = plus::<E, FUSED>(left[l], right[l], sums[i][l]);
                    }
                }
            }
        }
    }
    let mut all = [E::ZERO; TOGETHER];
    for i in 0..TOGETHER {
        for l in 0..LANES {
            all[i] += sums[i][l];
        }
    }
    all
}

#[cfg(test)]
mod tests;
