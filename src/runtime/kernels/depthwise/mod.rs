//! Convolutions whose groups have one channel each (depthwise: Howard et al., "MobileNets", 2017): there is no product of
//! matrices in them, so lines of the result are summed up tap by tap in registers.
//!
//! The plane that is read is copied with zeros around it, and its columns are parted by the stride: what neighbouring
//! windows read at a tap then stands side by side, and no tap has to ask where an edge is.
#![allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined

mod lines;
mod padded;

use self::lines::{Lines, Tap};
use self::padded::Padded;
use super::convolve::{Side, Sizes};
use super::geometry::Geometry;
use super::math::with_fused;
use crate::runtime::element::Element;
use multiversion::multiversion;

/// Windows of a line that are summed up side by side.
const LANES: usize = 16;
/// Lines that are summed up side by side, or taps, where the kernel is what is computed: no sum waits for the one before,
/// and all of them find a register.
const TOGETHER: usize = 5;
/// Most taps of a window: those of a line stand on the stack.
pub const MOST_TAPS: usize = 64;

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
    let (mut offsets_of, mut taps) = ([0; MOST_TAPS], [(0, E::ZERO); MOST_TAPS]);
    let count = offsets(g, &padded, &mut offsets_of);
    let [planes, lines, columns] = g.places;
    for unit in 0..s.units {
        for tap in 0..count {
            taps[tap] = (offsets_of[tap], kernel[unit * count + tap]);
        }
        for deep in 0..planes {
            let line = padded.line([deep * g.stride[0], 0]);
            let of = Lines {
                taps: &taps[..count],
                count: lines,
                width: columns,
                from: plane[line..].as_ptr(),
                from_line: padded.line([0, g.stride[1]]),
                to: output.wrapping_add((unit * planes + deep) * lines * columns),
                to_line: columns,
                to_column: 1,
                adds: false,
            };
            // SAFETY: the padded plane has what all windows read; lines of the output.
            unsafe { of.run::<FUSED>() };
        }
    }
}

/// Where the taps of a window read in the padded image, from where its line begins; and how many they are.
#[inline(always)]
fn offsets(g: &Geometry, padded: &Padded, to: &mut [isize; MOST_TAPS]) -> usize {
    let mut count = 0;
    for deep in 0..g.kernel[0] {
        for down in 0..g.kernel[1] {
            let line = padded.line([deep * g.dilation[0], down * g.dilation[1]]);
            for right in 0..g.kernel[2] {
                let right = right * g.dilation[2];
                // A division takes as long as a line.
                let at = match padded.phases {
                    1 => right,
                    phases => right % phases * padded.pitch + right / phases,
                };
                to[count] = (line + at) as isize;
                count += 1;
            }
        }
    }
    count
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
    // How many windows back the one is that reads a position of the phase at this tap, if one does.
    let back = |axis: usize, tap: usize| match (tap * g.dilation[axis], g.stride[axis]) {
        (at, 1) => Some(at),
        (at, stride) => (at % stride == phase[axis]).then_some(at / stride),
    };
    let (mut count, mut tap) = (0, 0);
    for deep in 0..g.kernel[0] {
        for down in 0..g.kernel[1] {
            let line = back(0, deep).zip(back(1, down)).map(|(deep, down)| padded.line([deep, down]));
            for right in 0..g.kernel[2] {
                if let (Some(line), Some(right)) = (line, back(2, right)) {
                    taps[count] = (-((line + right) as isize), kernel[tap]);
                    count += 1;
                }
                tap += 1;
            }
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
    let count = |axis: usize| g.image[axis].saturating_sub(first[axis]).div_ceil(g.stride[axis]);
    // Where a position's first window stands in the padded plane.
    let window = |axis: usize, position: usize| padded.front[axis] + (position + g.before[axis]) / g.stride[axis];
    let [planes, lines, columns] = g.image;
    for deep in (first[0]..planes).step_by(g.stride[0]) {
        let from = padded.line([window(0, deep), window(1, first[1])]) + window(2, first[2]);
        let of = Lines {
            taps,
            count: count(1),
            width: count(2),
            from: plane.as_ptr().wrapping_add(from),
            from_line: padded.line([0, 1]),
            to: output.wrapping_add((deep * lines + first[1]) * columns + first[2]),
            to_line: g.stride[1] * columns,
            to_column: g.stride[2],
            adds,
        };
        // SAFETY: the padded plane has what all positions read; positions of the plane.
        unsafe { of.run::<FUSED>() };
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
    let mut offsets_of = [0; MOST_TAPS];
    let taps = offsets(g, &padded, &mut offsets_of);
    for unit in 0..s.units {
        filled.fill(&results[unit * g.windows()..], g.places, result);
        for first in (0..taps).step_by(TOGETHER) {
            let count = TOGETHER.min(taps - first);
            // Taps beyond the last are the last, and left out.
            let mut some = [0; TOGETHER];
            for i in 0..TOGETHER {
                some[i] = offsets_of[first + i.min(count - 1)];
            }
            // SAFETY: passed on; the padded planes are those of the sizes.
            unsafe {
                let sums = products::<E, FUSED>(g, (&padded, plane.as_ptr()), (&filled, result.as_ptr()), some);
                for i in 0..count {
                    *output.add(unit * taps + first + i) += sums[i];
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
                        sums[i][l] = left[l].times_plus::<FUSED>(right[l], sums[i][l]);
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
