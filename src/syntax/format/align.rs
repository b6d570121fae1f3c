//! Columns: what stands behind the `:` or `=` of consecutive lines is aligned.

use super::writer::Writer;
use crate::syntax::ast::{Item, ItemKind, Statement, StatementKind};

/// A line of a group: the offset where it begins, and those of the tokens to align.
struct Row {
    start: usize,
    cells: Vec<usize>,
}

/// Only rows of one kind share columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// `key:  value`
    Setting,
    /// `let x  = value`, `field x = value`
    Binding,
    /// `weight w:  [D]  = value`
    Typed,
    /// `hyper width  = value`
    Hyper,
}

impl Writer<'_> {
    pub(super) fn align_items(&mut self, items: &[Item]) {
        let rows: Vec<_> = items
            .iter()
            .map(|item| {
                let kind = match &item.kind {
                    ItemKind::Hyper(h) => Some((Columns::Hyper, vec![self.code_after(h.name.span.end as usize)])),
                    ItemKind::Let(l) => Some((Columns::Binding, vec![self.equals_before(l.value.span.start as usize)])),
                    _ => None,
                };
                kind.map(|(kind, cells)| (kind, Row { start: item.span.start as usize, cells }))
            })
            .collect();
        self.align_rows(rows);
    }

    pub(super) fn align_statements(&mut self, statements: &[Statement]) {
        let rows: Vec<_> = statements
            .iter()
            .map(|statement| {
                let kind = match &statement.kind {
                    StatementKind::Setting(s) => {
                        Some((Columns::Setting, vec![self.code_after(s.key.span.end as usize + 1)]))
                    }
                    StatementKind::Let(l) => {
                        Some((Columns::Binding, vec![self.equals_before(l.value.span.start as usize)]))
                    }
                    StatementKind::Field { value, .. } => {
                        Some((Columns::Binding, vec![self.equals_before(value.span.start as usize)]))
                    }
                    StatementKind::Weight(w) => Some((
                        Columns::Typed,
                        vec![w.ty.span.start as usize, self.equals_before(w.init.span.start as usize)],
                    )),
                    StatementKind::Constant(c) => {
                        let equals = self.equals_before(c.value.span.start as usize);
                        match &c.ty {
                            Some(ty) => Some((Columns::Typed, vec![ty.span.start as usize, equals])),
                            None => Some((Columns::Binding, vec![equals])),
                        }
                    }
                    _ => None,
                };
                kind.map(|(kind, cells)| (kind, Row { start: statement.span.start as usize, cells }))
            })
            .collect();
        self.align_rows(rows);
    }

    /// The offset of the `=` before a value.
    fn equals_before(&self, value: usize) -> usize {
        self.last_code_before(value)
    }

    fn align_rows(&mut self, rows: Vec<Option<(Columns, Row)>>) {
        let mut group: Vec<Row> = Vec::new();
        let mut current = None;
        for row in rows {
            let kind = row.as_ref().map(|(kind, _)| *kind);
            let joins =
                kind.is_some() && kind == current && row.as_ref().is_some_and(|(_, r)| !self.blank_above(r.start));
            if !joins {
                self.align_group(&group);
                group.clear();
            }
            current = kind;
            group.extend(row.map(|(_, row)| row));
        }
        self.align_group(&group);
    }

    /// Aligns the values of named arguments that stand on lines of their own: begin and value of each.
    pub(super) fn align_values(&mut self, values: &[(usize, usize)]) {
        let rows: Vec<Row> = values.iter().map(|(start, value)| Row { start: *start, cells: vec![*value] }).collect();
        self.align_group(&rows);
    }

    fn align_group(&mut self, rows: &[Row]) {
        if rows.len() < 2 {
            return;
        }
        let cells = rows.iter().map(|r| r.cells.len()).min().unwrap_or(0);
        let mut starts: Vec<usize> = rows.iter().map(|r| r.start).collect();
        for cell in 0..cells {
            let at: Vec<usize> = rows.iter().filter_map(|r| r.cells.get(cell).copied()).collect();
            let widths: Vec<usize> = starts.iter().zip(&at).map(|(start, at)| self.width(*start, *at)).collect();
            let widest = widths.iter().copied().max().unwrap_or(0);
            for (at, width) in at.iter().zip(widths) {
                self.pads.insert(*at, widest - width);
            }
            starts = at;
        }
    }
}
