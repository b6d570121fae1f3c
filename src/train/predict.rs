//! Predictions of a trained model for new data.

use super::error::RunError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to predict.
#[derive(Debug, Clone)]
pub struct PredictOptions {
    /// The model, where the run has several.
    pub model: Option<String>,
    /// A CSV (or what the model's data is read from: `.idx`, `.npy`) with the columns that the model's inputs need.
    pub input: PathBuf,
    /// `.csv` or `.npy`.
    pub output: PathBuf,
    /// Workers.
    pub threads: usize,
}

/// What was predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// Rows.
    pub rows: usize,
    /// Names of the columns, as written to a CSV.
    pub columns: Vec<String>,
    /// The model.
    pub model: Arc<str>,
}

/// Predicts for the rows of `input`, in their order, with the weights of a run.
pub fn predict(run: &Path, options: &PredictOptions) -> Result<Predicted, RunError> {
    let _ = (run, options);
    todo!()
}
