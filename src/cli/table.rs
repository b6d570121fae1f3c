//! Aligned tables.

use super::output::{BOLD, DIM, paint};
use clap::builder::styling::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Space between two columns.
const GAP: &str = "  ";
/// The first column is not cut below this.
const NARROWEST: usize = 8;

/// Rows under a heading, and totals under a line. The first column gives way where the terminal is narrow.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    totals: Vec<Vec<String>>,
    highlighted: Vec<(usize, usize)>,
}

impl Table {
    /// A table with these columns.
    pub fn new(columns: &[(&str, Align)]) -> Table {
        Table {
            columns: columns.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect(),
            rows: Vec::new(),
            totals: Vec::new(),
            highlighted: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Adds a row below the line.
    pub fn total(&mut self, cells: Vec<String>) {
        self.totals.push(cells);
    }

    /// Makes a cell stand out.
    pub fn highlight(&mut self, row: usize, column: usize) {
        self.highlighted.push((row, column));
    }

    /// The table as text, at most `width` columns wide where the first column allows it, each line indented.
    pub fn render(&self, width: usize, indent: &str) -> String {
        let widths = self.widths(width.saturating_sub(indent.width()));
        let heads: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let mut text = String::new();
        if heads.iter().any(|h| !h.is_empty()) {
            text.push_str(&self.line(&heads, &widths, indent, |_| Some(BOLD)));
        }
        for (r, row) in self.rows.iter().enumerate() {
            text.push_str(&self.line(row, &widths, indent, |c| self.highlighted.contains(&(r, c)).then_some(BOLD)));
        }
        if !self.totals.is_empty() {
            let rule = "─".repeat(widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1));
            text.push_str(&format!("{indent}{}\n", paint(DIM, &rule)));
            for row in &self.totals {
                text.push_str(&self.line(row, &widths, indent, |_| None));
            }
        }
        text
    }

    fn widths(&self, available: usize) -> Vec<usize> {
        let cell = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |c| c.width());
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(c, (name, _))| {
                self.rows.iter().chain(&self.totals).map(|r| cell(r, c)).max().unwrap_or(0).max(name.width())
            })
            .collect();
        let whole = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        if let (Some(first), Some(excess)) = (widths.first_mut(), whole.checked_sub(available)) {
            *first = first.saturating_sub(excess).max(NARROWEST.min(*first));
        }
        widths
    }

    fn line(&self, cells: &[String], widths: &[usize], indent: &str, style: impl Fn(usize) -> Option<Style>) -> String {
        let mut line = String::from(indent);
        for (c, (width, (_, align))) in widths.iter().zip(&self.columns).enumerate() {
            if c > 0 {
                line.push_str(GAP);
            }
            let cell = cut(cells.get(c).map_or("", String::as_str), *width);
            let room = " ".repeat(width.saturating_sub(cell.width()));
            let cell = style(c).filter(|_| !cell.is_empty()).map_or(cell.clone(), |s| paint(s, &cell));
            match align {
                Align::Left if c + 1 == widths.len() => line.push_str(&cell),
                Align::Left => line.push_str(&format!("{cell}{room}")),
                Align::Right => line.push_str(&format!("{room}{cell}")),
            }
        }
        format!("{}\n", line.trim_end())
    }
}

/// The beginning of a text, with `…` where something was left out.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > width {
            break;
        }
        kept.push(c);
        used += w;
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn table() -> Table {
        let mut table = Table::new(&[("layer", Align::Left), ("parameters", Align::Right)]);
        table.row(vec!["encoder1.dense1".into(), "96".into()]);
        table.row(vec!["größe".into(), "1,234".into()]);
        table.total(vec!["total".into(), "1,330".into()]);
        table
    }

    #[test]
    fn columns_are_aligned() {
        let text = plain(&table().render(80, "  "));
        assert_eq!(
            text,
            "  layer            parameters\n  encoder1.dense1          96\n  größe                 1,234\n  \
             ───────────────────────────\n  total                 1,330\n"
        );
    }

    #[test]
    fn the_first_column_gives_way() {
        let text = plain(&table().render(22, ""));
        assert!(text.lines().all(|l| l.width() <= 22), "{text}");
        assert!(text.contains("encoder1.…"), "{text}");
    }
}
