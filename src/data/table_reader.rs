//! Reading tables some rows at a time, from CSV files and from memory alike.

use super::cell::Parsed;
use super::csv::read_csv;
use super::field_expr::{FieldExpr, FieldNode};
use super::generators::{MemoryTable, generate};
use super::image_folder::{ImageEntry, images};
use super::place::Place;
use super::plan::DataPlan;
use super::problem::{DataProblem, Found};
use super::rows::Rows;
use super::source_spec::{DataFile, LINE, SourceSpec, Split};
use std::collections::HashMap;

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
    /// The rows that follow; in a column that is not wanted there are no cells.
    fn rows(&mut self, rows: &Rows) -> Found<()>;
}

/// Rows that a sink receives at once.
const AT_ONCE: usize = 1024;

/// Passes rows on to a sink, some at a time.
struct ToSink<'a> {
    sink: &'a mut dyn TableSink,
    rows: Rows,
    count: u64,
}

impl ToSink<'_> {
    fn new<'a>(columns: &[String], sink: &'a mut dyn TableSink) -> Found<ToSink<'a>> {
        let rows = Rows::new(&sink.header(columns)?);
        Ok(ToSink { sink, rows, count: 0 })
    }

    /// Takes the next row.
    fn row<'c>(&mut self, cells: impl Iterator<Item = Parsed<'c>>) -> Found<()> {
        self.count += 1;
        self.rows.lines.push(self.count);
        self.rows.columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
        if self.rows.lines.len() == AT_ONCE { self.pass() } else { Ok(()) }
    }

    fn pass(&mut self) -> Found<()> {
        self.sink.rows(&self.rows)?;
        self.rows.truncate(0);
        Ok(())
    }

    /// Passes on what is left; gives the number of rows.
    fn finish(mut self) -> Found<u64> {
        self.pass()?;
        Ok(self.count)
    }
}

/// Reads a part to its end; gives the number of rows.
pub(crate) fn read(part: &TablePart, sink: &mut dyn TableSink) -> Found<u64> {
    match part {
        TablePart::File(file) => read_csv(file, sink),
        TablePart::Lines(file) => read_lines(file, sink),
        TablePart::Images(_, images) => {
            let mut to = ToSink::new(&[LABEL.to_string()], sink)?;
            for image in images {
                // The name of a folder is a name, even where it is 7 or NA.
                let label = image.label.as_deref().map_or(Parsed::Missing, Parsed::Text);
                to.row(std::iter::once(label))?;
            }
            to.finish()
        }
        TablePart::Memory(table, name) => {
            no_duplicates(&table.columns, name)?;
            let mut to = ToSink::new(&table.columns, sink)?;
            table.each(&mut |cells| to.row(cells))?;
            match to.finish()? {
                0 => Err(Box::new(DataProblem::Empty { written: name.to_string(), header: true })),
                rows => Ok(rows),
            }
        }
    }
}

/// A line without anything in it is missing, as an empty cell is.
fn read_lines(file: &DataFile, sink: &mut dyn TableSink) -> Found<u64> {
    let text = super::tokens::read_text(file)?;
    let mut to = ToSink::new(&[LINE.to_string()], sink)?;
    for line in text.lines() {
        to.row(std::iter::once(if line.is_empty() { Parsed::Missing } else { Parsed::Text(line) }))?;
    }
    match text.trim().is_empty() {
        true => Err(Box::new(DataProblem::Empty { written: file.written.clone(), header: false })),
        false => to.finish(),
    }
}

/// Errors: two columns of one name.
pub(super) fn no_duplicates(columns: &[String], source: &str) -> Found<()> {
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
            Ok(vec![false; columns.len()])
        }
        fn rows(&mut self, rows: &Rows) -> Found<()> {
            let at = self.row.checked_sub(self.seen).and_then(|at| usize::try_from(at).ok());
            self.line = self.line.or_else(|| rows.lines.get(at?).copied());
            self.seen += rows.lines.len() as u64;
            Ok(())
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
