//! Random graphs: differentiated rightly, optimized without changing what they compute.

use crate::graphs::{Numbers, check_gradient, input, push, shape, sizes, values, weighted_sum};
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, NodeId, Shape};
use nnrun::ir::op::{Binary, Distribution, Op, Reduction, Unary};
use nnrun::ir::verify::verify;
use nnrun::ir::window::{WindowAxis, Windows};
use nnrun::optimize::{PASSES, optimize};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// What to append: which operation, on which of the tensors so far.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    kind: u8,
    pick: u8,
    other: u8,
    detail: u8,
}

impl Step {
    /// Four numbers that say everything.
    pub fn choices(self) -> [usize; 4] {
        [self.kind, self.pick, self.other, self.detail].map(usize::from)
    }
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>());
    let step = step.prop_map(|(kind, pick, other, detail)| Step { kind, pick, other, detail });
    prop::collection::vec(step, 3..14)
}

/// A graph under construction. The first two tensors are its inputs.
pub struct Random {
    pub graph: Graph,
    pub pool: Vec<NodeId>,
    /// Whether finite differences must be able to follow: no draws, no stopped gradients.
    smooth: bool,
}

impl Random {
    pub fn new(smooth: bool) -> Self {
        let mut graph = Graph::default();
        let x = input(&mut graph, "x", vec![batch(), Dim::constant(4)]);
        let w = input(&mut graph, "w", shape(&[4, 3]));
        Random { graph, pool: vec![x, w], smooth }
    }

    fn shape(&self, x: NodeId) -> Shape {
        self.graph.shape(x).to_vec()
    }

    fn unary(&mut self, function: Unary, x: NodeId) -> NodeId {
        let shape = self.shape(x);
        push(&mut self.graph, Op::Unary(function), &[x], shape)
    }

    fn binary(&mut self, function: Binary, x: NodeId, y: NodeId) -> NodeId {
        let shape = self.shape(x);
        push(&mut self.graph, Op::Binary(function), &[x, y], shape)
    }

    fn full(&mut self, number: f64, of: &[Dim]) -> NodeId {
        let scalar = push(&mut self.graph, Op::Constant(number), &[], vec![]);
        let ones = push(&mut self.graph, Op::Reshape, &[scalar], vec![Dim::constant(1); of.len()]);
        push(&mut self.graph, Op::Broadcast, &[ones], of.to_vec())
    }

    /// A tensor of the shape of `x`: another of the pool where there is one.
    fn partner(&mut self, x: NodeId, choice: u8) -> NodeId {
        let of = self.shape(x);
        let alike: Vec<NodeId> = self.pool.iter().copied().filter(|id| self.graph.shape(*id) == of).collect();
        match choice % 3 {
            0 => {
                let number = [0.0, 1.0, -1.0, 2.0, 0.5, 3.0][usize::from(choice / 3) % 6];
                self.full(number, &of)
            }
            _ => alike[usize::from(choice) % alike.len()],
        }
    }

    /// A window of two taps of which one at least lies inside wherever it stands.
    fn window(&self, step: Step) -> WindowAxis {
        WindowAxis { kernel: 2, stride: 1, dilation: 1, before: Dim::from(usize::from(step.other & 1)) }
    }

    pub fn step(&mut self, step: Step) {
        let x = self.pool[usize::from(step.pick) % self.pool.len()];
        let of = self.shape(x);
        let detail = usize::from(step.detail);
        let y = match step.kind % 22 {
            0 => {
                let smooth = [Unary::Sine, Unary::Cosine, Unary::Tanh, Unary::Sigmoid, Unary::ErrorFunction];
                self.unary(smooth[detail % smooth.len()], x)
            }
            1 => self.unary([Unary::Negate, Unary::Relu, Unary::Absolute, Unary::Softplus][detail % 4], x),
            // Bounded first, so that a chain of these stays in range.
            2 => {
                let bounded = self.unary(Unary::Sine, x);
                self.unary([Unary::Square, Unary::Exponential][detail % 2], bounded)
            }
            3 => {
                let positive = self.unary(Unary::Softplus, x);
                let offset = self.full(0.5, &of);
                let positive = self.binary(Binary::Add, positive, offset);
                let functions = [Unary::SquareRoot, Unary::ReciprocalSquareRoot, Unary::Logarithm, Unary::Reciprocal];
                self.unary(functions[detail % 4], positive)
            }
            4..=6 => {
                let y = self.partner(x, step.other);
                let functions = [Binary::Add, Binary::Subtract, Binary::Multiply, Binary::Maximum, Binary::Minimum];
                let (a, b) = if step.detail >= 128 { (y, x) } else { (x, y) };
                let result = self.binary(functions[detail % 5], a, b);
                // Products of products would grow beyond what differences resolve.
                if detail % 5 == 2 { self.unary(Unary::Tanh, result) } else { result }
            }
            7 => {
                let exponents = [0.0, 1.0, 2.0, 3.0, 4.0];
                let exponent = self.full(exponents[detail % 5], &of);
                let bounded = self.unary(Unary::Sine, x);
                self.binary(Binary::Power, bounded, exponent)
            }
            8 => {
                let y = self.partner(x, step.other);
                let less = self.binary(Binary::Less, x, y);
                let condition = if detail % 2 == 0 { less } else { self.unary(Unary::Not, less) };
                // Continuous where the branches change places.
                let pair = if detail % 3 == 0 { [x, y] } else { [y, x] };
                push(&mut self.graph, Op::Select, &[condition, pair[0], pair[1]], of)
            }
            9 => {
                let count = of.iter().fold(Dim::constant(1), |a, b| a * b.clone());
                let target = match detail % 3 {
                    0 => vec![count],
                    1 => std::iter::once(Dim::constant(1)).chain(of).collect(),
                    _ => of.into_iter().chain([Dim::constant(1)]).collect(),
                };
                push(&mut self.graph, Op::Reshape, &[x], target)
            }
            10 if of.len() > 1 => {
                let rank = of.len();
                let permutation: Vec<usize> = (0..rank).map(|i| (i + 1 + detail) % rank).collect();
                let target = permutation.iter().map(|axis| of[*axis].clone()).collect();
                push(&mut self.graph, Op::Permute(permutation.into()), &[x], target)
            }
            11 if !of.is_empty() => {
                let axis = detail % of.len();
                let count = sizes(&of)[axis];
                // At most one symbolic size: the slices of the batch go to its end.
                let (start, length, step) = match (of[axis].as_constant(), step.other % 3) {
                    (None, 0) => (of[axis].clone() - Dim::constant(1), of[axis].clone(), -1),
                    (None, _) => (of[axis].clone() - Dim::constant(1), Dim::constant(1), 1),
                    (Some(n), 0) => (Dim::constant(n - 1), Dim::constant((n + 1) / 2), -2),
                    (Some(n), 1) => (Dim::constant(0), Dim::constant((n + 1) / 2), 2),
                    (Some(_), _) => (Dim::from(count / 2), Dim::from(count - count / 2), 1),
                };
                let mut target = of;
                target[axis] = length;
                push(&mut self.graph, Op::Slice { axis, start, step }, &[x], target)
            }
            12 if !of.is_empty() => {
                let axis = detail % of.len();
                let (before, after) = (Dim::from(detail % 3), Dim::from(usize::from(step.other) % 2));
                let mut target = of;
                target[axis] = target[axis].clone() + before.clone() + after.clone();
                let value = f64::from(step.other % 2);
                push(&mut self.graph, Op::Pad { axis, before, after, value }, &[x], target)
            }
            13 if !of.is_empty() => {
                let y = self.partner(x, step.other);
                let axis = detail % of.len();
                let mut target = of;
                target[axis] = target[axis].clone() * Dim::constant(2);
                push(&mut self.graph, Op::Concat { axis }, &[x, y], target)
            }
            14 | 15 if !of.is_empty() => {
                let axes: Vec<usize> = (0..of.len()).filter(|axis| detail >> axis & 1 == 1).collect();
                let reductions = [Reduction::Sum, Reduction::Maximum, Reduction::Minimum];
                let mut target = of.clone();
                axes.iter().for_each(|axis| target[*axis] = Dim::constant(1));
                let op = Op::Reduce { reduction: reductions[usize::from(step.other) % 3], axes: axes.into() };
                let reduced = push(&mut self.graph, op, &[x], target);
                let reduced = self.unary(Unary::Tanh, reduced);
                match step.kind % 22 {
                    14 => reduced,
                    _ => push(&mut self.graph, Op::Broadcast, &[reduced], of),
                }
            }
            16 if !of.is_empty() => {
                let axis = detail % of.len();
                let op = [
                    Op::Softmax { axis },
                    Op::LogSoftmax { axis },
                    Op::CumulativeSum { axis, reverse: step.other & 1 == 0 },
                ];
                push(&mut self.graph, op[usize::from(step.other) % 3].clone(), &[x], of)
            }
            17 if of.len() >= 2 => {
                let y = self.partner(x, step.other);
                let (rank, mut transposed) = (of.len(), of.clone());
                transposed.swap(rank - 2, rank - 1);
                let mut permutation: Vec<usize> = (0..rank).collect();
                permutation.swap(rank - 2, rank - 1);
                let right = push(&mut self.graph, Op::Permute(permutation.clone().into()), &[y], transposed);
                let mut square = of.clone();
                square[rank - 1] = of[rank - 2].clone();
                let product = push(&mut self.graph, Op::MatMul, &[x, right], square.clone());
                let product = if detail % 2 == 0 {
                    push(&mut self.graph, Op::Permute(permutation.into()), &[product], square)
                } else {
                    product
                };
                self.unary(Unary::Tanh, product)
            }
            18 if !of.is_empty() && of[0].as_constant().is_some() => {
                let rows = sizes(&of)[0];
                let numbers: Vec<f64> = (0..3).map(|i| ((i * detail) % rows) as f64).collect();
                let numbers = push(&mut self.graph, Op::Literal(numbers.into()), &[], shape(&[3]));
                let mut target = of;
                target[0] = Dim::constant(3);
                push(&mut self.graph, Op::GatherRows, &[x, numbers], target)
            }
            19 if !self.smooth && of.first() == Some(&batch()) => {
                let stopped = self.unary(Unary::StopGradient, x);
                let op = Op::Random { stream: u32::from(step.detail % 2), distribution: Distribution::Uniform };
                let draw = push(&mut self.graph, op, &[], of);
                self.binary(Binary::Add, stopped, draw)
            }
            20 if !of.is_empty() => {
                // The first axis as examples, the rest as one channel.
                let length = of[1..].iter().fold(Dim::constant(1), |a, b| a * b.clone());
                let image = vec![of[0].clone(), Dim::constant(1), length.clone()];
                let image = push(&mut self.graph, Op::Reshape, &[x], image);
                let kernel: Vec<f64> = (0..4).map(|i| ((i * 5 + detail) % 7) as f64 / 4.0 - 0.7).collect();
                let kernel = push(&mut self.graph, Op::Literal(kernel.into()), &[], shape(&[2, 1, 2]));
                let windows = [self.window(step)].into();
                let result = vec![of[0].clone(), Dim::constant(2), length];
                let op = Op::Convolve { windows, groups: 1 };
                let result = push(&mut self.graph, op, &[image, kernel], result);
                self.unary(Unary::Tanh, result)
            }
            21 if of.len() > 1 => {
                let windows: Windows = [self.window(step)].into();
                let axis = of.len() - 1;
                let op = if step.other & 4 == 0 { Op::WindowSum(windows) } else { Op::WindowArgMax(windows) };
                let place = push(&mut self.graph, op.clone(), &[x], of.clone());
                match op {
                    Op::WindowSum(_) => self.unary(Unary::Tanh, place),
                    _ => push(&mut self.graph, Op::TakeAlong { axis }, &[x, place], of),
                }
            }
            _ => self.unary(Unary::Tanh, x),
        };
        // Larger tensors would only make the differences slow.
        if sizes(self.graph.shape(y)).iter().product::<usize>() <= 64 {
            self.pool.push(y);
        }
    }

    /// The scalar to differentiate: all tensors that were made last.
    pub fn loss(&mut self, seed: u64) -> NodeId {
        let mut numbers = Numbers::new(seed);
        let last: Vec<NodeId> = self.pool.iter().rev().take(3).copied().collect();
        let sums: Vec<NodeId> = last.into_iter().map(|x| weighted_sum(&mut self.graph, x, &mut numbers)).collect();
        sums.into_iter().reduce(|x, y| push(&mut self.graph, Op::Binary(Binary::Add), &[x, y], vec![])).unwrap()
    }
}

fn feeds() -> Vec<Vec<f64>> {
    let mut numbers = Numbers::new(7);
    [12, 12].map(|n| (0..n).map(|_| numbers.between(-1.2, 1.2)).collect()).to_vec()
}

/// The same graphs on every machine and in every run.
pub fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let algorithm = proptest::test_runner::RngAlgorithm::ChaCha;
    TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(algorithm))
}

#[test]
fn random_graphs_have_the_gradients_that_differences_give() {
    let run = |steps: Vec<Step>| {
        let mut random = Random::new(true);
        steps.iter().for_each(|step| random.step(*step));
        let loss = random.loss(1);
        let wrt: Vec<NodeId> = random.pool[..2].to_vec();
        let gradients = differentiate(&mut random.graph, loss, &wrt);
        for (i, gradient) in gradients.iter().enumerate() {
            check_gradient(&random.graph, loss, i, *gradient, &feeds(), "random graph");
        }
        Ok(())
    };
    runner(200).run(&steps(), run).unwrap();
}

#[test]
fn optimizing_keeps_what_random_graphs_compute() {
    let run = |steps: Vec<Step>| {
        let mut random = Random::new(false);
        steps.iter().for_each(|step| random.step(*step));
        let loss = random.loss(2);
        let mut graph = random.graph;
        let gradients = differentiate(&mut graph, loss, &random.pool[..2]);
        for (i, id) in random.pool.iter().chain(gradients.iter().flatten()).enumerate() {
            graph.add_output(format!("{i}"), *id);
        }
        graph.add_output("loss", loss);
        let expected = outputs(&graph);

        let mut passed = graph.clone();
        for (name, pass) in PASSES {
            passed = pass(passed).graph;
            verify(&passed).unwrap_or_else(|violation| panic!("after {name}: {violation}"));
            compare(&expected, &outputs(&passed), name);
        }
        let optimized = optimize(graph.clone());
        verify(&optimized).unwrap_or_else(|violation| panic!("{violation}"));
        compare(&expected, &outputs(&optimized), "optimize");
        assert!(optimized.nodes.len() <= graph.nodes.len());

        let print = |graph: &Graph| nnrun::ir::print::print(graph, &Default::default());
        assert_eq!(print(&optimized), print(&optimize(graph)), "the optimizer depends on more than the graph");
        assert_eq!(print(&optimized), print(&optimize(optimized.clone())), "the optimizer left something to do");
        Ok(())
    };
    runner(400).run(&steps(), run).unwrap();
}

fn outputs(graph: &Graph) -> Vec<Vec<f64>> {
    let values = values(graph, &feeds());
    graph.outputs.iter().map(|output| values[output.node.index()].data.clone()).collect()
}

fn compare(expected: &[Vec<f64>], found: &[Vec<f64>], after: &str) {
    for (i, (expected, found)) in expected.iter().zip(found).enumerate() {
        assert_eq!(expected.len(), found.len(), "after {after}: output {i}");
        for (e, f) in expected.iter().zip(found) {
            let same = (e.is_nan() && f.is_nan()) || (e - f).abs() <= 1e-9 * (1.0 + e.abs());
            assert!(same, "after {after}: output {i} is {f}, was {e}");
        }
    }
}
