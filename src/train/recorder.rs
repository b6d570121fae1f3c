//! Writes the events of a run to its `metrics.jsonl`, and hands them on.

use super::error::RunError;
use super::event::{Event, Observer};
use super::record::EVENTS;
use super::run_directory::RunDirectory;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// An observer in front of another.
pub(super) struct Recorder<'a> {
    next: &'a mut dyn Observer,
    file: BufWriter<File>,
    path: PathBuf,
    steps: bool,
    /// The first failure; observers cannot fail.
    failed: Option<RunError>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(directory: &RunDirectory, next: &'a mut dyn Observer, steps: bool) -> Result<Self, RunError> {
        let path = directory.path().join(EVENTS);
        let file = File::create(&path).map_err(|error| RunError::write(&path, &error))?;
        Ok(Recorder { next, file: BufWriter::new(file), path, steps, failed: None })
    }

    /// Whether everything was written.
    pub(super) fn check(&mut self) -> Result<(), RunError> {
        self.failed.take().map_or(Ok(()), Err)
    }
}

impl Observer for Recorder<'_> {
    fn event(&mut self, event: &Event) {
        let is_step = matches!(event, Event::Step(_));
        if (!is_step || self.steps) && self.failed.is_none() {
            let mut written = writeln!(self.file, "{}", event.to_json());
            if !is_step {
                written = written.and_then(|()| self.file.flush());
            }
            self.failed = written.err().map(|error| RunError::write(&self.path, &error));
        }
        self.next.event(event);
    }
}
