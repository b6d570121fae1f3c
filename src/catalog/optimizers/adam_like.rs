//! What came after Adam: `NAdam`, `RAdam`, `Lion`.

use super::adam::{BETAS, EPS, betas, slots};
use super::{DECAY, add_scaled, average_of_squares, decayed, learning_rate, unchanged};
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::{
    Args, Body, Bounds, Entry, Example, OptimizerDefinition, Param, ParamType, UpdateOperands, Updated,
};
use crate::ir::op::Unary;

/// All of them.
pub static ALL: &[&Entry] = &[&NADAM, &RADAM, &LION];

/// `torch.optim.NAdam`; Dozat 2016.
pub static NADAM: Entry = Entry {
    name: "NAdam",
    summary: "Adam whose momentum looks one step ahead.",
    formula: "mu(t) = b1 * (1 - 0.96^(t * momentum_decay) / 2); M(t) = mu(1) * … * mu(t); m, v as in Adam; \
              w = w - lr * (mu(t + 1) / (1 - M(t + 1)) * m + (1 - mu(t)) / (1 - M(t)) * g) / (sqrt(v / (1 - b2^t)) + eps)",
    params: &[
        learning_rate("2e-3"),
        BETAS,
        EPS,
        DECAY,
        Param::optional(
            "momentum_decay",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "4e-3",
            "how fast the momentum grows to its full size",
        ),
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "NAdam(lr: 2e-3)", output: "" },
    source: "torch.optim.NAdam",
    elsewhere: &[("Nadam", "Keras"), ("nadam", "JAX")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-5, 1e-2),
        slots,
        scalars: |_| vec!["of_average", "of_gradient", "bias_correction2"],
        scalar_values: nadam_scalars,
        update: nadam,
    }),
};

/// `torch.optim.RAdam`; Liu et al. 2019.
pub static RADAM: Entry = Entry {
    name: "RAdam",
    summary: "Adam that waits with its division until the average of squares can be relied on; needs no warmup.",
    formula: "r(inf) = 2 / (1 - b2) - 1; r = r(inf) - 2 t b2^t / (1 - b2^t); m, v as in Adam; \
              d = sqrt((r - 4)(r - 2) r(inf) / ((r(inf) - 4)(r(inf) - 2) r)) * sqrt(1 - b2^t) / (sqrt(v) + eps) \
              where r > 5, else 1; w = w - lr * m / (1 - b1^t) * d",
    params: &[learning_rate("1e-3"), BETAS, EPS, DECAY],
    shapes: &[],
    example: Example { inputs: &[], code: "RAdam(lr: 1e-3)", output: "" },
    source: "torch.optim.RAdam",
    elsewhere: &[("radam", "JAX"), ("RectifiedAdam", "TensorFlow")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-5, 1e-2),
        slots,
        scalars: |_| vec!["bias_correction1", "divided", "plain"],
        scalar_values: radam_scalars,
        update: radam,
    }),
};

/// Chen et al. 2023, Symbolic Discovery of Optimization Algorithms; torch.optim has none.
pub static LION: Entry = Entry {
    name: "Lion",
    summary: "Steps of exactly lr in the direction of the momentum's sign; wants a smaller lr than Adam.",
    formula: "w = w * (1 - lr * weight_decay) - lr * sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g",
    params: &[
        learning_rate("1e-4"),
        Param::optional(
            "betas",
            ParamType::Numbers,
            "[0.9, 0.99]",
            "the share of the average in the step, and how slowly it forgets, each below 1",
        ),
        Param::optional(
            "weight_decay",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "0",
            "the share of each weight, times lr, that it loses each step",
        ),
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "Lion(lr: 1e-4, weight_decay: 0.1)", output: "" },
    source: "Chen et al. 2023, Symbolic Discovery of Optimization Algorithms",
    elsewhere: &[("lion", "JAX")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-6, 1e-3),
        slots: |_, _| vec!["exp_avg"],
        scalars: |_| Vec::new(),
        scalar_values: |_, _| Vec::new(),
        update: lion,
    }),
};

/// Both averages after the step.
fn averages(b: &mut Builder, args: &Args, of: &UpdateOperands, gradient: &Tensor) -> Result<Vec<Tensor>, Problem> {
    let (b1, b2) = betas(args)?;
    let [m, v] = of.slots.as_slice() else { return Ok(of.slots.clone()) };
    let toward = b.subtract(gradient, m)?;
    let m = add_scaled(b, m, &toward, 1.0 - b1)?;
    let v = average_of_squares(b, v, gradient, b2)?;
    Ok(vec![m, v])
}

fn nadam_scalars(args: &Args, step: u64) -> Vec<f64> {
    // An invalid pair is refused by `update`, which is built before the first step.
    let (b1, b2) = betas(args).unwrap_or((0.9, 0.999));
    let decay = args.number("momentum_decay");
    let mu = |t: u64| b1 * (1.0 - 0.5 * 0.96_f64.powf(t as f64 * decay));
    let mut product = 1.0;
    for t in 1..=step {
        product *= mu(t);
        // From here on 1 - product is 1.
        if product < 1e-20 {
            product = 0.0;
            break;
        }
    }
    let next = mu(step + 1);
    vec![next / (1.0 - product * next), (1.0 - mu(step)) / (1.0 - product), 1.0 - b2.powf(step as f64)]
}

fn nadam(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    let gradient = decayed(b, args, of)?;
    let slots = averages(b, args, of, &gradient)?;
    let ([m, v], [of_average, of_gradient, correction2]) = (slots.as_slice(), of.scalars.as_slice()) else {
        return Ok(unchanged(of));
    };
    let variance = b.divide(v, correction2)?;
    let root = b.unary(Unary::SquareRoot, &variance);
    let divisor = b.offset(&root, args.number("eps"));
    let (size, by_gradient) = (b.multiply(&of.lr, of_gradient)?, b.divide(&gradient, &divisor)?);
    let step = b.multiply(&by_gradient, &size)?;
    let weight = b.subtract(&of.weight, &step)?;
    let (size, by_average) = (b.multiply(&of.lr, of_average)?, b.divide(m, &divisor)?);
    let step = b.multiply(&by_average, &size)?;
    Ok(Updated { weight: b.subtract(&weight, &step)?, slots })
}

fn radam_scalars(args: &Args, step: u64) -> Vec<f64> {
    let (b1, b2) = betas(args).unwrap_or((0.9, 0.999));
    let t = step as f64;
    let correction2 = 1.0 - b2.powf(t);
    let limit = 2.0 / (1.0 - b2) - 1.0;
    let length = limit - 2.0 * t * b2.powf(t) / correction2;
    let (divided, plain) = if length > 5.0 {
        let share = (length - 4.0) * (length - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * length);
        (share.sqrt() * correction2.sqrt(), 0.0)
    } else {
        (0.0, 1.0)
    };
    vec![1.0 - b1.powf(t), divided, plain]
}

fn radam(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    let gradient = decayed(b, args, of)?;
    let slots = averages(b, args, of, &gradient)?;
    let ([m, v], [correction1, divided, plain]) = (slots.as_slice(), of.scalars.as_slice()) else {
        return Ok(unchanged(of));
    };
    let root = b.unary(Unary::SquareRoot, v);
    let divisor = b.offset(&root, args.number("eps"));
    let factor = b.divide(divided, &divisor)?;
    let factor = b.add(&factor, plain)?;
    let average = b.divide(m, correction1)?;
    let size = b.multiply(&average, &of.lr)?;
    let step = b.multiply(&size, &factor)?;
    Ok(Updated { weight: b.subtract(&of.weight, &step)?, slots })
}

fn lion(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    let (b1, b2) = betas(args)?;
    let [m] = of.slots.as_slice() else { return Ok(unchanged(of)) };
    let mut weight = of.weight.clone();
    let decay = args.number("weight_decay");
    if decay != 0.0 {
        let share = b.scale(&of.lr, -decay);
        let factor = b.offset(&share, 1.0);
        weight = b.multiply(&weight, &factor)?;
    }
    let kept = b.scale(m, b1);
    let mixed = add_scaled(b, &kept, &of.gradient, 1.0 - b1)?;
    let sign = b.unary(Unary::Sign, &mixed);
    let step = b.multiply(&sign, &of.lr)?;
    let kept = b.scale(m, b2);
    let m = add_scaled(b, &kept, &of.gradient, 1.0 - b2)?;
    Ok(Updated { weight: b.subtract(&weight, &step)?, slots: vec![m] })
}
