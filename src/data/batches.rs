//! Batches: which examples, in which order, and their values side by side.

use super::dataset::{Dataset, Field};
use super::random::{Purpose, Stream};

/// So many batches are formed together where examples differ in length: enough for batches of nearly one length, few
/// enough to leave them random.
const BUCKET: usize = 16;

/// The batches of one epoch. The order depends on the seed and the epoch only.
#[derive(Debug, Clone)]
pub struct Batches {
    order: Vec<u32>,
    size: usize,
    drop_last: bool,
    next: usize,
    /// Where windows end whose examples are read together.
    windows: Vec<usize>,
}

impl Batches {
    /// The examples of a split in batches of `size` (0 counts as 1); shuffled by `(seed, epoch)` where `shuffle` is
    /// given. With `drop_last`, a last batch that is not full is left out.
    pub fn new(examples: &[u32], size: usize, drop_last: bool, shuffle: Option<(u64, u64)>) -> Self {
        let mut order = examples.to_vec();
        if let Some((seed, epoch)) = shuffle {
            Stream::new(seed, Purpose::Shuffle, epoch).shuffle(&mut order);
        }
        let windows = vec![order.len()];
        Batches { order, size: size.max(1), drop_last, next: 0, windows }
    }

    /// The same for examples of a dataset: where they are read in blocks, those of a batch are of a few; where they differ
    /// in length, of nearly the same, so that little is padded.
    pub fn of(dataset: &Dataset, examples: &[u32], size: usize, drop_last: bool, shuffle: Option<(u64, u64)>) -> Self {
        let mut batches = match (&dataset.blocks, shuffle) {
            (None, _) => Batches::new(examples, size, drop_last, shuffle),
            (Some(blocks), None) => {
                let windows = blocks.in_order(examples.len());
                Batches { windows, ..Batches::new(examples, size, drop_last, None) }
            }
            (Some(blocks), Some((seed, epoch))) => {
                let (order, windows) = blocks.shuffled(examples, seed, epoch);
                Batches { order, size: size.max(1), drop_last, next: 0, windows }
            }
        };
        if let Some(shuffle) = shuffle.filter(|_| dataset.is_ragged()) {
            batches.sort_by_length(shuffle, |example| dataset.length(example as usize));
        }
        batches
    }

    /// Sorts what is shuffled by length, in groups of a few batches, and then shuffles the batches, all within windows.
    /// The last batch, if it is not full, is made of any.
    fn sort_by_length(&mut self, (seed, epoch): (u64, u64), lengths: impl Fn(u32) -> usize) {
        let size = self.size;
        let mut stream = Stream::new(seed, Purpose::Buckets, epoch);
        let mut start = 0;
        for end in self.windows.iter().map(|end| end / size * size) {
            let Some(order) = self.order.get_mut(start..end) else { continue };
            start = end;
            order.chunks_mut(size.saturating_mul(BUCKET)).for_each(|group| group.sort_by_key(|e| lengths(*e)));
            let mut formed: Vec<&[u32]> = order.chunks(size).collect();
            stream.shuffle(&mut formed);
            let shuffled = formed.concat();
            order.copy_from_slice(&shuffled);
        }
    }

    /// How many batches so many examples make.
    pub fn count_of(examples: usize, size: usize, drop_last: bool) -> usize {
        let size = size.max(1);
        if drop_last { examples / size } else { examples.div_ceil(size) }
    }

    /// The examples of the window behind that of the next batch, where that batch is the first of its window.
    pub(super) fn window_ahead(&self) -> Option<&[u32]> {
        let window = self.windows.partition_point(|end| *end <= self.next);
        let start = window.checked_sub(1).map_or(Some(0), |before| self.windows.get(before).copied())?;
        // Few windows begin where a batch does.
        let is_first = self.next == 0 || self.next - start < self.size;
        let (from, to) = (*self.windows.get(window)?, *self.windows.get(window + 1)?);
        if is_first { self.order.get(from..to) } else { None }
    }

    /// The number of batches of the epoch.
    pub fn count(&self) -> usize {
        Batches::count_of(self.order.len(), self.size, self.drop_last)
    }

    /// The next batch: indices of examples.
    pub fn next_batch(&mut self) -> Option<&[u32]> {
        let end = (self.next + self.size).min(self.order.len());
        let batch = self.order.get(self.next..end).filter(|b| !b.is_empty())?;
        if self.drop_last && batch.len() < self.size {
            return None;
        }
        self.next = end;
        Some(batch)
    }

    /// Leaves out the first `batches`, to go on in the middle of an epoch.
    pub fn skip_batches(&mut self, batches: usize) {
        self.next = batches.saturating_mul(self.size).min(self.order.len());
    }
}

/// Writes the values of `rows` of a field side by side into `out`.
///
/// `out` holds `rows.len()` examples of equal size: the field's, or for ragged fields the length that the batch is
/// padded to. What follows the end of an example are copies of its last position, so that whatever is computed there
/// meets no value that it would not meet elsewhere; an example without any position is all 0, and what is longer than
/// the room for it is cut. Allocates nothing.
pub fn gather(field: &Field, rows: &[u32], out: &mut [f32]) {
    let each = out.len() / rows.len().max(1);
    if each == 0 {
        return;
    }
    let position = field.position().max(1);
    let copy = |(slot, row): (&mut [f32], &u32)| {
        let values = &*field.example(*row as usize);
        for (to, from) in slot.iter_mut().zip(values) {
            *to = *from;
        }
        let last = values.get(values.len().saturating_sub(position)..).unwrap_or(&[]);
        let padding = slot.iter_mut().skip(values.len());
        match last {
            [] => padding.for_each(|to| *to = 0.0),
            last => padding.zip(last.iter().cycle()).for_each(|(to, from)| *to = *from),
        }
    };
    out.chunks_exact_mut(each).zip(rows).for_each(copy);
}

#[cfg(test)]
mod tests {
    use super::super::{FieldKind, FieldType};
    use super::*;

    fn all(mut batches: Batches) -> Vec<Vec<u32>> {
        let mut all = Vec::new();
        while let Some(batch) = batches.next_batch() {
            all.push(batch.to_vec());
        }
        assert_eq!(all.len(), batches.count());
        all
    }

    fn by_length(
        examples: &[u32],
        size: usize,
        drop_last: bool,
        shuffle: Option<(u64, u64)>,
        lengths: impl Fn(u32) -> usize,
    ) -> Batches {
        let mut batches = Batches::new(examples, size, drop_last, shuffle);
        shuffle.into_iter().for_each(|shuffle| batches.sort_by_length(shuffle, &lengths));
        batches
    }

    #[test]
    fn batches_cover_the_split() {
        let examples: Vec<u32> = (10..17).collect();
        assert_eq!(all(Batches::new(&examples, 3, false, None)), [vec![10, 11, 12], vec![13, 14, 15], vec![16]]);
        assert_eq!(all(Batches::new(&examples, 3, true, None)).len(), 2);
        assert_eq!(all(Batches::new(&[], 3, false, None)).len(), 0);
        let shuffled = all(Batches::new(&examples, 3, false, Some((1, 0)))).concat();
        assert_ne!(shuffled, examples);
        assert_eq!(shuffled, all(Batches::new(&examples, 2, false, Some((1, 0)))).concat());
        assert_ne!(shuffled, all(Batches::new(&examples, 3, false, Some((1, 1)))).concat());
        let mut resumed = Batches::new(&examples, 3, false, Some((1, 0)));
        resumed.skip_batches(1);
        assert_eq!(resumed.next_batch(), Some(&shuffled[3..6]));
    }

    #[test]
    fn batches_by_length_hold_examples_of_nearly_one_length() {
        let lengths: Vec<usize> = (0..1000usize).map(|i| i * 7919 % 97 + 1).collect();
        let examples: Vec<u32> = (0..1000).collect();
        let length = |e: u32| lengths[e as usize];
        let batches = |seed, epoch| all(by_length(&examples, 8, false, Some((seed, epoch)), length));
        let first = batches(3, 1);
        assert_eq!(first, batches(3, 1));
        assert_ne!(first, batches(3, 2));
        let mut sorted = first.concat();
        sorted.sort_unstable();
        assert_eq!(sorted, examples, "each example once");
        let padding = |batches: &[Vec<u32>]| -> usize {
            let of = |batch: &Vec<u32>| {
                let longest = batch.iter().map(|e| length(*e)).max().unwrap();
                batch.iter().map(|e| longest - length(*e)).sum::<usize>()
            };
            batches.iter().map(of).sum()
        };
        let plain = all(Batches::new(&examples, 8, false, Some((3, 1))));
        assert!(padding(&first) * 5 < padding(&plain), "{} of {}", padding(&first), padding(&plain));
        let longest: Vec<usize> = first.iter().map(|b| length(b[0])).collect();
        assert!(!longest.is_sorted(), "the batches come in any order");
        let mut resumed = by_length(&examples, 8, false, Some((3, 1)), length);
        resumed.skip_batches(5);
        assert_eq!(resumed.next_batch(), Some(first[5].as_slice()));
        let seven = all(by_length(&examples[..30], 8, false, Some((3, 1)), length));
        assert_eq!(seven.iter().map(Vec::len).collect::<Vec<_>>(), [8, 8, 8, 6]);
        let left: Vec<u32> = all(Batches::new(&examples[..30], 8, false, Some((3, 1))))[3].clone();
        assert_eq!(seven[3], left, "the rest is not always the longest");
        assert_eq!(all(by_length(&examples, 8, false, None, length)).concat(), examples);
    }

    #[test]
    fn values_are_gathered_and_padded() {
        let kind = FieldType { kind: FieldKind::Float, shape: vec![2], ragged: None };
        let values = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        let mut field = Field {
            name: "x".into(),
            kind,
            values: values.into(),
            rows: 3,
            offsets: None,
            starts: None,
            inverse: None,
        };
        let mut out = [9.0; 4];
        gather(&field, &[2, 0], &mut out);
        assert_eq!(out, [4.0, 5.0, 0.0, 1.0]);
        assert_eq!((field.length(1), field.length(3)), (2, 0));
        field.kind = FieldType { kind: FieldKind::Float, shape: vec![3], ragged: Some("s".into()) };
        field.offsets = Some(vec![0, 2, 3, 6]);
        let mut out = [9.0; 6];
        gather(&field, &[2, 0], &mut out);
        assert_eq!(out, [3.0, 4.0, 5.0, 0.0, 1.0, 1.0]);
        field.kind.shape = vec![2, 2];
        field.offsets = Some(vec![0, 2, 2, 6]);
        assert_eq!([field.length(0), field.length(1), field.length(2), field.length(3)], [1, 0, 2, 0]);
        let mut out = [9.0; 18];
        gather(&field, &[0, 1, 2], &mut out);
        assert_eq!(out[..6], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0], "the last position is repeated");
        assert_eq!(out[6..12], [0.0; 6], "there is none to repeat");
        assert_eq!(out[12..], [2.0, 3.0, 4.0, 5.0, 4.0, 5.0]);
    }
}
