//! `nnrun resume`: a run or a sweep that was stopped goes on.

use super::arguments::ResumeArgs;
use super::exit::Exit;
use super::output::Output;
use super::{failure, interrupt, run, sweep};
use crate::train::{Resumable, ResumeOptions, is_sweep};

/// Runs the command.
pub fn resume(output: &Output, args: &ResumeArgs) -> Exit {
    if is_sweep(&args.run) {
        return sweep::resume(output, &args.run, None, &args.going, 1);
    }
    let (checked, resumable) = match Resumable::open(&args.run) {
        Ok(opened) => opened,
        Err(failed) => return failure::tell(output, &failed.sources, &failed.error),
    };
    for trouble in resumable.troubles() {
        output.note(trouble);
    }
    let options = ResumeOptions {
        threads: run::threads(args.going.threads),
        memory_limit: args.going.memory_limit,
        interrupt: interrupt::flag(*output),
        pause_after: None,
    };
    let log_steps = resumable.logs_steps();
    run::observed(output, &checked, args.going.json, log_steps, |observer| {
        resumable.go_on(&checked, &options, observer)
    })
}
