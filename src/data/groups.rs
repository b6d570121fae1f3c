//! Which positions belong to which example, where examples have lengths of their own.

use super::place::MissingIn;
use super::problem::{At, DataError, DataProblem, DataResult, Found};
use super::scan_cache::kept;
use super::schema::{ColumnKind, TableFacts, files_of};
use super::select::no_column;
use super::source_spec::{Split, TableExpr};
use super::store::Limits;
use super::table::Table;
use crate::source::Span;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// The positions of examples of different length, one example behind the other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Groups {
    /// Where each example ends; it begins where the one before it ends.
    pub ends: Vec<u32>,
    /// What stands at each position, where that is not the position itself.
    pub order: Option<Vec<u32>>,
    /// Examples in train, validation and test; all in train where the source is not given per split.
    pub counts: [usize; 3],
}

impl Groups {
    /// The number of examples.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Where an example lies; nothing for one that is not there.
    pub fn range(&self, example: usize) -> Range<usize> {
        let end = self.ends.get(example).map_or(0, |e| *e as usize);
        let start = match example.checked_sub(1) {
            Some(before) => self.ends.get(before).map_or(0, |e| *e as usize),
            None => 0,
        };
        start.min(end)..end
    }

    /// What stands at the positions of an example.
    pub fn positions(&self, example: usize) -> impl Iterator<Item = u32> + '_ {
        self.range(example).map(|at| match &self.order {
            None => at as u32,
            Some(order) => order.get(at).copied().unwrap_or(u32::MAX),
        })
    }

    /// The lengths of all examples.
    fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.count()).map(|e| self.range(e).len())
    }

    /// The length of the longest example.
    pub fn longest(&self) -> usize {
        self.lengths().max().unwrap_or(0)
    }
}

/// The sequences of a table: the rows of each distinct value of the columns `by` in each file, in the order in which
/// the values first appear; the rows of a sequence keep their order, even where others stand between them.
///
/// `facts` are those of the table. Errors: a column that is not there, or has missing cells.
pub(crate) fn sequences_of(
    table: &TableExpr,
    by: &[String],
    facts: &TableFacts,
    span: Span,
) -> DataResult<Arc<Groups>> {
    let mut missing = Vec::new();
    let mut wanted: BTreeMap<&str, ColumnKind> = BTreeMap::new();
    for name in by {
        let Some(column) = facts.schema.column(name) else {
            return Err(DataError::new(span, no_column(&facts.schema, name)));
        };
        wanted.insert(name, column.kind);
        if column.missing > 0 {
            missing.push(MissingIn {
                column: name.clone(),
                count: column.missing,
                rows: facts.schema.total_rows() as u64,
                first: column.first_missing.clone(),
                text: column.kind == ColumnKind::Text,
            });
        }
    }
    if !missing.is_empty() {
        let reaches = "`sequences`, which would not know where these rows belong".to_string();
        return Err(DataError::new(span, DataProblem::Missing { columns: missing, reaches }));
    }
    let files = files_of(table.origin()).at(span)?;
    let make = || group(table, by, &wanted, facts);
    kept(&files, &format!("sequences by {by:?} of {table:?}"), make).at(span)
}

/// Rows of which the columns are read at once.
const CHUNK: usize = 1 << 16;

fn group(table: &TableExpr, by: &[String], wanted: &BTreeMap<&str, ColumnKind>, facts: &TableFacts) -> Found<Groups> {
    let read = Table::read(table.origin(), wanted, &Limits::USUAL)?;
    let columns: Vec<usize> = by.iter().filter_map(|name| read.column(name)).collect();
    // A cell is a number, or the place of a text that no other text has.
    let mut chunk: (std::ops::Range<usize>, Vec<Vec<u64>>) = (0..0, Vec::new());
    let mut id = |row: usize| -> Found<Vec<u64>> {
        if !chunk.0.contains(&row) {
            let rows = row..row.saturating_add(CHUNK);
            let mut cells = Vec::with_capacity(columns.len());
            for column in &columns {
                let mut bits = Vec::with_capacity(CHUNK);
                read.each(*column, rows.clone(), |cell| bits.push((cell + 0.0).to_bits()))?;
                cells.push(bits);
            }
            chunk = (rows, cells);
        }
        let at = row - chunk.0.start;
        Ok(chunk.1.iter().map(|bits| bits.get(at).copied().unwrap_or_default()).collect())
    };
    let mut members: Vec<Vec<u32>> = Vec::new();
    let mut counts = [0usize; 3];
    let mut row = 0u32;
    let mut start = 0usize;
    for (split, rows) in &facts.parts {
        let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
        let mut last: Option<(Vec<u64>, usize)> = None;
        for source_row in start..start + rows {
            // Only the rows that are left are numbered.
            let is_kept = match &facts.kept {
                None => true,
                Some(kept) => kept.get(row as usize).is_some_and(|k| *k as usize == source_row),
            };
            if !is_kept {
                continue;
            }
            let id = id(source_row)?;
            let at = match &last {
                Some((same, at)) if *same == id => *at,
                _ => *known.entry(id.clone()).or_insert_with(|| {
                    members.push(Vec::new());
                    if let Some(count) = counts.get_mut(Split::index(*split)) {
                        *count += 1;
                    }
                    members.len() - 1
                }),
            };
            if let Some(rows) = members.get_mut(at) {
                rows.push(row);
            }
            last = Some((id, at));
            row += 1;
        }
        start += rows;
    }
    let mut ends = Vec::with_capacity(members.len());
    let mut end = 0u32;
    for rows in &members {
        end += rows.len() as u32;
        ends.push(end);
    }
    let order: Vec<u32> = members.concat();
    let as_they_lie = order.iter().enumerate().all(|(at, row)| at as u32 == *row);
    Ok(Groups { ends, order: (!as_they_lie).then_some(order), counts })
}
