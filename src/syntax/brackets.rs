//! Brackets that do not match: which is meant by which, and where what is left open ends.

use super::error::SyntaxError;
use super::repair::{Repairer, line_indent};
use super::tokens::{Token, TokenKind, is_operator};
use crate::source::Span;

struct Bracket {
    kind: u8,
    index: usize,
}

/// Where what is left open may end, by token.
pub(super) struct Ends {
    /// The next newline, this token included, at which a line ends that does not go on in the next one.
    line: Vec<usize>,
    /// The next `|>`, this token included.
    pipe: Vec<usize>,
    /// The last token that is code, this one included.
    code: Vec<usize>,
}

/// The brackets that are open at a place.
#[derive(Default)]
struct Open {
    brackets: Vec<Bracket>,
    /// How many there are of `(`, `[` and `{`.
    counts: [usize; 3],
}

impl Open {
    fn count(&mut self, kind: u8) -> &mut usize {
        let [round, square, curly] = &mut self.counts;
        match kind {
            b'(' => round,
            b'[' => square,
            _ => curly,
        }
    }

    fn push(&mut self, kind: u8, index: usize) {
        *self.count(kind) += 1;
        self.brackets.push(Bracket { kind, index });
    }

    fn pop(&mut self) -> Option<Bracket> {
        let bracket = self.brackets.pop()?;
        *self.count(bracket.kind) -= 1;
        Some(bracket)
    }

    fn has_brace(&mut self) -> bool {
        *self.count(b'{') > 0
    }
}

fn closer(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

fn opener(close: u8) -> u8 {
    match close {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}

impl Repairer<'_> {
    /// Matches brackets, and repairs. Returns whether a brace was left open.
    pub fn brackets(&mut self, by_indent: bool) -> bool {
        let mut braces_missing = false;
        let mut open = Open::default();
        // Between `block` or `model` and the brace of its body, where no other brace can stand.
        let mut in_signature = false;
        for (i, &token) in self.tokens.iter().enumerate() {
            let begins_item = token.kind == TokenKind::Word && self.item_begins(i);
            if begins_item && open.brackets.is_empty() {
                in_signature = matches!(self.meant.get(&i).copied().unwrap_or(self.text(i)), "block" | "model");
            }
            match token.kind {
                TokenKind::Open(b'{') if in_signature && !self.opens_a_form(&open.brackets, i) => {
                    while let Some(bracket) = open.pop() {
                        self.unclosed(&bracket, i, Some(token));
                    }
                    in_signature = false;
                    open.push(b'{', i);
                }
                TokenKind::Open(kind) => open.push(kind, i),
                TokenKind::Close(kind) => match self.partner(&mut open, kind, token, by_indent) {
                    Some(position) => {
                        while open.brackets.len() > position + 1
                            && let Some(bracket) = open.pop()
                        {
                            self.unclosed(&bracket, i, Some(token));
                        }
                        open.pop();
                    }
                    None => {
                        self.errors.push(SyntaxError::StrayClose { span: self.span(token), bracket: char::from(kind) });
                        self.replace(token, "");
                    }
                },
                TokenKind::Word if begins_item => {
                    while let Some(bracket) = open.pop() {
                        braces_missing |= bracket.kind == b'{';
                        self.unclosed(&bracket, i, None);
                    }
                }
                // Outside of braces an arrow stands only behind the inputs of a signature.
                TokenKind::Symbol if token.text(self.source) == "->" && !open.has_brace() => {
                    while let Some(bracket) = open.pop() {
                        self.unclosed(&bracket, i, Some(token));
                    }
                }
                TokenKind::Word if self.statement_begins(i) => {
                    while open.brackets.last().is_some_and(|b| b.kind != b'{')
                        && let Some(bracket) = open.pop()
                    {
                        self.unclosed(&bracket, i, None);
                    }
                }
                _ => {}
            }
        }
        while let Some(bracket) = open.pop() {
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
    fn partner(&self, open: &mut Open, kind: u8, token: Token, by_indent: bool) -> Option<usize> {
        let is_closed = |b: &Bracket| closer(b.kind) == kind;
        if *open.count(opener(kind)) == 0 {
            return None;
        }
        let nearest = open.brackets.iter().rposition(is_closed)?;
        if !by_indent || kind != b'}' || !begins_line(self.source, token.start) {
            return Some(nearest);
        }
        let indent = line_indent(self.source, token.start);
        let at_indent = |b: &Bracket| {
            let opener = self.tokens.get(b.index);
            b.kind == b'{' && opener.is_some_and(|t| line_indent(self.source, t.start) == indent)
        };
        Some(open.brackets.iter().rposition(at_indent).unwrap_or(nearest))
    }

    /// Closes a bracket before the token `limit`: at the end of its line, or of the lines that go on after a comma.
    fn unclosed(&mut self, bracket: &Bracket, limit: usize, found: Option<Token>) {
        let Some(&opener) = self.tokens.get(bracket.index) else { return };
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
        let ends = self.ends.get_or_init(|| ends(self.source, self.tokens));
        let next = |all: &[usize]| all.get(bracket.index + 1).copied().unwrap_or(limit);
        let mut end = limit;
        if bracket.kind != b'{' {
            end = end.min(next(&ends.line));
        }
        // `Dense(16 |> relu`, `t[a .. b |> standardize`
        if holds_no_pipe {
            end = end.min(next(&ends.pipe));
        }
        let last = end.checked_sub(1).and_then(|last| ends.code.get(last)).map_or(bracket.index, |last| *last);
        // A trailing comment must not swallow the new bracket, nor an unfinished string.
        let at = self.tokens.get(last.max(bracket.index)).map_or(opener.end, |token| token.end);
        let close = char::from(closer(bracket.kind));
        // A brace that is missing itself has been told of.
        let found = found.filter(|t| t.start < t.end).map(|t| self.span(t));
        let at_span = Span::new(self.file, at, at);
        if opener.start < opener.end {
            self.errors.push(SyntaxError::Unclosed { open: self.span(opener), closer: close, at: at_span, found });
        }
        self.edit(at, 0, if close == '}' { "\n}".to_owned() } else { close.to_string() });
    }
}

/// Looks once for the places where something may end.
fn ends(source: &str, tokens: &[Token]) -> Ends {
    let mut code = Vec::with_capacity(tokens.len());
    // Whether the line goes on behind each token, comments aside.
    let mut goes_on = Vec::with_capacity(tokens.len());
    let (mut last, mut last_goes_on) = (0, true);
    for (i, token) in tokens.iter().enumerate() {
        if !token.is_trivia() {
            let text = token.text(source);
            last = i;
            last_goes_on = matches!(token.kind, TokenKind::Open(_)) || is_operator(text) || matches!(text, "," | ":");
        }
        code.push(last);
        goes_on.push(last_goes_on);
    }
    let (mut line, mut pipe) = (Vec::with_capacity(tokens.len()), Vec::with_capacity(tokens.len()));
    let (mut next_line, mut next_pipe) = (tokens.len(), tokens.len());
    let mut is_continued = false;
    for (i, (token, goes_on)) in tokens.iter().zip(&goes_on).enumerate().rev() {
        match token.kind {
            TokenKind::Newline if !goes_on && !is_continued => next_line = i,
            TokenKind::Symbol if token.text(source) == "|>" => next_pipe = i,
            _ => {}
        }
        if !token.is_trivia() {
            is_continued = is_operator(token.text(source));
        }
        line.push(next_line);
        pipe.push(next_pipe);
    }
    line.reverse();
    pipe.reverse();
    Ends { line, pipe, code }
}

/// Whether nothing but white space stands before a token on its line.
fn begins_line(source: &str, offset: usize) -> bool {
    let before = source.get(..offset).unwrap_or("").trim_end_matches([' ', '\t', '\u{FEFF}']);
    before.is_empty() || before.ends_with('\n')
}
