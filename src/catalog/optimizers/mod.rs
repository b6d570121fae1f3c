//! Optimizers, with the order of operations of `torch.optim`, so that single precision rounds alike.

pub(super) mod adam;
pub(super) mod sgd;

use super::entry::{Bounds, Param, ParamType};
use crate::build::{Builder, Problem, Tensor};

const fn learning_rate(default: &'static str) -> Param {
    Param::optional("lr", ParamType::Number(Bounds::NOT_NEGATIVE), default, "the learning rate, before any schedule")
}

/// `x + factor * y`
fn add_scaled(b: &mut Builder, x: &Tensor, y: &Tensor, factor: f64) -> Result<Tensor, Problem> {
    let scaled = b.scale(y, factor);
    b.add(x, &scaled)
}
