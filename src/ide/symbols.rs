//! The outline of a file, and the items of all files.

use super::names::{DeclarationKind, Meaning, Names};
use super::walk;
use crate::catalog::EntryKind;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast::{ExprKind, File, ItemKind, Statement, StatementKind};
use std::collections::HashSet;

/// How much of a value an outline shows.
const LONGEST_DETAIL: usize = 60;

/// A part of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// What it is called.
    pub name: String,
    /// What else there is to say.
    pub detail: String,
    /// What it is.
    pub kind: OutlineKind,
    /// All of it.
    pub whole: Span,
    /// Its name.
    pub span: Span,
    /// What lies in it.
    pub children: Vec<Outline>,
}

/// What a part of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutlineKind {
    /// Something with a name.
    Declared(DeclarationKind),
    /// A layer or block as it is made.
    Made,
    /// A setting.
    Setting,
    /// `import`
    Import,
    /// `train`
    Train,
    /// `expect`
    Expect,
    /// `sweep`
    Sweep,
    /// `group`
    Group,
}

/// The outline of a file: items, and in them `let`s, weights, layers, fields and settings.
pub fn document_symbols(tree: &File, names: &Names, sources: &SourceMap, file: FileId) -> Vec<Outline> {
    let mut parts: Vec<Outline> = Vec::new();
    let detail = |span: Span| short(sources.text(span));
    for declaration in names.declarations.iter().filter(|d| d.span.file == file && !d.span.is_empty()) {
        use DeclarationKind as Kind;
        if matches!(
            declaration.kind,
            Kind::Input | Kind::Output | Kind::Dimension | Kind::HyperParameter | Kind::Column | Kind::Import
        ) || matches!(declaration.kind, Kind::ScanStep | Kind::ScanState)
        {
            continue;
        }
        let after = Span { start: declaration.span.end, ..declaration.shown };
        let after = if after.start <= after.end { sources.text(after) } else { "" };
        let shown = short(after.trim_start().trim_start_matches(['=', ':']).trim_start());
        parts.push(Outline {
            name: declaration.name.to_string(),
            detail: shown,
            kind: OutlineKind::Declared(declaration.kind),
            whole: declaration.whole,
            span: declaration.span,
            children: Vec::new(),
        });
    }
    for item in &tree.items {
        let (kind, name_end) = match &item.kind {
            ItemKind::Import(_) => (OutlineKind::Import, item.span.end),
            ItemKind::Train(train) => {
                settings(&train.statements, sources, &mut parts);
                (OutlineKind::Train, train.data.last().map_or(item.span.end, |d| d.span.end))
            }
            ItemKind::Expect(_) => (OutlineKind::Expect, item.span.start + "expect".len() as u32),
            ItemKind::Sweep(sweep) => {
                settings(&sweep.statements, sources, &mut parts);
                (OutlineKind::Sweep, item.span.start + "sweep".len() as u32)
            }
            ItemKind::Data(data) => {
                settings(&data.statements, sources, &mut parts);
                continue;
            }
            _ => continue,
        };
        let span = Span { end: name_end.min(item.span.end), ..item.span };
        let name = short(sources.text(span));
        parts.push(Outline { name, detail: String::new(), kind, whole: item.span, span, children: Vec::new() });
    }
    // Layers where they are made, in blocks, models and at the top of the file.
    let is_made = |span: Span| match names.of_span(span).map(|n| &n.meaning) {
        Some(Meaning::Entry(entry)) => entry.kind() == EntryKind::Layer,
        Some(Meaning::Declared(id)) => names.declaration(*id).kind == DeclarationKind::Block,
        _ => false,
    };
    let mut made: HashSet<Span> = HashSet::new();
    walk::expressions(tree, &mut |expr| {
        let name = match &expr.kind {
            ExprKind::Name(_) => expr.span,
            ExprKind::Call { callee, .. } => callee.span,
            _ => return,
        };
        // A call comes before its callee, which must not count again.
        if is_made(name) && made.insert(name) {
            parts.push(Outline {
                name: sources.text(name).to_owned(),
                detail: detail(Span { start: name.end, ..expr.span }),
                kind: OutlineKind::Made,
                whole: expr.span,
                span: name,
                children: Vec::new(),
            });
        }
    });
    nest(parts)
}

fn settings(statements: &[Statement], sources: &SourceMap, parts: &mut Vec<Outline>) {
    for statement in statements {
        let (span, value, kind) = match &statement.kind {
            StatementKind::Setting(setting) => (setting.key.span, setting.value.span, OutlineKind::Setting),
            StatementKind::Phase { body, .. } => {
                settings(body, sources, parts);
                continue;
            }
            StatementKind::Group { patterns, body } => {
                settings(body, sources, parts);
                let word = Span { end: statement.span.start + "group".len() as u32, ..statement.span };
                (word, patterns.span, OutlineKind::Group)
            }
            _ => continue,
        };
        parts.push(Outline {
            name: sources.text(span).to_owned(),
            detail: short(sources.text(value)),
            kind,
            whole: statement.span,
            span,
            children: Vec::new(),
        });
    }
}

/// On one line, and not too much of it.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST_DETAIL {
        return line;
    }
    let start: String = line.chars().take(LONGEST_DETAIL - 1).collect();
    format!("{}…", start.trim_end())
}

/// Puts each part into the smallest that holds it.
fn nest(mut parts: Vec<Outline>) -> Vec<Outline> {
    parts.sort_by_key(|p| (p.whole.start, std::cmp::Reverse(p.whole.end), p.span.start));
    let mut open: Vec<Outline> = Vec::new();
    let mut done: Vec<Outline> = Vec::new();
    fn close(open: &mut Vec<Outline>, done: &mut Vec<Outline>) {
        if let Some(part) = open.pop() {
            match open.last_mut() {
                Some(outer) => outer.children.push(part),
                None => done.push(part),
            }
        }
    }
    for part in parts {
        while open.last().is_some_and(|outer| !part.whole.lies_in(outer.whole)) {
            close(&mut open, &mut done);
        }
        open.push(part);
    }
    while !open.is_empty() {
        close(&mut open, &mut done);
    }
    done
}

/// An item of some file.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspaceSymbol {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DeclarationKind,
    /// Its name.
    pub span: Span,
    /// What it belongs to: the data block of a field.
    pub container: Option<String>,
}

/// Items and fields of all files whose name holds the letters of the query in their order, the nearest first.
pub fn workspace_symbols(names: &Names, query: &str) -> Vec<WorkspaceSymbol> {
    use DeclarationKind as Kind;
    let mut found: Vec<(usize, WorkspaceSymbol)> = Vec::new();
    for declaration in &names.declarations {
        if !matches!(
            declaration.kind,
            Kind::Hyper | Kind::Block | Kind::Model | Kind::Data | Kind::SharedLayer | Kind::Field
        ) {
            continue;
        }
        let Some(distance) = fits(&declaration.name, query) else { continue };
        let symbol = WorkspaceSymbol {
            name: declaration.name.to_string(),
            kind: declaration.kind,
            span: declaration.span,
            container: declaration.parent.map(|p| names.declaration(p).name.to_string()),
        };
        found.push((distance, symbol));
    }
    found.sort_by(|(a, x), (b, y)| (a, &x.name, x.span).cmp(&(b, &y.name, y.span)));
    found.into_iter().map(|(_, symbol)| symbol).collect()
}

/// How far a name is from a query; `None` where it lacks letters of it.
fn fits(name: &str, query: &str) -> Option<usize> {
    let (name, query) = (name.to_lowercase(), query.to_lowercase());
    if name.starts_with(&query) {
        return Some(name.len() - query.len());
    }
    if let Some(at) = name.find(&query) {
        return Some(100 + at);
    }
    let mut letters = name.chars();
    query.chars().all(|q| letters.any(|c| c == q)).then_some(1000 + name.len())
}
