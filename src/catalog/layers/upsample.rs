//! `Upsample`.

use super::channels::{SIZES, known};
use super::pool::along;
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{ArgValue, Args, Body, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

/// `torch.nn.Upsample` with align_corners=False.
pub static UPSAMPLE: Entry = Entry {
    name: "Upsample",
    summary: "Makes each axis of positions a whole number of times as long, by repeating or by interpolating.",
    formula: "nearest: y[i] = x[i / scale]; linear and bilinear: between the neighbours of (i + 0.5) / scale - 0.5, \
              which stays between the first position and the last",
    params: &[
        Param::required("scale", SIZES, "how many times as long; a list gives one for each axis of positions"),
        Param::optional(
            "mode",
            ParamType::Choice(&["nearest", "linear", "bilinear"]),
            "nearest",
            "what stands between: `linear` for sequences and `bilinear` for images interpolate",
        ),
    ],
    shapes: &["[T, D] -> [T * scale, D]", "[C, H, W] -> [C, H * scale, W * scale]"],
    example: Example { inputs: &[("x", "[3, 4, 4]")], code: "x |> Upsample(2)", output: "[3, 8, 8]" },
    source: "torch.nn.Upsample",
    elsewhere: &[
        ("UpSampling1D", "Keras"),
        ("UpSampling2D", "Keras"),
        ("interpolate", "PyTorch"),
        ("UpsamplingNearest2d", "PyTorch"),
        ("UpsamplingBilinear2d", "PyTorch"),
        ("nn.Upsample", "PyTorch"),
    ],
    body: Body::Layer { inputs: &["x"], apply: |b, _, args, inputs| apply(b, args, inputs) },
};

fn apply(b: &mut Builder, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    let axes: &[usize] = match x.rank() {
        2 => &[0],
        3 => &[1, 2],
        _ => {
            let wanted = "two axes `[T, D]` or three `[C, H, W]`".into();
            return Err(Problem::Rank { operand: 0, wanted, shape: x.shape.clone() });
        }
    };
    let scales = match args.get("scale") {
        ArgValue::Shape(list) if list.len() == axes.len() => list.iter().flatten().cloned().collect(),
        ArgValue::Shape(list) => {
            let reason = "one for each axis of positions";
            return Err(Problem::Length { argument: "scale", wanted: Dim::from(axes.len()), got: list.len(), reason });
        }
        _ => vec![args.dim("scale"); axes.len()],
    };
    let mode = args.choice("mode");
    let other = if axes.len() == 1 { "bilinear" } else { "linear" };
    if mode == other {
        let message = match axes.len() {
            1 => "a sequence is interpolated by `linear`",
            _ => "an image is interpolated by `bilinear`",
        };
        return Err(Problem::Argument { argument: "mode", message: message.into() });
    }
    let mut y = x.clone();
    for (axis, scale) in axes.iter().zip(&scales) {
        known(b, scale, || "the scale of Upsample".into())?;
        let size = x.shape.get(*axis).cloned().unwrap_or_default();
        let long = size.clone() * scale.clone();
        let mut shape = y.shape.clone();
        if let Some(slot) = shape.get_mut(*axis) {
            *slot = long.clone();
        }
        b.check_size(&shape)?;
        y = match mode {
            "nearest" => {
                let column = b.unsqueeze(&y, axis + 1);
                let mut repeated = column.shape.clone();
                if let Some(slot) = repeated.get_mut(axis + 1) {
                    *slot = scale.clone();
                }
                let repeated = b.broadcast_to(&column, &repeated, y.batched)?;
                let wanted: Vec<Option<Dim>> = shape.into_iter().map(Some).collect();
                b.reshape(&repeated, &wanted)?
            }
            _ => {
                let between = between(b, &size, &long, scale)?;
                along(b, &y, *axis, &between)?
            }
        };
    }
    Ok(vec![y])
}

/// `[long, size]`: row i holds the shares of the two positions that it lies between.
fn between(b: &mut Builder, size: &Dim, long: &Dim, scale: &Dim) -> Result<Tensor, Problem> {
    let row = b.iota(long);
    let row = b.unsqueeze(&row, 1);
    let centre = b.offset(&row, 0.5);
    let scale = b.size(scale);
    let place = b.divide(&centre, &scale)?;
    let place = b.offset(&place, -0.5);
    let place = b.with_scalar(Binary::Maximum, &place, 0.0);
    let last = b.size(size);
    let last = b.offset(&last, -1.0);
    let place = b.binary(Binary::Minimum, &place, &last)?;
    let position = b.iota(size);
    // 1 at its own position, falling to 0 at the neighbours'.
    let distance = b.subtract(&place, &position)?;
    let distance = b.unary(Unary::Absolute, &distance);
    let near = b.unary(Unary::Negate, &distance);
    let near = b.offset(&near, 1.0);
    Ok(b.with_scalar(Binary::Maximum, &near, 0.0))
}
