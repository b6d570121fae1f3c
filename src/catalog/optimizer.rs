//! What an optimizer is. Its update is ordinary graph, so that it is fused into one pass over each weight.

use super::args::Args;
use crate::build::{Builder, Problem, Tensor};
use crate::ir::dim::Dim;

/// An optimizer.
#[derive(Debug, Clone, Copy)]
pub struct OptimizerDefinition {
    /// Between which learning rates nearly all networks are trained with it. What lies far outside is told.
    pub usual_lr: (f64, f64),
    /// Names of the tensors it keeps for a weight of this shape (all start as zeros): `exp_avg`, as `torch.optim` calls
    /// them.
    pub slots: fn(&Args, &[Dim]) -> Vec<&'static str>,
    /// Names of the numbers that change from step to step beside the learning rate: bias corrections.
    pub scalars: fn(&Args) -> Vec<&'static str>,
    /// Their values at step `t` = 1, 2, …, computed in f64 by the training loop.
    pub scalar_values: fn(&Args, u64) -> Vec<f64>,
    /// The update of one weight. Elementwise where it can be.
    pub update: fn(&mut Builder, &Args, &UpdateOperands) -> Result<Updated, Problem>,
}

/// What an update has to work with. All unbatched.
#[derive(Debug)]
pub struct UpdateOperands {
    /// The weight before the step.
    pub weight: Tensor,
    /// Its gradient, clipped.
    pub gradient: Tensor,
    /// In the order of [`OptimizerDefinition::slots`].
    pub slots: Vec<Tensor>,
    /// The learning rate, a scalar.
    pub lr: Tensor,
    /// In the order of [`OptimizerDefinition::scalars`].
    pub scalars: Vec<Tensor>,
}

/// The result of an update.
#[derive(Debug)]
pub struct Updated {
    /// The weight after the step.
    pub weight: Tensor,
    /// In the order of [`OptimizerDefinition::slots`].
    pub slots: Vec<Tensor>,
}
