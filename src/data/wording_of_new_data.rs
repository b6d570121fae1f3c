//! The words for problems of data that was given in place of what the program names. Its own data is sound, so what has
//! to change is the file, not the program.

use super::place::MissingIn;
use super::problem::{DataError, DataProblem};
use super::wording::SHOWN;
use super::wording_of_values::missing_note;
use crate::diagnostics::{Code, Diagnostic, excerpt, quoted_list};
use crate::source::Span;

/// Columns that are named.
const NAMED: usize = 4;

impl DataError {
    /// The problem in words, where `given` is read in place of what stands in the program.
    pub fn diagnostic_of_new(&self, given: &str) -> Diagnostic {
        let told = self.diagnostic();
        let here = format!("in place of this, `{given}` is read");
        match &*self.problem {
            DataProblem::Missing { columns, .. } => missing(columns, self, here),
            DataProblem::Empty { written, header: true } => {
                let message = format!("`{written}` has no row to predict");
                Diagnostic::new(Code::E0519, message, self.span, here)
                    .note("its first line is read as the names of the columns, and it is the only one")
                    .help("write the names of the columns into the first line, as in the data that was learned from")
            }
            DataProblem::Empty { .. }
            | DataProblem::Unreadable { .. }
            | DataProblem::NotUtf8 { .. }
            | DataProblem::NoHeader { .. }
            | DataProblem::RaggedRow { .. }
            | DataProblem::NeverCloses { .. } => relabelled(told, here),
            DataProblem::OtherFormat { written, format, .. } => {
                let message = format!("`{written}` is {format}, and the program reads a CSV here");
                Diagnostic::new(Code::E0520, message, self.span, here)
                    .help("what is predicted is read as the data that was learned from: write it as CSV")
            }
            _ => told,
        }
    }
}

impl DataProblem {
    /// What does not fit what was learned from.
    pub(super) fn about_new_data(&self, span: Span) -> Diagnostic {
        let say = |message: String, label: &str| Diagnostic::new(self.code(), message, span, label);
        let list = |names: &[String]| quoted_list(names.iter().map(String::as_str), SHOWN);
        match self {
            DataProblem::WrongReplacement { wanted, given } => {
                say(format!("this is read from `{wanted}`, and the new data is `{given}`"), "what the model reads")
            }
            DataProblem::SeveralSources { fields } => {
                say(format!("{} come from several sources, and the new data is one", list(fields)), "this data block")
            }
            DataProblem::ReplacementShape { field, wanted, found } => say(
                format!("`{field}` is {wanted:?} in the model and {found:?} in the new data"),
                "what the model reads",
            ),
            DataProblem::FittedMismatch { field, reason } => {
                say(format!("what was saved for `{field}` does not belong to this program"), "this field")
                    .note(reason.clone())
                    .help("use the program that the run was trained with; a run keeps a copy of it")
            }
            DataProblem::NoField { field, fields } => say(format!("there is no field `{field}`"), "this data block")
                .note(format!("its fields are {}", list(fields))),
            _ => say("the new data does not fit".to_string(), "here"),
        }
    }
}

/// The diagnostic, with what is said at the place in the program.
fn relabelled(told: Diagnostic, here: String) -> Diagnostic {
    let mut told = told;
    if let Some(label) = told.labels.first_mut() {
        label.message = here;
    }
    told
}

/// `new.csv:2 has no petal_width_cm`
fn missing(columns: &[MissingIn], error: &DataError, here: String) -> Diagnostic {
    let total: u64 = columns.iter().map(|column| column.count).sum();
    let first = columns.iter().find_map(|column| Some((column, column.first.first()?)));
    let message = match first {
        Some((column, place)) if total == 1 => format!("{place} has no `{}`", excerpt(&column.column)),
        Some((column, place)) => {
            format!("{place} has no `{}`, and {} more are missing", excerpt(&column.column), total - 1)
        }
        None => format!("{total} values are missing"),
    };
    let mut told = Diagnostic::new(error.problem.code(), message, error.span, here);
    if total > 1 {
        for column in columns.iter().take(NAMED) {
            told = told.note(missing_note(column));
        }
    }
    told.note("the model has learned from rows without gaps in this, and says nothing of one with a gap").help(
        "write the value into the file, or leave the row out; to predict rows with gaps, train with `|> fill(mean)`",
    )
}
