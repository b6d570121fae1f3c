//! Ragged dimensions: what keeps the padding of a batch out of every result.
//!
//! Along a ragged axis an example has its own number of positions; behind them a batch is padded. The law: the result
//! for a sequence in a padded batch equals the result for that sequence alone, and so do the gradients. It is kept
//! like this:
//!
//! - What stands at padded positions is *harmless*: numbers that the example itself has or might have. Inputs repeat
//!   their last position; what is done position by position keeps that, and operations whose results would be other
//!   than that put something harmless there.
//! - Operations that bring positions together replace the padding by what does not count: 0 in a sum, the lowest
//!   number in a maximum. They *select* and never multiply, because 0 · ∞ is NaN, also on the way back. So gradients
//!   that arrive at padded positions are exactly 0, and since the numbers there are harmless they stay 0.
//! - A ragged axis keeps its positions together: it is never merged behind another one, where the padding would come to
//!   stand between the numbers.
//!
//! Sizes computed from a ragged one (`T/2 - 1`) have lengths of their own: the same formula of the example's length.

use super::builder::Builder;
use super::problem::{Problem, Shape};
use super::tensor::{Kind, Tensor};
use crate::ir::dim::{Arithmetic, Dim, Var, VarKind, batch, show_shape};
use crate::ir::graph::{InputKind, NodeId};
use crate::ir::op::{Binary, InputId, Op, Unary};

/// Lower than any number that counts, and finite in single precision, so that nothing infinite enters a graph.
pub(super) const LOWEST: f64 = -3.0e38;

/// The operands of a metric over a ragged axis, the first of each: an example's own positions count, padding does not.
#[derive(Debug, Clone)]
pub struct OwnPositions {
    /// How many positions each example has, `[B]`.
    pub lengths: NodeId,
    /// How many numbers each operand has at a position.
    pub widths: Vec<usize>,
}

/// Arithmetic of dims in the graph, one number an example.
struct OwnSizes<'a>(&'a mut Builder);

impl OwnSizes<'_> {
    fn binary(&mut self, function: Binary, x: &Tensor, y: &Tensor) -> Tensor {
        self.0.scalars(function, x, y)
    }
}

impl Arithmetic for OwnSizes<'_> {
    type Number = Tensor;

    fn constant(&mut self, n: i64) -> Tensor {
        self.0.constant(n as f64)
    }

    fn variable(&mut self, variable: &Var) -> Tensor {
        match variable.kind {
            VarKind::Ragged => self.0.lengths(variable),
            VarKind::Batch | VarKind::Free => self.0.size(&Dim::var(variable.clone())),
        }
    }

    fn add(&mut self, x: Tensor, y: Tensor) -> Tensor {
        self.binary(Binary::Add, &x, &y)
    }

    fn multiply(&mut self, x: Tensor, y: Tensor) -> Tensor {
        self.binary(Binary::Multiply, &x, &y)
    }

    fn quotient(&mut self, x: Tensor, y: Tensor) -> Tensor {
        // Half a step from every whole number, a division that is rounded a little wrong still rounds down right.
        let half = self.0.constant(0.5);
        let x = self.binary(Binary::Add, &x, &half);
        let quotient = self.binary(Binary::Divide, &x, &y);
        self.0.unary(Unary::Floor, &quotient)
    }
}

impl Builder {
    /// A ragged size: each example's own.
    pub(super) fn own_size(&mut self, dim: &Dim) -> Tensor {
        dim.compute(&mut OwnSizes(self))
    }

    /// Each example's own length of a ragged dimension.
    fn lengths(&mut self, variable: &Var) -> Tensor {
        let kind = InputKind::Lengths { variable: variable.id };
        let declared = self.graph.inputs.iter().position(|i| i.kind == kind).map(|i| InputId(i as u32));
        let existing = declared.and_then(|id| self.graph.nodes.iter().position(|n| n.op == Op::Input(id)));
        let node = match existing {
            Some(node) => NodeId(node as u32),
            None => {
                let name = self.lengths_name(variable);
                self.graph.add_input(name, vec![batch()], kind, self.span).1
            }
        };
        self.tensor(node, Vec::new(), true)
    }

    /// A function of two scalars, which fit each other always.
    fn scalars(&mut self, function: Binary, x: &Tensor, y: &Tensor) -> Tensor {
        match self.binary(function, x, y) {
            Ok(result) => result,
            Err(_) => x.clone(),
        }
    }

    /// Which positions of a ragged axis an example has: `[T]`, true before the end.
    pub fn mask(&mut self, dim: &Dim) -> Tensor {
        let positions = self.positions(dim);
        let length = self.own_size(dim);
        self.scalars(Binary::Less, &positions, &length)
    }

    /// Position of an example's last one along an axis of this size; 0 where it has none.
    pub(super) fn last_position(&mut self, dim: &Dim) -> Tensor {
        let length = self.size(dim);
        let last = self.offset(&length, -1.0);
        self.with_scalar(Binary::Maximum, &last, 0.0).with_kind(Kind::Int)
    }

    /// The smaller of each position and the example's last one.
    pub(super) fn up_to_last(&mut self, positions: &Tensor, dim: &Dim) -> Tensor {
        let last = self.last_position(dim);
        self.scalars(Binary::Minimum, positions, &last).with_kind(Kind::Int)
    }

    /// `x` with a number in place of the padding along those of the axes that are ragged; `x` itself where none is.
    pub fn masked(&mut self, x: &Tensor, axes: &[usize], fill: f64) -> Tensor {
        let mut inside: Option<Tensor> = None;
        for axis in axes {
            let Some(size) = x.shape.get(*axis).filter(|size| size.is_ragged()).cloned() else { continue };
            let mask = self.mask(&size);
            let mut aligned = vec![Dim::constant(1); x.rank()];
            aligned[*axis] = size;
            let mask = self.reshape_to(&mask, aligned);
            inside = Some(match inside {
                None => mask,
                Some(inside) => self.scalars(Binary::And, &inside, &mask),
            });
        }
        let Some(inside) = inside else { return x.clone() };
        let fill = self.constant(fill);
        match self.select(&inside, x, &fill) {
            Ok(masked) => masked.with_kind(x.kind.clone()).with_role(x.role),
            Err(_) => x.clone(),
        }
    }
}

/// Positions of a ragged axis that differ from example to example: those counted from its end.
impl Builder {
    /// `x` at these positions along an axis, `[M]` of them, whole numbers in the example or its padding.
    ///
    /// The examples' positions are the rows of one table, so that whole rows are copied.
    fn at_positions(&mut self, x: &Tensor, axis: usize, positions: &Tensor) -> Tensor {
        let mut order: Vec<usize> = (0..x.rank()).filter(|i| *i != axis).collect();
        order.insert(0, axis);
        let (Ok(x), Ok(positions)) =
            (self.broadcast_to(x, &x.shape, true), self.broadcast_to(positions, &positions.shape, true))
        else {
            return x.clone();
        };
        let lines = self.permute(&x, &order);
        let (Some((size, rest)), Some(count)) = (lines.shape.split_first(), positions.shape.first()) else { return x };
        let (size, rest, count) = (size.clone(), rest.to_vec(), count.clone());
        let rows = batch() * size.clone();
        let table = self.reshape_node(lines.node, std::iter::once(rows).chain(rest.iter().cloned()).collect());
        // An example's rows begin behind those of the examples before it.
        let example = self.graph.push(Op::Iota { axis: 0 }, Vec::new(), vec![batch()], self.span);
        let example = self.tensor(example, Vec::new(), true);
        let padded = self.emit(Op::Size(size), Vec::new(), Vec::new(), false);
        let begin = self.scalars(Binary::Multiply, &example, &padded);
        let rows = self.scalars(Binary::Add, &positions, &begin);
        let shape: Shape = std::iter::once(count).chain(rest).collect();
        let taken = self.emit(Op::GatherRows, vec![table, rows.node], shape, true);
        let taken = Tensor { kind: x.kind.clone(), role: x.role, ..taken };
        self.permute(&taken, &inverse(&order))
    }

    /// `count` positions of a ragged axis, the first of them counted from each example's own end (-1 is the last one).
    pub(super) fn counted_from_end(&mut self, x: &Tensor, axis: usize, first: i64, count: i64) -> Tensor {
        let first = self.own_size(&(x.shape[axis].clone() + Dim::constant(first)));
        let steps = self.positions(&Dim::constant(count));
        let positions = self.scalars(Binary::Add, &steps, &first);
        // An example that is too short has no such position.
        let positions = self.with_scalar(Binary::Maximum, &positions, 0.0);
        self.at_positions(x, axis, &positions)
    }

    /// The positions of each example in reverse order.
    pub(super) fn flipped_at_own_end(&mut self, x: &Tensor, axis: usize, size: &Dim) -> Tensor {
        let positions = self.iota(size);
        let last = self.last_position(size);
        let positions = self.scalars(Binary::Subtract, &last, &positions);
        self.at_positions(x, axis, &positions)
    }

    /// Moves the positions of each example along an axis, those that leave at the end in again at the beginning:
    /// `y[t] = x[(t - shift) mod T]`.
    pub fn roll(&mut self, x: &Tensor, axis: usize, shift: i64) -> Tensor {
        let size = x.shape.get(axis).cloned().unwrap_or_default();
        let positions = self.iota(&size);
        let from = self.offset(&positions, -(shift as f64));
        let length = self.size(&size);
        let length = self.with_scalar(Binary::Maximum, &length, 1.0);
        let half_a_step_on = self.offset(&from, 0.5);
        let rounds = self.scalars(Binary::Divide, &half_a_step_on, &length);
        let rounds = self.unary(Unary::Floor, &rounds);
        let whole_rounds = self.scalars(Binary::Multiply, &rounds, &length);
        let positions = self.scalars(Binary::Subtract, &from, &whole_rounds);
        self.at_positions(x, axis, &positions)
    }

    /// A concatenation in which something stands behind a ragged part: it begins where each example's own part ends.
    /// `ragged` is the first such part.
    pub(super) fn concat_behind(&mut self, parts: &[Tensor], ragged: usize, axis: usize) -> Result<Tensor, Problem> {
        let (front, behind) = parts.split_at(ragged + 1);
        let front = self.concat(front, axis as i64)?;
        let behind = self.concat(behind, axis as i64)?;
        let split = front.shape[axis].clone();
        let size = split.clone() + behind.shape[axis].clone();
        // First with the padding in between, then without.
        let batched = front.batched || behind.batched;
        let mut shape = front.shape.clone();
        shape[axis] = size.clone();
        let x = self.broadcast_to(&front, &front.shape, batched)?;
        let y = self.broadcast_to(&behind, &behind.shape, batched)?;
        let op = Op::Concat { axis: axis + usize::from(batched) };
        let joined = self.emit(op, vec![x.node, y.node], shape, batched);
        let kind = if front.kind == behind.kind { front.kind.clone() } else { Kind::Float };
        let positions = self.iota(&size);
        let own = self.own_size(&split);
        let padded = self.emit(Op::Size(split), Vec::new(), Vec::new(), false);
        let padding = self.scalars(Binary::Subtract, &padded, &own);
        let further = self.scalars(Binary::Add, &positions, &padding);
        let is_front = self.scalars(Binary::Less, &positions, &own);
        let positions = self.select(&is_front, &positions, &further)?;
        Ok(self.at_positions(&joined.with_kind(kind), axis, &positions))
    }

    /// Refuses to read numbers in another shape where a ragged axis would not stay whole.
    pub fn check_ragged_axes(&self, from: &[Dim], to: &[Dim]) -> Result<(), Problem> {
        if keeps_ragged_axes_whole(from, to) {
            return Ok(());
        }
        let size = from.iter().chain(to).find(|d| d.is_ragged()).cloned().unwrap_or_default();
        let why = format!(
            "in {} the padding of the batch would come to stand between the numbers of a sequence",
            show_shape(to)
        );
        let instead = format!("keep {size} an axis of its own, or put it in front of the axes it is merged with");
        Err(Problem::Ragged { size, why, instead })
    }
}

impl Builder {
    /// Tensors to be read position by position outside of the graph: a ragged axis comes first in each. With them, how
    /// many positions each example has, and how many numbers each tensor has at one. None where nothing is ragged.
    pub fn ragged_operands(&mut self, operands: &[Tensor]) -> Result<(Vec<Tensor>, Option<OwnPositions>), Problem> {
        let ragged = |x: &Tensor| x.shape.iter().find(|d| d.is_ragged()).cloned();
        let Some(size) = operands.iter().find_map(ragged) else { return Ok((operands.to_vec(), None)) };
        let (mut first, mut widths) = (Vec::new(), Vec::new());
        for x in operands {
            let (order, others): (Vec<usize>, Vec<usize>) = (0..x.rank()).partition(|axis| x.shape[*axis] == size);
            let inner = others.iter().filter_map(|axis| x.shape.get(*axis)?.as_constant()).collect::<Vec<i64>>();
            if order.len() != 1 || inner.len() != others.len() {
                let why = format!("{} has other open sizes than {size} to count along", show_shape(&x.shape));
                let instead = "reduce all but one of them first".into();
                return Err(Problem::Ragged { size, why, instead });
            }
            widths.push(inner.iter().map(|n| usize::try_from(*n).unwrap_or(1)).product());
            let order: Vec<usize> = order.into_iter().chain(others).collect();
            let x = self.broadcast_to(x, &x.shape, true)?;
            first.push(self.permute(&x, &order));
        }
        let lengths = self.own_size(&size);
        Ok((first, Some(OwnPositions { lengths: lengths.node, widths })))
    }
}

/// An order of axes in which a ragged one comes first: then the place of a number in its example does not depend on
/// how long the padding is.
pub(super) fn ragged_axis_first(shape: &[Dim]) -> Result<Vec<usize>, Problem> {
    let (mut order, others): (Vec<usize>, Vec<usize>) = (0..shape.len()).partition(|axis| shape[*axis].is_ragged());
    if let [_, second, ..] = order.as_slice() {
        let why = "random numbers along two ragged axes would depend on how far the batch is padded".into();
        let instead = "draw along one of them".into();
        return Err(Problem::Ragged { size: shape[*second].clone(), why, instead });
    }
    order.extend(others);
    Ok(order)
}

/// The permutation that undoes one.
pub(super) fn inverse(order: &[usize]) -> Vec<usize> {
    let mut back = vec![0; order.len()];
    for (to, from) in order.iter().enumerate() {
        back[*from] = to;
    }
    back
}

/// Whether a ragged axis stays whole where numbers of one shape are read in another: axes that become others, taken
/// together, may begin with a ragged one, and no other may be.
fn keeps_ragged_axes_whole(from: &[Dim], to: &[Dim]) -> bool {
    let sizes = |shape: &[Dim]| shape.iter().filter(|d| !d.is_one()).cloned().collect::<Shape>();
    let (from, to) = (sizes(from), sizes(to));
    if !from.iter().chain(&to).any(Dim::is_ragged) {
        return true;
    }
    let (mut i, mut j) = (0, 0);
    while i < from.len() && j < to.len() {
        let (first_i, first_j) = (i, j);
        let (mut left, mut right) = (from[i].clone(), to[j].clone());
        while left != right {
            // The shorter product takes another axis: the one that divides the other, where they are not numbers.
            let is_left_shorter = match (left.as_constant(), right.as_constant()) {
                (Some(left), Some(right)) => left < right,
                _ => right.exact_quotient(&left).is_some(),
            };
            if let Some(next) = from.get(i + 1).filter(|_| is_left_shorter) {
                left = left * next.clone();
                i += 1;
            } else if let Some(next) = to.get(j + 1) {
                right = right * next.clone();
                j += 1;
            } else if let Some(next) = from.get(i + 1) {
                left = left * next.clone();
                i += 1;
            } else {
                return false;
            }
        }
        let rest = from[first_i + 1..=i].iter().chain(&to[first_j + 1..=j]);
        if (i > first_i || j > first_j) && rest.into_iter().any(Dim::is_ragged) {
            return false;
        }
        i += 1;
        j += 1;
    }
    i == from.len() && j == to.len()
}
