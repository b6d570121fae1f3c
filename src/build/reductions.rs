//! Operations along axes: sums, means, extremes, softmax.

use super::builder::Builder;
use super::problem::{Problem, Shape};
use super::ragged::LOWEST;
use super::tensor::{Kind, Role, Tensor};
use crate::ir::dim::Dim;
use crate::ir::op::{Op, Reduction, Unary};

impl Builder {
    /// Reduces per-example axes (no axis twice); they become size 1 where `keep`, else they go.
    pub fn reduce(&mut self, reduction: Reduction, x: &Tensor, axes: &[usize], keep: bool) -> Tensor {
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        axes.dedup();
        if axes.is_empty() {
            return x.clone();
        }
        let neutral = match reduction {
            Reduction::Sum => 0.0,
            Reduction::Maximum => LOWEST,
            Reduction::Minimum => -LOWEST,
        };
        let x = &self.masked(x, &axes, neutral);
        let kept: Shape = reduced_shape(&x.shape, &axes, true);
        let node_axes: Vec<usize> = axes.iter().map(|a| x.node_axis(*a)).collect();
        let op = Op::Reduce { reduction, axes: node_axes.into() };
        let result = self.emit(op, vec![x.node], kept, x.batched);
        let kind = match (&x.kind, reduction) {
            (Kind::Float, _) => Kind::Float,
            (_, Reduction::Sum) => Kind::Int,
            (kind, Reduction::Maximum | Reduction::Minimum) => kind.clone(),
        };
        let result = result.with_kind(kind);
        if keep { result } else { self.reshape_to(&result, reduced_shape(&x.shape, &axes, false)) }
    }

    /// The sum over axes.
    pub fn sum(&mut self, x: &Tensor, axes: &[usize], keep: bool) -> Tensor {
        self.reduce(Reduction::Sum, x, axes, keep)
    }

    /// The mean over axes.
    pub fn mean(&mut self, x: &Tensor, axes: &[usize], keep: bool) -> Result<Tensor, Problem> {
        let sum = self.sum(x, axes, keep);
        let count = self.count(x, axes);
        let divisor = self.size(&count);
        self.divide(&sum, &divisor)
    }

    /// The variance over axes: squared deviations divided by their number less `correction` (`torch.var`).
    pub fn variance(&mut self, x: &Tensor, axes: &[usize], correction: i64, keep: bool) -> Result<Tensor, Problem> {
        let mean = self.mean(x, axes, true)?;
        let deviation = self.subtract(x, &mean)?;
        let square = self.unary(Unary::Square, &deviation);
        let sum = self.sum(&square, axes, keep);
        let count = self.count(x, axes) - Dim::constant(correction);
        let divisor = self.size(&count);
        self.divide(&sum, &divisor)
    }

    /// How many numbers an example has along axes.
    pub fn count(&self, x: &Tensor, axes: &[usize]) -> Dim {
        axes.iter().filter_map(|a| x.shape.get(*a).cloned()).fold(Dim::constant(1), |a, b| a * b)
    }

    /// `exp(x) / sum(exp(x))` along an axis.
    pub fn softmax(&mut self, x: &Tensor, axis: usize) -> Tensor {
        let x = self.masked(x, &[axis], LOWEST);
        let op = Op::Softmax { axis: x.node_axis(axis) };
        let y = self.emit(op, vec![x.node], x.shape, x.batched).with_role(Role::Probabilities);
        // A probability that no logarithm makes infinite, neither its own nor that of its complement.
        self.masked(&y, &[axis], 0.5)
    }

    /// The logarithm of [`Builder::softmax`].
    pub fn log_softmax(&mut self, x: &Tensor, axis: usize) -> Tensor {
        let x = self.masked(x, &[axis], LOWEST);
        let op = Op::LogSoftmax { axis: x.node_axis(axis) };
        let y = self.emit(op, vec![x.node], x.shape, x.batched).with_role(Role::LogProbabilities);
        self.masked(&y, &[axis], -1.0)
    }

    /// Position of the first largest number along an axis, which goes. The result is a `class` of the axis's size.
    pub fn argmax(&mut self, x: &Tensor, axis: usize) -> Tensor {
        // Lower than everything, also than what `topk` marks as taken: no number comes of it, only a position.
        let x = &self.masked(x, &[axis], f64::NEG_INFINITY);
        let kept = reduced_shape(&x.shape, &[axis], true);
        let result = self.emit(Op::ArgMax { axis: x.node_axis(axis) }, vec![x.node], kept, x.batched);
        let count = x.shape.get(axis).cloned().unwrap_or_else(|| Dim::constant(1));
        let result = result.with_kind(Kind::Class { count, names: None });
        self.reshape_to(&result, reduced_shape(&x.shape, &[axis], false))
    }

    /// Sums of everything up to and with each position.
    pub fn cumulative_sum(&mut self, x: &Tensor, axis: usize) -> Tensor {
        // With zeros behind the end, the padding repeats the last sum.
        let x = self.masked(x, &[axis], 0.0);
        let op = Op::CumulativeSum { axis: x.node_axis(axis), reverse: false };
        self.emit(op, vec![x.node], x.shape, x.batched)
    }
}

fn reduced_shape(shape: &[Dim], axes: &[usize], keep: bool) -> Shape {
    let dims = shape.iter().enumerate();
    if keep {
        dims.map(|(i, d)| if axes.contains(&i) { Dim::constant(1) } else { d.clone() }).collect()
    } else {
        dims.filter(|(i, _)| !axes.contains(i)).map(|(_, d)| d.clone()).collect()
    }
}
