//! The cells of records: where each ends, and what it says.

use super::super::cell::{Parsed, parse};
use super::super::rows::{Cells, Rows};
use super::number::{ONES, all_zeros, leading_number, short_number, zeros};
use std::borrow::Cow;
use std::ops::Range;

/// A stretch of a file, and how its cells are separated.
pub(super) struct Stretch<'a> {
    /// What is in memory; it begins with a record.
    pub bytes: &'a [u8],
    /// The byte before it: a line may end with two.
    pub before: u8,
    /// Whether the file ends where it ends.
    pub is_last: bool,
    /// What separates cells.
    pub delimiter: u8,
}

/// Why a record cannot be read to its end.
pub(super) enum Cut {
    /// It goes on behind the stretch.
    GoesOn,
    /// A quote that opens one of its cells is closed nowhere in the file.
    NeverCloses,
}

/// A cell as it stands in the file.
struct Field {
    /// What is in it, without the quotes around it.
    content: Range<usize>,
    /// Whether there are quotes within.
    has_quotes: bool,
    /// Whether there is more than white space behind the quote that closes it.
    goes_on: bool,
    /// Where it ends: at a delimiter, at the end of a line, or at the end of the file.
    end: usize,
}

/// A record that was read.
pub(super) struct Record {
    /// How many cells it has.
    pub cells: usize,
    /// Ends of lines in its cells.
    pub lines_within: u64,
    /// Whether it ends with one, rather than with the file.
    pub ends_line: bool,
    /// Whether all cells that are wanted are text.
    pub is_text: bool,
    /// Where the next one begins.
    pub end: usize,
}

impl Stretch<'_> {
    /// Where the record behind blank lines begins, none where the stretch ends before; and how many ends of lines are
    /// skipped: not that of which the record before has the first byte.
    pub fn skip_blank(&self, mut at: usize) -> (Option<usize>, u64) {
        let mut previous = at.checked_sub(1).and_then(|last| self.bytes.get(last)).copied().unwrap_or(self.before);
        let mut lines = 0;
        while let Some(byte @ (b'\n' | b'\r')) = self.bytes.get(at) {
            lines += u64::from(ends_line(previous, *byte));
            previous = *byte;
            at += 1;
        }
        ((at < self.bytes.len()).then_some(at), lines)
    }

    /// Appends the cells of the record at `at` to those of `rows`. What is not complete, or not as long as the others,
    /// is for the caller to take away.
    pub fn record(&self, mut at: usize, rows: &mut Rows) -> Result<Record, Cut> {
        let mut record = Record { cells: 0, lines_within: 0, ends_line: false, is_text: true, end: 0 };
        loop {
            let end = match rows.columns.get_mut(record.cells) {
                Some(cells) if cells.is_wanted => self.cell(at, cells, &mut record)?,
                _ => {
                    let rest = rows.columns.get(record.cells..).unwrap_or_default();
                    let (passed, next) = self.pass(at, rest.iter().take_while(|cells| !cells.is_wanted).count());
                    if passed > 0 {
                        record.cells += passed;
                        at = next;
                        continue;
                    }
                    let field = self.field(at)?;
                    record.lines_within += self.lines_within(&field);
                    field.end
                }
            };
            record.cells += 1;
            at = end + 1;
            let byte = self.bytes.get(end);
            if byte != Some(&self.delimiter) {
                record.ends_line = byte.is_some();
                record.end = at.min(self.bytes.len());
                return Ok(record);
            }
        }
    }

    /// Passes by at most so many cells that nobody wants, the first of which is at `start`: as long as they are neither
    /// quoted nor the last of their line. Gives how many they are, and where the next one begins.
    #[inline]
    fn pass(&self, mut start: usize, most: usize) -> (usize, usize) {
        let (mut passed, mut at) = (0, start);
        while passed < most
            && let Some(word) = self.bytes.get(at..).and_then(<[u8]>::first_chunk)
        {
            let word = u64::from_le_bytes(*word);
            let with = |byte: u8| all_zeros(word ^ (ONES * u64::from(byte)));
            if with(b'\n') | with(b'\r') | with(b'"') != 0 {
                break;
            }
            let mut delimiters = with(self.delimiter);
            while delimiters != 0 && passed < most {
                start = at + delimiters.trailing_zeros() as usize / 8 + 1;
                delimiters &= delimiters - 1;
                passed += 1;
            }
            at += 8;
        }
        (passed, start)
    }

    /// The cells of the record at `at`, none for those that are not text; and where it ends.
    pub fn texts(&self, mut at: usize) -> Result<(Vec<Option<String>>, usize), Cut> {
        let mut texts = Vec::new();
        loop {
            let field = self.field(at)?;
            texts.push(self.content(&field).map(Cow::into_owned));
            at = field.end + 1;
            if self.bytes.get(field.end) != Some(&self.delimiter) {
                return Ok((texts, at.min(self.bytes.len())));
            }
        }
    }

    /// Appends the cell at `at`; gives where it ends.
    #[inline]
    fn cell(&self, at: usize, cells: &mut Cells, record: &mut Record) -> Result<usize, Cut> {
        // Nearly every cell of a large table is a number with nothing around it.
        if let Some((number, end)) = short_number(self.bytes, at)
            && self.bytes.get(end).is_some_and(|byte| self.ends(*byte))
        {
            cells.push_number(number);
            return Ok(end);
        }
        self.any_cell(at, cells, record)
    }

    #[inline(never)]
    fn any_cell(&self, at: usize, cells: &mut Cells, record: &mut Record) -> Result<usize, Cut> {
        if let Some(rest @ [b'0'..=b'9' | b'-' | b'.', ..]) = self.bytes.get(at..)
            && let Some((number, length)) = leading_number(rest)
            && self.bytes.get(at + length).is_some_and(|byte| self.ends(*byte))
        {
            cells.push_number(number);
            return Ok(at + length);
        }
        let field = self.field(at)?;
        match self.content(&field) {
            Some(text) => cells.push(parse(&text)),
            None => {
                record.is_text = false;
                cells.push(Parsed::Missing);
            }
        }
        if field.goes_on {
            cells.note_going_on(&String::from_utf8_lossy(self.bytes.get(at..field.end).unwrap_or_default()));
        }
        record.lines_within += self.lines_within(&field);
        Ok(field.end)
    }

    fn ends(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }

    /// The cell at `at`. A quote has a meaning where a cell begins with one: until the next one that stands alone,
    /// nothing else has. What follows that belongs to the cell as it is.
    fn field(&self, at: usize) -> Result<Field, Cut> {
        if self.bytes.get(at) != Some(&b'"') {
            let end = self.end_from(at)?;
            return Ok(Field { content: at..end, has_quotes: false, goes_on: false, end });
        }
        let (start, mut from, mut has_quotes) = (at + 1, at + 1, false);
        loop {
            let Some(quote) = find(self.bytes, from, [b'"']) else {
                // As far as the end of the file: rows would be lost without a word.
                self.end_of_file()?;
                return Err(Cut::NeverCloses);
            };
            match self.bytes.get(quote + 1) {
                Some(b'"') => (from, has_quotes) = (quote + 2, true),
                Some(byte) if !self.ends(*byte) => {
                    let end = self.end_from(quote + 1)?;
                    let rest = self.bytes.get(quote + 1..end).unwrap_or_default();
                    let goes_on = !rest.trim_ascii().is_empty();
                    return Ok(Field { content: start..end, has_quotes: true, goes_on, end });
                }
                Some(_) => return Ok(Field { content: start..quote, has_quotes, goes_on: false, end: quote + 1 }),
                None => {
                    let end = self.end_of_file()?;
                    return Ok(Field { content: start..quote, has_quotes, goes_on: false, end });
                }
            }
        }
    }

    /// The first delimiter or end of a line.
    fn end_from(&self, at: usize) -> Result<usize, Cut> {
        find(self.bytes, at, [self.delimiter, b'\n', b'\r']).map_or_else(|| self.end_of_file(), Ok)
    }

    fn end_of_file(&self) -> Result<usize, Cut> {
        if self.is_last { Ok(self.bytes.len()) } else { Err(Cut::GoesOn) }
    }

    fn lines_within(&self, field: &Field) -> u64 {
        let is_quoted = field.content.start > 0 && self.bytes.get(field.content.start - 1) == Some(&b'"');
        if !is_quoted {
            return 0;
        }
        line_ends(self.bytes.get(field.content.clone()).unwrap_or_default())
    }

    /// What a cell says; none where it is not text.
    fn content(&self, field: &Field) -> Option<Cow<'_, str>> {
        let content = self.bytes.get(field.content.clone()).unwrap_or_default();
        if !field.has_quotes {
            return std::str::from_utf8(content).ok().map(Cow::Borrowed);
        }
        String::from_utf8(without_quotes(content)).ok().map(Cow::Owned)
    }
}

/// Whether a line ends with a byte, and did not with the one before.
fn ends_line(previous: u8, byte: u8) -> bool {
    byte == b'\r' || byte == b'\n' && previous != b'\r'
}

/// How many lines end in a text.
pub(super) fn line_ends(text: &[u8]) -> u64 {
    let previous = std::iter::once(&0).chain(text);
    previous.zip(text).filter(|(previous, byte)| ends_line(**previous, **byte)).count() as u64
}

/// The content of a cell in quotes: of two quotes one is meant, one alone is where the quoted part ends.
fn without_quotes(content: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(quote) = rest.iter().position(|byte| *byte == b'"') {
        let (before, after) = rest.split_at(quote);
        plain.extend_from_slice(before);
        match after {
            [_, b'"', behind @ ..] => {
                plain.push(b'"');
                rest = behind;
            }
            _ => {
                rest = after.get(1..).unwrap_or_default();
                break;
            }
        }
    }
    plain.extend_from_slice(rest);
    plain
}

/// The first place from `at` on where one of some bytes stands.
#[inline]
fn find<const N: usize>(bytes: &[u8], at: usize, wanted: [u8; N]) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let (words, tail) = rest.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = wanted.iter().fold(0, |found, byte| found | zeros(word ^ (ONES * u64::from(*byte))));
        if found != 0 {
            return Some(at + number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let in_tail = tail.iter().position(|byte| wanted.contains(byte))?;
    Some(at + words.len() * 8 + in_tail)
}
