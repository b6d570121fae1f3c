//! Times whole training steps of recurrent layers: 128 wide, 64 steps of 32 numbers, 64 examples.
//!
//! `cargo bench --bench recurrent`, with a number of threads as an argument.
#![allow(missing_docs)]

use nnrun::autodiff::{Emitter, differentiate};
use nnrun::build::{Builder, StateScope};
use nnrun::catalog::{ArgValue, Args, Body, EntryKind, find};
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, InputKind, StateRole, Update};
use nnrun::ir::op::{InputId, Op, StateId, Unary};
use nnrun::optimize::optimize;
use nnrun::runtime::{Binding, Executable, Feed, Session, States};
use nnrun::source::Span;
use std::time::Instant;

const HIDDEN: usize = 128;
const STEPS: usize = 64;
const WIDTH: usize = 32;
const EXAMPLES: usize = 64;

/// Mean square of what the layer returns, its gradients, and a step of gradient descent.
fn training_step(layer: &str, returns: &'static str) -> Graph {
    let mut b = Builder::new(true, false);
    let shape = vec![Dim::from(STEPS), Dim::from(WIDTH)];
    let node_shape = std::iter::once(batch()).chain(shape.clone()).collect();
    let (_, node) = b.graph.add_input("x", node_shape, InputKind::Field, Span::default());
    let x = b.tensor(node, shape, true);
    let entry = find(layer, &[EntryKind::Layer]).unwrap();
    let Body::Layer { apply, .. } = &entry.body else { panic!("{layer} is a layer") };
    let mut args = Args::new();
    args.set("hidden", ArgValue::Dim(Dim::from(HIDDEN)), None);
    args.set("layers", ArgValue::Number(1.0), None);
    args.set("bias", ArgValue::Bool(true), None);
    args.set("returns", ArgValue::Choice(returns), None);
    let y = apply(&mut b, &StateScope("layer1".into()), &args, &[x]).unwrap().remove(0);
    let square = b.unary(Unary::Square, &y);
    let axes: Vec<usize> = (0..square.rank()).collect();
    let loss = b.batch_mean(&square, &axes).unwrap();
    let loss = b.reshape_to(&loss, vec![]);
    let mut graph = b.graph;
    let weights: Vec<_> = (0..graph.nodes.len())
        .filter_map(|i| match graph.nodes[i].op {
            Op::State(id) if graph.states[id.0 as usize].role == StateRole::Weight => {
                Some((id, nnrun::ir::graph::NodeId(i as u32)))
            }
            _ => None,
        })
        .collect();
    let wrt: Vec<_> = weights.iter().map(|w| w.1).collect();
    let gradients = differentiate(&mut graph, loss.node, &wrt);
    for ((state, weight), gradient) in weights.iter().zip(gradients) {
        let mut e = Emitter::new(&mut graph, Span::default());
        let change = e.scale(gradient.unwrap(), 1e-3);
        let value = e.subtract(*weight, change);
        graph.updates.push(Update { state: StateId(state.0), value });
    }
    graph.add_output("loss", loss.node);
    optimize(graph)
}

fn main() {
    let threads: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let threads = if threads.is_empty() { vec![1, 2] } else { threads };
    for layer in ["LSTM", "GRU", "RNN"] {
        for (returns, threads) in ["final", "sequence"].into_iter().flat_map(|r| threads.iter().map(move |t| (r, *t))) {
            let graph = training_step(layer, returns);
            let mut states = States::<f32>::of(&graph).unwrap();
            let paths: Vec<String> = graph.states.iter().map(|s| s.path.to_string()).collect();
            let wave = |i: usize, step: f64| ((i as f64) * step).sin() as f32;
            for path in paths {
                let numbers = states.get_mut(&path).unwrap();
                numbers.iter_mut().enumerate().for_each(|(i, x)| *x = wave(i, 0.71) / 11.0);
            }
            let mut executable = Executable::new(graph, &states).unwrap();
            let mut session = Session::new(states, threads);
            let plan = executable.prepare(&Binding::batch(EXAMPLES)).unwrap();
            executable.input_mut(plan, InputId(0)).iter_mut().enumerate().for_each(|(i, x)| *x = wave(i, 0.37));
            let mut times = Vec::new();
            let began = Instant::now();
            while began.elapsed().as_secs_f64() < 1.0 {
                let start = Instant::now();
                executable.run(&mut session, plan, &Feed { seed: 1, step: 0, examples: &[] });
                times.push(start.elapsed().as_secs_f64());
            }
            times.sort_by(f64::total_cmp);
            println!(
                "{layer}({HIDDEN}, returns: {returns}) on {threads}: {:.3} ms a step (p10 {:.3}, p90 {:.3}), loss {:.5}",
                times[times.len() / 2] * 1e3,
                times[times.len() / 10] * 1e3,
                times[times.len() * 9 / 10] * 1e3,
                executable.output(plan, 0)[0],
            );
            if std::env::var_os("PROFILE").is_some() {
                for (text, seconds) in executable.profile(&mut session, plan, 20) {
                    println!("   {:9.2} µs  {text}", seconds * 1e6);
                }
            }
        }
    }
}
