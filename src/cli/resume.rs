//! `nnrun resume`: a run or a sweep that was stopped goes on.

use super::arguments::ResumeArgs;
use super::exit::Exit;
use super::output::Output;
use super::{failure, interrupt, run, sweep};
use crate::report::PAGE;
use crate::train::{NotResumable, Resumable, ResumeOptions, RunError, is_sweep};

/// Runs the command.
pub fn resume(output: &Output, args: &ResumeArgs) -> Exit {
    if is_sweep(&args.run) {
        return sweep::resume(output, &args.run, None, &args.going, 1);
    }
    let (checked, resumable) = match Resumable::open(&args.run) {
        Ok(opened) => opened,
        Err(failed) => {
            // It was killed between its end and its page: that is all there is left to do.
            if let RunError::NotResumable { path, why: NotResumable::Finished, .. } = &failed.error
                && !path.join(PAGE).exists()
            {
                let threads = run::threads(args.going.threads);
                let how = run::Watched { json: args.going.json, log_steps: false, threads };
                return super::report::missing(output, path, &how);
            }
            return failure::tell(output, &failed.sources, &failed.error);
        }
    };
    for trouble in resumable.troubles() {
        output.note(trouble);
    }
    let options = ResumeOptions {
        threads: run::threads(args.going.threads),
        memory_limit: args.going.memory_limit,
        interrupt: interrupt::flag(*output),
        pause_after: None,
        ..ResumeOptions::default()
    };
    let log_steps = resumable.logs_steps();
    let how = run::Watched { json: args.going.json, log_steps, threads: options.threads };
    run::observed(output, &checked, how, |observer| resumable.go_on(&checked, &options, observer))
}
