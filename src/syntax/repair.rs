//! What is put right before parsing: brackets that do not match, strings that do not end, comments and strings in the
//! manner of other languages, misspelt words at the start of items and statements.
//!
//! The parser then sees a text with matching brackets, so that one slip does not hide the rest of the file. Offsets
//! of the repaired text are turned back by [`Repaired::original`].

use super::bodies;
use super::error::SyntaxError;
use super::foreign_finder;
use super::tokens::{Token, TokenKind, is_operator, scan};
use crate::diagnostics::nearest;
use crate::source::{FileId, Span};
use std::collections::HashMap;

/// Deepest nesting of brackets.
pub(crate) const MAX_BRACKETS: usize = 100;
/// Deepest nesting of the syntax tree, which chains of operators deepen, too.
pub(crate) const MAX_DEPTH: usize = 500;

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
pub(crate) const FORM_WORDS: &[&str] =
    &["on", "as", "from", "then", "class", "group", "epochs", "epoch", "steps", "step"];
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
    edits: Vec<Repair>,
}

#[derive(Debug)]
struct Repair {
    at: usize,
    delete: usize,
    insert: String,
}

impl Repaired {
    /// The offset in the original text of an offset in the repaired one.
    pub(crate) fn original(&self, offset: usize) -> usize {
        let mut shift = 0_isize;
        for edit in &self.edits {
            let start = (edit.at as isize + shift) as usize;
            if offset <= start {
                break;
            }
            if offset == start + edit.insert.len() {
                return edit.at + edit.delete;
            }
            if offset < start + edit.insert.len() {
                // Inside an insertion; replacements of equal length keep their offsets.
                return edit.at + (offset - start).min(edit.delete);
            }
            shift += edit.insert.len() as isize - edit.delete as isize;
        }
        (offset as isize - shift) as usize
    }
}

/// Finds and repairs.
pub(crate) fn repair(file: FileId, source: &str) -> Repaired {
    let mut tokens = scan(source);
    let mended = bodies::mend(file, source, &mut tokens);
    let found = foreign_finder::find(file, source, &tokens);
    if !found.done.is_empty() {
        tokens.retain(|t| !found.done.iter().any(|(start, end)| *start <= t.start && t.start < *end));
    }
    let edits = found.edits.into_iter().map(|(at, delete, insert)| Repair { at, delete, insert }).collect();
    let mut repairer = Repairer { file, source, tokens: &tokens, meant: HashMap::new(), errors: found.errors, edits };
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
    edits.extend(mended.edits.into_iter().map(|(at, delete, insert)| Repair { at, delete, insert }));
    edits.sort_by_key(|e| e.at);
    let mut text = String::with_capacity(source.len());
    let mut done = 0;
    edits.retain(|edit| {
        let fits = edit.at >= done;
        if fits {
            text.push_str(source.get(done..edit.at).unwrap_or(""));
            text.push_str(&edit.insert);
            done = edit.at + edit.delete;
        }
        fits
    });
    text.push_str(source.get(done..).unwrap_or(""));
    Repaired { text, errors, too_deep, hidden: found.hidden, edits }
}

struct Repairer<'a> {
    file: FileId,
    source: &'a str,
    tokens: &'a [Token],
    /// Misspelt words and what is meant, by token.
    meant: HashMap<usize, &'static str>,
    errors: Vec<SyntaxError>,
    edits: Vec<Repair>,
}

struct Bracket {
    kind: u8,
    index: usize,
}

fn closer(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

impl Repairer<'_> {
    fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.start, token.end)
    }

    fn text(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |t| t.text(self.source))
    }

    fn edit(&mut self, at: usize, delete: usize, insert: impl Into<String>) {
        self.edits.push(Repair { at, delete, insert: insert.into() });
    }

    fn replace(&mut self, token: Token, insert: impl Into<String>) {
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
        if token_column(self.source, self.tokens.get(index)?.start) == 0 {
            let fits = named && matches!(after, "(" | "{" | "=" | "on" | "." | "from" | ",")
                || next_text == "{"
                || next_text.starts_with('"');
            if named && let Some((_, meant)) = WORDS_ELSEWHERE.iter().find(|(word_, _)| *word_ == word) {
                return Some(meant);
            }
            return fits.then(|| nearest(word, ITEM_WORDS.iter().copied())).flatten();
        }
        let reserved = matches!(word, "if" | "not" | "true" | "false" | "none" | "residual" | "repeat" | "scan");
        let unit = matches!(next_text, "epoch" | "epochs" | "step" | "steps");
        let fits = !reserved && !unit && named && matches!(after, "=" | ":" | "{");
        fits.then(|| nearest(word, STATEMENT_WORDS.iter().copied())).flatten()
    }

    /// What a word within a statement is meant to be that holds a form together: its place tells.
    fn misspelt_within(&self, index: usize) -> Option<&'static str> {
        let word = self.text(index);
        if RESERVED.contains(&word) || FORM_WORDS.contains(&word) {
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
        let in_scan = (first..index).any(|i| self.text(i) == "scan") && ends_operand;
        if in_scan && is_word(next) && matches!(after, "," | "{") {
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
        let before = self.tokens.get(..index).unwrap_or_default();
        before.iter().rposition(|t| t.kind == TokenKind::Newline).map_or(0, |newline| newline + 1)
    }

    /// Whether the token before, on this line or one above, closes a brace.
    fn follows_brace(&self, index: usize) -> bool {
        let before = self.tokens.get(..index).unwrap_or_default();
        let last = before.iter().rev().find(|t| !t.is_trivia() && t.kind != TokenKind::Newline);
        let column = self.tokens.get(index).map_or(0, |t| token_column(self.source, t.start));
        last.is_some_and(|t| t.kind == TokenKind::Close(b'}')) && column > 0
    }

    /// What stands behind the bracket that closes the one at `open`.
    fn behind_bracket(&self, open: usize) -> &str {
        let mut depth = 0_usize;
        for (i, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return self.text(i + 1);
            }
        }
        ""
    }

    /// Whether an item certainly begins at this token, however many brackets are open.
    fn item_begins(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        if token.kind != TokenKind::Word || token_column(self.source, token.start) != 0 {
            return false;
        }
        let named = self.tokens.get(index + 1).is_some_and(|t| t.kind == TokenKind::Word);
        let after = self.text(index + 2);
        match self.meant.get(&index).copied().unwrap_or_else(|| self.text(index)) {
            "model" | "block" => named && after == "(",
            "data" => named && self.opens_body(index + 2),
            "train" => named && matches!(after, "on" | "(" | "."),
            "hyper" => named && after == "=",
            "expect" | "sweep" => self.opens_body(index + 1),
            "import" => named || self.text(index + 1).starts_with('"'),
            _ => false,
        }
    }

    /// Whether a token is the `{` of a body, or one that is missing.
    fn opens_body(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|t| t.kind == TokenKind::Open(b'{'))
    }

    /// Whether a `let` or the like begins a line here, which cannot be inside `(` or `[`.
    fn statement_begins(&self, index: usize) -> bool {
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

    /// Matches brackets, and repairs. Returns whether a brace was left open.
    fn brackets(&mut self, by_indent: bool) -> bool {
        let mut braces_missing = false;
        let mut open: Vec<Bracket> = Vec::new();
        // Between `block` or `model` and the brace of its body, where no other brace can stand.
        let mut in_signature = false;
        for (i, &token) in self.tokens.iter().enumerate() {
            if token.kind == TokenKind::Word && open.is_empty() && self.item_begins(i) {
                in_signature = matches!(self.meant.get(&i).copied().unwrap_or(self.text(i)), "block" | "model");
            }
            match token.kind {
                TokenKind::Open(b'{') if in_signature && !self.opens_a_form(&open, i) => {
                    for bracket in open.drain(..).rev() {
                        self.unclosed(&bracket, i, Some(token));
                    }
                    in_signature = false;
                    open.push(Bracket { kind: b'{', index: i });
                }
                TokenKind::Open(kind) => open.push(Bracket { kind, index: i }),
                TokenKind::Close(kind) => match self.partner(&open, kind, token, by_indent) {
                    Some(position) => {
                        for bracket in open.split_off(position + 1).into_iter().rev() {
                            self.unclosed(&bracket, i, Some(token));
                        }
                        open.pop();
                    }
                    None => {
                        self.errors.push(SyntaxError::StrayClose { span: self.span(token), bracket: char::from(kind) });
                        self.replace(token, "");
                    }
                },
                TokenKind::Word if !open.is_empty() && self.item_begins(i) => {
                    for bracket in open.drain(..).rev() {
                        braces_missing |= bracket.kind == b'{';
                        self.unclosed(&bracket, i, None);
                    }
                }
                // Outside of braces an arrow stands only behind the inputs of a signature.
                _ if !open.is_empty() && open.iter().all(|b| b.kind != b'{') && token.text(self.source) == "->" => {
                    for bracket in open.drain(..).rev() {
                        self.unclosed(&bracket, i, Some(token));
                    }
                }
                TokenKind::Word if self.statement_begins(i) => {
                    while let Some(bracket) = open.pop_if(|b| b.kind != b'{') {
                        self.unclosed(&bracket, i, None);
                    }
                }
                _ => {}
            }
        }
        for bracket in open.into_iter().rev() {
            braces_missing |= bracket.kind == b'{';
            self.unclosed(&bracket, self.tokens.len(), None);
        }
        braces_missing
    }

    /// Whether a brace inside a bracket of a signature is that of an `if` or another form: `(n: if a { 1 } else { 2 })`.
    fn opens_a_form(&self, open: &[Bracket], brace: usize) -> bool {
        let Some(bracket) = open.last() else { return false };
        let behind_bracket = (bracket.index + 1..brace).rev().map(|i| self.text(i));
        // A comma or another brace ends what a form could have begun.
        let mut since = behind_bracket.take_while(|text| !matches!(*text, "," | "{"));
        since.any(|text| matches!(text, "if" | "else" | "residual" | "repeat" | "scan"))
    }

    /// The open bracket that a closing one closes.
    fn partner(&self, open: &[Bracket], kind: u8, token: Token, by_indent: bool) -> Option<usize> {
        let nearest = open.iter().rposition(|b| closer(b.kind) == kind)?;
        let indent = line_indent(self.source, token.start);
        if !by_indent || kind != b'}' || token_column(self.source, token.start) != indent {
            return Some(nearest);
        }
        let at_indent = |b: &Bracket| {
            let opener = self.tokens.get(b.index);
            b.kind == b'{' && opener.is_some_and(|t| line_indent(self.source, t.start) == indent)
        };
        Some(open.iter().rposition(at_indent).unwrap_or(nearest))
    }

    /// Closes a bracket before the token `limit`: at the end of its line, or of the lines that go on after a comma.
    fn unclosed(&mut self, bracket: &Bracket, limit: usize, found: Option<Token>) {
        let Some(&opener) = self.tokens.get(bracket.index) else { return };
        let mut last = opener;
        let mut goes_on = true;
        // Nothing flows among the arguments that make a layer, nor among columns and positions.
        let holds_no_pipe = bracket.index.checked_sub(1).is_some_and(|before| {
            let is_adjacent = self.tokens.get(before).is_some_and(|t| t.end == opener.start);
            let callee = self.text(before);
            is_adjacent
                && match bracket.kind {
                    b'(' => callee.starts_with(|c: char| c.is_uppercase()),
                    b'[' => callee.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']')),
                    _ => false,
                }
        });
        for (i, token) in self.tokens.iter().enumerate().take(limit).skip(bracket.index + 1) {
            match token.kind {
                // `Dense(16 |> relu`, `t[a .. b |> standardize`
                TokenKind::Symbol if holds_no_pipe && token.text(self.source) == "|>" => break,
                TokenKind::Newline if !goes_on && bracket.kind != b'{' && !self.continues_line(i + 1) => break,
                TokenKind::Comment | TokenKind::SlashComment | TokenKind::BlockComment | TokenKind::Newline => {}
                kind => {
                    let text = token.text(self.source);
                    goes_on = matches!(kind, TokenKind::Open(_)) || is_operator(text) || matches!(text, "," | ":");
                    last = *token;
                }
            }
        }
        // A trailing comment must not swallow the new bracket, nor an unfinished string.
        let at = last.end;
        let close = char::from(closer(bracket.kind));
        // A brace that is missing itself has been told of.
        let found = found.filter(|t| t.start < t.end).map(|t| self.span(t));
        let at_span = Span::new(self.file, at, at);
        if opener.start < opener.end {
            self.errors.push(SyntaxError::Unclosed { open: self.span(opener), closer: close, at: at_span, found });
        }
        self.edit(at, 0, if close == '}' { "\n}".to_owned() } else { close.to_string() });
    }

    fn continues_line(&self, index: usize) -> bool {
        let next = self.tokens.iter().skip(index).find(|t| !t.is_trivia());
        next.is_some_and(|t| is_operator(t.text(self.source)))
    }

    /// Whether brackets or chains of operators would make a tree too deep to walk.
    fn depth(&mut self) -> bool {
        #[derive(Default)]
        struct Frame {
            finished: usize,
            operators: usize,
            child: usize,
        }
        impl Frame {
            fn depth(&self) -> usize {
                self.finished.max(self.operators + self.child)
            }
            fn finish(&mut self) {
                *self = Frame { finished: self.depth(), operators: 0, child: 0 };
            }
        }
        let mut frames = vec![Frame::default()];
        let mut braces = vec![true];
        let mut goes_on = false;
        for (i, &token) in self.tokens.iter().enumerate() {
            let text = token.text(self.source);
            let count = frames.len();
            let Some(frame) = frames.last_mut() else { return false };
            match token.kind {
                TokenKind::Newline => {
                    let next =
                        self.tokens.iter().skip(i + 1).take(64).find(|t| !t.is_trivia()).map(|t| t.text(self.source));
                    let continued = next.is_none_or(|t| is_operator(t) || matches!(t, "." | "else"));
                    if braces.last() == Some(&true) && !goes_on && !continued {
                        frame.finish();
                    }
                    continue;
                }
                TokenKind::Comment | TokenKind::SlashComment | TokenKind::BlockComment => continue,
                TokenKind::Open(kind) => {
                    frame.operators += 1;
                    frames.push(Frame::default());
                    braces.push(kind == b'{');
                }
                TokenKind::Close(_) => {
                    let inner = frame.depth() + 1;
                    if count > 1 {
                        frames.pop();
                        braces.pop();
                    }
                    if let Some(outer) = frames.last_mut() {
                        outer.child = outer.child.max(inner);
                    }
                }
                TokenKind::Symbol if matches!(text, "," | ";") => frame.finish(),
                TokenKind::Symbol if text != ":" => frame.operators += 1,
                TokenKind::Word if is_operator(text) || matches!(text, "not" | "else" | "repeat" | "residual") => {
                    frame.operators += 1
                }
                _ => {}
            }
            goes_on = matches!(text, "," | ":" | "not" | "." | "!")
                || is_operator(text)
                || matches!(token.kind, TokenKind::Open(_));
            let deepest = frames.iter().rev().fold(0, |inner, f| f.finished.max(f.operators + f.child.max(inner)));
            let limit = if frames.len() > MAX_BRACKETS {
                MAX_BRACKETS
            } else if deepest > MAX_DEPTH {
                MAX_DEPTH
            } else {
                continue;
            };
            let span = self.span(token);
            self.errors.push(SyntaxError::TooDeep { span, limit });
            return true;
        }
        false
    }
}

/// Characters before the token on its line.
pub(super) fn token_column(source: &str, offset: usize) -> usize {
    let line = source.get(..offset).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let before = source.get(line..offset).unwrap_or("");
    before.chars().filter(|c| *c != '\u{FEFF}').count()
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
