//! Why training diverged: the facts. Their words are in [`super::wording_of_divergence`].

use crate::catalog::Body;
use crate::check::{Checked, Group, Settings};
use crate::data::{FieldNode, Place, place_of_row};
use crate::diagnostics::Code;
use crate::ir::op::{Binary, Op, Unary};
use crate::source::Span;
use serde_json::{Value, json};
use std::sync::Arc;

/// A loss, or a weight, that is not a finite number.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// The model's name.
    pub train: Arc<str>,
    /// From 1.
    pub epoch: u64,
    /// The step in which the first such number arose, from 1.
    pub step: u64,
    /// The loss of the step in which that was seen: NaN, infinite, or finite where only the weights are not.
    pub loss: f64,
    /// The learning rate of that step.
    pub lr: f64,
    /// Where the learning rate is written.
    pub lr_span: Option<Span>,
    /// The `group` with the largest learning rate, where that is above the optimizer's.
    pub group: Option<GroupRate>,
    /// The model's name in `train`.
    pub span: Span,
    /// The losses of the last steps before, oldest first.
    pub losses: Vec<f64>,
    /// What made the first number that is not finite, where that is known.
    pub cause: Option<Box<Cause>>,
}

/// A `group` whose weights go in larger steps than the others.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRate {
    /// Its learning rate in that step.
    pub lr: f64,
    /// As its `lr` is written, before any schedule.
    pub written: f64,
    /// Where that is written.
    pub lr_span: Span,
    /// The paths and globs of its weights.
    pub span: Span,
    /// As they are written, and where.
    pub source: Written,
    /// Whether its rate, rather than that of the optimizer, is likely to be what is too large.
    pub is_suspect: bool,
}

/// A rate so many times that of the optimizer is the first to be looked at, whatever that is.
const FAR_ABOVE: f64 = 10.0;

impl GroupRate {
    /// Of a step in which the optimizer's rate was `lr`.
    pub(super) fn of(settings: &Settings, lr: f64) -> Option<GroupRate> {
        let (optimizer, around) = (&settings.optimizer, settings.optimizer.args.number("lr"));
        let trains = |group: &&Group| group.weights.iter().any(|path| !settings.frozen.contains(path));
        let of = |group: &Group| Some((group.args.number("lr"), group.args.span("lr")?, group.span));
        let rates = settings.groups.iter().filter(trains).filter_map(of).filter(|(rate, ..)| *rate > around);
        let (written, lr_span, span) = rates.max_by(|a, b| a.0.total_cmp(&b.0))?;
        let times = written / around;
        let usual = match &optimizer.entry.body {
            Body::Optimizer(definition) => definition.usual_lr.1,
            _ => f64::INFINITY,
        };
        let is_suspect = around <= usual || times >= FAR_ABOVE;
        Some(GroupRate { lr: lr * times, written, lr_span, span, source: Written::default(), is_suspect })
    }
}

/// What made the first number that is not finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The expression.
    pub span: Span,
    /// As it is written, and where.
    pub source: Written,
    /// Whether that was in its backward pass.
    pub is_backward: bool,
    /// By what.
    pub made: Made,
    /// What is wrong.
    pub trouble: Trouble,
    /// What it worked on; in a backward pass, what it worked on before.
    pub operands: Vec<Numbers>,
    /// What came out.
    pub result: Numbers,
    /// The examples of the batch that this happened in, by [`crate::data::Dataset::ids`]; none where it did not happen
    /// example by example.
    pub ids: Vec<u32>,
    /// Where the first of them stand in the data.
    pub places: Vec<Place>,
    /// Examples of the batch.
    pub batch: usize,
}

/// A piece of the program, for those who have only the text of an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Written {
    /// On one line.
    pub text: String,
    /// The file.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Written {
    fn of(checked: &Checked, span: Span) -> Written {
        let at = checked.sources.position(span);
        Written {
            text: checked.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" "),
            file: checked.sources.file(span.file).path.display().to_string(),
            line: at.line,
            column: at.column,
        }
    }
}

/// By what a number was made.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    /// An operation, as a graph is printed.
    Operation(String),
    /// A weight, which the update of an earlier step has broken.
    Weight(Arc<str>),
    /// A field of the data.
    Data(Arc<str>),
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A logarithm of 0 or less.
    Logarithm,
    /// A division by 0.
    Division,
    /// A square root of less than 0.
    Root,
    /// The derivative of a square root at 0.
    RootGradient,
    /// An exponential of a large number.
    Exponential,
    /// A power, or its derivative, that is not finite.
    Power,
    /// A position that a table does not have.
    Outside {
        /// The first that is not there.
        position: i64,
        /// How many positions there are.
        positions: usize,
    },
    /// Sums and products of numbers that have grown too large.
    TooLarge,
}

impl Trouble {
    /// Its code.
    pub fn code(self) -> Code {
        match self {
            Trouble::Logarithm => Code::E0902,
            Trouble::Division => Code::E0903,
            Trouble::Root | Trouble::RootGradient => Code::E0904,
            Trouble::Exponential => Code::E0905,
            Trouble::Power => Code::E0906,
            Trouble::Outside { .. } => Code::E0907,
            Trouble::TooLarge => Code::E0901,
        }
    }
}

/// The largest operand of which `exp` is a 32-bit number.
const LARGEST_EXPONENT: f64 = 88.72;

/// What an operation does wrong with such operands, or the derivative of one.
pub(super) fn trouble(op: &Op, operands: &[Numbers], is_backward: bool) -> Trouble {
    let operand = |index: usize| operands.get(index);
    let first = |holds: &dyn Fn(&Numbers) -> bool| operand(0).is_some_and(holds);
    match op {
        Op::Unary(Unary::Logarithm) if first(&|x| x.min <= 0.0) => Trouble::Logarithm,
        Op::Unary(Unary::LogarithmOnePlus) if first(&|x| x.min <= -1.0) => Trouble::Logarithm,
        Op::Unary(Unary::SquareRoot) if first(&|x| x.min < 0.0) => Trouble::Root,
        Op::Unary(Unary::SquareRoot) if is_backward && first(&|x| x.zeros > 0) => Trouble::RootGradient,
        Op::Unary(Unary::ReciprocalSquareRoot) if first(&|x| x.min < 0.0) => Trouble::Root,
        Op::Unary(Unary::ReciprocalSquareRoot | Unary::Reciprocal) if first(&|x| x.zeros > 0) => Trouble::Division,
        Op::Unary(Unary::Exponential) if first(&|x| x.max > LARGEST_EXPONENT) => Trouble::Exponential,
        Op::Binary(Binary::Divide) if operand(1).is_some_and(|x| x.zeros > 0) => Trouble::Division,
        Op::Binary(Binary::Power) if first(&|x| x.min <= 0.0) => Trouble::Power,
        _ => Trouble::TooLarge,
    }
}

/// What an operation without a finite result did wrong, where its operands are not known.
pub(super) fn trouble_of(op: &Op) -> Trouble {
    match op {
        Op::Unary(Unary::Logarithm | Unary::LogarithmOnePlus) => Trouble::Logarithm,
        Op::Unary(Unary::SquareRoot) => Trouble::Root,
        Op::Unary(Unary::Reciprocal | Unary::ReciprocalSquareRoot) | Op::Binary(Binary::Divide) => Trouble::Division,
        Op::Unary(Unary::Exponential) => Trouble::Exponential,
        Op::Binary(Binary::Power) => Trouble::Power,
        _ => Trouble::TooLarge,
    }
}

/// What numbers of a step were.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// The expression that made them.
    pub span: Span,
    /// As it is written.
    pub source: Written,
    /// The smallest finite one; infinite where there is none.
    pub min: f64,
    /// The largest finite one.
    pub max: f64,
    /// How many are 0.
    pub zeros: usize,
    /// How many are NaN or infinite.
    pub not_finite: usize,
    /// How many there are.
    pub count: usize,
    /// Whether they are one number that the program says.
    pub is_number: bool,
    /// Whether they come straight from `softmax` or `sigmoid`.
    pub is_probability: bool,
    /// Whether they are a field that is standardized, and so lies on both sides of 0.
    pub is_standardized: bool,
}

impl Numbers {
    pub(super) fn of(span: Span, values: &[f32]) -> Numbers {
        let finite = || values.iter().filter(|x| x.is_finite()).map(|x| f64::from(*x));
        Numbers {
            span,
            source: Written::default(),
            min: finite().fold(f64::INFINITY, f64::min),
            max: finite().fold(f64::NEG_INFINITY, f64::max),
            zeros: values.iter().filter(|x| **x == 0.0).count(),
            not_finite: values.iter().filter(|x| !x.is_finite()).count(),
            count: values.len(),
            is_number: false,
            is_probability: false,
            is_standardized: false,
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "source": self.source.text, "line": self.source.line, "min": finite(self.min), "max": finite(self.max),
            "zeros": self.zeros, "not_finite": self.not_finite, "numbers": self.count,
        })
    }
}

/// JSON has no infinities.
fn finite(x: f64) -> Value {
    serde_json::Number::from_f64(x).map_or(Value::Null, Value::Number)
}

/// How many places in the data are named.
const PLACES: usize = 3;

impl Divergence {
    /// The code of what is wrong.
    pub fn code(&self) -> Code {
        self.cause.as_ref().map_or(Code::E0901, |cause| cause.trouble.code())
    }

    /// The place in the source: the operation, where it is known.
    pub fn place(&self) -> Span {
        self.cause.as_ref().map_or(self.span, |cause| cause.span)
    }

    /// Says where the examples stand in the data, and how the operation is written.
    pub(super) fn locate(&mut self, checked: &Checked) {
        if let Some(group) = &mut self.group {
            group.source = Written::of(checked, group.span);
        }
        let Some(cause) = &mut self.cause else { return };
        cause.source = Written::of(checked, cause.span);
        for numbers in cause.operands.iter_mut().chain([&mut cause.result]) {
            numbers.source = Written::of(checked, numbers.span);
        }
        let trains = &checked.program.trains;
        let train = trains.iter().find(|train| train.span == self.span);
        if let Some(block) = train.and_then(|train| checked.program.data.get(train.data)) {
            cause.places = cause.ids.iter().take(PLACES).filter_map(|id| place_of_row(&block.plan, *id)).collect();
            for numbers in &mut cause.operands {
                let field = block.plan.field(&numbers.source.text);
                numbers.is_standardized =
                    field.is_some_and(|field| matches!(&*field.expr.node, FieldNode::Standardize(_)));
            }
        }
    }

    /// The facts of the `diverged` event.
    pub(super) fn to_json(&self) -> Value {
        let mut object = json!({
            "event": "diverged", "train": &*self.train, "epoch": self.epoch, "step": self.step,
            "loss": finite(self.loss), "lr": finite(self.lr), "losses": self.losses, "code": self.code().text(),
        });
        if let (Some(object), Some(group)) = (object.as_object_mut(), &self.group) {
            let found = json!({ "of": group.source.text, "line": group.source.line, "lr": finite(group.lr) });
            object.insert("group".into(), found);
        }
        if let (Some(object), Some(cause)) = (object.as_object_mut(), &self.cause) {
            let made = match &cause.made {
                Made::Operation(name) => json!({ "operation": name }),
                Made::Weight(path) => json!({ "weight": &**path }),
                Made::Data(field) => json!({ "field": &**field }),
            };
            let places: Vec<String> = cause.places.iter().map(ToString::to_string).collect();
            let found = json!({
                "file": cause.source.file, "line": cause.source.line, "column": cause.source.column,
                "source": cause.source.text,
                "made_by": made, "backward": cause.is_backward,
                "operands": cause.operands.iter().map(|o| o.to_json()).collect::<Vec<_>>(),
                "result": cause.result.to_json(),
                "rows": cause.ids.iter().map(|id| u64::from(*id) + 1).collect::<Vec<_>>(), "places": places,
                "batch": cause.batch,
            });
            object.insert("cause".into(), found);
        }
        object
    }
}
