//! `run.json`: what a run was made of, and how it ended.

use super::error::RunError;
use super::event::{FactResult, SplitMeasures, Stopped};
use super::fingerprint;
use super::history::runs_below;
use super::run::RunOptions;
use super::run_directory::{LATEST, RunDirectory, runs_of};
use crate::check::{Checked, Overrides, Program, Train, set_path};
use crate::data::{SourceSpec, Split, image_files};
use crate::diagnostics::io_reason;
use crate::source::Span;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Name of the file.
pub(super) const RECORD: &str = "run.json";
/// What a sweep asked, and at the end its best.
pub(super) const SWEEP: &str = "sweep.json";
/// Where a sweep has the runs of its points.
pub(super) const POINTS: &str = "points";
/// Name of the copy of the source.
pub(super) const SOURCE: &str = "model.nn";
/// Name of the file with what was estimated from the data, by data block.
pub(super) const FITTED: &str = "fitted.json";
/// Name of the file with the events.
pub(super) const EVENTS: &str = "metrics.jsonl";

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Running,
    Finished,
    Interrupted,
    Diverged,
    Failed,
}

/// The content of `run.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) nnrun: String,
    pub(super) status: Status,
    /// The `.nn` file as it was named, and in full.
    pub(super) file: PathBuf,
    pub(super) absolute: PathBuf,
    /// Fingerprint of its text.
    pub(super) source: String,
    pub(super) imports: Vec<ImportRecord>,
    pub(super) overrides: OverridesRecord,
    pub(super) threads: usize,
    /// When it was begun, in seconds since 1970; not known of runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) started: Option<u64>,
    /// The system and the processor that it was begun on: `linux x86_64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<String>,
    /// The model whose trains were wanted: `--train`; all where there is none.
    #[serde(default)]
    pub(super) train: Option<String>,
    /// The weights that it began with, in full: `--init`.
    #[serde(default)]
    pub(super) init: Option<PathBuf>,
    /// Whether facts are checked.
    #[serde(default = "yes")]
    pub(super) expect: bool,
    /// Whether `metrics.jsonl` holds each step.
    #[serde(default)]
    pub(super) log_steps: bool,
    /// Whether TensorBoard's event files are written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) tensorboard: bool,
    /// The splits that are measured at the end, where those are not the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) splits: Option<Vec<Split>>,
    pub(super) data: Vec<DataFileRecord>,
    /// The files of weights that its trains begin with: `--init`, `load:`.
    #[serde(default)]
    pub(super) start_weights: Vec<DataFileRecord>,
    /// What all trains of the file begin with; not known of runs of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) planned: Vec<PlannedTrain>,
    pub(super) trains: Vec<TrainRecord>,
}

/// What is known of a train, or of a phase of one, before it begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PlannedTrain {
    pub(super) model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<String>,
    pub(super) data: String,
    pub(super) batch: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) accumulate: Option<usize>,
    pub(super) optimizer: String,
}

/// A file that the source imports.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ImportRecord {
    pub(super) file: PathBuf,
    pub(super) copy: String,
    pub(super) fingerprint: String,
}

/// What the command line changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct OverridesRecord {
    pub(super) set: Vec<(String, String)>,
    pub(super) epochs: Option<u64>,
    pub(super) seed: Option<u64>,
}

/// A file of data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DataFileRecord {
    pub(super) file: PathBuf,
    pub(super) bytes: u64,
    pub(super) fingerprint: String,
}

/// A train that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TrainRecord {
    pub(super) model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<String>,
    pub(super) data: String,
    pub(super) weights: String,
    pub(super) seed: u64,
    pub(super) batch: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) accumulate: Option<usize>,
    pub(super) optimizer: String,
    pub(super) epochs: u64,
    pub(super) steps: u64,
    pub(super) stopped: Option<String>,
    pub(super) kept_epoch: Option<u64>,
    pub(super) seconds: f64,
    pub(super) measures: BTreeMap<String, Value>,
    /// The measures of which more is better.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rising: Vec<String>,
    #[serde(default)]
    pub(super) facts: Vec<FactRecord>,
    /// Bytes of `metrics.jsonl` at its end.
    #[serde(default)]
    pub(super) events: u64,
    /// Fingerprint of the file of its weights at its end.
    #[serde(default)]
    pub(super) fingerprint: String,
}

/// A fact that was checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FactRecord {
    pub(super) text: String,
    pub(super) ok: bool,
    pub(super) value: Option<f64>,
}

impl From<&FactResult> for FactRecord {
    fn from(fact: &FactResult) -> Self {
        FactRecord { text: fact.text.clone(), ok: fact.ok, value: fact.value.filter(|x| x.is_finite()) }
    }
}

impl OverridesRecord {
    /// Whether a source is what `--set` says rather than a file.
    fn names(&self, source: &Path) -> bool {
        self.set.iter().any(|(name, value)| source == set_path(name, value))
    }
}

impl From<&Overrides> for OverridesRecord {
    fn from(overrides: &Overrides) -> Self {
        OverridesRecord { set: overrides.set.clone(), epochs: overrides.epochs, seed: overrides.seed }
    }
}

impl From<&OverridesRecord> for Overrides {
    fn from(record: &OverridesRecord) -> Self {
        Overrides { set: record.set.clone(), epochs: record.epochs, seed: record.seed, ..Overrides::default() }
    }
}

impl Record {
    /// The record of a run that begins.
    pub(super) fn new(checked: &Checked, options: &RunOptions) -> Record {
        let file = checked.sources.file(checked.file);
        let overrides = OverridesRecord::from(&options.overrides);
        let is_import = |path: &Path| !overrides.names(path);
        let imports =
            checked.sources.files().filter(|(id, file)| *id != checked.file && is_import(&file.path)).enumerate();
        Record {
            nnrun: env!("CARGO_PKG_VERSION").to_owned(),
            status: Status::Running,
            file: file.path.clone(),
            absolute: in_full(&file.path),
            source: source_fingerprint(checked),
            imports: imports
                .map(|(number, (_, file))| ImportRecord {
                    file: file.path.clone(),
                    copy: format!("imports/{}-{}", number + 1, file_name(&file.path)),
                    fingerprint: fingerprint::of_bytes(file.text.as_bytes()),
                })
                .collect(),
            overrides,
            threads: options.threads,
            started: SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs()),
            platform: Some(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
            train: options.train.clone(),
            init: options.init.as_deref().map(in_full),
            expect: options.expect,
            log_steps: options.log_steps,
            tensorboard: options.tensorboard,
            splits: options.splits.clone(),
            data: data_files(checked),
            start_weights: start_weights(checked, options.init.as_deref()),
            planned: checked.program.trains.iter().map(|train| PlannedTrain::of(train, &checked.program)).collect(),
            trains: Vec::new(),
        }
    }

    /// Whether its last train ended because no more was wanted of it for now.
    pub(super) fn is_paused(&self) -> bool {
        self.trains.last().is_some_and(|train| train.stopped.as_deref() == Some(Stopped::Paused.word()))
    }

    /// Writes it.
    pub(super) fn write(&self, directory: &RunDirectory) -> Result<(), RunError> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| RunError::Internal { stage: "run.json", message: error.to_string() })?;
        text.push('\n');
        directory.write(RECORD, text.as_bytes())
    }

    /// Copies the source and what it imports.
    pub(super) fn write_sources(&self, checked: &Checked, directory: &RunDirectory) -> Result<(), RunError> {
        directory.write(SOURCE, checked.sources.file(checked.file).text.as_bytes())?;
        for import in &self.imports {
            if let Some(id) = checked.sources.find(&import.file) {
                directory.write(&import.copy, checked.sources.file(id).text.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Reads that of a run.
    pub(super) fn read(run: &Path) -> Result<Record, RunError> {
        let path = run.join(RECORD);
        let not_a_run = |reason: String| RunError::NotARun { path: run.to_owned(), reason };
        let text = std::fs::read_to_string(&path).map_err(|error| not_a_run(why_no_run(run, &error)))?;
        let mut record: Record =
            serde_json::from_str(&text).map_err(|error| not_a_run(format!("{RECORD}: {error}")))?;
        // Older versions took `--set` for a file, which then is never what it was.
        record.imports.retain(|import| !record.overrides.names(&import.file));
        Ok(record)
    }
}

/// The step in which a run diverged, as its events tell.
pub(super) fn diverged_at(run: &Path) -> Option<u64> {
    diverged_in(run).map(|(_, step)| step)
}

/// The epoch and the step in which a run diverged, as its events tell.
pub(super) fn diverged_in(run: &Path) -> Option<(u64, u64)> {
    let events = std::fs::read_to_string(run.join(EVENTS)).ok()?;
    let told = events.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let event = told.into_iter().find(|event| event["event"] == "diverged")?;
    Some((event["epoch"].as_u64()?, event["step"].as_u64()?))
}

/// Why a path is no run: what was probably meant is next to it.
fn why_no_run(run: &Path, error: &std::io::Error) -> String {
    let shown = run.display();
    if run.join(LATEST).exists() {
        return format!("the runs are in it; name one, such as {shown}/{LATEST}");
    }
    if run.join(POINTS).is_dir() {
        let best = best_point(run).map(|best| format!("{shown}/{best}, the best"));
        let best = best.unwrap_or_else(|| format!("{shown}/{POINTS}/1"));
        return format!("it is a sweep, in which each point has one, such as {best}");
    }
    let mut below = runs_below(run);
    below.sort();
    if let Some(first) = below.first() {
        return format!("there are runs in folders of it; name one, such as {}", first.display());
    }
    let newest = runs_of(run, Path::new("runs")).join(LATEST);
    match (run.is_file(), std::fs::read_dir(run).map(|mut entries| entries.next().is_none())) {
        (true, _) if newest.exists() => format!("a run is a folder, such as {}", newest.display()),
        (true, _) => "a run is a folder".to_owned(),
        _ if !run.exists() => "there is no such folder".to_owned(),
        (false, Ok(true)) => "it is empty, for what was begun there ended before anything was written".to_owned(),
        _ => format!("{RECORD}: {}", io_reason(error)),
    }
}

/// The run of the best point of a sweep that is at its end, in its directory.
fn best_point(sweep: &Path) -> Option<String> {
    let record: Value = serde_json::from_slice(&std::fs::read(sweep.join(SWEEP)).ok()?).ok()?;
    record.get("best")?.get("run")?.as_str().map(str::to_owned)
}

impl PlannedTrain {
    fn of(train: &Train, program: &Program) -> PlannedTrain {
        PlannedTrain {
            model: train.name.to_string(),
            phase: train.phase.as_ref().map(|phase| phase.name.to_string()),
            data: program.data.get(train.data).map_or_else(String::new, |data| data.name.to_string()),
            batch: train.settings.batch,
            accumulate: train.settings.accumulate,
            optimizer: train.settings.optimizer.entry.name.to_owned(),
        }
    }
}

impl TrainRecord {
    /// The facts of the program that were checked behind it.
    pub(super) fn fact_results(&self, program: &Program) -> impl Iterator<Item = FactResult> {
        self.facts.iter().map(|fact| FactResult {
            text: fact.text.clone(),
            ok: fact.ok,
            value: fact.value,
            span: program.facts.iter().find(|now| now.text == fact.text).map_or(Span::default(), |now| now.span),
            note: None,
        })
    }

    /// Whether it came to its end.
    pub(super) fn is_done(&self) -> bool {
        ![Stopped::Interrupted, Stopped::Paused].iter().any(|stopped| self.stopped.as_deref() == Some(stopped.word()))
    }

    pub(super) fn set_measures(&mut self, measures: &SplitMeasures) {
        self.measures = measures.splits.iter().map(|(s, m)| (s.name().to_owned(), m.to_json())).collect();
    }

    pub(super) fn set_stopped(&mut self, stopped: Option<Stopped>) {
        self.stopped = stopped.map(|s| s.word().to_owned());
    }
}

/// The fingerprint of the file and everything that it imports.
pub(super) fn source_fingerprint(checked: &Checked) -> String {
    let mut fingerprint = fingerprint::Fingerprint::new();
    fingerprint.add(checked.sources.file(checked.file).text.as_bytes());
    for (_, file) in checked.sources.files().filter(|(id, _)| *id != checked.file) {
        fingerprint.add(&[0]);
        fingerprint.add(file.text.as_bytes());
    }
    fingerprint.text()
}

/// The files of weights that the trains of a file begin with, those that can be read; `init` is that of the command line.
pub(super) fn start_weights(checked: &Checked, init: Option<&Path>) -> Vec<DataFileRecord> {
    let loaded =
        checked.program.trains.iter().filter_map(|train| train.settings.load.as_ref().map(|(file, _)| file.clone()));
    let files = init.map(in_full).into_iter().chain(loaded);
    let record = |file: PathBuf| {
        let (fingerprint, bytes) = fingerprint::of_file(&file).ok()?;
        Some(DataFileRecord { file, bytes, fingerprint })
    };
    files.filter_map(record).collect()
}

fn in_full(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn yes() -> bool {
    true
}

/// The files that the data of the trains comes from, those that can be read.
pub(super) fn data_files(checked: &Checked) -> Vec<DataFileRecord> {
    let mut found: BTreeMap<PathBuf, DataFileRecord> = BTreeMap::new();
    let mut add = |source: &SourceSpec| {
        for (folder, images) in image_files(source) {
            if !found.contains_key(&folder.path)
                && let Ok((fingerprint, bytes)) = fingerprint::of_files(images.iter().map(|image| image.path.as_path()))
            {
                let record = DataFileRecord { file: folder.path.clone(), bytes, fingerprint };
                found.insert(folder.path, record);
            }
        }
        let files = source.files().map(|f| f.parts()).unwrap_or_default();
        for file in files.into_iter().flat_map(|(_, files)| files) {
            if !found.contains_key(&file.path)
                && let Ok((fingerprint, bytes)) = fingerprint::of_file(&file.path)
            {
                let record = DataFileRecord { file: file.path.clone(), bytes, fingerprint };
                found.insert(file.path.clone(), record);
            }
        }
    };
    for train in &checked.program.trains {
        let Some(block) = checked.program.data.get(train.data) else { continue };
        for field in &block.plan.fields {
            field.expr.sources().into_iter().for_each(&mut add);
        }
    }
    found.into_values().collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "import.nn".to_owned(), |name| name.to_string_lossy().into_owned())
}
