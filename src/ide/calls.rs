//! Who uses whom: blocks and models.

use super::names::{DeclarationId, DeclarationKind, Form, Meaning, Names};
use crate::source::{FileId, Span};

/// A block or a model, in a hierarchy of calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// Its name.
    pub name: String,
    /// Block or model.
    pub kind: DeclarationKind,
    /// All of it.
    pub whole: Span,
    /// Its name.
    pub span: Span,
}

/// A caller or a callee, with where the calls stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The other end.
    pub other: Caller,
    /// The names of the calls, in the text of the caller.
    pub at: Vec<Span>,
}

/// The block or model that is named at a place, or that the place lies in.
pub fn callable(names: &Names, file: FileId, offset: usize) -> Option<Caller> {
    if let Some(Meaning::Declared(id)) = names.at(file, offset).map(|n| &n.meaning)
        && is_function(names, *id)
    {
        return Some(caller(names, *id));
    }
    let place = Span::new(file, offset, offset);
    enclosing(names, place).map(|id| caller(names, id))
}

/// Who uses a block or model whose name stands at `of`.
pub fn incoming(names: &Names, of: Span) -> Vec<Call> {
    let Some(id) = function_at(names, of) else { return Vec::new() };
    let mut calls: Vec<(DeclarationId, Vec<Span>)> = Vec::new();
    for name in names.uses(&[id]) {
        if name.form != Form::Plain || names.is_declaration(name) {
            continue;
        }
        // Trains and imports name models and blocks, too, but are no blocks.
        if let Some(user) = enclosing(names, name.span) {
            add(&mut calls, user, name.span);
        }
    }
    finish(names, calls)
}

/// Which blocks a block or model uses whose name stands at `of`.
pub fn outgoing(names: &Names, of: Span) -> Vec<Call> {
    let Some(id) = function_at(names, of) else { return Vec::new() };
    let whole = names.declaration(id).whole;
    let mut calls: Vec<(DeclarationId, Vec<Span>)> = Vec::new();
    for name in names.in_file(whole.file) {
        if let Meaning::Declared(used) = name.meaning
            && name.span.lies_in(whole)
            && is_function(names, used)
            && !names.is_declaration(name)
        {
            add(&mut calls, used, name.span);
        }
    }
    finish(names, calls)
}

fn add(calls: &mut Vec<(DeclarationId, Vec<Span>)>, other: DeclarationId, at: Span) {
    match calls.iter_mut().find(|(known, _)| *known == other) {
        Some((_, spans)) => spans.push(at),
        None => calls.push((other, vec![at])),
    }
}

fn finish(names: &Names, calls: Vec<(DeclarationId, Vec<Span>)>) -> Vec<Call> {
    calls.into_iter().map(|(id, at)| Call { other: caller(names, id), at }).collect()
}

fn is_function(names: &Names, id: DeclarationId) -> bool {
    matches!(names.declaration(id).kind, DeclarationKind::Block | DeclarationKind::Model)
}

fn function_at(names: &Names, span: Span) -> Option<DeclarationId> {
    (0..names.declarations.len()).find(|id| is_function(names, *id) && names.declaration(*id).span == span)
}

fn enclosing(names: &Names, place: Span) -> Option<DeclarationId> {
    (0..names.declarations.len()).find(|id| is_function(names, *id) && place.lies_in(names.declaration(*id).whole))
}

fn caller(names: &Names, id: DeclarationId) -> Caller {
    let declaration = names.declaration(id);
    Caller {
        name: declaration.name.to_string(),
        kind: declaration.kind,
        whole: declaration.whole,
        span: declaration.span,
    }
}
