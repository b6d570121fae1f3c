//! Where something is declared: in a program, in a file that a string names, in the header of a table.

use super::names::{Meaning, Names};
use crate::source::{FileId, SourceMap, Span};
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The longest header that is looked at: a file without line breaks is no table.
const LONGEST_HEADER: u64 = 1 << 20;

/// Where something is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The name that was asked about.
    pub origin: Span,
    /// Where it leads.
    pub target: Target,
}

/// Where a definition leads.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// To a declaration in a program.
    Program {
        /// The whole of it.
        whole: Span,
        /// Its name.
        name: Span,
    },
    /// To a file.
    File(PathBuf),
    /// To a place in the first line of a file.
    Header {
        /// The file.
        path: PathBuf,
        /// Its first line.
        line: String,
        /// The bytes of the line that are meant.
        range: Range<usize>,
    },
}

/// Where the name at a place is declared. Several places where the data lies in several files.
pub fn definition(names: &Names, sources: &SourceMap, file: FileId, offset: usize) -> Vec<Definition> {
    let Some(name) = names.at(file, offset) else { return Vec::new() };
    let leads_to = |target| Definition { origin: name.span, target };
    match &name.meaning {
        Meaning::Declared(id) => {
            let declaration = names.declaration(*id);
            let target = Target::Program { whole: declaration.whole, name: declaration.span };
            vec![leads_to(target)]
        }
        Meaning::File(path) => matching_files(path).into_iter().map(|p| leads_to(Target::File(p))).collect(),
        Meaning::Column(table) => {
            let Some(table) = names.tables.get(*table) else { return Vec::new() };
            let files = table.files.iter().flat_map(|(_, path)| matching_files(path));
            if table.source != "csv" {
                return files.map(|path| leads_to(Target::File(path))).collect();
            }
            let column = sources.text(name.span);
            files.map(|path| leads_to(in_header(path, column))).collect()
        }
        Meaning::Entry(_)
        | Meaning::Parameter(..)
        | Meaning::Choice(..)
        | Meaning::Setting(_)
        | Meaning::SmallWord(_)
        | Meaning::Label
        | Meaning::WeightPath
        | Meaning::Missing
        | Meaning::Unknown => Vec::new(),
    }
}

/// The files that a path or a pattern such as `part-*.csv` names.
fn matching_files(path: &Path) -> Vec<PathBuf> {
    let pattern = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let Some((start, end)) = pattern.split_once('*') else {
        return if path.exists() { vec![path.to_owned()] } else { Vec::new() };
    };
    let Some(entries) = path.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else { return Vec::new() };
    let fits = |path: &PathBuf| {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let mut found: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).filter(fits).collect();
    found.sort();
    found
}

/// A column in the first line of a file; the file where it is not found there (it may be compressed).
fn in_header(path: PathBuf, column: &str) -> Target {
    let Some(line) = first_line(&path) else { return Target::File(path) };
    match column_in(&line, column) {
        Some(range) => Target::Header { path, line, range },
        None => Target::File(path),
    }
}

fn first_line(path: &Path) -> Option<String> {
    // To open a pipe would wait for who writes to it.
    let file = std::fs::metadata(path).is_ok_and(|about| about.is_file()).then(|| std::fs::File::open(path).ok())??;
    let mut bytes = Vec::new();
    let mut reader = BufReader::new(std::io::Read::take(file, LONGEST_HEADER));
    reader.read_until(b'\n', &mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split(['\n', '\r']).next().unwrap_or_default().to_owned())
}

/// The bytes of a cell of a line, without its quotes.
fn column_in(line: &str, column: &str) -> Option<Range<usize>> {
    let mut start = 0;
    let mut is_quoted = false;
    let ends = line.char_indices().filter(|(_, c)| {
        if *c == '"' {
            is_quoted = !is_quoted;
        }
        !is_quoted && matches!(c, ',' | ';' | '\t')
    });
    let ends: Vec<usize> = ends.map(|(at, _)| at).chain([line.len()]).collect();
    for end in ends {
        let cell = line.get(start..end)?;
        let name = cell.trim_matches(|c: char| c == '"' || c == '\u{FEFF}' || c.is_whitespace());
        if name == column {
            let from = start + cell.find(name)?;
            return Some(from..from + name.len());
        }
        start = end + 1;
    }
    None
}
