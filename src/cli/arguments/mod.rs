//! What may stand on the command line. Only declarations; what they mean is in the file of each subcommand.
//!
//! ```text
//! training.rs  what trains          runs.rs    what is done with runs
//! programs.rs  what looks at files  values.rs  how a value is read
//! ```

mod programs;
mod runs;
mod training;
mod values;

pub use programs::{
    CheckArgs, DiagnosticFormat, DrawingFormat, ExplainArgs, FmtArgs, GradArgs, GraphArgs, LspArgs, NewArgs, Stage,
    SummaryArgs,
};
pub use runs::{DiffArgs, EvalArgs, PlotArgs, PlotSplit, PredictArgs, ReportArgs, RunsArgs, SplitName};
pub use training::{BenchArgs, LrFindArgs, ResumeArgs, SweepArgs, TrainArgs, TrialArgs};

use crate::check::{LintLevels, LintName, Overrides};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use values::{assignment, epochs, memory, threads};

/// The exit statuses, as the help shows them.
const STATUSES: &str = "Exit status: 0 fine, 1 the program or its data is wrong, 2 the command line is wrong,\n\
                        3 an `expect` failed, 4 training diverged, 130 interrupted (`nnrun resume` goes on).";

/// `nnrun`
#[derive(Debug, Parser)]
#[command(
    name = "nnrun",
    version,
    about = "Checks, trains and runs neural networks written in the .nn language",
    long_about = "Checks, trains and runs neural networks written in the .nn language.\n\n\
                  `nnrun model.nn` checks the file, trains its models, measures them on the test split and \
                  verifies what the file expects. Every other step of that is a command of its own.",
    override_usage = "nnrun [OPTIONS] FILE\n       nnrun COMMAND [OPTIONS] …",
    after_help = STATUSES,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    infer_subcommands = false
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// How to talk.
    #[command(flatten)]
    pub talk: Talk,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Copy, Args)]
pub struct Talk {
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,

    /// Print nothing but what went wrong
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Even into a file
    Always,
    /// Not at all
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check, train, measure on the test split, verify every `expect` (what `nnrun FILE` does)
    Run(TrainArgs),
    /// Only check: say everything that is wrong
    Check(CheckArgs),
    /// Show the layers with their shapes, parameters and costs
    Summary(SummaryArgs),
    /// Check and train
    Train(TrainArgs),
    /// Go on with a run or a sweep that was stopped, bit for bit as if it had not been
    Resume(ResumeArgs),
    /// Measure the weights of a run on a split
    Eval(EvalArgs),
    /// Let the weights of a run predict
    Predict(PredictArgs),
    /// Show the generated backward pass, or check it
    Grad(GradArgs),
    /// Train and verify every `expect`
    Test(TrainArgs),
    /// Run the points of the file's `sweep` and find the best (all are checked before the first is run)
    Sweep(SweepArgs),
    /// Time training steps
    Bench(BenchArgs),
    /// Try learning rates from small to large and say which one to write
    LrFind(LrFindArgs),
    /// Say what is different in another program, layer by layer
    Diff(DiffArgs),
    /// List runs with their results, or compare some
    Runs(RunsArgs),
    /// Draw a measure of runs over their epochs
    Plot(PlotArgs),
    /// Write the page that tells all of a run: report.html in its directory
    Report(ReportArgs),
    /// Draw the network
    Graph(GraphArgs),
    /// Explain a diagnostic or an entry of the catalog
    Explain(ExplainArgs),
    /// Format files in place
    Fmt(FmtArgs),
    /// Begin a program, for data of your own where you have some
    New(NewArgs),
    /// Serve an editor: the language server, on standard input and output
    Lsp(LspArgs),
}

/// A program and what the command line changes in it.
#[derive(Debug, Clone, Args)]
pub struct ProgramArgs {
    /// The program
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// What the command line changes.
    #[command(flatten)]
    pub changes: ChangeArgs,
}

/// What the command line changes in a program.
#[derive(Debug, Clone, Default, Args)]
pub struct ChangeArgs {
    /// Give a hyper another value (may be repeated)
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,

    /// Train for this many epochs
    #[arg(long, value_name = "N", value_parser = epochs)]
    pub epochs: Option<u64>,

    /// Start every random choice from this number
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// What becomes of warnings.
#[derive(Debug, Clone, Default, Args)]
pub struct LintArgs {
    /// Make a warning an error (its code, or `warnings` for all; may be repeated)
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub deny: Vec<LintName>,

    /// Do not tell a warning (its code, or `warnings` for all; may be repeated)
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub allow: Vec<LintName>,
}

impl LintArgs {
    /// As the checker takes them.
    pub fn levels(&self) -> LintLevels {
        LintLevels { deny: self.deny.clone(), allow: self.allow.clone() }
    }
}

impl ChangeArgs {
    /// As the checker takes them.
    pub fn overrides(&self) -> Overrides {
        Overrides { set: self.set.clone(), epochs: self.epochs, seed: self.seed, ..Overrides::default() }
    }
}

/// What training steps may take of the machine.
#[derive(Debug, Clone, Args)]
pub struct ResourceArgs {
    /// Worker threads; results do not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,

    /// Refuse what would take more memory than this (200MB, 2GiB); left out, more than is free, which only Linux tells
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory_limit: Option<u64>,
}

/// How training goes, from the start or from where it was stopped.
#[derive(Debug, Clone, Args)]
pub struct GoingArgs {
    /// What steps may take.
    #[command(flatten)]
    pub resources: ResourceArgs,

    /// Also write what TensorBoard shows, in the folder tensorboard of the run (tensorboard --logdir runs)
    #[arg(long)]
    pub tensorboard: bool,

    /// Print one JSON object a line, and nothing else
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_declarations_are_consistent() {
        Cli::command().debug_assert();
    }
}
