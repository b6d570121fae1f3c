//! Augmentation in training: the loss of mixtures, reproducibility, and that evaluation sees the data as it is.

use nnrun::check::{Checked, Overrides, check_text};
use nnrun::data::{DrawAt, Mixing, Split};
use nnrun::train::{Event, Observer, RunOptions, check_gradients, run};
use std::path::Path;

#[derive(Default)]
struct Losses(Vec<f64>);

impl Observer for Losses {
    fn event(&mut self, event: &Event) {
        if let Event::Step(step) = event {
            self.0.push(step.loss);
        }
    }
}

#[track_caller]
fn checked(program: &str) -> Checked {
    let checked = check_text(Path::new("examples/augmentation.nn"), program, &Overrides::default());
    assert!(!checked.has_errors(), "{}", super::ui::rendered(&checked));
    checked
}

/// The losses of the steps, the loss of the test split at the end where there is one, and the weights.
fn trained(program: &str, threads: usize) -> (Vec<f64>, Option<f64>, Vec<u8>) {
    let root = tempfile::tempdir().unwrap();
    let mut losses = Losses::default();
    let options = RunOptions { threads, runs: root.path().to_owned(), ..RunOptions::default() };
    let outcome = run(&checked(program), &options, &mut losses).unwrap();
    let test = outcome.trains[0].measures.get(Split::Test).and_then(|m| m.number("loss"));
    (losses.0, test, std::fs::read(outcome.directory.join("model.safetensors")).unwrap())
}

const ROWS: &str = "\
data d {
  let t   = rows([[1, 5, 0], [2, -3, 1], [4, 1, 0], [8, 2, 0], [-3, 7, 1], [6, 0, 0], [9, 4, 0]], columns: [a, y, c])
  field x = t[a]
  field y = t.y
  field c = t.c |> classes
}
";

/// What `mixup(0.7)` as the first operation draws at the first step, for the rows in file order.
fn mixing() -> (Vec<usize>, Vec<f64>) {
    let mut mixing = Mixing::default();
    mixing.draw(0.7, DrawAt { seed: 3, step: 1, operation: 0 }, &(0..7).collect::<Vec<u64>>());
    let partners = mixing.partners().iter().map(|p| *p as usize).collect();
    (partners, mixing.shares().iter().map(|s| f64::from(*s)).collect())
}

#[track_caller]
fn assert_close(have: f64, want: f64) {
    assert!((have - want).abs() <= 1e-5 * want.abs().max(1.0), "{have} against {want}");
}

#[test]
fn mixup_mixes_inputs_and_losses() {
    // Weights that are 0 give 0: what is left of the loss is the targets' and the inputs'.
    let program = format!(
        "{ROWS}\nmodel M(x: [1]) -> out: float {{\n  x |> Dense(1, init: zeros, bias: false) |> squeeze\n}}\n\n\
         train M on d {{\n  let doubled = 2 * y\n  loss: {{ fit: mse(out, doubled), size: x[0] * x[0] }}\n  \
         optimizer: SGD(lr: 1e-9)\n  steps: 1\n  batch: 7\n  shuffle: false\n  seed: 3\n  augment: {{ x: mixup(0.7) }}\n}}\n"
    );
    let (x, y) = ([1.0, 2.0, 4.0, 8.0, -3.0, 6.0, 9.0], [5.0, -3.0, 1.0, 2.0, 7.0, 0.0, 4.0_f64]);
    let (partners, shares) = mixing();
    let each = partners.iter().zip(&shares).enumerate().map(|(i, (p, s))| {
        let mixed = s * x[i] + (1.0 - s) * x[*p];
        4.0 * (s * y[i].powi(2) + (1.0 - s) * y[*p].powi(2)) + mixed * mixed
    });
    assert_close(trained(&program, 1).0[0], each.sum::<f64>() / 7.0);
}

#[test]
fn mixtures_are_weighed_by_both_classes() {
    let program = format!(
        "{ROWS}\nmodel M(x: [1]) -> logits: [2] {{\n  x |> Dense(2, init: zeros, bias: false)\n}}\n\n\
         train M on d {{\n  loss: cross_entropy(logits, c)\n  class_weights: balanced\n  optimizer: SGD(lr: 1e-9)\n  \
         steps: 1\n  batch: 5\n  shuffle: false\n  seed: 3\n  augment: {{ x: mixup(0.7) }}\n}}\n"
    );
    let mut mixing = Mixing::default();
    mixing.draw(0.7, DrawAt { seed: 3, step: 1, operation: 0 }, &[0, 1, 2, 3, 4]);
    let weight = |i: usize| if [1, 4].contains(&i) { 7.0 / 4.0 } else { 7.0 / 10.0 };
    let mean = (0..5).map(weight).sum::<f64>() / 5.0;
    let each = mixing.partners().iter().zip(mixing.shares()).enumerate().map(|(i, (partner, share))| {
        let share = f64::from(*share);
        2_f64.ln() * (share * weight(i) + (1.0 - share) * weight(*partner as usize)) / mean
    });
    assert_close(trained(&program, 1).0[0], each.sum::<f64>() / 5.0);
}

const SHAPES: &str = "\
data shapes {
  let p       = image_folder(\"data/images/shapes\", size: 12, channels: 1)
  field image = p.image / 255
  field label = p.label |> classes
  field mask  = p.image > 128
  split: random(test: 20%, stratify: label, seed: 1)
}

model Net(image: [1, 12, 12]) -> (logits: [3], where: [1, 12, 12]) {
  let h = image |> Flatten |> Dense(16) |> relu
  (h |> Dense(3), h |> Dense(144) |> reshape([1, 12, 12]))
}

train Net on shapes {
  loss:      cross_entropy(logits, label) + bce_with_logits(where, mask)
  optimizer: LR
  epochs:    2
  batch:     10
  seed:      5
  AUGMENT
}
";

fn shapes(optimizer: &str, augment: &str) -> String {
    SHAPES.replace("LR", optimizer).replace("AUGMENT", augment)
}

const EVERYTHING: &str = "augment: {
    [image, mask]: random_flip |> random_crop(12, padding: 2) |> random_rotate(15) |> random_flip(direction: vertical),
    image: noise(0.05) |> cutout(4) |> mixup(0.4)
  }";

#[test]
fn threads_change_nothing() {
    let program = shapes("Adam(lr: 1e-3)", EVERYTHING);
    let (one, three) = (trained(&program, 1), trained(&program, 3));
    assert_eq!(one, three);
    assert_eq!(one.0.len(), 20);
    assert!(one.0[19] < one.0[0]);
    assert_ne!(one.0, trained(&shapes("Adam(lr: 1e-3)", ""), 1).0);
}

#[test]
fn evaluation_sees_the_data_as_it_is() {
    let still = |augment: &str| trained(&shapes("SGD(lr: 1e-12)", augment), 1);
    let (plain, changed) = (still(""), still(EVERYTHING));
    assert_eq!(plain.1, changed.1, "the test split");
    assert!(plain.0.iter().zip(&changed.0).all(|(a, b)| a != b), "every step");
    // Another epoch draws something else for the same example.
    let program = shapes("SGD(lr: 1e-12)", "augment: { image: noise(0.5) }\n  shuffle: false");
    let losses = trained(&program, 1).0;
    assert!(losses[..10].iter().zip(&losses[10..]).all(|(a, b)| a != b));
}

#[test]
fn fields_of_one_line_stay_together() {
    // What is in the mask is what is bright in the image, wherever both went: the difference is that of the edge alone.
    let program = |augment: &str| {
        "data shapes {
  let p       = image_folder(\"data/images/shapes\", size: 12, channels: 1)
  field image = p.image / 255
  field copy  = p.image / 255 |> reshape([12, 12])
}

model Net(image: [1, 12, 12]) -> out: float {
  weight w: [1] = zeros
  sum(w) + sum(image)
}

train Net on shapes {
  loss:      mean(abs(copy - reshape(image, [12, 12]))) + 0 * out
  optimizer: SGD(lr: 1e-12)
  epochs:    1
  batch:     10
  AUGMENT
}
"
        .replace("AUGMENT", augment)
    };
    let moves = "random_flip |> random_crop(12, padding: 3) |> random_rotate(90) |> cutout(3)";
    let together = trained(&program(&format!("augment: {{ [image, copy]: {moves} }}")), 1).0;
    assert!(together.iter().all(|loss| *loss == 0.0), "{together:?}");
    let apart = trained(&program(&format!("augment: {{ image: {moves}, copy: {moves} }}")), 1).0;
    assert!(apart.iter().all(|loss| *loss > 0.01), "{apart:?}");
}

#[test]
fn gradients_through_a_mixture_are_right() {
    let program = shapes("Adam(lr: 1e-3)", EVERYTHING);
    let checked = checked(&program);
    let report = check_gradients(&checked, &checked.program.trains[0], 1).unwrap();
    assert!(report.max_relative_error() < 1e-4, "{report:?}");
}
