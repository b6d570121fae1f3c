//! What a table holds, learned without keeping its cells.

use super::problem::{DataResult, Place};
use super::source_spec::TableExpr;
use std::sync::Arc;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Every cell that is not missing is a number.
    Number,
    /// Some cell is not a number.
    Text,
}

/// A table, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Where the rows come from, as the user wrote it.
    pub source: String,
    /// The columns, in file order.
    pub columns: Vec<ColumnFacts>,
    /// Rows in train, validation and test; all in train where the source is not given per split.
    pub rows: [usize; 3],
    /// Whether the source is given per split.
    pub given: bool,
}

/// One column over all splits.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Number or text.
    pub kind: ColumnKind,
    /// Number of missing cells.
    pub missing: u64,
    /// The first of them.
    pub first_missing: Vec<Place>,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// Whether all numbers are whole.
    pub integral: bool,
    /// The distinct values, sorted as classes are, unless there are too many to keep.
    pub distinct: Option<Vec<String>>,
    /// Whether all cells that are not missing are equal.
    pub constant: bool,
    /// Number of cells that are not numbers (and not missing).
    pub texts: u64,
    /// The first of them.
    pub first_text: Option<(Place, String)>,
    /// The first infinite number.
    pub infinite: Option<(Place, String)>,
}

impl Schema {
    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The names, in file order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.name.as_str())
    }

    /// Rows of all splits.
    pub fn total_rows(&self) -> usize {
        self.rows.iter().sum()
    }
}

/// What a table holds; scans its files unless that was done before.
///
/// Errors: the files' own (missing, malformed, empty), at the table's span.
pub fn schema(_table: &TableExpr) -> DataResult<Arc<Schema>> {
    todo!()
}
