//! Floor 1: what a diagnostic is, its codes and explanations, and how it is rendered.
//!
//! Every stage keeps its mistakes as facts in an enum of its own, with one function that puts them into words; the
//! result is a [`Diagnostic`]. Nothing above this module knows how diagnostics are drawn, and only `render` uses
//! ariadne.

mod amounts;
mod codes;
mod io_error;
mod quoting;
mod render;
mod spelling;

pub use amounts::bytes;
pub use codes::{Code, Explanation};
pub use io_error::io_reason;
pub use quoting::{excerpt, shell_word, xml_text};
pub use render::{Format, Style, render, render_all, render_files};
pub use spelling::{nearest, one_slip_from, quoted_list, with_article};

use crate::source::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program cannot run.
    Error,
    /// The program runs, but probably not as meant.
    Warning,
}

/// Something to tell the user, with every place that took part.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Its code; `nnrun explain CODE` says more.
    pub code: Code,
    /// Error or warning; follows from the code.
    pub severity: Severity,
    /// One line, without a full stop, in the user's words.
    pub message: String,
    /// The first label is the primary one.
    pub labels: Vec<Label>,
    /// Further facts: the arithmetic, places in data files.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
    /// Edits that an editor can apply.
    pub fixes: Vec<Fix>,
    /// The name that would be usual for what is declared at the primary place. To give it is a rename, and no edit of
    /// one file.
    pub usual_name: Option<String>,
}

/// A place that took part.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub message: String,
}

/// A titled set of edits that repairs the mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What it does, as a button would say it.
    pub title: String,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

/// The replacement of a span by a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// The new text.
    pub text: String,
}

impl Diagnostic {
    /// A diagnostic whose primary place is `span`.
    pub fn new(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: vec![Label { span, message: label.into() }],
            notes: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
            usual_name: None,
        }
    }

    /// Says which name would be usual.
    #[must_use]
    pub fn usual_name(mut self, name: String) -> Self {
        self.usual_name = Some(name);
        self
    }

    /// Adds a place that took part.
    #[must_use]
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds an edit that repairs the mistake. Its title is shown as help, too.
    #[must_use]
    pub fn fix(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.fix_all(title, vec![Edit { span, text: text.into() }])
    }

    /// Adds a set of edits that repair the mistake together. Its title is shown as help, too.
    #[must_use]
    pub fn fix_all(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fixes.push(Fix { title: title.into(), edits });
        self
    }

    /// The primary place.
    pub fn span(&self) -> Span {
        self.labels.first().map_or(Span::default(), |l| l.span)
    }

    /// Whether the program cannot run because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Sorts by place and removes repetitions, as every list of diagnostics is before it is shown.
pub fn tidy(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(|d| (d.span(), d.code));
    diagnostics.dedup();
}
