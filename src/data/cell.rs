//! What a cell of a table says: missing, a number, or text; and how class names are written and ordered.

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
    // Nearly every cell of a large table is a plain number with nothing around it.
    if let Some(number) = plain_number(cell.as_bytes()) {
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

/// Powers of ten that are exact in double precision.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A number of at most 15 digits without an exponent, the same as the standard library reads it: digits and a power of
/// ten are both exact, so that their quotient is rounded once, which is correctly (Clinger, How to Read Floating Point
/// Numbers Accurately, 1990). None for all others.
fn plain_number(cell: &[u8]) -> Option<f64> {
    let (is_negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let (mut whole, mut behind, mut has_point) = (0u64, 0usize, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                whole = whole * 10 + u64::from(byte - b'0');
                behind += usize::from(has_point);
            }
            b'.' if !has_point => has_point = true,
            _ => return None,
        }
    }
    // Sixteen digits may not be exact, and a point alone is no number.
    if digits.len() == usize::from(has_point) || digits.len() - usize::from(has_point) > 15 {
        return None;
    }
    let number = whole as f64 / POWERS.get(behind)?;
    Some(if is_negative { -number } else { number })
}

/// A cell that a text says, as in a CSV; none where it is only a text.
pub(crate) fn cell_of(text: &str) -> Option<Cell> {
    match parse(text) {
        Parsed::Missing => Some(Cell::Missing),
        Parsed::Number(number) => Some(Cell::Number(number)),
        Parsed::Text(_) => None,
    }
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn plain_numbers_are_read_as_the_standard_library_reads_them(text in "-?[0-9]{0,16}\\.?[0-9]{0,16}") {
            if let Some(number) = plain_number(text.as_bytes()) {
                prop_assert_eq!(Ok(number.to_bits()), text.parse::<f64>().map(f64::to_bits));
            }
        }
    }

    #[test]
    fn which_numbers_are_plain() {
        let plain = |text: &str| plain_number(text.as_bytes());
        assert_eq!(
            (plain("1"), plain("-0.5"), plain(".5"), plain("5.")),
            (Some(1.0), Some(-0.5), Some(0.5), Some(5.0))
        );
        assert_eq!(plain("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
        assert_eq!(plain("123456789012.345"), Some(123456789012.345));
        for text in
            ["", "-", ".", "-.", "+1", "1e5", "1_0", " 1", "1.2.3", "NaN", "inf", "1234567890123456", "--1", "1,5"]
        {
            assert_eq!(plain(text), None, "{text}");
        }
    }

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
