use super::*;
use crate::runtime::kernels::convolve::Convolve;
use crate::runtime::kernels::memory::{Bases, Place, Space};

fn geometry(
    image: [usize; 3],
    kernel: [usize; 3],
    stride: [usize; 3],
    dilation: [usize; 3],
    pad: [usize; 3],
) -> Geometry {
    let places = [0, 1, 2].map(|a| (image[a] + 2 * pad[a] - (kernel[a] - 1) * dilation[a] - 1) / stride[a] + 1);
    Geometry { image, places, kernel, stride, dilation, before: pad }
}

fn geometries() -> Vec<Geometry> {
    vec![
        geometry([1, 14, 14], [1, 3, 3], [1, 1, 1], [1, 1, 1], [0, 1, 1]),
        geometry([1, 1, 50], [1, 1, 4], [1, 1, 1], [1, 1, 1], [0, 0, 0]),
        geometry([1, 1, 33], [1, 1, 5], [1, 1, 3], [1, 1, 2], [0, 0, 4]),
        geometry([1, 9, 35], [1, 5, 3], [1, 2, 2], [1, 1, 1], [0, 2, 1]),
        geometry([1, 7, 8], [1, 2, 3], [1, 3, 2], [1, 2, 3], [0, 2, 6]),
        geometry([4, 5, 6], [2, 3, 3], [1, 2, 1], [2, 1, 1], [1, 1, 1]),
        // Windows that leave columns out, and an image that lies in front of all of them.
        geometry([1, 4, 18], [1, 2, 2], [1, 3, 4], [1, 1, 1], [0, 0, 0]),
        Geometry { before: [0, 3, 19], ..geometry([1, 3, 3], [1, 3, 3], [1, 1, 1], [1, 1, 1], [0, 1, 1]) },
    ]
}

/// Calls `f` with the window, the tap and the position of all that meet.
fn each(g: &Geometry, mut f: impl FnMut(usize, usize, usize)) {
    for window in 0..g.windows() {
        let w = [window / (g.places[1] * g.places[2]), window / g.places[2] % g.places[1], window % g.places[2]];
        for tap in 0..g.taps() {
            let t = [tap / (g.kernel[1] * g.kernel[2]), tap / g.kernel[2] % g.kernel[1], tap % g.kernel[2]];
            let at = [0, 1, 2].map(|a| (w[a] * g.stride[a] + t[a] * g.dilation[a]).wrapping_sub(g.before[a]));
            if (0..3).all(|a| at[a] < g.image[a]) {
                f(window, tap, (at[0] * g.image[1] + at[1]) * g.image[2] + at[2]);
            }
        }
    }
}

/// What one side is by definition, `x` and `y` being its operands.
fn expected(s: &Sizes, x: &[f64], y: &[f64]) -> Vec<f64> {
    let (plane, windows, taps) = (s.geometry.plane(), s.geometry.windows(), s.geometry.taps());
    let mut to = vec![0.0; s.operands()[2]];
    for run in 0..s.runs() {
        for example in run * s.examples / s.runs()..(run + 1) * s.examples / s.runs() {
            for unit in 0..s.groups * s.units {
                let image = (example * s.groups + unit / s.units) * plane;
                let result = (example * s.groups * s.units + unit) * windows;
                each(&s.geometry, |window, tap, at| match s.side {
                    Side::Result => to[result + window] += x[image + at] * y[unit * taps + tap],
                    Side::Image => to[image + at] += x[result + window] * y[unit * taps + tap],
                    Side::Kernel => {
                        to[(run * s.groups * s.units + unit) * taps + tap] += x[image + at] * y[result + window];
                    }
                });
            }
        }
    }
    to
}

const PLACE: Place = Place { space: Space::Arena, offset: 0 };

#[test]
fn all_sides_are_what_they_are_by_definition() {
    for (geometry, (examples, groups, units)) in
        geometries().into_iter().flat_map(|g| [(1, 1, 1), (3, 5, 1), (2, 3, 2), (20, 2, 4)].map(|sizes| (g, sizes)))
    {
        for side in [Side::Result, Side::Image, Side::Kernel] {
            let s = Sizes { side, geometry, examples, groups, channels: 1, units };
            assert!(s.is_depthwise());
            let [x, y, to] = s.operands();
            let number = |i: usize| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0;
            let mut memory: Vec<f64> = (0..x + y).map(number).chain(std::iter::repeat_n(f64::NAN, to)).collect();
            let at = |offset| Place { offset, ..PLACE };
            let convolve = Convolve { sizes: s, inputs: [at(0), at(x)], output: at(x + y) };
            let base = memory.as_mut_ptr();
            let bases = Bases { arena: base, inputs: base, states: base, literals: base, own: base };
            let mut scratch = vec![f64::INFINITY; convolve.scratch()];
            for piece in 0..s.pieces() {
                // SAFETY: the memory holds both operands and the result, one behind the other.
                unsafe { convolve.run(&bases, scratch.as_mut_ptr(), piece) };
            }
            let expected = expected(&s, &memory[..x], &memory[x..x + y]);
            for (i, (found, expected)) in memory[x + y..].iter().zip(&expected).enumerate() {
                assert!((found - expected).abs() < 1e-11, "{s:?}: {i}: {found}, not {expected}");
            }
        }
    }
}
