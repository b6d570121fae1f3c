//! `nnrun train`: check and train; what the file expects is not asked.

use super::arguments::TrainArgs;
use super::exit::Exit;
use super::output::Output;
use super::run::{Purpose, execute};

/// Runs the command.
pub fn train(output: &Output, args: &TrainArgs) -> Exit {
    execute(output, args, Purpose::Train)
}
