//! The value of a `let` where its name stands.

use super::{Action, ActionKind, Place};
use crate::catalog::EntryKind;
use crate::diagnostics::Edit;
use crate::ide::names::{DeclarationId, DeclarationKind, Form, Meaning};
use crate::ide::walk;
use crate::source::Span;
use crate::syntax::ast::{Body, Expr, ExprKind, Pattern, Statement, StatementKind};

/// Functions whose every call draws anew.
const DRAWING: &[&str] = &["normal", "uniform", "dropout"];

/// Inlines the `let` at the cursor.
pub(super) fn inline(place: &Place<'_>) -> Option<Action> {
    let name = place.names.at(place.checked.file, place.selected.start as usize)?;
    let Meaning::Declared(id) = name.meaning else { return None };
    let declaration = place.names.declaration(id);
    if !matches!(declaration.kind, DeclarationKind::Let | DeclarationKind::Layer)
        || declaration.span.file != place.checked.file
    {
        return None;
    }
    let (body, statement, value) = find_let(place, declaration.span)?;
    let uses: Vec<Span> = place
        .names
        .uses(&[id])
        .filter(|n| !place.names.is_declaration(n) && n.form == Form::Plain)
        .map(|n| n.span)
        .collect();
    let whole_body = |span: Span| place.bodies(span).into_iter().next_back().map(|b| b.span);
    let in_program = uses.iter().all(|span| span.lies_in(body.span));
    if uses.is_empty() || !in_program {
        return None;
    }
    let makes = makes_something(place, value, declaration.kind);
    if makes && (uses.len() != 1 || uses.iter().any(|u| whole_body(*u) != Some(body.span))) {
        return None;
    }
    if makes && place.says_paths() || is_rebound(place, value, id) || has_comment(place, statement) {
        return None;
    }
    let mut edits: Vec<Edit> = Vec::new();
    for span in &uses {
        let text = place.text_of(value.span);
        let needs = needs_parentheses(place, value, *span)?;
        edits.push(Edit { span: *span, text: if needs { format!("({text})") } else { text.to_owned() } });
    }
    edits.push(Edit { span: with_line(place, statement.span), text: String::new() });
    let note = if makes { " (paths of weights may change)" } else { "" };
    Some(Action {
        title: format!("put the value of `{}` in its place{note}", declaration.name),
        kind: ActionKind::Inline,
        edits,
        fixes: None,
        is_preferred: false,
    })
}

/// The `let` whose name stands there, in the body that it is of.
fn find_let<'a>(place: &Place<'a>, name: Span) -> Option<(&'a Body, &'a Statement, &'a Expr)> {
    let body = place.bodies(name).into_iter().next_back()?;
    body.statements.iter().find_map(|statement| match &statement.kind {
        StatementKind::Let(binding) => match &binding.pattern {
            Pattern::Name(ident) if ident.span == name => Some((body, statement, &binding.value)),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a value makes layers or draws: once is not the same as twice.
fn makes_something(place: &Place<'_>, value: &Expr, kind: DeclarationKind) -> bool {
    let names = place.names.in_file(place.checked.file).iter().filter(|n| n.span.lies_in(value.span));
    let mut names = names.peekable();
    kind == DeclarationKind::Layer
        || names.any(|n| match &n.meaning {
            Meaning::Entry(entry) => entry.kind() == EntryKind::Layer || DRAWING.contains(&entry.name),
            Meaning::Declared(id) => {
                matches!(place.names.declaration(*id).kind, DeclarationKind::Block | DeclarationKind::HyperParameter)
            }
            Meaning::Missing | Meaning::Unknown => true,
            _ => false,
        })
}

/// Whether a name of the value is bound again in the same block: it may mean something else at the use.
fn is_rebound(place: &Place<'_>, value: &Expr, own: DeclarationId) -> bool {
    let names = place.names.in_file(place.checked.file).iter().filter(|n| n.span.lies_in(value.span));
    let used = names.filter_map(|n| match n.meaning {
        Meaning::Declared(id) => Some(id),
        _ => None,
    });
    let parent = place.names.declaration(own).parent;
    let is_double = |id: DeclarationId| {
        let declaration = place.names.declaration(id);
        let others = place.names.declarations.iter().enumerate();
        others.into_iter().any(|(other, d)| {
            other != id && d.parent == parent && d.name == declaration.name && d.kind != DeclarationKind::Output
        })
    };
    let own_name = &place.names.declaration(own).name;
    let is_twice = place
        .names
        .declarations
        .iter()
        .filter(|d| d.parent == parent && d.name == *own_name && d.kind != DeclarationKind::Output)
        .count()
        > 1;
    is_twice || used.into_iter().any(is_double)
}

/// Whether a comment stands in a statement: it would be carried to where it does not belong.
fn has_comment(place: &Place<'_>, statement: &Statement) -> bool {
    statement.doc.is_some() || place.text_of(statement.span).contains('#')
}

/// Whether a value must be put in parentheses at a use. `None` where the use is no expression.
fn needs_parentheses(place: &Place<'_>, value: &Expr, at: Span) -> Option<bool> {
    let is_closed = matches!(
        value.kind,
        ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Name(_)
            | ExprKind::List(_)
            | ExprKind::Tuple(_)
            | ExprKind::Paren(_)
            | ExprKind::Call { .. }
            | ExprKind::Index { .. }
            | ExprKind::Field { .. }
    );
    let mut is_expression = false;
    let mut is_open = false;
    walk::expressions(place.tree(), &mut |expr| {
        is_expression |= expr.span == at && matches!(expr.kind, ExprKind::Name(_));
        is_open |= match &expr.kind {
            // `h |> f` with the pipeline `x |> g` for `h`.
            ExprKind::Pipe { input, .. } => input.span == at && matches!(value.kind, ExprKind::Pipe { .. }),
            ExprKind::Paren(inner) => inner.span == at,
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().any(|i| i.span == at),
            ExprKind::Call { args, .. } => args.iter().any(|a| a.value.span == at),
            _ => false,
        };
    });
    walk::bodies(place.tree(), &mut |body| {
        is_open |= body.result.as_ref().is_some_and(|r| r.span == at);
        is_open |= body.statements.iter().any(|s| matches!(&s.kind, StatementKind::Let(l) if l.value.span == at));
    });
    is_expression.then_some(!is_closed && !is_open)
}

/// A statement with the rest of its line, where nothing else stands on it.
fn with_line(place: &Place<'_>, statement: Span) -> Span {
    let text = place.text();
    let (start, end) = (statement.start as usize, statement.end as usize);
    let (indent, is_first) = place.indent(start);
    let rest = text.get(end..).unwrap_or("");
    let line_end = rest.find('\n');
    let line = rest.get(..line_end.unwrap_or(rest.len())).unwrap_or("");
    if is_first && line.trim().is_empty() {
        let end = line_end.map_or(text.len(), |at| end + at + 1);
        return Span::new(statement.file, start - indent.len(), end);
    }
    // `let h = x; h`
    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
    match line.get(blank..).and_then(|l| l.strip_prefix(';')) {
        Some(after) => {
            let spaces = after.len() - after.trim_start_matches([' ', '\t']).len();
            Span::new(statement.file, start, end + blank + 1 + spaces)
        }
        None => statement,
    }
}
