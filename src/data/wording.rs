//! The words for every [`DataProblem`].

use super::cell::{Parsed, parse};
use super::problem::{DataProblem, FirstLine};
use super::source_spec::Split;
use crate::diagnostics::{Code, Diagnostic, bytes, excerpt, quoted_list};
use crate::source::Span;
use std::path::Path;

/// Names that a list shows before it is cut short.
pub(super) const SHOWN: usize = 12;

impl DataProblem {
    /// Its code.
    pub fn code(&self) -> Code {
        use DataProblem as P;
        match self {
            P::NoFile { .. } => Code::E0501,
            P::Unreadable { .. } | P::TooManyRows { .. } | P::NoRoomBeside { .. } | P::LostBeside { .. } => Code::E0502,
            P::NoColumn { .. } | P::NoHeader { .. } => Code::E0503,
            P::DuplicateColumn { .. } => Code::E0504,
            P::RaggedRow { .. } | P::NeverCloses { .. } => Code::E0505,
            P::TextForNumber { .. } => Code::E0506,
            P::Missing { .. } => Code::E0507,
            P::LabelOutside { .. } => Code::E0508,
            P::ClassesOfEstimate | P::OneHotOfNumbers | P::TooManyClasses { .. } | P::ClassesForNumber { .. } => {
                Code::E0509
            }
            P::BadArray { .. } => Code::E0510,
            P::NoClassFolders { .. } | P::NoImages { .. } | P::ImageFormat { .. } | P::BrokenImage { .. } => {
                Code::E0530
            }
            P::LengthsDiffer { .. } | P::RowsDiffer { .. } => Code::E0511,
            P::Shares { .. } | P::ShareOutside { .. } | P::ShareTwice { .. } => Code::E0512,
            P::SplitGiven { .. } | P::SplitsDiffer { .. } | P::NoTrain { .. } => Code::E0513,
            P::EmptySplit { .. } => Code::E0514,
            P::NotFinite { .. } | P::NoFiniteResult { .. } | P::OutsideDomain { .. } => Code::E0515,
            P::UnknownClass { .. } => Code::E0516,
            P::Broadcast { .. } | P::Reshape { .. } | P::ConcatShapes { .. } | P::NoAxis { .. } => Code::E0517,
            P::RangeReversed { .. } | P::ChosenTwice { .. } | P::NothingChosen | P::ExceptNotChosen { .. } => {
                Code::E0518
            }
            P::Empty { .. } | P::AllDropped { .. } => Code::E0519,
            P::NotUtf8 { .. } | P::OtherFormat { .. } => Code::E0520,
            P::StratifyNotClass { .. } => Code::E0521,
            P::Argument { .. } => Code::E0522,
            P::WrongReplacement { .. }
            | P::SeveralSources { .. }
            | P::ReplacementShape { .. }
            | P::FittedMismatch { .. }
            | P::NoField { .. } => Code::E0523,
            P::ColumnsDiffer { .. } | P::ArraysDiffer { .. } => Code::E0524,
            P::FillMismatch { .. } | P::NothingToEstimate { .. } => Code::E0525,
            P::ConstantField => Code::E0526,
            P::UnitsDiffer { .. } => Code::E0527,
            P::WindowTooLong { .. } => Code::E0528,
            P::WindowsOverlap { .. } => Code::L0101,
            P::WindowsOf { .. }
            | P::LengthsOfTheirOwn { .. }
            | P::PadTooShort { .. }
            | P::PadOfClasses
            | P::FirstOfNothing { .. } => Code::E0529,
            P::TokensOf { .. } | P::EndsOfOneText { .. } | P::LikeNotClass | P::NotInLike { .. } => Code::E0531,
        }
    }

    /// The problem in words, at `span` of the `.nn` file.
    pub fn diagnostic(&self, span: Span) -> Diagnostic {
        let say = |message: String, label: &str| Diagnostic::new(self.code(), message, span, label);
        match self {
            DataProblem::NoFile { written, nearest, missing_folder } => {
                let d = say(format!("there is no file `{written}`"), "read here");
                match (nearest, missing_folder) {
                    (_, Some(folder)) => d.help(format!(
                        "there is no folder `{folder}` either; paths are relative to the folder of the `.nn` file"
                    )),
                    (Some(nearest), None) => d.help(format!("there is `{nearest}`")),
                    (None, None) => d.help("paths are relative to the folder of the `.nn` file"),
                }
            }
            DataProblem::Unreadable { written, reason } => {
                say(format!("`{written}` cannot be read: {reason}"), "read here")
            }
            DataProblem::NoRoomBeside { folder, written, reason } => {
                let after = if *written > 0 { format!(" (after {})", bytes(*written)) } else { String::new() };
                let kept = format!("could not be kept in a file in {folder} either: {reason}{after}");
                say(format!("this data is too large for memory, and {kept}"), "read here")
                    .help("let the environment variable TMPDIR name a folder that can be written and has room")
            }
            DataProblem::LostBeside { reason } => say(
                format!("data that is too large for memory could not be read again while it was needed: {reason}"),
                "needed here",
            ),
            DataProblem::TooManyRows { rows } => {
                say(format!("{rows} rows are more than can be numbered ({} at most)", u32::MAX - 1), "read here")
            }
            DataProblem::Empty { written, header: false } => say(format!("`{written}` is empty"), "read here"),
            DataProblem::Empty { written, header: true } => {
                say(format!("`{written}` has no rows"), "nothing to learn from")
            }
            DataProblem::AllDropped { source, rows } => say(
                format!("`drop_missing` leaves none of the {rows} rows of `{source}`"),
                "every row lacks some value",
            )
            .help("name the columns that must be there, or fill the others: `t.a |> fill(mean)`"),
            DataProblem::OtherFormat { written, format, instead } => {
                say(format!("`{written}` is {format}, and is read as text"), "read here").help(*instead)
            }
            DataProblem::NotUtf8 { place } => say(format!("{place} is not UTF-8"), "read here").help(
                "save the file as UTF-8, for example by `iconv -f LATIN1 -t UTF-8 old.csv > new.csv` (or \
                 `-f UTF-16`, as some programs on Windows write)",
            ),
            DataProblem::NoColumn { .. }
            | DataProblem::NoHeader { .. }
            | DataProblem::DuplicateColumn { .. }
            | DataProblem::RaggedRow { .. }
            | DataProblem::NeverCloses { .. }
            | DataProblem::ColumnsDiffer { .. }
            | DataProblem::RangeReversed { .. }
            | DataProblem::ChosenTwice { .. }
            | DataProblem::NothingChosen
            | DataProblem::ExceptNotChosen { .. } => self.about_columns(span),
            DataProblem::TextForNumber { .. }
            | DataProblem::Missing { .. }
            | DataProblem::LabelOutside { .. }
            | DataProblem::ClassesOfEstimate
            | DataProblem::OneHotOfNumbers
            | DataProblem::TooManyClasses { .. }
            | DataProblem::ClassesForNumber { .. }
            | DataProblem::FillMismatch { .. }
            | DataProblem::NothingToEstimate { .. }
            | DataProblem::NotFinite { .. }
            | DataProblem::NoFiniteResult { .. }
            | DataProblem::OutsideDomain { .. }
            | DataProblem::UnknownClass { .. } => self.about_values(span),
            DataProblem::BadArray { written, format, reason } => {
                say(format!("`{written}` is not a sound {format} file: {reason}"), "read here")
            }
            DataProblem::NoClassFolders { .. }
            | DataProblem::NoImages { .. }
            | DataProblem::ImageFormat { .. }
            | DataProblem::BrokenImage { .. } => self.about_images(span),
            DataProblem::ArraysDiffer { first, other } => {
                say("files that are read as one hold examples of different shapes".to_string(), "read as one here")
                    .note(format!("`{}` has {:?}, `{}` has {:?}", first.0, first.1, other.0, other.1))
            }
            DataProblem::Broadcast { op, left, right } => {
                say(format!("`{op}` of {left:?} and {right:?}"), "these shapes do not go together")
                    .note("shapes are per example and are compared from the last axis on; a 1 fits anything")
            }
            DataProblem::Reshape { from, to } => {
                let dims: Vec<String> = to.iter().map(|d| d.map_or("_".into(), |d| d.to_string())).collect();
                let (have, want): (usize, usize) = (from.iter().product(), to.iter().flatten().product());
                let d =
                    say(format!("{from:?} cannot be reshaped to [{}]", dims.join(", ")), "another number of elements");
                match to.iter().filter(|d| d.is_none()).count() {
                    0 => d.note(format!("{have} elements against {want}; the axis of examples is not written")),
                    1 => d.note(format!("{have} elements are not a multiple of {want}")),
                    _ => d.note("only one dim can be `_`"),
                }
            }
            DataProblem::ConcatShapes { first, other, axis } => {
                say(format!("{first:?} and {other:?} cannot be joined along axis {axis}"), "joined here")
                    .note("all other dims must be equal")
            }
            DataProblem::NoAxis { axis, shape } => say(format!("{shape:?} has no axis {axis}"), "needs that axis")
                .note("axes are per example, counted from 0"),
            DataProblem::Argument { of, argument, value, wanted } => {
                say(format!("`{argument}` of `{of}` must be {wanted}; it is {value}"), "here")
            }
            DataProblem::ConstantField => say("this field takes nothing from the data".to_string(), "the same for all")
                .help("a field is made of a column or an array; a constant belongs into the model"),
            DataProblem::WrongReplacement { .. }
            | DataProblem::SeveralSources { .. }
            | DataProblem::ReplacementShape { .. }
            | DataProblem::FittedMismatch { .. }
            | DataProblem::NoField { .. } => self.about_new_data(span),
            DataProblem::LengthsDiffer { .. }
            | DataProblem::RowsDiffer { .. }
            | DataProblem::SplitsDiffer { .. }
            | DataProblem::NoTrain { .. }
            | DataProblem::Shares { .. }
            | DataProblem::ShareOutside { .. }
            | DataProblem::ShareTwice { .. }
            | DataProblem::SplitGiven { .. }
            | DataProblem::EmptySplit { .. }
            | DataProblem::StratifyNotClass { .. } => self.about_splits(span),
            DataProblem::UnitsDiffer { .. }
            | DataProblem::WindowTooLong { .. }
            | DataProblem::WindowsOverlap { .. }
            | DataProblem::WindowsOf { .. }
            | DataProblem::LengthsOfTheirOwn { .. }
            | DataProblem::PadTooShort { .. }
            | DataProblem::PadOfClasses
            | DataProblem::FirstOfNothing { .. }
            | DataProblem::TokensOf { .. }
            | DataProblem::EndsOfOneText { .. }
            | DataProblem::LikeNotClass
            | DataProblem::NotInLike { .. } => self.about_sequences(span),
        }
    }

    fn about_columns(&self, span: Span) -> Diagnostic {
        let say = |message: String, label: &str| Diagnostic::new(self.code(), message, span, label);
        match self {
            DataProblem::NoColumn { column, nearest, columns, source } => {
                let d = say(format!("`{source}` has no column `{column}`"), "no such column");
                let list = quoted_list(columns.iter().map(String::as_str), SHOWN);
                let mut d = d.note(format!("its columns are {list}"));
                if columns.iter().all(|c| matches!(parse(c), Parsed::Number(_))) {
                    d = d.help(
                        "its first line looks like data; a table needs a first line with the names of its columns",
                    );
                }
                match nearest {
                    // Only where the span is the name alone would an edit hit nothing else.
                    Some(nearest) if span.len() == column.len() && is_name(nearest) => {
                        d.fix(format!("write `{nearest}`"), span, nearest.clone())
                    }
                    // In quotes, as the header might have it.
                    Some(nearest) if span.len() == column.len() + 2 && is_name(nearest) => {
                        d.fix(format!("write `{nearest}`, without quotes"), span, nearest.clone())
                    }
                    Some(nearest) => d.help(format!("there is `{nearest}`")),
                    None => d,
                }
            }
            DataProblem::DuplicateColumn { column, source, positions: (first, second) } => {
                say(format!("`{source}` has two columns `{}`", excerpt(column)), "read here")
                    .note(format!("they are its columns {first} and {second}"))
                    .help("a name must say which column is meant: rename one of them")
            }
            DataProblem::RaggedRow { place, cells, columns, over_lines } => {
                let d = say(
                    format!("{place} has {}, and there are {}", cells_of(*cells), columns_of(*columns)),
                    "read here",
                );
                if *over_lines {
                    d.help("a quote that opens a cell of this line is closed only on a later line")
                } else if *cells > *columns && place.in_file {
                    d.help("a cell that holds a comma stands in quotes: \"a, b\"")
                } else {
                    d.help("a value that is missing is an empty cell, not a left out one")
                }
            }
            DataProblem::NeverCloses { place } => say(format!("{place} has a quote that is never closed"), "read here")
                .note("all that follows, to the end of the file, would be one cell")
                .help("close it where the cell ends; a cell that holds a quote has it twice: \"3\"\" nails\""),
            DataProblem::ColumnsDiffer { first, other, lacking, extra } => {
                let mut d = say(format!("`{first}` and `{other}` do not have the same columns"), "read as one table");
                for (names, verb) in [(lacking, "lacks"), (extra, "also has")] {
                    if !names.is_empty() {
                        d = d
                            .note(format!("`{other}` {verb} {}", quoted_list(names.iter().map(String::as_str), SHOWN)));
                    }
                }
                d
            }
            DataProblem::NoHeader { source, line, reading } => {
                let first = format!("its first line is `{}`", excerpt(line));
                let d = |message: String| say(message, "read here").note(first.clone());
                match reading {
                    FirstLine::Example => d(format!("`{source}` has no header: its first line is an example"))
                        .note("the first line of a table names its columns, and columns are chosen by these names")
                        .help("put a line with a name for each column before the others"),
                    FirstLine::Comment => {
                        d(format!("`{source}` begins with a comment, not with the names of its columns"))
                            .help("remove the lines before the header: a table has no comments")
                    }
                    FirstLine::Page => d(format!("`{source}` is a web page, not a table"))
                        .help("download the file itself, not the page that shows it"),
                    FirstLine::Json => {
                        let table = Path::new(source).with_extension("csv");
                        d(format!("`{source}` is JSON, not a table")).help(format!(
                            "write its records as a table, for example by `pandas.read_json(\"{source}\")\
                             .to_csv(\"{}\", index=False)`",
                            table.display()
                        ))
                    }
                    FirstLine::GitLfs => d(format!("`{source}` is a pointer of git-lfs: the file itself is not here"))
                        .help("`git lfs pull` fetches it"),
                }
            }
            DataProblem::RangeReversed { from, to } => {
                say(format!("`{from}` comes after `{to}` in the table"), "a range runs in the order of the columns")
                    .help(format!("write `{to} .. {from}`"))
            }
            DataProblem::ChosenTwice { column } => say(format!("column `{column}` is chosen twice"), "already chosen"),
            DataProblem::NothingChosen => say("no column is left".to_string(), "nothing is chosen here"),
            DataProblem::ExceptNotChosen { column } => {
                say(format!("column `{column}` is taken out but was not chosen"), "not among the chosen columns")
            }
            _ => say("something is wrong with the columns".to_string(), "here"),
        }
    }

    fn about_images(&self, span: Span) -> Diagnostic {
        let say = |message: String, label: &str| Diagnostic::new(self.code(), message, span, label);
        match self {
            DataProblem::NoClassFolders { folder, images } => {
                let d = say(format!("`{folder}` has no folder for any class"), "read here");
                let d = match images {
                    0 => d.note("there is no image in it either"),
                    1 => d.note("one image lies in it directly, and is of no class"),
                    n => d.note(format!("{n} images lie in it directly, and are of no class")),
                };
                d.help(format!(
                    "put the images of each class into a folder of its own: `{0}/cat/1.png`, `{0}/dog/2.png`",
                    folder.trim_end_matches('/')
                ))
            }
            DataProblem::NoImages { folder } => say(format!("there is no image in `{folder}`"), "read here")
                .note("images are files that end in .png, .jpg or .jpeg; hidden ones do not count"),
            DataProblem::ImageFormat { written, format } => {
                say(format!("`{written}` is a {format} image, and png and jpeg are read"), "read here").help(format!(
                    "convert it, for example by `magick mogrify -format png *.{format}`, or move it away"
                ))
            }
            DataProblem::BrokenImage { written, reason } => {
                say(format!("`{written}` is not a sound image: {reason}"), "read here")
                    .help("replace it, or take it out of the folder")
            }
            _ => say("something is wrong with the images".to_string(), "here"),
        }
    }

    fn about_splits(&self, span: Span) -> Diagnostic {
        let say = |message: String, label: &str| Diagnostic::new(self.code(), message, span, label);
        match self {
            DataProblem::LengthsDiffer { first, other, split } => {
                let of = split.map_or(String::new(), |s| format!(" in {}", s.name()));
                say(
                    format!("{} has {} examples{of}, {} has {}", name(&first.0), first.1, name(&other.0), other.1),
                    "another number of examples",
                )
                .note("the fields of a data block describe the same examples, one after another")
            }
            DataProblem::RowsDiffer { source } => {
                say(format!("different rows of `{source}` are put side by side"), "other rows")
                    .help("use one table for all fields: `let t = csv(…) |> drop_missing`")
            }
            DataProblem::SplitsDiffer { first, other } => {
                let describe = |splits: &[Split]| match splits {
                    [] => "not given per split".to_string(),
                    some => format!("given for {}", quoted_list(some.iter().map(|s| s.name()), 3)),
                };
                say("the sources do not give the same splits".to_string(), "differs").note(format!(
                    "{} is {}, {} is {}",
                    name(&first.0),
                    describe(&first.1),
                    name(&other.0),
                    describe(&other.1)
                ))
            }
            DataProblem::NoTrain { given } => say("this source gives nothing to train on".to_string(), "no `train:`")
                .note(match given.as_slice() {
                    [] => "it names no file".to_string(),
                    some => format!("it gives {}", quoted_list(some.iter().map(|s| s.name()), 3)),
                }),
            DataProblem::Shares { shares, sum } => {
                let sum_text = percent(*sum);
                if shares.iter().any(|(s, _)| *s == Split::Train) {
                    say(format!("the shares make {sum_text}, not 100 %"), "these shares")
                        .help("leave out `train` to give it the rest")
                } else {
                    say(format!("the shares make {sum_text}, which leaves nothing to train on"), "these shares")
                }
            }
            DataProblem::ShareOutside { split, share } => {
                say(format!("`{}` gets {}", split.name(), percent(*share)), "a share is more than 0 and at most 100 %")
            }
            DataProblem::ShareTwice { split } => say(format!("`{}` is given two shares", split.name()), "twice"),
            DataProblem::SplitGiven { split } => {
                say(format!("`{}` is given by the sources already", split.name()), "given again here")
                    .help("a split of given sources carves only out of their `train`")
            }
            DataProblem::EmptySplit { split, share, rows } => say(
                format!("`{}` gets no example: {} of {rows} is less than one", split.name(), percent(*share)),
                "leaves a split empty",
            ),
            DataProblem::StratifyNotClass { found } => {
                say(format!("`stratify` needs a class, and this is {found}"), "not a class")
                    .help("name a field of classes, such as `t.species |> classes`")
            }
            _ => say("something is wrong with the split".to_string(), "here"),
        }
    }
}

fn cells_of(n: usize) -> String {
    format!("{n} {}", if n == 1 { "cell" } else { "cells" })
}

fn columns_of(n: usize) -> String {
    format!("{n} {}", if n == 1 { "column" } else { "columns" })
}

/// A field in backquotes; a part of an expression as it is.
pub(super) fn name(name: &str) -> String {
    if is_name(name) { format!("`{name}`") } else { name.to_string() }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn percent(share: f64) -> String {
    // Rounded, because 0.1 + 0.2 is not 0.3; adding 0 turns a -0 into 0.
    format!("{} %", (share * 1e8).round() / 1e6 + 0.0)
}
