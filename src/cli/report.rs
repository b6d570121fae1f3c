//! `nnrun report`, and the page that every run leaves.

use super::arguments::ReportArgs;
use super::exit::Exit;
use super::failure;
use super::output::{DIM, Output, paint};
use super::run::{self, Watched};
use crate::report::{self, PAGE};
use crate::source::SourceMap;
use crate::train::{Datasets, RunHistory};
use std::path::Path;

/// Runs the command.
pub fn report(output: &Output, args: &ReportArgs) -> Exit {
    match report::write(&args.run, run::threads(args.threads), None) {
        Ok(written) => {
            for note in &written.notes {
                output.note(&format!("the report does not have everything: {note}"));
            }
            output.say(&format!("{} {}", paint(DIM, "report in"), written.path.display()));
            Exit::Fine
        }
        Err(error) => failure::tell(output, &SourceMap::new(), &error),
    }
}

/// Writes the page behind a run. A run that went well but has no page does not end well.
pub fn after(output: &Output, run: &Path, how: &Watched, exit: Exit, data: Option<&Datasets>) -> Exit {
    match report::write(run, how.threads, data) {
        Ok(written) => {
            for note in &written.notes {
                output.note(&format!("the report does not have everything: {note}"));
            }
            if !how.json {
                // Behind `saved in`, which names the folder.
                output.say(&format!("{} {}", paint(DIM, "report in"), run.join(PAGE).display()));
            }
            exit
        }
        Err(error) => {
            let help = format!("the run itself is saved; `nnrun report {}` writes its report", run.display());
            output.error(&format!("there is no report: {error}"), Some(&help));
            if exit == Exit::Fine { Exit::Wrong } else { exit }
        }
    }
}

/// Writes the page of a run that is at its end and has none, and ends as the run would have.
pub fn missing(output: &Output, run: &Path, how: &Watched) -> Exit {
    output.note(&format!("{} is at its end; only its report is missing", run.display()));
    let is_kept = |history: RunHistory| history.trains.iter().flat_map(|train| &train.facts).all(|fact| fact.ok);
    // What cannot be read is told by the writing of the page.
    let exit = match RunHistory::summary(run).map(is_kept) {
        Ok(false) => Exit::ExpectFailed,
        Ok(true) | Err(_) => Exit::Fine,
    };
    after(output, run, how, exit, None)
}
