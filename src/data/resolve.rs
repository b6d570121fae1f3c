//! From an expression to a tree whose types are known and that can be evaluated.
//!
//! Parts are visited before the whole, and estimates are numbered in that order: the same order in which they are
//! fitted, saved and used again.

use super::cell::is_gap_elsewhere;
use super::class_names::{names_of, names_of_training, numbered_names};
use super::combine::{
    elementwise_shape, estimable, first, joined, layout, one, padded, reshaped, same, whole, windows,
};
use super::field_expr::{BinaryOp, FieldExpr, FieldNode, Filling, UnaryOp};
use super::fitted::Estimate;
use super::framing::Framing;
use super::groups::Groups;
use super::layout::Layout;
use super::place::{MissingIn, Place};
use super::problem::{At, DataError, DataProblem, DataResult};
use super::resolve_source::{array, columns, in_domain};
use super::resolve_text::{self, Naming};
use super::schema::ColumnKind;
use super::source_spec::{SourceSpec, Split, TableExpr};
use super::steps::{Steps, shared};
use super::tokens::TokenKind;
use super::vocabulary::Vocabulary;
use crate::source::Span;
use std::sync::Arc;

/// What the elements of an expression are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Element {
    Number,
    Bool,
    Text,
    Class(Arc<[String]>),
}

/// What one example is.
#[derive(Debug, Clone)]
pub(crate) enum Unit {
    /// A row.
    Rows,
    /// The rows of one id.
    Sequences(Arc<Groups>),
    /// Rows that follow one another; a new window starts every `stride` rows.
    Windows {
        stride: usize,
        /// The rows that must follow its start, for all of its fields.
        reach: usize,
        /// How many rows after its start the first of its fields begins.
        first: usize,
    },
}

impl Unit {
    /// As messages call an example.
    pub fn describe(&self) -> String {
        match self {
            Unit::Rows => "a row".to_string(),
            Unit::Sequences(_) => "a sequence".to_string(),
            Unit::Windows { stride: 1, .. } => "a window, one from each row on".to_string(),
            Unit::Windows { stride, .. } => format!("a window, one every {stride} rows"),
        }
    }

    /// The unit of two parts of one example. None where they do not go together.
    pub fn merge(&self, other: &Unit) -> Option<Unit> {
        match (self, other) {
            (Unit::Rows, Unit::Rows) => Some(Unit::Rows),
            (Unit::Sequences(a), Unit::Sequences(b)) => (a == b).then(|| self.clone()),
            (Unit::Windows { stride, reach, first }, Unit::Windows { stride: s, reach: r, first: f }) => {
                let (reach, first) = (*reach.max(r), *first.min(f));
                (stride == s).then_some(Unit::Windows { stride: *stride, reach, first })
            }
            _ => None,
        }
    }
}

/// The examples of an expression.
#[derive(Debug, Clone)]
pub(crate) struct Examples {
    /// What one of them is.
    pub unit: Unit,
    /// In train, validation and test; where they are windows, rows.
    pub counts: [usize; 3],
    /// The splits that the source gives, where it is given per split.
    pub given: Option<Vec<Split>>,
    /// The rows of the source, where some are left out; what is numbered are those that are left.
    pub kept: Option<Arc<[u32]>>,
    /// What tells sources apart, and how messages call it.
    pub source: Arc<(String, String)>,
}

/// An expression with its type.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub op: Op,
    pub parts: Vec<Resolved>,
    pub span: Span,
    pub element: Element,
    /// Of an example, the longest where they differ in length.
    pub shape: Vec<usize>,
    /// Where the first axis has a position a row. Then it is computed position by position.
    pub steps: Option<Steps>,
    /// None for a constant.
    pub examples: Option<Examples>,
    /// Whether the last axes are those of an image even where there are only two.
    pub image: bool,
    pub missing: Vec<MissingIn>,
    /// Columns that are text, where elements are.
    pub texts: Vec<TextIn>,
    pub infinite: Option<(String, String, Place)>,
}

/// A text column, for messages.
#[derive(Debug, Clone)]
pub(crate) struct TextIn {
    pub column: String,
    pub value: String,
    pub place: Place,
    pub count: u64,
    pub rows: u64,
}

impl TextIn {
    /// Whether the column looks like numbers with few cells that are none, or with gaps that are written otherwise.
    fn is_stray(&self) -> bool {
        self.count.saturating_mul(4) < self.rows || is_gap_elsewhere(&self.value)
    }
}

/// What a node computes from its parts.
#[derive(Debug)]
pub(crate) enum Op {
    Columns {
        table: TableExpr,
        columns: Vec<(String, ColumnKind)>,
        /// A column with a number that 32 bits do not hold, and where that stands.
        beyond_single: Option<(String, (f64, Place))>,
    },
    Array(SourceSpec),
    Stream {
        source: SourceSpec,
        kind: TokenKind,
        estimate: usize,
    },
    Tokens {
        vocabulary: Vocabulary,
        estimate: usize,
    },
    Number(f64),
    Binary(BinaryOp),
    Unary(UnaryOp),
    Standardize {
        estimate: usize,
        layout: Layout,
    },
    Rescale {
        estimate: usize,
        layout: Layout,
        lo: f64,
        hi: f64,
    },
    Fill {
        estimate: usize,
        layout: Layout,
        median: bool,
    },
    FillNumber(f64),
    FillText(Arc<str>),
    Classes {
        estimate: usize,
        fixed: bool,
        unknown: bool,
    },
    OneHot(usize),
    Reshape,
    Concat(usize),
    First,
    Windows,
    /// With this number (or class) behind the last position.
    Pad(f64),
}

impl Resolved {
    /// Elements of what is computed at once: an example, or a position of one.
    pub fn each(&self) -> usize {
        self.own_shape().iter().product()
    }

    /// The shape of what is computed at once.
    pub fn own_shape(&self) -> &[usize] {
        match &self.steps {
            None => &self.shape,
            Some(_) => self.shape.get(1..).unwrap_or(&[]),
        }
    }

    /// The shape of a part as this computes with it.
    pub fn shape_of<'a>(&self, part: &'a Resolved) -> &'a [usize] {
        if self.steps.is_some() { part.own_shape() } else { &part.shape }
    }

    /// Whether examples differ in length.
    pub fn is_ragged(&self) -> bool {
        self.steps.as_ref().is_some_and(|s| s.ragged().is_some())
    }

    /// The same with an axis of positions.
    pub fn with(self, steps: Option<Steps>) -> Resolved {
        Resolved { steps, ..self }
    }

    /// Whether it has a value for every row, whatever an example is.
    pub fn is_of_rows(&self) -> bool {
        self.steps.is_none() && self.examples.as_ref().is_none_or(|e| matches!(e.unit, Unit::Rows))
    }

    /// Visits this node and everything in it, parts before the whole.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Resolved)) {
        for part in &self.parts {
            part.walk(visit);
        }
        visit(self);
    }

    /// That text stands where numbers are wanted, if it does.
    pub fn needs_numbers(&self, wanted_by: &str) -> DataResult<()> {
        let problem = match &self.element {
            Element::Number | Element::Bool => return Ok(()),
            Element::Class(_) => DataProblem::ClassesForNumber { wanted_by: wanted_by.to_string() },
            Element::Text => match self.texts.first() {
                Some(t) => DataProblem::TextForNumber {
                    column: t.column.clone(),
                    value: t.value.clone(),
                    place: t.place.clone(),
                    count: t.count,
                    rows: t.rows,
                    is_new: false,
                    wanted_by: wanted_by.to_string(),
                },
                None => DataProblem::FillMismatch { column: String::new(), filling: "text".into(), text: true },
            },
        };
        Err(DataError::new(self.span, problem))
    }

    /// That values are missing, if they are.
    pub fn needs_all(&self, reaches: &str) -> DataResult<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let problem = DataProblem::Missing { columns: self.missing.clone(), reaches: reaches.to_string() };
        Err(DataError::new(self.span, problem))
    }

    /// That a number is infinite, if one is.
    pub fn needs_finite(&self) -> DataResult<()> {
        match &self.infinite {
            None => Ok(()),
            Some((what, value, place)) => {
                let (what, value, place) = (what.clone(), value.clone(), Some(place.clone()));
                Err(DataError::new(self.span, DataProblem::NotFinite { what, value, place, in_data: true }))
            }
        }
    }
}

/// Resolves an expression. With `known` estimates (of an earlier load), class names are those, and nothing is collected.
pub(crate) fn resolve(expr: &FieldExpr, known: Option<&[Estimate]>) -> DataResult<Resolved> {
    Resolver { known, training: None, next: 0 }.resolve(expr)
}

/// The same where it is known what is trained on: names that are of the training split only are those.
pub(crate) fn resolve_split(expr: &FieldExpr, training: &Framing) -> DataResult<Resolved> {
    Resolver { known: None, training: Some(training), next: 0 }.resolve(expr)
}

/// The class names of an expression. Errors: it is not a class.
pub(crate) fn resolve_names(expr: &FieldExpr, training: Option<&Framing>) -> DataResult<Arc<[String]>> {
    let resolved = Resolver { known: None, training, next: 0 }.resolve(expr)?;
    match resolved.element {
        Element::Class(names) => Ok(names),
        _ => Err(DataError::new(expr.span, DataProblem::LikeNotClass)),
    }
}

struct Resolver<'a> {
    known: Option<&'a [Estimate]>,
    training: Option<&'a Framing>,
    next: usize,
}

impl Resolver<'_> {
    /// The names that an earlier load gave a place.
    fn known_names(&self, estimate: usize) -> Option<Vec<String>> {
        self.known.map(|known| match known.get(estimate) {
            Some(Estimate::Classes { names, .. }) => names.clone(),
            _ => Vec::new(),
        })
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn resolve(&mut self, expr: &FieldExpr) -> DataResult<Resolved> {
        let mut parts = Vec::new();
        for child in expr.children() {
            parts.push(self.resolve(child)?);
        }
        let span = expr.span;
        match &*expr.node {
            FieldNode::Columns { table, names, scalar } => columns(table, names, *scalar, span),
            FieldNode::Array(source) => array(source, span),
            FieldNode::Number(n) => Ok(Resolved {
                op: Op::Number(*n),
                parts,
                span,
                element: Element::Number,
                shape: Vec::new(),
                steps: None,
                examples: None,
                image: false,
                missing: Vec::new(),
                texts: Vec::new(),
                infinite: None,
            }),
            FieldNode::Binary(op, ..) => {
                for part in &parts {
                    part.needs_numbers(op.symbol())?;
                }
                let steps = shared(&parts, op.symbol()).at(span)?;
                let shape = match parts.as_slice() {
                    [a, b] => elementwise_shape(a, b, steps.as_ref()).ok_or_else(|| {
                        let (left, right) = (a.shape.clone(), b.shape.clone());
                        DataError::new(span, DataProblem::Broadcast { op: op.symbol(), left, right })
                    })?,
                    _ => Vec::new(),
                };
                let element = if op.compares() { Element::Bool } else { Element::Number };
                whole(Op::Binary(*op), parts, span, element, shape).map(|r| r.with(steps))
            }
            FieldNode::Unary(op, _) => {
                let name = UnaryOp::NAMED.iter().find(|(_, o)| o == op).map_or("-", |(n, _)| n);
                let shape = one(&parts, |a| a.needs_numbers(name).map(|()| a.shape.clone()))?;
                one(&parts, |a| in_domain(*op, name, a))?;
                same(Op::Unary(*op), parts, span, Element::Number, shape)
            }
            FieldNode::Standardize(_) => {
                let shape = one(&parts, |a| estimable(a, "standardize", self.known.is_some()))?;
                let op = Op::Standardize { estimate: self.number(), layout: layout(&parts) };
                same(op, parts, span, Element::Number, shape)
            }
            FieldNode::Rescale { lo, hi, .. } => {
                if !(lo.is_finite() && hi.is_finite() && lo < hi) {
                    let (of, argument, wanted) = ("rescale", "range", "two numbers, the smaller one first");
                    let value = format!("{lo} .. {hi}");
                    return Err(DataError::new(span, DataProblem::Argument { of, argument, value, wanted }));
                }
                let shape = one(&parts, |a| estimable(a, "rescale", self.known.is_some()))?;
                let op = Op::Rescale { estimate: self.number(), layout: layout(&parts), lo: *lo, hi: *hi };
                same(op, parts, span, Element::Number, shape)
            }
            FieldNode::Fill(_, filling) => self.fill(parts, filling, span),
            FieldNode::Classes(inner, fixed) => self.classes(parts, inner, *fixed, false, span),
            FieldNode::KnownClasses(inner) => self.classes(parts, inner, None, true, span),
            FieldNode::Stream { source, vocabulary, like } => {
                let estimate = self.number();
                let known = self.known_names(estimate);
                let naming = Naming { vocabulary, like: like.as_ref(), known, training: self.training };
                resolve_text::stream(source, naming, estimate, span)
            }
            FieldNode::Tokens { field, vocabulary, like } => {
                let estimate = self.number();
                let known = self.known_names(estimate);
                let naming = Naming { vocabulary, like: like.as_ref(), known, training: self.training };
                match parts.into_iter().next() {
                    Some(part) => resolve_text::each(part, field, naming, estimate, span),
                    None => Err(DataError::new(span, DataProblem::NothingChosen)),
                }
            }
            FieldNode::OneHot(_) => {
                let (mut shape, n) = one(&parts, |a| match &a.element {
                    Element::Class(names) => Ok((a.shape.clone(), names.len())),
                    _ => Err(DataError::new(span, DataProblem::OneHotOfNumbers)),
                })?;
                shape.push(n);
                same(Op::OneHot(n), parts, span, Element::Number, shape)
            }
            FieldNode::Reshape(_, dims) => reshaped(parts, dims, span),
            FieldNode::Concat(_, axis) => joined(parts, *axis, span),
            FieldNode::First(_) => first(parts, span),
            FieldNode::Pad { length, value, .. } => padded(parts, *length, *value, span),
            FieldNode::Windows { length, stride, offset, .. } => windows(parts, *length, *stride, *offset, span),
        }
    }

    fn fill(&mut self, parts: Vec<Resolved>, filling: &Filling, span: Span) -> DataResult<Resolved> {
        let (shape, element, op) = one(&parts, |a| {
            let mismatch = |filling: &str, text: bool| {
                let known = a.texts.first().map(|t| &t.column).or_else(|| a.missing.first().map(|m| &m.column));
                let column = known.cloned().unwrap_or_default();
                DataError::new(span, DataProblem::FillMismatch { column, filling: filling.to_string(), text })
            };
            let text = a.element == Element::Text;
            // A stray `n/a` in a column of numbers is a mistake in the data, not a column of text.
            if text && !matches!(filling, Filling::Text(_)) && a.texts.iter().all(TextIn::is_stray) {
                a.needs_numbers("fill")?;
            }
            let element = if text { Element::Text } else { Element::Number };
            let op = match filling {
                Filling::Mean | Filling::Median => {
                    let name = if *filling == Filling::Mean { "mean" } else { "median" };
                    if text {
                        return Err(mismatch(name, true));
                    }
                    estimable(a, "fill", self.known.is_some())?;
                    Op::Fill { estimate: 0, layout: Layout::of(a.own_shape(), a.image), median: name == "median" }
                }
                Filling::Number(n) if text => return Err(mismatch(&n.to_string(), true)),
                Filling::Number(n) => {
                    a.needs_numbers("fill")?;
                    Op::FillNumber(*n)
                }
                // A column without any value may as well be text.
                Filling::Text(t) if text || a.missing.iter().any(|m| m.count == m.rows) => {
                    return Ok((a.shape.clone(), Element::Text, Op::FillText(t.as_str().into())));
                }
                Filling::Text(t) => return Err(mismatch(&format!("{t:?}"), false)),
            };
            Ok((a.shape.clone(), element, op))
        })?;
        let op = match op {
            Op::Fill { layout, median, .. } => Op::Fill { estimate: self.number(), layout, median },
            other => other,
        };
        let mut filled = same(op, parts, span, element, shape)?;
        filled.missing.clear();
        Ok(filled)
    }

    fn classes(
        &mut self,
        parts: Vec<Resolved>,
        inner: &FieldExpr,
        fixed: Option<usize>,
        unknown: bool,
        span: Span,
    ) -> DataResult<Resolved> {
        if inner.is_estimated() {
            return Err(DataError::new(span, DataProblem::ClassesOfEstimate));
        }
        let estimate = self.number();
        let (shape, names) = one(&parts, |a| {
            a.needs_all("classes")?;
            a.needs_finite()?;
            if fixed.is_some() {
                a.needs_numbers("classes(n)")?;
            }
            let names: Arc<[String]> = match (self.known_names(estimate), &a.element, fixed) {
                (Some(known), ..) => known.into(),
                (None, Element::Class(names), _) => names.clone(),
                (None, _, Some(n)) => numbered_names(a, inner, n, span)?,
                (None, _, None) if unknown => names_of_training(a, inner, self.training)?,
                (None, _, None) => names_of(a, inner)?,
            };
            // Class numbers are kept as f32, which holds whole numbers exactly up to here.
            if names.len() > 1 << 24 {
                return Err(DataError::new(span, DataProblem::TooManyClasses { count: names.len() }));
            }
            Ok((a.shape.clone(), names))
        })?;
        same(Op::Classes { estimate, fixed: fixed.is_some(), unknown }, parts, span, Element::Class(names), shape)
    }
}
