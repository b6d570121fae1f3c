//! Executables against the interpreter: the same numbers through views, fusion and planned memory.

use crate::graphs::Numbers;
use crate::graphs::{push, shape};
use crate::mlp;
use crate::random_graphs::{Random, runner, steps};
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, VarKind, batch};
use nnrun::ir::graph::{Graph, InputKind, NodeId, State, StateRole, Update};
use nnrun::ir::init::Init;
use nnrun::ir::interpret::{Feeds, interpret};
use nnrun::ir::op::{Binary, Distribution, Op, Reduction, StateId, Unary};
use nnrun::optimize::optimize;
use nnrun::runtime::{Binding, Element, Executable, Feed, Session, States};
use nnrun::source::Span;

const FEED: Feed<'static> = Feed { seed: 1, step: 1, examples: &[] };

/// The numbers of each input for a batch size.
fn numbers_for(graph: &Graph, examples: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut numbers = Numbers::new(seed);
    let size = |d: &Dim| d.evaluate(&|_| Some(examples as i64)).unwrap() as usize;
    let counts = graph.inputs.iter().map(|i| i.shape.iter().map(size).product::<usize>());
    counts.map(|n| (0..n).map(|_| f64::from(numbers.between(-1.2, 1.2) as f32)).collect()).collect()
}

/// All values by the oracle.
fn expected(graph: &Graph, examples: usize, inputs: &[Vec<f64>], states: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let feeds = Feeds {
        input: &|id| inputs[id.0 as usize].clone(),
        state: &|StateId(id)| states[id as usize].clone(),
        random: &|_| panic!("no random numbers here"),
    };
    let binding = |v: &nnrun::ir::dim::Var| (v.kind == VarKind::Batch).then_some(examples as i64);
    interpret(graph, &binding, &feeds).unwrap().into_iter().map(|t| t.data).collect()
}

struct Machine<E> {
    executable: Executable<E>,
    session: Session<E>,
}

impl<E: Element> Machine<E> {
    fn new(graph: &Graph, threads: usize) -> Self {
        let states = States::of(graph).unwrap();
        let executable = Executable::new(graph.clone(), &states).unwrap();
        Machine { executable, session: Session::new(states, threads) }
    }

    fn run(&mut self, examples: usize, inputs: &[Vec<f64>]) -> Vec<Vec<E>> {
        let plan = self.executable.prepare(&Binding::batch(examples)).unwrap();
        for (i, numbers) in inputs.iter().enumerate() {
            let target = self.executable.input_mut(plan, nnrun::ir::op::InputId(i as u32));
            assert_eq!(target.len(), numbers.len());
            target.iter_mut().zip(numbers).for_each(|(t, x)| *t = E::from_f64(*x));
        }
        self.executable.run(&mut self.session, plan, &FEED);
        let count = self.executable.graph().outputs.len();
        (0..count).map(|o| self.executable.output(plan, o).to_vec()).collect()
    }

    fn describe(&mut self, examples: usize) -> String {
        let plan = self.executable.prepare(&Binding::batch(examples)).unwrap();
        self.executable.describe(plan, None).unwrap()
    }
}

fn assert_close<E: Element>(expected: &[f64], found: &[E], tolerance: f64, what: impl Fn() -> String) {
    assert_eq!(expected.len(), found.len(), "{}", what());
    for (e, f) in expected.iter().zip(found) {
        let f = f.to_f64();
        let same = (e.is_nan() && f.is_nan()) || e == &f || (e - f).abs() <= tolerance * (1.0 + e.abs());
        assert!(same, "{f} instead of {e} in {}", what());
    }
}

/// Whether small errors stay small: no jumps near the numbers at hand.
fn is_continuous(graph: &Graph) -> bool {
    !graph.nodes.iter().any(|n| {
        matches!(n.op, Op::Unary(Unary::Not | Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Relu | Unary::Absolute))
            || matches!(n.op, Op::Binary(Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual))
            || matches!(
                n.op,
                Op::Reduce { reduction: Reduction::Maximum | Reduction::Minimum, .. }
                    | Op::ArgMax { .. }
                    | Op::WindowArgMax(_)
            )
            || matches!(n.op, Op::Binary(Binary::Maximum | Binary::Minimum))
    })
}

/// Runs a graph in both precisions, for several batches and with several threads, as the interpreter says.
pub fn runs_as_interpreted(graph: &Graph) {
    let mut double = Machine::<f64>::new(graph, 1);
    let mut single = Machine::<f32>::new(graph, 1);
    let mut threaded = Machine::<f32>::new(graph, 3);
    let continuous = is_continuous(graph);
    for (round, examples) in [3, 1, 7, 3].into_iter().enumerate() {
        let inputs = numbers_for(graph, examples, round as u64);
        let values = expected(graph, examples, &inputs, &[]);
        let (d, s, t) = (double.run(examples, &inputs), single.run(examples, &inputs), threaded.run(examples, &inputs));
        for (i, output) in graph.outputs.iter().enumerate() {
            let value = &values[output.node.index()];
            let plan = double.describe(examples);
            let name = |kind| {
                format!("{} ({kind}) of\n{}\n{plan}", output.name, nnrun::ir::print::print(graph, &Default::default()))
            };
            assert_close(value, &d[i], 1e-9, || name("f64"));
            if continuous {
                assert_close(value, &s[i], 2e-3, || name("f32"));
            }
            let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&s[i]), bits(&t[i]), "threads matter for {}", output.name);
        }
    }
}

#[test]
fn random_graphs_run_as_they_are_interpreted() {
    let run = |steps: Vec<crate::random_graphs::Step>| {
        let mut random = Random::new(true);
        steps.iter().for_each(|step| random.step(*step));
        let loss = random.loss(3);
        let mut graph = random.graph;
        let gradients = differentiate(&mut graph, loss, &random.pool[..2]);
        // Not every tensor is an output, so that some pass through registers only.
        for (i, id) in random.pool.iter().enumerate().filter(|(i, _)| i % 3 == 2) {
            graph.add_output(format!("{i}"), *id);
        }
        for (i, id) in gradients.iter().flatten().enumerate() {
            graph.add_output(format!("gradient {i}"), *id);
        }
        graph.add_output("loss", loss);
        runs_as_interpreted(&graph);
        runs_as_interpreted(&optimize(graph));
        Ok(())
    };
    runner(400).run(&steps(), run).unwrap();
}

/// A batch of `[4, 3]` and a table of `[5, 3]` with positions in both, through every operation that reads positions.
fn positions() -> Graph {
    let mut graph = Graph::default();
    let span = Span::default();
    let b = batch();
    let (_, x) = graph.add_input("x", vec![b.clone(), Dim::from(4), Dim::from(3)], InputKind::Field, span);
    let (_, table) = graph.add_input("table", shape(&[5, 3]), InputKind::Field, span);
    let of =
        |sizes: &[usize]| -> Vec<Dim> { std::iter::once(batch()).chain(sizes.iter().map(|n| Dim::from(*n))).collect() };
    let mut results = Vec::new();
    for axis in 0..3 {
        let mut reduced = of(&[4, 3]);
        let size = reduced[axis].clone();
        reduced[axis] = Dim::from(1);
        let largest = push(&mut graph, Op::ArgMax { axis }, &[x], reduced.clone());
        let taken = push(&mut graph, Op::TakeAlong { axis }, &[x, largest], reduced);
        let placed = push(&mut graph, Op::PlaceAlong { axis, size }, &[taken, largest], of(&[4, 3]));
        let sums = push(&mut graph, Op::CumulativeSum { axis, reverse: axis == 1 }, &[placed], of(&[4, 3]));
        results.extend([largest, taken, placed, sums]);
    }
    // Rows by number, from a transposed table, and back with repeats.
    let numbers = push(&mut graph, Op::ArgMax { axis: 1 }, &[x], of(&[1, 3]));
    let numbers = push(&mut graph, Op::Reshape, &[numbers], of(&[3]));
    let rows = push(&mut graph, Op::GatherRows, &[table, numbers], of(&[3, 3]));
    let turned = push(&mut graph, Op::Permute([0, 2, 1].into()), &[rows], of(&[3, 3]));
    let back = push(&mut graph, Op::ScatterRows { rows: Dim::from(5) }, &[turned, numbers], shape(&[5, 3]));
    let three = push(&mut graph, Op::Concat { axis: 1 }, &[x, rows, turned], of(&[10, 3]));
    let flipped = push(&mut graph, Op::Slice { axis: 1, start: Dim::from(9), step: -3 }, &[three], of(&[4, 3]));
    let pad = Op::Pad { axis: 2, before: Dim::from(1), after: Dim::from(2), value: 0.5 };
    let padded = push(&mut graph, pad, &[flipped], of(&[4, 6]));
    results.extend([rows, turned, back, three, flipped, padded]);
    for (i, id) in results.into_iter().enumerate() {
        graph.add_output(format!("{i}"), id);
    }
    graph
}

#[test]
fn operations_on_positions_agree_with_the_interpreter() {
    let graph = positions();
    for threads in [1, 2] {
        let mut machine = Machine::<f64>::new(&graph, threads);
        for examples in [1, 2, 7, 700] {
            let inputs = numbers_for(&graph, examples, 5);
            let values = expected(&graph, examples, &inputs, &[]);
            let found = machine.run(examples, &inputs);
            for (output, found) in graph.outputs.iter().zip(&found) {
                assert_close(&values[output.node.index()], found, 1e-12, || format!("{} at {examples}", output.name));
            }
        }
    }
}

/// Four states whose next values read each other, as they stand, turned, and through one another's next values.
fn entangled(case: usize) -> Graph {
    let mut graph = Graph::default();
    let square = shape(&[3, 3]);
    let mut states = Vec::new();
    for path in ["a", "b", "c", "d"] {
        let init = Init::Full(0.0);
        let role = StateRole::Buffer;
        states.push(graph.add_state(State {
            path: path.into(),
            shape: square.clone(),
            role,
            init,
            span: Span::default(),
        }));
    }
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| states[i].1);
    let turn = |graph: &mut Graph, x: NodeId| push(graph, Op::Permute([1, 0].into()), &[x], shape(&[3, 3]));
    let add = |graph: &mut Graph, x, y| push(graph, Op::Binary(Binary::Add), &[x, y], shape(&[3, 3]));
    let next: [NodeId; 4] = match case {
        // Round and round.
        0 => [b, c, d, a],
        1 => {
            let [ta, tb] = [turn(&mut graph, a), turn(&mut graph, b)];
            [tb, ta, add(&mut graph, a, ta), add(&mut graph, c, tb)]
        }
        2 => {
            let product = push(&mut graph, Op::MatMul, &[a, b], square);
            let sum = add(&mut graph, product, a);
            let both = push(&mut graph, Op::MatMul, &[sum, a], shape(&[3, 3]));
            [sum, product, both, sum]
        }
        _ => {
            let wave = push(&mut graph, Op::Unary(Unary::Tanh), &[a], square.clone());
            let late = push(&mut graph, Op::MatMul, &[wave, a], square);
            let other = add(&mut graph, late, d);
            let mixed = add(&mut graph, wave, other);
            [wave, late, mixed, d]
        }
    };
    for (state, value) in states.iter().zip(next) {
        graph.updates.push(Update { state: state.0, value });
    }
    graph.add_output("old", a);
    graph.add_output("new", next[0]);
    graph
}

#[test]
fn states_read_their_values_from_before_the_step() {
    for case in 0..4 {
        let graph = entangled(case);
        let mut machine = Machine::<f64>::new(&graph, 2);
        let mut numbers = Numbers::new(9);
        let mut states: Vec<Vec<f64>> = (0..4).map(|_| (0..9).map(|_| numbers.between(-0.5, 0.5)).collect()).collect();
        for (state, values) in graph.states.iter().zip(&states) {
            machine.session.states.get_mut(&state.path).unwrap().copy_from_slice(values);
        }
        for step in 0..4 {
            let found = machine.run(1, &[]);
            let values = expected(&graph, 1, &[], &states);
            let plan = machine.describe(1);
            let name = |what: &str| format!("{what} of case {case} in step {step}\n{plan}");
            for (output, found) in graph.outputs.iter().zip(&found) {
                assert_close(&values[output.node.index()], found, 1e-12, || name(&output.name));
            }
            states = graph.updates.iter().map(|u| values[u.value.index()].clone()).collect();
            for (state, values) in graph.states.iter().zip(&states) {
                assert_close(values, machine.session.states.get(&state.path).unwrap(), 1e-12, || name(&state.path));
            }
        }
    }
}

#[test]
fn a_training_step_is_the_interpreters_and_the_same_on_all_threads() {
    let widths = [70, 96, 40, 10];
    let (mut executable, mut session, plan) = mlp::ready::<f64>(&widths, 33, 2);
    let graph = executable.graph().clone();
    let states: Vec<Vec<f64>> = graph.states.iter().map(|s| session.states.get(&s.path).unwrap().to_vec()).collect();
    let inputs: Vec<Vec<f64>> =
        (0..3).map(|i| executable.input_mut(plan, nnrun::ir::op::InputId(i)).to_vec()).collect();
    let values = expected(&graph, 33, &inputs, &states);
    executable.run(&mut session, plan, &FEED);
    for update in &graph.updates {
        let path = &graph.states[update.state.0 as usize].path;
        assert_close(&values[update.value.index()], session.states.get(path).unwrap(), 1e-9, || path.to_string());
    }
    // f32, several steps, a smaller last batch.
    let train = |threads: usize| {
        let (mut executable, mut session, full) = mlp::ready::<f32>(&[300, 257, 10], 64, threads);
        let last = mlp::feed(&mut executable, 19, 10, &mut || 0.25);
        for i in 0..10 {
            let plan = if i % 5 == 4 { last } else { full };
            executable.run(&mut session, plan, &Feed { seed: 1, step: i, examples: &[] });
        }
        session.states.iter().flat_map(|(_, x)| x.iter().map(|x| x.to_bits())).collect::<Vec<_>>()
    };
    let one = train(1);
    assert!(one == train(2) && one == train(3));
}

#[test]
fn draws_follow_the_example_and_not_its_place() {
    let mut graph = Graph::default();
    for (stream, distribution) in [(0, Distribution::Uniform), (1, Distribution::Normal), (2, Distribution::Normal)] {
        let of = vec![batch(), Dim::from(70)];
        let draw = push(&mut graph, Op::Random { stream, distribution }, &[], of);
        graph.add_output(format!("{stream}"), draw);
    }
    let states = States::of(&graph).unwrap();
    let mut executable = Executable::<f32>::new(graph, &states).unwrap();
    let mut session = Session::new(states, 2);
    let mut draw = |step: u64, examples: &[u64]| -> Vec<Vec<f32>> {
        let plan = executable.prepare(&Binding::batch(examples.len())).unwrap();
        executable.run(&mut session, plan, &Feed { seed: 3, step, examples });
        (0..3).map(|o| executable.output(plan, o).to_vec()).collect()
    };
    let (first, second) = (draw(1, &[5, 8, 6]), draw(1, &[6, 5]));
    for stream in 0..3 {
        assert_eq!(first[stream][..70], second[stream][70..]);
        assert_eq!(first[stream][140..], second[stream][..70]);
        assert_ne!(first[stream][..70], first[stream][70..140]);
    }
    assert_ne!(first[1], first[2]);
    assert_ne!(first[0], draw(2, &[5, 8, 6])[0]);
}

#[test]
fn a_checked_run_finds_where_infinity_begins() {
    let mut graph = Graph::default();
    let (_, x) = graph.add_input("x", vec![batch(), Dim::from(3)], InputKind::Field, Span::default());
    let of = vec![batch(), Dim::from(3)];
    let square = push(&mut graph, Op::CumulativeSum { axis: 1, reverse: false }, &[x], of.clone());
    let log = push(&mut graph, Op::Unary(Unary::Logarithm), &[square], of.clone());
    let soft = push(&mut graph, Op::Softmax { axis: 1 }, &[log], of);
    graph.add_output("soft", soft);
    let mut machine = Machine::<f32>::new(&graph, 1);
    let plan = machine.executable.prepare(&Binding::batch(1)).unwrap();
    let x = machine.executable.input("x").unwrap();
    machine.executable.input_mut(plan, x).copy_from_slice(&[1.0, 1.0, 1.0]);
    machine.executable.run_checked(&mut machine.session, plan, &FEED).unwrap();
    machine.executable.input_mut(plan, x).copy_from_slice(&[1.0, -1.0, -1.0]);
    let overflow = machine.executable.run_checked(&mut machine.session, plan, &FEED).unwrap_err();
    assert_eq!(overflow.nodes, [log]);
}

/// What the gradients of two weights and a bias are from the gradient of a result, of 300 rows; and a third product that
/// waits on the first, and a sum of other columns.
fn turned_products() -> Graph {
    let mut graph = Graph::default();
    let mut given =
        |name: &str, columns: i64| graph.add_input(name, shape(&[300, columns]), InputKind::Field, Span::default()).1;
    let [dy, x1, x2, x3] = [given("dy", 40), given("x1", 50), given("x2", 33), given("x3", 40)];
    let turned = push(&mut graph, Op::Permute([1, 0].into()), &[dy], shape(&[40, 300]));
    let first = push(&mut graph, Op::MatMul, &[turned, x1], shape(&[40, 50]));
    let sum = |axis| Op::Reduce { reduction: Reduction::Sum, axes: [axis].into() };
    let bias = push(&mut graph, sum(0), &[dy], shape(&[1, 40]));
    let second = push(&mut graph, Op::MatMul, &[turned, x2], shape(&[40, 33]));
    let across = push(&mut graph, sum(1), &[dy], shape(&[300, 1]));
    let scale = push(&mut graph, Op::Constant(1.0 / 256.0), &[], shape(&[]));
    let scale = push(&mut graph, Op::Reshape, &[scale], shape(&[1, 1]));
    let scale = push(&mut graph, Op::Broadcast, &[scale], shape(&[40, 50]));
    let weight = push(&mut graph, Op::Binary(Binary::Multiply), &[first, scale], shape(&[40, 50]));
    let result = push(&mut graph, Op::MatMul, &[x3, weight], shape(&[300, 50]));
    let late = push(&mut graph, Op::MatMul, &[turned, result], shape(&[40, 50]));
    for (name, id) in [("bias", bias), ("first", first), ("second", second), ("across", across), ("late", late)] {
        graph.add_output(name, id);
    }
    graph
}

#[test]
fn products_that_turn_the_same_matrix_are_one_instruction_where_none_waits_on_another() {
    let graph = turned_products();
    runs_as_interpreted(&graph);
    let plan = Machine::<f32>::new(&graph, 1).describe(1);
    assert!(plan.contains("matmul 40×300×33 40×300×50 and sums of"), "{plan}");
    assert!(plan.contains("= matmul 40×300×50 of"), "{plan}");
    // Where blocks are computed again, what is next to what may be another, and the bits have to be the same.
    let mut alone = Graph::default();
    let dy = alone.add_input("dy", shape(&[300, 40]), InputKind::Field, Span::default()).1;
    let sum = Op::Reduce { reduction: Reduction::Sum, axes: [0].into() };
    let sum = push(&mut alone, sum, &[dy], shape(&[1, 40]));
    alone.add_output("bias", sum);
    let inputs = numbers_for(&graph, 1, 3);
    let joined = Machine::<f32>::new(&graph, 1).run(1, &inputs);
    let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&Machine::<f32>::new(&alone, 1).run(1, &inputs[..1])[0]), bits(&joined[0]));
}

/// Of two pairs of products, each could wait for its second, but not both: the second of each needs the first of the other.
#[test]
fn products_that_would_wait_on_each_other_stay_apart() {
    let mut graph = Graph::default();
    let mut given =
        |name: &str, columns: i64| graph.add_input(name, shape(&[300, columns]), InputKind::Field, Span::default()).1;
    let [a, b, x, narrow] = [given("a", 40), given("b", 40), given("x", 50), given("narrow", 40)];
    let turned = [a, b].map(|of| push(&mut graph, Op::Permute([1, 0].into()), &[of], shape(&[40, 300])));
    let first = turned.map(|of| push(&mut graph, Op::MatMul, &[of, x], shape(&[40, 50])));
    let scaled = first.map(|of| push(&mut graph, Op::Unary(Unary::Tanh), &[of], shape(&[40, 50])));
    let results = scaled.map(|of| push(&mut graph, Op::MatMul, &[narrow, of], shape(&[300, 50])));
    let second = [(turned[0], results[1]), (turned[1], results[0])];
    let second = second.map(|(of, by)| push(&mut graph, Op::MatMul, &[of, by], shape(&[40, 50])));
    for (i, id) in first.into_iter().chain(second).enumerate() {
        graph.add_output(format!("{i}"), id);
    }
    runs_as_interpreted(&graph);
}
