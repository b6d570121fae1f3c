//! Another name for something, everywhere it is named.
//!
//! A rename is tried before it is offered: the names of the changed texts must mean what they meant.

use super::names::{DeclarationId, DeclarationKind, Form, Meaning, Name, Names};
use super::workspace::Workspace;
use crate::catalog::{self, EntryKind, small_word};
use crate::check::snake_case;
use crate::diagnostics::Edit;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::{is_reserved, parse_shared, words_in};
use std::collections::BTreeSet;

/// What can be renamed.
#[derive(Debug, Clone, PartialEq)]
pub struct Renameable {
    /// The name at the cursor.
    pub span: Span,
    /// The name as declared.
    pub name: String,
    declaration: DeclarationId,
}

/// Whether what stands at a place can be renamed; otherwise why not.
pub fn prepare_rename(workspace: &Workspace, file: FileId, offset: usize) -> Result<Renameable, String> {
    let names = &workspace.names;
    let Some(name) = names.at(file, offset) else { return Err("no name stands here".to_owned()) };
    let text = workspace.sources.text(name.span);
    let id = match &name.meaning {
        Meaning::Declared(id) => *id,
        Meaning::Entry(entry) => {
            return Err(format!("`{text}` is of the language ({}), and keeps its name", entry.kind().word()));
        }
        Meaning::Parameter(entry, _) | Meaning::Choice(entry, _) => {
            return Err(format!("`{text}` is a word of `{}`, and keeps its name", entry.name));
        }
        Meaning::Setting(_) | Meaning::SmallWord(_) => {
            return Err(format!("`{text}` is a word of the language, and keeps its name"));
        }
        Meaning::Column(_) => return Err(format!("the column `{text}` has its name in the file that it is read from")),
        Meaning::WeightPath => return Err(format!("`{text}` follows from the kind of the layer")),
        Meaning::File(_) => return Err("this is the path of a file".to_owned()),
        Meaning::Label => return Err(format!("`{text}` also stands in the pattern before it")),
        Meaning::Missing => return Err(format!("`{text}` is from a file that cannot be read")),
        Meaning::Unknown => return Err(format!("nothing is called `{text}`")),
    };
    let declaration = names.declaration(id);
    if declaration.span.is_empty() {
        return Err(format!("this output is called `{}` since the signature gives it no name", declaration.name));
    }
    Ok(Renameable { span: name.span, name: declaration.name.to_string(), declaration: id })
}

/// The edits that give what stands at a place another name; otherwise why not.
pub fn rename(workspace: &Workspace, file: FileId, offset: usize, new_name: &str) -> Result<Vec<Edit>, String> {
    let renameable = prepare_rename(workspace, file, offset)?;
    let (names, sources) = (&workspace.names, &workspace.sources);
    if new_name == renameable.name {
        return Ok(Vec::new());
    }
    is_a_name(new_name)?;
    let group = names.called_the_same(renameable.declaration);
    let uses: Vec<&Name> = names.uses(&group).collect();
    let files: BTreeSet<FileId> = uses.iter().map(|u| u.span.file).collect();
    is_free(names, sources, &group, &files, new_name)?;
    can_be_read(sources, &files, &renameable.name)?;
    let mut edits: Vec<Edit> = uses
        .iter()
        .map(|name| {
            let text = match &name.form {
                Form::Plain => new_name.to_owned(),
                Form::Segment(count) => format!("{}{count}", snake_case(new_name)),
            };
            Edit { span: name.span, text }
        })
        .collect();
    edits.sort_by_key(|edit| edit.span);
    edits.dedup();
    keeps_meanings(workspace, &edits, new_name)?;
    Ok(edits)
}

fn is_a_name(new_name: &str) -> Result<(), String> {
    let is_start = |c: char| c == '_' || c.is_alphabetic();
    let mut characters = new_name.chars();
    let is_word = characters.next().is_some_and(is_start) && characters.all(|c| is_start(c) || c.is_numeric());
    if !is_word || new_name == "_" {
        return Err(format!("`{new_name}` is no name: a letter or `_`, then letters, digits and `_`"));
    }
    if is_reserved(new_name) || small_word(new_name, "expression").is_some() || new_name == "weights" {
        return Err(format!("`{new_name}` is a reserved word"));
    }
    if let Some(entry) = catalog::entries().find(|e| e.name == new_name) {
        return Err(format!("`{new_name}` is of the language: {}", entry.kind().with_article()));
    }
    Ok(())
}

/// Whether a kind is declared at the top of a file.
fn is_item(kind: DeclarationKind) -> bool {
    matches!(
        kind,
        DeclarationKind::Hyper
            | DeclarationKind::Block
            | DeclarationKind::Model
            | DeclarationKind::Data
            | DeclarationKind::SharedLayer
            | DeclarationKind::Import
    )
}

/// Whether nothing near has the name.
fn is_free(
    names: &Names,
    sources: &SourceMap,
    group: &[DeclarationId],
    files: &BTreeSet<FileId>,
    new_name: &str,
) -> Result<(), String> {
    for id in group {
        let own = names.declaration(*id);
        let taken = names.declarations.iter().find(|other| {
            // An output may be called as the `let` that it is the value of: the body does not see outputs.
            let is_of_body = |kind| {
                !matches!(kind, DeclarationKind::Input | DeclarationKind::HyperParameter | DeclarationKind::Output)
            };
            let is_output = (own.kind == DeclarationKind::Output && is_of_body(other.kind))
                || (other.kind == DeclarationKind::Output && is_of_body(own.kind));
            let is_near = other.parent == own.parent && other.span.file == own.span.file && !is_output;
            let is_seen = files.contains(&other.span.file) && (is_item(other.kind) || is_item(own.kind));
            &*other.name == new_name && (is_near || is_seen)
        });
        if let Some(other) = taken {
            let (word, place) = (other.kind.word(), sources.location(other.span));
            return Err(format!("`{new_name}` is taken by the {word} of {place}"));
        }
        // Layers without a name are called by their kind and a count.
        let stem = new_name.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_of_a_layer = || {
            let of_catalog = catalog::entries().any(|e| e.kind() == EntryKind::Layer && snake_case(e.name) == stem);
            let own =
                names.declarations.iter().any(|d| d.kind == DeclarationKind::Block && snake_case(&d.name) == stem);
            of_catalog || own
        };
        let makes_paths =
            matches!(own.kind, DeclarationKind::Layer | DeclarationKind::SharedLayer | DeclarationKind::Weight);
        if makes_paths && stem.len() < new_name.len() && is_of_a_layer() {
            return Err(format!("`{new_name}` is what a layer without a name is called in the paths of weights"));
        }
    }
    Ok(())
}

/// Whether no part of a file that cannot be read says the name.
fn can_be_read(sources: &SourceMap, files: &BTreeSet<FileId>, name: &str) -> Result<(), String> {
    for file in files {
        let (tree, _) = parse_shared(*file, &sources.file(*file).text);
        for span in super::unparsed::unparsed(&tree) {
            if words_in(sources.text(span)).any(|word| word == name) {
                let place = sources.location(span);
                return Err(format!("{place} cannot be read yet, and may mean this `{name}`"));
            }
        }
    }
    Ok(())
}

/// Whether every name means what it meant once the texts are changed.
fn keeps_meanings(workspace: &Workspace, edits: &[Edit], new_name: &str) -> Result<(), String> {
    let mut changed = SourceMap::new();
    let mut files = Vec::new();
    for (file, source) in workspace.sources.files() {
        let own: Vec<&Edit> = edits.iter().filter(|e| e.span.file == file).collect();
        let text = apply(&source.text, own);
        let mistakes = |text: &str| parse_shared(file, text).1.len();
        if mistakes(&text) > mistakes(&source.text) {
            return Err(format!("with `{new_name}` in it, {} could not be read", source.path.display()));
        }
        files.push(changed.add(source.path.clone(), text));
    }
    let after = Names::of_files(&changed, &files);
    let before = &workspace.names;
    let clash = before.names.iter().zip(&after.names).find(|(a, b)| !means_the_same(a, b));
    if let Some((name, _)) = clash {
        let place = workspace.sources.location(name.span);
        return Err(format!("with `{new_name}` in it, {place} would mean something else"));
    }
    if before.names.len() != after.names.len() {
        return Err(format!("with `{new_name}` in it, the program would mean something else"));
    }
    Ok(())
}

fn means_the_same(a: &Name, b: &Name) -> bool {
    match (&a.meaning, &b.meaning) {
        (Meaning::Declared(a), Meaning::Declared(b)) => a == b,
        (Meaning::Entry(a), Meaning::Entry(b)) => std::ptr::eq(*a, *b),
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// A text with edits made.
pub fn apply(text: &str, edits: impl IntoIterator<Item = impl std::borrow::Borrow<Edit>>) -> String {
    let mut edits: Vec<Edit> = edits.into_iter().map(|e| e.borrow().clone()).collect();
    edits.sort_by_key(|edit| std::cmp::Reverse((edit.span.start, edit.span.end)));
    let mut changed = text.to_owned();
    for edit in edits {
        if changed.get(edit.span.range()).is_some() {
            changed.replace_range(edit.span.range(), &edit.text);
        }
    }
    changed
}
