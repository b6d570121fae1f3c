//! Which names a piece of the tree uses.

use crate::source::Span;
use crate::syntax::ast::{Body, Expr, ExprKind, File, ItemKind, Statement, StatementKind, Symbol};

/// Every name that stands as an expression in a statement.
pub(super) fn names_in(statement: &Statement) -> Vec<Symbol> {
    let mut names = Vec::new();
    visit_statement(statement, &mut |expr| {
        if let ExprKind::Name(name) = &expr.kind {
            names.push(name.clone());
        }
    });
    names
}

/// Where a name is used on its own, `lets` and settings alike.
pub(super) fn find_uses(statements: &[Statement], wanted: &Symbol) -> Vec<Span> {
    let mut spans = Vec::new();
    for statement in statements {
        visit_statement(statement, &mut |expr| {
            if matches!(&expr.kind, ExprKind::Name(name) if name == wanted) {
                spans.push(expr.span);
            }
        });
    }
    spans
}

/// The items and statements of a file that could not be parsed.
pub(super) fn unparsed(file: &File) -> Vec<Span> {
    let mut spans = Vec::new();
    for item in &file.items {
        let statements = match &item.kind {
            ItemKind::Block(f) | ItemKind::Model(f) => &f.body.statements,
            ItemKind::Data(d) => &d.statements,
            ItemKind::Train(t) => &t.statements,
            ItemKind::Error => {
                spans.push(item.span);
                continue;
            }
            ItemKind::Hyper(_) | ItemKind::Import(_) | ItemKind::Expect(_) | ItemKind::Sweep(_) | ItemKind::Let(_) => {
                continue;
            }
        };
        spans.extend(statements.iter().filter(|s| matches!(s.kind, StatementKind::Error)).map(|s| s.span));
    }
    spans
}

fn visit_statement<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Expr)) {
    match &statement.kind {
        StatementKind::Let(binding) => visit_expr(&binding.value, visit),
        StatementKind::Weight(w) => visit_expr(&w.init, visit),
        StatementKind::Constant(c) => visit_expr(&c.value, visit),
        StatementKind::Field { value, .. } => visit_expr(value, visit),
        StatementKind::Setting(setting) => visit_expr(&setting.value, visit),
        StatementKind::Phase { body, .. } => body.iter().for_each(|s| visit_statement(s, visit)),
        StatementKind::Group { patterns, body } => {
            visit_expr(patterns, visit);
            body.iter().for_each(|s| visit_statement(s, visit));
        }
        StatementKind::Expression(expr) => visit_expr(expr, visit),
        StatementKind::Error => {}
    }
}

fn visit_body<'a>(body: &'a Body, visit: &mut dyn FnMut(&'a Expr)) {
    body.statements.iter().for_each(|s| visit_statement(s, visit));
    if let Some(result) = &body.result {
        visit_expr(result, visit);
    }
}

/// Visits an expression and everything in it.
pub(super) fn visit_expr<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::Name(_)
        | ExprKind::Hole
        | ExprKind::Error => {}
        ExprKind::Duration { amount, .. } => visit_expr(amount, visit),
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|i| visit_expr(i, visit)),
        ExprKind::Paren(inner) => visit_expr(inner, visit),
        ExprKind::Named { value, .. } => visit_expr(value, visit),
        ExprKind::Record(entries) => entries.iter().for_each(|e| {
            visit_expr(&e.value, visit);
        }),
        ExprKind::Range { start, end } => start.iter().chain(end).for_each(|e| visit_expr(e, visit)),
        ExprKind::Unary { operand, .. } => visit_expr(operand, visit),
        ExprKind::Binary { left, right, .. } => {
            visit_expr(left, visit);
            visit_expr(right, visit);
        }
        ExprKind::Pipe { input, stage } => {
            visit_expr(input, visit);
            visit_expr(stage, visit);
        }
        ExprKind::Call { callee, args, .. } => {
            visit_expr(callee, visit);
            args.iter().for_each(|a| visit_expr(&a.value, visit));
        }
        ExprKind::Index { base, args, .. } => {
            visit_expr(base, visit);
            args.iter().for_each(|a| visit_expr(&a.value, visit));
        }
        ExprKind::Field { base, .. } => visit_expr(base, visit),
        ExprKind::If { condition, then_body, else_body } => {
            visit_expr(condition, visit);
            visit_body(then_body, visit);
            else_body.iter().for_each(|b| visit_body(b, visit));
        }
        ExprKind::Residual { args, body } => {
            args.iter().for_each(|a| visit_expr(&a.value, visit));
            visit_body(body, visit);
        }
        ExprKind::Repeat { count, body } => {
            visit_expr(count, visit);
            visit_body(body, visit);
        }
        ExprKind::Scan { input, states, body, .. } => {
            visit_expr(input, visit);
            states.iter().for_each(|(_, start)| visit_expr(start, visit));
            visit_body(body, visit);
        }
    }
}
