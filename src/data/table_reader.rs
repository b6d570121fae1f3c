//! Reading tables cell by cell, from CSV files and from memory alike.

use super::cell::{Parsed, parse};
use super::field_expr::{FieldExpr, FieldNode};
use super::files::{failure, open};
use super::generators::{MemoryTable, generate};
use super::image_folder::{ImageEntry, images};
use super::place::Place;
use super::plan::DataPlan;
use super::problem::{DataProblem, Found};
use super::source_spec::{DataFile, LINE, SourceSpec, Split};
use std::collections::HashMap;
use std::io::{Cursor, Read};

/// The column of a folder of images.
pub(crate) const LABEL: &str = "label";

/// A piece of a table that is read in one go.
pub(crate) enum TablePart {
    /// A CSV file.
    File(DataFile),
    /// A text file, a row a line.
    Lines(DataFile),
    /// The images of a folder, as a table of their labels.
    Images(DataFile, Vec<ImageEntry>),
    /// Literal or generated rows, with their source's name.
    Memory(MemoryTable, &'static str),
}

impl TablePart {
    /// How messages call it.
    pub(crate) fn name(&self) -> &str {
        match self {
            TablePart::File(f) | TablePart::Lines(f) | TablePart::Images(f, _) => &f.written,
            TablePart::Memory(_, name) => name,
        }
    }

    /// The place of a line (of a file) or of a row (from 0) of rows in memory.
    pub(crate) fn place(&self, line: u64) -> Place {
        if let TablePart::Images(_, images) = self
            && let Some(image) = line.checked_sub(1).and_then(|row| images.get(row as usize))
        {
            return Place { source: image.file.written.clone(), line: 0, in_file: true };
        }
        let in_file = matches!(self, TablePart::File(_) | TablePart::Lines(_));
        Place { source: self.name().to_string(), line, in_file }
    }
}

/// The pieces of a source of tables, in the order in which rows are numbered.
pub(crate) fn parts(source: &SourceSpec) -> Found<Vec<(Split, TablePart)>> {
    if let Some(table) = generate(source)? {
        return Ok(vec![(Split::Train, TablePart::Memory(table, source.name()))]);
    }
    if source.is_image_folder() {
        let folders = images(source)?.into_iter();
        return Ok(folders.map(|(split, folder, images)| (split, TablePart::Images(folder, images))).collect());
    }
    let mut parts = Vec::new();
    let (files, part): (_, fn(DataFile) -> TablePart) = match source {
        SourceSpec::Csv(files) => (files, TablePart::File),
        SourceSpec::Lines(files) => (files, TablePart::Lines),
        _ => return Ok(parts),
    };
    for (split, files) in files.parts() {
        parts.extend(super::files::expand(files)?.into_iter().map(|f| (split, part(f))));
    }
    Ok(parts)
}

/// Receives a table as it is read.
pub(crate) trait TableSink {
    /// The names of the columns; says for each whether its cells are wanted.
    fn header(&mut self, columns: &[String]) -> Found<Vec<bool>>;
    /// A cell, row by row and within a row column by column. `line` is the place's.
    fn cell(&mut self, column: usize, line: u64, cell: Parsed<'_>);
}

/// Reads a part to its end; gives the number of rows.
pub(crate) fn read(part: &TablePart, sink: &mut dyn TableSink) -> Found<u64> {
    match part {
        TablePart::File(file) => read_csv(file, part, sink),
        TablePart::Lines(file) => read_lines(file, sink),
        TablePart::Images(_, images) => {
            if sink.header(&[LABEL.to_string()])?.first().copied().unwrap_or(false) {
                for (row, image) in (1..).zip(images) {
                    // The name of a folder is a name, even where it is 7 or NA.
                    sink.cell(0, row, image.label.as_deref().map_or(Parsed::Missing, Parsed::Text));
                }
            }
            Ok(images.len() as u64)
        }
        TablePart::Memory(table, name) => {
            no_duplicates(&table.columns, name)?;
            let wanted = sink.header(&table.columns)?;
            let rows = table.each(&mut |row, column, cell| {
                if wanted.get(column).copied().unwrap_or(false) {
                    sink.cell(column, row, cell);
                }
            });
            match rows {
                0 => Err(Box::new(DataProblem::Empty { written: name.to_string(), header: true })),
                _ => Ok(rows),
            }
        }
    }
}

/// A line without anything in it is missing, as an empty cell is.
fn read_lines(file: &DataFile, sink: &mut dyn TableSink) -> Found<u64> {
    let text = super::tokens::read_text(file)?;
    let wanted = sink.header(&[LINE.to_string()])?.first().copied().unwrap_or(false);
    let mut rows = 0u64;
    for line in text.lines() {
        rows += 1;
        if wanted {
            sink.cell(0, rows, if line.is_empty() { Parsed::Missing } else { Parsed::Text(line) });
        }
    }
    match text.trim().is_empty() {
        true => Err(Box::new(DataProblem::Empty { written: file.written.clone(), header: false })),
        false => Ok(rows),
    }
}

fn read_csv(file: &DataFile, part: &TablePart, sink: &mut dyn TableSink) -> Found<u64> {
    let (delimiter, crlf, reader) = begin(file)?;
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(delimiter).from_reader(reader);
    let mut record = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(|e| csv_failure(file, e))? {
        return Err(Box::new(DataProblem::Empty { written: file.written.clone(), header: false }));
    }
    let mut columns = Vec::with_capacity(record.len());
    for cell in &record {
        columns.push(text(cell, || part.place(1))?.trim().to_string());
    }
    no_duplicates(&columns, &file.written)?;
    let wanted = sink.header(&columns)?;
    let mut rows = 0u64;
    while reader.read_byte_record(&mut record).map_err(|e| csv_failure(file, e))? {
        let line = line_of(&record, reader.position().line(), crlf);
        if record.len() != columns.len() {
            let over_lines = record.as_slice().contains(&b'\n');
            let (place, cells, columns) = (part.place(line), record.len(), columns.len());
            return Err(Box::new(DataProblem::RaggedRow { place, cells, columns, over_lines }));
        }
        // All cells are looked at together whether they are UTF-8, which is much faster than one by one.
        let is_wanted = |column: &usize| wanted.get(*column).copied().unwrap_or(false);
        match csv::StringRecord::from_byte_record(std::mem::take(&mut record)) {
            Ok(cells) => {
                let cells_wanted = cells.iter().enumerate().filter(|(column, _)| is_wanted(column));
                cells_wanted.for_each(|(column, cell)| sink.cell(column, line, parse(cell)));
                record = cells.into_byte_record();
            }
            // It may be one that nobody wants.
            Err(error) => {
                record = error.into_byte_record();
                for (column, cell) in record.iter().enumerate().filter(|(column, _)| is_wanted(column)) {
                    sink.cell(column, line, parse(text(cell, || part.place(line))?));
                }
            }
        }
        rows += 1;
    }
    if rows == 0 {
        return Err(Box::new(DataProblem::Empty { written: file.written.clone(), header: true }));
    }
    Ok(rows)
}

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

/// What separates cells (commas, unless the first line has none but tabs or semicolons), whether lines end in CR LF, and
/// the file from its beginning.
fn begin(file: &DataFile) -> Found<(u8, bool, Box<dyn Read>)> {
    let mut reader = open(file)?;
    let mut head = Vec::new();
    reader.by_ref().take(1 << 14).read_to_end(&mut head).map_err(|e| failure(file, &e))?;
    if let Some((_, format, instead)) = FORMATS.iter().find(|(mark, ..)| head.starts_with(mark)) {
        return Err(Box::new(DataProblem::OtherFormat { written: file.written.clone(), format, instead }));
    }
    let line = head.split(|b| *b == b'\n').next().unwrap_or(&[]);
    let delimiter = [b',', b'\t', b';'].into_iter().find(|d| line.contains(d)).unwrap_or(b',');
    Ok((delimiter, line.ends_with(b"\r"), Box::new(Cursor::new(head).chain(reader))))
}

/// The line that a record begins on. The reader counts line feeds: where it says a record begins, blank lines may
/// follow, and where lines end in CR LF, the LF of a record is read with the next one.
fn line_of(record: &csv::ByteRecord, after: u64, crlf: bool) -> u64 {
    let before = record.position().map_or(0, csv::Position::line);
    let within = record.as_slice().iter().filter(|b| **b == b'\n').count() as u64;
    if crlf { after.saturating_sub(within) } else { before.max(after.saturating_sub(within + 1)) }
}

fn text(cell: &[u8], place: impl Fn() -> Place) -> Found<&str> {
    std::str::from_utf8(cell).map_err(|_| Box::new(DataProblem::NotUtf8 { place: place() }))
}

fn csv_failure(file: &DataFile, error: csv::Error) -> Box<DataProblem> {
    match error.into_kind() {
        csv::ErrorKind::Io(e) => failure(file, &e),
        other => Box::new(DataProblem::Unreadable { written: file.written.clone(), reason: format!("{other:?}") }),
    }
}

fn no_duplicates(columns: &[String], source: &str) -> Found<()> {
    let mut seen = HashMap::new();
    for (i, column) in columns.iter().enumerate() {
        if let Some(first) = seen.insert(column.as_str(), i) {
            let (column, source) = (column.clone(), source.to_string());
            return Err(Box::new(DataProblem::DuplicateColumn { column, source, positions: (first + 1, i + 1) }));
        }
    }
    Ok(())
}

/// Where an example of a data block begins, by its number in [`Dataset::ids`](super::Dataset::ids). Reads the source
/// again, so it is for messages only.
pub fn place_of_row(plan: &DataPlan, id: u32) -> Option<Place> {
    let of_field = |expr: &FieldExpr| -> Option<Place> {
        let mut found = None;
        expr.walk(&mut |expr| {
            found = found.take().or_else(|| match &*expr.node {
                FieldNode::Columns { table, .. } => place_of(table.origin(), u64::from(id)),
                FieldNode::Array(source) if source.is_image_folder() => place_of(source, u64::from(id)),
                FieldNode::Array(source) => {
                    let source = source.files()?.parts().into_iter().next()?.1.first()?.written.clone();
                    Some(Place { source, line: u64::from(id) + 1, in_file: false })
                }
                _ => None,
            });
        });
        found
    };
    plan.fields.iter().find_map(|field| of_field(&field.expr))
}

/// Where a row (from 0, over all parts) stands. Reads the source again, so it is for messages only.
pub(crate) fn place_of(source: &SourceSpec, row: u64) -> Option<Place> {
    struct Find {
        row: u64,
        seen: u64,
        line: Option<u64>,
    }
    impl TableSink for Find {
        fn header(&mut self, columns: &[String]) -> Found<Vec<bool>> {
            Ok((0..columns.len()).map(|i| i == 0).collect())
        }
        fn cell(&mut self, _: usize, line: u64, _: Parsed<'_>) {
            if self.seen == self.row {
                self.line = Some(line);
            }
            self.seen += 1;
        }
    }
    let mut find = Find { row, seen: 0, line: None };
    for (_, part) in parts(source).ok()? {
        read(&part, &mut find).ok()?;
        if let Some(line) = find.line {
            return Some(part.place(line));
        }
    }
    None
}
