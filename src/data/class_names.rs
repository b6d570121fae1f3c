//! Which classes there are: from scans where those say it, else by reading the values.

use super::cell::number_name;
use super::evaluate::{Evaluator, Values};
use super::field_expr::FieldExpr;
use super::framing::{Framing, all_starts};
use super::load_sources::Sources;
use super::place::Place;
use super::problem::{At, DataError, DataProblem, DataResult, Found};
use super::resolve::{Element, Op, Resolved, Unit};
use super::resolve_source::array_scans;
use super::scan::sorted_names;
use super::scan_cache::kept;
use super::schema::{facts, files_of};
use super::source_spec::SourceSpec;
use super::steps::{StepKind, Steps};
use super::store::Limits;
use super::vocabulary::UNKNOWN;
use crate::source::Span;
use std::collections::HashSet;
use std::sync::Arc;

/// The distinct values of an expression, in the order of classes.
pub(crate) fn names_of(part: &Resolved, expr: &FieldExpr) -> DataResult<Arc<[String]>> {
    if let Some(names) = names_from_scan(part)? {
        return Ok(names.into());
    }
    let mut files = Vec::new();
    let mut fresh = Vec::new();
    part.walk(&mut |node| match &node.op {
        Op::Columns { table, .. } => fresh.push(files_of(table.origin()).at(node.span)),
        Op::Array(source) => fresh.push(files_of(source).at(node.span)),
        _ => {}
    });
    for found in fresh {
        files.extend(found?);
    }
    let names = kept(&files, &format!("names of {expr:?}"), || collect_all(part)).at(part.span)?;
    Ok(names.as_slice().into())
}

/// The distinct values of the training split, and one name for all others. Where it is not known yet what is trained on,
/// those of all splits.
pub(crate) fn names_of_training(
    part: &Resolved,
    expr: &FieldExpr,
    training: Option<&Framing>,
) -> DataResult<Arc<[String]>> {
    let names = match training {
        None => names_of(part, expr)?.to_vec(),
        Some(framing) => {
            let rows = framing.training(part.steps.as_ref(), part.is_of_rows());
            collect(part, &rows, &framing.starts).at(part.span)?
        }
    };
    let named = names.into_iter().filter(|name| name != UNKNOWN).collect::<Vec<_>>();
    Ok(named.into_iter().chain([UNKNOWN.to_string()]).collect())
}

fn names_from_scan(part: &Resolved) -> DataResult<Option<Vec<String>>> {
    match &part.op {
        Op::Reshape | Op::Windows => part.parts.first().map_or(Ok(None), names_from_scan),
        Op::Columns { table, columns, .. } => {
            let facts = facts(table)?;
            let mut all = Vec::new();
            for (name, _) in columns {
                match facts.schema.column(name).and_then(|c| c.distinct.clone()) {
                    Some(names) if facts.exact() => all.extend(names),
                    _ => return Ok(None),
                }
            }
            Ok(Some(sorted_names(all)))
        }
        Op::Array(source) => {
            let scans = array_scans(source).at(part.span)?;
            let names: Option<Vec<Vec<String>>> = scans.iter().map(|(_, _, s)| s.distinct.clone()).collect();
            Ok(names.map(|n| sorted_names(n.into_iter().flatten().collect())))
        }
        _ => Ok(None),
    }
}

fn collect_all(part: &Resolved) -> Found<Vec<String>> {
    let starts = part.examples.as_ref().map(all_starts).unwrap_or_default();
    collect(part, &all_rows(part, &starts), &starts)
}

fn collect(part: &Resolved, rows: &[u32], starts: &[u32]) -> Found<Vec<String>> {
    let sources = Sources::load(&[part], &Limits::USUAL).map_err(|e| e.problem)?;
    let evaluator = Evaluator::new(&sources, &[], starts);
    let mut numbers: HashSet<u64> = HashSet::new();
    let mut texts: HashSet<String> = HashSet::new();
    evaluator.each_block(part, rows, &mut |_, values| {
        match values {
            Values::Numbers(v) => numbers.extend(v.iter().map(|n| (n + 0.0).to_bits())),
            Values::Texts(v) => {
                for text in v.iter().flatten() {
                    if !texts.contains(&**text) {
                        texts.insert(text.to_string());
                    }
                }
            }
        }
        Ok(())
    })?;
    let numbers = numbers.into_iter().map(|bits| number_name(f64::from_bits(bits)));
    Ok(sorted_names(numbers.chain(texts).collect()))
}

/// Everything that it is computed for.
fn all_rows(part: &Resolved, starts: &[u32]) -> Vec<u32> {
    let rows: usize = part.examples.as_ref().map_or(1, |e| e.counts.iter().sum());
    match (&part.steps, part.examples.as_ref().map(|e| &e.unit)) {
        (Some(Steps { kind: StepKind::Groups(groups), .. }), _) => {
            (0..groups.count()).flat_map(|example| groups.positions(example)).collect()
        }
        (None, Some(Unit::Windows { .. })) => (0..starts.len() as u32).collect(),
        _ => (0..rows as u32).collect(),
    }
}

/// `0 .. n-1`, if all values are that.
pub(crate) fn numbered_names(part: &Resolved, expr: &FieldExpr, n: usize, span: Span) -> DataResult<Arc<[String]>> {
    let outside = |what: String, value: f64, place: Option<Place>, needed| {
        let value = number_name(value);
        DataError::new(span, DataProblem::LabelOutside { what, value, place, classes: n, needed })
    };
    if n == 0 || n > 1 << 24 {
        let (of, argument, wanted) = ("classes", "n", "between 1 and 16777216");
        return Err(DataError::new(span, DataProblem::Argument { of, argument, value: n.to_string(), wanted }));
    }
    let fits = |value: f64| value >= 0.0 && value < n as f64 && value.fract() == 0.0;
    let mut known = false;
    let inner = innermost(part);
    if let Op::Columns { table, columns, .. } = &inner.op {
        let facts = facts(table)?;
        known = facts.exact();
        for (name, _) in columns.iter().filter(|_| known) {
            let Some(column) = facts.schema.column(name) else { continue };
            let largest = column.max.as_ref().map_or(0.0, |(v, _)| *v);
            let whole = column.integral() && column.min.as_ref().is_none_or(|(v, _)| *v >= 0.0);
            let needed = (whole && largest < 1e6).then(|| largest as usize + 1);
            let wrong = [&column.fraction, &column.min, &column.max].into_iter().flatten().find(|(v, _)| !fits(*v));
            if let Some((value, place)) = wrong {
                return Err(outside(name.clone(), *value, Some(place.clone()), needed));
            }
        }
    } else if let Op::Array(source) = &inner.op {
        known = true;
        check_array(source, &fits, &outside).map_err(|e| DataError { span, ..e })?;
    }
    if !known {
        let names = names_of(part, expr)?;
        let values = || names.iter().map(|name| name.parse().unwrap_or(f64::NAN));
        let largest = values().fold(0.0, f64::max);
        let needed =
            (values().all(|v: f64| v >= 0.0 && v.fract() == 0.0) && largest < 1e6).then(|| largest as usize + 1);
        if let Some(value) = values().find(|v| !fits(*v)) {
            return Err(outside("the expression".into(), value, None, needed));
        }
    }
    Ok((0..n).map(|i| i.to_string()).collect())
}

fn innermost(part: &Resolved) -> &Resolved {
    match (&part.op, part.parts.first()) {
        (Op::Reshape | Op::Windows, Some(inner)) => innermost(inner),
        _ => part,
    }
}

fn check_array(
    source: &SourceSpec,
    fits: &dyn Fn(f64) -> bool,
    outside: &dyn Fn(String, f64, Option<Place>, Option<usize>) -> DataError,
) -> DataResult<()> {
    let scans = array_scans(source).at(Span::default())?;
    let largest = scans.iter().filter_map(|(_, _, s)| s.max).fold(0.0, f64::max);
    let whole = scans.iter().all(|(_, _, s)| s.fraction.is_none() && s.min.is_none_or(|m| m >= 0.0));
    let needed = (whole && largest < 1e6).then(|| largest as usize + 1);
    for (_, name, scan) in &scans {
        let found = [scan.fraction, scan.min.map(|v| (scan.min_row, v)), scan.max.map(|v| (scan.max_row, v))];
        if let Some((row, value)) = found.into_iter().flatten().find(|(_, v)| !fits(*v)) {
            let place = Place { source: name.clone(), line: row + 1, in_file: false };
            return Err(outside(name.clone(), value, Some(place), needed));
        }
    }
    Ok(())
}

/// The names where elements are classes.
pub(crate) fn class_names(element: &Element) -> Option<&Arc<[String]>> {
    match element {
        Element::Class(names) => Some(names),
        _ => None,
    }
}
