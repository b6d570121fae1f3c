//! `Conv2d(32, 3)` as `Conv2d(channels: 32, kernel: 3)`.

use super::{Action, ActionKind, Place};
use crate::catalog::{EntryKind, ParamType};
use crate::diagnostics::Edit;
use crate::ide::names::{DeclarationKind, Meaning};
use crate::syntax::ast::{Arg, ExprKind, ItemKind};

/// Kinds whose parameters the checker takes by name, each of them.
const NAMEABLE: &[EntryKind] = &[
    EntryKind::Layer,
    EntryKind::Function,
    EntryKind::Loss,
    EntryKind::Optimizer,
    EntryKind::Schedule,
    EntryKind::Initializer,
    EntryKind::Augmentation,
];

/// Gives the arguments of the innermost call their names; tensors stay in front.
pub(super) fn name_arguments(place: &Place<'_>) -> Option<Action> {
    let expressions = place.expressions();
    let (index, callee, args) = expressions.iter().enumerate().rev().find_map(|(i, expr)| match &expr.kind {
        ExprKind::Call { callee, args, .. } if args.iter().any(|a| a.name.is_none()) => Some((i, callee, args)),
        _ => None,
    })?;
    // In a data block functions of these names read their arguments in their own way.
    let is_of_data = place.item().is_some_and(|item| matches!(item.kind, ItemKind::Data(_)));
    if is_of_data {
        return None;
    }
    let meaning = &place.names.at(place.checked.file, callee.span.start as usize)?.meaning;
    let named: Vec<(&Arg, String)> = match (&callee.kind, meaning) {
        (ExprKind::Name(_), Meaning::Entry(entry)) if NAMEABLE.contains(&entry.kind()) => {
            // What flows in is the first tensor.
            let call = expressions.get(index)?.span;
            let is_piped =
                expressions.iter().any(|e| matches!(&e.kind, ExprKind::Pipe { stage, .. } if stage.span == call));
            let is_tensor = |ty: &ParamType| matches!(ty, ParamType::Tensor | ParamType::Tensors);
            let params = crate::ide::names::parameters_of(entry, args, is_piped);
            let last_tensor = params.iter().rposition(|p| p.is_some_and(|p| is_tensor(&p.ty)));
            let behind = last_tensor.map_or(0, |at| at + 1);
            let pairs = args.iter().zip(params).enumerate().skip(behind);
            pairs
                .filter(|(_, (arg, _))| arg.name.is_none())
                .filter_map(|(_, (arg, p))| Some((arg, p?.name.to_owned())))
                .collect()
        }
        (ExprKind::Name(_), Meaning::Declared(id)) if place.names.declaration(*id).kind == DeclarationKind::Block => {
            let hypers: Vec<_> = place
                .names
                .members(*id)
                .filter(|(_, d)| d.kind == DeclarationKind::HyperParameter)
                .map(|(_, d)| d.name.to_string())
                .collect();
            let unnamed = args.iter().enumerate().filter(|(_, a)| a.name.is_none());
            unnamed.filter_map(|(i, arg)| Some((arg, hypers.get(i)?.clone()))).collect()
        }
        _ => return None,
    };
    let fits = named.iter().all(|(arg, _)| arg.value.span.lies_in(callee.span.to(arg.value.span)));
    if named.is_empty() || !fits {
        return None;
    }
    let edits: Vec<Edit> =
        named.iter().map(|(arg, name)| place.insert(arg.value.span.start as usize, format!("{name}: "))).collect();
    Some(Action {
        title: format!("give the arguments of `{}` their names", place.text_of(callee.span)),
        kind: ActionKind::Rewrite,
        edits,
        fixes: None,
        is_preferred: false,
    })
}
