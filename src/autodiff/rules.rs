//! The table of gradient rules: one row for every operation, each what the derivative is, in ordinary nodes.
//!
//! Conventions are those of torch (`tools/autograd/derivatives.yaml`): `relu' 0 = 0`, `|x|'` at 0 is 0, at a tie
//! `maximum` and `minimum` give half to each, a reduction to the largest gives equal parts to all largest; steps
//! (`floor`, comparisons, …) have no gradient. Where the forward result gives the derivative cheaply, it does.
//!
//! A condition chooses between gradients by [`Op::Select`], never by a product, since `0 * inf` is NaN.

use super::{Emitter, recurrent, windows};
use crate::ir::dim::Dim;
use crate::ir::graph::{NodeId, Shape};
use crate::ir::op::{Binary, Op, Reduction, Unary};

/// Whether gradient flows from the result to this operand.
pub(super) fn flows(op: &Op, operand: usize) -> bool {
    match op {
        Op::Input(_)
        | Op::State(_)
        | Op::Constant(_)
        | Op::Size(_)
        | Op::Literal(_)
        | Op::Iota { .. }
        | Op::Random { .. }
        | Op::ArgMax { .. }
        | Op::RecurrentBackward(_) => false,
        Op::Unary(unary) => match unary {
            Unary::StopGradient | Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Not => false,
            Unary::Again
            | Unary::Negate
            | Unary::Absolute
            | Unary::Reciprocal
            | Unary::Square
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
            | Unary::Relu => true,
        },
        Op::Binary(binary) => match binary {
            Binary::Equal | Binary::NotEqual | Binary::Less | Binary::LessEqual | Binary::And | Binary::Or => false,
            Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Divide
            | Binary::Power
            | Binary::Maximum
            | Binary::Minimum => true,
        },
        // The lengths say where.
        Op::Recurrent { .. } => operand != 3,
        // The condition is a step.
        Op::Select => operand != 0,
        // The second operand says where.
        Op::GatherRows | Op::ScatterRows { .. } | Op::TakeAlong { .. } | Op::PlaceAlong { .. } => operand == 0,
        Op::Scan(scan) => super::scan::flows(scan, operand),
        Op::WindowArgMax(_) => false,
        Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => true,
        Op::WindowSum(_) | Op::WindowSpread(_) => true,
        // The fourth says how many keys there are.
        Op::Attention(_) => operand < 3,
        Op::AttentionBackward(_) => false,
        Op::Reshape
        | Op::Permute(_)
        | Op::Broadcast
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. }
        | Op::Reduce { .. }
        | Op::CumulativeSum { .. }
        | Op::MatMul
        | Op::Softmax { .. }
        | Op::LogSoftmax { .. } => true,
    }
}

/// The gradients of a node's operands from the gradient `g` of its result; only those `wanted`.
pub(super) fn gradients(e: &mut Emitter, node: NodeId, g: NodeId, wanted: &[bool]) -> Vec<Option<NodeId>> {
    let op = e.graph().node(node).op.clone();
    let inputs = e.graph().node(node).inputs.clone();
    let shapes: Vec<Shape> = inputs.iter().map(|id| e.shape(*id)).collect();
    let wants = |operand: usize| wanted.get(operand).copied().unwrap_or(false);
    match (&op, inputs.as_slice()) {
        (Op::Unary(unary), &[x]) => vec![unary_gradient(e, *unary, x, node, g)],
        (Op::Binary(binary), &[x, y]) => {
            let mut part =
                |operand| wants(operand).then(|| binary_gradient(e, *binary, [x, y], node, g, operand)).flatten();
            vec![part(0), part(1)]
        }
        (Op::Select, &[condition, ..]) => {
            vec![None, wants(1).then(|| e.keep_where(condition, g)), wants(2).then(|| e.drop_where(condition, g))]
        }
        (Op::Reshape, [_]) => vec![Some(e.reshape(g, shapes[0].clone()))],
        (Op::Permute(permutation), [_]) => {
            let mut inverse = vec![0; permutation.len()];
            permutation.iter().enumerate().for_each(|(i, axis)| inverse[*axis] = i);
            vec![Some(e.permute(g, &inverse))]
        }
        (Op::Broadcast, [_]) => {
            let to = e.shape(node);
            let repeated = |axis: &usize| shapes[0][*axis].is_one() && !to[*axis].is_one();
            let axes: Vec<usize> = (0..to.len()).filter(repeated).collect();
            vec![Some(e.sum(g, &axes))]
        }
        (Op::Slice { axis, start, step }, [_]) => {
            vec![Some(slice_gradient(e, g, *axis, start, *step, &shapes[0][*axis]))]
        }
        (Op::Pad { axis, before, after: _, value: _ }, [_]) => {
            vec![Some(e.slice(g, *axis, before.clone(), shapes[0][*axis].clone(), 1))]
        }
        (Op::Concat { axis }, _) => {
            let mut start = Dim::constant(0);
            let mut result = Vec::with_capacity(inputs.len());
            for (operand, shape) in shapes.iter().enumerate() {
                let length = shape[*axis].clone();
                result.push(wants(operand).then(|| e.slice(g, *axis, start.clone(), length.clone(), 1)));
                start = start + length;
            }
            result
        }
        (Op::Reduce { reduction, axes }, &[x]) => match reduction {
            Reduction::Sum => vec![Some(e.broadcast(g, &shapes[0]))],
            Reduction::Maximum | Reduction::Minimum => {
                let extreme = e.broadcast(node, &shapes[0]);
                let is_extreme = e.binary(Binary::Equal, x, extreme);
                let count = e.sum(is_extreme, axes);
                let share = e.divide(g, count);
                let share = e.broadcast(share, &shapes[0]);
                vec![Some(e.keep_where(is_extreme, share))]
            }
        },
        (Op::CumulativeSum { axis, reverse }, [_]) => {
            let op = Op::CumulativeSum { axis: *axis, reverse: !reverse };
            vec![Some(e.push(op, &[g], shapes[0].clone()))]
        }
        (Op::MatMul, &[x, y]) => {
            let left = wants(0).then(|| {
                let transposed = e.transpose(y);
                e.matmul(g, transposed)
            });
            let right = wants(1).then(|| {
                let transposed = e.transpose(x);
                e.matmul(transposed, g)
            });
            vec![left, right]
        }
        (Op::GatherRows, &[_, rows]) => {
            let op = Op::ScatterRows { rows: shapes[0][0].clone() };
            vec![Some(e.push(op, &[g, rows], shapes[0].clone())), None]
        }
        (Op::ScatterRows { rows: _ }, &[_, rows]) => {
            vec![Some(e.push(Op::GatherRows, &[g, rows], shapes[0].clone())), None]
        }
        (Op::TakeAlong { axis }, &[_, positions]) => {
            let op = Op::PlaceAlong { axis: *axis, size: shapes[0][*axis].clone() };
            vec![Some(e.push(op, &[g, positions], shapes[0].clone())), None]
        }
        (Op::PlaceAlong { axis, size: _ }, &[_, positions]) => {
            vec![Some(e.push(Op::TakeAlong { axis: *axis }, &[g, positions], shapes[0].clone())), None]
        }
        (Op::Attention(attention), _) => super::attention::gradients(e, *attention, &inputs, node, g),
        (Op::Softmax { axis }, [_]) => {
            // y (g - Σ g y)
            let weighted = e.multiply(g, node);
            let sum = e.sum(weighted, &[*axis]);
            let mean = e.broadcast(sum, &shapes[0]);
            let centred = e.subtract(g, mean);
            vec![Some(e.multiply(node, centred))]
        }
        (Op::LogSoftmax { axis }, [_]) => {
            // g - exp(y) Σ g
            let sum = e.sum(g, &[*axis]);
            let sum = e.broadcast(sum, &shapes[0]);
            let probabilities = e.unary(Unary::Exponential, node);
            let expected = e.multiply(probabilities, sum);
            vec![Some(e.subtract(g, expected))]
        }
        (Op::Scan(_), _) => super::scan::gradients(e, node, g, wanted),
        (Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. }, &[x, y]) => {
            windows::convolution_gradients(e, &op, [x, y], g, wanted)
        }
        (Op::WindowSum(windows), [_]) => vec![Some(e.push(Op::WindowSpread(windows.clone()), &[g], shapes[0].clone()))],
        (Op::WindowSpread(windows), [_]) => vec![Some(e.push(Op::WindowSum(windows.clone()), &[g], shapes[0].clone()))],
        (
            Op::Input(_)
            | Op::State(_)
            | Op::Constant(_)
            | Op::Size(_)
            | Op::Literal(_)
            | Op::Iota { .. }
            | Op::Random { .. }
            | Op::ArgMax { .. }
            | Op::RecurrentBackward(_)
            | Op::WindowArgMax(_)
            | Op::AttentionBackward(_),
            _,
        ) => vec![None; inputs.len()],
        (Op::Recurrent { recurrence, keep }, _) => recurrent::gradients(e, node, g, *recurrence, *keep, wanted),
        // A wrong number of operands, which the verifier refuses. Listed, so that a new operation is missed here.
        (
            Op::Unary(_)
            | Op::Binary(_)
            | Op::Select
            | Op::Reshape
            | Op::Permute(_)
            | Op::Broadcast
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Reduce { .. }
            | Op::CumulativeSum { .. }
            | Op::MatMul
            | Op::GatherRows
            | Op::ScatterRows { .. }
            | Op::TakeAlong { .. }
            | Op::PlaceAlong { .. }
            | Op::Softmax { .. }
            | Op::LogSoftmax { .. }
            | Op::Convolve { .. }
            | Op::ConvolveInput { .. }
            | Op::ConvolveKernel { .. }
            | Op::WindowSum(_)
            | Op::WindowSpread(_),
            _,
        ) => vec![None; inputs.len()],
    }
}

/// `g · f'(x)`, with `y = f(x)`.
fn unary_gradient(e: &mut Emitter, unary: Unary, x: NodeId, y: NodeId, g: NodeId) -> Option<NodeId> {
    Some(match unary {
        Unary::StopGradient | Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Not => return None,
        Unary::Again => g,
        Unary::Negate => e.negate(g),
        Unary::Absolute => {
            let sign = e.unary(Unary::Sign, x);
            e.multiply(g, sign)
        }
        // -g y²
        Unary::Reciprocal => {
            let square = e.unary(Unary::Square, y);
            let product = e.multiply(g, square);
            e.negate(product)
        }
        Unary::Square => {
            let twice = e.scale(x, 2.0);
            e.multiply(g, twice)
        }
        // g / 2y
        Unary::SquareRoot => {
            let twice = e.scale(y, 2.0);
            e.divide(g, twice)
        }
        // -g y³/2
        Unary::ReciprocalSquareRoot => {
            let square = e.unary(Unary::Square, y);
            let cube = e.multiply(square, y);
            let derivative = e.scale(cube, -0.5);
            e.multiply(g, derivative)
        }
        Unary::Exponential => e.multiply(g, y),
        Unary::Logarithm => e.divide(g, x),
        Unary::LogarithmOnePlus => {
            let one_plus = e.with_number(Binary::Add, x, 1.0);
            e.divide(g, one_plus)
        }
        Unary::Sine => {
            let cosine = e.unary(Unary::Cosine, x);
            e.multiply(g, cosine)
        }
        Unary::Cosine => {
            let sine = e.unary(Unary::Sine, x);
            let product = e.multiply(g, sine);
            e.negate(product)
        }
        // g (1 - y²)
        Unary::Tanh => {
            let square = e.unary(Unary::Square, y);
            let derivative = one_minus(e, square);
            e.multiply(g, derivative)
        }
        // g y (1 - y)
        Unary::Sigmoid => {
            let complement = one_minus(e, y);
            let derivative = e.multiply(y, complement);
            e.multiply(g, derivative)
        }
        Unary::Softplus => {
            let derivative = e.unary(Unary::Sigmoid, x);
            e.multiply(g, derivative)
        }
        // g 2/√π exp(-x²)
        Unary::ErrorFunction => {
            let square = e.unary(Unary::Square, x);
            let exponent = e.negate(square);
            let bell = e.unary(Unary::Exponential, exponent);
            let derivative = e.scale(bell, std::f64::consts::FRAC_2_SQRT_PI);
            e.multiply(g, derivative)
        }
        // The result is not 0 just where x > 0.
        Unary::Relu => e.keep_where(y, g),
    })
}

fn one_minus(e: &mut Emitter, x: NodeId) -> NodeId {
    let one = e.full_like(1.0, x);
    e.subtract(one, x)
}

/// The gradient of one operand of `z = f(x, y)`.
fn binary_gradient(
    e: &mut Emitter,
    binary: Binary,
    [x, y]: [NodeId; 2],
    z: NodeId,
    g: NodeId,
    operand: usize,
) -> Option<NodeId> {
    let other = if operand == 0 { y } else { x };
    Some(match binary {
        Binary::Add => g,
        Binary::Subtract if operand == 0 => g,
        Binary::Subtract => e.negate(g),
        Binary::Multiply => e.multiply(g, other),
        Binary::Divide if operand == 0 => e.divide(g, y),
        // -g z/y
        Binary::Divide => {
            let quotient = e.divide(z, y);
            let product = e.multiply(g, quotient);
            e.negate(product)
        }
        Binary::Power if operand == 0 => return base_gradient(e, x, y, g),
        // g z log x, and 0 where the base is 0. The logarithm is taken of 1 there, so that a second derivative finds
        // no infinity behind the choice either.
        Binary::Power => {
            let zero = e.unary(Unary::Not, x);
            let one = e.full_like(1.0, x);
            let base = e.select(zero, one, x);
            let logarithm = e.unary(Unary::Logarithm, base);
            let product = e.multiply(z, logarithm);
            let derivative = e.drop_where(zero, product);
            e.multiply(g, derivative)
        }
        Binary::Maximum | Binary::Minimum => {
            let own = if operand == 0 { x } else { y };
            let tie = e.binary(Binary::Equal, x, y);
            // Where NaN takes part neither is less, and the gradient goes to both, as in torch.
            let loses = match binary {
                Binary::Maximum => e.binary(Binary::Less, own, other),
                _ => e.binary(Binary::Less, other, own),
            };
            let rest = e.drop_where(loses, g);
            let half = e.scale(g, 0.5);
            e.select(tie, half, rest)
        }
        Binary::Equal | Binary::NotEqual | Binary::Less | Binary::LessEqual | Binary::And | Binary::Or => return None,
    })
}

/// `g y xʸ⁻¹`. Never by logarithms, so that a negative base has its gradient wherever it has its power.
fn base_gradient(e: &mut Emitter, x: NodeId, y: NodeId, g: NodeId) -> Option<NodeId> {
    match e.graph().repeated_number(y) {
        Some(0.0) => None,
        Some(1.0) => Some(g),
        Some(exponent) => {
            let power = match exponent - 1.0 {
                1.0 => x,
                less => e.with_number(Binary::Power, x, less),
            };
            let derivative = e.scale(power, exponent);
            Some(e.multiply(g, derivative))
        }
        None => {
            let less = e.with_number(Binary::Subtract, y, 1.0);
            let power = e.binary(Binary::Power, x, less);
            let derivative = e.multiply(y, power);
            let product = e.multiply(g, derivative);
            // 0⁰ is 1 whatever the base, where the formula has 0 · 1/0.
            let flat = e.unary(Unary::Not, y);
            Some(e.drop_where(flat, product))
        }
    }
}

/// The gradient of a slice of an axis of size `size`: zeros where nothing was taken.
fn slice_gradient(e: &mut Emitter, g: NodeId, axis: usize, start: &Dim, step: i64, size: &Dim) -> NodeId {
    let one = Dim::constant(1);
    let length = e.shape(g)[axis].clone();
    let reach = Dim::constant(step.saturating_abs()) * (length.clone() - one.clone());
    // The taken positions in ascending order: from `first` on, |step| apart.
    let (ascending, first) = match step < 0 {
        true => (e.slice(g, axis, length.clone() - one.clone(), length, -1), start.clone() - reach.clone()),
        false => (g, start.clone()),
    };
    let spread = dilate(e, ascending, axis, step.saturating_abs());
    let after = size.clone() - one - reach - first.clone();
    e.pad(spread, axis, first, after)
}

/// `step - 1` zeros between the positions of an axis.
fn dilate(e: &mut Emitter, x: NodeId, axis: usize, step: i64) -> NodeId {
    if step == 1 {
        return x;
    }
    let shape = e.shape(x);
    let length = shape[axis].clone();
    let mut lifted = shape.clone();
    lifted.insert(axis + 1, Dim::constant(1));
    let column = e.reshape(x, lifted);
    let padded = e.pad(column, axis + 1, Dim::constant(0), Dim::constant(step - 1));
    let mut flat = shape;
    flat[axis] = length.clone() * Dim::constant(step);
    let spread = e.reshape(padded, flat);
    // Without the zeros behind the last position, which may lie outside the axis that was sliced.
    let reach = Dim::constant(step) * (length - Dim::constant(1)) + Dim::constant(1);
    e.slice(spread, axis, Dim::constant(0), reach, 1)
}
