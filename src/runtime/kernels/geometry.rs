//! Where windows read: the sizes of a convolution or a pool, and the matrices that convolutions multiply.

use crate::runtime::element::Element;
use std::ops::Range;

/// Windows over three axes; a line or a plane has axes of size 1 in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Sizes of the image.
    pub image: [usize; 3],
    /// How many windows.
    pub places: [usize; 3],
    /// Taps of a window.
    pub kernel: [usize; 3],
    /// Distance between windows.
    pub stride: [usize; 3],
    /// Distance between taps.
    pub dilation: [usize; 3],
    /// Positions in front of the image that windows reach.
    pub before: [usize; 3],
}

impl Geometry {
    /// Numbers of a channel of the image.
    pub fn plane(&self) -> usize {
        self.image.iter().product()
    }

    /// Windows of a channel.
    pub fn windows(&self) -> usize {
        self.places.iter().product()
    }

    /// Taps of a window.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Whether every window is the number that stands at its place.
    pub fn is_pointwise(&self) -> bool {
        self.taps() == 1 && self.stride == [1; 3] && self.before == [0; 3] && self.image == self.places
    }

    /// The windows along an axis that read at this tap a position inside the image.
    pub fn inside(&self, axis: usize, tap: usize) -> Range<usize> {
        let (stride, offset) = (self.stride[axis], tap * self.dilation[axis]);
        let before = self.before[axis];
        let start = before.saturating_sub(offset).div_ceil(stride);
        let end = (self.image[axis] + before).saturating_sub(offset).div_ceil(stride).min(self.places[axis]);
        start.min(end)..end
    }

    /// The taps of a window along an axis that read inside the image.
    #[inline(always)]
    pub fn taps_inside(&self, axis: usize, window: usize) -> Range<usize> {
        // A division takes as long as the rest, and is hardly ever wanted.
        let taps = |distance: usize| match self.dilation[axis] {
            1 => distance,
            dilation => distance.div_ceil(dilation),
        };
        let start = taps(self.before[axis].saturating_sub(window * self.stride[axis]));
        let end = (self.image[axis] + self.before[axis]).saturating_sub(window * self.stride[axis]);
        let end = taps(end).min(self.kernel[axis]);
        start.min(end)..end
    }

    /// The position that a window reads at a tap, which must be [`Geometry::inside`].
    #[inline(always)]
    pub fn position(&self, axis: usize, window: usize, tap: usize) -> usize {
        window * self.stride[axis] + tap * self.dilation[axis] - self.before[axis]
    }

    /// Calls `f` for every tap and every line of windows in a range of all windows (row-major): the row (tap), where
    /// the line's windows of the range begin in it, how many they are, and, where the line meets the image, where the
    /// first of the windows inside reads, and which they are, counted from the line's first in the range.
    #[inline(always)]
    fn each_line(&self, range: &Range<usize>, mut f: impl FnMut(usize, usize, usize, Option<(usize, Range<usize>)>)) {
        let [_, height, width] = self.places;
        for tap in 0..self.taps() {
            let [kd, kh, kw] =
                [tap / (self.kernel[1] * self.kernel[2]), tap / self.kernel[2] % self.kernel[1], tap % self.kernel[2]];
            let (deep, high, wide) = (self.inside(0, kd), self.inside(1, kh), self.inside(2, kw));
            let mut at = range.start;
            while at < range.end {
                let (line, first) = (at / width, at % width);
                let count = (width - first).min(range.end - at);
                let (od, oh) = (line / height, line % height);
                let meets = deep.contains(&od) && high.contains(&oh);
                let inside = wide.start.clamp(first, first + count)..wide.end.clamp(first, first + count);
                let reads = (meets && !inside.is_empty()).then(|| {
                    let row = self.position(0, od, kd) * self.image[1] + self.position(1, oh, kh);
                    let start = row * self.image[2] + self.position(2, inside.start, kw);
                    (start, inside.start - first..inside.end - first)
                });
                f(tap, at - range.start, count, reads);
                at += count;
            }
        }
    }

    /// Whether windows stand at the positions of one plane of the same size: every tap then reads the plane moved by some
    /// distance, edges apart.
    fn keeps_plane(&self) -> bool {
        self.stride == [1; 3] && self.image == self.places && self.image[0] == 1 && self.kernel[0] == 1
    }

    /// Where [`Geometry::keeps_plane`]: for every tap its row, the distance by which it moves the plane, and the windows
    /// of the range that read inside the plane, or across the edge of a line, which is mended by `each_edge`.
    #[inline(always)]
    fn each_move(&self, range: &Range<usize>, mut f: impl FnMut(usize, isize, Range<usize>)) {
        let (width, plane) = (self.image[2] as isize, self.plane() as isize);
        for tap in 0..self.taps() {
            let [down, right] = [(1, tap / self.kernel[2]), (2, tap % self.kernel[2])]
                .map(|(axis, tap)| (tap * self.dilation[axis]) as isize - self.before[axis] as isize);
            let distance = down * width + right;
            let start = (-distance).clamp(range.start as isize, range.end as isize);
            let end = (plane - distance).clamp(start, range.end as isize);
            f(tap, distance, start as usize..end as usize);
        }
    }

    /// Calls `f` with every window of the range that reads at this tap beside its line.
    #[inline(always)]
    fn each_edge(&self, range: &Range<usize>, tap: usize, mut f: impl FnMut(usize)) {
        let (width, inside) = (self.image[2], self.inside(2, tap % self.kernel[2]));
        for line in range.start / width..range.end.div_ceil(width) {
            for column in (0..inside.start).chain(inside.end..width) {
                let window = line * width + column;
                if range.contains(&window) {
                    f(window - range.start);
                }
            }
        }
    }

    /// Writes what a range of windows reads as a matrix: a row for every channel and tap, a column for every window.
    /// `image` is `[channels, plane]`.
    pub fn unfold<E: Element>(&self, image: &[E], range: Range<usize>, matrix: &mut [E]) {
        let (plane, columns, stride) = (self.plane(), range.len(), self.stride[2]);
        if plane == 0 || columns == 0 {
            return matrix.fill(E::ZERO);
        }
        if self.keeps_plane() {
            for (channel, rows) in image.chunks_exact(plane).zip(matrix.chunks_exact_mut(self.taps() * columns)) {
                self.each_move(&range, |tap, distance, reads| {
                    let row = &mut rows[tap * columns..(tap + 1) * columns];
                    let (start, end) = (reads.start - range.start, reads.end - range.start);
                    row[..start].fill(E::ZERO);
                    row[end..].fill(E::ZERO);
                    if reads.is_empty() {
                        return;
                    }
                    let from = reads.start.wrapping_add_signed(distance);
                    row[start..end].copy_from_slice(&channel[from..from + reads.len()]);
                    self.each_edge(&range, tap, |window| row[window] = E::ZERO);
                });
            }
            return;
        }
        for (channel, rows) in image.chunks_exact(plane).zip(matrix.chunks_exact_mut(self.taps() * columns)) {
            self.each_line(&range, |tap, at, count, reads| {
                let line = &mut rows[tap * columns + at..tap * columns + at + count];
                let Some((start, inside)) = reads else { return line.fill(E::ZERO) };
                line[..inside.start].fill(E::ZERO);
                line[inside.end..].fill(E::ZERO);
                let line = &mut line[inside];
                if stride == 1 {
                    line.copy_from_slice(&channel[start..start + line.len()]);
                } else {
                    let from = channel[start..].iter().step_by(stride);
                    line.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
            });
        }
    }

    /// The transpose of [`Geometry::unfold`]: adds every number of the matrix where it would have been read. The matrix is
    /// of no use afterwards.
    pub fn fold<E: Element>(&self, matrix: &mut [E], range: Range<usize>, image: &mut [E]) {
        let (plane, columns, stride) = (self.plane(), range.len(), self.stride[2]);
        if plane == 0 || columns == 0 {
            return;
        }
        if self.keeps_plane() {
            for (channel, rows) in image.chunks_exact_mut(plane).zip(matrix.chunks_exact_mut(self.taps() * columns)) {
                self.each_move(&range, |tap, distance, reads| {
                    let row = &mut rows[tap * columns..(tap + 1) * columns];
                    self.each_edge(&range, tap, |window| row[window] = E::ZERO);
                    if reads.is_empty() {
                        return;
                    }
                    let row = &row[reads.start - range.start..reads.end - range.start];
                    let to = reads.start.wrapping_add_signed(distance);
                    channel[to..to + row.len()].iter_mut().zip(row).for_each(|(to, from)| *to += *from);
                });
            }
            return;
        }
        for (channel, rows) in image.chunks_exact_mut(plane).zip(matrix.chunks_exact(self.taps() * columns)) {
            self.each_line(&range, |tap, at, _, reads| {
                let Some((start, inside)) = reads else { return };
                let line = &rows[tap * columns + at + inside.start..tap * columns + at + inside.end];
                if stride == 1 {
                    let to = &mut channel[start..start + line.len()];
                    to.iter_mut().zip(line).for_each(|(to, from)| *to += *from);
                } else {
                    let to = channel[start..].iter_mut().step_by(stride);
                    to.zip(line).for_each(|(to, from)| *to += *from);
                }
            });
        }
    }
}
