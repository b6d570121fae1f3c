//! Scans: what a file holds, learned in one pass and kept.

use super::cell::{Parsed, class_order, number_name};
use super::problem::Found;
use super::table_reader::TableSink;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Distinct values of text and whole numbers that are kept; a field of more classes is counted by reading its column.
const MOST_DISTINCT: usize = 1024;
/// Distinct values of numbers that are not whole: rarely classes, so few are kept.
const MOST_DISTINCT_FRACTIONS: usize = 64;
/// Places of missing cells that are kept.
const MOST_PLACES: usize = 3;

/// What a table's file holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct TableScan {
    pub rows: u64,
    pub columns: Vec<ColumnScan>,
}

/// What a column of a file holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct ColumnScan {
    pub name: String,
    /// Cells that are numbers.
    pub numbers: u64,
    /// Cells that are text.
    pub texts: u64,
    /// Rows (from 0) whose cell is missing, as runs of `(first, length)`.
    pub missing: Vec<(u32, u32)>,
    /// Lines of the first missing cells.
    pub missing_lines: Vec<u64>,
    /// The first cell that is text, with its line.
    pub first_text: Option<(u64, String)>,
    /// The first infinite number, with its line.
    pub infinite: Option<(u64, String)>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// The first number that is not whole, with its line.
    pub fraction: Option<(u64, f64)>,
    /// The first smallest and largest numbers' lines.
    pub min_line: u64,
    pub max_line: u64,
    /// The distinct values as class names, in their order; none where there are too many.
    pub distinct: Option<Vec<String>>,
}

impl ColumnScan {
    /// The number of missing cells.
    pub fn missing_count(&self) -> u64 {
        self.missing.iter().map(|(_, n)| u64::from(*n)).sum()
    }
}

/// Builds a [`TableScan`] from the cells as they come.
#[derive(Default)]
pub(crate) struct Scanner {
    columns: Vec<ColumnScan>,
    distinct: Vec<Distinct>,
    rows: Vec<u32>,
}

#[derive(Default)]
struct Distinct {
    numbers: HashSet<u64>,
    texts: HashSet<String>,
    fractions: bool,
    overflow: bool,
}

impl Distinct {
    fn check(&mut self) {
        let most = if self.fractions { MOST_DISTINCT_FRACTIONS } else { MOST_DISTINCT };
        if self.numbers.len() + self.texts.len() > most {
            *self = Distinct { overflow: true, ..Distinct::default() };
        }
    }
}

impl TableSink for Scanner {
    fn header(&mut self, columns: &[String]) -> Found<Vec<bool>> {
        self.columns = columns.iter().map(|c| ColumnScan { name: c.clone(), ..ColumnScan::default() }).collect();
        self.distinct = columns.iter().map(|_| Distinct::default()).collect();
        self.rows = vec![0; columns.len()];
        Ok(vec![true; columns.len()])
    }

    fn cell(&mut self, column: usize, line: u64, cell: Parsed<'_>) {
        let (Some(scan), Some(distinct), Some(row)) =
            (self.columns.get_mut(column), self.distinct.get_mut(column), self.rows.get_mut(column))
        else {
            return;
        };
        let at = *row;
        *row = row.saturating_add(1);
        match cell {
            Parsed::Missing => {
                match scan.missing.last_mut() {
                    Some((first, length)) if *first + *length == at => *length += 1,
                    _ => scan.missing.push((at, 1)),
                }
                if scan.missing_lines.len() < MOST_PLACES {
                    scan.missing_lines.push(line);
                }
            }
            Parsed::Number(n) => {
                scan.numbers += 1;
                if n.is_infinite() {
                    scan.infinite.get_or_insert_with(|| (line, n.to_string()));
                }
                if n.fract() != 0.0 && n.is_finite() && scan.fraction.is_none() {
                    scan.fraction = Some((line, n));
                    distinct.fractions = true;
                }
                if n.is_finite() {
                    if scan.min.is_none_or(|m| n < m) {
                        (scan.min, scan.min_line) = (Some(n), line);
                    }
                    if scan.max.is_none_or(|m| n > m) {
                        (scan.max, scan.max_line) = (Some(n), line);
                    }
                }
                if !distinct.overflow && distinct.numbers.insert((n + 0.0).to_bits()) {
                    distinct.check();
                }
            }
            Parsed::Text(t) => {
                scan.texts += 1;
                scan.first_text.get_or_insert_with(|| (line, t.to_string()));
                if !distinct.overflow && !distinct.texts.contains(t) {
                    distinct.texts.insert(t.to_string());
                    distinct.check();
                }
            }
        }
    }
}

impl Scanner {
    /// The scan of the `rows` rows that were read.
    pub fn finish(self, rows: u64) -> TableScan {
        let columns = self
            .columns
            .into_iter()
            .zip(self.distinct)
            .map(|(scan, distinct)| {
                let names = (!distinct.overflow).then(|| {
                    let numbers = distinct.numbers.into_iter().map(|bits| number_name(f64::from_bits(bits)));
                    sorted_names(numbers.chain(distinct.texts).collect())
                });
                ColumnScan { distinct: names, ..scan }
            })
            .collect();
        TableScan { rows, columns }
    }
}

/// Class names in their order, each once.
pub(crate) fn sorted_names(mut names: Vec<String>) -> Vec<String> {
    names.sort_by(|a, b| class_order(a, b));
    names.dedup();
    names
}

/// What an array's file holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct ArrayScan {
    /// With the axis of examples first.
    pub shape: Vec<usize>,
    /// Whether its elements are truth values.
    pub boolean: bool,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// The examples (from 0) of the smallest and the largest number.
    pub min_row: u64,
    pub max_row: u64,
    /// The first number that is not whole, with its example.
    pub fraction: Option<(u64, f64)>,
    /// How many are NaN, which counts as missing, and the first example with one.
    pub missing: u64,
    pub missing_row: u64,
    /// The first infinite number, with its example.
    pub infinite: Option<(u64, String)>,
    /// The distinct values as class names; none where there are too many.
    pub distinct: Option<Vec<String>>,
}

impl ArrayScan {
    /// The scan of an array whose elements `each` gives in row-major order. Errors: those of `each`.
    pub fn of(
        shape: &[usize],
        boolean: bool,
        each_element: impl FnOnce(&mut dyn FnMut(f64)) -> Found<()>,
    ) -> Found<Self> {
        let mut scan = ArrayScan { shape: shape.to_vec(), boolean, ..ArrayScan::default() };
        let each = shape.iter().skip(1).product::<usize>().max(1);
        let mut distinct = Distinct::default();
        let mut previous = f64::NAN;
        let mut count = 0usize;
        each_element(&mut |n| {
            let i = count;
            count += 1;
            // Neighbours are often equal (the black of images), and then there is nothing new to learn.
            if n == previous {
                return;
            }
            previous = n;
            let row = (i / each) as u64;
            if n.is_nan() {
                if scan.missing == 0 {
                    scan.missing_row = row;
                }
                scan.missing += 1;
                return;
            }
            if n.is_infinite() {
                scan.infinite.get_or_insert_with(|| (row, n.to_string()));
                return;
            }
            if n.fract() != 0.0 && scan.fraction.is_none() {
                scan.fraction = Some((row, n));
                distinct.fractions = true;
            }
            if scan.min.is_none_or(|m| n < m) {
                (scan.min, scan.min_row) = (Some(n), row);
            }
            if scan.max.is_none_or(|m| n > m) {
                (scan.max, scan.max_row) = (Some(n), row);
            }
            if !distinct.overflow && distinct.numbers.insert((n + 0.0).to_bits()) {
                distinct.check();
            }
        })?;
        if !distinct.overflow {
            let names = distinct.numbers.into_iter().map(|bits| number_name(f64::from_bits(bits))).collect();
            scan.distinct = Some(sorted_names(names));
        }
        Ok(scan)
    }
}
