//! What can be folded away.

use super::walk;
use crate::source::Span;
use crate::syntax::ast::{File, ItemKind, Statement, StatementKind};
use crate::syntax::tokens::{TokenKind, scan};

/// A part of a text that can be folded away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fold {
    /// From the first byte that goes away to the last that does.
    pub span: Span,
    /// What it is.
    pub kind: FoldKind,
}

/// What a fold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoldKind {
    /// Between braces.
    Braces,
    /// Lines of comment.
    Comment,
    /// Imports.
    Imports,
}

/// Every fold of a file, in order.
pub fn folds(tree: &File, text: &str) -> Vec<Fold> {
    let mut folds = Vec::new();
    let mut add = |span: Span, kind: FoldKind| {
        // What stands on one line is short enough.
        if text.get(span.range()).is_some_and(|part| part.contains('\n')) {
            folds.push(Fold { span, kind });
        }
    };
    walk::bodies(tree, &mut |body| add(body.span, FoldKind::Braces));
    let mut imports: Option<Span> = None;
    for item in &tree.items {
        match &item.kind {
            ItemKind::Import(_) => imports = Some(imports.map_or(item.span, |before| before.to(item.span))),
            ItemKind::Data(data) => braces(item.span, text, &data.statements, &mut add),
            ItemKind::Train(train) => braces(item.span, text, &train.statements, &mut add),
            ItemKind::Expect(expect) => braces(item.span, text, &expect.statements, &mut add),
            ItemKind::Sweep(sweep) => braces(item.span, text, &sweep.statements, &mut add),
            _ => {}
        }
        if !matches!(item.kind, ItemKind::Import(_))
            && let Some(span) = imports.take()
        {
            add(span, FoldKind::Imports);
        }
    }
    if let Some(span) = imports {
        add(span, FoldKind::Imports);
    }
    comments(tree.span, text, &mut add);
    folds.sort();
    folds.dedup();
    folds
}

/// From the first brace of an item or statement to its end, and the same within.
fn braces(span: Span, text: &str, statements: &[Statement], add: &mut impl FnMut(Span, FoldKind)) {
    let open = text.get(span.range()).and_then(|part| part.find('{'));
    if let Some(open) = open {
        add(Span::new(span.file, span.start as usize + open, span.end as usize), FoldKind::Braces);
    }
    for statement in statements {
        if let StatementKind::Phase { body, .. } | StatementKind::Group { body, .. } = &statement.kind {
            braces(statement.span, text, body, add);
        }
    }
}

/// Comments on lines of their own that follow each other.
fn comments(file: Span, text: &str, add: &mut impl FnMut(Span, FoldKind)) {
    let mut run: Option<(usize, usize)> = None;
    let mut newlines = 0;
    let mut is_alone = true;
    for token in scan(text) {
        match token.kind {
            TokenKind::Newline => {
                newlines += 1;
                is_alone = true;
            }
            TokenKind::Comment if is_alone => {
                run = match run {
                    Some((start, _)) if newlines <= 1 => Some((start, token.end)),
                    before => {
                        if let Some((start, end)) = before {
                            add(Span::new(file.file, start, end), FoldKind::Comment);
                        }
                        Some((token.start, token.end))
                    }
                };
                newlines = 0;
            }
            _ => {
                if let Some((start, end)) = run.take() {
                    add(Span::new(file.file, start, end), FoldKind::Comment);
                }
                is_alone = false;
            }
        }
    }
    if let Some((start, end)) = run {
        add(Span::new(file.file, start, end), FoldKind::Comment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::syntax::parse;

    #[test]
    fn items_bodies_comments_and_imports_fold() {
        let text = "# one\n# two\n\n# alone\nimport \"a.nn\"\nimport \"b.nn\"\n\nmodel M(x: [4]) -> y {\n  x |> residual {\n    Dense(4)\n  }\n}\n\ntrain M on d {\n  phase a {\n    epochs: 1\n  }\n}\n";
        let (tree, _) = parse(FileId::default(), text);
        let shown: Vec<String> = folds(&tree, text)
            .iter()
            .map(|fold| {
                let part = &text[fold.span.range()];
                let line = |offset: u32| text[..offset as usize].matches('\n').count();
                let ends = (part.chars().next().unwrap_or(' '), part.chars().last().unwrap_or(' '));
                format!("{:?} {}..{} {}…{}", fold.kind, line(fold.span.start), line(fold.span.end), ends.0, ends.1)
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        Comment 0..1 #…o
        Imports 4..5 i…"
        Braces 7..11 {…}
        Braces 8..10 {…}
        Braces 13..17 {…}
        Braces 14..16 {…}
        "#);
        let (empty, _) = parse(FileId::default(), "");
        assert_eq!(folds(&empty, ""), []);
    }
}
