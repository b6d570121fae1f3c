//! The cells of a table, all splits one after the other.

use super::cell::{Parsed, number_name};
use super::problem::{DataProblem, Found};
use super::rows::{Cells, Rows};
use super::schema::ColumnKind;
use super::source_spec::SourceSpec;
use super::store::{BlockSize, Limits, Store, StoreWriter};
use super::table_reader::{TableSink, parts, read};
use super::texts::Texts;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Bytes of the rows whose cells lie together.
const GROUP_BYTES: usize = 4 << 20;
/// Rows whose cells lie together, at least and at most.
const GROUP_ROWS: std::ops::RangeInclusive<usize> = 256..=8192;

/// Columns of a table.
///
/// Rows come in groups; within a group, column lies behind column, so that one column is read without the others
/// however large the table is.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<(String, ColumnKind)>,
    rows: usize,
    /// Rows of a group.
    group: usize,
    /// Missing cells are NaN; a text is its place in `texts`.
    cells: Store<f64>,
    texts: Vec<Arc<str>>,
}

impl Table {
    /// The columns of these names that a source has.
    pub fn read(source: &SourceSpec, wanted: &BTreeMap<&str, ColumnKind>, limits: &Limits) -> Found<Table> {
        let group =
            (GROUP_BYTES / size_of::<f64>() / wanted.len().max(1)).clamp(*GROUP_ROWS.start(), *GROUP_ROWS.end());
        let cells = StoreWriter::new(0, limits.source / size_of::<f64>());
        let (columns, slots, open, codes, coded) = Default::default();
        let mut collector = Collector { wanted, columns, slots, open, group, rows: 0, cells, codes, coded };
        for (_, part) in parts(source)? {
            read(&part, &mut collector)?;
        }
        collector.finish()
    }

    /// The columns, in the order in which the source has them.
    pub fn columns(&self) -> &[(String, ColumnKind)] {
        &self.columns
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column == name)
    }

    /// Calls `take` with the cell of a column in each of some rows; missing, where there is no such row.
    pub fn each(&self, column: usize, rows: impl Iterator<Item = usize>, mut take: impl FnMut(f64)) -> Found<()> {
        let group = self.group.max(1);
        let mut last = (usize::MAX, self.cells.get(0..0));
        for row in rows {
            if row >= self.rows {
                take(f64::NAN);
                continue;
            }
            let (number, at) = (row / group, row % group);
            if number != last.0 {
                let start = (number * self.columns.len() + column) * group;
                last = (number, self.cells.get(start..start + group));
            }
            take(last.1.get(at).copied().unwrap_or(f64::NAN));
        }
        match self.cells.failure() {
            None => Ok(()),
            Some(reason) => Err(Box::new(DataProblem::LostBeside { reason: reason.to_owned() })),
        }
    }

    /// The text of a cell of a column of texts.
    pub fn text(&self, cell: f64) -> Option<&Arc<str>> {
        if cell.is_nan() { None } else { self.texts.get(cell as usize) }
    }
}

/// The codes of the cells of columns of texts.
#[derive(Default)]
struct Codes {
    texts: Texts,
    /// By the bits of a number, the code of its name, which takes long to write.
    of_numbers: HashMap<u64, f64>,
}

impl Codes {
    /// Appends the codes of cells to `to`.
    fn append(&mut self, cells: &Cells, to: &mut Vec<f64>) {
        let Codes { texts, of_numbers } = self;
        to.extend(cells.iter().map(|cell| match cell {
            Parsed::Missing => f64::NAN,
            Parsed::Text(text) => texts.number(text) as f64,
            Parsed::Number(number) => {
                *of_numbers.entry(number.to_bits()).or_insert_with(|| texts.number(&number_name(number)) as f64)
            }
        }));
    }
}

struct Collector<'a> {
    wanted: &'a BTreeMap<&'a str, ColumnKind>,
    columns: Vec<(String, ColumnKind)>,
    /// By position in the part that is being read: which of `columns`.
    slots: Vec<Option<usize>>,
    /// By column, the cells of the group that is being read.
    open: Vec<Vec<f64>>,
    group: usize,
    /// Rows of the groups that are written.
    rows: usize,
    cells: StoreWriter<f64>,
    codes: Codes,
    /// By column, if it is one of texts, the codes of the rows that are read.
    coded: Vec<Vec<f64>>,
}

impl Collector<'_> {
    /// Writes the group that is full.
    fn close(&mut self) -> Found<()> {
        self.rows += self.open.first().map_or(0, Vec::len);
        for column in &mut self.open {
            // All groups are of one size, so that each is found.
            column.resize(self.group, f64::NAN);
            self.cells.extend(column.drain(..))?;
        }
        Ok(())
    }

    fn finish(mut self) -> Found<Table> {
        let rest = self.open.first().map_or(0, Vec::len);
        // A small table is one group, and no larger than it needs to be.
        if self.rows == 0 {
            self.group = rest;
        }
        if rest > 0 {
            self.close()?;
        }
        // A column is read group by group, by several threads at once.
        let size = BlockSize { numbers: self.group, most: 4 * self.columns.len().max(16) };
        let Collector { columns, rows, group, cells, codes, .. } = self;
        Ok(Table { columns, rows, group, cells: cells.finish(size)?, texts: codes.texts.into_all() })
    }
}

impl TableSink for Collector<'_> {
    fn header(&mut self, columns: &[String]) -> Found<Vec<bool>> {
        self.slots = columns
            .iter()
            .map(|name| {
                let kind = self.wanted.get(name.as_str())?;
                Some(self.columns.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
                    self.columns.push((name.clone(), *kind));
                    self.open.push(Vec::new());
                    self.coded.push(Vec::new());
                    self.columns.len() - 1
                }))
            })
            .collect();
        Ok(self.slots.iter().map(Option::is_some).collect())
    }

    fn rows(&mut self, rows: &Rows) -> Found<()> {
        let pieces: Vec<(usize, &Cells)> =
            self.slots.iter().zip(&rows.columns).filter_map(|(slot, cells)| Some(((*slot)?, cells))).collect();
        for (slot, cells) in &pieces {
            if self.columns.get(*slot).is_some_and(|(_, kind)| *kind == ColumnKind::Text)
                && let Some(coded) = self.coded.get_mut(*slot)
            {
                coded.clear();
                self.codes.append(cells, coded);
            }
        }
        let mut start = 0;
        while start < rows.lines.len() {
            // A group is full when a row begins behind it.
            if self.open.first().is_some_and(|column| column.len() == self.group) {
                self.close()?;
            }
            let there = self.open.first().map_or(0, Vec::len);
            let end = rows.lines.len().min(start + self.group - there);
            for (slot, cells) in &pieces {
                let coded = self.coded.get(*slot).filter(|coded| !coded.is_empty());
                let numbers = coded.map_or(cells.numbers(), Vec::as_slice);
                if let Some(column) = self.open.get_mut(*slot) {
                    column.extend_from_slice(numbers.get(start..end).unwrap_or_default());
                }
            }
            start = end;
        }
        Ok(())
    }
}
