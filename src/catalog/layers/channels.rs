//! Where the channels of a tensor stand: last in `[D]` and `[T, D]`, first in `[C, H, W]` and `[C, D, H, W]`. Convolutions,
//! pools and norms have them first and turn what has them last.

use crate::build::{Builder, Padding, Problem, Tensor, Window};
use crate::catalog::{ArgValue, Args, Param, ParamType};
use crate::ir::dim::Dim;

/// A tensor with its channels first.
pub(super) struct Channels {
    /// `[C, …]`
    pub x: Tensor,
    turned: bool,
}

impl Channels {
    /// Turns `[T, D]`; `x` has one to four axes.
    pub fn first(b: &mut Builder, x: &Tensor) -> Channels {
        match x.rank() {
            2 => Channels { x: b.permute(x, &[1, 0]), turned: true },
            _ => Channels { x: x.clone(), turned: false },
        }
    }

    /// A result as the operand was.
    pub fn back(&self, b: &mut Builder, y: Tensor) -> Tensor {
        if self.turned && y.rank() == 2 { b.permute(&y, &[1, 0]) } else { y }
    }

    /// How many.
    pub fn count(&self) -> Dim {
        self.x.shape.first().cloned().unwrap_or_default()
    }
}

/// What an operand of a layer over this many axes of positions must be.
pub(super) const LAYOUTS: [&str; 4] =
    ["one axis, `[D]`", "two axes, `[T, D]`", "three axes, `[C, H, W]`", "four axes, `[C, D, H, W]`"];

/// Refuses an operand that has not one axis of channels and so many of positions.
pub(super) fn positions(x: &Tensor, axes: usize) -> Result<(), Problem> {
    match x.rank() == axes + 1 {
        true => Ok(()),
        false => {
            let wanted = LAYOUTS.get(axes).copied().unwrap_or("channels and positions").to_owned();
            Err(Problem::Rank { operand: 0, wanted, shape: x.shape.clone() })
        }
    }
}

/// A size or one for each axis, `3` or `[3, 5]`.
pub(super) const SIZES: ParamType = ParamType::OneOf(&[ParamType::Size, ParamType::Shape { hole: false }]);

const PADDINGS: ParamType =
    ParamType::OneOf(&[ParamType::Choice(&["same"]), ParamType::Whole { min: 0, max: 1 << 40 }, ParamType::Numbers]);

/// The window of a convolution.
pub(super) const KERNEL: Param =
    Param::required("kernel", SIZES, "positions that a window covers; a list gives one for each axis");
/// How far a convolution's window moves.
pub(super) const STRIDE: Param = Param::optional("stride", SIZES, "1", "how far the window moves");
/// What is added around.
pub(super) const PADDING: Param = Param::optional(
    "padding",
    PADDINGS,
    "0",
    "zeros around each axis: so many on each side, or as many as give ceil(size / stride) positions",
);
/// How far the taps lie apart.
pub(super) const DILATION: Param =
    Param::optional("dilation", SIZES, "1", "how far the positions of a window lie apart");

/// An argument as a size for each axis.
fn sizes(args: &Args, name: &'static str, axes: usize) -> Result<Vec<Dim>, Problem> {
    match args.get(name) {
        ArgValue::Shape(list) => {
            let list: Vec<Dim> = list.iter().flatten().cloned().collect();
            per_axis(name, list, axes)
        }
        _ => Ok(vec![args.dim(name); axes]),
    }
}

fn per_axis<T>(name: &'static str, list: Vec<T>, axes: usize) -> Result<Vec<T>, Problem> {
    match list.len() == axes {
        true => Ok(list),
        false => {
            let reason = "one for each axis of positions";
            Err(Problem::Length { argument: name, wanted: Dim::from(axes), got: list.len(), reason })
        }
    }
}

/// `padding` as an argument.
fn paddings(args: &Args, axes: usize) -> Result<Vec<Padding>, Problem> {
    match args.get("padding") {
        ArgValue::Choice("same") => Ok(vec![Padding::Same; axes]),
        ArgValue::Numbers(numbers) => {
            let whole = |n: &f64| match n.fract() == 0.0 && (0.0..1e12).contains(n) {
                true => Ok(Padding::Each(Dim::constant(*n as i64))),
                false => {
                    let message = format!("{n} is not a number of positions");
                    Err(Problem::Argument { argument: "padding", message })
                }
            };
            per_axis("padding", numbers.iter().map(whole).collect::<Result<_, _>>()?, axes)
        }
        _ => Ok(vec![Padding::Each(args.dim("padding")); axes]),
    }
}

/// The windows that the arguments `kernel`, `stride`, `padding` and `dilation` describe; a layer without one of the
/// last two has windows without gaps, and one whose `stride` was left out and has no default moves by its kernel.
pub(super) fn windows(b: &Builder, args: &Args, axes: usize, layer: &'static str) -> Result<Vec<Window>, Problem> {
    let kernels = sizes(args, "kernel", axes)?;
    let strides = match args.get("stride") {
        ArgValue::None => kernels.clone(),
        _ => sizes(args, "stride", axes)?,
    };
    let dilations = match args.get("dilation") {
        ArgValue::None => vec![Dim::constant(1); axes],
        _ => sizes(args, "dilation", axes)?,
    };
    let mut windows = Vec::with_capacity(axes);
    let all = kernels.into_iter().zip(strides).zip(dilations).zip(paddings(args, axes)?);
    for (((kernel, stride), dilation), padding) in all {
        for (what, size) in [("kernel", &kernel), ("stride", &stride), ("dilation", &dilation)] {
            known(b, size, || format!("the {what} of {layer}"))?;
        }
        if let Padding::Each(size) = &padding {
            known(b, size, || format!("the padding of {layer}"))?;
        }
        windows.push(Window { kernel, stride, dilation, padding });
    }
    Ok(windows)
}

/// Refuses a size that is a symbol, but in a block by itself.
pub(super) fn known(b: &Builder, size: &Dim, what: impl Fn() -> String) -> Result<(), Problem> {
    match size.as_constant().is_some() || (b.generic && !size.is_ragged()) {
        true => Ok(()),
        false => Err(Problem::UnknownSize { what: what(), size: size.clone() }),
    }
}

/// `count / groups`, where that is whole. `what` is what cannot be divided: `groups cannot share {} channels`; `other` is
/// a count that has to be divided too.
pub(super) fn of_group(count: &Dim, groups: &Dim, what: &'static str, other: &Dim) -> Result<Dim, Problem> {
    let uneven = || {
        let wanted = groups.as_constant().unwrap_or(1);
        let divisors = {
            let (n, m) = (count.as_constant().unwrap_or(1), other.as_constant().unwrap_or(0));
            (1..=n.min(4096)).filter(|d| n % d == 0 && m % d == 0).collect::<Vec<i64>>()
        };
        let below = divisors.iter().rev().find(|d| **d < wanted);
        let above = divisors.iter().find(|d| **d > wanted);
        let nearest = below.into_iter().chain(above).copied().collect();
        Problem::Parts { argument: "groups", parts: groups.clone(), what, size: count.clone(), nearest }
    };
    match (count.as_constant(), groups.as_constant()) {
        (Some(n), Some(g)) if n.checked_rem(g) != Some(0) => Err(uneven()),
        _ => match count.exact_quotient(groups) {
            Some(quotient) => Ok(quotient),
            None => count.floor_div(groups).ok_or_else(uneven),
        },
    }
}

/// A symbolic size as a number for initial weights and operations, which a block by itself never runs.
pub(super) fn number(size: &Dim) -> usize {
    size.as_constant().and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1)
}
