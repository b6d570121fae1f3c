//! Losses: one number an example, averaged over the batch by the caller.
//!
//! Each averages over positions such that the mean over the batch is what torch's `reduction="mean"` gives: that over
//! all positions of the batch, and padding is none. Shapes must agree exactly: broadcasting `[4, 1]` against `[4]` in a loss is torch's best
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

/// The mean over all positions of an example; where their number differs from example to example, such that the mean
/// over the batch is that over all its positions.
fn mean_of_positions(b: &mut Builder, x: &Tensor) -> Result<Vec<Tensor>, Problem> {
    let axes: Vec<usize> = (0..x.rank()).collect();
    let count = b.count(x, &axes);
    if count.is_ragged() {
        let sum = b.sum(x, &axes, false);
        let count = b.size(&count);
        let each = b.normalizer(&count)?;
        return Ok(vec![b.divide(&sum, &each)?]);
    }
    Ok(vec![if axes.is_empty() { x.clone() } else { b.mean(x, &axes, false)? }])
}
