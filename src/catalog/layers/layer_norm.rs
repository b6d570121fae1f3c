//! `LayerNorm`.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{last_axis, numbers, only};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::init::Init;
use crate::ir::op::Unary;

/// `torch.nn.LayerNorm` over the last axis; Ba et al. 2016.
pub static LAYER_NORM: Entry = Entry {
    name: "LayerNorm",
    summary: "Gives the last axis mean 0 and variance 1, then scales and shifts each of its positions.",
    formula: "y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias, the variance divided by n",
    params: &[
        Param::optional("eps", ParamType::Number(Bounds::NOT_NEGATIVE), "1e-5", "added against division by 0"),
        Param::optional("affine", ParamType::Bool, "true", "whether it has a weight and a bias"),
        Param::optional("bias", ParamType::Bool, "true", "whether it has a bias"),
    ],
    shapes: &["[.., D] -> [.., D]"],
    example: Example { inputs: &[("x", "[2, 4]")], code: "x |> LayerNorm", output: "[2, 4]" },
    source: "torch.nn.LayerNorm",
    elsewhere: &[("LayerNormalization", "Keras"), ("layer_norm", "PyTorch"), ("nn.LayerNorm", "PyTorch")],
    body: Body::Layer { inputs: &["x"], apply },
};

pub(super) fn apply(
    b: &mut Builder,
    scope: &StateScope,
    args: &Args,
    inputs: &[Tensor],
) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    let (axis, width) = last_axis(x)?;
    let mean = b.mean(x, &[axis], true)?;
    let deviation = b.subtract(x, &mean)?;
    let square = b.unary(Unary::Square, &deviation);
    let variance = b.mean(&square, &[axis], true)?;
    let padded = b.offset(&variance, args.number("eps"));
    let scale = b.unary(Unary::ReciprocalSquareRoot, &padded);
    let mut y = b.multiply(&deviation, &scale)?;
    if args.bool("affine") {
        let weight = b.weight(scope, "weight", std::slice::from_ref(&width), Init::Full(1.0))?;
        y = b.multiply(&y, &weight)?;
        if args.bool("bias") {
            let bias = b.weight(scope, "bias", &[width], Init::Full(0.0))?;
            y = b.add(&y, &bias)?;
        }
    }
    Ok(vec![y])
}
