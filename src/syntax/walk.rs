//! Every expression of a tree, from the outside in.

use super::ast::{
    Body, Expr, ExprKind, File, Item, ItemKind, Outputs, ScalarKind, Statement, StatementKind, TypeExpr, TypeExprKind,
};
use crate::source::Span;

/// Visits every expression of a file.
pub(crate) fn expressions<'a>(file: &'a File, visit: &mut dyn FnMut(&'a Expr)) {
    file.items.iter().for_each(|item| of_item(item, visit));
}

/// Visits every expression of an item.
pub(crate) fn of_item<'a>(item: &'a Item, visit: &mut dyn FnMut(&'a Expr)) {
    match &item.kind {
        ItemKind::Hyper(hyper) => of_expr(&hyper.value, visit),
        ItemKind::Import(_) | ItemKind::Error => {}
        ItemKind::Block(function) | ItemKind::Model(function) => {
            function.hypers.iter().flatten().filter_map(|h| h.default.as_ref()).for_each(|d| of_expr(d, visit));
            function.inputs.iter().filter_map(|i| i.ty.as_ref()).for_each(|ty| of_type(ty, visit));
            match &function.outputs {
                Outputs::Inferred => {}
                Outputs::One(output) => output.ty.iter().for_each(|ty| of_type(ty, visit)),
                Outputs::Many(outputs) => {
                    outputs.iter().filter_map(|o| o.ty.as_ref()).for_each(|ty| of_type(ty, visit));
                }
            }
            of_body(&function.body, visit);
        }
        ItemKind::Data(data) => of_statements(&data.statements, visit),
        ItemKind::Train(train) => {
            train.bindings.iter().for_each(|arg| of_expr(&arg.value, visit));
            of_statements(&train.statements, visit);
        }
        ItemKind::Expect(expect) => of_statements(&expect.statements, visit),
        ItemKind::Sweep(sweep) => of_statements(&sweep.statements, visit),
        ItemKind::Let(binding) => of_expr(&binding.value, visit),
    }
}

fn of_type<'a>(ty: &'a TypeExpr, visit: &mut dyn FnMut(&'a Expr)) {
    let TypeExprKind::Tensor { kind, shape } = &ty.kind else { return };
    if let Some(ScalarKind::Class(count)) = kind {
        of_expr(count, visit);
    }
    shape.iter().flatten().for_each(|dim| of_expr(dim, visit));
}

fn of_statements<'a>(statements: &'a [Statement], visit: &mut dyn FnMut(&'a Expr)) {
    statements.iter().for_each(|statement| of_statement(statement, visit));
}

fn of_statement<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Expr)) {
    match &statement.kind {
        StatementKind::Let(binding) => of_expr(&binding.value, visit),
        StatementKind::Weight(weight) => {
            of_type(&weight.ty, visit);
            of_expr(&weight.init, visit);
        }
        StatementKind::Constant(constant) => {
            constant.ty.iter().for_each(|ty| of_type(ty, visit));
            of_expr(&constant.value, visit);
        }
        StatementKind::Field { value, .. } => of_expr(value, visit),
        StatementKind::Setting(setting) => of_expr(&setting.value, visit),
        StatementKind::Phase { body, .. } => of_statements(body, visit),
        StatementKind::Group { patterns, body } => {
            of_expr(patterns, visit);
            of_statements(body, visit);
        }
        StatementKind::Expression(expr) => of_expr(expr, visit),
        StatementKind::Error => {}
    }
}

fn of_body<'a>(body: &'a Body, visit: &mut dyn FnMut(&'a Expr)) {
    of_statements(&body.statements, visit);
    body.result.iter().for_each(|result| of_expr(result, visit));
}

/// Visits an expression and every one in it.
pub(crate) fn of_expr<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::Name(_)
        | ExprKind::Hole
        | ExprKind::Error => {}
        ExprKind::Duration { amount: inner, .. }
        | ExprKind::Paren(inner)
        | ExprKind::Named { value: inner, .. }
        | ExprKind::Unary { operand: inner, .. }
        | ExprKind::Field { base: inner, .. } => of_expr(inner, visit),
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|item| of_expr(item, visit)),
        ExprKind::Record(entries) => entries.iter().for_each(|entry| {
            of_expr(&entry.key, visit);
            of_expr(&entry.value, visit);
        }),
        ExprKind::Range { start, end } => start.iter().chain(end).for_each(|e| of_expr(e, visit)),
        ExprKind::Binary { left, right, .. } | ExprKind::Pipe { input: left, stage: right } => {
            of_expr(left, visit);
            of_expr(right, visit);
        }
        ExprKind::Call { callee: base, args, .. } | ExprKind::Index { base, args, .. } => {
            of_expr(base, visit);
            args.iter().for_each(|arg| of_expr(&arg.value, visit));
        }
        ExprKind::If { condition, then_body, else_body } => {
            of_expr(condition, visit);
            of_body(then_body, visit);
            else_body.iter().for_each(|body| of_body(body, visit));
        }
        ExprKind::Residual { args, body } => {
            args.iter().for_each(|arg| of_expr(&arg.value, visit));
            of_body(body, visit);
        }
        ExprKind::Repeat { count, body } => {
            of_expr(count, visit);
            of_body(body, visit);
        }
        ExprKind::Scan { input, states, body, .. } => {
            of_expr(input, visit);
            states.iter().for_each(|(_, start)| of_expr(start, visit));
            of_body(body, visit);
        }
    }
}

/// Every body of a file, with the braces, from the outside in.
pub(crate) fn bodies<'a>(file: &'a File, visit: &mut dyn FnMut(&'a Body)) {
    for item in &file.items {
        if let ItemKind::Block(function) | ItemKind::Model(function) = &item.kind {
            visit(&function.body);
        }
    }
    expressions(file, &mut |expr| match &expr.kind {
        ExprKind::If { then_body, else_body, .. } => {
            visit(then_body);
            else_body.iter().for_each(&mut *visit);
        }
        ExprKind::Residual { body, .. } | ExprKind::Repeat { body, .. } | ExprKind::Scan { body, .. } => visit(body),
        _ => {}
    });
}

/// Whether a span lies in another.
pub(crate) fn lies_in(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && outer.start <= inner.start && inner.end <= outer.end
}
