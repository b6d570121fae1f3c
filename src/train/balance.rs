//! `class_weights: balanced`: every class counts the same in sum, however rare it is.

use crate::check::Train;
use crate::data::Dataset;

/// n / (classes * count of the class) over the training split, 0 for a class that is not in it. None where the train
/// does not ask for it.
pub(super) fn class_weights(train: &Train, dataset: &Dataset) -> Option<Vec<f64>> {
    let wanted = train.training.class_weights.as_ref()?;
    let field = dataset.field(&wanted.field)?;
    let mut counts = vec![0_u64; wanted.classes];
    for row in &dataset.splits.train {
        for class in &*field.example(*row as usize) {
            if let Some(count) = counts.get_mut(*class as usize) {
                *count += 1;
            }
        }
    }
    let total: u64 = counts.iter().sum();
    let weight = |count: u64| match count {
        0 => 0.0,
        _ => total as f64 / (wanted.classes as f64 * count as f64),
    };
    Some(counts.into_iter().map(weight).collect())
}
