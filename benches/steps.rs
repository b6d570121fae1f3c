//! Times whole training steps of two perceptrons, and the kernels behind them.
//!
//! `cargo bench --bench steps`, with a number of threads as an argument.
#![allow(missing_docs)]

#[path = "../tests/all/mlp.rs"]
mod mlp;

use nnrun::runtime::{Binding, Executable, Feed, States};
use std::time::Instant;

fn main() {
    let threads: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let threads = if threads.is_empty() { vec![1, 2] } else { threads };
    for (name, widths, examples) in
        [("tiny", &[4, 16, 3][..], 16), ("mlp", &[784, 512, 256, 10], 128), ("deep", &[64; 100], 32)]
    {
        for threads in &threads {
            let started = Instant::now();
            let graph = mlp::training_step(widths);
            let differentiated = started.elapsed();
            let started = Instant::now();
            let states = States::<f32>::of(&graph).unwrap();
            Executable::new(graph, &states).unwrap().prepare(&Binding::batch(examples)).unwrap();
            let planned = started.elapsed();
            let (mut executable, mut session, plan) = mlp::ready::<f32>(widths, examples, *threads);
            if std::env::var_os("PLAN").is_some() {
                println!("{}", executable.describe(plan, None).unwrap());
            }
            let mut times = Vec::new();
            let began = Instant::now();
            let mut step = 0;
            while began.elapsed().as_secs_f64() < 1.0 {
                let feed = Feed { seed: 1, step, examples: &[] };
                let start = Instant::now();
                executable.run(&mut session, plan, &feed);
                times.push(start.elapsed().as_secs_f64());
                step += 1;
            }
            times.sort_by(f64::total_cmp);
            let memory = executable.memory(&session);
            println!(
                "{name} on {threads}: {:.4} ms a step (p10 {:.4}, p90 {:.4}), {} steps, loss {:.4}, graph in {differentiated:?}, plan in {planned:?}, {memory:?}",
                times[times.len() / 2] * 1e3,
                times[times.len() / 10] * 1e3,
                times[times.len() * 9 / 10] * 1e3,
                times.len(),
                executable.output(plan, 0)[0],
            );
            if *threads == 1 {
                for (text, seconds) in executable.profile(&mut session, plan, 20) {
                    if seconds > 0.0 {
                        println!("   {:9.2} µs  {text}", seconds * 1e6);
                    }
                }
            }
        }
    }
}
