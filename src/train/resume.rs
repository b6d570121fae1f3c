//! `nnrun resume`: a run goes on from its last checkpoint, bit for bit as if it had never stopped.

use super::checkpoint::{self, Checkpoint};
use super::error::{NotResumable, ReopenError, RunError};
use super::event::Observer;
use super::memory;
use super::record::{self, DataFileRecord, Record, Status};
use super::recorder::Recorder;
use super::reopen::Reopened;
use super::run::{Begin, Outcome, RunOptions, WholeRun, load_datasets, wanted_trains};
use super::run_directory::{RunDirectory, resolve};
use super::tensorboard::TensorBoard;
use crate::check::{Checked, Overrides, check_text};
use crate::compare::{differences, written_alike};
use crate::data::Limits;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What the command line says about a run that goes on. Everything else is as it was.
#[derive(Debug, Clone)]
pub struct ResumeOptions {
    /// Workers, the calling thread among them; results do not depend on it.
    pub threads: usize,
    /// `--memory-limit`: bytes of memory that data and steps may take, in place of what the machine has.
    pub memory_limit: Option<u64>,
    /// Set from outside (Ctrl-C, termination) to end after the step that is being done.
    pub interrupt: Arc<AtomicBool>,
    /// As [`RunOptions::tensorboard`]; a run that was begun so goes on so.
    pub tensorboard: bool,
    /// As [`RunOptions::pause_after`].
    pub pause_after: Option<u64>,
    /// As [`RunOptions::limits`]: those that the run was begun with.
    pub limits: Limits,
    /// As [`RunOptions::pause`].
    pub pause: Arc<AtomicBool>,
    /// As [`RunOptions::gradients`].
    pub gradients: Option<Duration>,
}

impl Default for ResumeOptions {
    fn default() -> Self {
        let RunOptions { threads, memory_limit, tensorboard, interrupt, pause_after, limits, pause, gradients, .. } =
            RunOptions::default();
        ResumeOptions { threads, memory_limit, interrupt, tensorboard, pause_after, limits, pause, gradients }
    }
}

/// A run that can go on.
#[derive(Debug)]
pub struct Resumable {
    directory: RunDirectory,
    record: Record,
    checkpoint: Option<Checkpoint>,
    troubles: Vec<String>,
    /// Held until the run is at its end.
    _lock: File,
}

impl Resumable {
    /// Opens a run and checks its own copy of the program, which comes with it. One that is at its end, that diverged,
    /// whose program or data is not what it was, or that another process works on, is an error.
    pub fn open(run: &Path) -> Result<(Checked, Resumable), ReopenError> {
        let path = resolve(run);
        let directory = RunDirectory::reopen(&path, &Record::read(&path)?.file);
        let lock = directory.lock()?;
        // Another process may have brought it to its end before it let go of it.
        let record = Record::read(&path)?;
        let no = |why: NotResumable| {
            let left = record.trains.iter().map(|train| path.join(&train.weights)).find(|weights| weights.is_file());
            RunError::NotResumable { path: path.clone(), why, weights: left }
        };
        match record.status {
            Status::Finished => return Err(no(NotResumable::Finished).into()),
            Status::Diverged => return Err(no(NotResumable::Diverged).into()),
            Status::Running | Status::Interrupted | Status::Failed => {}
        }
        let reopened = Reopened::new(&path, &record);
        let overrides = Overrides::from(&record.overrides);
        let text = reopened.text()?;
        let checked = reopened.check(&text, &overrides)?;
        let (checkpoint, broken) = checkpoint::newest(&path);
        if record::source_fingerprint(&checked) != record.source {
            // Checkpoints have the text that the run was begun with, but for what means nothing.
            let before = checkpoint.as_ref().map(|c| check_text(reopened.file(), &c.about.text, &overrides));
            if !before.as_ref().is_some_and(|before| written_alike(before, &checked)) {
                let differences = before.map_or_else(Vec::new, |before| differences(&before, &checked));
                let differences = differences.iter().map(ToString::to_string).collect();
                return Err(no(NotResumable::OtherProgram { differences }).into());
            }
        }
        let changed = changed_files(&record, &reopened, &checked);
        if !changed.is_empty() {
            return Err(no(NotResumable::OtherData { files: changed }).into());
        }
        let mut troubles: Vec<String> =
            broken.iter().map(|(path, reason)| format!("{} is passed over: {reason}", path.display())).collect();
        if record.nnrun != env!("CARGO_PKG_VERSION") {
            troubles.push(format!(
                "the run was begun by nnrun {}, and goes on with {}: the last bits may be others",
                record.nnrun,
                env!("CARGO_PKG_VERSION")
            ));
        }
        let was_in_one = record.trains.last().is_some_and(|train| !train.is_done());
        if checkpoint.is_none() && was_in_one {
            troubles.push("there is no checkpoint any more: the train that was interrupted begins again".to_owned());
        }
        checkpoint::clean(&path);
        Ok((checked, Resumable { directory, record, checkpoint, troubles, _lock: lock }))
    }

    /// Whether the run was to record each step.
    pub fn logs_steps(&self) -> bool {
        self.record.log_steps
    }

    /// What is not as it should be and does not keep the run from going on, a line each.
    pub fn troubles(&self) -> &[String] {
        &self.troubles
    }

    /// Goes on to the end, with the program that [`Resumable::open`] gave.
    pub fn go_on(
        mut self,
        checked: &Checked,
        options: &ResumeOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, RunError> {
        let wanted = wanted_trains(checked, self.record.train.as_deref())?;
        let datasets = Arc::new(load_datasets(checked, &wanted, &options.limits)?);
        memory::check(checked, &wanted, &datasets, options.memory_limit, options.threads)?;
        // A train that was interrupted has left a record too.
        let done = self.record.trains.iter().take_while(|train| train.is_done()).count();
        self.record.trains.truncate(done);
        let next = wanted.get(done).copied();
        let checkpoint = self.checkpoint.take().filter(|checkpoint| Some(checkpoint.about.train) == next);
        let events = match &checkpoint {
            Some(checkpoint) => checkpoint.about.events,
            None => self.record.trains.last().map_or(0, |train| train.events),
        };
        let options = RunOptions {
            threads: options.threads,
            expect: self.record.expect,
            log_steps: self.record.log_steps,
            tensorboard: self.record.tensorboard || options.tensorboard,
            init: self.record.init.clone(),
            train: self.record.train.clone(),
            memory_limit: options.memory_limit,
            interrupt: Arc::clone(&options.interrupt),
            pause_after: options.pause_after,
            limits: options.limits,
            pause: Arc::clone(&options.pause),
            gradients: options.gradients,
            splits: self.record.splits.clone(),
            ..RunOptions::default()
        };
        self.record.status = Status::Running;
        self.record.tensorboard = options.tensorboard;
        self.record.write(&self.directory)?;
        let tensorboard = TensorBoard::wanted(self.directory.path(), checked, &options, &self.record);
        let recorder = Recorder::behind(&self.directory, observer, options.log_steps, events)?;
        let recorder = recorder.with_tensorboard(tensorboard);
        let (directory, record) = (&self.directory, &mut self.record);
        let whole = WholeRun { checked, options: &options, wanted: &wanted, datasets: &datasets, directory, record };
        whole.go(Begin { done, checkpoint }, recorder)
    }
}

/// The files that a run was begun with and that are not what they were, or not the same ones.
pub(super) fn changed_files(record: &Record, reopened: &Reopened, checked: &Checked) -> Vec<PathBuf> {
    let files = |data: &[DataFileRecord]| -> Vec<DataFileRecord> {
        data.iter().map(|then| DataFileRecord { file: reopened.beside(&then.file), ..then.clone() }).collect()
    };
    let then = [files(&record.data), files(&record.start_weights)].concat();
    let now = [record::data_files(checked), record::start_weights(checked, record.init.as_deref())].concat();
    let gone = then.iter().filter(|then| !now.contains(then));
    let new = now.iter().filter(|now| then.iter().all(|then| then.file != now.file));
    gone.chain(new).map(|file| file.file.clone()).collect()
}
