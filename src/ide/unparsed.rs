//! What of a file could not be parsed.

use super::walk;
use crate::source::Span;
use crate::syntax::ast::{ExprKind, File, ItemKind, Statement, StatementKind};

/// The items, statements and expressions that could not be parsed.
pub(super) fn unparsed(file: &File) -> Vec<Span> {
    let mut spans = Vec::new();
    for item in &file.items {
        match &item.kind {
            ItemKind::Error => spans.push(item.span),
            ItemKind::Data(data) => statements(&data.statements, &mut spans),
            ItemKind::Train(train) => statements(&train.statements, &mut spans),
            ItemKind::Expect(expect) => statements(&expect.statements, &mut spans),
            ItemKind::Sweep(sweep) => statements(&sweep.statements, &mut spans),
            ItemKind::Hyper(_) | ItemKind::Import(_) | ItemKind::Block(_) | ItemKind::Model(_) | ItemKind::Let(_) => {}
        }
    }
    walk::bodies(file, &mut |body| statements(&body.statements, &mut spans));
    walk::expressions(file, &mut |expr| {
        if matches!(expr.kind, ExprKind::Error) {
            spans.push(expr.span);
        }
    });
    spans
}

fn statements(all: &[Statement], spans: &mut Vec<Span>) {
    for statement in all {
        match &statement.kind {
            StatementKind::Error => spans.push(statement.span),
            StatementKind::Phase { body, .. } | StatementKind::Group { body, .. } => statements(body, spans),
            _ => {}
        }
    }
}
