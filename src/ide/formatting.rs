//! The formatter's work as edits: only the gaps that change.

use crate::source::FileId;
use crate::syntax::{self, parse};
use std::ops::Range;

/// The replacement of some bytes by a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// What is replaced; empty for an insertion.
    pub bytes: Range<usize>,
    /// The new text.
    pub text: String,
}

/// What makes the text canonical, in order. Nothing where it does not parse.
pub fn format(text: &str) -> Vec<TextEdit> {
    formatted(text).map_or_else(Vec::new, |formatted| edits(text, &formatted))
}

/// The same for the lines that the range touches. What lies between two tokens is one decision: it is taken as a whole
/// or not at all.
pub fn format_range(text: &str, range: Range<usize>) -> Vec<TextEdit> {
    let start = text.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let end =
        text.get(range.end..).and_then(|after| after.find('\n')).map_or(text.len(), |newline| range.end + newline);
    let mut edits = format(text);
    edits.retain(|edit| edit.bytes.start >= start && edit.bytes.end <= end);
    // Half of what the formatter wants may be less than a program.
    let parses = || !parse(FileId::default(), &apply(text, &edits)).1.iter().any(|d| d.is_error());
    if edits.is_empty() || parses() { edits } else { Vec::new() }
}

/// The canonical text, with the line ends of the text.
fn formatted(text: &str) -> Option<String> {
    let formatted = syntax::format(FileId::default(), text).ok()?;
    let has_carriage_returns = text.contains("\r\n") && !formatted.contains('\r');
    Some(if has_carriage_returns { formatted.replace('\n', "\r\n") } else { formatted })
}

/// The gaps in which two texts of the same tokens differ.
fn edits(old: &str, new: &str) -> Vec<TextEdit> {
    let mut edits = Vec::new();
    let (mut at_old, mut at_new) = (0, 0);
    loop {
        let (rest_old, rest_new) = (old.get(at_old..).unwrap_or(""), new.get(at_new..).unwrap_or(""));
        let (gap_old, gap_new) = (gap(rest_old), gap(rest_new));
        if gap_old != gap_new {
            edits.push(TextEdit { bytes: at_old..at_old + gap_old.len(), text: gap_new.to_owned() });
        }
        at_old += gap_old.len();
        at_new += gap_new.len();
        let next = |text: &str, at: usize| text.get(at..).and_then(|rest| rest.chars().next());
        match (next(old, at_old), next(new, at_new)) {
            (None, None) => return edits,
            (Some(a), Some(b)) if a == b => {
                at_old += a.len_utf8();
                at_new += a.len_utf8();
            }
            // More than space was changed: all of it is one edit.
            _ => return vec![TextEdit { bytes: 0..old.len(), text: new.to_owned() }],
        }
    }
}

/// The white space that a text begins with.
fn gap(text: &str) -> &str {
    let gap = text.len() - text.trim_start().len();
    text.get(..gap).unwrap_or("")
}

fn apply(text: &str, edits: &[TextEdit]) -> String {
    let mut result = String::new();
    let mut done = 0;
    for edit in edits {
        result.push_str(text.get(done..edit.bytes.start).unwrap_or(""));
        result.push_str(&edit.text);
        done = edit.bytes.end;
    }
    result.push_str(text.get(done..).unwrap_or(""));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_make_the_text_canonical_and_touch_little() {
        let text = "hyper  a=1\n# 模型   𝔸\nmodel M(x:[4]) -> y:[2]{\n  x|>Dense(2)\n}\n\n\n\n";
        let edits = format(text);
        let canonical = syntax::format(FileId::default(), text).expect("it parses");
        assert_eq!(apply(text, &edits), canonical);
        assert!(edits.iter().all(|e| text[e.bytes.clone()].trim().is_empty() && e.text.trim().is_empty()), "{edits:?}");
        assert_eq!(format(&canonical), []);
    }

    #[test]
    fn line_ends_are_kept() {
        let text = "hyper  a = 1\r\nhyper bb = 2\r\n";
        let result = apply(text, &format(text));
        assert_eq!(result, "hyper a  = 1\r\nhyper bb = 2\r\n");
    }

    #[test]
    fn a_range_leaves_the_rest() {
        let text = "hyper  a = 1\n\nblock B(x) {\n  x|>relu\n}\n";
        assert_eq!(apply(text, &format_range(text, 30..30)), "hyper  a = 1\n\nblock B(x) {\n  x |> relu\n}\n");
    }

    #[test]
    fn what_does_not_parse_is_left_alone() {
        assert_eq!(format("hyper  a = \n"), []);
        assert_eq!(format(""), []);
    }
}
