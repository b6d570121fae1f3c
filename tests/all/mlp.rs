//! A whole training step by hand: dense layers, cross-entropy, backward, Adam. Shared with the allocation test and the
//! benchmark.

use nnrun::autodiff::{Emitter, differentiate};
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, InputKind, NodeId, State, StateRole, Update};
use nnrun::ir::init::Init;
use nnrun::ir::op::{Binary, Op, StateId, Unary};
use nnrun::optimize::optimize;
use nnrun::runtime::{Binding, Element, Executable, PlanId, Session, States};
use nnrun::source::Span;

fn state(graph: &mut Graph, path: String, sizes: &[usize], role: StateRole) -> (StateId, NodeId) {
    let shape = sizes.iter().map(|n| Dim::from(*n)).collect();
    graph.add_state(State { path: path.into(), shape, role, init: Init::Full(0.0), span: Span::default() })
}

/// The step of a perceptron with these widths. Inputs: `x`, `label`, `lr`; output: `loss`.
pub fn training_step(widths: &[usize]) -> Graph {
    let mut graph = Graph::default();
    let span = Span::default();
    let (_, x) = graph.add_input("x", vec![batch(), Dim::from(widths[0])], InputKind::Field, span);
    let (_, label) = graph.add_input("label", vec![batch(), Dim::from(1)], InputKind::Field, span);
    let (_, lr) = graph.add_input("lr", vec![], InputKind::Scalar, span);
    let (step_state, step) = state(&mut graph, "step".into(), &[], StateRole::Optimizer);
    let mut weights = Vec::new();
    let mut h = x;
    for (i, pair) in widths.windows(2).enumerate() {
        let w = state(&mut graph, format!("dense{i}.weight"), &[pair[1], pair[0]], StateRole::Weight);
        let b = state(&mut graph, format!("dense{i}.bias"), &[pair[1]], StateRole::Weight);
        let mut e = Emitter::new(&mut graph, span);
        let turned = e.transpose(w.1);
        let product = e.matmul(h, turned);
        let row = e.reshape(b.1, vec![Dim::from(1), Dim::from(pair[1])]);
        let bias = e.broadcast(row, &[batch(), Dim::from(pair[1])]);
        h = e.add(product, bias);
        if i + 2 < widths.len() {
            h = e.unary(Unary::Relu, h);
        }
        weights.extend([w, b]);
    }
    let classes = *widths.last().unwrap();
    let mut e = Emitter::new(&mut graph, span);
    let log = e.push(Op::LogSoftmax { axis: 1 }, &[h], vec![batch(), Dim::from(classes)]);
    let taken = e.push(Op::TakeAlong { axis: 1 }, &[log, label], vec![batch(), Dim::from(1)]);
    let sum = e.sum(taken, &[0, 1]);
    let sum = e.reshape(sum, vec![]);
    let size = e.push(Op::Size(batch()), &[], vec![]);
    let mean = e.divide(sum, size);
    let loss = e.negate(mean);
    let wrt: Vec<NodeId> = weights.iter().map(|w| w.1).collect();
    let gradients = differentiate(&mut graph, loss, &wrt);
    let mut e = Emitter::new(&mut graph, span);
    let next_step = e.with_number(Binary::Add, step, 1.0);
    let mut corrections = [0.9_f64, 0.999].map(|beta| {
        let beta = e.constant(beta);
        let power = e.binary(Binary::Power, beta, next_step);
        let one = e.constant(1.0);
        e.subtract(one, power)
    });
    let second = e.unary(Unary::SquareRoot, corrections[1]);
    corrections[1] = second;
    let rate = e.divide(lr, corrections[0]);
    graph.updates.push(Update { state: step_state, value: next_step });
    for (i, ((id, w), gradient)) in weights.iter().zip(gradients).enumerate() {
        let shape = graph.shape(*w).to_vec();
        let sizes: Vec<usize> = shape.iter().map(|d| d.as_constant().unwrap() as usize).collect();
        let (m_id, m) = state(&mut graph, format!("{i}@m"), &sizes, StateRole::Optimizer);
        let (v_id, v) = state(&mut graph, format!("{i}@v"), &sizes, StateRole::Optimizer);
        let g = gradient.unwrap();
        let mut e = Emitter::new(&mut graph, span);
        let all = |e: &mut Emitter, x: NodeId| {
            let ones = e.reshape(x, vec![Dim::from(1); shape.len()]);
            e.broadcast(ones, &shape)
        };
        let (m0, g0) = (e.scale(m, 0.9), e.scale(g, 0.1));
        let m1 = e.add(m0, g0);
        let square = e.unary(Unary::Square, g);
        let (v0, g0) = (e.scale(v, 0.999), e.scale(square, 0.001));
        let v1 = e.add(v0, g0);
        let root = e.unary(Unary::SquareRoot, v1);
        let correction = all(&mut e, corrections[1]);
        let root = e.divide(root, correction);
        let below = e.with_number(Binary::Add, root, 1e-8);
        let rate = all(&mut e, rate);
        let above = e.multiply(m1, rate);
        let change = e.divide(above, below);
        let w1 = e.subtract(*w, change);
        for (state, value) in [(m_id, m1), (v_id, v1), (*id, w1)] {
            graph.updates.push(Update { state, value });
        }
    }
    graph.add_output("loss", loss);
    optimize(graph)
}

/// Ready to run, with weights and a batch of made-up numbers.
pub fn ready<E: Element>(widths: &[usize], examples: usize, threads: usize) -> (Executable<E>, Session<E>, PlanId) {
    let graph = training_step(widths);
    let mut states = States::of(&graph).unwrap();
    let mut seed = 1_u32;
    let mut next = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 8) / f64::from(1 << 24) - 0.5
    };
    let paths: Vec<_> = states.entries().iter().map(|e| (e.path.clone(), e.role, e.shape.clone())).collect();
    for (path, role, shape) in paths {
        if role == StateRole::Weight {
            let scale = (6.0 / *shape.last().unwrap() as f64).sqrt();
            states.get_mut(&path).unwrap().iter_mut().for_each(|w| *w = E::from_f64(next() * scale));
        }
    }
    let mut executable = Executable::new(graph, &states).unwrap();
    let plan = feed(&mut executable, examples, *widths.last().unwrap(), &mut next);
    (executable, Session::new(states, threads), plan)
}

/// Fills a batch.
pub fn feed<E: Element>(
    executable: &mut Executable<E>,
    examples: usize,
    classes: usize,
    next: &mut impl FnMut() -> f64,
) -> PlanId {
    let plan = executable.prepare(&Binding::batch(examples)).unwrap();
    let [x, label, lr] = ["x", "label", "lr"].map(|name| executable.input(name).unwrap());
    executable.input_mut(plan, x).iter_mut().for_each(|x| *x = E::from_f64(next()));
    for (i, y) in executable.input_mut(plan, label).iter_mut().enumerate() {
        *y = E::from_f64((i * 7 % classes) as f64);
    }
    executable.set_scalar(lr, 1e-3);
    plan
}
