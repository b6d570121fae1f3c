//! The laws of single operations: what has a shorter form gets it.
//!
//! A rule may change the rounding of a result, never what it is for infinities and NaN; so `x + 0` is `x`, but
//! `0 * x` stays. Laws of shapes are in [`super::movement`].

use super::Passed;
use super::movement;
use super::rewrite::{full, rewrite};
use crate::ir::graph::{Graph, Node, NodeId};
use crate::ir::op::{Binary, Op, Unary};

/// Simplifies every node.
pub fn simplify(graph: Graph) -> Passed {
    rewrite(graph, |new, node, sole| match &node.op {
        Op::Unary(unary) => simplify_unary(new, node, *unary, *node.inputs.first()?),
        Op::Binary(binary) => match node.inputs.as_slice() {
            &[x, y] => simplify_binary(new, node, *binary, x, y),
            _ => None,
        },
        Op::Select => simplify_select(new, node),
        Op::Input(_)
        | Op::State(_)
        | Op::Constant(_)
        | Op::Size(_)
        | Op::Literal(_)
        | Op::Iota { .. }
        | Op::Random { .. } => None,
        Op::Reshape
        | Op::Permute(_)
        | Op::Broadcast
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. }
        | Op::Reduce { .. }
        | Op::CumulativeSum { .. } => movement::simplify(new, node, sole),
        // Nothing shorter says what these do.
        Op::ArgMax { .. }
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
    })
}

/// The operand of a node that is this function.
fn inside(graph: &Graph, id: NodeId, function: Unary) -> Option<NodeId> {
    let node = graph.node(id);
    (node.op == Op::Unary(function)).then(|| node.inputs.first().copied())?
}

/// The operand of a broadcast.
fn repeated(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    (node.op == Op::Broadcast).then(|| node.inputs.first().copied())?
}

fn unary(graph: &mut Graph, node: &Node, function: Unary, x: NodeId) -> NodeId {
    graph.push(Op::Unary(function), vec![x], node.shape.clone(), node.span)
}

fn binary(graph: &mut Graph, node: &Node, function: Binary, x: NodeId, y: NodeId) -> NodeId {
    graph.push(Op::Binary(function), vec![x, y], node.shape.clone(), node.span)
}

fn simplify_unary(graph: &mut Graph, node: &Node, function: Unary, x: NodeId) -> Option<NodeId> {
    let law = match function {
        Unary::StopGradient => Some(x),
        Unary::Again => None,
        Unary::Negate => inside(graph, x, Unary::Negate),
        Unary::Absolute => inside(graph, x, Unary::Absolute).map(|_| x),
        Unary::Relu => inside(graph, x, Unary::Relu).map(|_| x),
        Unary::Square => {
            let without_sign = inside(graph, x, Unary::Negate).or_else(|| inside(graph, x, Unary::Absolute));
            without_sign.map(|x| unary(graph, node, Unary::Square, x))
        }
        Unary::Reciprocal => {
            inside(graph, x, Unary::SquareRoot).map(|x| unary(graph, node, Unary::ReciprocalSquareRoot, x))
        }
        Unary::Sign
        | Unary::Floor
        | Unary::Ceil
        | Unary::SquareRoot
        | Unary::ReciprocalSquareRoot
        | Unary::Exponential
        | Unary::Logarithm
        | Unary::LogarithmOnePlus
        | Unary::Sine
        | Unary::Cosine
        | Unary::Tanh
        | Unary::Sigmoid
        | Unary::Softplus
        | Unary::ErrorFunction
        | Unary::Not => None,
    };
    // First compute, then repeat.
    law.or_else(|| {
        let small = repeated(graph, x)?;
        let shape = graph.shape(small).to_vec();
        let result = graph.push(Op::Unary(function), vec![small], shape, node.span);
        Some(graph.push(Op::Broadcast, vec![result], node.shape.clone(), node.span))
    })
}

fn simplify_binary(graph: &mut Graph, node: &Node, function: Binary, x: NodeId, y: NodeId) -> Option<NodeId> {
    let (left, right) = (graph.repeated_number(x), graph.repeated_number(y));
    let law = match function {
        Binary::Add => match (left, right) {
            (Some(0.0), _) => Some(y),
            (_, Some(0.0)) => Some(x),
            _ => match (inside(graph, x, Unary::Negate), inside(graph, y, Unary::Negate)) {
                (_, Some(y)) => Some(binary(graph, node, Binary::Subtract, x, y)),
                (Some(x), None) => Some(binary(graph, node, Binary::Subtract, y, x)),
                (None, None) => None,
            },
        },
        Binary::Subtract => match (left, right) {
            (_, Some(0.0)) => Some(x),
            (Some(0.0), _) => Some(unary(graph, node, Unary::Negate, y)),
            _ => inside(graph, y, Unary::Negate).map(|y| binary(graph, node, Binary::Add, x, y)),
        },
        Binary::Multiply => simplify_product(graph, node, (x, left), (y, right)),
        Binary::Divide => match (left, right) {
            (_, Some(1.0)) => Some(x),
            (_, Some(-1.0)) => Some(unary(graph, node, Unary::Negate, x)),
            // Exact for powers of two, where the product is the same number and faster.
            (_, Some(c)) if is_power_of_two(c) => {
                let factor = full(graph, 1.0 / c, &node.shape, node.span);
                Some(binary(graph, node, Binary::Multiply, x, factor))
            }
            (Some(1.0), _) => Some(unary(graph, node, Unary::Reciprocal, y)),
            _ => None,
        },
        Binary::Power => match right {
            Some(0.0) => Some(full(graph, 1.0, &node.shape, node.span)),
            Some(1.0) => Some(x),
            Some(2.0) => Some(unary(graph, node, Unary::Square, x)),
            Some(3.0) => {
                let square = unary(graph, node, Unary::Square, x);
                Some(binary(graph, node, Binary::Multiply, square, x))
            }
            Some(4.0) => {
                let square = unary(graph, node, Unary::Square, x);
                Some(unary(graph, node, Unary::Square, square))
            }
            Some(0.5) => Some(unary(graph, node, Unary::SquareRoot, x)),
            Some(-0.5) => Some(unary(graph, node, Unary::ReciprocalSquareRoot, x)),
            Some(-1.0) => Some(unary(graph, node, Unary::Reciprocal, x)),
            _ => None,
        },
        Binary::Maximum | Binary::Minimum => (x == y).then_some(x),
        Binary::Equal | Binary::NotEqual | Binary::Less | Binary::LessEqual | Binary::And | Binary::Or => None,
    };
    law.or_else(|| compute_then_repeat(graph, node, function, (x, left), (y, right)))
}

type Operand = (NodeId, Option<f64>);

fn simplify_product(graph: &mut Graph, node: &Node, (x, left): Operand, (y, right): Operand) -> Option<NodeId> {
    match (left, right) {
        (Some(1.0), _) => Some(y),
        (_, Some(1.0)) => Some(x),
        (Some(-1.0), _) => Some(unary(graph, node, Unary::Negate, y)),
        (_, Some(-1.0)) => Some(unary(graph, node, Unary::Negate, x)),
        (Some(_), Some(_)) => None,
        // Numbers stand on the right, so that one rule finds both orders.
        (Some(_), None) => Some(binary(graph, node, Binary::Multiply, y, x)),
        (None, Some(c)) => {
            if let Some(x) = inside(graph, x, Unary::Negate) {
                let factor = full(graph, -c, &node.shape, node.span);
                return Some(binary(graph, node, Binary::Multiply, x, factor));
            }
            // (x a) c = x (a c), but not where the factors together leave the range of f32.
            let (inner, a) = match (&graph.node(x).op, graph.node(x).inputs.as_slice()) {
                (Op::Binary(Binary::Multiply), &[inner, a]) => (inner, graph.repeated_number(a)?),
                _ => return None,
            };
            let safe = 1e-30..1e30;
            if ![a.abs(), c.abs(), (a * c).abs()].iter().all(|n| safe.contains(n)) {
                return None;
            }
            let factor = full(graph, a * c, &node.shape, node.span);
            Some(binary(graph, node, Binary::Multiply, inner, factor))
        }
        (None, None) if x == y => Some(unary(graph, node, Unary::Square, x)),
        (None, None) => match (inside(graph, x, Unary::Negate), inside(graph, y, Unary::Negate)) {
            (Some(x), Some(y)) => Some(binary(graph, node, Binary::Multiply, x, y)),
            _ => None,
        },
    }
}

/// `f(broadcast x, broadcast y)` with operands of one shape, or one of them a number.
fn compute_then_repeat(
    graph: &mut Graph,
    node: &Node,
    function: Binary,
    (x, left): Operand,
    (y, right): Operand,
) -> Option<NodeId> {
    let (x, y) = match (left, right) {
        // Two numbers are for `fold`.
        (Some(_), Some(_)) => return None,
        (Some(number), None) => {
            let y = repeated(graph, y)?;
            let shape = graph.shape(y).to_vec();
            (full(graph, number, &shape, node.span), y)
        }
        (None, Some(number)) => {
            let x = repeated(graph, x)?;
            let shape = graph.shape(x).to_vec();
            (x, full(graph, number, &shape, node.span))
        }
        (None, None) => {
            let (x, y) = (repeated(graph, x)?, repeated(graph, y)?);
            if graph.shape(x) != graph.shape(y) {
                return None;
            }
            (x, y)
        }
    };
    let shape = graph.shape(x).to_vec();
    let result = graph.push(Op::Binary(function), vec![x, y], shape, node.span);
    Some(graph.push(Op::Broadcast, vec![result], node.shape.clone(), node.span))
}

fn simplify_select(graph: &mut Graph, node: &Node) -> Option<NodeId> {
    let &[condition, yes, no] = node.inputs.as_slice() else { return None };
    if yes == no {
        return Some(yes);
    }
    match graph.repeated_number(condition) {
        Some(0.0) => return Some(no),
        Some(_) => return Some(yes),
        None => {}
    }
    if graph.repeated_number(no) == Some(0.0)
        && let Some(placed) = select_then_place(graph, node, condition, yes)
    {
        return Some(placed);
    }
    let opposite = inside(graph, condition, Unary::Not)?;
    Some(graph.push(Op::Select, vec![opposite, no, yes], node.shape.clone(), node.span))
}

/// `select(c, place(x, at), 0) = place(select(c[at], x, 0), at)`: behind a pool, the gradient of a relu looks at the
/// numbers that came through, which the forward pass has taken, not at all that were there.
fn select_then_place(graph: &mut Graph, node: &Node, condition: NodeId, placed: NodeId) -> Option<NodeId> {
    let of = |id: NodeId| (graph.node(id).op.clone(), graph.node(id).inputs.clone());
    // A pool sees a plane as a line.
    let (inner, is_reshaped) = match of(placed) {
        (Op::Reshape, inputs) => (*inputs.first()?, true),
        _ => (placed, false),
    };
    let (Op::PlaceAlong { axis, size }, inputs) = of(inner) else { return None };
    let &[x, at] = inputs.as_slice() else { return None };
    let few = graph.shape(at).get(axis)?.as_constant()?;
    // Taking the condition is worth it where that is fewer.
    if size.as_constant()? < 2 * few {
        return None;
    }
    let (line, short, span) = (graph.shape(inner).to_vec(), graph.shape(at).to_vec(), node.span);
    let condition = if is_reshaped { graph.push(Op::Reshape, vec![condition], line.clone(), span) } else { condition };
    let taken = graph.push(Op::TakeAlong { axis }, vec![condition, at], short.clone(), span);
    let zeros = full(graph, 0.0, &short, span);
    let selected = graph.push(Op::Select, vec![taken, x, zeros], short, span);
    let placed = graph.push(Op::PlaceAlong { axis, size }, vec![selected, at], line, span);
    Some(if is_reshaped { graph.push(Op::Reshape, vec![placed], node.shape.clone(), span) } else { placed })
}

fn is_power_of_two(x: f64) -> bool {
    // The mantissa's bits are 0; the range is that of f32.
    x.to_bits().trailing_zeros() >= 52 && (1e-30..1e30).contains(&x.abs())
}
