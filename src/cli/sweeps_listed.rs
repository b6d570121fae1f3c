//! The sweeps in the list of `nnrun runs`.

use super::listing::{Column, fitted};
use super::numbers;
use super::sweep_report::set_json;
use super::table::Align;
use crate::report::moment;
use crate::train::{PointStatus, Row, RunState, SweepHistory};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// A sweep, where it was found.
type Listed = (PathBuf, SweepHistory);

/// A line each.
pub fn table(sweeps: &[Listed], width: usize) -> String {
    let mut columns: Vec<Column<Listed>> = Vec::new();
    let mut add = |head: &str, align: Align, rank: usize, show: fn(&Listed) -> String| {
        columns.push(Column { head: head.to_owned(), align, rank, show: Box::new(show) });
    };
    add("sweep", Align::Left, 0, |(path, _)| path.display().to_string());
    add("began (UTC)", Align::Left, 20, |(_, sweep)| sweep.started.map_or_else(String::new, moment));
    add("points", Align::Right, 4, points);
    let some = |status: PointStatus| sweeps.iter().any(|(_, sweep)| sweep.count(status) > 0);
    if some(PointStatus::Diverged) {
        add("diverged", Align::Right, 6, |(_, sweep)| counted(sweep, PointStatus::Diverged));
    }
    if some(PointStatus::Failed) {
        add("failed", Align::Right, 5, |(_, sweep)| counted(sweep, PointStatus::Failed));
    }
    add("state", Align::Left, 1, |(_, sweep)| sweep.state.word().to_owned());
    add("best", Align::Left, 2, |(_, sweep)| best(sweep));
    fitted(columns, sweeps, width)
}

/// `24`; `7 of 24` where it is not at its end.
fn points((_, sweep): &Listed) -> String {
    match sweep.rows.len() {
        done if done < sweep.points => format!("{} of {}", numbers::count(done as u64), sweep.points),
        _ => numbers::count(sweep.points as u64),
    }
}

fn counted(sweep: &SweepHistory, status: PointStatus) -> String {
    match sweep.count(status) {
        0 => String::new(),
        n => numbers::count(n as u64),
    }
}

/// The best point, so far, where it has a value.
pub fn best_row(sweep: &SweepHistory) -> Option<&Row> {
    sweep.rows.first().filter(|row| row.value.is_some())
}

/// `point 15, min(validation.loss) 0.0543`
fn best(sweep: &SweepHistory) -> String {
    let Some((row, value)) = best_row(sweep).and_then(|row| Some((row, row.value?))) else { return String::new() };
    let so_far = if sweep.state == RunState::Finished { "" } else { " so far" };
    format!("point {}, {} {}{so_far}", row.result.point, sweep.best_by, numbers::measure(value))
}

/// A sweep as JSON.
pub fn as_json(path: &Path, sweep: &SweepHistory) -> Value {
    let best = best_row(sweep).map(|row| {
        let test: Option<Map<String, Value>> = sweep.best.as_ref().map(|best| best.test.iter().cloned().collect());
        json!({
            "point": row.result.point, "set": set_json(&row.set), "value": row.value, "test": test,
            "run": sweep.run_of(row.result.point).display().to_string(),
        })
    });
    json!({
        "sweep": path.display().to_string(), "file": sweep.file.display().to_string(), "started": sweep.started,
        "state": sweep.state.word(), "points": sweep.points, "done": sweep.rows.len(),
        "failed": sweep.count(PointStatus::Failed), "diverged": sweep.count(PointStatus::Diverged),
        "best_by": sweep.best_by, "best": best,
    })
}
