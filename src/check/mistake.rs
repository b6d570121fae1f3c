//! What can be wrong with a program, beyond the operands of an operation ([`crate::build::Problem`]) and the data
//! ([`crate::data::DataError`]): the facts. `words.rs` says them.

use super::sweep_condition::NoNumber;
use crate::catalog::{EntryKind, Param};
use crate::diagnostics::{Edit, Fix};
use crate::source::Span;
use crate::syntax::ast::Symbol;

impl Mistake {
    /// The name that this mistake says is not there.
    pub fn unknown_name(&self) -> Option<&str> {
        match self {
            Mistake::UnknownName { name, .. }
            | Mistake::ImportedName { name, .. }
            | Mistake::NoField { name, .. }
            | Mistake::UnboundDim { name, .. } => Some(name),
            Mistake::NoFieldForInput { input, .. } => Some(input),
            Mistake::UnknownHyper { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// A mistake; where it was made is given beside it.
#[derive(Debug, Clone)]
pub(super) enum Mistake {
    // Names.
    /// A name that nothing has.
    UnknownName {
        name: Symbol,
        wanted: &'static str,
        nearest: Option<String>,
        known: Vec<String>,
        /// The type of the only output, where that has no name yet, and how it would get this one.
        unnamed: Option<(Span, String)>,
    },
    /// A name of another framework.
    ForeignName {
        name: String,
        framework: &'static str,
        ours: &'static str,
        /// An argument that is not asked for here: the size of the input.
        drop: Option<Span>,
    },
    /// Layers in a container of another framework, and how they are chained.
    Container { name: String, edits: Vec<(Span, String)> },
    /// A method of a tensor.
    Method { name: String, repair: Option<Repair>, help: Option<&'static str> },
    /// Something that other frameworks need.
    NotNeeded { name: String, why: &'static str, removed: Option<Span> },
    /// A catalog entry where another kind is wanted.
    WrongKind { name: String, is: EntryKind, wanted: &'static str },
    /// Two things of one name.
    Duplicate { name: Symbol, what: &'static str, first: Span },
    /// An import that gives nothing.
    Import { path: String, reason: String, nearest: Option<String> },
    /// A name that the imported file does not have.
    ImportedName { name: Symbol, path: String, nearest: Option<String> },
    /// A hyper that needs itself.
    HyperCycle { name: Symbol },
    /// `--set` of a hyper that is not there.
    UnknownHyper { name: String, nearest: Option<String>, known: Vec<String> },
    /// A value where a layer or function is wanted.
    NotAStage { found: String },
    /// `a.b` where `a` has no `b`.
    NoField { base: String, name: Symbol, nearest: Option<String>, known: Vec<String> },
    /// A dimension name that no input binds.
    UnboundDim { name: Symbol, nearest: Option<String> },
    /// Two layers with one path.
    SamePath { path: String, first: Span },
    /// Blocks that call each other without end.
    Recursion { name: Symbol },
    /// Calls of blocks in blocks in blocks.
    TooDeep { limit: usize },
    /// A network of more parts than any that is meant.
    TooManyParts { limit: u64 },

    // Arguments.
    /// One that must be given.
    MissingArgument { callee: String, param: String, doc: String },
    /// One that the callee does not have.
    UnknownArgument { callee: String, name: Symbol, nearest: Option<String>, known: Vec<String> },
    /// One of another framework.
    ForeignArgument {
        callee: String,
        name: Symbol,
        meaning: ArgumentMeaning,
        argument: Span,
        /// The argument with its comma.
        removed: Span,
        /// The whole call.
        call: Span,
    },
    /// The size of its input, as the first argument of a layer.
    SizeOfInput { callee: String, removed: Span },
    /// `cross_entropy(species, logits)`: the target where the prediction belongs, each with its place and text.
    SwappedOperands { callee: &'static str, prediction: (Span, String), target: (Span, String) },
    /// The same number for each axis, `(3, 3)`.
    OneForEachAxis { callee: String, param: String, number: String },
    /// A word of the language in quotes.
    WordInQuotes { callee: String, param: String, text: String, instead: String },
    /// The weights, as an argument of an optimizer.
    WeightsGiven { removed: Span },
    /// `concat(a, b)`: several arguments where one list of them is wanted; all of them, and as they are written here.
    ListWithoutBrackets { callee: String, param: String, instead: String },
    /// `transpose(0, 1)`: axes for what always swaps the last two; how it is written here.
    AxesOfTranspose { rank: usize, instead: String, edits: Vec<(Span, String)>, counts_batch: bool },
    /// `CrossAttention(4, memory)`: tensors among the arguments of a layer; how they are given here.
    TensorAmongArguments { callee: String, instead: String, edits: Vec<(Span, String)> },
    /// `einsum("…", [a, b])`: the operands in brackets; the edits that take those away.
    OperandsInBrackets { edits: Vec<(Span, String)> },
    /// `einsum(a, b, "…")`: the pattern behind its operands; the edits that put it before them.
    PatternBehind { edits: Vec<(Span, String)> },
    /// More positional ones than the callee takes.
    TooManyArguments { callee: String, takes: usize, given: usize, known: Vec<String> },
    /// One given twice.
    RepeatedArgument { callee: String, name: String, first: Span },
    /// One of the wrong type.
    ArgumentType { callee: String, param: String, wanted: String, found: String },
    /// One out of its bounds.
    ArgumentBounds { callee: String, param: &'static Param, found: String },
    /// One that is not among the choices.
    ArgumentChoice { callee: String, param: String, choices: Vec<String>, found: String, nearest: Option<String> },
    /// A number that is not whole where a size is wanted.
    NotWhole { number: String, floored: Option<String> },
    /// A number that is not a size: 0, negative, or beyond all bounds; whether `_` may stand in its place.
    NotASize { number: String, hole: bool },

    // Expressions.
    /// An operator on things that it is not for.
    Operands { operator: &'static str, left: String, right: String },
    /// A value of another type than wanted.
    Type { wanted: String, found: String },
    /// A condition that is known only when the program runs.
    Condition { found: String },
    /// A number of tensors that a stage does not take.
    Arity { stage: String, wanted: usize, given: usize },
    /// A pattern of other length than the value. `of_layer`: of a layer that gives its state as well, elsewhere; that,
    /// and the first name.
    Pattern { wanted: usize, found: String, of_layer: Option<(Symbol, Symbol)> },
    /// A position along the batch, which is no axis.
    BatchPosition { shape: String, removed: Span },
    /// An `if` without `else`.
    NoElse,
    /// A body without an output.
    NoResult { what: &'static str, repair: Option<(Symbol, Span, String)> },
    /// A position that is not known at compile time, and what it is from the end, where that is.
    OpenPosition { found: String, from_end: Option<i64> },
    /// Branches of an `if training` of two types, with their places.
    Branches { first: (Span, String), second: (Span, String) },
    /// An expression whose value is lost.
    Unused,
    /// A stage that nothing flows into: what might, as the fix puts it before the stage.
    NotConnected { found: String, before: Option<String> },
    /// A division by zero at compile time.
    DivisionByZero,

    // Scans.
    /// Something that has no axis to walk.
    ScanInput { found: String },
    /// A next value of another type than the state.
    ScanState { name: Symbol, state: String, next: String, start: Span, zeros: bool },
    /// Another number of next values than states.
    ScanCount { states: usize, found: String, names: Vec<Symbol> },
    /// A layer in the body that keeps statistics.
    ScanStatistics { layer: String, scan: Span },

    // Signatures.
    /// An input with another number of axes than its signature has.
    InputRank { name: Symbol, found: String, declared: Span, reading: ExtraAxis, can_rewrite: bool },
    /// An input of another type than the signature says.
    InputType {
        name: Symbol,
        wanted: String,
        found: String,
        declared: Span,
        detail: Option<String>,
        /// Names in the type with their sizes, and where each was bound.
        bound: Vec<(Symbol, String, Span)>,
        /// Whether another type may be written into the signature.
        can_rewrite: bool,
        /// The edit that gives the input the size that is wanted.
        fix: Option<(String, Edit)>,
    },
    /// An output of another type than the signature says.
    OutputType {
        name: Symbol,
        wanted: String,
        found: String,
        declared: Span,
        detail: Option<String>,
        /// The edits that repair it.
        fixes: Vec<Fix>,
    },
    /// Another number of outputs than the signature says.
    OutputCount { wanted: usize, found: usize, declared: Span },
    /// Output names that are swapped: how they are written, and how the signature has them. The parentheses' inside.
    OutputOrder { written: Vec<Symbol>, declared: Vec<Symbol>, tuple: Option<Span>, signature: Span },

    // Training.
    /// A setting that must be there.
    MissingSetting { setting: &'static str, example: &'static str, at: Option<(Span, String)> },
    /// A setting that is not one.
    UnknownSetting { name: Symbol, nearest: Option<String>, known: Vec<String> },
    /// In a `group`, what is no argument of the optimizer.
    GroupSetting { name: Symbol, optimizer: &'static str, nearest: Option<String>, known: Vec<String> },
    /// A learning rate of a group, where that of the optimizer is 0.
    GroupWithoutRate,
    /// `recompute: blocks` of a model that has none.
    NothingToRecompute { model: String },
    /// `accumulate: n`, which a layer does not see.
    AccumulatesBelow { layer: Span, batch: usize, step: usize },
    /// A setting of another framework, or one that stands elsewhere.
    ForeignSetting { name: Symbol, meaning: SettingMeaning },
    /// An optimizer, a metric in quotes.
    SettingInQuotes { setting: String, text: String, instead: Option<&'static str> },
    /// A setting with a value of the wrong type.
    SettingType { setting: String, wanted: String, found: String },
    /// A setting whose value begins with a word that is none of those it may begin with.
    SettingWord { setting: &'static str, wanted: &'static str, found: Symbol, nearest: Option<String> },
    /// A batch of one example, for a layer that needs several. `rows`: of the training split, where only the last batch
    /// of an epoch is so small. `is_written`: the mistake stands at the setting.
    BatchOfOne { batch: usize, rows: Option<usize>, layer: Span, is_written: bool },
    /// An augmentation that does not go with its field.
    Augment { operation: &'static str, field: Symbol, fault: AugmentFault },
    /// A model input that no field gives.
    NoFieldForInput {
        input: Symbol,
        /// Left out where the field was named for the input.
        model: Option<Symbol>,
        data: Symbol,
        nearest: Option<String>,
        fields: Vec<String>,
        declared: Span,
        /// The field that can only be meant, and the edit that binds it.
        bind: Option<(String, Edit)>,
    },
    /// A loss that is not one number an example.
    LossType { found: String },
    /// A name that is an output and a field.
    Ambiguous { name: Symbol, model: Symbol, data: Symbol },
    /// A metric whose operands cannot be taken from the loss.
    MetricOperands { metric: String, reason: &'static str },
    /// A loss that is not told what to compare; how it would be, where that is clear.
    LossOperands { callee: &'static str, instead: Option<String> },
    /// A split that the data does not have.
    NoSplit { split: String, data: Symbol },
    /// A measure that is not made.
    UnknownMeasure { name: String, nearest: Option<String>, known: Vec<String> },
    /// A path or glob that no weight has.
    UnknownPath { path: String, nearest: Option<String>, known: Vec<String> },
    /// `epochs` and `steps`.
    Conflict { first: &'static str, second: &'static str, first_span: Span, removed: Span },
    /// A part of a schedule that must say how long it is.
    ScheduleLength { schedule: String },
    /// A part of a schedule that begins, or a warmup that ends, when training is over.
    ScheduleOutlasts { part: &'static str, begins: Option<u64>, ends: u64, steps: u64 },
    /// A loss that no weight takes part in.
    NothingToTrain { reason: &'static str },

    // Data blocks.
    /// Something in a data block that is not data.
    NotData { wanted: &'static str, found: String },
    /// A function that is not for data.
    NotADataFunction { name: Symbol, nearest: Option<String>, known: Vec<String> },

    // Expectations.
    /// Something that is not a fact.
    UnknownFact { name: String, nearest: Option<String>, known: Vec<String>, split: Option<&'static str> },
    /// Columns as other libraries choose them; with how they are chosen here.
    ColumnsElsewhere { instead: String },
    /// A method of a table or column.
    DataMethod { name: String, repair: Option<Repair> },
    /// A field without its missing values, which would have other rows than the rest; with the edits that leave the
    /// rows out of the table.
    DropOnTable { edits: Vec<(Span, String)> },
    /// A split as other libraries write it; with how it is written here.
    SplitElsewhere { instead: String },
    /// A number where a fact is wanted, or the other way round.
    FactType { wanted: &'static str, found: &'static str },
    /// `test.accuracy >= 95`; with the number as a percentage, where it can be one.
    ShareBeyondOne { measure: String, place: Span, percent: Option<String> },
    /// A fact without a train.
    NoTrain,

    /// Something with a sweep.
    Sweep(SweepFault),
}

/// What is wrong with a sweep.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SweepFault {
    /// A range in a grid; where a `try` can be put.
    RangeWithoutTry { at: Span },
    /// More points than are ever meant.
    TooMany { is_grid: bool },
    /// `require` leaves none of so many.
    NoneLeft { of: usize },
    /// So many draws gave fewer different points than are wanted.
    TooFew { found: usize, draws: usize, wanted: usize },
    /// `require` has no answer for a point, each of whose hypers is written `width=8`. `condition`: where the arithmetic
    /// is that of a hyper, elsewhere.
    NoAnswer { point: Vec<String>, why: NoNumber, condition: Option<Span> },
    /// Another sweep in the file.
    Second { first: Span },
    /// Nothing is trained in the file.
    NoTrain,
    /// No hyper in it.
    NothingTried,
}

/// What the first axis of a declared input is, where the data has only the others.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ExtraAxis {
    /// It cannot be told.
    None,
    /// The batch, as in other frameworks; the edits take it out of the signature.
    Batch { axis: String, edits: Vec<Edit> },
    /// A sequence, of rows that the data has one by one. `is_text`: of the tokens of a text.
    Sequence { axis: String, is_text: bool },
}

/// A set of edits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Repair {
    /// What it does.
    pub title: String,
    /// Replaced spans.
    pub edits: Vec<(Span, String)>,
}

/// What an argument of another framework is here.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ArgumentMeaning {
    /// An argument of another name.
    Called(&'static str),
    /// `axis: n`, for the batch has no axis.
    Axis(i64),
    /// Nothing.
    NotNeeded(&'static str),
    /// This argument.
    Written(String),
    /// Another function.
    Callee(&'static str),
    /// A stage behind the layer; `Some(None)` where even that is not needed, `None` where it cannot be inserted.
    Stage(Option<Option<&'static str>>),
}

/// What a setting of another framework is here.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SettingMeaning {
    /// A setting of another name.
    Called(&'static str),
    /// An argument of the optimizer: the whole line, the argument, and where in the optimizer it can be inserted.
    OfOptimizer { line: Span, argument: String, at: Option<(Span, String, String)> },
    /// Something of the data.
    OfData,
    /// Something that the command line says, or nothing.
    NotNeeded(&'static str),
}

/// What is wrong with an augmentation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AugmentFault {
    /// The field has no height and width.
    NotAPicture { found: String },
    /// Classes or truth values where numbers are changed.
    Discrete { found: String },
    /// Sequences of different length.
    Ragged,
    /// A crop to another size than the field's.
    CropSize { size: [usize; 2], picture: [usize; 2], found: String },
    /// A crop that can only be the whole picture.
    CropOfAll { size: [usize; 2] },
    /// Neither the model nor the loss reads the field.
    Unread { data: Symbol },
    /// `mixup` for a second time.
    MixedTwice { first: Span },
    /// `mixup` where the target is sequences of different length.
    MixedSequences,
}
