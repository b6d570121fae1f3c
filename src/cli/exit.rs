//! Exit statuses: what a script learns from a command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Everything is as it should be.
    Fine = 0,
    /// The program or its data is wrong.
    Wrong = 1,
    /// The command line is wrong.
    CommandLine = 2,
    /// An `expect` failed.
    ExpectFailed = 3,
    /// Training diverged, or the weights that are used are what a divergence left.
    Diverged = 4,
    /// Interrupted; the weights were saved.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
