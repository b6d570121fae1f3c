//! A scan under construction: its inputs in any order, of which only those that are read stay.

use super::dim::Dim;
use super::graph::{Graph, InputKind, Node, NodeId, Output, Shape};
use super::op::{InputId, Op};
use super::scan::{Operand, Scan};
use crate::source::Span;
use std::sync::Arc;

/// A scan under construction.
#[derive(Debug, Default)]
pub struct Draft {
    /// The body so far.
    pub body: Graph,
    /// For each of its inputs: what it is, the operand outside, its node in the body.
    inputs: Vec<(Operand, NodeId, NodeId)>,
    /// For each carry, in order: its next value, and whether it is traced.
    next: Vec<(NodeId, bool)>,
    stacked: Vec<(Arc<str>, NodeId)>,
}

impl Draft {
    /// Nothing yet.
    pub fn new() -> Draft {
        Draft::default()
    }

    /// A finished scan, to be finished again: what its body does not read any more goes.
    pub fn of(scan: Scan, operands: &[NodeId]) -> Draft {
        let kinds: Vec<Operand> = (0..operands.len()).map(|i| scan.operand(i)).collect();
        let carries = scan.carries();
        let Scan { mut body, traced, .. } = scan;
        let outputs = std::mem::take(&mut body.outputs);
        let mut nodes: Vec<Option<NodeId>> = vec![None; operands.len()];
        for (index, node) in body.nodes.iter().enumerate() {
            if let Op::Input(id) = node.op
                && let Some(slot) = nodes.get_mut(id.0 as usize)
            {
                *slot = Some(NodeId(index as u32));
            }
        }
        let mut inputs = Vec::with_capacity(operands.len());
        for (i, outside) in operands.iter().enumerate() {
            let node = nodes[i].unwrap_or_else(|| {
                let shape = body.inputs.get(i).map_or(Shape::new(), |input| input.shape.clone());
                body.push(Op::Input(InputId(i as u32)), Vec::new(), shape, Span::default())
            });
            inputs.push((kinds[i], *outside, node));
        }
        let next = outputs.iter().take(carries).zip(traced).map(|(o, traced)| (o.node, traced)).collect();
        let stacked = outputs.into_iter().skip(carries).map(|o| (o.name, o.node)).collect();
        Draft { body, inputs, next, stacked }
    }

    fn input(&mut self, kind: Operand, name: &str, outside: NodeId, shape: Shape, span: Span) -> NodeId {
        let mut name = name.to_owned();
        while self.body.inputs.iter().any(|i| *i.name == *name) {
            name.push('\'');
        }
        let (_, node) = self.body.add_input(name, shape, InputKind::Field, span);
        self.inputs.push((kind, outside, node));
        node
    }

    fn found(&self, kind: Operand, outside: NodeId) -> Option<NodeId> {
        self.inputs.iter().find(|(k, o, _)| *k == kind && *o == outside).map(|(_, _, node)| *node)
    }

    /// A value handed on from step to step, `initial` at first. Until [`Draft::set_next`] it stays as it is.
    pub fn carry(&mut self, name: &str, initial: NodeId, shape: Shape, span: Span) -> NodeId {
        let node = self.input(Operand::Carry, name, initial, shape, span);
        self.next.push((node, false));
        node
    }

    /// Says what the next value of a carry is (by number, in the order in which they were made), and whether all its
    /// values are wanted.
    pub fn set_next(&mut self, carry: usize, value: NodeId, traced: bool) {
        if let Some(next) = self.next.get_mut(carry) {
            *next = (value, traced);
        }
    }

    /// Number of carries so far.
    pub fn carries(&self) -> usize {
        self.next.len()
    }

    /// One position of `all` in each step. `shape` is that of a position.
    pub fn scanned(&mut self, name: &str, all: NodeId, shape: Shape, span: Span) -> NodeId {
        match self.found(Operand::Scanned, all) {
            Some(node) => node,
            None => self.input(Operand::Scanned, name, all, shape, span),
        }
    }

    /// The same value in every step.
    pub fn captured(&mut self, name: &str, value: NodeId, shape: Shape, span: Span) -> NodeId {
        match self.found(Operand::Captured, value) {
            Some(node) => node,
            None => self.input(Operand::Captured, name, value, shape, span),
        }
    }

    /// The operand outside whose positions a node of the body is.
    pub fn scanned_from(&self, node: NodeId) -> Option<NodeId> {
        self.inputs.iter().find(|(kind, _, n)| *kind == Operand::Scanned && *n == node).map(|(_, outside, _)| *outside)
    }

    /// Keeps what a node of the body is in each step; says the number of the result.
    pub fn stack(&mut self, name: &str, node: NodeId) -> usize {
        self.stacked.push((name.into(), node));
        self.stacked.len() - 1
    }

    /// The finished scan, and its operands outside.
    pub fn finish(self, steps: Dim, reverse: bool) -> (Scan, Vec<NodeId>) {
        let Draft { body, inputs, next, stacked } = self;
        let mut needed = vec![false; body.nodes.len()];
        for root in next.iter().map(|(node, _)| *node).chain(stacked.iter().map(|(_, node)| *node)) {
            needed[root.index()] = true;
        }
        for index in (0..body.nodes.len()).rev() {
            if needed[index] {
                for input in &body.nodes[index].inputs {
                    needed[input.index()] = true;
                }
            }
        }
        let mut order: Vec<usize> =
            (0..inputs.len()).filter(|i| inputs[*i].0 == Operand::Carry || needed[inputs[*i].2.index()]).collect();
        order.sort_by_key(|i| match inputs[*i].0 {
            Operand::Carry => 0,
            Operand::Scanned => 1,
            Operand::Captured => 2,
        });
        let mut result = Graph::default();
        let mut new_inputs = vec![InputId(0); inputs.len()];
        for (new, old) in order.iter().enumerate() {
            new_inputs[*old] = InputId(new as u32);
            result.inputs.push(body.inputs[*old].clone());
        }
        let mut new_ids = vec![NodeId(0); needed.len()];
        for (index, mut node) in body.nodes.into_iter().enumerate().filter(|(index, _)| needed[*index]) {
            for input in &mut node.inputs {
                *input = new_ids[input.index()];
            }
            if let Op::Input(id) = &mut node.op {
                *id = new_inputs[id.0 as usize];
            }
            new_ids[index] = NodeId(result.nodes.len() as u32);
            result.nodes.push(node);
        }
        let carries = order.iter().take(next.len()).map(|i| body.inputs[*i].name.clone());
        let roots = carries.zip(next.iter().map(|(node, _)| *node)).chain(stacked);
        for (name, node) in roots {
            let mut name = name.to_string();
            while result.outputs.iter().any(|o| *o.name == *name) {
                name.push('\'');
            }
            result.outputs.push(Output { name: name.into(), node: new_ids[node.index()] });
        }
        let scanned = order.iter().filter(|i| inputs[**i].0 == Operand::Scanned).count();
        let operands = order.iter().map(|i| inputs[*i].1).collect();
        let traced = next.iter().map(|(_, traced)| *traced).collect();
        (Scan { body: result, traced, scanned, steps, reverse }, operands)
    }

    /// Appends the finished scan to the graph that its operands are of.
    pub fn append(self, graph: &mut Graph, steps: Dim, reverse: bool, span: Span) -> NodeId {
        let (scan, inputs) = self.finish(steps, reverse);
        let shape = scan.result();
        graph.nodes.push(Node { op: Op::Scan(Arc::new(scan)), inputs, shape, span });
        NodeId(graph.nodes.len() as u32 - 1)
    }
}
