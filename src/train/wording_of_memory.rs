//! The words for a [`Shortage`].

use super::memory::Shortage;
use crate::diagnostics::{Code, Diagnostic};

impl Shortage {
    /// One line: what is needed, and what there is.
    pub(super) fn message(&self) -> String {
        let whose = if self.is_limit { "are allowed" } else { "are free" };
        let data = if self.is_limit { self.data } else { 0 };
        let needed = self.step.saturating_add(self.copies).saturating_add(data);
        format!("training {} needs {} of memory, and {} {whose}", self.train, bytes(needed), bytes(self.available))
    }

    pub(super) fn diagnostic(&self) -> Diagnostic {
        let examples = if self.batch == 1 { "1 example".to_owned() } else { format!("{} examples", self.batch) };
        let label = format!("a step with {examples} takes {}", bytes(self.step));
        let at = self.batch_span.unwrap_or(self.span);
        let mut diagnostic = Diagnostic::new(Code::E0910, self.message(), at, label);
        for large in &self.largest {
            let size = bytes(large.bytes);
            let label = match &large.weight {
                Some(path) => format!("the weight {path} is {}: {size}", large.shape),
                None => format!("{} of each example: {size}", large.shape),
            };
            diagnostic = diagnostic.label(large.span, label);
        }
        diagnostic = diagnostic.note(format!(
            "weights, and what the optimizer keeps beside them, take {} of it; a copy of them to go back to {}, and the \
             data {}",
            bytes(self.states),
            bytes(self.copies),
            bytes(self.data),
        ));
        match (self.fits, self.batch_span) {
            (Some(batch), Some(span)) => diagnostic.fix(format!("a batch of {batch} fits"), span, batch.to_string()),
            (Some(batch), None) => diagnostic.help(format!("a batch of {batch} fits: `batch: {batch}`")),
            (None, _) if self.states.saturating_add(self.copies) > self.available => diagnostic
                .help("not even a batch of one fits: the weights alone are too large, so make the layers smaller"),
            (None, _) => diagnostic.help("not even a batch of one fits: make the layers smaller, or the examples"),
        }
    }
}

/// A size in memory: `512 B`, `1.5 MiB`.
pub(super) fn bytes(n: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
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
