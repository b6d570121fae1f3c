//! From rows to examples: where windows start, which split each example is in, and which rows are trained on.

use super::dataset::{Ids, Splits};
use super::plan::SplitSpec;
use super::problem::{DataProblem, Found};
use super::resolve::{Examples, Unit};
use super::source_spec::Split;
use super::split::{assign, shared_counts};
use super::steps::{StepKind, Steps};

/// The examples of a data block.
#[derive(Debug, Clone, Default)]
pub(crate) struct Framing {
    /// The first row of each window; empty where examples are not windows.
    pub starts: Vec<u32>,
    /// The number of examples.
    pub count: usize,
    /// Which belong to which split.
    pub splits: Splits,
    /// Where examples are windows: the rows of the training split, each once.
    training_rows: Option<Vec<u32>>,
}

/// A stretch of rows that no window crosses.
struct Segment {
    split: Split,
    rows: std::ops::Range<usize>,
}

/// Where examples are cut: before any are counted for `ordered`, else where the source says.
fn segments(spec: &SplitSpec, examples: &Examples) -> Found<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut start = 0;
    let [pool, ..] = examples.counts;
    for (split, rows) in Split::ALL.into_iter().zip(examples.counts) {
        match (split, spec) {
            (Split::Train, SplitSpec::Ordered { shares }) => {
                let counts = shared_counts(shares, pool, examples.given.as_deref())?;
                for split in Split::ALL {
                    if let Some((_, rows)) = counts.iter().find(|(s, _)| *s == split) {
                        segments.push(Segment { split, rows: start..start + rows });
                        start += rows;
                    }
                }
            }
            _ if rows > 0 => {
                segments.push(Segment { split, rows: start..start + rows });
                start += rows;
            }
            _ => {}
        }
    }
    Ok(segments)
}

/// Where windows start: counted without being walked.
type Starts = std::iter::StepBy<std::ops::Range<u32>>;

/// The starts of the windows of each segment.
fn windows(spec: &SplitSpec, examples: &Examples, stride: usize, reach: usize) -> Found<Vec<(Segment, Starts)>> {
    let mut all = Vec::new();
    for segment in segments(spec, examples)? {
        let rows = segment.rows.len();
        let Some(last) = rows.checked_sub(reach) else {
            let is_cut = matches!(spec, SplitSpec::Ordered { .. }) || examples.given.is_some();
            let (split, source) = (is_cut.then_some(segment.split), examples.source.1.clone());
            return Err(Box::new(DataProblem::WindowTooLong { split, rows, reach, source }));
        };
        let start = segment.rows.start;
        all.push((segment, (start as u32..(start + last + 1) as u32).step_by(stride.max(1))));
    }
    Ok(all)
}

/// How many examples each split has. Errors: shares that make no sense, a split that is empty or shorter than a window.
pub(crate) fn sizes(spec: &SplitSpec, examples: &Examples) -> Found<[usize; 3]> {
    let given = examples.given.as_deref();
    let Unit::Windows { stride, reach, .. } = examples.unit else {
        return super::split::split_sizes(spec, examples.counts, given);
    };
    let mut counts = [0usize; 3];
    for (segment, starts) in windows(spec, examples, stride, reach)? {
        if let Some(count) = counts.get_mut(segment.split.index()) {
            *count += starts.len();
        }
    }
    match spec {
        SplitSpec::Random { .. } => super::split::split_sizes(spec, counts, given),
        SplitSpec::AsGiven | SplitSpec::Ordered { .. } => Ok(counts),
    }
}

/// Where windows start, before anything is split: what `stratify` looks at.
pub(crate) fn starts(spec: &SplitSpec, examples: &Examples) -> Found<Vec<u32>> {
    match examples.unit {
        Unit::Windows { stride, reach, .. } => {
            Ok(windows(spec, examples, stride, reach)?.into_iter().flat_map(|(_, starts)| starts).collect())
        }
        Unit::Rows | Unit::Sequences(_) => Ok(Vec::new()),
    }
}

/// Every place where a window of this reach fits: at least those that any split would leave.
pub(crate) fn all_starts(examples: &Examples) -> Vec<u32> {
    match examples.unit {
        Unit::Windows { reach, .. } => {
            let every = windows(&SplitSpec::AsGiven, examples, 1, reach).unwrap_or_default();
            every.into_iter().flat_map(|(_, starts)| starts).collect()
        }
        Unit::Rows | Unit::Sequences(_) => Vec::new(),
    }
}

/// Splits the examples. `strata` has a number for each, where they are stratified.
pub(crate) fn frame(spec: &SplitSpec, examples: &Examples, strata: Option<&[u64]>) -> Found<Framing> {
    let given = examples.given.as_deref();
    let Unit::Windows { stride, reach, first } = examples.unit else {
        let splits = assign(spec, examples.counts, given, strata)?;
        let count = examples.counts.iter().sum();
        return Ok(Framing { starts: Vec::new(), count, splits, training_rows: None });
    };
    let segments = windows(spec, examples, stride, reach)?;
    let mut framing = Framing::default();
    let mut counts = [0usize; 3];
    let mut training_rows: Vec<u32> = Vec::new();
    for (segment, starts) in segments {
        let from = framing.starts.len() as u32;
        framing.starts.extend(starts);
        framing.splits.get_mut(segment.split).extend(from..framing.starts.len() as u32);
        if let Some(count) = counts.get_mut(segment.split.index()) {
            *count += framing.starts.len() - from as usize;
        }
        if segment.split == Split::Train {
            training_rows.extend(segment.rows.start as u32..segment.rows.end as u32);
        }
    }
    framing.count = framing.starts.len();
    if matches!(spec, SplitSpec::Random { .. }) {
        framing.splits = assign(spec, counts, given, strata)?;
        // A row that windows of different splits share is trained on: it was seen.
        training_rows.clear();
        let mut next = 0usize;
        for window in &framing.splits.train {
            let start = framing.starts.get(*window as usize).map_or(0, |s| *s as usize);
            let rows = (start + first).max(next)..start + reach;
            next = next.max(rows.end);
            training_rows.extend(rows.map(|row| row as u32));
        }
    }
    framing.training_rows = Some(training_rows);
    Ok(framing)
}

impl Framing {
    /// All examples, in their order.
    pub fn examples(&self) -> Vec<u32> {
        (0..self.count as u32).collect()
    }

    /// New data: nothing is split.
    pub fn unsplit(mut self) -> Framing {
        let test = self.examples();
        self.splits = Splits { test, ..Splits::default() };
        self
    }

    /// What an estimate over a value counts: every position of the training split once, or every example of it where
    /// the value has no axis of positions.
    pub fn training(&self, steps: Option<&Steps>, is_of_rows: bool) -> Vec<u32> {
        match (steps.map(|s| &s.kind), &self.training_rows) {
            (Some(StepKind::Groups(groups)), _) => {
                self.splits.train.iter().flat_map(|e| groups.positions(*e as usize)).collect()
            }
            (Some(StepKind::Window { .. }), Some(rows)) => rows.clone(),
            (None, Some(rows)) if is_of_rows => rows.clone(),
            _ => self.splits.train.clone(),
        }
    }

    /// For each example the number of a row that it begins with and no other does.
    pub fn ids(&self, examples: Option<&Examples>) -> Ids {
        let Some(examples) = examples else { return Ids::default() };
        if matches!((&examples.unit, &examples.kept), (Unit::Rows, None)) {
            return Ids::Places(self.count);
        }
        let row = |row: u32| match &examples.kept {
            Some(kept) => kept.get(row as usize).copied().unwrap_or(row),
            None => row,
        };
        let first = |example: u32| match &examples.unit {
            Unit::Rows => example,
            Unit::Windows { .. } => self.starts.get(example as usize).copied().unwrap_or(example),
            Unit::Sequences(groups) => groups.positions(example as usize).next().unwrap_or(example),
        };
        Ids::Own((0..self.count as u32).map(|example| row(first(example))).collect())
    }
}
