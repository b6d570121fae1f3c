//! What follows from the parts of an expression: shapes, examples, and what they lack.

use super::layout::{Layout, broadcast, concat_shape, reshape};
use super::place::MissingIn;
use super::problem::{At, DataError, DataProblem, DataResult};
use super::resolve::{Element, Examples, Op, Resolved, Unit};
use super::source_spec::Split;
use super::steps::{StepKind, Steps, shared};
use super::vocabulary::PAD;
use crate::source::Span;
use std::sync::Arc;

/// What follows from the only part.
pub(crate) fn one<T>(parts: &[Resolved], f: impl FnOnce(&Resolved) -> DataResult<T>) -> DataResult<T> {
    match parts.first() {
        Some(part) => f(part),
        None => Err(DataError::new(Span::default(), DataProblem::NothingChosen)),
    }
}

pub(crate) fn layout(parts: &[Resolved]) -> Layout {
    parts.first().map_or(Layout::One, |a| Layout::of(a.own_shape(), a.image))
}

/// The shape of something that can be averaged. Where the average is known already, there may be nothing to average.
pub(crate) fn estimable(a: &Resolved, wanted_by: &'static str, is_known: bool) -> DataResult<Vec<usize>> {
    a.needs_numbers(wanted_by)?;
    a.needs_finite()?;
    if let Some(empty) = a.missing.iter().find(|m| m.count == m.rows && !is_known) {
        let problem = DataProblem::NothingToEstimate { what: empty.column.clone(), wanted_by };
        return Err(DataError::new(a.span, problem));
    }
    Ok(a.shape.clone())
}

/// A node whose parts are known; what they lack, it lacks.
pub(crate) fn whole(
    op: Op,
    parts: Vec<Resolved>,
    span: Span,
    element: Element,
    shape: Vec<usize>,
) -> DataResult<Resolved> {
    let mut examples: Option<Examples> = None;
    for other in parts.iter().filter_map(|p| p.examples.as_ref()) {
        examples = Some(match &examples {
            None => other.clone(),
            Some(first) => agree(("the first part", first), ("another part", other)).at(span)?,
        });
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
        steps: None,
        examples,
        missing,
    })
}

/// A node of one part, whose positions are its own.
pub(crate) fn same(
    op: Op,
    parts: Vec<Resolved>,
    span: Span,
    element: Element,
    shape: Vec<usize>,
) -> DataResult<Resolved> {
    let steps = parts.first().and_then(|p| p.steps.clone());
    whole(op, parts, span, element, shape).map(|r| r.with(steps))
}

/// The shape of something elementwise. Where there are positions, those of both stand side by side.
pub(crate) fn elementwise_shape(a: &Resolved, b: &Resolved, steps: Option<&Steps>) -> Option<Vec<usize>> {
    if steps.is_none() || a.steps.is_none() || b.steps.is_none() {
        return broadcast(&a.shape, &b.shape);
    }
    if a.shape.len() != b.shape.len() {
        return None;
    }
    let inner = broadcast(a.own_shape(), b.own_shape())?;
    Some(a.shape.iter().take(1).copied().chain(inner).collect())
}

/// `reshape`: of each position where the first axis stays as it is.
pub(crate) fn reshaped(parts: Vec<Resolved>, dims: &[Option<usize>], span: Span) -> DataResult<Resolved> {
    let (shape, element, steps) = one(&parts, |a| {
        let mismatch = || DataError::new(span, DataProblem::Reshape { from: a.shape.clone(), to: dims.to_vec() });
        if let (Some(steps), Some((first, rest))) = (&a.steps, dims.split_first()) {
            let stays = first.is_none() || (!a.is_ragged() && *first == a.shape.first().copied());
            if let (true, Some(inner)) = (stays, reshape(a.each(), rest)) {
                let shape = a.shape.iter().take(1).copied().chain(inner).collect();
                return Ok((shape, a.element.clone(), Some(steps.clone())));
            }
        }
        if a.is_ragged() {
            let problem = DataProblem::LengthsOfTheirOwn { function: "reshape".to_string() };
            return Err(DataError::new(span, problem));
        }
        let to = reshape(a.shape.iter().product(), dims).ok_or_else(mismatch)?;
        Ok((to, a.element.clone(), None))
    })?;
    whole(Op::Reshape, parts, span, element, shape).map(|r| r.with(steps))
}

/// `concat`: position by position where the axis is another one.
pub(crate) fn joined(parts: Vec<Resolved>, axis: isize, span: Span) -> DataResult<Resolved> {
    for part in &parts {
        part.needs_numbers("concat")?;
    }
    let steps = shared(&parts, "concat").at(span)?;
    let shapes: Vec<&[usize]> = parts.iter().map(|p| p.shape.as_slice()).collect();
    let (shape, at) = concat_shape(&shapes, axis).at(span)?;
    match steps {
        Some(steps) if at > 0 => {
            whole(Op::Concat(at - 1), parts, span, Element::Number, shape).map(|r| r.with(Some(steps)))
        }
        Some(steps) if steps.ragged().is_some() => {
            let problem = DataProblem::LengthsOfTheirOwn { function: "concat".to_string() };
            Err(DataError::new(span, problem))
        }
        _ => whole(Op::Concat(at), parts, span, Element::Number, shape),
    }
}

/// `pad`: all examples of one length. Classes are padded with one more class.
pub(crate) fn padded(parts: Vec<Resolved>, length: usize, value: Option<f64>, span: Span) -> DataResult<Resolved> {
    let (shape, element, value) = one(&parts, |a| {
        let Some((longest, inner)) = a.shape.split_first() else {
            return Err(DataError::new(span, DataProblem::NoAxis { axis: 0, shape: a.shape.clone() }));
        };
        if *longest > length {
            return Err(DataError::new(span, DataProblem::PadTooShort { length, longest: *longest }));
        }
        let shape: Vec<usize> = std::iter::once(length).chain(inner.iter().copied()).collect();
        Ok(match &a.element {
            Element::Class(names) => match value {
                Some(_) => return Err(DataError::new(span, DataProblem::PadOfClasses)),
                None => {
                    let names: Arc<[String]> = names.iter().cloned().chain([PAD.to_string()]).collect();
                    let pad = names.len() - 1;
                    (shape, Element::Class(names), pad as f64)
                }
            },
            _ => {
                a.needs_numbers("pad")?;
                (shape, Element::Number, value.unwrap_or(0.0))
            }
        })
    })?;
    whole(Op::Pad(value), parts, span, element, shape)
}

/// `first`: one value an example.
pub(crate) fn first(parts: Vec<Resolved>, span: Span) -> DataResult<Resolved> {
    let (shape, element) = one(&parts, |a| match a.shape.split_first() {
        Some((1.., rest)) => match a.steps.as_ref().and_then(Steps::first_empty) {
            None => Ok((rest.to_vec(), a.element.clone())),
            Some(example) => Err(DataError::new(span, DataProblem::FirstOfNothing { example: example + 1 })),
        },
        _ => Err(DataError::new(span, DataProblem::NoAxis { axis: 0, shape: a.shape.clone() })),
    })?;
    whole(Op::First, parts, span, element, shape)
}

/// `windows`: as many rows as it says, from as many after its start.
pub(crate) fn windows(
    parts: Vec<Resolved>,
    length: usize,
    stride: usize,
    offset: usize,
    span: Span,
) -> DataResult<Resolved> {
    for (argument, value) in [("length", length), ("stride", stride)] {
        if value == 0 {
            let (of, value, wanted) = ("windows", value.to_string(), "at least 1");
            return Err(DataError::new(span, DataProblem::Argument { of, argument, value, wanted }));
        }
    }
    let (shape, element, steps) = one(&parts, |a| {
        let unit = a.examples.as_ref().map(|e| &e.unit);
        if !matches!(unit, Some(Unit::Rows)) || a.steps.is_some() {
            let found = match (unit, &a.steps) {
                (None, _) => "the same for all".to_string(),
                (Some(Unit::Rows), Some(_)) => "already a sequence a row".to_string(),
                (Some(unit), _) => format!("already {}", unit.describe()),
            };
            return Err(DataError::new(a.span, DataProblem::WindowsOf { found }));
        }
        let shape: Vec<usize> = std::iter::once(length).chain(a.shape.iter().copied()).collect();
        let source = a.examples.as_ref().map_or("", |e| &e.source.1);
        let key = format!("windows of {length} after {offset} of {source}").into();
        Ok((shape, a.element.clone(), Steps { key, kind: StepKind::Window { length, offset } }))
    })?;
    let mut windows = whole(Op::Windows, parts, span, element, shape)?.with(Some(steps));
    let reach = length.saturating_add(offset);
    if let Some(examples) = &mut windows.examples {
        examples.unit = Unit::Windows { stride, reach, first: offset };
    }
    Ok(windows)
}

/// The examples that two expressions speak of, which must be the same.
pub(crate) fn agree(
    (first_name, first): (&str, &Examples),
    (other_name, other): (&str, &Examples),
) -> super::problem::Found<Examples> {
    let named = |name: &str| name.to_string();
    if first.given != other.given {
        let splits = |e: &Examples| e.given.clone().unwrap_or_default();
        return Err(Box::new(DataProblem::SplitsDiffer {
            first: (named(first_name), splits(first)),
            other: (named(other_name), splits(other)),
        }));
    }
    let kinds = |e: &Examples| std::mem::discriminant(&e.unit);
    let differ = || {
        Box::new(DataProblem::UnitsDiffer {
            first: (named(first_name), first.unit.describe()),
            other: (named(other_name), other.unit.describe()),
            sources: (first.source.0 != other.source.0).then(|| (first.source.1.clone(), other.source.1.clone())),
        })
    };
    if kinds(first) != kinds(other) {
        return Err(differ());
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
    let unit = first.unit.merge(&other.unit).ok_or_else(differ)?;
    Ok(Examples { unit, ..first.clone() })
}
