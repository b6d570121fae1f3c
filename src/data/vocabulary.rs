//! Which names tokens have: counted in texts, the rare and the unknown together as one.

use super::problem::{At, DataError, DataProblem, DataResult};
use super::scan::sorted_names;
use super::tokens::{TextScan, TokenKind};
use crate::source::Span;
use std::collections::HashMap;
use std::sync::Arc;

/// The name of everything that has none of its own.
pub(crate) const UNKNOWN: &str = "<unknown>";
/// The name of what stands before the first token.
pub(crate) const START: &str = "<start>";
/// The name of what stands after the last token.
pub(crate) const END: &str = "<end>";

/// The name of what fills an example up.
pub(crate) const PAD: &str = "<pad>";

/// How tokens are named.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary {
    /// What the text is cut into.
    pub kind: TokenKind,
    /// Only so many of the most frequent tokens have a name; the rest are unknown.
    pub max: Option<usize>,
    /// Only the tokens of the training split have a name; the rest are unknown.
    pub unknown: bool,
    /// Whether a token of its own stands before the first.
    pub start: bool,
    /// Whether a token of its own stands after the last.
    pub end: bool,
}

impl Vocabulary {
    /// Whether its names are those of the training split, and tokens may be unknown.
    pub fn is_of_training(&self) -> bool {
        self.unknown || self.max.is_some()
    }

    /// Tokens that are put around each text.
    pub(crate) fn extra(&self) -> usize {
        usize::from(self.start) + usize::from(self.end)
    }

    /// The names, in the order of their classes. With `like`, those are the first of them.
    pub(crate) fn names(&self, mut counts: Vec<(String, u64)>, like: Option<&[String]>) -> Arc<[String]> {
        let mut names: Vec<String> = match like {
            Some(like) => like.to_vec(),
            None => {
                if let Some(max) = self.max {
                    // The more frequent first; of equally frequent ones the order of names decides.
                    counts.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| super::cell::class_order(a, b)));
                    counts.truncate(max);
                }
                sorted_names(counts.into_iter().map(|(name, _)| name).collect())
            }
        };
        let wanted = [(self.is_of_training(), UNKNOWN), (self.start, START), (self.end, END)];
        for (is_wanted, name) in wanted {
            if is_wanted && !names.iter().any(|n| n == name) {
                names.push(name.to_string());
            }
        }
        names.into()
    }

    /// Errors: a bound that leaves no name.
    pub(crate) fn check(&self, span: Span) -> DataResult<()> {
        match self.max {
            Some(0) => {
                let (of, argument, value, wanted) = (self.kind.name(), "max", "0".to_string(), "at least 1");
                Err(DataError::new(span, DataProblem::Argument { of, argument, value, wanted }))
            }
            _ => Ok(()),
        }
    }

    /// Errors: a token that has no name among those of another field.
    pub(crate) fn check_like(&self, scan: &TextScan, names: &[String], span: Span) -> DataResult<()> {
        let known: HashMap<&str, ()> = names.iter().map(|n| (n.as_str(), ())).collect();
        if known.contains_key(UNKNOWN) {
            return Ok(());
        }
        match scan.counts.iter().find(|(token, _)| !known.contains_key(token.as_str())) {
            None => Ok(()),
            Some((token, count)) => {
                Err(Box::new(DataProblem::NotInLike { token: token.clone(), count: *count })).at(span)
            }
        }
    }
}
