//! Loops: a graph that is run once for each position of an axis, handing values on from step to step.
//!
//! As `jax.lax.scan`. The inputs of the body are, in order, the *carries* (what a step gets from the one before), the
//! *scanned* operands (each step gets its position of their first axis) and the *captured* ones (the same in every
//! step); its outputs are the next carries, in order, and what each step gives, *stacked* along a new first axis.
//!
//! A node has one result, so that of a scan is flat: its parts lie one behind the other, and readers take theirs out
//! by slice and reshape, which costs nothing. A carry that is *traced* leaves `steps + 1` entries, by position: where
//! the scan runs forward, entry 0 is the initial value and entry `t + 1` that after step `t`; where it runs in
//! reverse, entry `t` is the value after step `t` and the last entry the initial one. A carry that is not leaves its
//! last value alone.

use super::dim::Dim;
use super::graph::{Graph, NodeId, Shape};
use super::op::Op;
use super::shape_rule::{Mismatch, element_count, shapes_agree};
use crate::source::Span;

/// A loop, see the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// One step. It has no states and no updates.
    pub body: Graph,
    /// For each carry, whether all its values are wanted or the last one alone.
    pub traced: Vec<bool>,
    /// Number of scanned operands.
    pub scanned: usize,
    /// How often the body runs; at least once.
    pub steps: Dim,
    /// Whether the last position comes first.
    pub reverse: bool,
}

/// What an operand of a scan, which is also the input of this number of its body, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// The initial value of a carry.
    Carry,
    /// One position a step.
    Scanned,
    /// The same in all steps.
    Captured,
}

impl Scan {
    /// Number of carries.
    pub fn carries(&self) -> usize {
        self.traced.len()
    }

    /// Number of results of each step.
    pub fn stacked(&self) -> usize {
        self.body.outputs.len().saturating_sub(self.carries())
    }

    /// What an operand is.
    pub fn operand(&self, index: usize) -> Operand {
        match index {
            i if i < self.carries() => Operand::Carry,
            i if i < self.carries() + self.scanned => Operand::Scanned,
            _ => Operand::Captured,
        }
    }

    /// The shape of an input of the body.
    pub fn input_shape(&self, input: usize) -> &[Dim] {
        self.body.inputs.get(input).map_or(&[], |i| &i.shape)
    }

    /// The shape of an output of the body.
    pub fn output_shape(&self, output: usize) -> &[Dim] {
        self.body.outputs.get(output).and_then(|o| self.body.nodes.get(o.node.index())).map_or(&[], |n| &n.shape)
    }

    /// The shapes of the parts of the result: those of the carries, then what is stacked.
    pub fn parts(&self) -> Vec<Shape> {
        let along = |steps: Dim, shape: &[Dim]| std::iter::once(steps).chain(shape.iter().cloned()).collect::<Shape>();
        let carry = |(i, traced): (usize, &bool)| match traced {
            true => along(self.steps.clone() + Dim::constant(1), self.input_shape(i)),
            false => self.input_shape(i).to_vec(),
        };
        let mut parts: Vec<Shape> = self.traced.iter().enumerate().map(carry).collect();
        parts
            .extend((self.carries()..self.body.outputs.len()).map(|o| along(self.steps.clone(), self.output_shape(o))));
        parts
    }

    /// Where a part begins in the result, and its shape.
    pub fn part(&self, part: usize) -> (Dim, Shape) {
        let mut parts = self.parts();
        let start = parts.iter().take(part).fold(Dim::constant(0), |sum, shape| sum + element_count(shape));
        let shape = if part < parts.len() { parts.swap_remove(part) } else { Shape::new() };
        (start, shape)
    }

    /// The shape of the result.
    pub fn result(&self) -> Shape {
        vec![self.parts().iter().fold(Dim::constant(0), |sum, shape| sum + element_count(shape))]
    }

    /// The positions in the order in which they are visited, of so many.
    pub fn positions(&self, steps: usize) -> impl Iterator<Item = usize> + use<> {
        let reverse = self.reverse;
        (0..steps).map(move |i| if reverse { steps - 1 - i } else { i })
    }

    /// The entry of a trace that holds the carry before the step at a position, and that which holds it after.
    pub fn entries(&self, position: usize) -> (usize, usize) {
        if self.reverse { (position + 1, position) } else { (position, position + 1) }
    }

    /// Checks the operands' shapes and gives the result's. The body is verified apart.
    pub(super) fn result_shape(&self, of: &[&[Dim]]) -> Result<Shape, Mismatch> {
        let same = |what, expected: &[Dim], found: &[Dim]| match shapes_agree(expected, found) {
            true => Ok(()),
            false => Err(Mismatch::Shape { of: what, expected: expected.to_vec(), found: found.to_vec() }),
        };
        if self.carries() + self.scanned > self.body.inputs.len() || self.body.outputs.len() < self.carries() {
            return Err(Mismatch::Undeclared("carry"));
        }
        if !self.body.states.is_empty() || !self.body.updates.is_empty() {
            return Err(Mismatch::Bounds("a state in the body of a scan"));
        }
        for (i, found) in of.iter().enumerate() {
            let shape = self.input_shape(i);
            match self.operand(i) {
                Operand::Carry => {
                    same("an initial value", shape, found)?;
                    same("the next value of a carry", shape, self.output_shape(i))?;
                }
                Operand::Scanned => {
                    let all: Shape = std::iter::once(&self.steps).chain(shape).cloned().collect();
                    same("a scanned operand", &all, found)?;
                }
                Operand::Captured => same("a captured operand", shape, found)?,
            }
        }
        Ok(self.result())
    }
}

/// Appends the nodes that take a part out of the flat result of a scan.
pub fn take_part(graph: &mut Graph, node: NodeId, part: usize, span: Span) -> Option<NodeId> {
    let Op::Scan(scan) = &graph.node(node).op else { return None };
    let (start, shape) = scan.part(part);
    let count = element_count(&shape);
    let flat = match graph.shape(node) == [count.clone()] {
        true => node,
        false => graph.push(Op::Slice { axis: 0, start, step: 1 }, vec![node], vec![count], span),
    };
    Some(if graph.shape(flat) == shape { flat } else { graph.push(Op::Reshape, vec![flat], shape, span) })
}

/// Tells the draws of one step from those of another: what stands for "no scan" (0), or for the step that the scan
/// itself stands in, and the position become one number.
pub fn within(outer: u64, position: usize) -> u64 {
    // The finaliser of splitmix64 over an odd multiple, which is a bijection for each outer step.
    let mut x = outer.rotate_left(17) ^ (position as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
