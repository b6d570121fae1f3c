//! Inputs with more or fewer axes than their signature has: above all the batch, which is written in other frameworks,
//! and sequences that the data does not make.

use super::checker::Checker;
use super::mistake::{ExtraAxis, Mistake};
use crate::build::{Kind, Tensor};
use crate::diagnostics::Edit;
use crate::ir::dim::Dim;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Function, Ident, Outputs, TypeExpr, TypeExprKind};

/// What people call the axis that is not written here.
const BATCH: &[&str] = &["N", "B", "BS", "n", "b", "batch", "Batch", "BATCH", "batch_size", "BatchSize"];

impl Checker<'_> {
    /// Tells of an input with more or fewer axes than its signature has; always false.
    pub fn other_rank(&mut self, name: &Ident, ty: &TypeExpr, input: &Tensor, function: &Function, call: Span) -> bool {
        let is_model = self.calls.is_empty();
        if is_model {
            self.contradicted.insert(function.name.span);
        }
        let mistake = Mistake::InputRank {
            name: name.name.clone(),
            found: input.show(),
            declared: ty.span,
            // A block has other calls, and what a model's input is called in its data is for the model to say.
            reading: if is_model { self.reading_of_axes(ty, input, function) } else { ExtraAxis::None },
            can_rewrite: is_model,
        };
        self.mistake(if input.span.is_empty() { call } else { input.span }, &mistake);
        false
    }

    /// What the first axis of a declared type stands for, where the data has all others.
    fn reading_of_axes(&self, ty: &TypeExpr, input: &Tensor, function: &Function) -> ExtraAxis {
        let TypeExprKind::Tensor { shape: Some(dims), .. } = &ty.kind else { return ExtraAxis::None };
        let Some((first, rest)) = dims.split_first() else { return ExtraAxis::None };
        let fits = |(dim, size): (&Expr, &Dim)| match &dim.kind {
            ExprKind::Number(n) => size.as_constant().is_some_and(|size| size as f64 == n.value),
            _ => true,
        };
        if rest.len() != input.rank() || !rest.iter().zip(&input.shape).all(fits) {
            return ExtraAxis::None;
        }
        let axis = self.sources.text(first.span).to_owned();
        match &first.kind {
            ExprKind::Name(_) if !BATCH.contains(&&*axis) && rest.len() <= 1 => {
                ExtraAxis::Sequence { axis, is_text: rest.is_empty() && matches!(input.kind, Kind::Class { .. }) }
            }
            ExprKind::Name(_) if !BATCH.contains(&&*axis) => ExtraAxis::None,
            ExprKind::Name(_) | ExprKind::None => {
                let outputs = match &function.outputs {
                    Outputs::Inferred => Vec::new(),
                    Outputs::One(output) => vec![output],
                    Outputs::Many(many) => many.iter().collect(),
                };
                let types = function.inputs.iter().map(|input| &input.ty).chain(outputs.into_iter().map(|o| &o.ty));
                let edits = types.flatten().filter_map(|ty| self.without_first_axis(ty, &axis)).collect();
                ExtraAxis::Batch { axis, edits }
            }
            // `[32, 4]`; but `[1, 28, 28]` are the channels of an image.
            ExprKind::Number(n) if !rest.is_empty() && input.kind.is_float() && (rest.len() < 2 || n.value > 4.0) => {
                ExtraAxis::Batch { axis, edits: vec![Edit { span: ty.span, text: input.show() }] }
            }
            _ => ExtraAxis::None,
        }
    }

    /// The edit that takes the first axis out of a type, where it is called so.
    fn without_first_axis(&self, ty: &TypeExpr, axis: &str) -> Option<Edit> {
        let TypeExprKind::Tensor { shape: Some(dims), .. } = &ty.kind else { return None };
        let first = dims.first().filter(|dim| self.sources.text(dim.span) == axis)?;
        if let Some(second) = dims.get(1) {
            return Some(Edit { span: Span { end: second.span.start, ..first.span }, text: String::new() });
        }
        let kind = self.sources.text(ty.span).split('[').next().unwrap_or("").trim();
        Some(Edit { span: ty.span, text: if kind.is_empty() { "float".to_owned() } else { kind.to_owned() } })
    }
}
