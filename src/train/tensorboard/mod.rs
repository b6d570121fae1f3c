//! `--tensorboard`: a run as TensorBoard shows it, in the folder `tensorboard` of its directory.
//!
//! ```text
//! tensorboard/               the program and, for its table of hyperparameters, the hypers
//! tensorboard/train/         loss and metrics by report; step/loss, step/lr, step/gradient_norm
//! tensorboard/validation/    the same tags, so that one chart shows both
//! tensorboard/test/          those of the end
//! ```
//!
//! Where a file has several trains, each has these in a folder of its own: `1-Net`, `2-Net-head`. Steps count across.
//! A run that goes on writes a new file behind those that are there, which begins with the step that is done next: what
//! an earlier process told of it and later ones is forgotten by who reads it.

mod event_file;
mod framing;
mod protobuf;

use super::error::RunError;
use super::event::{Done, Epoch, Event, Measures, Start, Step};
use super::record::Record;
use super::run::RunOptions;
use crate::catalog::MetricValue;
use crate::check::{Checked, HyperValue};
use crate::data::Split;
use event_file::{EventFile, Tagged, now};
use protobuf::Message;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Name of the folder in a run's directory that is for TensorBoard.
pub const TENSORBOARD: &str = "tensorboard";
/// TensorBoard shows about so many points of a curve; more would be written for nobody.
const POINTS: u64 = 1000;
/// A table of more classes than this is nothing to look at.
const MOST_CLASSES: usize = 40;

/// Writes what TensorBoard shows of a run.
pub(super) struct TensorBoard {
    folder: PathBuf,
    program: String,
    hypers: Vec<(String, HyperValue)>,
    /// Whether every step is told, however many there are.
    all_steps: bool,
    /// Of the run itself.
    run: Option<EventFile>,
    current: Option<Current>,
}

/// The train that goes on.
struct Current {
    folder: PathBuf,
    /// The step that is done first.
    first: u64,
    /// One of so many steps is told.
    every: u64,
    files: BTreeMap<&'static str, EventFile>,
}

impl TensorBoard {
    /// For a run with this directory, if it is to have one.
    pub(super) fn wanted(run: &Path, checked: &Checked, options: &RunOptions, record: &Record) -> Option<TensorBoard> {
        let new = || TensorBoard::new(run.to_owned(), checked, &record.overrides.set, options.log_steps);
        options.tensorboard.then(new)
    }

    /// For a run with this directory; `set` is what the command line says of hypers.
    pub(super) fn new(run: PathBuf, checked: &Checked, set: &[(String, String)], all_steps: bool) -> TensorBoard {
        let hypers = checked.program.hypers.iter().map(|(name, value)| {
            let said = set.iter().rev().find(|(of, _)| **of == **name);
            match (value, said) {
                // A function, a layer, a list: as it was written.
                (HyperValue::Other, Some((_, text))) => (name.to_string(), HyperValue::Text(text.as_str().into())),
                _ => (name.to_string(), value.clone()),
            }
        });
        TensorBoard {
            folder: run.join(TENSORBOARD),
            program: checked.sources.file(checked.file).text.to_string(),
            hypers: hypers.collect(),
            all_steps,
            run: None,
            current: None,
        }
    }

    /// Tells what happened.
    pub(super) fn event(&mut self, event: &Event) -> Result<(), RunError> {
        match event {
            Event::Start(start) => self.start(start),
            Event::Step(step) => self.step(step),
            Event::Epoch(epoch) => self.epoch(epoch),
            Event::Done(done) => self.done(done),
            Event::Expect(_) | Event::Diverged(_) | Event::Gradients(_) => Ok(()),
        }
    }

    /// Tells how the run ended.
    pub(super) fn end(&mut self, is_success: bool) -> Result<(), RunError> {
        // A train that diverged has no end of its own.
        if let Some(mut current) = self.current.take() {
            current.flush()?;
        }
        let status = if is_success { 1 } else { 2 };
        let Some(run) = self.run.as_mut().filter(|_| !self.hypers.is_empty()) else { return Ok(()) };
        let end = Message::new().whole(1, status).double(2, now());
        run.tell(0, &[hparams("session_end_info", &Message::new().message(4, &end))]);
        run.flush()
    }

    fn start(&mut self, start: &Start) -> Result<(), RunError> {
        if self.run.is_none() {
            self.begin()?;
        }
        let (number, count) = start.number;
        let folder = match (count, &start.phase) {
            (..=1, _) => self.folder.clone(),
            (_, None) => self.folder.join(format!("{number}-{}", start.train)),
            (_, Some(phase)) => self.folder.join(format!("{number}-{}-{phase}", start.train)),
        };
        let every = if self.all_steps { 1 } else { start.steps.div_ceil(POINTS).max(1) };
        let current = self.current.insert(Current { folder, first: start.from.1 + 1, every, files: BTreeMap::new() });
        // What an earlier process told of coming steps is forgotten at once, not when they are done again.
        let told: Vec<Split> =
            Split::ALL.into_iter().filter(|split| current.folder.join(split.name()).is_dir()).collect();
        told.into_iter().try_for_each(|split| current.file(split).map(|_| ()))
    }

    /// What is the same from beginning to end.
    fn begin(&mut self) -> Result<(), RunError> {
        let mut file = EventFile::behind(&self.folder, 0)?;
        // Four spaces make code of a line, whatever stands in it.
        let code: String = self.program.lines().map(|line| format!("    {line}\n")).collect();
        file.tell(0, &[Tagged::text("program", &code)]);
        if !self.hypers.is_empty() {
            let values = self.hypers.iter().filter_map(|(name, value)| {
                let value = match value {
                    HyperValue::Number(x) => Message::new().double(2, *x),
                    HyperValue::Text(text) => Message::new().bytes(3, text.as_bytes()),
                    HyperValue::Bool(is) => Message::new().whole(4, u64::from(*is)),
                    HyperValue::Other => return None,
                };
                Some(Message::new().bytes(1, name).message(2, &value))
            });
            let start = values.fold(Message::new(), |start, entry| start.message(1, &entry)).double(5, now());
            file.tell(0, &[hparams("session_start_info", &Message::new().message(3, &start))]);
        }
        file.flush()?;
        self.run = Some(file);
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), RunError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        // The first is where a loss begins.
        if step.step != 1 && !step.step.is_multiple_of(current.every) {
            return Ok(());
        }
        let norm = step.gradient_norm.map(|norm| ("step/gradient_norm", norm));
        let values = [("step/loss", step.loss), ("step/lr", step.lr)].into_iter().chain(norm);
        let values: Vec<Tagged> = values.map(|(tag, value)| Tagged::scalar(tag, value)).collect();
        let file = current.file(Split::Train)?;
        file.tell(step.step, &values);
        file.flush_soon()
    }

    fn epoch(&mut self, epoch: &Epoch) -> Result<(), RunError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        current.measures(Split::Train, epoch.step, &epoch.train)?;
        match &epoch.validation {
            Some(validation) => current.measures(Split::Validation, epoch.step, validation),
            None => Ok(()),
        }
    }

    fn done(&mut self, done: &Done) -> Result<(), RunError> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        if let Some(test) = &done.test {
            current.measures(Split::Test, done.steps, test)?;
        }
        current.flush()
    }
}

impl Current {
    fn flush(&mut self) -> Result<(), RunError> {
        self.files.values_mut().try_for_each(EventFile::flush)
    }

    fn file(&mut self, split: Split) -> Result<&mut EventFile, RunError> {
        let name = split.name();
        if !self.files.contains_key(name) {
            self.files.insert(name, EventFile::behind(&self.folder.join(name), self.first)?);
        }
        self.files.get_mut(name).ok_or_else(|| RunError::Internal { stage: TENSORBOARD, message: name.to_owned() })
    }

    fn measures(&mut self, split: Split, step: u64, measures: &Measures) -> Result<(), RunError> {
        let tagged = measures.values.iter().filter_map(|(name, value)| match value {
            MetricValue::Number(x) => Some(Tagged::scalar(name, *x)),
            MetricValue::Confusion { classes, .. } if classes.len() > MOST_CLASSES => None,
            MetricValue::Confusion { classes, counts } => Some(Tagged::text(name, &table(classes, counts))),
        });
        let tagged: Vec<Tagged> = tagged.collect();
        let file = self.file(split)?;
        file.tell(step, &tagged);
        file.flush()
    }
}

/// A confusion matrix in Markdown.
fn table(classes: &[String], counts: &[Vec<u64>]) -> String {
    let cell = |name: &String| name.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ");
    let names: Vec<String> = classes.iter().map(cell).collect();
    let mut text = format!("| true ↓ predicted → | {} |\n|---|{}\n", names.join(" | "), "--:|".repeat(names.len()));
    for (name, row) in names.iter().zip(counts) {
        let counts: Vec<String> = row.iter().map(u64::to_string).collect();
        let _ = writeln!(text, "| **{name}** | {} |", counts.join(" | "));
    }
    text
}

/// What the table of hyperparameters is made of.
fn hparams(tag: &str, content: &Message) -> Tagged {
    Tagged::plugin(&format!("_hparams_/{tag}"), "hparams", content)
}
