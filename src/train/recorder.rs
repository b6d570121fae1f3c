//! Writes the events of a run to its `metrics.jsonl`, and hands them on.

use super::error::RunError;
use super::event::{Event, Observer};
use super::faults;
use super::record::EVENTS;
use super::run_directory::RunDirectory;
use super::tensorboard::TensorBoard;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// An observer in front of another.
pub(super) struct Recorder<'a> {
    next: &'a mut dyn Observer,
    file: BufWriter<faults::File>,
    path: PathBuf,
    steps: bool,
    /// None where it is not wanted, or could not be written.
    tensorboard: Option<TensorBoard>,
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
        let file = BufWriter::new(faults::File(file));
        Ok(Recorder { next, file, path, steps, tensorboard: None, written, failed: None })
    }

    /// Also writes what TensorBoard shows.
    pub(super) fn with_tensorboard(self, tensorboard: Option<TensorBoard>) -> Self {
        Recorder { tensorboard, ..self }
    }

    /// The run is at its end.
    pub(super) fn end(&mut self, is_success: bool) {
        self.tell_tensorboard(|tensorboard| tensorboard.end(is_success));
    }

    /// What cannot be written for TensorBoard is told and then no more tried: the training, and its own record, do not
    /// depend on it.
    fn tell_tensorboard(&mut self, tell: impl FnOnce(&mut TensorBoard) -> Result<(), RunError>) {
        if let Some(tensorboard) = &mut self.tensorboard
            && let Err(error) = tell(tensorboard)
        {
            self.tensorboard = None;
            self.next.trouble(&format!("{error}; the run goes on, and TensorBoard sees no more of it"));
        }
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
        self.tell_tensorboard(|tensorboard| tensorboard.event(event));
        self.next.event(event);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::event::{Done, Start, Stopped};
    use super::super::tensorboard::TENSORBOARD;
    use super::*;
    use crate::check::{Overrides, check_text};
    use std::path::Path;

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
        let file = BufWriter::new(file);
        let mut recorder =
            Recorder { next: &mut heard, file, path, steps: false, tensorboard: None, written: 0, failed: None };
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

    /// There is a file where its folder should be.
    #[test]
    fn what_cannot_be_written_for_tensorboard_is_told_once_and_ends_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(TENSORBOARD), "in the way").unwrap();
        let checked = check_text(Path::new("test.nn"), "model A(x: [2]) { x }", &Overrides::default());
        let directory = RunDirectory::reopen(folder.path(), Path::new("test.nn"));
        let mut heard = Heard::default();
        let tensorboard = TensorBoard::new(folder.path().to_owned(), &checked, &[], false);
        let mut recorder = Recorder::new(&directory, &mut heard, false).unwrap().with_tensorboard(Some(tensorboard));
        let start = Start {
            train: "A".into(),
            phase: None,
            number: (1, 1),
            parameters: 0,
            seed: 0,
            threads: 1,
            run: folder.path().to_owned(),
            steps: 2,
            steps_per_epoch: 1,
            from: (0, 0),
            examples: [1, 0, 0],
        };
        for _ in 0..2 {
            recorder.event(&Event::Start(start.clone()));
        }
        recorder.end(true);
        assert!(recorder.check().is_ok());
        drop(recorder);
        assert_eq!((heard.events, heard.troubles.len()), (2, 1));
        let told = &heard.troubles[0];
        assert!(told.contains("tensorboard cannot be written: ") && told.contains("the run goes on"), "{told}");
        assert_eq!(std::fs::read_to_string(directory.path().join(EVENTS)).unwrap().lines().count(), 2);
    }
}
