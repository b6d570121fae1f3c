//! Writing a store.

use super::super::problem::Found;
use super::blocks::{Disk, Store, Stored};
use super::disk::DiskWriter;

/// Of how many numbers the blocks of a store are, where it is in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockSize {
    /// Numbers of a block.
    pub numbers: usize,
    /// Blocks that stay in memory.
    pub most: usize,
}

/// Takes numbers one after the other.
pub(crate) struct StoreWriter<T> {
    /// All of them, or those that are not in the file yet.
    pending: Vec<T>,
    /// Numbers that are in memory at most.
    limit: usize,
    file: Option<DiskWriter>,
    bytes: Vec<u8>,
    len: usize,
}

impl<T: Stored> StoreWriter<T> {
    /// For `expected` numbers, as far as that is known. More than `limit` go to a file.
    pub fn new(expected: usize, limit: usize) -> StoreWriter<T> {
        let pending = Vec::with_capacity(if expected <= limit { expected } else { 0 });
        StoreWriter { pending, limit, file: None, bytes: Vec::new(), len: 0 }
    }

    /// Appends numbers. Errors: no room on the disk.
    pub fn extend(&mut self, values: impl ExactSizeIterator<Item = T>) -> Found<()> {
        self.len += values.len();
        // Few numbers are not worth a call of the system.
        let most = if self.file.is_some() { self.limit.min(1 << 14) } else { self.limit };
        // Before they grow beyond it: what grows is there twice for a moment.
        if self.pending.len() + values.len() > most && self.len > self.limit {
            self.flush()?;
        }
        self.pending.extend(values);
        Ok(())
    }

    fn flush(&mut self) -> Found<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(DiskWriter::new()?),
        };
        for values in self.pending.chunks(1 << 14) {
            self.bytes.clear();
            values.iter().for_each(|value| value.encode(&mut self.bytes));
            file.write(&self.bytes)?;
        }
        // What was all of it until now is large.
        if self.pending.capacity() > 1 << 16 {
            self.pending = Vec::new()
        } else {
            self.pending.clear()
        }
        Ok(())
    }

    /// What was written, in blocks of this size where it is in a file.
    pub fn finish(mut self, size: BlockSize) -> Found<Store<T>> {
        if self.file.is_none() {
            return Ok(self.pending.into());
        }
        self.flush()?;
        match self.file {
            Some(file) => Ok(Store::on_disk(Disk::new(file.finish()?, self.len, size.numbers, size.most))),
            None => Ok(Store::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::blocks::Stretch;
    use super::super::disk::DiskFile;
    use super::*;

    fn numbers(limit: usize, size: BlockSize) -> Store<f32> {
        let mut writer = StoreWriter::new(0, limit);
        for start in (0..1000).step_by(7) {
            writer.extend((start..(start + 7).min(1000)).map(|i| i as f32)).expect("room");
        }
        assert_eq!(writer.len, 1000);
        writer.finish(size).expect("room")
    }

    #[test]
    fn what_is_in_a_file_is_what_was_in_memory() {
        let memory = numbers(1000, BlockSize { numbers: 10, most: 1 });
        assert!(memory.disk().is_none() && memory.memory() == 4000);
        for limit in [0, 5, 999] {
            for size in [(1, 1), (10, 3), (64, 2), (5000, 1)].map(|(numbers, most)| BlockSize { numbers, most }) {
                let disk = numbers(limit, size);
                assert!(disk.disk().is_some() && disk.len() == 1000);
                assert!(disk.memory() <= size.numbers * size.most * 4);
                for (start, end) in [(0, 1), (0, 1000), (5, 25), (990, 1000), (63, 65), (7, 7), (999, 1001), (3, 2)] {
                    assert_eq!(&*disk.get(start..end), &*memory.get(start..end), "{limit} {size:?} {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn the_blocks_used_last_stay_in_memory() {
        let store = numbers(0, BlockSize { numbers: 100, most: 3 });
        let disk = store.disk().expect("a file");
        for block in [0, 1, 2, 0, 3, 0, 9, 9, 5] {
            assert_eq!(&*store.get(block * 100..block * 100 + 1), &[(block * 100) as f32]);
            assert!(disk.there() <= 3);
        }
        disk.warm(250..2000);
        assert_eq!((disk.there(), store.failure()), (3, None));
    }

    #[test]
    fn what_is_lost_is_told_and_is_no_number() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(400).expect("room");
        let cut = file.try_clone().expect("the same file");
        let disk = Disk::<f32>::new(DiskFile::new(file).expect("open"), 100, 10, 2);
        let store = Store::on_disk(disk);
        assert_eq!((store.get(0..2), store.failure()), (Stretch::Own(vec![0.0, 0.0]), None));
        cut.set_len(200).expect("cut");
        assert!(store.get(90..95).iter().all(|x| x.is_nan()));
        assert!(store.failure().is_some_and(|reason| reason.contains("shorter")));
    }

    #[test]
    fn several_threads_read_at_once() {
        use rayon::prelude::*;
        let store = numbers(0, BlockSize { numbers: 16, most: 2 });
        let wrong =
            (0..20_000usize).into_par_iter().map(|i| i * 7919 % 1000).filter(|i| store.get(*i..*i + 1)[0] != *i as f32);
        assert_eq!(wrong.count(), 0);
    }
}
