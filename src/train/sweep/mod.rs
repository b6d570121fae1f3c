//! `nnrun sweep`: the points of a sweep, each a run of its own, and the best of them.
//!
//! ```text
//! runs/iris/sweep-1/sweep.json      what was asked: program, points; at the end the best
//!                   results.jsonl   a line for each point that came to its end, as it did
//!                   points/7/       the run of point 7
//!                   table.csv, sweep.svg
//! ```
//!
//! ```text
//! search.rs   begins, goes on, ends      check_points.rs  every point is checked before the first is run
//! record.rs   what is on disk            point.rs         one point: run, resumed, read again
//! rungs.rs    successive halving         ranking.rs       the order of the points, the table
//! picture.rs  parallel coordinates      history.rs       what its directory tells of a sweep
//! ```
//!
//! Whatever ends a sweep, [`Search::reopen`] goes on from what is on disk, to the same table: a point is a run, which is
//! bit for bit the same whenever it is done, and the order of the results does not matter.

mod check_points;
mod history;
mod picture;
mod point;
mod ranking;
mod record;
mod rungs;
mod search;

pub use check_points::WrongPoint;
pub use history::{SweepHistory, sweeps_below};
pub use picture::sweep_picture;
pub use ranking::Row;
pub use record::{PointResult, PointStatus, TestedBest, is_sweep};
pub use search::{NotSwept, Search, SweepEvent, SweepOptions, SweepOutcome};
