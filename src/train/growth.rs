//! A loss that has grown without bounds and stayed finite: nothing diverged, and nothing was learned.

use super::wording_of_divergence::number;
use crate::check::Train;
use serde_json::{Value, json};

/// How many times as large as at the first step a loss is told to have grown.
const TOLD: f64 = 1e3;

/// A loss that is far larger at the end than at the first step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Of the first step.
    pub first: f64,
    /// Of the last step.
    pub last: f64,
    /// Whether gradients are clipped.
    pub is_clipped: bool,
}

impl Growth {
    /// `None` where the loss has not grown, or by no more than single steps may.
    pub(super) fn of(train: &Train, first: f64, last: &[f64]) -> Option<Growth> {
        let smallest = last.iter().copied().reduce(f64::min)?;
        let has_grown = smallest > TOLD * first.abs().max(1.0);
        has_grown.then(|| Growth {
            first,
            last: last.last().copied().unwrap_or(smallest),
            is_clipped: train.settings.clip.is_some(),
        })
    }

    /// What happened, and what helps.
    pub fn message(&self) -> String {
        let clip = if self.is_clipped { "" } else { "`clip: norm(1.0)`, " };
        format!(
            "the loss has grown from {} at the first step to {}: a lower learning rate, {clip}or inputs of about one \
             size (`|> standardize`) keep it from that",
            number(self.first),
            number(self.last),
        )
    }

    pub(super) fn to_json(self) -> Value {
        json!({ "first": self.first, "last": self.last })
    }
}
