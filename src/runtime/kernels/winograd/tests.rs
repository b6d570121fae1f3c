use super::*;
use crate::runtime::kernels::memory::{Buffer, Space};

const SIZES: [Sizes; 7] = [
    Sizes { examples: 3, channels: 8, units: 9, image: [14, 14], places: [14, 14], before: [1, 1] },
    Sizes { examples: 2, channels: 3, units: 25, image: [7, 9], places: [5, 7], before: [0, 0] },
    Sizes { examples: 1, channels: 40, units: 5, image: [5, 6], places: [7, 8], before: [2, 2] },
    Sizes { examples: 5, channels: 1, units: 1, image: [3, 3], places: [3, 4], before: [1, 2] },
    Sizes { examples: 9, channels: 2, units: 50, image: [4, 37], places: [4, 37], before: [1, 1] },
    Sizes { examples: 7, channels: 90, units: 4, image: [6, 17], places: [6, 16], before: [1, 0] },
    Sizes { examples: 1, channels: 100, units: 30, image: [24, 20], places: [24, 20], before: [1, 1] },
];

fn number(i: usize) -> f64 {
    ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0
}

/// Runs all pieces of a part in turn.
fn run<E: Element>(part: Part, sizes: Sizes, inputs: [&[f64]; 2]) -> Vec<f64> {
    let place = |offset| Place { space: Space::Arena, offset };
    let [x, y, result] = Winograd { part, sizes, inputs: [place(0); 2], output: place(0) }.operands();
    assert_eq!([x, y], inputs.map(<[f64]>::len));
    let of = Winograd { part, sizes, inputs: [place(0), place(x)], output: place(x + y) };
    let mut memory = Buffer::<E>::zeros(x + y + result);
    let numbers = inputs[0].iter().chain(inputs[1]).map(|x| E::from_f64(*x));
    let numbers = numbers.chain(std::iter::repeat(E::NOT_A_NUMBER));
    memory.as_mut_slice().iter_mut().zip(numbers).for_each(|(to, number)| *to = number);
    let base = memory.as_mut_slice().as_mut_ptr();
    let bases = Bases { arena: base, inputs: base, states: base, literals: base, own: base };
    let mut scratch = vec![E::from_f64(f64::INFINITY); of.scratch()];
    for piece in 0..of.pieces() {
        // SAFETY: the memory holds both operands and the result, one behind the other.
        unsafe { of.run(&bases, scratch.as_mut_ptr(), piece) };
    }
    memory.as_slice()[x + y..].iter().map(|x| x.to_f64()).collect()
}

/// Calls `f` with example, unit, channel, tap, place of the image and place of the result, all that meet.
fn each(s: &Sizes, mut f: impl FnMut([usize; 4], usize, usize)) {
    for example in 0..s.examples {
        for (unit, channel) in (0..s.units).flat_map(|unit| (0..s.channels).map(move |channel| (unit, channel))) {
            for (row, column) in (0..s.places[0]).flat_map(|row| (0..s.places[1]).map(move |column| (row, column))) {
                for tap in 0..9 {
                    let at = [row + tap / 3, column + tap % 3];
                    let at = [0, 1].map(|axis| at[axis].wrapping_sub(s.before[axis]));
                    if at[0] < s.image[0] && at[1] < s.image[1] {
                        f([example, unit, channel, tap], at[0] * s.image[1] + at[1], row * s.places[1] + column);
                    }
                }
            }
        }
    }
}

fn assert_near(tolerance: f64, found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let is_near = (found - expected).abs() < tolerance * expected.abs().max(10.0);
        assert!(is_near, "{what}: {i}: {found}, not {expected}");
    }
}

/// Against sums over all taps, over sizes around every edge: odd ones, several blocks, windows that see little.
fn check<E: Element>(tolerance: f64) {
    let assert_near = |found: &[f64], expected: &[f64], what: &str| assert_near(tolerance, found, expected, what);
    for s in SIZES {
        let of = |count: usize, from: usize| (from..from + count).map(number).collect::<Vec<_>>();
        let image = of(s.examples * s.channels * s.plane(), 0);
        let kernel = of(9 * s.units * s.channels, 7);
        let gradient = of(s.examples * s.units * s.windows(), 3);
        let mut result = vec![0.0; gradient.len()];
        let mut to_kernel = vec![0.0; kernel.len()];
        let mut to_image = vec![0.0; image.len()];
        each(&s, |[example, unit, channel, tap], from, to| {
            let weight = (unit * s.channels + channel) * 9 + tap;
            let from = (example * s.channels + channel) * s.plane() + from;
            let to = (example * s.units + unit) * s.windows() + to;
            result[to] += image[from] * kernel[weight];
            to_kernel[weight] += image[from] * gradient[to];
            to_image[from] += kernel[weight] * gradient[to];
        });
        let weights = run::<E>(Part::Weights { turned: false }, s, [&kernel, &kernel]);
        assert_near(&run::<E>(Part::Result, s, [&image, &weights]), &result, &format!("{s:?}"));
        let runs = run::<E>(Part::Gradient, s, [&image, &gradient]);
        let mut sum = vec![0.0; kernel.len()];
        for run in runs.chunks_exact(kernel.len()) {
            sum.iter_mut().zip(run).for_each(|(sum, x)| *sum += x);
        }
        assert_near(&sum, &to_kernel, &format!("kernel of {s:?}"));
        let turned = Sizes {
            channels: s.units,
            units: s.channels,
            image: s.places,
            places: s.image,
            before: s.before.map(|n| 2 - n),
            ..s
        };
        let weights = run::<E>(Part::Weights { turned: true }, turned, [&kernel, &kernel]);
        assert_near(&run::<E>(Part::Result, turned, [&gradient, &weights]), &to_image, &format!("image of {s:?}"));
    }
}

#[test]
fn tiles_give_what_sums_over_all_taps_give() {
    check::<f64>(1e-11);
}

/// With the vectors of the processor.
#[test]
fn tiles_of_f32_give_what_sums_over_all_taps_give() {
    check::<f32>(1e-5);
}
