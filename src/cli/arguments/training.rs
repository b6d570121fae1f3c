//! What trains.

use super::values::{assignment, batch, bench_steps, rate, rate_steps, threads};
use super::{GoingArgs, LintArgs, ProgramArgs, ResourceArgs};
use clap::Args;
use std::path::PathBuf;

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

    /// Whether it fills the screen.
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// How somebody watches what trains.
#[derive(Debug, Clone, Copy, Args)]
pub struct ScreenArgs {
    /// Show curves, gradients and time left on the whole screen while it trains; ? lists the keys
    #[arg(long, conflicts_with = "json")]
    pub dashboard: bool,
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

    /// Whether it fills the screen.
    #[command(flatten)]
    pub screen: ScreenArgs,
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

/// A train of which some steps are done, and whose weights are thrown away.
#[derive(Debug, Clone, Args)]
pub struct TrialArgs {
    /// The program
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The model or the phase to train, where the file trains several; the first where it is left out
    #[arg(long, value_name = "NAME")]
    pub train: Option<String>,

    /// Start from the weights of this file
    #[arg(long, value_name = "FILE.safetensors")]
    pub init: Option<PathBuf>,

    /// Give a hyper another value (may be repeated)
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,

    /// Start every random choice from this number
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// What steps may take.
    #[command(flatten)]
    pub resources: ResourceArgs,

    /// Print one JSON object a line, and nothing else
    #[arg(long)]
    pub json: bool,
}

/// `lr-find`
#[derive(Debug, Clone, Args)]
pub struct LrFindArgs {
    /// What is tried.
    #[command(flatten)]
    pub trial: TrialArgs,

    /// The rate to begin with
    #[arg(long, value_name = "RATE", default_value = "1e-7", value_parser = rate)]
    pub from: f64,

    /// The rate to end with; it ends before where the loss explodes
    #[arg(long, value_name = "RATE", default_value = "10", value_parser = rate)]
    pub to: f64,

    /// Steps from the one to the other, each of which multiplies the rate by the same
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = rate_steps)]
    pub steps: usize,

    /// Write a picture instead of drawing in the terminal
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,

    /// Write over the picture if it is there
    #[arg(long, requires = "svg")]
    pub force: bool,
}

/// `bench`
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// What is timed.
    #[command(flatten)]
    pub trial: TrialArgs,

    /// Steps that are timed, behind some to warm up, and with --profile or --trace as many more that are looked at
    /// closely; where it is left out 200, and 50 more or as many as run in five seconds
    #[arg(long, value_name = "N", value_parser = bench_steps)]
    pub steps: Option<usize>,

    /// Examples of a batch, in place of those of the train
    #[arg(long, value_name = "N", value_parser = batch)]
    pub batch: Option<usize>,

    /// Also show what takes the time, line by line of the program
    #[arg(long)]
    pub profile: bool,

    /// Also write what ran when, for chrome://tracing or Perfetto
    #[arg(long, value_name = "FILE.json")]
    pub trace: Option<PathBuf>,

    /// Write over the trace if it is there
    #[arg(long, requires = "trace")]
    pub force: bool,
}
