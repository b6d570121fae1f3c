//! Every name of a program: what it is, and where it was declared.
//!
//! Names are resolved on the syntax trees alone, with the rules of the checker: scopes, the nearest layer or function
//! in the place of a call and the nearest value elsewhere, choices before variables. So there is an answer in branches
//! that are not taken, in blocks that nothing uses, and around mistakes.
//!
//! ```text
//! resolver.rs     files, their items, imports            scope.rs     what is in sight at a place
//! bodies.rs       blocks, models and their types         values.rs    expressions and calls
//! data.rs         data blocks and their columns          training.rs  train, expect, sweep
//! stages.rs       whether an expression is a layer       paths.rs     paths of weights
//! ```

mod bodies;
mod data;
mod paths;
mod resolver;
mod scope;
mod stages;
#[cfg(test)]
mod tests;
mod training;
mod values;

pub(super) use values::{parameters_of, wants};

use crate::catalog::{Entry, Param, SmallWord, Word};
use crate::check::Checked;
use crate::source::{FileId, SourceMap, Span};
use std::path::PathBuf;
use std::sync::Arc;

/// Position of a declaration in [`Names::declarations`].
pub type DeclarationId = usize;

/// Every name of a program.
#[derive(Debug, Default)]
pub struct Names {
    /// What the texts declare.
    pub declarations: Vec<Declaration>,
    /// Every name that stands somewhere, by file and place.
    pub names: Vec<Name>,
    /// Tables of data blocks.
    pub tables: Vec<Table>,
    /// The table that a `let` of a data block names.
    pub table_of: std::collections::BTreeMap<DeclarationId, usize>,
    /// Declarations that must have the same name: a model's input and the data field that it is given.
    same: Vec<(DeclarationId, DeclarationId)>,
}

/// Something that a text gives a name.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its name.
    pub name: Arc<str>,
    /// What it is.
    pub kind: DeclarationKind,
    /// Where the name stands. Of an output that has none written, the empty place where it would.
    pub span: Span,
    /// The whole of what declares it.
    pub whole: Span,
    /// What an editor shows of it: a signature rather than a body.
    pub shown: Span,
    /// Its `##` comment.
    pub doc: Option<String>,
    /// What it belongs to: the block of an input, the data block of a field.
    pub parent: Option<DeclarationId>,
}

/// What a declaration declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeclarationKind {
    /// `hyper`
    Hyper,
    /// `block`
    Block,
    /// `model`
    Model,
    /// `data`
    Data,
    /// A `let` at the top of a file.
    SharedLayer,
    /// `as p`
    Import,
    /// A compile-time parameter of a block.
    HyperParameter,
    /// A tensor parameter of a block or model.
    Input,
    /// An output of a block or model.
    Output,
    /// A dimension that the type of an input binds.
    Dimension,
    /// A `let` that names a layer.
    Layer,
    /// Any other `let`.
    Let,
    /// `weight`
    Weight,
    /// `constant`
    Constant,
    /// The step of what a `scan` walks.
    ScanStep,
    /// A state of a `scan`.
    ScanState,
    /// `field`
    Field,
    /// A column that the program itself names: of `rows`.
    Column,
    /// `phase`
    Phase,
    /// A term of a loss.
    Term,
    /// A metric with a name of its own.
    Metric,
}

impl DeclarationKind {
    /// `block`, `data field`, …
    pub fn word(self) -> &'static str {
        match self {
            DeclarationKind::Hyper => "hyper",
            DeclarationKind::Block => "block",
            DeclarationKind::Model => "model",
            DeclarationKind::Data => "data block",
            DeclarationKind::SharedLayer => "shared layer",
            DeclarationKind::Import => "import",
            DeclarationKind::HyperParameter => "hyper of a block",
            DeclarationKind::Input => "input",
            DeclarationKind::Output => "output",
            DeclarationKind::Dimension => "dimension",
            DeclarationKind::Layer => "named layer",
            DeclarationKind::Let => "let",
            DeclarationKind::Weight => "weight",
            DeclarationKind::Constant => "constant",
            DeclarationKind::ScanStep => "step of a scan",
            DeclarationKind::ScanState => "state of a scan",
            DeclarationKind::Field => "data field",
            DeclarationKind::Column => "column",
            DeclarationKind::Phase => "phase",
            DeclarationKind::Term => "term of a loss",
            DeclarationKind::Metric => "metric",
        }
    }
}

/// A name in a text.
#[derive(Debug, Clone)]
pub struct Name {
    /// Where it stands; of a string, what is between the quotes.
    pub span: Span,
    /// What it is.
    pub meaning: Meaning,
    /// How it is written.
    pub form: Form,
}

/// How a name is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// As it is declared.
    Plain,
    /// As a segment of a weight's path, `conv_unit1` of the block `ConvUnit`: what follows the segment.
    Segment(String),
}

/// What a name is.
#[derive(Debug, Clone)]
pub enum Meaning {
    /// Something that the program declares.
    Declared(DeclarationId),
    /// A layer, function, loss, … of the catalog.
    Entry(&'static Entry),
    /// The name of an argument of it.
    Parameter(&'static Entry, &'static Param),
    /// One of the words that an argument of it can be.
    Choice(&'static Entry, &'static Param),
    /// A setting of a `train`.
    Setting(&'static Word),
    /// A word that means something in its place only.
    SmallWord(&'static SmallWord),
    /// A column of a table that is not written in the program.
    Column(usize),
    /// A name of the caller's choice: an axis of `rearrange`.
    Label,
    /// A segment of the path of a weight that has no name of its own.
    WeightPath,
    /// A file or folder, its path joined to the folder of the text.
    File(PathBuf),
    /// From a file that could not be had.
    Missing,
    /// Nothing that there is.
    Unknown,
}

/// A table of a data block.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// `csv`, `rows`, …
    pub source: String,
    /// The files as written, with where they are.
    pub files: Vec<(String, PathBuf)>,
    /// Its columns where the program itself names them.
    pub columns: Vec<DeclarationId>,
    /// The call that makes it.
    pub span: Span,
}

impl Names {
    /// The names of a checked file and of the files that it imports. Its texts are those of the check.
    pub fn of(checked: &Checked) -> Names {
        let trees = [(checked.file, checked.ast.clone())].into();
        resolver::resolve(&checked.sources, &[checked.file], &trees)
    }

    /// The names of these files and of those that they import, as far as `sources` holds their texts.
    pub fn of_files(sources: &SourceMap, files: &[FileId]) -> Names {
        resolver::resolve(sources, files, &resolver::Trees::new())
    }

    /// The name at a byte of a file. Where two meet, the one that begins there.
    pub fn at(&self, file: FileId, offset: usize) -> Option<&Name> {
        let touching = self.in_file(file).iter().filter(|name| name.span.touches(offset) && !name.span.is_empty());
        // Of two that overlap (a segment within a path) the smaller is meant.
        touching.min_by_key(|name| (name.span.end as usize == offset, name.span.len()))
    }

    /// The names of one file, in order.
    pub fn in_file(&self, file: FileId) -> &[Name] {
        let start = self.names.partition_point(|name| name.span.file < file);
        let end = self.names.partition_point(|name| name.span.file <= file);
        self.names.get(start..end).unwrap_or_default()
    }

    /// The name that takes exactly this span; the first where two do.
    pub fn of_span(&self, span: Span) -> Option<&Name> {
        let named = self.in_file(span.file);
        let first = named.partition_point(|name| name.span.start < span.start);
        named.get(first..)?.iter().take_while(|name| name.span.start == span.start).find(|name| name.span == span)
    }

    /// A declaration.
    pub fn declaration(&self, id: DeclarationId) -> &Declaration {
        &self.declarations[id]
    }

    /// What is declared in a declaration: the inputs of a block, the fields of a data block.
    pub fn members(&self, parent: DeclarationId) -> impl Iterator<Item = (DeclarationId, &Declaration)> {
        self.declarations.iter().enumerate().filter(move |(_, d)| d.parent == Some(parent))
    }

    /// The declarations that have to be called the same, this one among them.
    pub fn called_the_same(&self, id: DeclarationId) -> Vec<DeclarationId> {
        let mut group = vec![id];
        let mut next = 0;
        while let Some(one) = group.get(next).copied() {
            for (a, b) in &self.same {
                let other = if *a == one { *b } else { *a };
                if (*a == one || *b == one) && !group.contains(&other) {
                    group.push(other);
                }
            }
            next += 1;
        }
        group.sort_unstable();
        group
    }

    /// Every place where one of these declarations is named, their own included.
    pub fn uses<'a>(&'a self, of: &'a [DeclarationId]) -> impl Iterator<Item = &'a Name> {
        self.names.iter().filter(move |name| matches!(name.meaning, Meaning::Declared(id) if of.contains(&id)))
    }

    /// Whether a name stands where it is declared.
    pub fn is_declaration(&self, name: &Name) -> bool {
        matches!(name.meaning, Meaning::Declared(id) if self.declaration(id).span == name.span)
    }
}

/// What stands at a place of a checked file.
#[derive(Debug, Clone)]
pub struct Symbol {
    /// Where the name stands.
    pub span: Span,
    /// What it is.
    pub meaning: Meaning,
    /// How it was declared, where the program declares it.
    pub declaration: Option<Declaration>,
    /// Whether it stands there as its own declaration.
    pub is_declaration: bool,
}

/// The name at a byte of the checked file, and what it is. Who asks often keeps [`Names::of`] and asks
/// [`Names::symbol_at`].
pub fn what_is(checked: &Checked, offset: usize) -> Option<Symbol> {
    Names::of(checked).symbol_at(checked.file, offset)
}

impl Names {
    /// The name at a byte of a file, and what it is.
    pub fn symbol_at(&self, file: FileId, offset: usize) -> Option<Symbol> {
        let name = self.at(file, offset)?;
        let declaration = match name.meaning {
            Meaning::Declared(id) => Some(self.declaration(id).clone()),
            _ => None,
        };
        let is_declaration = self.is_declaration(name);
        Some(Symbol { span: name.span, meaning: name.meaning.clone(), declaration, is_declaration })
    }
}
