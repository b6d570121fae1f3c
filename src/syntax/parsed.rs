//! The trees of the texts that were parsed last. Whoever answers about a text parses it: the checker, the names, the
//! formatter. They share one tree.

use super::ast::File;
use super::parse::parse;
use crate::diagnostics::Diagnostic;
use crate::source::FileId;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// So many trees are kept.
const MOST: usize = 8;
/// What is shorter is parsed as soon as it is found.
const LEAST_BYTES: usize = 4 << 10;

/// A text with its tree and its mistakes.
struct Parsed {
    file: FileId,
    text: Box<str>,
    tree: Arc<File>,
    diagnostics: Arc<[Diagnostic]>,
}

/// One for all threads, the last at the front.
static PARSED: LazyLock<Mutex<VecDeque<Parsed>>> = LazyLock::new(Mutex::default);

/// As [`parse`], but for a text that was parsed a moment ago.
pub fn parse_shared(file: FileId, text: &str) -> (Arc<File>, Arc<[Diagnostic]>) {
    // What a thread leaves that panicked is whole.
    let known = || PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if text.len() < LEAST_BYTES {
        let (tree, diagnostics) = parse(file, text);
        return (Arc::new(tree), diagnostics.into());
    }
    if let Some(found) = known().iter().find(|parsed| parsed.file == file && *parsed.text == *text) {
        return (found.tree.clone(), found.diagnostics.clone());
    }
    let (tree, diagnostics) = parse(file, text);
    let (tree, diagnostics): (Arc<File>, Arc<[Diagnostic]>) = (Arc::new(tree), diagnostics.into());
    let parsed = Parsed { file, text: text.into(), tree: tree.clone(), diagnostics: diagnostics.clone() };
    let mut known = known();
    known.truncate(MOST - 1);
    known.push_front(parsed);
    (tree, diagnostics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_tree_in_each_file() {
        let text = format!("hyper a = 1\n{}model M(x: [4]) {{ x |> }}\n", "# and so on\n".repeat(LEAST_BYTES / 8));
        let (tree, diagnostics) = parse_shared(FileId(0), &text);
        assert_eq!(diagnostics.len(), 1);
        assert!(Arc::ptr_eq(&tree, &parse_shared(FileId(0), &text).0));
        let (other, told) = parse_shared(FileId(1), &text);
        assert_eq!((other.span.file, told[0].span().file), (FileId(1), FileId(1)));
        let (changed, _) = parse_shared(FileId(0), &text.replace("= 1", "= 2"));
        assert!(!Arc::ptr_eq(&tree, &changed));
    }
}
