//! What is put right before parsing: brackets that do not match, strings that do not end, comments and strings in the
//! manner of other languages, misspelt words at the start of items and statements.
//!
//! The parser then sees a text with matching brackets, so that one slip does not hide the rest of the file. Offsets
//! of the repaired text are turned back by [`Repaired::original`].

use super::bodies;
use super::brackets::Ends;
use super::error::SyntaxError;
use super::foreign_finder;
use super::tokens::{Token, TokenKind, is_operator, scan};
use crate::diagnostics::nearest;
use crate::source::{FileId, Span};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

/// Words that begin an item.
pub(crate) const ITEM_WORDS: &[&str] =
    &["hyper", "import", "block", "model", "data", "train", "expect", "sweep", "let"];
/// Words that begin what is an item here in other languages.
const WORDS_ELSEWHERE: &[(&str, &str)] = &[
    ("def", "block"),
    ("fn", "block"),
    ("func", "block"),
    ("function", "block"),
    ("layer", "block"),
    ("class", "model"),
    ("network", "model"),
    ("net", "model"),
    ("dataset", "data"),
    ("const", "hyper"),
    ("param", "hyper"),
    ("var", "hyper"),
];

/// Words that are no names.
pub(crate) const RESERVED: &[&str] =
    &["let", "if", "else", "and", "or", "not", "true", "false", "none", "residual", "repeat", "scan"];
/// Words that hold a form together, where they stand in it.
pub(crate) const JOINING_WORDS: &[&str] = &["on", "as", "from", "then"];
/// Words that begin a form, where it may stand.
pub(crate) const OPENING_WORDS: &[&str] = &["class", "group"];
/// What a duration is counted in.
pub(crate) const UNITS: &[&str] = &["epochs", "epoch", "steps", "step"];

/// Words that begin a statement.
pub(crate) const STATEMENT_WORDS: &[&str] = &["let", "weight", "constant", "field", "phase", "group"];

/// A text that can be parsed.
#[derive(Debug)]
pub(crate) struct Repaired {
    /// The text.
    pub text: String,
    /// What was wrong.
    pub errors: Vec<SyntaxError>,
    /// Whether the text is nested so deeply that it must not be parsed.
    pub too_deep: bool,
    /// Names that are declared where nothing is parsed.
    pub hidden: Vec<Span>,
    /// The tokens of the repaired text.
    pub tokens: Vec<Token>,
    /// What was edited, in order.
    edits: Vec<Repair>,
}

#[derive(Debug)]
struct Repair {
    /// Where, in the original text.
    at: usize,
    delete: usize,
    insert: String,
    /// Where, in the repaired text.
    now_at: usize,
}

impl Repaired {
    /// Whether nothing of these bytes of the repaired text was edited, nor anything right beside them.
    pub(crate) fn is_original(&self, bytes: &Range<usize>) -> bool {
        let next = self.edits.partition_point(|edit| edit.now_at + edit.insert.len() < bytes.start);
        self.edits.get(next).is_none_or(|edit| edit.now_at > bytes.end)
    }

    /// Where the original text was edited, in order: the first and the last byte of each edit.
    pub(crate) fn places(&self) -> Vec<u32> {
        self.edits.iter().flat_map(|edit| [edit.at as u32, (edit.at + edit.delete) as u32]).collect()
    }

    /// The offset in the original text of an offset in the repaired one.
    pub(crate) fn original(&self, offset: usize) -> usize {
        let before = self.edits.partition_point(|edit| edit.now_at < offset);
        let Some(edit) = before.checked_sub(1).and_then(|last| self.edits.get(last)) else { return offset };
        match (offset - edit.now_at).checked_sub(edit.insert.len()) {
            Some(behind) => edit.at + edit.delete + behind,
            // Inside an insertion; replacements of equal length keep their offsets.
            None => edit.at + (offset - edit.now_at).min(edit.delete),
        }
    }
}

/// Finds and repairs.
pub(crate) fn repair(file: FileId, source: &str) -> Repaired {
    let mut tokens = scan(source);
    let mended = bodies::mend(file, source, &mut tokens);
    let found = foreign_finder::find(file, source, &tokens);
    if !found.done.is_empty() {
        let mut done = found.done;
        done.sort_unstable();
        let (mut next, mut behind) = (0, 0);
        tokens.retain(|token| {
            while let Some((_, end)) = done.get(next).filter(|(start, _)| *start <= token.start) {
                behind = behind.max(*end);
                next += 1;
            }
            token.start >= behind
        });
    }
    let edits = found.edits.into_iter().map(|(at, delete, insert)| Repair { at, delete, insert, now_at: 0 }).collect();
    let (meant, ends, errors) = (HashMap::new(), OnceCell::new(), found.errors);
    let layout = OnceCell::new();
    let mut repairer = Repairer { file, source, tokens: &tokens, meant, ends, layout, errors, edits };
    repairer.lexical();
    repairer.words();
    let (errors_before, edits_before) = (repairer.errors.len(), repairer.edits.len());
    if repairer.brackets(false) {
        // Something is unbalanced: now the indentation says which brace is meant by a closing one.
        repairer.errors.truncate(errors_before);
        repairer.edits.truncate(edits_before);
        repairer.brackets(true);
    }
    let too_deep = repairer.depth();
    let Repairer { mut errors, mut edits, .. } = repairer;
    errors.extend(mended.errors);
    // Behind what closes other brackets at the same place.
    edits.extend(mended.edits.into_iter().map(|(at, delete, insert)| Repair { at, delete, insert, now_at: 0 }));
    edits.sort_by_key(|e| e.at);
    let mut text = String::with_capacity(source.len());
    let mut done = 0;
    edits.retain_mut(|edit| {
        let fits = edit.at >= done;
        if fits {
            text.push_str(source.get(done..edit.at).unwrap_or(""));
            edit.now_at = text.len();
            text.push_str(&edit.insert);
            done = edit.at + edit.delete;
        }
        fits
    });
    text.push_str(source.get(done..).unwrap_or(""));
    let tokens = if edits.is_empty() { tokens } else { scan(&text) };
    Repaired { text, errors, too_deep, hidden: found.hidden, tokens, edits }
}

pub(super) struct Repairer<'a> {
    pub file: FileId,
    pub source: &'a str,
    pub tokens: &'a [Token],
    /// Misspelt words and what is meant, by token.
    pub meant: HashMap<usize, &'static str>,
    pub ends: OnceCell<Ends>,
    layout: OnceCell<Layout>,
    pub errors: Vec<SyntaxError>,
    edits: Vec<Repair>,
}

/// Where lines begin and brackets close, by token.
struct Layout {
    /// The first token of the line.
    line: Vec<usize>,
    /// Of a bracket that opens: the one that closes it, of whatever kind.
    close: Vec<Option<usize>>,
}

impl Layout {
    fn of(tokens: &[Token]) -> Layout {
        let (mut first, mut open) = (0, Vec::new());
        let mut layout = Layout { line: Vec::with_capacity(tokens.len()), close: vec![None; tokens.len()] };
        for (i, token) in tokens.iter().enumerate() {
            layout.line.push(first);
            match token.kind {
                TokenKind::Newline => first = i + 1,
                TokenKind::Open(_) => open.push(i),
                TokenKind::Close(_) => {
                    if let Some(place) = open.pop().and_then(|opened| layout.close.get_mut(opened)) {
                        *place = Some(i);
                    }
                }
                _ => {}
            }
        }
        layout
    }
}

impl Repairer<'_> {
    pub fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.start, token.end)
    }

    pub fn text(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |t| t.text(self.source))
    }

    pub fn edit(&mut self, at: usize, delete: usize, insert: impl Into<String>) {
        self.edits.push(Repair { at, delete, insert: insert.into(), now_at: 0 });
    }

    pub fn replace(&mut self, token: Token, insert: impl Into<String>) {
        self.edit(token.start, token.end - token.start, insert);
    }

    fn lexical(&mut self) {
        for &token in self.tokens {
            let span = self.span(token);
            let text = token.text(self.source);
            match token.kind {
                TokenKind::String { closed: false } => {
                    self.errors.push(SyntaxError::UnterminatedString { span });
                    // A last backslash would escape the new quote.
                    self.edit(token.end, 0, if ends_in_escape(text) { "\\\"" } else { "\"" });
                }
                TokenKind::SingleQuoted => {
                    let opening = text.chars().next().map_or(0, char::len_utf8);
                    let closing = text.chars().next_back().map_or(0, char::len_utf8);
                    let content = text.get(opening..text.len().saturating_sub(closing)).unwrap_or("").to_owned();
                    let quotes = match text.chars().next() {
                        Some('\'') => "single quotes",
                        Some('`') => "backquotes",
                        _ => "the curly quotes of a word processor",
                    };
                    let quoted = format!("\"{}\"", content.replace('\\', "\\\\").replace('"', "\\\""));
                    self.errors.push(SyntaxError::SingleQuotes { span, quotes, content });
                    self.replace(token, quoted);
                }
                TokenKind::SlashComment => {
                    let content = text.trim_start_matches('/').trim_end();
                    let replacement = Some(format!("#{content}"));
                    self.errors.push(SyntaxError::ForeignComment { span, replacement, marker: "//" });
                    self.replace(token, "");
                }
                TokenKind::BlockComment => {
                    let rest = self.source.get(token.end..).unwrap_or("");
                    let ends_line = rest.lines().next().is_none_or(|l| l.trim().is_empty());
                    let marker = ["/*", "\"\"\"", "'''"].into_iter().find(|m| text.starts_with(m)).unwrap_or("/*");
                    let end = if marker == "/*" { "*/" } else { marker };
                    let content = text.trim_start_matches(marker).trim_end_matches(end).trim_matches('*');
                    let replacement = ends_line.then(|| {
                        let lines: Vec<&str> =
                            content.lines().map(|l| l.trim().trim_start_matches('*').trim()).collect();
                        let lines = lines.iter().filter(|l| !l.is_empty()).map(|l| format!("# {l}"));
                        lines.collect::<Vec<_>>().join("\n")
                    });
                    self.errors.push(SyntaxError::ForeignComment { span, replacement, marker });
                    self.replace(token, if text.contains('\n') { "\n" } else { " " });
                }
                _ => {}
            }
        }
    }

    /// Misspelt words where an item or statement begins: two words in a row, or a word before `{`, mean nothing else.
    fn words(&mut self) {
        let mut begins = true;
        for (i, &token) in self.tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Newline => begins = true,
                TokenKind::Symbol if self.text(i) == ";" => begins = true,
                TokenKind::Comment | TokenKind::SlashComment | TokenKind::BlockComment => {}
                TokenKind::Open(kind) => begins = kind == b'{',
                TokenKind::Word => {
                    let meant = if std::mem::take(&mut begins) { self.misspelt(i) } else { None };
                    if let Some(meant) = meant.or_else(|| self.misspelt_within(i)) {
                        self.meant.insert(i, meant);
                        let found = self.text(i).to_owned();
                        self.errors.push(SyntaxError::Misspelt {
                            span: self.span(token),
                            found,
                            meant: meant.to_owned(),
                        });
                        self.replace(token, meant);
                    }
                }
                _ => begins = false,
            }
        }
    }

    fn misspelt(&self, index: usize) -> Option<&'static str> {
        let word = self.text(index);
        let continues = |t: &str| is_operator(t) || matches!(t, "else" | "as" | "from" | "on");
        if continues(word) || ITEM_WORDS.contains(&word) || STATEMENT_WORDS.contains(&word) {
            return None;
        }
        let (next, after) = (self.tokens.get(index + 1)?, self.text(index + 2));
        let next_text = self.text(index + 1);
        let named = next.kind == TokenKind::Word && !continues(next_text);
        if at_margin(self.source, self.tokens.get(index)?.start) {
            let fits = named && matches!(after, "(" | "{" | "=" | "on" | "." | "from" | ",")
                || next_text == "{"
                || next_text.starts_with('"');
            if named && let Some((_, meant)) = WORDS_ELSEWHERE.iter().find(|(word_, _)| *word_ == word) {
                return Some(meant);
            }
            return fits.then(|| nearest(word, ITEM_WORDS.iter().copied())).flatten();
        }
        let fits =
            !RESERVED.contains(&word) && !UNITS.contains(&next_text) && named && matches!(after, "=" | ":" | "{");
        fits.then(|| nearest(word, STATEMENT_WORDS.iter().copied())).flatten()
    }

    /// What a word within a statement is meant to be that holds a form together: its place tells.
    fn misspelt_within(&self, index: usize) -> Option<&'static str> {
        let word = self.text(index);
        if [RESERVED, JOINING_WORDS, OPENING_WORDS, UNITS].iter().any(|words| words.contains(&word)) {
            return None;
        }
        let before = index.checked_sub(1).and_then(|i| self.tokens.get(i))?;
        let text_before = before.text(self.source);
        let next = self.tokens.get(index + 1)?;
        let (text_next, after) = (next.text(self.source), self.text(index + 2));
        let is_word = |token: &Token| token.kind == TokenKind::Word && !RESERVED.contains(&token.text(self.source));
        let ends_operand = is_word(before) || matches!(before.kind, TokenKind::Number | TokenKind::Close(_));
        let near = |meant: &'static str| nearest(word, [meant]).map(|_| meant);
        let first = self.first_of_line(index);
        if before.kind == TokenKind::Number && text_next != "(" {
            let is_plural = |unit: &&&str| unit.ends_with('s') || !word.ends_with('s');
            return nearest(word, UNITS.iter().filter(is_plural).copied());
        }
        if matches!(text_next, "{" | "if") && self.follows_brace(index) {
            return near("else");
        }
        match self.text(first) {
            "train" if ends_operand && is_word(next) && matches!(after, "{" | ".") => return near("on"),
            "schedule" if ends_operand && is_word(next) => return near("then"),
            "import" if next.kind == (TokenKind::String { closed: true }) => return near("from"),
            "import" if matches!(before.kind, TokenKind::String { .. }) => return near("as"),
            "model" | "block" | "weight" | "constant" if text_before == ":" && text_next == "(" => {
                return near("class");
            }
            _ => {}
        }
        let on_line = |from: usize, wanted: &str| {
            let rest = self.tokens.iter().skip(from).take_while(|t| t.kind != TokenKind::Newline);
            rest.take_while(|t| !matches!(t.kind, TokenKind::Open(b'{'))).any(|t| t.text(self.source) == wanted)
        };
        let in_scan = || (first..index).any(|i| self.text(i) == "scan");
        if ends_operand && is_word(next) && matches!(after, "," | "{") && in_scan() {
            return near("as");
        }
        // A stage or a value begins here.
        if ends_operand {
            return None;
        }
        if text_next == "{" || text_next == "(" && self.behind_bracket(index + 1) == "{" {
            return near("residual");
        }
        if (is_word(next) || next.kind == TokenKind::Number) && after == "{" {
            return near("repeat");
        }
        if is_word(next) && on_line(index + 2, "as") {
            return near("scan");
        }
        if text_next == "[" && first == index && self.behind_bracket(index + 1) == "{" {
            return near("group");
        }
        None
    }

    /// The first token of a token's line.
    fn first_of_line(&self, index: usize) -> usize {
        self.layout().line.get(index).copied().unwrap_or(0)
    }

    /// Whether the token before, on this line or one above, closes a brace.
    fn follows_brace(&self, index: usize) -> bool {
        let before = self.tokens.get(..index).unwrap_or_default();
        let last = before.iter().rev().find(|t| !t.is_trivia() && t.kind != TokenKind::Newline);
        let is_inside = self.tokens.get(index).is_some_and(|t| !at_margin(self.source, t.start));
        last.is_some_and(|t| t.kind == TokenKind::Close(b'}')) && is_inside
    }

    /// What stands behind the bracket that closes the one at `open`.
    fn behind_bracket(&self, open: usize) -> &str {
        let close = self.layout().close.get(open).copied().flatten();
        close.map_or("", |close| self.text(close + 1))
    }

    fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| Layout::of(self.tokens))
    }

    /// Whether an item certainly begins at this token, however many brackets are open.
    pub fn item_begins(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        if token.kind != TokenKind::Word || !at_margin(self.source, token.start) {
            return false;
        }
        begins_item(
            self.meant.get(&index).copied().unwrap_or_else(|| self.text(index)),
            self.source,
            self.tokens,
            index,
        )
    }

    /// Whether a `let` or the like begins a line here, which cannot be inside `(` or `[`.
    pub fn statement_begins(&self, index: usize) -> bool {
        let starts_line =
            index.checked_sub(1).and_then(|i| self.tokens.get(i)).is_some_and(|t| t.kind == TokenKind::Newline);
        let named = self.tokens.get(index + 1).is_some_and(|t| t.kind == TokenKind::Word);
        let after = self.text(index + 2);
        starts_line
            && match self.meant.get(&index).copied().unwrap_or_else(|| self.text(index)) {
                "let" => named || self.text(index + 1) == "(",
                "field" => named && matches!(after, "=" | ":"),
                "weight" | "constant" => named && after == ":",
                _ => false,
            }
    }
}

/// Whether a word at the start of a line, the token `index`, is that of an item and not a name.
pub(super) fn begins_item(word: &str, source: &str, tokens: &[Token], index: usize) -> bool {
    let text = |index: usize| tokens.get(index).map_or("", |t| t.text(source));
    let named = tokens.get(index + 1).is_some_and(|t| t.kind == TokenKind::Word);
    // Or the brace that is missing.
    let opens_body = |index: usize| tokens.get(index).is_some_and(|t| t.kind == TokenKind::Open(b'{'));
    let after = text(index + 2);
    match word {
        "model" | "block" => named && after == "(",
        "data" => named && opens_body(index + 2),
        "train" => named && matches!(after, "on" | "(" | "."),
        "hyper" => named && after == "=",
        "expect" | "sweep" => opens_body(index + 1),
        "import" => named || text(index + 1).starts_with('"'),
        _ => false,
    }
}

/// Whether a token stands at the very start of its line.
pub(super) fn at_margin(source: &str, offset: usize) -> bool {
    let before = source.as_bytes().get(..offset).unwrap_or_default();
    match before.last() {
        None | Some(b'\n') => true,
        // The last byte of a byte order mark.
        Some(0xBF) => {
            source.get(..offset).unwrap_or("").trim_end_matches('\u{FEFF}').split('\n').next_back() == Some("")
        }
        Some(_) => false,
    }
}

/// Characters of white space before the line's text.
pub(super) fn line_indent(source: &str, offset: usize) -> usize {
    let line = source.get(..offset).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let text = source.get(line..).unwrap_or("").trim_start_matches('\u{FEFF}');
    text.chars().take_while(|c| matches!(c, ' ' | '\t')).count()
}

fn ends_in_escape(text: &str) -> bool {
    text.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(source: &str) -> String {
        repair(FileId(0), source).text
    }

    #[test]
    fn brackets_close_at_the_end_of_their_line() {
        assert_eq!(
            repaired("model N(x) {\n  x |> f(3\n    |> relu\n}\n"),
            "model N(x) {\n  x |> f(3\n    |> relu)\n}\n"
        );
        assert_eq!(
            repaired("data d {\n  field x = t[a .. b |> standardize\n}\n"),
            "data d {\n  field x = t[a .. b] |> standardize\n}\n"
        );
        // A layer's arguments hold no pipe.
        assert_eq!(
            repaired("model N(x) {\n  x |> Dense(3\n    |> relu\n}\n"),
            "model N(x) {\n  x |> Dense(3)\n    |> relu\n}\n"
        );
        assert_eq!(repaired("model N(x) {\n  f(3\n  x\n}\n"), "model N(x) {\n  f(3)\n  x\n}\n");
        assert_eq!(
            repaired("data d {\n  let t = csv(a,\n     b # c\n  field x = t\n}"),
            "data d {\n  let t = csv(a,\n     b) # c\n  field x = t\n}"
        );
    }

    #[test]
    fn an_item_closes_what_is_open() {
        assert_eq!(
            repaired("data d {\n  let t = a\n\nmodel N(x) { x }\n"),
            "data d {\n  let t = a\n}\n\nmodel N(x) { x }\n"
        );
        assert_eq!(repaired("a)\n"), "a\n");
    }

    #[test]
    fn indentation_tells_which_brace_is_open() {
        let text = "model B(x) {\n  let y = if x { 3\n  y\n}\nmodel C(x) { x }\n";
        let open = repair(FileId(0), text).errors;
        assert!(
            matches!(open.as_slice(), [SyntaxError::Unclosed { open, .. }] if open.start as usize == text.find("{ 3").unwrap()),
            "{open:?}"
        );
    }

    #[test]
    fn offsets_turn_back() {
        let r = repair(FileId(0), "a = 'b' // c\nx)");
        assert_eq!(r.text, "a = \"b\" \nx");
        assert_eq!(r.original(0), 0);
        assert_eq!(r.original(r.text.len()), "a = 'b' // c\nx".len());
    }

    #[test]
    fn depth_is_limited() {
        assert!(repair(FileId(0), &"(".repeat(200)).too_deep);
        assert!(repair(FileId(0), &"- ".repeat(1000)).too_deep);
        assert!(repair(FileId(0), &"a + ".repeat(1000)).too_deep);
        assert!(repair(FileId(0), &"a +\n\n#x\n".repeat(1000)).too_deep);
        assert!(!repair(FileId(0), &"let a = b + c\n".repeat(1000)).too_deep);
        assert!(!repair(FileId(0), &format!("let a = [{}]", "[1, -2], ".repeat(10_000))).too_deep);
    }
}
