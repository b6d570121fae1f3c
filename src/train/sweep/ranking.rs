//! The order of the points, and their table.

use super::record::{PointResult, PointStatus};
use crate::check::Best;
use std::cmp::Ordering;

/// A point in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What came of it.
    pub result: PointResult,
    /// Its hypers, as `--set` takes them.
    pub set: Vec<(String, String)>,
    /// What it is ranked by, where it has a result.
    pub value: Option<f64>,
}

/// Best first: those that came farthest, of them those with the best value; then those without one. Equal ones stay in
/// the order of the points.
pub(super) fn ranked(mut rows: Vec<Row>, best: &Best) -> Vec<Row> {
    rows.sort_by(|a, b| {
        let by_value = match (a.value, b.value) {
            (Some(x), Some(y)) => b.result.rung.cmp(&a.result.rung).then(better(x, y, best)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        by_value.then(a.result.point.cmp(&b.result.point))
    });
    rows
}

/// Whether the first value is the better.
pub(super) fn better(x: f64, y: f64, best: &Best) -> Ordering {
    if best.is_largest { y.total_cmp(&x) } else { x.total_cmp(&y) }
}

impl Row {
    /// How the point ended, in a word.
    pub fn status(&self) -> &'static str {
        match self.result.status {
            PointStatus::Finished => "finished",
            PointStatus::Paused => "stopped",
            PointStatus::Diverged => "diverged",
            PointStatus::Failed => "failed",
        }
    }
}

/// The names of what was measured besides: numbers of the validation split, or of the training split where `best` is of
/// that, in the order in which they are shown.
pub(super) fn other_measures(rows: &[Row], best: &Best) -> Vec<(String, String)> {
    let mut names: Vec<(String, String)> = Vec::new();
    for row in rows {
        for (split, measures) in &row.result.measures {
            for (name, value) in measures.as_object().into_iter().flatten() {
                let of = (split.clone(), name.clone());
                let is_best = *split == best.measure.split.name() && **name == *best.measure.metric;
                if !is_best && (value.is_number() || value.is_null()) && !names.contains(&of) {
                    names.push(of);
                }
            }
        }
    }
    names
}

/// The table for other programs: everything that does not depend on the clock.
pub(super) fn csv(rows: &[Row], hypers: &[String], best: &Best, rungs: usize) -> Result<Vec<u8>, csv::Error> {
    let others = other_measures(rows, best);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["point".to_owned()];
    head.extend(hypers.iter().cloned());
    if rungs > 1 {
        head.push("rung".to_owned());
    }
    head.extend(["status", "epochs", "steps"].map(str::to_owned));
    head.push(best.name());
    head.extend(others.iter().map(|(split, name)| format!("{split}.{name}")));
    writer.write_record(&head)?;
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    for row in rows {
        let mut cells = vec![row.result.point.to_string()];
        cells.extend(row.set.iter().map(|(_, value)| value.clone()));
        if rungs > 1 {
            cells.push(row.result.rung.to_string());
        }
        cells.extend([row.status().to_owned(), row.result.epochs.to_string(), row.result.steps.to_string()]);
        cells.push(number(row.value));
        cells.extend(others.iter().map(|(split, name)| number(row.result.measure(split, name))));
        writer.write_record(&cells)?;
    }
    writer.flush()?;
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Measure;
    use crate::data::Split;
    use crate::source::Span;
    use serde_json::json;

    fn row(point: usize, rung: usize, status: PointStatus, value: Option<f64>) -> Row {
        let measures = [("validation".to_owned(), json!({ "loss": value, "accuracy": 0.5 }))].into_iter().collect();
        let result = PointResult {
            point,
            rung,
            status,
            epochs: 1,
            steps: 2,
            stopped: None,
            measures,
            error: None,
            seconds: 1.0,
        };
        Row { result, set: vec![("act".into(), "relu, tanh".into())], value }
    }

    fn best(is_largest: bool) -> Best {
        let measure =
            Measure { split: Split::Validation, metric: "loss".into(), higher_is_better: false, span: Span::default() };
        Best { measure, is_largest }
    }

    #[test]
    fn who_came_far_stands_first_and_who_diverged_last() {
        let rows = || {
            vec![
                row(1, 1, PointStatus::Diverged, None),
                row(2, 1, PointStatus::Paused, Some(0.1)),
                row(3, 2, PointStatus::Finished, Some(0.5)),
                row(4, 2, PointStatus::Finished, Some(0.4)),
                row(5, 2, PointStatus::Finished, Some(0.5)),
            ]
        };
        let order = |is_largest| -> Vec<usize> {
            ranked(rows(), &best(is_largest)).iter().map(|row| row.result.point).collect()
        };
        assert_eq!(order(false), [4, 3, 5, 2, 1]);
        assert_eq!(order(true), [3, 5, 4, 2, 1]);
    }

    #[test]
    fn the_table_is_quoted_and_without_times() {
        let rows = vec![row(1, 1, PointStatus::Finished, Some(0.25))];
        let text = String::from_utf8(csv(&rows, &["act".to_owned()], &best(false), 1).unwrap()).unwrap();
        assert_eq!(
            text,
            "point,act,status,epochs,steps,validation.loss,validation.accuracy\n1,\"relu, tanh\",finished,1,2,0.25,0.5\n"
        );
    }
}
