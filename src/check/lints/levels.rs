//! What the command line makes of warnings: `--deny`, `--allow`.

use crate::diagnostics::{Code, Diagnostic, Severity, nearest};
use std::fmt;
use std::str::FromStr;

/// A lint, or all warnings, as the command line names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LintName {
    /// `warnings`
    Warnings,
    /// `L0102`
    Code(Code),
}

impl FromStr for LintName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("warnings") {
            return Ok(LintName::Warnings);
        }
        match Code::parse(text) {
            Some(code) if code.severity() == Severity::Warning => Ok(LintName::Code(code)),
            Some(code) => Err(format!("{code} is an error, and only warnings can be chosen")),
            None => {
                let lints = Code::ALL.iter().filter(|c| c.severity() == Severity::Warning).map(|c| c.text());
                Err(match nearest(text, lints.chain(["warnings"])) {
                    Some(meant) => format!("no lint has this code; a similar one is {meant}"),
                    None => "no lint has this code; they begin with L, and `warnings` is all of them".to_owned(),
                })
            }
        }
    }
}

impl fmt::Display for LintName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LintName::Warnings => f.write_str("warnings"),
            LintName::Code(code) => f.write_str(code.text()),
        }
    }
}

/// Which warnings are errors, and which are not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LintLevels {
    /// `--deny`, in order.
    pub deny: Vec<LintName>,
    /// `--allow`, in order. What is both allowed and denied is allowed where its code is named.
    pub allow: Vec<LintName>,
}

impl LintLevels {
    pub(super) fn apply(&self, diagnostics: &mut Vec<Diagnostic>) {
        diagnostics.retain(|d| d.is_error() || !self.is_allowed(d.code));
        for diagnostic in diagnostics.iter_mut().filter(|d| !d.is_error()) {
            let name =
                [LintName::Code(diagnostic.code), LintName::Warnings].into_iter().find(|n| self.deny.contains(n));
            if let Some(name) = name {
                diagnostic.severity = Severity::Error;
                diagnostic.notes.push(format!("a warning, which `--deny {name}` makes an error"));
            }
        }
    }

    fn is_allowed(&self, code: Code) -> bool {
        let named = LintName::Code(code);
        self.allow.contains(&named) || self.allow.contains(&LintName::Warnings) && !self.deny.contains(&named)
    }
}
