//! The graph: nodes in an order in which each stands behind its inputs.

use super::dim::Dim;
use super::op::{InputId, Op, StateId};
use crate::source::Span;
use std::sync::Arc;

/// Index of a node in its graph. A node's inputs have smaller ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index into [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A shape; batched tensors have the batch as their first axis.
pub type Shape = Vec<Dim>;

/// One operation with its operands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// With what.
    pub inputs: Vec<NodeId>,
    /// The shape of the result.
    pub shape: Shape,
    /// The source that it came from; a backward node has that of its forward node.
    pub span: Span,
}

/// A tensor that the caller supplies at each step.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// A field's name, or `lr`, `step`, … for what an optimizer wants.
    pub name: Arc<str>,
    /// With the batch axis, where it has one.
    pub shape: Shape,
    /// What it holds.
    pub kind: InputKind,
}

impl Input {
    /// The data field that it is fed from; none for what the training loop computes.
    pub fn field(&self) -> Option<&str> {
        match self.kind {
            InputKind::Field => Some(&self.name),
            InputKind::Lengths { .. } => self.name.strip_suffix(LENGTHS),
            InputKind::Scalar => None,
        }
    }
}

/// What the name of a lengths input has behind that of the field whose lengths they are.
pub const LENGTHS: &str = ".lengths";

/// Who supplies an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputKind {
    /// A data field: rows of the batch.
    Field,
    /// A scalar that the training loop computes.
    Scalar,
    /// Each example's own length of a ragged dimension, `[B]`: that of the field in front of [`LENGTHS`] in its name.
    Lengths {
        /// The [`Var::id`](super::dim::Var::id) of the dimension.
        variable: u32,
    },
}

/// A tensor that lives from step to step.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The path of LANGUAGE.md, "Weights on disk": `dense1.weight`; optimizers append theirs (`dense1.weight@m`).
    pub path: Arc<str>,
    /// Known before the first step; never batched.
    pub shape: Shape,
    /// Who writes it.
    pub role: StateRole,
    /// How it starts.
    pub init: super::init::Init,
    /// Where it was made.
    pub span: Span,
}

/// Who writes a state, and where it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateRole {
    /// Trained by the optimizer; in `model.safetensors`.
    Weight,
    /// Written by the forward pass in training (running statistics); in `model.safetensors`.
    Buffer,
    /// A buffer that counts; an int64 scalar in `model.safetensors` (`num_batches_tracked`).
    Counter,
    /// An optimizer's own; in checkpoints only.
    Optimizer,
}

/// At the end of the step, the state takes the node's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    /// Which state.
    pub state: StateId,
    /// Its next value, of the same shape.
    pub value: NodeId,
}

/// A named result.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// What the caller knows it by.
    pub name: Arc<str>,
    /// Its node.
    pub node: NodeId,
}

/// A program over tensors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// In order of evaluation.
    pub nodes: Vec<Node>,
    /// What the caller supplies.
    pub inputs: Vec<Input>,
    /// What lives from step to step.
    pub states: Vec<State>,
    /// What the caller gets.
    pub outputs: Vec<Output>,
    /// What is written back.
    pub updates: Vec<Update>,
}

impl Graph {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// Whether a node is, or is computed from, one with an operation that `is` says.
    pub fn depends_on(&self, id: NodeId, is: impl Fn(&Op) -> bool) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            let node = self.node(id);
            if is(&node.op) {
                return true;
            }
            open.extend(&node.inputs);
        }
        false
    }

    /// The shape of a node.
    pub fn shape(&self, id: NodeId) -> &[Dim] {
        &self.nodes[id.index()].shape
    }

    /// Appends a node. Its shape must be what the shape rule gives; [`super::verify::verify`] says where it is not.
    pub fn push(&mut self, op: Op, inputs: Vec<NodeId>, shape: Shape, span: Span) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node { op, inputs, shape, span });
        id
    }

    /// Declares an input and appends its node.
    pub fn add_input(
        &mut self,
        name: impl Into<Arc<str>>,
        shape: Shape,
        kind: InputKind,
        span: Span,
    ) -> (InputId, NodeId) {
        let id = InputId(self.inputs.len() as u32);
        self.inputs.push(Input { name: name.into(), shape: shape.clone(), kind });
        (id, self.push(Op::Input(id), Vec::new(), shape, span))
    }

    /// Declares a state and appends its node.
    pub fn add_state(&mut self, state: State) -> (StateId, NodeId) {
        let id = StateId(self.states.len() as u32);
        let (shape, span) = (state.shape.clone(), state.span);
        self.states.push(state);
        (id, self.push(Op::State(id), Vec::new(), shape, span))
    }

    /// Names a result.
    pub fn add_output(&mut self, name: impl Into<Arc<str>>, node: NodeId) {
        self.outputs.push(Output { name: name.into(), node });
    }

    /// The node of a named result.
    pub fn output(&self, name: &str) -> Option<NodeId> {
        self.outputs.iter().find(|o| &*o.name == name).map(|o| o.node)
    }

    /// The number that all elements of a node are, where the program says it: a constant, however reshaped and
    /// broadcast.
    pub fn repeated_number(&self, mut id: NodeId) -> Option<f64> {
        loop {
            match (&self.node(id).op, self.node(id).inputs.as_slice()) {
                (Op::Constant(number), _) => return Some(*number),
                (Op::Reshape | Op::Broadcast, [x]) => id = *x,
                _ => return None,
            }
        }
    }

    /// The nodes that must be kept for their own sake: outputs and updates.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.outputs.iter().map(|o| o.node).chain(self.updates.iter().map(|u| u.value))
    }
}
