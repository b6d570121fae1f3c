//! One line each: `file:line:column: error[E0301]: message`.

use super::{path_of, position, word};
use crate::diagnostics::Diagnostic;
use crate::source::{LineColumn, SourceMap};

pub(super) fn short(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let span = diagnostic.span();
    let LineColumn { line, column } = position(sources, span.file, span.start);
    let (path, severity) = (path_of(sources, span.file), word(diagnostic.severity));
    format!("{path}:{line}:{column}: {severity}[{}]: {}\n", diagnostic.code, diagnostic.message)
}
