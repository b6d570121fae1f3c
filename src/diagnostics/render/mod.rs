//! Diagnostics as text: for people, one line each, JSON, SARIF.

mod human;
mod json;
mod lines;
mod sarif;
mod short;
#[cfg(test)]
mod tests;

use super::{Diagnostic, Severity};
use crate::source::{FileId, LineColumn, SourceFile, SourceMap};

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// With the source, labels and help.
    #[default]
    Human,
    /// `file:line:column: error[E0301]: message`.
    Short,
    /// One JSON object with all of them, as LANGUAGE.md fixes it.
    Json,
    /// A SARIF 2.1.0 log, which code hosts and editors read.
    Sarif,
}

/// What the output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether ANSI colours may be used.
    pub color: bool,
    /// Columns that there are, at least 40; none where lines may be as long as they want.
    pub width: Option<usize>,
}

/// One diagnostic, ending with a newline. In JSON and SARIF it is the diagnostic's own object.
pub fn render(sources: &SourceMap, diagnostic: &Diagnostic, format: Format, style: Style) -> String {
    match format {
        Format::Human => human::human(sources, diagnostic, style),
        Format::Short => short::short(sources, diagnostic),
        Format::Json => format!("{}\n", json::object(sources, diagnostic)),
        Format::Sarif => format!("{}\n", sarif::result(sources, diagnostic)),
    }
}

/// All diagnostics in one format, ready to print.
pub fn render_all(sources: &SourceMap, diagnostics: &[Diagnostic], format: Format, style: Style) -> String {
    render_files(&[(sources, diagnostics)], format, style)
}

/// All diagnostics of several programs, each with its own texts, ready to print.
pub fn render_files(files: &[(&SourceMap, &[Diagnostic])], format: Format, style: Style) -> String {
    let all = || files.iter().flat_map(|(sources, found)| found.iter().map(move |d| (*sources, d)));
    match format {
        Format::Human => {
            let drawn: Vec<String> = all().map(|(sources, d)| human::human(sources, d, style)).collect();
            drawn.join("\n")
        }
        Format::Short => all().map(|(sources, d)| short::short(sources, d)).collect(),
        Format::Json => json::all(all()),
        Format::Sarif => sarif::log(all()),
    }
}

fn file_of(sources: &SourceMap, id: FileId) -> Option<&SourceFile> {
    sources.files().nth(id.0 as usize).map(|(_, file)| file)
}

fn path_of(sources: &SourceMap, id: FileId) -> String {
    file_of(sources, id).map_or("?".to_owned(), |f| f.path.display().to_string())
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Line and column of a byte; bytes past the end count as the end.
fn position(sources: &SourceMap, id: FileId, offset: u32) -> LineColumn {
    let start = LineColumn { line: 1, column: 1 };
    file_of(sources, id).map_or(start, |f| f.lines.line_column(&f.text, offset as usize))
}
