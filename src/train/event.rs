//! What a run tells while it goes on: the events of LANGUAGE.md, "nnrun", `--json`.

use super::cause::Divergence;
use super::growth::Growth;
use crate::catalog::MetricValue;
use crate::data::Split;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// Hears of everything that happens in a run: draws progress, prints JSON.
pub trait Observer {
    /// Something happened. [`Event::Step`] comes at every step and holds nothing on the heap.
    fn event(&mut self, event: &Event);

    /// Something went wrong beside the training, which goes on: its record cannot be written, say. Told once, at once.
    fn trouble(&mut self, _message: &str) {}
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: &Event) {}
}

/// What happens in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A train begins.
    Start(Start),
    /// A step is done.
    Step(Step),
    /// What the gradients of the step before it were, where somebody asked ([`super::RunOptions::gradients`]).
    Gradients(Gradients),
    /// An epoch is done, or it is time for a validation (`validate: 500 steps`).
    Epoch(Epoch),
    /// A fact was checked.
    Expect(FactResult),
    /// A train is done.
    Done(Done),
    /// A train came upon a number that is not finite, and ends.
    Diverged(Box<Divergence>),
}

/// A train begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// The model's name.
    pub train: Arc<str>,
    /// The phase of the train, where it has some.
    pub phase: Option<Arc<str>>,
    /// Which train of how many, from 1; each phase counts.
    pub number: (usize, usize),
    /// Trainable numbers of the model.
    pub parameters: u64,
    /// The seed.
    pub seed: u64,
    /// Workers.
    pub threads: usize,
    /// The run's directory.
    pub run: PathBuf,
    /// Steps that it will take if nothing stops it.
    pub steps: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// Epochs begun and steps done before, where a run is resumed.
    pub from: (u64, u64),
    /// Examples of train, validation and test.
    pub examples: [usize; 3],
}

/// A step is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// From 1.
    pub epoch: u64,
    /// From 1, over all epochs.
    pub step: u64,
    /// Mean loss of the batch before the update.
    pub loss: f64,
    /// Learning rate of this step.
    pub lr: f64,
    /// Norm of all gradients before clipping, where `clip: norm(c)` computes it.
    pub gradient_norm: Option<f64>,
}

/// How large the gradients of a step were.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gradients {
    /// From 1.
    pub epoch: u64,
    /// From 1, over all epochs.
    pub step: u64,
    /// By path of each weight that is trained, the norm of its gradient before clipping.
    pub norms: Vec<(Arc<str>, f64)>,
    /// Why there are none and will be none.
    pub missing: Option<String>,
}

/// Measures of a split: `loss`, the terms of the loss, the metrics.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    /// In the order in which they are shown.
    pub values: Vec<(Arc<str>, MetricValue)>,
}

/// A report after an epoch or at a validation.
#[derive(Debug, Clone, PartialEq)]
pub struct Epoch {
    /// From 1.
    pub epoch: u64,
    /// Steps so far.
    pub step: u64,
    /// Learning rate of the last step.
    pub lr: f64,
    /// The mean loss of the steps since the last report; in evaluation mode, with the metrics, where there is no
    /// validation split.
    pub train: Measures,
    /// Where it was measured now.
    pub validation: Option<Measures>,
    /// Since the train began.
    pub seconds: f64,
}

/// A fact of `expect` that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct FactResult {
    /// As written.
    pub text: String,
    /// Whether it holds.
    pub ok: bool,
    /// The measured side of the comparison; none where there is no single number.
    pub value: Option<f64>,
    /// Where it is written.
    pub span: crate::source::Span,
    /// Why it could not be checked or does not hold, where there is more to say than the number.
    pub note: Option<String>,
}

/// Why training ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// `stop: patience(…)`
    Patience,
    /// Ctrl-C, or the system asked for it.
    Interrupted,
    /// Whoever began it wanted only so many epochs for now.
    Paused,
}

impl Stopped {
    /// Whether it can go on from there.
    pub fn is_for_now(self) -> bool {
        match self {
            Stopped::Interrupted | Stopped::Paused => true,
            Stopped::Patience => false,
        }
    }

    /// As events and records say it.
    pub fn word(self) -> &'static str {
        match self {
            Stopped::Patience => "patience",
            Stopped::Interrupted => "interrupted",
            Stopped::Paused => "paused",
        }
    }
}

/// A train is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The model's name.
    pub train: Arc<str>,
    /// The phase of the train, where it has some.
    pub phase: Option<Arc<str>>,
    /// Epochs begun.
    pub epochs: u64,
    /// Steps taken.
    pub steps: u64,
    /// Measures of the weights that were kept; none where the split does not exist, or the run was interrupted.
    pub test: Option<Measures>,
    /// None where it went on to its end.
    pub stopped: Option<Stopped>,
    /// The epoch whose weights were kept (`keep: best(…)`).
    pub kept_epoch: Option<u64>,
    /// Where the loss ended far above its beginning.
    pub growth: Option<Growth>,
    /// Training and its validations.
    pub seconds: f64,
}

impl Measures {
    /// The measure of this name.
    pub fn get(&self, name: &str) -> Option<&MetricValue> {
        self.values.iter().find(|(n, _)| &**n == name).map(|(_, v)| v)
    }

    /// The measure of this name, where it is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(MetricValue::Number(x)) => Some(*x),
            _ => None,
        }
    }

    /// The mean loss.
    pub fn loss(&self) -> Option<f64> {
        self.number("loss")
    }

    /// As a JSON object.
    pub fn to_json(&self) -> Value {
        Value::Object(self.values.iter().map(|(n, v)| (n.to_string(), metric_json(v))).collect::<Map<_, _>>())
    }
}

/// A number as JSON: `null` where it is not finite.
fn number(x: f64) -> Value {
    serde_json::Number::from_f64(x).map_or(Value::Null, Value::Number)
}

fn metric_json(value: &MetricValue) -> Value {
    match value {
        MetricValue::Number(x) => number(*x),
        MetricValue::Confusion { classes, counts } => json!({ "classes": classes, "counts": counts }),
    }
}

impl Event {
    /// The object of LANGUAGE.md; one line with `to_string`.
    pub fn to_json(&self) -> Value {
        match self {
            Event::Start(e) => {
                let (epoch, step) = e.from;
                let object = json!({
                    "event": "start", "train": &*e.train, "parameters": e.parameters, "seed": e.seed,
                    "threads": e.threads, "run": e.run.display().to_string(),
                });
                let resumed = (step > 0).then(|| json!({ "epoch": epoch, "step": step }));
                with(object, [("phase", e.phase.as_deref().map(Value::from)), ("resumed", resumed)])
            }
            Event::Step(e) => {
                json!({ "event": "step", "epoch": e.epoch, "step": e.step, "loss": number(e.loss), "lr": number(e.lr) })
            }
            Event::Gradients(e) => {
                let norms: Map<String, Value> =
                    e.norms.iter().map(|(w, norm)| (w.to_string(), number(*norm))).collect();
                let object = json!({ "event": "gradients", "epoch": e.epoch, "step": e.step, "norms": norms });
                with(object, [("missing", e.missing.as_deref().map(Value::from))])
            }
            Event::Epoch(e) => {
                let object = json!({
                    "event": "epoch", "epoch": e.epoch, "step": e.step, "lr": number(e.lr), "train": e.train.to_json(),
                });
                let validation = e.validation.as_ref().map(Measures::to_json);
                with(object, [("validation", validation), ("seconds", Some(seconds(e.seconds)))])
            }
            Event::Expect(e) => {
                json!({ "event": "expect", "expect": e.text, "ok": e.ok, "value": e.value.map_or(Value::Null, number) })
            }
            Event::Diverged(e) => e.to_json(),
            Event::Done(e) => {
                let object = json!({
                    "event": "done", "epochs": e.epochs, "steps": e.steps,
                    "test": e.test.as_ref().map(Measures::to_json), "stopped": e.stopped.map(Stopped::word),
                    "seconds": seconds(e.seconds),
                });
                let phase = e.phase.as_deref().map(Value::from);
                with(object, [("phase", phase), ("grown", e.growth.map(Growth::to_json))])
            }
        }
    }
}

/// An object with what there is of these, behind what it has.
fn with<const N: usize>(mut object: Value, more: [(&str, Option<Value>); N]) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    object
}

/// To the microsecond: more digits would only be noise.
fn seconds(x: f64) -> Value {
    number((x * 1e6).round() / 1e6)
}

/// The measures of all splits of a train, by split.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SplitMeasures {
    /// In the order train, validation, test; only those measured.
    pub splits: Vec<(Split, Measures)>,
}

impl SplitMeasures {
    /// The measures of a split.
    pub fn get(&self, split: Split) -> Option<&Measures> {
        self.splits.iter().find(|(s, _)| *s == split).map(|(_, m)| m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_those_of_the_contract() {
        let loss = |x| Measures { values: vec![("loss".into(), MetricValue::Number(x))] };
        let epoch = Event::Epoch(Epoch {
            epoch: 1,
            step: 7,
            lr: 0.01,
            train: loss(1.01),
            validation: Some(loss(f64::NAN)),
            seconds: 0.02,
        });
        assert_eq!(
            epoch.to_json().to_string(),
            r#"{"event":"epoch","epoch":1,"step":7,"lr":0.01,"train":{"loss":1.01},"validation":{"loss":null},"seconds":0.02}"#
        );
        let done = Event::Done(Done {
            train: "Net".into(),
            phase: None,
            epochs: 100,
            steps: 700,
            test: None,
            stopped: Some(Stopped::Interrupted),
            kept_epoch: None,
            growth: None,
            seconds: 0.4,
        });
        assert_eq!(
            done.to_json().to_string(),
            r#"{"event":"done","epochs":100,"steps":700,"test":null,"stopped":"interrupted","seconds":0.4}"#
        );
    }
}
