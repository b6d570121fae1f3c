//! Writes tokens and comments, and the white space between them.

use super::spacing::Special;
use super::{INDENT, WIDTH};
use crate::syntax::ast::File;
use crate::syntax::tokens::{Token, TokenKind, scan};
use std::collections::HashMap;

/// A line break that is due before the next token.
#[derive(Debug, Clone, Copy)]
struct Break {
    indent: usize,
    /// Keep one blank line where the source has some.
    keep_blank: bool,
    /// A blank line even where the source has none.
    blank: bool,
}

/// A comment behind code: where its line's text stood, for alignment.
struct Trailing {
    line: usize,
    /// Byte in the output, before the white space.
    at: usize,
    column: usize,
}

/// The output so far and the tokens still to write.
pub(super) struct Writer<'a> {
    source: &'a str,
    /// Comments included; newlines and `;` left out.
    tokens: Vec<Token>,
    spaces: Vec<bool>,
    /// Source line of each token.
    lines: Vec<usize>,
    next: usize,
    out: String,
    line: usize,
    column: usize,
    line_indent: usize,
    due: Option<Break>,
    /// Indents for lines that a comment forces.
    continuation: Vec<usize>,
    /// Additional spaces before the token that begins at an offset.
    pub(super) pads: HashMap<usize, usize>,
    trailing: Vec<Trailing>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(source: &'a str, file: &File) -> Self {
        let mut line = 0;
        let (mut tokens, mut lines) = (Vec::new(), Vec::new());
        let mut special = Special::of(file);
        let mut leads = false;
        for token in scan(source) {
            match token.kind {
                TokenKind::Newline => line += 1,
                TokenKind::Symbol if token.text(source) == ";" => leads = true,
                _ => {
                    if leads && !token.is_trivia() {
                        special.leads.insert(token.start);
                        leads = false;
                    }
                    tokens.push(token);
                    lines.push(line);
                }
            }
        }
        let spaces = special.spaces(source, &tokens);
        Writer {
            source,
            tokens,
            spaces,
            lines,
            next: 0,
            out: String::new(),
            line: 0,
            column: 0,
            line_indent: 0,
            due: None,
            continuation: vec![INDENT],
            pads: HashMap::new(),
            trailing: Vec::new(),
        }
    }

    // ---- what the source has ----

    /// Index of the first token at or after an offset.
    fn index(&self, offset: usize) -> usize {
        self.tokens.partition_point(|t| t.start < offset)
    }

    /// The offset of the first token at or after an offset, comments aside.
    pub(super) fn code_after(&self, offset: usize) -> usize {
        let rest = self.tokens.get(self.index(offset)..).unwrap_or_default();
        rest.iter().find(|t| !t.is_trivia()).map_or(self.source.len(), |t| t.start)
    }

    pub(super) fn token_text(&self, offset: usize) -> &'a str {
        self.tokens.get(self.index(offset)).map_or("", |t| t.text(self.source))
    }

    /// Whether the source has a line break between two offsets at which tokens begin or end.
    pub(super) fn breaks_between(&self, from: usize, to: usize) -> bool {
        self.source.get(from..to).is_some_and(|t| t.contains('\n'))
    }

    /// Whether a comment stands between two offsets.
    pub(super) fn has_comment(&self, from: usize, to: usize) -> bool {
        let (first, last) = (self.index(from), self.index(to));
        self.tokens.get(first..last).is_some_and(|all| all.iter().any(|t| t.is_trivia()))
    }

    fn blank_before(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else { return false };
        match (self.lines.get(before), self.lines.get(index)) {
            (Some(a), Some(b)) => b - a > 1,
            _ => false,
        }
    }

    /// Whether the source has a blank line right before the token at this offset, or before the comments before it.
    pub(super) fn blank_above(&self, offset: usize) -> bool {
        let mut index = self.index(offset);
        loop {
            if self.blank_before(index) {
                return true;
            }
            match index.checked_sub(1) {
                Some(before) if self.tokens.get(before).is_some_and(|t| t.is_trivia()) => index = before,
                _ => return false,
            }
        }
    }

    /// Columns of the tokens between two offsets on one line.
    pub(super) fn width(&self, from: usize, to: usize) -> usize {
        let (first, last) = (self.index(from), self.index(to));
        let mut width = 0;
        for i in first..last {
            let Some(token) = self.tokens.get(i) else { break };
            width += token.text(self.source).chars().count();
            if i > first && self.spaces.get(i) == Some(&true) {
                width += 1;
            }
        }
        width
    }

    /// Whether the tokens between two offsets fit the rest of the current line.
    pub(super) fn fits(&self, from: usize, to: usize) -> bool {
        self.next_column() + self.width(from, to) <= WIDTH
    }

    // ---- where the output stands ----

    /// Indent of the line on which the next token will stand.
    pub(super) fn next_line_indent(&self) -> usize {
        self.due.map_or(self.line_indent, |d| d.indent)
    }

    /// Column of the next token.
    pub(super) fn next_column(&self) -> usize {
        match self.due {
            Some(due) => due.indent,
            None => self.column + self.gap(self.next),
        }
    }

    /// The line of the output.
    pub(super) fn output_line(&self) -> usize {
        self.line
    }

    fn gap(&self, index: usize) -> usize {
        let Some(token) = self.tokens.get(index) else { return 0 };
        let space = usize::from(self.column > self.line_indent && self.spaces.get(index) == Some(&true));
        space + self.pads.get(&token.start).copied().unwrap_or(0)
    }

    // ---- writing ----

    /// Asks for a line break before the next token.
    pub(super) fn break_line(&mut self, indent: usize) {
        self.due = Some(Break { indent, keep_blank: false, blank: false });
    }

    /// Asks for a line break between statements or items.
    pub(super) fn break_statement(&mut self, indent: usize, keep_blank: bool, blank: bool) {
        self.due = Some(Break { indent, keep_blank, blank });
    }

    /// Lines that comments force begin at this indent until [`Writer::leave`].
    pub(super) fn enter(&mut self, indent: usize) {
        self.continuation.push(indent);
    }

    pub(super) fn leave(&mut self) {
        self.continuation.pop();
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    /// Writes a mark that the source may lack, right behind the last token.
    pub(super) fn mark(&mut self, text: &str) {
        self.push(text);
    }

    fn start_line(&mut self, due: Break, index: usize) {
        if !self.out.is_empty() {
            self.out.push('\n');
            self.line += 1;
            if due.blank || due.keep_blank && self.blank_before(index) {
                self.out.push('\n');
                self.line += 1;
            }
        }
        self.out.extend(std::iter::repeat_n(' ', due.indent));
        self.column = due.indent;
        self.line_indent = due.indent;
    }

    fn comment(&mut self, index: usize, token: Token) {
        let text = token.text(self.source).trim_end();
        let same_line = index.checked_sub(1).and_then(|i| self.lines.get(i)) == self.lines.get(index);
        let forced = Break { indent: self.continuation.last().copied().unwrap_or(0), keep_blank: false, blank: false };
        if same_line && !self.out.is_empty() {
            self.trailing.push(Trailing { line: self.line, at: self.out.len(), column: self.column });
            self.push("  ");
            self.push(text);
            self.due.get_or_insert(forced);
            return;
        }
        let due = self.due.unwrap_or(forced);
        if !self.out.is_empty() || due.indent > 0 {
            self.start_line(due, index);
        }
        self.push(text);
        self.due = Some(Break { blank: false, ..due });
    }

    fn token(&mut self) {
        let Some(&token) = self.tokens.get(self.next) else { return };
        let index = self.next;
        if token.is_trivia() {
            self.comment(index, token);
        } else {
            let gap = self.gap(index);
            match self.due.take() {
                Some(due) if !self.out.is_empty() => self.start_line(due, index),
                _ => {
                    let spaces = if self.out.is_empty() { 0 } else { gap };
                    self.out.extend(std::iter::repeat_n(' ', spaces));
                    self.column += spaces;
                }
            }
            self.push(token.text(self.source));
        }
        self.next += 1;
    }

    /// Writes everything that begins before an offset.
    pub(super) fn upto(&mut self, offset: usize) {
        while self.tokens.get(self.next).is_some_and(|t| t.start < offset) {
            self.token();
        }
    }

    /// Writes the comments before the next token, each on a line of its own at `indent`.
    pub(super) fn comments(&mut self, indent: usize) {
        let mut any = false;
        while self.tokens.get(self.next).is_some_and(|t| t.is_trivia()) {
            self.break_statement(indent, any || !self.out.ends_with('{'), false);
            self.token();
            any = true;
        }
    }

    /// The whole output.
    pub(super) fn finish(mut self) -> String {
        self.upto(usize::MAX);
        // Comments behind consecutive lines stand in one column.
        let mut inserts = Vec::new();
        let mut rest = self.trailing.as_slice();
        while let Some(first) = rest.first() {
            let count = rest.iter().zip(first.line..).take_while(|(t, line)| t.line == *line).count().max(1);
            let (group, others) = rest.split_at(count.min(rest.len()));
            let column = group.iter().map(|t| t.column).max().unwrap_or(0);
            inserts.extend(group.iter().map(|t| (t.at, column - t.column)));
            rest = others;
        }
        for (at, count) in inserts.into_iter().rev() {
            self.out.insert_str(at, &" ".repeat(count));
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }
}

impl Writer<'_> {
    /// The indent of a line that goes on with the current statement or list.
    pub(super) fn continuation_indent(&self) -> usize {
        self.continuation.last().copied().unwrap_or(0)
    }

    /// The offset of the next token that is not written yet.
    pub(super) fn written(&self) -> usize {
        self.tokens.get(self.next).map_or(self.source.len(), |t| t.start)
    }

    /// The offset of the last token before an offset, comments aside.
    pub(super) fn last_code_before(&self, offset: usize) -> usize {
        let before = self.tokens.get(..self.index(offset)).unwrap_or_default();
        before.iter().rev().find(|t| !t.is_trivia()).map_or(0, |t| t.start)
    }
}
