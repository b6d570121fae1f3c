//! Where a size came from: the graph walked backwards from an axis to what made it.
//!
//! Nothing is recorded for this while a program is built. Every node has a span already and the operations are a closed
//! set, each of which either hands an axis on, changes its size by arithmetic, or makes a new one.

use super::builder::Builder;
use super::tensor::Tensor;
use super::windows::{Padding, Window};
use crate::ir::dim::{Dim, batch};
use crate::ir::graph::NodeId;
use crate::ir::op::{Binary, Op, StateId, Unary};
use crate::ir::window::WindowAxis;
use crate::source::Span;
use std::ops::Range;

/// The history of the size of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The node that made the axis.
    pub node: NodeId,
    /// Where that is written.
    pub span: Span,
    /// The size that it had there.
    pub size: Dim,
    /// What made it.
    pub maker: Maker,
    /// What changed it since, first things first.
    pub changes: Vec<Change>,
}

/// What makes an axis of a new size.
#[derive(Debug, Clone, PartialEq)]
pub enum Maker {
    /// An input of the graph; its axis, the batch not counted.
    Input {
        /// Which axis.
        axis: usize,
    },
    /// A weight; its axis.
    Weight {
        /// Which weight.
        state: StateId,
        /// Which axis.
        axis: usize,
    },
    /// Several axes made one; their sizes, without ones.
    Product(Vec<(Dim, usize)>, NodeId),
    /// Several tensors one behind the other; their sizes.
    Sum(Vec<Dim>),
    /// Some positions of an axis of this size.
    Part(Dim),
    /// Something else: a constant, a reduction to 1, an operation with sizes of its own.
    Other,
}

/// One operation that changes the size of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The operation.
    pub node: NodeId,
    /// Where it is written.
    pub span: Span,
    /// The size before.
    pub from: Dim,
    /// The size after.
    pub to: Dim,
    /// How the one follows from the other: `28 - (3 - 1) = 26`.
    pub arithmetic: String,
    /// Whether `padding: same` would let it keep the size: windows that move by 1 and have no padding.
    pub can_keep: bool,
}

/// What one operation does to an axis of its result.
enum Step {
    /// It is that axis of an operand.
    Same(NodeId, usize),
    /// It follows from that axis of an operand.
    Changed(NodeId, usize, Change),
    /// It is new.
    Made(Maker),
}

/// Longer chains of operations are not followed.
const FARTHEST: usize = 10_000;

impl Builder {
    /// Where the size of an axis came from.
    pub fn origin(&self, x: &Tensor, axis: usize) -> Origin {
        self.origin_of(x.node, x.node_axis(axis))
    }

    /// As [`Builder::origin`], of an axis of a node, the batch among them.
    pub fn origin_of(&self, node: NodeId, axis: usize) -> Origin {
        let (mut node, mut axis) = (node, axis);
        let mut changes = Vec::new();
        for _ in 0..FARTHEST {
            match self.step_back(node, axis) {
                Step::Same(before, its) => (node, axis) = (before, its),
                Step::Changed(before, its, change) => {
                    changes.push(change);
                    (node, axis) = (before, its);
                }
                Step::Made(maker) => {
                    changes.reverse();
                    return Origin {
                        node,
                        span: self.graph.node(node).span,
                        size: self.size_at(node, axis),
                        maker,
                        changes,
                    };
                }
            }
        }
        changes.reverse();
        let (span, size) = (self.graph.node(node).span, self.size_at(node, axis));
        Origin { node, span, size, maker: Maker::Other, changes }
    }

    /// The least and the largest of the whole numbers that a node holds, where the program says them: counted positions,
    /// shifted and scaled by constants.
    pub fn known_range(&self, x: &Tensor) -> Option<(i64, i64)> {
        self.range_of(x.node, &mut 64)
    }

    /// `steps` is how many nodes may still be looked at: what is added to itself again and again is a tree without end.
    fn range_of(&self, id: NodeId, steps: &mut usize) -> Option<(i64, i64)> {
        *steps = steps.checked_sub(1)?;
        let node = self.graph.node(id);
        let mut operand = |i: usize| node.inputs.get(i).and_then(|x| self.range_of(*x, steps));
        let whole = |n: f64| (n.fract() == 0.0 && n.abs() < 1e15).then_some(n as i64);
        match &node.op {
            Op::Constant(n) => whole(*n).map(|n| (n, n)),
            Op::Literal(numbers) => {
                let numbers: Option<Vec<i64>> = numbers.iter().map(|n| whole(*n)).collect();
                let numbers = numbers?;
                Some((*numbers.iter().min()?, *numbers.iter().max()?))
            }
            Op::Iota { axis } => Some((0, self.size_at(id, *axis).as_constant()?.checked_sub(1)?)),
            Op::Reshape | Op::Broadcast | Op::Permute(_) => operand(0),
            Op::Unary(Unary::Negate) => operand(0).map(|(a, b)| (-b, -a)),
            Op::Binary(function) => {
                let ((a, b), (c, d)) = (operand(0)?, operand(1)?);
                let of = |function: fn(i64, i64) -> Option<i64>| {
                    let ends = [function(a, c)?, function(a, d)?, function(b, c)?, function(b, d)?];
                    Some((*ends.iter().min()?, *ends.iter().max()?))
                };
                // Both ends are there only where one side is a single number.
                match function {
                    _ if a != b && c != d => None,
                    Binary::Add => of(i64::checked_add),
                    Binary::Subtract => of(i64::checked_sub),
                    Binary::Multiply => of(i64::checked_mul),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn size_at(&self, node: NodeId, axis: usize) -> Dim {
        self.graph.shape(node).get(axis).cloned().unwrap_or_default()
    }

    fn step_back(&self, id: NodeId, axis: usize) -> Step {
        let node = self.graph.node(id);
        let operand = |i: usize| node.inputs.get(i).copied();
        let same = |i: usize, axis: usize| operand(i).map_or(Step::Made(Maker::Other), |x| Step::Same(x, axis));
        let rank_of = |i: usize| operand(i).map_or(0, |x| self.graph.shape(x).len());
        let rank = node.shape.len();
        match &node.op {
            Op::Input(_) => match axis.checked_sub(usize::from(node.shape.first() == Some(&batch()))) {
                Some(axis) => Step::Made(Maker::Input { axis }),
                None => Step::Made(Maker::Other),
            },
            Op::State(state) => Step::Made(Maker::Weight { state: *state, axis }),
            Op::Constant(_) | Op::Size(_) | Op::Literal(_) | Op::Iota { .. } | Op::Random { .. } => {
                Step::Made(Maker::Other)
            }
            Op::Unary(_) | Op::CumulativeSum { .. } | Op::Softmax { .. } | Op::LogSoftmax { .. } => same(0, axis),
            Op::Binary(_) => self.one_that_has_it(&[0, 1], id, axis),
            Op::Select => self.one_that_has_it(&[1, 2, 0], id, axis),
            Op::Reshape => self.before_scan(id, axis).unwrap_or_else(|| self.before_reshape(id, axis)),
            Op::Permute(order) => order.get(axis).map_or(Step::Made(Maker::Other), |from| same(0, *from)),
            Op::Broadcast => match operand(0) {
                Some(x) if self.size_at(x, axis) == self.size_at(id, axis) => Step::Same(x, axis),
                _ => Step::Made(Maker::Other),
            },
            // The first entry of what a state was is its beginning, and no step made it.
            Op::Slice { axis: 0, .. } if axis == 0 && operand(0).is_some_and(|x| self.scan_part(x).is_some()) => {
                operand(0).and_then(|x| self.before_scan(x, 0)).unwrap_or(Step::Made(Maker::Other))
            }
            Op::Slice { axis: cut, .. } => match operand(0) {
                Some(x) if *cut == axis && self.size_at(x, axis) != self.size_at(id, axis) => {
                    Step::Made(Maker::Part(self.size_at(x, axis)))
                }
                _ => same(0, axis),
            },
            Op::Pad { axis: padded, before, after, .. } => match operand(0) {
                Some(x) if *padded == axis => {
                    let (from, to) = (self.size_at(x, axis), self.size_at(id, axis));
                    let arithmetic = format!("{before} + {from} + {after} = {to}");
                    let change = Change { node: id, span: node.span, from, to, arithmetic, can_keep: false };
                    Step::Changed(x, axis, change)
                }
                _ => same(0, axis),
            },
            Op::Concat { axis: joined } if *joined == axis => {
                Step::Made(Maker::Sum(node.inputs.iter().map(|x| self.size_at(*x, axis)).collect()))
            }
            Op::Concat { .. } => same(0, axis),
            Op::Reduce { axes, .. } if axes.contains(&axis) => Step::Made(Maker::Other),
            Op::Reduce { .. } => same(0, axis),
            Op::ArgMax { axis: gone } if *gone == axis => Step::Made(Maker::Other),
            Op::ArgMax { .. } => same(0, axis),
            Op::MatMul if axis + 1 == rank => same(1, rank_of(1).saturating_sub(1)),
            Op::MatMul => same(0, axis),
            Op::GatherRows => match axis.checked_sub(rank_of(1)) {
                None => same(1, axis),
                Some(rest) => same(0, rest + 1),
            },
            Op::TakeAlong { axis: along } if *along == axis => same(1, axis),
            Op::TakeAlong { .. } => same(0, axis),
            Op::PlaceAlong { axis: along, .. } if *along != axis => same(1, axis),
            Op::Convolve { windows, .. } => match axis.checked_sub(rank.saturating_sub(windows.len())) {
                Some(slid) => self.slid(id, axis, windows.get(slid)),
                None if axis == 1 => same(1, 0),
                None => same(0, axis),
            },
            Op::WindowArgMax(windows) | Op::WindowSum(windows) => {
                match axis.checked_sub(rank.saturating_sub(windows.len())) {
                    Some(slid) => self.slid(id, axis, windows.get(slid)),
                    None => same(0, axis),
                }
            }
            Op::ConvolveInput { windows, groups } => match axis.checked_sub(rank.saturating_sub(windows.len())) {
                Some(_) => self.slid(id, axis, None),
                None if axis == 1 && *groups == 1 => same(1, 1),
                None if axis == 1 => Step::Made(Maker::Other),
                None => same(0, axis),
            },
            Op::Attention(_) if axis + 1 < rank => same(0, axis),
            Op::PlaceAlong { .. }
            | Op::ScatterRows { .. }
            | Op::Scan(_)
            | Op::ConvolveKernel { .. }
            | Op::WindowSpread(_)
            | Op::Attention(_)
            | Op::AttentionBackward(_)
            | Op::Recurrent { .. }
            | Op::RecurrentBackward(_) => Step::Made(Maker::Other),
        }
    }

    /// The scan that a node takes a part of the result out of, and which part.
    fn scan_part(&self, id: NodeId) -> Option<(NodeId, usize)> {
        let only = |id: NodeId| self.graph.node(id).inputs.first().copied();
        let (Op::Reshape, slice) = (&self.graph.node(id).op, only(id)?) else { return None };
        let (start, scan) = match &self.graph.node(slice).op {
            Op::Slice { start, .. } => (start.clone(), only(slice)?),
            Op::Scan(_) => (Dim::constant(0), slice),
            _ => return None,
        };
        let Op::Scan(loops) = &self.graph.node(scan).op else { return None };
        let part = (0..loops.body.outputs.len())
            .find(|part| loops.part(*part) == (start.clone(), self.graph.shape(id).to_vec()))?;
        Some((scan, part))
    }

    /// Where an axis of a part of a scan's result came from: the positions from what it walks along, the others of a
    /// state from its beginning.
    fn before_scan(&self, id: NodeId, axis: usize) -> Option<Step> {
        let (node, part) = self.scan_part(id)?;
        let Op::Scan(scan) = &self.graph.node(node).op else { return None };
        let operand = |i: usize| self.graph.node(node).inputs.get(i).copied();
        let is_last_value = scan.traced.get(part) == Some(&false);
        let step = match axis.checked_sub(usize::from(!is_last_value)) {
            None if scan.scanned > 0 => Step::Same(operand(scan.carries())?, 0),
            Some(inner) if part < scan.carries() => Step::Same(operand(part)?, inner),
            _ => Step::Made(Maker::Other),
        };
        Some(step)
    }

    /// Elementwise operands have all axes; the one that was not repeated to the size had it by itself.
    fn one_that_has_it(&self, order: &[usize], id: NodeId, axis: usize) -> Step {
        let operands = || order.iter().filter_map(|i| self.graph.node(id).inputs.get(*i).copied());
        let had_it = |x: &NodeId| {
            let node = self.graph.node(*x);
            !matches!(node.op, Op::Broadcast)
                || node.inputs.first().is_some_and(|before| self.size_at(*before, axis) == self.size_at(*x, axis))
        };
        match operands().find(had_it).or_else(|| operands().next()) {
            Some(x) => Step::Same(x, axis),
            None => Step::Made(Maker::Other),
        }
    }

    /// An axis that windows slid over.
    fn slid(&self, id: NodeId, axis: usize, window: Option<&WindowAxis>) -> Step {
        let node = self.graph.node(id);
        let Some(x) = node.inputs.first().copied() else { return Step::Made(Maker::Other) };
        let (from, to) = (self.size_at(x, axis), self.size_at(id, axis));
        if from == to {
            return Step::Same(x, axis);
        }
        let arithmetic = window.map_or_else(|| format!("{from} becomes {to}"), |w| arithmetic(w, &from, &to));
        let can_keep = window.is_some_and(|w| w.stride == 1 && w.before == Dim::default());
        Step::Changed(x, axis, Change { node: id, span: node.span, from, to, arithmetic, can_keep })
    }

    fn before_reshape(&self, id: NodeId, axis: usize) -> Step {
        let Some(x) = self.graph.node(id).inputs.first().copied() else { return Step::Made(Maker::Other) };
        let (before, after) = (self.graph.shape(x), self.graph.shape(id));
        let Some((from, to)) = matching(before, after).into_iter().find(|(_, to)| to.contains(&axis)) else {
            return Step::Made(Maker::Other);
        };
        match (from.len(), to.len()) {
            (1, 1) => Step::Same(x, from.start),
            (2.., 1) => {
                let factors = from.filter(|i| before.get(*i).is_some_and(|d| !d.is_one()));
                let sizes = factors.filter_map(|i| before.get(i).map(|d| (d.clone(), i)));
                Step::Made(Maker::Product(sizes.collect(), x))
            }
            (1, 2..) => match self.merged_from(x, from.start, after.get(to.clone()).unwrap_or_default()) {
                Some((node, first)) => Step::Same(node, first + axis - to.start),
                None => Step::Made(Maker::Other),
            },
            _ => Step::Made(Maker::Other),
        }
    }

    /// Where an axis that is now split in these sizes was made of them: the rows of a matrix product, the places of a
    /// pool. The node before, and the first of its axes that were merged.
    fn merged_from(&self, node: NodeId, axis: usize, sizes: &[Dim]) -> Option<(NodeId, usize)> {
        let (mut node, mut axis) = (node, axis);
        for _ in 0..FARTHEST {
            if let (Op::Reshape, Some(before)) = (&self.graph.node(node).op, self.graph.node(node).inputs.first()) {
                let (from, _) = matching(self.graph.shape(*before), self.graph.shape(node))
                    .into_iter()
                    .find(|(_, to)| *to == (axis..axis + 1))?;
                if self.graph.shape(*before).get(from.clone()) == Some(sizes) {
                    return Some((*before, from.start));
                }
            }
            match self.step_back(node, axis) {
                Step::Same(before, its) => (node, axis) = (before, its),
                Step::Changed(..) | Step::Made(_) => return None,
            }
        }
        None
    }
}

/// How the size of a result follows from windows.
fn arithmetic(axis: &WindowAxis, from: &Dim, to: &Dim) -> String {
    let [kernel, stride, dilation] = [axis.kernel, axis.stride, axis.dilation].map(Dim::from);
    let window = Window { kernel, stride, dilation, padding: Padding::Each(axis.before.clone()) };
    // Where less is added behind, as `same` may, the sum would be another.
    match window.count(from) {
        Some(count) if count == *to => window.arithmetic(from),
        _ => format!("{from} becomes {to}"),
    }
}

/// Which axes of a shape became which of another with the same numbers: the smallest groups whose products agree.
fn matching(before: &[Dim], after: &[Dim]) -> Vec<(Range<usize>, Range<usize>)> {
    let product = |dims: Option<&[Dim]>| dims.unwrap_or_default().iter().cloned().fold(Dim::constant(1), |a, b| a * b);
    let is_one = |dims: &[Dim], i: usize| dims.get(i).is_some_and(Dim::is_one);
    let mut groups = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < before.len() || j < after.len() {
        let (first, second) = match (is_one(before, i), is_one(after, j)) {
            // An axis of size 1 that came or went.
            (true, false) => (1, 0),
            (false, true) => (0, 1),
            _ => {
                let longest = (before.len() - i) + (after.len() - j);
                let sizes = (2..=longest).flat_map(|sum| (1..sum).map(move |a| (a, sum - a)));
                let fits = |(a, b): &(usize, usize)| {
                    i + a <= before.len()
                        && j + b <= after.len()
                        && product(before.get(i..i + a)) == product(after.get(j..j + b))
                };
                match sizes.into_iter().find(fits) {
                    Some(group) => group,
                    None => (before.len() - i, after.len() - j),
                }
            }
        };
        groups.push((i..i + first, j..j + second));
        i += first;
        j += second;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::StateScope;
    use crate::ir::graph::InputKind;
    use crate::ir::init::Init;

    fn sizes(numbers: &[i64]) -> Vec<Dim> {
        numbers.iter().map(|n| Dim::constant(*n)).collect()
    }

    fn input(b: &mut Builder, shape: &[i64]) -> Tensor {
        let mut node_shape = sizes(shape);
        node_shape.insert(0, batch());
        let (_, node) = b.graph.add_input("x", node_shape, InputKind::Field, Span::default());
        b.tensor(node, sizes(shape), true)
    }

    fn window(kernel: i64, stride: i64) -> Window {
        let [kernel, stride, dilation] = [kernel, stride, 1].map(Dim::constant);
        Window { kernel, stride, dilation, padding: Padding::Each(Dim::default()) }
    }

    #[test]
    fn reshapes_match_axis_by_axis() {
        let of = |a: &[i64], b: &[i64]| matching(&sizes(a), &sizes(b));
        assert_eq!(of(&[2, 3], &[2, 3]), [(0..1, 0..1), (1..2, 1..2)]);
        assert_eq!(of(&[64, 5, 5], &[1600]), [(0..3, 0..1)]);
        assert_eq!(of(&[784], &[1, 28, 28]), [(0..0, 0..1), (0..1, 1..3)]);
        assert_eq!(of(&[7, 64, 1, 1], &[7, 64]), [(0..1, 0..1), (1..2, 1..2), (2..3, 2..2), (3..4, 2..2)]);
        assert_eq!(of(&[4, 6], &[3, 8]), [(0..2, 0..2)]);
    }

    /// Windows, pools, products and a flattening: every size is followed to what made it.
    #[test]
    fn sizes_are_followed_through_an_image_network() {
        let mut b = Builder::new(false, false);
        let x = input(&mut b, &[1, 28, 28]);
        let kernel = b.weight(&StateScope::default(), "kernel", &sizes(&[64, 1, 3, 3]), Init::Full(0.0)).unwrap();
        let y = b.convolve(&x, &kernel, &[window(3, 1), window(3, 1)], 1).unwrap();
        let y = b.window_max(&y, &[window(2, 2), window(2, 2)]).unwrap();
        let origin = b.origin(&y, 2);
        assert_eq!(origin.maker, Maker::Input { axis: 2 });
        let chain: Vec<String> = origin.changes.iter().map(|c| format!("{} -> {}", c.from, c.to)).collect();
        assert_eq!(chain, ["28 -> 26", "26 -> 13"]);
        assert_eq!(origin.changes[0].arithmetic, "28 - (3 - 1) = 26");
        assert!(matches!(b.origin(&y, 0).maker, Maker::Weight { axis: 0, .. }));

        let flat = b.flatten(&y).unwrap();
        let Maker::Product(factors, before) = b.origin(&flat, 0).maker else { panic!("a product") };
        let factors: Vec<String> = factors.iter().map(|(d, _)| d.to_string()).collect();
        assert_eq!(factors, ["64", "13", "13"]);
        assert_eq!(b.graph.shape(before)[1..], sizes(&[64, 13, 13]));
    }

    /// The rows of a matrix product are merged for it and split afterwards; the size is still that of the input.
    #[test]
    fn rows_of_products_are_those_of_the_operand() {
        let mut b = Builder::new(false, false);
        let x = input(&mut b, &[10, 4]);
        let weight = b.weight(&StateScope::default(), "w", &sizes(&[4, 7]), Init::Full(0.0)).unwrap();
        let y = b.matmul(&x, &weight).unwrap();
        assert_eq!(b.origin(&y, 0).maker, Maker::Input { axis: 0 });
        assert!(matches!(b.origin(&y, 1).maker, Maker::Weight { axis: 1, .. }));
        let joined = b.concat(&[y.clone(), y], 1).unwrap();
        assert_eq!(b.origin(&joined, 1).maker, Maker::Sum(sizes(&[7, 7])));
        let bias = b.full(&sizes(&[14]), 1.0).unwrap();
        let sum = b.add(&bias, &joined).unwrap();
        assert_eq!(b.origin(&sum, 0).maker, Maker::Input { axis: 0 }, "the other was only repeated");
    }
}
