//! Times what happens before the first step of deep networks: check, differentiate, optimize, plan.
//!
//! `cargo bench --bench startup`, with numbers of layers as arguments. Each measurement is a process of its own, as a
//! start is: pages that an earlier one has been given would not be cleared again. Shown is the best of several, in ms.
#![allow(missing_docs)]

use nnrun::check::{Overrides, check_text};
use nnrun::compile::{evaluation_graph, full_batch, measurement, step, training_graphs};
use nnrun::runtime::States;
use std::path::Path;
use std::time::Instant;

// As the program has it.
#[cfg(not(windows))]
#[global_allocator]
static ALLOCATOR: nnrun::runtime::Allocator = nnrun::runtime::Allocator;

const RUNS: usize = 9;
const PHASES: [&str; 6] = ["check", "graphs", "optimize", "plan", "evaluation", "all"];

fn program(kind: &str, layers: usize) -> String {
    let body = match kind {
        "dense" => format!("  x |> repeat {layers} {{ Dense(16) |> relu }} |> Dense(3)"),
        "residual" => format!(
            "  x |> repeat {layers} {{ residual {{ LayerNorm |> Dense(16) |> relu |> Dense(16) }} }} |> Dense(3)"
        ),
        _ => {
            // Written out, in bodies of 100 layers each: a chain may not be longer than 500 stages.
            let mut body = String::new();
            let mut before = "x".to_owned();
            for part in 0..layers.div_ceil(100) {
                let count = (layers - part * 100).min(100);
                body.push_str(&format!("  let part{part} = {before}\n"));
                body.push_str(&"    |> Dense(16) |> relu\n".repeat(count));
                before = format!("part{part}");
            }
            body + &format!("  {before} |> Dense(3)")
        }
    };
    format!(
        "data noise {{
  let numbers = random(64, features: 16, seed: 1)
  let labels  = random(64, classes: 3, seed: 2)
  field x     = numbers[x0 .. x15]
  field kind  = labels.x0 |> classes
}}

model M(x: [16]) -> logits: [3] {{
{body}
}}

train M on noise {{
  loss:      cross_entropy(logits, kind)
  optimizer: Adam(lr: 1e-3)
  batch:     16
  epochs:    1
}}
"
    )
}

/// Seconds of each phase, in this process.
fn phases(kind: &str, layers: usize) -> [f64; 6] {
    let text = program(kind, layers);
    let mut at = Instant::now();
    let mut lap = || {
        let now = Instant::now();
        let seconds = now.duration_since(at).as_secs_f64();
        at = now;
        seconds
    };
    let began = Instant::now();
    let checked = check_text(Path::new("startup.nn"), &text, &Overrides::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let check = lap();
    let train = &checked.program.trains[0];
    let graphs = training_graphs(train, None).unwrap();
    let states = States::<f32>::planned(graphs.iter()).unwrap();
    let differentiated = lap();
    let mut step = step(graphs, &states).unwrap();
    let optimized = lap();
    step.executable.prepare(&full_batch(&train.longest, train.settings.batch)).unwrap();
    let planned = lap();
    let graph = evaluation_graph(train, None);
    let mut evaluation = measurement::<f32>(graph, &states).unwrap();
    evaluation.prepare(&full_batch(&train.longest, train.settings.batch)).unwrap();
    let evaluated = lap();
    [check, differentiated, optimized, planned, evaluated, began.elapsed().as_secs_f64()]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [once, kind, layers] = &arguments[..]
        && once == "once"
    {
        println!("{:?}", phases(kind, layers.parse().unwrap()));
        return;
    }
    let layers: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let layers = if layers.is_empty() { vec![1000, 2000] } else { layers };
    print!("{:>15}", "");
    PHASES.iter().for_each(|phase| print!(" {phase:>10}"));
    println!();
    for kind in ["dense", "written", "residual"] {
        for layers in &layers {
            let mut best = [f64::INFINITY; 6];
            for _ in 0..RUNS {
                let this = std::env::current_exe().unwrap();
                let output =
                    std::process::Command::new(this).args(["once", kind, &layers.to_string()]).output().unwrap();
                let text = String::from_utf8(output.stdout).unwrap();
                let seconds = text.trim().trim_matches(['[', ']']).split(", ").map(|s| s.parse().unwrap());
                best.iter_mut().zip(seconds).for_each(|(best, seconds): (&mut f64, f64)| *best = best.min(seconds));
            }
            print!("{:>15}", format!("{kind} {layers}"));
            best.iter().for_each(|seconds| print!(" {:>10.1}", seconds * 1e3));
            println!();
        }
    }
}
