//! `nnrun sweep`: the points of a sweep, run one after the other or several at once.

use super::arguments::{GoingArgs, SweepArgs};
use super::exit::Exit;
use super::output::{BOLD, Output, paint};
use super::sweep_report::{self as report, flags};
use super::{failure, files, interrupt, numbers, run};
use crate::check::Overrides;
use crate::diagnostics::{Format, quoted_list, render_all};
use crate::source::SourceMap;
use crate::train::{NotSwept, PointStatus, Search, SweepOptions, SweepOutcome, WrongPoint};
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn sweep(output: &Output, args: &SweepArgs) -> Exit {
    let file = &args.program.file;
    if let Some(directory) = &args.resume {
        return match files::readable(output, file) {
            Ok(()) => resume(output, directory, Some(file), &args.going, args.jobs),
            Err(exit) => exit,
        };
    }
    let overrides = Overrides { lints: args.lints.levels(), ..args.program.changes.overrides() };
    let checked = match files::program(output, file, &overrides) {
        Ok(checked) => checked,
        Err(exit) => return exit,
    };
    let options = SweepOptions {
        out: args.out.clone(),
        init: args.init.clone(),
        halving: args.halving,
        overrides,
        ..options(output, &args.going, args.jobs)
    };
    match Search::begin(&checked, &options) {
        Ok(search) => {
            if let Some((points, epochs)) = search.idle_halving() {
                let (points, epochs) = (numbers::counted(points as u64, "point"), numbers::counted(epochs, "epoch"));
                output.note(&format!(
                    "--halving stops nothing here: it needs 3 points of 3 epochs or more, and there are {points} of {epochs}"
                ));
            }
            go(output, search, &options, args.going.json)
        }
        Err(NotSwept::Run(error)) => failure::tell(output, &checked.sources, &error),
        Err(why) => not_swept(output, file, why),
    }
}

/// Goes on with a sweep; `file` is the program as it is now, where that is said.
pub fn resume(output: &Output, directory: &Path, file: Option<&Path>, going: &GoingArgs, jobs: usize) -> Exit {
    match Search::reopen(directory, file) {
        Ok(search) => go(output, search, &options(output, going, jobs), going.json),
        Err(failed) => failure::tell(output, &failed.sources, &failed.error),
    }
}

fn options(output: &Output, going: &GoingArgs, jobs: usize) -> SweepOptions {
    SweepOptions {
        threads: run::threads(going.resources.threads),
        jobs,
        runs: PathBuf::from("runs"),
        tensorboard: going.tensorboard,
        memory_limit: going.resources.memory_limit,
        interrupt: interrupt::flag(*output),
        ..SweepOptions::default()
    }
}

fn go(output: &Output, search: Search, options: &SweepOptions, json: bool) -> Exit {
    report::begin(output, &search, options, json);
    let (sweep, file, overrides) = (search.sweep().clone(), search.file().to_owned(), search.overrides());
    let rungs = search.rungs();
    match search.go(options, &mut |event| report::event(output, &sweep, event, json)) {
        Ok(outcome) => {
            report::end(
                output,
                &report::Ended { sweep: &sweep, file: &file, overrides: &overrides, outcome: &outcome, rungs },
                json,
            );
            status(&outcome)
        }
        Err(error) => failure::tell(output, &SourceMap::new(), &error),
    }
}

fn status(outcome: &SweepOutcome) -> Exit {
    if outcome.is_interrupted {
        Exit::Interrupted
    } else if outcome.rows.iter().any(|row| row.result.status == PointStatus::Failed) {
        Exit::Wrong
    } else if outcome.best.is_none() {
        Exit::Diverged
    } else {
        Exit::Fine
    }
}

fn not_swept(output: &Output, file: &Path, why: NotSwept) -> Exit {
    let shown = file.display();
    match why {
        NotSwept::NoSweep => {
            let help =
                "an item like `sweep { width: [32, 64, 128] }` says which hypers are tried, and with which values";
            output.error(&format!("{shown} has no sweep"), Some(help));
            Exit::Wrong
        }
        NotSwept::Set(name) => {
            let help = format!("set other hypers, or take `{name}` out of the sweep");
            output.error(&format!("--set {name}: the sweep has the values for `{name}`"), Some(&help));
            Exit::CommandLine
        }
        NotSwept::Halving(why) => {
            output.error(
                &format!("--halving cannot be used here: {why}"),
                Some("do without it: all points are then trained to their end"),
            );
            Exit::CommandLine
        }
        NotSwept::Wrong(points, count) => {
            wrong(output, &points, count);
            Exit::Wrong
        }
        NotSwept::Run(error) => failure::tell(output, &SourceMap::new(), &error),
    }
}

/// The first points with mistakes, and those.
fn wrong(output: &Output, points: &[WrongPoint], count: usize) {
    for point in points {
        output.complain(&format!("{}\n", paint(BOLD, &format!("point {}, {}", point.number, flags(&point.set)))));
        let errors: Vec<_> = point.checked.diagnostics.iter().filter(|d| d.is_error()).cloned().collect();
        output.complain(&render_all(&point.checked.sources, &errors, Format::Human, output.error_style()));
        output.complain("\n");
    }
    let are = if count == 1 { "point of the sweep has" } else { "points of the sweep have" };
    let numbers: Vec<String> = points.iter().map(|point| point.number.to_string()).collect();
    let first = quoted_list(numbers.iter().map(String::as_str), 5);
    let which = if points.len() < count { format!(" (the first: {first})") } else { String::new() };
    let help = "`require:` in the sweep leaves points out";
    output.error(&format!("{count} {are} mistakes, so none is run{which}"), Some(help));
}
