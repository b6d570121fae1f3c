//! What gradient rules append nodes with: shapes follow, and what changes nothing appends nothing.

use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, NodeId, Shape};
use crate::ir::op::{Binary, Op, Reduction, Unary};
use crate::ir::shape_rule::with_size;
use crate::source::Span;

/// Appends nodes of one source span.
pub struct Emitter<'g> {
    graph: &'g mut Graph,
    span: Span,
}

impl<'g> Emitter<'g> {
    /// Appends to `graph`, with `span` as the source of all nodes.
    pub fn new(graph: &'g mut Graph, span: Span) -> Self {
        Emitter { graph, span }
    }

    /// The graph so far.
    pub fn graph(&self) -> &Graph {
        self.graph
    }

    /// The graph, to be appended to.
    pub fn graph_mut(&mut self) -> &mut Graph {
        self.graph
    }

    /// The source of the nodes that are appended.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The shape of a node.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.graph.shape(id).to_vec()
    }

    /// Appends a node.
    pub fn push(&mut self, op: Op, inputs: &[NodeId], shape: Shape) -> NodeId {
        self.graph.push(op, inputs.to_vec(), shape, self.span)
    }

    /// A scalar.
    pub fn constant(&mut self, number: f64) -> NodeId {
        self.push(Op::Constant(number), &[], Vec::new())
    }

    /// A tensor filled with one number.
    pub fn full(&mut self, number: f64, shape: &[Dim]) -> NodeId {
        let scalar = self.constant(number);
        let ones = self.reshape(scalar, vec![Dim::constant(1); shape.len()]);
        self.broadcast(ones, shape)
    }

    /// A tensor of the shape of another, filled with one number.
    pub fn full_like(&mut self, number: f64, like: NodeId) -> NodeId {
        let shape = self.shape(like);
        self.full(number, &shape)
    }

    /// A function of each number.
    pub fn unary(&mut self, function: Unary, x: NodeId) -> NodeId {
        let shape = self.shape(x);
        self.push(Op::Unary(function), &[x], shape)
    }

    /// A function of two tensors of one shape.
    pub fn binary(&mut self, function: Binary, x: NodeId, y: NodeId) -> NodeId {
        let shape = self.shape(x);
        self.push(Op::Binary(function), &[x, y], shape)
    }

    /// A function of each number and a given one.
    pub fn with_number(&mut self, function: Binary, x: NodeId, number: f64) -> NodeId {
        let y = self.full_like(number, x);
        self.binary(function, x, y)
    }

    /// `x + y`
    pub fn add(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.binary(Binary::Add, x, y)
    }

    /// `x - y`
    pub fn subtract(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.binary(Binary::Subtract, x, y)
    }

    /// `x * y`
    pub fn multiply(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.binary(Binary::Multiply, x, y)
    }

    /// `x / y`
    pub fn divide(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.binary(Binary::Divide, x, y)
    }

    /// `-x`
    pub fn negate(&mut self, x: NodeId) -> NodeId {
        self.unary(Unary::Negate, x)
    }

    /// `factor * x`
    pub fn scale(&mut self, x: NodeId, factor: f64) -> NodeId {
        self.with_number(Binary::Multiply, x, factor)
    }

    /// `yes` where `condition` is not 0, else `no`.
    pub fn select(&mut self, condition: NodeId, yes: NodeId, no: NodeId) -> NodeId {
        let shape = self.shape(condition);
        self.push(Op::Select, &[condition, yes, no], shape)
    }

    /// `x` where `condition` is not 0, else 0. Unlike a product with the condition it stops infinities and NaN.
    pub fn keep_where(&mut self, condition: NodeId, x: NodeId) -> NodeId {
        let zero = self.full_like(0.0, x);
        self.select(condition, x, zero)
    }

    /// 0 where `condition` is not 0, else `x`.
    pub fn drop_where(&mut self, condition: NodeId, x: NodeId) -> NodeId {
        let zero = self.full_like(0.0, x);
        self.select(condition, zero, x)
    }

    /// The same numbers in another shape.
    pub fn reshape(&mut self, x: NodeId, shape: Shape) -> NodeId {
        if self.graph.shape(x) == shape { x } else { self.push(Op::Reshape, &[x], shape) }
    }

    /// Repeats axes of size 1.
    pub fn broadcast(&mut self, x: NodeId, shape: &[Dim]) -> NodeId {
        if self.graph.shape(x) == shape { x } else { self.push(Op::Broadcast, &[x], shape.to_vec()) }
    }

    /// Axis `i` of the result is axis `permutation[i]` of `x`.
    pub fn permute(&mut self, x: NodeId, permutation: &[usize]) -> NodeId {
        if permutation.is_sorted() {
            return x;
        }
        let from = self.graph.shape(x);
        let shape = permutation.iter().map(|axis| from[*axis].clone()).collect();
        self.push(Op::Permute(permutation.into()), &[x], shape)
    }

    /// Swaps the last two axes.
    pub fn transpose(&mut self, x: NodeId) -> NodeId {
        let rank = self.graph.shape(x).len();
        let mut permutation: Vec<usize> = (0..rank).collect();
        permutation.swap(rank - 2, rank - 1);
        self.permute(x, &permutation)
    }

    /// Matrix product of the last two axes.
    pub fn matmul(&mut self, x: NodeId, y: NodeId) -> NodeId {
        let (left, right) = (self.graph.shape(x), self.graph.shape(y));
        let last = left.len() - 1;
        let shape = with_size(left, last, right[last].clone());
        self.push(Op::MatMul, &[x, y], shape)
    }

    /// Reduces axes to size 1 each.
    pub fn reduce(&mut self, reduction: Reduction, x: NodeId, axes: &[usize]) -> NodeId {
        if axes.is_empty() {
            return x;
        }
        let mut shape = self.shape(x);
        for &axis in axes {
            shape[axis] = Dim::constant(1);
        }
        self.push(Op::Reduce { reduction, axes: axes.into() }, &[x], shape)
    }

    /// Sums axes to size 1 each.
    pub fn sum(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        self.reduce(Reduction::Sum, x, axes)
    }

    /// `length` positions of an axis: `start`, `start + step`, …
    pub fn slice(&mut self, x: NodeId, axis: usize, start: Dim, length: Dim, step: i64) -> NodeId {
        let from = self.graph.shape(x);
        if step == 1 && start == Dim::constant(0) && from[axis] == length {
            return x;
        }
        let shape = with_size(from, axis, length);
        self.push(Op::Slice { axis, start, step }, &[x], shape)
    }

    /// Zeros around an axis.
    pub fn pad(&mut self, x: NodeId, axis: usize, before: Dim, after: Dim) -> NodeId {
        let zero = Dim::constant(0);
        if before == zero && after == zero {
            return x;
        }
        let from = self.graph.shape(x);
        let shape = with_size(from, axis, from[axis].clone() + before.clone() + after.clone());
        self.push(Op::Pad { axis, before, after, value: 0.0 }, &[x], shape)
    }
}
