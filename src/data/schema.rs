//! What a table holds, learned without keeping its cells.

use super::cell::fits_single;
use super::files::expand;
use super::place::Place;
use super::problem::{At, DataError, DataProblem, DataResult, Found};
use super::scan::{ColumnScan, Scanner, TableScan, sorted_names};
use super::scan_cache::{lines_scan, remembered, remembered_as, table_scan};
use super::select::no_column;
use super::source_spec::{PerSplit, SourceSpec, Split, TableExpr, TableNode};
use super::table_reader::{TablePart, parts, place_of, read};
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

/// One column over all splits. After `drop_missing`, what is said of values is that of all rows.
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
    /// Smallest number, and where it stands.
    pub min: Option<(f64, Place)>,
    /// Largest number, and where it stands.
    pub max: Option<(f64, Place)>,
    /// The first number that is not whole.
    pub fraction: Option<(f64, Place)>,
    /// The distinct values, sorted as classes are, unless there are too many to keep.
    pub distinct: Option<Vec<String>>,
    /// Number of cells that are not numbers (and not missing).
    pub texts: u64,
    /// The first of them.
    pub first_text: Option<(String, Place)>,
    /// The first infinite number.
    pub infinite: Option<(String, Place)>,
    /// The first cell that goes on behind the quote that closes it, as it is written.
    pub goes_on: Option<(String, Place)>,
}

impl ColumnFacts {
    /// Whether all numbers are whole.
    pub fn integral(&self) -> bool {
        self.fraction.is_none()
    }

    /// A number that the 32 bits of a data set do not hold, if there is one.
    pub fn beyond_single(&self) -> Option<&(f64, Place)> {
        [&self.min, &self.max].into_iter().flatten().find(|(number, _)| !fits_single(*number))
    }

    /// Whether all cells that are not missing are equal.
    pub fn constant(&self) -> bool {
        self.distinct.as_ref().is_some_and(|d| d.len() <= 1)
    }
}

impl Schema {
    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The columns with these names. They mostly follow one another as in the file, so that the next one is not searched.
    pub(crate) fn columns_named<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = Option<&'a ColumnFacts>> {
        let mut next = 0;
        names.iter().map(move |name| {
            let is_next = self.columns.get(next).is_some_and(|c| c.name == *name);
            let at = if is_next { next } else { self.columns.iter().position(|c| c.name == *name)? };
            next = at + 1;
            self.columns.get(at)
        })
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
pub fn schema(table: &TableExpr) -> DataResult<Arc<Schema>> {
    facts(table).map(|f| f.schema.clone())
}

/// A schema and what else this module needs to know.
#[derive(Debug, Clone)]
pub(crate) struct TableFacts {
    pub schema: Arc<Schema>,
    /// By column: the rows whose cell is missing, as runs of `(first, length)`; rows of the source, over all splits.
    missing: Vec<Vec<(usize, usize)>>,
    /// The rows of the source that are left, where some are not.
    pub kept: Option<Arc<[u32]>>,
    /// The rows of the source in train, validation and test.
    source_rows: [usize; 3],
    /// The rows of each file of the source, with its split.
    pub parts: Vec<(Split, usize)>,
}

pub(crate) fn facts(table: &TableExpr) -> DataResult<Arc<TableFacts>> {
    match &*table.node {
        TableNode::Source(source) => known_facts(source).at(table.span),
        TableNode::DropMissing { table: inner, columns } => {
            let facts = facts(inner)?;
            let mut chosen = Vec::new();
            match columns {
                None => chosen.extend(0..facts.schema.columns.len()),
                Some(names) => {
                    for name in names {
                        let at = facts.schema.columns.iter().position(|c| c.name == *name);
                        chosen.push(at.ok_or_else(|| DataError::new(table.span, no_column(&facts.schema, name)))?);
                    }
                }
            }
            Arc::unwrap_or_clone(facts).dropping(&chosen, inner.origin()).map(Arc::new).at(table.span)
        }
        TableNode::Sequences { table: inner, by } => {
            let facts = facts(inner)?;
            match by.iter().find(|name| facts.schema.column(name).is_none()) {
                Some(name) => Err(DataError::new(table.span, no_column(&facts.schema, name))),
                None => Ok(facts),
            }
        }
    }
}

impl TableFacts {
    /// Without the rows in which one of the columns is missing.
    fn dropping(mut self, columns: &[usize], source: &SourceSpec) -> Found<TableFacts> {
        let total = self.source_rows.iter().sum();
        let mut keep = vec![self.kept.is_none(); total];
        for row in self.kept.iter().flat_map(|k| k.iter()) {
            if let Some(k) = keep.get_mut(*row as usize) {
                *k = true;
            }
        }
        for runs in columns.iter().filter_map(|c| self.missing.get(*c)) {
            for (first, length) in runs {
                keep.iter_mut().skip(*first).take(*length).for_each(|k| *k = false);
            }
        }
        let mut start = 0;
        let schema = Arc::make_mut(&mut self.schema);
        for (rows, source_rows) in schema.rows.iter_mut().zip(self.source_rows) {
            *rows = keep.iter().skip(start).take(source_rows).filter(|k| **k).count();
            start += source_rows;
        }
        if schema.total_rows() == 0 {
            return Err(Box::new(DataProblem::AllDropped { source: schema.source.clone(), rows: total }));
        }
        for (column, runs) in schema.columns.iter_mut().zip(&self.missing) {
            let left = || runs.iter().flat_map(|(f, n)| *f..f + n).filter(|r| keep.get(*r).copied().unwrap_or(false));
            column.missing = left().count() as u64;
            column.first_missing = left().take(3).filter_map(|row| place_of(source, row as u64)).collect();
            // Values may stand in dropped rows only, so classes have to be counted anew.
            column.distinct = None;
        }
        self.kept = Some(keep.iter().enumerate().filter(|(_, k)| **k).map(|(i, _)| i as u32).collect());
        Ok(self)
    }

    /// Whether the facts about values hold for exactly the rows that are left.
    pub(crate) fn exact(&self) -> bool {
        self.kept.is_none()
    }
}

/// Bytes of a source that says how its table is made.
const QUICKLY_SAID: usize = 512;

/// The facts of a source. Those of files are put together once, and again when one of the files has changed.
fn known_facts(source: &SourceSpec) -> Found<Arc<TableFacts>> {
    let parts = parts(source)?;
    let mut files = Vec::new();
    // Facts name their files as they are written.
    let mut kind = format!("facts of {}, given {}", source.name(), source.files().is_some_and(PerSplit::is_given));
    for (split, part) in &parts {
        match part {
            TablePart::File(file) | TablePart::Lines(file) => {
                kind.push_str(&format!(", {} {:?}", split.name(), file.written));
                files.push(file.clone());
            }
            TablePart::Images(..) => return source_facts(source, &parts).map(Arc::new),
            TablePart::Memory(..) => {
                // A generator takes long and is quickly said; a table that is written out is read as fast as compared.
                let written = format!("facts of {source:?}");
                return match written.len() <= QUICKLY_SAID {
                    true => remembered_as(written, || source_facts(source, &parts)),
                    false => source_facts(source, &parts).map(Arc::new),
                };
            }
        }
    }
    // Of several files, messages name what is written: a pattern.
    let written = source.files().map(PerSplit::parts).into_iter().flatten().flat_map(|(_, files)| files);
    written.for_each(|file| kind.push_str(&format!(", {:?}", file.written)));
    remembered(&files, &kind, || source_facts(source, &parts))
}

fn source_facts(source: &SourceSpec, parts: &[(Split, TablePart)]) -> Found<TableFacts> {
    let mut scans: Vec<(Split, &TablePart, Arc<TableScan>)> = Vec::new();
    for (split, part) in parts {
        let scan = match part {
            TablePart::File(file) => table_scan(file)?,
            TablePart::Lines(file) => lines_scan(file)?,
            TablePart::Memory(..) | TablePart::Images(..) => {
                let mut scanner = Scanner::default();
                let rows = read(part, &mut scanner)?;
                Arc::new(scanner.finish(rows))
            }
        };
        scans.push((*split, part, scan));
    }
    let Some((_, first_part, first)) = scans.first() else {
        return Err(Box::new(DataProblem::NoTrain { given: Vec::new() }));
    };
    for (_, part, scan) in &scans {
        same_columns((first_part.name(), first), (part.name(), scan))?;
    }
    let mut source_rows = [0usize; 3];
    let mut starts = Vec::new();
    let mut total = 0u64;
    for (split, _, scan) in &scans {
        starts.push(total as usize);
        total += scan.rows;
        if let Some(rows) = source_rows.get_mut(split.index()) {
            *rows += scan.rows as usize;
        }
    }
    if total >= u64::from(u32::MAX) {
        return Err(Box::new(DataProblem::TooManyRows { rows: total }));
    }
    let mut columns = Vec::new();
    let mut missing = Vec::new();
    for (index, column) in first.columns.iter().enumerate() {
        let mut pieces: Vec<(&TablePart, &ColumnScan)> = Vec::new();
        let mut runs = Vec::new();
        for ((_, part, scan), start) in scans.iter().zip(&starts) {
            // Files with the same columns mostly have them in the same order.
            let beside = scan.columns.get(index).filter(|c| c.name == column.name);
            if let Some(piece) = beside.or_else(|| scan.columns.iter().find(|c| c.name == column.name)) {
                pieces.push((part, piece));
                runs.extend(piece.missing.iter().map(|(first, length)| (start + *first as usize, *length as usize)));
            }
        }
        columns.push(merge(&column.name, &pieces));
        missing.push(runs);
    }
    let given = source.files().is_some_and(PerSplit::is_given);
    let source = match (scans.as_slice(), source.files()) {
        ([(_, only, _)], Some(_)) => only.name().to_string(),
        (_, Some(files)) => {
            let written = files.parts().into_iter().flat_map(|(_, f)| f).map(|f| f.written.as_str());
            written.collect::<Vec<_>>().join(", ")
        }
        (_, None) => source.name().to_string(),
    };
    let schema = Arc::new(Schema { source, columns, rows: source_rows, given });
    let parts = scans.iter().map(|(split, _, scan)| (*split, scan.rows as usize)).collect();
    Ok(TableFacts { schema, missing, kept: None, source_rows, parts })
}

/// The files of a source, patterns expanded; empty where it has none.
pub(crate) fn files_of(source: &SourceSpec) -> Found<Vec<super::source_spec::DataFile>> {
    let mut all = Vec::new();
    for (_, files) in source.files().map(PerSplit::parts).unwrap_or_default() {
        all.extend(expand(files)?);
    }
    Ok(all)
}

fn same_columns((first_name, first): (&str, &TableScan), (name, scan): (&str, &TableScan)) -> Found<()> {
    let only_in = |a: &TableScan, b: &TableScan| -> Vec<String> {
        let there: std::collections::HashSet<&str> = b.columns.iter().map(|c| c.name.as_str()).collect();
        a.columns.iter().filter(|c| !there.contains(c.name.as_str())).map(|c| c.name.clone()).collect()
    };
    let (lacking, extra) = (only_in(first, scan), only_in(scan, first));
    if lacking.is_empty() && extra.is_empty() {
        return Ok(());
    }
    let (first, other) = (first_name.to_string(), name.to_string());
    Err(Box::new(DataProblem::ColumnsDiffer { first, other, lacking, extra }))
}

/// One column of several files.
fn merge(name: &str, pieces: &[(&TablePart, &ColumnScan)]) -> ColumnFacts {
    let mut facts = ColumnFacts {
        name: name.to_string(),
        kind: ColumnKind::Number,
        missing: 0,
        first_missing: Vec::new(),
        min: None,
        max: None,
        fraction: None,
        distinct: Some(Vec::new()),
        texts: 0,
        first_text: None,
        infinite: None,
        goes_on: None,
    };
    for (part, scan) in pieces {
        facts.missing += scan.missing_count();
        let room = 3usize.saturating_sub(facts.first_missing.len());
        facts.first_missing.extend(scan.missing_lines.iter().take(room).map(|line| part.place(*line)));
        if let Some(min) = scan.min.filter(|m| facts.min.as_ref().is_none_or(|(have, _)| m < have)) {
            facts.min = Some((min, part.place(scan.min_line)));
        }
        if let Some(max) = scan.max.filter(|m| facts.max.as_ref().is_none_or(|(have, _)| m > have)) {
            facts.max = Some((max, part.place(scan.max_line)));
        }
        facts.fraction = facts.fraction.or_else(|| scan.fraction.map(|(line, value)| (value, part.place(line))));
        facts.texts += scan.texts;
        let placed = |found: &Option<(u64, String)>| found.as_ref().map(|(line, v)| (v.clone(), part.place(*line)));
        facts.first_text = facts.first_text.or_else(|| placed(&scan.first_text));
        facts.infinite = facts.infinite.or_else(|| placed(&scan.infinite));
        facts.goes_on = facts.goes_on.or_else(|| placed(&scan.goes_on));
        facts.distinct = facts.distinct.zip(scan.distinct.clone()).map(|(mut a, b)| {
            a.extend(b);
            a
        });
    }
    if facts.texts > 0 {
        facts.kind = ColumnKind::Text;
    }
    facts.distinct = facts.distinct.map(sorted_names);
    facts
}
