//! `BatchNorm`.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::graph::StateRole;
use crate::ir::init::Init;
use crate::ir::op::{Binary, Unary};

/// `torch.nn.BatchNorm1d` and `BatchNorm2d`; Ioffe and Szegedy 2015.
pub static BATCH_NORM: Entry = Entry {
    name: "BatchNorm",
    summary: "Gives each channel mean 0 and variance 1 over the batch, then scales and shifts it.",
    formula: "training: y = (x - mean) / sqrt(var + eps) * weight + bias over the batch and all axes but the channels; \
              running = (1 - momentum) * running + momentum * (mean, var * n / (n - 1)); \
              evaluation: the running mean and variance",
    params: &[
        Param::optional("eps", ParamType::Number(Bounds::NOT_NEGATIVE), "1e-5", "added against division by 0"),
        Param::optional(
            "momentum",
            ParamType::Number(Bounds::UNIT),
            "0.1",
            "the share of the newest batch in the running mean and variance",
        ),
        Param::optional("affine", ParamType::Bool, "true", "whether it has a weight and a bias"),
    ],
    shapes: &["[D] -> [D]", "[T, D] -> [T, D]", "[C, H, W] -> [C, H, W]"],
    example: Example { inputs: &[("x", "[3, 4, 4]")], code: "x |> BatchNorm", output: "[3, 4, 4]" },
    source: "torch.nn.BatchNorm1d, torch.nn.BatchNorm2d",
    elsewhere: &[
        ("BatchNorm1d", "PyTorch"),
        ("BatchNorm2d", "PyTorch"),
        ("BatchNormalization", "Keras"),
        ("batch_norm", "PyTorch"),
        ("nn.BatchNorm1d", "PyTorch"),
        ("nn.BatchNorm2d", "PyTorch"),
    ],
    body: Body::Layer { inputs: &["x"], apply },
};

/// The axis of the channels: the last of one or two axes, the first of three.
fn channel_axis(x: &Tensor) -> Result<usize, Problem> {
    match x.rank() {
        1 => Ok(0),
        2 => Ok(1),
        3 | 4 => Ok(0),
        _ => Err(Problem::Rank {
            operand: 0,
            wanted: "one axis `[D]`, two `[T, D]`, three `[C, H, W]` or four".into(),
            shape: x.shape.clone(),
        }),
    }
}

fn apply(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    let axis = channel_axis(x)?;
    // In evaluation it would work, but that only says the mistake later.
    if !x.batched {
        return Err(Problem::NotPerExample { what: "BatchNorm" });
    }
    let channels = x.shape.get(axis).cloned().unwrap_or_default();
    let flat = vec![channels.clone()];
    // The channels where they stand in `x`, all other axes of size 1.
    let mut aligned = vec![Dim::constant(1); x.rank()];
    if let Some(size) = aligned.get_mut(axis) {
        *size = channels;
    }
    let affine = match args.bool("affine") {
        false => None,
        true => {
            let weight = b.weight(scope, "weight", &flat, Init::Full(1.0))?;
            let bias = b.weight(scope, "bias", &flat, Init::Full(0.0))?;
            Some((weight, bias))
        }
    };
    let running_mean = b.buffer(scope, "running_mean", &flat, Init::Full(0.0))?;
    let running_var = b.buffer(scope, "running_var", &flat, Init::Full(1.0))?;
    let counter = b.state(scope.join("num_batches_tracked"), &[], StateRole::Counter, Init::Full(0.0))?;
    let (deviation, variance) = if b.training {
        let others: Vec<usize> = (0..x.rank()).filter(|i| *i != axis).collect();
        if others.iter().all(|i| x.shape.get(*i).and_then(Dim::as_constant) == Some(1)) {
            b.over_examples.push(b.span);
        }
        let mean = b.batch_mean(x, &others)?;
        let deviation = b.subtract(x, &mean)?;
        let square = b.unary(Unary::Square, &deviation);
        let variance = b.batch_mean(&square, &others)?;
        // n / (n - 1), for the running variance alone; a batch of one number has no variance to speak of.
        let count = b.batch_count(x, &others);
        let less = b.offset(&count, -1.0);
        let divisor = b.with_scalar(Binary::Maximum, &less, 1.0);
        let unbiased = b.multiply(&variance, &count)?;
        let unbiased = b.divide(&unbiased, &divisor)?;
        let momentum = args.number("momentum");
        for (name, running, batch) in [("running_mean", running_mean, &mean), ("running_var", running_var, &unbiased)] {
            let batch = b.reshape_to(batch, flat.clone());
            let kept = b.scale(&running, 1.0 - momentum);
            let new = b.scale(&batch, momentum);
            let next = b.add(&kept, &new)?;
            b.update(&scope.join(name), &next);
        }
        let next = b.offset(&counter, 1.0);
        b.update(&scope.join("num_batches_tracked"), &next);
        (deviation, variance)
    } else {
        let mean = b.reshape_to(&running_mean, aligned.clone());
        let variance = b.reshape_to(&running_var, aligned.clone());
        (b.subtract(x, &mean)?, variance)
    };
    let padded = b.offset(&variance, args.number("eps"));
    let mut scale = b.unary(Unary::ReciprocalSquareRoot, &padded);
    if let Some((weight, _)) = &affine {
        let weight = b.reshape_to(weight, aligned.clone());
        scale = b.multiply(&scale, &weight)?;
    }
    let mut y = b.multiply(&deviation, &scale)?;
    if let Some((_, bias)) = &affine {
        let bias = b.reshape_to(bias, aligned);
        y = b.add(&y, &bias)?;
    }
    Ok(vec![y])
}
