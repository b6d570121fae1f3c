//! What came out: measures, curves, facts and confusions of each train.

use super::chart::Chart;
use super::curves::{Across, Curve, across, curve, numbers_of, rates};
use super::html::{escaped, table};
use super::numbers::{measure, seconds, value};
use crate::data::Split;
use crate::ide::count;
use crate::train::{RecordedMeasures, RunHistory, RunState, TrainHistory};
use serde_json::Value;

/// Points of all curves of a page together, and of one curve at most and at least.
const POINTS: usize = 24_000;
const MOST_POINTS: usize = 600;
const LEAST_POINTS: usize = 24;
/// Trains of which more than the measures is shown; phases may be many.
const TRAINS: usize = 30;
/// Charts of a train.
const CHARTS: usize = 12;
/// A matrix of more classes is told by its most frequent mistakes.
const CLASSES: usize = 30;
/// Pairs of classes that are told then.
const PAIRS: usize = 20;
/// Learning rates further apart than this are drawn over powers of ten.
const DECADE: f64 = 10.0;

/// A section for each train; `more` is what else there is to say of one.
pub(super) fn all(history: &RunHistory, more: impl Fn(&TrainHistory) -> String) -> String {
    let mut text = String::new();
    let all_curves: usize =
        history.trains.iter().take(TRAINS).map(|train| 1 + 2 * numbers_of(train).len().min(CHARTS)).sum();
    let points = (POINTS / all_curves.max(1)).clamp(LEAST_POINTS, MOST_POINTS);
    for (at, train) in history.trains.iter().enumerate() {
        text.push_str(&format!(
            "<section>\n<h2>{}</h2>\n{}",
            escaped(&train.title()),
            how_it_ended(train, history.state)
        ));
        text.push_str(&measures(train));
        text.push_str(&facts(train));
        if at < TRAINS {
            text.push_str(&charts(train, points));
            text.push_str(&confusions(train));
            // The weights are those of the last train of a model.
            if !history.trains.iter().skip(at + 1).any(|later| later.model == train.model) {
                text.push_str(&more(train));
            }
        }
        text.push_str("</section>\n");
    }
    if history.trains.is_empty() {
        text.push_str("<p class=\"faint\">It ended before the first train began.</p>\n");
    }
    text
}

fn how_it_ended(train: &TrainHistory, state: RunState) -> String {
    let mut parts = vec![format!("{} epochs and {} steps", count(train.epochs), count(train.steps))];
    if train.seconds > 0.0 {
        parts.push(format!("in {}", seconds(train.seconds)));
    }
    match train.stopped.as_deref() {
        Some("patience") => parts.push("stopped early".to_owned()),
        // Elsewhere somebody who watched it wanted it to end.
        Some("paused") if state == RunState::Halved => parts.push(state.word().to_owned()),
        Some(other) => parts.push(escaped(other)),
        None => {}
    }
    if let Some(epoch) = train.kept_epoch {
        parts.push(format!("the weights of epoch {epoch} were kept"));
    }
    parts.extend(train.resumed.iter().map(|(epoch, step)| format!("went on at epoch {epoch}, step {step}")));
    let mut text = format!("<p>{}</p>\n", parts.join(" · "));
    if let Some(at) = &train.diverged {
        let line = at.line.map_or(String::new(), |line| format!(", in line {line} of the program"));
        text.push_str(&format!(
            "<p class=\"bad\">It diverged at epoch {}, step {}{line} ({}).</p>\n",
            at.epoch,
            at.step,
            escaped(&at.code)
        ));
    }
    text
}

/// The numbers of each split.
fn measures(train: &TrainHistory) -> String {
    let names = numbers_of(train);
    let splits = Split::ALL.into_iter().filter_map(|split| Some((split, train.latest(split)?)));
    let rows: Vec<Vec<String>> = splits
        .filter(|(_, measures)| !measures.is_empty())
        .map(|(split, measures)| {
            let cell = |name: &String| match measures.get(name) {
                Some(Value::Null) => "not finite".to_owned(),
                number => number.and_then(Value::as_f64).map_or_else(String::new, measure),
            };
            std::iter::once(split.name().to_owned()).chain(names.iter().map(cell)).collect()
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let heads: Vec<String> = std::iter::once(String::new()).chain(names.iter().map(|name| escaped(name))).collect();
    let mut text = table("results", &heads, &rows);
    if train.measures.is_empty() {
        text.push_str("<p class=\"faint\">as last measured on the way; it was not measured at an end</p>\n");
    } else if train.latest(Split::Train).is_some() && !train.measures.iter().any(|(split, _)| *split == Split::Train) {
        text.push_str("<p class=\"faint\">train: as last measured on the way</p>\n");
    }
    text
}

fn facts(train: &TrainHistory) -> String {
    if train.facts.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = train
        .facts
        .iter()
        .map(|fact| {
            let (class, mark) = if fact.ok { ("good", "✓ holds") } else { ("bad", "✗ does not hold") };
            vec![
                format!("<code>{}</code>", escaped(&fact.text)),
                fact.value.map_or_else(String::new, value),
                format!("<span class=\"{class}\">{mark}</span>"),
            ]
        })
        .collect();
    let heads = ["expected", "found", ""].map(str::to_owned);
    format!("<h3>Expectations</h3>\n{}", table("expected", &heads, &rows))
}

/// A chart of the loss, of its terms and of each metric, and of the learning rate.
fn charts(train: &TrainHistory, points: usize) -> String {
    let by = across(train);
    let mut all: Vec<Chart> = Vec::new();
    for name in numbers_of(train).iter().take(CHARTS) {
        let curves: Vec<Curve> =
            [Split::Train, Split::Validation].into_iter().filter_map(|split| curve(train, name, split, by)).collect();
        all.extend(Chart::of_measures(name.clone(), by, curves));
    }
    all.extend(Chart::new("learning rate", by, vec![rates(train, by)], DECADE));
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::from("<div class=\"charts\">\n");
    for mut chart in all {
        let mut mark = |epoch: u64, step: Option<u64>, what: String| {
            let at = if by == Across::Epochs { Some(epoch) } else { step };
            chart.marks.extend(at.map(|at| (at as f64, what)));
        };
        if let Some(kept) = train.kept_epoch {
            let step = train.points.iter().find(|point| point.epoch == kept).map(|point| point.step);
            mark(kept, step, format!("the weights of epoch {kept} were kept"));
        }
        for (epoch, step) in &train.resumed {
            mark(*epoch, Some(*step), format!("went on at epoch {epoch}, step {step}"));
        }
        text.push_str(&chart.element(points));
    }
    text.push_str("</div>\n");
    text
}

/// The confusion matrices of the split that counts: test, else validation, else train.
fn confusions(train: &TrainHistory) -> String {
    let found = [Split::Test, Split::Validation, Split::Train].into_iter().find_map(|split| {
        let matrices: Vec<(&String, Matrix)> = train.latest(split).map(matrices).unwrap_or_default();
        (!matrices.is_empty()).then_some((split, matrices))
    });
    let Some((split, matrices)) = found else { return String::new() };
    let mut text = String::new();
    for (name, matrix) in matrices {
        text.push_str(&format!("<h3>{} ({})</h3>\n", escaped(name), split.name()));
        text.push_str(&if matrix.classes.len() <= CLASSES { matrix.cells() } else { matrix.pairs() });
    }
    text
}

/// `counts[truth][prediction]`
struct Matrix {
    classes: Vec<String>,
    counts: Vec<Vec<u64>>,
}

fn matrices(measures: &RecordedMeasures) -> Vec<(&String, Matrix)> {
    let matrix = |value: &Value| {
        let classes = value.get("classes")?.as_array()?.iter().map(|c| Some(c.as_str()?.to_owned()));
        let row = |row: &Value| row.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>();
        let counts = value.get("counts")?.as_array()?.iter().map(row);
        Some(Matrix { classes: classes.collect::<Option<_>>()?, counts: counts.collect::<Option<_>>()? })
    };
    measures.iter().filter_map(|(name, value)| Some((name, matrix(value)?))).collect()
}

impl Matrix {
    /// Each row is shaded by the share of its truth: what is right in blue, what is wrong in red.
    fn cells(&self) -> String {
        let mut text = String::from(
            "<p class=\"faint\">rows are the truth, columns what was predicted</p>\n<div class=\"wide\">\
             <table class=\"confusion\">\n<thead><tr><td></td>",
        );
        for class in &self.classes {
            text.push_str(&format!("<th scope=\"col\">{}</th>", escaped(class)));
        }
        text.push_str("</tr></thead>\n<tbody>\n");
        for (truth, (class, row)) in self.classes.iter().zip(&self.counts).enumerate() {
            text.push_str(&format!("<tr><th scope=\"row\">{}</th>", escaped(class)));
            let all = row.iter().sum::<u64>().max(1) as f64;
            for (predicted, n) in row.iter().enumerate() {
                let color = if truth == predicted { "blue" } else { "red" };
                let share = *n as f64 / all * 0.6;
                match n {
                    0 => text.push_str("<td class=\"faint\">·</td>"),
                    n => text.push_str(&format!(
                        "<td style=\"background:rgba(var(--{color}),{share:.2})\">{}</td>",
                        count(*n)
                    )),
                }
            }
            text.push_str("</tr>\n");
        }
        text.push_str("</tbody>\n</table></div>\n");
        text
    }

    /// The most frequent mistakes.
    fn pairs(&self) -> String {
        let name = |class: usize| self.classes.get(class).map_or_else(|| class.to_string(), |name| escaped(name));
        let mut pairs: Vec<(u64, usize, usize)> = Vec::new();
        for (truth, row) in self.counts.iter().enumerate() {
            let wrong = row.iter().enumerate().filter(|(predicted, n)| *predicted != truth && **n > 0);
            pairs.extend(wrong.map(|(predicted, n)| (*n, truth, predicted)));
        }
        if pairs.is_empty() {
            return "<p>no mistakes</p>\n".to_owned();
        }
        pairs.sort_by_key(|(n, truth, predicted)| (std::cmp::Reverse(*n), *truth, *predicted));
        let of = pairs.len();
        let rows: Vec<Vec<String>> = pairs
            .into_iter()
            .take(PAIRS)
            .map(|(n, truth, predicted)| vec![name(truth), name(predicted), count(n)])
            .collect();
        let heads = ["truth", "taken for", "times"].map(str::to_owned);
        let more =
            if of > PAIRS { format!("<p class=\"faint\">and {} more pairs</p>\n", of - PAIRS) } else { String::new() };
        format!("{}{more}", table("pairs", &heads, &rows))
    }
}
