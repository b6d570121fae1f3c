//! States and threads, shared by the executables of a run.

use super::kernels::team::Team;
use super::{Element, States};

/// What executables run on.
pub struct Session<E> {
    /// Weights, statistics, optimizer states.
    pub states: States<E>,
    pub(super) team: Team,
}

impl<E: Element> Session<E> {
    /// With `threads` workers, the calling thread among them; at least one.
    pub fn new(states: States<E>, threads: usize) -> Session<E> {
        Session { states, team: Team::new(threads) }
    }

    /// Number of workers.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }
}
