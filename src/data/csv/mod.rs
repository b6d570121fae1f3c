//! Reading CSV files, a stretch after the other.

mod number;
mod record;
#[cfg(test)]
mod tests;

pub(super) use number::leading_number;

use super::files::{failure, open};
use super::place::Place;
use super::problem::{DataProblem, FirstLine, Found};
use super::rows::Rows;
use super::source_spec::DataFile;
use super::table_reader::{TableSink, no_duplicates};
use record::{Cut, Stretch, line_ends};
use std::io::{Cursor, Read};

/// Bytes that are read at once, unless a record has more: few enough that they and their cells stay in the cache.
const STRETCH: usize = 1 << 17;

/// Reads a file to its end; gives the number of rows.
pub(super) fn read_csv(file: &DataFile, sink: &mut dyn TableSink) -> Found<u64> {
    read_in_stretches(file, sink, STRETCH)
}

fn read_in_stretches(file: &DataFile, sink: &mut dyn TableSink, stretch: usize) -> Found<u64> {
    let mut reader = Reader::new(file, stretch)?;
    let Some(columns) = reader.header()? else {
        return Err(Box::new(DataProblem::Empty { written: file.written.clone(), header: false }));
    };
    no_duplicates(&columns, &file.written)?;
    let mut rows = Rows::new(&sink.header(&columns)?);
    let mut count = 0;
    loop {
        let is_last = reader.is_last;
        reader.rows(&mut rows)?;
        if !rows.lines.is_empty() {
            count += rows.lines.len() as u64;
            sink.rows(&rows)?;
            rows.truncate(0);
        }
        if is_last {
            break;
        }
        reader.fill()?;
    }
    match count {
        0 => Err(Box::new(DataProblem::Empty { written: file.written.clone(), header: true })),
        _ => Ok(count),
    }
}

/// What ends a line: either alone, or the first before the second.
const ENDS: [u8; 2] = *b"\r\n";

/// A mark of the order of bytes, as a text in UTF-8 may begin with.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How files begin that are no text, whatever their names say; what they are; and what to do with them.
const FORMATS: &[(&[u8], &str, &str)] = &[
    (b"\x00\x00\x08", "an array of bytes, as `idx` has them", "`idx(\"…\")` reads it"),
    (b"\x93NUMPY", "a NumPy array", "`npy(\"…\")` reads it"),
    (
        b"PK\x03\x04",
        "a zip archive or an Excel sheet",
        "save the sheet as CSV, or unpack the archive; archives of NumPy are read by `npz(\"…\")`",
    ),
    (b"\xd0\xcf\x11\xe0", "an Excel sheet", "save the sheet as CSV"),
    (b"PAR1", "a Parquet file", "write it as CSV, for example by `pandas.read_parquet(\"a\").to_csv(\"a.csv\")`"),
    (b"\x89HDF", "an HDF5 file", "write its table as CSV, or its arrays as `.npy`"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    (b"\x89PNG", "an image", "`image_folder(\"…\", size: [28, 28])` reads folders of images"),
    (b"\xff\xd8\xff", "an image", "`image_folder(\"…\", size: [28, 28])` reads folders of images"),
    (b"%PDF", "a PDF", "save its table as CSV"),
];

/// How web pages begin. `<date>,<open>` are columns.
const PAGES: [&str; 9] = ["<!doctype", "<!--", "<?xml", "<html", "<head>", "<body", "<table>", "<table ", "<div"];

/// What a text is that is no table, by how it begins.
fn no_table(head: &[u8]) -> Option<FirstLine> {
    let begins = |text: &str| head.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()));
    let second = || head.get(1..).unwrap_or_default().trim_ascii_start().first();
    match head.first()? {
        b'<' if PAGES.iter().any(|page| begins(page)) => Some(FirstLine::Page),
        b'{' if matches!(second(), Some(b'"' | b'}')) => Some(FirstLine::Json),
        b'[' if matches!(second(), Some(b'{' | b'[' | b'"')) => Some(FirstLine::Json),
        _ => None,
    }
}

/// What separates cells (commas, unless the first line that is not blank has none but tabs or semicolons), and the file
/// from its beginning, without a mark of the order of bytes.
fn begin(file: &DataFile) -> Found<(u8, Box<dyn Read>)> {
    let mut reader = open(file)?;
    let mut head = Vec::new();
    reader.by_ref().take(1 << 14).read_to_end(&mut head).map_err(|e| failure(file, &e))?;
    if let Some((_, format, instead)) = FORMATS.iter().find(|(mark, ..)| head.starts_with(mark)) {
        return Err(Box::new(DataProblem::OtherFormat { written: file.written.clone(), format, instead }));
    }
    let text = head.strip_prefix(MARK).unwrap_or(&head).trim_ascii_start();
    if let Some(reading) = no_table(text) {
        let line = text.split(|byte| ENDS.contains(byte)).next().unwrap_or_default().trim_ascii_end();
        let (source, line) = (file.written.clone(), String::from_utf8_lossy(line).into_owned());
        return Err(Box::new(DataProblem::NoHeader { source, line, reading }));
    }
    let line = head.split(|byte| ENDS.contains(byte)).find(|line| !line.is_empty()).unwrap_or_default();
    let delimiter = [b',', b'\t', b';'].into_iter().find(|d| line.contains(d)).unwrap_or(b',');
    let mut head = Cursor::new(head);
    if head.get_ref().starts_with(MARK) {
        head.set_position(MARK.len() as u64);
    }
    Ok((delimiter, Box::new(head.chain(reader))))
}

/// A file that is being read.
struct Reader<'a> {
    file: &'a DataFile,
    content: Box<dyn Read>,
    delimiter: u8,
    /// What is in memory.
    bytes: Vec<u8>,
    /// How many bytes are read at once.
    stretch: usize,
    /// What of it was read.
    at: usize,
    /// The line there.
    line: u64,
    /// What stands before `bytes`.
    before: u8,
    /// Whether the file ends where `bytes` end.
    is_last: bool,
}

impl Reader<'_> {
    fn new(file: &DataFile, stretch: usize) -> Found<Reader<'_>> {
        let (delimiter, content) = begin(file)?;
        let bytes = Vec::with_capacity(stretch);
        let mut reader = Reader { file, content, delimiter, bytes, stretch, at: 0, line: 1, before: 0, is_last: false };
        reader.fill()?;
        Ok(reader)
    }

    /// Goes on to the next stretch; to a longer one where nothing of this was read.
    fn fill(&mut self) -> Found<()> {
        self.before = self.at.checked_sub(1).and_then(|last| self.bytes.get(last)).copied().unwrap_or(self.before);
        self.bytes.drain(..self.at);
        self.at = 0;
        let more = self.stretch.max(2 * self.bytes.len()) - self.bytes.len();
        let taken = self.content.by_ref().take(more as u64).read_to_end(&mut self.bytes);
        self.is_last = taken.map_err(|e| failure(self.file, &e))? < more;
        Ok(())
    }

    fn stretch(&self) -> Stretch<'_> {
        Stretch { bytes: &self.bytes, before: self.before, is_last: self.is_last, delimiter: self.delimiter }
    }

    /// The names of the columns; none where there is nothing but blank lines.
    fn header(&mut self) -> Found<Option<Vec<String>>> {
        loop {
            let stretch = self.stretch();
            let (start, blank) = stretch.skip_blank(self.at);
            let read = start.map(|start| (start, stretch.texts(start)));
            if let Some((_, Err(Cut::NeverCloses))) = read {
                return Err(Box::new(DataProblem::NeverCloses { place: self.place(self.line + blank) }));
            }
            if let Some((start, Ok((names, end)))) = read {
                let header = self.bytes.get(start..end).unwrap_or_default();
                self.line += blank + line_ends(header);
                self.at = end;
                let no_text = || Box::new(DataProblem::NotUtf8 { place: self.place(1) });
                let name = |name: Option<String>| name.map(|n| n.trim().to_string()).ok_or_else(no_text);
                return names.into_iter().map(name).collect::<Found<_>>().map(Some);
            }
            if self.is_last {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// All rows of the stretch, but one that goes on behind it.
    fn rows(&mut self, rows: &mut Rows) -> Found<()> {
        let stretch = self.stretch();
        let (mut at, mut line) = (self.at, self.line);
        loop {
            let (start, blank) = stretch.skip_blank(at);
            line += blank;
            let Some(start) = start else {
                at = stretch.bytes.len();
                break;
            };
            let row = rows.lines.len();
            match stretch.record(start, rows) {
                Err(Cut::GoesOn) => {
                    rows.truncate(row);
                    at = start;
                    break;
                }
                Err(Cut::NeverCloses) => {
                    return Err(Box::new(DataProblem::NeverCloses { place: self.place(line) }));
                }
                Ok(record) if record.cells != rows.columns.len() => {
                    let (place, cells, columns) = (self.place(line), record.cells, rows.columns.len());
                    let over_lines = record.lines_within > 0;
                    return Err(Box::new(DataProblem::RaggedRow { place, cells, columns, over_lines }));
                }
                Ok(record) if !record.is_text => {
                    return Err(Box::new(DataProblem::NotUtf8 { place: self.place(line) }));
                }
                Ok(record) => {
                    rows.lines.push(line);
                    line += record.lines_within + u64::from(record.ends_line);
                    at = record.end;
                }
            }
        }
        (self.at, self.line) = (at, line);
        Ok(())
    }

    fn place(&self, line: u64) -> Place {
        Place { source: self.file.written.clone(), line, in_file: true }
    }
}
