//! Diagnostics as text: for people (ariadne), one line each, or JSON.

use super::Diagnostic;
use crate::source::SourceMap;

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// With the source, labels and help.
    #[default]
    Human,
    /// `file:line:column: error[E0301]: message`.
    Short,
    /// One JSON object with all of them, as LANGUAGE.md fixes it.
    Json,
}

/// What the output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether ANSI colours may be used.
    pub color: bool,
}

/// One diagnostic in the human or short format.
pub fn render(_sources: &SourceMap, diagnostic: &Diagnostic, _format: Format, _style: Style) -> String {
    diagnostic.message.clone()
}

/// All diagnostics in one format, ready to print.
pub fn render_all(sources: &SourceMap, diagnostics: &[Diagnostic], format: Format, style: Style) -> String {
    diagnostics.iter().map(|d| render(sources, d, format, style)).collect()
}
