//! What is done with runs.

use super::values::{batch, temperature, threads};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
    /// The directories of the runs, such as runs/iris/3; of a sweep, such as runs/iris/sweep-1, its points are drawn, best
    /// first
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,

    /// What to draw: the loss, a term of it, a metric; left out, the loss, and of a sweep what its best is found by
    #[arg(long, value_name = "MEASURE")]
    pub measure: Option<String>,

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

    /// Predict for so many examples at once: fewer take less memory, and another number may change the last digit of a
    /// prediction. A file is read and written bit by bit in any case, and may be larger than memory
    #[arg(long, value_name = "N", value_parser = batch, requires = "input")]
    pub batch: Option<usize>,

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
