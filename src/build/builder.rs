//! The builder itself: constants, states, the one function that appends a node, and what sizes may be.

use super::problem::{Problem, Shape};
use super::tensor::{Kind, Role, Tensor};
use crate::ir::dim::{Comparison, Dim, Var, VarKind, batch};
use crate::ir::graph::{Graph, LENGTHS, NodeId, State, StateRole, Update};
use crate::ir::init::Init;
use crate::ir::op::{Distribution, Op, StateId};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Builds a graph from per-example operations.
#[derive(Debug, Clone)]
pub struct Builder {
    /// What has been built so far.
    pub graph: Graph,
    /// Whether this is the graph of a training step (dropout on, batch statistics) or of evaluation.
    pub training: bool,
    /// Whether unknown sizes may still turn out to fit: blocks by themselves, models without data.
    pub generic: bool,
    /// The source of the nodes being appended.
    pub span: Span,
    /// Sums over the batch that a split's measure divides by, see [`Builder::normalizer`].
    pub normalizers: Vec<Normalizer>,
    /// Layers of a training step whose statistics are over the examples alone: of one example there are none.
    pub over_examples: Vec<Span>,
    /// How long sequences may be, see [`Builder::at_most`].
    pub limits: Vec<Limit>,
    /// Fields that give the lengths of ragged dimensions, with the longest there, by
    /// [`Var::id`](crate::ir::dim::Var::id).
    length_fields: BTreeMap<u32, (Arc<str>, usize)>,
    states: BTreeMap<Arc<str>, (StateId, NodeId, Span)>,
    /// Those for which [`Builder::update`] was called.
    updated: BTreeSet<StateId>,
    streams: u32,
    /// See [`Builder::share_numbers`].
    pub(super) shared: Option<Shared>,
}

/// Numbers that were appended, to be taken again.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    /// Constants, by their bits.
    constants: BTreeMap<u64, NodeId>,
    /// For each scalar, the nodes that repeat it, each to another shape.
    pub(super) repeated: BTreeMap<NodeId, Vec<NodeId>>,
}

/// A quantity whose mean over the batch a loss divides by: the class weights of the examples, say. In training its
/// mean is taken over the batch, unless that is one of several that a step sees. A split is measured as one batch: there
/// the mean over the whole split is supplied through the scalar input `input`, and `value` is the node to take that mean
/// of.
#[derive(Debug, Clone)]
pub struct Normalizer {
    /// Name of the scalar input of the evaluation graph; in training, of the one that may take the place of `mean`.
    pub input: Arc<str>,
    /// The mean, `[]`.
    pub mean: NodeId,
    /// What is averaged, `[B]`.
    pub value: NodeId,
}

/// How large a ragged size may be.
#[derive(Debug, Clone)]
pub struct Limit {
    /// The size.
    pub size: Dim,
    /// The largest that it may be.
    pub most: i64,
    /// What has no more room.
    pub span: Span,
}

/// The path that the states of a layer begin with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct StateScope(pub Arc<str>);

impl StateScope {
    /// `scope.name`, or `name` at the top.
    pub fn join(&self, name: &str) -> Arc<str> {
        if self.0.is_empty() { name.into() } else { format!("{}.{name}", self.0).into() }
    }
}

impl Builder {
    /// An empty graph.
    pub fn new(training: bool, generic: bool) -> Self {
        Builder {
            graph: Graph::default(),
            training,
            generic,
            span: Span::default(),
            normalizers: Vec::new(),
            over_examples: Vec::new(),
            limits: Vec::new(),
            length_fields: BTreeMap::new(),
            states: BTreeMap::new(),
            updated: BTreeSet::new(),
            streams: 0,
            shared: None,
        }
    }

    /// From now on the same constant, or a scalar repeated to the same shape, is one node. The optimizer would find that
    /// anyway, but the updates of a network of thousands of weights are mostly such nodes. Not for bodies of scans, which
    /// take their nodes with them.
    pub fn share_numbers(&mut self) {
        self.shared = Some(Shared::default());
    }

    /// Appends a node whose result is `shape` per example.
    pub(super) fn emit(&mut self, op: Op, inputs: Vec<NodeId>, shape: Shape, batched: bool) -> Tensor {
        let mut node_shape = shape.clone();
        if batched {
            node_shape.insert(0, batch());
        }
        let node = self.graph.push(op, inputs, node_shape, self.span);
        Tensor { node, shape, batched, kind: Kind::Float, role: Role::Value, span: self.span }
    }

    /// Another node of the same numbers.
    pub fn view(&mut self, node: NodeId) -> NodeId {
        let shape = self.graph.shape(node).to_vec();
        self.graph.push(Op::Reshape, vec![node], shape, self.span)
    }

    /// A scalar.
    pub fn constant(&mut self, value: f64) -> Tensor {
        let known = self.shared.as_ref().and_then(|shared| shared.constants.get(&value.to_bits()));
        if let Some(node) = known {
            return self.tensor(*node, Vec::new(), false);
        }
        let constant = self.emit(Op::Constant(value), Vec::new(), Vec::new(), false);
        if let Some(shared) = &mut self.shared {
            shared.constants.insert(value.to_bits(), constant.node);
        }
        constant
    }

    /// A tensor filled with one number.
    pub fn full(&mut self, shape: &[Dim], value: f64) -> Result<Tensor, Problem> {
        let scalar = self.constant(value);
        self.broadcast_to(&scalar, shape, false)
    }

    /// A tensor of known numbers, row-major.
    pub fn literal(&mut self, shape: &[usize], values: impl Into<Arc<[f64]>>) -> Tensor {
        let shape = shape.iter().map(|n| Dim::from(*n)).collect();
        self.emit(Op::Literal(values.into()), Vec::new(), shape, false)
    }

    /// A size as a scalar. Where it is ragged, it is each example's own.
    pub fn size(&mut self, dim: &Dim) -> Tensor {
        match dim.as_constant() {
            Some(n) => self.constant(n as f64),
            None if dim.is_ragged() => self.own_size(dim),
            None => self.emit(Op::Size(dim.clone()), Vec::new(), Vec::new(), false),
        }
    }

    /// Says whose lengths a ragged dimension has, those of the first axis of a field, and the longest of them. The first
    /// word counts.
    pub fn lengths_from(&mut self, variable: u32, field: impl Into<Arc<str>>, longest: usize) {
        self.length_fields.entry(variable).or_insert_with(|| (field.into(), longest));
    }

    /// The input with the lengths of a ragged dimension: `x.lengths`.
    pub(super) fn lengths_name(&self, variable: &Var) -> String {
        let field = self.length_fields.get(&variable.id).map_or(&variable.name, |(field, _)| field);
        format!("{field}{LENGTHS}")
    }

    /// Makes a rule that a size is never larger than this. The size that breaks it, where it is known: of a ragged one,
    /// the longest of the data.
    pub fn at_most(&mut self, size: &Dim, most: i64) -> Result<(), i64> {
        let longest = size.evaluate(&|v| self.length_fields.get(&v.id).map(|(_, longest)| *longest as i64));
        if let Some(longest) = longest.filter(|longest| *longest > most) {
            return Err(longest);
        }
        if size.is_ragged() {
            self.limits.push(Limit { size: size.clone(), most, span: self.span });
        }
        Ok(())
    }

    /// 0, 1, … , n - 1. Where n is ragged, the padding repeats each example's last one.
    pub fn iota(&mut self, n: &Dim) -> Tensor {
        let positions = self.positions(n);
        if n.is_ragged() { self.up_to_last(&positions, n) } else { positions }
    }

    /// 0, 1, … along the whole axis, its padding included.
    pub(super) fn positions(&mut self, n: &Dim) -> Tensor {
        self.emit(Op::Iota { axis: 0 }, Vec::new(), vec![n.clone()], false).with_kind(Kind::Int)
    }

    /// Random numbers, new for each example and step.
    pub fn random(&mut self, shape: &[Dim], distribution: Distribution) -> Result<Tensor, Problem> {
        self.check_size(shape)?;
        let order = super::ragged::ragged_axis_first(shape)?;
        let drawn: Shape = order.iter().filter_map(|axis| shape.get(*axis).cloned()).collect();
        let stream = self.stream();
        let numbers = self.emit(Op::Random { stream, distribution }, Vec::new(), drawn, true);
        Ok(self.permute(&numbers, &super::ragged::inverse(&order)))
    }

    /// A number that tells a random operation apart from the others of the graph.
    pub(super) fn stream(&mut self) -> u32 {
        let stream = self.streams;
        self.streams += 1;
        stream
    }

    /// A trainable tensor. A second call with the same path gives the same one, and a [`Problem::Shared`] where the
    /// shapes differ.
    pub fn weight(&mut self, scope: &StateScope, name: &str, shape: &[Dim], init: Init) -> Result<Tensor, Problem> {
        self.state(scope.join(name), shape, StateRole::Weight, init)
    }

    /// A tensor that the forward pass of training writes.
    pub fn buffer(&mut self, scope: &StateScope, name: &str, shape: &[Dim], init: Init) -> Result<Tensor, Problem> {
        self.state(scope.join(name), shape, StateRole::Buffer, init)
    }

    /// A state of any role, see [`Builder::weight`].
    pub fn state(&mut self, path: Arc<str>, shape: &[Dim], role: StateRole, init: Init) -> Result<Tensor, Problem> {
        if let Some((id, node, first_span)) = self.states.get(&path).cloned() {
            let first = self.graph.states[id.0 as usize].shape.clone();
            if !self.shapes_fit(&first, shape) {
                return Err(Problem::Shared { path, first, now: shape.to_vec(), first_span });
            }
            return Ok(self.tensor(node, first, false));
        }
        self.check_size(shape)?;
        for size in shape {
            if size.variables().iter().any(|v| v.kind != VarKind::Free)
                || (!self.generic && size.as_constant().is_none())
            {
                return Err(Problem::UnknownSize { what: format!("the weight `{path}`"), size: size.clone() });
            }
        }
        let state = State { path: path.clone(), shape: shape.to_vec(), role, init, span: self.span };
        let (id, node) = self.graph.add_state(state);
        self.states.insert(path, (id, node, self.span));
        Ok(self.tensor(node, shape.to_vec(), false))
    }

    /// The state at a path, if there is one yet.
    pub fn existing_state(&self, path: &str) -> Option<Tensor> {
        let (id, node, _) = self.states.get(path)?;
        let shape = self.graph.states.get(id.0 as usize)?.shape.clone();
        Some(self.tensor(*node, shape, false))
    }

    /// At the end of a training step the state at this path takes the value, which must not be batched.
    pub fn update(&mut self, path: &str, value: &Tensor) {
        if let Some((state, ..)) = self.states.get(path) {
            // A shared layer applied twice: the later application decides.
            if !self.updated.insert(*state) {
                self.graph.updates.retain(|u| u.state != *state);
            }
            self.graph.updates.push(Update { state: *state, value: value.node });
        }
    }

    /// A node as a plain tensor.
    pub fn tensor(&self, node: NodeId, shape: Shape, batched: bool) -> Tensor {
        Tensor { node, shape, batched, kind: Kind::Float, role: Role::Value, span: self.span }
    }

    /// Whether two sizes may be the same: they are, or the program is generic and it depends.
    pub fn sizes_fit(&self, a: &Dim, b: &Dim) -> bool {
        match a.compare(b) {
            Comparison::Equal => true,
            Comparison::Different => false,
            Comparison::Unknown => self.generic && !a.is_ragged() && !b.is_ragged(),
        }
    }

    /// Whether two shapes may be the same.
    pub fn shapes_fit(&self, a: &[Dim], b: &[Dim]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.sizes_fit(a, b))
    }

    /// Refuses tensors that no memory holds.
    pub fn check_size(&self, shape: &[Dim]) -> Result<(), Problem> {
        let mut count: i64 = 1;
        for n in shape.iter().filter_map(Dim::as_constant) {
            count = count.saturating_mul(n.max(1));
        }
        if count > Dim::MAX { Err(Problem::TooLarge { shape: shape.to_vec() }) } else { Ok(()) }
    }

    /// The axis that `axis` means: from the end where negative.
    pub fn axis(&self, x: &Tensor, axis: i64) -> Result<usize, Problem> {
        let rank = x.rank() as i64;
        let from_start = if axis < 0 { axis + rank } else { axis };
        if (0..rank).contains(&from_start) {
            Ok(from_start as usize)
        } else {
            Err(Problem::Axis { axis, shape: x.shape.clone() })
        }
    }
}
