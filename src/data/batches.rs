//! Batches: which examples, in which order, and their values side by side.

use super::dataset::Field;

/// The batches of one epoch. The order depends on the seed and the epoch only.
#[derive(Debug, Clone)]
pub struct Batches {
    order: Vec<u32>,
    size: usize,
    drop_last: bool,
    next: usize,
}

impl Batches {
    /// The examples of a split in batches of `size`; shuffled by `(seed, epoch)` where `shuffle` is given.
    pub fn new(_examples: &[u32], _size: usize, _drop_last: bool, _shuffle: Option<(u64, u64)>) -> Self {
        todo!()
    }

    /// The number of batches of the epoch.
    pub fn count(&self) -> usize {
        todo!()
    }

    /// The next batch: indices of examples.
    pub fn next_batch(&mut self) -> Option<&[u32]> {
        todo!()
    }
}

/// Writes the values of `rows` of a field side by side into `out`, which holds `rows.len() * elements` numbers.
/// Ragged examples are padded with 0 to the length that `out` has room for.
pub fn gather(_field: &Field, _rows: &[u32], _out: &mut [f32]) {
    todo!()
}
