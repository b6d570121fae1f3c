//! Backward through a scan: a scan in the other direction.
//!
//! Its carries are the gradients of the forward carries; a step gets the values that the carries had before the
//! forward step (the trace), runs the body once more, as far as it is needed, and then its backward. So nothing of the
//! inside of a step is kept between the passes.
//!
//! The gradient of a captured value is a sum over the steps. Where what is summed is a product of matrices, as it is
//! for weights, the factors are kept instead and multiplied for all steps at once behind the scan: one large product
//! rather than many small ones. Other sums run in a carry.

use super::Emitter;
use crate::ir::dim::Dim;
use crate::ir::graph::{NodeId, Shape};
use crate::ir::op::{Op, Reduction};
use crate::ir::scan::{Operand, Scan, take_part};
use crate::ir::scan_draft::Draft;
use crate::ir::shape_rule::with_size;
use crate::source::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether gradient flows from the result to an operand: whether the input of the body reaches an output, through as
/// many steps as it takes.
pub(super) fn flows(scan: &Scan, operand: usize) -> bool {
    let mut start = vec![false; scan.body.inputs.len()];
    if let Some(slot) = start.get_mut(operand) {
        *slot = true;
    }
    let reached = reached(scan, start);
    scan.body.outputs.iter().any(|o| reached.get(o.node.index()) == Some(&true))
}

/// The nodes of the body that depend on the marked inputs, in this step or a later one.
fn reached(scan: &Scan, mut from: Vec<bool>) -> Vec<bool> {
    loop {
        let mut depends: Vec<bool> = Vec::with_capacity(scan.body.nodes.len());
        for node in &scan.body.nodes {
            depends.push(match &node.op {
                Op::Input(id) => from.get(id.0 as usize) == Some(&true),
                op => {
                    let mut operands = node.inputs.iter().enumerate();
                    operands.any(|(i, x)| depends.get(x.index()) == Some(&true) && super::rules::flows(op, i))
                }
            });
        }
        let mut changed = false;
        for (carry, output) in scan.body.outputs.iter().take(scan.carries()).enumerate() {
            if depends.get(output.node.index()) == Some(&true) && !std::mem::replace(&mut from[carry], true) {
                changed = true;
            }
        }
        if !changed {
            return depends;
        }
    }
}

/// The gradients of the operands of a scan that are wanted.
pub(super) fn gradients(e: &mut Emitter, node: NodeId, g: NodeId, wanted: &[bool]) -> Vec<Option<NodeId>> {
    let Op::Scan(scan) = e.graph().node(node).op.clone() else { return Vec::new() };
    let operands = e.graph().node(node).inputs.clone();
    let wants = |i: usize| wanted.get(i).copied().unwrap_or(false);
    let mut pass = Backward::new(e, &scan, node, &operands, g);

    // Which carries have a gradient that somebody wants.
    let from: Vec<bool> = (0..operands.len()).map(wants).collect();
    let depends = reached(&scan, from.clone());
    let is_reached = |output: usize| scan.body.outputs.get(output).is_some_and(|o| depends[o.node.index()]);
    let active: Vec<usize> = (0..scan.carries()).filter(|c| from[*c] || is_reached(*c)).collect();

    // What the outputs of a step have as their gradients.
    let mut seeds: Vec<(NodeId, NodeId)> = Vec::new();
    for carry in &active {
        let gradient = pass.carry_gradient(e, *carry);
        seeds.push((pass.values[scan.body.outputs[*carry].node.index()], gradient));
    }
    for output in (scan.carries()..scan.body.outputs.len()).filter(|o| is_reached(*o)) {
        let gradient = pass.result_gradient(e, output);
        seeds.push((pass.values[scan.body.outputs[output].node.index()], gradient));
    }
    let asked: Vec<usize> =
        (0..operands.len()).filter(|i| if *i < scan.carries() { active.contains(i) } else { wants(*i) }).collect();
    let wrt: Vec<NodeId> = asked.iter().map(|i| pass.inputs[*i]).collect();
    let found = super::pull_back(&mut pass.draft.body, &seeds, &wrt);
    pass.read_traces();

    for (number, _) in active.iter().enumerate() {
        let next = match found[number] {
            Some(next) => next,
            None => {
                let like = wrt[number];
                Emitter::new(&mut pass.draft.body, pass.span).full_like(0.0, like)
            }
        };
        pass.draft.set_next(number, next, false);
    }
    // The gradients of scanned operands first: sums may be taken of what they keep.
    let mut kept: Vec<(usize, usize)> = Vec::new();
    for (i, gradient) in asked.iter().zip(&found) {
        if let (Operand::Scanned, Some(gradient)) = (scan.operand(*i), gradient) {
            let name = format!("d {}", scan.body.inputs[*i].name);
            kept.push((*i, pass.keep(&name, *gradient)));
        }
    }
    let captured: Vec<(usize, NodeId)> = asked
        .iter()
        .zip(&found)
        .filter(|(i, _)| scan.operand(**i) == Operand::Captured)
        .filter_map(|(i, gradient)| gradient.map(|g| (*i, g)))
        .collect();
    for (_, gradient) in &captured {
        pass.keep_factors(*gradient);
    }
    let sums: Vec<(usize, Sum)> = captured
        .into_iter()
        .map(|(i, gradient)| {
            let name = format!("d {}", scan.body.inputs[i].name);
            (i, pass.sum(e, &name, gradient))
        })
        .collect();

    pass.finish(e, &active, kept, sums, operands.len())
}

/// What a sum over the steps is made of, behind the scan.
enum Sum {
    /// The last value of a carry of the backward scan.
    Carry(usize),
    /// `a @ b` in each step; whether `a` is kept transposed.
    Product {
        a: Kept,
        a_transposed: bool,
        b: Kept,
    },
    /// Each step's sum over axes.
    Reduced {
        x: Kept,
        axes: Arc<[usize]>,
        shape: Shape,
    },
    Add(Box<Sum>, Box<Sum>),
    Permute(Arc<[usize]>, Box<Sum>),
    Reshape(Shape, Box<Sum>),
}

/// Something that is there for all steps, along a first axis.
#[derive(Debug, Clone, Copy)]
enum Kept {
    /// A node outside.
    Outside(NodeId),
    /// A stacked result of the backward scan.
    Stacked(usize),
}

/// The backward scan under construction.
struct Backward<'s> {
    scan: &'s Scan,
    draft: Draft,
    span: Span,
    g: NodeId,
    /// Of each input of the body, what it is in the backward body.
    inputs: Vec<NodeId>,
    /// Of each node of the body, its copy.
    values: Vec<NodeId>,
    /// Copies of next carries, and the trace's entry that has their value.
    traced: Vec<(NodeId, NodeId)>,
    /// Nodes of the backward body that are kept for all steps.
    kept: BTreeMap<NodeId, usize>,
}

impl<'s> Backward<'s> {
    /// Copies the body, with the values of the carries from their traces.
    fn new(e: &mut Emitter, scan: &'s Scan, node: NodeId, operands: &[NodeId], g: NodeId) -> Self {
        let span = e.span();
        // A carry without a trace has none of its values here: the forward pass is repeated with traces.
        let forward = match scan.traced.iter().all(|t| *t) {
            true => node,
            false => {
                let traced = Scan { traced: vec![true; scan.carries()], ..scan.clone() };
                let shape = traced.result();
                e.push(Op::Scan(Arc::new(traced)), operands, shape)
            }
        };
        let mut draft = Draft::new();
        let (mut inputs, mut after) = (Vec::new(), Vec::new());
        for (i, operand) in operands.iter().enumerate() {
            let (name, shape) = (scan.body.inputs[i].name.clone(), scan.input_shape(i).to_vec());
            inputs.push(match scan.operand(i) {
                Operand::Carry => {
                    let (before, behind) = halves(e, scan, forward, i);
                    after.push(draft.scanned(&format!("{name} after"), behind, shape.clone(), span));
                    draft.scanned(&name, before, shape, span)
                }
                Operand::Scanned => draft.scanned(&name, *operand, shape, span),
                Operand::Captured => draft.captured(&name, *operand, shape, span),
            });
        }
        let mut values: Vec<NodeId> = Vec::with_capacity(scan.body.nodes.len());
        for node in &scan.body.nodes {
            values.push(match &node.op {
                Op::Input(id) => inputs[id.0 as usize],
                op => {
                    let operands = node.inputs.iter().map(|x| values[x.index()]).collect();
                    draft.body.push(op.clone(), operands, node.shape.clone(), node.span)
                }
            });
        }
        let computed = |output: NodeId| !matches!(scan.body.node(output).op, Op::Input(_));
        let outputs = scan.body.outputs.iter().take(scan.carries());
        let traced = outputs
            .zip(&after)
            .filter(|(o, _)| computed(o.node) && scan.body.repeated_number(o.node).is_none())
            .map(|(o, after)| (values[o.node.index()], *after))
            .collect();
        Backward { scan, draft, span, g, inputs, values, traced, kept: BTreeMap::new() }
    }

    /// Adds the carry with the gradient of a carry; the gradient of its next value in a step.
    fn carry_gradient(&mut self, e: &mut Emitter, carry: usize) -> NodeId {
        let name = format!("d {}", self.scan.body.inputs[carry].name);
        let shape = self.scan.input_shape(carry).to_vec();
        if !self.scan.traced[carry] {
            let initial = part_of(e, self.scan, self.g, carry);
            return self.draft.carry(&name, initial, shape, self.span);
        }
        let zero = e.full(0.0, &shape);
        let gradient = self.draft.carry(&name, zero, shape.clone(), self.span);
        let trace = part_of(e, self.scan, self.g, carry);
        let (_, after) = halves_of(e, self.scan, trace);
        let own = self.draft.scanned(&format!("{name} after"), after, shape, self.span);
        Emitter::new(&mut self.draft.body, self.span).add(gradient, own)
    }

    /// The gradient of what a step gives.
    fn result_gradient(&mut self, e: &mut Emitter, output: usize) -> NodeId {
        let all = part_of(e, self.scan, self.g, output);
        let name = format!("d {}", self.scan.body.outputs[output].name);
        self.draft.scanned(&name, all, self.scan.output_shape(output).to_vec(), self.span)
    }

    /// Lets everything that reads the next value of a carry read the trace, which has it already.
    fn read_traces(&mut self) {
        for node in &mut self.draft.body.nodes {
            for input in &mut node.inputs {
                if let Some((_, after)) = self.traced.iter().find(|(value, _)| value == input) {
                    *input = *after;
                }
            }
        }
    }

    /// Keeps a node of the backward body for all steps.
    fn keep(&mut self, name: &str, node: NodeId) -> usize {
        match self.kept.get(&node) {
            Some(result) => *result,
            None => {
                let result = self.draft.stack(name, node);
                self.kept.insert(node, result);
                result
            }
        }
    }

    fn kept(&mut self, name: &str, node: NodeId) -> Kept {
        match self.draft.scanned_from(node) {
            Some(outside) => Kept::Outside(outside),
            None => Kept::Stacked(self.keep(name, node)),
        }
    }

    fn kept_already(&self, node: NodeId) -> Option<Kept> {
        let outside = self.draft.scanned_from(node).map(Kept::Outside);
        outside.or_else(|| self.kept.get(&node).map(|result| Kept::Stacked(*result)))
    }

    /// The factors of a product of matrices; the left one without its transposition.
    fn factors(&self, node: NodeId) -> Option<(NodeId, bool, NodeId)> {
        let body = &self.draft.body;
        let (Op::MatMul, &[a, b]) = (&body.node(node).op, body.node(node).inputs.as_slice()) else { return None };
        if body.shape(node).len() != 2 {
            return None;
        }
        match (&body.node(a).op, body.node(a).inputs.as_slice()) {
            (Op::Permute(p), [x]) if **p == [1, 0] => Some((*x, true, b)),
            _ => Some((a, false, b)),
        }
    }

    /// The operands of a node through which a sum over the steps passes.
    fn summands(&self, node: NodeId) -> Vec<NodeId> {
        let this = self.draft.body.node(node);
        match &this.op {
            Op::Binary(crate::ir::op::Binary::Add) | Op::Permute(_) | Op::Reshape => this.inputs.clone(),
            _ => Vec::new(),
        }
    }

    /// Keeps the factors of the products in a sum, so that other sums find them.
    fn keep_factors(&mut self, node: NodeId) {
        if let Some((a, _, b)) = self.factors(node) {
            self.kept("factor", a);
            self.kept("factor", b);
        }
        for summand in self.summands(node) {
            self.keep_factors(summand);
        }
    }

    /// The sum over all steps of a node of the backward body.
    fn sum(&mut self, e: &mut Emitter, name: &str, node: NodeId) -> Sum {
        if let Some((a, a_transposed, b)) = self.factors(node) {
            return Sum::Product { a: self.kept("factor", a), a_transposed, b: self.kept("factor", b) };
        }
        let (op, shape) = (self.draft.body.node(node).op.clone(), self.draft.body.shape(node).to_vec());
        match (&op, self.summands(node).as_slice()) {
            (Op::Permute(permutation), [x]) => Sum::Permute(permutation.clone(), Box::new(self.sum(e, name, *x))),
            (Op::Reshape, [x]) => Sum::Reshape(shape, Box::new(self.sum(e, name, *x))),
            (_, [x, y]) => Sum::Add(Box::new(self.sum(e, name, *x)), Box::new(self.sum(e, name, *y))),
            _ => {
                if let (Op::Reduce { reduction: Reduction::Sum, axes }, &[x]) =
                    (&op, self.draft.body.node(node).inputs.as_slice())
                    && let Some(x) = self.kept_already(x)
                {
                    return Sum::Reduced { x, axes: axes.clone(), shape };
                }
                let zero = e.full(0.0, &shape);
                let carry = self.draft.carries();
                let before = self.draft.carry(name, zero, shape, self.span);
                let after = Emitter::new(&mut self.draft.body, self.span).add(before, node);
                self.draft.set_next(carry, after, false);
                Sum::Carry(carry)
            }
        }
    }

    /// Appends the backward scan and takes the gradients out of it.
    fn finish(
        self,
        e: &mut Emitter,
        active: &[usize],
        kept: Vec<(usize, usize)>,
        sums: Vec<(usize, Sum)>,
        operands: usize,
    ) -> Vec<Option<NodeId>> {
        let Backward { scan, draft, span, g, .. } = self;
        let carries = draft.carries();
        let (backward, inputs) = draft.finish(scan.steps.clone(), !scan.reverse);
        let shape = backward.result();
        let backward = e.push(Op::Scan(Arc::new(backward)), &inputs, shape);
        let taker = Taker { backward, carries, span };
        let mut result = vec![None; operands];
        for (number, carry) in active.iter().enumerate() {
            let gradient = taker.part(e, number);
            result[*carry] = Some(match scan.traced[*carry] {
                false => gradient,
                true => {
                    // The initial value is itself an entry of the trace.
                    let trace = part_of(e, scan, g, *carry);
                    let first = if scan.reverse { scan.steps.clone() } else { Dim::constant(0) };
                    let own = e.slice(trace, 0, first, Dim::constant(1), 1);
                    let own = e.reshape(own, scan.input_shape(*carry).to_vec());
                    e.add(gradient, own)
                }
            });
        }
        for (operand, stacked) in kept {
            result[operand] = Some(taker.part(e, carries + stacked));
        }
        for (operand, sum) in sums {
            result[operand] = Some(taker.sum(e, sum));
        }
        result
    }
}

/// Takes results out of the backward scan.
struct Taker {
    backward: NodeId,
    carries: usize,
    span: Span,
}

impl Taker {
    fn part(&self, e: &mut Emitter, part: usize) -> NodeId {
        take_part(e.graph_mut(), self.backward, part, self.span).unwrap_or(self.backward)
    }

    fn kept(&self, e: &mut Emitter, kept: Kept) -> NodeId {
        match kept {
            Kept::Outside(node) => node,
            Kept::Stacked(result) => self.part(e, self.carries + result),
        }
    }

    fn sum(&self, e: &mut Emitter, sum: Sum) -> NodeId {
        match sum {
            Sum::Carry(carry) => self.part(e, carry),
            Sum::Product { a, a_transposed, b } => {
                let (a, b) = (self.kept(e, a), self.kept(e, b));
                // [T, m, k] @ [T, k, n], summed over T, is [m, T k] @ [T k, n].
                let a = if a_transposed { a } else { e.permute(a, &[0, 2, 1]) };
                let a = rows(e, a);
                let a = e.transpose(a);
                let b = rows(e, b);
                e.matmul(a, b)
            }
            Sum::Reduced { x, axes, shape } => {
                let x = self.kept(e, x);
                let axes: Vec<usize> = std::iter::once(0).chain(axes.iter().map(|a| a + 1)).collect();
                let sum = e.sum(x, &axes);
                e.reshape(sum, shape)
            }
            Sum::Add(x, y) => {
                let (x, y) = (self.sum(e, *x), self.sum(e, *y));
                e.add(x, y)
            }
            Sum::Permute(permutation, x) => {
                let x = self.sum(e, *x);
                e.permute(x, &permutation)
            }
            Sum::Reshape(shape, x) => {
                let x = self.sum(e, *x);
                e.reshape(x, shape)
            }
        }
    }
}

/// `[T, k, n]` as `[T k, n]`.
fn rows(e: &mut Emitter, x: NodeId) -> NodeId {
    match e.shape(x).as_slice() {
        [t, k, n] => {
            let shape = vec![t.clone() * k.clone(), n.clone()];
            e.reshape(x, shape)
        }
        _ => x,
    }
}

/// The part of a flat tensor in the form of a scan's result.
fn part_of(e: &mut Emitter, scan: &Scan, flat: NodeId, part: usize) -> NodeId {
    let (start, shape) = scan.part(part);
    let count = crate::ir::shape_rule::element_count(&shape);
    let flat = e.slice(flat, 0, start, count, 1);
    e.reshape(flat, shape)
}

/// The values of a traced carry before and after the step at each position.
fn halves(e: &mut Emitter, scan: &Scan, forward: NodeId, carry: usize) -> (NodeId, NodeId) {
    let span = e.span();
    let trace = take_part(e.graph_mut(), forward, carry, span).unwrap_or(forward);
    halves_of(e, scan, trace)
}

fn halves_of(e: &mut Emitter, scan: &Scan, trace: NodeId) -> (NodeId, NodeId) {
    let mut half = |start: i64| {
        let shape = with_size(&e.shape(trace), 0, scan.steps.clone());
        // Never the whole, so always a slice.
        e.push(Op::Slice { axis: 0, start: Dim::constant(start), step: 1 }, &[trace], shape)
    };
    let (first, last) = (half(0), half(1));
    if scan.reverse { (last, first) } else { (first, last) }
}
