//! One thing that could stand at the cursor.

use crate::source::Span;
use std::collections::BTreeSet;

/// One thing that could stand at the cursor.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What the list shows, and what is typed against.
    pub label: String,
    /// What it is.
    pub kind: OfferKind,
    /// Beside the label: a signature, a type.
    pub detail: String,
    /// Markdown.
    pub documentation: String,
    /// What is put in.
    pub text: String,
    /// Whether the text has places to fill in, `${1:units}`.
    pub is_snippet: bool,
    /// What it takes the place of.
    pub replaces: Span,
}

/// What an offer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferKind {
    /// A layer of the catalog, a block, a named layer.
    Layer,
    /// A function or a loss.
    Function,
    /// An optimizer, a schedule, a metric, initial weights, a source, …
    Entry,
    /// A tensor or a number that is in sight.
    Value,
    /// A hyper.
    Hyper,
    /// A dimension.
    Dimension,
    /// A data field.
    Field,
    /// A column of a table.
    Column,
    /// An argument with its colon.
    Argument,
    /// One of the words of an argument.
    Choice,
    /// A setting.
    Setting,
    /// A word of the language.
    Keyword,
    /// An item of a file.
    Item,
    /// A model.
    Model,
    /// A data block.
    Data,
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// Offers being gathered: of two with one label the first stays.
pub(in crate::ide) struct Offers {
    replaces: Span,
    seen: BTreeSet<String>,
    found: Vec<Offer>,
}

impl Offers {
    pub fn new(replaces: Span) -> Self {
        Offers { replaces, seen: BTreeSet::new(), found: Vec::new() }
    }

    /// Narrows what is replaced: only the last part of a path.
    pub fn replace(&mut self, span: Span) {
        self.replaces = span;
    }

    pub fn add(&mut self, kind: OfferKind, label: &str, detail: impl Into<String>, documentation: impl Into<String>) {
        self.push(kind, label, label.to_owned(), false, detail.into(), documentation.into());
    }

    /// An offer with places to fill in.
    pub fn add_snippet(
        &mut self,
        kind: OfferKind,
        label: &str,
        snippet: impl Into<String>,
        detail: impl Into<String>,
        documentation: impl Into<String>,
    ) {
        let snippet = snippet.into();
        let is_snippet = snippet.contains('$');
        self.push(kind, label, snippet, is_snippet, detail.into(), documentation.into());
    }

    fn push(
        &mut self,
        kind: OfferKind,
        label: &str,
        text: String,
        is_snippet: bool,
        detail: String,
        documentation: String,
    ) {
        if !label.is_empty() && self.seen.insert(label.to_owned()) {
            let replaces = self.replaces;
            self.found.push(Offer { label: label.to_owned(), kind, detail, documentation, text, is_snippet, replaces });
        }
    }

    pub fn finish(self) -> Vec<Offer> {
        self.found
    }
}
