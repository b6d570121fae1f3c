//! Diagnostics for people: the source, marked (the only user of ariadne).

use super::lines::{CutText, TAB, folded, wrapped};
use super::{Style, file_of, path_of, position, short::short, word};
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, SourceMap, Span};
use ariadne::{Cache, CharSet, Color, Config, IndexType, Label, Report, ReportKind, Source};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// No drawing is made narrower: where there is less, the terminal breaks the lines.
const NARROWEST: usize = 40;

/// A label's place as ariadne wants it: in characters, which never cuts one in two.
struct Place {
    file: FileId,
    range: Range<usize>,
}

impl ariadne::Span for Place {
    type SourceId = FileId;

    fn source(&self) -> &FileId {
        &self.file
    }

    fn start(&self) -> usize {
        self.range.start
    }

    fn end(&self) -> usize {
        self.range.end
    }
}

/// The texts that a diagnostic's labels point into.
struct Texts<'a> {
    sources: &'a SourceMap,
    shown: HashMap<FileId, Source<String>>,
    empty: Source<String>,
}

impl Cache<FileId> for Texts<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl fmt::Debug> {
        Ok::<_, String>(self.shown.get(id).unwrap_or(&self.empty))
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl fmt::Display + 'a> {
        Some(path_of(self.sources, *id))
    }
}

/// The text with one character for each of its own, none of which starts a line but `\n`, and none of which a terminal
/// would obey.
fn showable(text: &str) -> String {
    let show = |c: char| match c {
        '\n' | '\t' => c,
        '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' => ' ',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    };
    text.chars().map(show).collect()
}

fn char_count(text: &str, offset: u32) -> usize {
    let mut offset = (offset as usize).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    text.get(..offset).map_or(0, |t| t.chars().count())
}

/// A span in characters.
fn characters(sources: &SourceMap, span: Span) -> Range<usize> {
    let Some(file) = file_of(sources, span.file) else { return 0..0 };
    let text: &str = &file.text;
    let start = char_count(text, span.start);
    let covered = text.get(span.range()).unwrap_or("");
    // White space at the end of a span would stretch it to the next line.
    let trimmed = covered.trim_end();
    let length = if trimmed.is_empty() {
        covered.lines().next().map_or(0, |l| l.chars().count())
    } else {
        trimmed.chars().count()
    };
    start..start + length.max(1)
}

const SECONDARY: [Color; 5] = [Color::Cyan, Color::Magenta, Color::Green, Color::Yellow, Color::Blue];

/// The files of a diagnostic's labels as they are shown, long lines cut.
fn shown_files(sources: &SourceMap, diagnostic: &Diagnostic, width: Option<usize>) -> HashMap<FileId, CutText> {
    let mut shown = HashMap::new();
    for label in &diagnostic.labels {
        let id = label.span.file;
        let Some(file) = file_of(sources, id) else { continue };
        shown.entry(id).or_insert_with(|| {
            let in_file = diagnostic.labels.iter().filter(|l| l.span.file == id);
            let marks: Vec<Range<usize>> = in_file.map(|l| characters(sources, l.span)).collect();
            // In front of a line stand its number and the margin.
            let margin = file.lines.line_count().to_string().len() + 4;
            CutText::new(&showable(&file.text), width.map(|w| w.saturating_sub(margin)), &marks)
        });
    }
    shown
}

pub(super) fn human(sources: &SourceMap, diagnostic: &Diagnostic, style: Style) -> String {
    let width = style.width.map(|w| w.max(NARROWEST));
    let primary = match diagnostic.severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
    };
    let config = Config::new()
        .with_color(style.color)
        .with_compact(false)
        .with_index_type(IndexType::Char)
        .with_char_set(CharSet::Unicode)
        .with_tab_width(TAB);
    let cut = shown_files(sources, diagnostic, width);
    let place = |span: Span| {
        let range = characters(sources, span);
        let Some(text) = cut.get(&span.file) else { return Place { file: span.file, range } };
        let (start, end) = (text.position(range.start), text.position(range.end));
        Place { file: span.file, range: start..end.max(start + 1) }
    };
    let mut report = Report::build(ReportKind::Error, place(diagnostic.span())).with_config(config);
    // ariadne begins a new box where a label stands before the last one, so they come in text order, the primary file first.
    let mut labels: Vec<_> = diagnostic.labels.iter().enumerate().collect();
    labels.sort_by_key(|(_, l)| {
        (
            l.span.file != diagnostic.span().file,
            l.span.file,
            position(sources, l.span.file, l.span.end).line,
            l.span.start,
        )
    });
    for (i, label) in labels {
        let color = if i == 0 { primary } else { SECONDARY[(i - 1) % SECONDARY.len()] };
        let mut shown = Label::new(place(label.span)).with_color(color);
        // The primary label is the last to be hidden where labels overlap.
        shown = shown.with_priority(i32::from(i == 0));
        if !label.message.is_empty() {
            shown = shown.with_message(&label.message);
        }
        report = report.with_label(shown);
    }
    // `  12 │ Help 1: `
    let beside = file_of(sources, diagnostic.span().file).map_or(1, |f| f.lines.line_count().to_string().len()) + 12;
    let fit = |text: &str| width.map_or(text.to_owned(), |w| wrapped(text, w.saturating_sub(beside)).join("\n"));
    for note in &diagnostic.notes {
        report.add_note(fit(note));
    }
    for help in &diagnostic.help {
        report.add_help(fit(help));
    }
    for fix in &diagnostic.fixes {
        if !diagnostic.help.contains(&fix.title) {
            report.add_help(fit(&fix.title));
        }
    }
    let shown = cut.into_iter().map(|(file, text)| (file, Source::from(text.text))).collect();
    let texts = Texts { sources, shown, empty: Source::from(String::new()) };
    let mut out = Vec::new();
    if report.finish().write(texts, &mut out).is_err() {
        return short(sources, diagnostic);
    }
    let drawn = String::from_utf8_lossy(&out);
    // ariadne's own header cannot say `error[E0301]`, and its empty margin lines make a page of three errors.
    let body = drawn.lines().skip(1).map(str::trim_end).filter(|line| !is_empty_margin(line));
    let mut text = header(diagnostic, style.color, width);
    for line in body {
        for line in width.map_or_else(|| vec![line.to_owned()], |w| folded(line, w)) {
            text.push('\n');
            text.push_str(&line);
        }
    }
    text.push('\n');
    text
}

/// `error[E0301]: message`
fn header(diagnostic: &Diagnostic, color: bool, width: Option<usize>) -> String {
    let kind = format!("{}[{}]", word(diagnostic.severity), diagnostic.code);
    let whole = format!("{kind}: {}", diagnostic.message);
    let whole = width.map_or(whole.clone(), |w| wrapped(&whole, w.saturating_sub(2)).join("\n  "));
    match (color, whole.strip_prefix(&kind)) {
        (true, Some(message)) => {
            let on = if diagnostic.is_error() { "1;31" } else { "1;33" };
            let message = message.strip_prefix(':').unwrap_or(message);
            format!("\u{1b}[{on}m{kind}\u{1b}[0m:\u{1b}[1m{message}\u{1b}[0m")
        }
        _ => whole,
    }
}

/// Whether a line shows nothing but the margin.
fn is_empty_margin(line: &str) -> bool {
    let mut visible = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(|c| *c == 'm');
        } else if !c.is_whitespace() {
            visible.push(c);
        }
    }
    visible.is_empty() || visible == "│"
}
