//! Optimizers, with the order of operations of `torch.optim`, so that single precision rounds alike.

pub(super) mod adagrad;
pub(super) mod adam;
pub(super) mod adam_like;
pub(super) mod muon;
pub(super) mod rmsprop;
pub(super) mod sgd;

use super::args::Args;
use super::entry::{Bounds, Param, ParamType};
use super::optimizer::{UpdateOperands, Updated};
use crate::build::{Builder, Problem, Tensor};
use crate::ir::op::Unary;

const fn learning_rate(default: &'static str) -> Param {
    Param::optional("lr", ParamType::Number(Bounds::NOT_NEGATIVE), default, "the learning rate, before any schedule")
}

/// `x + factor * y`
fn add_scaled(b: &mut Builder, x: &Tensor, y: &Tensor, factor: f64) -> Result<Tensor, Problem> {
    let scaled = b.scale(y, factor);
    b.add(x, &scaled)
}

/// What torch's optimizers call weight decay: an L2 penalty, not a shrinking of the weights themselves.
const DECAY: Param = Param::optional(
    "weight_decay",
    ParamType::Number(Bounds::NOT_NEGATIVE),
    "0",
    "how much of each weight is added to its gradient",
);

const fn epsilon(default: &'static str) -> Param {
    let doc = "what is added to the divisor, against division by 0";
    Param::optional("eps", ParamType::Number(Bounds::NOT_NEGATIVE), default, doc)
}

/// The gradient with the weight decay in it.
fn decayed(b: &mut Builder, args: &Args, of: &UpdateOperands) -> Result<Tensor, Problem> {
    match args.number("weight_decay") {
        0.0 => Ok(of.gradient.clone()),
        decay => add_scaled(b, &of.gradient, &of.weight, decay),
    }
}

/// `kept * average + (1 - kept) * x^2`
fn average_of_squares(b: &mut Builder, average: &Tensor, x: &Tensor, kept: f64) -> Result<Tensor, Problem> {
    let old = b.scale(average, kept);
    let square = b.unary(Unary::Square, x);
    add_scaled(b, &old, &square, 1.0 - kept)
}

/// What an update gives that got other operands than it asked for; the training loop never does that.
fn unchanged(of: &UpdateOperands) -> Updated {
    Updated { weight: of.weight.clone(), slots: of.slots.clone() }
}
