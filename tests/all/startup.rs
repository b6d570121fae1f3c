//! What happens before the first step takes time in proportion to the depth of a network.

use nnrun::check::{Overrides, check_on_this_stack};
use nnrun::compile::{full_batch, states, step};
use std::path::Path;

fn program(layers: usize) -> String {
    format!(
        "data noise {{
  let numbers = random(64, features: 8, seed: 1)
  let labels  = random(64, classes: 3, seed: 2)
  field x     = numbers[x0 .. x7]
  field kind  = labels.x0 |> classes
}}

model M(x: [8]) -> logits: [3] {{
  x |> repeat {layers} {{ residual {{ LayerNorm |> Dense(8) |> relu }} }} |> Dense(3)
}}

train M on noise {{
  loss:      cross_entropy(logits, kind)
  optimizer: Adam(lr: 1e-3)
  ema:       0.9
  batch:     16
  epochs:    1
  group [\"*.bias\"] {{ lr: 1e-4 }}
}}
"
    )
}

fn start(layers: usize) {
    let checked = check_on_this_stack(Path::new("startup.nn"), &program(layers), &Overrides::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let train = &checked.program.trains[0];
    let (graphs, states) = states(train, None).unwrap();
    let mut step = step(graphs, &states).unwrap();
    step.executable.prepare(&full_batch(&train.longest, train.settings.batch)).unwrap();
}

/// Nanoseconds that this thread has run, whatever else runs on the machine.
#[cfg(target_os = "linux")]
fn worked() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Eight times the layers take eight times the work, and up to twice that where a cache is too small for them (16 was seen
/// on a busy machine); with the square of the depth it would be sixty-four times.
#[cfg(target_os = "linux")]
#[test]
fn starting_takes_time_in_proportion_to_depth() {
    let measure = || {
        let took = |layers: usize| {
            let before = worked();
            start(layers);
            worked() - before
        };
        took(10);
        let least = |layers: usize| (0..3).map(|_| took(layers)).min().unwrap_or(0);
        (least(100), least(800))
    };
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(measure).unwrap();
    let (few, many) = thread.join().unwrap();
    assert!(many < 32 * few.max(1), "100 layers take {few} ns, 800 layers {many} ns");
}
