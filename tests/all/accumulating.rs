//! Steps of several batches, groups of weights, averages of weights.

use super::cli::nnrun;
use nnrun::check::{Overrides, check_text};
use nnrun::diagnostics::Code;
use nnrun::train::{Event, Observer, RunOptions, run};
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Default)]
struct Seen {
    losses: Vec<f64>,
    examples: usize,
    measured: Vec<f64>,
}

impl Observer for Seen {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Step(step) => self.losses.push(step.loss),
            Event::Start(start) => self.examples = start.steps as usize,
            Event::Epoch(epoch) => self.measured.extend(epoch.validation.as_ref().and_then(|v| v.loss())),
            _ => {}
        }
    }
}

type Tensors = BTreeMap<String, Vec<f32>>;

/// The weights that a program leaves, and what happened. Its data lies where that of the examples does.
fn trained(text: &str) -> (Tensors, Seen) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/accumulating.nn");
    let checked = check_text(&path, text, &Overrides::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let options = RunOptions { out: Some(out.clone()), ..RunOptions::default() };
    let mut seen = Seen::default();
    run(&checked, &options, &mut seen).unwrap();
    let bytes = std::fs::read(out.join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |data: &[u8]| data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    (file.tensors().into_iter().map(|(name, view)| (name, numbers(view.data()))).collect(), seen)
}

fn codes(text: &str) -> Vec<(Code, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/accumulating.nn");
    let checked = check_text(&path, text, &Overrides::default());
    checked.diagnostics.iter().map(|d| (d.code, d.message.clone())).collect()
}

fn furthest(one: &Tensors, other: &Tensors) -> f32 {
    assert!(one.keys().eq(other.keys()));
    let pairs = one.iter().flat_map(|(path, numbers)| numbers.iter().zip(&other[path]));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

const IRIS: &str = "data iris {
  let t         = csv(\"data/tabular/iris.csv\")
  field x       = t[sepal_length_cm .. petal_width_cm] |> standardize
  field species = t.species |> classes
  split: random(train: 70%, validation: 15%, test: 15%, seed: 1)
}

model Net(x: [4]) -> logits: [3] {
  x |> Dense(16) |> tanh |> Dropout(0.3) |> Dense(3)
}

train Net on iris {
  loss: LOSS
  optimizer: SGD(lr: 0.1, momentum: 0.9)
  clip: norm(0.5)
  epochs: 1
  BATCH
}
";

/// Names of different lengths: a mean over all letters of the batch.
const NAMES: &str = "data names {
  field chars = text(\"data/text/first_names.txt\") |> lines |> characters(start: true, end: true)
  split: random(train: 4%, validation: 1%, test: 95%, seed: 3)
}

model Next(chars: class(V)[T]) -> logits {
  chars[.. -1] |> Embedding(8) |> GRU(16) |> Dropout(0.3) |> Dense(V)
}

train Next on names {
  loss: cross_entropy(logits, chars[1 ..])
  optimizer: SGD(lr: 0.5)
  epochs: 1
  BATCH
}
";

/// To 1e-6 after an epoch whose last step is a smaller one: with weights of classes, which differ from batch to batch,
/// with positions that do not count, with lengths that differ, with terms, and with dropout, whose draws are those of the
/// examples.
#[test]
fn several_batches_are_one_large_batch() {
    let losses = [
        "cross_entropy(logits, species)",
        "cross_entropy(logits, species, weight: [1, 5, 0.2])",
        "cross_entropy(logits, species, ignore: 1)",
        "{ fit: cross_entropy(logits, species, weight: [3, 1, 1]), size: 0.01 * l2(weights) }",
        "cross_entropy(logits, species)\n  class_weights: balanced",
        "cross_entropy(logits, species, weight: [1, 2, 3])\n  augment: { x: noise(0.1) }",
    ];
    let mut programs: Vec<String> = losses.iter().map(|loss| IRIS.replace("LOSS", loss)).collect();
    programs.push(NAMES.to_owned());
    for program in programs {
        let (large, of_large) = trained(&program.replace("BATCH", "batch: 64"));
        let (parts, of_parts) = trained(&program.replace("BATCH", "batch: 16; accumulate: 4"));
        assert_eq!(of_large.examples, of_parts.examples, "steps are those of the optimizer");
        let far = furthest(&large, &parts);
        assert!(far < 1e-6, "{far:e}\n{program}");
        let rounding = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-5;
        assert!(of_large.losses.iter().zip(&of_parts.losses).all(rounding), "{program}");
        // One batch by itself, and no batch that is as large.
        let (alone, _) = trained(&program.replace("BATCH", "batch: 64; accumulate: 1"));
        assert!(furthest(&large, &alone) < 1e-6);
        let (small, _) = trained(&program.replace("BATCH", "batch: 16"));
        assert!(furthest(&large, &small) > 1e-3, "the test tells nothing");
    }
}

#[test]
fn parts_that_are_looked_at_as_a_whole_are_told() {
    let program = IRIS.replace("LOSS", "cross_entropy(logits, species)").replace("|> tanh", "|> BatchNorm |> tanh");
    let program = program.replace("Dense(16)", "Dense(16, bias: false)");
    let told = codes(&program.replace("BATCH", "batch: 16; accumulate: 4"));
    assert!(matches!(told.as_slice(), [(Code::L0128, text)] if text.contains("16 examples") && text.contains("64")));
    assert_eq!(codes(&program.replace("BATCH", "batch: 16; accumulate: 1")), []);
    assert_eq!(codes(&program.replace("BATCH", "batch: 64")), []);
}

/// What is measured after each epoch and what is kept are the averages, which the steps themselves do not see.
#[test]
fn averages_are_measured_and_kept() {
    let program = IRIS.replace("LOSS", "cross_entropy(logits, species)").replace("epochs: 1", "epochs: 5");
    let (plain, of_plain) = trained(&program.replace("BATCH", "batch: 16"));
    let (average, of_average) = trained(&program.replace("BATCH", "batch: 16; ema: 0.5"));
    assert_eq!(of_plain.losses, of_average.losses, "the steps are the same");
    assert_ne!(of_plain.measured, of_average.measured);
    assert!(furthest(&plain, &average) > 1e-3);
    // An average that hardly looks back is what it is the average of.
    let (nearly, of_nearly) = trained(&program.replace("BATCH", "batch: 16; ema: 1e-7"));
    assert!(furthest(&plain, &nearly) < 1e-6);
    assert!(of_plain.measured.iter().zip(&of_nearly.measured).all(|(a, b)| (a - b).abs() < 1e-5));
    // The best of them, which is not the last.
    let strays = "batch: 16; ema: 0.5; schedule: step(every: 3 epochs, factor: 1000)";
    let (kept, seen) = trained(&program.replace("BATCH", &format!("{strays}; keep: best(validation.loss)")));
    let best = (0..5).min_by(|a, b| seen.measured[*a].total_cmp(&seen.measured[*b])).unwrap();
    assert!(best < 4, "{:?}", seen.measured);
    let until = program.replace("epochs: 5", &format!("epochs: {}", best + 1));
    assert_eq!(kept, trained(&until.replace("BATCH", strays)).0);
}

#[test]
fn of_groups_that_match_the_last_wins() {
    let program = IRIS.replace("LOSS", "cross_entropy(logits, species)");
    let with = |groups: &str| trained(&program.replace("BATCH", &format!("batch: 16; {groups}"))).0;
    let plain = with("seed: 42");
    // A rate of 0 leaves weights where they began.
    let still = with("group [dense1] { lr: 0 }");
    let frozen = with("freeze: [dense1]");
    for path in ["dense1.weight", "dense1.bias"] {
        assert_eq!(still[path], frozen[path], "{path}");
        assert_ne!(still[path], plain[path], "{path}");
    }
    assert_eq!(furthest(&with("group [dense1] { lr: 0 }; group [\"*\"] { lr: 0.1 }"), &plain), 0.0);
    let bias = with("group [\"*\"] { lr: 0.1 }; group [\"*.bias\"] { lr: 0 }");
    let start = with("group [\"*\"] { lr: 0 }");
    for (path, numbers) in &start {
        assert_eq!(bias[path] == *numbers, path.ends_with(".bias"), "{path}");
    }
    // Twice the rate is twice the first step, whatever the schedule makes of it. (`clip` would be that of all.)
    let one = |settings: &str| {
        let program = program.replace("  clip: norm(0.5)\n", "").replace("epochs: 1", "steps: 1");
        trained(&program.replace("BATCH", &format!("batch: 16; schedule: warmup(10 steps); {settings}"))).0
    };
    let (start, single, double) = (one("group [\"*\"] { lr: 0 }"), one("seed: 42"), one("group [\"*\"] { lr: 0.2 }"));
    for (path, from) in &start {
        for ((from, single), double) in from.iter().zip(&single[path]).zip(&double[path]) {
            assert!((2.0 * (single - from) - (double - from)).abs() < 1e-6, "{path}");
        }
    }
}

/// Neither where it may be meant: what a hyper says may be another, and a phase may have what another has not.
#[test]
fn a_group_that_changes_nothing_is_told() {
    let program = IRIS.replace("LOSS", "cross_entropy(logits, species)");
    let told = |settings: &str| -> Vec<(Code, String)> {
        codes(&format!("hyper rate = 0.1\n{}", program.replace("BATCH", &format!("batch: 16; {settings}"))))
            .into_iter()
            .filter(|(code, _)| *code != Code::L0106)
            .collect()
    };
    for (settings, says) in [
        ("group [dense1] { lr: 0.1 }", "the same without it"),
        ("group [dense1] { momentum: 0.9; lr: 0.1 }", "the same without it"),
        ("group [\"*\"] { lr: 0.2 }; group [dense1] { lr: 0.2 }", "the same without it"),
        ("group [dense1] { lr: 0.2 }; group [\"*\"] { momentum: 0 }", "each of its weights is in a later one"),
        (
            "group [dense1] { lr: 0.2 }; group [\"*.weight\"] { lr: 0.3 }; group [\"*.bias\"] { lr: 0 }",
            "each of its weights is in a later one",
        ),
    ] {
        let found = told(settings);
        assert!(matches!(found.as_slice(), [(Code::L0129, text)] if text.contains(says)), "{settings}: {found:?}");
    }
    let far = told("group [dense1] { lr: 5000 }");
    assert!(matches!(far.as_slice(), [(Code::L0116, _)]), "{far:?}");
    for settings in [
        "group [dense1] { lr: 0.2 }",
        "group [dense1] { lr: 1e-9 }",
        "group [\"*\"] { lr: 0.2 }; group [dense1] { momentum: 0.9 }",
        "group [dense1] { lr: 0.2 }; group [\"*.bias\"] { lr: 0 }",
        "group [dense1] { lr: rate }",
        "phase one { optimizer: SGD(lr: 0.2) }; phase two { epochs: 2 }; group [dense1] { lr: 0.1 }",
    ] {
        assert_eq!(told(settings), [], "{settings}");
    }
}

#[test]
fn what_no_group_can_be_is_told() {
    let program = IRIS.replace("LOSS", "cross_entropy(logits, species)");
    let told = |settings: &str| codes(&program.replace("BATCH", &format!("batch: 16; {settings}")));
    let one = |settings: &str| match told(settings).as_slice() {
        [one] => one.clone(),
        other => panic!("{settings}: {other:?}"),
    };
    assert_eq!(one("group [dense3] { lr: 0.1 }").0, Code::E0610);
    assert_eq!(one("group [\"*.gain\"] { lr: 0.1 }").0, Code::E0610);
    assert!(
        matches!(one("group [dense1] { epochs: 3 }"), (Code::E0602, text) if text.contains("`SGD` has no `epochs`"))
    );
    assert_eq!(one("group [dense1] { lr: \"fast\" }").0, Code::E0205);
    assert_eq!(one("group [dense1] { nesterov: true; momentum: 0 }").0, Code::E0312);
    assert_eq!(one("accumulate: 0").0, Code::E0603);
    assert_eq!(one("accumulate: 1.5").0, Code::E0603);
    assert_eq!(one("ema: 1").0, Code::E0603);
    let zero = program.replace("SGD(lr: 0.1", "SGD(lr: 0").replace("BATCH", "group [dense1] { lr: 0.1 }");
    assert!(
        codes(&zero).iter().any(|(code, text)| *code == Code::E0603 && text.contains("multiple")),
        "{:?}",
        codes(&zero)
    );
}

/// The line where a number arose that is not finite is told as well where a step sees several batches.
#[test]
fn the_line_of_a_nan_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let program = "data d {
  let t = rows([[1, 0], [2, 1], [3, 0], [-4, 1], [5, 0], [6, 1]], columns: [a, y])
  field x = t[a]
  field y = t.y
}

model Net(x: [1]) -> p: float {
  let h = x |> Dense(2)
  sum(log(x)) + sum(h)
}

train Net on d {
  loss: mse(p, y)
  optimizer: SGD(lr: 1e-3)
  epochs: 2
  batch: 2
  accumulate: 2
  shuffle: false
}
";
    std::fs::write(folder.path().join("net.nn"), program).unwrap();
    let ended = nnrun(folder.path(), &["net.nn"]).expect(4);
    for said in ["E0902", "net.nn:9", "log"] {
        assert!(ended.err.contains(said), "{said}:\n{}", ended.err);
    }
}
