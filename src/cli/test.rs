//! `nnrun test`: verify every `expect`, on the latest run where that is still of this program, else after training.

use super::arguments::TrainArgs;
use super::exit::Exit;
use super::output::Output;
use super::run::{Purpose, execute};

/// Runs the command.
pub fn test(output: &Output, args: &TrainArgs) -> Exit {
    execute(output, args, Purpose::Test)
}
