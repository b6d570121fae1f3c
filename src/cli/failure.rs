//! A run that ended without its result, told to the user.

use super::exit::Exit;
use super::files::tally;
use super::output::Output;
use crate::diagnostics::{Format, render_all};
use crate::source::SourceMap;
use crate::train::RunError;

/// Tells what went wrong on standard error and says which exit status it has.
pub fn tell(output: &Output, sources: &SourceMap, error: &RunError) -> Exit {
    let diagnostics = error.diagnostics();
    if diagnostics.is_empty() {
        let message = match error.code() {
            Some(code) => format!("{error} [{code}]"),
            None => error.to_string(),
        };
        let notes = error.notes();
        output.error(&message, (!notes.is_empty()).then(|| notes.join("\n      ")).as_deref());
    } else {
        let style = output.error_style();
        output.complain(&render_all(sources, &diagnostics, Format::Human, style));
        output.complain(&format!("{}\n", tally(&diagnostics)));
    }
    status(error)
}

fn status(error: &RunError) -> Exit {
    match error {
        RunError::Diverged(_) => Exit::Diverged,
        RunError::Interrupted => Exit::Interrupted,
        // What the command line named is not there, or is there already.
        RunError::OutNotEmpty { .. }
        | RunError::NotARun { .. }
        | RunError::Damaged { .. }
        | RunError::RunGoesOn { .. }
        | RunError::NotResumable { .. }
        | RunError::NoSplit { .. }
        | RunError::NoTrain { wanted: Some(_), .. } => Exit::CommandLine,
        _ => Exit::Wrong,
    }
}
