//! The words for what can be wrong with windows, sequences and text.

use super::problem::DataProblem;
use super::wording::name;
use crate::diagnostics::{Diagnostic, excerpt};
use crate::source::Span;

impl DataProblem {
    pub(super) fn about_sequences(&self, span: Span) -> Diagnostic {
        let say = |message: String, label: &str| Diagnostic::new(self.code(), message, span, label);
        match self {
            DataProblem::UnitsDiffer { first, other, sources } => {
                let message = format!(
                    "an example of {} is {}, and one of {} is {}",
                    name(&first.0),
                    first.1,
                    name(&other.0),
                    other.1
                );
                let d = say(message, "another kind of example")
                    .note("the fields of a data block describe the same examples, one after another");
                match sources {
                    _ if first.1.starts_with("a window") && other.1.starts_with("a window") => {
                        d.help("give all `windows` of a block the same `stride`")
                    }
                    Some((a, b)) if a != b => d
                        .note(format!("{} comes from `{a}` and {} from `{b}`", name(&first.0), name(&other.0)))
                        .help("what belongs to other examples belongs into a data block of its own"),
                    Some(_) => d.help(
                        "they come from two tables of one file: make both of one table, `let t = csv(…) |> sequences(by: id)`",
                    ),
                    None => d.help(
                        "make all fields of the same rows: `windows` for each, or one table of `sequences` for all",
                    ),
                }
            }
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
            DataProblem::WindowsOverlap { stride, rows } => {
                let every = if *stride == 1 { "from each row on".to_string() } else { format!("every {stride} rows") };
                say("windows that share rows are split at random".to_string(), "rows of other splits are trained on")
                    .note(format!("a window takes {rows} rows, and one starts {every}"))
                    .help(format!("cut the rows first: `ordered(…)`, or keep windows apart: `stride: {rows}`"))
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
            DataProblem::PadTooShort { length, longest } => {
                say(format!("the longest example has {longest} positions, which is more than {length}"), "too short")
                    .help(format!(
                        "write `pad({longest})`, or leave the sequences as they are: a model may read any length"
                    ))
            }
            DataProblem::PadOfClasses => say("classes are filled up with a class of their own".to_string(), "a class")
                .note("it is the last, and is called `<pad>`")
                .help("leave `value` out"),
            DataProblem::FirstOfNothing { example } => {
                say(format!("example {example} has no positions, so it has no first"), "nothing to take")
                    .help("leave it out with `drop_missing`, or mark its start: `characters(start: true)`")
            }
            DataProblem::TokensOf { function, found } => {
                say(format!("`{function}` cuts a text, and this is {found}"), "not one text an example").help(
                    "a text is a column of text, `t.review`, the lines of a file, `text(…) |> lines`, or a whole file",
                )
            }
            DataProblem::EndsOfOneText { kind } => {
                say(format!("`{kind}` of one long text has no start and no end to mark"), "one text")
                    .help(format!("mark those of each line: `text(…) |> lines |> {kind}(start: true, end: true)`"))
            }
            DataProblem::LikeNotClass => say("`like` takes the names of a class".to_string(), "not a class")
                .help("name a field of `characters`, `words` or `classes`"),
            DataProblem::NotInLike { token, count } => {
                let times = if *count == 1 { "once".to_string() } else { format!("{count} times") };
                say(
                    format!(
                        "\"{}\" stands here {times} and is not among the names that `like` gives",
                        excerpt(token)
                    ),
                    "has no name",
                )
                .help("take the names of both by making the other field `like` this one, or give that field `unknown: true`")
            }
            _ => say("something is wrong with the sequences".to_string(), "here"),
        }
    }
}
