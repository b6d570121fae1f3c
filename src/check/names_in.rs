//! Which names a piece of the tree uses.

use crate::source::Span;
use crate::syntax::ast::{ExprKind, File, ItemKind, Statement, StatementKind, Symbol};
use crate::syntax::walk::values_of_statement;

/// Every name that stands as an expression in a statement.
pub(super) fn names_in(statement: &Statement) -> Vec<Symbol> {
    let mut names = Vec::new();
    values_of_statement(statement, &mut |expr| {
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
        values_of_statement(statement, &mut |expr| {
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
