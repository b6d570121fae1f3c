//! The facts of `expect`.

use super::causality;
use super::error::RunError;
use super::event::{Event, FactResult, Observer, SplitMeasures};
use super::gradient_check;
use super::overfit;
use super::reopen::Opened;
use super::run::{Outcome, RunOptions, TrainReport, run, wanted_trains};
use super::run_directory::latest_run;
use crate::check::{Checked, Fact, FactExpr, Model, Train};
use crate::compile;
use crate::data::{Dataset, Split};
use crate::syntax::ast::BinaryOperator;

/// What facts may be about.
pub(super) struct Known<'a> {
    pub(super) parameters: u64,
    pub(super) memory: u64,
    pub(super) seconds: f64,
    pub(super) measures: &'a SplitMeasures,
}

/// Checks the facts that are about a train.
pub(super) fn check(
    checked: &Checked,
    index: usize,
    dataset: &Dataset,
    known: &Known,
    threads: usize,
) -> Result<Vec<FactResult>, RunError> {
    let Some(train) = checked.program.trains.get(index) else { return Ok(Vec::new()) };
    let about = checked.program.facts.iter().filter(|fact| fact.train == index);
    let Some(model) = checked.program.models.get(train.model) else { return Ok(Vec::new()) };
    about.map(|fact| Evaluation { train, model, dataset, known, threads, note: None }.check(fact)).collect()
}

/// Whether a fact about a train mentions a split.
pub(super) fn mention(checked: &Checked, index: usize, split: Split) -> bool {
    fn mentions(expression: &FactExpr, split: Split) -> bool {
        match expression {
            FactExpr::Measure(of, _) => *of == split,
            FactExpr::Binary(_, a, b) => mentions(a, split) || mentions(b, split),
            FactExpr::Negate(a) | FactExpr::Not(a) => mentions(a, split),
            FactExpr::Number(_)
            | FactExpr::Parameters
            | FactExpr::Memory
            | FactExpr::Seconds
            | FactExpr::Overfits { .. }
            | FactExpr::GradientsMatch { .. }
            | FactExpr::Causal { .. } => false,
        }
    }
    checked.program.facts.iter().any(|fact| fact.train == index && mentions(&fact.expression, split))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum FactValue {
    Number(f64),
    Truth(bool),
}

struct Evaluation<'a> {
    train: &'a Train,
    model: &'a Model,
    dataset: &'a Dataset,
    known: &'a Known<'a>,
    threads: usize,
    note: Option<String>,
}

impl Evaluation<'_> {
    fn check(mut self, fact: &Fact) -> Result<FactResult, RunError> {
        let (text, span) = (fact.text.clone(), fact.span);
        let (value, shown) = self.evaluate(&fact.expression)?;
        let ok = match value {
            FactValue::Truth(truth) => truth,
            FactValue::Number(x) => x != 0.0,
        };
        Ok(FactResult { text, ok, value: shown, span, note: self.note })
    }

    /// The value of an expression, and the number that is worth showing: what was measured, not what it is held
    /// against.
    fn evaluate(&mut self, expression: &FactExpr) -> Result<(FactValue, Option<f64>), RunError> {
        let number = |x: f64| (FactValue::Number(x), Some(x));
        Ok(match expression {
            FactExpr::Number(x) => (FactValue::Number(*x), None),
            FactExpr::Parameters => number(self.known.parameters as f64),
            FactExpr::Memory => number(self.known.memory as f64),
            FactExpr::Seconds => number(self.known.seconds),
            FactExpr::Measure(split, metric) => {
                let measured = self.known.measures.get(*split).and_then(|m| m.number(metric));
                if measured.is_none() {
                    self.note = Some(format!("{}.{metric} was not measured", split.name()));
                }
                (FactValue::Number(measured.unwrap_or(f64::NAN)), measured)
            }
            FactExpr::Negate(a) => {
                let (value, shown) = self.evaluate(a)?;
                (FactValue::Number(-as_number(value)), shown.map(|x| -x))
            }
            FactExpr::Not(a) => {
                let (value, shown) = self.evaluate(a)?;
                (FactValue::Truth(!as_truth(value)), shown)
            }
            FactExpr::Binary(operator, a, b) => {
                let ((a, shown_a), (b, shown_b)) = (self.evaluate(a)?, self.evaluate(b)?);
                let value = apply(*operator, a, b);
                let shown = match value {
                    FactValue::Truth(_) => shown_a.or(shown_b),
                    // Arithmetic on what was measured is worth showing as a whole.
                    FactValue::Number(x) => shown_a.or(shown_b).map(|_| x),
                };
                (value, shown)
            }
            FactExpr::Overfits { batch } => {
                let result = overfit::overfits(self.train, self.dataset, *batch, self.threads)?;
                self.note = Some(result.note());
                (FactValue::Truth(result.ok), Some(result.loss))
            }
            FactExpr::Causal { output, input } => {
                let result = causality::causal(self.model, output, input, self.train.settings.seed, self.threads)?;
                self.note = Some(result.note);
                (FactValue::Truth(result.ok), None)
            }
            FactExpr::GradientsMatch { tolerance } => {
                let report = gradient_check::compare(self.train, self.dataset, self.threads)?;
                let worst = report.max_relative_error();
                self.note = report.worst().map(|w| format!("the largest difference is in {}", w.path));
                (FactValue::Truth(worst <= *tolerance), Some(worst))
            }
        })
    }
}

fn as_number(value: FactValue) -> f64 {
    match value {
        FactValue::Number(x) => x,
        FactValue::Truth(truth) => f64::from(u8::from(truth)),
    }
}

fn as_truth(value: FactValue) -> bool {
    match value {
        FactValue::Truth(truth) => truth,
        FactValue::Number(x) => x != 0.0,
    }
}

/// Nothing compared with what was not measured holds, `!=` included.
fn apply(operator: BinaryOperator, a: FactValue, b: FactValue) -> FactValue {
    use BinaryOperator as Op;
    let (x, y) = (as_number(a), as_number(b));
    let known = !x.is_nan() && !y.is_nan();
    match operator {
        Op::Or => FactValue::Truth(as_truth(a) || as_truth(b)),
        Op::And => FactValue::Truth(as_truth(a) && as_truth(b)),
        Op::Equal => FactValue::Truth(x == y),
        Op::NotEqual => FactValue::Truth(known && x != y),
        Op::Less => FactValue::Truth(x < y),
        Op::LessEqual => FactValue::Truth(x <= y),
        Op::Greater => FactValue::Truth(x > y),
        Op::GreaterEqual => FactValue::Truth(x >= y),
        Op::Add => FactValue::Number(x + y),
        Op::Subtract => FactValue::Number(x - y),
        Op::Multiply => FactValue::Number(x * y),
        Op::Divide => FactValue::Number(x / y),
        Op::Power => FactValue::Number(x.powf(y)),
        // The checker lets neither through.
        Op::Then | Op::MatrixMultiply => FactValue::Number(f64::NAN),
    }
}

/// Checks every fact of the file (or of what `--train` names): on its latest run where that was made from the same source and data and finished,
/// else by training. Every [`Event::Expect`] is told to the observer.
pub fn test(checked: &Checked, options: &RunOptions, observer: &mut dyn Observer) -> Result<Outcome, RunError> {
    let wanted = wanted_trains(checked, options.train.as_deref())?;
    let file = &checked.sources.file(checked.file).path;
    let latest = latest_run(file, &options.runs).filter(|_| options.out.is_none() && options.init.is_none());
    let opened = latest.and_then(|run| Opened::if_current(&run, checked, &options.overrides));
    let Some(opened) = opened else {
        return run(checked, &RunOptions { expect: true, ..options.clone() }, observer);
    };
    let mut outcome = Outcome {
        directory: opened.directory().to_owned(),
        trains: Vec::new(),
        facts: Vec::new(),
        data: Default::default(),
    };
    for (index, train) in checked.program.trains.iter().enumerate() {
        if !wanted.contains(&index) || !checked.program.facts.iter().any(|fact| fact.train == index) {
            continue;
        }
        // A model that is trained again later has other weights now than this fact is about.
        if checked.program.trains.iter().skip(index + 1).any(|later| later.model == train.model) {
            return run(checked, &RunOptions { expect: true, ..options.clone() }, observer);
        }
        let dataset = opened.dataset(checked, train)?;
        let is_wanted = |of: &Split| *of == Split::Test || mention(checked, index, *of);
        let exists = |of: &Split| !dataset.splits.get(*of).is_empty();
        let splits: Vec<Split> = Split::ALL.into_iter().filter(|of| is_wanted(of) && exists(of)).collect();
        let measured = opened.measure(checked, train, &dataset, &splits, options.threads)?;
        let record = opened.train_record(index);
        let seconds = record.map_or(0.0, |r| r.seconds);
        let known = Known {
            parameters: opened.parameters(checked, train)?,
            memory: compile::step_cost(train, train.settings.batch)?.bytes,
            seconds,
            measures: &measured,
        };
        for result in check(checked, index, &dataset, &known, options.threads)? {
            observer.event(&Event::Expect(result.clone()));
            outcome.facts.push(result);
        }
        outcome.trains.push(TrainReport {
            train: train.title(),
            epochs: record.map_or(0, |r| r.epochs),
            steps: record.map_or(0, |r| r.steps),
            measures: measured,
            stopped: None,
            seconds,
        });
    }
    Ok(outcome)
}
