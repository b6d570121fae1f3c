//! `Adagrad` and `Adadelta`.

use super::{DECAY, average_of_squares, decayed, epsilon, learning_rate, unchanged};
use crate::build::{Builder, Problem};
use crate::catalog::{
    Args, Body, Bounds, Entry, Example, OptimizerDefinition, Param, ParamType, UpdateOperands, Updated,
};
use crate::ir::op::Unary;

/// Both.
pub static ALL: &[&Entry] = &[&ADAGRAD, &ADADELTA];

/// `torch.optim.Adagrad` whose sums start at 0; Duchi et al. 2011.
pub static ADAGRAD: Entry = Entry {
    name: "Adagrad",
    summary: "Divides each gradient by the root of the sum of its squares so far: weights that rarely matter learn fast.",
    formula: "g = gradient + weight_decay * w; s = s + g^2; w = w - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)",
    params: &[
        learning_rate("1e-2"),
        Param::optional("lr_decay", ParamType::Number(Bounds::NOT_NEGATIVE), "0", "how fast the rate falls by itself"),
        DECAY,
        epsilon("1e-10"),
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "Adagrad(lr: 0.05)", output: "" },
    source: "torch.optim.Adagrad",
    elsewhere: &[("adagrad", "Keras"), ("AdaGrad", "the paper")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-3, 0.1),
        slots: |_, _| vec!["sum"],
        scalars: |_| vec!["rate_divisor"],
        scalar_values: |args, step| vec![1.0 + step.saturating_sub(1) as f64 * args.number("lr_decay")],
        update: adagrad,
    }),
};

/// `torch.optim.Adadelta`; Zeiler 2012.
pub static ADADELTA: Entry = Entry {
    name: "Adadelta",
    summary: "Steps as large as the steps before, in the weight's own units; hardly needs a learning rate.",
    formula: "g = gradient + weight_decay * w; s = rho s + (1 - rho) g^2; d = sqrt(a + eps) / sqrt(s + eps) * g; \
              a = rho a + (1 - rho) d^2; w = w - lr * d",
    params: &[
        learning_rate("1.0"),
        Param::optional("rho", ParamType::Number(Bounds::UNIT), "0.9", "how slowly the averages forget"),
        epsilon("1e-6"),
        DECAY,
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "Adadelta(rho: 0.95)", output: "" },
    source: "torch.optim.Adadelta",
    elsewhere: &[("adadelta", "Keras"), ("AdaDelta", "the paper")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-2, 1.0),
        slots: |_, _| vec!["square_avg", "acc_delta"],
        scalars: |_| Vec::new(),
        scalar_values: |_, _| Vec::new(),
        update: adadelta,
    }),
};

fn adagrad(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    let ([sum], [divisor]) = (of.slots.as_slice(), of.scalars.as_slice()) else { return Ok(unchanged(of)) };
    let gradient = decayed(b, args, of)?;
    let square = b.unary(Unary::Square, &gradient);
    let sum = b.add(sum, &square)?;
    let root = b.unary(Unary::SquareRoot, &sum);
    let root = b.offset(&root, args.number("eps"));
    let direction = b.divide(&gradient, &root)?;
    let rate = b.divide(&of.lr, divisor)?;
    let step = b.multiply(&direction, &rate)?;
    Ok(Updated { weight: b.subtract(&of.weight, &step)?, slots: vec![sum] })
}

fn adadelta(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    let (rho, eps) = (args.number("rho"), args.number("eps"));
    let [squares, steps] = of.slots.as_slice() else { return Ok(unchanged(of)) };
    let gradient = decayed(b, args, of)?;
    let squares = average_of_squares(b, squares, &gradient, rho)?;
    let padded = b.offset(&squares, eps);
    let size = b.unary(Unary::SquareRoot, &padded);
    let padded = b.offset(steps, eps);
    let usual = b.unary(Unary::SquareRoot, &padded);
    let ratio = b.divide(&usual, &size)?;
    let delta = b.multiply(&ratio, &gradient)?;
    let steps = average_of_squares(b, steps, &delta, rho)?;
    let step = b.multiply(&delta, &of.lr)?;
    Ok(Updated { weight: b.subtract(&of.weight, &step)?, slots: vec![squares, steps] })
}
