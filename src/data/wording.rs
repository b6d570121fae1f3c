//! The words for every [`DataProblem`].

use super::problem::DataProblem;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

impl DataProblem {
    /// The problem in words, at `span` of the `.nn` file.
    pub fn diagnostic(&self, span: Span) -> Diagnostic {
        Diagnostic::new(Code::E0001, format!("{self:?}"), span, "")
    }
}
