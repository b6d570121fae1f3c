//! A run opened again: its source, its weights, what was fitted to its data.

use super::error::{ReopenError, RunError};
use super::event::{Measures, SplitMeasures};
use super::measuring::Measurer;
use super::record::{self, FITTED, OverridesRecord, Record, SOURCE, Status, TrainRecord};
use super::run::weights_name;
use super::run_directory::resolve;
use super::weights::Weights;
use super::{fingerprint, weights_file};
use crate::check::{Checked, Overrides, Train, check_text};
use crate::compile;
use crate::data::{Dataset, Fitted, SHARE_INPUT, Split, apply, partner_of};
use crate::diagnostics::io_reason;
use crate::runtime::{Session, States};
use std::collections::BTreeMap;
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
pub fn evaluate(run: &Path, split: Option<Split>, threads: usize) -> Result<Vec<Evaluated>, ReopenError> {
    let (opened, checked) = open(run)?;
    evaluate_opened(&opened, &checked, split, threads).map_err(|error| ReopenError { error, sources: checked.sources })
}

fn evaluate_opened(
    opened: &Opened,
    checked: &Checked,
    split: Option<Split>,
    threads: usize,
) -> Result<Vec<Evaluated>, RunError> {
    let mut results = Vec::new();
    for train in opened.trained(checked) {
        let dataset = opened.dataset(checked, train)?;
        let data = checked.program.data.get(train.data).map_or_else(|| "data".into(), |d| d.name.clone());
        let exists = |of: &Split| !dataset.splits.get(*of).is_empty();
        if let Some(split) = split.filter(|of| !exists(of)) {
            return Err(RunError::NoSplit { split, data });
        }
        let wanted: Vec<Split> =
            Split::ALL.into_iter().filter(|of| exists(of) && split.is_none_or(|wanted| wanted == *of)).collect();
        for (split, measures) in opened.measure(checked, train, &dataset, &wanted, threads)?.splits {
            results.push(Evaluated { train: train.name.clone(), split, measures });
        }
    }
    Ok(results)
}

/// What is to be known of a run before its weights are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where the program is kept as it was when the run was made: it is what the weights are used with.
    pub program: PathBuf,
    /// Whether the file is another one now.
    pub has_changed: bool,
    /// The step in which training diverged, where it did; none where the run does not say which.
    pub diverged: Option<Option<u64>>,
}

/// How a run stands to the file whose weights are wanted; `None` where it cannot be read.
pub fn standing(run: &Path, file: &Path) -> Option<Standing> {
    let directory = resolve(run);
    let record = Record::read(&directory).ok()?;
    let program = directory.join(SOURCE);
    let (kept, now) = (std::fs::read(&program).ok()?, std::fs::read(file).ok()?);
    let diverged = (record.status == Status::Diverged).then(|| record::diverged_at(&directory));
    Some(Standing { program, has_changed: kept != now, diverged })
}

/// A run with what it left.
pub(super) struct Opened {
    directory: PathBuf,
    record: Record,
    fitted: BTreeMap<String, Fitted>,
}

/// Opens a run and checks its own source again.
pub(super) fn open(run: &Path) -> Result<(Opened, Checked), ReopenError> {
    let opened = Opened::read(run)?;
    let reopened = Reopened::new(&opened.directory, &opened.record);
    let overrides = Overrides { fitted: opened.fitted.clone(), ..Overrides::from(&opened.record.overrides) };
    let checked = reopened.check(&reopened.text()?, &overrides)?;
    Ok((opened, checked))
}

/// The program of a run, as it was.
pub fn program_of(run: &Path) -> Result<Checked, ReopenError> {
    let directory = resolve(run);
    let record = Record::read(&directory)?;
    let reopened = Reopened::new(&directory, &record);
    reopened.check(&reopened.text()?, &Overrides::from(&record.overrides))
}

/// The program of a run, in its own copy.
pub(super) struct Reopened<'r> {
    directory: &'r Path,
    record: &'r Record,
}

impl<'r> Reopened<'r> {
    pub(super) fn new(directory: &'r Path, record: &'r Record) -> Self {
        Reopened { directory, record }
    }

    /// The text of the copy.
    pub(super) fn text(&self) -> Result<String, RunError> {
        std::fs::read_to_string(self.directory.join(SOURCE)).map_err(|error| RunError::NotARun {
            path: self.directory.to_owned(),
            reason: format!("{SOURCE}: {}", io_reason(&error)),
        })
    }

    /// The file that data and imports are relative to: as it was named, or where it was.
    pub(super) fn file(&self) -> &'r Path {
        let named = &self.record.file;
        if named.exists() { named } else { &self.record.absolute }
    }

    /// A file that the run was begun with, named beside the program, where it is to be found now.
    pub(super) fn beside(&self, file: &Path) -> PathBuf {
        let folder = |program: &'r Path| program.parent().unwrap_or(Path::new(""));
        match file.strip_prefix(folder(&self.record.file)) {
            Ok(inside) if file.is_relative() => folder(self.file()).join(inside),
            _ => file.to_owned(),
        }
    }

    /// Checks a text in the place of the program. What it imports must be what it was.
    pub(super) fn check(&self, text: &str, overrides: &Overrides) -> Result<Checked, ReopenError> {
        for import in &self.record.imports {
            let now = fingerprint::of_file(&self.beside(&import.file)).map(|(fingerprint, _)| fingerprint);
            if now.ok().as_ref() != Some(&import.fingerprint) {
                return Err(RunError::ImportChanged { path: import.file.clone() }.into());
            }
        }
        let checked = check_text(self.file(), text, overrides);
        if checked.has_errors() {
            let errors = checked.diagnostics.iter().filter(|d| d.is_error()).cloned().collect();
            return Err(ReopenError { error: RunError::Source(errors), sources: checked.sources });
        }
        Ok(checked)
    }
}

/// The last train of each model, in file order: it left the weights.
fn last_trains(checked: &Checked) -> Vec<&Train> {
    let trains = &checked.program.trains;
    let is_last = |i: usize, train: &Train| !trains.iter().skip(i + 1).any(|later| later.model == train.model);
    trains.iter().enumerate().filter(|(i, train)| is_last(*i, train)).map(|(_, train)| train).collect()
}

impl Opened {
    fn read(run: &Path) -> Result<Opened, RunError> {
        let directory = resolve(run);
        let record = Record::read(&directory)?;
        let not_a_run = |reason: String| RunError::NotARun { path: run.to_owned(), reason };
        let fitted = std::fs::read_to_string(directory.join(FITTED))
            .map_err(|e| not_a_run(format!("{FITTED}: {}", io_reason(&e))))?;
        let fitted = serde_json::from_str(&fitted).map_err(|error| not_a_run(format!("{FITTED}: {error}")))?;
        Ok(Opened { directory, record, fitted })
    }

    /// A run that finished and was made from this source, these overrides, this version and the data as it is now.
    pub(super) fn if_current(run: &Path, checked: &Checked, overrides: &Overrides) -> Option<Opened> {
        let opened = Opened::read(run).ok()?;
        let record = &opened.record;
        let is_current = record.status == Status::Finished
            && record.nnrun == env!("CARGO_PKG_VERSION")
            && record.source == record::source_fingerprint(checked)
            && record.overrides == OverridesRecord::from(overrides)
            && record.trains.len() == checked.program.trains.len()
            && record.data == record::data_files(checked);
        is_current.then_some(opened)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether the run was to measure a split at its end.
    pub(super) fn measures(&self, split: Split) -> bool {
        self.record.splits.as_ref().is_none_or(|splits| splits.contains(&split))
    }

    /// The last train of each model that the run has weights of: not every run is of the whole file, or came to its
    /// end. All of them where there are none, so that it is told what is missing.
    pub(super) fn trained<'c>(&self, checked: &'c Checked) -> Vec<&'c Train> {
        let all = last_trains(checked);
        let has_weights = |train: &&Train| self.directory.join(weights_name(checked, train)).exists();
        let found: Vec<&Train> = all.iter().copied().filter(has_weights).collect();
        if found.is_empty() { all } else { found }
    }

    pub(super) fn train_record(&self, index: usize) -> Option<&TrainRecord> {
        self.record.trains.get(index)
    }

    pub(super) fn fitted(&self, checked: &Checked, train: &Train) -> Result<&Fitted, RunError> {
        let block = checked.program.data.get(train.data);
        block.and_then(|block| self.fitted.get(&*block.name)).ok_or_else(|| RunError::NotARun {
            path: self.directory.clone(),
            reason: format!("{FITTED} does not have the data of {}", train.name),
        })
    }

    /// The train's data as its own sources give it, with the estimates of the run.
    pub(super) fn dataset(&self, checked: &Checked, train: &Train) -> Result<Dataset, RunError> {
        let fitted = self.fitted(checked, train)?;
        let Some(block) = checked.program.data.get(train.data) else {
            return Err(RunError::Internal { stage: "check", message: format!("no data for {}", train.name) });
        };
        let mut wanted: Vec<&str> = compile::wanted_fields(&train.evaluation.graph);
        // The training graph may read more: a fact may train.
        for name in compile::wanted_fields(&train.training.graph) {
            let name = partner_of(name).unwrap_or(name);
            if name != SHARE_INPUT && !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        Ok(apply(&block.plan, fitted, None, &wanted)?)
    }

    /// Measures splits with the weights of the run.
    pub(super) fn measure(
        &self,
        checked: &Checked,
        train: &Train,
        dataset: &Dataset,
        splits: &[Split],
        threads: usize,
    ) -> Result<SplitMeasures, RunError> {
        let states = self.states(checked, train)?;
        let mut measurer = Measurer::new(train, dataset, &states)?;
        let mut session = Session::new(states, threads);
        let mut measures = SplitMeasures::default();
        for split in splits {
            measures.splits.push((*split, measurer.measure(&mut session, dataset.splits.get(*split))?));
        }
        Ok(measures)
    }

    /// The weights that the run left for the model of a train.
    pub(super) fn states(&self, checked: &Checked, train: &Train) -> Result<States<f32>, RunError> {
        let mut states = States::of(&train.training.graph).map_err(RunError::plan)?;
        states.add(&train.evaluation.graph).map_err(RunError::plan)?;
        let mut weights = Weights::of(&states);
        let file = self.directory.join(weights_name(checked, train));
        if self.record.status != Status::Finished && !file.exists() {
            let reason = "it ended before it left any weights".to_owned();
            return Err(RunError::NotARun { path: self.directory.clone(), reason });
        }
        weights_file::read_into(&mut weights, &file, None)?;
        weights.put_into(&mut states);
        Ok(states)
    }

    /// Trainable numbers of the model.
    pub(super) fn parameters(&self, checked: &Checked, train: &Train) -> Result<u64, RunError> {
        Ok(Weights::of(&self.states(checked, train)?).parameters())
    }
}
