//! Columns as they are chosen elsewhere: by position, in two brackets, by the methods of pandas.

use super::checker::Checker;
use super::data_block::{DataScope, DataValue};
use super::mistake::{Mistake, Repair};
use crate::catalog::{self, EntryKind};
use crate::data::{Name, Selector, TableExpr, column, column_names, select};
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOperator, Expr, ExprKind, Ident, UnaryOperator};
use crate::syntax::is_reserved;

/// Columns that are meant.
struct Chosen {
    selectors: Vec<Selector>,
    /// As they are written here.
    text: String,
    /// Whether it is one column by its position, which is a number for each example.
    one: bool,
}

impl Checker<'_> {
    /// `t[0 .. 4]`, `t[4]`, `t[.., 2]`, `t[["a", "b"]]`, `t[petal-width]`: tells how the columns are chosen here, and
    /// chooses them. `None` where it is nothing of these.
    pub fn columns_elsewhere(&mut self, table: &TableExpr, base: Span, args: &[Arg], whole: Span) -> Option<DataValue> {
        // A table may have a thousand columns: their names are not wanted where all is written as here.
        if args.iter().all(|arg| arg.name.is_none() && is_of_names(&arg.value)) {
            return None;
        }
        let names = column_names(table);
        let chosen = self.chosen(&names, args)?;
        let base = self.sources.text(base);
        let is_plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
        let instead = match chosen.one && is_plain(&chosen.text) {
            true => format!("{base}.{}", chosen.text),
            false => format!("{base}[{}]", chosen.text),
        };
        self.mistake(whole, &Mistake::ColumnsElsewhere { instead });
        let field = match chosen.selectors.as_slice() {
            [Selector::Name(name)] if chosen.one => column(table, name, whole).ok(),
            selectors => select(table, selectors, whole).ok(),
        };
        Some(field.map_or(DataValue::Unknown, DataValue::Field))
    }

    fn chosen(&self, names: &[String], args: &[Arg]) -> Option<Chosen> {
        if args.iter().any(|a| a.name.is_some()) {
            return None;
        }
        let mut items: Vec<&Expr> = args.iter().map(|a| &a.value).collect();
        let mut is_elsewhere = false;
        // The rows, all of them.
        if let [Expr { kind: ExprKind::Range { start: None, end: None }, .. }, _] = items.as_slice() {
            items.remove(0);
            is_elsewhere = true;
        }
        if let [Expr { kind: ExprKind::List(inner), .. }] = items.as_slice() {
            items = inner.iter().collect();
            is_elsewhere = true;
        }
        let one = matches!(items.as_slice(), [item] if position(item).is_some());
        let (mut selectors, mut texts) = (Vec::new(), Vec::new());
        for item in items {
            let name = |text: &str| Name { text: text.to_owned(), span: item.span };
            if let Some((from, to)) = range_of_positions(item, names.len()) {
                is_elsewhere = true;
                let (from, to) = (names.get(from)?, names.get(to)?);
                selectors.push(Selector::Range { from: name(from), to: name(to) });
                texts.push(format!("{} .. {}", written(from), written(to)));
                continue;
            }
            if let ExprKind::Range { start: Some(from), end: Some(to) } = &item.kind {
                let ((from, by_dash), (to, to_by_dash)) = (self.one_column(names, from)?, self.one_column(names, to)?);
                is_elsewhere |= by_dash || to_by_dash;
                selectors.push(Selector::Range { from: name(&from), to: name(&to) });
                texts.push(format!("{} .. {}", written(&from), written(&to)));
                continue;
            }
            let (column, by_other) = self.one_column(names, item)?;
            is_elsewhere |= by_other;
            selectors.push(Selector::Name(name(&column)));
            texts.push(written(&column));
        }
        is_elsewhere.then(|| Chosen { selectors, text: texts.join(", "), one })
    }

    /// The column that an expression stands for, and whether it is not the name of it.
    fn one_column(&self, names: &[String], expr: &Expr) -> Option<(String, bool)> {
        match &expr.kind {
            ExprKind::Name(name) => names.iter().find(|n| **n == **name).map(|n| (n.clone(), false)),
            ExprKind::String(name) => names.iter().find(|n| *n == name).map(|n| (n.clone(), false)),
            ExprKind::Binary { .. } if is_dashed(expr) => {
                let text = self.sources.text(expr.span);
                let like = text.replace('-', "_");
                names.iter().find(|n| **n == text || **n == like).map(|n| (n.clone(), true))
            }
            _ => {
                let at = place(position(expr)?, names.len())?;
                names.get(at).map(|n| (n.clone(), true))
            }
        }
    }

    /// `df.drop("species", axis: 1)`: tells what a method of pandas is here, and does that.
    pub fn data_method(
        &mut self,
        base: &Expr,
        method: &Ident,
        args: &[Arg],
        whole: Span,
        scope: &mut DataScope,
    ) -> DataValue {
        let value = self.data_expression(base, scope);
        if matches!(value, DataValue::Unknown) {
            return value;
        }
        let name = method.name.to_string();
        let of = self.sources.text(base.span).to_owned();
        let tell = |checker: &mut Self, instead: String| {
            let repair = Some(Repair { title: format!("write `{instead}`"), edits: vec![(whole, instead)] });
            checker.mistake(method.span, &Mistake::DataMethod { name: name.clone(), repair });
        };
        let first = args.iter().find(|a| a.name.is_none()).map(|a| &a.value);
        let named = |wanted: &str| args.iter().find(|a| a.name.as_ref().is_some_and(|n| &*n.name == wanted));
        match (&*method.name, &value) {
            ("drop", DataValue::Table(table)) => {
                let dropped = named("columns").map(|a| &a.value).or(first);
                let columns: Option<Vec<Name>> = dropped.and_then(|dropped| match &dropped.kind {
                    ExprKind::List(items) => items.iter().map(column_name).collect(),
                    _ => column_name(dropped).map(|name| vec![name]),
                });
                if let Some(columns) = columns {
                    let texts: Vec<String> = columns.iter().map(|c| written(&c.text)).collect();
                    let except =
                        if let [only] = texts.as_slice() { only.clone() } else { format!("[{}]", texts.join(", ")) };
                    tell(self, format!("{of}[except: {except}]"));
                    let parts = columns.into_iter().map(Selector::Name).collect();
                    let field = select(table, &[Selector::Except(parts)], whole).ok();
                    return field.map_or(DataValue::Unknown, DataValue::Field);
                }
            }
            ("astype", _) if matches!(first.map(|e| &e.kind), Some(ExprKind::String(s)) if s == "category") => {
                tell(self, format!("{of} |> classes"));
                return self.data_call("classes", &[], method.span, whole, Some((value, base.span)), scope);
            }
            ("astype" | "to_numpy" | "copy" | "to_frame", _) => {
                tell(self, of);
                return value;
            }
            _ => {}
        }
        let is_function = |kind| kind == EntryKind::DataFunction;
        let entry = catalog::find(&method.name, &[EntryKind::DataFunction]).or_else(|| {
            catalog::find_elsewhere(&method.name).map(|(entry, _)| entry).filter(|e| is_function(e.kind()))
        });
        match entry {
            Some(entry) => {
                let inside: Vec<&str> = args.iter().map(|a| self.sources.text(a.span())).collect();
                let call = if inside.is_empty() { String::new() } else { format!("({})", inside.join(", ")) };
                tell(self, format!("{of} |> {}{call}", entry.name));
                self.data_call(entry.name, args, method.span, whole, Some((value, base.span)), scope)
            }
            None => {
                self.mistake(method.span, &Mistake::DataMethod { name, repair: None });
                DataValue::Unknown
            }
        }
    }
}

fn column_name(expr: &Expr) -> Option<Name> {
    match &expr.kind {
        ExprKind::Name(name) => Some(Name { text: name.to_string(), span: expr.span }),
        ExprKind::String(name) => Some(Name { text: name.clone(), span: expr.span }),
        _ => None,
    }
}

/// A column's name as a selection writes it.
pub(super) fn written(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_word && !is_reserved(name) { name.to_owned() } else { format!("\"{name}\"") }
}

/// Whether this is the name of a column, or a range between two.
fn is_of_names(expr: &Expr) -> bool {
    let is_name = |expr: &Expr| matches!(expr.kind, ExprKind::Name(_));
    match &expr.kind {
        ExprKind::Range { start: Some(from), end: Some(to) } => is_name(from) && is_name(to),
        _ => is_name(expr),
    }
}

/// Whether this is names with minus signs between them.
fn is_dashed(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(_) => true,
        ExprKind::Binary { op: BinaryOperator::Subtract, left, right, .. } => is_dashed(left) && is_dashed(right),
        _ => false,
    }
}

/// A position that is written as a number, from the end where it is negative.
fn position(expr: &Expr) -> Option<i64> {
    let whole = |n: f64| (n.fract() == 0.0 && n.abs() < 1e9).then_some(n as i64);
    match &expr.kind {
        ExprKind::Number(n) => whole(n.value),
        ExprKind::Unary { op: UnaryOperator::Negate, operand } => match &operand.kind {
            ExprKind::Number(n) => whole(-n.value),
            _ => None,
        },
        _ => None,
    }
}

fn place(position: i64, count: usize) -> Option<usize> {
    let from_start = if position < 0 { position + count as i64 } else { position };
    usize::try_from(from_start).ok().filter(|at| *at < count)
}

/// The first and the last position of a range that is half-open, as those of Python are.
fn range_of_positions(expr: &Expr, count: usize) -> Option<(usize, usize)> {
    let ExprKind::Range { start, end } = &expr.kind else { return None };
    if start.is_none() && end.is_none() {
        return None;
    }
    let from = match start {
        Some(start) => place(position(start)?, count)?,
        None => 0,
    };
    let behind = match end {
        Some(end) => match position(end)? {
            end if end < 0 => place(end, count)?,
            end => usize::try_from(end).ok()?.min(count),
        },
        None => count,
    };
    (from < behind).then(|| (from, behind - 1))
}
