//! What a cell of a table says: missing, a number, or text; and how class names are written and ordered.

use super::csv::leading_number;
use super::source_spec::Cell;
use std::cmp::Ordering;

/// A cell, understood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Parsed<'a> {
    /// Empty, `NA` or `NaN`.
    Missing,
    /// A number, perhaps infinite.
    Number(f64),
    /// Anything else.
    Text(&'a str),
}

/// Reads a cell. White space around it does not count.
pub(crate) fn parse(cell: &str) -> Parsed<'_> {
    if is_plainly_text(cell) {
        return Parsed::Text(cell);
    }
    if let Some((number, length)) = leading_number(cell.as_bytes())
        && length == cell.len()
    {
        return Parsed::Number(number);
    }
    let cell = cell.trim();
    if cell.is_empty() || cell == "NA" {
        return Parsed::Missing;
    }
    match cell.parse::<f64>() {
        Ok(number) if number.is_nan() => Parsed::Missing,
        Ok(number) => Parsed::Number(number),
        Err(_) => Parsed::Text(cell),
    }
}

/// Whether a cell is text by how it begins, without white space around it. Of numbers in letters there are `inf`,
/// `infinity` and `nan`.
fn is_plainly_text(cell: &str) -> bool {
    let [first, .., last] = cell.as_bytes() else { return false };
    first.is_ascii_alphabetic() && !matches!(first, b'i' | b'I' | b'n' | b'N') && last.is_ascii_graphic()
}

/// A cell that a text says, as in a CSV; none where it is only a text.
pub(crate) fn cell_of(text: &str) -> Option<Cell> {
    match parse(text) {
        Parsed::Missing => Some(Cell::Missing),
        Parsed::Number(number) => Some(Cell::Number(number)),
        Parsed::Text(_) => None,
    }
}

/// Whether other programs write so that a value is missing.
pub(crate) fn is_gap_elsewhere(cell: &str) -> bool {
    const GAPS: [&str; 20] = [
        "-", "--", "–", "—", "?", ".", "*", "na", "n/a", "#n/a", "#na", "<na>", "nil", "null", "#null!", "\\n", "none",
        "missing", "#value!", "#div/0!",
    ];
    let cell = cell.trim();
    GAPS.iter().any(|gap| cell.eq_ignore_ascii_case(gap))
}

/// Whether the 32 bits of a data set hold a number, more or less exactly.
pub(crate) fn fits_single(number: f64) -> bool {
    (number as f32).is_finite()
}

/// The name of the class of a number. `1`, `1.0` and `01` are one class, in columns of text, too: otherwise a class
/// would depend on whether some other cell of its column happens to be text.
pub(crate) fn number_name(number: f64) -> String {
    // Adding 0 makes -0 a 0.
    (number + 0.0).to_string()
}

/// The order of class names: numbers first, as numbers; then text by code point.
pub(crate) fn class_order(a: &str, b: &str) -> Ordering {
    match (parse(a), parse(b)) {
        (Parsed::Number(x), Parsed::Number(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Parsed::Number(_), _) => Ordering::Less,
        (_, Parsed::Number(_)) => Ordering::Greater,
        _ => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_understood() {
        assert_eq!(parse(" 5 "), Parsed::Number(5.0));
        assert_eq!(parse("1e-3"), Parsed::Number(1e-3));
        assert_eq!(parse("+.5"), Parsed::Number(0.5));
        for missing in ["", "  ", "NA", "NaN", "nan"] {
            assert_eq!(parse(missing), Parsed::Missing, "{missing}");
        }
        assert_eq!(parse("1,5"), Parsed::Text("1,5"));
        assert_eq!(parse("na"), Parsed::Text("na"));
        assert_eq!(parse("1e999"), Parsed::Number(f64::INFINITY));
    }

    #[test]
    fn names_sort_numbers_first() {
        let mut names = vec!["b", "10", "9", "Z", "-1", "ä", "a"];
        names.sort_by(|a, b| class_order(a, b));
        assert_eq!(names, ["-1", "9", "10", "Z", "a", "b", "ä"]);
        assert_eq!(number_name(-0.0), "0");
        assert_eq!(number_name(2.0), "2");
        assert_eq!(number_name(0.25), "0.25");
    }
}
