//! One position at a time: from a graph that computes all positions of a sequence, one that computes the next.
//!
//! What works position by position is computed for one position. Causal attention keeps the keys and values of the
//! positions before in states, and so does a recurrent layer its state; what does not depend on the sequence (learned
//! positions, angles) is computed whole, and the row of the position taken. Nothing that was computed before is
//! computed again.

use super::rewrite::full;
use super::sequence::{Sequence, Time, size};
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, InputKind, NodeId, Shape, State, StateRole, Update};
use crate::ir::init::Init;
use crate::ir::op::{Attention, Binary, Op, StateId};
use crate::ir::shape_rule::with_size;
use crate::source::Span;

/// The scalar input that says which position is computed, from 0.
pub const POSITION: &str = "position@";

/// The graph of one position: its inputs are those of the whole graph, the sequence with one position, and
/// [`POSITION`]; its states those of the whole graph and what it keeps. `None` where an output does not work along the
/// sequence, or something else than attention looks back.
pub fn stepwise(sequence: &Sequence) -> Option<Graph> {
    let old = &sequence.graph;
    let mut needed = vec![false; old.nodes.len()];
    for output in &old.outputs {
        sequence.axis(output.node)?;
        needed[output.node.index()] = true;
    }
    for (index, node) in old.nodes.iter().enumerate().rev() {
        if needed[index] {
            node.inputs.iter().for_each(|id| needed[id.index()] = true);
        }
    }
    let mut new = Graph { inputs: old.inputs.clone(), states: old.states.clone(), ..Graph::default() };
    let input = new.inputs.get_mut(sequence.input.0 as usize)?;
    input.shape = with_size(&input.shape, 1, Dim::constant(1));
    let (_, position) = new.add_input(POSITION, Vec::new(), InputKind::Scalar, Span::default());
    let mut stepper = Stepper { sequence, new, position, moved: vec![None; old.nodes.len()], kept: 0 };
    for index in (0..old.nodes.len()).filter(|i| needed[*i]) {
        let id = NodeId(index as u32);
        let node = old.node(id);
        let moved = match sequence.time[index] {
            Time::Free => {
                let inputs = node.inputs.iter().map(|id| stepper.moved[id.index()]).collect::<Option<Vec<_>>>()?;
                stepper.new.push(node.op.clone(), inputs, node.shape.clone(), node.span)
            }
            Time::At { .. } => stepper.step(id)?,
            Time::Rows { .. } | Time::Mixed => return None,
        };
        stepper.moved[index] = Some(moved);
    }
    for output in &old.outputs {
        let node = stepper.moved[output.node.index()]?;
        stepper.new.add_output(output.name.clone(), node);
    }
    crate::ir::verify::assert_verified(&stepper.new, "stepwise");
    Some(stepper.new)
}

struct Stepper<'a> {
    sequence: &'a Sequence,
    new: Graph,
    position: NodeId,
    /// Each node of the old graph: as it is, or for one position.
    moved: Vec<Option<NodeId>>,
    /// Names the states.
    kept: usize,
}

impl Stepper<'_> {
    /// The shape of one position.
    fn one(&self, id: NodeId) -> Option<Shape> {
        let shape = self.sequence.graph.shape(id);
        if let Some(axis) = self.sequence.axis(id) {
            return Some(with_size(shape, axis, Dim::constant(1)));
        }
        // Positions joined with another axis: that axis is shorter by their number.
        let Time::At { outer, inner } = self.sequence.time[id.index()] else { return None };
        let sizes = self.sequence.sizes(id);
        let length = self.sequence.length;
        let (mut before, mut after) = (1, sizes.iter().product::<usize>());
        for (axis, n) in sizes.iter().enumerate() {
            after /= (*n).max(1);
            if outer % before == 0 && inner % after == 0 && outer / before * length * (inner / after) == *n {
                return Some(with_size(shape, axis, Dim::from(n / length)));
            }
            before *= n;
        }
        None
    }

    /// An operand for one position, of a reader that has the sequence at this axis.
    fn operand(&mut self, id: NodeId, axis: usize) -> Option<NodeId> {
        let moved = self.moved[id.index()]?;
        if self.sequence.time[id.index()] != Time::Free {
            return Some(moved);
        }
        let shape = self.new.shape(moved).to_vec();
        let span = self.new.node(moved).span;
        if shape.get(axis).is_none_or(Dim::is_one) {
            return Some(moved);
        }
        let target = with_size(&shape, axis, Dim::constant(1));
        if let Some(number) = self.new.repeated_number(moved) {
            return Some(full(&mut self.new, number, &target, span));
        }
        // The position's row, with its axis in front.
        let mut order: Vec<usize> = (0..shape.len()).filter(|i| *i != axis).collect();
        order.insert(0, axis);
        let permuted = |shape: &[Dim], order: &[usize]| order.iter().map(|i| shape[*i].clone()).collect::<Shape>();
        let turned = self.new.push(Op::Permute(order.clone().into()), vec![moved], permuted(&shape, &order), span);
        let at = self.new.push(Op::Reshape, vec![self.position], vec![Dim::constant(1)], span);
        let row = self.new.push(Op::GatherRows, vec![turned, at], permuted(&target, &order), span);
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| back[*from] = to);
        Some(self.new.push(Op::Permute(back.into()), vec![row], target, span))
    }

    /// A node that works along the sequence, for one position.
    fn step(&mut self, id: NodeId) -> Option<NodeId> {
        let node = self.sequence.graph.node(id).clone();
        let shape = self.one(id)?;
        match &node.op {
            Op::Attention(attention) if attention.causal => return self.attend(id, *attention, shape),
            // These look back, and what they saw is not kept.
            Op::CumulativeSum { axis, .. } if self.sequence.axis(id) == Some(*axis) => return None,
            Op::Convolve { .. } | Op::Slice { .. }
                if node.inputs.iter().any(|id| matches!(self.sequence.time[id.index()], Time::Rows { .. })) =>
            {
                return None;
            }
            Op::Convolve { windows, .. } => {
                let axis = self.sequence.axis(id)?;
                if windows.get(axis.checked_sub(2)?)?.kernel != 1 {
                    return None;
                }
            }
            _ => {}
        }
        let axis = self.sequence.axis(id);
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for (i, operand) in node.inputs.iter().enumerate() {
            let is_free = self.sequence.time[operand.index()] == Time::Free;
            let whole = match node.op {
                // A table, keys and values, a matrix whose inner size is no sequence.
                Op::GatherRows => i == 0,
                Op::Attention(_) => i > 0,
                Op::MatMul => axis.is_some_and(|a| a + 2 >= self.sequence.graph.shape(id).len()),
                _ => false,
            };
            inputs.push(match axis {
                Some(axis) if is_free && !whole => self.operand(*operand, axis)?,
                _ => self.moved[operand.index()]?,
            });
        }
        Some(self.new.push(node.op, inputs, shape, node.span))
    }

    /// A state that takes the row of this position.
    fn keep(&mut self, what: &str, row: NodeId, span: Span) -> Option<NodeId> {
        let one = self.new.shape(row).to_vec();
        let shape = with_size(&one, 2, Dim::from(self.sequence.length));
        let path = format!("{what}@{}", self.kept).into();
        let state = State { path, shape: shape.clone(), role: StateRole::Buffer, init: Init::Full(0.0), span };
        let (id, before): (StateId, NodeId) = self.new.add_state(state);
        let line: Shape = (0..4).map(|i| if i == 2 { shape[2].clone() } else { Dim::constant(1) }).collect();
        let places = self.new.push(Op::Iota { axis: 2 }, vec![], line.clone(), span);
        let here = self.new.push(Op::Reshape, vec![self.position], vec![Dim::constant(1); 4], span);
        let here = self.new.push(Op::Broadcast, vec![here], line.clone(), span);
        let here = self.new.push(Op::Binary(Binary::Equal), vec![places, here], line, span);
        let here = self.new.push(Op::Broadcast, vec![here], shape.clone(), span);
        let row = self.new.push(Op::Broadcast, vec![row], shape.clone(), span);
        let value = self.new.push(Op::Select, vec![here, row, before], shape, span);
        self.new.updates.push(Update { state: id, value });
        Some(value)
    }

    /// Attention to the kept keys and values and to those of this position.
    fn attend(&mut self, id: NodeId, attention: Attention, shape: Shape) -> Option<NodeId> {
        let node = self.sequence.graph.node(id).clone();
        let &[q, k, v, _] = node.inputs.as_slice() else { return None };
        let row = |this: &Self, id: NodeId| this.moved[id.index()];
        let (q, k, v) = (row(self, q)?, row(self, k)?, row(self, v)?);
        let keys = self.keep("keys", k, node.span)?;
        let values = self.keep("values", v, node.span)?;
        self.kept += 1;
        let one = full(&mut self.new, 1.0, &[], node.span);
        let seen = self.new.push(Op::Binary(Binary::Add), vec![self.position, one], vec![], node.span);
        let examples = self.new.shape(q).first().map_or(0, size);
        let seen = self.new.push(Op::Reshape, vec![seen], vec![Dim::from(examples)], node.span);
        let op = Op::Attention(Attention { causal: false, ..attention });
        Some(self.new.push(op, vec![q, keys, values, seen], shape, node.span))
    }
}
