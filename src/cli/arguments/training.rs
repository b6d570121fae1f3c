//! What trains.

use super::values::threads;
use super::{GoingArgs, LintArgs, ProgramArgs};
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
