//! Tokens, and the lines that they stand on: what is asked by those who look, before parsing, for bodies without braces
//! and for other languages.

use super::repair::line_indent;
use super::tokens::{Token, TokenKind};
use crate::source::{FileId, Span};

/// The tokens of a text. What lies behind the last one is a newline without text.
#[derive(Clone, Copy)]
pub(super) struct TokenLines<'a> {
    /// The file.
    pub file: FileId,
    /// Its text.
    pub source: &'a str,
    /// The tokens of that.
    pub tokens: &'a [Token],
}

impl<'a> TokenLines<'a> {
    /// The text of a token.
    pub(super) fn text(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |t| t.text(self.source))
    }

    /// What a token is.
    pub(super) fn kind(&self, index: usize) -> TokenKind {
        self.tokens.get(index).map_or(TokenKind::Newline, |t| t.kind)
    }

    /// Whether a token is a word.
    pub(super) fn is_word(&self, index: usize) -> bool {
        self.kind(index) == TokenKind::Word
    }

    /// Whether a token stands for something in the program.
    pub(super) fn is_code(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|t| !t.is_trivia())
    }

    /// Where a token begins.
    pub(super) fn start(&self, index: usize) -> usize {
        self.tokens.get(index).map_or(self.source.len(), |t| t.start)
    }

    /// Where a token ends.
    pub(super) fn end(&self, index: usize) -> usize {
        self.tokens.get(index).map_or(self.source.len(), |t| t.end)
    }

    /// A piece of the text.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    /// Where a token stands.
    pub(super) fn token_span(&self, index: usize) -> Span {
        self.span(self.start(index), self.end(index))
    }

    /// The text from one offset to another.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or("")
    }

    /// Whether a token begins a line, white space aside.
    pub(super) fn begins_line(&self, index: usize) -> bool {
        index.checked_sub(1).is_none_or(|before| self.kind(before) == TokenKind::Newline)
    }

    /// The index of the newline that ends the line of a token, brackets aside.
    pub(super) fn line_end(&self, index: usize) -> usize {
        let mut depth = 0_usize;
        for i in index..self.tokens.len() {
            match self.kind(i) {
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) => depth = depth.saturating_sub(1),
                TokenKind::Newline if depth == 0 => return i,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// The last token of the line that is code.
    pub(super) fn last_of_line(&self, index: usize) -> usize {
        let end = self.line_end(index);
        (index..end).rev().find(|i| self.is_code(*i)).unwrap_or(index)
    }

    /// The index behind the lines from a newline on that are indented more than `indent`.
    pub(super) fn indented_end(&self, newline: usize, indent: usize) -> usize {
        self.end_of_lines(newline, |_, inner| inner > indent)
    }

    /// The same, with the branches of the statement of Python that has this indent.
    pub(super) fn block_end(&self, newline: usize, indent: usize) -> usize {
        let is_branch = |first| matches!(self.text(first), "elif" | "else" | "except" | "finally");
        self.end_of_lines(newline, |first, inner| inner > indent || inner == indent && is_branch(first))
    }

    /// The index behind the lines from a newline on that `belong`, by their first token and its indent.
    fn end_of_lines(&self, newline: usize, belongs: impl Fn(usize, usize) -> bool) -> usize {
        let mut end = newline;
        while let Some(next) = self.next_code(end)
            && belongs(next, line_indent(self.source, self.start(next)))
        {
            end = self.line_end(next);
        }
        end
    }

    /// The bracket that closes the one at an index, of whatever kind.
    pub(super) fn close_of(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..self.tokens.len()).find(|i| {
            match self.kind(*i) {
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }

    /// Whether a `{` stands in the line, outside of other brackets.
    pub(super) fn opens_brace(&self, index: usize) -> bool {
        let mut depth = 0_usize;
        for i in index..self.tokens.len() {
            match self.kind(i) {
                TokenKind::Open(b'{') if depth == 0 => return true,
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) => depth = depth.saturating_sub(1),
                TokenKind::Newline if depth == 0 => return false,
                _ => {}
            }
        }
        false
    }

    /// The first token from `index` on that is code.
    pub(super) fn next_code(&self, index: usize) -> Option<usize> {
        (index..self.tokens.len()).find(|i| self.is_code(*i))
    }

    /// The last token of a range that is code.
    pub(super) fn last_code(&self, mut range: std::ops::Range<usize>) -> Option<usize> {
        range.rfind(|i| self.is_code(*i))
    }
}
