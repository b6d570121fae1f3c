//! Training: the loop, runs on disk, reproducibility.

use crate::hand_built::{adam, checked, settings, thirds};
use nnrun::check::{Checked, Clip, Fact, FactExpr, Length, Measure, Settings};
use nnrun::data::{Split, SplitSpec};
use nnrun::source::Span;
use nnrun::syntax::ast::BinaryOperator;
use nnrun::train::{Event, Observer, RunError, RunOptions, Silent, Stopped, check_gradients, run};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn measure(split: Split, metric: &str, higher_is_better: bool) -> Measure {
    Measure { split, metric: metric.into(), higher_is_better, span: Span::default() }
}

#[derive(Default)]
struct Collected(Vec<Event>);

impl Observer for Collected {
    fn event(&mut self, event: &Event) {
        self.0.push(event.clone());
    }
}

impl Collected {
    fn losses(&self) -> Vec<f64> {
        let loss = |event: &Event| if let Event::Step(step) = event { Some(step.loss) } else { None };
        self.0.iter().filter_map(loss).collect()
    }

    fn lines(&self) -> Vec<String> {
        let shown = self.0.iter().filter(|event| !matches!(event, Event::Step(_)));
        shown.map(|event| event.to_json().to_string()).collect()
    }
}

fn into(directory: &Path) -> RunOptions {
    RunOptions { runs: directory.to_owned(), ..RunOptions::default() }
}

fn weights(run: &Path) -> Vec<u8> {
    std::fs::read(run.join("model.safetensors")).unwrap()
}

fn one(settings: Settings) -> Checked {
    checked(thirds(), vec![settings], Vec::new())
}

#[test]
fn a_small_network_learns() {
    let root = tempfile::tempdir().unwrap();
    let mut events = Collected::default();
    let outcome = run(&one(settings()), &into(root.path()), &mut events).unwrap();
    assert_eq!(outcome.exit_status(), 0);
    let report = &outcome.trains[0];
    assert_eq!((report.epochs, report.steps), (12, 48));
    assert!(report.measures.get(Split::Test).unwrap().number("accuracy").unwrap() > 0.7);
    let losses = events.losses();
    assert!(losses[47] < 0.5 * losses[0], "{losses:?}");
    let lines = events.lines();
    assert!(lines[0].starts_with(r#"{"event":"start","train":"Trees","parameters":87,"seed":5,"threads":1,"run":"#));
    assert!(lines[1].starts_with(r#"{"event":"epoch","epoch":1,"step":4,"lr":0.02,"train":{"loss":"#), "{}", lines[1]);
    assert!(lines[1].contains(r#""validation":{"loss":"#) && lines[1].contains(r#""accuracy":"#));
    assert!(lines[13].starts_with(r#"{"event":"done","epochs":12,"steps":48,"test":{"loss":"#));
    let logged = std::fs::read_to_string(outcome.directory.join("metrics.jsonl")).unwrap();
    assert_eq!(logged.lines().map(str::to_owned).collect::<Vec<_>>(), lines);
    for name in ["model.safetensors", "model.nn", "fitted.json", "run.json"] {
        assert!(outcome.directory.join(name).is_file(), "{name}");
    }
    assert!(std::fs::read_to_string(outcome.directory.join("run.json")).unwrap().contains("\"finished\""));
}

#[test]
fn the_same_run_gives_the_same_bytes_with_any_number_of_threads() {
    let root = tempfile::tempdir().unwrap();
    let checked = one(Settings { clip: Some(Clip::Norm(0.5)), ..settings() });
    let with = |threads| {
        let options = RunOptions { threads, ..into(root.path()) };
        weights(&run(&checked, &options, &mut Silent).unwrap().directory)
    };
    let first = with(1);
    assert!(first == with(1) && first == with(2) && first == with(4));
}

#[test]
fn a_second_train_goes_on_and_runs_do_not_overwrite_each_other() {
    let root = tempfile::tempdir().unwrap();
    let mut events = Collected::default();
    let twice = checked(thirds(), vec![settings(), settings()], Vec::new());
    let outcome = run(&twice, &into(root.path()), &mut events).unwrap();
    assert!(outcome.directory.ends_with("trees/1"));
    let losses = events.losses();
    assert!(losses[48] < 0.6 * losses[0], "{losses:?}");
    let before = weights(&outcome.directory);
    let again = run(&one(settings()), &into(root.path()), &mut Silent).unwrap();
    assert!(again.directory.ends_with("trees/2"));
    assert_eq!(before, weights(&outcome.directory));
    assert_eq!(nnrun::train::latest_run(Path::new("trees.nn"), root.path()), Some(root.path().join("trees/2")));
}

#[test]
fn weights_can_be_started_from_and_must_fit() {
    let root = tempfile::tempdir().unwrap();
    let first = run(&one(settings()), &into(root.path()), &mut Silent).unwrap();
    let init = first.directory.join("model.safetensors");
    let frozen = vec!["dense1.weight".into(), "dense1.bias".into(), "dense2.weight".into(), "dense2.bias".into()];
    let unmoved =
        Settings { frozen, length: Length::Epochs(1), load: Some((init.clone(), Default::default())), ..settings() };
    let second = run(&one(unmoved), &into(root.path()), &mut Silent).unwrap();
    assert_eq!(weights(&first.directory), weights(&second.directory));

    let options = RunOptions { init: Some(root.path().join("nothing.safetensors")), ..into(root.path()) };
    let error = run(&one(settings()), &options, &mut Silent).unwrap_err();
    assert!(matches!(error, RunError::WeightsUnreadable { .. }), "{error}");
    let file = root.path().join("other");
    for (bytes, reason) in [(&b"data noise {}"[..], "it is no .safetensors file"), (b"", "it is not a whole")] {
        std::fs::write(&file, bytes).unwrap();
        let options = RunOptions { init: Some(file.clone()), ..into(root.path()) };
        let error = run(&one(settings()), &options, &mut Silent).unwrap_err();
        let RunError::WeightsUnreadable { reason: found, .. } = &error else { panic!("{error}") };
        assert!(found.starts_with(reason), "{found}");
    }
}

#[test]
fn an_interruption_saves_the_weights() {
    struct Interrupting(Arc<AtomicBool>);
    impl Observer for Interrupting {
        fn event(&mut self, event: &Event) {
            if matches!(event, Event::Step(step) if step.step == 7) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
    }
    let root = tempfile::tempdir().unwrap();
    let options = into(root.path());
    let outcome = run(&one(settings()), &options, &mut Interrupting(options.interrupt.clone())).unwrap();
    assert_eq!(outcome.exit_status(), 130);
    assert_eq!((outcome.trains[0].steps, outcome.trains[0].stopped), (7, Some(Stopped::Interrupted)));
    assert!(!weights(&outcome.directory).is_empty());
    assert!(std::fs::read_to_string(outcome.directory.join("run.json")).unwrap().contains("\"interrupted\""));
}

#[test]
fn patience_stops_and_the_best_weights_are_kept() {
    let root = tempfile::tempdir().unwrap();
    let loss = measure(Split::Validation, "loss", false);
    let settings = Settings {
        optimizer: adam(0.5),
        length: Length::Epochs(200),
        stop: Some((loss.clone(), nnrun::catalog::Duration::Epochs(5.0))),
        keep: Some(loss),
        ..settings()
    };
    let mut events = Collected::default();
    let outcome = run(&one(settings), &into(root.path()), &mut events).unwrap();
    let report = &outcome.trains[0];
    assert_eq!(report.stopped, Some(Stopped::Patience));
    let validation = |event: &Event| match event {
        Event::Epoch(epoch) => epoch.validation.as_ref().and_then(|m| m.loss()),
        _ => None,
    };
    let losses: Vec<f64> = events.0.iter().filter_map(validation).collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(report.measures.get(Split::Validation).unwrap().loss(), Some(best));
    assert_eq!(losses.iter().position(|l| *l == best), Some(losses.len() - 6));
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_and_keeps_the_weights_from_before() {
    let root = tempfile::tempdir().unwrap();
    let settings = Settings { optimizer: adam(1e38), ..settings() };
    let error = run(&one(settings), &into(root.path()), &mut Silent).unwrap_err();
    assert_eq!(error.exit_status(), 4);
    let RunError::Diverged(divergence) = &error else { panic!("{error}") };
    assert!(divergence.step >= 1 && divergence.cause.is_some(), "{divergence:?}");
    assert!(error.to_string().starts_with("training of Trees diverged: "), "{error}");
    assert!(!weights(&root.path().join("trees/1")).is_empty());
}

#[test]
fn without_validation_the_metrics_are_those_of_train() {
    let root = tempfile::tempdir().unwrap();
    let mut events = Collected::default();
    let outcome = run(&checked(SplitSpec::AsGiven, vec![settings()], Vec::new()), &into(root.path()), &mut events);
    let outcome = outcome.unwrap();
    assert!(outcome.trains[0].measures.get(Split::Test).is_none());
    let last =
        events.0.iter().rev().find_map(|e| if let Event::Epoch(e) = e { Some(e.clone()) } else { None }).unwrap();
    assert_eq!(Some(&last.train), outcome.trains[0].measures.get(Split::Train));
    assert!(last.validation.is_none() && last.train.number("accuracy").is_some());
}

#[test]
fn facts_are_checked() {
    let root = tempfile::tempdir().unwrap();
    let number = |x| Box::new(FactExpr::Number(x));
    let fact = |text: &str, expression| Fact { text: text.to_owned(), expression, train: 0, span: Span::default() };
    let facts = vec![
        fact("parameters < 100", FactExpr::Binary(BinaryOperator::Less, Box::new(FactExpr::Parameters), number(100.0))),
        fact(
            "test.accuracy > 2",
            FactExpr::Binary(
                BinaryOperator::Greater,
                Box::new(FactExpr::Measure(Split::Test, "accuracy".into())),
                number(2.0),
            ),
        ),
        fact("overfits(batch: 8)", FactExpr::Overfits { batch: 8 }),
        fact("gradients_match(1e-5)", FactExpr::GradientsMatch { tolerance: 1e-5 }),
    ];
    let outcome = run(&checked(thirds(), vec![settings()], facts), &into(root.path()), &mut Silent).unwrap();
    let ok: Vec<bool> = outcome.facts.iter().map(|f| f.ok).collect();
    assert_eq!(ok, [true, false, true, true], "{:?}", outcome.facts);
    assert_eq!(outcome.facts[0].value, Some(87.0));
    assert_eq!(outcome.exit_status(), 3);
}

#[test]
fn gradients_agree_with_finite_differences() {
    let checked = one(settings());
    let report = check_gradients(&checked, &checked.program.trains[0], 1).unwrap();
    assert_eq!(report.weights.len(), 4);
    assert!(report.max_relative_error() < 1e-7, "{report:?}");
}
