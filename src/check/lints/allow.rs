//! `# allow(L0102)`: comments that silence lints.
//!
//! Behind a line it is about that line, on a line of its own about the item, statement or line below it, and before
//! the first item about the whole file. One that silences nothing is told: it would hide the next lint there.

use super::Subject;
use super::statements::spans;
use crate::diagnostics::{Code, Diagnostic, Edit, Fix, Severity, nearest};
use crate::source::{FileId, SourceFile, SourceMap, Span};
use crate::syntax::{ast, comments, parse};

/// A comment that silences lints.
#[derive(Debug)]
struct Allow {
    /// Where it stands, from the `#` on.
    comment: Span,
    /// Its codes as written, each with its place.
    codes: Vec<(String, Span)>,
    /// What it is about.
    scope: Span,
}

/// Takes out what comments silence; tells of comments that silence nothing or name no lint.
pub(super) fn silence(subject: &Subject<'_>, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut files: Vec<FileId> = diagnostics.iter().filter(|d| !d.is_error()).map(|d| d.span().file).collect();
    files.push(subject.file);
    files.sort();
    files.dedup();
    let allows: Vec<Allow> = files.into_iter().flat_map(|file| allows_of(subject, file)).collect();
    if allows.is_empty() {
        return diagnostics;
    }
    let mut used: Vec<Span> = Vec::new();
    let mut left = Vec::new();
    for diagnostic in diagnostics {
        let at = diagnostic.span();
        let is_about = |allow: &&Allow| {
            allow.scope.file == at.file
                && allow.scope.start <= at.start
                && at.start < allow.scope.end.max(allow.scope.start + 1)
        };
        let codes = allows.iter().filter(is_about).flat_map(|allow| &allow.codes);
        let matching: Vec<Span> = codes
            .filter(|(text, _)| Code::parse(text) == Some(diagnostic.code) && !diagnostic.is_error())
            .map(|(_, span)| *span)
            .collect();
        if matching.is_empty() {
            left.push(diagnostic);
        }
        used.extend(matching);
    }
    let is_complete = !subject.has_errors();
    for allow in allows.iter().filter(|allow| allow.comment.file == subject.file) {
        for (text, span) in &allow.codes {
            let told = match Code::parse(text) {
                Some(code) if code.severity() == Severity::Warning => {
                    // Where something is wrong, not every lint has been looked for.
                    (is_complete && !used.contains(span)).then(|| idle(allow, code, *span))
                }
                known => Some(unknown(text, *span, known)),
            };
            left.extend(told);
        }
    }
    left
}

fn idle(allow: &Allow, code: Code, span: Span) -> Diagnostic {
    let message = format!("there is no {code} here to allow");
    let diagnostic = Diagnostic::new(Code::L0121, message, span, "silences nothing");
    match allow.codes.as_slice() {
        [_] => diagnostic.fix("remove the comment", allow.comment, ""),
        codes => {
            let others: Vec<&str> = codes.iter().filter(|(_, s)| *s != span).map(|(text, _)| text.as_str()).collect();
            diagnostic.fix(format!("remove {code} from the comment"), allow.comment, written(&others))
        }
    }
}

fn unknown(text: &str, span: Span, known: Option<Code>) -> Diagnostic {
    if let Some(code) = known {
        let message = format!("{code} is an error, and errors cannot be allowed");
        return Diagnostic::new(Code::L0122, message, span, "only warnings can, those that begin with L");
    }
    let lints = Code::ALL.iter().filter(|c| c.severity() == Severity::Warning).map(|c| c.text());
    let diagnostic = Diagnostic::new(Code::L0122, format!("no lint has the code `{text}`"), span, "not known");
    match nearest(text, lints) {
        Some(meant) => diagnostic.fix(format!("did you mean `{meant}`?"), span, meant),
        None => diagnostic.help("the code of a warning stands in brackets before its text; `nnrun explain` lists all"),
    }
}

/// The comment for some codes.
fn written(codes: &[&str]) -> String {
    format!("# allow({})", codes.join(", "))
}

fn allows_of(subject: &Subject<'_>, file: FileId) -> Vec<Allow> {
    let text = subject.sources.file(file).text.clone();
    let mut found = Vec::new();
    // Most programs silence nothing.
    if !text.contains("allow(") {
        return found;
    }
    let mut places: Option<(Vec<Span>, usize)> = None;
    for comment in comments(&text) {
        let Some(codes) = codes_in(&text, file, comment.start) else { continue };
        let (places, first_item) = places.get_or_insert_with(|| {
            let tree = if file == subject.file { None } else { Some(parse(file, &text).0) };
            let tree: &ast::File = tree.as_ref().unwrap_or(subject.ast);
            (spans(tree), tree.items.first().map_or(text.len(), |item| item.span.start as usize))
        });
        let line_start = text.get(..comment.start).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
        let is_alone = text.get(line_start..comment.start).is_some_and(|before| before.trim().is_empty());
        let scope = if !is_alone {
            Span::new(file, line_start, comment.start)
        } else if comment.end <= *first_item {
            Span::new(file, 0, text.len())
        } else {
            below(&text, file, comment.end, places)
        };
        found.push(Allow { comment: Span::new(file, comment.start, comment.end), codes, scope });
    }
    found
}

/// The codes of a comment `# allow(L0102, L0105)`, whatever is said behind it; `None` for other comments.
fn codes_in(text: &str, file: FileId, start: usize) -> Option<Vec<(String, Span)>> {
    let line = text.get(start..)?.lines().next()?;
    let inside = line.strip_prefix('#')?.trim_start().strip_prefix("allow(")?;
    let from = start + (line.len() - inside.len());
    let inside = inside.get(..inside.find(')')?)?;
    let mut codes = Vec::new();
    let mut at = from;
    for part in inside.split(',') {
        let code = part.trim();
        let begin = at + (part.len() - part.trim_start().len());
        codes.push((code.to_owned(), Span::new(file, begin, begin + code.len())));
        at += part.len() + 1;
    }
    Some(codes)
}

/// What a comment on its own line is about: the item or statement that begins below it, else the line.
fn below(text: &str, file: FileId, comment_end: usize, places: &[Span]) -> Span {
    let mut at = comment_end;
    for line in text.get(comment_end..).unwrap_or("").split_inclusive('\n') {
        let code = line.trim_start();
        if !code.is_empty() && !code.starts_with('#') {
            let start = at + (line.len() - code.len());
            let own = places.iter().filter(|s| s.start as usize == start).max_by_key(|s| s.len());
            return own.copied().unwrap_or(Span::new(file, start, at + line.len()));
        }
        at += line.len();
    }
    Span::new(file, comment_end, comment_end)
}

/// The edit that silences a warning where it stands: a comment behind its line, or above it where the line has a
/// comment or no room. `None` for what cannot be silenced.
pub fn allow_fix(sources: &SourceMap, diagnostic: &Diagnostic) -> Option<Fix> {
    let code = diagnostic.code;
    let about_comments = matches!(code, Code::L0121 | Code::L0122);
    if code.severity() != Severity::Warning || about_comments {
        return None;
    }
    let at = diagnostic.span();
    let (_, file) = sources.files().find(|(id, _)| *id == at.file)?;
    let edit = allow_edit(file, at, code)?;
    Some(Fix { title: format!("allow {code} here"), edits: vec![edit] })
}

/// No line becomes longer than this by a comment behind it.
const WIDEST_LINE: usize = 120;

fn allow_edit(file: &SourceFile, at: Span, code: Code) -> Option<Edit> {
    let text: &str = &file.text;
    let start = file.lines.line_start(file.lines.line_of(at.start as usize));
    let line = text.get(start..)?.lines().next()?;
    let own = comments(text).into_iter().find(|c| (start..start + line.len() + 1).contains(&c.start));
    let point = |at: usize| Span::new(FileId(0), at, at);
    let edit = |span: Span, text: String| Some(Edit { span: Span { file: at.file, ..span }, text });
    // One that is there already takes one code more.
    if let Some(own) = &own
        && let Some((_, last)) = codes_in(text, at.file, own.start).and_then(|codes| codes.last().cloned())
    {
        return edit(last.end_point(), format!(", {code}"));
    }
    let comment = written(&[code.text()]);
    if own.is_none() && line.chars().count() + 2 + comment.chars().count() <= WIDEST_LINE {
        let end = start + line.trim_end().len();
        return edit(point(end), format!("  {comment}"));
    }
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    edit(point(start), format!("{indent}{comment}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, word: &str) -> String {
        let mut sources = SourceMap::new();
        let file = sources.add("a.nn", text);
        let start = text.find(word).unwrap();
        let span = Span::new(file, start, start + word.len());
        let fix = allow_fix(&sources, &Diagnostic::new(Code::L0103, "m", span, "l")).unwrap();
        let mut text = text.to_owned();
        for edit in fix.edits {
            text.replace_range(edit.span.range(), &edit.text);
        }
        text
    }

    #[test]
    fn the_comment_goes_behind_the_line_or_above_it() {
        assert_eq!(edited("let x = 1\nlet y = 2\n", "x"), "let x = 1  # allow(L0103)\nlet y = 2\n");
        assert_eq!(edited("a\n  let x = 1 # one\n", "x"), "a\n  # allow(L0103)\n  let x = 1 # one\n");
        assert_eq!(edited("let x = 1 # allow(L0104)\n", "x"), "let x = 1 # allow(L0104, L0103)\n");
        assert_eq!(edited("let x = \"#\"", "x"), "let x = \"#\"  # allow(L0103)");
    }

    #[test]
    fn errors_are_not_silenced() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.nn", "x");
        assert_eq!(allow_fix(&sources, &Diagnostic::new(Code::E0101, "m", Span::new(file, 0, 1), "l")), None);
    }

    #[test]
    fn codes_have_their_places() {
        let text = "x # allow( L0102,L0105 ): why";
        let codes = codes_in(text, FileId(0), 2).unwrap();
        let at: Vec<(&str, &str)> = codes.iter().map(|(code, span)| (code.as_str(), &text[span.range()])).collect();
        assert_eq!(at, [("L0102", "L0102"), ("L0105", "L0105")]);
        assert!(codes_in("# all is allowed", FileId(0), 0).is_none());
    }
}
