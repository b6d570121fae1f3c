//! Each law of the optimizer by itself, what it must leave alone, and how long it takes.

use crate::graphs::{Numbers, input, push, shape, sizes, values};
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, NodeId};
use nnrun::ir::op::{Binary, Distribution, Op, Reduction, Unary};
use nnrun::ir::print::show_node;
use nnrun::optimize::{cse, optimize};

/// A node as one expression.
fn expression(graph: &Graph, id: NodeId) -> String {
    let text = show_node(graph, id);
    let mut parts = text.split('%');
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        result += &expression(graph, NodeId(part[..digits].parse().unwrap()));
        result += &part[digits..];
    }
    result
}

/// A graph with the inputs x: [4, 6], y: [4, 6] and s: [1, 1].
struct Bench {
    graph: Graph,
    x: NodeId,
    y: NodeId,
    s: NodeId,
}

impl Bench {
    fn un(&mut self, function: Unary, x: NodeId) -> NodeId {
        let shape = self.graph.shape(x).to_vec();
        push(&mut self.graph, Op::Unary(function), &[x], shape)
    }
    fn bin(&mut self, function: Binary, x: NodeId, y: NodeId) -> NodeId {
        let shape = self.graph.shape(x).to_vec();
        push(&mut self.graph, Op::Binary(function), &[x, y], shape)
    }
    fn num(&mut self, number: f64) -> NodeId {
        let scalar = push(&mut self.graph, Op::Constant(number), &[], vec![]);
        let ones = push(&mut self.graph, Op::Reshape, &[scalar], shape(&[1, 1]));
        push(&mut self.graph, Op::Broadcast, &[ones], shape(&[4, 6]))
    }
    fn op(&mut self, op: Op, inputs: &[NodeId], sizes: &[i64]) -> NodeId {
        push(&mut self.graph, op, inputs, shape(sizes))
    }
    fn slice(&mut self, x: NodeId, axis: usize, start: i64, step: i64, sizes: &[i64]) -> NodeId {
        self.op(Op::Slice { axis, start: Dim::constant(start), step }, &[x], sizes)
    }
    fn pad(&mut self, x: NodeId, axis: usize, before: i64, after: i64, sizes: &[i64]) -> NodeId {
        let (before, after) = (Dim::constant(before), Dim::constant(after));
        self.op(Op::Pad { axis, before, after, value: 0.0 }, &[x], sizes)
    }
    fn sum(&mut self, x: NodeId, axes: &[usize], sizes: &[i64]) -> NodeId {
        self.op(Op::Reduce { reduction: Reduction::Sum, axes: axes.into() }, &[x], sizes)
    }
}

/// The optimized form of what `build` builds, after checking that it computes the same.
fn optimized(build: impl Fn(&mut Bench) -> NodeId) -> String {
    let mut graph = Graph::default();
    let x = input(&mut graph, "x", shape(&[4, 6]));
    let y = input(&mut graph, "y", shape(&[4, 6]));
    let s = input(&mut graph, "s", shape(&[1, 1]));
    let mut bench = Bench { graph, x, y, s };
    let result = build(&mut bench);
    let mut graph = bench.graph;
    graph.add_output("result", result);
    let after = optimize(graph.clone());
    let mut numbers = Numbers::new(3);
    let feeds: Vec<Vec<f64>> =
        [24, 24, 1].map(|n| (0..n).map(|_| numbers.between(0.5, 2.0)).collect::<Vec<f64>>()).to_vec();
    let id = after.output("result").unwrap();
    let (expected, found) = (&values(&graph, &feeds)[result.index()], &values(&after, &feeds)[id.index()]);
    assert_eq!(expected.shape, found.shape);
    for (e, f) in expected.data.iter().zip(&found.data) {
        assert!((e - f).abs() < 1e-12, "{}: {f}, was {e}", expression(&after, id));
    }
    expression(&after, id)
}

/// A law: the form that is expected, and what it is the form of.
type Law = (&'static str, fn(&mut Bench) -> NodeId);

#[test]
fn laws_of_arithmetic() {
    use {Binary::*, Unary::*};
    let laws: &[Law] = &[
        ("x", |b| {
            let c = b.num(1.0);
            b.bin(Multiply, b.x, c)
        }),
        ("x", |b| {
            let c = b.num(1.0);
            b.bin(Multiply, c, b.x)
        }),
        ("-x", |b| {
            let c = b.num(-1.0);
            b.bin(Multiply, c, b.x)
        }),
        ("x", |b| {
            let c = b.num(0.0);
            b.bin(Add, c, b.x)
        }),
        ("x", |b| {
            let c = b.num(0.0);
            b.bin(Subtract, b.x, c)
        }),
        ("-x", |b| {
            let c = b.num(0.0);
            b.bin(Subtract, c, b.x)
        }),
        ("x", |b| {
            let c = b.num(1.0);
            b.bin(Divide, b.x, c)
        }),
        ("reciprocal(x)", |b| {
            let c = b.num(1.0);
            b.bin(Divide, c, b.x)
        }),
        ("x * broadcast(reshape(0.25))", |b| {
            let c = b.num(4.0);
            b.bin(Divide, b.x, c)
        }),
        ("x / broadcast(reshape(3))", |b| {
            let c = b.num(3.0);
            b.bin(Divide, b.x, c)
        }),
        ("x * broadcast(reshape(6))", |b| {
            let (two, three) = (b.num(2.0), b.num(3.0));
            let x = b.bin(Multiply, two, b.x);
            b.bin(Multiply, x, three)
        }),
        ("x * broadcast(reshape(-2))", |b| {
            let (x, c) = (b.un(Negate, b.x), b.num(2.0));
            b.bin(Multiply, x, c)
        }),
        ("x * y", |b| {
            let (x, y) = (b.un(Negate, b.x), b.un(Negate, b.y));
            b.bin(Multiply, x, y)
        }),
        ("x + y", |b| {
            let y = b.un(Negate, b.y);
            b.bin(Subtract, b.x, y)
        }),
        ("x - y", |b| {
            let y = b.un(Negate, b.y);
            b.bin(Add, b.x, y)
        }),
        ("y - x", |b| {
            let x = b.un(Negate, b.x);
            b.bin(Add, x, b.y)
        }),
        ("square(x)", |b| b.bin(Multiply, b.x, b.x)),
        ("x", |b| b.bin(Maximum, b.x, b.x)),
        ("x", |b| {
            let x = b.un(Negate, b.x);
            b.un(Negate, x)
        }),
        ("abs(x)", |b| {
            let x = b.un(Absolute, b.x);
            b.un(Absolute, x)
        }),
        ("relu(x)", |b| {
            let x = b.un(Relu, b.x);
            b.un(Relu, x)
        }),
        ("square(x)", |b| {
            let x = b.un(Absolute, b.x);
            b.un(Square, x)
        }),
        ("square(x)", |b| {
            let x = b.un(Negate, b.x);
            b.un(Square, x)
        }),
        ("rsqrt(x)", |b| {
            let x = b.un(SquareRoot, b.x);
            b.un(Reciprocal, x)
        }),
        ("x", |b| b.un(StopGradient, b.x)),
        ("broadcast(reshape(1))", |b| {
            let c = b.num(0.0);
            b.bin(Power, b.x, c)
        }),
        ("x", |b| {
            let c = b.num(1.0);
            b.bin(Power, b.x, c)
        }),
        ("square(x)", |b| {
            let c = b.num(2.0);
            b.bin(Power, b.x, c)
        }),
        ("square(x) * x", |b| {
            let c = b.num(3.0);
            b.bin(Power, b.x, c)
        }),
        ("square(square(x))", |b| {
            let c = b.num(4.0);
            b.bin(Power, b.x, c)
        }),
        ("sqrt(x)", |b| {
            let c = b.num(0.5);
            b.bin(Power, b.x, c)
        }),
        ("rsqrt(x)", |b| {
            let c = b.num(-0.5);
            b.bin(Power, b.x, c)
        }),
        ("reciprocal(x)", |b| {
            let c = b.num(-1.0);
            b.bin(Power, b.x, c)
        }),
        ("x ^ broadcast(reshape(1.5))", |b| {
            let c = b.num(1.5);
            b.bin(Power, b.x, c)
        }),
        ("where(x, x, y)", |b| {
            let c = b.un(Not, b.x);
            b.op(Op::Select, &[c, b.y, b.x], &[4, 6])
        }),
        ("y", |b| b.op(Op::Select, &[b.x, b.y, b.y], &[4, 6])),
        ("y", |b| {
            let c = b.num(0.0);
            b.op(Op::Select, &[c, b.x, b.y], &[4, 6])
        }),
        ("x", |b| {
            let c = b.num(2.0);
            b.op(Op::Select, &[c, b.x, b.y], &[4, 6])
        }),
        ("broadcast(tanh(s))", |b| {
            let s = b.op(Op::Broadcast, &[b.s], &[4, 6]);
            b.un(Tanh, s)
        }),
        ("broadcast(s / reshape(3))", |b| {
            let (s, c) = (b.op(Op::Broadcast, &[b.s], &[4, 6]), b.num(3.0));
            b.bin(Divide, s, c)
        }),
        ("broadcast(reshape(3) / s)", |b| {
            let (s, c) = (b.op(Op::Broadcast, &[b.s], &[4, 6]), b.num(3.0));
            b.bin(Divide, c, s)
        }),
        // 0 * x is NaN where x is infinite, so it stays.
        ("x * broadcast(reshape(0))", |b| {
            let c = b.num(0.0);
            b.bin(Multiply, b.x, c)
        }),
    ];
    for (expected, build) in laws {
        assert_eq!(optimized(build), *expected);
    }
}

#[test]
fn laws_of_movement() {
    let laws: &[Law] = &[
        ("reshape(x)", |b| {
            let x = b.op(Op::Reshape, &[b.x], &[24]);
            b.op(Op::Reshape, &[x], &[2, 12])
        }),
        ("x", |b| {
            let x = b.op(Op::Reshape, &[b.x], &[24]);
            b.op(Op::Reshape, &[x], &[4, 6])
        }),
        ("x", |b| b.op(Op::Broadcast, &[b.x], &[4, 6])),
        ("broadcast(s)", |b| {
            let s = b.op(Op::Broadcast, &[b.s], &[4, 1]);
            b.op(Op::Broadcast, &[s], &[4, 6])
        }),
        ("x", |b| b.op(Op::Permute([0, 1].into()), &[b.x], &[4, 6])),
        ("x", |b| {
            let x = b.op(Op::Permute([1, 0].into()), &[b.x], &[6, 4]);
            b.op(Op::Permute([1, 0].into()), &[x], &[4, 6])
        }),
        ("permute(reshape(x), [2, 1, 0])", |b| {
            let x = b.op(Op::Reshape, &[b.x], &[2, 2, 6]);
            let x = b.op(Op::Permute([1, 2, 0].into()), &[x], &[2, 6, 2]);
            b.op(Op::Permute([1, 0, 2].into()), &[x], &[6, 2, 2])
        }),
        ("reshape(x)", |b| {
            let x = b.op(Op::Reshape, &[b.x], &[1, 4, 6]);
            b.op(Op::Permute([1, 0, 2].into()), &[x], &[4, 1, 6])
        }),
        ("x", |b| b.slice(b.x, 0, 0, 1, &[4, 6])),
        ("slice(x, axis: 1, 3 .. 5)", |b| {
            let x = b.slice(b.x, 1, 2, 1, &[4, 4]);
            b.slice(x, 1, 1, 1, &[4, 2])
        }),
        ("slice(x, axis: 1, from: 2, step: 2)", |b| {
            let x = b.slice(b.x, 1, 0, 2, &[4, 3]);
            b.slice(x, 1, 1, 1, &[4, 2])
        }),
        ("x", |b| {
            let x = b.slice(b.x, 1, 5, -1, &[4, 6]);
            b.slice(x, 1, 5, -1, &[4, 6])
        }),
        ("x", |b| {
            let x = b.pad(b.x, 1, 2, 1, &[4, 9]);
            b.slice(x, 1, 2, 1, &[4, 6])
        }),
        ("x", |b| b.pad(b.x, 1, 0, 0, &[4, 6])),
        ("pad(x, axis: 1, before: 3, after: 1)", |b| {
            let x = b.pad(b.x, 1, 2, 1, &[4, 9]);
            b.pad(x, 1, 1, 0, &[4, 10])
        }),
        ("y", |b| {
            let z = b.op(Op::Concat { axis: 1 }, &[b.x, b.y], &[4, 12]);
            b.slice(z, 1, 6, 1, &[4, 6])
        }),
        ("x", |b| b.op(Op::Concat { axis: 1 }, &[b.x], &[4, 6])),
        ("s", |b| b.sum(b.s, &[0, 1], &[1, 1])),
        ("sum(x, axes: [0, 1])", |b| {
            let x = b.sum(b.x, &[1], &[4, 1]);
            b.sum(x, &[0], &[1, 1])
        }),
        ("s", |b| b.op(Op::CumulativeSum { axis: 1, reverse: false }, &[b.s], &[1, 1])),
        ("matmul(permute(y, [1, 0]), x)", |b| {
            let x = b.op(Op::Permute([1, 0].into()), &[b.x], &[6, 4]);
            let z = b.op(Op::MatMul, &[x, b.y], &[6, 6]);
            b.op(Op::Permute([1, 0].into()), &[z], &[6, 6])
        }),
    ];
    for (expected, build) in laws {
        assert_eq!(optimized(build), *expected);
    }
}

/// As behind a pool of what a relu gives.
#[test]
fn few_numbers_are_selected_before_they_are_placed_among_many() {
    let placed = |b: &mut Bench, wide: bool| {
        let at = b.op(Op::ArgMax { axis: 1 }, &[b.x], &[4, 1]);
        let few = b.op(Op::TakeAlong { axis: 1 }, &[b.y, at], &[4, 1]);
        let placed = b.op(Op::PlaceAlong { axis: 1, size: Dim::constant(6) }, &[few, at], &[4, 6]);
        let (condition, zero) = (b.un(Unary::Floor, b.y), b.num(0.0));
        if !wide {
            return b.op(Op::Select, &[condition, placed, zero], &[4, 6]);
        }
        let [condition, placed, zero] = [condition, placed, zero].map(|x| b.op(Op::Reshape, &[x], &[2, 2, 6]));
        b.op(Op::Select, &[condition, placed, zero], &[2, 2, 6])
    };
    let line = optimized(|b| placed(b, false));
    assert!(line.starts_with("place_along(where(take_along(floor(y), "), "{line}");
    let plane = optimized(|b| placed(b, true));
    assert!(plane.starts_with("reshape(place_along(where(take_along("), "{plane}");
}

/// As behind a pool, where the bias in front of it asks for the sum.
#[test]
fn numbers_among_zeros_have_the_sum_of_the_numbers() {
    let placed = |b: &mut Bench| {
        let at = b.op(Op::ArgMax { axis: 1 }, &[b.x], &[4, 1]);
        b.op(Op::PlaceAlong { axis: 1, size: Dim::constant(6) }, &[at, at], &[4, 6])
    };
    let line = optimized(|b| {
        let placed = placed(b);
        b.sum(placed, &[0, 1], &[1, 1])
    });
    assert_eq!(line, "sum(argmax(x, axis: 1), axes: [0, 1])");
    let plane = optimized(|b| {
        let placed = placed(b);
        let placed = b.op(Op::Reshape, &[placed], &[4, 2, 3]);
        b.sum(placed, &[0, 1, 2], &[1, 1, 1])
    });
    assert_eq!(plane, "reshape(sum(argmax(x, axis: 1), axes: [0, 1]))");
    // Some of the zeros stand in another sum.
    let part = optimized(|b| {
        let placed = placed(b);
        let placed = b.op(Op::Reshape, &[placed], &[4, 2, 3]);
        b.sum(placed, &[0, 2], &[1, 2, 1])
    });
    assert!(part.contains("place_along"), "{part}");
}

#[test]
fn what_is_known_is_computed() {
    let laws: &[Law] = &[
        ("broadcast(reshape(5))", |b| {
            let (x, y) = (b.num(2.0), b.num(3.0));
            b.bin(Binary::Add, x, y)
        }),
        ("reshape(48)", |b| {
            let x = b.num(2.0);
            b.sum(x, &[0, 1], &[1, 1])
        }),
        ("broadcast(reshape(2))", |b| {
            let x = b.num(2.0);
            b.slice(x, 1, 1, 1, &[4, 3])
        }),
        ("[0, 0.5, 1]", |b| {
            let x = b.op(Op::Iota { axis: 0 }, &[], &[3]);
            let half = b.op(Op::Literal([0.5, 0.5, 0.5].into()), &[], &[3]);
            b.bin(Binary::Multiply, x, half)
        }),
        ("broadcast([0, 1, 2])", |b| {
            let x = b.op(Op::Iota { axis: 1 }, &[], &[1, 3]);
            let x = b.op(Op::Permute([1, 0].into()), &[x], &[3, 1]);
            b.op(Op::Broadcast, &[x], &[3, 2])
        }),
    ];
    for (expected, build) in laws {
        assert_eq!(optimized(build), *expected);
    }
}

#[test]
fn equal_nodes_are_merged_but_not_draws() {
    let mut graph = Graph::default();
    let x = input(&mut graph, "x", vec![batch()]);
    let random = Op::Random { stream: 0, distribution: Distribution::Normal };
    for i in 0..2 {
        let draw = push(&mut graph, random.clone(), &[], vec![batch()]);
        let pair = if i == 0 { [x, draw] } else { [draw, x] };
        let sum = push(&mut graph, Op::Binary(Binary::Add), &pair, vec![batch()]);
        graph.add_output(format!("draw{i}"), sum);
        let zero = push(&mut graph, Op::Constant(if i == 0 { 0.0 } else { -0.0 }), &[], vec![]);
        graph.add_output(format!("zero{i}"), zero);
        let power = push(&mut graph, Op::Unary(Unary::Exponential), &[x], vec![batch()]);
        let pair = if i == 0 { [x, power] } else { [power, x] };
        let product = push(&mut graph, Op::Binary(Binary::Multiply), &pair, vec![batch()]);
        graph.add_output(format!("product{i}"), product);
    }
    let merged = cse(graph).graph;
    let same = |name: &str| merged.output(&format!("{name}0")) == merged.output(&format!("{name}1"));
    assert!(same("product"));
    assert!(!same("draw"), "two draws became one");
    assert!(!same("zero"), "0 and -0 became one");
}

/// `layers` dense layers with their gradients, as the front end builds them.
fn deep_network(layers: usize) -> Graph {
    let mut graph = Graph::default();
    let mut x = input(&mut graph, "x", vec![batch(), Dim::constant(32)]);
    let mut weights = Vec::new();
    for i in 0..layers {
        let w = input(&mut graph, &format!("w{i}"), shape(&[32, 32]));
        let b = input(&mut graph, &format!("b{i}"), shape(&[32]));
        weights.extend([w, b]);
        let transposed = push(&mut graph, Op::Permute([1, 0].into()), &[w], shape(&[32, 32]));
        let of = vec![batch(), Dim::constant(32)];
        let product = push(&mut graph, Op::MatMul, &[x, transposed], of.clone());
        let row = push(&mut graph, Op::Reshape, &[b], shape(&[1, 32]));
        let rows = push(&mut graph, Op::Broadcast, &[row], of.clone());
        let sum = push(&mut graph, Op::Binary(Binary::Add), &[product, rows], of.clone());
        x = push(&mut graph, Op::Unary(Unary::Tanh), &[sum], of);
    }
    let axes = [0, 1].into();
    let sum = push(&mut graph, Op::Reduce { reduction: Reduction::Sum, axes }, &[x], shape(&[1, 1]));
    let loss = push(&mut graph, Op::Reshape, &[sum], vec![]);
    let gradients = differentiate(&mut graph, loss, &weights);
    graph.add_output("loss", loss);
    for (i, gradient) in gradients.into_iter().flatten().enumerate() {
        graph.add_output(format!("gradient{i}"), gradient);
    }
    graph
}

#[test]
fn a_deep_network_is_optimized_at_once() {
    // A thousand layers take some 40 ms in optimized code on an idle machine. The bound is far from that, since tests
    // run side by side, but what is quadratic in the number of nodes exceeds it: 42,000 nodes are 1.8 billion pairs.
    let layers = 2000;
    let graph = deep_network(layers);
    let at_once = |graph: Graph| {
        let start = std::time::Instant::now();
        assert_eq!(optimize(graph).outputs.len(), 1 + 2 * layers);
        start.elapsed() < std::time::Duration::from_secs(2)
    };
    assert!((0..3).any(|_| at_once(graph.clone())), "three times more than 2 s for {layers} layers");
}

#[test]
fn every_weight_of_a_deep_network_keeps_a_cheap_gradient() {
    // Forward a layer is 5 nodes; backward two products, the derivative of tanh and a sum: nothing else is left.
    let optimized = optimize(deep_network(10));
    let products = optimized.nodes.iter().filter(|node| node.op == Op::MatMul).count();
    assert_eq!(products, 10 + 10 + 9, "forward, weights, and all inputs but the first layer's");
    assert!(optimized.nodes.len() <= 10 * 17, "{}", nnrun::ir::print::print(&optimized, &Default::default()));
    assert_eq!(sizes(optimized.shape(optimized.output("loss").unwrap())), [0usize; 0]);
}
