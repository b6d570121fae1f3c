//! What a metric is: what it wants from the graph, and how it adds that up over a whole split.

use super::args::Args;
use crate::build::{Builder, Problem, Tensor};
use std::fmt;
use std::sync::Arc;

/// How a metric is built from the prediction and the target.
pub type MetricFn = fn(&mut Builder, &Args, &Tensor, &Tensor) -> Result<Vec<Tensor>, Problem>;

/// What a loss or a metric is about: a metric takes its operands from a loss of its own task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Which class, yes or no.
    Classification,
    /// How much.
    Regression,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct MetricDefinition {
    /// Builds what is read from the evaluation graph for each example, from the prediction and the target.
    pub build: MetricFn,
    /// Starts an accumulator over a split.
    pub start: fn(&Args, &MetricContext) -> Box<dyn Accumulator>,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Whether it lies between 0 and 1: a share, which may be written with `%`.
    pub is_share: bool,
    /// The losses whose operands it can take where it names none.
    pub task: Task,
}

/// What a metric may know of the data.
#[derive(Debug, Clone, Default)]
pub struct MetricContext {
    /// Names of the classes of the target.
    pub classes: Option<Arc<[String]>>,
    /// How many classes there are; 0 where the target is not a class.
    pub class_count: usize,
    /// For a standardized or rescaled target: own units = number * scale + offset, one pair a number of an example (or
    /// one for all). Empty where the numbers are in their own units.
    pub units: Vec<(f64, f64)>,
}

/// Adds up what the evaluation graph gave. Order of the examples does not matter to the result beyond rounding; sums
/// are kept in f64.
pub trait Accumulator: Send {
    /// Adds `examples` rows; `operands` are the built tensors, row-major, the batch first.
    fn add(&mut self, examples: usize, operands: &[&[f32]]);
    /// The measure of everything added.
    fn finish(&self) -> MetricValue;
}

/// The result of a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricValue {
    /// One number.
    Number(f64),
    /// A confusion matrix: `counts[target][prediction]`.
    Confusion {
        /// Names of the classes.
        classes: Vec<String>,
        /// Row-major.
        counts: Vec<Vec<u64>>,
    },
}

impl fmt::Debug for dyn Accumulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accumulator")
    }
}
