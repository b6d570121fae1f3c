//! What the dashboard shows of runs that are made up, in terminals of several sizes.

use super::draw::{Look, draw};
use super::keys::{Keys, Stops};
use super::model::Model;
use crate::catalog::MetricValue;
use crate::check::{Checked, Overrides, check_text};
use crate::train::{Done, Epoch, Event, Gradients, Measures, Start, Step};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use std::path::{Path, PathBuf};

const PROGRAM: &str = r#"
data spirals {
  let t       = spirals(300, classes: 3, noise: 0.1, seed: 1)
  field x     = t[x0, x1]
  field label = t.label |> classes
  split: random(train: 70%, validation: 15%, test: 15%, seed: 7)
}

model Net(x: [2]) -> logits: [3] {
  x |> Dense(24) |> tanh |> Dense(3)
}

train Net on spirals {
  loss:      cross_entropy(logits, label)
  optimizer: Adam(lr: 2e-2)
  epochs:    80
  batch:     32
  metrics:   [accuracy]
  keep:      best(validation.accuracy)
}

train Net on spirals {
  loss:      cross_entropy(logits, label)
  optimizer: SGD(lr: 1e-2)
  steps:     500
  batch:     64
}
"#;

/// A run that is made up.
struct Made {
    checked: Checked,
    model: Model,
    now: f64,
}

impl Made {
    fn new() -> Made {
        let checked = check_text(Path::new("program.nn"), PROGRAM, &Overrides::default());
        assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
        Made { checked, model: Model { memory: Some(34 << 20), ..Model::default() }, now: 0.0 }
    }

    fn event(&mut self, event: Event) {
        self.model.event(&event, &self.checked.program, self.now);
    }

    fn start(&mut self, number: usize, steps: u64, has_validation: bool) {
        self.event(Event::Start(Start {
            train: "Net".into(),
            phase: None,
            number: (number, 2),
            parameters: 147,
            seed: 42,
            threads: 2,
            run: PathBuf::from("runs/program/1"),
            steps,
            steps_per_epoch: 6,
            from: (0, 0),
            examples: [210, if has_validation { 45 } else { 0 }, 45],
        }));
    }

    /// Epochs of six steps, a tenth of a second each.
    fn epochs(&mut self, epochs: std::ops::RangeInclusive<u64>, has_validation: bool) {
        for epoch in epochs {
            let loss = |at: f64| 0.05 + 1.1 * (-at / 12.0).exp();
            for step in (epoch - 1) * 6 + 1..=epoch * 6 {
                self.now += 0.1;
                let wobble = ((step * 37 % 11) as f64 - 5.0) * 0.01;
                let at = step as f64 / 6.0;
                let loss = loss(at) + wobble;
                self.event(Event::Step(Step { epoch, step, loss, lr: 0.02, gradient_norm: None }));
            }
            let size = loss(epoch as f64);
            let norms = [("dense1.weight", 0.9), ("dense1.bias", 0.2), ("dense2.weight", 0.04), ("dense2.bias", 0.003)];
            let norms = norms.map(|(path, of)| (path.into(), of * size)).to_vec();
            self.event(Event::Gradients(Gradients { epoch, step: epoch * 6, norms, missing: None }));
            let validation = loss(epoch as f64) + 0.002 * epoch as f64;
            let accuracy = 1.0 - validation / 2.0;
            self.event(Event::Epoch(Epoch {
                epoch,
                step: epoch * 6,
                lr: 0.02,
                train: if has_validation { measures(&[("loss", size)]) } else { measured(size, 1.0 - size / 2.0) },
                validation: has_validation.then(|| measured(validation, accuracy)),
                seconds: self.now,
            }));
        }
    }

    fn done(&mut self) {
        self.event(Event::Done(Done {
            train: "Net".into(),
            phase: None,
            epochs: 80,
            steps: 480,
            test: None,
            stopped: None,
            kept_epoch: Some(60),
            growth: None,
            seconds: self.now,
        }));
    }

    fn press(&mut self, keys: &[KeyCode]) {
        let mut pressed = Keys::new(Stops::default());
        for key in keys {
            pressed.press(&mut self.model, KeyEvent::new(*key, KeyModifiers::NONE));
        }
    }

    fn terminal(&self, width: u16, height: u16, has_color: bool) -> Terminal<TestBackend> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, &self.model, Look { has_color }, self.now)).unwrap();
        terminal
    }

    /// What stands on the screen, without spaces at the ends of lines.
    fn screen(&self, width: u16, height: u16) -> String {
        let terminal = self.terminal(width, height, false);
        let cells = terminal.backend().buffer().content().chunks(usize::from(width));
        let lines = cells.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn measures(values: &[(&str, f64)]) -> Measures {
    Measures { values: values.iter().map(|(name, x)| ((*name).into(), MetricValue::Number(*x))).collect() }
}

fn measured(loss: f64, accuracy: f64) -> Measures {
    measures(&[("loss", loss), ("accuracy", accuracy)])
}

fn with_validation() -> Made {
    let mut made = Made::new();
    made.start(1, 480, true);
    made.epochs(1..=34, true);
    made
}

#[test]
fn a_usual_terminal() {
    insta::assert_snapshot!(with_validation().screen(80, 24));
}

#[test]
fn a_large_terminal() {
    insta::assert_snapshot!(with_validation().screen(120, 40));
}

#[test]
fn a_small_terminal() {
    insta::assert_snapshot!(with_validation().screen(40, 12));
}

#[test]
fn a_high_and_narrow_terminal() {
    insta::assert_snapshot!(with_validation().screen(50, 36));
}

#[test]
fn without_validation_over_powers_of_ten() {
    let mut made = Made::new();
    made.start(1, 480, false);
    made.epochs(1..=34, false);
    made.press(&[KeyCode::Char('l')]);
    insta::assert_snapshot!(made.screen(80, 24));
}

#[test]
fn the_first_moment() {
    let mut made = Made::new();
    made.start(1, 480, true);
    insta::assert_snapshot!(made.screen(80, 24));
}

#[test]
fn the_second_train_and_back_to_the_first() {
    let mut made = with_validation();
    made.done();
    made.start(2, 500, true);
    made.epochs(1..=3, true);
    let second = made.screen(80, 24);
    assert!(second.contains("train 2 of 2") && second.contains("step 18/500"), "{second}");
    made.press(&[KeyCode::Up, KeyCode::Right]);
    insta::assert_snapshot!(made.screen(80, 24));
    // Whoever looks at the newest sees what comes next.
    made.press(&[KeyCode::Down]);
    assert_eq!(made.model.chosen, None);
}

#[test]
fn a_train_that_diverged() {
    let mut made = with_validation();
    made.event(Event::Step(Step { epoch: 35, step: 205, loss: f64::NAN, lr: 0.02, gradient_norm: None }));
    let norms = vec![("dense1.weight".into(), f64::INFINITY), ("dense2.weight".into(), f64::NAN)];
    made.event(Event::Gradients(Gradients { epoch: 35, step: 205, norms, missing: None }));
    made.event(Event::Diverged(Box::new(crate::train::Divergence {
        train: "Net".into(),
        epoch: 35,
        step: 205,
        loss: f64::NAN,
        lr: 0.02,
        lr_span: None,
        span: Default::default(),
        losses: Vec::new(),
        group: None,
        cause: None,
    })));
    insta::assert_snapshot!(made.screen(80, 24));
}

#[test]
fn what_somebody_should_know() {
    let mut made = with_validation();
    made.model.say("metrics.jsonl cannot be written: no space is left on the device");
    made.model.stopping = super::model::Stopping::AfterEpoch;
    insta::assert_snapshot!(made.screen(80, 24));
}

#[test]
fn the_keys_are_told_in_a_small_terminal_too() {
    let mut made = with_validation();
    made.press(&[KeyCode::Char('?')]);
    let small = made.screen(40, 12);
    for (key, does) in super::keys::HELP.iter().take(8) {
        assert!(small.contains(key) && small.contains(does), "{key}, {does}:\n{small}");
    }
    insta::assert_snapshot!(small);
}

#[test]
fn the_layers_fill_the_screen_where_they_are_asked_for() {
    let mut made = with_validation();
    made.press(&[KeyCode::Left]);
    insta::assert_snapshot!(made.screen(40, 12));
}

#[test]
fn every_size_can_be_drawn() {
    let mut made = with_validation();
    made.model.say("a message");
    for keys in [[KeyCode::Right, KeyCode::Char('w')], [KeyCode::Left, KeyCode::Char('j')], [KeyCode::Char('?'); 2]] {
        made.press(&keys);
        for width in [1, 2, 5, 11, 20, 39, 59, 76, 77, 200] {
            for height in [1, 2, 3, 5, 7, 8, 11, 14, 17, 25, 60] {
                made.terminal(width, height, true);
            }
        }
    }
}

#[test]
fn without_colours_there_are_none() {
    let of = |has_color| {
        let terminal = with_validation().terminal(80, 24, has_color);
        let cells = terminal.backend().buffer().content().to_vec();
        cells.iter().filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
    };
    assert_eq!(of(false), 0);
    assert!(of(true) > 0);
}

#[test]
fn what_was_reported_before_a_run_was_stopped_is_there() {
    let mut made = Made::new();
    made.start(1, 480, true);
    let point = |epoch: u64, accuracy: f64| {
        let of = |accuracy: f64| serde_json::json!({ "loss": 1.0 - accuracy, "accuracy": accuracy });
        let object = |value: serde_json::Value| value.as_object().cloned().unwrap();
        crate::train::Point {
            epoch,
            step: epoch * 6,
            lr: Some(0.02),
            train: object(serde_json::json!({ "loss": 0.5 })),
            validation: Some(object(of(accuracy))),
        }
    };
    made.model.remember(&[point(1, 0.5), point(2, 0.9), point(3, 0.8)]);
    let (_, train) = made.model.shown().unwrap();
    assert_eq!(train.best, Some((0.9, 2)));
    let (_, curves) = train.curves("accuracy", 100);
    assert_eq!(curves[0].points, [(6.0, 0.5), (12.0, 0.9), (18.0, 0.8)]);
}

#[test]
fn rates_and_time_left_are_those_of_the_run() {
    let made = with_validation();
    let (_, train) = made.model.shown().unwrap();
    // Ten steps of 32 examples a second; 276 of 480 steps to go.
    assert!((train.examples_per_second().unwrap() - 320.0).abs() < 20.0, "{:?}", train.examples_per_second());
    assert!((train.left(made.now).unwrap() - 27.6).abs() < 0.5, "{:?}", train.left(made.now));
}
