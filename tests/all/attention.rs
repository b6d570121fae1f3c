//! Attention and its gradient: kernels against the interpreter, whatever the tiles, the lengths and the threads.

use crate::graphs::{Numbers, push, shape};
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, InputKind, NodeId};
use nnrun::ir::interpret::{Draw, Feeds, interpret};
use nnrun::ir::op::{Attention, AttentionDropout, Binary, InputId, Op, Reduction};
use nnrun::runtime::{Binding, Element, Executable, Feed, Session, States};
use nnrun::source::Span;

const EXAMPLES: usize = 2;
const HEADS: i64 = 3;

fn batched(sizes: &[i64]) -> Vec<Dim> {
    std::iter::once(batch()).chain(shape(sizes)).collect()
}

/// Queries, keys, numbers of a key, numbers of a value.
type Sizes = [i64; 4];

/// Attention of operands that lie position by position, as projections leave them; the packed result and the
/// gradients of all three from a cotangent.
fn graph(attention: Attention, [queries, keys, width, values]: Sizes) -> Graph {
    let mut g = Graph::default();
    let mut operands = Vec::new();
    for (name, positions, width) in [("q", queries, width), ("k", keys, width), ("v", keys, values)] {
        let flat = batched(&[positions, HEADS * width]);
        let (_, x) = g.add_input(name, flat, InputKind::Field, Span::default());
        let x = push(&mut g, Op::Reshape, &[x], batched(&[positions, HEADS, width]));
        let x = push(&mut g, Op::Permute([0, 2, 1, 3].into()), &[x], batched(&[HEADS, positions, width]));
        operands.push(x);
    }
    let (_, lengths) = g.add_input("lengths", vec![batch()], InputKind::Field, Span::default());
    let packed = batched(&[HEADS, queries, values + 1]);
    let (_, cotangent) = g.add_input("cotangent", packed.clone(), InputKind::Field, Span::default());
    let inputs = [operands.clone(), vec![lengths]].concat();
    let result = push(&mut g, Op::Attention(attention), &inputs, packed.clone());
    let weighted = push(&mut g, Op::Binary(Binary::Multiply), &[result, cotangent], packed);
    let all = Op::Reduce { reduction: Reduction::Sum, axes: [0, 1, 2, 3].into() };
    let sum = push(&mut g, all, &[weighted], shape(&[1, 1, 1, 1]));
    let sum = push(&mut g, Op::Reshape, &[sum], vec![]);
    let gradients = differentiate(&mut g, sum, &operands);
    g.add_output("result", result);
    for (name, gradient) in ["dq", "dk", "dv"].iter().zip(gradients) {
        g.add_output(*name, gradient.expect("a gradient"));
    }
    g
}

fn inputs(graph: &Graph, keys: i64, seed: u64) -> Vec<Vec<f64>> {
    let mut numbers = Numbers::new(seed);
    let count = |shape: &[Dim]| {
        shape.iter().map(|d| d.evaluate(&|_| Some(EXAMPLES as i64)).expect("a size") as usize).product::<usize>()
    };
    let draw = |i: usize, n: usize| -> Vec<f64> {
        match &*graph.inputs[i].name {
            // One example sees all keys, the other some or none.
            "lengths" => vec![keys as f64, (seed as i64 % (keys + 1)) as f64],
            _ => (0..n).map(|_| f64::from(numbers.between(-1.5, 1.5) as f32)).collect(),
        }
    };
    let counts: Vec<usize> = graph.inputs.iter().map(|i| count(&i.shape)).collect();
    let mut draw = draw;
    counts.into_iter().enumerate().map(|(i, n)| draw(i, n)).collect()
}

fn run<E: Element>(graph: &Graph, inputs: &[Vec<f64>], threads: usize, examples: &[u64]) -> Vec<Vec<f64>> {
    let states = States::<E>::of(graph).expect("states");
    let mut executable = Executable::new(graph.clone(), &states).expect("executable");
    let mut session = Session::new(states, threads);
    let plan = executable.prepare(&Binding::batch(EXAMPLES)).expect("a plan");
    for (i, numbers) in inputs.iter().enumerate() {
        let to = executable.input_mut(plan, InputId(i as u32));
        to.iter_mut().zip(numbers).for_each(|(to, x)| *to = E::from_f64(*x));
    }
    executable.run(&mut session, plan, &Feed { seed: 5, step: 2, examples });
    (0..graph.outputs.len()).map(|o| executable.output(plan, o).iter().map(|x| x.to_f64()).collect()).collect()
}

fn expected(graph: &Graph, inputs: &[Vec<f64>], draw: &dyn Fn(Draw) -> f64) -> Vec<Vec<f64>> {
    let feeds = Feeds { input: &|id| inputs[id.0 as usize].clone(), state: &|_| vec![], random: draw };
    let values = interpret(graph, &|_| Some(EXAMPLES as i64), &feeds).expect("values");
    let of = |node: NodeId| values[node.index()].data.clone();
    graph.outputs.iter().map(|o| of(o.node)).collect()
}

fn assert_close(found: &[Vec<f64>], expected: &[Vec<f64>], tolerance: f64, what: &str) {
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let largest = expected.iter().fold(1.0_f64, |a, x| a.max(x.abs()));
        for (at, (f, e)) in found.iter().zip(expected).enumerate() {
            assert!((f - e).abs() <= tolerance * largest, "{what}, output {i} at {at}: {f} instead of {e}");
        }
    }
}

const SIZES: [Sizes; 6] =
    [[1, 1, 1, 1], [5, 7, 3, 2], [65, 130, 8, 5], [150, 150, 16, 16], [3, 300, 4, 1], [129, 64, 2, 7]];

#[test]
fn kernels_compute_what_the_formulas_say() {
    for (round, sizes) in SIZES.into_iter().enumerate() {
        for causal in [false, true] {
            if causal && sizes[0] != sizes[1] {
                continue;
            }
            let graph = graph(Attention { causal, scale: 0.4, dropout: None }, sizes);
            for seed in [0, 1, round as u64 * 31 + 40] {
                let inputs = inputs(&graph, sizes[1], seed);
                let values = expected(&graph, &inputs, &|_| 0.5);
                let what = format!("{sizes:?}, causal {causal}, seed {seed}");
                assert_close(&run::<f64>(&graph, &inputs, 1, &[]), &values, 1e-12, &what);
                let single = run::<f32>(&graph, &inputs, 1, &[]);
                assert_close(&single, &values, 3e-6, &what);
                assert_eq!(single, run::<f32>(&graph, &inputs, 3, &[]), "{what}: other bits with other threads");
            }
        }
    }
}

/// What is dropped is read off the result for values that tell the keys apart; the same is then dropped in the gradient,
/// and whatever the place in the batch.
#[test]
fn the_gradient_drops_what_the_result_dropped() {
    let (keys, share) = (140_i64, 0.3);
    for causal in [false, true] {
        let attention = |dropout| Attention { causal, scale: 0.3, dropout };
        let dropout = Some(AttentionDropout { stream: 9, share });
        let one_hot = |graph: &Graph, seed| {
            let mut of = inputs(graph, keys, seed);
            of[2] = (0..EXAMPLES as i64 * keys * HEADS * keys)
                .map(|i| f64::from(u8::from(i % keys == i / (keys * HEADS) % keys)))
                .collect();
            of[3] = vec![keys as f64; EXAMPLES];
            of
        };
        let telling = graph(attention(dropout), [keys, keys, 4, keys]);
        let feed = one_hot(&telling, 3);
        let weights = run::<f64>(&telling, &feed, 1, &[7, 3]).remove(0);
        let plain = run::<f64>(&graph(attention(None), [keys, keys, 4, keys]), &feed, 1, &[7, 3]).remove(0);
        let line = keys as usize + 1;
        let place = |row: usize, head: usize, query: usize, key: usize| {
            ((row * HEADS as usize + head) * keys as usize + query) * line + key
        };
        let kept = |row: usize, position: usize| {
            let at = place(row, position >> 44, position >> 22 & 0x3f_ffff, position & 0x3f_ffff);
            weights[at] != 0.0
        };
        let (mut dropped, mut all) = (0, 0);
        for (w, p) in weights.chunks(line).zip(plain.chunks(line)) {
            for (w, p) in w.iter().zip(p).take(keys as usize).filter(|(_, p)| **p != 0.0) {
                assert!(*w == 0.0 || (w - p / (1.0 - share)).abs() < 1e-12, "{w} of {p}");
                dropped += usize::from(*w == 0.0);
                all += 1;
            }
        }
        assert!((dropped as f64 / f64::from(all) - share).abs() < 0.01, "{dropped} of {all}");
        let small = graph(attention(dropout), [keys, keys, 4, 3]);
        let mut feed_small = inputs(&small, keys, 11);
        feed_small[0] = feed[0].clone();
        feed_small[1] = feed[1].clone();
        feed_small[3] = vec![keys as f64; EXAMPLES];
        let draw = |draw: Draw| if kept(draw.row, draw.position) { 0.99 } else { 0.0 };
        let values = expected(&small, &feed_small, &draw);
        assert_close(&run::<f64>(&small, &feed_small, 2, &[7, 3]), &values, 1e-12, "dropped");
        assert_close(&run::<f32>(&small, &feed_small, 2, &[7, 3]), &values, 3e-6, "dropped, f32");
    }
}
