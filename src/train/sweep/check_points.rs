//! Every point is checked before the first is run.

use crate::check::{Checked, Length, Overrides, Point, Sweep, check_text};
use std::path::Path;

/// So many points with mistakes are told.
const TOLD: usize = 3;

/// A point that the checker has something against.
#[derive(Debug)]
pub struct WrongPoint {
    /// Its number, from 1.
    pub number: usize,
    /// Its hypers, as `--set` takes them.
    pub set: Vec<(String, String)>,
    /// The mistakes.
    pub checked: Checked,
}

/// What the checks of all points came to.
pub(super) struct AllChecked {
    /// The first of those with mistakes, and how many there are.
    pub(super) wrong: Vec<WrongPoint>,
    pub(super) wrong_count: usize,
    /// The epochs of each point's only train; none where it has several, or is counted in steps.
    pub(super) epochs: Vec<Option<u64>>,
}

/// Checks all points as `--set` would have them.
pub(super) fn check_all(path: &Path, text: &str, base: &Overrides, sweep: &Sweep, points: &[Point]) -> AllChecked {
    let mut all = AllChecked { wrong: Vec::new(), wrong_count: 0, epochs: Vec::with_capacity(points.len()) };
    for (at, point) in points.iter().enumerate() {
        let set = set_of(sweep, point);
        let checked = check_text(path, text, &with(base, &set));
        all.epochs.push(match checked.program.trains.as_slice() {
            [only] => match only.settings.length {
                Length::Epochs(epochs) => Some(epochs),
                Length::Steps(_) => None,
            },
            _ => None,
        });
        if checked.has_errors() {
            all.wrong_count += 1;
            if all.wrong.len() < TOLD {
                all.wrong.push(WrongPoint { number: at + 1, set, checked });
            }
        }
    }
    all
}

/// The hypers of a point with their values.
pub(super) fn set_of(sweep: &Sweep, point: &Point) -> Vec<(String, String)> {
    sweep.axes.iter().zip(point).map(|(axis, value)| (axis.name.to_string(), value.text.clone())).collect()
}

/// What the command line changes, and the point beyond that.
pub(super) fn with(base: &Overrides, set: &[(String, String)]) -> Overrides {
    Overrides { set: base.set.iter().chain(set).cloned().collect(), ..base.clone() }
}
