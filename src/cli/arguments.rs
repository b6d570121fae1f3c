//! What may stand on the command line. Only declarations; what they mean is in the file of each subcommand.

use crate::check::{LintLevels, LintName, Overrides};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

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

/// How training goes, from the start or from where it was stopped.
#[derive(Debug, Clone, Args)]
pub struct GoingArgs {
    /// Worker threads; results do not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,

    /// Refuse what would take more memory than this (200MB, 2GiB); left out, more than is free, which only Linux tells
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory_limit: Option<u64>,

    /// Print one JSON object a line, and nothing else
    #[arg(long)]
    pub json: bool,
}

/// `run`, `train`, `test`
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    /// What to run.
    #[command(flatten)]
    pub program: ProgramArgs,

    /// What becomes of warnings.
    #[command(flatten)]
    pub lints: LintArgs,

    /// Save the run in this new directory instead of runs/FILE/N
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Only what trains this model, where the file trains several
    #[arg(long, value_name = "NAME")]
    pub train: Option<String>,

    /// Start from the weights of this file
    #[arg(long, value_name = "FILE.safetensors")]
    pub init: Option<PathBuf>,

    /// How it goes.
    #[command(flatten)]
    pub going: GoingArgs,

    /// Also tell of every step
    #[arg(long)]
    pub log_steps: bool,
}

/// `resume`
#[derive(Debug, Clone, Args)]
pub struct ResumeArgs {
    /// The directory of the run or the sweep, such as runs/iris/3
    #[arg(value_name = "RUN")]
    pub run: PathBuf,

    /// How it goes.
    #[command(flatten)]
    pub going: GoingArgs,
}

/// `sweep`
#[derive(Debug, Clone, Args)]
pub struct SweepArgs {
    /// What to sweep.
    #[command(flatten)]
    pub program: ProgramArgs,

    /// What becomes of warnings.
    #[command(flatten)]
    pub lints: LintArgs,

    /// Go on with this sweep of the file, such as runs/iris/sweep-1; what it was begun with stays
    #[arg(long, value_name = "DIR",
          conflicts_with_all = ["out", "halving", "init", "set", "epochs", "seed", "deny", "allow"])]
    pub resume: Option<PathBuf>,

    /// Save the sweep in this new directory instead of runs/FILE/sweep-N
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Run this many points at once, which share the threads; results do not depend on it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub jobs: usize,

    /// Train all points for a part of their epochs, then only the best third of them for three times as long, and so on
    #[arg(long)]
    pub halving: bool,

    /// Start every point from the weights of this file
    #[arg(long, value_name = "FILE.safetensors")]
    pub init: Option<PathBuf>,

    /// How it goes.
    #[command(flatten)]
    pub going: GoingArgs,
}

/// `diff`
#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// The program before, or the run that has a copy of it
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,

    /// The program after, or the run that has a copy of it
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,

    /// Print one JSON object a line, and nothing else
    #[arg(long)]
    pub json: bool,
}

/// `runs`
#[derive(Debug, Clone, Args)]
pub struct RunsArgs {
    /// A program whose runs to list, or a folder of runs; all in the folder runs where it is left out. Two runs or more,
    /// such as runs/iris/1 runs/iris/3, are compared: what was set and measured differently, and what is different in
    /// their programs
    #[arg(value_name = "FILE|DIR|RUN")]
    pub of: Vec<PathBuf>,

    /// The best by this measure first, instead of the newest: loss, accuracy, … (on the validation split; on test, else
    /// train, where there is none)
    #[arg(long, value_name = "MEASURE")]
    pub sort: Option<String>,

    /// Print one JSON object a line, and nothing else
    #[arg(long)]
    pub json: bool,
}

/// `plot`
#[derive(Debug, Clone, Args)]
pub struct PlotArgs {
    /// The directories of the runs, such as runs/iris/3
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,

    /// What to draw: the loss, a term of it, a metric
    #[arg(long, value_name = "MEASURE", default_value = "loss")]
    pub measure: String,

    /// On which split; left out, validation, and train where there is none
    #[arg(long, value_name = "SPLIT")]
    pub split: Option<PlotSplit>,

    /// Only what trains this model, where a run trains several
    #[arg(long, value_name = "NAME")]
    pub train: Option<String>,

    /// Write a picture instead of drawing in the terminal
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,

    /// Write over the picture if it is there
    #[arg(long, requires = "svg")]
    pub force: bool,
}

/// A split that is measured on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum PlotSplit {
    Train,
    Validation,
}

/// `report`
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// The directory of the run, such as runs/iris/3
    #[arg(value_name = "RUN")]
    pub run: PathBuf,

    /// Worker threads; results do not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

/// `check`
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// The programs
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// What the command line changes.
    #[command(flatten)]
    pub changes: ChangeArgs,

    /// What becomes of warnings.
    #[command(flatten)]
    pub lints: LintArgs,

    /// How diagnostics are written
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: DiagnosticFormat,

    /// Also print what this stage made of the program
    #[arg(long, value_name = "STAGE")]
    pub emit: Option<Stage>,
}

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiagnosticFormat {
    /// With the source, arrows and advice
    Human,
    /// One line each: file:line:column: error[E0301]: message
    Short,
    /// One JSON object on standard output
    Json,
    /// A SARIF 2.1.0 log on standard output, for code hosts and editors
    Sarif,
}

/// A stage whose result can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The syntax tree
    Ast,
    /// The graph of model and loss
    Ir,
    /// The graph of a training step: backward pass, clipping, updates
    Backward,
    /// The order of execution and the place of every tensor in memory
    Plan,
}

/// `summary`
#[derive(Debug, Clone, Args)]
pub struct SummaryArgs {
    /// What to show.
    #[command(flatten)]
    pub program: ProgramArgs,

    /// Show the memory of a training step with this many examples, exactly
    #[arg(long, value_name = "N", value_parser = batch)]
    pub batch: Option<usize>,

    /// Print one JSON object a model
    #[arg(long)]
    pub json: bool,
}

/// `eval`
#[derive(Debug, Clone, Args)]
pub struct EvalArgs {
    /// The program; the run has its own copy of it, as it was
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The run whose weights are measured; the newest of the file where it is left out
    #[arg(long, value_name = "RUN")]
    pub from: Option<PathBuf>,

    /// Which examples; every split where it is left out
    #[arg(long, value_name = "SPLIT")]
    pub split: Option<SplitName>,

    /// Worker threads; results do not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,

    /// Print one JSON object a line, and nothing else
    #[arg(long)]
    pub json: bool,
}

/// A split by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum SplitName {
    Train,
    Validation,
    Test,
}

/// `predict`
#[derive(Debug, Clone, Args)]
pub struct PredictArgs {
    /// The program; the run has its own copy of it, as it was
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The run whose weights predict; the newest of the file where it is left out
    #[arg(long, value_name = "RUN")]
    pub from: Option<PathBuf>,

    /// The model or train, where the file has several
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,

    /// New examples, read as the program's data is: a .csv with the columns that the model needs, .npy, idx,
    /// an image or a folder of them
    #[arg(long, value_name = "FILE", required_unless_present_any = ["generate", "stdin"], conflicts_with = "generate")]
    pub input: Option<PathBuf>,

    /// Where predictions go, .csv or .npy; a text goes to standard output where it is left out
    #[arg(long, value_name = "FILE", required_unless_present_any = ["generate", "stdin"])]
    pub output: Option<PathBuf>,

    /// Answer another program: a JSON object a line on standard input, with the columns that the model needs, and one a
    /// line on standard output
    #[arg(long, conflicts_with_all = ["input", "output", "generate"])]
    pub stdin: bool,

    /// Write a text: this many tokens behind the prompt
    #[arg(long, value_name = "N")]
    pub generate: Option<usize>,

    /// What the text begins with
    #[arg(long, value_name = "TEXT", requires = "generate", default_value = "")]
    pub prompt: String,

    /// Below 1 likely tokens become likelier; 0 takes the likeliest
    #[arg(long, value_name = "X", requires = "generate", default_value_t = 1.0, value_parser = temperature)]
    pub temperature: f64,

    /// Draw from the likeliest tokens only, this many
    #[arg(long, value_name = "K", requires = "generate", value_parser = clap::value_parser!(u64).range(1..))]
    pub top_k: Option<u64>,

    /// Of the draws of a text
    #[arg(long, value_name = "N", requires = "generate", default_value_t = 0)]
    pub seed: u64,

    /// Worker threads; results do not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

/// `grad`
#[derive(Debug, Clone, Args)]
pub struct GradArgs {
    /// Whose gradients.
    #[command(flatten)]
    pub program: ProgramArgs,

    /// Compare with finite differences
    #[arg(long)]
    pub check: bool,

    /// The relative difference that passes
    #[arg(long, value_name = "X", default_value_t = 1e-5, requires = "check", value_parser = tolerance)]
    pub tolerance: f64,

    /// Print one JSON object a weight
    #[arg(long, requires = "check")]
    pub json: bool,
}

/// `graph`
#[derive(Debug, Clone, Args)]
pub struct GraphArgs {
    /// What to draw.
    #[command(flatten)]
    pub program: ProgramArgs,

    /// The model, where the file has several
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,

    /// How the drawing is written; as the name of the file says where it is left out, else svg
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<DrawingFormat>,

    /// Where it goes; standard output where it is left out
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a drawing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DrawingFormat {
    /// A picture, for browsers and editors
    Svg,
    /// A graph for Graphviz
    Dot,
}

/// `explain`
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// A code (E0301) or a name of the catalog (Dense); a list of both where it is left out
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// `fmt`
#[derive(Debug, Clone, Args)]
pub struct FmtArgs {
    /// The programs; `-` formats standard input to standard output
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Change nothing; say what would change, and fail if anything would
    #[arg(long)]
    pub check: bool,
}

/// `lsp`
#[derive(Debug, Clone, Args)]
pub struct LspArgs {
    /// What many editors add by themselves; there is no other way to talk
    #[arg(long)]
    pub stdio: bool,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("a hyper is set as NAME=VALUE, like --set width=64".to_owned()),
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(n) => Ok(n),
        Err(_) => Err("a whole number is wanted".to_owned()),
    }
}

/// More would be counted in bytes that no number holds.
const LARGEST_BATCH: usize = 1 << 32;

fn batch(text: &str) -> Result<usize, String> {
    match positive(text)? {
        n if n > LARGEST_BATCH => Err(format!("at most {LARGEST_BATCH}")),
        n => Ok(n),
    }
}

fn memory(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 9] = [
        ("KiB", 1024.0),
        ("MiB", 1048576.0),
        ("GiB", 1073741824.0),
        ("TiB", 1099511627776.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
        ("B", 1.0),
    ];
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let written = text.get(number.len()..).unwrap_or("");
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(written)).map(|(_, unit)| *unit);
    let Some(unit) = unit.or(written.is_empty().then_some(1.0)) else {
        return Err(format!("`{written}` is no unit of memory; the units are kB, MB, GB, KiB, MiB and GiB"));
    };
    match number.trim().parse::<f64>() {
        Ok(n) if n > 0.0 && n.is_finite() => Ok((n * unit) as u64),
        _ => Err("a size is wanted, like 200MB or 2GiB".to_owned()),
    }
}

fn epochs(text: &str) -> Result<u64, String> {
    positive(text).map(|n| n as u64)
}

/// More workers than this are a slip of the finger.
const MOST_THREADS: usize = 1024;

fn threads(text: &str) -> Result<usize, String> {
    match positive(text)? {
        n if n > MOST_THREADS => Err(format!("at most {MOST_THREADS}")),
        n => Ok(n),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number above 0 is wanted, like 1e-5".to_owned()),
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x >= 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number that is not negative is wanted, like 0.8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_declarations_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn batches_are_bounded() {
        assert_eq!(batch("128"), Ok(128));
        assert!(batch("0").is_err());
        assert_eq!(batch("100000000000"), Err("at most 4294967296".to_owned()));
    }

    #[test]
    fn sizes_of_memory_have_units() {
        assert_eq!(memory("200MB"), Ok(200_000_000));
        // Nobody means another thousand bytes by a capital letter.
        assert_eq!(memory("10KB"), Ok(10_000));
        assert_eq!(memory("2gb"), Ok(2_000_000_000));
        assert!(memory("2 apples").is_err_and(|why| why.contains("apples")));
        assert_eq!(memory("1.5 GiB"), Ok(1_610_612_736));
        assert_eq!(memory("4096"), Ok(4096));
        assert!(memory("much").is_err() && memory("-1MB").is_err() && memory("MB").is_err());
    }

    #[test]
    fn assignments_need_a_name_and_a_value() {
        assert_eq!(assignment("width=64"), Ok(("width".to_owned(), "64".to_owned())));
        assert_eq!(assignment(" name = a=b "), Ok(("name".to_owned(), "a=b".to_owned())));
        assert!(assignment("width").is_err());
        assert!(assignment("=3").is_err());
    }
}

/// `new`
#[derive(Debug, Clone, Args)]
pub struct NewArgs {
    /// The file to make, with or without `.nn`; nothing is written over
    #[arg(value_name = "NAME")]
    pub name: PathBuf,

    /// What it is about; without it, what suits the data: a table, a folder of images or a text
    #[arg(long, value_enum)]
    pub template: Option<TemplateName>,

    /// The data: a .csv, a folder that has a folder of images for each class, a .txt
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,

    /// The column to predict; the last one where it is left out
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub target: Option<String>,
}

/// What a new program is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TemplateName {
    /// Rows of a table: a class or a number from the other columns
    Tabular,
    /// Pictures of several classes
    Images,
    /// What comes next in a series
    Sequence,
    /// What comes next in a text
    Text,
}
