//! Every expression of a tree, from the outside in.

use super::ast::{
    Body, Expr, ExprKind, File, Item, ItemKind, Outputs, ScalarKind, Statement, StatementKind, TypeExpr, TypeExprKind,
};

/// What of a piece of the tree is visited.
#[derive(Clone, Copy, PartialEq)]
enum Parts {
    /// Everything.
    All,
    /// What has a value: neither the keys of records nor the sizes of types.
    Values,
}

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

/// Visits the sizes of a type and everything in them.
pub(crate) fn of_type<'a>(ty: &'a TypeExpr, visit: &mut dyn FnMut(&'a Expr)) {
    let TypeExprKind::Tensor { kind, shape } = &ty.kind else { return };
    if let Some(ScalarKind::Class(count)) = kind {
        of_expr(count, visit);
    }
    shape.iter().flatten().for_each(|dim| of_expr(dim, visit));
}

fn of_statements<'a>(statements: &'a [Statement], visit: &mut dyn FnMut(&'a Expr)) {
    statements.iter().for_each(|statement| of_statement(statement, visit));
}

/// Visits every expression of a statement.
pub(crate) fn of_statement<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Expr)) {
    statement_parts(statement, Parts::All, visit);
}

/// Visits every expression of a statement that has a value: neither the keys of records nor the sizes of types.
pub(crate) fn values_of_statement<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Expr)) {
    statement_parts(statement, Parts::Values, visit);
}

fn statement_parts<'a>(statement: &'a Statement, parts: Parts, visit: &mut dyn FnMut(&'a Expr)) {
    match &statement.kind {
        StatementKind::Let(binding) => expr_parts(&binding.value, parts, visit),
        StatementKind::Weight(weight) => {
            if parts == Parts::All {
                of_type(&weight.ty, visit);
            }
            expr_parts(&weight.init, parts, visit);
        }
        StatementKind::Constant(constant) => {
            if parts == Parts::All {
                constant.ty.iter().for_each(|ty| of_type(ty, visit));
            }
            expr_parts(&constant.value, parts, visit);
        }
        StatementKind::Field { value, .. } => expr_parts(value, parts, visit),
        StatementKind::Setting(setting) => expr_parts(&setting.value, parts, visit),
        StatementKind::Phase { body, .. } => body.iter().for_each(|s| statement_parts(s, parts, visit)),
        StatementKind::Group { patterns, body } => {
            expr_parts(patterns, parts, visit);
            body.iter().for_each(|s| statement_parts(s, parts, visit));
        }
        StatementKind::Expression(expr) => expr_parts(expr, parts, visit),
        StatementKind::Error => {}
    }
}

fn of_body<'a>(body: &'a Body, visit: &mut dyn FnMut(&'a Expr)) {
    body_parts(body, Parts::All, visit);
}

fn body_parts<'a>(body: &'a Body, parts: Parts, visit: &mut dyn FnMut(&'a Expr)) {
    body.statements.iter().for_each(|statement| statement_parts(statement, parts, visit));
    body.result.iter().for_each(|result| expr_parts(result, parts, visit));
}

/// Visits an expression and every one in it.
pub(crate) fn of_expr<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    expr_parts(expr, Parts::All, visit);
}

/// Visits an expression and every one in it that has a value: neither the keys of records nor the sizes of types.
pub(crate) fn values_of<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    expr_parts(expr, Parts::Values, visit);
}

fn expr_parts<'a>(expr: &'a Expr, parts: Parts, visit: &mut dyn FnMut(&'a Expr)) {
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
        | ExprKind::Field { base: inner, .. } => expr_parts(inner, parts, visit),
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|item| expr_parts(item, parts, visit)),
        ExprKind::Record(entries) => entries.iter().for_each(|entry| {
            if parts == Parts::All {
                of_expr(&entry.key, visit);
            }
            expr_parts(&entry.value, parts, visit);
        }),
        ExprKind::Range { start, end } => start.iter().chain(end).for_each(|e| expr_parts(e, parts, visit)),
        ExprKind::Binary { left, right, .. } | ExprKind::Pipe { input: left, stage: right } => {
            expr_parts(left, parts, visit);
            expr_parts(right, parts, visit);
        }
        ExprKind::Call { callee: base, args, .. } | ExprKind::Index { base, args, .. } => {
            expr_parts(base, parts, visit);
            args.iter().for_each(|arg| expr_parts(&arg.value, parts, visit));
        }
        ExprKind::If { condition, then_body, else_body } => {
            expr_parts(condition, parts, visit);
            body_parts(then_body, parts, visit);
            else_body.iter().for_each(|body| body_parts(body, parts, visit));
        }
        ExprKind::Residual { args, body } => {
            args.iter().for_each(|arg| expr_parts(&arg.value, parts, visit));
            body_parts(body, parts, visit);
        }
        ExprKind::Repeat { count, body } => {
            expr_parts(count, parts, visit);
            body_parts(body, parts, visit);
        }
        ExprKind::Scan { input, states, body, .. } => {
            expr_parts(input, parts, visit);
            states.iter().for_each(|(_, start)| expr_parts(start, parts, visit));
            body_parts(body, parts, visit);
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
