//! What the directory of a run tells of it: settings, events, measures. Nothing is checked or computed again.

use super::error::RunError;
use super::record::{POINTS, PlannedTrain, RECORD, Record, SOURCE, Status, TrainRecord};
use super::recorded_events::events;
use super::run_directory::{RunDirectory, resolve};
use crate::catalog::{self, Body, EntryKind};
use crate::check::title_of;
use crate::data::Split;
use crate::diagnostics::io_reason;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It came to its end.
    Finished,
    /// It came to its end before its time: `stop: patience(…)`.
    StoppedEarly,
    /// It was asked to end, and can go on.
    Interrupted,
    /// A point of a sweep that was given up for better ones.
    Halved,
    /// It came upon a number that is not finite.
    Diverged,
    /// It ended by an error.
    Failed,
    /// A process works on it now.
    Running,
    /// It was killed, and can go on.
    Unfinished,
}

impl RunState {
    /// As tables and JSON say it.
    pub fn word(self) -> &'static str {
        match self {
            RunState::Finished => "finished",
            RunState::StoppedEarly => "stopped early",
            RunState::Interrupted => "interrupted",
            RunState::Halved => "stopped by halving",
            RunState::Diverged => "diverged",
            RunState::Failed => "failed",
            RunState::Running => "running",
            RunState::Unfinished => "unfinished",
        }
    }

    /// Whether its weights are a result.
    pub fn is_at_its_end(self) -> bool {
        matches!(self, RunState::Finished | RunState::StoppedEarly)
    }
}

/// A run as its directory has it.
#[derive(Debug, Clone)]
pub struct RunHistory {
    /// The directory, links followed.
    pub directory: PathBuf,
    /// The version of nnrun that began it.
    pub nnrun: String,
    /// How it stands.
    pub state: RunState,
    /// The program, as it was named.
    pub file: PathBuf,
    /// When it began, in seconds since 1970; of a run of an older version, when its record was last written.
    pub started: Option<u64>,
    /// System and processor: `linux x86_64`; not known of runs of older versions.
    pub platform: Option<String>,
    /// Workers that it began with.
    pub threads: usize,
    /// `--set`, in order.
    pub set: Vec<(String, String)>,
    /// `--epochs`
    pub epochs: Option<u64>,
    /// `--seed`
    pub seed: Option<u64>,
    /// `--train`
    pub train: Option<String>,
    /// `--init`
    pub init: Option<PathBuf>,
    /// Whether facts are checked: it was begun by `run`, not by `train`.
    pub expect: bool,
    /// Whether its events hold each step.
    pub log_steps: bool,
    /// Whether TensorBoard's event files were written.
    pub tensorboard: bool,
    /// The files that its data and first weights come from.
    pub data: Vec<DataFileFacts>,
    /// The files that its program imports, each with the name of its copy in the directory.
    pub imports: Vec<(PathBuf, String)>,
    /// The trains that were begun, in order; each phase is one.
    pub trains: Vec<TrainHistory>,
    /// Of a summary whose end is known: why its events cannot be read. All else is as its record says.
    pub damage: Option<String>,
}

/// A file of data as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFileFacts {
    /// Which.
    pub file: PathBuf,
    /// How long it was.
    pub bytes: u64,
    /// Of its content.
    pub fingerprint: String,
}

/// The measures of a split, in their order. A number that was not finite is null.
pub type RecordedMeasures = Map<String, Value>;

/// A train, or a phase of one, as its run tells of it.
#[derive(Debug, Clone, Default)]
pub struct TrainHistory {
    /// The model.
    pub model: String,
    /// The phase, where it has some.
    pub phase: Option<String>,
    /// Trainable numbers.
    pub parameters: Option<u64>,
    /// Its seed.
    pub seed: Option<u64>,
    /// Workers when it last began or went on.
    pub threads: Option<u64>,
    /// Of its data block.
    pub data: Option<String>,
    /// Examples that are computed at once.
    pub batch: Option<usize>,
    /// How many batches a step sees, where that is said.
    pub accumulate: Option<usize>,
    /// Name of the optimizer.
    pub optimizer: Option<String>,
    /// Epochs begun.
    pub epochs: u64,
    /// Steps taken.
    pub steps: u64,
    /// `patience` or `interrupted`; none where it went on to its end, or has not come to it.
    pub stopped: Option<String>,
    /// The epoch whose weights were kept.
    pub kept_epoch: Option<u64>,
    /// Training and its validations.
    pub seconds: f64,
    /// Where it went on after a stop: epochs begun and steps taken before.
    pub resumed: Vec<(u64, u64)>,
    /// A report after an epoch or at a validation, each.
    pub points: Vec<Point>,
    /// Each step, where the run was to record them.
    pub logged_steps: Vec<LoggedStep>,
    /// At the end, by split, in the order train, validation, test.
    pub measures: Vec<(Split, RecordedMeasures)>,
    /// The measures of which more is better, where it came to its end.
    pub rising: Vec<String>,
    /// The facts that were checked behind it.
    pub facts: Vec<CheckedFact>,
    /// Where it diverged.
    pub diverged: Option<DivergedAt>,
}

/// A report after an epoch or at a validation.
#[derive(Debug, Clone, Default)]
pub struct Point {
    /// From 1.
    pub epoch: u64,
    /// Steps so far.
    pub step: u64,
    /// Learning rate of the last step.
    pub lr: Option<f64>,
    /// Measures of the training split.
    pub train: RecordedMeasures,
    /// Measures of the validation split, where it was measured.
    pub validation: Option<RecordedMeasures>,
}

/// A step that was recorded.
#[derive(Debug, Clone, Copy)]
pub struct LoggedStep {
    /// From 1.
    pub step: u64,
    /// Of its batch; none where it was not finite.
    pub loss: Option<f64>,
    /// Its learning rate.
    pub lr: Option<f64>,
}

/// A fact of `expect`.
#[derive(Debug, Clone)]
pub struct CheckedFact {
    /// As written.
    pub text: String,
    /// Whether it held.
    pub ok: bool,
    /// What was measured, where that is a number.
    pub value: Option<f64>,
}

/// Where a train diverged.
#[derive(Debug, Clone)]
pub struct DivergedAt {
    /// From 1.
    pub epoch: u64,
    /// From 1.
    pub step: u64,
    /// The code of what went wrong.
    pub code: String,
    /// The line of the source in which the first number that is not finite arose, where it is known.
    pub line: Option<u64>,
}

impl TrainHistory {
    /// Whether more of a measure is better. What neither the record nor the catalog knows is taken for a loss.
    pub fn is_rising(&self, measure: &str) -> bool {
        let in_catalog = || match catalog::find(measure, &[EntryKind::Metric]).map(|entry| &entry.body) {
            Some(Body::Metric(definition)) => definition.higher_is_better,
            _ => false,
        };
        self.rising.iter().any(|name| name == measure) || in_catalog()
    }

    /// What it is called: `Net`, `Net, phase head`.
    pub fn title(&self) -> String {
        title_of(&self.model, self.phase.as_deref())
    }

    /// What is known of a split: the measures at the end, else the last ones on the way.
    pub fn latest(&self, split: Split) -> Option<&RecordedMeasures> {
        let at_the_end = self.measures.iter().find(|(of, _)| *of == split).map(|(_, measures)| measures);
        at_the_end.or_else(|| {
            let mut on_the_way = self.points.iter().rev();
            match split {
                Split::Train => on_the_way.next().map(|point| &point.train),
                Split::Validation => on_the_way.find_map(|point| point.validation.as_ref()),
                Split::Test => None,
            }
        })
    }

    /// What was known before it began.
    fn begin(&mut self, planned: &PlannedTrain) {
        self.data = Some(planned.data.clone());
        self.batch = Some(planned.batch);
        self.accumulate = planned.accumulate;
        self.optimizer = Some(planned.optimizer.clone());
    }

    /// What its record says, which was written at its end.
    fn complete(&mut self, record: &TrainRecord) {
        self.model.clone_from(&record.model);
        self.phase.clone_from(&record.phase);
        self.seed = Some(record.seed);
        self.data = Some(record.data.clone());
        self.batch = Some(record.batch);
        self.accumulate = record.accumulate;
        self.optimizer = Some(record.optimizer.clone());
        self.epochs = record.epochs;
        self.steps = record.steps;
        self.stopped.clone_from(&record.stopped);
        self.kept_epoch = record.kept_epoch;
        self.seconds = record.seconds;
        self.rising.clone_from(&record.rising);
        let of = |split: &Split| record.measures.get(split.name()).and_then(Value::as_object).cloned();
        self.measures = Split::ALL.into_iter().filter_map(|split| Some((split, of(&split)?))).collect();
        let fact = |f: &super::record::FactRecord| CheckedFact { text: f.text.clone(), ok: f.ok, value: f.value };
        self.facts = record.facts.iter().map(fact).collect();
    }
}

impl RunHistory {
    /// Reads everything that a directory tells of its run. Links are followed, `runs/<file>/latest` too.
    ///
    /// Errors: it is no run, or its record or a line of its events is damaged. A last line that was being written when
    /// the process was killed is no damage.
    pub fn read(run: &Path) -> Result<RunHistory, RunError> {
        RunHistory::with(run, true)
    }

    /// The same without the steps and reports on the way where its end is known: enough to list it, quickly.
    ///
    /// Errors: those of [`RunHistory::read`]; that of events that are not needed is [`RunHistory::damage`].
    pub fn summary(run: &Path) -> Result<RunHistory, RunError> {
        RunHistory::with(run, false)
    }

    fn with(run: &Path, with_events: bool) -> Result<RunHistory, RunError> {
        let directory = resolve(run);
        let record = Record::read(&directory)?;
        let is_done = record.status == Status::Finished;
        // How far a run came that is not at its end, only its events tell. Those of others are looked through for damage,
        // unless each step is among them, which would take long.
        let is_needed = with_events || !is_done;
        let found = (is_needed || !record.log_steps).then(|| events(&directory, with_events)).transpose();
        let (mut trains, damage) = match found {
            Err(error) if is_needed => return Err(error),
            Err(error) => (Vec::new(), Some(error.to_string())),
            Ok(found) => (found.filter(|_| is_needed).unwrap_or_default(), None),
        };
        let mut planned: Vec<&PlannedTrain> = record.planned.iter().collect();
        for train in &mut trains {
            // Of several of one model each has its own.
            if let Some(at) = planned.iter().position(|p| p.model == train.model && p.phase == train.phase) {
                train.begin(planned.remove(at));
            }
        }
        trains.resize(trains.len().max(record.trains.len()), TrainHistory::default());
        for (train, record) in trains.iter_mut().zip(&record.trains) {
            train.complete(record);
        }
        let stopped_early = || record.trains.iter().any(|train| train.stopped.as_deref() == Some("patience"));
        let state = match record.status {
            Status::Finished if stopped_early() => RunState::StoppedEarly,
            Status::Finished => RunState::Finished,
            // Elsewhere somebody who watched it wanted it to end.
            Status::Interrupted if record.is_paused() && is_point(&directory) => RunState::Halved,
            Status::Interrupted => RunState::Interrupted,
            Status::Diverged => RunState::Diverged,
            Status::Failed => RunState::Failed,
            Status::Running if RunDirectory::is_locked(&directory) => RunState::Running,
            Status::Running => RunState::Unfinished,
        };
        let data = record.data.into_iter().chain(record.start_weights);
        Ok(RunHistory {
            state,
            started: record.started.or_else(|| written_at(&directory)),
            directory,
            nnrun: record.nnrun,
            file: record.file,
            platform: record.platform,
            threads: record.threads,
            set: record.overrides.set,
            epochs: record.overrides.epochs,
            seed: record.overrides.seed,
            train: record.train,
            init: record.init,
            expect: record.expect,
            log_steps: record.log_steps,
            tensorboard: record.tensorboard,
            data: data.map(|d| DataFileFacts { file: d.file, bytes: d.bytes, fingerprint: d.fingerprint }).collect(),
            imports: record.imports.into_iter().map(|import| (import.file, import.copy)).collect(),
            trains,
            damage,
        })
    }

    /// The program as it ran: its text, or why that cannot be read.
    pub fn source(&self) -> Result<String, String> {
        self.copy(SOURCE)
    }

    /// The text of a copy in the directory, or why it cannot be read.
    pub fn copy(&self, name: &str) -> Result<String, String> {
        std::fs::read_to_string(self.directory.join(name)).map_err(|error| format!("{name}: {}", io_reason(&error)))
    }
}

/// Whether a run is that of a point of a sweep.
fn is_point(directory: &Path) -> bool {
    directory.parent().and_then(Path::file_name).is_some_and(|name| name == POINTS)
}

/// Whether a path is the directory of a run.
pub fn is_run(path: &Path) -> bool {
    path.join(RECORD).is_file()
}

/// The runs in a folder of runs, in the folders in it, and it itself where it is one; unordered.
pub fn runs_below(folder: &Path) -> Vec<PathBuf> {
    folders_below(folder, is_run)
}

/// The folder, or those in it and in the folders in it, that are what is looked for.
pub(super) fn folders_below(folder: &Path, is_wanted: fn(&Path) -> bool) -> Vec<PathBuf> {
    // `latest` is a link to a run that is there anyway.
    let folders = |of: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(of).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
    };
    if is_wanted(folder) {
        return vec![folder.to_owned()];
    }
    let mut found = Vec::new();
    for below in folders(folder) {
        match is_wanted(&below) {
            true => found.push(below),
            false => found.extend(folders(&below).into_iter().filter(|path| is_wanted(path))),
        }
    }
    found
}

/// When the record was last written, in seconds since 1970.
fn written_at(run: &Path) -> Option<u64> {
    let written = std::fs::metadata(run.join(RECORD)).ok()?.modified().ok()?;
    written.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}
