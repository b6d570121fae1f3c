//! States and threads, shared by the executables of a run.

use super::kernels::team::Team;
use super::recording::{Record, Recorder};
use super::{Element, States};

/// What executables run on.
pub struct Session<E> {
    /// Weights, statistics, optimizer states.
    pub states: States<E>,
    pub(super) team: Team,
    pub(super) recorder: Option<Recorder>,
}

impl<E: Element> Session<E> {
    /// With `threads` workers, the calling thread among them; at least one.
    pub fn new(states: States<E>, threads: usize) -> Session<E> {
        Session { states, team: Team::new(threads), recorder: None }
    }

    /// From now on keeps what runs when; gives what was kept before.
    pub fn record(&mut self) -> Vec<Record> {
        let before = self.recorder.replace(Recorder::new(self.team.threads()));
        before.map_or_else(Vec::new, |recorder| recorder.records)
    }

    /// Writes numbers in parts of so many on all threads: `write(place, part)`, where `place` is that of the part's first
    /// number.
    pub fn share<T: Send>(&self, all: &mut [T], each: usize, write: &(dyn Fn(usize, &mut [T]) + Sync)) {
        self.team.share(all, each, write);
    }

    /// Number of workers.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }
}
