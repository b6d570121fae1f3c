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
use super::fingerprint::Fingerprint;
use super::position::Position;
use super::record::source_fingerprint;
use super::run_directory::write_whole;
use super::training_loop::{Beginning, Moment};
use super::weights::{WeightTensor, Weights, is_models};
use crate::check::Checked;
use crate::diagnostics::io_reason;
use crate::runtime::States;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The folder in that of the run.
const FOLDER: &str = "checkpoints";
/// So many stay.
const KEPT: usize = 3;
const FORMAT: &str = "nnrun checkpoint 1";
const NOW: &str = "now/";
const BEST: &str = "best/";
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
        self.last.elapsed() >= LEAST.max(self.took * SHARE)
    }

    /// Writes one and takes away what is too old. `events` are the bytes of `metrics.jsonl` so far.
    pub(super) fn write(&mut self, moment: &Moment, events: u64) -> Result<(), RunError> {
        let began = Instant::now();
        fs::create_dir_all(&self.folder).map_err(|error| RunError::write(&self.folder, &error))?;
        let position = moment.position.clone();
        let path = self.folder.join(file_name(self.train, position.step));
        let (text, source) = (self.text.clone(), self.source.clone());
        let about = About { train: self.train, text, source, events, position };
        write_whole(&path, &bytes(&about, moment.states, moment.best)?)?;
        for (_, old) in listed(&self.folder).into_iter().rev().skip(KEPT) {
            // One too many does no harm.
            let _ = fs::remove_file(old);
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

/// Takes away what was being written when the process ended, and what is broken.
pub(super) fn clean(run: &Path, broken: &[(PathBuf, String)]) {
    let entries = fs::read_dir(run.join(FOLDER)).into_iter().flatten().flatten().map(|entry| entry.path());
    let parts = entries.filter(|path| path.extension().is_some_and(|extension| extension == "part"));
    for path in parts.chain(broken.iter().map(|(path, _)| path.clone())) {
        // What stays is written over, or passed over again.
        let _ = fs::remove_file(path);
    }
}

fn file_name(train: usize, step: u64) -> String {
    format!("{}-{step:08}.safetensors", train + 1)
}

/// Train and step of the checkpoints in a folder, oldest first.
fn listed(folder: &Path) -> Vec<((usize, u64), PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let (train, step) = name.to_str()?.strip_suffix(".safetensors")?.split_once('-')?;
            Some(((train.parse().ok()?, step.parse().ok()?), entry.path()))
        })
        .collect();
    found.sort();
    found
}

fn bytes(about: &About, states: &States<f32>, best: Option<&Weights>) -> Result<Vec<u8>, RunError> {
    let about = serde_json::to_string(about)
        .map_err(|error| RunError::Internal { stage: FOLDER, message: error.to_string() })?;
    let now = states.iter().map(|(entry, values)| (NOW, &*entry.path, &entry.shape, values));
    let best = best.iter().flat_map(|best| &best.tensors).map(|t| (BEST, &*t.path, &t.shape, t.values.as_slice()));
    let mut tensors = Map::new();
    let mut data: Vec<u8> = Vec::with_capacity(states.bytes());
    for (kind, path, shape, values) in now.chain(best) {
        let start = data.len();
        data.extend(values.iter().flat_map(|x| x.to_le_bytes()));
        let entry = json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, data.len()] });
        tensors.insert(format!("{kind}{path}"), entry);
    }
    let checksum = checksum(&about, &Value::Object(tensors.clone()), &data);
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({ "format": FORMAT, "about": about, "checksum": checksum }));
    header.extend(tensors);
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = Vec::with_capacity(8 + header.len() + data.len());
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(data);
    Ok(bytes)
}

fn checksum(about: &str, tensors: &Value, data: &[u8]) -> String {
    let mut fingerprint = Fingerprint::new();
    fingerprint.add(about.as_bytes());
    fingerprint.add(tensors.to_string().as_bytes());
    fingerprint.add(data);
    fingerprint.text()
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
    if text("checksum")? != checksum(about, &Value::Object(header), data) {
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
        Moment { position, states, best: Some(best), is_last: false }
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
