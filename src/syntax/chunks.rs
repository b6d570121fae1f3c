//! The items of a text one by one: where each begins for certain, and the trees of those that were parsed before.
//!
//! Text is parsed chunk by chunk, so that what an edit leaves as it was is not parsed again: its tree is taken from
//! memory and moved to where the chunk stands now.

use super::ast::Item;
use super::repair::{at_margin, begins_item};
use super::tokens::{Token, TokenKind, is_operator};
use crate::source::{Placed, Span};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// The parts of a text, each an item with the comments before it, or more than one where it is not certain that another
/// begins. Together they are the text. `tokens` are those of the text, whose brackets match.
pub(super) fn split(text: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    // Whether the last token that is code wants something behind it, on whatever line.
    let mut goes_on = true;
    // Where the line with that token ends.
    let mut line_end = None;
    for (i, token) in tokens.iter().enumerate() {
        if token.is_trivia() {
            if token.kind == TokenKind::Newline {
                line_end = line_end.or(Some(token.end));
            }
            continue;
        }
        let word = token.text(text);
        if let Some(end) = line_end.take()
            && depth == 0
            && !goes_on
            && token.kind == TokenKind::Word
            && at_margin(text, token.start)
            && (word == "let" || begins_item(word, text, tokens, i))
        {
            chunks.push(start..end);
            start = end;
        }
        match token.kind {
            TokenKind::Open(_) => depth += 1,
            TokenKind::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        goes_on = is_operator(word) || matches!(word, "," | ":" | "not" | "!" | ":=");
    }
    chunks.push(start..text.len());
    chunks
}

/// So many bytes of text are remembered, and once more as many that were not asked for since.
const MOST_BYTES: usize = 256 << 10;

/// One for all threads: who checks, and who looks for names, each has a stack of its own.
static MEMORY: LazyLock<Mutex<Memory>> = LazyLock::new(Mutex::default);

fn memory() -> MutexGuard<'static, Memory> {
    // What a thread leaves that panicked is whole: nothing is kept before it is.
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Trees of chunks without mistakes, by their text.
#[derive(Default)]
struct Memory {
    recent: HashMap<Arc<str>, Arc<Kept>>,
    bytes: usize,
    earlier: HashMap<Arc<str>, Arc<Kept>>,
}

struct Kept {
    items: Vec<Item>,
    /// Where the chunk stood: its file, and its first byte.
    at: Span,
}

impl Memory {
    fn keep(&mut self, text: Arc<str>, kept: Arc<Kept>) {
        if self.bytes > MOST_BYTES {
            self.earlier = std::mem::take(&mut self.recent);
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.recent.insert(text, kept);
    }

    fn find(&mut self, text: &str) -> Option<Arc<Kept>> {
        if let Some(kept) = self.recent.get(text) {
            return Some(kept.clone());
        }
        let (text, kept) = self.earlier.remove_entry(text)?;
        self.keep(text, kept.clone());
        Some(kept)
    }
}

/// The items of a chunk of the same text, as they are where `at` begins.
pub(super) fn recall(text: &str, at: Span) -> Option<Vec<Item>> {
    #[cfg(test)]
    if tests::is_forgetful() {
        return None;
    }
    let kept = memory().find(text)?;
    let mut items = kept.items.clone();
    let by = i64::from(at.start) - i64::from(kept.at.start);
    items.spans(&mut |span| {
        let to = |offset: u32| (i64::from(offset) + by) as u32;
        *span = Span { file: at.file, start: to(span.start), end: to(span.end) };
    });
    Some(items)
}

/// Keeps the items of a chunk that begins at `at` and says nothing but what its own text says.
pub(super) fn remember(text: &str, at: Span, items: &[Item]) {
    let kept = Arc::new(Kept { items: items.to_vec(), at });
    memory().keep(text.into(), kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::syntax::parse;
    use crate::syntax::parse::tests::programs;
    use crate::syntax::tokens::scan;
    use std::cell::Cell;

    fn chunks(text: &str) -> Vec<&str> {
        split(text, &scan(text)).into_iter().map(|chunk| &text[chunk]).collect()
    }

    #[test]
    fn items_are_chunks_with_the_comments_before_them() {
        assert_eq!(
            chunks("# a\nhyper a = 1 # b\n\n## c\nmodel M(x) {\n  x\n}\nlet d = f |>\nmodel N(y) { y }\n"),
            ["# a\nhyper a = 1 # b\n", "\n## c\nmodel M(x) {\n  x\n}\n", "let d = f |>\nmodel N(y) { y }\n"]
        );
        // A name is no item.
        assert_eq!(chunks("let a = f(\nmodel M(x))\nmodel = 3\n"), ["let a = f(\nmodel M(x))\nmodel = 3\n"]);
        assert_eq!(chunks(""), [""]);
    }

    thread_local! {
        static FORGETFUL: Cell<bool> = const { Cell::new(false) };
    }

    /// Whether this thread recalls nothing.
    pub(super) fn is_forgetful() -> bool {
        FORGETFUL.get()
    }

    /// What a parser that remembers nothing makes of a text.
    fn afresh(file: FileId, text: &str) -> String {
        FORGETFUL.set(true);
        let parsed = format!("{:?}", parse(file, text));
        FORGETFUL.set(false);
        parsed
    }

    #[test]
    fn what_is_remembered_is_what_would_be_parsed() {
        let all = programs();
        for (i, (path, text)) in all.iter().enumerate() {
            let file = FileId(i as u32);
            let (before, after) = (&all[(i + 1) % all.len()].1, &all[(i + 2) % all.len()].1);
            // Broken off, repaired, moved, and in another file.
            let cases = [
                format!("{before}\n{text}"),
                format!("# é\n\n{text}{after}"),
                format!("hyper x = (\n{text}"),
                text[..text.floor_char_boundary(text.len() / 2)].to_owned(),
                format!("{}// c\n{text}", &text[..text.floor_char_boundary(text.len() / 3)]),
                text.replacen("|>", "->", 1),
            ];
            for text in [text, &cases[i % cases.len()]] {
                assert_eq!(format!("{:?}", parse(file, text)), afresh(file, text), "{path}\n{text}");
            }
        }
    }
}
