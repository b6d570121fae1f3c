//! Walks over everything of a file that has statements.

use crate::source::Span;
use crate::syntax::ast::{self, Body, Expr, ExprKind, ItemKind, Outputs, Statement, StatementKind, TypeExpr};
use crate::syntax::walk;

/// A list of statements that are seen one after the other, with what follows the last.
#[derive(Clone, Copy)]
pub(super) struct Sequence<'a> {
    pub statements: &'a [Statement],
    pub result: Option<&'a Expr>,
}

impl<'a> Sequence<'a> {
    pub fn of_body(body: &'a Body) -> Self {
        Sequence { statements: &body.statements, result: body.result.as_deref() }
    }

    pub fn of(statements: &'a [Statement]) -> Self {
        Sequence { statements, result: None }
    }
}

/// Visits every sequence of statements of a file, outer ones first.
pub(super) fn sequences<'a>(file: &'a ast::File, visit: &mut dyn FnMut(Sequence<'a>)) {
    for item in &file.items {
        match &item.kind {
            ItemKind::Block(f) | ItemKind::Model(f) => sequences_of(Sequence::of_body(&f.body), visit),
            ItemKind::Data(data) => sequences_of(Sequence::of(&data.statements), visit),
            ItemKind::Train(train) => sequences_of(Sequence::of(&train.statements), visit),
            ItemKind::Expect(expect) => sequences_of(Sequence::of(&expect.statements), visit),
            ItemKind::Sweep(sweep) => sequences_of(Sequence::of(&sweep.statements), visit),
            ItemKind::Let(binding) => in_expression(&binding.value, visit),
            ItemKind::Hyper(hyper) => in_expression(&hyper.value, visit),
            ItemKind::Import(_) | ItemKind::Error => {}
        }
    }
}

fn sequences_of<'a>(sequence: Sequence<'a>, visit: &mut dyn FnMut(Sequence<'a>)) {
    visit(sequence);
    for statement in sequence.statements {
        match &statement.kind {
            StatementKind::Let(binding) => in_expression(&binding.value, visit),
            StatementKind::Weight(weight) => in_expression(&weight.init, visit),
            StatementKind::Constant(constant) => in_expression(&constant.value, visit),
            StatementKind::Field { value, .. } => in_expression(value, visit),
            StatementKind::Setting(setting) => in_expression(&setting.value, visit),
            StatementKind::Phase { body, .. } | StatementKind::Group { body, .. } => {
                sequences_of(Sequence::of(body), visit);
            }
            StatementKind::Expression(expr) => in_expression(expr, visit),
            StatementKind::Error => {}
        }
    }
    if let Some(result) = sequence.result {
        in_expression(result, visit);
    }
}

/// The bodies that stand in an expression. Every expression within is visited, so bodies in bodies are found, too.
fn in_expression<'a>(expr: &'a Expr, visit: &mut dyn FnMut(Sequence<'a>)) {
    for body in bodies_of(expr) {
        visit(Sequence::of_body(body));
    }
}

/// Every body in an expression, however deep.
fn bodies_of(expr: &Expr) -> Vec<&Body> {
    let mut bodies = Vec::new();
    walk::values_of(expr, &mut |e| match &e.kind {
        ExprKind::If { then_body, else_body, .. } => {
            bodies.push(then_body);
            bodies.extend(else_body);
        }
        ExprKind::Residual { body, .. } | ExprKind::Repeat { body, .. } | ExprKind::Scan { body, .. } => {
            bodies.push(body);
        }
        _ => {}
    });
    bodies
}

/// Where items, statements and results stand: what a comment above them is about.
pub(super) fn spans(file: &ast::File) -> Vec<Span> {
    let mut spans: Vec<Span> = file.items.iter().map(|item| item.span).collect();
    sequences(file, &mut |sequence| {
        spans.extend(sequence.statements.iter().map(|s| s.span));
        spans.extend(sequence.result.map(|r| r.span));
    });
    spans
}

/// The types of a signature.
pub(super) fn types(function: &ast::Function) -> Vec<&TypeExpr> {
    let inputs = function.inputs.iter().filter_map(|input| input.ty.as_ref());
    let outputs: Vec<&ast::Output> = match &function.outputs {
        Outputs::Inferred => Vec::new(),
        Outputs::One(output) => vec![output],
        Outputs::Many(outputs) => outputs.iter().collect(),
    };
    inputs.chain(outputs.into_iter().filter_map(|output| output.ty.as_ref())).collect()
}
