//! The shape of a node from its operation and the shapes of its operands.
//!
//! One exhaustive table. Most operations have one shape that follows ([`result_shape`] computes it); for the others
//! (an input, a broadcast, a slice, …) the shape is part of what the node says, and the rule checks that it is possible.

use super::dim::{Comparison, Dim, VarKind, show_shape};
use super::graph::{Graph, Shape};
use super::op::{Attention, Op};
use super::recurrent;
use super::window;
use std::fmt;
use std::sync::Arc;

/// Why no node can have this operation, these operands and this shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Mismatch {
    /// The number of operands.
    Arity {
        /// How many the operation has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A concatenation of nothing.
    NoOperands,
    /// The number of axes of an operand, or of the result.
    Rank {
        /// Which tensor.
        of: &'static str,
        /// How many it must have (at least, where the operation takes more).
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// An axis that is not there.
    Axis {
        /// The axis.
        axis: usize,
        /// Of how many.
        rank: usize,
    },
    /// Two sizes that must be one.
    Size {
        /// Which sizes.
        of: &'static str,
        /// One of them.
        left: Dim,
        /// The other.
        right: Dim,
    },
    /// A shape that must be another.
    Shape {
        /// Which shape.
        of: &'static str,
        /// What it must be.
        expected: Shape,
        /// What it is.
        found: Shape,
    },
    /// A literal with another number of numbers than its shape says.
    Length {
        /// Its shape.
        shape: Shape,
        /// How many numbers it has.
        found: usize,
    },
    /// Not every axis once.
    Permutation(Arc<[usize]>),
    /// Axes of a reduction that are not ascending.
    Ascending(Arc<[usize]>),
    /// Positions outside their axis.
    Bounds(&'static str),
    /// A slice that does not move on.
    NoStep,
    /// An input, state or node that the graph does not have.
    Undeclared(&'static str),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Arity { expected, found } => write!(f, "takes {expected} operands, has {found}"),
            Mismatch::NoOperands => f.write_str("has no operands"),
            Mismatch::Rank { of, expected, found } => write!(f, "{of} must have {expected} axes, has {found}"),
            Mismatch::Axis { axis, rank } => write!(f, "axis {axis} of a tensor with {rank} axes"),
            Mismatch::Size { of, left, right } => write!(f, "{of}: {left} is not {right}"),
            Mismatch::Shape { of, expected, found } => {
                write!(f, "{of} must be {}, is {}", show_shape(expected), show_shape(found))
            }
            Mismatch::Length { shape, found } => write!(f, "{found} numbers do not fill {}", show_shape(shape)),
            Mismatch::Permutation(p) => write!(f, "{p:?} does not name every axis once"),
            Mismatch::Ascending(axes) => write!(f, "the axes {axes:?} are not ascending"),
            Mismatch::Bounds(of) => write!(f, "{of} lies outside the axis"),
            Mismatch::NoStep => f.write_str("the step is 0"),
            Mismatch::Undeclared(what) => write!(f, "the graph declares no such {what}"),
        }
    }
}

/// Whether two sizes may be taken for one: they are equal, or it depends on a size that is still free (a block is
/// checked before its sizes are known, and again at each use).
pub fn agree(left: &Dim, right: &Dim) -> bool {
    if left == right {
        return true;
    }
    match left.compare(right) {
        Comparison::Equal => true,
        Comparison::Different => false,
        Comparison::Unknown => left.variables().iter().chain(&right.variables()).any(|v| v.kind == VarKind::Free),
    }
}

/// Whether two shapes may be taken for one.
pub fn shapes_agree(left: &[Dim], right: &[Dim]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(l, r)| agree(l, r))
}

/// The number of elements.
pub fn element_count(shape: &[Dim]) -> Dim {
    shape.iter().fold(Dim::constant(1), |product, d| product * d.clone())
}

pub(super) fn same_shape(of: &'static str, expected: &[Dim], found: &[Dim]) -> Result<(), Mismatch> {
    match shapes_agree(expected, found) {
        true => Ok(()),
        false => Err(Mismatch::Shape { of, expected: expected.to_vec(), found: found.to_vec() }),
    }
}

pub(super) fn same_size(of: &'static str, left: &Dim, right: &Dim) -> Result<(), Mismatch> {
    match agree(left, right) {
        true => Ok(()),
        false => Err(Mismatch::Size { of, left: left.clone(), right: right.clone() }),
    }
}

fn axis_exists(axis: usize, shape: &[Dim]) -> Result<(), Mismatch> {
    match axis < shape.len() {
        true => Ok(()),
        false => Err(Mismatch::Axis { axis, rank: shape.len() }),
    }
}

pub(super) fn same_rank(of: &'static str, expected: usize, shape: &[Dim]) -> Result<(), Mismatch> {
    match shape.len() == expected {
        true => Ok(()),
        false => Err(Mismatch::Rank { of, expected, found: shape.len() }),
    }
}

fn not_negative(of: &'static str, size: &Dim) -> Result<(), Mismatch> {
    match size.as_constant() {
        Some(n) if n < 0 => Err(Mismatch::Bounds(of)),
        _ => Ok(()),
    }
}

/// The number of operands of an operation; `None` for any number from 1 on.
pub fn arity(op: &Op) -> Option<usize> {
    match op {
        Op::Input(_)
        | Op::State(_)
        | Op::Constant(_)
        | Op::Size(_)
        | Op::Literal(_)
        | Op::Iota { .. }
        | Op::Random { .. } => Some(0),
        Op::Unary(_)
        | Op::Reshape
        | Op::Permute(_)
        | Op::Broadcast
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Reduce { .. }
        | Op::ArgMax { .. }
        | Op::CumulativeSum { .. }
        | Op::Softmax { .. }
        | Op::LogSoftmax { .. } => Some(1),
        Op::WindowArgMax(_) | Op::WindowSum(_) | Op::WindowSpread(_) => Some(1),
        Op::Binary(_)
        | Op::MatMul
        | Op::GatherRows
        | Op::ScatterRows { .. }
        | Op::TakeAlong { .. }
        | Op::PlaceAlong { .. } => Some(2),
        Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => Some(2),
        Op::Select => Some(3),
        Op::Attention(_) => Some(4),
        Op::AttentionBackward(_) => Some(6),
        Op::Recurrent { .. } | Op::RecurrentBackward(_) => Some(4),
        Op::Concat { .. } => None,
        Op::Scan(scan) => Some(scan.body.inputs.len()),
    }
}

/// The shape of the result of `op` on operands of shapes `of`. `given` is the shape that the node says it has; where
/// the shape does not follow from the operands it is checked and returned.
pub fn result_shape(graph: &Graph, op: &Op, of: &[&[Dim]], given: &[Dim]) -> Result<Shape, Mismatch> {
    match arity(op) {
        Some(expected) if of.len() != expected => return Err(Mismatch::Arity { expected, found: of.len() }),
        None if of.is_empty() => return Err(Mismatch::NoOperands),
        _ => {}
    }
    // The arity is right, so these are there; the empty shape stands in where the operation does not look.
    let x = of.first().copied().unwrap_or(&[]);
    let y = of.get(1).copied().unwrap_or(&[]);
    match op {
        Op::Input(id) => {
            let declared = graph.inputs.get(id.0 as usize).ok_or(Mismatch::Undeclared("input"))?;
            Ok(declared.shape.clone())
        }
        Op::State(id) => {
            let declared = graph.states.get(id.0 as usize).ok_or(Mismatch::Undeclared("state"))?;
            Ok(declared.shape.clone())
        }
        Op::Constant(_) | Op::Size(_) => Ok(Vec::new()),
        Op::Literal(numbers) => {
            let size = element_count(given).as_constant();
            match size == i64::try_from(numbers.len()).ok() {
                true => Ok(given.to_vec()),
                false => Err(Mismatch::Length { shape: given.to_vec(), found: numbers.len() }),
            }
        }
        Op::Iota { axis } => axis_exists(*axis, given).map(|()| given.to_vec()),
        Op::Random { .. } => axis_exists(0, given).map(|()| given.to_vec()),
        Op::Unary(_) => Ok(x.to_vec()),
        Op::Binary(_) => same_shape("the second operand", x, y).map(|()| x.to_vec()),
        Op::Select => {
            let z = of.get(2).copied().unwrap_or(&[]);
            same_shape("the first choice", x, y)?;
            same_shape("the second choice", x, z)?;
            Ok(x.to_vec())
        }
        Op::Reshape => {
            same_size("number of elements", &element_count(x), &element_count(given))?;
            Ok(given.to_vec())
        }
        Op::Permute(permutation) => {
            same_rank("the operand", permutation.len(), x)?;
            let mut seen = vec![false; x.len()];
            for &axis in permutation.iter() {
                match seen.get_mut(axis) {
                    Some(slot) if !*slot => *slot = true,
                    _ => return Err(Mismatch::Permutation(permutation.clone())),
                }
            }
            Ok(permutation.iter().filter_map(|&axis| x.get(axis).cloned()).collect())
        }
        Op::Broadcast => {
            same_rank("the result", x.len(), given)?;
            for (from, to) in x.iter().zip(given) {
                if !from.is_one() {
                    same_size("broadcast size", from, to)?;
                }
            }
            Ok(given.to_vec())
        }
        Op::Slice { axis, start, step } => slice_shape(x, given, *axis, start, *step),
        Op::Pad { axis, before, after, value: _ } => {
            axis_exists(*axis, x)?;
            not_negative("padding in front", before)?;
            not_negative("padding behind", after)?;
            Ok(with_size(x, *axis, x[*axis].clone() + before.clone() + after.clone()))
        }
        Op::Concat { axis } => {
            axis_exists(*axis, x)?;
            let mut size = Dim::constant(0);
            for operand in of {
                same_rank("each operand", x.len(), operand)?;
                same_shape("each operand", &with_size(x, *axis, operand[*axis].clone()), operand)?;
                size = size + operand[*axis].clone();
            }
            Ok(with_size(x, *axis, size))
        }
        Op::Reduce { reduction: _, axes } => {
            if !axes.is_sorted_by(|a, b| a < b) {
                return Err(Mismatch::Ascending(axes.clone()));
            }
            let mut shape = x.to_vec();
            for &axis in axes.iter() {
                axis_exists(axis, x)?;
                shape[axis] = Dim::constant(1);
            }
            Ok(shape)
        }
        Op::ArgMax { axis } => axis_exists(*axis, x).map(|()| with_size(x, *axis, Dim::constant(1))),
        Op::CumulativeSum { axis, reverse: _ } | Op::Softmax { axis } | Op::LogSoftmax { axis } => {
            axis_exists(*axis, x).map(|()| x.to_vec())
        }
        Op::MatMul => {
            if x.len() < 2 {
                return Err(Mismatch::Rank { of: "the first operand", expected: 2, found: x.len() });
            }
            same_rank("the second operand", x.len(), y)?;
            let (batch, last) = (x.len() - 2, x.len() - 1);
            same_shape("the second operand's batch axes", &x[..batch], &y[..batch])?;
            same_size("inner size", &x[last], &y[batch])?;
            Ok(with_size(x, last, y[last].clone()))
        }
        Op::GatherRows => {
            axis_exists(0, x)?;
            Ok(y.iter().chain(&x[1..]).cloned().collect())
        }
        Op::ScatterRows { rows } => {
            if x.len() < y.len() {
                return Err(Mismatch::Rank { of: "the first operand", expected: y.len(), found: x.len() });
            }
            same_shape("the row numbers", &x[..y.len()], y)?;
            Ok(std::iter::once(rows).chain(&x[y.len()..]).cloned().collect())
        }
        Op::TakeAlong { axis } => {
            axis_exists(*axis, x)?;
            same_rank("the positions", x.len(), y)?;
            same_shape("the positions", &with_size(x, *axis, y[*axis].clone()), y)?;
            Ok(y.to_vec())
        }
        Op::PlaceAlong { axis, size } => {
            axis_exists(*axis, x)?;
            same_shape("the positions", x, y)?;
            Ok(with_size(x, *axis, size.clone()))
        }
        Op::Scan(scan) => scan.result_shape(of),
        Op::Recurrent { recurrence, keep } => recurrent::forward_shape(recurrence.cell, *keep, of),
        Op::RecurrentBackward(recurrence) => recurrent::backward_shape(recurrence.cell, of),
        Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => {
            window::result_shape(op, x, y, given)
        }
        Op::WindowArgMax(_) | Op::WindowSum(_) | Op::WindowSpread(_) => window::result_shape(op, x, y, given),
        Op::Attention(attention) => attention_shape(attention, of),
        Op::AttentionBackward(attention) => {
            let packed = attention_shape(attention, of)?;
            let [_, k, v, _, result, gradient] = of else { return Err(Mismatch::NoOperands) };
            same_shape("the result of attention", &packed, result)?;
            same_shape("its gradient", &packed, gradient)?;
            let count = |t: &[Dim]| t[2].clone() * t[3].clone();
            Ok(vec![x[0].clone(), x[1].clone(), count(x) + count(k) + count(v)])
        }
    }
}

/// `[B, H, Tq, e + 1]`
fn attention_shape(attention: &Attention, of: &[&[Dim]]) -> Result<Shape, Mismatch> {
    let [q, k, v, lengths, ..] = of else { return Err(Mismatch::NoOperands) };
    for (name, operand) in [("the queries", q), ("the keys", k), ("the values", v)] {
        same_rank(name, 4, operand)?;
        same_shape("examples and heads", &q[..2], &operand[..2])?;
    }
    same_size("numbers of a query and of a key", &q[3], &k[3])?;
    same_size("keys and values", &k[2], &v[2])?;
    if attention.causal {
        same_size("queries and keys", &q[2], &k[2])?;
    }
    same_shape("the lengths", &q[..1], lengths)?;
    Ok(vec![q[0].clone(), q[1].clone(), q[2].clone(), v[3].clone() + Dim::constant(1)])
}

/// The shape with one size replaced.
pub fn with_size(shape: &[Dim], axis: usize, size: Dim) -> Shape {
    shape.iter().enumerate().map(|(i, d)| if i == axis { size.clone() } else { d.clone() }).collect()
}

fn slice_shape(x: &[Dim], given: &[Dim], axis: usize, start: &Dim, step: i64) -> Result<Shape, Mismatch> {
    axis_exists(axis, x)?;
    same_rank("the result", x.len(), given)?;
    let length = &given[axis];
    same_shape("the result", &with_size(x, axis, length.clone()), given)?;
    let last = start.clone() + Dim::constant(step) * (length.clone() - Dim::constant(1));
    if step == 0 {
        return Err(Mismatch::NoStep);
    }
    for (of, position) in [("the first position", start), ("the last position", &last)] {
        not_negative(of, position)?;
        not_negative(of, &(x[axis].clone() - Dim::constant(1) - position.clone()))?;
    }
    Ok(given.to_vec())
}
