//! `Muon`: steps along the nearest orthogonal matrix.

use super::{adam, add_scaled, learning_rate, unchanged};
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::{
    ArgValue, Args, Body, Bounds, Entry, Example, OptimizerDefinition, Param, ParamType, UpdateOperands, Updated,
};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

/// It alone.
pub static ALL: &[&Entry] = &[&MUON];

/// `torch.optim.Muon` for matrices, in single precision where it computes in bfloat16; `torch.optim.AdamW` for the rest.
pub static MUON: Entry = Entry {
    name: "Muon",
    summary: "For weights with two axes, momentum whose directions are all made equally long; AdamW for all others.",
    formula: "m = momentum * m + (1 - momentum) * g; u = g + momentum * (m - g) where nesterov, else m; x = u / |u|; \
              ns_steps times x = 3.4445 x - 4.775 x x' x + 2.0315 x x' x x' x; \
              w = w * (1 - lr * weight_decay) - lr * s * x, s = sqrt(max(1, rows / columns))",
    params: &[
        learning_rate("1e-3"),
        Param::optional(
            "weight_decay",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "0.1",
            "the share of each weight, times lr, that it loses each step",
        ),
        Param::optional(
            "momentum",
            ParamType::Number(Bounds::BELOW_ONE),
            "0.95",
            "how slowly past gradients are forgotten",
        ),
        Param::optional("nesterov", ParamType::Bool, "true", "whether the newest gradient counts once more"),
        Param::optional("ns_steps", ParamType::Whole { min: 1, max: 99 }, "5", "steps of the Newton-Schulz iteration"),
        Param::optional("eps", ParamType::Number(Bounds::POSITIVE), "1e-7", "the least that |u| is divided by"),
        Param::optional(
            "adjust",
            ParamType::Choice(&["original", "match_rms_adamw"]),
            "original",
            "the factor s: as above, or 0.2 * sqrt(max(rows, columns)), with which a step is about as long as one of AdamW",
        ),
        Param::optional(
            "adam_lr",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "none",
            "the rate of AdamW, which the schedule scales likewise; left out, lr",
        ),
        Param::optional("betas", ParamType::Numbers, "[0.9, 0.999]", "of AdamW: how slowly its two averages forget"),
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "Muon(lr: 0.02, adam_lr: 1e-3)", output: "" },
    source: "torch.optim.Muon; Jordan et al. 2024",
    elsewhere: &[("muon", "Optax"), ("MuonWithAuxAdam", "Keller Jordan")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-3, 0.1),
        slots: |args, shape| if shape.len() == 2 { vec!["momentum_buffer"] } else { adam::slots(args, shape) },
        scalars: adam::scalars,
        scalar_values: adam::scalar_values,
        update,
    }),
};

/// Jordan's coefficients: the steepest at 0 of those that stay within 0.7 .. 1.2.
const COEFFICIENTS: (f64, f64, f64) = (3.4445, -4.7750, 2.0315);

fn update(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    // Refused whatever the weights are.
    adam::betas(args)?;
    if of.weight.rank() != 2 {
        return rest(b, args, of);
    }
    let [buffer] = of.slots.as_slice() else { return Ok(unchanged(of)) };
    let momentum = args.number("momentum");
    let toward = b.subtract(&of.gradient, buffer)?;
    let buffer = add_scaled(b, buffer, &toward, 1.0 - momentum)?;
    let direction = if args.bool("nesterov") {
        let toward = b.subtract(&buffer, &of.gradient)?;
        add_scaled(b, &of.gradient, &toward, momentum)?
    } else {
        buffer.clone()
    };
    let size = |axis: usize| direction.shape.get(axis).and_then(Dim::as_constant).unwrap_or(1) as f64;
    let (rows, columns) = (size(0), size(1));
    let direction = orthogonal(b, args, &direction, rows > columns)?;
    let factor = match args.choice("adjust") {
        "match_rms_adamw" => 0.2 * rows.max(columns).sqrt(),
        _ => (rows / columns).max(1.0).sqrt(),
    };
    let weight = match args.number("weight_decay") {
        0.0 => of.weight.clone(),
        decay => {
            let share = b.scale(&of.lr, -decay);
            let kept = b.offset(&share, 1.0);
            b.multiply(&of.weight, &kept)?
        }
    };
    let length = b.scale(&of.lr, factor);
    let step = b.multiply(&direction, &length)?;
    Ok(Updated { weight: b.subtract(&weight, &step)?, slots: vec![buffer] })
}

/// Nearly the orthogonal matrix nearest to `x`, by the iteration of Newton and Schulz; on the side on which its products
/// are smaller.
fn orthogonal(b: &mut Builder, args: &Args, x: &Tensor, is_tall: bool) -> Result<Tensor, Problem> {
    let (first, second, third) = COEFFICIENTS;
    let mut x = if is_tall { b.transpose(x)? } else { x.clone() };
    let square = b.unary(Unary::Square, &x);
    let sum = b.sum(&square, &[0, 1], false);
    let norm = b.unary(Unary::SquareRoot, &sum);
    let norm = b.with_scalar(Binary::Maximum, &norm, args.number("eps"));
    x = b.divide(&x, &norm)?;
    for _ in 0..args.dim("ns_steps").as_constant().unwrap_or(5) {
        let turned = b.transpose(&x)?;
        let gram = b.matmul(&x, &turned)?;
        let twice = b.matmul(&gram, &gram)?;
        let scaled = b.scale(&gram, second);
        let inner = add_scaled(b, &scaled, &twice, third)?;
        let outer = b.matmul(&inner, &x)?;
        let kept = b.scale(&x, first);
        x = b.add(&kept, &outer)?;
    }
    if is_tall { b.transpose(&x) } else { Ok(x) }
}

/// What is no matrix goes by AdamW.
fn rest(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    let mut own = args.clone();
    own.set("eps", ArgValue::Number(1e-8), None);
    let lr = match (args.optional_number("adam_lr"), args.number("lr")) {
        (Some(own), lr) if lr > 0.0 => b.scale(&of.lr, own / lr),
        _ => of.lr.clone(),
    };
    let operands = UpdateOperands {
        weight: of.weight.clone(),
        gradient: of.gradient.clone(),
        slots: of.slots.clone(),
        lr,
        scalars: of.scalars.clone(),
    };
    adam::update(b, &own, &operands, true)
}
