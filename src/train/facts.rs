//! The facts of `expect`.

use super::error::RunError;
use super::event::Observer;
use super::run::{Outcome, RunOptions};
use crate::check::Checked;

/// Checks every fact of the file: on its latest run where that was made from the same source and finished, else by
/// training. Every [`super::Event::Expect`] is told to the observer.
pub fn test(checked: &Checked, options: &RunOptions, observer: &mut dyn Observer) -> Result<Outcome, RunError> {
    let _ = (checked, options, observer);
    todo!()
}
