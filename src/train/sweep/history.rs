//! What the directory of a sweep tells of it. Nothing is checked or run again.

use super::super::error::RunError;
use super::super::history::{RunState, folders_below};
use super::super::record::POINTS;
use super::super::run_directory::{RunDirectory, resolve};
use super::ranking::{self, Row};
use super::record::{PointResult, PointStatus, RESULTS, SweepRecord, TestedBest, is_sweep, whole_lines};
use super::search::{TABLE, run_of};
use crate::check::{Best, Measure};
use crate::data::Split;
use crate::source::Span;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A sweep as its directory has it.
#[derive(Debug, Clone)]
pub struct SweepHistory {
    /// The directory, links followed.
    pub directory: PathBuf,
    /// The program, as it was named.
    pub file: PathBuf,
    /// When it began, in seconds since 1970.
    pub started: Option<u64>,
    /// How it stands: finished, running or unfinished.
    pub state: RunState,
    /// `min(validation.loss)`
    pub best_by: String,
    /// How many points it has.
    pub points: usize,
    /// Those that have a result, best first. Until it is at its end, better ones may follow.
    pub rows: Vec<Row>,
    /// At its end, what the best point gave on the test split.
    pub best: Option<TestedBest>,
}

impl SweepHistory {
    /// Reads it.
    ///
    /// Errors: it is no sweep, or its record is damaged.
    pub fn read(path: &Path) -> Result<SweepHistory, RunError> {
        let directory = resolve(path);
        let record = SweepRecord::read(&directory)?;
        let bytes = std::fs::read(directory.join(RESULTS)).unwrap_or_default();
        // The last of a point counts: it came farther, or was tried again.
        let last: BTreeMap<usize, PointResult> =
            whole_lines(&bytes).0.into_iter().map(|result| (result.point, result)).collect();
        let by = best_by(&record.best_by);
        let rows = last.into_values().map(|result| record.row(result, by.as_ref())).collect();
        let state = if RunDirectory::is_locked(&directory) {
            RunState::Running
        } else if directory.join(TABLE).is_file() {
            RunState::Finished
        } else {
            RunState::Unfinished
        };
        Ok(SweepHistory {
            file: record.program.file,
            started: record.program.started,
            state,
            points: record.points.len(),
            rows: by.map_or_else(Vec::new, |by| ranking::ranked(rows, &by)),
            best_by: record.best_by,
            best: record.best,
            directory,
        })
    }

    /// How many points ended so.
    pub fn count(&self, status: PointStatus) -> usize {
        self.rows.iter().filter(|row| row.result.status == status).count()
    }

    /// The folder with the runs of its points.
    pub fn points_folder(&self) -> PathBuf {
        self.directory.join(POINTS)
    }

    /// The run of a point.
    pub fn run_of(&self, point: usize) -> PathBuf {
        self.directory.join(run_of(point))
    }

    /// What its points are measured by: `loss` of `min(validation.loss)`.
    pub fn measure(&self) -> Option<String> {
        best_by(&self.best_by).map(|best| best.measure.metric.to_string())
    }
}

/// The sweeps in a folder of runs, in the folders in it, and it itself where it is one; unordered.
pub fn sweeps_below(folder: &Path) -> Vec<PathBuf> {
    folders_below(folder, is_sweep)
}

/// `min(validation.loss)`, as a record has it.
fn best_by(written: &str) -> Option<Best> {
    let (word, rest) = written.split_once('(')?;
    let (split, metric) = rest.strip_suffix(')')?.split_once('.')?;
    let split = Split::ALL.into_iter().find(|of| of.name() == split)?;
    let is_largest = word == "max";
    let measure = Measure { split, metric: metric.into(), higher_is_better: is_largest, span: Span::default() };
    Some(Best { measure, is_largest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for written in ["min(validation.loss)", "max(train.accuracy)", "min(validation.near.mae)"] {
            assert_eq!(best_by(written).map(|best| best.written()).as_deref(), Some(written));
        }
        for broken in ["", "min", "min(loss)", "min(validation.loss", "min(other.loss)"] {
            assert!(best_by(broken).is_none(), "{broken}");
        }
    }
}
