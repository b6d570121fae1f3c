//! When pieces ran, and on which thread.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A piece that ran.
#[derive(Debug, Clone, Copy)]
pub struct Lap {
    /// Of which instruction.
    pub instruction: usize,
    /// Where it runs in bands: of which of those inside.
    pub inside: Option<usize>,
    /// On which thread.
    pub worker: usize,
    #[allow(missing_docs)]
    pub start: Instant,
    #[allow(missing_docs)]
    pub end: Instant,
}

/// Collects laps; each thread writes to a list of its own.
pub struct Clock {
    lanes: Vec<Mutex<Vec<Lap>>>,
}

impl Clock {
    /// For so many threads.
    pub fn new(threads: usize) -> Clock {
        Clock { lanes: (0..threads).map(|_| Mutex::new(Vec::new())).collect() }
    }

    /// A piece that began then has just ended.
    pub fn lap(&self, instruction: usize, inside: Option<usize>, worker: usize, start: Instant) {
        let end = Instant::now();
        if let Some(lane) = self.lanes.get(worker) {
            lane.lock().unwrap_or_else(PoisonError::into_inner).push(Lap { instruction, inside, worker, start, end });
        }
    }

    /// What was collected since the last call.
    pub fn take(&self) -> Vec<Lap> {
        let lane = |lane: &Mutex<Vec<Lap>>| std::mem::take(&mut *lane.lock().unwrap_or_else(PoisonError::into_inner));
        self.lanes.iter().flat_map(lane).collect()
    }
}
