//! What nothing uses: lets, weights, fields, hypers, imports, blocks. A name that begins with `_` says that this is
//! meant.

use super::Subject;
use super::statements::{Sequence, sequences, types};
use crate::check::phases::inherited_by_none;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span, canonical};
use crate::syntax::ast::{
    self, Expr, ExprKind, Ident, Item, ItemKind, Pattern, Statement, StatementKind, Symbol, TypeExprKind,
};
use crate::syntax::walk;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn unused(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    sequences(subject.ast, &mut |sequence| in_sequence(subject, sequence, tell));
    for item in &subject.ast.items {
        if let ItemKind::Block(block) = &item.kind {
            hypers_of_block(block, tell);
        }
    }
    imports(subject, tell);
    fields(subject, tell);
    around_phases(subject, tell);
    // A file that trains nothing may be there to be imported: others use what it does not.
    if subject.ast.items.iter().any(|item| matches!(item.kind, ItemKind::Train(_))) {
        items(subject, tell);
    }
}

/// The names that a piece of the tree uses.
type Uses = BTreeSet<Symbol>;

fn note(uses: &mut Uses, expr: &Expr) {
    if let ExprKind::Name(name) = &expr.kind {
        uses.insert(name.clone());
    }
}

fn uses_of_statement(statement: &Statement) -> Uses {
    let mut uses = Uses::new();
    walk::of_statement(statement, &mut |e| note(&mut uses, e));
    uses
}

fn uses_of_expression(expr: &Expr) -> Uses {
    let mut uses = Uses::new();
    walk::of_expr(expr, &mut |e| note(&mut uses, e));
    uses
}

fn uses_of_signature(function: &ast::Function) -> Uses {
    let mut uses = Uses::new();
    for ty in types(function) {
        walk::of_type(ty, &mut |e| note(&mut uses, e));
        if let TypeExprKind::Field(path) = &ty.kind {
            uses.extend(path.first().map(|ident| ident.name.clone()));
        }
    }
    for default in function.hypers.iter().flatten().filter_map(|h| h.default.as_ref()) {
        uses.extend(uses_of_expression(default));
    }
    uses
}

fn uses_of_function(function: &ast::Function) -> Uses {
    let mut uses = uses_of_signature(function);
    for statement in &function.body.statements {
        uses.extend(uses_of_statement(statement));
    }
    if let Some(result) = &function.body.result {
        uses.extend(uses_of_expression(result));
    }
    uses
}

fn uses_of_item(item: &Item) -> Uses {
    match &item.kind {
        ItemKind::Hyper(hyper) => uses_of_expression(&hyper.value),
        ItemKind::Let(binding) => uses_of_expression(&binding.value),
        ItemKind::Block(function) | ItemKind::Model(function) => uses_of_function(function),
        ItemKind::Data(data) => data.statements.iter().flat_map(uses_of_statement).collect(),
        ItemKind::Expect(expect) => expect.statements.iter().flat_map(uses_of_statement).collect(),
        ItemKind::Sweep(sweep) => {
            // What is searched is a setting with the name of a hyper.
            let keys = sweep.statements.iter().filter_map(|s| match &s.kind {
                StatementKind::Setting(setting) => Some(setting.key.name.clone()),
                _ => None,
            });
            keys.chain(sweep.statements.iter().flat_map(uses_of_statement)).collect()
        }
        ItemKind::Train(train) => {
            let heads = train.model.first().into_iter().chain(train.data.first()).map(|i| i.name.clone());
            let bindings = train.bindings.iter().flat_map(|b| uses_of_expression(&b.value));
            heads.chain(bindings).chain(train.statements.iter().flat_map(uses_of_statement)).collect()
        }
        ItemKind::Import(_) | ItemKind::Error => Uses::new(),
    }
}

fn is_meant(name: &Ident) -> bool {
    name.name.starts_with('_')
}

/// The edit that takes a statement out: with its line, where it has one of its own.
pub(super) fn removal(subject: &Subject<'_>, span: Span) -> Span {
    let text: &str = &subject.sources.file(span.file).text;
    let (before, after) = (text.get(..span.start as usize).unwrap_or(""), text.get(span.end as usize..).unwrap_or(""));
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let is_alone = before.get(line_start..).unwrap_or("").trim().is_empty();
    match (is_alone, after.find('\n')) {
        (true, Some(rest)) if after.get(..rest).unwrap_or("x").trim().is_empty() => {
            Span::new(span.file, line_start, span.end as usize + rest + 1)
        }
        _ => span,
    }
}

/// Lets, weights and constants of a body that nothing behind them uses.
fn in_sequence(subject: &Subject<'_>, sequence: Sequence<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    let declares =
        |s: &Statement| matches!(s.kind, StatementKind::Let(_) | StatementKind::Weight(_) | StatementKind::Constant(_));
    if !sequence.statements.iter().any(declares) {
        return;
    }
    // By name, the last statement that uses it; what is used by the result is used behind them all.
    let mut last_use: BTreeMap<Symbol, usize> = BTreeMap::new();
    for (i, statement) in sequence.statements.iter().enumerate() {
        last_use.extend(uses_of_statement(statement).into_iter().map(|name| (name, i)));
    }
    let result = sequence.result.map(uses_of_expression).unwrap_or_default();
    last_use.extend(result.into_iter().map(|name| (name, usize::MAX)));
    for (i, statement) in sequence.statements.iter().enumerate() {
        let (names, code, what): (Vec<&Ident>, Code, &str) = match &statement.kind {
            StatementKind::Let(ast::Let { pattern: Pattern::Name(name), .. }) => (vec![name], Code::L0103, "`let`"),
            // One part of a tuple may well be left alone.
            StatementKind::Let(ast::Let { pattern: Pattern::Tuple(names, _), .. }) => {
                (names.iter().collect(), Code::L0103, "`let`")
            }
            StatementKind::Weight(weight) => (vec![&weight.name], Code::L0104, "weight"),
            StatementKind::Constant(constant) => (vec![&constant.name], Code::L0103, "constant"),
            _ => continue,
        };
        let is_used = |name: &&Ident| is_meant(name) || last_use.get(&name.name).is_some_and(|last| *last > i);
        if names.iter().any(is_used) {
            continue;
        }
        let Some(first) = names.first() else { continue };
        let listed: Vec<String> = names.iter().map(|n| format!("`{}`", n.name)).collect();
        let message = match code {
            Code::L0104 => format!("nothing uses the weight {}, so it is never trained", listed.join(", ")),
            _ => format!("nothing uses {}", listed.join(", ")),
        };
        let (first, last) = (first.span, names.last().map_or(first.span, |n| n.span));
        let diagnostic = Diagnostic::new(code, message, first.to(last), "nothing behind it reads it").fix(
            format!("remove this {what}"),
            removal(subject, statement.span),
            "",
        );
        tell(diagnostic);
    }
}

fn hypers_of_block(block: &ast::Function, tell: &mut dyn FnMut(Diagnostic)) {
    let uses = uses_of_function(block);
    for hyper in block.hypers.iter().flatten() {
        if !is_meant(&hyper.name) && !uses.contains(&hyper.name.name) {
            let name = &hyper.name.name;
            let message = format!("`{}` does nothing with its hyper `{name}`", block.name.name);
            tell(
                Diagnostic::new(Code::L0106, message, hyper.name.span, "whatever is given here changes nothing")
                    .help(format!("use it in the body, or leave it out; `_{name}` says that this is meant")),
            );
        }
    }
}

fn imports(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    if !subject.ast.items.iter().any(|item| matches!(item.kind, ItemKind::Import(_))) {
        return;
    }
    let uses: Uses = subject.ast.items.iter().flat_map(uses_of_item).collect();
    for item in &subject.ast.items {
        let ItemKind::Import(import) = &item.kind else { continue };
        let whole_line = removal(subject, item.span);
        let remove = |diagnostic: Diagnostic| diagnostic.fix("remove this import", whole_line, "");
        match (&import.names, &import.alias) {
            (_, Some(alias)) if !uses.contains(&alias.name) && !is_meant(alias) => {
                let message = format!("nothing of the import `{}` is used", alias.name);
                tell(remove(Diagnostic::new(Code::L0107, message, alias.span, "not used")));
            }
            (Some(names), None) => {
                let idle: Vec<&Ident> = names.iter().filter(|n| !uses.contains(&n.name) && !is_meant(n)).collect();
                for name in &idle {
                    let diagnostic = Diagnostic::new(
                        Code::L0107,
                        format!("nothing uses the import `{}`", name.name),
                        name.span,
                        "not used",
                    );
                    tell(match idle.len() == names.len() {
                        true => remove(diagnostic),
                        false => diagnostic.fix("leave it out of the import", without_comma(subject, names, name), ""),
                    });
                }
            }
            (None, None) => {
                let brought: Vec<&Symbol> = subject
                    .imported
                    .iter()
                    .filter(|(_, file)| is_file(subject, *file, &import.path))
                    .map(|(name, _)| name)
                    .collect();
                if !brought.is_empty() && !brought.iter().any(|name| uses.contains(*name)) {
                    let message = format!("nothing of \"{}\" is used", import.path);
                    tell(remove(Diagnostic::new(Code::L0107, message, import.path_span, "not used")));
                }
            }
            _ => {}
        }
    }
}

/// Whether a file is the one that a path written in the program names.
fn is_file(subject: &Subject<'_>, file: FileId, written: &str) -> bool {
    let own = &subject.sources.file(subject.file).path;
    let folder = own.parent().map(std::path::Path::to_owned).unwrap_or_default();
    canonical(&folder.join(written)) == canonical(&subject.sources.file(file).path)
}

/// A name of a list with the comma that it needs no more.
fn without_comma(subject: &Subject<'_>, names: &[Ident], name: &Ident) -> Span {
    let at = names.iter().position(|n| n.span == name.span).unwrap_or(0);
    let neighbour = |i: usize| names.get(i).map(|n| n.span);
    match (neighbour(at + 1), at.checked_sub(1).and_then(neighbour)) {
        (Some(next), _) => Span { end: next.start, ..name.span },
        (None, Some(before)) => Span { start: before.end, ..name.span },
        (None, None) => removal(subject, name.span),
    }
}

/// Fields of data that is trained on, which no model, loss or metric of the file reads.
fn fields(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    let paths = field_paths(subject.ast);
    for item in &subject.ast.items {
        let ItemKind::Data(data) = &item.kind else { continue };
        let mut uses: Uses = data.statements.iter().flat_map(uses_of_statement).collect();
        let mut is_trained_on = false;
        for other in &subject.ast.items {
            let ItemKind::Train(train) = &other.kind else { continue };
            if !matches!(train.data.as_slice(), [only] if only.name == data.name.name) {
                continue;
            }
            is_trained_on = true;
            uses.extend(uses_of_item(other));
        }
        let trains = subject.program.trains.iter();
        for train in trains.filter(|t| subject.data_of(t).is_some_and(|d| d.span == data.name.span)) {
            uses.extend(train.evaluation.graph.inputs.iter().filter_map(|i| i.field().map(Symbol::from)));
        }
        uses.extend(paths.iter().filter(|(base, _)| *base == data.name.name).map(|(_, field)| field.clone()));
        if !is_trained_on {
            continue;
        }
        for statement in &data.statements {
            let StatementKind::Field { name, .. } = &statement.kind else { continue };
            if !is_meant(name) && !uses.contains(&name.name) {
                let message = format!("nothing uses the field `{}`", name.name);
                tell(Diagnostic::new(Code::L0105, message, name.span, "no model, loss or metric reads it").fix(
                    "remove this field",
                    removal(subject, statement.span),
                    "",
                ));
            }
        }
    }
}

/// Settings that each phase of a train has for itself.
fn around_phases(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for item in &subject.ast.items {
        let ItemKind::Train(train) = &item.kind else { continue };
        for (statement, setting) in inherited_by_none(train) {
            let key = &setting.key.name;
            let message = format!("no phase uses this `{key}`");
            tell(Diagnostic::new(Code::L0127, message, setting.key.span, "each phase has its own").fix(
                "remove this setting",
                removal(subject, statement.span),
                "",
            ));
        }
    }
}

/// Every `data.field` of a file, in types and in expressions.
fn field_paths(file: &ast::File) -> Vec<(Symbol, Symbol)> {
    let mut paths = Vec::new();
    for item in &file.items {
        if let ItemKind::Block(f) | ItemKind::Model(f) = &item.kind {
            for ty in types(f) {
                if let TypeExprKind::Field(path) = &ty.kind
                    && let [.., base, field] = path.as_slice()
                {
                    paths.push((base.name.clone(), field.name.clone()));
                }
            }
        }
    }
    let mut visit = |e: &Expr| {
        if let ExprKind::Field { base, name } = &e.kind
            && let ExprKind::Name(base) | ExprKind::Field { name: Ident { name: base, .. }, .. } = &base.kind
        {
            paths.push((base.clone(), name.name.clone()));
        }
    };
    for item in &file.items {
        if let ItemKind::Block(f) | ItemKind::Model(f) = &item.kind {
            types(f).into_iter().for_each(|ty| walk::of_type(ty, &mut visit));
        }
    }
    sequences(file, &mut |sequence| {
        sequence.statements.iter().for_each(|s| walk::of_statement(s, &mut visit));
        if let Some(result) = sequence.result {
            walk::of_expr(result, &mut visit);
        }
    });
    paths
}

/// Hypers and blocks that lead to nothing that is trained or could be: what only a dead block uses is dead.
fn items(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    let all: Vec<(&Item, Uses)> = subject.ast.items.iter().map(|item| (item, uses_of_item(item))).collect();
    let mut alive: Uses = Uses::new();
    let is_root = |item: &Item| !matches!(item.kind, ItemKind::Block(_) | ItemKind::Hyper(_) | ItemKind::Let(_));
    for (_, uses) in all.iter().filter(|(item, _)| is_root(item)) {
        alive.extend(uses.iter().cloned());
    }
    loop {
        let before = alive.len();
        for (item, uses) in &all {
            let name = match &item.kind {
                ItemKind::Block(block) => &block.name,
                ItemKind::Hyper(hyper) => &hyper.name,
                ItemKind::Let(ast::Let { pattern: Pattern::Name(name), .. }) => name,
                _ => continue,
            };
            if alive.contains(&name.name) {
                alive.extend(uses.iter().cloned());
            }
        }
        if alive.len() == before {
            break;
        }
    }
    for (item, _) in &all {
        let (name, code, message) = match &item.kind {
            ItemKind::Block(block) => {
                let message = format!("no model uses the block `{}`", block.name.name);
                (&block.name, Code::L0108, message)
            }
            ItemKind::Hyper(hyper) => {
                (&hyper.name, Code::L0106, format!("nothing uses the hyper `{}`", hyper.name.name))
            }
            ItemKind::Let(ast::Let { pattern: Pattern::Name(name), .. }) => {
                (name, Code::L0103, format!("no model uses the layer `{}`", name.name))
            }
            _ => continue,
        };
        if alive.contains(&name.name) || is_meant(name) {
            continue;
        }
        let what = match code {
            Code::L0108 => "block",
            Code::L0106 => "hyper",
            _ => "`let`",
        };
        tell(Diagnostic::new(code, message, name.span, "not used").fix(
            format!("remove this {what}"),
            removal(subject, item.span),
            "",
        ));
    }
}
