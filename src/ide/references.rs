//! Where else something is named.

use super::names::{DeclarationId, Meaning, Name, Names};
use crate::source::{FileId, SourceMap, Span};

/// Every place where what stands at a place is named, in all files that the names are of.
pub fn references(
    names: &Names,
    sources: &SourceMap,
    file: FileId,
    offset: usize,
    with_declaration: bool,
) -> Vec<Span> {
    let Some(name) = names.at(file, offset) else { return Vec::new() };
    let mut spans: Vec<Span> = alike(names, sources, name)
        .into_iter()
        .filter(|other| with_declaration || !names.is_declaration(other))
        .map(|other| other.span)
        .collect();
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// A place that names the same as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Highlight {
    /// Where.
    pub span: Span,
    /// Whether it is declared there.
    pub is_declaration: bool,
}

/// Every place of the file where what stands at a place is named.
pub fn highlights(names: &Names, sources: &SourceMap, file: FileId, offset: usize) -> Vec<Highlight> {
    let Some(name) = names.at(file, offset) else { return Vec::new() };
    let here = alike(names, sources, name).into_iter().filter(|other| other.span.file == file);
    here.map(|other| Highlight { span: other.span, is_declaration: names.is_declaration(other) }).collect()
}

/// The names that mean the same as one does.
fn alike<'a>(names: &'a Names, sources: &SourceMap, name: &'a Name) -> Vec<&'a Name> {
    let all = || names.names.iter();
    match &name.meaning {
        Meaning::Declared(id) => {
            let group: Vec<DeclarationId> = names.called_the_same(*id);
            all().filter(|other| matches!(other.meaning, Meaning::Declared(id) if group.contains(&id))).collect()
        }
        Meaning::Entry(entry) => {
            all().filter(|other| matches!(other.meaning, Meaning::Entry(e) if std::ptr::eq(e, *entry))).collect()
        }
        Meaning::Setting(word) => {
            all().filter(|other| matches!(other.meaning, Meaning::Setting(w) if std::ptr::eq(w, *word))).collect()
        }
        Meaning::Column(table) => all()
            .filter(|other| matches!(other.meaning, Meaning::Column(t) if t == *table))
            .filter(|other| sources.text(other.span) == sources.text(name.span))
            .collect(),
        Meaning::File(path) => all().filter(|other| matches!(&other.meaning, Meaning::File(p) if p == path)).collect(),
        Meaning::Parameter(..)
        | Meaning::Choice(..)
        | Meaning::SmallWord(_)
        | Meaning::Label
        | Meaning::WeightPath
        | Meaning::Missing
        | Meaning::Unknown => vec![name],
    }
}
