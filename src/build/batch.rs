//! The few operations that see other examples: statistics of the batch, and means that a loss divides by.

use super::builder::{Builder, Normalizer};
use super::problem::Problem;
use super::tensor::Tensor;
use crate::ir::dim::{Dim, batch};
use crate::ir::graph::InputKind;
use crate::ir::op::{Op, Reduction};

impl Builder {
    /// The mean over the batch and per-example axes; the result is the same for all examples and keeps the axes with
    /// size 1.
    pub fn batch_mean(&mut self, x: &Tensor, axes: &[usize]) -> Result<Tensor, Problem> {
        if !x.batched {
            return Err(Problem::NotPerExample { what: "the mean over a batch" });
        }
        let x = &self.masked(x, axes, 0.0);
        let mut node_axes: Vec<usize> = axes.iter().map(|a| a + 1).collect();
        node_axes.push(0);
        node_axes.sort_unstable();
        let mut shape = x.shape.clone();
        for axis in axes {
            shape[*axis] = Dim::constant(1);
        }
        let mut node_shape = shape.clone();
        node_shape.insert(0, Dim::constant(1));
        let op = Op::Reduce { reduction: Reduction::Sum, axes: node_axes.into() };
        let node = self.graph.push(op, vec![x.node], node_shape, self.span);
        let node = self.reshape_node(node, shape.clone());
        let sum = self.tensor(node, shape, false);
        let divisor = self.batch_count(x, axes);
        self.divide(&sum, &divisor)
    }

    /// How many numbers [`Builder::batch_mean`] is taken over; no padding is among them.
    pub fn batch_count(&mut self, x: &Tensor, axes: &[usize]) -> Tensor {
        let count = self.count(x, axes);
        if !count.is_ragged() {
            return self.size(&(count * batch()));
        }
        let each = self.size(&count);
        let op = Op::Reduce { reduction: Reduction::Sum, axes: [0].into() };
        let node = self.graph.push(op, vec![each.node], vec![Dim::constant(1)], self.span);
        let node = self.reshape_node(node, Vec::new());
        self.tensor(node, Vec::new(), false)
    }

    /// The mean of a per-example scalar over the batch, for a loss to divide by; see [`Normalizer`].
    pub fn normalizer(&mut self, value: &Tensor) -> Result<Tensor, Problem> {
        if !value.batched {
            return Ok(value.clone());
        }
        let name = format!("normalizer{}", self.normalizers.len() + 1);
        let mean = match self.training {
            true => self.batch_mean(value, &[])?,
            false => {
                let (_, node) = self.graph.add_input(name.as_str(), Vec::new(), InputKind::Scalar, self.span);
                self.tensor(node, Vec::new(), false)
            }
        };
        self.normalizers.push(Normalizer { input: name.into(), mean: mean.node, value: value.node });
        Ok(mean)
    }
}
