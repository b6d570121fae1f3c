//! The repairs that come with diagnostics.

use super::{Action, ActionKind, Place};
use crate::diagnostics::Edit;
use crate::source::Span;

/// The repairs of what is wrong at the selection.
pub(super) fn fixes(place: &Place<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    for (index, diagnostic) in place.checked.diagnostics.iter().enumerate() {
        let is_here = diagnostic.labels.iter().any(|label| meets(label.span, place.selected));
        if !is_here {
            continue;
        }
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
