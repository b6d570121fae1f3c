//! What a growing selection takes in, step by step.

use super::walk;
use crate::source::Span;
use crate::syntax::ast::{ExprKind, File, Item, ItemKind, Statement, StatementKind};

/// The places around a byte, from the whole file to the smallest expression; each lies in the one before.
pub fn selections(tree: &File, offset: usize) -> Vec<Span> {
    let mut spans = vec![tree.span];
    let Some(item) = tree.items.iter().find(|item| item.span.touches(offset)) else { return spans };
    spans.push(item.span);
    if let Some(statements) = statements_of(item) {
        around(statements, offset, &mut spans);
    }
    walk::bodies(tree, &mut |body| {
        if body.span.touches(offset) {
            spans.push(body.span);
            around(&body.statements, offset, &mut spans);
        }
    });
    walk::of_item(item, &mut |expr| {
        if expr.span.touches(offset) {
            spans.push(expr.span);
            if let ExprKind::Call { args_span, .. } | ExprKind::Index { args_span, .. } = &expr.kind
                && args_span.touches(offset)
            {
                spans.push(*args_span);
            }
        }
    });
    // From the largest to the smallest; what only overlaps is left out.
    spans.sort_by_key(|span| (std::cmp::Reverse(span.len()), span.start));
    let mut chain: Vec<Span> = Vec::new();
    for span in spans {
        if chain.last().is_none_or(|outer| span.lies_in(*outer) && span != *outer) {
            chain.push(span);
        }
    }
    chain
}

fn statements_of(item: &Item) -> Option<&[Statement]> {
    match &item.kind {
        ItemKind::Data(data) => Some(&data.statements),
        ItemKind::Train(train) => Some(&train.statements),
        ItemKind::Expect(expect) => Some(&expect.statements),
        ItemKind::Sweep(sweep) => Some(&sweep.statements),
        _ => None,
    }
}

fn around(statements: &[Statement], offset: usize, spans: &mut Vec<Span>) {
    for statement in statements.iter().filter(|statement| statement.span.touches(offset)) {
        spans.push(statement.span);
        if let StatementKind::Phase { body, .. } | StatementKind::Group { body, .. } = &statement.kind {
            around(body, offset, spans);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::syntax::parse;

    #[test]
    fn selections_grow() {
        let text = "model M(x: [4]) -> y {\n  let h = x |> Dense(2 * 4)\n  h\n}\n";
        let (tree, _) = parse(FileId::default(), text);
        let offset = text.find("4)\n").expect("there");
        let shown: Vec<&str> = selections(&tree, offset).iter().map(|span| text[span.range()].trim_end()).collect();
        assert_eq!(
            shown,
            [
                text.trim_end(),
                "model M(x: [4]) -> y {\n  let h = x |> Dense(2 * 4)\n  h\n}",
                "{\n  let h = x |> Dense(2 * 4)\n  h\n}",
                "let h = x |> Dense(2 * 4)",
                "x |> Dense(2 * 4)",
                "Dense(2 * 4)",
                "(2 * 4)",
                "2 * 4",
                "4"
            ]
        );
    }
}
