//! The words for a [`Divergence`].

use super::cause::{Cause, Divergence, Made, Numbers, Trouble};
use crate::diagnostics::{Diagnostic, Edit};
use crate::source::Span;

impl Divergence {
    /// One line: what happened, and when.
    pub(super) fn message(&self) -> String {
        let what = match &self.cause {
            Some(cause) => cause.what(),
            None => self.what_was_seen(),
        };
        format!("training of {} diverged: {what} at step {} (epoch {})", self.train, self.step, self.epoch)
    }

    fn what_was_seen(&self) -> String {
        if self.loss.is_nan() {
            "the loss is not a number".to_owned()
        } else if self.loss.is_infinite() {
            "the loss is infinite".to_owned()
        } else {
            "a weight is not a number".to_owned()
        }
    }

    pub(super) fn diagnostic(&self) -> Diagnostic {
        let mut diagnostic = match &self.cause {
            Some(cause) => cause.labelled(Diagnostic::new(self.code(), self.message(), cause.span, cause.label())),
            None => Diagnostic::new(self.code(), self.message(), self.span, "in this train"),
        };
        for note in self.notes() {
            diagnostic = diagnostic.note(note);
        }
        self.advise(diagnostic)
    }

    /// What was seen, in which examples, and how it came.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.cause.as_ref().and_then(|cause| cause.rows()));
        let losses: Vec<String> = self.losses.iter().map(|loss| number(*loss)).collect();
        match losses.as_slice() {
            [] => notes.push("it was the first step".to_owned()),
            [one] => notes.push(format!("the loss of the step before was {one}")),
            some => notes.push(format!("the losses of the steps before were {}", some.join(", "))),
        }
        let of_group = self
            .group
            .as_ref()
            .map_or(String::new(), |group| format!(", that of the group {} {}", group.source.text, number(group.lr)));
        notes.push(format!("the learning rate was {}{of_group}", number(self.lr)));
        notes
    }

    /// Whether the losses say that the steps were too large: they grow and grow.
    fn grows(&self) -> bool {
        match (self.losses.first(), self.losses.last()) {
            (Some(first), Some(last)) => last.abs() > 10.0 * first.abs().max(1.0),
            _ => false,
        }
    }

    fn advise(&self, diagnostic: Diagnostic) -> Diagnostic {
        let trouble = self.cause.as_ref().map_or(Trouble::TooLarge, |cause| cause.trouble);
        let cause = self.cause.as_deref();
        let diagnostic = match (trouble, cause) {
            (Trouble::Logarithm, Some(cause)) if cause.lowest() < -TINY => {
                let standardized = cause.operands.iter().find(|operand| operand.is_standardized);
                match standardized.map(|operand| &operand.source.text) {
                    Some(field) => diagnostic.note(format!(
                        "`{field}` is standardized, so about half of its numbers lie below 0, where there is no logarithm"
                    ))
                    .help(format!(
                        "take the logarithm in the data, before: `field {field} = log(t.column) |> standardize`"
                    )),
                    None => diagnostic.help(
                        "a logarithm needs numbers above 0: `log(clamp(x, min: 1e-7))`, or `log(relu(x) + 1e-7)`",
                    ),
                }
            }
            (Trouble::Logarithm, Some(cause)) => {
                let diagnostic = cause.widen(diagnostic, "log", " + 1e-7", "keep the logarithm away from 0");
                if cause.operands.iter().any(|operand| operand.is_probability) {
                    return diagnostic.help(
                        "a loss that takes logits needs no logarithm of a probability: `cross_entropy(logits, target)`, \
                         `bce_with_logits(logits, target)`; or `log_softmax(logits)`",
                    );
                }
                diagnostic
            }
            (Trouble::Division, _) => {
                diagnostic.help("keep the divisor away from 0: `a / (b + 1e-7)` where it is never negative")
            }
            (Trouble::Root, _) => {
                diagnostic.help("a square root needs numbers that are not negative: `sqrt(relu(x) + 1e-7)`")
            }
            (Trouble::RootGradient, Some(cause)) => {
                let diagnostic =
                    diagnostic.note("a square root is infinitely steep at 0, so its gradient there is not finite");
                if cause.source.text.starts_with("sqrt") {
                    cause.widen(diagnostic, "sqrt", " + 1e-7", "keep the root away from 0")
                } else {
                    diagnostic.help("write the root with a small number in it: `sqrt(sum(x^2) + 1e-7)`")
                }
            }
            (Trouble::Exponential, _) => diagnostic.note("`exp` of more than 88.7 is beyond what 32 bits hold").help(
                "keep its operand small: `exp(clamp(x, -20, 20))`, or subtract the largest first, as `softmax` does",
            ),
            (Trouble::Power, _) => {
                diagnostic.help("a power that is not whole needs a base above 0: `(abs(x) + 1e-7)^p`")
            }
            (Trouble::Outside { positions, .. }, _) => diagnostic.help(format!(
                "positions are 0 to {}: make the table longer, or keep what picks from it inside",
                positions.saturating_sub(1)
            )),
            _ => diagnostic,
        };
        match (trouble, &self.cause) {
            (Trouble::TooLarge, _) => self.smaller_steps(diagnostic),
            (Trouble::Outside { .. }, _) => diagnostic,
            _ if self.grows() => self.smaller_steps(diagnostic),
            _ => diagnostic,
        }
    }

    fn smaller_steps(&self, diagnostic: Diagnostic) -> Diagnostic {
        let diagnostic = match (self.group.as_ref().filter(|group| group.is_suspect), self.lr_span) {
            (Some(group), _) => {
                let smaller = smaller_rate(group.written);
                let title = format!("a smaller learning rate for {}: {smaller}", group.source.text);
                diagnostic.label(group.lr_span, "the weights of this group go in the largest steps").fix(
                    title,
                    group.lr_span,
                    smaller,
                )
            }
            (None, Some(span)) if self.lr > 0.0 => {
                let smaller = smaller_rate(self.lr);
                diagnostic.fix(format!("a smaller learning rate: {smaller}"), span, smaller)
            }
            (None, _) => diagnostic.help("a smaller learning rate"),
        };
        let diagnostic = diagnostic.help("`clip: norm(1.0)` keeps a single step from going too far");
        if self.losses.is_empty() {
            diagnostic.help("inputs of very different sizes want `standardize`")
        } else {
            diagnostic
        }
    }
}

/// A tenth, or what networks are usually trained with where that is far away.
fn smaller_rate(lr: f64) -> String {
    if lr > 1.0 { "1e-3".to_owned() } else { number(lr / 10.0) }
}

/// What rounding makes of 0 is nearer to it than this.
const TINY: f64 = 1e-6;

impl Cause {
    /// The smallest number that was worked on.
    fn lowest(&self) -> f64 {
        self.operands.first().map_or(0.0, |operand| operand.min)
    }

    fn what(&self) -> String {
        let left = self.operands.first();
        let least = |numbers: Option<&Numbers>| numbers.map_or("a number that has none".to_owned(), |n| number(n.min));
        let most = |numbers: Option<&Numbers>| numbers.map_or(String::new(), |n| format!(" of {}", number(n.max)));
        match (&self.made, self.trouble) {
            (Made::Weight(path), _) => format!("the weight `{path}` is not a number"),
            (Made::Data(field), _) => format!("the field `{field}` holds a number that is not finite"),
            (_, Trouble::Logarithm) => format!("a logarithm of {}", least(left)),
            (_, Trouble::Division) => "a division by 0".to_owned(),
            (_, Trouble::Root) => format!("a square root of {}", least(left)),
            (_, Trouble::RootGradient) => "the gradient of a square root at 0".to_owned(),
            (_, Trouble::Exponential) => format!("an exponential{}", most(left)),
            (_, Trouble::Power) => format!("a power of {}", least(left)),
            (_, Trouble::Outside { position, positions }) => {
                format!("position {position} of a table that has {positions}")
            }
            (_, Trouble::TooLarge) if self.is_backward => "a gradient has grown beyond what 32 bits hold".to_owned(),
            (_, Trouble::TooLarge) => "a number has grown beyond what 32 bits hold".to_owned(),
        }
    }

    /// What is said at the operation.
    fn label(&self) -> String {
        if let Trouble::Outside { positions, .. } = self.trouble {
            return format!("picks from {positions} positions");
        }
        let (wrong, count) = (self.result.not_finite, self.result.count);
        let results = match (wrong, count) {
            (_, 1) => "the result is not finite".to_owned(),
            (wrong, count) if wrong == count => format!("none of {count} results is finite"),
            (wrong, count) => {
                format!("{wrong} of {count} results {} not finite", if wrong == 1 { "is" } else { "are" })
            }
        };
        match &self.made {
            Made::Weight(_) => "the update of an earlier step broke it".to_owned(),
            Made::Data(_) => "in this field".to_owned(),
            Made::Operation(_) if self.is_backward => {
                let inside = self.shown_inside().map_or(String::new(), |numbers| format!("; it was given {numbers}"));
                format!("in the backward pass of this, {results}{inside}")
            }
            Made::Operation(_) => match self.shown_inside() {
                Some(numbers) => format!("given {numbers}, {results}"),
                None => format!("here {results}"),
            },
        }
    }

    /// The operands whose own place lies elsewhere get a label there; the range of the others stands with the
    /// operation.
    fn shown_inside(&self) -> Option<String> {
        let inside: Vec<String> =
            self.shown().filter(|o| o.span == self.span || o.span.is_empty()).map(range).collect();
        (!inside.is_empty()).then(|| inside.join(" and "))
    }

    fn shown(&self) -> impl Iterator<Item = &Numbers> {
        self.operands.iter().filter(|operand| !operand.is_number || operand.zeros > 0)
    }

    fn labelled(&self, diagnostic: Diagnostic) -> Diagnostic {
        let mut labelled: Vec<Span> = vec![self.span];
        let mut diagnostic = diagnostic;
        for operand in self.shown() {
            if !operand.span.is_empty() && !labelled.contains(&operand.span) {
                labelled.push(operand.span);
                diagnostic = diagnostic.label(operand.span, range(operand));
            }
        }
        diagnostic
    }

    /// In which examples it happened.
    fn rows(&self) -> Option<String> {
        if self.ids.is_empty() {
            return None;
        }
        let places: Vec<String> = match self.places.is_empty() {
            false => self.places.iter().map(ToString::to_string).collect(),
            true => self.ids.iter().take(3).map(|id| format!("row {}", u64::from(*id) + 1)).collect(),
        };
        let more = self.ids.len().saturating_sub(places.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let of = match (self.ids.len(), self.batch) {
            (1, 1) => "in the only example of the batch".to_owned(),
            (n, batch) if n == batch => format!("in all {batch} examples of the batch"),
            (n, batch) => format!("in {n} of the {batch} examples of the batch"),
        };
        Some(format!("it happened {of}: {}{more}", places.join(", ")))
    }

    /// The edit that adds something inside the parentheses of the call, where the source is one; else the advice.
    fn widen(&self, diagnostic: Diagnostic, function: &str, added: &str, title: &str) -> Diagnostic {
        let is_call =
            self.source.text.strip_prefix(function).is_some_and(|rest| rest.starts_with('(') && rest.ends_with(')'));
        if is_call && closes_last(&self.source.text) && self.span.end > self.span.start {
            let before_end = Span { start: self.span.end - 1, end: self.span.end - 1, ..self.span };
            let edit = Edit { span: before_end, text: added.to_owned() };
            return diagnostic.fix_all(format!("{title}: `{function}(x{added})`"), vec![edit]);
        }
        diagnostic.help(format!("{title}: `{function}(x{added})`"))
    }
}

/// Whether the first parenthesis of a text is the one that its last character closes.
fn closes_last(text: &str) -> bool {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1 == text.len();
        }
    }
    false
}

/// `numbers from 0 to 0.93, 2 of 16 are 0`
fn range(numbers: &Numbers) -> String {
    let span = match (numbers.count, numbers.min <= numbers.max) {
        (_, false) => return "no finite number".to_owned(),
        (1, true) => return number(numbers.max),
        _ if numbers.min == numbers.max => format!("{} everywhere", number(numbers.min)),
        _ => format!("numbers from {} to {}", number(numbers.min), number(numbers.max)),
    };
    let counted = |n: usize, what: &str| match n {
        0 => String::new(),
        n if n == numbers.count => String::new(),
        1 => format!(", one of {} is {what}", numbers.count),
        n => format!(", {n} of {} are {what}", numbers.count),
    };
    format!("{span}{}{}", counted(numbers.zeros, "0"), counted(numbers.not_finite, "not finite"))
}

/// A number as people write it: four digits that matter.
pub(super) fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !x.is_finite() {
        return if x.is_nan() { "not a number".to_owned() } else { "infinite".to_owned() };
    }
    if (1e-4..1e6).contains(&x.abs()) {
        let digits = (3 - x.abs().log10().floor() as i64).clamp(0, 8) as usize;
        let text = format!("{x:.digits$}");
        return match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        };
    }
    let text = format!("{x:.3e}");
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{closes_last, number};

    #[test]
    fn a_call_ends_with_its_own_parenthesis() {
        assert!(closes_last("sqrt(sum((w * x)^2))") && closes_last("log(p)"));
        assert!(!closes_last("log(p) - log(q)") && !closes_last("log(p"));
    }

    #[test]
    fn numbers_are_short() {
        let shown: Vec<String> =
            [0.0, 1.0, 0.69312345, -2.5, 1234.5678, 1e6, 3.2e-9, 1e30, f64::NAN].map(number).to_vec();
        assert_eq!(shown, ["0", "1", "0.6931", "-2.5", "1235", "1e6", "3.2e-9", "1e30", "not a number"]);
    }
}
