//! Windows that slide over axes: of convolutions and pools. What they read, the shapes that fit, and what the
//! operations mean.
//!
//! All three convolutions are one sum of products over the same triples: a number of the image, one of the kernel and
//! one of the result, wherever a window's tap lies inside the image. Which of the three is summed into is the
//! operation; so their gradients are each other.

use super::dim::Dim;
use super::graph::Shape;
use super::interpret::Tensor;
use super::op::Op;
use super::shape_rule::{Mismatch, same_rank, same_shape, same_size};
use std::borrow::Cow;
use std::sync::Arc;

/// How windows lie along one axis: window `o` reads at tap `k` the position `o * stride + k * dilation - before`. How
/// many there are is the size of the result.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WindowAxis {
    /// Taps of a window.
    pub kernel: usize,
    /// Distance between windows.
    pub stride: usize,
    /// Distance between taps.
    pub dilation: usize,
    /// Positions in front of the axis that windows reach; not negative.
    pub before: Dim,
}

/// A window in as many axes.
pub type Windows = Arc<[WindowAxis]>;

impl WindowAxis {
    /// The position that a window reads at a tap, where it lies inside an axis of this size. `before` must be known.
    fn position(&self, window: usize, tap: usize, size: usize) -> Option<usize> {
        let before = usize::try_from(self.before.as_constant()?).ok()?;
        let position = (window * self.stride + tap * self.dilation).checked_sub(before)?;
        (position < size).then_some(position)
    }
}

/// The windows of an operation that has some.
pub fn windows(op: &Op) -> Option<&Windows> {
    match op {
        Op::Convolve { windows, .. } | Op::ConvolveInput { windows, .. } | Op::ConvolveKernel { windows, .. } => {
            Some(windows)
        }
        Op::WindowArgMax(windows) | Op::WindowSum(windows) | Op::WindowSpread(windows) => Some(windows),
        _ => None,
    }
}

/// The operation with a number for every size in its windows; `None` where one is not known.
pub fn with_known_sizes<'a>(op: &'a Op, size: &dyn Fn(&Dim) -> Option<usize>) -> Option<Cow<'a, Op>> {
    let Some(symbolic) = windows(op) else { return Some(Cow::Borrowed(op)) };
    let known: Option<Vec<WindowAxis>> =
        symbolic.iter().map(|w| Some(WindowAxis { before: Dim::from(size(&w.before)?), ..w.clone() })).collect();
    let known = known?.into();
    Some(Cow::Owned(match op {
        Op::Convolve { groups, .. } => Op::Convolve { windows: known, groups: *groups },
        Op::ConvolveInput { groups, .. } => Op::ConvolveInput { windows: known, groups: *groups },
        Op::ConvolveKernel { groups, .. } => Op::ConvolveKernel { windows: known, groups: *groups },
        Op::WindowArgMax(_) => Op::WindowArgMax(known),
        Op::WindowSum(_) => Op::WindowSum(known),
        Op::WindowSpread(_) => Op::WindowSpread(known),
        other => other.clone(),
    }))
}

/// The most axes that windows slide over: what the kernels can do.
pub const MAX_AXES: usize = 3;

fn check_windows(windows: &[WindowAxis]) -> Result<(), Mismatch> {
    if windows.is_empty() || windows.len() > MAX_AXES {
        return Err(Mismatch::Rank { of: "the window", expected: MAX_AXES, found: windows.len() });
    }
    for window in windows {
        if window.stride == 0 || window.dilation == 0 || window.kernel == 0 {
            return Err(Mismatch::NoStep);
        }
        if window.before.as_constant().is_some_and(|n| n < 0) {
            return Err(Mismatch::Bounds("the first window"));
        }
    }
    Ok(())
}

/// Whether an image `[N, C, S…]`, a kernel `[O, C/groups, K…]` and a result `[N, O, S'…]` belong together.
fn check_convolution(
    windows: &[WindowAxis],
    groups: usize,
    image: &[Dim],
    kernel: &[Dim],
    result: &[Dim],
) -> Result<(), Mismatch> {
    check_windows(windows)?;
    let rank = windows.len() + 2;
    same_rank("the image", rank, image)?;
    same_rank("the kernel", rank, kernel)?;
    same_rank("the result", rank, result)?;
    same_size("the examples", &image[0], &result[0])?;
    same_size("the channels", &image[1], &(kernel[1].clone() * Dim::from(groups)))?;
    same_size("the units", &kernel[0], &result[1])?;
    let divides = |size: &Dim| size.as_constant().is_none_or(|n| n % groups.max(1) as i64 == 0);
    if groups == 0 || !divides(&kernel[0]) {
        return Err(Mismatch::Size { of: "the groups", left: kernel[0].clone(), right: Dim::from(groups) });
    }
    let taps: Shape = windows.iter().map(|w| Dim::from(w.kernel)).collect();
    same_shape("the kernel", &taps, &kernel[2..])
}

/// The shape of the result of an operation with windows; `x` and `y` are its operands' and `given` what the node says.
pub fn result_shape(op: &Op, x: &[Dim], y: &[Dim], given: &[Dim]) -> Result<Shape, Mismatch> {
    match op {
        Op::Convolve { windows, groups } => check_convolution(windows, *groups, x, y, given)?,
        Op::ConvolveInput { windows, groups } => check_convolution(windows, *groups, given, y, x)?,
        Op::ConvolveKernel { windows, groups } => check_convolution(windows, *groups, x, given, y)?,
        Op::WindowArgMax(windows) | Op::WindowSum(windows) | Op::WindowSpread(windows) => {
            check_windows(windows)?;
            same_rank("the result", x.len(), given)?;
            let Some(lead) = x.len().checked_sub(windows.len()) else {
                return Err(Mismatch::Rank { of: "the operand", expected: windows.len(), found: x.len() });
            };
            same_shape("the axes without windows", &x[..lead], &given[..lead])?;
        }
        _ => {}
    }
    Ok(given.to_vec())
}

/// The value of an operation whose windows are known.
pub fn evaluate(op: &Op, operands: &[&Tensor], shape: &[usize]) -> Option<Vec<f64>> {
    let mut result = vec![0.0; shape.iter().product()];
    let (x, y) = (*operands.first()?, operands.get(1).copied());
    match op {
        Op::Convolve { windows, groups } => {
            let y = y?;
            each_product(windows, *groups, [&x.shape, &y.shape, shape], |i, k, r| result[r] += x.data[i] * y.data[k]);
        }
        Op::ConvolveInput { windows, groups } => {
            let y = y?;
            each_product(windows, *groups, [shape, &y.shape, &x.shape], |i, k, r| result[i] += x.data[r] * y.data[k]);
        }
        Op::ConvolveKernel { windows, groups } => {
            let y = y?;
            each_product(windows, *groups, [&x.shape, shape, &y.shape], |i, k, r| result[k] += x.data[i] * y.data[r]);
        }
        Op::WindowArgMax(windows) => {
            let lead = shape.len() - windows.len();
            let plane: usize = x.shape[lead..].iter().product();
            let mut found = vec![false; result.len()];
            each_tap(windows, &x.shape[lead..], &shape[lead..], x.data.len(), |i, r| {
                let (new, old) = (x.data[i], x.data[i / plane * plane + result[r] as usize]);
                // NaN counts as the largest, as in torch.
                if !std::mem::replace(&mut found[r], true) || new > old || (new.is_nan() && !old.is_nan()) {
                    result[r] = (i % plane) as f64;
                }
            });
        }
        Op::WindowSum(windows) => {
            let lead = shape.len() - windows.len();
            each_tap(windows, &x.shape[lead..], &shape[lead..], x.data.len(), |i, r| result[r] += x.data[i]);
        }
        Op::WindowSpread(windows) => {
            let lead = shape.len() - windows.len();
            let count = result.len();
            each_tap(windows, &shape[lead..], &x.shape[lead..], count, |i, r| result[i] += x.data[r]);
        }
        _ => return None,
    }
    Some(result)
}

/// Calls `f` with the places of a number of the image, one of the kernel and one of the result wherever they meet. The
/// shapes are those of the three.
fn each_product(
    windows: &[WindowAxis],
    groups: usize,
    [image, kernel, result]: [&[usize]; 3],
    mut f: impl FnMut(usize, usize, usize),
) {
    let (units, channels) = (kernel[0], kernel[1]);
    let [planes, taps, places] = [image, kernel, result].map(|shape| shape[2..].iter().product::<usize>());
    let meetings = meetings(windows, &image[2..], &result[2..]);
    for example in 0..image[0] {
        for unit in 0..units {
            let first = unit / (units / groups).max(1) * channels;
            for channel in 0..channels {
                let of_image = (example * image[1] + first + channel) * planes;
                let of_kernel = (unit * channels + channel) * taps;
                let of_result = (example * units + unit) * places;
                meetings.iter().for_each(|[i, k, r]| f(of_image + i, of_kernel + k, of_result + r));
            }
        }
    }
}

/// Calls `f` with the place of a number of the image and the one of the window that it lies in, window by window and
/// tap by tap; `count` is that of the image's numbers.
fn each_tap(windows: &[WindowAxis], image: &[usize], result: &[usize], count: usize, mut f: impl FnMut(usize, usize)) {
    let [plane, places] = [image, result].map(|sizes| sizes.iter().product::<usize>());
    let meetings = meetings(windows, image, result);
    for at in 0..count.checked_div(plane).unwrap_or(0) {
        meetings.iter().for_each(|[i, _, r]| f(at * plane + i, at * places + r));
    }
}

/// For every window and every tap that lies inside: the places in the image, in the kernel and in the result.
fn meetings(windows: &[WindowAxis], image: &[usize], result: &[usize]) -> Vec<[usize; 3]> {
    let mut found = vec![[0, 0, 0]];
    for ((window, image), result) in windows.iter().zip(image).zip(result) {
        let mut next = Vec::new();
        for [i, k, r] in &found {
            for o in 0..*result {
                for tap in 0..window.kernel {
                    if let Some(position) = window.position(o, tap, *image) {
                        next.push([i * image + position, k * window.kernel + tap, r * result + o]);
                    }
                }
            }
        }
        found = next;
    }
    // Windows in order, each with its taps in order.
    found.sort_by_key(|[_, k, r]| (*r, *k));
    found
}
