//! `Adam` and `AdamW`.

use super::{add_scaled, learning_rate, unchanged};
use crate::build::{Builder, Problem};
use crate::catalog::{
    Args, Body, Bounds, Entry, Example, OptimizerDefinition, Param, ParamType, UpdateOperands, Updated,
};
use crate::ir::dim::Dim;
use crate::ir::op::Unary;

/// Both.
pub static ALL: &[&Entry] = &[&ADAM, &ADAMW];

pub(super) const BETAS: Param =
    Param::optional("betas", ParamType::Numbers, "[0.9, 0.999]", "how slowly the two averages forget, each below 1");
pub(super) const EPS: Param = Param::optional(
    "eps",
    ParamType::Number(Bounds::NOT_NEGATIVE),
    "1e-8",
    "what is added to the root, against division by 0",
);

/// `torch.optim.Adam`; Kingma and Ba 2014.
pub static ADAM: Entry = Entry {
    name: "Adam",
    summary: "Steps of about lr for every weight, whatever the size of its gradient; the usual choice.",
    formula: "g = gradient + weight_decay * w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; \
              w = w - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)",
    params: &[
        learning_rate("1e-3"),
        BETAS,
        EPS,
        Param::optional(
            "weight_decay",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "0",
            "how much of each weight is added to its gradient",
        ),
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "Adam(lr: 1e-3)", output: "" },
    source: "torch.optim.Adam",
    elsewhere: &[("adam", "Keras")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-5, 1e-2),
        slots,
        scalars,
        scalar_values,
        update: |b, a, o| update(b, a, o, false),
    }),
};

/// `torch.optim.AdamW`; Loshchilov and Hutter 2017.
pub static ADAMW: Entry = Entry {
    name: "AdamW",
    summary: "Adam whose weight decay shrinks the weights themselves rather than entering the averages.",
    formula: "w = w * (1 - lr * weight_decay); then as Adam without weight_decay",
    params: &[
        learning_rate("1e-3"),
        BETAS,
        EPS,
        Param::optional(
            "weight_decay",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "1e-2",
            "the share of each weight, times lr, that it loses each step",
        ),
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "AdamW(lr: 1e-3, weight_decay: 0.01)", output: "" },
    source: "torch.optim.AdamW",
    elsewhere: &[("adamw", "Keras")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-5, 1e-2),
        slots,
        scalars,
        scalar_values,
        update: |b, a, o| update(b, a, o, true),
    }),
};

pub(super) fn slots(_: &Args, _: &[Dim]) -> Vec<&'static str> {
    vec!["exp_avg", "exp_avg_sq"]
}

pub(super) fn scalars(_: &Args) -> Vec<&'static str> {
    vec!["bias_correction1", "bias_correction2_sqrt"]
}

pub(super) fn scalar_values(args: &Args, step: u64) -> Vec<f64> {
    // An invalid pair is refused by `update`, which is built before the first step.
    let (b1, b2) = betas(args).unwrap_or((0.9, 0.999));
    let t = step as f64;
    vec![1.0 - b1.powf(t), (1.0 - b2.powf(t)).sqrt()]
}

pub(super) fn betas(args: &Args) -> Result<(f64, f64), Problem> {
    let given = args.numbers("betas").unwrap_or(&[0.9, 0.999]);
    match given {
        [b1, b2] if [b1, b2].into_iter().all(|b| (0.0..1.0).contains(b)) => Ok((*b1, *b2)),
        [b1, b2] => {
            let wrong = if (0.0..1.0).contains(b1) { b2 } else { b1 };
            let message = format!("each lies in 0 .. 1 and is not 1 itself; {wrong} does not");
            Err(Problem::Argument { argument: "betas", message })
        }
        _ => Err(Problem::Length {
            argument: "betas",
            wanted: Dim::constant(2),
            got: given.len(),
            reason: "one for the average of the gradients, one for that of their squares",
        }),
    }
}

pub(super) fn update(b: &mut Builder, args: &Args, of: &UpdateOperands, decoupled: bool) -> Result<Updated, Problem> {
    let (b1, b2) = betas(args)?;
    let decay = args.number("weight_decay");
    let [m, v] = of.slots.as_slice() else { return Ok(unchanged(of)) };
    let [correction1, correction2_root] = of.scalars.as_slice() else { return Ok(unchanged(of)) };
    let mut weight = of.weight.clone();
    let mut gradient = of.gradient.clone();
    if decay != 0.0 && decoupled {
        let share = b.scale(&of.lr, -decay);
        let factor = b.offset(&share, 1.0);
        weight = b.multiply(&weight, &factor)?;
    } else if decay != 0.0 {
        gradient = add_scaled(b, &gradient, &weight, decay)?;
    }
    // lerp, as torch: m + (1 - b1)(g - m).
    let toward = b.subtract(&gradient, m)?;
    let m = add_scaled(b, m, &toward, 1.0 - b1)?;
    let kept = b.scale(v, b2);
    let square = b.unary(Unary::Square, &gradient);
    let v = add_scaled(b, &kept, &square, 1.0 - b2)?;
    let root = b.unary(Unary::SquareRoot, &v);
    let root = b.divide(&root, correction2_root)?;
    let divisor = b.offset(&root, args.number("eps"));
    let size = b.divide(&of.lr, correction1)?;
    let direction = b.divide(&m, &divisor)?;
    let step = b.multiply(&direction, &size)?;
    let weight = b.subtract(&weight, &step)?;
    Ok(Updated { weight, slots: vec![m, v] })
}
