//! Planes with zeros around them.

use super::LANES;
use crate::runtime::element::Element;
use crate::runtime::kernels::geometry::Geometry;

/// A plane with zeros around it.
#[derive(Clone, Copy)]
pub(super) struct Padded {
    /// Zeros in front, along each axis.
    pub front: [usize; 3],
    /// Planes and lines.
    pub lines: [usize; 2],
    /// Into how many phases the columns are parted.
    pub phases: usize,
    /// Numbers of a phase of a line.
    pub pitch: usize,
}

impl Padded {
    /// What windows read of an image.
    pub fn image(g: &Geometry) -> Padded {
        let last = |axis: usize| (g.kernel[axis] - 1) * g.dilation[axis];
        let lines = [0, 1].map(|axis| g.places[axis].saturating_sub(1) * g.stride[axis] + last(axis) + 1);
        Padded { front: g.before, lines, phases: g.stride[2], pitch: g.places[2] + last(2) / g.stride[2] }
    }

    /// What positions of an image read of the windows.
    pub fn windows(g: &Geometry) -> Padded {
        let front = [0, 1, 2].map(|axis| (g.kernel[axis] - 1) * g.dilation[axis] / g.stride[axis]);
        let of = |axis: usize| front[axis] + (g.before[axis] + g.image[axis]) / g.stride[axis] + 1;
        Padded { front, lines: [of(0), of(1)], phases: 1, pitch: of(2) }
    }

    /// The windows by themselves, their lines filled up with zeros.
    pub fn filled(g: &Geometry) -> Padded {
        let pitch = g.places[2].next_multiple_of(LANES);
        Padded { front: [0; 3], lines: [g.places[0], g.places[1]], phases: 1, pitch }
    }

    /// Where a line begins.
    #[inline(always)]
    pub fn line(&self, [deep, down]: [usize; 2]) -> usize {
        (deep * self.lines[1] + down) * self.phases * self.pitch
    }

    /// Room for all of it, and for a whole vector from its last number on.
    pub fn numbers(&self) -> usize {
        self.line([self.lines[0], 0]) + LANES
    }

    /// Copies a plane of so many planes, lines and columns; what is never read is left out.
    #[inline(always)]
    pub fn fill<E: Element>(&self, plane: &[E], [planes, lines, columns]: [usize; 3], to: &mut [E]) {
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

/// Copies some numbers, few enough that a call would take longer than the work.
///
/// # Safety
/// `from` and `to` have so many numbers and lie apart.
#[inline(always)]
pub(super) unsafe fn copy<E: Element>(from: *const E, to: *mut E, count: usize) {
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
