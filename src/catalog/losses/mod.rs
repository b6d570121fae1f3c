//! Losses: one number an example, averaged over the batch by the caller.
//!
//! Each averages over the example's own positions, so that the mean over the batch is what torch's
//! `reduction="mean"` gives. Shapes must agree exactly: broadcasting `[4, 1]` against `[4]` in a loss is torch's best
//! known trap.

pub(super) mod binary;
pub(super) mod cross_entropy;
pub(super) mod ctc;
pub(super) mod distributions;
pub(super) mod margins;
pub(super) mod overlap;
pub(super) mod penalties;
pub(super) mod regression;

use crate::build::{Builder, Problem, Tensor};

/// Both operands must have the same shape.
fn same_shapes(b: &Builder, left: &Tensor, right: &Tensor) -> Result<(), Problem> {
    if b.shapes_fit(&left.shape, &right.shape) {
        Ok(())
    } else {
        Err(Problem::LossShapes { left: left.shape.clone(), right: right.shape.clone() })
    }
}

/// The mean over all positions of an example.
fn mean_of_positions(b: &mut Builder, x: &Tensor) -> Result<Vec<Tensor>, Problem> {
    let axes: Vec<usize> = (0..x.rank()).collect();
    Ok(vec![if axes.is_empty() { x.clone() } else { b.mean(x, &axes, false)? }])
}
