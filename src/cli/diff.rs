//! `nnrun diff`: what is different between two programs.

use super::arguments::DiffArgs;
use super::exit::Exit;
use super::files;
use super::output::{CYAN, DIM, GREEN, Output, RED, paint};
use crate::check::{Checked, Overrides};
use crate::compare::{Change, Difference, differences};
use crate::train::program_of;
use serde_json::json;
use std::path::Path;

/// Runs the command. Exit status 0 whether or not there are differences: both are answers.
pub fn diff(output: &Output, args: &DiffArgs) -> Exit {
    let (before, after) = match (program(output, &args.before), program(output, &args.after)) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    let all = differences(&before, &after);
    if args.json {
        for one in &all {
            let object =
                json!({ "subject": one.subject, "change": one.change, "line": one.line, "kind": word(one.kind) });
            output.result(&format!("{object}\n"));
        }
        return Exit::Fine;
    }
    if all.is_empty() {
        output.say("the two mean the same");
        return Exit::Fine;
    }
    for one in &all {
        output.result(&format!("{}\n", line(one)));
    }
    Exit::Fine
}

/// What became of it, as JSON says it.
pub fn word(kind: Change) -> &'static str {
    match kind {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    }
}

/// One difference, as a line.
pub fn line(one: &Difference) -> String {
    let (mark, color) = match one.kind {
        Change::Added => ("+", GREEN),
        Change::Removed => ("-", RED),
        Change::Changed => ("~", CYAN),
    };
    let place = one.line.map_or(String::new(), |line| paint(DIM, &format!("  line {line}")));
    format!("{} {}: {}{place}", paint(color, mark), one.subject, one.change)
}

/// A program, or the copy of one that a run has.
fn program(output: &Output, path: &Path) -> Result<Checked, Exit> {
    if path.is_dir() {
        return program_of(path).map_err(|failed| super::failure::tell(output, &failed.sources, &failed.error));
    }
    files::program(output, path, &Overrides::default())
}
