//! Models of several parts: shared layers, several inputs, outputs and losses, what is stopped, what is random.

use nnrun::check::{Checked, Overrides, check_text};
use nnrun::train::{RunOptions, Silent, check_gradients, run};
use safetensors::SafeTensors;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Weights by path, and the events of the run.
struct Trained {
    weights: BTreeMap<String, Vec<f32>>,
    events: Vec<Value>,
}

impl Trained {
    fn epochs(&self) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(|e| e["event"] == "epoch")
    }

    /// A measure of the training split, after the first epoch and after the last.
    fn first_and_last(&self, measure: &str) -> (f64, f64) {
        let values: Vec<f64> =
            self.epochs().map(|e| e["train"][measure].as_f64().unwrap_or_else(|| panic!("{e}"))).collect();
        (values[0], *values.last().unwrap())
    }
}

fn checked(program: &str) -> Checked {
    let checked = check_text(Path::new("examples/composed.nn"), program, &Overrides::default());
    assert!(!checked.has_errors(), "{program}\n{}", super::ui::rendered(&checked));
    checked
}

fn trained(program: &str) -> Trained {
    let root = tempfile::tempdir().unwrap();
    let options = RunOptions { runs: root.path().to_owned(), ..RunOptions::default() };
    let outcome = run(&checked(program), &options, &mut Silent).unwrap_or_else(|e| panic!("{e}\n{program}"));
    assert_eq!(outcome.exit_status(), 0, "{program}");
    let read = |name: &str| std::fs::read(outcome.directory.join(name)).unwrap();
    let bytes = read("model.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |bytes: &[u8]| bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    let weights = file.tensors().into_iter().map(|(name, t)| (name, numbers(t.data()))).collect();
    let log = String::from_utf8(read("metrics.jsonl")).unwrap();
    let events = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Trained { weights, events }
}

/// The largest relative error of the gradients of the first train against finite differences.
fn gradient_error(program: &str) -> f64 {
    let checked = checked(program);
    check_gradients(&checked, &checked.program.trains[0], 1).unwrap().max_relative_error()
}

/// Points of two kinds, in pairs: the second of each pair is the first but for a turn.
const PAIRS: &str = "data pairs {
  let t       = blobs(120, classes: 3, seed: 4)
  field left  = t[x0, x1] |> standardize
  field right = t[x1, x0] |> standardize
  field same  = t.label == 1
  field kind  = t.label |> classes
  field size  = t.x0 |> standardize
}
";

fn with(data: &str, rest: &str) -> String {
    format!("{data}\n{rest}")
}

#[test]
fn twins_share_their_weights() {
    let program = with(
        PAIRS,
        "model Twins(left: [2], right: [2]) -> distance {
  let twin = Dense(8) |> tanh |> Dense(4)
  let a = left  |> twin
  let b = right |> twin
  norm(a - b)
}

train Twins on pairs {
  loss:      hinge(1 - distance, same)
  optimizer: Adam(lr: 1e-2)
  epochs:    30
}
",
    );
    let trained = trained(&program);
    let paths: Vec<&str> = trained.weights.keys().map(String::as_str).collect();
    assert_eq!(paths, ["twin.dense1.bias", "twin.dense1.weight", "twin.dense2.bias", "twin.dense2.weight"]);
    let (first, last) = trained.first_and_last("loss");
    assert!(last < 0.8 * first, "{first} {last}");
    assert!(gradient_error(&program) < 1e-6, "the gradients of both uses are added");
}

#[test]
fn a_residual_network_learns_and_its_gradients_are_right() {
    let program = with(
        PAIRS,
        "block Unit(width)(x: [D]) -> [width] {
  x |> residual(shortcut: Dense(width, bias: false)) { LayerNorm |> Dense(width) |> gelu |> Dense(width) }
}

model Deep(left: [2]) -> logits: [3] {
  left |> Unit(8) |> repeat 2 { residual { LayerNorm |> Dense(8) |> relu } } |> Unit(4) |> Dense(3)
}

train Deep on pairs {
  loss:      cross_entropy(logits, kind)
  optimizer: AdamW(lr: 1e-2)
  epochs:    30
  metrics:   [accuracy]
}
",
    );
    let (_, accuracy) = trained(&program).first_and_last("accuracy");
    assert!(accuracy > 0.85, "{accuracy}");
    assert!(gradient_error(&program) < 1e-6);
}

#[test]
fn each_term_of_a_loss_is_logged_and_they_add_up() {
    let program = with(
        PAIRS,
        "model Both(left: [2], right: [2]) -> (logits: [3], size_: float) {
  let h = concat([left, right]) |> Dense(16) |> relu
  (h |> Dense(3), h |> Dense(1) |> squeeze)
}

train Both on pairs {
  loss:      { kind: cross_entropy(logits, kind), size: 0.3 * mse(size_, size), small: 1e-3 * l2(\"*.weight\") }
  optimizer: Adam(lr: 1e-2)
  epochs:    20
  metrics:   [accuracy, near: mae(size_, size), top_k(2), r2]
}
",
    );
    let trained = trained(&program);
    let epochs: Vec<&Value> = trained.epochs().collect();
    assert_eq!(epochs.len(), 20);
    for epoch in &epochs {
        let of = |name: &str| epoch["train"][name].as_f64().unwrap_or_else(|| panic!("{name}: {epoch}"));
        assert!((of("kind") + of("size") + of("small") - of("loss")).abs() < 1e-5, "{epoch}");
        assert!(of("top_k") >= of("accuracy") && of("near") >= 0.0 && of("r2") <= 1.0, "{epoch}");
    }
    for term in ["kind", "size"] {
        let (first, last) = trained.first_and_last(term);
        assert!(last < 0.7 * first, "{term}: {first} {last}");
    }
    assert!(gradient_error(&program) < 1e-6);
}

#[test]
fn what_is_stopped_does_not_learn() {
    let program = |loss: &str, epochs: usize| {
        with(
            PAIRS,
            &format!(
                "model Stopped(left: [2]) -> (free: [3], stopped: [3]) {{
  let body = Dense(6)
  let h = left |> body |> tanh
  (h |> Dense(3), stop_gradient(h) |> Dense(3))
}}

train Stopped on pairs {{
  loss:      {loss}
  optimizer: SGD(lr: 0.1)
  epochs:    {epochs}
  seed:      9
}}
"
            ),
        )
    };
    let once = trained(&program("0 * sum(free) + cross_entropy(stopped, kind)", 1));
    let longer = trained(&program("0 * sum(free) + cross_entropy(stopped, kind)", 5));
    assert_eq!(once.weights["body.weight"], longer.weights["body.weight"], "its gradient is 0");
    assert_ne!(once.weights["dense2.weight"], longer.weights["dense2.weight"]);
    let free = trained(&program("cross_entropy(free, kind) + cross_entropy(stopped, kind)", 5));
    assert_ne!(free.weights["body.weight"], longer.weights["body.weight"]);
}

#[test]
fn the_square_of_the_weights_is_weight_decay() {
    let program = |loss: &str, decay: f64| {
        with(
            PAIRS,
            &format!(
                "model Plain(left: [2]) -> logits: [3] {{
  left |> Dense(8) |> tanh |> Dense(3)
}}

train Plain on pairs {{
  loss:      cross_entropy(logits, kind){loss}
  optimizer: SGD(lr: 0.1, weight_decay: {decay})
  epochs:    5
  seed:      3
}}
"
            ),
        )
    };
    let (decayed, penalized) = (trained(&program("", 0.02)), trained(&program(" + 0.01 * l2(weights)", 0.0)));
    let (none, one_layer) = (trained(&program("", 0.0)), trained(&program(" + 0.01 * l2(dense1)", 0.0)));
    let mut moved = 0.0_f32;
    for (path, values) in &decayed.weights {
        for (i, value) in values.iter().enumerate() {
            let other = penalized.weights[path][i];
            assert!((value - other).abs() < 1e-5 * value.abs().max(0.1), "{path}[{i}]: {value} and {other}");
            moved = moved.max((value - none.weights[path][i]).abs());
        }
    }
    assert!(moved > 1e-2, "the decay shows: {moved}");
    let norm = |of: &Trained, path: &str| of.weights[path].iter().map(|w| w * w).sum::<f32>();
    assert!(norm(&one_layer, "dense1.weight") < norm(&none, "dense1.weight"));
}

#[test]
fn evaluation_draws_noise_but_drops_nothing() {
    // A prediction that is the noise itself: its square is the variance of the noise.
    let program = |noise: &str| {
        with(
            PAIRS,
            &format!(
                "model Noisy(left: [2]) -> (y: [64], zero: float) {{
  let y = ones([64]) |> {noise}
  (y, 0 * (left |> Dense(1) |> squeeze))
}}

train Noisy on pairs {{
  loss:      mean((y - 1) ^ 2) + zero
  optimizer: SGD(lr: 1)
  epochs:    1
  metrics:   [spread: rmse(y, ones([64]))]
}}
"
            ),
        )
    };
    let measured = |noise: &str| {
        let trained = trained(&program(noise));
        let done = trained.events.iter().find(|e| e["event"] == "epoch").unwrap().clone();
        (done["train"]["loss"].as_f64().unwrap(), done["train"]["spread"].as_f64().unwrap())
    };
    // There is no validation split: the measures are those of train, in evaluation.
    let (_, spread) = measured("Dropout(0.5)");
    assert_eq!(spread, 0.0, "evaluation drops nothing");
    let (_, spread) = measured("dropout(0.25)");
    assert_eq!(spread, 0.0);
    let (_, spread) = measured("maximum(1 + normal([64], std: 0.5))");
    assert!(spread > 0.1, "evaluation still draws: {spread}");
}

#[test]
fn the_rate_falls_where_the_loss_has_stalled() {
    let program = |schedule: &str| {
        with(
            PAIRS,
            &format!(
                "model Slow(left: [2]) -> logits: [3] {{
  left |> Dense(8) |> tanh |> Dense(3)
}}

train Slow on pairs {{
  loss:      cross_entropy(logits, kind)
  optimizer: SGD(lr: 0.4)
  schedule:  {schedule}
  epochs:    12
}}
"
            ),
        )
    };
    let rates = |schedule: &str| -> Vec<f64> {
        trained(&program(schedule)).epochs().map(|e| e["lr"].as_f64().unwrap()).collect()
    };
    // No loss is below half of the best for long: it stalls every third epoch behind the first.
    let found = rates("plateau(factor: 0.5, patience: 2 epochs, threshold: 0.999, to: 0.06)");
    let wanted = [0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.06, 0.06];
    assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    let behind_a_warmup = rates("warmup(3 epochs) then plateau(factor: 0.5, patience: 1 epoch, threshold: 0.999)");
    assert!(behind_a_warmup[2] == 0.4 && behind_a_warmup[11] < 0.1, "{behind_a_warmup:?}");
    assert!(rates("plateau").iter().all(|lr| *lr == 0.4));
}

#[test]
fn muon_trains_matrices_and_all_the_rest() {
    let program = with(
        PAIRS,
        "model Deep(left: [2]) -> logits: [3] {
  left |> Dense(16) |> relu |> LayerNorm |> Dense(16) |> relu |> Dense(3)
}

train Deep on pairs {
  loss:      cross_entropy(logits, kind)
  optimizer: Muon(lr: 0.02, adam_lr: 3e-3)
  schedule:  cosine(to: 0)
  epochs:    20
  metrics:   [accuracy]
}
",
    );
    let (_, accuracy) = trained(&program).first_and_last("accuracy");
    assert!(accuracy > 0.9, "{accuracy}");
}

#[test]
fn numbers_fill_constants_and_functions_are_hypers() {
    let program = with(
        PAIRS,
        "block Unit(act: leaky_relu(0.2), scale: sqrt(2))(x: [D]) -> [D] {
  constant c: [D] = full(2)
  constant z: [D] = zeros
  constant o: [D] = ones
  x * c * scale + z - o |> Dense(D) |> act
}

model Filled(left: [2]) -> (logits: [3], filled: [2]) {
  constant f: [2] = full(0.5)
  let h = left |> Unit |> Unit(act: elu(0.5)) |> Unit(softplus(2), scale: 1) |> Unit(tanh)
  (h |> Dense(3), f)
}

train Filled on pairs {
  loss:      cross_entropy(logits, kind)
  optimizer: Adam(lr: 1e-2)
  epochs:    3
  metrics:   [filled: mae(filled, ones([2]))]
}
",
    );
    assert_eq!(trained(&program).first_and_last("filled").1, 0.5);
    assert!(gradient_error(&program) < 1e-5);
}
