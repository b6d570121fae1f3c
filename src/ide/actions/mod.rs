//! What can be done about a place: fixes of what is wrong, and changes of what is right.
//!
//! An action is offered only where its result is known to mean the same (or, for a fix, what was meant): each is tried
//! on the names of the changed text before it is shown.

mod arguments;
mod expect;
mod extract;
mod fixes;
mod inline;
mod name_layer;
mod settings;
mod usual_name;

pub use usual_name::{UsualName, usual_names};

use super::names::{Meaning, Names};
use crate::check::Checked;
use crate::diagnostics::Edit;
use crate::source::Span;
use crate::syntax::ast::{Body, Expr, File, Item};
use std::path::PathBuf;

/// Something that can be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// As a menu says it.
    pub title: String,
    /// What sort of change it is.
    pub kind: ActionKind,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
    /// Position in [`Checked::diagnostics`] of what it fixes.
    pub fixes: Option<usize>,
    /// Whether it is what one would do without thinking.
    pub is_preferred: bool,
}

/// The sorts of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Repairs a mistake.
    QuickFix,
    /// Repairs all mistakes of the file that have one repair.
    FixAll,
    /// Makes an item of a part.
    Extract,
    /// Puts a part where its name stands.
    Inline,
    /// Writes the same in another way, or adds what is usual.
    Rewrite,
}

/// What actions are made of.
pub(super) struct Place<'a> {
    pub checked: &'a Checked,
    pub names: &'a Names,
    /// What is selected; empty for a cursor.
    pub selected: Span,
}

/// What can be done about a part of the checked file. `runs` are folders that may hold runs, the likeliest first.
pub fn actions(checked: &Checked, names: &Names, selected: Span, runs: &[PathBuf]) -> Vec<Action> {
    let place = Place { checked, names, selected };
    let mut found = fixes::fixes(&place);
    found.extend(fixes::allow(&place));
    found.extend(fixes::fix_all(&place));
    found.extend(extract::extract(&place));
    found.extend(name_layer::name_layer(&place));
    found.extend(inline::inline(&place));
    found.extend(arguments::name_arguments(&place));
    found.extend(settings::add_settings(&place));
    found.extend(expect::add_expect(&place, runs));
    found
}

impl<'a> Place<'a> {
    pub fn text(&self) -> &'a str {
        &self.checked.sources.file(self.checked.file).text
    }

    pub fn tree(&self) -> &'a File {
        &self.checked.ast
    }

    pub fn text_of(&self, span: Span) -> &'a str {
        self.checked.sources.text(span)
    }

    /// The item at the selection.
    pub fn item(&self) -> Option<&'a Item> {
        let offset = self.selected.start as usize;
        self.tree().items.iter().find(|item| item.span.touches(offset))
    }

    /// The expressions around the start of the selection, outermost first.
    pub fn expressions(&self) -> Vec<&'a Expr> {
        let mut found = Vec::new();
        super::walk::expressions(self.tree(), &mut |expr| {
            if expr.span.touches(self.selected.start as usize) {
                found.push(expr);
            }
        });
        found
    }

    /// The bodies around a span, outermost first.
    pub fn bodies(&self, around: Span) -> Vec<&'a Body> {
        let mut found = Vec::new();
        super::walk::bodies(self.tree(), &mut |body| {
            if around.lies_in(body.span) {
                found.push(body);
            }
        });
        found
    }

    /// An insertion.
    pub fn insert(&self, at: usize, text: String) -> Edit {
        Edit { span: Span::new(self.checked.file, at, at), text }
    }

    /// The white space that a line begins with, and whether nothing else stands before the place.
    pub fn indent(&self, offset: usize) -> (&'a str, bool) {
        let text = self.text();
        let start = text.get(..offset).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
        let line = text.get(start..).unwrap_or("");
        let indent = line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or("");
        (indent, text.get(start..offset).is_some_and(|before| before.trim().is_empty()))
    }

    /// Whether a program says paths of weights that follow from where layers stand: then these must stay there.
    pub fn says_paths(&self) -> bool {
        let of_train = |span: Span| {
            self.tree()
                .items
                .iter()
                .any(|item| matches!(item.kind, crate::syntax::ast::ItemKind::Train(_)) && span.lies_in(item.span))
        };
        self.names.in_file(self.checked.file).iter().any(|name| {
            of_train(name.span)
                && (matches!(name.meaning, Meaning::WeightPath) || name.form != super::names::Form::Plain)
        })
    }

    /// A name that nothing in the file has.
    pub fn fresh(&self, wanted: &str) -> String {
        let taken = |name: &str| {
            self.names.declarations.iter().any(|d| &*d.name == name)
                || crate::catalog::entries().any(|e| e.name == name)
                || crate::syntax::is_reserved(name)
        };
        let mut name = wanted.to_owned();
        for letter in 'b'..='z' {
            if !taken(&name) {
                break;
            }
            // A count would look like the path of a layer without a name.
            name = format!("{wanted}_{letter}");
        }
        name
    }
}
