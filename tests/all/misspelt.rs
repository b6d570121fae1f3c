//! Every kind of name, spelt wrong in one letter or two: what was meant is told, and the fix gives it back.

use super::snapshot::{programs, repository};
use super::ui::{rendered, with_fix};
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::diagnostics::Severity;
use std::path::Path;

/// A program of `tests/misspelt`, with slips marked in it: where `«a|b»` stands, `a` is a slip for `b`.
struct Marked {
    path: String,
    /// The text between the slips, one more than there are slips.
    between: Vec<String>,
    /// Slips, and what is meant.
    slips: Vec<(String, String)>,
}

impl Marked {
    fn read(path: &str) -> Marked {
        let text = std::fs::read_to_string(repository(path)).unwrap();
        // The first line says what the marks are.
        let body = text.find('\n').map_or(0, |at| at + 1);
        let (head, mut rest) = text.split_at(body);
        let mut between = vec![head.replace(['«', '»'], "'")];
        let mut slips = Vec::new();
        while let Some((before, mark)) = rest.split_once('«') {
            let (inside, after) = mark.split_once('»').unwrap();
            let (slip, meant) = inside.split_once('|').unwrap();
            between.last_mut().unwrap().push_str(before);
            between.push(String::new());
            slips.push((slip.to_owned(), meant.to_owned()));
            rest = after;
        }
        between.last_mut().unwrap().push_str(rest);
        Marked { path: path.to_owned(), between, slips }
    }

    /// The program with one of its slips, or with none.
    fn with(&self, made: Option<usize>) -> String {
        let mut text = self.between[0].clone();
        for (i, ((slip, meant), behind)) in self.slips.iter().zip(&self.between[1..]).enumerate() {
            text.push_str(if made == Some(i) { slip } else { meant });
            text.push_str(behind);
        }
        text
    }

    fn check(&self, text: &str) -> Checked {
        check_text(Path::new(&self.path), text, &Overrides::default())
    }
}

#[test]
fn every_kind_of_name_is_found_again() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in programs("tests/misspelt") {
        let marked = Marked::read(&path);
        let right = marked.with(None);
        let checked = marked.check(&right);
        assert!(!checked.has_errors(), "{path} without its slips:\n{}", rendered(&checked));
        for (i, (slip, meant)) in marked.slips.iter().enumerate() {
            count += 1;
            let text = marked.with(Some(i));
            let checked = marked.check(&text);
            let errors: Vec<_> = checked.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
            let is_fixed = errors.iter().flat_map(|d| &d.fixes).any(|fix| with_fix(&text, fix) == right);
            if !is_fixed || errors.len() != 1 {
                wrong.push(format!("{path}: `{slip}` for `{meant}`\n{}", rendered(&checked)));
            }
        }
    }
    assert!(count > 150, "{count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
}
