//! The edit that repairs what a model gives: against its signature, and against the classes that its loss compares with.

use super::checker::Checker;
use super::provenance::Beginning;
use super::signature::KnownType;
use super::solve::Met;
use super::value::Definition;
use crate::build::{Kind, Tensor};
use crate::catalog::is_recurrent;
use crate::data::FieldKind;
use crate::diagnostics::{Diagnostic, Edit, Fix};
use crate::ir::dim::{Comparison, Dim};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Ident, Output, Outputs, Symbol, TypeExpr, TypeExprKind};
use std::rc::Rc;

/// The model that a train has bound to data, while its loss is built.
#[derive(Clone)]
pub(super) struct Trained {
    pub definition: Rc<Definition>,
    /// Index in [`Checker::data`].
    pub data: usize,
}

impl Checker<'_> {
    /// The edits that make an output what its signature promises, or the signature promise what it is.
    pub fn output_fixes(&self, ty: &TypeExpr, known: &KnownType, tensor: &Tensor, written: Option<&Expr>) -> Vec<Fix> {
        let mut fixes = Vec::new();
        let wanted: Option<Vec<Dim>> = known.shape.iter().cloned().collect();
        let (Some(wanted), TypeExprKind::Tensor { shape, .. }) = (wanted, &ty.kind) else { return fixes };
        let kinds_fit = known.kind == tensor.kind;
        let dims = shape.as_deref().unwrap_or_default();
        let clashes: Vec<usize> = (0..wanted.len().min(tensor.rank()))
            .filter(|i| {
                wanted.get(*i).zip(tensor.shape.get(*i)).is_some_and(|(w, h)| w.compare(h) != Comparison::Equal)
            })
            .collect();
        if let (true, [axis]) = (wanted.len() == tensor.rank(), clashes.as_slice())
            && let (Some(size), Some(dim)) = (wanted.get(*axis), dims.get(*axis))
        {
            let source = self.source(tensor, *axis);
            // `D` rather than 4: a block has other calls.
            let promised = self.sources.text(dim.span);
            let as_promised = self.resized_as(&source, size, Some(promised));
            let is_inside = |edit: &Edit| self.scopes.last().is_some_and(|s| edit.span.lies_in(s.span));
            let found = match as_promised {
                Some((title, edit)) if is_inside(&edit) => Some((title, edit)),
                _ => self.resized(&source, size),
            };
            match (found, written) {
                (Some((title, edit)), _) => fixes.push(Fix { title, edits: vec![edit] }),
                (None, Some(written)) if kinds_fit && tensor.rank() == 1 && self.calls.is_empty() => {
                    let head = format!("Dense({promised})");
                    let edits = vec![Edit { span: written.span.end_point(), text: format!(" |> {head}") }];
                    fixes.push(Fix { title: format!("end with `{head}`"), edits });
                }
                (None, _) => {}
            }
        }
        let mut is_raised = false;
        if let (true, Some(written)) = (kinds_fit && wanted.len() == 1 && tensor.shape.last() == wanted.last(), written)
            && let Some(fix) = self.fewer_axes(tensor, written)
        {
            fixes.push(fix);
            is_raised = true;
        }
        // In a call the block is as it is; it has other calls.
        let is_plain = |dim: &Expr| matches!(dim.kind, ExprKind::Number(_) | ExprKind::Name(_));
        let is_scalar = wanted.is_empty() || tensor.rank() == 0;
        if self.calls.is_empty() && dims.iter().all(is_plain) && !is_scalar && !is_raised {
            let found = tensor.show();
            fixes.push(Fix {
                title: format!("promise {found} in the signature"),
                edits: vec![Edit { span: ty.span, text: found }],
            });
        }
        fixes
    }

    /// The edit that takes an image or a sequence to one axis before the `Dense` that ends a pipeline.
    fn fewer_axes(&self, tensor: &Tensor, written: &Expr) -> Option<Fix> {
        let at = last_dense(written)?;
        let is_recurrent = self
            .applications
            .iter()
            .rev()
            .find(|a| a.nodes.end <= tensor.node.index() && !matches!(a.layer, "Dense" | "Dropout" | "LayerNorm"))
            .is_some_and(|a| is_recurrent(a.layer));
        let insertion = |stage: &str, title: &str| Fix {
            title: title.to_owned(),
            edits: vec![Edit { span: at.start_point(), text: format!("{stage} |> ") }],
        };
        match tensor.rank() {
            2 if is_recurrent => Some(insertion("last", "take the last state of the sequence, `last`, first")),
            2 if tensor.shape.first().is_some_and(Dim::is_ragged) => {
                Some(insertion("mean(axis: 0)", "take the mean of the sequence, `mean(axis: 0)`, first"))
            }
            2.. if tensor.shape.iter().all(|d| d.as_constant().is_some()) => {
                Some(insertion("Flatten", "make one axis of them with `Flatten` first"))
            }
            _ => None,
        }
    }

    /// A head with one unit a class.
    pub fn one_unit_a_class(
        &self,
        diagnostic: Diagnostic,
        met: &Met,
        operand: usize,
        width: &Dim,
        classes: &Dim,
    ) -> Diagnostic {
        let Some(logits) = met.operands.get(operand) else { return diagnostic };
        let Some(axis) = logits.shape.iter().rposition(|d| d == width) else { return diagnostic };
        let source = self.source(logits, axis);
        let number = classes.to_string();
        let field = met.operands.get(1).and_then(|t| self.target_field(t.span));
        let text_at = |file| match &field {
            Some(field) if met.site.span.file == file => field.clone(),
            _ => number.clone(),
        };
        let resized = self.resized_as(&source, classes, Some(&number));
        let ends_dense = matches!(&source.beginning, Beginning::Argument { layer: "Dense", .. });
        let mut diagnostic = diagnostic;
        // What ends with no layer for it has none yet: a state of an LSTM is no head.
        if resized.is_none() || !ends_dense {
            let result = self.only_result(logits.span).filter(|_| logits.rank() == 1);
            if let Some(result) = result {
                let text = text_at(result.file);
                let mut edits = vec![Edit { span: result.end_point(), text: format!(" |> Dense({text})") }];
                let promised = self.output_dim(logits.span, axis);
                edits.extend(promised.map(|dim| Edit { span: dim, text: text_at(dim.file) }));
                diagnostic.help.clear();
                diagnostic = diagnostic.fix_all(format!("end with one unit a class: `Dense({text})`"), edits);
            }
        }
        let Some((_, edit)) = resized else { return diagnostic };
        let text = text_at(edit.span.file);
        let mut edits = vec![Edit { span: edit.span, text: text.clone() }];
        if let Some(dim) = self.output_dim(logits.span, axis)
            && dim != edit.span
        {
            edits.push(Edit { span: dim, text: text_at(dim.file) });
        }
        diagnostic.help.clear();
        let shown = if text == number { number } else { format!("`{text}`, which is {number}") };
        diagnostic.fix_all(format!("give it one unit a class: {shown}"), edits)
    }

    /// A prediction against one number or class an example: a head without `Flatten` or `last`, with too many units, or
    /// with the loss that wants another.
    pub fn head_of_one(&self, diagnostic: Diagnostic, met: &Met, left: &[Dim], right: &[Dim]) -> Diagnostic {
        let (Some(prediction), Some(target)) = (met.operands.first(), met.operands.get(1)) else { return diagnostic };
        if !right.is_empty() || !diagnostic.fixes.is_empty() {
            return diagnostic;
        }
        if let ([width], Kind::Class { count, .. }) = (left, &target.kind)
            && met.site.name.starts_with("bce")
            && width == count
            && !met.site.name_span.is_empty()
        {
            let title = "use `cross_entropy`, which takes one number a class";
            return diagnostic.fix(title, met.site.name_span, "cross_entropy");
        }
        if let ([_], Kind::Float) = (left, &target.kind) {
            let one = Dim::constant(1);
            let source = self.source(prediction, 0);
            let Some((_, edit)) = self.resized_as(&source, &one, Some("1")) else { return diagnostic };
            let promised = self.output_dim(prediction.span, 0).filter(|dim| *dim != edit.span);
            let mut edits = vec![edit];
            edits.extend(promised.map(|span| Edit { span, text: "1".into() }));
            edits.push(Edit { span: prediction.span.end_point(), text: " |> squeeze".into() });
            return diagnostic.fix_all("let the last layer give one number, and compare that", edits);
        }
        let is_output = self.output_named(prediction.span).is_some();
        let body = self.trained.as_ref().map(|trained| &trained.definition.function.body);
        let result = body.and_then(|body| body.result.as_deref()).filter(|_| is_output);
        match (&target.kind, result.and_then(|result| self.fewer_axes(prediction, result))) {
            (Kind::Class { .. }, Some(fix)) => diagnostic.fix_all(fix.title, fix.edits),
            _ => diagnostic,
        }
    }

    /// `iris.species.classes`, where a field is named at a place.
    fn target_field(&self, at: Span) -> Option<String> {
        let block = self.data.get(self.trained.as_ref()?.data)?;
        let name = self.sources.text(at).rsplit('.').next()?;
        let ty = block.description.field(name)?;
        matches!(ty.kind, FieldKind::Class { .. }).then(|| format!("{}.{name}.classes", block.name))
    }

    /// The output of the trained model that is named at a place; a single one without a name is called `output`.
    fn output_named(&self, at: Span) -> Option<&Output> {
        let name = self.sources.text(at).rsplit('.').next()?;
        let is_called = |output: &&Output| output.name.as_ref().map_or("output", |n: &Ident| &n.name) == name;
        match &self.trained.as_ref()?.definition.function.outputs {
            Outputs::Inferred => None,
            Outputs::One(output) => Some(output).filter(is_called),
            Outputs::Many(many) => many.iter().find(is_called),
        }
    }

    /// Where the body of the trained model ends that gives the output at a place, and nothing else.
    fn only_result(&self, at: Span) -> Option<Span> {
        let output = self.output_named(at)?;
        let function = &self.trained.as_ref()?.definition.function;
        let is_only = matches!(&function.outputs, Outputs::One(only) if std::ptr::eq(only, output));
        let result = function.body.result.as_deref().filter(|_| is_only)?;
        Some(result.span)
    }

    /// The number that the signature has for an axis of an output.
    pub fn output_dim(&self, at: Span, axis: usize) -> Option<Span> {
        match &self.output_named(at)?.ty.as_ref()?.kind {
            TypeExprKind::Tensor { shape: Some(shape), .. } => {
                shape.get(axis).filter(|d| matches!(d.kind, ExprKind::Number(_))).map(|d| d.span)
            }
            _ => None,
        }
    }
}

/// Where the `Dense` that ends a pipeline stands; functions behind it keep its shape.
fn last_dense(expr: &Expr) -> Option<Span> {
    let ExprKind::Pipe { input, stage } = &expr.unparenthesized().kind else { return None };
    let name = |expr: &Expr| match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Call { callee, .. } => match &callee.kind {
            ExprKind::Name(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    };
    let is_activation =
        |name: &Symbol| ["relu", "gelu", "tanh", "sigmoid", "softmax", "log_softmax"].contains(&&**name);
    match name(stage) {
        Some(name) if &*name == "Dense" => Some(stage.span),
        Some(name) if is_activation(&name) => last_dense(input),
        _ => None,
    }
}
