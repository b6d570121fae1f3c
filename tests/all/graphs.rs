//! What the tests over graphs share: numbers, shapes, evaluation, finite differences.

use nnrun::ir::dim::{Dim, Var, VarKind};
use nnrun::ir::graph::{Graph, InputKind, NodeId, Shape};
use nnrun::ir::interpret::{Draw, Feeds, Tensor, interpret};
use nnrun::ir::op::{Binary, Op, Reduction};
use nnrun::ir::verify::verify;
use nnrun::source::Span;

/// The batch has so many examples in the tests.
pub const BATCH: i64 = 3;

/// SplitMix64: the same numbers on every machine.
pub struct Numbers(u64);

impl Numbers {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Numbers(seed)
    }

    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// In [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

/// A shape of known sizes.
pub fn shape(sizes: &[i64]) -> Shape {
    sizes.iter().map(|n| Dim::constant(*n)).collect()
}

/// The sizes of a shape when the batch has [`BATCH`] examples.
pub fn sizes(shape: &[Dim]) -> Vec<usize> {
    shape.iter().map(|d| d.evaluate(&binding).and_then(|n| usize::try_from(n).ok()).expect("a size")).collect()
}

fn binding(var: &Var) -> Option<i64> {
    (var.kind == VarKind::Batch).then_some(BATCH)
}

/// Appends a node without source.
pub fn push(graph: &mut Graph, op: Op, inputs: &[NodeId], shape: Shape) -> NodeId {
    graph.push(op, inputs.to_vec(), shape, Span::default())
}

/// Declares an input.
pub fn input(graph: &mut Graph, name: &str, shape: Shape) -> NodeId {
    graph.add_input(name, shape, InputKind::Field, Span::default()).1
}

/// `Σ x · numbers`: a scalar whose gradient with respect to `x` are the numbers.
pub fn weighted_sum(graph: &mut Graph, x: NodeId, numbers: &mut Numbers) -> NodeId {
    let of = graph.shape(x).to_vec();
    let count = sizes(&of).iter().product::<usize>();
    // A symbolic shape cannot hold a literal, so the weights are waves of the positions.
    let mut terms = push(graph, Op::Constant(0.0), &[], vec![]);
    let ones = vec![Dim::constant(1); of.len()];
    for axis in 0..of.len() {
        let positions = push(graph, Op::Iota { axis }, &[], of.clone());
        let waves = push(graph, Op::Unary(nnrun::ir::op::Unary::Sine), &[positions], of.clone());
        let factor = push(graph, Op::Constant(numbers.between(0.5, 1.5)), &[], vec![]);
        let factor = push(graph, Op::Reshape, &[factor], ones.clone());
        let factor = push(graph, Op::Broadcast, &[factor], of.clone());
        let waves = push(graph, Op::Binary(Binary::Multiply), &[waves, factor], of.clone());
        terms = match axis {
            0 => waves,
            _ => push(graph, Op::Binary(Binary::Add), &[terms, waves], of.clone()),
        };
    }
    let offset = push(graph, Op::Constant(numbers.between(0.2, 0.4)), &[], vec![]);
    let offset = push(graph, Op::Reshape, &[offset], ones.clone());
    let offset = push(graph, Op::Broadcast, &[offset], of.clone());
    let terms = push(graph, Op::Binary(Binary::Add), &[terms, offset], of.clone());
    let product = push(graph, Op::Binary(Binary::Multiply), &[x, terms], of.clone());
    assert!(count > 0);
    let axes = (0..of.len()).collect::<Vec<_>>().into();
    let sum = push(graph, Op::Reduce { reduction: Reduction::Sum, axes }, &[product], ones);
    push(graph, Op::Reshape, &[sum], vec![])
}

/// All values of a graph, for inputs in order of declaration.
pub fn values(graph: &Graph, inputs: &[Vec<f64>]) -> Vec<Tensor> {
    verify(graph).unwrap_or_else(|violation| panic!("{violation}"));
    let feeds = Feeds {
        input: &|id| inputs[id.0 as usize].clone(),
        state: &|_| panic!("these graphs have no states"),
        random: &|Draw { stream, row, position, within, .. }| {
            Numbers::new(within ^ u64::from(stream) << 40 | (row as u64) << 20 | position as u64).unit()
        },
    };
    interpret(graph, &binding, &feeds).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Compares a gradient (`None` is 0) with central differences of the scalar `of`.
pub fn check_gradient(
    graph: &Graph,
    of: NodeId,
    input: usize,
    gradient: Option<NodeId>,
    inputs: &[Vec<f64>],
    name: &str,
) {
    let found = values(graph, inputs);
    let step = 1e-5;
    for i in 0..inputs[input].len() {
        let at = |offset: f64| {
            let mut moved = inputs.to_vec();
            moved[input][i] += offset;
            values(graph, &moved)[of.index()].data[0]
        };
        // The five-point formula, whose error is of the fourth order.
        let expected = (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
        let found = gradient.map_or(0.0, |id| found[id.index()].data[i]);
        let tolerance = 1e-6 * (1.0 + expected.abs());
        assert!(
            (found - expected).abs() <= tolerance,
            "{name}: element {i} of input {input}: {found}, by differences {expected}\n{}",
            nnrun::ir::print::print(graph, &Default::default())
        );
    }
}
