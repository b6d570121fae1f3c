//! The words for a [`Shortage`].

use super::memory::Shortage;
use crate::diagnostics::{Code, Diagnostic};

impl Shortage {
    /// One line: what is needed, and what there is.
    pub(super) fn message(&self) -> String {
        let whose = if self.is_limit { "are allowed" } else { "are free" };
        let data = if self.is_limit { self.data } else { 0 };
        let needed = self.step + self.copies + data;
        format!("training {} needs {} of memory, and {} {whose}", self.train, bytes(needed), bytes(self.available))
    }

    pub(super) fn diagnostic(&self) -> Diagnostic {
        let examples = if self.batch == 1 { "1 example".to_owned() } else { format!("{} examples", self.batch) };
        let label = format!("a step with {examples} takes {}", bytes(self.step));
        let at = self.batch_span.unwrap_or(self.span);
        let mut diagnostic = Diagnostic::new(Code::E0910, self.message(), at, label);
        for (span, shape, size) in &self.largest {
            diagnostic = diagnostic.label(*span, format!("{shape} of each example: {}", bytes(*size)));
        }
        diagnostic = diagnostic.note(format!(
            "the data takes {}, and a copy of the weights to go back to {}",
            bytes(self.data),
            bytes(self.copies)
        ));
        match (self.fits, self.batch_span) {
            (Some(batch), Some(span)) => diagnostic.fix(format!("a batch of {batch} fits"), span, batch.to_string()),
            (Some(batch), None) => diagnostic.help(format!("a batch of {batch} fits: `batch: {batch}`")),
            (None, _) => diagnostic.help("not even a batch of one fits: make the layers smaller, or the examples"),
        }
    }
}

/// A size in memory: `512 B`, `1.5 MiB`.
fn bytes(n: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut size = n as f64 / 1024.0;
    let mut unit = "KiB";
    for larger in units.iter().skip(1) {
        if size < 1024.0 {
            break;
        }
        (size, unit) = (size / 1024.0, larger);
    }
    format!("{size:.1} {unit}")
}
