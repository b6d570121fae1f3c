//! Tokens, and the lines that they stand on: what everything asks that looks for mistakes before parsing.

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
        (index..end).rev().find(|i| !self.tokens.get(*i).is_none_or(|t| t.is_trivia())).unwrap_or(index)
    }

    /// The index behind the lines that are indented more than `indent`, from a newline on.
    pub(super) fn block_end(&self, newline: usize, indent: usize) -> usize {
        let mut end = newline;
        let mut i = newline;
        while i < self.tokens.len() {
            match self.kind(i) {
                TokenKind::Newline | TokenKind::Comment => i += 1,
                _ => {
                    let inner = line_indent(self.source, self.start(i));
                    let goes_on = matches!(self.text(i), "elif" | "else" | "except" | "finally") && inner == indent;
                    if inner <= indent && !goes_on {
                        break;
                    }
                    i = self.line_end(i);
                    end = i;
                }
            }
        }
        end
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
        (index..self.tokens.len()).find(|i| !self.tokens.get(*i).is_none_or(|t| t.is_trivia()))
    }

    /// The last token of a range that is code.
    pub(super) fn last_code(&self, mut range: std::ops::Range<usize>) -> Option<usize> {
        range.rfind(|i| !self.tokens.get(*i).is_none_or(|t| t.is_trivia()))
    }
}
