//! A whole file: its trains in order, its facts, its directory.

use super::error::RunError;
use super::event::{FactResult, Observer, SplitMeasures, Stopped};
use crate::check::{Checked, Overrides};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the command line says about a run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Workers, the calling thread among them.
    pub threads: usize,
    /// `--out DIR`: must not exist, or be empty.
    pub out: Option<PathBuf>,
    /// Where runs without `--out` go: `runs`.
    pub runs: PathBuf,
    /// `--init weights.safetensors`: for every train, before `load:`.
    pub init: Option<PathBuf>,
    /// `--log-steps`: whether `metrics.jsonl` holds each step. (Observers hear of each step anyway.)
    pub log_steps: bool,
    /// Whether facts are checked: `run` does, `train` does not.
    pub expect: bool,
    /// What the file was checked with; recorded, and used again when the run is opened.
    pub overrides: Overrides,
    /// Set from outside (Ctrl-C, termination) to end after the step that is being done.
    pub interrupt: Arc<AtomicBool>,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            threads: 1,
            out: None,
            runs: PathBuf::from("runs"),
            init: None,
            log_steps: false,
            expect: true,
            overrides: Overrides::default(),
            interrupt: Arc::default(),
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Where everything is.
    pub directory: PathBuf,
    /// The trains that were begun, in order.
    pub trains: Vec<TrainReport>,
    /// The facts that were checked.
    pub facts: Vec<FactResult>,
}

/// What a train came to.
#[derive(Debug, Clone)]
pub struct TrainReport {
    /// The model's name.
    pub train: Arc<str>,
    /// Epochs begun.
    pub epochs: u64,
    /// Steps taken.
    pub steps: u64,
    /// Measured at the end, with the weights that were kept.
    pub measures: SplitMeasures,
    /// Why it ended before its time.
    pub stopped: Option<Stopped>,
    /// Training and its validations.
    pub seconds: f64,
}

impl Outcome {
    /// The exit status of LANGUAGE.md: 130 interrupted, 3 a fact failed, 0 otherwise.
    pub fn exit_status(&self) -> u8 {
        if self.trains.iter().any(|t| t.stopped == Some(Stopped::Interrupted)) {
            130
        } else if self.facts.iter().any(|f| !f.ok) {
            3
        } else {
            0
        }
    }
}

/// Trains everything in the file, measures the test split, checks the facts, and leaves a directory. The file must
/// have no errors.
pub fn run(checked: &Checked, options: &RunOptions, observer: &mut dyn Observer) -> Result<Outcome, RunError> {
    let _ = (checked, options, observer);
    todo!()
}
