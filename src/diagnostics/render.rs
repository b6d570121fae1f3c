//! Diagnostics as text: for people (ariadne), one line each, or JSON.

use super::{Diagnostic, Severity};
use crate::source::{FileId, LineColumn, SourceFile, SourceMap, Span};
use ariadne::{Cache, CharSet, Color, Config, IndexType, Label, Report, ReportKind, Source};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

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
}

/// What the output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether ANSI colours may be used.
    pub color: bool,
}

/// One diagnostic, ending with a newline. In JSON it is the diagnostic's own object.
pub fn render(sources: &SourceMap, diagnostic: &Diagnostic, format: Format, style: Style) -> String {
    match format {
        Format::Human => human(sources, diagnostic, style),
        Format::Short => short(sources, diagnostic),
        Format::Json => format!("{}\n", object(sources, diagnostic)),
    }
}

/// All diagnostics in one format, ready to print.
pub fn render_all(sources: &SourceMap, diagnostics: &[Diagnostic], format: Format, style: Style) -> String {
    match format {
        Format::Human => {
            let all: Vec<String> = diagnostics.iter().map(|d| human(sources, d, style)).collect();
            all.join("\n")
        }
        Format::Short => diagnostics.iter().map(|d| short(sources, d)).collect(),
        Format::Json => {
            let all: Vec<Value> = diagnostics.iter().map(|d| object(sources, d)).collect();
            format!("{}\n", json!({ "diagnostics": all }))
        }
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

fn short(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let span = diagnostic.span();
    let LineColumn { line, column } = position(sources, span.file, span.start);
    let (path, severity) = (path_of(sources, span.file), word(diagnostic.severity));
    format!("{path}:{line}:{column}: {severity}[{}]: {}\n", diagnostic.code, diagnostic.message)
}

// ---- JSON ----

fn point(at: LineColumn) -> Value {
    json!({ "line": at.line, "column": at.column })
}

fn place(sources: &SourceMap, span: Span) -> serde_json::Map<String, Value> {
    let mut map = serde_json::Map::new();
    map.insert("file".into(), path_of(sources, span.file).into());
    map.insert("start".into(), point(position(sources, span.file, span.start)));
    map.insert("end".into(), point(position(sources, span.file, span.end.max(span.start))));
    map
}

fn object(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let mut map = serde_json::Map::new();
    map.insert("code".into(), diagnostic.code.text().into());
    map.insert("severity".into(), word(diagnostic.severity).into());
    map.insert("message".into(), diagnostic.message.as_str().into());
    map.append(&mut place(sources, diagnostic.span()));
    let labels = diagnostic.labels.iter().map(|label| {
        let mut map = place(sources, label.span);
        map.insert("message".into(), label.message.as_str().into());
        Value::Object(map)
    });
    map.insert("labels".into(), labels.collect());
    map.insert("notes".into(), diagnostic.notes.clone().into());
    map.insert("help".into(), diagnostic.help.clone().into());
    let fixes = diagnostic.fixes.iter().map(|fix| {
        let edits = fix.edits.iter().map(|edit| {
            let mut map = place(sources, edit.span);
            map.insert("text".into(), edit.text.as_str().into());
            Value::Object(map)
        });
        json!({ "title": fix.title, "edits": edits.collect::<Vec<_>>() })
    });
    map.insert("fixes".into(), fixes.collect());
    Value::Object(map)
}

// ---- for people ----

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

fn place_in(sources: &SourceMap, span: Span) -> Place {
    let Some(file) = file_of(sources, span.file) else { return Place { file: span.file, range: 0..0 } };
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
    Place { file: span.file, range: start..start + length.max(1) }
}

const SECONDARY: [Color; 5] = [Color::Cyan, Color::Magenta, Color::Green, Color::Yellow, Color::Blue];

fn human(sources: &SourceMap, diagnostic: &Diagnostic, style: Style) -> String {
    let primary = match diagnostic.severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
    };
    let config = Config::new()
        .with_color(style.color)
        .with_compact(false)
        .with_index_type(IndexType::Char)
        .with_char_set(CharSet::Unicode)
        .with_tab_width(4);
    let mut report = Report::build(ReportKind::Error, place_in(sources, diagnostic.span())).with_config(config);
    let mut texts = Texts { sources, shown: HashMap::new(), empty: Source::from(String::new()) };
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
        if let Some(file) = file_of(sources, label.span.file) {
            texts.shown.entry(label.span.file).or_insert_with(|| Source::from(showable(&file.text)));
        }
        let color = if i == 0 { primary } else { SECONDARY[(i - 1) % SECONDARY.len()] };
        let mut shown = Label::new(place_in(sources, label.span)).with_color(color);
        // The primary label is the last to be hidden where labels overlap.
        shown = shown.with_priority(i32::from(i == 0));
        if !label.message.is_empty() {
            shown = shown.with_message(&label.message);
        }
        report = report.with_label(shown);
    }
    for note in &diagnostic.notes {
        report.add_note(note);
    }
    for help in &diagnostic.help {
        report.add_help(help);
    }
    for fix in &diagnostic.fixes {
        if !diagnostic.help.contains(&fix.title) {
            report.add_help(&fix.title);
        }
    }
    let mut out = Vec::new();
    if report.finish().write(texts, &mut out).is_err() {
        return short(sources, diagnostic);
    }
    let drawn = String::from_utf8_lossy(&out);
    // ariadne's own header cannot say `error[E0301]`, and its empty margin lines make a page of three errors.
    let body = drawn.lines().skip(1).map(str::trim_end).filter(|line| !is_empty_margin(line));
    let header = format!("{}[{}]", word(diagnostic.severity), diagnostic.code);
    let header = if style.color {
        format!(
            "\u{1b}[{}m{header}\u{1b}[0m: \u{1b}[1m{}\u{1b}[0m",
            if diagnostic.is_error() { "1;31" } else { "1;33" },
            diagnostic.message
        )
    } else {
        format!("{header}: {}", diagnostic.message)
    };
    let mut text = header;
    for line in body {
        text.push('\n');
        text.push_str(line);
    }
    text.push('\n');
    text
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    fn sources(texts: &[(&str, &str)]) -> SourceMap {
        let mut sources = SourceMap::new();
        for (path, text) in texts {
            sources.add(*path, *text);
        }
        sources
    }

    fn span(file: u32, start: u32, end: u32) -> Span {
        Span { file: FileId(file), start, end }
    }

    #[test]
    fn several_labels_notes_and_fixes() {
        let text = "model Net(x: [4]) {\n  x |> Dense(2)\n    |> residual { Dense(3) }\n}\n";
        let s = sources(&[("net.nn", text)]);
        let at = |needle: &str| text.find(needle).unwrap() as u32;
        let d = Diagnostic::new(
            Code::E0001,
            "this residual adds [3] to [2]",
            span(0, at("residual"), at("residual") + 24),
            "gives [3]",
        )
        .label(span(0, at("Dense(2)"), at("Dense(2)") + 8), "the input, [2]")
        .note("2 is not 3")
        .help("say 2")
        .fix("write `Dense(2)`", span(0, 0, 1), "Dense(2)");
        let out = render(&s, &d, Format::Human, Style::default());
        println!("{out}");
        assert!(out.starts_with("error[E0001]: this residual adds [3] to [2]\n"), "{out}");
        for part in ["net.nn:3:8", "the input, [2]", "gives [3]", "2 is not 3", "say 2", "write `Dense(2)`"] {
            assert!(out.contains(part), "{part} in\n{out}");
        }
        assert!(!out.contains('\u{1b}'));
        assert!(render(&s, &d, Format::Human, Style { color: true }).contains('\u{1b}'));
        assert_eq!(
            render(&s, &d, Format::Short, Style::default()),
            "net.nn:3:8: error[E0001]: this residual adds [3] to [2]\n"
        );
    }

    #[test]
    fn json_is_as_the_contract_says() {
        let s = sources(&[("a.nn", "α β\n")]);
        let d = Diagnostic::new(Code::E0001, "m", span(0, 3, 5), "l").fix("t", span(0, 0, 2), "x");
        let value: Value = serde_json::from_str(&render_all(&s, &[d], Format::Json, Style::default())).unwrap();
        assert_eq!(
            value,
            json!({"diagnostics": [{
                "code": "E0001", "severity": "error", "message": "m", "file": "a.nn",
                "start": {"line": 1, "column": 3}, "end": {"line": 1, "column": 4},
                "labels": [{"file": "a.nn", "start": {"line": 1, "column": 3}, "end": {"line": 1, "column": 4}, "message": "l"}],
                "notes": [], "help": [],
                "fixes": [{"title": "t", "edits": [{"file": "a.nn", "start": {"line": 1, "column": 1}, "end": {"line": 1, "column": 2}, "text": "x"}]}]
            }]})
        );
        assert_eq!(render_all(&s, &[], Format::Json, Style::default()), "{\"diagnostics\":[]}\n");
    }

    /// The columns of the marks under a label, on the line below the source line.
    fn underline(text: &str, start: u32, end: u32) -> (usize, usize) {
        let s = sources(&[("a.nn", text)]);
        let d = Diagnostic::new(Code::E0001, "m", span(0, start, end), "l");
        let out = render(&s, &d, Format::Human, Style::default());
        let marks = out.lines().find(|l| l.contains('─') && l.contains('│')).unwrap_or_else(|| panic!("{out}"));
        let cells: Vec<char> = marks.chars().collect();
        let is_mark = |c: &&char| matches!(c, '─' | '┬');
        (cells.iter().position(|c| is_mark(&c)).unwrap(), cells.iter().filter(is_mark).count())
    }

    #[test]
    fn tabs_and_wide_characters_align() {
        let (plain, length) = underline("abcd error", 5, 10);
        assert_eq!(length, 5);
        // A tab takes four cells; the margin and a space come before.
        assert_eq!(underline("\terror", 1, 6), (plain - 1, 5));
        // Two wide characters take four cells, and a space.
        assert_eq!(underline("模型 error", 7, 12).0, plain);
    }

    #[test]
    fn odd_spans_do_not_panic() {
        let files = [("e.nn", ""), ("a.nn", "a\r\nβ\n\u{2028}x\u{1b}[2J"), ("n.nn", "\n\n")];
        let s = sources(&files);
        for file in 0..4 {
            for start in 0..20 {
                for end in start..22 {
                    let d = Diagnostic::new(Code::E0001, "m", span(file, start, end), "l").label(span(1, 3, 4), "");
                    for format in [Format::Human, Format::Short, Format::Json] {
                        assert!(!render(&s, &d, format, Style::default()).contains('\u{1b}'));
                    }
                }
            }
        }
        let none = Diagnostic { labels: Vec::new(), ..Diagnostic::new(Code::E0001, "m", span(0, 0, 0), "l") };
        assert!(render(&SourceMap::new(), &none, Format::Human, Style::default()).contains("error[E0001]: m"));
    }
}
