//! From pest's pairs to the syntax tree.
//!
//! A pair that lacks a part that its rule promises becomes an `Error` node; nothing here panics.

mod broken;
mod expressions;
mod forms;
mod items;
mod literals;
mod statements;

use super::ast::Ident;
use super::error::SyntaxError;
use super::parse::Rule;
use super::repair::Repaired;
use super::tokens::{Token, scan};
use crate::source::{FileId, Span};
use pest::iterators::Pair;
use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;

/// Builds the tree of one file and collects what is wrong with it.
pub(crate) struct Builder<'a> {
    file: FileId,
    source: &'a str,
    repaired: &'a Repaired,
    /// Where in the repaired text the parsed slice begins.
    pub(crate) base: usize,
    /// Names that stand behind those of modules, `nn.Linear`, with the whole span.
    pub(crate) qualified: Vec<Ident>,
    /// The tokens of the original text, once somebody has asked.
    tokens: OnceCell<Vec<Token>>,
    /// Names that this file may declare, once somebody has asked.
    declared: OnceCell<BTreeSet<&'a str>>,
    /// Whether somebody has asked for what stands elsewhere in the file.
    pub(crate) looked_around: Cell<bool>,
    /// What was found wrong so far.
    pub(crate) errors: Vec<SyntaxError>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(file: FileId, source: &'a str, repaired: &'a Repaired) -> Self {
        Builder {
            file,
            source,
            repaired,
            base: 0,
            qualified: Vec::new(),
            tokens: OnceCell::new(),
            declared: OnceCell::new(),
            looked_around: Cell::new(false),
            errors: Vec::new(),
        }
    }

    /// The span in the original text of the bytes `start .. end` of the parsed one.
    fn span_of(&self, start: usize, end: usize) -> Span {
        let start = self.repaired.original(self.base + start);
        let end = self.repaired.original(self.base + end).max(start);
        Span::new(self.file, start, end)
    }

    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        self.span_of(span.start(), span.end())
    }

    fn ident(&self, pair: &Pair<'_, Rule>) -> Ident {
        Ident { name: pair.as_str().into(), span: self.span(pair) }
    }

    /// The text in the original source.
    fn text(&self, span: Span) -> &'a str {
        self.source.get(span.range()).unwrap_or("")
    }

    fn tokens(&self) -> &[Token] {
        self.tokens.get_or_init(|| scan(self.source))
    }

    /// Whether the file may declare this name.
    fn declares(&self, name: &str) -> bool {
        self.looked_around.set(true);
        let declared = self.declared.get_or_init(|| {
            let tokens: Vec<&str> = self.tokens().iter().map(|t| t.text(self.source)).collect();
            let declared = tokens.windows(3).filter_map(|window| match window {
                [before, word, after] => {
                    let is_declared = matches!(*before, "let" | "data" | "as" | "block" | "model" | "hyper")
                        || matches!(*before, "(" | ",") && matches!(*after, ")" | "," | ":");
                    is_declared.then_some(*word)
                }
                _ => None,
            });
            declared.collect()
        });
        declared.contains(name)
    }

    fn report(&mut self, error: SyntaxError) {
        self.errors.push(error);
    }

    /// Stands for an identifier that the grammar promised; never seen in practice.
    fn no_ident(&self, span: Span) -> Ident {
        Ident { name: "".into(), span: span.start_point() }
    }

    /// The text of the `##` lines right before an offset of the original text.
    fn doc_before(&self, offset: usize) -> Option<String> {
        let before = self.source.get(..offset).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        if !before.get(line_start..).unwrap_or("").trim_start_matches('\u{FEFF}').trim().is_empty() {
            return None;
        }
        let mut lines = Vec::new();
        for line in before.get(..line_start).unwrap_or("").lines().rev() {
            let line = line.trim_start_matches('\u{FEFF}').trim();
            match line.strip_prefix("##") {
                Some(text) if !text.starts_with('#') => lines.push(text.strip_prefix(' ').unwrap_or(text)),
                _ if line.starts_with('#') || line.is_empty() && lines.is_empty() => {
                    if lines.is_empty() {
                        continue;
                    }
                    break;
                }
                _ => break,
            }
        }
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Reports a missing comma, semicolon or trailing comma marker; the rest is passed on.
    fn is_marker(&mut self, pair: &Pair<'_, Rule>) -> bool {
        match pair.as_rule() {
            Rule::missing_comma => {
                let (at, next) = self.between(pair);
                self.report(SyntaxError::MissingComma { at, next });
                true
            }
            Rule::trailing_comma => true,
            Rule::missing_semicolon => {
                let (at, next) = self.between(pair);
                self.report(SyntaxError::MissingSemicolon { at, next });
                true
            }
            _ => false,
        }
    }

    /// Where a mark is missing before this (empty) pair: behind the code before it; and the first word of what follows.
    fn between(&self, pair: &Pair<'_, Rule>) -> (Span, Span) {
        let start = self.span(pair).start as usize;
        let at = self.end_of_code(self.source.get(..start).unwrap_or(""));
        let first = self.source.get(start..).unwrap_or("");
        let length = first.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(first.len());
        let length = if length == 0 { first.chars().next().map_or(0, char::len_utf8) } else { length };
        (at, Span::new(self.file, start, start + length))
    }

    /// The empty span behind the last code of a text, white space and whole-line comments aside.
    fn end_of_code(&self, before: &str) -> Span {
        // Only the line before, unless that has no code: the whole text would make many slips quadratic.
        let mut line = before.len();
        let end = loop {
            line = before.get(..line).and_then(|t| t.rfind('\n')).unwrap_or(0);
            let tokens = scan(before.get(line..).unwrap_or(""));
            match tokens.iter().rev().find(|t| !t.is_trivia()) {
                Some(token) => break line + token.end,
                None if line == 0 => break before.len(),
                None => {}
            }
        };
        Span::new(self.file, end, end)
    }
}
