//! Convolutions and pools with every size known.

use super::lower::size_of;
use super::work::Task;
use crate::ir::op::{Op, Reduction};
use crate::ir::window::{WindowAxis, windows};
use crate::runtime::executable::PlanError;
use crate::runtime::feed::Binding;
use crate::runtime::kernels::convolve::{Side, Sizes};
use crate::runtime::kernels::geometry::Geometry;
use crate::runtime::kernels::pool::PoolOp;
use crate::runtime::kernels::winograd::{self, Part};

/// The task of an operation with windows, from the shapes of its operands and its result; and the reduction that adds
/// up what it computes in runs, where there are several.
pub(super) fn task(op: &Op, x: &[usize], y: &[usize], shape: &[usize], binding: &Binding) -> Result<Task, PlanError> {
    let wrong = || PlanError::Internal(format!("{op:?} of {x:?} and {y:?} to {shape:?}"));
    let windows = windows(op).ok_or_else(wrong)?;
    let (image, places) = match op {
        Op::Convolve { .. } | Op::WindowArgMax(_) | Op::WindowSum(_) => (x, shape),
        Op::ConvolveKernel { .. } => (x, y),
        _ => (shape, x),
    };
    let lead = image.len().checked_sub(windows.len()).ok_or_else(wrong)?;
    let geometry =
        geometry(windows, image.get(lead..).ok_or_else(wrong)?, places.get(lead..).ok_or_else(wrong)?, binding)?;
    let pool = |op| Task::Pool { op, geometry: Box::new(geometry), planes: image.iter().take(lead).product() };
    let convolution = |side, groups: usize, kernel: &[usize]| match (image, kernel) {
        ([examples, ..], [units, channels, ..]) => {
            let (examples, channels, units) = (*examples, *channels, units / groups.max(1));
            Ok(Task::Convolve(Box::new(Sizes { side, geometry, examples, groups, channels, units })))
        }
        _ => Err(wrong()),
    };
    match op {
        Op::Convolve { groups, .. } => convolution(Side::Result, *groups, y),
        Op::ConvolveInput { groups, .. } => convolution(Side::Image, *groups, y),
        Op::ConvolveKernel { groups, .. } => convolution(Side::Kernel, *groups, shape),
        Op::WindowArgMax(_) => Ok(pool(PoolOp::ArgMax)),
        Op::WindowSum(_) => Ok(pool(PoolOp::Sum)),
        Op::WindowSpread(_) => Ok(pool(PoolOp::Spread)),
        _ => Err(wrong()),
    }
}

/// The same convolution by transformed tiles, where it can be done so and that pays.
pub(super) fn winograd(sizes: &Sizes) -> Option<(Part, winograd::Sizes)> {
    let g = &sizes.geometry;
    let is_plane = g.image[0] == 1 && g.places[0] == 1 && g.kernel == [1, 3, 3] && g.before[0] == 0;
    if !is_plane || g.stride != [1; 3] || g.dilation != [1; 3] || sizes.groups != 1 || g.before.iter().any(|n| *n > 2) {
        return None;
    }
    let [image, places, before] = [g.image, g.places, g.before].map(|all| [all[1], all[2]]);
    let (examples, channels, units) = (sizes.examples, sizes.channels, sizes.units);
    let of = winograd::Sizes { examples, channels, units, image, places, before };
    let (part, of) = match sizes.side {
        Side::Result => (Part::Result, of),
        Side::Kernel => (Part::Gradient, of),
        Side::Image => {
            let before = before.map(|n| 2 - n);
            let (channels, units, image, places) = (units, channels, places, image);
            (Part::Result, winograd::Sizes { examples, channels, units, image, places, before })
        }
    };
    let pays = if part == Part::Gradient { of.gradient_pays() } else { of.pays() };
    pays.then_some((part, of))
}

/// `convolve 3×3 by 2, 32 channels to 64 in 2 groups`.
pub(super) fn describe(sizes: &Sizes) -> String {
    let what = match sizes.side {
        Side::Result => "convolve",
        Side::Image => "convolve to the image",
        Side::Kernel => "convolve to the kernel",
    };
    let (channels, units) = (sizes.channels * sizes.groups, sizes.units * sizes.groups);
    let mut text = format!("{what}, {}, {channels} channels to {units}", describe_windows(&sizes.geometry));
    if sizes.groups > 1 {
        text += &format!(" in {} groups", sizes.groups);
    }
    text
}

/// `convolve in tiles, 3×3, 32 channels to 64`.
pub(super) fn describe_winograd(part: Part, sizes: &winograd::Sizes) -> String {
    let what = match part {
        Part::Weights { turned: false } => "transform the kernel",
        Part::Weights { turned: true } => "transform the turned kernel",
        Part::Result => "convolve in tiles",
        Part::Gradient => "convolve in tiles to the kernel",
    };
    format!("{what}, 3×3, {} channels to {}", sizes.channels, sizes.units)
}

/// `3×3 by 2`.
pub(super) fn describe_windows(geometry: &Geometry) -> String {
    let [kernel, stride] = [geometry.kernel, geometry.stride].map(|sizes| {
        let first = sizes.iter().position(|n| *n != 1).unwrap_or(2);
        sizes[first..].iter().map(usize::to_string).collect::<Vec<_>>().join("×")
    });
    if geometry.stride == [1; 3] { kernel } else { format!("{kernel} by {stride}") }
}

/// The reduction of the runs of a convolution, which lie along the first axis.
pub(super) fn sum_of_runs() -> Task {
    Task::Reduce { reduction: Reduction::Sum, axes: [0].into() }
}

fn geometry(
    windows: &[WindowAxis],
    image: &[usize],
    places: &[usize],
    binding: &Binding,
) -> Result<Geometry, PlanError> {
    let mut all =
        Geometry { image: [1; 3], places: [1; 3], kernel: [1; 3], stride: [1; 3], dilation: [1; 3], before: [0; 3] };
    let first = all.image.len().checked_sub(windows.len());
    let first = first.ok_or_else(|| PlanError::Internal(format!("windows over {} axes", windows.len())))?;
    for (i, ((window, image), places)) in windows.iter().zip(image).zip(places).enumerate() {
        let axis = first + i;
        all.image[axis] = *image;
        all.places[axis] = *places;
        all.kernel[axis] = window.kernel;
        all.stride[axis] = window.stride;
        all.dilation[axis] = window.dilation;
        all.before[axis] = size_of(&window.before, binding)?;
    }
    Ok(all)
}
