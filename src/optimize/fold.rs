//! Computes what the program already knows.
//!
//! Numbers that fill a tensor stay numbers whatever its shape, symbolic or not; other known tensors are computed by
//! the [interpreter](crate::ir::interpret) as long as they are small.

use super::Passed;
use super::rewrite::{full, is_full, rewrite};
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, Node, NodeId};
use crate::ir::interpret::{Tensor, apply_binary, apply_unary, evaluate_constant};
use crate::ir::op::{Op, Reduction, Unary};
use crate::ir::shape_rule::element_count;
use std::rc::Rc;

/// The largest tensor that is computed here rather than at each step: a mask of 256 by 256 positions.
const LARGEST: usize = 1 << 16;

/// The most products that a matrix product may take to be computed here.
const MOST_PRODUCTS: usize = 1 << 20;

/// Folds constants.
pub fn fold(graph: Graph) -> Passed {
    let mut known = Known::default();
    rewrite(graph, |new, node, _| {
        if let Some(number) = repeated(new, node) {
            // In its plainest form already: a constant, reshaped to ones, broadcast.
            return if is_full(new, node) { None } else { Some(full(new, number, &node.shape, node.span)) };
        }
        match &node.op {
            // Reshaping a literal costs nothing, and neither does leaving a broadcast to whoever reads it.
            Op::Broadcast | Op::Literal(_) | Op::Iota { .. } => None,
            _ => {
                let value = known.of(new, node)?;
                let numbers = value.data.as_slice();
                let first = numbers.first()?.to_bits();
                Some(match numbers.iter().all(|n| n.to_bits() == first) {
                    true => full(new, f64::from_bits(first), &node.shape, node.span),
                    false => new.push(Op::Literal(numbers.into()), vec![], node.shape.clone(), node.span),
                })
            }
        }
    })
}

/// The number that all elements of a node are, where that follows from its operands.
fn repeated(graph: &Graph, node: &Node) -> Option<f64> {
    let number = |operand: usize| node.inputs.get(operand).and_then(|id| graph.repeated_number(*id));
    let all_equal = || {
        let first = number(0)?;
        (0..node.inputs.len()).all(|i| number(i).is_some_and(|n| n.to_bits() == first.to_bits())).then_some(first)
    };
    match &node.op {
        Op::Constant(number) => Some(*number),
        Op::Size(dim) => dim.as_constant().map(|n| n as f64),
        // Autodiff may still want to see it.
        Op::Unary(Unary::StopGradient | Unary::Again) => None,
        Op::Unary(unary) => Some(apply_unary(*unary, number(0)?)),
        Op::Binary(binary) => Some(apply_binary(*binary, number(0)?, number(1)?)),
        Op::Select => Some(if number(0)? != 0.0 { number(1)? } else { number(2)? }),
        Op::Reshape | Op::Permute(_) | Op::Broadcast | Op::Slice { .. } => number(0),
        Op::Pad { value, .. } => number(0).filter(|n| n.to_bits() == value.to_bits()),
        Op::Concat { .. } => all_equal(),
        Op::Reduce { reduction, axes } => {
            let x = number(0)?;
            let from = graph.shape(*node.inputs.first()?);
            let count = axes.iter().map(|axis| from.get(*axis)).collect::<Option<Vec<&Dim>>>()?;
            let count = element_count(&count.into_iter().cloned().collect::<Vec<_>>()).as_constant()?;
            match reduction {
                Reduction::Sum => Some(x * count as f64),
                Reduction::Maximum | Reduction::Minimum => (count > 0).then_some(x),
            }
        }
        Op::Input(_)
        | Op::State(_)
        | Op::Literal(_)
        | Op::Iota { .. }
        | Op::Random { .. }
        | Op::ArgMax { .. }
        | Op::CumulativeSum { .. }
        | Op::MatMul
        | Op::GatherRows
        | Op::ScatterRows { .. }
        | Op::TakeAlong { .. }
        | Op::PlaceAlong { .. }
        | Op::Softmax { .. }
        | Op::LogSoftmax { .. }
        | Op::Scan(_)
        | Op::Attention(_)
        | Op::AttentionBackward(_)
        | Op::Recurrent { .. }
        | Op::RecurrentBackward(_) => None,
        Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => None,
        Op::WindowArgMax(_) | Op::WindowSum(_) | Op::WindowSpread(_) => None,
    }
}

/// The values of nodes that do not depend on what is fed, computed when first asked for.
#[derive(Default)]
struct Known {
    values: Vec<Option<Option<Rc<Tensor>>>>,
}

impl Known {
    /// The value of a node that is not in the graph yet.
    fn of(&mut self, graph: &Graph, node: &Node) -> Option<Rc<Tensor>> {
        if !is_foldable(&node.op) {
            return None;
        }
        // Operands first: most nodes depend on what is fed.
        let mut operands: Vec<Rc<Tensor>> = Vec::new();
        for id in &node.inputs {
            operands.push(self.at(graph, *id)?);
        }
        let shape: Option<Vec<usize>> =
            node.shape.iter().map(|d| d.as_constant().and_then(|n| usize::try_from(n).ok())).collect();
        let shape = shape?;
        let count = shape.iter().try_fold(1usize, |product, n| product.checked_mul(*n))?;
        if count == 0 || count > LARGEST {
            return None;
        }
        if let (Op::MatMul, Some(x)) = (&node.op, operands.first()) {
            let inner = x.shape.last().copied().unwrap_or(1);
            if count.saturating_mul(inner) > MOST_PRODUCTS {
                return None;
            }
        }
        let operands: Vec<&Tensor> = operands.iter().map(|x| &**x).collect();
        evaluate_constant(&node.op, &operands, &shape).map(Rc::new)
    }

    /// The value of a node of the graph.
    fn at(&mut self, graph: &Graph, id: NodeId) -> Option<Rc<Tensor>> {
        if self.values.len() < graph.nodes.len() {
            self.values.resize(graph.nodes.len(), None);
        }
        if let Some(value) = &self.values[id.index()] {
            return value.clone();
        }
        let value = self.of(graph, graph.node(id));
        self.values[id.index()] = Some(value.clone());
        value
    }
}

/// Whether the value follows from the operands alone.
fn is_foldable(op: &Op) -> bool {
    match op {
        Op::Input(_) | Op::State(_) | Op::Size(_) | Op::Random { .. } => false,
        Op::Unary(Unary::StopGradient | Unary::Again) => false,
        Op::Scan(_) => false,
        // More arithmetic than folding is worth.
        Op::Recurrent { .. } | Op::RecurrentBackward(_) => false,
        Op::Constant(_)
        | Op::Literal(_)
        | Op::Iota { .. }
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Select
        | Op::Reshape
        | Op::Permute(_)
        | Op::Broadcast
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. }
        | Op::Reduce { .. }
        | Op::ArgMax { .. }
        | Op::CumulativeSum { .. }
        | Op::MatMul
        | Op::GatherRows
        | Op::ScatterRows { .. }
        | Op::TakeAlong { .. }
        | Op::PlaceAlong { .. }
        | Op::Softmax { .. }
        | Op::LogSoftmax { .. }
        | Op::Attention(_)
        | Op::AttentionBackward(_) => true,
        Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => true,
        Op::WindowArgMax(_) | Op::WindowSum(_) | Op::WindowSpread(_) => true,
    }
}
