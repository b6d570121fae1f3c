//! The events of a run, read back from its `metrics.jsonl`.

use super::error::RunError;
use super::history::{CheckedFact, DivergedAt, LoggedStep, Point, TrainHistory};
use super::record::EVENTS;
use crate::diagnostics::io_reason;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The trains that the events of a run tell of. A run that was killed before its first event has none.
pub(super) fn events(run: &Path, with_steps: bool) -> Result<Vec<TrainHistory>, RunError> {
    let damaged = |reason: String| RunError::Damaged { path: run.to_owned(), reason: format!("{EVENTS}{reason}") };
    let file = match File::open(run.join(EVENTS)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(damaged(format!(": {}", io_reason(&error)))),
    };
    let mut reader = BufReader::new(file);
    let mut trains = Vec::new();
    // A line that is no event; if another follows, it is not what a killed process was about to write.
    let mut broken: Option<(usize, String)> = None;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| damaged(format!(": {}", io_reason(&error))))?;
        if read == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if let Some((number, reason)) = broken {
            return Err(damaged(format!(", line {number} is no event: {reason}")));
        }
        match serde_json::from_slice::<Value>(&line) {
            Ok(event) if event.get("event").is_some_and(Value::is_string) => add(&mut trains, &event, with_steps),
            Ok(_) => broken = Some((number, "it does not say which".to_owned())),
            // Where in the line: it would be taken for a line of the file.
            Err(error) => {
                let told = error.to_string();
                let reason = told.split_once(" at line ").map_or(told.as_str(), |(reason, _)| reason);
                broken = Some((number, reason.to_owned()));
            }
        }
    }
    Ok(trains)
}

/// Adds an event to the train that it is of.
fn add(trains: &mut Vec<TrainHistory>, event: &Value, with_steps: bool) {
    let whole = |key: &str| event.get(key).and_then(Value::as_u64);
    let number = |key: &str| event.get(key).and_then(Value::as_f64);
    let text = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
    let measures = |key: &str| event.get(key).and_then(Value::as_object).cloned();
    let kind = event.get("event").and_then(Value::as_str).unwrap_or_default();
    if kind == "start" {
        let (model, phase) = (text("train").unwrap_or_default(), text("phase"));
        let resumed = event.get("resumed").map(|at| {
            let whole = |key: &str| at.get(key).and_then(Value::as_u64).unwrap_or(0);
            (whole("epoch"), whole("step"))
        });
        let goes_on = trains.last().is_some_and(|last| last.model == model && last.phase == phase);
        if resumed.is_none() || !goes_on {
            trains.push(TrainHistory { model, phase, ..TrainHistory::default() });
        }
        if let Some(train) = trains.last_mut() {
            train.parameters = whole("parameters");
            train.seed = whole("seed");
            train.threads = whole("threads");
            train.resumed.extend(resumed);
        }
        return;
    }
    let Some(train) = trains.last_mut() else { return };
    match kind {
        "step" => {
            train.steps = whole("step").unwrap_or(train.steps);
            train.epochs = whole("epoch").unwrap_or(train.epochs);
            if with_steps {
                train.logged_steps.push(LoggedStep { step: train.steps, loss: number("loss"), lr: number("lr") });
            }
        }
        "epoch" => {
            let point = Point {
                epoch: whole("epoch").unwrap_or(0),
                step: whole("step").unwrap_or(0),
                lr: number("lr"),
                train: measures("train").unwrap_or_default(),
                validation: measures("validation"),
            };
            (train.epochs, train.steps) = (point.epoch, point.step);
            train.seconds = number("seconds").unwrap_or(train.seconds);
            train.points.push(point);
        }
        "expect" => train.facts.push(CheckedFact {
            text: text("expect").unwrap_or_default(),
            ok: event.get("ok").and_then(Value::as_bool).unwrap_or(false),
            value: number("value"),
        }),
        "done" => {
            train.epochs = whole("epochs").unwrap_or(train.epochs);
            train.steps = whole("steps").unwrap_or(train.steps);
            train.stopped = text("stopped");
            train.seconds = number("seconds").unwrap_or(train.seconds);
        }
        "diverged" => {
            let line = event.get("cause").and_then(|cause| cause.get("line")).and_then(Value::as_u64);
            let (epoch, step) = (whole("epoch").unwrap_or(0), whole("step").unwrap_or(0));
            (train.epochs, train.steps) = (epoch.max(train.epochs), step.max(train.steps));
            train.diverged = Some(DivergedAt { epoch, step, code: text("code").unwrap_or_default(), line });
        }
        // Later versions may tell of more.
        _ => {}
    }
}
