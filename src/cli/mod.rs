//! Floor 9: the command line. Arguments, terminal output, one file a subcommand.
//!
//! Nothing is decided here: a command reads its arguments, asks the floors below, and shows what they answer.
//! Diagnostics and everything else that is not a result go to standard error.

mod arguments;
mod bench;
mod check;
mod dashboard;
mod diff;
mod eval;
mod exit;
mod explain;
mod failure;
mod files;
mod fmt;
mod grad;
mod graph;
mod interrupt;
mod listing;
mod lr_find;
mod lsp;
mod measures;
mod new;
mod numbers;
mod output;
mod plot;
mod predict;
mod profile;
mod progress;
mod report;
mod resume;
mod run;
mod runs;
mod runs_compared;
mod summary;
mod sweep;
mod sweep_report;
mod sweeps_listed;
mod table;
mod test;
mod train;
mod trial;

use arguments::{Cli, Command};
use clap::{CommandFactory, Parser};
use exit::Exit;
use output::Output;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Does what the command line of this process says.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(with_command(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else is a mistake; clap knows which stream each wants.
            let exit = if error.use_stderr() { Exit::CommandLine } else { Exit::Fine };
            let _ = error.print();
            return exit.into();
        }
    };
    let output = Output::new(cli.talk);
    let exit = match &cli.command {
        Command::Run(args) => run::run(&output, args),
        Command::Check(args) => check::check(&output, args),
        Command::Summary(args) => summary::summary(&output, args),
        Command::Train(args) => train::train(&output, args),
        Command::Resume(args) => resume::resume(&output, args),
        Command::Bench(args) => bench::bench(&output, args),
        Command::LrFind(args) => lr_find::lr_find(&output, args),
        Command::Sweep(args) => sweep::sweep(&output, args),
        Command::Diff(args) => diff::diff(&output, args),
        Command::Runs(args) => runs::runs(&output, args),
        Command::Plot(args) => plot::plot(&output, args),
        Command::Report(args) => report::report(&output, args),
        Command::Eval(args) => eval::eval(&output, args),
        Command::Predict(args) => predict::predict(&output, args),
        Command::Graph(args) => graph::graph(&output, args),
        Command::Grad(args) => grad::grad(&output, args),
        Command::Test(args) => test::test(&output, args),
        Command::Explain(args) => explain::explain(&output, args),
        Command::Fmt(args) => fmt::fmt(&output, args),
        Command::New(args) => new::new(&output, args),
        Command::Lsp(_) => lsp::lsp(&output),
    };
    match Output::lost() {
        Some(reason) => {
            output.error(&format!("standard output cannot be written: {reason}"), None);
            if exit == Exit::Fine { Exit::Wrong.into() } else { exit.into() }
        }
        None => exit.into(),
    }
}

/// `nnrun FILE` means `nnrun run FILE`.
fn with_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    // Flags of every command may stand before it.
    let mut at = 1;
    loop {
        at += match arguments.get(at).and_then(|a| a.to_str()) {
            Some("--color") => 2,
            Some("-q" | "--quiet") => 1,
            Some(flag) if flag.starts_with("--color=") => 1,
            _ => break,
        };
    }
    if arguments.get(at).is_some_and(means_a_program) {
        arguments.insert(at, OsString::from("run"));
    }
    arguments
}

/// Whether the first argument begins a run: a file, or a flag of `run`. A word that is nearly a command is left to
/// clap, which says so.
fn means_a_program(first: &OsString) -> bool {
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(|c| c.get_name()).collect();
    let Some(text) = first.to_str() else { return true };
    if names.contains(&text) || ["-h", "--help", "-V", "--version"].contains(&text) {
        return false;
    }
    let is_word = text.chars().all(|c| c.is_ascii_lowercase());
    let is_near = is_word && crate::diagnostics::nearest(text, names).is_some();
    !is_near || Path::new(text).exists() || Path::new(&format!("{text}.nn")).exists()
}
