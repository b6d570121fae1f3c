//! What instructions ran when, and what they are: for a profile.

use super::kernels::clock::{Clock, Lap};
use crate::source::Span;
use std::sync::Arc;
use std::time::Instant;

/// What an instruction is and costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Where the last of its nodes comes from.
    pub span: Span,
    /// What is done, for people.
    pub operation: String,
    /// What comes out, with its place.
    pub results: String,
    /// What goes in.
    pub operands: String,
    /// Operations on numbers.
    pub flops: u64,
    /// Bytes that it reads and writes, each counted once.
    pub bytes: u64,
    /// Bytes of its results.
    pub stored: usize,
    /// Pieces that threads share.
    pub pieces: usize,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.results.is_empty() {
            write!(f, "{} = ", self.results)?;
        }
        f.write_str(&self.operation)?;
        if !self.operands.is_empty() {
            write!(f, " of {}", self.operands)?;
        }
        Ok(())
    }
}

/// A piece of an instruction that ran.
#[derive(Debug, Clone)]
pub struct Record {
    /// Which of the session; the same for all that ran together, in bands.
    pub instruction: usize,
    /// What it is.
    pub cost: Arc<Cost>,
    /// On which thread.
    pub worker: usize,
    #[allow(missing_docs)]
    pub start: Instant,
    #[allow(missing_docs)]
    pub end: Instant,
}

/// Keeps what runs in a session.
pub(super) struct Recorder {
    pub(super) clock: Clock,
    pub(super) records: Vec<Record>,
    /// Instructions of earlier runs.
    before: usize,
}

impl Recorder {
    pub(super) fn new(threads: usize) -> Recorder {
        Recorder { clock: Clock::new(threads), records: Vec::new(), before: 0 }
    }

    /// Adds what the clock has seen of a plan of so many instructions, one after the other.
    pub(super) fn add(&mut self, count: usize, cost: impl Fn(&Lap) -> Arc<Cost>) {
        let mut laps = self.clock.take();
        laps.sort_by_key(|lap| (lap.instruction, lap.inside, lap.start));
        self.records.extend(laps.into_iter().map(|lap| Record {
            instruction: self.before + lap.instruction,
            cost: cost(&lap),
            worker: lap.worker,
            start: lap.start,
            end: lap.end,
        }));
        self.before += count;
    }
}
