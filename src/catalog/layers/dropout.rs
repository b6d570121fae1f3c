//! `Dropout`, and `SpatialDropout` of whole channels.

use super::gated::channel_axis;
use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::only;
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Distribution};

/// `torch.nn.Dropout`; Srivastava et al. 2014.
pub static DROPOUT: Entry = Entry {
    name: "Dropout",
    summary: "In training, sets a random share of the numbers to 0 and scales up the rest; nothing in evaluation.",
    formula: "y = 0 with probability p, else x / (1 - p)",
    params: &[Param::optional("p", ParamType::Number(Bounds::UNIT), "0.5", "the share that is set to 0")],
    shapes: &["[..] -> [..]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> Dropout(0.3)", output: "[4]" },
    source: "torch.nn.Dropout",
    elsewhere: &[("nn.Dropout", "PyTorch"), ("AlphaDropout", "PyTorch")],
    body: Body::Layer { inputs: &["x"], apply },
};

/// `torch.nn.Dropout1d` and `Dropout2d`; Tompson et al. 2014.
pub static SPATIAL_DROPOUT: Entry = Entry {
    name: "SpatialDropout",
    summary: "Dropout of whole channels: in training, a random share of them is 0 at all positions of an example.",
    formula: "y[c] = 0 everywhere with probability p, else x[c] / (1 - p)",
    params: &[Param::optional("p", ParamType::Number(Bounds::UNIT), "0.5", "the share of channels that is set to 0")],
    shapes: &["[T, D] -> [T, D]", "[C, H, W] -> [C, H, W]"],
    example: Example { inputs: &[("x", "[3, 4, 4]")], code: "x |> SpatialDropout(0.2)", output: "[3, 4, 4]" },
    source: "torch.nn.Dropout1d, torch.nn.Dropout2d",
    elsewhere: &[
        ("Dropout1d", "PyTorch"),
        ("Dropout2d", "PyTorch"),
        ("SpatialDropout1D", "Keras"),
        ("SpatialDropout2D", "Keras"),
    ],
    body: Body::Layer { inputs: &["x"], apply: apply_to_channels },
};

fn apply_to_channels(b: &mut Builder, _: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    let axis = channel_axis(x)?;
    let one_each = x.shape.iter().enumerate().map(|(i, size)| if i == axis { size.clone() } else { Dim::constant(1) });
    let one_each: Vec<Dim> = one_each.collect();
    Ok(vec![drop_together(b, x, &one_each, args.number("p"))?])
}

fn apply(b: &mut Builder, _: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    Ok(vec![drop_out(b, only(inputs)?, args.number("p"))?])
}

/// `x` with a share of its numbers set to 0 and the rest scaled up, in training.
pub fn drop_out(b: &mut Builder, x: &Tensor, p: f64) -> Result<Tensor, Problem> {
    drop_together(b, x, &x.shape, p)
}

/// The same with one draw for all that `draws`, broadcast to the shape of `x`, holds once.
fn drop_together(b: &mut Builder, x: &Tensor, draws: &[Dim], p: f64) -> Result<Tensor, Problem> {
    if !b.training || p <= 0.0 {
        return Ok(x.clone());
    }
    let zero = b.constant(0.0);
    if p >= 1.0 {
        // 1 / (1 - p) is infinite here.
        let nothing = b.broadcast_to(&zero, &x.shape, x.batched)?;
        return Ok(nothing);
    }
    let draw = b.random(draws, Distribution::Uniform)?;
    let p_constant = b.constant(p);
    let kept = b.binary(Binary::LessEqual, &p_constant, &draw)?;
    let scaled = b.scale(x, 1.0 / (1.0 - p));
    b.select(&kept, &scaled, &zero)
}
