//! Texts cut into characters or words.

use super::files::{expand, read_all};
use super::place::Place;
use super::problem::{DataProblem, Found};
use super::scan_cache::kept;
use super::source_spec::{DataFile, SourceSpec};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What a text is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Every character, white space included.
    Characters,
    /// Runs of letters and digits (with `'` and `-` between them), and every other character that is not white space.
    Words,
}

impl TokenKind {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            TokenKind::Characters => "characters",
            TokenKind::Words => "words",
        }
    }

    /// The tokens of a text, in order.
    pub(crate) fn cut(self, text: &str) -> Cut<'_> {
        Cut { kind: self, rest: text }
    }
}

/// Cuts token after token off a text.
pub(crate) struct Cut<'a> {
    kind: TokenKind,
    rest: &'a str,
}

impl<'a> Iterator for Cut<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.kind == TokenKind::Words {
            self.rest = self.rest.trim_start();
        }
        let first = self.rest.chars().next()?;
        let mut end = first.len_utf8();
        if self.kind == TokenKind::Words && first.is_alphanumeric() {
            let mut after = self.rest.char_indices().skip(1).peekable();
            while let Some((at, c)) = after.next() {
                // A quote that closes a word, or a dash after it, is not of the word.
                let joins =
                    matches!(c, '\'' | '’' | '-') && after.peek().is_some_and(|(_, next)| next.is_alphanumeric());
                if !(c.is_alphanumeric() || joins) {
                    break;
                }
                end = at + c.len_utf8();
            }
        }
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(token)
    }
}

/// A text file's content, with lines that end in a line feed alone.
pub(crate) fn read_text(file: &DataFile) -> Found<String> {
    let bytes = read_all(file)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or(&[]);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count() as u64;
        Box::new(DataProblem::NotUtf8 { place: Place { source: file.written.clone(), line, in_file: true } })
    })?;
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_string(),
        None => text,
    };
    Ok(if text.contains('\r') { text.replace("\r\n", "\n") } else { text })
}

/// How often each token stands in something.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TextScan {
    /// All of them.
    pub tokens: u64,
    /// The distinct ones, by code point, each with its count.
    pub counts: Vec<(String, u64)>,
}

/// Counts tokens.
#[derive(Default)]
pub(crate) struct Counter<'a> {
    tokens: u64,
    counts: HashMap<&'a str, u64>,
}

impl<'a> Counter<'a> {
    pub fn add(&mut self, token: &'a str) {
        self.tokens += 1;
        *self.counts.entry(token).or_insert(0) += 1;
    }

    pub fn finish(self) -> TextScan {
        let mut counts: Vec<(String, u64)> = self.counts.into_iter().map(|(t, n)| (t.to_string(), n)).collect();
        counts.sort();
        TextScan { tokens: self.tokens, counts }
    }
}

/// What a text file holds.
pub(crate) fn text_scan(file: &DataFile, kind: TokenKind) -> Found<Arc<TextScan>> {
    kept(std::slice::from_ref(file), kind.name(), || {
        let text = read_text(file)?;
        let mut counter = Counter::default();
        kind.cut(&text).for_each(|token| counter.add(token));
        match counter.tokens {
            0 => Err(Box::new(DataProblem::Empty { written: file.written.clone(), header: false })),
            _ => Ok(counter.finish()),
        }
    })
}

/// All texts of a source, one token after the other.
#[derive(Debug, Default)]
pub(crate) struct TokenStream {
    /// The distinct tokens, in the order in which they first appear.
    pub distinct: Vec<Arc<str>>,
    /// Which of them stands at each position.
    pub ids: Vec<u32>,
}

/// Reads a text source to its end.
pub(crate) fn read_stream(source: &SourceSpec, kind: TokenKind) -> Found<TokenStream> {
    let mut stream = TokenStream::default();
    let mut known: HashMap<Arc<str>, u32> = HashMap::new();
    for file in super::schema::files_of(source)? {
        let text = read_text(&file)?;
        for token in kind.cut(&text) {
            let id = match known.get(token) {
                Some(id) => *id,
                None => {
                    let (token, id): (Arc<str>, u32) = (token.into(), stream.distinct.len() as u32);
                    stream.distinct.push(token.clone());
                    known.insert(token, id);
                    id
                }
            };
            stream.ids.push(id);
        }
    }
    Ok(stream)
}

/// The line of a token. Reads the text again, so it is for messages only.
pub(crate) fn place_in_stream(source: &SourceSpec, kind: TokenKind, position: usize) -> Option<Place> {
    let mut before = position;
    for (_, files) in source.files()?.parts() {
        for file in expand(files).ok()? {
            let text = read_text(&file).ok()?;
            let mut cut = kind.cut(&text);
            match cut.by_ref().nth(before) {
                None => before = before.saturating_sub(kind.cut(&text).count()),
                Some(token) => {
                    let end = text.len().saturating_sub(cut.rest.len() + token.len());
                    let line = 1 + text.get(..end)?.bytes().filter(|b| *b == b'\n').count() as u64;
                    return Some(Place { source: file.written.clone(), line, in_file: true });
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut() {
        let cut = |kind: TokenKind, text| kind.cut(text).map(str::to_string).collect::<Vec<_>>();
        assert_eq!(cut(TokenKind::Characters, "aé \n"), ["a", "é", " ", "\n"]);
        assert_eq!(
            cut(TokenKind::Words, "  Don't go -- 'tis well-known, says\nO'Brien' (1.5)."),
            [
                "Don't",
                "go",
                "-",
                "-",
                "'",
                "tis",
                "well-known",
                ",",
                "says",
                "O'Brien",
                "'",
                "(",
                "1",
                ".",
                "5",
                ")",
                "."
            ]
        );
        assert!(cut(TokenKind::Words, " \n ").is_empty());
    }
}
