//! Bodies without their braces: an item whose `{` is missing, or both, and an `if` or an item with a colon and indented
//! lines, as in Python.
//!
//! The braces that are meant become tokens without text, so that everything that looks at the tokens later sees whole
//! bodies.

use super::error::SyntaxError;
use super::foreign::Foreign;
use super::repair::{ITEM_WORDS, at_margin, line_indent};
use super::token_lines::TokenLines;
use super::tokens::{Token, TokenKind};
use crate::diagnostics::Edit;
use crate::source::FileId;
use std::collections::HashSet;

/// What was put right.
#[derive(Debug, Default)]
pub(super) struct Mended {
    /// What was wrong.
    pub errors: Vec<SyntaxError>,
    /// Offset, length and replacement.
    pub edits: Vec<(usize, usize, String)>,
}

/// Finds such bodies, and puts their braces among the tokens.
pub(super) fn mend(file: FileId, source: &str, tokens: &mut Vec<Token>) -> Mended {
    let lines = TokenLines { file, source, tokens };
    let mut finder = Finder { lines, mended: Mended::default(), braces: Vec::new(), taken: HashSet::new() };
    finder.all();
    let Finder { mended, mut braces, taken, .. } = finder;
    if !braces.is_empty() {
        braces.sort_by_key(|brace| brace.behind);
        let mut braces = braces.into_iter().peekable();
        let mut all = Vec::with_capacity(tokens.len() + braces.len());
        for (i, token) in tokens.iter().enumerate() {
            // What a brace stands for is no token any more.
            if !taken.contains(&i) {
                all.push(*token);
            }
            while let Some(brace) = braces.next_if(|brace| brace.behind == i) {
                all.push(Token { kind: brace.kind, start: token.end, end: token.end });
            }
        }
        *tokens = all;
    }
    mended
}

/// A brace that is meant behind a token.
struct Brace {
    behind: usize,
    kind: TokenKind,
}

/// A branch of an `if` whose bodies are indented lines.
struct Branch {
    word: usize,
    colon: usize,
    /// The first and the last token of the body.
    body: (usize, usize),
}

struct Finder<'a> {
    lines: TokenLines<'a>,
    mended: Mended,
    braces: Vec<Brace>,
    /// Tokens that the braces stand for.
    taken: HashSet<usize>,
}

impl<'a> std::ops::Deref for Finder<'a> {
    type Target = TokenLines<'a>;

    fn deref(&self) -> &TokenLines<'a> {
        &self.lines
    }
}

impl Finder<'_> {
    fn all(&mut self) {
        let mut depth = 0_usize;
        let mut i = 0;
        while i < self.tokens.len() {
            match self.kind(i) {
                TokenKind::Open(b'{') => depth += 1,
                TokenKind::Close(b'}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            let next = match self.text(i) {
                // That of `else if` belongs to the one before.
                "if" if i == 0 || self.text(i - 1) != "else" => self.indented_if(i),
                // Inside of a body these two may be names.
                "expect" | "sweep" if depth > 0 => None,
                word if self.begins_line(i) && self.is_header(i) => self.header(i, word),
                _ => None,
            };
            i = next.unwrap_or(i + 1);
        }
    }

    /// Whether the first word of a line is that of something with a body.
    fn is_header(&self, i: usize) -> bool {
        let word = self.text(i);
        let is_statement = matches!(word, "phase" | "group");
        if !is_statement && !ITEM_WORDS.contains(&word) {
            return false;
        }
        let last = self.last_of_line(i);
        let at_margin = at_margin(self.source, self.start(i));
        let by_colon = self.text(last) == ":";
        let end = if by_colon { last.saturating_sub(1) } else { last };
        match word {
            "phase" => self.is_word(i + 1) && end == i + 1,
            "group" => {
                let is_pattern = matches!(self.kind(i + 2), TokenKind::String { .. });
                self.text(i + 1) == "[" && is_pattern && self.text(end) == "]"
            }
            _ if !at_margin => false,
            "let" | "hyper" | "import" => false,
            _ if by_colon => true,
            "model" | "block" => self.is_word(i + 1) && self.text(i + 2) == "(",
            "data" => self.is_word(i + 1) && end == i + 1,
            "train" => self.is_word(i + 1) && (i + 2..=end).any(|t| self.text(t) == "on"),
            "expect" | "sweep" => end == i,
            _ => false,
        }
    }

    /// The header that begins at a token. Gives the last token of it that was looked at.
    fn header(&mut self, i: usize, word: &str) -> Option<usize> {
        let mut last = self.last_of_line(i);
        let next = loop {
            let next = self.next_code(self.line_end(last));
            if (i..=last).any(|t| self.kind(t) == TokenKind::Open(b'{')) {
                return None;
            }
            let Some(next) = next else { break None };
            if self.text(next) == "{" {
                return None;
            }
            let goes_on = matches!(self.text(last), "->" | "," | "on")
                || self.text(next) == "->"
                || word == "train" && self.text(next) == "on" && self.text(next + 1) != ":";
            if !goes_on {
                break Some(next);
            }
            last = self.last_of_line(next);
        };
        let by_colon = self.text(last) == ":";
        if let Some(next) = next.filter(|_| by_colon) {
            // `-> logits:` goes on with a type, and its body is in braces.
            let end = self.line_end(next);
            let is_brace = |t: &usize| self.kind(*t) == TokenKind::Open(b'{');
            let brace = (next..end).find(is_brace).or_else(|| self.next_code(end).filter(is_brace));
            let is_of_body = |t| matches!(self.text(t), "|>" | "=" | "residual" | "repeat" | "if" | "scan");
            if brace.is_some_and(|brace| !(next..brace).any(is_of_body)) {
                return None;
            }
        }
        let end = self.line_end(last);
        let close = match self.closing(end) {
            Some(_) => None,
            None => {
                let indent = line_indent(self.source, self.start(i));
                Some(self.last_code(end..self.indented_end(end, indent))?)
            }
        };
        let (header, end) = (self.token_span(last), close.map(|close| self.token_span(close)));
        match by_colon {
            true => self.mended.errors.push(Foreign::Indented { colon: header, end }.into()),
            false => self.mended.errors.push(SyntaxError::NoBrace { word: word.to_owned(), header, end }),
        }
        self.open(last, by_colon);
        if let Some(close) = close {
            self.close(close);
        }
        Some(last + 1)
    }

    /// Opens a brace behind a token, or instead of the colon that it is.
    fn open(&mut self, last: usize, by_colon: bool) {
        let (start, end) = (self.start(last), self.end(last));
        let (at, delete) = if by_colon { (start, end - start) } else { (end, 0) };
        self.mended.edits.push((at, delete, " {".to_owned()));
        self.braces.push(Brace { behind: last, kind: TokenKind::Open(b'{') });
        if by_colon {
            self.taken.insert(last);
        }
    }

    fn close(&mut self, last: usize) {
        self.mended.edits.push((self.end(last), 0, "\n}".to_owned()));
        self.braces.push(Brace { behind: last, kind: TokenKind::Close(b'}') });
    }

    /// The brace that closes a body which begins at a newline, before the next item does.
    fn closing(&self, newline: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for i in newline..self.tokens.len() {
            match self.kind(i) {
                TokenKind::Open(b'{') => depth += 1,
                TokenKind::Close(b'}') if depth == 0 => return Some(i),
                TokenKind::Close(b'}') => depth -= 1,
                TokenKind::Word
                    if self.begins_line(i)
                        && at_margin(self.source, self.start(i))
                        && (ITEM_WORDS.contains(&self.text(i)) && self.is_word(i + 1) || self.is_header(i)) =>
                {
                    return None;
                }
                _ => {}
            }
        }
        None
    }

    /// `if c:`, indented lines, `else:` and more of them. Gives the last token that was looked at.
    fn indented_if(&mut self, i: usize) -> Option<usize> {
        let indent = line_indent(self.source, self.start(i));
        if at_margin(self.source, self.start(i)) {
            return None;
        }
        let mut branches = vec![self.branch(i, indent)?];
        while let Some(Branch { body: (_, last), .. }) = branches.last()
            && let Some(next) = self.next_code(last + 1)
            && line_indent(self.source, self.start(next)) == indent
            && matches!(self.text(next), "elif" | "else")
            && let Some(branch) = self.branch(next, indent)
        {
            branches.push(branch);
        }
        let named = self.one_name(&branches).map(str::to_owned);
        let mut edits = Vec::new();
        if let Some(name) = &named {
            edits.push((self.start(i), 0, format!("let {name} = ")));
        }
        for (n, branch) in branches.iter().enumerate() {
            let (word, (first, last)) = (branch.word, branch.body);
            if self.text(word) == "elif" {
                edits.push((self.start(word), "elif".len(), "else if".to_owned()));
            }
            edits.push((self.start(branch.colon), self.end(branch.colon) - self.start(branch.colon), " {".to_owned()));
            if named.is_some() {
                let value = self.value_of_binding(first).unwrap_or(first);
                edits.push((self.start(first), self.start(value) - self.start(first), String::new()));
                self.taken.extend(first..value);
            }
            let close = format!("\n{}}}", " ".repeat(indent));
            match branches.get(n + 1).map(|next| self.start(next.word)) {
                // `} else {`, unless a comment stands between.
                Some(next) if self.between(self.end(last), next).trim().is_empty() => {
                    edits.push((self.end(last), next - self.end(last), format!("{close} ")));
                }
                _ => edits.push((self.end(last), 0, close)),
            }
            self.braces.push(Brace { behind: branch.colon, kind: TokenKind::Open(b'{') });
            self.braces.push(Brace { behind: last, kind: TokenKind::Close(b'}') });
            self.taken.insert(branch.colon);
        }
        let colon = branches.first().map_or(i, |branch| branch.colon);
        let edit = |(at, length, text): &(usize, usize, String)| Edit {
            span: self.span(*at, at + length),
            text: text.clone(),
        };
        let shown: Vec<Edit> = edits.iter().map(edit).collect();
        let error = Foreign::IndentedIf { colon: self.token_span(colon), name: named, edits: shown };
        self.mended.errors.push(error.into());
        self.mended.edits.extend(edits);
        Some(colon + 1)
    }

    /// A branch whose first word stands here, where it is a line that ends in a colon, and indented ones.
    fn branch(&self, word: usize, indent: usize) -> Option<Branch> {
        let colon = self.last_of_line(word);
        let bare = (word..colon).all(|t| self.kind(t) != TokenKind::Open(b'{'));
        if self.text(colon) != ":" || !bare || self.text(word) != "else" && colon < word + 2 {
            return None;
        }
        let end = self.line_end(word);
        let first = self.next_code(end)?;
        let last = self.last_code(end..self.indented_end(end, indent))?;
        Some(Branch { word, colon, body: (first, last) })
    }

    /// The name that every branch binds and does nothing else, if the last of them is that of `else`.
    fn one_name(&self, branches: &[Branch]) -> Option<&str> {
        let begins = branches.first().is_some_and(|branch| self.begins_line(branch.word));
        if !begins || branches.last().is_none_or(|branch| self.text(branch.word) != "else") {
            return None;
        }
        let mut names = branches.iter().map(|branch| {
            let (first, last) = branch.body;
            let value = self.value_of_binding(first)?;
            let name = value.checked_sub(2)?;
            // A second statement would begin a line as far left.
            let indent = line_indent(self.source, self.start(first));
            let more = (first + 1..=last).any(|t| {
                self.begins_line(t)
                    && line_indent(self.source, self.start(t)) <= indent
                    && !super::tokens::is_operator(self.text(t))
                    && self.is_code(t)
            });
            (!more).then(|| self.text(name))
        });
        let name = names.next()??;
        names.all(|other| other == Some(name)).then_some(name)
    }

    /// The first token of the value in `h = value` or `let h = value`.
    fn value_of_binding(&self, first: usize) -> Option<usize> {
        let name = if self.text(first) == "let" { first + 1 } else { first };
        (self.is_word(name) && self.text(name + 1) == "=").then_some(name + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::super::repair::repair;
    use super::*;
    use crate::syntax::foreign::Foreign;

    /// The text with all braces, and how many things were wrong.
    fn mended(text: &str) -> (String, usize) {
        let repaired = repair(FileId(0), text);
        assert!(
            repaired.errors.iter().all(|e| matches!(
                e,
                SyntaxError::NoBrace { .. }
                    | SyntaxError::Foreign(Foreign::Indented { .. } | Foreign::IndentedIf { .. })
            )),
            "{:?}",
            repaired.errors
        );
        (repaired.text, repaired.errors.len())
    }

    #[test]
    fn a_body_gets_the_brace_that_it_lacks() {
        for header in ["model N(x: [4]) -> y: [3]", "data d", "train N on d", "expect", "sweep", "model N(x)\n  -> [3]"]
        {
            for rest in ["  a b(c) {\n }\n  e\n}\n\nhyper f = 1\n", "a\n}\n", " a }\n"] {
                let text = format!("{header} # {{\n{rest}");
                assert_eq!(mended(&text), (format!("{header} {{ # {{\n{rest}"), 1), "{text}");
            }
            let text = format!("{header}\n  a\n  b\nhyper f = 1\n");
            assert_eq!(mended(&text), (format!("{header} {{\n  a\n  b\n}}\nhyper f = 1\n"), 1));
            // Nothing is missing.
            for text in [format!("{header}\n{{\n  a\n}}\n"), format!("{header} {{ a }}\n"), format!("{header}\n")] {
                assert_eq!(mended(&text), (text.clone(), 0));
            }
        }
        for text in [
            "train N on # c\n  d {\n  a\n}\n",
            "model N(x) {\nlet expect = x\nexpect\n}\n",
            "model N(x) {\n  let group = x\n  group[0]\n}\n",
        ] {
            assert_eq!(mended(text), (text.to_owned(), 0));
        }
        assert_eq!(
            mended("train N on d {\n  phase a\n    b: 1\n  }\n  c: 2\n}\n"),
            ("train N on d {\n  phase a {\n    b: 1\n  }\n  c: 2\n}\n".to_owned(), 1)
        );
    }

    #[test]
    fn a_colon_and_indented_lines_are_a_body() {
        let text = "block B(x: [4]):\n  x\nmodel N(x) -> y:\n  x\n}\n";
        assert_eq!(mended(text), ("block B(x: [4]) {\n  x\n}\nmodel N(x) -> y {\n  x\n}\n".to_owned(), 2));
    }

    #[test]
    fn an_if_of_python_is_a_value() {
        assert_eq!(
            mended("model N(x) {\n  if a:\n    let h = x |>\n      f\n  elif b:\n    h = g\n  else: # c\n    h = x\n  h\n}\n"),
            (
                "model N(x) {\n  let h = if a {\n    x |>\n      f\n  } else if b {\n    g\n  } else { # c\n    x\n  }\n  h\n}\n"
                    .to_owned(),
                1
            )
        );
        assert_eq!(
            mended("model N(x) {\n  if a:\n    let h = f\n    h\n  else:\n    x\n}\n").0,
            "model N(x) {\n  if a {\n    let h = f\n    h\n  } else {\n    x\n  }\n}\n"
        );
    }
}
