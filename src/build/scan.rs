//! Loops over the first axis of a tensor.
//!
//! What is built between [`Builder::open_scan`] and [`Builder::close_scan`] is appended to the graph as anything else
//! is. Closing cuts it in two: what depends on the step (on its position, on a state, on a draw) becomes the body of an
//! [`Op::Scan`]; the rest (weights, and what is computed of them alone) stays where it is and is computed once. A
//! product of the scanned tensor with a matrix that is the same in all steps does not wait for the steps either: it is
//! taken for all of them at once, in front of the loop.

use super::builder::Builder;
use super::problem::{Problem, Shape};
use super::tensor::{Role, Tensor};
use crate::ir::dim::{Dim, batch};
use crate::ir::graph::{NodeId, StateRole};
use crate::ir::op::{InputId, Op};
use crate::ir::scan::take_part;
use crate::ir::scan_draft::Draft;
use crate::source::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A scan whose body is being built.
#[derive(Debug)]
pub struct OpenScan {
    /// The scanned tensor.
    x: Tensor,
    /// Its name in a step, and the initial states with theirs.
    item: Arc<str>,
    states: Vec<(Arc<str>, Tensor)>,
    /// Whether the states differ from example to example.
    batched: bool,
    /// The first node of the body; the placeholders of the position and of the states come first.
    first: usize,
    /// Updates that were there before.
    updates: usize,
}

/// Why a scan cannot be closed.
#[derive(Debug)]
pub enum ScanFault {
    /// The states differ from example to example, although neither the scanned tensor nor their starts do: it has to be
    /// opened so.
    Batched,
    /// A layer in the body keeps statistics of what it sees: its path.
    Statistics(Arc<str>),
    /// An operation does not fit.
    Problem(Problem),
}

impl From<Problem> for ScanFault {
    fn from(problem: Problem) -> Self {
        ScanFault::Problem(problem)
    }
}

/// What the body sees of a step.
pub struct StepValues {
    /// The position of the scanned tensor.
    pub item: Tensor,
    /// The states.
    pub states: Vec<Tensor>,
}

/// A placeholder: an input that no graph declares, until the body becomes a graph of its own.
fn placeholder(number: usize) -> Op {
    Op::Input(InputId(u32::MAX - number as u32))
}

impl Builder {
    /// Opens a scan of `x`, which has at least one axis, with these states. `batched`: whether the states are known to
    /// differ from example to example even where `x` and their starts do not.
    pub fn open_scan(
        &mut self,
        x: &Tensor,
        item: &Arc<str>,
        states: &[(Arc<str>, Tensor)],
        batched: bool,
    ) -> (OpenScan, StepValues) {
        let batched = batched || x.batched || states.iter().any(|(_, start)| start.batched);
        let first = self.graph.nodes.len();
        let mut step = |like: &Tensor, shape: Shape, batched: bool, number: usize| {
            let tensor = self.emit(placeholder(number), Vec::new(), shape, batched);
            Tensor { kind: like.kind.clone(), role: like.role, ..tensor }
        };
        let position = step(x, x.shape.iter().skip(1).cloned().collect(), x.batched, 0);
        // What a state stands for is not that of its start.
        let values = states
            .iter()
            .enumerate()
            .map(|(i, (_, start))| step(start, start.shape.clone(), batched, i + 1).with_role(Role::Value))
            .collect();
        let open = OpenScan {
            x: x.clone(),
            item: item.clone(),
            states: states.to_vec(),
            batched,
            first,
            updates: self.graph.updates.len(),
        };
        (open, StepValues { item: position, states: values })
    }

    /// Closes a scan: `next` are the next values of the states, each of its state's shape. Gives every state's values
    /// after each step, along a new first axis.
    pub fn close_scan(&mut self, open: OpenScan, next: &[Tensor]) -> Result<Vec<Tensor>, ScanFault> {
        let closed = self.cut(&open, next);
        if closed.is_err() {
            self.abandon_scan(&open);
        }
        closed
    }

    /// Takes back what depends on the steps of a scan that is not closed, or not any more.
    pub fn abandon_scan(&mut self, open: &OpenScan) {
        let inside = self.inside(open.first);
        let is_inside =
            |node: NodeId| node.index().checked_sub(open.first).is_some_and(|i| inside.get(i) == Some(&true));
        self.graph.updates.retain(|u| !is_inside(u.value));
        for (node, _) in self.graph.nodes.iter_mut().skip(open.first).zip(&inside).filter(|(_, inside)| **inside) {
            // Ids stay as they are: a scalar that nothing reads takes the place.
            node.op = Op::Constant(0.0);
            node.inputs.clear();
            node.shape.clear();
        }
    }

    /// For each node from `first` on, whether it depends on the step.
    fn inside(&self, first: usize) -> Vec<bool> {
        let mut inside: Vec<bool> = Vec::with_capacity(self.graph.nodes.len().saturating_sub(first));
        for node in self.graph.nodes.iter().skip(first) {
            let reads = |x: &NodeId| x.index().checked_sub(first).is_some_and(|i| inside.get(i) == Some(&true));
            let is_placeholder = matches!(node.op, Op::Input(id) if id.0 as usize >= self.graph.inputs.len());
            inside.push(draws(&node.op) || is_placeholder || node.inputs.iter().any(reads));
        }
        inside
    }

    fn cut(&mut self, open: &OpenScan, next: &[Tensor]) -> Result<Vec<Tensor>, ScanFault> {
        let span = self.span;
        if !open.batched && next.iter().any(|t| t.batched) {
            return Err(ScanFault::Batched);
        }
        let inside = self.inside(open.first);
        self.no_statistics(open, &inside)?;

        let steps = open.x.shape.first().cloned().unwrap_or_default();
        let all = match open.x.batched {
            true => self.time_first(open.x.node),
            false => open.x.node,
        };
        let mut initial = Vec::with_capacity(open.states.len());
        for (_, start) in &open.states {
            initial.push(self.broadcast_to(start, &start.shape, open.batched)?);
        }
        let mask = self.steps_that_count(&steps);

        let mut cutting = Cutting { builder: self, open, inside, draft: Draft::new(), copies: BTreeMap::new() };
        for (i, ((name, _), start)) in open.states.iter().zip(&initial).enumerate() {
            let shape = cutting.builder.graph.shape(start.node).to_vec();
            let carry = cutting.draft.carry(name, start.node, shape, span);
            cutting.copies.insert(NodeId((open.first + 1 + i) as u32), carry);
        }
        let shape = cutting.builder.graph.shape(all).iter().skip(1).cloned().collect();
        let item = cutting.draft.scanned(&open.item, all, shape, span);
        cutting.copies.insert(NodeId(open.first as u32), item);

        for (i, value) in next.iter().enumerate() {
            let whole = cutting.builder.broadcast_to(value, &value.shape, open.batched)?;
            // A broadcast that has just been appended reads the body, and belongs to it.
            cutting.inside = cutting.builder.inside(open.first);
            let mut node = cutting.copy(whole.node);
            if let Some(mask) = mask {
                node = cutting.hold(mask, node, i, span);
            }
            cutting.draft.set_next(i, node, true);
        }
        let draft = cutting.draft;
        self.abandon_scan(open);
        let node = draft.append(&mut self.graph, steps.clone(), false, span);

        let mut results = Vec::with_capacity(next.len());
        for (i, value) in next.iter().enumerate() {
            let trace = take_part(&mut self.graph, node, i, span).unwrap_or(node);
            let mut shape = self.graph.shape(trace).to_vec();
            if let Some(size) = shape.first_mut() {
                *size = steps.clone();
            }
            let after = Op::Slice { axis: 0, start: Dim::constant(1), step: 1 };
            let after = self.graph.push(after, vec![trace], shape, span);
            let after = if open.batched { self.time_first(after) } else { after };
            let of = std::iter::once(&steps).chain(&value.shape).cloned().collect();
            let result = self.tensor(after, of, open.batched);
            results.push(Tensor { kind: value.kind.clone(), role: value.role, ..result });
        }
        Ok(results)
    }

    /// Exchanges the batch and the axis behind it.
    fn time_first(&mut self, node: NodeId) -> NodeId {
        let mut shape = self.graph.shape(node).to_vec();
        let mut order: Vec<usize> = (0..shape.len()).collect();
        if shape.len() >= 2 {
            shape.swap(0, 1);
            order.swap(0, 1);
        }
        self.graph.push(Op::Permute(order.into()), vec![node], shape, self.span)
    }

    /// `[T, B]`: 1 where a step is one of the example's, where examples have different numbers of steps.
    fn steps_that_count(&mut self, steps: &Dim) -> Option<NodeId> {
        if !steps.is_ragged() {
            return None;
        }
        let counts = self.mask(steps);
        counts.batched.then(|| self.time_first(counts.node))
    }

    /// Refuses a layer in the body that keeps statistics: which step's would they be?
    fn no_statistics(&self, open: &OpenScan, inside: &[bool]) -> Result<(), ScanFault> {
        let is_inside =
            |node: NodeId| node.index().checked_sub(open.first).is_some_and(|i| inside.get(i) == Some(&true));
        let layer = |path: &str| ScanFault::Statistics(path.rsplit_once('.').map_or(path, |(layer, _)| layer).into());
        for update in self.graph.updates.iter().skip(open.updates.min(self.graph.updates.len())) {
            if is_inside(update.value)
                && let Some(state) = self.graph.states.get(update.state.0 as usize)
            {
                return Err(layer(&state.path));
            }
        }
        let readers = self.graph.nodes.iter().enumerate().skip(open.first);
        for (_, node) in readers.filter(|(index, _)| is_inside(NodeId(*index as u32))) {
            for operand in &node.inputs {
                if let Some(path) = self.statistic(*operand) {
                    return Err(layer(&path));
                }
            }
        }
        Ok(())
    }

    /// The path of the running statistic that a node is, perhaps in another shape.
    fn statistic(&self, mut node: NodeId) -> Option<Arc<str>> {
        loop {
            let this = self.graph.nodes.get(node.index())?;
            match (&this.op, this.inputs.as_slice()) {
                (Op::State(id), _) => {
                    let state = self.graph.states.get(id.0 as usize)?;
                    let kept = matches!(state.role, StateRole::Buffer | StateRole::Counter);
                    return kept.then(|| state.path.clone());
                }
                (Op::Reshape | Op::Broadcast | Op::Unary(_), [x]) => node = *x,
                // `var + eps`
                (Op::Binary(_), [x, _]) => node = *x,
                _ => return None,
            }
        }
    }
}

/// Whether an operation draws random numbers.
fn draws(op: &Op) -> bool {
    match op {
        Op::Random { .. } => true,
        Op::Attention(attention) => attention.dropout.is_some(),
        Op::Scan(scan) => scan.body.nodes.iter().any(|node| draws(&node.op)),
        _ => false,
    }
}

/// What depends on the step, on its way into the body.
struct Cutting<'b> {
    builder: &'b mut Builder,
    open: &'b OpenScan,
    inside: Vec<bool>,
    draft: Draft,
    copies: BTreeMap<NodeId, NodeId>,
}

impl Cutting<'_> {
    fn is_inside(&self, node: NodeId) -> bool {
        node.index().checked_sub(self.open.first).is_some_and(|i| self.inside.get(i) == Some(&true))
    }

    /// The node of the body that stands for a node outside, with all that it depends on.
    fn copy(&mut self, root: NodeId) -> NodeId {
        // A worklist: a body may be deeper than the stack.
        let mut open = vec![root];
        while let Some(node) = open.last().copied() {
            if self.copies.contains_key(&node) {
                open.pop();
                continue;
            }
            let this = self.builder.graph.node(node).clone();
            let made = if !self.is_inside(node) && !self.is_free(node) {
                let name = self.name_of(node);
                self.draft.captured(&name, node, this.shape, this.span)
            } else if let Some(product) = self.product_for_all(node) {
                product
            } else {
                let missing: Vec<NodeId> =
                    this.inputs.iter().copied().filter(|x| !self.copies.contains_key(x)).collect();
                if !missing.is_empty() {
                    open.extend(missing);
                    continue;
                }
                let inputs = this.inputs.iter().filter_map(|x| self.copies.get(x).copied()).collect();
                self.draft.body.push(this.op, inputs, this.shape, this.span)
            };
            self.copies.insert(node, made);
            open.pop();
        }
        self.copies.get(&root).copied().unwrap_or(root)
    }

    /// Whether a node outside costs nothing where it is used: a number, or another view of what is there.
    fn is_free(&self, node: NodeId) -> bool {
        let this = self.builder.graph.node(node);
        match &this.op {
            Op::Constant(_) | Op::Size(_) | Op::Iota { .. } | Op::Broadcast | Op::Permute(_) | Op::Slice { .. } => true,
            Op::Reshape => {
                // Only axes of size 1 come or go; anything else may have to move the numbers.
                let long = |shape: &[Dim]| shape.iter().filter(|d| !d.is_one()).cloned().collect::<Shape>();
                this.inputs.first().is_some_and(|x| long(self.builder.graph.shape(*x)) == long(&this.shape))
            }
            _ => false,
        }
    }

    fn name_of(&self, node: NodeId) -> String {
        let graph = &self.builder.graph;
        let name = match &graph.node(node).op {
            Op::State(id) => graph.states.get(id.0 as usize).map(|s| s.path.to_string()),
            Op::Input(id) => graph.inputs.get(id.0 as usize).map(|i| i.name.to_string()),
            _ => None,
        };
        name.unwrap_or_else(|| format!("captured{}", self.draft.body.inputs.len()))
    }

    /// `item @ w` with a matrix that is the same in all steps: the product for all steps, in front of the loop.
    fn product_for_all(&mut self, node: NodeId) -> Option<NodeId> {
        let this = self.builder.graph.node(node).clone();
        let (Op::MatMul, &[left, right]) = (&this.op, this.inputs.as_slice()) else { return None };
        if self.is_inside(right) || this.shape.len() != 2 {
            return None;
        }
        let mut item = left;
        while let (Op::Reshape, &[x]) =
            (&self.builder.graph.node(item).op, self.builder.graph.node(item).inputs.as_slice())
        {
            item = x;
        }
        if item.index() != self.open.first {
            return None;
        }
        let (from, to) = (self.builder.graph.shape(item).to_vec(), self.builder.graph.shape(left).to_vec());
        let (inner, columns) = (from.last()?.clone(), this.shape.last()?.clone());
        if from.len() < 2 || to.len() != 2 || to.last() != Some(&inner) {
            return None;
        }
        let x = self.open.x.node;
        let whole = self.builder.graph.shape(x).to_vec();
        let rows = whole.iter().take(whole.len() - 1).cloned().fold(Dim::constant(1), |a, b| a * b);
        let mut push =
            |op: Op, inputs: Vec<NodeId>, shape: Shape| self.builder.graph.push(op, inputs, shape, this.span);
        let flat = push(Op::Reshape, vec![x], vec![rows.clone(), inner]);
        let product = push(Op::MatMul, vec![flat, right], vec![rows, columns.clone()]);
        let mut shape = whole;
        if let Some(last) = shape.last_mut() {
            *last = columns;
        }
        let all = push(Op::Reshape, vec![product], shape);
        let all = if self.open.x.batched { self.builder.time_first(all) } else { all };
        let shape: Shape = self.builder.graph.shape(all).iter().skip(1).cloned().collect();
        let name = format!("{} products", self.open.item);
        let position = self.draft.scanned(&name, all, shape, this.span);
        Some(match self.draft.body.shape(position) == this.shape {
            true => position,
            false => self.draft.body.push(Op::Reshape, vec![position], this.shape, this.span),
        })
    }

    /// `next` where the step counts, else the state as it was.
    fn hold(&mut self, mask: NodeId, next: NodeId, state: usize, span: Span) -> NodeId {
        let position = self.draft.scanned("counts", mask, vec![batch()], span);
        let Some(carry) = self.copies.get(&NodeId((self.open.first + 1 + state) as u32)).copied() else { return next };
        let shape = self.draft.body.shape(next).to_vec();
        let mut column = vec![Dim::constant(1); shape.len()];
        if let Some(size) = column.first_mut() {
            *size = batch();
        }
        let body = &mut self.draft.body;
        let column = body.push(Op::Reshape, vec![position], column, span);
        let counts = body.push(Op::Broadcast, vec![column], shape.clone(), span);
        body.push(Op::Select, vec![counts, next, carry], shape, span)
    }
}
