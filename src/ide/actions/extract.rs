//! Stages of a pipeline as a block of their own.

use super::{Action, ActionKind, Place};
use crate::catalog::{self, ParamType};
use crate::diagnostics::Edit;
use crate::ide::names::{DeclarationId, DeclarationKind, Meaning};
use crate::ide::walk;
use crate::source::{FileId, Span};
use crate::syntax::ast::{Expr, ExprKind, ItemKind};
use crate::syntax::format;
use crate::syntax::words_in;

/// Makes a block of the selected stages.
pub(super) fn extract(place: &Place<'_>) -> Option<Action> {
    let item = place.item()?;
    if place.selected.is_empty() || place.says_paths() || !matches!(item.kind, ItemKind::Block(_) | ItemKind::Model(_))
    {
        return None;
    }
    let stages = selected_stages(place)?;
    let (first, last) = (stages.first()?, stages.last()?);
    let whole = first.span.to(last.span);
    let (hypers, tensors) = free_names(place, whole)?;
    let name = place.fresh("Extracted");
    let input = ["x", "input", "given"].into_iter().find(|n| {
        let in_text = words_in(place.text_of(whole)).any(|word| word == *n);
        !in_text && !tensors.iter().chain(&hypers).any(|t| t == n)
    })?;
    let inputs: Vec<&str> = std::iter::once(input).chain(tensors.iter().map(String::as_str)).collect();
    let lists = match hypers.is_empty() {
        true => format!("({})", inputs.join(", ")),
        false => format!("({})({})", hypers.join(", "), inputs.join(", ")),
    };
    let written: Vec<&str> = stages.iter().map(|stage| place.text_of(stage.span)).collect();
    let block = format!("block {name}{lists} {{\n  {input} |> {}\n}}\n", written.join(" |> "));
    // In the layout of the language, where it can be read.
    let block = format(FileId(0), &block).ok()?;
    let mut call = name.clone();
    if !hypers.is_empty() {
        call.push_str(&format!("({})", hypers.join(", ")));
    }
    if !tensors.is_empty() {
        call.push_str(&format!("({})", tensors.join(", ")));
    }
    let count = stages.len();
    let part = if count == 1 { "this stage".to_owned() } else { format!("these {count} stages") };
    Some(Action {
        title: format!("make a block of {part} (the paths of its weights change)"),
        kind: ActionKind::Extract,
        edits: vec![
            Edit { span: whole, text: call },
            place.insert(item.span.end as usize, format!("\n\n{}", block.trim_end())),
        ],
        fixes: None,
        is_preferred: false,
    })
}

/// The stages of the pipeline that the selection covers, whole ones only, at least one of them with weights or two.
fn selected_stages<'a>(place: &Place<'a>) -> Option<Vec<&'a Expr>> {
    let mut best: Option<Vec<&'a Expr>> = None;
    walk::expressions(place.tree(), &mut |expr| {
        let ExprKind::Pipe { .. } = expr.kind else { return };
        let mut stages = Vec::new();
        chain(expr, &mut stages);
        let touched: Vec<&Expr> = stages.into_iter().filter(|s| s.span.lies_in(place.selected)).collect();
        let (Some(first), Some(last)) = (touched.first(), touched.last()) else { return };
        // The selection begins and ends with stages of this pipeline.
        let around = place.text_of(place.selected);
        let trimmed_start = place.selected.start as usize
            + (around.len() - around.trim_start_matches(|c: char| c.is_whitespace() || "|>".contains(c)).len());
        let trimmed_end = place.selected.start as usize
            + around.trim_end_matches(|c: char| c.is_whitespace() || "|>".contains(c)).len();
        let is_whole = first.span.start as usize == trimmed_start && last.span.end as usize == trimmed_end;
        if is_whole && best.as_ref().is_none_or(|b| b.len() < touched.len()) {
            best = Some(touched);
        }
    });
    best
}

/// The stages behind the bars of a pipeline, in order.
fn chain<'a>(expr: &'a Expr, stages: &mut Vec<&'a Expr>) {
    if let ExprKind::Pipe { input, stage } = &expr.kind {
        chain(input, stages);
        stages.push(stage);
    }
}

/// What the stages take from around them: hypers, sizes and layers on one side, tensors on the other. `None` where
/// that cannot be handed to a block.
fn free_names(place: &Place<'_>, whole: Span) -> Option<(Vec<String>, Vec<String>)> {
    let (mut hypers, mut tensors): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut sized: Vec<DeclarationId> = Vec::new();
    for name in place.names.in_file(place.checked.file).iter().filter(|n| n.span.lies_in(whole)) {
        let id = match name.meaning {
            Meaning::Declared(id) => id,
            // What a layer knows of itself stays in the block that it is of.
            Meaning::Missing | Meaning::Unknown | Meaning::WeightPath => return None,
            _ => continue,
        };
        let declaration = place.names.declaration(id);
        if declaration.span.lies_in(whole) {
            continue;
        }
        let list = match declaration.kind {
            DeclarationKind::Hyper
            | DeclarationKind::Block
            | DeclarationKind::Model
            | DeclarationKind::Data
            | DeclarationKind::SharedLayer
            | DeclarationKind::Import
            | DeclarationKind::Field => continue,
            DeclarationKind::Dimension => {
                sized.push(id);
                &mut hypers
            }
            DeclarationKind::HyperParameter | DeclarationKind::Layer => &mut hypers,
            DeclarationKind::Input | DeclarationKind::Let | DeclarationKind::ScanStep | DeclarationKind::ScanState => {
                &mut tensors
            }
            // A weight is of its block.
            _ => return None,
        };
        if !list.iter().any(|known| **known == *declaration.name) {
            list.push(declaration.name.to_string());
        }
    }
    // `axis: T` means the dimension, which a number handed on is not.
    let mut names_an_axis = false;
    walk::expressions(place.tree(), &mut |expr| {
        if let ExprKind::Call { callee, args, .. } = &expr.kind
            && expr.span.lies_in(whole)
            && let ExprKind::Name(callee) = &callee.kind
            && let Some(entry) = catalog::entries().find(|e| e.name == &**callee)
        {
            let of_axes = |ty: &ParamType| matches!(ty, ParamType::Axis | ParamType::Axes);
            let takes_axes = entry.params.iter().any(|p| crate::ide::names::wants(&p.ty, of_axes));
            let has_dimension = args.iter().any(|a| {
                let named = place.names.at(place.checked.file, a.value.span.start as usize);
                matches!(named.map(|n| &n.meaning), Some(Meaning::Declared(id)) if sized.contains(id))
            });
            names_an_axis |= takes_axes && has_dimension;
        }
    });
    (!names_an_axis).then_some((hypers, tensors))
}
