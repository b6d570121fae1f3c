//! A run opened again: its source, its weights, what was fitted to its data.

use super::error::RunError;
use super::event::Measures;
use crate::data::Split;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The measures of one model on one split.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The model.
    pub train: Arc<str>,
    /// The split.
    pub split: Split,
    /// Loss and metrics.
    pub measures: Measures,
}

/// Measures a split again with the weights of a run, for each of its models (the last train of each); without a
/// split, every split that there is.
pub fn evaluate(run: &Path, split: Option<Split>, threads: usize) -> Result<Vec<Evaluated>, RunError> {
    let _ = (run, split, threads);
    todo!()
}

/// The newest run of a file: `runs/iris/latest` of `iris.nn`, resolved. None where there is none.
pub fn latest_run(file: &Path, runs: &Path) -> Option<PathBuf> {
    let _ = (file, runs);
    None
}
