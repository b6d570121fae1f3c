//! The words for problems of the values that the data has, and of what is computed of them.

use super::cell::{is_gap_elsewhere, number_name};
use super::not_finite::divides;
use super::place::{MissingIn, OperandValue};
use super::problem::DataProblem;
use super::source_spec::LINE;
use super::wording::SHOWN;
use crate::diagnostics::{Diagnostic, excerpt, quoted_list};
use crate::source::Span;
use std::cmp::Ordering;

impl DataProblem {
    pub(super) fn about_values(&self, span: Span) -> Diagnostic {
        let say = |message: String, label: &str| Diagnostic::new(self.code(), message, span, label);
        let of_class = "a class is a name, not a quantity; `one_hot` makes a vector of it";
        match self {
            DataProblem::TextForNumber { column, value, place, count, rows, is_new, wanted_by } => {
                let column = excerpt(column);
                let d = say(
                    format!(
                        "`{wanted_by}` needs numbers, and column `{column}` holds \"{}\" at {place}",
                        excerpt(value)
                    ),
                    "text where a number is wanted",
                );
                let d = d.note(format!("{count} of its {rows} cells {} text", if *count == 1 { "is" } else { "are" }));
                if let Some(plainly) = number_with_commas(value) {
                    return d.help(plainly);
                }
                let strays = "empty cells, `NA` and `NaN` count as missing; anything else has to be a number";
                let names = format!(
                    "number its names with `t.{column} |> classes`; a vector of them is `|> classes |> one_hot`"
                );
                match count.cmp(rows) {
                    _ if *is_new => d.help(format!(
                        "the model has learned from numbers in `{column}`: write one in this cell, or leave it empty \
                         where missing values are filled"
                    )),
                    _ if is_gap_elsewhere(value) => {
                        let d = d.help(format!(
                            "a missing value is an empty cell, `NA` or `NaN`, and not `{}`: replace it in the file",
                            value.trim()
                        ));
                        match wanted_by == "fill" {
                            true => d,
                            false => d.help(
                                "then fill the gaps with `|> fill(mean)`, or leave out their rows with `t |> drop_missing`",
                            ),
                        }
                    }
                    _ if wanted_by == "classes(n)" => d.help(
                        "`classes(n)` takes numbers that are classes already; `classes` alone numbers the names that \
                         are there",
                    ),
                    // Where other cells are numbers, those that are not may be strays.
                    Ordering::Less if count.saturating_mul(2) < *rows => d.help(strays),
                    Ordering::Less => d.help(strays).help(names),
                    _ => d.help(names),
                }
            }
            DataProblem::Missing { columns, reaches } => {
                let total: u64 = columns.iter().map(|m| m.count).sum();
                let names = quoted_list(columns.iter().map(|m| m.column.as_str()), SHOWN);
                let (values, reach) = if total == 1 { ("value", "reaches") } else { ("values", "reach") };
                let what = if columns.len() > 1 { "columns" } else { "column" };
                let mut d = say(
                    format!("{total} missing {values} of {what} {names} {reach} {reaches}"),
                    "values are missing here",
                );
                for m in columns.iter().take(4) {
                    d = d.note(missing_note(m));
                }
                if columns.iter().all(|m| m.column == LINE && m.text) {
                    return d.note("an empty line counts as missing").help(
                        "leave empty lines out with `|> lines |> drop_missing`, or let something stand for them: `fill(\"-\")`",
                    );
                }
                let text = columns.iter().all(|m| m.text);
                let filling = if text { "fill(\"unknown\")" } else { "fill(mean)" };
                d.help(format!("fill them with `|> {filling}`, or leave out their rows with `t |> drop_missing`"))
            }
            DataProblem::LabelOutside { what, value, place, classes, needed } => {
                let at = place.as_ref().map_or(String::new(), |p| format!(" at {p}"));
                let last = classes.saturating_sub(1);
                let (what, value) = (excerpt(what), excerpt(value));
                let d = say(
                    format!("`{what}` holds {value}{at}, and the classes are 0 to {last}"),
                    "one of these is not a class",
                );
                let d = match needed {
                    Some(n) if n > classes => {
                        d.help(format!("`classes({n})` has a class for every label that is there"))
                    }
                    _ => d,
                };
                d.help("`classes` without a number makes a class of every value that is there")
            }
            DataProblem::ClassesOfEstimate => {
                say("classes cannot be made of estimated values".to_string(), "depends on the training split")
                    .note("which classes there are is known before the data is split; means and deviations are not")
                    .help("make the classes first, or fill with a value: `fill(0)`, `fill(\"unknown\")`")
            }
            DataProblem::OneHotOfNumbers => {
                say("`one_hot` needs a class".to_string(), "this is not a class").help("write `|> classes |> one_hot`")
            }
            DataProblem::TooManyClasses { count } => {
                say(format!("{count} classes are more than can be told apart (16777216)"), "here")
            }
            DataProblem::ClassesForNumber { wanted_by } => {
                say(format!("`{wanted_by}` needs numbers, and this is a class"), "a class").help(of_class)
            }
            DataProblem::FillMismatch { column, filling, text } => {
                let name = if column.is_empty() { "this".to_string() } else { format!("column `{}`", excerpt(column)) };
                let (kind, instead) = if *text { ("text", "fill(\"unknown\")") } else { ("numbers", "fill(mean)") };
                say(format!("{name} is {kind} and cannot be filled with {filling}"), "filled here")
                    .help(format!("write `{instead}`"))
            }
            DataProblem::NothingToEstimate { what, wanted_by } => {
                say(format!("`{wanted_by}` finds no value of `{}`", excerpt(what)), "nothing to estimate from")
                    .note("all of its values are missing, or all that the training split has")
            }
            DataProblem::NotFinite { what, value, place, in_data } => {
                let at = place.as_ref().map_or(String::new(), |p| format!(" at {p}"));
                let what = excerpt(what);
                let d = match in_data {
                    true => say(format!("`{what}` holds {value}{at}"), "not a finite number"),
                    false => say(format!("`{what}` becomes {value}{at}"), "not a finite number"),
                };
                match value.parse::<f64>() {
                    Ok(number) if number.is_finite() => {
                        d.note("networks compute with 32 bits, which hold numbers up to 3.4e38")
                    }
                    _ => d,
                }
            }
            DataProblem::NoFiniteResult { .. } => self.about_results(span),
            DataProblem::OutsideDomain { function, column, value, place } => {
                let d = say(
                    format!("`{function}` of {value}: column `{}` at {place}", excerpt(column)),
                    "no finite result",
                );
                if *function == "log" { d.help("`log(1 + t.a)` is finite for all that is not negative") } else { d }
            }
            DataProblem::UnknownClass { field, name, place, known } => {
                let at = place.as_ref().map_or(String::new(), |p| format!(" at {p}"));
                say(
                    format!("\"{}\"{at} is not a class of `{field}`", excerpt(name)),
                    "the model has not seen this class",
                )
                .note(format!("its classes are {}", quoted_list(known.iter().map(String::as_str), SHOWN)))
            }
            _ => say("something is wrong with the values".to_string(), "here"),
        }
    }

    /// A computation that went wrong for some examples.
    fn about_results(&self, span: Span) -> Diagnostic {
        let DataProblem::NoFiniteResult { field, operation, operands, result, place, count, rows } = self else {
            return Diagnostic::new(self.code(), "a value is not a finite number", span, "here");
        };
        let at = place.as_ref().map_or(String::new(), |p| format!(" at {p}"));
        let whole = match (count, rows) {
            (count, rows) if count == rows => "in every example".to_string(),
            (1, rows) => format!("in one of {rows} examples"),
            (count, rows) => format!("in {count} of {rows} examples"),
        };
        let named = |operand: &OperandValue| match &operand.column {
            Some(column) => format!("column `{}` is {}", excerpt(column), number_name(operand.value)),
            None => format!("this is {}", number_name(operand.value)),
        };
        let (left, right) = (operands.first(), operands.get(1));
        let value = |operand: Option<&OperandValue>| operand.map_or(f64::NAN, |o| o.value);
        let message = match (*operation, operands.as_slice()) {
            (op, [_, right]) if divides(op) && right.value == 0.0 => format!("`{field}` divides by 0{at}"),
            (Some("log"), [x]) if x.value <= 0.0 => {
                format!("`{field}` takes the logarithm of {}{at}", number_name(x.value))
            }
            (Some("sqrt"), [x]) if x.value < 0.0 => {
                format!("`{field}` takes the square root of {}{at}", number_name(x.value))
            }
            (Some("^"), [x, y]) => {
                format!("`{field}` raises {} to the power {}{at}", number_name(x.value), number_name(y.value))
            }
            (Some(function), [x]) if result.is_finite() => {
                format!("`{function}` of {} is {} in `{field}`{at}", number_name(x.value), short(*result))
            }
            (Some(function), [x]) => format!("`{function}` of {} is not finite in `{field}`{at}", number_name(x.value)),
            _ => format!("`{field}` becomes {}{at}", short(*result)),
        };
        // The operand that is to blame, where there is one.
        let blamed = match (operation, left, right) {
            (_, _, Some(right)) if divides(*operation) => Some(right),
            (_, Some(left), None) => Some(left),
            _ => None,
        };
        let mut d = match blamed {
            Some(operand) => {
                Diagnostic::new(self.code(), message, operand.span, format!("{}, {whole}", named(operand)))
            }
            None => Diagnostic::new(self.code(), message, span, format!("not a finite number, {whole}")),
        };
        if let (true, Some(left)) = (divides(*operation), left) {
            d = d.label(left.span, named(left));
        }
        if result.is_finite() {
            return d.note("networks compute with 32 bits, which hold numbers up to 3.4e38");
        }
        match *operation {
            op if divides(op) => d.help(
                "leave such rows out of the file, or keep the divisor away from 0: `a / (b + 1e-6)` where it is never negative",
            ),
            Some("log") if value(left) == 0.0 => d.help("`log(1 + x)` is finite for all that is not negative"),
            Some("log") => d.help("a logarithm needs numbers above 0: shift them, `log(x - least + 1)`, or take `abs` first"),
            Some("sqrt") => d.help("a square root needs numbers that are not negative: shift them, or take `abs` first"),
            Some("exp") => d.help("`exp` grows beyond all bounds: make its operand smaller, `x |> standardize |> exp`"),
            _ => d,
        }
    }
}

/// `` `age`: 2 of 150, at people.csv:3, people.csv:9 ``
pub(super) fn missing_note(m: &MissingIn) -> String {
    let places: Vec<String> = m.first.iter().map(ToString::to_string).collect();
    let more = if m.count > places.len() as u64 { ", …" } else { "" };
    format!("`{}`: {} of {}, at {}{more}", excerpt(&m.column), m.count, m.rows, places.join(", "))
}

/// How a number is written that a cell writes with commas: with one in place of the point, or between thousands.
fn number_with_commas(cell: &str) -> Option<String> {
    let number = cell.trim();
    let unsigned = number.trim_start_matches(['-', '+']);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_in_thousands = |text: &str, mark: char| {
        let mut groups = text.split(mark);
        groups.next().is_some_and(|first| first.len() <= 3 && is_digits(first))
            && groups.all(|group| group.len() == 3 && is_digits(group))
    };
    let (before, behind) = unsigned.rsplit_once(',')?;
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let with_point = || number.replace('.', "").replace(',', ".");
    let without_commas = || number.replace(',', "");
    if is_digits(before) && is_digits(behind) {
        // 3,667 may be either.
        return Some(match is_in_thousands(unsigned, ',') && !unsigned.starts_with('0') {
            false => {
                format!("numbers are written with a point, {}: replace the decimal commas of the file", with_point())
            }
            true => format!(
                "numbers are written without commas, {} or {}: replace them in the file",
                with_point(),
                without_commas()
            ),
        });
    }
    if is_in_thousands(before, '.') && is_digits(behind) {
        return Some(format!(
            "numbers are written with a point and with nothing between thousands, {}: replace the commas of the file",
            with_point()
        ));
    }
    (is_in_thousands(whole, ',') && is_digits(fraction)).then(|| {
        format!(
            "numbers are written with nothing between thousands, {}: take the commas out of the file",
            without_commas()
        )
    })
}

/// A number that may be very large or none at all.
fn short(x: f64) -> String {
    if x.is_finite() { format!("{x:.1e}").replace(".0e", "e") } else { number_name(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_plainly() {
        for (cell, plainly) in [
            ("3,5", "3.5:"),
            (" -3,67 ", "-3.67:"),
            ("0,125", "0.125:"),
            ("3,667", "3.667 or 3667:"),
            ("1.234,5", "1234.5:"),
            ("1,234.5", "1234.5:"),
            ("-1,234,567", "-1234567:"),
        ] {
            let help = number_with_commas(cell).unwrap_or_default();
            assert!(help.contains(&format!(", {plainly} ")), "{cell}: {help}");
        }
        for cell in ["a,b", ",5", "5,", "1,2,3", "12,34,567.8", "1.5,2.5", "3.5", "1,234,5"] {
            assert_eq!(number_with_commas(cell), None, "{cell}");
        }
    }
}
