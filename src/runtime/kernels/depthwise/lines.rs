//! Sums of taps, some lines side by side.
#![allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined

use super::padded::copy;
use super::{LANES, TOGETHER};
use crate::runtime::element::Element;

/// A tap: how far from where a line begins it reads, and the number of the kernel.
pub(super) type Tap<E> = (isize, E);

/// For each of some lines, the sums of the taps at so many neighbouring places: several lines, so that no sum waits for the
/// one before.
///
/// # Safety
/// At each tap as many numbers can be read.
#[inline(always)]
unsafe fn sums<E: Element, const FUSED: bool, const LINES: usize>(
    taps: &[Tap<E>],
    from: [*const E; LINES],
) -> [[E; LANES]; LINES] {
    let mut sums = [[E::ZERO; LANES]; LINES];
    for (offset, weight) in taps {
        for i in 0..LINES {
            // SAFETY: the caller's promise.
            let line = unsafe { &*from[i].wrapping_offset(*offset).cast::<[E; LANES]>() };
            for l in 0..LANES {
                sums[i][l] = weight.times_plus::<FUSED>(line[l], sums[i][l]);
            }
        }
    }
    sums
}

/// Lines that sum up the same taps.
pub(super) struct Lines<'a, E> {
    pub taps: &'a [Tap<E>],
    /// How many, and numbers of each.
    pub count: usize,
    pub width: usize,
    /// Where the first reads, and how far from it the next one.
    pub from: *const E,
    pub from_line: usize,
    /// Where the first goes, how far from it the next one, and the distance of its numbers.
    pub to: *mut E,
    pub to_line: usize,
    pub to_column: usize,
    /// Whether they are added to what is there.
    pub adds: bool,
}

impl<E: Element> Lines<'_, E> {
    /// # Safety
    /// All that the taps read can be read, to the next multiple of [`LANES`]; nobody else touches what is written.
    #[inline(always)]
    pub unsafe fn run<const FUSED: bool>(&self) {
        let mut line = 0;
        while line < self.count {
            for x in (0..self.width).step_by(LANES) {
                // SAFETY: passed on.
                unsafe {
                    match self.count - line {
                        TOGETHER.. => self.some::<FUSED, TOGETHER>(line, x),
                        _ => self.some::<FUSED, 1>(line, x),
                    }
                }
            }
            line += if self.count - line >= TOGETHER { TOGETHER } else { 1 };
        }
    }

    /// # Safety
    /// As [`Lines::run`].
    #[inline(always)]
    unsafe fn some<const FUSED: bool, const LINES: usize>(&self, first: usize, x: usize) {
        let width = LANES.min(self.width - x);
        let mut from = [self.from; LINES];
        for i in 0..LINES {
            from[i] = self.from.wrapping_add((first + i) * self.from_line + x);
        }
        // SAFETY: passed on.
        unsafe {
            let mut sums = sums::<E, FUSED, LINES>(self.taps, from);
            for i in 0..LINES {
                let to = self.to.wrapping_add((first + i) * self.to_line + x * self.to_column);
                if self.adds {
                    for l in 0..width {
                        sums[i][l] += *to.add(l * self.to_column);
                    }
                }
                if self.to_column == 1 {
                    copy(sums[i].as_ptr(), to, width);
                    continue;
                }
                for l in 0..width {
                    *to.add(l * self.to_column) = sums[i][l];
                }
            }
        }
    }
}
