//! Windows over planes, one plane at a time: where the largest number stands and which it is, sums, and their transpose.

use super::eight::{Eight, LANES, with_eight};
use super::geometry::Geometry;
use super::memory::{Bases, Place};
use crate::runtime::element::Element;
use multiversion::multiversion;

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
    /// With [`PoolOp::ArgMax`], where the largest numbers themselves go, if anywhere: `[planes, places]`.
    pub numbers: Option<Place>,
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
        // SAFETY: as above.
        let numbers = self.numbers.map(|place| unsafe { bases.write(at(place, to), count * to) });
        if from == 0 || to == 0 {
            numbers.into_iter().for_each(|numbers| numbers.fill(E::ZERO));
            return y.fill(E::ZERO);
        }
        if self.op == PoolOp::ArgMax {
            return largest_of_planes(&self.geometry, x, y, numbers.unwrap_or_default());
        }
        for (x, y) in x.chunks_exact(from).zip(y.chunks_exact_mut(to)) {
            match self.op {
                PoolOp::ArgMax => {}
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

/// Most rows of a window whose windows are compared side by side.
const ROWS: usize = 32;

/// Where the first largest number of each window stands, plane by plane, and those numbers, if there is room for them. NaN
/// counts as the largest, as in torch.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
fn largest_of_planes<E: Element>(g: &Geometry, x: &[E], y: &mut [E], numbers: &mut [E]) {
    // SAFETY: the processor has what this version is for.
    unsafe { with_eight!(largest::<E>(g, x, y, numbers)) }
}

/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn largest<E: Element, V: Eight<E>>(g: &Geometry, x: &[E], y: &mut [E], numbers: &mut [E]) {
    let (plane, windows) = (g.plane(), g.windows());
    let [_, high, wide] = g.image;
    let [depth, height, width] = g.places;
    // Where no window of a line reaches over its ends, several are compared at a time.
    let inside = g.before[2] == 0 && (width - 1) * g.stride[2] + (g.kernel[2] - 1) * g.dilation[2] < wide;
    let inside = inside && g.kernel[0] * g.kernel[1] <= ROWS;
    let mut rows = [0; ROWS];
    for (index, y) in y.chunks_exact_mut(windows).enumerate() {
        // Up to the end of all planes: what stands behind a plane may be read, but is not looked at.
        let x = &x[index * plane..];
        for od in 0..depth {
            let deep = g.taps_inside(0, od);
            for oh in 0..height {
                let across = g.taps_inside(1, oh);
                let at = (od * height + oh) * width;
                let line = &mut y[at..at + width];
                let numbers = match numbers.len() {
                    0 => &mut [],
                    _ => &mut numbers[index * windows + at..][..width],
                };
                let mut done = 0;
                if inside {
                    let mut count = 0;
                    for kd in deep.clone() {
                        for kh in across.clone() {
                            rows[count] = (g.position(0, od, kd) * high + g.position(1, oh, kh)) * wide;
                            count += 1;
                        }
                    }
                    let rows = &rows[..count];
                    // Windows between whose rows the image lies have no largest number: below they get the first of the
                    // plane.
                    // SAFETY: passed on.
                    done = unsafe {
                        match g.stride[2] {
                            _ if rows.is_empty() => 0,
                            1 => side_by_side::<E, V, 1>(g, x, rows, line, numbers),
                            2 => side_by_side::<E, V, 2>(g, x, rows, line, numbers),
                            _ => 0,
                        }
                    };
                }
                for (ow, place) in line.iter_mut().enumerate().skip(done) {
                    let rows = deep.clone().flat_map(|kd| {
                        across.clone().map(move |kh| (g.position(0, od, kd) * high + g.position(1, oh, kh)) * wide)
                    });
                    let largest = one_window(g, x, rows, ow);
                    *place = E::from_f64(largest as f64);
                    if let Some(number) = numbers.get_mut(ow) {
                        *number = x[largest];
                    }
                }
            }
        }
    }
}

/// The place of the largest number of a window, of whose rows inside the image the first numbers stand at `rows`.
#[inline(always)]
fn one_window<E: Element>(g: &Geometry, x: &[E], rows: impl Iterator<Item = usize>, window: usize) -> usize {
    let (mut best, mut place) = (None, 0);
    let taps = g.taps_inside(2, window);
    for row in rows {
        for tap in taps.clone() {
            let at = row + g.position(2, window, tap);
            let new = x[at];
            #[allow(clippy::eq_op)] // NaN alone is not itself
            if best.is_none_or(|old: E| new > old || (new != new && old == old)) {
                (best, place) = (Some(new), at);
            }
        }
    }
    place
}

/// The same for the windows of a line, eight at a time; says how many it has done: it ends where the numbers do not reach so
/// far. Rows are read a vector at a time, so those behind the end of the line are compared too, and dropped.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn side_by_side<E: Element, V: Eight<E>, const STRIDE: usize>(
    g: &Geometry,
    x: &[E],
    rows: &[usize],
    line: &mut [E],
    numbers: &mut [E],
) -> usize {
    let mut steps = [E::ZERO; LANES];
    for (i, step) in steps.iter_mut().enumerate() {
        *step = E::from_f32((i * STRIDE) as f32);
    }
    let last = rows.iter().copied().max().unwrap_or(0);
    let mut first = 0;
    while first < line.len() {
        if last + (first + LANES) * STRIDE + (g.kernel[2] - 1) * g.dilation[2] > x.len() {
            return first;
        }
        let count = LANES.min(line.len() - first);
        // SAFETY: as many numbers as are read lie behind each tap of each row, as was just seen; of the results only the
        // first are written, those of this line.
        unsafe {
            let steps = V::load(steps.as_ptr());
            let mut found: Option<[V; 2]> = None;
            for row in rows {
                for tap in 0..g.kernel[2] {
                    let at = row + first * STRIDE + tap * g.dilation[2];
                    let from = x.as_ptr().add(at);
                    let new = match STRIDE {
                        1 => V::load(from),
                        _ => V::apart([V::load(from), V::load(from.add(LANES))])[0],
                    };
                    let new = [new, V::all(E::from_f64(at as i64 as f64)).plus(steps)];
                    found = Some(match found {
                        None => new,
                        Some(best) => V::larger(best, new),
                    });
                }
            }
            let Some([number, place]) = found else { return first };
            place.store_first(line.as_mut_ptr().add(first), count);
            if let Some(numbers) = numbers.get_mut(first..first + count) {
                number.store_first(numbers.as_mut_ptr(), count);
            }
        }
        first += count;
    }
    first
}
