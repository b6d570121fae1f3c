//! Recurrent layers as one operation: against differences, kernels against the interpreter, whatever the threads.

use crate::graphs::{BATCH, Numbers, check_gradient, input, push, weighted_sum};
use crate::snapshot::repository;
use nnrun::autodiff::differentiate;
use nnrun::build::{Builder, RecurrentWeights};
use nnrun::ir::dim::{Dim, VarKind, batch};
use nnrun::ir::graph::{Graph, NodeId, Shape};
use nnrun::ir::interpret::{Feeds, interpret};
use nnrun::ir::op::{InputId, Op, Unary};
use nnrun::ir::recurrent::{Cell, Recurrence, result_size};
use nnrun::ir::verify::verify;
use nnrun::optimize::optimize;
use nnrun::runtime::{Binding, Element, Executable, Feed, Session, States};
use serde_json::Value;

const CELLS: [Cell; 4] = [Cell::Rnn { relu: false }, Cell::Rnn { relu: true }, Cell::Lstm, Cell::Gru];

fn recurrences() -> impl Iterator<Item = Recurrence> {
    CELLS.into_iter().flat_map(|cell| [false, true].map(|reverse| Recurrence { cell, reverse }))
}

/// A layer over `steps` steps; its states, and the inputs: products, weight, bias, lengths.
fn layer(recurrence: Recurrence, keep: bool, steps: usize, hidden: usize) -> (Graph, Vec<NodeId>, NodeId) {
    let mut graph = Graph::default();
    let (cell, t, n) = (recurrence.cell, Dim::from(steps), Dim::from(hidden));
    let times = |count: usize| Dim::from(count) * n.clone();
    let shapes: [Shape; 4] = [
        vec![t.clone(), batch(), times(cell.gates())],
        vec![times(cell.gates()), n.clone()],
        vec![times(cell.biases())],
        vec![batch()],
    ];
    let names = ["products", "weight", "bias", "lengths"];
    let operands: Vec<NodeId> = names.iter().zip(shapes).map(|(name, shape)| input(&mut graph, name, shape)).collect();
    let size = result_size(cell, keep, &t, &batch(), &n);
    let node = push(&mut graph, Op::Recurrent { recurrence, keep }, &operands, vec![size]);
    let start = Dim::from(recurrence.states_from()) * batch() * n.clone();
    let slice = Op::Slice { axis: 0, start, step: 1 };
    let states = push(&mut graph, slice, &[node], vec![t.clone() * batch() * n.clone()]);
    let states = push(&mut graph, Op::Reshape, &[states], vec![t, batch(), n]);
    (graph, operands, states)
}

fn numbers(graph: &Graph, examples: usize, lengths: &[usize], seed: u64) -> Vec<Vec<f64>> {
    let mut numbers = Numbers::new(seed);
    let size = |d: &Dim| d.evaluate(&|_| Some(examples as i64)).unwrap() as usize;
    let drawn = |input: &nnrun::ir::graph::Input| match &*input.name {
        "lengths" => lengths.iter().map(|n| *n as f64).collect(),
        _ => {
            let count = input.shape.iter().map(size).product::<usize>();
            // Numbers of f32, so that both precisions begin with the same.
            (0..count).map(|_| f64::from(numbers.between(-0.9, 0.9) as f32)).collect()
        }
    };
    graph.inputs.iter().map(drawn).collect()
}

#[test]
fn recurrences_have_the_gradients_that_differences_give() {
    assert_eq!(BATCH, 3);
    for recurrence in recurrences() {
        for (steps, lengths) in [(4, [4, 4, 4]), (4, [4, 2, 1]), (1, [1, 1, 1])] {
            for keep in [true, false] {
                let (mut graph, operands, states) = layer(recurrence, keep, steps, 2);
                let loss = weighted_sum(&mut graph, states, &mut Numbers::new(3));
                let gradients = differentiate(&mut graph, loss, &operands);
                let feeds = numbers(&graph, 3, &lengths, 11);
                let name = format!("{recurrence:?}, {lengths:?} of {steps} steps, keep: {keep}");
                for (i, gradient) in gradients.iter().enumerate().take(3) {
                    assert!(gradient.is_some(), "{name}");
                    check_gradient(&graph, loss, i, *gradient, &feeds, &name);
                }
                assert_eq!(gradients[3], None, "{name}: the lengths have no gradient");
            }
        }
    }
}

/// A layer with its loss and gradients as outputs.
fn differentiated(recurrence: Recurrence, keep: bool, steps: usize, hidden: usize) -> Graph {
    let (mut graph, operands, states) = layer(recurrence, keep, steps, hidden);
    // With weights of both signs, so that sums do not grow.
    let of_states = graph.shape(states).to_vec();
    let waves = push(&mut graph, Op::Unary(Unary::Sine), &[states], of_states);
    let loss = weighted_sum(&mut graph, waves, &mut Numbers::new(3));
    let gradients = differentiate(&mut graph, loss, &operands);
    graph.add_output("states", states);
    for (i, gradient) in gradients.into_iter().flatten().enumerate() {
        graph.add_output(format!("gradient {i}"), gradient);
    }
    verify(&graph).unwrap();
    optimize(graph)
}

fn run<E: Element>(graph: &Graph, examples: usize, inputs: &[Vec<f64>], threads: usize) -> Vec<Vec<E>> {
    let states = States::of(graph).unwrap();
    let mut executable = Executable::<E>::new(graph.clone(), &states).unwrap();
    let mut session = Session::new(states, threads);
    let plan = executable.prepare(&Binding::batch(examples)).unwrap();
    for (i, numbers) in inputs.iter().enumerate() {
        let target = executable.input_mut(plan, InputId(i as u32));
        assert_eq!(target.len(), numbers.len());
        target.iter_mut().zip(numbers).for_each(|(t, x)| *t = E::from_f64(*x));
    }
    executable.run(&mut session, plan, &Feed { seed: 1, step: 1, examples: &[] });
    (0..graph.outputs.len()).map(|o| executable.output(plan, o).to_vec()).collect()
}

fn expected(graph: &Graph, examples: usize, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let feeds = Feeds {
        input: &|id| inputs[id.0 as usize].clone(),
        state: &|_| panic!("no states here"),
        random: &|_| panic!("no random numbers here"),
    };
    let binding = |v: &nnrun::ir::dim::Var| (v.kind == VarKind::Batch).then_some(examples as i64);
    let values = interpret(graph, &binding, &feeds).unwrap();
    graph.outputs.iter().map(|o| values[o.node.index()].data.clone()).collect()
}

fn assert_close<E: Element>(expected: &[Vec<f64>], found: &[Vec<E>], tolerance: f64, name: &str) {
    for (output, (expected, found)) in expected.iter().zip(found).enumerate() {
        assert_eq!(expected.len(), found.len(), "{name}");
        let largest = expected.iter().fold(1.0, |a: f64, x| a.max(x.abs()));
        for (e, f) in expected.iter().zip(found) {
            let f = f.to_f64();
            assert!((e - f).abs() <= tolerance * largest, "{name}: output {output}: {f} instead of {e}");
        }
    }
}

#[test]
fn kernels_do_what_the_interpreter_does_on_any_number_of_threads() {
    for recurrence in recurrences() {
        for (examples, steps, hidden, keep) in
            [(1, 1, 1, true), (1, 5, 3, false), (3, 4, 16, true), (9, 3, 33, true), (19, 6, 8, false), (40, 2, 5, true)]
        {
            let graph = differentiated(recurrence, keep, steps, hidden);
            let lengths: Vec<usize> = (0..examples).map(|i| if i == 0 { steps } else { i * 5 % (steps + 1) }).collect();
            let inputs = numbers(&graph, examples, &lengths, 5);
            let name = format!("{recurrence:?}, {examples} examples, {steps} steps, {hidden} wide, keep: {keep}");
            let wanted = expected(&graph, examples, &inputs);
            assert_close(&wanted, &run::<f64>(&graph, examples, &inputs, 1), 1e-13, &name);
            let single = run::<f32>(&graph, examples, &inputs, 1);
            assert_close(&wanted, &single, 3e-6, &name);
            for threads in [2, 3] {
                assert_eq!(single, run::<f32>(&graph, examples, &inputs, threads), "{name}: {threads} threads");
            }
        }
    }
}

/// Behind an example's end the state stays, and no gradient goes to its products, whatever stands there.
#[test]
fn padding_changes_nothing() {
    let (steps, hidden, examples) = (5, 4, 3);
    for recurrence in recurrences() {
        let graph = differentiated(recurrence, true, steps, hidden);
        let lengths = [5, 2, 0];
        let mut inputs = numbers(&graph, examples, &lengths, 9);
        let first = run::<f32>(&graph, examples, &inputs, 1);
        let width = recurrence.cell.gates() * hidden;
        let (mut states, mut gradients) = (first[0].chunks_exact(hidden), first[1].chunks_exact(width));
        for step in 0..steps {
            for (example, length) in lengths.into_iter().enumerate() {
                let (state, gradient) = (states.next().unwrap(), gradients.next().unwrap());
                if step < length {
                    continue;
                }
                assert!(gradient.iter().all(|x| *x == 0.0), "{recurrence:?}: a gradient of padding");
                let held = if recurrence.reverse || length == 0 {
                    vec![0.0; hidden]
                } else {
                    first[0][((length - 1) * examples + example) * hidden..][..hidden].to_vec()
                };
                assert_eq!(state, held, "{recurrence:?}: example {example}, step {step}");
                let from = (step * examples + example) * width;
                inputs[0][from..from + width].fill(1e30);
            }
        }
        assert_eq!(first, run::<f32>(&graph, examples, &inputs, 1), "{recurrence:?}");
    }
}

/// The gradient of the final state alone, as of a classifier of sequences, is not laid out with the zeros of what is
/// kept.
#[test]
fn a_final_state_has_a_small_gradient() {
    let recurrence = Recurrence { cell: Cell::Lstm, reverse: false };
    let (mut graph, operands, _) = layer(recurrence, true, 7, 3);
    let node = NodeId(4);
    assert!(matches!(graph.node(node).op, Op::Recurrent { .. }));
    let row = batch() * Dim::constant(3);
    let op = Op::Slice { axis: 0, start: Dim::constant(7) * row.clone(), step: 1 };
    let last = push(&mut graph, op, &[node], vec![row]);
    let loss = weighted_sum(&mut graph, last, &mut Numbers::new(1));
    let gradients = differentiate(&mut graph, loss, &operands[..1]);
    let feeds = numbers(&graph, 3, &[7, 3, 1], 2);
    check_gradient(&graph, loss, 0, gradients[0], &feeds, "the final state");
    graph.add_output("gradient", gradients[0].unwrap());
    let optimized = optimize(graph);
    let states = Dim::constant(7 * 3) * batch();
    let pads = optimized.nodes.iter().filter(|n| matches!(n.op, Op::Pad { .. }));
    assert!(pads.clone().count() == 1 && pads.into_iter().all(|n| n.shape == [states.clone()]), "{optimized:?}");
}

/// The cases of `tests/reference/recurrent_packed.json`: sequences of different length, through PyTorch's packed
/// sequences.
#[test]
fn sequences_of_different_length_are_those_of_pytorch() {
    let text = std::fs::read_to_string(repository("tests/reference/recurrent_packed.json")).unwrap();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    let cases = parsed["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2 * CELLS.len());
    for case in cases {
        let packed = Packed::new(case);
        packed.compare(&expected(&packed.graph, packed.examples, &packed.inputs), 2e-6);
        packed.compare(&run::<f64>(&packed.graph, packed.examples, &packed.inputs, 1), 2e-6);
        packed.compare(&run::<f32>(&packed.graph, packed.examples, &packed.inputs, 2), 1e-5);
    }
}

/// A layer on padded sequences whose lengths are an input, as a graph with all gradients.
struct Packed {
    name: String,
    graph: Graph,
    examples: usize,
    inputs: Vec<Vec<f64>>,
    /// What comes out, by name: its numbers, and which of them count.
    wanted: Vec<(String, Vec<f64>, Vec<bool>)>,
}

fn read(array: &Value) -> (Vec<usize>, Vec<f64>) {
    let shape = array["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
    (shape, array["data"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect())
}

impl Packed {
    fn new(case: &Value) -> Packed {
        let mut b = Builder::new(true, false);
        let (mut inputs, mut of) = (Vec::new(), Vec::new());
        let mut feed = |b: &mut Builder, name: &str, shape: Vec<Dim>, batched: bool, numbers: Vec<f64>| {
            let node_shape = batched.then(batch).into_iter().chain(shape.clone()).collect();
            let node = input(&mut b.graph, name, node_shape);
            inputs.push(numbers);
            b.tensor(node, shape, batched)
        };
        let dims = |sizes: &[usize]| sizes.iter().map(|n| Dim::from(*n)).collect::<Vec<_>>();
        let (sizes, numbers) = read(&case["x"]);
        let [examples, steps, _] = sizes[..] else { panic!("{sizes:?}") };
        let x = feed(&mut b, "x", dims(&sizes[1..]), true, numbers);
        let lengths: Vec<usize> =
            case["lengths"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
        let given = feed(&mut b, "lengths", vec![], true, lengths.iter().map(|n| *n as f64).collect());
        let cell = match case["cell"].as_str().unwrap() {
            "rnn" => Cell::Rnn { relu: false },
            "relu" => Cell::Rnn { relu: true },
            "lstm" => Cell::Lstm,
            _ => Cell::Gru,
        };
        of.push(("x".to_owned(), x.node));
        let (mut all, mut last) = (Vec::new(), Vec::new());
        let directions: &[bool] = if case["bidirectional"] == true { &[false, true] } else { &[false] };
        for reverse in directions.iter().copied() {
            let mut weight = |name: &str| {
                let name = format!("{name}_l0{}", if reverse { "_reverse" } else { "" });
                let (sizes, numbers) = read(&case["weights"][&name]);
                let tensor = feed(&mut b, &name, dims(&sizes), false, numbers);
                of.push((name, tensor.node));
                tensor
            };
            let weights = RecurrentWeights {
                input: weight("weight_ih"),
                hidden: weight("weight_hh"),
                biases: Some((weight("bias_ih"), weight("bias_hh"))),
            };
            let states = b.recurrent(Recurrence { cell, reverse }, &x, &given, &weights).unwrap();
            all.push(states.all);
            last.push(states.last);
        }
        let (output, final_states) = (b.concat(&all, -1).unwrap(), b.concat(&last, -1).unwrap());
        let mut wanted = Vec::new();
        let mut sum = b.constant(0.0);
        for (i, (name, found)) in [("output", output), ("final", final_states)].into_iter().enumerate() {
            let (sizes, mut seed) = read(&case["cotangents"][i]);
            let (_, numbers) = read(&case[name]);
            let row = sizes[sizes.len() - 1];
            let counts: Vec<bool> = (0..numbers.len())
                .map(|at| name == "final" || (at / row) % steps < lengths[at / row / steps])
                .collect();
            // PyTorch's result is 0 behind the end, whatever it is here: nobody may read it.
            seed.iter_mut().zip(&counts).filter(|(_, counts)| !**counts).for_each(|(seed, _)| *seed = 0.0);
            b.graph.add_output(name, found.node);
            wanted.push((name.to_owned(), numbers, counts));
            let seed = feed(&mut b, &format!("cotangent {i}"), dims(&sizes[1..]), true, seed);
            let product = b.multiply(&found, &seed).unwrap();
            let axes: Vec<usize> = (0..product.rank()).collect();
            let product = b.batch_mean(&product, &axes).unwrap();
            let product = b.reshape_to(&product, vec![]);
            let count = sizes.iter().product::<usize>() as f64;
            let product = b.scale(&product, count);
            sum = b.add(&sum, &product).unwrap();
        }
        let mut graph = b.graph;
        let nodes: Vec<NodeId> = of.iter().map(|(_, node)| *node).collect();
        for ((name, _), gradient) in of.iter().zip(differentiate(&mut graph, sum.node, &nodes)) {
            let (_, numbers) = read(&case["grads"][name]);
            graph.add_output(format!("d {name}"), gradient.unwrap());
            let counts = vec![true; numbers.len()];
            wanted.push((format!("d {name}"), numbers, counts));
        }
        verify(&graph).unwrap();
        let name = case["name"].as_str().unwrap().to_owned();
        Packed { name, graph: optimize(graph), examples, inputs, wanted }
    }

    fn compare<E: Element>(&self, found: &[Vec<E>], tolerance: f64) {
        for ((name, wanted, counts), found) in self.wanted.iter().zip(found) {
            assert_eq!(wanted.len(), found.len(), "{}: {name}", self.name);
            let largest = wanted.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
            for ((w, f), _) in wanted.iter().zip(found).zip(counts).filter(|(_, counts)| **counts) {
                let error = (w - f.to_f64()).abs() / w.abs().max(0.05 * largest);
                assert!(error <= tolerance, "{}: {name}: {f} instead of {w}", self.name);
            }
        }
    }
}
