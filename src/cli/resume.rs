//! `nnrun resume`: a run or a sweep that was stopped goes on.

use super::arguments::ResumeArgs;
use super::dashboard::{self, Stops};
use super::exit::Exit;
use super::output::Output;
use super::{failure, interrupt, run, sweep};
use crate::data::Limits;
use crate::report::PAGE;
use crate::train::{NotResumable, Resumable, ResumeOptions, RunError, is_sweep};
use std::sync::Arc;

/// Runs the command.
pub fn resume(output: &Output, args: &ResumeArgs) -> Exit {
    if args.screen.dashboard {
        let of_sweep = ("--dashboard shows one run, and this is a sweep", "leave it out");
        let refusal = if is_sweep(&args.run) { Some(of_sweep) } else { dashboard::refusal(output) };
        if let Some((why, help)) = refusal {
            output.error(why, Some(help));
            return Exit::CommandLine;
        }
    }
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
                let threads = run::threads(args.going.resources.threads);
                let how = run::Watched { json: args.going.json, log_steps: false, threads, dashboard: None };
                return super::report::missing(output, path, &how);
            }
            return failure::tell(output, &failed.sources, &failed.error);
        }
    };
    for trouble in resumable.troubles() {
        output.note(trouble);
    }
    let stops = Stops { interrupt: interrupt::flag(*output), ..Stops::default() };
    let options = ResumeOptions {
        threads: run::threads(args.going.resources.threads),
        memory_limit: args.going.resources.memory_limit,
        tensorboard: args.going.tensorboard,
        limits: Limits::USUAL,
        interrupt: Arc::clone(&stops.interrupt),
        pause_after: None,
        pause: Arc::clone(&stops.pause),
        gradients: args.screen.dashboard.then_some(dashboard::GRADIENTS),
    };
    let log_steps = resumable.logs_steps();
    let dashboard = args.screen.dashboard.then_some(stops);
    let how = run::Watched { json: args.going.json, log_steps, threads: options.threads, dashboard };
    run::observed(output, &checked, how, |observer| resumable.go_on(&checked, &options, observer))
}
