//! `Dense`.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{last_axis, numbers, only};
use crate::catalog::{Args, Body, Entry, Example, Fans, Param, ParamType};
use crate::ir::init::Init;

/// `x @ weightᵀ + bias` along the last axis; `torch.nn.Linear`.
pub static DENSE: Entry = Entry {
    name: "Dense",
    summary: "An affine map of the last axis: every unit is a weighted sum of all inputs, plus a bias.",
    formula: "y = x @ transpose(weight) + bias",
    params: &[
        Param::required("units", ParamType::Size, "how many numbers the last axis of the result has"),
        Param::optional("bias", ParamType::Bool, "true", "whether a trained number is added to each unit"),
        Param::optional(
            "init",
            ParamType::Init,
            "none",
            "how `weight` starts; left out, kaiming_uniform with a = sqrt(5), which is uniform in ±1/sqrt(inputs)",
        ),
    ],
    shapes: &["[.., D] -> [.., units]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> Dense(16)", output: "[16]" },
    source: "torch.nn.Linear",
    elsewhere: &[
        ("Linear", "PyTorch"),
        ("linear", "PyTorch"),
        ("LazyLinear", "PyTorch"),
        ("dense", "JAX"),
        ("fc", "Caffe"),
        ("FC", "Caffe"),
        ("FullyConnected", "CNTK"),
        ("fully_connected", "TensorFlow"),
        ("InnerProduct", "Caffe"),
        ("Affine", "Chainer"),
        ("MLP", "scikit-learn"),
        ("nn.Linear", "PyTorch"),
    ],
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
    let (_, width) = last_axis(x)?;
    let units = args.dim("units");
    // An unknown width belongs to a block by itself, which is never run: any bound will do.
    let fan_in = width.as_constant().map_or(1.0, |n| n.max(1) as f64);
    let fan_out = units.as_constant().map_or(1.0, |n| n.max(1) as f64);
    let bound = fan_in.sqrt().recip();
    let start = Init::Uniform { low: -bound, high: bound };
    let init = args.init("init").map_or(start, |i| i.resolve(Fans { input: fan_in, output: fan_out }));
    let weight = b.weight(scope, "weight", &[units.clone(), width], init)?;
    let mut y = b.linear(x, &weight)?;
    if args.bool("bias") {
        let bias = b.weight(scope, "bias", &[units], start)?;
        y = b.add(&y, &bias)?;
    }
    Ok(vec![y])
}
