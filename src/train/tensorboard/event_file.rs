//! A file of events, as TensorBoard reads it.

use super::super::error::RunError;
use super::super::faults;
use super::framing;
use super::protobuf::Message;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What stands before and behind the number of a file. TensorBoard takes what has `tfevents` in its name, and reads a
/// folder in the order of the names.
const BEFORE: &str = "events.out.tfevents.";
const BEHIND: &str = ".nnrun";
/// The file says that a beginning is told by [`START`].
const VERSION: &str = "brain.Event:2";
/// Of a session that begins: `SessionLog.START`.
const START: u64 = 1;
/// Somebody watches: what is known is in the file so soon.
const SOON: Duration = Duration::from_secs(2);

/// A file that is written to its end. It only grows, by whole records: what was killed is read to its last one.
pub(super) struct EventFile {
    file: faults::File,
    path: PathBuf,
    waiting: Vec<u8>,
    written: Instant,
}

/// A value of an event: a tag and what it has.
pub(super) struct Tagged(Message);

impl Tagged {
    /// A number.
    pub(super) fn scalar(tag: &str, value: f64) -> Tagged {
        Tagged(Message::new().bytes(1, tag).float(2, value as f32))
    }

    /// A text, which is shown as Markdown.
    pub(super) fn text(tag: &str, text: &str) -> Tagged {
        const STRING: u64 = 7;
        let shape = Message::new().message(2, &Message::new().whole(1, 1));
        let tensor = Message::new().whole(1, STRING).message(2, &shape).bytes(8, text);
        Tagged(Message::new().bytes(1, tag).message(8, &tensor).message(9, &of_plugin("text", &Message::new())))
    }

    /// What only a plugin reads, beside a tensor that is empty.
    pub(super) fn plugin(tag: &str, name: &str, content: &Message) -> Tagged {
        const FLOAT: u64 = 1;
        let shape = Message::new().message(2, &Message::new().whole(1, 0));
        let tensor = Message::new().whole(1, FLOAT).message(2, &shape);
        Tagged(Message::new().bytes(1, tag).message(8, &tensor).message(9, &of_plugin(name, content)))
    }
}

/// `SummaryMetadata`
fn of_plugin(name: &str, content: &Message) -> Message {
    const TENSOR: u64 = 2;
    Message::new().message(1, &Message::new().bytes(1, name).bytes(2, content.as_bytes())).whole(4, TENSOR)
}

/// Now, in seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

impl EventFile {
    /// A new file, behind those that a folder has. What they hold of `step` and later is done again: readers forget it.
    pub(super) fn behind(folder: &Path, step: u64) -> Result<EventFile, RunError> {
        fs::create_dir_all(folder).map_err(|error| RunError::write(folder, &error))?;
        let last = numbers(folder).max().unwrap_or(0);
        let path = folder.join(format!("{BEFORE}{:04}{BEHIND}", last + 1));
        let file = File::create_new(&path).map_err(|error| RunError::write(&path, &error))?;
        let mut file = EventFile { file: faults::File(file), path, waiting: Vec::new(), written: Instant::now() };
        file.add(0, |event| event.bytes(3, VERSION));
        // In the first file, too: some readers take the first of a folder for no restart.
        file.add(step, |event| event.message(7, &Message::new().whole(1, START)));
        file.flush()?;
        Ok(file)
    }

    /// Adds an event with these values.
    pub(super) fn tell(&mut self, step: u64, values: &[Tagged]) {
        let summary = values.iter().fold(Message::new(), |summary, Tagged(value)| summary.message(1, value));
        self.add(step, |event| event.message(5, &summary));
    }

    /// Writes what waits, unless that was done just now.
    pub(super) fn flush_soon(&mut self) -> Result<(), RunError> {
        if self.written.elapsed() < SOON { Ok(()) } else { self.flush() }
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Result<(), RunError> {
        self.file.write_all(&self.waiting).map_err(|error| RunError::write(&self.path, &error))?;
        self.waiting.clear();
        self.written = Instant::now();
        Ok(())
    }

    fn add(&mut self, step: u64, content: impl FnOnce(Message) -> Message) {
        let event = content(Message::new().double(1, now()).whole(2, step));
        framing::add(&mut self.waiting, event.as_bytes());
    }
}

/// The numbers of the files in a folder.
fn numbers(folder: &Path) -> impl Iterator<Item = u64> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?.parse().ok())
}
