//! What every operation means, in the plainest f64 code there is.
//!
//! This is the oracle: the optimizer, the kernels and the gradients are all tested against it, and constants are
//! folded with it. It is slow on purpose; nothing here is clever.

use super::dim::Var;
use super::graph::{Graph, NodeId};
use super::op::{Attention, Binary, Distribution, InputId, Op, Reduction, StateId, Unary};
use super::recurrent;
use super::shape_rule::arity;
use super::window;
use std::fmt;

mod attention;

/// Numbers in row-major order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tensor {
    /// The sizes of its axes.
    pub shape: Vec<usize>,
    /// As many numbers as the product of the sizes.
    pub data: Vec<f64>,
}

/// Which random number is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Draw {
    /// The operation.
    pub stream: u32,
    /// The example: a position of the first axis.
    pub row: usize,
    /// The position in the example, row-major.
    pub position: usize,
    /// How it is distributed.
    pub distribution: Distribution,
    /// The steps of the scans that it stands in, as one number ([`super::scan::within`]); 0 outside of them.
    pub within: u64,
}

/// What a graph reads.
pub struct Feeds<'a> {
    /// The numbers of an input.
    pub input: &'a dyn Fn(InputId) -> Vec<f64>,
    /// The numbers of a state.
    pub state: &'a dyn Fn(StateId) -> Vec<f64>,
    /// Random numbers.
    pub random: &'a dyn Fn(Draw) -> f64,
}

/// Why a graph has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A size of the node depends on a name without value, or is negative.
    UnknownSize(NodeId),
    /// What was fed has another number of numbers than the shape says.
    WrongLength(NodeId),
    /// A row or position that the operand does not have.
    OutOfRange(NodeId),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::UnknownSize(id) => write!(f, "the size of %{} is not known", id.0),
            Failure::WrongLength(id) => write!(f, "the numbers of %{} do not fill its shape", id.0),
            Failure::OutOfRange(id) => write!(f, "%{} asks for a position that is not there", id.0),
        }
    }
}

impl std::error::Error for Failure {}

/// The values of all nodes, by index. The graph must satisfy [`super::verify::verify`].
pub fn interpret(graph: &Graph, bindings: &dyn Fn(&Var) -> Option<i64>, feeds: &Feeds) -> Result<Vec<Tensor>, Failure> {
    let size = |dim: &super::dim::Dim| dim.evaluate(&bindings).and_then(|n| usize::try_from(n).ok());
    let mut values: Vec<Tensor> = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let id = NodeId(index as u32);
        let shape: Option<Vec<usize>> = node.shape.iter().map(size).collect();
        let shape = shape.ok_or(Failure::UnknownSize(id))?;
        let operands: Vec<&Tensor> = node.inputs.iter().map(|input| &values[input.index()]).collect();
        let data = match &node.op {
            Op::Input(input) => (feeds.input)(*input),
            Op::State(state) => (feeds.state)(*state),
            Op::Random { stream, distribution } => {
                let per_row: usize = shape[1..].iter().product();
                let draw = |i: usize| Draw {
                    stream: *stream,
                    row: i / per_row,
                    position: i % per_row,
                    distribution: *distribution,
                    within: 0,
                };
                (0..shape.iter().product()).map(|i| (feeds.random)(draw(i))).collect()
            }
            Op::Scan(scan) => {
                let steps = size(&scan.steps).ok_or(Failure::UnknownSize(id))?;
                super::interpret_scan::scan(scan, steps, &operands, bindings, feeds.random)?
            }
            Op::Attention(Attention { dropout: Some(dropout), .. })
            | Op::AttentionBackward(Attention { dropout: Some(dropout), .. }) => {
                let (stream, distribution) = (dropout.stream, Distribution::Uniform);
                let draw = |row, position| (feeds.random)(Draw { stream, row, position, distribution, within: 0 });
                attention::evaluate(&node.op, &operands, &draw).ok_or(Failure::OutOfRange(id))?
            }
            op => {
                let op = &*window::with_known_sizes(op, &size).ok_or(Failure::UnknownSize(id))?;
                let parameter = parameter_of(op, &size).ok_or(Failure::UnknownSize(id))?;
                evaluate(op, parameter, &operands, &shape).ok_or(Failure::OutOfRange(id))?
            }
        };
        if data.len() != shape.iter().product::<usize>() {
            return Err(Failure::WrongLength(id));
        }
        values.push(Tensor { shape, data });
    }
    Ok(values)
}

/// The value of one operation on known operands; `None` where a size is symbolic, a position lies outside, or the
/// value is not the graph's to know (inputs, states, random numbers).
pub fn evaluate_constant(op: &Op, operands: &[&Tensor], shape: &[usize]) -> Option<Tensor> {
    if arity(op).is_some_and(|n| n != operands.len()) {
        return None;
    }
    let size = |dim: &super::dim::Dim| dim.as_constant().and_then(|n| usize::try_from(n).ok());
    let data = evaluate(op, parameter_of(op, &size)?, operands, shape)?;
    Some(Tensor { shape: shape.to_vec(), data })
}

/// The symbolic size among an operation's own parameters that its value depends on (the others follow from shapes).
fn parameter_of(op: &Op, size: &dyn Fn(&super::dim::Dim) -> Option<usize>) -> Option<usize> {
    match op {
        Op::Size(dim) => size(dim),
        Op::Slice { start, .. } => size(start),
        Op::Pad { before, .. } => size(before),
        _ => Some(0),
    }
}

fn evaluate(op: &Op, parameter: usize, operands: &[&Tensor], shape: &[usize]) -> Option<Vec<f64>> {
    let count: usize = shape.iter().product();
    let operand = |i: usize| operands.get(i).copied();
    Some(match op {
        Op::Input(_) | Op::State(_) | Op::Random { .. } | Op::Scan(_) => return None,
        Op::Attention(Attention { dropout, .. }) | Op::AttentionBackward(Attention { dropout, .. }) => {
            if dropout.is_some() {
                return None;
            }
            attention::evaluate(op, operands, &|_, _| 1.0)?
        }
        Op::Constant(number) => vec![*number],
        Op::Size(_) => vec![parameter as f64],
        Op::Literal(numbers) => numbers.to_vec(),
        Op::Iota { axis } => (0..count).map(|i| unravel(i, shape)[*axis] as f64).collect(),
        Op::Unary(unary) => operand(0)?.data.iter().map(|x| apply_unary(*unary, *x)).collect(),
        Op::Binary(binary) => {
            let pairs = operand(0)?.data.iter().zip(&operand(1)?.data);
            pairs.map(|(x, y)| apply_binary(*binary, *x, *y)).collect()
        }
        Op::Select => {
            let (c, x, y) = (operand(0)?, operand(1)?, operand(2)?);
            (0..count).map(|i| if c.data[i] != 0.0 { x.data[i] } else { y.data[i] }).collect()
        }
        Op::Reshape => operand(0)?.data.clone(),
        Op::Permute(permutation) => pull(operand(0)?, shape, |at| {
            let mut from = vec![0; at.len()];
            for (i, &axis) in permutation.iter().enumerate() {
                from[axis] = at[i];
            }
            Some(from)
        })?,
        Op::Broadcast => {
            let x = operand(0)?;
            pull(x, shape, |at| Some(at.iter().zip(&x.shape).map(|(i, n)| if *n == 1 { 0 } else { *i }).collect()))?
        }
        Op::Slice { axis, start: _, step } => {
            let x = operand(0)?;
            pull(x, shape, |at| {
                let position = i64::try_from(parameter).ok()? + step * i64::try_from(at[*axis]).ok()?;
                moved(at, *axis, usize::try_from(position).ok().filter(|p| *p < x.shape[*axis])?)
            })?
        }
        Op::Pad { axis, before: _, after: _, value } => {
            let x = operand(0)?;
            let inside = |at: &[usize]| at[*axis].checked_sub(parameter).filter(|p| *p < x.shape[*axis]);
            (0..count)
                .map(|i| {
                    let at = unravel(i, shape);
                    match inside(&at) {
                        Some(position) => x.data[ravel(&moved(&at, *axis, position).unwrap_or(at), &x.shape)],
                        None => *value,
                    }
                })
                .collect()
        }
        Op::Concat { axis } => {
            let mut result = Vec::with_capacity(count);
            for outer in 0..shape[..*axis].iter().product() {
                for x in operands {
                    let run: usize = x.shape[*axis..].iter().product();
                    result.extend_from_slice(&x.data[outer * run..(outer + 1) * run]);
                }
            }
            result
        }
        Op::Reduce { reduction, axes } => {
            let x = operand(0)?;
            let (start, combine): (f64, fn(f64, f64) -> f64) = match reduction {
                Reduction::Sum => (0.0, |a, b| a + b),
                Reduction::Maximum => (f64::NEG_INFINITY, |a, b| apply_binary(Binary::Maximum, a, b)),
                Reduction::Minimum => (f64::INFINITY, |a, b| apply_binary(Binary::Minimum, a, b)),
            };
            let mut result = vec![start; count];
            for (i, number) in x.data.iter().enumerate() {
                let mut at = unravel(i, &x.shape);
                axes.iter().for_each(|&axis| at[axis] = 0);
                let slot = &mut result[ravel(&at, shape)];
                *slot = combine(*slot, *number);
            }
            result
        }
        Op::ArgMax { axis } => lines(operand(0)?, *axis, |line| {
            let mut best = 0;
            for (i, number) in line.iter().enumerate() {
                // NaN counts as the largest, as in torch.
                if *number > line[best] || (number.is_nan() && !line[best].is_nan()) {
                    best = i;
                }
            }
            vec![best as f64]
        }),
        Op::CumulativeSum { axis, reverse } => lines(operand(0)?, *axis, |line| {
            let mut sum = 0.0;
            let mut result = line.to_vec();
            let mut add = |slot: &mut f64| {
                sum += *slot;
                *slot = sum;
            };
            match reverse {
                true => result.iter_mut().rev().for_each(&mut add),
                false => result.iter_mut().for_each(&mut add),
            }
            result
        }),
        Op::MatMul => {
            let (x, y) = (operand(0)?, operand(1)?);
            let rank = shape.len();
            let (m, n, k) = (shape[rank - 2], shape[rank - 1], x.shape[rank - 1]);
            let entry = |i: usize| {
                let (matrix, row, column) = (i / (m * n), i / n % m, i % n);
                (0..k).map(|j| x.data[(matrix * m + row) * k + j] * y.data[(matrix * k + j) * n + column]).sum()
            };
            (0..count).map(entry).collect()
        }
        Op::GatherRows => {
            let (x, rows) = (operand(0)?, operand(1)?);
            let run: usize = x.shape[1..].iter().product();
            let mut result = Vec::with_capacity(count);
            for row in &rows.data {
                let row = position(*row, x.shape[0])?;
                result.extend_from_slice(&x.data[row * run..(row + 1) * run]);
            }
            result
        }
        Op::ScatterRows { rows: _ } => {
            let (x, rows) = (operand(0)?, operand(1)?);
            let run: usize = shape[1..].iter().product();
            let mut result = vec![0.0; count];
            for (i, row) in rows.data.iter().enumerate() {
                let row = position(*row, shape[0])?;
                for j in 0..run {
                    result[row * run + j] += x.data[i * run + j];
                }
            }
            result
        }
        Op::TakeAlong { axis } => {
            let (x, positions) = (operand(0)?, operand(1)?);
            pull(x, shape, |at| {
                moved(at, *axis, position(positions.data[ravel(at, &positions.shape)], x.shape[*axis])?)
            })?
        }
        Op::PlaceAlong { axis, size: _ } => {
            let (x, positions) = (operand(0)?, operand(1)?);
            let mut result = vec![0.0; count];
            for (i, number) in x.data.iter().enumerate() {
                let to = moved(&unravel(i, &x.shape), *axis, position(positions.data[i], shape[*axis])?)?;
                result[ravel(&to, shape)] += *number;
            }
            result
        }
        Op::Softmax { axis } => lines(operand(0)?, *axis, |line| {
            let largest = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers: Vec<f64> = line.iter().map(|x| (x - largest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.iter().map(|p| p / sum).collect()
        }),
        Op::LogSoftmax { axis } => lines(operand(0)?, *axis, |line| {
            let largest = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = line.iter().map(|x| (x - largest).exp()).sum();
            line.iter().map(|x| x - largest - sum.ln()).collect()
        }),
        Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => {
            window::evaluate(op, operands, shape)?
        }
        Op::WindowArgMax(_) | Op::WindowSum(_) | Op::WindowSpread(_) => window::evaluate(op, operands, shape)?,
        Op::Recurrent { recurrence, keep } => recurrent::forward(*recurrence, *keep, operands)?,
        Op::RecurrentBackward(recurrence) => recurrent::backward(*recurrence, operands)?,
    })
}

/// The indices of the `i`-th element.
fn unravel(mut i: usize, shape: &[usize]) -> Vec<usize> {
    let mut at = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        at[axis] = i % shape[axis];
        i /= shape[axis];
    }
    at
}

/// The place of an element in row-major order.
fn ravel(at: &[usize], shape: &[usize]) -> usize {
    at.iter().zip(shape).fold(0, |i, (at, n)| i * n + at)
}

/// The indices with one replaced.
fn moved(at: &[usize], axis: usize, position: usize) -> Option<Vec<usize>> {
    let mut at = at.to_vec();
    *at.get_mut(axis)? = position;
    Some(at)
}

/// A whole number in `0 .. size` as a position.
fn position(number: f64, size: usize) -> Option<usize> {
    (number.fract() == 0.0 && number >= 0.0 && number < size as f64).then_some(number as usize)
}

/// The tensor whose element at `at` is the element of `x` at `from(at)`.
fn pull(x: &Tensor, shape: &[usize], from: impl Fn(&[usize]) -> Option<Vec<usize>>) -> Option<Vec<f64>> {
    let count = shape.iter().product();
    (0..count).map(|i| from(&unravel(i, shape)).and_then(|at| x.data.get(ravel(&at, &x.shape)).copied())).collect()
}

/// Replaces every line along an axis by what `f` makes of it; all results have one length.
fn lines(x: &Tensor, axis: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let n = x.shape[axis];
    let inner: usize = x.shape[axis + 1..].iter().product();
    let outer: usize = x.shape[..axis].iter().product();
    let mut result = Vec::new();
    for o in 0..outer {
        let columns: Vec<Vec<f64>> =
            (0..inner).map(|i| f(&(0..n).map(|j| x.data[(o * n + j) * inner + i]).collect::<Vec<f64>>())).collect();
        for j in 0..columns.first().map_or(0, Vec::len) {
            result.extend(columns.iter().map(|column| column[j]));
        }
    }
    result
}

fn truth(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

/// One number in, one out.
pub fn apply_unary(unary: Unary, x: f64) -> f64 {
    match unary {
        Unary::StopGradient | Unary::Again => x,
        Unary::Negate => -x,
        Unary::Absolute => x.abs(),
        Unary::Sign if x == 0.0 || x.is_nan() => x,
        Unary::Sign => x.signum(),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Reciprocal => 1.0 / x,
        Unary::Square => x * x,
        Unary::SquareRoot => x.sqrt(),
        Unary::ReciprocalSquareRoot => 1.0 / x.sqrt(),
        Unary::Exponential => x.exp(),
        Unary::Logarithm => x.ln(),
        Unary::LogarithmOnePlus => x.ln_1p(),
        Unary::Sine => x.sin(),
        Unary::Cosine => x.cos(),
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        // max(x, 0) + log(1 + exp(-|x|)): neither term overflows.
        Unary::Softplus => apply_unary(Unary::Relu, x) + (-x.abs()).exp().ln_1p(),
        Unary::ErrorFunction => error_function(x),
        Unary::Relu if x.is_nan() => x,
        Unary::Relu => x.max(0.0),
        Unary::Not => truth(x == 0.0),
    }
}

/// Two numbers in, one out.
pub fn apply_binary(binary: Binary, x: f64, y: f64) -> f64 {
    match binary {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide => x / y,
        Binary::Power => x.powf(y),
        Binary::Maximum | Binary::Minimum if x.is_nan() || y.is_nan() => f64::NAN,
        Binary::Maximum => x.max(y),
        Binary::Minimum => x.min(y),
        Binary::Equal => truth(x == y),
        Binary::NotEqual => truth(x != y),
        Binary::Less => truth(x < y),
        Binary::LessEqual => truth(x <= y),
        Binary::And => truth(x != 0.0 && y != 0.0),
        Binary::Or => truth(x != 0.0 || y != 0.0),
    }
}

/// `erf x = 2/√π exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1))` (Abramowitz and Stegun 7.1.6): all terms have one sign, so
/// nothing cancels.
fn error_function(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..400 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
        if term.abs() <= f64::EPSILON * 1e-2 * sum.abs() {
            break;
        }
    }
    2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp() * sum
}
