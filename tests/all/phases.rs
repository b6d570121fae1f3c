//! Trains in phases: each a train of its own, on the weights that the one before left.

use nnrun::check::{Checked, Length, Overrides, check_text};
use nnrun::diagnostics::Code;
use nnrun::ir::dim::Dim;
use nnrun::ir::graph::{Graph, StateRole};
use nnrun::ir::op::Op;
use nnrun::train::{Event, Observer, RunOptions, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const PROGRAM: &str = r#"
data spirals {
  let t       = spirals(200, classes: 3, noise: 0.1, seed: 1)
  field x     = t[x0, x1]
  field label = t.label |> classes
  split: random(train: 70%, validation: 15%, test: 15%, seed: 7)
}

model Net(x: [2]) -> logits: [3] {
  let backbone = Dense(16)
  let head     = Dense(3)
  x |> backbone |> BatchNorm |> relu |> head
}

train Net on spirals {
  loss:      cross_entropy(logits, label)
  optimizer: SGD(lr: 0.1)
  steps:     7
  batch:     32
  phase head { freeze: ["backbone", "batch_norm1"]; epochs: 2; optimizer: Adam(lr: 1e-2) }
  phase full { epochs: 3; schedule: cosine(to: 1e-6) }
}
"#;

fn check(text: &str) -> Checked {
    check_text(Path::new("net.nn"), text, &Overrides::default())
}

fn checked(text: &str) -> Checked {
    let checked = check(text);
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    checked
}

#[derive(Default)]
struct Events(Vec<Value>);

impl Observer for Events {
    fn event(&mut self, event: &Event) {
        if !matches!(event, Event::Step(_)) {
            self.0.push(event.to_json());
        }
    }
}

/// The bytes of each weight at the end, and what happened.
fn trained(text: &str) -> (BTreeMap<String, Vec<u8>>, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let options = RunOptions { out: Some(out.clone()), ..RunOptions::default() };
    let mut events = Events::default();
    run(&checked(text), &options, &mut events).unwrap();
    let bytes = std::fs::read(out.join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let weights = file.tensors().into_iter().map(|(name, view)| (name, view.data().to_vec())).collect();
    (weights, events.0)
}

#[test]
fn a_phase_inherits_and_overrides() {
    let checked = checked(PROGRAM);
    let [head, full] = checked.program.trains.as_slice() else { panic!("two phases are two trains") };
    assert_eq!((head.title(), full.title()), ("Net, phase head".to_owned(), "Net, phase full".to_owned()));
    assert_eq!((head.is_followed(), full.is_followed()), (true, false));
    // Epochs in the place of steps.
    assert_eq!((head.settings.length, full.settings.length), (Length::Epochs(2), Length::Epochs(3)));
    assert_eq!((head.settings.optimizer.entry.name, full.settings.optimizer.entry.name), ("Adam", "SGD"));
    assert_eq!((head.settings.batch, full.settings.batch), (32, 32));
    assert_eq!((head.settings.schedule.len(), full.settings.schedule.len()), (0, 1));
    assert_eq!(full.settings.frozen.len(), 0);
    assert_eq!(checked.program.models.len(), 1);
}

/// Nothing is computed for a frozen weight: the step neither writes it nor keeps anything for it.
#[test]
fn frozen_weights_have_no_gradient() {
    let checked = checked(PROGRAM);
    let step = |index: usize| nnrun::compile::states(&checked.program.trains[index], None).unwrap().0.batch;
    let (head, full) = (step(0), step(1));
    let updated = |graph: &Graph| -> Vec<String> {
        let written = graph.updates.iter().map(|update| &graph.states[update.state.0 as usize]);
        written.filter(|state| state.role != StateRole::Optimizer).map(|state| state.path.to_string()).collect()
    };
    assert_eq!(updated(&head), ["head.weight", "head.bias"]);
    // Two of each layer, and three statistics.
    assert_eq!(updated(&full).len(), 9, "{:?}", updated(&full));
    let kept: Vec<&str> = head.states.iter().filter(|s| s.role == StateRole::Optimizer).map(|s| &*s.path).collect();
    assert!(!kept.is_empty() && kept.iter().all(|path| path.starts_with("head.")), "{kept:?}");
    // The gradient of the first layer's weights would be the transposed input times what flows back.
    let shape = [16, 2].map(Dim::constant);
    let made = |graph: &Graph| {
        let products = graph.nodes.iter().filter(|node| matches!(node.op, Op::MatMul));
        products.filter(|node| node.shape == shape || node.shape.iter().rev().eq(&shape)).count()
    };
    assert_eq!((made(&head), made(&full)), (0, 1));
}

#[test]
fn frozen_weights_keep_their_bytes() {
    let only_head = PROGRAM.replace("  phase full { epochs: 3; schedule: cosine(to: 1e-6) }\n", "");
    let (weights, _) = trained(&only_head);
    // As they began, whatever the others were trained with.
    let (others, _) = trained(&only_head.replace("Adam(lr: 1e-2)", "SGD(lr: 0.5)"));
    for (path, bytes) in &weights {
        assert_eq!(*bytes == others[path], !path.starts_with("head"), "{path}");
    }
}

#[test]
fn phases_are_trains_one_after_the_other() {
    let (phases, events) = trained(PROGRAM);
    let (around, _) = PROGRAM.split_once("train Net").unwrap();
    let settings = "loss: cross_entropy(logits, label); batch: 32";
    let two = format!(
        "{around}
train Net on spirals {{ {settings}; freeze: [backbone, batch_norm1]; epochs: 2; optimizer: Adam(lr: 1e-2) }}
train Net on spirals {{ {settings}; epochs: 3; optimizer: SGD(lr: 0.1); schedule: cosine(to: 1e-6) }}
"
    );
    let (trains, _) = trained(&two);
    assert_eq!(phases, trains);
    let of = |kind: &str| events.iter().filter(|e| e["event"] == kind).cloned().collect::<Vec<_>>();
    let names = |kind: &str| of(kind).iter().map(|e| e["phase"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (names("start"), names("done")),
        (vec!["head".into(), "full".into()], vec!["head".into(), "full".into()])
    );
    // The test split is touched once, at the end.
    let done = of("done");
    assert!(done[0]["test"].is_null() && done[1]["test"]["loss"].is_number(), "{done:?}");
}

/// `load` is what the first phase begins with, unless a phase says so itself.
#[test]
fn weights_are_loaded_before_the_first_phase() {
    let loads = |text: &str| -> Vec<bool> {
        let checked = check(text);
        checked.program.trains.iter().map(|train| train.settings.load.is_some()).collect()
    };
    assert_eq!(loads(&PROGRAM.replace("steps:     7", "steps: 7; load: \"a.safetensors\"")), [true, false]);
    assert_eq!(loads(&PROGRAM.replace("epochs: 3;", "epochs: 3; load: \"a.safetensors\";")), [false, true]);
}

#[test]
fn mistakes_of_phases_are_told_once() {
    let codes = |from: &str, to: &str| -> Vec<Code> {
        assert!(PROGRAM.contains(from));
        check(&PROGRAM.replace(from, to)).diagnostics.iter().map(|d| d.code).collect()
    };
    assert_eq!(codes("phase full", "phase head"), [Code::E0104]);
    // Of the inherited settings, and of what all phases lack.
    assert_eq!(codes("batch:     32", "batch: many").len(), 1);
    assert_eq!(codes("loss:      cross_entropy(logits, label)\n", ""), [Code::E0601]);
    assert_eq!(codes("\"backbone\"", "\"backbon\"").len(), 1);
}
