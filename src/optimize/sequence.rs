//! Which nodes of a graph work along a sequence: position by position, or from the past alone.
//!
//! Two things follow from it. Where an output works along the sequence, its position t depends on the input's positions
//! up to t and on none behind: it is *causal*, whatever the weights. And where nothing but attention looks back, one
//! position can be computed by itself from the keys and values of those before, see [`super::stepwise`].
//!
//! The analysis is of one example, at known sizes. It follows where the positions lie in the memory of each node, so
//! that no reshape loses them. What it cannot follow it calls mixed: then the output may still be causal, and
//! differentiation can tell.

use crate::ir::dim::{Dim, Var, VarKind};
use crate::ir::graph::{Graph, Node, NodeId};
use crate::ir::op::{InputId, Op};
use crate::ir::window::with_known_sizes;

/// How a node depends on the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// Not at all.
    Free,
    /// In row-major order the node is `[outer, T, inner]`, and what stands at t depends on positions up to t.
    At {
        /// Numbers of sequences.
        outer: usize,
        /// Numbers of a position.
        inner: usize,
    },
    /// The flat result of a recurrent layer: from row `start` on there is one of `inner` numbers a position.
    Rows {
        /// The first row.
        start: usize,
        /// Numbers of a row.
        inner: usize,
    },
    /// In another way, as far as is known.
    Mixed,
}

/// A graph of one example, all sizes known, and what is known of its nodes.
#[derive(Debug)]
pub struct Sequence {
    /// The graph, with numbers for all sizes.
    pub graph: Graph,
    /// The sequence.
    pub input: InputId,
    /// Its positions.
    pub length: usize,
    /// For each node.
    pub time: Vec<Time>,
}

impl Sequence {
    /// Follows an input `[B, T, …]` through a graph. `sizes` are those of the names in it, the batch aside, which is 1;
    /// `None` where one is not known, or the input has no positions.
    pub fn new(graph: &Graph, input: InputId, sizes: &dyn Fn(&Var) -> Option<i64>) -> Option<Sequence> {
        let graph = bound(graph, sizes)?;
        let length = size(graph.inputs.get(input.0 as usize)?.shape.get(1)?);
        // One position could be any axis.
        if length < 2 {
            return None;
        }
        let mut this = Sequence { graph, input, length, time: Vec::new() };
        for index in 0..this.graph.nodes.len() {
            let time = this.time_of(&this.graph.nodes[index]);
            this.time.push(time);
        }
        Some(this)
    }

    /// Whether no position of a node depends on later positions of the input; `None` where that is not known.
    pub fn is_causal(&self, node: NodeId) -> Option<bool> {
        match self.time.get(node.index())? {
            Time::Free | Time::At { .. } => Some(true),
            Time::Rows { .. } | Time::Mixed => None,
        }
    }

    /// The sizes of a node.
    pub fn sizes(&self, node: NodeId) -> Vec<usize> {
        self.graph.shape(node).iter().map(size).collect()
    }

    /// The axis of a node that is the sequence.
    pub fn axis(&self, node: NodeId) -> Option<usize> {
        axis_of(self.time.get(node.index()).copied()?, &self.sizes(node), self.length)
    }

    fn time_of(&self, node: &Node) -> Time {
        let of = |id: &NodeId| self.time[id.index()];
        if let Op::Input(id) = node.op
            && id == self.input
        {
            let sizes: Vec<usize> = node.shape.iter().map(size).collect();
            return at(&sizes, 1);
        }
        if node.inputs.iter().all(|id| of(id) == Time::Free) {
            return Time::Free;
        }
        if node.inputs.iter().any(|id| of(id) == Time::Mixed) {
            return Time::Mixed;
        }
        self.follow(node).unwrap_or(Time::Mixed)
    }

    /// The rule of each operation, where some operand is of the sequence and none is mixed.
    fn follow(&self, node: &Node) -> Option<Time> {
        let result: Vec<usize> = node.shape.iter().map(size).collect();
        let time = |i: usize| node.inputs.get(i).map(|id| self.time[id.index()]);
        let axis = |i: usize| node.inputs.get(i).and_then(|id| self.axis(*id));
        let is_free = |i: usize| time(i) == Some(Time::Free);
        // All operands that are of the sequence have it at one axis, and it is not `but`.
        let shared = |but: Option<usize>| {
            let mut found = None;
            for i in (0..node.inputs.len()).filter(|i| !is_free(*i)) {
                let axis = axis(i)?;
                if but == Some(axis) || found.is_some_and(|f| f != axis) {
                    return None;
                }
                found = Some(axis);
            }
            found.map(|axis| at(&result, axis))
        };
        match &node.op {
            Op::Input(_)
            | Op::State(_)
            | Op::Constant(_)
            | Op::Size(_)
            | Op::Literal(_)
            | Op::Iota { .. }
            | Op::Random { .. } => Some(Time::Free),
            Op::Unary(_) | Op::Reshape => match time(0)? {
                Time::At { outer, inner } => Some(Time::At { outer, inner }),
                _ => None,
            },
            Op::Binary(_) | Op::Select => shared(None),
            Op::Permute(permutation) => {
                let from = axis(0)?;
                permutation.iter().position(|p| *p == from).map(|axis| at(&result, axis))
            }
            Op::Broadcast => shared(None),
            Op::Slice { axis: along, start, step } => match time(0)? {
                Time::Rows { start: first, inner } => {
                    let rows = size(start) == first * inner && *step == 1 && result == [self.length * inner];
                    rows.then_some(Time::At { outer: 1, inner })
                }
                _ => shared(Some(*along)),
            },
            Op::Pad { axis: along, .. }
            | Op::Concat { axis: along }
            | Op::ArgMax { axis: along }
            | Op::TakeAlong { axis: along }
            | Op::PlaceAlong { axis: along, .. }
            | Op::Softmax { axis: along }
            | Op::LogSoftmax { axis: along } => shared(Some(*along)),
            Op::CumulativeSum { axis: along, reverse } => shared(reverse.then_some(*along)),
            Op::Reduce { axes, .. } => {
                let axis = axis(0)?;
                (!axes.contains(&axis)).then(|| at(&result, axis))
            }
            Op::MatMul => {
                let rank = result.len();
                match (is_free(0), is_free(1)) {
                    (false, true) => axis(0).filter(|a| *a != rank - 1).map(|a| at(&result, a)),
                    (true, false) => axis(1).filter(|a| *a != rank - 2).map(|a| at(&result, a)),
                    _ => shared(None).filter(|_| axis(0).is_some_and(|a| a < rank - 2)),
                }
            }
            // The rows of a table that is known.
            Op::GatherRows if is_free(0) => axis(1).map(|a| at(&result, a)),
            Op::Attention(attention) => {
                let itself = axis(1) == Some(2) && axis(2) == Some(2) && attention.causal;
                let other = is_free(1) && is_free(2) && !attention.causal;
                (axis(0) == Some(2) && is_free(3) && (itself || other)).then(|| at(&result, 2))
            }
            Op::Recurrent { recurrence, .. } => {
                let weights = [1, 2, 3].into_iter().all(is_free);
                let inner = size(self.graph.shape(*node.inputs.get(1)?).get(1)?);
                (axis(0) == Some(0) && weights && !recurrence.reverse)
                    .then_some(Time::Rows { start: recurrence.states_from(), inner })
            }
            Op::Convolve { windows, .. } => {
                // A window that reaches no further than its own position.
                let axis = axis(0).filter(|a| *a >= 2)?;
                let window = windows.get(axis - 2)?;
                let reach = (window.kernel.saturating_sub(1) * window.dilation) as i64;
                let before = window.before.as_constant()?;
                (is_free(1) && window.stride == 1 && reach <= before && result.get(axis) == Some(&self.length))
                    .then(|| at(&result, axis))
            }
            Op::GatherRows
            | Op::ScatterRows { .. }
            | Op::Scan(_)
            | Op::ConvolveInput { .. }
            | Op::ConvolveKernel { .. }
            | Op::WindowArgMax(_)
            | Op::WindowSum(_)
            | Op::WindowSpread(_)
            | Op::AttentionBackward(_)
            | Op::RecurrentBackward(_) => None,
        }
    }
}

/// The graph of one example, with numbers for all sizes.
fn bound(graph: &Graph, sizes: &dyn Fn(&Var) -> Option<i64>) -> Option<Graph> {
    let number = |dim: &Dim| dim.evaluate(&|v: &Var| if v.kind == VarKind::Batch { Some(1) } else { sizes(v) });
    let dim = |dim: &Dim| number(dim).map(Dim::constant);
    let shape = |shape: &[Dim]| shape.iter().map(dim).collect::<Option<Vec<Dim>>>();
    let mut result = graph.clone();
    for input in &mut result.inputs {
        input.shape = shape(&input.shape)?;
    }
    for node in &mut result.nodes {
        node.shape = shape(&node.shape)?;
        match &mut node.op {
            Op::Size(size) | Op::ScatterRows { rows: size } | Op::PlaceAlong { size, .. } => *size = dim(size)?,
            Op::Slice { start, .. } => *start = dim(start)?,
            Op::Pad { before, after, .. } => (*before, *after) = (dim(before)?, dim(after)?),
            op => {
                let known = with_known_sizes(op, &|d| number(d).and_then(|n| usize::try_from(n).ok()))?.into_owned();
                *op = known;
            }
        }
    }
    Some(result)
}

/// A size of a bound graph.
pub(super) fn size(dim: &Dim) -> usize {
    dim.as_constant().and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}

/// The sequence along an axis.
fn at(sizes: &[usize], axis: usize) -> Time {
    let product = |sizes: &[usize]| sizes.iter().product();
    Time::At { outer: product(&sizes[..axis]), inner: product(&sizes[axis + 1..]) }
}

/// The axis that is the sequence, where it is one by itself.
fn axis_of(time: Time, sizes: &[usize], length: usize) -> Option<usize> {
    (0..sizes.len()).find(|axis| sizes[*axis] == length && at(sizes, *axis) == time)
}
