//! What a sweep leaves on disk: `sweep.json`, `results.jsonl`.

use super::super::error::RunError;
use super::super::record::{Record, SWEEP};
use super::super::run_directory::{RunDirectory, resolve};
use super::ranking::Row;
use crate::check::Best;
use crate::diagnostics::io_reason;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The results, one a line, in the order in which they came.
pub(super) const RESULTS: &str = "results.jsonl";

/// Whether a path is the directory of a sweep.
pub fn is_sweep(path: &Path) -> bool {
    resolve(path).join(SWEEP).is_file()
}

/// The content of `sweep.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SweepRecord {
    /// `min(validation.loss)`
    pub(super) best_by: String,
    /// Names of the swept hypers.
    pub(super) hypers: Vec<String>,
    /// Their values, as `--set` takes them, by point.
    pub(super) points: Vec<Vec<String>>,
    /// The epochs of each point, where the worse ones end early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) halving: Option<Vec<u64>>,
    /// At the end.
    pub(super) best: Option<TestedBest>,
    /// The program as it was, what it was begun with, its data.
    pub(super) text: String,
    pub(super) program: Record,
}

/// The best point of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestedBest {
    /// Its number, from 1.
    pub point: usize,
    /// Its hypers, as `--set` takes them.
    pub set: Vec<(String, String)>,
    /// What it is the best by.
    pub value: f64,
    /// Its run, in the directory of the sweep.
    pub run: PathBuf,
    /// Measures of the test split by model, made this once; empty where there is no such split.
    pub test: Vec<(String, Value)>,
}

/// How a point ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PointStatus {
    /// At its end.
    Finished,
    /// At the end of a rung: better ones go on.
    Paused,
    /// A number was not finite.
    Diverged,
    /// It could not be run.
    Failed,
}

/// What came of a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointResult {
    /// Its number, from 1.
    pub point: usize,
    /// How far it had to come, from 1; always 1 without halving.
    pub rung: usize,
    /// How it ended.
    pub status: PointStatus,
    /// Epochs begun in its last train.
    pub epochs: u64,
    /// Steps taken in it.
    pub steps: u64,
    /// `patience`, `paused`
    pub stopped: Option<String>,
    /// By split and name, with the weights that were kept.
    pub measures: BTreeMap<String, Value>,
    /// Why it could not be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Of training.
    pub seconds: f64,
}

impl PointResult {
    /// The number that the best has the smallest or largest of; none where there is no number.
    pub fn value(&self, best: &Best) -> Option<f64> {
        let is_result = matches!(self.status, PointStatus::Finished | PointStatus::Paused);
        self.measure(best.measure.split.name(), &best.measure.metric).filter(|_| is_result)
    }

    /// A measure of a split that is a finite number.
    pub fn measure(&self, split: &str, name: &str) -> Option<f64> {
        self.measures.get(split)?.get(name)?.as_f64().filter(|x| x.is_finite())
    }
}

impl SweepRecord {
    /// A point in the table; without a value where it is not known what the best is found by.
    pub(super) fn row(&self, result: PointResult, best: Option<&Best>) -> Row {
        let values = self.points.get(result.point.saturating_sub(1)).into_iter().flatten();
        let set = self.hypers.iter().cloned().zip(values.cloned()).collect();
        let value = best.and_then(|best| result.value(best));
        Row { result, set, value }
    }

    pub(super) fn write(&self, directory: &RunDirectory) -> Result<(), RunError> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| RunError::Internal { stage: SWEEP, message: error.to_string() })?;
        text.push('\n');
        directory.write(SWEEP, text.as_bytes())
    }

    pub(super) fn read(path: &Path) -> Result<SweepRecord, RunError> {
        let no = |reason: String| RunError::NotARun { path: path.to_owned(), reason: format!("{SWEEP}: {reason}") };
        let text = fs::read_to_string(path.join(SWEEP)).map_err(|error| no(io_reason(&error)))?;
        serde_json::from_str(&text).map_err(|error| no(error.to_string()))
    }
}

/// The file of results, each line on disk before the next point can follow from it.
pub(super) struct Results {
    path: PathBuf,
    file: File,
}

impl Results {
    /// Opens it with what it holds. A line that was being written when the process ended is taken away: its point is
    /// read again from its run.
    pub(super) fn open(directory: &RunDirectory) -> Result<(Results, Vec<PointResult>), RunError> {
        let path = directory.path().join(RESULTS);
        let opened = (|| {
            let text = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error),
            };
            let (found, whole) = whole_lines(&text);
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            file.set_len(whole)?;
            drop(file);
            Ok((File::options().append(true).open(&path)?, found))
        })();
        let (file, found) = opened.map_err(|error: io::Error| RunError::write(&path, &error))?;
        Ok((Results { path, file }, found))
    }

    pub(super) fn add(&mut self, result: &PointResult) -> Result<(), RunError> {
        let line = serde_json::to_string(result)
            .map_err(|error| RunError::Internal { stage: RESULTS, message: error.to_string() })?;
        let written = self.file.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| RunError::write(&self.path, &error))
    }
}

/// The results up to the first line that is none, and the bytes of those.
pub(super) fn whole_lines(bytes: &[u8]) -> (Vec<PointResult>, u64) {
    let (mut found, mut whole) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(result) if line.ends_with(b"\n") => found.push(result),
            _ => break,
        }
        whole += line.len() as u64;
    }
    (found, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_taken_away() {
        let result = PointResult {
            point: 3,
            rung: 1,
            status: PointStatus::Finished,
            epochs: 2,
            steps: 14,
            stopped: None,
            measures: BTreeMap::new(),
            error: None,
            seconds: 0.1 + 0.2,
        };
        let line = format!("{}\n", serde_json::to_string(&result).unwrap());
        for cut in 0..line.len() {
            let text = format!("{line}{}", &line[..cut]);
            assert_eq!(whole_lines(text.as_bytes()), (vec![result.clone()], line.len() as u64));
        }
        assert_eq!(whole_lines(format!("{line}{line}").as_bytes()).0.len(), 2);
    }
}
