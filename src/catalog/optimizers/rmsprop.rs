//! `RMSprop`.

use super::{DECAY, add_scaled, average_of_squares, decayed, epsilon, learning_rate, unchanged};
use crate::build::{Builder, Problem};
use crate::catalog::{
    Args, Body, Bounds, Entry, Example, OptimizerDefinition, Param, ParamType, UpdateOperands, Updated,
};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

/// It alone.
pub static ALL: &[&Entry] = &[&RMSPROP];

/// `torch.optim.RMSprop`; Tieleman and Hinton 2012, centered Graves 2013.
pub static RMSPROP: Entry = Entry {
    name: "RMSprop",
    summary: "Divides each gradient by the root of a moving average of its squares.",
    formula: "g = gradient + weight_decay * w; s = alpha s + (1 - alpha) g^2; \
              m = alpha m + (1 - alpha) g where centered, else 0; d = g / (sqrt(s - m^2) + eps); \
              buffer = momentum * buffer + d; w = w - lr * buffer",
    params: &[
        learning_rate("1e-2"),
        Param::optional("alpha", ParamType::Number(Bounds::UNIT), "0.99", "how slowly the averages forget"),
        epsilon("1e-8"),
        DECAY,
        Param::optional(
            "momentum",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "0",
            "how much of the step before is added to this one",
        ),
        Param::optional(
            "centered",
            ParamType::Bool,
            "false",
            "whether it divides by the deviation of the gradient rather than by its size",
        ),
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "RMSprop(lr: 1e-3, momentum: 0.9)", output: "" },
    source: "torch.optim.RMSprop",
    elsewhere: &[("rmsprop", "Keras"), ("RMSProp", "TensorFlow")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-5, 1e-2),
        slots,
        scalars: |_| Vec::new(),
        scalar_values: |_, _| Vec::new(),
        update,
    }),
};

fn slots(args: &Args, _: &[Dim]) -> Vec<&'static str> {
    let mut slots = vec!["square_avg"];
    slots.extend((args.number("momentum") > 0.0).then_some("momentum_buffer"));
    slots.extend(args.bool("centered").then_some("grad_avg"));
    slots
}

fn update(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    let (alpha, momentum) = (args.number("alpha"), args.number("momentum"));
    let mut kept = of.slots.iter();
    let gradient = decayed(b, args, of)?;
    let Some(squares) = kept.next() else { return Ok(unchanged(of)) };
    let squares = average_of_squares(b, squares, &gradient, alpha)?;
    let buffer = if momentum > 0.0 { kept.next() } else { None };
    let mut spread = squares.clone();
    let mut mean = None;
    if args.bool("centered") {
        let Some(old) = kept.next() else { return Ok(unchanged(of)) };
        let toward = b.subtract(&gradient, old)?;
        let new = add_scaled(b, old, &toward, 1.0 - alpha)?;
        let square = b.unary(Unary::Square, &new);
        let difference = b.subtract(&squares, &square)?;
        // A variance that rounding makes negative would have no root.
        spread = b.with_scalar(Binary::Maximum, &difference, 0.0);
        mean = Some(new);
    }
    let root = b.unary(Unary::SquareRoot, &spread);
    let divisor = b.offset(&root, args.number("eps"));
    let mut direction = b.divide(&gradient, &divisor)?;
    let mut slots = vec![squares];
    if let Some(buffer) = buffer {
        let old = b.scale(buffer, momentum);
        direction = b.add(&old, &direction)?;
        slots.push(direction.clone());
    }
    slots.extend(mean);
    let step = b.multiply(&direction, &of.lr)?;
    Ok(Updated { weight: b.subtract(&of.weight, &step)?, slots })
}
