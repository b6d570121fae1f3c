//! `RMSNorm`.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{last_axis, numbers, only};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::init::Init;
use crate::ir::op::Unary;

/// `torch.nn.RMSNorm` over the last axis; Zhang and Sennrich 2019.
pub static RMS_NORM: Entry = Entry {
    name: "RMSNorm",
    summary: "Divides the last axis by the root of its mean square, then scales each of its positions.",
    formula: "y = x / sqrt(mean(x^2) + eps) * weight",
    params: &[
        Param::optional(
            "eps",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "1.1920929e-7",
            "added against division by 0; torch's default, the distance from 1 to the next number of single precision",
        ),
        Param::optional("affine", ParamType::Bool, "true", "whether it has a weight"),
    ],
    shapes: &["[.., D] -> [.., D]"],
    example: Example { inputs: &[("x", "[2, 4]")], code: "x |> RMSNorm", output: "[2, 4]" },
    source: "torch.nn.RMSNorm",
    elsewhere: &[
        ("RMSNormalization", "Keras"),
        ("rms_norm", "PyTorch"),
        ("nn.RMSNorm", "PyTorch"),
        ("LlamaRMSNorm", "Transformers"),
    ],
    body: Body::Layer { inputs: &["x"], apply },
};

fn apply(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    let (axis, width) = last_axis(x)?;
    let square = b.unary(Unary::Square, x);
    let mean = b.mean(&square, &[axis], true)?;
    let padded = b.offset(&mean, args.number("eps"));
    let scale = b.unary(Unary::ReciprocalSquareRoot, &padded);
    let mut y = b.multiply(x, &scale)?;
    if args.bool("affine") {
        let weight = b.weight(scope, "weight", &[width], Init::Full(1.0))?;
        y = b.multiply(&y, &weight)?;
    }
    Ok(vec![y])
}
