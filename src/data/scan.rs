//! Scans: what a file holds, learned in one pass and kept.

use super::cell::{Parsed, class_order, number_name};
use super::problem::Found;
use super::rows::{Cells, Rows};
use super::table_reader::TableSink;
use super::texts::Texts;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Distinct values of text and whole numbers that are kept; a field of more classes is counted by reading its column.
const MOST_DISTINCT: usize = 1024;
/// Distinct values of numbers that are not whole: rarely classes, so few are kept.
const MOST_DISTINCT_FRACTIONS: usize = 64;
/// Numbers that are looked up without the set of them; a power of two.
const RECENT: usize = 256;
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
    /// The first cell that goes on behind its closing quote, as it is written, with its line.
    pub goes_on: Option<(u64, String)>,
}

impl ColumnScan {
    /// The number of missing cells.
    pub fn missing_count(&self) -> u64 {
        self.missing.iter().map(|(_, n)| u64::from(*n)).sum()
    }
}

/// Builds a [`TableScan`] from the rows as they come.
#[derive(Default)]
pub(crate) struct Scanner {
    columns: Vec<ColumnScan>,
    distinct: Vec<Distinct>,
    rows: u32,
}

/// The distinct values of a field, as long as they are not too many.
#[derive(Default)]
struct Distinct {
    numbers: HashSet<u64>,
    texts: Texts,
    /// Numbers that were there before, each at a place of its own: to find one is much faster than in the set.
    recent: Vec<u64>,
    fractions: bool,
    overflow: bool,
}

impl Distinct {
    fn number(&mut self, number: f64) {
        let bits = (number + 0.0).to_bits();
        let place = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - RECENT.trailing_zeros());
        match self.recent.get_mut(place as usize) {
            Some(recent) if *recent == bits => return,
            Some(recent) => *recent = bits,
            // All bits set are no number.
            None => self.recent = vec![u64::MAX; RECENT],
        }
        if !self.overflow && self.numbers.insert(bits) {
            self.check();
        }
    }

    fn text(&mut self, text: &str) {
        if !self.overflow {
            self.texts.number(text);
            self.check();
        }
    }

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
        self.rows = 0;
        Ok(vec![true; columns.len()])
    }

    fn rows(&mut self, rows: &Rows) -> Found<()> {
        let scans = self.columns.iter_mut().zip(&mut self.distinct);
        for ((scan, distinct), cells) in scans.zip(&rows.columns) {
            let numbers = cells.numbers();
            let others = numbers.iter().map(|number| usize::from(number.is_nan())).sum::<usize>();
            scan.numbers += (numbers.len() - others) as u64;
            if others < numbers.len() {
                scan.take_numbers(numbers, &rows.lines, distinct);
            }
            if let (None, Some((row, written))) = (&scan.goes_on, cells.going_on()) {
                scan.goes_on = rows.lines.get(row).map(|line| (*line, written.to_owned()));
            }
            if others > 0 {
                scan.take_others(cells, &rows.lines, self.rows, distinct);
            }
        }
        self.rows = self.rows.saturating_add(u32::try_from(rows.lines.len()).unwrap_or(u32::MAX));
        Ok(())
    }
}

impl ColumnScan {
    /// Takes the numbers of some rows, of which there is one; what is none is NaN.
    fn take_numbers(&mut self, numbers: &[f64], lines: &[u64], distinct: &mut Distinct) {
        let first = |value: f64| {
            let row = numbers.iter().position(|n| *n == value)?;
            Some((*lines.get(row)?, *numbers.get(row)?))
        };
        let (mut smallest, mut largest) = extremes(numbers.iter().copied());
        if smallest.is_infinite() || largest.is_infinite() {
            if self.infinite.is_none()
                && let Some((n, line)) = numbers.iter().zip(lines).find(|(n, _)| n.is_infinite())
            {
                self.infinite = Some((*line, n.to_string()));
            }
            (smallest, largest) = extremes(numbers.iter().copied().filter(|n| n.is_finite()));
        }
        if smallest <= largest {
            if self.min.is_none_or(|m| smallest < m)
                && let Some((line, n)) = first(smallest)
            {
                (self.min, self.min_line) = (Some(n), line);
            }
            if self.max.is_none_or(|m| largest > m)
                && let Some((line, n)) = first(largest)
            {
                (self.max, self.max_line) = (Some(n), line);
            }
        }
        if self.fraction.is_none()
            && let Some((n, line)) = numbers.iter().zip(lines).find(|(n, _)| is_fraction(**n))
        {
            self.fraction = Some((*line, *n));
            distinct.fractions = true;
        }
        for number in numbers.iter().filter(|n| !n.is_nan()) {
            if distinct.overflow {
                break;
            }
            distinct.number(*number);
        }
    }

    /// Takes the cells of some rows from the row `start` on that are no numbers.
    fn take_others(&mut self, cells: &Cells, lines: &[u64], start: u32, distinct: &mut Distinct) {
        for ((cell, line), at) in cells.iter().zip(lines).zip(0u32..) {
            match cell {
                Parsed::Number(_) => {}
                Parsed::Missing => {
                    let at = start.saturating_add(at);
                    match self.missing.last_mut() {
                        Some((first, length)) if first.saturating_add(*length) == at => *length += 1,
                        _ => self.missing.push((at, 1)),
                    }
                    if self.missing_lines.len() < MOST_PLACES {
                        self.missing_lines.push(*line);
                    }
                }
                Parsed::Text(text) => {
                    self.texts += 1;
                    self.first_text.get_or_insert_with(|| (*line, text.to_string()));
                    distinct.text(text);
                }
            }
        }
    }
}

/// Whether a number is finite and not whole.
#[inline]
fn is_fraction(number: f64) -> bool {
    // To add and take away 1.5 * 2^52 rounds to a whole number; where it does not, there are no fractions.
    const ROUND: f64 = 6755399441055744.0;
    #[cold]
    fn has_fraction(number: f64) -> bool {
        number.is_finite() && number.fract() != 0.0
    }
    (number + ROUND) - ROUND != number && has_fraction(number)
}

/// The smallest and the largest of some numbers, NaN apart; the other way round where there is none.
fn extremes(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(smallest, largest), number| {
        // What is compared with NaN stays as it is.
        (if number < smallest { number } else { smallest }, if number > largest { number } else { largest })
    })
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
                    let texts = distinct.texts.into_all().into_iter().map(|text| text.to_string());
                    sorted_names(numbers.chain(texts).collect())
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
            if !distinct.overflow {
                distinct.number(n);
            }
        })?;
        if !distinct.overflow {
            let names = distinct.numbers.into_iter().map(|bits| number_name(f64::from_bits(bits))).collect();
            scan.distinct = Some(sorted_names(names));
        }
        Ok(scan)
    }
}
