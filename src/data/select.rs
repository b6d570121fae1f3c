//! Choosing columns: `t.a`, `t[a, b]`, `t[a .. f, except: c]`.

use super::field_expr::{FieldExpr, FieldNode};
use super::problem::{DataError, DataProblem, DataResult, FirstLine};
use super::schema::{Schema, schema};
use super::source_spec::TableExpr;
use crate::diagnostics::nearest;
use crate::source::Span;

/// What stands beside the columns of a folder of images.
const IMAGE: &str = "image";

/// A column's name as it is written in a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A part of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `a`
    Name(Name),
    /// `a .. f`, in file order, both included.
    Range {
        /// The first.
        from: Name,
        /// The last.
        to: Name,
    },
    /// `except: c`, `except: [c, d]`, `except: [c .. e]`: taken out of everything else.
    Except(Vec<Selector>),
}

/// `table[selectors]`: a vector of columns. A selection of nothing but `except` starts from all columns.
///
/// Errors: every name that the table lacks, ranges that run backwards, columns chosen twice, nothing chosen.
pub fn select(table: &TableExpr, selectors: &[Selector], span: Span) -> Result<FieldExpr, Vec<DataError>> {
    let schema = schema(table).map_err(|e| vec![e])?;
    let mut errors = Vec::new();
    let mut chosen: Vec<(usize, Span)> = Vec::new();
    let mut excepted: Vec<(usize, Span)> = Vec::new();
    for selector in selectors {
        match selector {
            Selector::Except(parts) => {
                for part in parts {
                    resolve(&schema, part, &mut excepted, &mut errors);
                }
            }
            part => resolve(&schema, part, &mut chosen, &mut errors),
        }
    }
    if !selectors.iter().any(|s| !matches!(s, Selector::Except(_))) && !selectors.is_empty() {
        chosen.extend((0..schema.columns.len()).map(|i| (i, span)));
    }
    let name = |i: usize| schema.columns.get(i).map(|c| c.name.clone()).unwrap_or_default();
    let mut seen = std::collections::HashSet::new();
    for (i, at) in &chosen {
        if !seen.insert(*i) {
            errors.push(DataError::new(*at, DataProblem::ChosenTwice { column: name(*i) }));
            break;
        }
    }
    for (i, at) in &excepted {
        if errors.is_empty() && !seen.contains(i) {
            errors.push(DataError::new(*at, DataProblem::ExceptNotChosen { column: name(*i) }));
        }
    }
    chosen.retain(|(i, _)| !excepted.iter().any(|(e, _)| e == i));
    if chosen.is_empty() && errors.is_empty() {
        errors.push(DataError::new(span, DataProblem::NothingChosen));
    }
    if errors.iter().any(|e| matches!(*e.problem, DataProblem::NoColumn { .. }))
        && let Some(reading) = first_line(&schema)
    {
        return Err(vec![no_header(&schema, table, reading)]);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let names = chosen.iter().map(|(i, _)| name(*i)).collect();
    Ok(FieldExpr::new(FieldNode::Columns { table: table.clone(), names, scalar: false }, span))
}

/// The columns of a table, in file order; none where it cannot be read.
pub fn column_names(table: &TableExpr) -> Vec<String> {
    schema(table).map_or_else(|_| Vec::new(), |schema| schema.names().map(str::to_owned).collect())
}

/// `table.name`: one column as a scalar.
///
/// Errors: the table lacks it.
pub fn column(table: &TableExpr, name: &Name, span: Span) -> DataResult<FieldExpr> {
    if table.origin().is_image_folder() && name.text == IMAGE {
        // What is wrong with the folder is told at the source, once for its images and labels.
        schema(table)?;
        return Ok(FieldExpr::new(FieldNode::Array(table.origin().clone()), span));
    }
    let schema = schema(table)?;
    if schema.column(&name.text).is_none()
        && let Some(reading) = first_line(&schema)
    {
        return Err(no_header(&schema, table, reading));
    }
    if schema.column(&name.text).is_none() {
        let mut problem = no_column(&schema, &name.text);
        if let DataProblem::NoColumn { columns, nearest: near, .. } = &mut problem
            && table.origin().is_image_folder()
        {
            columns.insert(0, IMAGE.to_string());
            *near = nearest(&name.text, columns.iter().map(String::as_str)).map(str::to_string);
        }
        return Err(DataError::new(name.span, problem));
    }
    let names = vec![name.text.clone()];
    Ok(FieldExpr::new(FieldNode::Columns { table: table.clone(), names, scalar: true }, span))
}

fn resolve(schema: &Schema, part: &Selector, into: &mut Vec<(usize, Span)>, errors: &mut Vec<DataError>) {
    let mut find = |name: &Name| {
        let found = schema.columns.iter().position(|c| c.name == name.text);
        if found.is_none() {
            errors.push(DataError::new(name.span, no_column(schema, &name.text)));
        }
        found
    };
    match part {
        Selector::Name(name) => into.extend(find(name).map(|i| (i, name.span))),
        Selector::Range { from, to } => {
            let (first, last) = (find(from), find(to));
            let (Some(first), Some(last)) = (first, last) else { return };
            if first > last {
                let problem = DataProblem::RangeReversed { from: from.text.clone(), to: to.text.clone() };
                errors.push(DataError::new(from.span.to(to.span), problem));
            }
            into.extend((first..=last).map(|i| (i, from.span.to(to.span))));
        }
        Selector::Except(parts) => {
            for part in parts {
                resolve(schema, part, into, errors);
            }
        }
    }
}

/// What the first line of a file holds, where it can be no header.
fn first_line(schema: &Schema) -> Option<FirstLine> {
    let first = schema.names().next()?.trim_start();
    let begins = |text: &str| first.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
    let numbers = schema.names().filter(|name| name.trim().parse::<f64>().is_ok()).count();
    if begins("version https://git-lfs") {
        Some(FirstLine::GitLfs)
    } else if begins("#") {
        Some(FirstLine::Comment)
    } else if numbers * 2 >= schema.columns.len() {
        Some(FirstLine::Example)
    } else {
        None
    }
}

/// Told once a table, where that is read.
fn no_header(schema: &Schema, table: &TableExpr, reading: FirstLine) -> DataError {
    let line = schema.names().collect::<Vec<_>>().join(",");
    DataError::new(table.span, DataProblem::NoHeader { source: schema.source.clone(), line, reading })
}

/// That a table has no such column, and which was probably meant.
pub(crate) fn no_column(schema: &Schema, name: &str) -> DataProblem {
    DataProblem::NoColumn {
        column: name.to_string(),
        nearest: nearest(name, schema.names()).map(str::to_string),
        columns: schema.names().map(str::to_string).collect(),
        source: schema.source.clone(),
    }
}
