//! Edits for mistakes in data: the data knows what is wrong, the text of the program knows where an edit fits.

use super::checker::Checker;
use super::data_columns::written;
use crate::data::{DataError, DataProblem};
use crate::diagnostics::Diagnostic;
use crate::source::Span;

impl Checker<'_> {
    /// Tells what is wrong with data, with an edit where the place of one is certain.
    pub fn report_data(&mut self, error: &DataError) {
        let diagnostic = error.diagnostic();
        let text = self.sources.text(error.span);
        let part = |start: usize, length: usize| {
            let start = error.span.start as usize + start;
            Span::new(error.span.file, start, start + length)
        };
        let repaired = match &*error.problem {
            DataProblem::NoFile { written, nearest: Some(nearest), missing_folder: None } => {
                let quoted = format!("\"{written}\"");
                text.find(&quoted).map(|at| {
                    let title = format!("there is `{nearest}`");
                    Diagnostic { help: Vec::new(), ..diagnostic.clone() }.fix(
                        title,
                        part(at, quoted.len()),
                        format!("\"{nearest}\""),
                    )
                })
            }
            // A range that reaches the column of the names.
            DataProblem::TextForNumber { column, count, rows, is_new: false, .. }
                if count == rows && text.contains("..") && text.contains('[') =>
            {
                let end = text.rfind(']').unwrap_or(text.len());
                let told = Diagnostic { help: Vec::new(), ..diagnostic.clone() };
                let column = written(column);
                Some(told.fix(
                    format!("leave it out: `except: {column}`, or end the range before it"),
                    part(end, 0),
                    format!(", except: {column}"),
                ))
            }
            // A whole column of text that is a field as it is.
            DataProblem::TextForNumber { column, count, rows, wanted_by, .. }
                if wanted_by == "a field"
                    && count.saturating_mul(4) >= *rows
                    && text.ends_with(&format!(".{column}"))
                    && !text.contains('|') =>
            {
                let title = "number its names: `|> classes`";
                let vector = "a vector of them is `|> classes |> one_hot`".to_owned();
                let diagnostic = Diagnostic { help: vec![vector], ..diagnostic.clone() };
                Some(diagnostic.fix(title, part(text.len(), 0), " |> classes"))
            }
            // The table has a name of its own where it is written.
            DataProblem::TextForNumber { column, .. } => {
                let written = text.split("|>").next().unwrap_or("").trim();
                let named = written.strip_suffix(column.as_str()).and_then(|t| t.strip_suffix('.'));
                named.map(|table| {
                    let (standing, meant) = (format!("`t.{column} "), format!("`{table}.{column} "));
                    let help = diagnostic.help.iter().map(|h| h.replace(&standing, &meant)).collect();
                    Diagnostic { help, ..diagnostic.clone() }
                })
            }
            DataProblem::Missing { columns, .. } if columns.iter().all(|m| !m.text) => {
                let end = text.find("|>").map_or(text.len(), |at| text.get(..at).unwrap_or("").trim_end().len());
                let title = "fill them with `|> fill(mean)`";
                let drop = "`t |> drop_missing` leaves their rows out".to_owned();
                let diagnostic = Diagnostic { help: vec![drop], ..diagnostic.clone() };
                Some(diagnostic.fix(title, part(end, 0), " |> fill(mean)"))
            }
            DataProblem::RangeReversed { from, to } => {
                // Between the two stands nothing but the dots.
                let whole = text.find(from.as_str()).and_then(|start| {
                    let behind = text.get(start + from.len()..)?;
                    let dots = behind.trim_start_matches([' ', '"']).strip_prefix("..")?;
                    let end = dots.trim_start_matches([' ', '"']).strip_prefix(to.as_str())?;
                    Some((start, text.len() - end.len() - start))
                });
                whole.map(|(start, length)| {
                    let written = text.get(start..start + length).unwrap_or("");
                    let instead = written.replacen(from.as_str(), "\0", 1).replacen(to.as_str(), from, 1);
                    let instead = instead.replacen('\0', to, 1);
                    let title = format!("write `{to} .. {from}`");
                    Diagnostic { help: Vec::new(), ..diagnostic.clone() }.fix(title, part(start, length), instead)
                })
            }
            DataProblem::LabelOutside { classes, .. } => {
                let written = format!("classes({classes})");
                text.find(&written).map(|at| {
                    let title = "`classes` without a number makes a class of every value that is there";
                    let mut help = diagnostic.help.clone();
                    help.retain(|h| h != title);
                    Diagnostic { help, ..diagnostic.clone() }.fix(title, part(at, written.len()), "classes")
                })
            }
            _ => None,
        };
        self.report(repaired.unwrap_or(diagnostic));
    }
}
