//! The words of the language that are no entries of the catalog: items, statements, flow forms and settings. For
//! `nnrun explain residual` and the page of the catalog.

mod forms;
mod items;
mod settings;
mod small_words;

pub use small_words::{SmallWord, keyword, small_word, small_words};

/// A word of the language.
#[derive(Debug)]
pub struct Word {
    /// As it is written.
    pub name: &'static str,
    /// What sort of word it is.
    pub kind: WordKind,
    /// One sentence: what it does.
    pub summary: &'static str,
    /// How it is written, one form a line.
    pub syntax: &'static [&'static str],
    /// What else there is to know, a paragraph each; `code` in backquotes.
    pub text: &'static [&'static str],
    /// Items that check by themselves; of a setting, the lines of a `train`.
    pub example: &'static str,
    /// What it is called elsewhere.
    pub elsewhere: &'static [(&'static str, &'static str)],
}

/// The sort of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordKind {
    /// Stands in a file: `model`.
    Item,
    /// Stands in a body: `weight`.
    Statement,
    /// Makes an expression or a stage: `residual`.
    Form,
    /// Stands in a `train`: `batch`.
    Setting,
}

impl WordKind {
    /// `an item`
    pub fn with_article(self) -> &'static str {
        match self {
            WordKind::Item => "an item of a file",
            WordKind::Statement => "a statement of a body",
            WordKind::Form => "a form",
            WordKind::Setting => "a setting of `train`",
        }
    }
}

/// All words, sort by sort.
pub fn words() -> impl Iterator<Item = &'static Word> {
    [items::ALL, forms::ALL, settings::ALL].into_iter().flatten()
}

/// The word of this name.
pub fn word(name: &str) -> Option<&'static Word> {
    words().find(|w| w.name == name)
}
