//! `SGD`.

use super::{add_scaled, learning_rate};
use crate::build::{Builder, Problem};
use crate::catalog::{
    Args, Body, Bounds, Entry, Example, OptimizerDefinition, Param, ParamType, UpdateOperands, Updated,
};

/// All of them.
pub static ALL: &[&Entry] = &[&SGD];

/// `torch.optim.SGD` with dampening 0.
pub static SGD: Entry = Entry {
    name: "SGD",
    summary: "Stochastic gradient descent, with momentum if wanted.",
    formula: "g = gradient + weight_decay * w; buffer = momentum * buffer + g; \
              w = w - lr * buffer, or w - lr * (g + momentum * buffer) where nesterov",
    params: &[
        learning_rate("1e-3"),
        Param::optional(
            "momentum",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "0",
            "how much of the step before is added to this one",
        ),
        Param::optional("nesterov", ParamType::Bool, "false", "whether the momentum looks one step ahead"),
        Param::optional(
            "weight_decay",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "0",
            "how much of each weight is added to its gradient",
        ),
    ],
    shapes: &[],
    example: Example { inputs: &[], code: "SGD(lr: 0.1, momentum: 0.9)", output: "" },
    source: "torch.optim.SGD",
    elsewhere: &[("sgd", "Keras"), ("Momentum", "TensorFlow"), ("GradientDescent", "TensorFlow")],
    body: Body::Optimizer(OptimizerDefinition {
        usual_lr: (1e-3, 0.5),
        slots: |args, _| if args.number("momentum") == 0.0 { Vec::new() } else { vec!["momentum_buffer"] },
        scalars: |_| Vec::new(),
        scalar_values: |_, _| Vec::new(),
        update,
    }),
};

fn update(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Updated, Problem> {
    let (momentum, decay) = (args.number("momentum"), args.number("weight_decay"));
    if args.bool("nesterov") && momentum == 0.0 {
        let message = "nesterov looks ahead along the momentum, and there is none: give `momentum` as well".into();
        return Err(Problem::Argument { argument: "nesterov", message });
    }
    let mut gradient = of.gradient.clone();
    if decay != 0.0 {
        gradient = add_scaled(b, &gradient, &of.weight, decay)?;
    }
    let mut slots = Vec::new();
    if let Some(buffer) = of.slots.first() {
        let kept = b.scale(buffer, momentum);
        let buffer = b.add(&kept, &gradient)?;
        gradient = if args.bool("nesterov") { add_scaled(b, &gradient, &buffer, momentum)? } else { buffer.clone() };
        slots.push(buffer);
    }
    let step = b.multiply(&gradient, &of.lr)?;
    let weight = b.subtract(&of.weight, &step)?;
    Ok(Updated { weight, slots })
}
