//! Lists whose columns give way where it is narrow.

use super::table::{Align, Table};
use unicode_width::UnicodeWidthStr;

/// A column of a list of such things.
pub struct Column<'l, T> {
    /// What stands above it.
    pub head: String,
    /// Where its text stands.
    pub align: Align,
    /// Those with higher numbers give way first.
    pub rank: usize,
    /// What it shows of one.
    pub show: Box<dyn Fn(&T) -> String + 'l>,
}

/// A table of what fits, a row each. Nothing is cut: a name that is cut could not be used.
pub fn fitted<T>(mut columns: Vec<Column<T>>, rows: &[T], width: usize) -> String {
    loop {
        let heads: Vec<(&str, Align)> = columns.iter().map(|column| (column.head.as_str(), column.align)).collect();
        let mut table = Table::new(&heads);
        for row in rows {
            table.row(columns.iter().map(|column| (column.show)(row)).collect());
        }
        let text = table.render(usize::MAX, "");
        let plain = anstream::adapter::strip_str(&text).to_string();
        if plain.lines().all(|line| line.width() <= width) || columns.len() < 3 {
            return text;
        }
        let least = columns.iter().map(|column| column.rank).max().unwrap_or(0);
        columns.retain(|column| column.rank != least);
    }
}
