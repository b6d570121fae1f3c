//! Metrics: what a split is measured by.

mod labels;

pub(super) mod classification;
pub(super) mod ranking;
pub(super) mod regression;

/// The number 0 where there is nothing to divide by: an empty split, a class that never occurs. scikit-learn's
/// `zero_division=0`.
fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}
