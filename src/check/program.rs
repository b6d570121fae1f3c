//! What the checker gives: the program with every shape known, ready to be differentiated, planned and run.

use super::regions::Region;
use super::sweep_points::Sweep;
use crate::build::{Kind, Limit, Normalizer, OwnPositions, Role};
use crate::catalog::{Args, Body, Duration, Entry, MetricContext};
use crate::data::{Augmented, DataPlan, Description, Split};
use crate::diagnostics::Diagnostic;
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, NodeId};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast;
use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// The result of checking: what was understood, and everything that is wrong.
#[derive(Debug)]
pub struct Checked {
    /// All texts: the file, its imports.
    pub sources: SourceMap,
    /// The file itself.
    pub file: FileId,
    /// Its tree, shared with who goes through it afterwards.
    pub ast: Arc<ast::File>,
    /// What was understood. Complete only where there are no errors.
    pub program: Program,
    /// In file order, without repetitions.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that is named, whether it is there or not, by the texts of all modules.
    pub files: Vec<FileUse>,
}

impl Checked {
    /// Whether the program cannot run.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// A path in quotes and the file that it stands for: what a check depends on besides its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUse {
    /// Where the path is written.
    pub span: Span,
    /// The file, resolved against the folder of the text; may hold a `*`.
    pub path: PathBuf,
    /// What it is for.
    pub role: FileRole,
}

/// What a file is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    /// `import "blocks.nn"`
    Import,
    /// A data source, a file or a folder.
    Data,
    /// `load: "weights.safetensors"`
    Weights,
}

/// A checked program.
#[derive(Debug, Default)]
pub struct Program {
    /// Hypers with their values after overrides, in file order.
    pub hypers: Vec<(Arc<str>, HyperValue)>,
    /// Models of the file, bound to the data of their first train where they have one.
    pub models: Vec<Model>,
    /// Data blocks.
    pub data: Vec<DataBlock>,
    /// Trains, in file order.
    pub trains: Vec<Train>,
    /// Facts of all `expect` blocks.
    pub facts: Vec<Fact>,
    /// The `sweep`, where there is one without mistakes.
    pub sweep: Option<Sweep>,
    /// What is known of stages, expressions and names, by place; also of the right parts of a program with mistakes.
    pub notes: Vec<(Span, Noted)>,
}

/// The value of a hyper.
#[derive(Debug, Clone, PartialEq)]
pub enum HyperValue {
    /// A number.
    Number(f64),
    /// `true`, `false`
    Bool(bool),
    /// A string.
    Text(Arc<str>),
    /// Anything else (a layer, a list).
    Other,
}

/// What is known of a place: of a block at the first of its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// A type, `[32, 14, 14]`, or a value, `128`.
    pub text: String,
    /// Whether it is a value: of a hyper, a dimension name, arithmetic on those.
    pub is_value: bool,
    /// Where a stage is applied that may have weights.
    pub layer: Option<NotedLayer>,
}

/// A layer, block, `repeat` or `residual` where it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedLayer {
    /// `conv_unit1.conv2d1`; empty where only its parts have paths.
    pub path: Arc<str>,
    /// Trainable numbers that this application made; `None` where a size is open.
    pub parameters: Option<u64>,
    /// Whether an earlier application made its weights.
    pub is_shared: bool,
}

/// A data block.
#[derive(Debug)]
pub struct DataBlock {
    /// Its name.
    pub name: Arc<str>,
    /// What to load.
    pub plan: DataPlan,
    /// Types of the fields and sizes of the splits.
    pub description: Description,
    /// Whether its `split` was understood.
    pub split_is_known: bool,
    /// Where its name stands.
    pub span: Span,
}

impl Program {
    /// What is known of exactly this place.
    pub fn noted(&self, span: Span) -> Option<&Noted> {
        let at = self.notes.binary_search_by_key(&span, |(place, _)| *place).ok()?;
        self.notes.get(at).map(|(_, noted)| noted)
    }
}

/// A model by itself, in evaluation mode.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name.
    pub name: Arc<str>,
    /// Where its name stands.
    pub span: Span,
    /// Its inputs.
    pub inputs: Vec<Port>,
    /// Its outputs.
    pub outputs: Vec<Port>,
    /// Its layers, in order of first application, for `summary`.
    pub layers: Vec<LayerRow>,
    /// Which of them lie in which block, `repeat`, `residual` or `scan`: inner ones before those around them.
    pub regions: Vec<Region>,
    /// Its graph: an output for each of the model's, an input for each of the model's.
    pub graph: Arc<Graph>,
    /// Whether every size in it is known (the batch and lengths aside): it is bound to data or was written with numbers.
    pub is_bound: bool,
    /// The longest length of each ragged dimension in its data, by [`crate::ir::dim::Var::id`].
    pub longest: Vec<(u32, usize)>,
}

/// An input or output of a model.
#[derive(Debug, Clone)]
pub struct Port {
    /// Its name.
    pub name: Arc<str>,
    /// What its numbers are.
    pub kind: Kind,
    /// Its shape per example.
    pub shape: Vec<Dim>,
    /// What it stands for.
    pub role: Role,
    /// Its node.
    pub node: NodeId,
    /// The expression that made it, or where the input is declared.
    pub span: Span,
}

impl Port {
    /// Whether examples have lengths of their own along its first axis.
    pub fn is_ragged(&self) -> bool {
        self.shape.first().is_some_and(Dim::is_ragged)
    }
}

/// One line of `summary`: an application of a layer or a function with no weights in a pipeline.
#[derive(Debug, Clone)]
pub struct LayerRow {
    /// `conv_unit1.conv2d1`, for functions their name.
    pub path: Arc<str>,
    /// The entry's name: `Conv2d`, `relu`.
    pub kind: Arc<str>,
    /// Whether it is a layer (has a path of its own) or a function.
    pub is_layer: bool,
    /// The type of its result per example.
    pub output: String,
    /// Trainable numbers that this application made; 0 for a second use of a shared layer, `None` where a size is open.
    pub parameters: Option<u64>,
    /// Whether its weights were made by an earlier row.
    pub is_shared: bool,
    /// Its nodes in the graph: for FLOPs.
    pub nodes: std::ops::Range<usize>,
    /// Where it is applied.
    pub span: Span,
}

/// One of the phases of a `train` item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Its name.
    pub name: Arc<str>,
    /// Which it is, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// Where its name stands.
    pub span: Span,
}

/// A `train` item, or one phase of it.
#[derive(Debug, Clone)]
pub struct Train {
    /// The model's name: what events call it.
    pub name: Arc<str>,
    /// The phase, where the item has some.
    pub phase: Option<Phase>,
    /// Index in [`Program::models`].
    pub model: usize,
    /// Index in [`Program::data`].
    pub data: usize,
    /// Where the model's name stands.
    pub span: Span,
    /// The graph of a training step.
    pub training: Forward,
    /// The graph of evaluation.
    pub evaluation: Forward,
    /// Layers of the training graph's model.
    pub layers: Vec<LayerRow>,
    /// Which outputs the loss holds against which fields.
    pub fits: Vec<Fit>,
    /// The longest length of each ragged dimension in the data, by [`crate::ir::dim::Var::id`].
    pub longest: Vec<(u32, usize)>,
    /// How long sequences may be.
    pub limits: Vec<Limit>,
    /// Everything else.
    pub settings: Settings,
}

impl Train {
    /// What it is called: `Net`, `Net, phase head`.
    pub fn title(&self) -> String {
        title_of(&self.name, self.phase.as_ref().map(|phase| &*phase.name))
    }

    /// Whether another phase goes on from its weights.
    pub fn is_followed(&self) -> bool {
        self.phase.as_ref().is_some_and(|phase| phase.number < phase.of)
    }
}

/// An output of the model that is, as it stands, the prediction of a catalog loss in the loss of the train. From it
/// follows what `predict` makes of the output: probabilities of logits, class names, values in their own units.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Name of the output.
    pub output: Arc<str>,
    /// The loss: `cross_entropy`.
    pub loss: &'static Entry,
    /// The data field of the target, where it is one as it stands.
    pub target_field: Option<Arc<str>>,
}

/// Model and loss as one graph. Its inputs are data fields by name ([`crate::ir::graph::InputKind::Field`], in their
/// per-example shape behind the batch), and the scalar inputs of [`Forward::normalizers`].
#[derive(Debug, Clone)]
pub struct Forward {
    /// Without backward pass and updates (those of running statistics aside).
    pub graph: Arc<Graph>,
    /// In training the mean loss of the batch, `[]`; in evaluation the loss of each example, `[B]`.
    pub loss: NodeId,
    /// The terms of a loss written as a record, each like `loss`; empty otherwise.
    pub terms: Vec<(Arc<str>, NodeId)>,
    /// Outputs of the model.
    pub outputs: Vec<Port>,
    /// Metrics (evaluation only).
    pub metrics: Vec<Metric>,
    /// What to average over a split before it is measured (evaluation only).
    pub normalizers: Vec<Normalizer>,
    /// Where the weights of `class_weights: balanced` go once the data is there.
    pub class_weights: Option<ClassWeights>,
    /// The nodes of each block that the backward pass may compute again (training only); none overlaps another.
    pub blocks: Vec<Range<usize>>,
}

/// `class_weights: balanced`: a literal of ones, `[classes]`, to be replaced by n / (classes * count of the class) over
/// the training split (0 for a class that is not in it).
#[derive(Debug, Clone)]
pub struct ClassWeights {
    /// The [`crate::ir::op::Op::Literal`] node.
    pub node: NodeId,
    /// The data field whose classes are counted.
    pub field: Arc<str>,
    /// How many classes.
    pub classes: usize,
}

/// A metric of a train.
#[derive(Debug, Clone)]
pub struct Metric {
    /// What events call it: `accuracy`, or the name given in `[near: mae(…)]`.
    pub name: Arc<str>,
    /// Its declaration; the body is [`crate::catalog::Body::Metric`].
    pub entry: &'static Entry,
    /// Its arguments.
    pub args: Args,
    /// What to read from the evaluation graph.
    pub operands: Vec<NodeId>,
    /// Where the operands are ragged: which of their positions count.
    pub positions: Option<OwnPositions>,
    /// The data field of the target, where it is one as it stands: its units and class names apply.
    pub target_field: Option<Arc<str>>,
    /// Classes of the target.
    pub context: MetricContext,
    /// Where it is written.
    pub span: Span,
}

impl Metric {
    /// Whether more of it is better.
    pub fn is_rising(&self) -> bool {
        matches!(&self.entry.body, Body::Metric(definition) if definition.higher_is_better)
    }
}

/// An entry with its arguments.
#[derive(Debug, Clone)]
pub struct Configured {
    /// The declaration.
    pub entry: &'static Entry,
    /// The arguments.
    pub args: Args,
    /// Where it is written.
    pub span: Span,
}

/// How long a train lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Whole passes.
    Epochs(u64),
    /// Optimizer steps.
    Steps(u64),
}

/// Gradient clipping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip {
    /// All gradients together to this norm, as `torch.nn.utils.clip_grad_norm_`.
    Norm(f64),
    /// Each number to this size, as `torch.nn.utils.clip_grad_value_`.
    Value(f64),
}

/// A measured quantity: `validation.loss`.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Of which split.
    pub split: Split,
    /// `loss`, or the name of a metric.
    pub metric: Arc<str>,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Where it is written.
    pub span: Span,
}

/// The settings of a train.
#[derive(Debug, Clone)]
pub struct Settings {
    /// With its `lr` among the arguments.
    pub optimizer: Configured,
    /// `group`s that the optimizer has other arguments for, in their order.
    pub groups: Vec<Group>,
    /// `ema: decay`: what is measured and kept are averages of the weights, which move by 1 - decay of the way to them
    /// at each step.
    pub ema: Option<f64>,
    /// Parts of the `then` chain; empty means a constant rate.
    pub schedule: Vec<Configured>,
    /// How long.
    pub length: Length,
    /// Examples that are computed at once.
    pub batch: usize,
    /// `accumulate: n`: how many batches a step of the optimizer sees; none where that is not written.
    pub accumulate: Option<usize>,
    /// Whether each epoch has an order of its own.
    pub shuffle: bool,
    /// Whether a last, smaller batch is left out.
    pub drop_last: bool,
    /// Of initial weights, shuffling, random nodes.
    pub seed: u64,
    /// Gradient clipping.
    pub clip: Option<Clip>,
    /// Paths of weights that are not trained, globs resolved.
    pub frozen: Vec<Arc<str>>,
    /// How often the validation split is measured.
    pub validate: Duration,
    /// `stop: patience(measure, how long)`
    pub stop: Option<(Measure, Duration)>,
    /// `keep: best(measure)`
    pub keep: Option<Measure>,
    /// `load: "weights.safetensors"`, resolved against the file, and where it is written.
    pub load: Option<(PathBuf, Span)>,
    /// What is done to the fields of training batches, line by line.
    pub augment: Vec<Augmented>,
    /// `recompute: blocks`: whether what lies within a block is computed again in the backward pass rather than kept.
    pub recompute: bool,
}

/// What a train of a model, or a phase of one, is called: `Net`, `Net, phase head`.
pub fn title_of(model: &str, phase: Option<&str>) -> String {
    match phase {
        Some(phase) => format!("{model}, phase {phase}"),
        None => model.to_owned(),
    }
}

impl Settings {
    /// Examples of a step of the optimizer: those of all batches that it sees.
    pub fn examples_per_step(&self) -> usize {
        self.batch.saturating_mul(self.accumulate.unwrap_or(1))
    }

    /// The arguments of the optimizer: those of most weights, and then those of each group.
    pub fn optimizer_args(&self) -> impl Iterator<Item = &Args> {
        std::iter::once(&self.optimizer.args).chain(self.groups.iter().map(|group| &group.args))
    }

    /// Which of [`Settings::optimizer_args`] are those of a weight, by its path; the first where it has no entry. The last
    /// group that matches wins.
    pub fn groups_of_weights(&self) -> HashMap<&str, usize> {
        let mut groups = HashMap::new();
        for (group, at) in self.groups.iter().zip(1..) {
            groups.extend(group.weights.iter().map(|path| (&**path, at)));
        }
        groups
    }
}

/// `group ["*.bias"] { weight_decay: 0 }`
#[derive(Debug, Clone)]
pub struct Group {
    /// Paths of the weights that it names, globs resolved.
    pub weights: Vec<Arc<str>>,
    /// All arguments of the optimizer for them.
    pub args: Args,
    /// Where it is written.
    pub span: Span,
}

/// A fact of `expect`.
#[derive(Debug, Clone)]
pub struct Fact {
    /// As written, on one line.
    pub text: String,
    /// What must hold.
    pub expression: FactExpr,
    /// Index in [`Program::trains`] that it is about.
    pub train: usize,
    /// Where it is written.
    pub span: Span,
}

/// A fact, or a number in one.
#[derive(Debug, Clone, PartialEq)]
pub enum FactExpr {
    /// A number.
    Number(f64),
    /// Trainable numbers of the model.
    Parameters,
    /// Bytes of a training step.
    Memory,
    /// Seconds that training took.
    Seconds,
    /// A measure after training.
    Measure(Split, Arc<str>),
    /// An operator of the language on numbers or truth values.
    Binary(ast::BinaryOperator, Box<FactExpr>, Box<FactExpr>),
    /// `-x`
    Negate(Box<FactExpr>),
    /// `not x`
    Not(Box<FactExpr>),
    /// The model can learn one batch of this size by heart.
    Overfits {
        /// How many examples.
        batch: usize,
    },
    /// The generated gradients agree with finite differences to this relative tolerance.
    GradientsMatch {
        /// Relative.
        tolerance: f64,
    },
    /// No position of an output depends on later positions of an input.
    Causal {
        /// Name of the output.
        output: Arc<str>,
        /// Name of the input.
        input: Arc<str>,
    },
}
