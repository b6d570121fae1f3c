//! Arguments as an entry receives them: checked against its [`Param`](super::Param)s, defaults filled in.

use super::entry::Fans;
use crate::build::{Problem, Tensor};
use crate::ir::dim::Dim;
use crate::ir::init::Init;
use crate::source::Span;
use std::sync::Arc;

/// Initial weights before the sizes they depend on are known.
#[derive(Debug, Clone)]
pub struct InitSpec {
    /// The initializer's entry.
    pub entry: &'static super::Entry,
    /// Its arguments.
    pub args: Args,
}

impl InitSpec {
    /// The distribution for a weight with these fans.
    pub fn resolve(&self, fans: Fans) -> Init {
        match self.entry.body {
            super::Body::Initializer(f) => f(&self.args, fans),
            _ => Init::Full(0.0),
        }
    }
}

/// How long something lasts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Duration {
    /// Whole passes over the training split.
    Epochs(f64),
    /// Optimizer steps.
    Steps(f64),
}

impl Duration {
    /// In steps, rounded to the nearest whole number.
    pub fn steps(self, steps_per_epoch: u64) -> u64 {
        let steps = match self {
            Duration::Epochs(n) => n * steps_per_epoch as f64,
            Duration::Steps(n) => n,
        };
        steps.round().max(0.0) as u64
    }
}

/// The value of an argument.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum ArgValue {
    /// Nothing: the default `none`.
    None,
    Tensor(Tensor),
    Tensors(Vec<Tensor>),
    /// A size or whole number.
    Dim(Dim),
    Number(f64),
    Bool(bool),
    Choice(&'static str),
    Text(Arc<str>),
    /// `None` is the hole.
    Shape(Vec<Option<Dim>>),
    /// From the start, or from the end where negative. A dimension's name has been resolved.
    Axis(i64),
    Axes(Vec<i64>),
    Init(InitSpec),
    Numbers(Vec<f64>),
    Duration(Duration),
    Range(f64, f64),
    /// Names that the caller chose, with their sizes.
    Sizes(Vec<(Arc<str>, Dim)>),
}

/// The arguments of one call.
#[derive(Debug, Clone, Default)]
pub struct Args {
    values: Vec<(&'static str, ArgValue, Option<Span>)>,
}

impl Args {
    /// No arguments.
    pub fn new() -> Self {
        Args::default()
    }

    /// Sets an argument; `span` is where the user wrote it, `None` for a default.
    pub fn set(&mut self, name: &'static str, value: ArgValue, span: Option<Span>) {
        self.values.retain(|(n, ..)| *n != name);
        self.values.push((name, value, span));
    }

    /// As [`Args::set`], in front of all others: the tensor that a function has been waiting for.
    pub fn set_first(&mut self, name: &'static str, value: ArgValue, span: Option<Span>) {
        self.values.retain(|(n, ..)| *n != name);
        self.values.insert(0, (name, value, span));
    }

    /// Where the user wrote each of them, to be moved.
    pub(crate) fn spans_mut(&mut self) -> impl Iterator<Item = &mut Span> {
        self.values.iter_mut().filter_map(|(.., span)| span.as_mut())
    }

    /// The value of an argument; [`ArgValue::None`] for one that the entry does not have.
    pub fn get(&self, name: &str) -> &ArgValue {
        self.values.iter().find(|(n, ..)| *n == name).map_or(&ArgValue::None, |(_, v, _)| v)
    }

    /// Where the user wrote it.
    pub fn span(&self, name: &str) -> Option<Span> {
        self.values.iter().find(|(n, ..)| *n == name).and_then(|(.., s)| *s)
    }

    /// Whether the user wrote it.
    pub fn is_given(&self, name: &str) -> bool {
        self.span(name).is_some()
    }

    /// All arguments in the order of the declaration.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &ArgValue)> {
        self.values.iter().map(|(n, v, _)| (*n, v))
    }

    /// The tensors among them, in order: the operands that a [`Problem`](crate::build::Problem) counts.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.values.iter().flat_map(|(_, v, _)| match v {
            ArgValue::Tensor(t) => std::slice::from_ref(t),
            ArgValue::Tensors(ts) => ts.as_slice(),
            _ => &[],
        })
    }

    /// A tensor; `None` for an optional one that is absent. The checker has seen to it that required ones are there.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        match self.get(name) {
            ArgValue::Tensor(t) => Some(t),
            _ => None,
        }
    }

    /// A string.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            ArgValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Names with sizes; none where there are none.
    pub fn sizes(&self, name: &str) -> &[(Arc<str>, Dim)] {
        match self.get(name) {
            ArgValue::Sizes(sizes) => sizes,
            _ => &[],
        }
    }

    /// A tensor that must be there. That it is missing is for the checker to say; this keeps a slip there from
    /// becoming a panic here.
    pub fn operand(&self, name: &'static str) -> Result<&Tensor, Problem> {
        self.tensor(name).ok_or(Problem::Argument { argument: name, message: "it is missing".into() })
    }

    /// A list of tensors.
    pub fn tensor_list(&self, name: &str) -> &[Tensor] {
        match self.get(name) {
            ArgValue::Tensors(ts) => ts,
            ArgValue::Tensor(t) => std::slice::from_ref(t),
            _ => &[],
        }
    }

    /// A size.
    pub fn dim(&self, name: &str) -> Dim {
        match self.get(name) {
            ArgValue::Dim(d) => d.clone(),
            ArgValue::Number(n) => Dim::constant(*n as i64),
            _ => Dim::default(),
        }
    }

    /// A size or whole number that was given.
    pub fn optional_dim(&self, name: &str) -> Option<Dim> {
        match self.get(name) {
            ArgValue::Dim(d) => Some(d.clone()),
            ArgValue::Number(n) => Some(Dim::constant(*n as i64)),
            _ => None,
        }
    }

    /// A number; 0 where there is none.
    pub fn number(&self, name: &str) -> f64 {
        self.optional_number(name).unwrap_or(0.0)
    }

    /// A number that was given.
    pub fn optional_number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            ArgValue::Number(n) => Some(*n),
            ArgValue::Dim(d) => d.as_constant().map(|n| n as f64),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub fn bool(&self, name: &str) -> bool {
        matches!(self.get(name), ArgValue::Bool(true))
    }

    /// A word; empty where there is none.
    pub fn choice(&self, name: &str) -> &'static str {
        match self.get(name) {
            ArgValue::Choice(c) => c,
            _ => "",
        }
    }

    /// A shape; empty where there is none.
    pub fn shape(&self, name: &str) -> &[Option<Dim>] {
        match self.get(name) {
            ArgValue::Shape(s) => s,
            _ => &[],
        }
    }

    /// An axis.
    pub fn axis(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            ArgValue::Axis(a) => Some(*a),
            _ => None,
        }
    }

    /// Axes; `None` means all.
    pub fn axes(&self, name: &str) -> Option<Vec<i64>> {
        match self.get(name) {
            ArgValue::Axis(a) => Some(vec![*a]),
            ArgValue::Axes(a) => Some(a.clone()),
            _ => None,
        }
    }

    /// Initial weights that were given.
    pub fn init(&self, name: &str) -> Option<&InitSpec> {
        match self.get(name) {
            ArgValue::Init(i) => Some(i),
            _ => None,
        }
    }

    /// A list of numbers that was given.
    pub fn numbers(&self, name: &str) -> Option<&[f64]> {
        match self.get(name) {
            ArgValue::Numbers(n) => Some(n),
            _ => None,
        }
    }

    /// A duration that was given.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        match self.get(name) {
            ArgValue::Duration(d) => Some(*d),
            _ => None,
        }
    }
}
