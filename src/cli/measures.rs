//! Measures as tables: splits by metrics, and confusion matrices.

use super::numbers;
use super::output::{BOLD, paint};
use super::table::{Align, Table, cut};
use crate::catalog::MetricValue;
use crate::train::Measures;
use unicode_width::UnicodeWidthStr;

/// A table with a row for each split and a column for each number, and below it the confusion matrices.
pub fn table(rows: &[(&str, &Measures)], width: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (_, measures) in rows {
        for (name, value) in &measures.values {
            if matches!(value, MetricValue::Number(_)) && !names.contains(&&**name) {
                names.push(name);
            }
        }
    }
    let mut columns = vec![("", Align::Left)];
    columns.extend(names.iter().map(|name| (*name, Align::Right)));
    let mut table = Table::new(&columns);
    for (split, measures) in rows {
        let mut cells = vec![(*split).to_owned()];
        cells.extend(names.iter().map(|name| measures.number(name).map_or_else(String::new, numbers::measure)));
        table.row(cells);
    }
    let mut text = table.render(width, "  ");
    // The last split is the one that counts; the matrices of the others would only push it out of sight.
    if let Some((split, measures)) = rows.last() {
        for (name, value) in &measures.values {
            if let MetricValue::Confusion { classes, counts } = value {
                text.push_str(&format!("\n  {}\n", paint(BOLD, &format!("{name} ({split}): rows are the truth"))));
                text.push_str(&confusion(classes, counts, width));
            }
        }
    }
    text
}

/// Columns narrower than this say nothing of their class.
const NARROWEST_COLUMN: usize = 3;
/// So many of the most frequent mistakes are told where the matrix is too wide.
const MISTAKES: usize = 10;

/// A confusion matrix, or its most frequent mistakes where there is no room for it.
pub fn confusion(classes: &[String], counts: &[Vec<u64>], width: usize) -> String {
    let widest_name = classes.iter().map(|c| c.width()).max().unwrap_or(0);
    let widest_count = counts.iter().flatten().map(|n| numbers::count(*n).len()).max().unwrap_or(1);
    let first = widest_name.min(width / 4);
    let room = width.saturating_sub(first + 4) / classes.len().max(1);
    let column = room.saturating_sub(2).min(widest_name.max(widest_count));
    if column < NARROWEST_COLUMN.max(widest_count) {
        return mistakes(classes, counts);
    }
    let heads: Vec<String> = classes.iter().map(|name| cut(name, column)).collect();
    let mut columns = vec![("", Align::Left)];
    columns.extend(heads.iter().map(|name| (name.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for (truth, (name, row)) in classes.iter().zip(counts).enumerate() {
        let mut cells = vec![cut(name, first)];
        // Zeros are the background against which mistakes stand out.
        cells.extend(row.iter().map(|n| if *n == 0 { "·".to_owned() } else { numbers::count(*n) }));
        table.row(cells);
        table.highlight(truth, truth + 1);
    }
    table.render(width, "  ")
}

fn mistakes(classes: &[String], counts: &[Vec<u64>]) -> String {
    let name = |class: usize| classes.get(class).map_or("?", String::as_str);
    let mut found: Vec<(u64, usize, usize)> = Vec::new();
    for (truth, row) in counts.iter().enumerate() {
        found.extend(row.iter().enumerate().filter(|(p, n)| *p != truth && **n > 0).map(|(p, n)| (*n, truth, p)));
    }
    if found.is_empty() {
        return "  no mistakes\n".to_owned();
    }
    let all = found.len();
    found.sort_by_key(|(n, truth, predicted)| (std::cmp::Reverse(*n), *truth, *predicted));
    let mut table = Table::new(&[("truth", Align::Left), ("taken for", Align::Left), ("times", Align::Right)]);
    for (n, truth, predicted) in found.into_iter().take(MISTAKES) {
        table.row(vec![name(truth).to_owned(), name(predicted).to_owned(), numbers::count(n)]);
    }
    let mut text = table.render(usize::MAX, "  ");
    if all > MISTAKES {
        text.push_str(&format!("  and {} more pairs\n", all - MISTAKES));
    }
    text
}

/// `loss 0.3121  accuracy 0.9123`, the numbers in columns of one width.
pub fn line(measures: &Measures) -> String {
    let parts: Vec<String> = measures
        .values
        .iter()
        .filter_map(|(name, value)| match value {
            MetricValue::Number(x) => Some(format!("{name} {:<6}", numbers::measure(*x))),
            MetricValue::Confusion { .. } => None,
        })
        .collect();
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn confusion_is_aligned_under_class_names() {
        let classes = ["cat".to_owned(), "größer".to_owned()];
        let text = plain(&confusion(&classes, &[vec![10, 0], vec![2, 1234]], 60));
        assert_eq!(text, "          cat  größer\n  cat      10       ·\n  größer    2   1,234\n");
    }

    #[test]
    fn too_many_classes_give_the_mistakes() {
        let classes: Vec<String> = (0..40).map(|i| format!("class {i}")).collect();
        let mut counts = vec![vec![0; 40]; 40];
        counts[3][4] = 7;
        counts[3][3] = 70;
        let text = plain(&confusion(&classes, &counts, 80));
        assert_eq!(text, "  truth    taken for  times\n  class 3  class 4        7\n");
    }

    #[test]
    fn splits_are_rows() {
        let measures = Measures {
            values: vec![("loss".into(), MetricValue::Number(0.5)), ("accuracy".into(), MetricValue::Number(0.95))],
        };
        let text = plain(&table(&[("train", &measures), ("test", &measures)], 80));
        assert_eq!(text, "           loss  accuracy\n  train  0.5000    0.9500\n  test   0.5000    0.9500\n");
    }
}
