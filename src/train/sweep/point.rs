//! One point: a run of its own, begun, gone on with, or read again.

use super::super::error::RunError;
use super::super::event::{Event, Observer, Stopped};
use super::super::record::{self, RECORD, Record, Status};
use super::super::resume::{Resumable, ResumeOptions};
use super::super::run::{RunOptions, run};
use super::record::{PointResult, PointStatus};
use crate::check::{Overrides, check_text};
use crate::data::Split;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// All that a point needs, whichever it is.
#[derive(Clone)]
pub(super) struct Around<'s> {
    /// The program and the file that it stands for.
    pub(super) text: &'s str,
    pub(super) file: &'s Path,
    /// Of each point.
    pub(super) threads: usize,
    pub(super) memory_limit: Option<u64>,
    pub(super) init: Option<PathBuf>,
    pub(super) tensorboard: bool,
    /// The splits that are measured; the test split never is.
    pub(super) splits: Vec<Split>,
    pub(super) interrupt: Arc<AtomicBool>,
}

/// What is to be done.
pub(super) struct Task {
    /// From 1.
    pub(super) number: usize,
    pub(super) rung: usize,
    /// The epoch behind which it ends for now.
    pub(super) until: Option<u64>,
    pub(super) directory: PathBuf,
    /// With those of the point.
    pub(super) overrides: Overrides,
}

/// What came of a task.
pub(super) struct Done {
    /// None where it was interrupted.
    pub(super) result: Option<PointResult>,
    /// What was not as it should be, a line each.
    pub(super) troubles: Vec<String>,
}

/// Keeps what else is told of a run.
#[derive(Default)]
struct Troubles(Vec<String>);

impl Observer for Troubles {
    fn event(&mut self, _event: &Event) {}

    fn trouble(&mut self, message: &str) {
        self.0.push(message.to_owned());
    }
}

impl Task {
    /// Runs the point, or goes on with what an earlier process left of it.
    pub(super) fn run(&self, around: &Around) -> Done {
        let mut troubles = Troubles::default();
        // A mistake of ours in one point must not take the others with it.
        let run = || self.run_or_go_on(around, &mut troubles);
        let result = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Some(self.failed(&error)),
            Err(_) => {
                let message = "a mistake of nnrun itself ended it".to_owned();
                Some(self.failed(&RunError::Internal { stage: "sweep", message }))
            }
        };
        Done { result, troubles: troubles.0 }
    }

    fn run_or_go_on(&self, around: &Around, troubles: &mut Troubles) -> Result<Option<PointResult>, RunError> {
        let known = self.read()?;
        // Where results are lost, a run may be there that went on behind the rung: what it was at its end, only another
        // run says.
        let is_beyond = |result: &PointResult| self.until.is_some_and(|until| result.epochs > until);
        if known.as_ref().is_some_and(is_beyond) {
            self.begin(around, troubles)?;
            return self.read();
        }
        if let Some(result) = known.filter(|result| result.status != PointStatus::Paused) {
            return Ok(Some(result));
        }
        let outcome = match self.directory.join(RECORD).is_file().then(|| Resumable::open(&self.directory)) {
            Some(Ok((checked, resumable))) => {
                troubles.0.extend(resumable.troubles().iter().cloned());
                let options = ResumeOptions {
                    threads: around.threads,
                    memory_limit: around.memory_limit,
                    interrupt: Arc::clone(&around.interrupt),
                    tensorboard: around.tensorboard,
                    pause_after: self.until,
                    ..ResumeOptions::default()
                };
                resumable.go_on(&checked, &options, troubles)
            }
            // It was ended before there was anything to go on from.
            Some(Err(_)) | None => self.begin(around, troubles),
        };
        match outcome {
            Ok(outcome) if outcome.trains.iter().any(|train| train.stopped == Some(Stopped::Interrupted)) => Ok(None),
            Err(RunError::Interrupted) => Ok(None),
            Ok(_) | Err(RunError::Diverged(_)) => {
                let missing = || RunError::Internal { stage: "sweep", message: "the run left no result".to_owned() };
                self.read()?.map(Some).ok_or_else(missing)
            }
            Err(error) => Err(error),
        }
    }

    fn begin(&self, around: &Around, troubles: &mut Troubles) -> Result<super::super::Outcome, RunError> {
        if self.directory.exists() {
            std::fs::remove_dir_all(&self.directory).map_err(|error| RunError::write(&self.directory, &error))?;
        }
        let checked = check_text(around.file, around.text, &self.overrides);
        if checked.has_errors() {
            return Err(RunError::Source(checked.diagnostics));
        }
        let options = RunOptions {
            threads: around.threads,
            out: Some(self.directory.clone()),
            init: around.init.clone(),
            tensorboard: around.tensorboard,
            expect: false,
            memory_limit: around.memory_limit,
            overrides: self.overrides.clone(),
            interrupt: Arc::clone(&around.interrupt),
            splits: Some(around.splits.clone()),
            pause_after: self.until,
            ..RunOptions::default()
        };
        run(&checked, &options, troubles)
    }

    /// What the directory of the run says of it; none where the run is not at the end of anything.
    fn read(&self) -> Result<Option<PointResult>, RunError> {
        if !self.directory.join(RECORD).is_file() {
            return Ok(None);
        }
        let Ok(record) = Record::read(&self.directory) else { return Ok(None) };
        let last = record.trains.last();
        let status = match record.status {
            Status::Finished => PointStatus::Finished,
            Status::Diverged => PointStatus::Diverged,
            Status::Interrupted if record.is_paused() => PointStatus::Paused,
            Status::Running | Status::Interrupted | Status::Failed => return Ok(None),
        };
        let mut result = self.result(status);
        if status == PointStatus::Diverged {
            (result.epochs, result.steps) = record::diverged_in(&self.directory).unwrap_or_default();
        } else if let Some(train) = last {
            (result.epochs, result.steps) = (train.epochs, train.steps);
            result.stopped = train.stopped.clone();
            result.measures = train.measures.clone();
        }
        result.seconds = record.trains.iter().map(|train| train.seconds).fold(0.0, |sum, seconds| sum + seconds);
        Ok(Some(result))
    }

    fn failed(&self, error: &RunError) -> PointResult {
        let mut message = error.to_string();
        if let RunError::Source(diagnostics) = error
            && let Some(first) = diagnostics.iter().find(|d| d.is_error())
        {
            message = first.message.clone();
        }
        PointResult { error: Some(message), ..self.result(PointStatus::Failed) }
    }

    fn result(&self, status: PointStatus) -> PointResult {
        PointResult {
            point: self.number,
            rung: self.rung,
            status,
            epochs: 0,
            steps: 0,
            stopped: None,
            measures: BTreeMap::new(),
            error: None,
            seconds: 0.0,
        }
    }
}
