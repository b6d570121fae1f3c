//! What a declaration of the catalog is. One declaration, many readers: the checker, `explain`, completion, hover,
//! the docs and the editors' grammars.

use super::args::Args;
use super::metric::{MetricDefinition, Task};
use super::optimizer::OptimizerDefinition;
use super::schedule::Rate;
use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::data::Augmentation;
use crate::diagnostics::with_article;
use crate::ir::init::Init;

/// A layer, function, loss, optimizer, … of the language.
#[derive(Debug)]
pub struct Entry {
    /// As it is written: `Dense`, `softmax`.
    pub name: &'static str,
    /// One sentence: what it does.
    pub summary: &'static str,
    /// The formula, in plain text; empty where there is none.
    pub formula: &'static str,
    /// Its arguments, in order. For functions and losses the tensors are among them.
    pub params: &'static [Param],
    /// Shape rule in the language's own types, `["[.., D] -> [.., units]"]`; several where there are several forms.
    pub shapes: &'static [&'static str],
    /// A use that checks and runs.
    pub example: Example,
    /// Where the formula and the defaults come from: `torch.nn.Linear`, a paper.
    pub source: &'static str,
    /// Its names in other frameworks: `("Linear", "PyTorch")`.
    pub elsewhere: &'static [(&'static str, &'static str)],
    /// What it is, with its code.
    pub body: Body,
}

/// A use of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// Names and types of the tensors it uses, `[("x", "[4]")]`; empty for optimizers, schedules and so on.
    pub inputs: &'static [(&'static str, &'static str)],
    /// `x |> Dense(16)`
    pub code: &'static str,
    /// The type of the result, `[16]`; empty where it has none.
    pub output: &'static str,
}

/// An argument.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub ty: ParamType,
    /// What it is where it is left out.
    pub default: Default,
    /// What it means, as a phrase.
    pub doc: &'static str,
}

impl Param {
    /// An argument that must be given.
    pub const fn required(name: &'static str, ty: ParamType, doc: &'static str) -> Param {
        Param { name, ty, default: Default::Required, doc }
    }

    /// An argument that may be left out; `default` as it would be written, `none` where nothing stands for it. The name
    /// of another argument means that one's value.
    pub const fn optional(name: &'static str, ty: ParamType, default: &'static str, doc: &'static str) -> Param {
        Param { name, ty, default: Default::Value(default), doc }
    }
}

/// What an argument takes.
#[derive(Debug, Clone, Copy)]
pub enum ParamType {
    /// A tensor, or a number standing for one.
    Tensor,
    /// A list of tensors.
    Tensors,
    /// A size: a whole number of at least 1, or arithmetic on dimension names.
    Size,
    /// A whole number in bounds (both included).
    Whole {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number in bounds.
    Number(Bounds),
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A string.
    Text,
    /// A list of sizes, `[8, 8]`.
    Shape {
        /// Whether one of them may be `_`.
        hole: bool,
    },
    /// An axis: a position from the start or, negative, from the end, or the name of a dimension.
    Axis,
    /// An axis or a list of axes.
    Axes,
    /// Initial weights: `zeros`, `normal(std: 0.02)`.
    Init,
    /// A list of numbers.
    Numbers,
    /// `5 epochs`, `100 steps`.
    Duration,
    /// A range of numbers, `0 .. 1`, both ends included.
    Range,
    /// A string or a list of strings: files.
    Texts,
    /// All other named arguments, each a size: `h: 4`. The last parameter of its entry.
    NamedSizes,
    /// Weights of the model: `weights`, a path, a glob in quotes, or a list of these.
    Weights,
    /// Names, alone or in a list: columns.
    Names,
    /// A list of rows, each a list of numbers, strings or `none`.
    Rows,
    /// A table of a `data` block.
    Table,
    /// Any of these.
    OneOf(&'static [ParamType]),
}

/// Bounds of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Smallest, or its limit.
    pub min: f64,
    /// Largest, or its limit.
    pub max: f64,
    /// Whether the smallest itself is out.
    pub above_min: bool,
    /// Whether the largest itself is out.
    pub below_max: bool,
}

impl Bounds {
    /// Any finite number.
    pub const ANY: Bounds = Bounds { min: f64::NEG_INFINITY, max: f64::INFINITY, above_min: true, below_max: true };
    /// More than 0.
    pub const POSITIVE: Bounds = Bounds { min: 0.0, ..Bounds::ANY };
    /// At least 0.
    pub const NOT_NEGATIVE: Bounds = Bounds { min: 0.0, above_min: false, ..Bounds::ANY };
    /// From 0 to 1.
    pub const UNIT: Bounds = Bounds { min: 0.0, max: 1.0, above_min: false, below_max: false };
    /// From 0 to just under 1.
    pub const BELOW_ONE: Bounds = Bounds { below_max: true, ..Bounds::UNIT };

    /// Whether a number lies within.
    pub fn contain(&self, x: f64) -> bool {
        x.is_finite()
            && (if self.above_min { x > self.min } else { x >= self.min })
            && (if self.below_max { x < self.max } else { x <= self.max })
    }
}

/// What an argument is where it is left out.
#[derive(Debug, Clone, Copy)]
pub enum Default {
    /// It must be given.
    Required,
    /// As it would be written in the language; `none` where nothing stands for it.
    Value(&'static str),
}

/// How a layer is applied. Its weights are made by the first application and found again by later ones.
pub type LayerFn = fn(&mut Builder, &StateScope, &Args, &[Tensor]) -> Result<Vec<Tensor>, Problem>;

/// How a function or loss is built; its tensors are among the arguments.
pub type FunctionFn = fn(&mut Builder, &Args) -> Result<Vec<Tensor>, Problem>;

/// Sizes that initial weights depend on: how many numbers flow into a unit and out of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fans {
    /// Numbers that one unit sums up.
    pub input: f64,
    /// Units that one number goes to.
    pub output: f64,
}

/// What an entry is.
#[derive(Debug)]
pub enum Body {
    /// Has weights, or is configured before it is applied.
    Layer {
        /// Names of the tensors it is applied to, the piped one first.
        inputs: &'static [&'static str],
        /// Applies it.
        apply: LayerFn,
    },
    /// Tensors in, tensors out.
    Function {
        /// Builds it.
        build: FunctionFn,
        /// The same for compile-time numbers, one for each of the parameters, where it makes sense for them.
        number: Option<fn(&[f64]) -> f64>,
    },
    /// A function whose result is one number an example, to be minimised.
    Loss {
        /// Builds it.
        build: FunctionFn,
        /// Which of its arguments is the prediction and which the target: what metrics take their operands from.
        operands: (&'static str, &'static str),
        /// The metrics that can take them.
        task: Task,
    },
    /// A loss of the weights, which only the loss of a train sees all of.
    Penalty {
        /// Builds it.
        build: FunctionFn,
    },
    /// Improves weights by their gradients.
    Optimizer(OptimizerDefinition),
    /// Says the learning rate at each step.
    Schedule(Rate),
    /// Measures a split.
    Metric(MetricDefinition),
    /// How a weight starts.
    Initializer(fn(&Args, Fans) -> Init),
    /// What is done to training data, as `data` does it.
    Augmentation(fn(&Args) -> Augmentation),
    /// Where data comes from; `data` knows the rest.
    Source,
    /// What can be done to data; `data` knows the rest.
    DataFunction,
    /// A fact of `expect`.
    Expectation,
}

/// The sort of an entry, as people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum EntryKind {
    Layer,
    Function,
    Loss,
    Optimizer,
    Schedule,
    Metric,
    Initializer,
    Augmentation,
    Source,
    DataFunction,
    Expectation,
}

impl Entry {
    /// What sort of thing it is.
    pub fn kind(&self) -> EntryKind {
        match self.body {
            Body::Layer { .. } => EntryKind::Layer,
            Body::Function { .. } => EntryKind::Function,
            Body::Loss { .. } | Body::Penalty { .. } => EntryKind::Loss,
            Body::Optimizer(_) => EntryKind::Optimizer,
            Body::Schedule(_) => EntryKind::Schedule,
            Body::Metric(_) => EntryKind::Metric,
            Body::Initializer(_) => EntryKind::Initializer,
            Body::Augmentation(_) => EntryKind::Augmentation,
            Body::Source => EntryKind::Source,
            Body::DataFunction => EntryKind::DataFunction,
            Body::Expectation => EntryKind::Expectation,
        }
    }

    /// The argument of this name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|p| p.name == name)
    }
}

impl EntryKind {
    /// `layer`, `loss`, …
    pub fn word(self) -> &'static str {
        match self {
            EntryKind::Layer => "layer",
            EntryKind::Function => "function",
            EntryKind::Loss => "loss",
            EntryKind::Optimizer => "optimizer",
            EntryKind::Schedule => "schedule",
            EntryKind::Metric => "metric",
            EntryKind::Initializer => "initial weights",
            EntryKind::Augmentation => "augmentation",
            EntryKind::Source => "data source",
            EntryKind::DataFunction => "data function",
            EntryKind::Expectation => "expectation",
        }
    }

    /// `a layer`, `an optimizer`
    pub fn with_article(self) -> String {
        match self {
            EntryKind::Initializer => self.word().to_owned(),
            _ => with_article(self.word()),
        }
    }
}
