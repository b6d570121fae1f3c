//! `GroupNorm` and `InstanceNorm`: each example normalised by itself, group of channels by group.

use super::channels::{Channels, known, of_group};
use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::init::Init;
use crate::ir::op::Unary;

const EPS: Param =
    Param::optional("eps", ParamType::Number(Bounds::NOT_NEGATIVE), "1e-5", "added against division by 0");

/// `torch.nn.GroupNorm`; Wu and He 2018.
pub static GROUP_NORM: Entry = Entry {
    name: "GroupNorm",
    summary: "Gives each group of channels of an example mean 0 and variance 1, then scales and shifts each channel.",
    formula: "y = (x - mean) / sqrt(var + eps) * weight + bias, with mean and var of the group's channels and all positions",
    params: &[
        Param::required("groups", ParamType::Size, "into how many parts the channels are divided"),
        EPS,
        Param::optional("affine", ParamType::Bool, "true", "whether it has a weight and a bias"),
    ],
    shapes: &["[D] -> [D]", "[T, D] -> [T, D]", "[C, H, W] -> [C, H, W]"],
    example: Example { inputs: &[("x", "[4, 3, 3]")], code: "x |> GroupNorm(2)", output: "[4, 3, 3]" },
    source: "torch.nn.GroupNorm",
    elsewhere: &[("GroupNormalization", "Keras"), ("group_norm", "PyTorch"), ("nn.GroupNorm", "PyTorch")],
    body: Body::Layer {
        inputs: &["x"],
        apply: |b, scope, args, inputs| {
            let x = only(inputs)?;
            numbers(0, x)?;
            let groups = args.dim("groups");
            known(b, &groups, || "the groups of GroupNorm".into())?;
            Ok(vec![normalise(b, scope, args, x, &groups, 1)?])
        },
    },
};

/// `torch.nn.InstanceNorm1d`, `InstanceNorm2d` and `InstanceNorm3d`; Ulyanov et al. 2016.
pub static INSTANCE_NORM: Entry = Entry {
    name: "InstanceNorm",
    summary: "Gives each channel of an example mean 0 and variance 1 over its positions.",
    formula: "y = (x - mean) / sqrt(var + eps), with mean and var over the positions of a channel; then * weight + bias \
              where `affine`",
    params: &[EPS, Param::optional("affine", ParamType::Bool, "false", "whether it has a weight and a bias")],
    shapes: &["[T, D] -> [T, D]", "[C, H, W] -> [C, H, W]"],
    example: Example { inputs: &[("x", "[3, 4, 4]")], code: "x |> InstanceNorm", output: "[3, 4, 4]" },
    source: "torch.nn.InstanceNorm1d, torch.nn.InstanceNorm2d",
    elsewhere: &[
        ("InstanceNorm1d", "PyTorch"),
        ("InstanceNorm2d", "PyTorch"),
        ("InstanceNorm3d", "PyTorch"),
        ("instance_norm", "PyTorch"),
        ("InstanceNormalization", "ONNX"),
        ("nn.InstanceNorm1d", "PyTorch"),
        ("nn.InstanceNorm2d", "PyTorch"),
    ],
    body: Body::Layer {
        inputs: &["x"],
        apply: |b, scope, args, inputs| {
            let x = only(inputs)?;
            numbers(0, x)?;
            let channels = Channels::first(b, x).count();
            Ok(vec![normalise(b, scope, args, x, &channels, 2)?])
        },
    },
};

/// Normalises groups of channels; `least` is the fewest axes that `x` may have.
fn normalise(
    b: &mut Builder,
    scope: &StateScope,
    args: &Args,
    x: &Tensor,
    groups: &Dim,
    least: usize,
) -> Result<Tensor, Problem> {
    if x.rank() < least || x.rank() > 4 {
        let wanted = match least {
            1 => "one axis `[D]`, two `[T, D]`, three `[C, H, W]` or four",
            _ => "two axes `[T, D]`, three `[C, H, W]` or four",
        };
        return Err(Problem::Rank { operand: 0, wanted: wanted.into(), shape: x.shape.clone() });
    }
    let channels = Channels::first(b, x);
    let count = channels.count();
    let each = of_group(&count, groups, "groups cannot share the {} channels of its input", &count)?;
    let mut grouped = vec![groups.clone(), each];
    grouped.extend(channels.x.shape.iter().skip(1).cloned());
    let split = b.reshape_to(&channels.x, grouped);
    let axes: Vec<usize> = (1..split.rank()).collect();
    let mean = b.mean(&split, &axes, true)?;
    let deviation = b.subtract(&split, &mean)?;
    let square = b.unary(Unary::Square, &deviation);
    let variance = b.mean(&square, &axes, true)?;
    let padded = b.offset(&variance, args.number("eps"));
    let scale = b.unary(Unary::ReciprocalSquareRoot, &padded);
    let y = b.multiply(&deviation, &scale)?;
    let mut y = b.reshape_to(&y, channels.x.shape.clone());
    if args.bool("affine") {
        let mut aligned = vec![Dim::constant(1); y.rank()];
        if let Some(first) = aligned.first_mut() {
            *first = count.clone();
        }
        let weight = b.weight(scope, "weight", std::slice::from_ref(&count), Init::Full(1.0))?;
        let bias = b.weight(scope, "bias", &[count], Init::Full(0.0))?;
        let (weight, bias) = (b.reshape_to(&weight, aligned.clone()), b.reshape_to(&bias, aligned));
        y = b.multiply(&y, &weight)?;
        y = b.add(&y, &bias)?;
    }
    Ok(channels.back(b, y))
}
