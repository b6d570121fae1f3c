//! A layer without a name gets one: `let dense = Dense(16)`.

use super::{Action, ActionKind, Place};
use crate::catalog::EntryKind;
use crate::check::snake_case;
use crate::diagnostics::Edit;
use crate::ide::names::{DeclarationKind, Form, Meaning};
use crate::source::Span;
use crate::syntax::ast::{ExprKind, ItemKind, StatementKind};

/// Names the layer at the cursor.
pub(super) fn name_layer(place: &Place<'_>) -> Option<Action> {
    if !matches!(place.item()?.kind, ItemKind::Block(_) | ItemKind::Model(_)) || place.says_paths() {
        return None;
    }
    let expressions = place.expressions();
    // The name of the layer under the cursor, and the call that it makes where it has arguments.
    let name = place.names.at(place.checked.file, place.selected.start as usize)?;
    let kind = match &name.meaning {
        Meaning::Entry(entry) if entry.kind() == EntryKind::Layer => entry.name,
        Meaning::Declared(id)
            if place.names.declaration(*id).kind == DeclarationKind::Block && name.form == Form::Plain =>
        {
            &place.names.declaration(*id).name
        }
        _ => return None,
    };
    let call =
        expressions.iter().find(|e| matches!(&e.kind, ExprKind::Call { callee, .. } if callee.span == name.span));
    let layer = match call {
        Some(call) => {
            // A block without hypers is called with its tensors.
            let is_configured = match &name.meaning {
                Meaning::Declared(id) => {
                    place.names.members(*id).any(|(_, d)| d.kind == DeclarationKind::HyperParameter)
                }
                _ => true,
            };
            if is_configured { call.span } else { name.span }
        }
        None => name.span,
    };
    let body = place.bodies(layer).into_iter().next_back()?;
    let mut parts: Vec<Span> = body.statements.iter().map(|s| s.span).collect();
    parts.extend(body.result.as_ref().map(|r| r.span));
    let part = parts.into_iter().find(|part| layer.lies_in(*part))?;
    let has_a_name = body.statements.iter().any(|s| match &s.kind {
        StatementKind::Let(binding) => binding.value.unparenthesized().span == layer,
        // Where a `weight` begins there is no layer.
        StatementKind::Weight(_) | StatementKind::Constant(_) => s.span == part,
        _ => false,
    });
    if has_a_name {
        return None;
    }
    let new_name = place.fresh(&snake_case(kind));
    let start = part.start as usize;
    let (indent, is_first) = place.indent(start);
    let value = place.text_of(layer);
    let binding = match is_first {
        true => format!("let {new_name} = {value}\n{indent}"),
        false => format!("let {new_name} = {value}; "),
    };
    let edits = match layer.start == part.start {
        // One edit where both would stand at one place.
        true => vec![Edit { span: layer, text: format!("{binding}{new_name}") }],
        false => vec![place.insert(start, binding), Edit { span: layer, text: new_name.clone() }],
    };
    Some(Action {
        title: format!("name this layer `{new_name}` (the path of its weights becomes `{new_name}`)"),
        kind: ActionKind::Extract,
        edits,
        fixes: None,
        is_preferred: false,
    })
}
