//! Scans: bodies of all sorts, differentiated, optimized and run.

use crate::graphs::{Numbers, input, push, shape, sizes, weighted_sum};
use crate::runtime::runs_as_interpreted;
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, NodeId, Shape};
use nnrun::ir::interpret::{Draw, Feeds, interpret};
use nnrun::ir::op::{Binary, Distribution, Op, Reduction, Unary};
use nnrun::ir::scan::{Scan, take_part};
use nnrun::ir::scan_draft::Draft;
use nnrun::optimize::optimize;
use nnrun::runtime::{Binding, Executable, Feed, Session, States};
use nnrun::source::Span;

const STEPS: i64 = 4;

/// A body under construction. The operands outside are numbered in the order in which they are asked for, but
/// [`Body::finish`] says in which order the scan wants them.
struct Body {
    draft: Draft,
    outside: Vec<Shape>,
}

/// A scan with the shapes of its operands.
pub struct Case {
    pub name: &'static str,
    pub scan: Scan,
    pub operands: Vec<Shape>,
}

fn per_example(rest: &[i64]) -> Shape {
    std::iter::once(batch()).chain(shape(rest)).collect()
}

impl Body {
    fn new() -> Body {
        Body { draft: Draft::new(), outside: Vec::new() }
    }

    fn operand(&mut self, shape: Shape) -> NodeId {
        self.outside.push(shape);
        NodeId(self.outside.len() as u32 - 1)
    }

    fn carry(&mut self, name: &str, shape: Shape) -> NodeId {
        let outside = self.operand(shape.clone());
        self.draft.carry(name, outside, shape, Span::default())
    }

    fn scanned(&mut self, name: &str, shape: Shape) -> NodeId {
        let outside = self.operand(std::iter::once(Dim::constant(STEPS)).chain(shape.clone()).collect());
        self.draft.scanned(name, outside, shape, Span::default())
    }

    fn captured(&mut self, name: &str, shape: Shape) -> NodeId {
        let outside = self.operand(shape.clone());
        self.draft.captured(name, outside, shape, Span::default())
    }

    fn push(&mut self, op: Op, inputs: &[NodeId], shape: Shape) -> NodeId {
        push(&mut self.draft.body, op, inputs, shape)
    }

    fn unary(&mut self, unary: Unary, x: NodeId) -> NodeId {
        let shape = self.draft.body.shape(x).to_vec();
        self.push(Op::Unary(unary), &[x], shape)
    }

    fn binary(&mut self, binary: Binary, x: NodeId, y: NodeId) -> NodeId {
        let shape = self.draft.body.shape(x).to_vec();
        self.push(Op::Binary(binary), &[x, y], shape)
    }

    fn matmul(&mut self, x: NodeId, y: NodeId) -> NodeId {
        let mut shape = self.draft.body.shape(x).to_vec();
        let last = shape.len() - 1;
        shape[last] = self.draft.body.shape(y)[last].clone();
        self.push(Op::MatMul, &[x, y], shape)
    }

    /// A vector added to each row.
    fn add_bias(&mut self, x: NodeId, bias: NodeId) -> NodeId {
        let (of, width) = (self.draft.body.shape(x).to_vec(), self.draft.body.shape(bias)[0].clone());
        let row = self.push(Op::Reshape, &[bias], vec![Dim::constant(1), width]);
        let rows = self.push(Op::Broadcast, &[row], of);
        self.binary(Binary::Add, x, rows)
    }

    fn finish(self, name: &'static str, reverse: bool) -> Case {
        let (scan, order) = self.draft.finish(Dim::constant(STEPS), reverse);
        let operands = order.iter().map(|id| self.outside[id.index()].clone()).collect();
        Case { name, scan, operands }
    }
}

/// `h' = h x`, without a trace.
pub fn running_product() -> Scan {
    let mut body = Body::new();
    let (h, x) = (body.carry("h", shape(&[2])), body.scanned("x", shape(&[2])));
    let next = body.binary(Binary::Multiply, h, x);
    body.draft.set_next(0, next, false);
    body.finish("running product", false).scan
}

/// `h' = tanh(x w + h u + b)`
fn elman(reverse: bool) -> Case {
    let mut body = Body::new();
    let (h, x) = (body.carry("h", per_example(&[3])), body.scanned("x", per_example(&[2])));
    let (w, u, b) =
        (body.captured("w", shape(&[2, 3])), body.captured("u", shape(&[3, 3])), body.captured("b", shape(&[3])));
    let (xw, hu) = (body.matmul(x, w), body.matmul(h, u));
    let sum = body.binary(Binary::Add, xw, hu);
    let sum = body.add_bias(sum, b);
    let next = body.unary(Unary::Tanh, sum);
    body.draft.set_next(0, next, true);
    body.finish(if reverse { "elman in reverse" } else { "elman" }, reverse)
}

/// Two carries that need each other, one of them with its trace, and a result of each step.
fn gated(reverse: bool) -> Case {
    let mut body = Body::new();
    let (h, c) = (body.carry("h", per_example(&[2])), body.carry("c", per_example(&[2])));
    let (x, u) = (body.scanned("x", per_example(&[2])), body.captured("u", shape(&[2, 2])));
    let sum = body.binary(Binary::Add, h, x);
    let sum = body.matmul(sum, u);
    let gate = body.unary(Unary::Sigmoid, sum);
    let kept = body.binary(Binary::Multiply, gate, c);
    let next_c = body.binary(Binary::Add, kept, x);
    let squashed = body.unary(Unary::Tanh, next_c);
    let next_h = body.binary(Binary::Multiply, gate, squashed);
    let result = body.unary(Unary::Sine, next_h);
    body.draft.set_next(0, next_h, true);
    body.draft.set_next(1, next_c, reverse);
    body.draft.stack("y", result);
    body.finish(if reverse { "gated in reverse" } else { "gated" }, reverse)
}

/// Weights that no product of matrices reads, and a carry that is the same for all examples.
fn elementwise() -> Case {
    let mut body = Body::new();
    let (h, total) = (body.carry("h", per_example(&[3])), body.carry("total", shape(&[3])));
    let (x, w) = (body.scanned("x", per_example(&[3])), body.captured("w", shape(&[3])));
    let product = body.binary(Binary::Multiply, h, x);
    let product = body.add_bias(product, w);
    let next = body.unary(Unary::Sine, product);
    let sum = body.push(Op::Reduce { reduction: Reduction::Sum, axes: [0].into() }, &[next], shape(&[1, 3]));
    let sum = body.push(Op::Reshape, &[sum], shape(&[3]));
    let squared = body.binary(Binary::Multiply, w, total);
    let total_next = body.binary(Binary::Add, squared, sum);
    body.draft.set_next(0, next, true);
    body.draft.set_next(1, total_next, true);
    body.finish("elementwise", false)
}

/// Matrices of each example.
fn by_example() -> Case {
    let mut body = Body::new();
    let (h, m) = (body.carry("h", per_example(&[1, 2])), body.scanned("m", per_example(&[2, 2])));
    let k = body.captured("k", per_example(&[2, 2]));
    let product = body.matmul(h, m);
    let product = body.matmul(product, k);
    let next = body.unary(Unary::Tanh, product);
    body.draft.set_next(0, next, true);
    body.finish("a matrix of each example", false)
}

/// A carry that stays, one that forgets, and a step that depends on the last result alone.
fn degenerate() -> Case {
    let mut body = Body::new();
    let (stays, forgets) = (body.carry("stays", per_example(&[2])), body.carry("forgets", per_example(&[2])));
    let x = body.scanned("x", per_example(&[2]));
    let both = body.binary(Binary::Multiply, stays, x);
    let sum = body.binary(Binary::Add, both, forgets);
    body.draft.set_next(0, stays, true);
    body.draft.set_next(1, x, true);
    body.draft.stack("sum", sum);
    body.finish("degenerate", false)
}

/// A scan in the body of a scan, over something captured, with the weights of both.
fn nested() -> Case {
    let mut body = Body::new();
    let (h, x) = (body.carry("h", per_example(&[2])), body.scanned("x", per_example(&[2])));
    let (all, w) =
        (body.captured("all", vec![Dim::constant(3), batch(), Dim::constant(2)]), body.captured("w", shape(&[2, 2])));
    let start = body.binary(Binary::Add, h, x);

    let mut inner = Body::new();
    let (g, y, v) = (inner.carry("g", per_example(&[2])), NodeId(0), inner.captured("v", shape(&[2, 2])));
    let y = inner.draft.scanned("y", NodeId(7), per_example(&[2]), Span::default()).max(y);
    let gy = inner.binary(Binary::Add, g, y);
    let gv = inner.matmul(gy, v);
    let next = inner.unary(Unary::Tanh, gv);
    inner.draft.set_next(0, next, true);
    let (scan, order) = inner.draft.finish(Dim::constant(3), true);
    let operands: Vec<NodeId> = order
        .iter()
        .map(|id| match id.0 {
            0 => start,
            1 => w,
            _ => all,
        })
        .collect();
    let result = scan.result();
    let node = body.push(Op::Scan(scan.into()), &operands, result);
    let trace = take_part(&mut body.draft.body, node, 0, Span::default()).expect("a scan");
    let first = body.push(
        Op::Slice { axis: 0, start: Dim::constant(0), step: 1 },
        &[trace],
        vec![Dim::constant(1), batch(), Dim::constant(2)],
    );
    let next = body.push(Op::Reshape, &[first], per_example(&[2]));
    body.draft.set_next(0, next, true);
    body.finish("nested", false)
}

/// One of each sort.
pub fn cases() -> Vec<Case> {
    let product = running_product();
    let operands = vec![shape(&[2]), shape(&[STEPS, 2])];
    vec![
        Case { name: "running product", scan: product, operands },
        elman(false),
        elman(true),
        gated(false),
        gated(true),
        elementwise(),
        by_example(),
        degenerate(),
        nested(),
    ]
}

/// A graph with the scan on inputs, and the gradients of a sum over its result.
fn with_gradients(case: &Case) -> Graph {
    let mut graph = Graph::default();
    let operands: Vec<NodeId> =
        case.operands.iter().enumerate().map(|(i, shape)| input(&mut graph, &format!("x{i}"), shape.clone())).collect();
    let node = push(&mut graph, Op::Scan(case.scan.clone().into()), &operands, case.scan.result());
    let loss = weighted_sum(&mut graph, node, &mut Numbers::new(5));
    let gradients = differentiate(&mut graph, loss, &operands);
    graph.add_output("result", node);
    graph.add_output("loss", loss);
    for (i, gradient) in gradients.iter().enumerate() {
        graph.add_output(format!("d x{i}"), gradient.expect("a gradient"));
    }
    graph
}

#[test]
fn scans_run_as_they_are_interpreted() {
    for case in cases() {
        println!("{}", case.name);
        let graph = with_gradients(&case);
        runs_as_interpreted(&graph);
        runs_as_interpreted(&optimize(graph));
    }
}

#[test]
fn weights_gradients_are_one_product_behind_the_scan() {
    let graph = optimize(with_gradients(&elman(false)));
    let products = |graph: &Graph| graph.nodes.iter().filter(|n| matches!(n.op, Op::MatMul)).count();
    assert_eq!(products(&graph), 2, "{}", nnrun::ir::print::print(&graph, &Default::default()));
    let bodies: Vec<&Scan> = graph
        .nodes
        .iter()
        .filter_map(|n| match &n.op {
            Op::Scan(scan) => Some(&**scan),
            _ => None,
        })
        .collect();
    let [forward, backward] = bodies[..] else { panic!("two scans") };
    assert_eq!(products(&forward.body), 2);
    // The forward result is in the trace: only the gradients of `x` and `h` take products.
    assert_eq!(products(&backward.body), 2, "{}", nnrun::ir::print::print(&graph, &Default::default()));
    assert_eq!(backward.carries(), 1);
}

/// `h' = h + x · u` with `u` drawn anew in each step.
fn with_draws() -> Case {
    let mut body = Body::new();
    let (h, x) = (body.carry("h", per_example(&[3])), body.scanned("x", per_example(&[3])));
    let random = Op::Random { stream: 4, distribution: Distribution::Uniform };
    let u = body.push(random, &[], per_example(&[3]));
    let noisy = body.binary(Binary::Multiply, x, u);
    let next = body.binary(Binary::Add, h, noisy);
    let next = body.unary(Unary::Sine, next);
    body.draft.set_next(0, next, true);
    body.draft.stack("u", u);
    body.finish("draws", false)
}

#[test]
fn each_step_draws_anew_and_backward_draws_the_same() {
    let case = with_draws();
    let graph = with_gradients(&case);
    let examples = 3;
    for graph in [graph.clone(), optimize(graph)] {
        let states = States::of(&graph).expect("no states");
        let mut executable = Executable::<f64>::new(graph.clone(), &states).expect("a plan");
        let mut session = Session::new(states, 1);
        let plan = executable.prepare(&Binding::batch(examples)).expect("a plan");
        let mut numbers = Numbers::new(3);
        let inputs: Vec<Vec<f64>> = case
            .operands
            .iter()
            .map(|shape| (0..sizes(shape).iter().product()).map(|_| numbers.between(-1.0, 1.0)).collect())
            .collect();
        for (i, numbers) in inputs.iter().enumerate() {
            executable.input_mut(plan, nnrun::ir::op::InputId(i as u32)).copy_from_slice(numbers);
        }
        executable.run(&mut session, plan, &Feed { seed: 1, step: 2, examples: &[] });

        // The result holds what was drawn: the last part of it.
        let result = executable.output(plan, 0).to_vec();
        let count = STEPS as usize * examples * 3;
        let drawn = result[result.len() - count..].to_vec();
        let mut sorted = drawn.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        assert_eq!(sorted.len(), count, "two draws are the same: {drawn:?}");

        let position = |within: u64| (0..STEPS as usize).find(|t| nnrun::ir::scan::within(0, *t) == within);
        let random = |draw: Draw| {
            let step = position(draw.within).expect("a step");
            drawn[(step * examples + draw.row) * 3 + draw.position]
        };
        let feeds = Feeds { input: &|id| inputs[id.0 as usize].clone(), state: &|_| Vec::new(), random: &random };
        let values = interpret(&graph, &|_| Some(examples as i64), &feeds).expect("values");
        for (i, output) in graph.outputs.iter().enumerate() {
            for (expected, found) in values[output.node.index()].data.iter().zip(executable.output(plan, i)) {
                assert!((expected - found).abs() < 1e-9, "{}: {found} instead of {expected}", output.name);
            }
        }
    }
}

#[test]
fn the_first_nan_is_found_inside_the_body() {
    let mut body = Body::new();
    let (h, x) = (body.carry("h", per_example(&[2])), body.scanned("x", per_example(&[2])));
    let root = body.unary(Unary::SquareRoot, x);
    // Not elementwise, so that the root is an instruction of its own.
    let turned = body.push(Op::CumulativeSum { axis: 1, reverse: false }, &[root], per_example(&[2]));
    let next = body.binary(Binary::Add, h, turned);
    body.draft.set_next(0, next, true);
    let case = body.finish("a root", false);
    let mut graph = Graph::default();
    let operands: Vec<NodeId> =
        case.operands.iter().enumerate().map(|(i, s)| input(&mut graph, &format!("x{i}"), s.clone())).collect();
    let node = push(&mut graph, Op::Scan(case.scan.clone().into()), &operands, case.scan.result());
    graph.add_output("result", node);
    let states = States::of(&graph).expect("no states");
    let mut executable = Executable::<f32>::new(graph, &states).expect("a plan");
    let mut session = Session::new(states, 2);
    let plan = executable.prepare(&Binding::batch(2)).expect("a plan");
    let feed = Feed { seed: 0, step: 0, examples: &[] };
    let scanned = executable.input_mut(plan, nnrun::ir::op::InputId(1));
    scanned.fill(1.0);
    assert_eq!(executable.run_checked(&mut session, plan, &feed), Ok(()));
    executable.input_mut(plan, nnrun::ir::op::InputId(1))[9] = -1.0;
    let found = executable.run_checked(&mut session, plan, &feed).expect_err("a root of -1");
    assert!(found.is_nan);
    assert_eq!(found.nodes, [node]);
    let [inside] = found.inside[..] else { panic!("{found:?}") };
    assert_eq!(case.scan.body.node(inside).op, Op::Unary(Unary::SquareRoot), "{found:?}");
}
