//! The types of columns and arrays, from their scans.

use super::cell::fits_single;
use super::field_expr::UnaryOp;
use super::groups::sequences_of;
use super::image_folder::{counts, images};
use super::place::{MissingIn, Place};
use super::problem::{At, DataError, DataProblem, DataResult, Found};
use super::resolve::{Element, Examples, Op, Resolved, TextIn, Unit};
use super::scan::ArrayScan;
use super::scan_cache::array_scan;
use super::schema::{ColumnKind, facts};
use super::source_spec::{PerSplit, SourceSpec, Split, TableExpr};
use super::steps::{StepKind, Steps};
use crate::source::Span;
use std::sync::Arc;

/// What can be said before anything is computed: a logarithm straight of a column that holds 0.
pub(crate) fn in_domain(op: UnaryOp, function: &'static str, part: &Resolved) -> DataResult<()> {
    let fails = |value: f64| !op.apply(value).is_finite();
    let Op::Columns { table, columns, .. } = &part.op else { return Ok(()) };
    let facts = facts(table)?;
    for column in columns.iter().filter_map(|(name, _)| facts.schema.column(name)).filter(|_| facts.exact()) {
        if let Some((value, place)) = [&column.min, &column.max].into_iter().flatten().find(|(v, _)| fails(*v)) {
            let (value, place) = (super::cell::number_name(*value), place.clone());
            let problem = DataProblem::OutsideDomain { function, column: column.name.clone(), value, place };
            return Err(DataError::new(part.span, problem));
        }
    }
    Ok(())
}

/// Whether the numbers of the data that reach a field as they stand there are still numbers in its 32 bits. What is
/// computed from them may be, and is known when it is.
pub(crate) fn fit_single(node: &Resolved) -> DataResult<()> {
    let found = match &node.op {
        Op::Columns { beyond_single, .. } => beyond_single.clone(),
        Op::Array(source) if !source.is_image_folder() => {
            array_scans(source).at(node.span)?.into_iter().find_map(|(_, name, scan)| {
                let extremes = [(scan.min, scan.min_row), (scan.max, scan.max_row)];
                let (number, row) = extremes.into_iter().find(|(n, _)| n.is_some_and(|n| !fits_single(n)))?;
                let place = Place { source: name.clone(), line: row + 1, in_file: false };
                Some((name, (number?, place)))
            })
        }
        Op::Reshape | Op::Concat(_) | Op::Windows | Op::Pad(_) | Op::First | Op::Fill { .. } | Op::FillNumber(_) => {
            return node.parts.iter().try_for_each(fit_single);
        }
        _ => None,
    };
    match found {
        None => Ok(()),
        Some((what, (number, place))) => {
            let (value, place) = (format!("{number:e}"), Some(place));
            Err(DataError::new(node.span, DataProblem::NotFinite { what, value, place, in_data: true }))
        }
    }
}

/// What a key calls a source: its files, or for rows in memory all that they are.
fn named(source: &SourceSpec, name: &str) -> String {
    match source.files() {
        Some(_) => name.to_string(),
        None => format!("{source:?}"),
    }
}

/// The splits that a source names, if it is given per split.
pub(crate) fn given_splits(source: &SourceSpec, span: Span) -> DataResult<Option<Vec<Split>>> {
    let Some(files) = source.files().filter(|f| f.is_given()) else { return Ok(None) };
    let given: Vec<Split> = files.parts().iter().map(|(s, _)| *s).collect();
    if !given.contains(&Split::Train) {
        return Err(DataError::new(span, DataProblem::NoTrain { given }));
    }
    Ok(Some(given))
}

/// `t.a`, `t[a, b]`
pub(crate) fn columns(table: &TableExpr, names: &[String], scalar: bool, span: Span) -> DataResult<Resolved> {
    let facts = facts(table)?;
    let schema = &facts.schema;
    let rows = schema.total_rows() as u64;
    let mut columns = Vec::new();
    let mut missing = Vec::new();
    let mut texts = Vec::new();
    let (mut infinite, mut beyond_single) = (None, None);
    for (name, column) in names.iter().zip(schema.columns_named(names)) {
        let Some(column) = column else {
            return Err(DataError::new(span, super::select::no_column(schema, name)));
        };
        columns.push((name.clone(), column.kind));
        if let (None, true, Some(number)) = (&beyond_single, facts.exact(), column.beyond_single()) {
            beyond_single = Some((name.clone(), number.clone()));
        }
        if column.missing > 0 {
            missing.push(MissingIn {
                column: name.clone(),
                count: column.missing,
                rows,
                first: column.first_missing.clone(),
                text: column.kind == ColumnKind::Text,
            });
        }
        if let Some((value, place)) = &column.first_text {
            let (column, value, place, count) = (name.clone(), value.clone(), place.clone(), column.texts);
            texts.push(TextIn { column, value, place, count, rows });
        } else if let (None, Some((value, place))) = (&infinite, &column.infinite) {
            infinite = Some((name.clone(), value.clone(), place.clone()));
        }
    }
    let source = table.origin();
    let sequences = match table.sequences_by() {
        None => None,
        Some((by, at)) => Some((by, sequences_of(table, by, &facts, at)?)),
    };
    let mut shape: Vec<usize> = sequences.iter().map(|(_, groups)| groups.longest()).collect();
    if !scalar {
        shape.push(names.len());
    }
    Ok(Resolved {
        op: Op::Columns { table: table.clone(), columns, beyond_single },
        parts: Vec::new(),
        span,
        element: if texts.is_empty() { Element::Number } else { Element::Text },
        shape,
        steps: sequences.as_ref().map(|(by, groups)| Steps {
            key: format!("sequences by {} of {}", by.join(", "), named(source, &schema.source)).into(),
            kind: StepKind::Groups(groups.clone()),
        }),
        examples: Some(Examples {
            counts: sequences.as_ref().map_or(schema.rows, |(_, groups)| groups.counts),
            unit: sequences.map_or(Unit::Rows, |(_, groups)| Unit::Sequences(groups)),
            given: given_splits(source, span)?,
            kept: facts.kept.clone(),
            source: Arc::new((format!("{source:?}"), schema.source.clone())),
        }),
        image: false,
        missing,
        texts,
        infinite,
    })
}

/// The scans of an array's files, each with its split and name.
pub(crate) fn array_scans(source: &SourceSpec) -> Found<Vec<(Split, String, Arc<ArrayScan>)>> {
    let mut scans: Vec<(Split, String, Arc<ArrayScan>)> = Vec::new();
    for (split, files) in source.files().map(PerSplit::parts).unwrap_or_default() {
        for file in super::files::expand(files)? {
            let scan = array_scan(&file, source)?;
            let each = |s: &ArrayScan| s.shape.get(1..).unwrap_or(&[]).to_vec();
            if let Some((_, name, first)) = scans.first()
                && each(first) != each(&scan)
            {
                return Err(Box::new(DataProblem::ArraysDiffer {
                    first: (name.clone(), each(first)),
                    other: (file.written.clone(), each(&scan)),
                }));
            }
            scans.push((split, file.written.clone(), scan));
        }
    }
    Ok(scans)
}

/// The images of `image_folder(…)`: `[channels, height, width]`.
fn folder_images(source: &SourceSpec, channels: usize, size: [usize; 2], span: Span) -> DataResult<Resolved> {
    let images = images(source).at(span)?;
    let given = given_splits(source, span)?;
    let counts = counts(&images);
    let rows: usize = counts.iter().sum();
    if rows >= u32::MAX as usize {
        return Err(DataError::new(span, DataProblem::TooManyRows { rows: rows as u64 }));
    }
    let names: Vec<&str> = images.iter().map(|(_, folder, _)| folder.written.as_str()).collect();
    let [height, width] = size;
    Ok(Resolved {
        op: Op::Array(source.clone()),
        parts: Vec::new(),
        span,
        element: Element::Number,
        shape: vec![channels, height, width],
        steps: None,
        examples: Some(Examples {
            unit: Unit::Rows,
            counts,
            given,
            kept: None,
            source: Arc::new((format!("{source:?}"), names.join(", "))),
        }),
        image: true,
        missing: Vec::new(),
        texts: Vec::new(),
        infinite: None,
    })
}

/// `idx(…)`, `npy(…)`
pub(crate) fn array(source: &SourceSpec, span: Span) -> DataResult<Resolved> {
    if let SourceSpec::ImageFolder { size, channels, .. } = source {
        return folder_images(source, *channels, *size, span);
    }
    let scans = array_scans(source).at(span)?;
    let given = given_splits(source, span)?;
    let Some((_, _, first)) = scans.first() else {
        return Err(DataError::new(span, DataProblem::NoTrain { given: Vec::new() }));
    };
    let mut counts = [0usize; 3];
    let place = |name: &str, row: u64| Place { source: name.to_string(), line: row + 1, in_file: false };
    let mut lacking = MissingIn { column: String::new(), count: 0, rows: 0, first: Vec::new(), text: false };
    let mut infinite = None;
    for (split, name, scan) in &scans {
        if let Some(count) = counts.get_mut(split.index()) {
            *count += scan.shape.first().copied().unwrap_or(0);
        }
        lacking.rows += scan.shape.iter().product::<usize>() as u64;
        lacking.count += scan.missing;
        if scan.missing > 0 {
            lacking.column = name.clone();
            lacking.first.push(place(name, scan.missing_row));
        }
        if let (None, Some((row, value))) = (&infinite, &scan.infinite) {
            infinite = Some((name.clone(), value.clone(), place(name, *row)));
        }
    }
    let names: Vec<&str> = scans.iter().map(|(_, n, _)| n.as_str()).collect();
    Ok(Resolved {
        op: Op::Array(source.clone()),
        parts: Vec::new(),
        span,
        element: if scans.iter().all(|(_, _, s)| s.boolean) { Element::Bool } else { Element::Number },
        shape: first.shape.get(1..).unwrap_or(&[]).to_vec(),
        steps: None,
        examples: Some(Examples {
            unit: Unit::Rows,
            counts,
            given,
            kept: None,
            source: Arc::new((format!("{source:?}"), names.join(", "))),
        }),
        image: matches!(source, SourceSpec::Idx(_)),
        missing: if lacking.count > 0 { vec![lacking] } else { Vec::new() },
        texts: Vec::new(),
        infinite,
    })
}
