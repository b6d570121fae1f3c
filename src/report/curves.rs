//! Curves of measures, as a run tells of them.

use crate::data::Split;
use crate::train::{Point, RecordedMeasures, TrainHistory};
use serde_json::Value;

/// What is counted from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// Epochs.
    Epochs,
    /// Steps: where several measures were taken in an epoch.
    Steps,
    /// Learning rates, over powers of ten.
    Rates,
}

impl Across {
    /// What stands below the axis.
    pub fn word(self) -> &'static str {
        match self {
            Across::Epochs => "epoch",
            Across::Steps => "step",
            Across::Rates => "learning rate",
        }
    }
}

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What the legend calls it.
    pub name: String,
    /// From left to right. What was not finite is NaN: a gap.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// The values that are numbers.
    pub fn finite(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().copied().filter(|(_, y)| y.is_finite())
    }

    /// The same with about so many points: of each stretch the least and the largest value stay.
    pub(super) fn thinned(&self, most: usize) -> Vec<(f64, f64)> {
        if self.points.len() <= most {
            return self.points.clone();
        }
        let stretch = self.points.len().div_ceil((most / 2).max(1));
        let mut kept = Vec::new();
        for points in self.points.chunks(stretch) {
            let finite = || points.iter().enumerate().filter(|(_, (_, y))| y.is_finite());
            let least = finite().min_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|(at, _)| at);
            let largest = finite().max_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|(at, _)| at);
            let mut both: Vec<usize> = least.into_iter().chain(largest).collect();
            both.sort_unstable();
            both.dedup();
            kept.extend(both.iter().filter_map(|at| points.get(*at).copied()));
            if both.is_empty() {
                kept.extend(points.first().copied());
            }
        }
        // The end is where one looks.
        if kept.last() != self.points.last() {
            kept.extend(self.points.last().copied());
        }
        kept
    }
}

/// What the reports of a train are counted by: epochs where there is one an epoch, else steps.
pub fn across(train: &TrainHistory) -> Across {
    let is_by_epoch = train.points.windows(2).all(|pair| match pair {
        [before, after] => before.epoch < after.epoch,
        _ => true,
    });
    if is_by_epoch && train.logged_steps.is_empty() { Across::Epochs } else { Across::Steps }
}

/// The measures of a train that are numbers, in their order: the loss, its terms, the metrics.
pub fn numbers_of(train: &TrainHistory) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let on_the_way = train.points.iter().flat_map(|point| point.validation.iter().chain([&point.train]));
    for measures in on_the_way.chain(train.measures.iter().map(|(_, measures)| measures)) {
        for (name, value) in measures {
            if (value.is_number() || value.is_null()) && !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

/// The curve of a measure on a split. None where no report has it.
pub fn curve(train: &TrainHistory, measure: &str, split: Split, across: Across) -> Option<Curve> {
    let is_of_steps = measure == "loss" && split == Split::Train && !train.logged_steps.is_empty();
    let points: Vec<(f64, f64)> = if is_of_steps && across == Across::Steps {
        train.logged_steps.iter().map(|step| (step.step as f64, step.loss.unwrap_or(f64::NAN))).collect()
    } else {
        let of = |measures: &RecordedMeasures| match measures.get(measure) {
            Some(Value::Null) => Some(f64::NAN),
            value => value.and_then(Value::as_f64),
        };
        let points = train.points.iter().filter_map(|point| {
            let measures = match split {
                Split::Train => Some(&point.train),
                Split::Validation => point.validation.as_ref(),
                Split::Test => None,
            };
            Some((place(point, across)?, of(measures?)?))
        });
        points.collect()
    };
    (!points.is_empty()).then(|| Curve { name: split.name().to_owned(), points })
}

/// Where a report stands from left to right.
fn place(point: &Point, across: Across) -> Option<f64> {
    match across {
        Across::Epochs => Some(point.epoch as f64),
        Across::Steps => Some(point.step as f64),
        Across::Rates => point.lr,
    }
}

/// The learning rate.
pub fn rates(train: &TrainHistory, across: Across) -> Curve {
    let points = match across {
        Across::Steps if !train.logged_steps.is_empty() => {
            train.logged_steps.iter().map(|step| (step.step as f64, step.lr.unwrap_or(f64::NAN))).collect()
        }
        _ => {
            let point = |p: &Point| Some((place(p, across)?, p.lr.unwrap_or(f64::NAN)));
            train.points.iter().filter_map(point).collect()
        }
    };
    Curve { name: "learning rate".to_owned(), points }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_thinned_keeps_its_extremes() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i), 0.5)).collect();
        points[1234].1 = 9.0;
        points[8000].1 = -3.0;
        points[5000].1 = f64::NAN;
        let thin = Curve { name: String::new(), points }.thinned(400);
        assert!(thin.len() <= 402, "{}", thin.len());
        assert!(thin.contains(&(1234.0, 9.0)) && thin.contains(&(8000.0, -3.0)));
        assert!(thin.windows(2).all(|pair| pair[0].0 < pair[1].0), "from left to right");
        assert_eq!(thin.last(), Some(&(9999.0, 0.5)));
    }
}
