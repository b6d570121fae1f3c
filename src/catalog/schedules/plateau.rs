//! `plateau`: the schedule that goes by the loss.

use super::{OVER, example, over};
use crate::catalog::entry::{Bounds, Param, ParamType};
use crate::catalog::{Body, Duration, Entry, Rate, Watch};

/// `torch.optim.lr_scheduler.ReduceLROnPlateau`.
pub static PLATEAU: Entry = Entry {
    name: "plateau",
    summary: "The rate falls by a factor whenever the loss, of validation where there is one, has stalled for longer than \
              the patience.",
    formula: "max(to, lr * factor^stalls); it stalls where no loss for longer than patience was below \
              best - threshold * |best|, counted from the best or from the last time it stalled",
    params: &[
        Param::optional(
            "factor",
            ParamType::Number(Bounds { min: 0.0, max: 1.0, above_min: true, below_max: true }),
            "0.1",
            "what the rate is multiplied by",
        ),
        Param::optional("patience", ParamType::Duration, "10 epochs", "how long it waits for a better loss"),
        Param::optional("to", ParamType::Number(Bounds::NOT_NEGATIVE), "0", "the rate below which it does not fall"),
        Param::optional(
            "threshold",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "1e-4",
            "by which share of the best loss a better one must be below it",
        ),
        OVER,
    ],
    shapes: &[],
    example: example("plateau(factor: 0.5, patience: 5 epochs)"),
    source: "torch.optim.lr_scheduler.ReduceLROnPlateau",
    elsewhere: &[("ReduceLROnPlateau", "PyTorch"), ("reduce_on_plateau", "Optax"), ("ReduceLROnPlateau", "Keras")],
    body: Body::Schedule(Rate {
        rate: |args, at| {
            let fallen = at.lr * args.number("factor").powi(at.stalls.try_into().unwrap_or(i32::MAX));
            // A bound above the optimizer's own rate would raise it.
            fallen.max(args.number("to").min(at.lr))
        },
        length: over,
        watch: Some(|args| Watch {
            patience: args.duration("patience").unwrap_or(Duration::Epochs(10.0)),
            threshold: args.number("threshold"),
        }),
    }),
};
