//! Steps of a train whose weights are thrown away: to look for a rate, or to take their time. Nothing is written.

use super::error::RunError;
use super::memory;
use super::run::{dataset_of, load_datasets};
use super::session::Prepared;
use crate::check::{Checked, Settings, Train};
use crate::data::{Dataset, Limits};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the command line says of every trial.
#[derive(Debug, Clone)]
pub struct TrialOptions {
    /// Workers, the calling thread among them; results do not depend on it.
    pub threads: usize,
    /// `--init weights.safetensors`: the weights to begin with, before `load:`.
    pub init: Option<PathBuf>,
    /// `--memory-limit`: bytes of memory that data and steps may take, in place of what the machine has.
    pub memory_limit: Option<u64>,
    /// Set from outside to end after the step that is being done.
    pub interrupt: Arc<AtomicBool>,
}

/// Prepares a train of the file by index, with other settings, to do steps of.
///
/// # Errors
/// Data that cannot be read or does not fit into memory, weights that do not fit.
pub(super) fn with_prepared<T>(
    checked: &Checked,
    index: usize,
    change: impl FnOnce(&mut Settings),
    options: &TrialOptions,
    work: impl FnOnce(&Train, &Dataset, Prepared<'_>) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let Some(train) = checked.program.trains.get(index) else {
        return Err(RunError::NoTrain { wanted: None, trains: Vec::new() });
    };
    let mut train = train.clone();
    change(&mut train.settings);
    let datasets = load_datasets(checked, &[index], &Limits::USUAL)?;
    memory::check_train(checked, &train, &datasets, options.memory_limit, options.threads)?;
    let dataset = dataset_of(&train, &datasets)?;
    let mut prepared = Prepared::new(&train, dataset, options.threads)?;
    prepared.begin_with(&train, None, options.init.as_deref())?;
    work(&train, dataset, prepared)
}
