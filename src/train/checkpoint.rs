//! Checkpoints: all that another process needs to go on where this one stands.
//!
//! ```text
//! runs/iris/3/checkpoints/1-00000700.safetensors     train 1, behind its step 700
//! ```
//!
//! A checkpoint is a safetensors file: the tensors of the step under `now/` (weights, statistics, what the optimizer
//! remembers), those that `keep` holds under `best/`, the [`Position`] in the metadata, and a checksum over all of it.
//! It is written beside and renamed, and the last [`KEPT`] stay, so that whatever happens to one there is another.

use super::error::RunError;
use super::faults;
use super::fingerprint::Fingerprint;
use super::position::Position;
use super::record::source_fingerprint;
use super::run_directory::write_whole_by;
use super::training_loop::{Beginning, Moment};
use super::weights::{WeightTensor, Weights, is_models};
use crate::check::Checked;
use crate::diagnostics::io_reason;
use crate::runtime::States;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The folder in that of the run.
const FOLDER: &str = "checkpoints";
/// So many stay.
const KEPT: usize = 3;
const FORMAT: &str = "nnrun checkpoint 1";
const NOW: &str = "now/";
const BEST: &str = "best/";
/// So many numbers are written at once.
const AT_A_TIME: usize = 1 << 14;
/// Writing takes at most this part of the time of training.
const SHARE: u32 = 20;
/// What is done in less can as well be done again.
const LEAST: Duration = Duration::from_millis(200);

/// What stands in a checkpoint beside its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    /// Which train, from 0.
    pub(super) train: usize,
    /// The program's text, and the fingerprint of it and of what it imports.
    pub(super) text: String,
    pub(super) source: String,
    /// Bytes of `metrics.jsonl` that were written before.
    pub(super) events: u64,
    pub(super) position: Position,
}

/// A checkpoint that was read.
#[derive(Debug)]
pub(super) struct Checkpoint {
    pub(super) about: About,
    now: Vec<(String, Vec<usize>, Vec<f32>)>,
    best: Vec<(String, Vec<usize>, Vec<f32>)>,
}

/// Writes the checkpoints of one train.
pub(super) struct Checkpoints {
    folder: PathBuf,
    train: usize,
    text: String,
    source: String,
    /// When the last was written, or the train began; and how long it took.
    last: Instant,
    took: Duration,
}

impl Checkpoints {
    /// For a train of a run, counted from 0.
    pub(super) fn new(run: &Path, train: usize, checked: &Checked) -> Checkpoints {
        Checkpoints {
            folder: run.join(FOLDER),
            train,
            text: checked.sources.file(checked.file).text.to_string(),
            source: source_fingerprint(checked),
            last: Instant::now(),
            took: Duration::ZERO,
        }
    }

    /// Whether enough was done since the last one.
    pub(super) fn is_due(&self) -> bool {
        faults::are_asked_for() || self.last.elapsed() >= LEAST.max(self.took * SHARE)
    }

    /// Writes one and takes away what is too old. `events` are the bytes of `metrics.jsonl` so far.
    pub(super) fn write(&mut self, moment: &Moment, events: u64) -> Result<(), RunError> {
        let began = Instant::now();
        fs::create_dir_all(&self.folder).map_err(|error| RunError::write(&self.folder, &error))?;
        let position = moment.position.clone();
        let step = position.step;
        let path = self.folder.join(file_name(self.train, step));
        let (text, source) = (self.text.clone(), self.source.clone());
        let about = About { train: self.train, text, source, events, position };
        let tensors = Tensors::of(moment);
        let header = tensors.header(&about)?;
        write_whole_by(&path, |file| {
            file.write_all(&header)?;
            tensors.data(&mut |bytes| file.write_all(bytes))
        })?;
        // What stands behind this one cannot be read, or it would have been gone on from.
        let now = (self.train, step);
        for (_, old) in listed(&self.folder).into_iter().rev().filter(|(at, _)| *at <= now).skip(KEPT) {
            // One too many does no harm.
            let _ = faults::moment().and_then(|()| fs::remove_file(old));
        }
        self.took = began.elapsed();
        self.last = Instant::now();
        Ok(())
    }
}

/// The newest checkpoint of a run that is whole, and why newer ones are not; none where there is none.
pub(super) fn newest(run: &Path) -> (Option<Checkpoint>, Vec<(PathBuf, String)>) {
    let mut broken = Vec::new();
    for (_, path) in listed(&run.join(FOLDER)).into_iter().rev() {
        match fs::read(&path).map_err(|error| io_reason(&error)).and_then(|bytes| read(&bytes)) {
            Ok(checkpoint) => return (Some(checkpoint), broken),
            Err(reason) => broken.push((path, reason)),
        }
    }
    (None, broken)
}

/// Takes away what was being written when the process ended.
pub(super) fn clean(run: &Path) {
    let entries = fs::read_dir(run.join(FOLDER)).into_iter().flatten().flatten().map(|entry| entry.path());
    for part in entries.filter(|path| path.extension().is_some_and(|extension| extension == "part")) {
        // What stays is written over.
        let _ = fs::remove_file(part);
    }
}

fn file_name(train: usize, step: u64) -> String {
    format!("{}-{step:08}.safetensors", train + 1)
}

/// Train, from 0, and step of the checkpoints in a folder, oldest first.
fn listed(folder: &Path) -> Vec<((usize, u64), PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let (train, step) = name.to_str()?.strip_suffix(".safetensors")?.split_once('-')?;
            let train = train.parse::<usize>().ok()?.checked_sub(1)?;
            Some(((train, step.parse().ok()?), entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// The tensors of a moment as they stand in the file. They are never copied as a whole: a checkpoint takes no memory.
struct Tensors<'m> {
    all: Vec<(String, &'m [usize], &'m [f32])>,
}

impl<'m> Tensors<'m> {
    fn of(moment: &Moment<'m>) -> Tensors<'m> {
        let now = moment.states.iter().map(|(entry, values)| (NOW, &entry.path, entry.shape.as_slice(), values));
        let best = moment.best.into_iter().flat_map(|best| &best.tensors);
        let best = best.map(|t| (BEST, &t.path, t.shape.as_slice(), t.values.as_slice()));
        let named = |(kind, path, shape, values)| (format!("{kind}{path}"), shape, values);
        Tensors { all: now.chain(best).map(named).collect() }
    }

    /// What stands before their numbers.
    fn header(&self, about: &About) -> Result<Vec<u8>, RunError> {
        let about = serde_json::to_string(about)
            .map_err(|error| RunError::Internal { stage: FOLDER, message: error.to_string() })?;
        let mut tensors = Map::new();
        let mut end = 0;
        for (name, shape, values) in &self.all {
            let start = end;
            end += size_of_val(*values);
            tensors.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] }));
        }
        let mut checksum = Checksum::new(&about, &tensors);
        // Nothing that adds up fails.
        let _ = self.data(&mut |bytes| {
            checksum.add(bytes);
            Ok(())
        });
        let mut header = Map::new();
        let metadata = json!({ "format": FORMAT, "about": about, "checksum": checksum.text() });
        header.insert("__metadata__".to_owned(), metadata);
        header.extend(tensors);
        let mut header = Value::Object(header).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        Ok(bytes)
    }

    /// Their numbers, some at a time.
    fn data(&self, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for values in self.all.iter().flat_map(|(_, _, values)| values.chunks(AT_A_TIME)) {
            bytes.clear();
            bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
            take(&bytes)?;
        }
        Ok(())
    }
}

/// Over what is said of a moment, the table of its tensors, and their numbers.
struct Checksum(Fingerprint);

impl Checksum {
    fn new(about: &str, tensors: &Map<String, Value>) -> Checksum {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(about.as_bytes());
        fingerprint.add(serde_json::to_string(tensors).unwrap_or_default().as_bytes());
        Checksum(fingerprint)
    }

    fn add(&mut self, data: &[u8]) {
        self.0.add(data);
    }

    fn text(self) -> String {
        self.0.text()
    }
}

/// Reads a whole checkpoint, or says why it is none.
fn read(bytes: &[u8]) -> Result<Checkpoint, String> {
    let not_whole = || "it is not whole".to_owned();
    // The crate looks whether everything that the header names is there.
    let file = SafeTensors::deserialize(bytes).map_err(|_| not_whole())?;
    let length = bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length)).ok_or_else(not_whole)?;
    let (header, data) =
        bytes.get(8..).and_then(|rest| rest.split_at_checked(usize::try_from(length).ok()?)).ok_or_else(not_whole)?;
    let mut header: Map<String, Value> = serde_json::from_slice(header).map_err(|_| not_whole())?;
    let metadata = header.shift_remove("__metadata__").ok_or_else(not_whole)?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).ok_or_else(not_whole);
    if text("format")? != FORMAT {
        return Err("it is of another version of nnrun".to_owned());
    }
    let about = text("about")?;
    let mut checksum = Checksum::new(about, &header);
    checksum.add(data);
    if text("checksum")? != checksum.text() {
        return Err("its checksum does not fit".to_owned());
    }
    let about = serde_json::from_str(about).map_err(|error| error.to_string())?;
    let (mut now, mut best) = (Vec::new(), Vec::new());
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(not_whole());
        }
        let (numbers, _) = view.data().as_chunks::<4>();
        let numbers = numbers.iter().map(|x| f32::from_le_bytes(*x)).collect();
        let shape = view.shape().to_vec();
        match (name.strip_prefix(NOW), name.strip_prefix(BEST)) {
            (Some(path), _) => now.push((path.to_owned(), shape, numbers)),
            (_, Some(path)) => best.push((path.to_owned(), shape, numbers)),
            _ => return Err(not_whole()),
        }
    }
    Ok(Checkpoint { about, now, best })
}

impl Checkpoint {
    /// Puts the tensors into the states of its train, and says where its loop goes on.
    pub(super) fn begin(self, states: &mut States<f32>) -> Result<Beginning, RunError> {
        let count = states.entries().len();
        if self.now.len() != count {
            return Err(other_states(&format!("{} tensors instead of {count}", self.now.len())));
        }
        for (path, shape, values) in &self.now {
            let fits = states.entry(path).is_some_and(|entry| entry.shape == *shape);
            match states.get_mut(path).filter(|place| fits && place.len() == values.len()) {
                Some(place) => place.copy_from_slice(values),
                None => return Err(other_states(path)),
            }
        }
        let mut tensors = Vec::new();
        // In the order of the model, as weights are saved.
        for entry in states.entries().iter().filter(|entry| is_models(entry.role)) {
            let Some((_, shape, values)) = self.best.iter().find(|(path, ..)| **path == *entry.path) else { continue };
            let (path, role) = (entry.path.clone(), entry.role);
            tensors.push(WeightTensor { path, role, shape: shape.clone(), values: values.clone() });
        }
        let best = (!tensors.is_empty()).then_some(Weights { tensors });
        Ok(Beginning { position: self.about.position, best })
    }
}

/// The program is the same and its states are not: something changed between two versions of nnrun.
fn other_states(what: &str) -> RunError {
    RunError::Internal { stage: FOLDER, message: format!("the checkpoint has other states: {what}") }
}

#[cfg(test)]
mod tests {
    use super::super::position::{Exact, Seen};
    use super::*;
    use crate::ir::dim::Dim;
    use crate::ir::graph::{Graph, State, StateRole};
    use crate::ir::init::Init;
    use crate::source::Span;

    fn states(graph: &Graph, first: f32) -> States<f32> {
        let mut states = States::of(graph).unwrap();
        let paths: Vec<_> = states.entries().iter().map(|e| e.path.clone()).collect();
        for (i, path) in paths.iter().enumerate() {
            for (j, x) in states.get_mut(path).unwrap().iter_mut().enumerate() {
                *x = first + (i * 10 + j) as f32;
            }
        }
        states
    }

    fn graph() -> Graph {
        let mut graph = Graph::default();
        for (path, role) in [("dense1.weight", StateRole::Weight), ("dense1.weight@m", StateRole::Optimizer)] {
            let shape = vec![Dim::constant(2), Dim::constant(3)];
            graph.add_state(State { path: path.into(), shape, role, init: Init::Full(0.0), span: Span::default() });
        }
        graph
    }

    fn checkpoints_of(run: &Path, train: usize) -> Checkpoints {
        let (text, source) = ("model A(x: [2]) { x }".to_owned(), "abc".to_owned());
        Checkpoints { folder: run.join(FOLDER), train, text, source, last: Instant::now(), took: Duration::ZERO }
    }

    fn moment<'m>(position: &'m Position, states: &'m States<f32>, best: &'m Weights) -> Moment<'m> {
        Moment { position, states, best: Some(best), is_needed: false }
    }

    fn position(step: u64) -> Position {
        let keep = Seen { best: Some(Exact(0.25)), epoch: 1, step: 0 };
        Position { epoch: 2, in_epoch: 3, step, keep, ..Position::default() }
    }

    #[test]
    fn what_was_written_goes_on_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let graph = graph();
        let (now, best) = (states(&graph, 1.5), Weights::of(&states(&graph, 7.0)));
        let mut checkpoints = checkpoints_of(root.path(), 0);
        for step in [8, 9, 10, 100] {
            checkpoints.write(&moment(&position(step), &now, &best), 77).unwrap();
        }
        let names: Vec<u64> = listed(&root.path().join(FOLDER)).iter().map(|((_, step), _)| *step).collect();
        assert_eq!(names, [9, 10, 100], "the last three");
        let (checkpoint, broken) = newest(root.path());
        assert!(broken.is_empty());
        let checkpoint = checkpoint.unwrap();
        assert_eq!((checkpoint.about.events, &*checkpoint.about.source), (77, "abc"));
        let mut restored = States::of(&graph).unwrap();
        let beginning = checkpoint.begin(&mut restored).unwrap();
        assert_eq!(beginning.position, position(100));
        assert_eq!(beginning.best, Some(best));
        assert_eq!(restored.get("dense1.weight@m"), now.get("dense1.weight@m"));
        assert_eq!(restored.get("dense1.weight"), now.get("dense1.weight"));
    }

    #[test]
    fn only_what_is_older_makes_room() {
        let root = tempfile::tempdir().unwrap();
        let graph = graph();
        let (now, best) = (states(&graph, 1.5), Weights::of(&states(&graph, 7.0)));
        let folder = root.path().join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        for step in [70, 80, 90] {
            fs::write(folder.join(file_name(0, step)), "not to be read").unwrap();
        }
        let mut checkpoints = checkpoints_of(root.path(), 0);
        for step in [10, 11, 12, 13, 75] {
            checkpoints.write(&moment(&position(step), &now, &best), 0).unwrap();
        }
        let steps: Vec<u64> = listed(&folder).iter().map(|((_, step), _)| *step).collect();
        assert_eq!(steps, [13, 70, 75, 80, 90]);
        assert_eq!(newest(root.path()).0.unwrap().about.position.step, 75);
    }

    #[test]
    fn whatever_becomes_of_the_newest_the_one_before_is_read() {
        let root = tempfile::tempdir().unwrap();
        let graph = graph();
        let (now, best) = (states(&graph, 1.5), Weights::of(&states(&graph, 7.0)));
        let mut checkpoints = checkpoints_of(root.path(), 1);
        for step in [3, 4] {
            checkpoints.write(&moment(&position(step), &now, &best), 0).unwrap();
        }
        let newest_path = root.path().join(FOLDER).join(file_name(1, 4));
        let whole = fs::read(&newest_path).unwrap();
        for length in 0..whole.len() {
            fs::write(&newest_path, &whole[..length]).unwrap();
            let (checkpoint, broken) = newest(root.path());
            assert_eq!(checkpoint.unwrap().about.position.step, 3, "cut to {length} bytes");
            assert_eq!(broken.len(), 1);
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(&newest_path, &flipped).unwrap();
            let (checkpoint, _) = newest(root.path());
            assert_eq!(checkpoint.unwrap().about.position.step, 3, "a bit of byte {at} is another");
        }
    }
}
