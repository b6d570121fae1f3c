//! Memory is foreseen: to the byte, and before the first step.

use super::cli::{Ended, nnrun};
use nnrun::check::Train;
use nnrun::check::{Overrides, check_file, check_text};
use nnrun::compile::{self, Foreseen, full_batch};
use nnrun::ir::op::InputId;
use nnrun::runtime::{Executable, Feed, Session};
use std::path::Path;

#[test]
fn what_is_foreseen_is_what_a_step_takes() {
    for name in ["xor", "iris", "digits_cnn", "vowels_lstm", "elman_from_formula"] {
        let checked = check_file(Path::new(&format!("examples/{name}.nn")), &Overrides::default()).unwrap();
        let train = &checked.program.trains[0];
        let mut foreseen = Foreseen::new(train, 1).unwrap();
        for batch in [1, 3] {
            assert_eq!(foreseen.cost(batch).unwrap().bytes, taken(train, batch) as u64, "{name}, {batch}");
        }
    }
}

/// Of a step of several batches: what a batch takes, what they divide by, the update, and the averages of the weights.
#[test]
fn what_is_foreseen_of_several_batches_is_what_they_take() {
    let text = std::fs::read_to_string("examples/vowels_lstm.nn").unwrap();
    let text = text.replace("  epochs:", "  accumulate: 3\n  ema: 0.9\n  epochs:");
    let checked = check_text(Path::new("examples/vowels_lstm.nn"), &text, &Overrides::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let train = &checked.program.trains[0];
    let mut foreseen = Foreseen::new(train, 1).unwrap();
    let (one, three) = (foreseen.cost(1).unwrap(), foreseen.cost(3).unwrap());
    assert_eq!([one.bytes, three.bytes], [1, 3].map(|batch| taken(train, batch) as u64));
    let plain = check_file(Path::new("examples/vowels_lstm.nn"), &Overrides::default()).unwrap();
    let plain = Foreseen::new(&plain.program.trains[0], 1).unwrap().cost(3).unwrap();
    // Three batches, one update.
    assert!(
        plain.bytes < three.bytes && 2 * plain.flops < three.flops && three.flops < 3 * plain.flops + plain.flops / 2
    );
}

/// The bytes that are held after a step.
fn taken(train: &Train, batch: usize) -> usize {
    let (graphs, states) = compile::states(train, None).unwrap();
    let mut step = compile::step(graphs, &states).unwrap();
    let sizes = full_batch(&train.longest, batch);
    let mut session = Session::new(states, 1);
    let mut beside = 0;
    let normalizers = step.parts.as_ref().and_then(|_| compile::normalizer_graph(&train.training, None));
    let mut normalizers = normalizers.map(|graph| compile::measurement(graph, &session.states).unwrap());
    let parts = step.parts.as_mut().map(|parts| &mut parts.update);
    for executable in [Some(&mut step.executable), normalizers.as_mut(), parts].into_iter().flatten() {
        let plan = executable.prepare(&sizes).unwrap();
        executable.run(&mut session, plan, &Feed { seed: 0, step: 1, examples: &[] });
        beside += executable.memory(&session).total() - session.states.bytes();
    }
    session.states.bytes() + beside
}

/// Of a gelu what goes in is kept, its curve, and what the weights behind it need: `x/√2` and `x/2` follow from `x`.
#[test]
fn what_is_cheap_is_computed_again() {
    const EXAMPLES: usize = 512;
    const WIDTH: usize = 256;
    let program = format!(
        "data d {{
  let t = random(1024, features: {WIDTH}, seed: 1)
  field x = t[x0 .. x{}]
}}
model M(x: [{WIDTH}]) -> y: [{WIDTH}] {{
  x |> Dense({WIDTH}) |> gelu |> Dense({WIDTH}) |> gelu |> Dense({WIDTH}) |> gelu |> Dense({WIDTH})
}}
train M on d {{
  loss:      mse(y, x)
  optimizer: SGD(lr: 0.1)
  batch:     {EXAMPLES}
  epochs:    1
}}
",
        WIDTH - 1
    );
    let checked = check_text(Path::new("test.nn"), &program, &Overrides::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let train = &checked.program.trains[0];
    let (graphs, mut states) = compile::states(train, None).unwrap();
    let step = compile::step(graphs, &states).unwrap();
    let graph = step.executable.graph().clone();
    for state in &graph.states {
        let numbers = states.get_mut(&state.path).unwrap().iter_mut().enumerate();
        numbers.for_each(|(i, x)| *x = ((i * 37 + state.path.len()) % 101) as f32 / 500.0 - 0.1);
    }
    let run = |mut executable: Executable<f32>| {
        let mut session = Session::new(states.clone(), 2);
        let plan = executable.prepare(&full_batch(&train.longest, EXAMPLES)).unwrap();
        let numbers = executable.input_mut(plan, InputId(0)).iter_mut().enumerate();
        numbers.for_each(|(i, x)| *x = ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0);
        for step in 0..3 {
            executable.run(&mut session, plan, &Feed { seed: 0, step, examples: &[] });
        }
        let weights = graph.states.iter().map(|state| session.states.get(&state.path).unwrap().to_vec());
        (weights.collect::<Vec<_>>(), executable.plan(plan).arena_bytes())
    };
    let (weights, bytes) = run(step.executable);
    let (each_by_itself, _) = run(Executable::node_by_node(graph.clone(), &states).unwrap());
    assert!(weights == each_by_itself, "the same steps give the same bits");
    let kept = bytes as f64 / (4 * EXAMPLES * WIDTH) as f64;
    // Three times what goes into a gelu, its curve and what comes out; two and a half on their way.
    assert!(kept < 12.0, "{kept} tensors at a time");
}

/// Weights that no machine has room for must not be made to find that out.
#[test]
fn what_is_too_large_is_refused_from_its_sizes() {
    let units = |units: &str| WIDE.replace("Dense(1000)", &format!("Dense({units})"));
    for (program, limit) in [(units("1000000000"), "100MB"), (units("100000000"), "100GB")] {
        let begun = std::time::Instant::now();
        let ended = run(&program, limit).expect(1);
        for said in ["error[E0910]", "dense2.weight", "not even a batch of one fits"] {
            assert!(ended.err.contains(said), "{said}:\n{}", ended.err);
        }
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wide.nn"), units("1000000000")).unwrap();
    let summary = nnrun(folder.path(), &["summary", "wide.nn", "--batch", "16"]).expect(0);
    assert!(summary.out.contains("TiB"), "{}", summary.out);
}

const WIDE: &str = "data d {
  let t = moons(3000, seed: 1)
  field x = t[x0, x1]
  field y = t.label |> classes
}

model Wide(x: [2]) -> logits: [2] {
  x |> Dense(1000) |> relu |> Dense(500) |> relu |> Dense(2)
}

train Wide on d {
  loss:      cross_entropy(logits, y)
  optimizer: Adam(lr: 0.001)
  steps:     1
  batch:     2000
}
";

fn run(program: &str, limit: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wide.nn"), program).unwrap();
    let ended = nnrun(folder.path(), &["wide.nn", "--memory-limit", limit]);
    assert_eq!(folder.path().join("runs").exists(), ended.status == 0, "a refused run leaves nothing behind");
    ended
}

#[test]
fn too_little_memory_is_refused_with_what_would_fit() {
    let ended = run(WIDE, "20MB").expect(1);
    for said in ["error[E0910]", "training Wide needs", "19.1 MiB are allowed", "[1000] of each example: 7.6 MiB"] {
        assert!(ended.err.contains(said), "{said}:\n{}", ended.err);
    }
    let (_, behind) = ended.err.split_once("a batch of ").unwrap();
    let fits: usize = behind.split(' ').next().unwrap().parse().unwrap();
    assert!((1..2000).contains(&fits), "{}", ended.err);
    let with = |batch: usize| WIDE.replace("2000\n", &format!("{batch}\n"));
    run(&with(fits), "20MB").expect(0);
    run(&with(fits + 1), "20MB").expect(1);
    run(WIDE, "2GB").expect(0);
    let none = run(WIDE, "1MB").expect(1);
    assert!(none.err.contains("not even a batch of one fits"), "{}", none.err);
    run(WIDE, "much").expect(2);
}
