//! Whether a run has the memory that it needs, asked before its first step.

use super::error::RunError;
use crate::check::{Checked, Train};
use crate::compile::{self, Foreseen};
use crate::data::Dataset;
use crate::ir::dim::{Dim, show_shape};
use crate::ir::op::Op;
use crate::runtime::Binding;
use crate::source::Span;
use crate::syntax::ast::{ItemKind, StatementKind};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A train that needs more memory than there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The model's name.
    pub train: Arc<str>,
    /// Where that stands in the train.
    pub span: Span,
    /// Examples of a step.
    pub batch: usize,
    /// Where that number is written.
    pub batch_span: Option<Span>,
    /// Bytes of a step.
    pub step: u64,
    /// Bytes of the weights and what the optimizer keeps beside them, which are part of a step.
    pub states: u64,
    /// Bytes of the copies of the weights to go back to.
    pub copies: u64,
    /// Bytes of the data.
    pub data: u64,
    /// Bytes that may be used for all of it, the data being there already where it is no limit.
    pub available: u64,
    /// Whether the command line says so.
    pub is_limit: bool,
    /// The largest weights and results of a step.
    pub largest: Vec<Large>,
    /// The largest batch that fits, if one does.
    pub fits: Option<usize>,
}

/// One of the largest tensors of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Large {
    /// Where it is made.
    pub span: Span,
    /// Its path, where it is a weight.
    pub weight: Option<Arc<str>>,
    /// Its shape; of one example where it is no weight.
    pub shape: String,
    /// Its bytes, for all examples.
    pub bytes: u64,
}

/// Bytes that no machine has: there is nothing to plan.
const BEYOND: u64 = 1 << 50;

/// How many of them are named.
const NAMED: usize = 3;

/// Refuses trains, by index, for which there is not enough memory. `limit` stands in for what the machine has.
pub(super) fn check(
    checked: &Checked,
    trains: &[usize],
    datasets: &BTreeMap<usize, Dataset>,
    limit: Option<u64>,
    threads: usize,
) -> Result<(), RunError> {
    let trains = trains.iter().filter_map(|index| checked.program.trains.get(*index));
    trains.into_iter().try_for_each(|train| check_train(checked, train, datasets, limit, threads))
}

/// The same for one of them, which may differ from the program's.
pub(super) fn check_train(
    checked: &Checked,
    train: &Train,
    datasets: &BTreeMap<usize, Dataset>,
    limit: Option<u64>,
    threads: usize,
) -> Result<(), RunError> {
    let Some(available) = limit.or_else(available) else { return Ok(()) };
    let data: u64 = datasets.values().map(bytes_of).sum();
    // What has been read is not free any more, but is part of a limit.
    let room = if limit.is_some() { available.saturating_sub(data) } else { available };
    let batch = batch_of(train, datasets);
    let about = rough(train, batch);
    if about <= room / 2 {
        return Ok(());
    }
    let kept = if train.settings.keep.is_some() { 2 } else { 1 };
    let (mut step, mut states, mut fits) = (about, weights(train), 0);
    // Of a batch beyond all machines there is nothing to plan, and a smaller one may fit all the same.
    let plannable = largest_below(batch, |batch| rough(train, batch) < BEYOND);
    if let Some(most) = plannable {
        let mut foreseen = Foreseen::new(train, threads)?;
        states = foreseen.states();
        let needed = |step: u64| step.saturating_add(states.saturating_mul(kept));
        if most == batch {
            step = foreseen.cost(batch)?.bytes;
            if needed(step) <= room {
                return Ok(());
            }
        }
        let mut too_large = if needed(states) <= room { most + usize::from(most < batch) } else { 0 };
        while too_large > fits + 1 {
            let middle = fits + (too_large - fits) / 2;
            if needed(foreseen.cost(middle)?.bytes) <= room { fits = middle } else { too_large = middle }
        }
    }
    Err(RunError::Memory(Box::new(Shortage {
        train: train.name.clone(),
        span: train.span,
        batch,
        batch_span: batch_span(checked, train),
        step,
        states,
        copies: states.saturating_mul(kept),
        data,
        available,
        is_limit: limit.is_some(),
        largest: largest(train, batch),
        fits: (fits > 0).then_some(fits),
    })))
}

/// The largest batch up to this one for which something holds that holds for all smaller ones; none where there is none.
fn largest_below(batch: usize, holds: impl Fn(usize) -> bool) -> Option<usize> {
    if holds(batch) {
        return Some(batch);
    }
    let (mut fits, mut too_large) = (0, batch);
    while too_large > fits + 1 {
        let middle = fits + (too_large - fits) / 2;
        if holds(middle) { fits = middle } else { too_large = middle }
    }
    (fits > 0).then_some(fits)
}

/// A batch is never larger than its split.
fn batch_of(train: &Train, datasets: &BTreeMap<usize, Dataset>) -> usize {
    let examples = datasets.get(&train.data).map_or(usize::MAX, |dataset| dataset.splits.train.len());
    train.settings.batch.min(examples).max(1)
}

fn bytes_of(dataset: &Dataset) -> u64 {
    let of_field = |field: &crate::data::Field| {
        let places = field.offsets.as_ref().map_or(0, Vec::len) + field.starts.as_ref().map_or(0, Vec::len);
        field.values.memory() + places * size_of::<usize>()
    };
    (dataset.fields.iter().map(of_field).sum::<usize>() + dataset.ids.memory()) as u64
}

fn count(shape: &[Dim], sizes: &Binding) -> u64 {
    let size = |dim: &Dim| dim.evaluate(&|v| Some(sizes.size(v.id).unwrap_or(1) as i64));
    let sizes = shape.iter().map(|dim| size(dim).and_then(|n| u64::try_from(n).ok()).unwrap_or(1));
    sizes.fold(1, u64::saturating_mul)
}

/// About as much as a step may hold, without planning it: everything that is computed forward, and as much again for
/// the way back.
fn rough(train: &Train, batch: usize) -> u64 {
    let sizes = compile::full_batch(&train.longest, batch);
    let nodes = train.training.graph.nodes.iter().map(|node| count(&node.shape, &sizes));
    nodes.fold(0u64, u64::saturating_add).saturating_mul(2 * size_of::<f32>() as u64)
}

/// Bytes of the weights.
fn weights(train: &Train) -> u64 {
    let numbers = train.training.graph.states.iter().map(|state| count(&state.shape, &Binding::batch(1)));
    numbers.fold(0u64, u64::saturating_add).saturating_mul(size_of::<f32>() as u64)
}

fn largest(train: &Train, batch: usize) -> Vec<Large> {
    let sizes = compile::full_batch(&train.longest, batch);
    let graph = &train.training.graph;
    // Views take no memory of their own.
    let is_own = |op: &Op| !matches!(op, Op::Reshape | Op::Broadcast | Op::Permute(_) | Op::Slice { .. });
    let nodes = graph.nodes.iter().filter(|node| is_own(&node.op) && !node.span.is_empty());
    let mut found: Vec<Large> = nodes
        .map(|node| {
            let weight = match node.op {
                Op::State(state) => graph.states.get(state.0 as usize).map(|state| state.path.clone()),
                _ => None,
            };
            let of_an_example = usize::from(weight.is_none());
            Large {
                span: node.span,
                weight,
                shape: show_shape(node.shape.get(of_an_example..).unwrap_or_default()),
                bytes: count(&node.shape, &sizes).saturating_mul(size_of::<f32>() as u64),
            }
        })
        .collect();
    found.sort_by_key(|large| (std::cmp::Reverse(large.bytes), large.span));
    let mut named: Vec<Large> = Vec::new();
    for large in found {
        if named.len() < NAMED && named.iter().all(|other| other.span != large.span) {
            named.push(large);
        }
    }
    named
}

/// Where `batch:` of a train is written.
fn batch_span(checked: &Checked, train: &Train) -> Option<Span> {
    checked.ast.items.iter().find_map(|item| match &item.kind {
        ItemKind::Train(written) if train.span.lies_in(item.span) => {
            written.statements.iter().find_map(|statement| match &statement.kind {
                StatementKind::Setting(setting) if &*setting.key.name == "batch" => Some(setting.value.span),
                _ => None,
            })
        }
        _ => None,
    })
}

/// The memory that can still be had without pushing anything out, where the system says so.
fn available() -> Option<u64> {
    let machine = kibibytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    let limits = [in_container(), of_process()].into_iter().flatten();
    Some(limits.fold(machine, u64::min))
}

/// The memory that a run which goes on can still have, where that can be told.
pub(super) fn left(limit: Option<u64>) -> Option<u64> {
    let Some(limit) = limit else { return available() };
    let held = kibibytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")?;
    Some(limit.saturating_sub(held))
}

/// What the limit of the process (`ulimit -v`) leaves; none where there is no limit.
fn of_process() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    let used = kibibytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used))
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// What the limit of a container leaves; none where there is no limit.
fn in_container() -> Option<u64> {
    let read = |path: &Path| -> Option<u64> { std::fs::read_to_string(path).ok()?.trim().parse().ok() };
    let reclaimable = |folder: &Path, name: &str| -> u64 {
        let text = std::fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|n| n.trim().parse().ok()).unwrap_or(0)
    };
    let left = |folder: &Path, limit: &str, used: &str, inactive: &str| -> Option<u64> {
        let (limit, used) = (read(&folder.join(limit))?, read(&folder.join(used))?);
        Some(limit.saturating_sub(used.saturating_sub(reclaimable(folder, inactive))))
    };
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own =
        |mark: &str| groups.lines().find_map(|line| Some(line.split_once(mark)?.1.to_owned())).unwrap_or_default();
    let root = Path::new("/sys/fs/cgroup");
    // A container sees its own group as the root, or by its name.
    let new = |folder: &Path| left(folder, "memory.max", "memory.current", "inactive_file");
    let old = |folder: &Path| left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
    new(&root.join(own("0::/")))
        .or_else(|| new(root))
        .or_else(|| old(&root.join("memory").join(own(":memory:/"))))
        .or_else(|| old(&root.join("memory")))
}

#[cfg(test)]
mod tests {
    use super::{kibibytes, largest_below};

    #[test]
    fn the_largest_batch_is_found() {
        assert_eq!(largest_below(100, |n| n < 1000), Some(100));
        assert_eq!(largest_below(100, |n| n <= 37), Some(37));
        assert_eq!(largest_below(100, |n| n <= 1), Some(1));
        assert_eq!(largest_below(100, |_| false), None);
    }

    #[test]
    fn the_system_is_understood() {
        let text = "MemTotal:       16314804 kB\nMemFree:  1 kB\nMemAvailable:    8000000 kB\n";
        assert_eq!(kibibytes(text, "MemAvailable:"), Some(8_192_000_000));
        assert_eq!(kibibytes("MemTotal: 3 kB", "MemAvailable:"), None);
    }
}
