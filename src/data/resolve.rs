//! From an expression to a tree whose types are known and that can be evaluated.
//!
//! Parts are visited before the whole, and estimates are numbered in that order: the same order in which they are
//! fitted, saved and used again.

use super::class_names::{names_of, numbered_names};
use super::field_expr::{BinaryOp, FieldExpr, FieldNode, Filling, UnaryOp};
use super::fitted::Estimate;
use super::layout::{Layout, broadcast, concat_shape, reshape};
use super::problem::{At, DataError, DataProblem, DataResult, MissingIn, Place};
use super::resolve_source::{array, columns, in_domain};
use super::schema::ColumnKind;
use super::source_spec::{SourceSpec, Split, TableExpr};
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

/// The examples of an expression.
#[derive(Debug, Clone)]
pub(crate) struct Examples {
    /// In train, validation and test.
    pub counts: [usize; 3],
    /// The splits that the source gives, where it is given per split.
    pub given: Option<Vec<Split>>,
    /// The rows of the source, where some are left out.
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
    pub shape: Vec<usize>,
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
    /// Whether the column looks like numbers with few cells that are none.
    fn is_stray(&self) -> bool {
        self.count.saturating_mul(4) < self.rows
    }
}

/// What a node computes from its parts.
#[derive(Debug)]
pub(crate) enum Op {
    Columns { table: TableExpr, columns: Vec<(String, ColumnKind)> },
    Array(SourceSpec),
    Number(f64),
    Binary(BinaryOp),
    Unary(UnaryOp),
    Standardize { estimate: usize, layout: Layout },
    Rescale { estimate: usize, layout: Layout, lo: f64, hi: f64 },
    Fill { estimate: usize, layout: Layout, median: bool },
    FillNumber(f64),
    FillText(Arc<str>),
    Classes { estimate: usize, fixed: bool },
    OneHot(usize),
    Reshape,
    Concat(usize),
    First,
}

impl Resolved {
    /// Elements of one example.
    pub fn each(&self) -> usize {
        self.shape.iter().product()
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
    Resolver { known, next: 0 }.resolve(expr)
}

struct Resolver<'a> {
    known: Option<&'a [Estimate]>,
    next: usize,
}

impl Resolver<'_> {
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
                let shape = match parts.as_slice() {
                    [a, b] => broadcast(&a.shape, &b.shape).ok_or_else(|| {
                        let (left, right) = (a.shape.clone(), b.shape.clone());
                        DataError::new(span, DataProblem::Broadcast { op: op.symbol(), left, right })
                    })?,
                    _ => Vec::new(),
                };
                let element = if op.compares() { Element::Bool } else { Element::Number };
                whole(Op::Binary(*op), parts, span, element, shape)
            }
            FieldNode::Unary(op, _) => {
                let name = UnaryOp::NAMED.iter().find(|(_, o)| o == op).map_or("-", |(n, _)| n);
                let shape = one(&parts, |a| a.needs_numbers(name).map(|()| a.shape.clone()))?;
                one(&parts, |a| in_domain(*op, name, a))?;
                whole(Op::Unary(*op), parts, span, Element::Number, shape)
            }
            FieldNode::Standardize(_) => {
                let shape = one(&parts, |a| estimable(a, "standardize"))?;
                let op = Op::Standardize { estimate: self.number(), layout: layout(&parts) };
                whole(op, parts, span, Element::Number, shape)
            }
            FieldNode::Rescale { lo, hi, .. } => {
                if !(lo.is_finite() && hi.is_finite() && lo < hi) {
                    let (of, argument, wanted) = ("rescale", "range", "two numbers, the smaller one first");
                    let value = format!("{lo} .. {hi}");
                    return Err(DataError::new(span, DataProblem::Argument { of, argument, value, wanted }));
                }
                let shape = one(&parts, |a| estimable(a, "rescale"))?;
                let op = Op::Rescale { estimate: self.number(), layout: layout(&parts), lo: *lo, hi: *hi };
                whole(op, parts, span, Element::Number, shape)
            }
            FieldNode::Fill(_, filling) => self.fill(parts, filling, span),
            FieldNode::Classes(inner, fixed) => self.classes(parts, inner, *fixed, span),
            FieldNode::OneHot(_) => {
                let (mut shape, n) = one(&parts, |a| match &a.element {
                    Element::Class(names) => Ok((a.shape.clone(), names.len())),
                    _ => Err(DataError::new(span, DataProblem::OneHotOfNumbers)),
                })?;
                shape.push(n);
                whole(Op::OneHot(n), parts, span, Element::Number, shape)
            }
            FieldNode::Reshape(_, dims) => {
                let (shape, element) = one(&parts, |a| {
                    let to = reshape(a.each(), dims).ok_or_else(|| {
                        let problem = DataProblem::Reshape { from: a.shape.clone(), to: dims.clone() };
                        DataError::new(span, problem)
                    })?;
                    Ok((to, a.element.clone()))
                })?;
                whole(Op::Reshape, parts, span, element, shape)
            }
            FieldNode::Concat(_, axis) => {
                for part in &parts {
                    part.needs_numbers("concat")?;
                }
                let shapes: Vec<&[usize]> = parts.iter().map(|p| p.shape.as_slice()).collect();
                let (shape, at) = concat_shape(&shapes, *axis).at(span)?;
                whole(Op::Concat(at), parts, span, Element::Number, shape)
            }
            FieldNode::First(_) => {
                let (shape, element) = one(&parts, |a| match a.shape.split_first() {
                    Some((1.., rest)) => Ok((rest.to_vec(), a.element.clone())),
                    _ => Err(DataError::new(span, DataProblem::NoAxis { axis: 0, shape: a.shape.clone() })),
                })?;
                whole(Op::First, parts, span, element, shape)
            }
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
                    estimable(a, "fill")?;
                    Op::Fill { estimate: 0, layout: Layout::of(&a.shape, a.image), median: name == "median" }
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
        let mut filled = whole(op, parts, span, element, shape)?;
        filled.missing.clear();
        Ok(filled)
    }

    fn classes(
        &mut self,
        parts: Vec<Resolved>,
        inner: &FieldExpr,
        fixed: Option<usize>,
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
            let names: Arc<[String]> = match (self.known, &a.element, fixed) {
                (Some(known), ..) => match known.get(estimate) {
                    Some(Estimate::Classes { names }) => names.clone().into(),
                    _ => Vec::new().into(),
                },
                (None, Element::Class(names), _) => names.clone(),
                (None, _, Some(n)) => numbered_names(a, inner, n, span)?,
                (None, _, None) => names_of(a, inner)?,
            };
            // Class numbers are kept as f32, which holds whole numbers exactly up to here.
            if names.len() > 1 << 24 {
                return Err(DataError::new(span, DataProblem::TooManyClasses { count: names.len() }));
            }
            Ok((a.shape.clone(), names))
        })?;
        whole(Op::Classes { estimate, fixed: fixed.is_some() }, parts, span, Element::Class(names), shape)
    }
}

/// What follows from the only part.
fn one<T>(parts: &[Resolved], f: impl FnOnce(&Resolved) -> DataResult<T>) -> DataResult<T> {
    match parts.first() {
        Some(part) => f(part),
        None => Err(DataError::new(Span::default(), DataProblem::NothingChosen)),
    }
}

fn layout(parts: &[Resolved]) -> Layout {
    parts.first().map_or(Layout::One, |a| Layout::of(&a.shape, a.image))
}

/// The shape of something that can be averaged.
fn estimable(a: &Resolved, wanted_by: &'static str) -> DataResult<Vec<usize>> {
    a.needs_numbers(wanted_by)?;
    a.needs_finite()?;
    if let Some(empty) = a.missing.iter().find(|m| m.count == m.rows) {
        let problem = DataProblem::NothingToEstimate { what: empty.column.clone(), wanted_by };
        return Err(DataError::new(a.span, problem));
    }
    Ok(a.shape.clone())
}

/// A node whose parts are known; what they lack, it lacks.
fn whole(op: Op, parts: Vec<Resolved>, span: Span, element: Element, shape: Vec<usize>) -> DataResult<Resolved> {
    let mut examples: Option<Examples> = None;
    for other in parts.iter().filter_map(|p| p.examples.as_ref()) {
        match &examples {
            None => examples = Some(other.clone()),
            Some(first) => agree(("the first part", first), ("another part", other)).at(span)?,
        }
    }
    let mut missing: Vec<MissingIn> = Vec::new();
    for m in parts.iter().flat_map(|p| &p.missing) {
        if !missing.contains(m) {
            missing.push(m.clone());
        }
    }
    Ok(Resolved {
        image: parts.iter().any(|p| p.image) && !matches!(op, Op::OneHot(_)),
        texts: parts.iter().flat_map(|p| p.texts.clone()).collect(),
        infinite: parts.iter().find_map(|p| p.infinite.clone()),
        op,
        parts,
        span,
        element,
        shape,
        examples,
        missing,
    })
}

/// Whether two expressions speak of the same examples.
pub(crate) fn agree(
    (first_name, first): (&str, &Examples),
    (other_name, other): (&str, &Examples),
) -> super::problem::Found<()> {
    let named = |name: &str| name.to_string();
    if first.given != other.given {
        let splits = |e: &Examples| e.given.clone().unwrap_or_default();
        return Err(Box::new(DataProblem::SplitsDiffer {
            first: (named(first_name), splits(first)),
            other: (named(other_name), splits(other)),
        }));
    }
    for ((a, b), split) in first.counts.iter().zip(&other.counts).zip(Split::ALL) {
        if a != b {
            return Err(Box::new(DataProblem::LengthsDiffer {
                first: (named(first_name), *a),
                other: (named(other_name), *b),
                split: first.given.is_some().then_some(split),
            }));
        }
    }
    if first.source.0 == other.source.0 && first.kept != other.kept {
        return Err(Box::new(DataProblem::RowsDiffer { source: first.source.1.clone() }));
    }
    Ok(())
}
