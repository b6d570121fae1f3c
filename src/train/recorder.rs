//! Writes the events of a run to its `metrics.jsonl`, and hands them on.

use super::error::RunError;
use super::event::{Event, Observer};
use super::faults;
use super::record::EVENTS;
use super::run_directory::RunDirectory;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// An observer in front of another.
pub(super) struct Recorder<'a> {
    next: &'a mut dyn Observer,
    file: BufWriter<faults::File>,
    path: PathBuf,
    steps: bool,
    /// Bytes of the file so far.
    written: u64,
    /// The first failure; observers cannot fail.
    failed: Option<RunError>,
}

impl<'a> Recorder<'a> {
    /// Begins the record of a run.
    pub(super) fn new(directory: &RunDirectory, next: &'a mut dyn Observer, steps: bool) -> Result<Self, RunError> {
        Recorder::behind(directory, next, steps, 0)
    }

    /// Goes on behind the first bytes of a record: what came later is done again.
    pub(super) fn behind(
        directory: &RunDirectory,
        next: &'a mut dyn Observer,
        steps: bool,
        kept: u64,
    ) -> Result<Self, RunError> {
        let path = directory.path().join(EVENTS);
        let opened = (|| {
            let mut file = std::fs::File::options().write(true).create(true).truncate(false).open(&path)?;
            let written = kept.min(file.metadata()?.len());
            file.set_len(written)?;
            file.seek(SeekFrom::End(0))?;
            Ok((file, written))
        })();
        let (file, written) = opened.map_err(|error: std::io::Error| RunError::write(&path, &error))?;
        Ok(Recorder { next, file: BufWriter::new(faults::File(file)), path, steps, written, failed: None })
    }

    /// How many bytes were written, all of them being in the file now.
    pub(super) fn written(&mut self) -> u64 {
        // What cannot be written is told by the next event.
        let _ = self.file.flush();
        self.written
    }

    /// Whether everything was written.
    pub(super) fn check(&mut self) -> Result<(), RunError> {
        self.failed.take().map_or(Ok(()), Err)
    }
}

impl Observer for Recorder<'_> {
    fn event(&mut self, event: &Event) {
        let is_step = matches!(event, Event::Step(_));
        let is_recorded = match event {
            Event::Step(_) => self.steps,
            // When somebody looks is a matter of the clock; a run leaves the same record whether it is watched or not.
            Event::Gradients(_) => false,
            _ => true,
        };
        if is_recorded && self.failed.is_none() {
            let line = format!("{}\n", event.to_json());
            self.written += line.len() as u64;
            let mut written = self.file.write_all(line.as_bytes());
            if !is_step {
                written = written.and_then(|()| self.file.flush());
            }
            if let Err(error) = written {
                let error = RunError::write(&self.path, &error);
                self.next.trouble(&error.to_string());
                self.failed = Some(error);
            }
        }
        self.next.event(event);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::event::{Done, Stopped};
    use super::*;

    #[derive(Default)]
    struct Heard {
        events: usize,
        troubles: Vec<String>,
    }

    impl Observer for Heard {
        fn event(&mut self, _event: &Event) {
            self.events += 1;
        }

        fn trouble(&mut self, message: &str) {
            self.troubles.push(message.to_owned());
        }
    }

    #[test]
    fn a_full_disk_is_told_at_once_and_once() {
        let mut heard = Heard::default();
        let file = faults::File(std::fs::File::options().write(true).open("/dev/full").unwrap());
        let path = PathBuf::from("metrics.jsonl");
        let mut recorder =
            Recorder { next: &mut heard, file: BufWriter::new(file), path, steps: false, written: 0, failed: None };
        let event = Event::Done(Done {
            phase: None,
            train: "Net".into(),
            epochs: 1,
            steps: 1,
            test: None,
            stopped: Some(Stopped::Patience),
            kept_epoch: None,
            growth: None,
            seconds: 1.0,
        });
        recorder.event(&event);
        recorder.event(&event);
        assert!(matches!(recorder.check(), Err(RunError::Write { .. })), "and the run does not end well");
        drop(recorder);
        assert_eq!((heard.events, heard.troubles.len()), (2, 1));
        assert!(heard.troubles[0].contains("metrics.jsonl cannot be written"), "{:?}", heard.troubles);
    }
}
