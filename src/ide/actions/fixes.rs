//! The repairs that come with diagnostics.

use super::{Action, ActionKind, Place};
use crate::check::{Checked, allow_fix};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;

/// The repairs of what is wrong at the selection.
pub(super) fn fixes(place: &Place<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    for (index, diagnostic) in told_at(place.checked, place.selected) {
        for fix in &diagnostic.fixes {
            actions.push(Action {
                title: fix.title.clone(),
                kind: ActionKind::QuickFix,
                edits: fix.edits.clone(),
                fixes: Some(index),
                is_preferred: diagnostic.fixes.len() == 1,
            });
        }
    }
    actions
}

/// The comment that silences each warning of the selection. Never what one would do without thinking.
pub(super) fn allow(place: &Place<'_>) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for (index, diagnostic) in told_at(place.checked, place.selected) {
        // The comment stands where the warning is, which may be in an imported file that the user does not look at.
        let is_own = diagnostic.span().file == place.checked.file;
        let Some(fix) = allow_fix(&place.checked.sources, diagnostic).filter(|_| is_own) else { continue };
        // One comment silences all of its code on a line.
        if actions.iter().all(|action| action.edits != fix.edits) {
            actions.push(Action {
                title: fix.title,
                kind: ActionKind::QuickFix,
                edits: fix.edits,
                fixes: Some(index),
                is_preferred: false,
            });
        }
    }
    actions
}

/// What is told about a part of the checked file, with its position among all that is told.
pub(super) fn told_at(checked: &Checked, selected: Span) -> impl Iterator<Item = (usize, &Diagnostic)> {
    let is_here = move |diagnostic: &Diagnostic| diagnostic.labels.iter().any(|label| meets(label.span, selected));
    checked.diagnostics.iter().enumerate().filter(move |(_, diagnostic)| is_here(diagnostic))
}

/// All repairs of the file that leave no choice, at once.
pub(super) fn fix_all(place: &Place<'_>) -> Option<Action> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut count = 0;
    for diagnostic in &place.checked.diagnostics {
        let [fix] = diagnostic.fixes.as_slice() else { continue };
        let is_own = fix.edits.iter().all(|e| e.span.file == place.checked.file);
        let clashes = fix.edits.iter().any(|e| edits.iter().any(|other| overlap(e.span, other.span)));
        if is_own && !clashes {
            edits.extend(fix.edits.iter().cloned());
            count += 1;
        }
    }
    (count > 1).then(|| Action {
        title: format!("fix {count} problems of this file"),
        kind: ActionKind::FixAll,
        edits,
        fixes: None,
        is_preferred: false,
    })
}

/// Whether two spans meet, be it at an end.
fn meets(a: Span, b: Span) -> bool {
    a.file == b.file && a.start <= b.end && b.start <= a.end
}

/// Whether two edits touch the same text, or insert at the same place.
fn overlap(a: Span, b: Span) -> bool {
    a.file == b.file && (a.start < b.end && b.start < a.end || a.start == b.start)
}
