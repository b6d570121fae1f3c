//! The columns of a table, as its files have them or as the source makes them.

use super::names::Table;
use super::walk;
use crate::catalog::{self, Default, EntryKind};
use crate::check::{Checked, HyperValue};
use crate::data::{
    ColumnFacts, ColumnKind, DataFile, PerSplit, SourceSpec, TableExpr, array_names, generated_columns, schema,
};
use crate::syntax::ast::{Arg, Expr, ExprKind};

/// More values or columns than this are not listed in a sentence.
const MOST_LISTED: usize = 8;
/// More columns than this are no list to choose from.
const MOST_MADE: usize = 500;

/// A column of a table, or an array of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    /// In a word or two: `whole numbers`.
    pub holds: String,
    /// What else is known, to be read behind that: ` from 0 to 4, 2 missing`.
    pub details: String,
}

impl Column {
    /// `sepal_length_cm`: numbers from 4.3 to 7.9
    pub fn sentence(&self) -> String {
        format!("`{}`: {}{}", self.name, self.holds, self.details)
    }
}

/// The columns of a table of a checked program, in their order; none where they cannot be known.
pub(super) fn columns(checked: &Checked, table: &Table) -> Vec<Column> {
    match table.source.as_str() {
        "csv" => in_files(table),
        "npz" => {
            let arrays = table.files.first().map(|(_, path)| array_names(path)).unwrap_or_default();
            let column = |name| Column { name, holds: "an array".to_owned(), details: String::new() };
            arrays.into_iter().map(column).collect()
        }
        "image_folder" => {
            let column = |name: &str, holds: &str| Column {
                name: name.to_owned(),
                holds: holds.to_owned(),
                details: String::new(),
            };
            vec![column("image", "[channels, height, width]"), column("label", "the name of the folder, as text")]
        }
        source => {
            let features = whole_argument(checked, table, "features").min(MOST_MADE);
            generated_columns(source, features).into_iter().map(|name| of_generator(name, source)).collect()
        }
    }
}

fn of_generator(name: String, source: &str) -> Column {
    let holds = if name == "label" { "whole numbers" } else { "numbers" };
    Column { name, holds: holds.to_owned(), details: format!(", made by `{source}`") }
}

fn in_files(table: &Table) -> Vec<Column> {
    let files: Vec<DataFile> =
        table.files.iter().map(|(written, path)| DataFile::new(written.as_str(), path)).collect();
    if files.is_empty() {
        return Vec::new();
    }
    let source = SourceSpec::Csv(PerSplit::Whole(files));
    let Ok(schema) = schema(&TableExpr::source(source, table.span)) else { return Vec::new() };
    schema.columns.iter().map(of_facts).collect()
}

fn of_facts(facts: &ColumnFacts) -> Column {
    let holds = match facts.kind {
        ColumnKind::Number if facts.integral() => "whole numbers",
        ColumnKind::Number => "numbers",
        ColumnKind::Text => "text",
    };
    let mut details = match (facts.kind, &facts.min, &facts.max, &facts.distinct) {
        (ColumnKind::Number, Some((min, _)), Some((max, _)), _) if min == max => format!(", always {min}"),
        (ColumnKind::Number, Some((min, _)), Some((max, _)), _) => format!(" from {min} to {max}"),
        (ColumnKind::Text, _, _, Some(values)) => {
            let shown: Vec<String> = values.iter().take(MOST_LISTED).map(|value| format!("`{value}`")).collect();
            let more = match values.len().saturating_sub(MOST_LISTED) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!(": {}{more}", shown.join(", "))
        }
        _ => String::new(),
    };
    if facts.missing > 0 {
        details.push_str(&format!(", {} missing", facts.missing));
    }
    Column { name: facts.name.clone(), holds: holds.to_owned(), details }
}

/// A whole number that the call of a source is given under a name, in its place, or by a hyper; else its default.
fn whole_argument(checked: &Checked, table: &Table, name: &str) -> usize {
    let Some(entry) = catalog::find(&table.source, &[EntryKind::Source]) else { return 0 };
    let position = entry.params.iter().position(|param| param.name == name);
    let mut given: Option<&Expr> = None;
    walk::expressions(&checked.ast, &mut |expr| {
        if let ExprKind::Call { args, .. } = &expr.kind
            && expr.span == table.span
        {
            let is_it = |(i, arg): &(usize, &Arg)| match &arg.name {
                Some(own) => &*own.name == name,
                None => Some(*i) == position,
            };
            given = args.iter().enumerate().find(is_it).map(|(_, arg)| &arg.value);
        }
    });
    let number = match given.map(|expr| &expr.kind) {
        Some(ExprKind::Number(number)) => Some(number.value),
        Some(ExprKind::Name(hyper)) => checked.program.hypers.iter().find_map(|(name, value)| match value {
            HyperValue::Number(n) if name == hyper => Some(*n),
            _ => None,
        }),
        _ => None,
    };
    let default = entry.param(name).and_then(|param| match param.default {
        Default::Value(text) => text.parse().ok(),
        Default::Required => None,
    });
    number.or(default).unwrap_or(0.0) as usize
}
