//! `recompute: blocks`: the same numbers in less memory.

use nnrun::check::{Checked, Overrides, check_text};
use nnrun::compile::step_cost;
use nnrun::diagnostics::Code;
use nnrun::train::{Event, Observer, RunOptions, run};
use std::path::Path;
use std::time::Duration;

/// How large the gradients of each looked-at step are.
#[derive(Default)]
struct Norms(Vec<Vec<(String, f64)>>);

impl Observer for Norms {
    fn event(&mut self, event: &Event) {
        if let Event::Gradients(found) = event {
            self.0.push(found.norms.iter().map(|(path, norm)| (path.to_string(), *norm)).collect());
        }
    }
}

fn checked(text: &str) -> Checked {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recompute.nn");
    check_text(&path, text, &Overrides::default())
}

/// The numbers of all weights that a program leaves, as bytes.
fn trained(text: &str) -> Vec<(String, Vec<u8>)> {
    watched(text, None).0
}

/// The same, and what is seen where gradients are looked at.
fn watched(text: &str, gradients: Option<Duration>) -> (Vec<(String, Vec<u8>)>, Norms) {
    let checked = checked(text);
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let options = RunOptions { out: Some(out.clone()), gradients, ..RunOptions::default() };
    let mut norms = Norms::default();
    run(&checked, &options, &mut norms).unwrap();
    (weights(&out), norms)
}

/// The numbers of all weights in the folder of a run, as bytes.
pub fn weights(run: &Path) -> Vec<(String, Vec<u8>)> {
    let bytes = std::fs::read(run.join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<(String, Vec<u8>)> =
        file.tensors().into_iter().map(|(name, view)| (name, view.data().to_vec())).collect();
    tensors.sort();
    tensors
}

/// Bytes of a step, as they are foretold.
fn bytes(text: &str) -> u64 {
    let checked = checked(text);
    let train = &checked.program.trains[0];
    step_cost(train, train.settings.batch).unwrap().bytes
}

const DATA: &str = "data noise {
  let numbers = random(64, features: 96, seed: 1)
  let labels  = random(64, classes: 5, seed: 2)
  field x     = numbers[x0 .. x95] |> reshape(SHAPE)
  field kind  = labels.x0 |> classes
}
";

const TRAIN: &str = "train Net on noise {
  loss: cross_entropy(logits, kind)
  optimizer: Adam(lr: 1e-2)
  batch: 16
  epochs: 2
  RECOMPUTE
}
";

/// Models whose blocks hold dropout, statistics of the batch, attention, recurrent layers, convolutions, blocks in blocks.
fn programs() -> Vec<(&'static str, String)> {
    let models = [
        (
            "[96]",
            "block Part(x: [D]) -> [D] { x |> Dense(4 * D) |> BatchNorm |> gelu |> Dropout(0.2) |> Dense(D) }
model Net(x: [96]) -> logits: [5] { x |> repeat 4 { residual { Part } } |> Dense(5) }",
        ),
        (
            "[12, 8]",
            "block Attend(heads)(x: [T, D]) -> [T, D] {
  x |> residual { LayerNorm |> SelfAttention(heads, causal: true, dropout: 0.1) } |> residual { Dense(4 * D) |> relu |> Dense(D) }
}
model Net(x: [12, 8]) -> logits: [5] { x |> repeat 3 { Attend(heads: 2) } |> LSTM(8, returns: final) |> Dense(5) }",
        ),
        (
            "[12, 8]",
            "block Walk(x: [T, D]) -> [T, D] { x |> GRU(D, layers: 2) |> tanh }
block Two(x: [T, D]) -> [T, D] { x |> Walk |> Walk }
model Net(x: [12, 8]) -> logits: [5] { x |> Two |> Two |> Two |> Flatten |> Dense(5) }",
        ),
        (
            "[1, 8, 12]",
            "block Stage(width)(x: [C, H, W]) -> [width, H, W] {
  x |> Conv2d(width, kernel: 3, padding: same) |> BatchNorm |> relu |> Conv2d(width, kernel: 3, padding: same) |> relu
}
model Net(x: [1, 8, 12]) -> logits: [5] { x |> repeat 4 { Stage(8) } |> MaxPool2d(2) |> Flatten |> Dense(5) }",
        ),
    ];
    let program =
        |(shape, model): (&str, &'static str)| (model, format!("{}\n{model}\n{TRAIN}", DATA.replace("SHAPE", shape)));
    models.map(program).to_vec()
}

/// With batches for which the gradients of a layer's weight and bias are one instruction, where they are next to each other:
/// behind what is computed again they are not.
#[test]
fn what_is_computed_again_is_the_same_for_large_batches() {
    let program = |more: &str| {
        format!(
            "data noise {{
  let numbers = random(128, features: 64, seed: 1)
  let targets = random(128, features: 64, seed: 2)
  field x = numbers[x0 .. x63]
  field t = targets[x0 .. x63]
}}
block Part(x: [64]) -> [64] {{
  x |> LayerNorm |> Dense(64) |> tanh |> LayerNorm |> Dense(64) |> tanh |> Dense(64)
}}
model Net(x: [64]) -> y: [64] {{ x |> Part |> Part }}
train Net on noise {{
  loss: mse(y, t)
  optimizer: SGD(lr: 1.0)
  batch: 128
  epochs: 2
  {more}
}}
"
        )
    };
    assert!(trained(&program("")) == trained(&program("recompute: blocks")));
}

#[test]
fn what_is_computed_again_is_the_same_to_the_last_bit() {
    for (model, program) in programs() {
        let (kept, again) = (program.replace("RECOMPUTE", ""), program.replace("RECOMPUTE", "recompute: blocks"));
        assert!(trained(&kept) == trained(&again), "{model}");
        // Clipping reads all gradients together, `accumulate` those of several batches.
        let more = |text: &str| text.replace("epochs: 2", "epochs: 2\n  clip: norm(0.5)\n  accumulate: 2");
        assert!(trained(&more(&kept)) == trained(&more(&again)), "{model}");
        // Looking at the gradients, as a dashboard does, computes blocks again too.
        let [(_, of_kept), (weights, of_again)] = [&kept, &again].map(|text| watched(text, Some(Duration::ZERO)));
        assert!(!of_kept.0.is_empty() && of_kept.0 == of_again.0, "{model}");
        assert!(weights == trained(&again), "{model}");
        let (kept, again) = (bytes(&kept), bytes(&again));
        println!("{kept} bytes, {again} again");
        assert!(again < kept, "{again} bytes in place of {kept}: {model}");
    }
}

/// Each layer more costs what lies at its edge, not what lies within it.
#[test]
fn memory_grows_with_the_edges_of_blocks() {
    let program = |depth: usize, recompute: &str| {
        let model = format!(
            "block Part(x: [D]) -> [D] {{ x |> Dense(32 * D) |> tanh |> Dense(32 * D) |> tanh |> Dense(D) }}
model Net(x: [96]) -> logits: [5] {{ x |> Dense(8) |> repeat {depth} {{ Part }} |> Dense(5) }}"
        );
        let train = TRAIN.replace("RECOMPUTE", recompute).replace("Adam(lr: 1e-2)", "SGD(lr: 1e-2)");
        format!("{}\n{model}\n{}", DATA.replace("SHAPE", "[96]"), train.replace("batch: 16", "batch: 64"))
    };
    let layer = |recompute: &str| bytes(&program(9, recompute)) - bytes(&program(8, recompute));
    let weights = 4 * (8 * 256 + 256 + 256 * 256 + 256 + 256 * 8 + 8) as u64;
    let within = |bytes: u64| bytes.saturating_sub(weights);
    let (kept, again) = (within(layer("")), within(layer("recompute: blocks")));
    // Two activations of 256 and one of 8 numbers for each example, against one of 8.
    assert!(kept >= 64 * 4 * (2 * 256), "{kept}");
    assert!(again <= 64 * 4 * 3 * 8 + 4096, "{again}");
}

#[test]
fn mistakes_are_told() {
    let program = |model: &str, recompute: &str| {
        let text = format!("{}\n{model}\n{}", DATA.replace("SHAPE", "[96]"), TRAIN.replace("RECOMPUTE", recompute));
        let checked = checked(&text);
        checked.diagnostics.iter().map(|d| (d.code, d.message.clone())).collect::<Vec<_>>()
    };
    let plain = "model Net(x: [96]) -> logits: [5] { x |> Dense(5) }";
    let found = program(plain, "recompute: blocks");
    assert!(
        matches!(&found[..], [(Code::E0603, text)] if text == "`recompute: blocks` finds no block in `Net`"),
        "{found:?}"
    );
    let blocks = "model Net(x: [96]) -> logits: [5] { x |> repeat 2 { Dense(8) |> tanh } |> Dense(5) }";
    assert_eq!(program(blocks, "recompute: none"), []);
    for wrong in ["true", "layers", "3", "blocks(2)"] {
        let found = program(blocks, &format!("recompute: {wrong}"));
        assert!(
            matches!(&found[..], [(Code::E0603, text)] if text.contains("`blocks` or `none`")),
            "{wrong}: {found:?}"
        );
    }
}
