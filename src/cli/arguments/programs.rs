//! What looks at programs.

use super::values::{batch, template, threads, tolerance};
use super::{ChangeArgs, LintArgs, ProgramArgs};
use crate::starter::Template;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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

    /// Threads of that step: each has memory of its own to work in
    #[arg(long, value_name = "N", default_value_t = 1, requires = "batch", value_parser = threads)]
    pub threads: usize,

    /// Print one JSON object a model
    #[arg(long)]
    pub json: bool,
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

/// `new`
#[derive(Debug, Clone, Args)]
pub struct NewArgs {
    /// The file to make, with or without `.nn`; nothing is written over
    #[arg(value_name = "NAME")]
    pub name: PathBuf,

    /// What it is about; without it, what suits the data: a table, a folder of images or a text
    #[arg(long, value_name = "TEMPLATE", value_parser = template())]
    pub template: Option<Template>,

    /// The data: a .csv, a folder that has a folder of images for each class, a .txt
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,

    /// The column to predict; the last one where it is left out
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub target: Option<String>,
}

/// `lsp`
#[derive(Debug, Clone, Args)]
pub struct LspArgs {
    /// What many editors add by themselves; there is no other way to talk
    #[arg(long)]
    pub stdio: bool,
}
