//! The words for what can be wrong with windows, sequences and text.

use super::problem::DataProblem;
use super::wording::name;
use crate::diagnostics::Diagnostic;
use crate::source::Span;

impl DataProblem {
    pub(super) fn about_sequences(&self, span: Span) -> Diagnostic {
        let say = |message: String, label: &str| Diagnostic::new(self.code(), message, span, label);
        match self {
            DataProblem::UnitsDiffer { first, other } => say(
                format!(
                    "an example of {} is {}, and one of {} is {}",
                    name(&first.0),
                    first.1,
                    name(&other.0),
                    other.1
                ),
                "another kind of example",
            )
            .note("the fields of a data block describe the same examples, one after another")
            .help(if first.1.starts_with("a window") && other.1.starts_with("a window") {
                "give all `windows` of a block the same `stride`"
            } else {
                "make all fields of the same rows: `windows` for each, or one table of `sequences` for all"
            }),
            DataProblem::WindowTooLong { split, rows, reach, source } => {
                let (of, label) = match split {
                    Some(split) => (format!("the {} rows of `{}`", rows, split.name()), "leaves too few rows"),
                    None => (format!("the {rows} rows of `{source}`"), "too few rows"),
                };
                let d = say(format!("no window of {reach} rows fits into {of}"), label);
                let d = d.note(
                    "a window needs its length and its offset in rows of one split; it never crosses into another",
                );
                d.help("make the windows shorter, or the split larger")
            }
            DataProblem::WindowsOf { found } => {
                say(format!("`windows` takes one value a row, and an example here is {found}"), "not one value a row")
                    .help("make windows of the rows of a table, an array or a text")
            }
            DataProblem::LengthsOfTheirOwn { function } => say(
                format!("`{function}` would need examples of equal length"),
                "here each example has a length of its own",
            )
            .note("what is done to sequences is done position by position, to parts that have the same positions")
            .help(match function.as_str() {
                "concat" => "join the columns of a position with `axis: -1`",
                "reshape" => "leave the first axis open: `reshape([_, 2, 3])`",
                _ => "take one value of each sequence with `|> first`, or do it in the model",
            }),
            _ => say("something is wrong with the sequences".to_string(), "here"),
        }
    }
}
