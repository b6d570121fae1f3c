//! How a [`Mistake`] is said.

mod arguments;
mod augment;
mod names;
mod scans;
mod signatures;
mod sweeps;
mod training;

use super::mistake::Mistake;
use crate::diagnostics::{Diagnostic, quoted_list};
use crate::source::{SourceMap, Span};

/// The diagnostic of a mistake made at `span`.
pub(super) fn diagnostic(mistake: &Mistake, span: Span, sources: &SourceMap) -> Diagnostic {
    names::diagnostic(mistake, span)
        .or_else(|| arguments::diagnostic(mistake, span, sources))
        .or_else(|| scans::diagnostic(mistake, span))
        .or_else(|| signatures::diagnostic(mistake, span, sources))
        .or_else(|| sweeps::diagnostic(mistake, span))
        .unwrap_or_else(|| training::diagnostic(mistake, span))
}

/// `did you mean `Dense`?` as a fix at `span`, or else what there is to choose from.
fn suggest(diagnostic: Diagnostic, span: Span, nearest: Option<&String>, known: &[String], what: &str) -> Diagnostic {
    match nearest {
        Some(nearest) => diagnostic.fix(format!("did you mean `{nearest}`?"), span, nearest.as_str()),
        None if known.is_empty() => diagnostic,
        None => diagnostic.help(format!("{what}: {}", quoted_list(known.iter().map(String::as_str), 20))),
    }
}

/// A callee or a base is a name, or a phrase with quotes of its own.
fn quote(text: &str) -> String {
    if text.contains(' ') { text.to_owned() } else { format!("`{text}`") }
}

/// Adds `5 epochs` and `5 steps` as fixes where a number stands for a duration.
fn suggest_duration(diagnostic: Diagnostic, span: Span, wanted: &str, found: &str) -> Diagnostic {
    match found.strip_prefix("the number ") {
        Some(number) if wanted.starts_with("a duration") => diagnostic
            .fix(format!("write `{number} epochs`"), span, format!("{number} epochs"))
            .fix(format!("write `{number} steps`"), span, format!("{number} steps")),
        _ => diagnostic,
    }
}

/// `something else` is no news.
fn this_is(found: &str) -> String {
    if found == "something else" { "this is not".to_owned() } else { format!("this is {found}") }
}
