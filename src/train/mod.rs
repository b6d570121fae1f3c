//! Floor 8: training, and everything that is done with what it leaves behind.
//!
//! ```text
//! Checked ──run──▶ for each train: data, weights, steps, validations ──▶ runs/<file>/<n>/ ──▶ evaluate, predict
//!                         │
//!                         └──▶ events (Observer): progress, --json, metrics.jsonl
//! ```
//!
//! [`run()`] trains a file; a [`Resumable`] is a run that was stopped and goes on; [`evaluate`] and [`predict`] open what
//! a run left; [`test`] checks facts; [`search_rate`] tries learning rates; a [`Search`] runs the points of a sweep; [`check_gradients`] compares the generated backward pass with finite differences.
//! Nothing here draws anything: an [`Observer`] does.

mod augmenting;
mod balance;
mod bench;
mod causality;
mod cause;
mod checkpoint;
mod divergence;
mod error;
mod event;
mod facts;
mod faults;
mod feeding;
mod fingerprint;
mod generate;
mod gradient_check;
mod gradients;
mod growth;
mod history;
mod inside_scan;
mod keeping;
mod lengths;
mod measuring;
mod memory;
mod mistakes;
mod next_token;
mod normalizing;
mod overfit;
mod position;
mod predict;
mod predicted_table;
mod prediction;
mod rate_curve;
mod rate_search;
mod record;
mod recorded_events;
mod recorder;
mod reopen;
mod resume;
mod run;
mod run_directory;
mod schedule;
mod serve;
mod session;
mod stepping;
mod sweep;
mod tensorboard;
mod tokens;
mod training_loop;
mod trial;
mod weights;
mod weights_file;
mod wording;
mod wording_of_divergence;
mod wording_of_memory;

pub use bench::{Bench, BenchOptions, StepProfile, bench};
pub use cause::{Cause, Divergence, GroupRate, Made, Numbers, Trouble, Written};
pub use error::{Mismatch, NotResumable, ReopenError, RunError};
pub use event::{
    Done, Epoch, Event, FactResult, Gradients, Measures, Observer, Silent, SplitMeasures, Start, Step, Stopped,
};
pub use facts::test;
pub use generate::{CannotGenerate, GenerateOptions, generate};
pub use gradient_check::{GradientReport, WeightReport, check_gradients};
pub use growth::Growth;
pub use history::{
    CheckedFact, DataFileFacts, DivergedAt, LoggedStep, Point, RecordedMeasures, RunHistory, RunState, TrainHistory,
    is_run, runs_below,
};
pub use memory::Shortage;
pub use mistakes::{Content, ExampleInput, Mistake, Mistakes, mistakes};
pub use predict::{PredictOptions, Predicted, predict};
pub use rate_curve::{FoundRate, RatePoint};
pub use rate_search::{RateEnd, RateSearch, RateSearchOptions, search_rate};
pub use reopen::{Evaluated, Standing, evaluate, program_of, standing};
pub use resume::{Resumable, ResumeOptions};
pub use run::{Datasets, Outcome, RunOptions, TrainReport, run};
pub use run_directory::{latest_run, runs_of, takes_file, write_whole};
pub use serve::{ServeOptions, Served, serve};
pub use sweep::{
    NotSwept, PointResult, PointStatus, Row, Search, SweepEvent, SweepHistory, SweepOptions, SweepOutcome, TestedBest,
    WrongPoint, is_sweep, sweep_picture, sweeps_below,
};
pub use tensorboard::TENSORBOARD;
pub use trial::TrialOptions;
