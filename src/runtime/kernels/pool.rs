//! Windows over planes, one plane at a time: where the largest number stands, sums, and their transpose.

use super::geometry::Geometry;
use super::memory::{Bases, Place};
use crate::runtime::element::Element;

/// Numbers of a piece.
const PIECE: usize = 64 * 1024;

/// What is done with a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolOp {
    /// The place of the first largest number.
    ArgMax,
    /// The sum.
    Sum,
    /// The transpose of the sum: the window's number is added wherever it lies.
    Spread,
}

/// Pools planes. Both operands are linear.
#[derive(Debug, Clone)]
pub struct Pool {
    /// What is done.
    pub op: PoolOp,
    /// Where windows read.
    pub geometry: Geometry,
    /// How many planes.
    pub planes: usize,
    /// `[planes, image]`; for a spread `[planes, places]`.
    pub input: Place,
    /// The other of the two.
    pub output: Place,
}

impl Pool {
    /// Numbers of a plane of the operand and of the result.
    pub fn widths(&self) -> [usize; 2] {
        let [image, windows] = [self.geometry.plane(), self.geometry.windows()];
        match self.op {
            PoolOp::ArgMax | PoolOp::Sum => [image, windows],
            PoolOp::Spread => [windows, image],
        }
    }

    fn piece(&self) -> usize {
        let work = self.geometry.windows() * self.geometry.taps() + self.geometry.plane();
        (PIECE / work.max(1)).max(1)
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        self.planes.div_ceil(self.piece())
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, piece: usize) {
        let [from, to] = self.widths();
        let first = piece * self.piece();
        let count = self.piece().min(self.planes - first);
        let at = |place: Place, width: usize| Place { offset: place.offset + first * width, ..place };
        // SAFETY: planes of the result are disjoint; the operand is not the result (checked).
        let (x, y) =
            unsafe { (bases.read(at(self.input, from), count * from), bases.write(at(self.output, to), count * to)) };
        if from == 0 || to == 0 {
            return y.fill(E::ZERO);
        }
        for (x, y) in x.chunks_exact(from).zip(y.chunks_exact_mut(to)) {
            match self.op {
                PoolOp::ArgMax => self.largest(x, y),
                PoolOp::Sum => {
                    y.fill(E::ZERO);
                    self.each_tap(|image, window| y[window] += x[image]);
                }
                PoolOp::Spread => {
                    y.fill(E::ZERO);
                    self.each_tap(|image, window| y[image] += x[window]);
                }
            }
        }
    }

    fn largest<E: Element>(&self, x: &[E], y: &mut [E]) {
        let g = &self.geometry;
        let [_, high, wide] = g.image;
        let reach = |axis: usize, window: usize| {
            // The taps that lie inside: position ≥ 0 and < size.
            let start = g.before[axis].saturating_sub(window * g.stride[axis]).div_ceil(g.dilation[axis]);
            let end = (g.image[axis] + g.before[axis]).saturating_sub(window * g.stride[axis]);
            let end = end.div_ceil(g.dilation[axis]).min(g.kernel[axis]);
            start.min(end)..end
        };
        let [depth, height, width] = g.places;
        for od in 0..depth {
            let deep = reach(0, od);
            for oh in 0..height {
                let across = reach(1, oh);
                for ow in 0..width {
                    let (mut best, mut place) = (None, 0);
                    for kd in deep.clone() {
                        for kh in across.clone() {
                            let row = (g.position(0, od, kd) * high + g.position(1, oh, kh)) * wide;
                            for kw in reach(2, ow) {
                                let at = row + g.position(2, ow, kw);
                                let new = x[at];
                                // NaN counts as the largest, as in torch.
                                #[allow(clippy::eq_op)]
                                if best.is_none_or(|old: E| new > old || (new != new && old == old)) {
                                    (best, place) = (Some(new), at);
                                }
                            }
                        }
                    }
                    y[(od * height + oh) * width + ow] = E::from_f64(place as f64);
                }
            }
        }
    }

    /// Calls `f` with a place of the image and the window that reads it, tap by tap.
    #[inline(always)]
    fn each_tap(&self, mut f: impl FnMut(usize, usize)) {
        let g = &self.geometry;
        let [_, height, width] = g.places;
        for kd in 0..g.kernel[0] {
            for kh in 0..g.kernel[1] {
                for kw in 0..g.kernel[2] {
                    for od in g.inside(0, kd) {
                        for oh in g.inside(1, kh) {
                            let row = (g.position(0, od, kd) * g.image[1] + g.position(1, oh, kh)) * g.image[2];
                            let line = (od * height + oh) * width;
                            for ow in g.inside(2, kw) {
                                f(row + g.position(2, ow, kw), line + ow);
                            }
                        }
                    }
                }
            }
        }
    }
}
