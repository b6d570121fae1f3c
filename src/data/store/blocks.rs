//! Numbers one behind the other, in memory or in a file of which some blocks are in memory.

use super::disk::DiskFile;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// What can be stored.
pub(crate) trait Stored: Copy + Send + Sync + 'static {
    /// Its size.
    const BYTES: usize;
    /// What stands where nothing could be read.
    const NOTHING: Self;
    /// Appends it, in the machine's own order of bytes.
    fn encode(self, out: &mut Vec<u8>);
    /// From so many bytes.
    fn decode(bytes: &[u8]) -> Self;
}

macro_rules! stored {
    ($type:ty) => {
        impl Stored for $type {
            const BYTES: usize = size_of::<$type>();
            const NOTHING: Self = <$type>::NAN;
            fn encode(self, out: &mut Vec<u8>) {
                out.extend(self.to_ne_bytes());
            }
            fn decode(bytes: &[u8]) -> Self {
                bytes.try_into().map_or(Self::NOTHING, <$type>::from_ne_bytes)
            }
        }
    };
}
stored!(f32);
stored!(f64);

/// Numbers of one type, one behind the other.
#[derive(Clone)]
pub struct Store<T> {
    kind: Kind<T>,
}

#[derive(Clone)]
enum Kind<T> {
    Memory(Vec<T>),
    Disk(Arc<Disk<T>>),
}

/// Some numbers that lie side by side.
pub enum Stretch<'a, T> {
    /// In memory.
    Memory(&'a [T]),
    /// Part of a block.
    Block(Arc<Vec<T>>, Range<usize>),
    /// Gathered from several blocks.
    Own(Vec<T>),
}

impl<T> Deref for Stretch<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Stretch::Memory(values) => values,
            Stretch::Block(block, range) => block.get(range.clone()).unwrap_or_default(),
            Stretch::Own(values) => values,
        }
    }
}

impl<T> AsRef<[T]> for Stretch<'_, T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T: PartialEq, R: AsRef<[T]> + ?Sized> PartialEq<R> for Stretch<'_, T> {
    fn eq(&self, other: &R) -> bool {
        **self == *other.as_ref()
    }
}

impl<T: fmt::Debug> fmt::Debug for Stretch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Numbers in a file.
pub(crate) struct Disk<T> {
    file: DiskFile,
    /// Numbers.
    len: usize,
    /// Numbers of a block.
    block: usize,
    /// Blocks that stay in memory.
    most: usize,
    /// Counts the blocks that were read: the time, as far as it matters.
    clock: AtomicU64,
    blocks: RwLock<Resident<T>>,
    failure: OnceLock<String>,
}

struct Resident<T> {
    /// By block, with the time when it was last used.
    at: Vec<Option<(Arc<Vec<T>>, AtomicU64)>>,
    /// Those that are there.
    there: Vec<usize>,
}

impl<T> Disk<T> {
    pub(super) fn new(file: DiskFile, len: usize, block: usize, most: usize) -> Disk<T> {
        let block = block.max(1);
        let at = (0..len.div_ceil(block)).map(|_| None).collect();
        let blocks = RwLock::new(Resident { at, there: Vec::new() });
        Disk { file, len, block, most: most.max(1), clock: AtomicU64::new(0), blocks, failure: OnceLock::new() }
    }
}

impl<T: Stored> Disk<T> {
    /// A block, and the time of its use is now.
    fn block(&self, index: usize) -> Arc<Vec<T>> {
        self.known(index).unwrap_or_else(|| self.load(index))
    }

    fn known(&self, index: usize) -> Option<Arc<Vec<T>>> {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        let (block, used) = blocks.at.get(index)?.as_ref()?;
        used.store(self.clock.load(Ordering::Relaxed), Ordering::Relaxed);
        Some(block.clone())
    }

    fn load(&self, index: usize) -> Arc<Vec<T>> {
        let start = index.saturating_mul(self.block).min(self.len);
        let count = self.block.min(self.len - start);
        let mut bytes = vec![0u8; count * T::BYTES];
        let block = match self.file.read((start * T::BYTES) as u64, &mut bytes) {
            Ok(()) => bytes.chunks_exact(T::BYTES).map(T::decode).collect(),
            Err(error) => {
                let _ = self.failure.set(crate::diagnostics::io_reason(&error));
                vec![T::NOTHING; count]
            }
        };
        let block = Arc::new(block);
        let now = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        let Resident { at, there } = &mut *blocks;
        if there.len() >= self.most {
            let used = |index: &usize| at.get(*index).and_then(|b| Some(b.as_ref()?.1.load(Ordering::Relaxed)));
            let oldest = there.iter().enumerate().min_by_key(|(_, index)| used(index)).map(|(i, _)| i);
            if let Some(index) = oldest.map(|oldest| there.swap_remove(oldest)) {
                at.get_mut(index).map(Option::take);
            }
        }
        // Another thread may have read the same in the meantime.
        if let Some(place) = at.get_mut(index)
            && place.replace((block.clone(), AtomicU64::new(now))).is_none()
        {
            there.push(index);
        }
        block
    }

    /// Reads the blocks of these numbers, if they are not in memory.
    pub fn warm(&self, range: Range<usize>) {
        let range = range.start.min(self.len)..range.end.min(self.len);
        if !range.is_empty() {
            (range.start / self.block..=(range.end - 1) / self.block).for_each(|block| {
                self.block(block);
            });
        }
    }

    /// How many blocks are in memory.
    #[cfg(test)]
    pub fn there(&self) -> usize {
        self.blocks.read().unwrap_or_else(PoisonError::into_inner).there.len()
    }

    fn get(&self, range: Range<usize>) -> Stretch<'_, T> {
        if range.end > self.len || range.start >= range.end {
            return Stretch::Memory(&[]);
        }
        let (first, last) = (range.start / self.block, (range.end - 1) / self.block);
        let start = first * self.block;
        if first == last {
            return Stretch::Block(self.block(first), range.start - start..range.end - start);
        }
        let mut values = Vec::with_capacity(range.len());
        for index in first..=last {
            let start = index * self.block;
            let block = self.block(index);
            let part = range.start.saturating_sub(start)..(range.end - start).min(self.block);
            values.extend_from_slice(block.get(part).unwrap_or_default());
        }
        Stretch::Own(values)
    }
}

impl<T> Store<T> {
    pub(super) fn on_disk(disk: Disk<T>) -> Store<T> {
        Store { kind: Kind::Disk(Arc::new(disk)) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.kind {
            Kind::Memory(values) => values.len(),
            Kind::Disk(disk) => disk.len,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        let numbers = match &self.kind {
            Kind::Memory(values) => values.len(),
            Kind::Disk(disk) => disk.len.min(disk.most.saturating_mul(disk.block)),
        };
        numbers.saturating_mul(size_of::<T>())
    }

    /// What became of reading where that failed; what was not read is NaN.
    pub fn failure(&self) -> Option<&str> {
        match &self.kind {
            Kind::Memory(_) => None,
            Kind::Disk(disk) => disk.failure.get().map(String::as_str),
        }
    }

    /// The file, where there is one.
    pub(crate) fn disk(&self) -> Option<&Arc<Disk<T>>> {
        match &self.kind {
            Kind::Memory(_) => None,
            Kind::Disk(disk) => Some(disk),
        }
    }
}

#[allow(private_bounds)]
impl<T: Stored> Store<T> {
    /// All of them.
    pub fn all(&self) -> Stretch<'_, T> {
        self.get(0..self.len())
    }

    /// These numbers; none where they are not all there.
    pub fn get(&self, range: Range<usize>) -> Stretch<'_, T> {
        match &self.kind {
            Kind::Memory(values) => Stretch::Memory(values.get(range).unwrap_or_default()),
            Kind::Disk(disk) => disk.get(range),
        }
    }
}

impl<T> From<Vec<T>> for Store<T> {
    fn from(values: Vec<T>) -> Self {
        Store { kind: Kind::Memory(values) }
    }
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Memory(values) => values.fmt(f),
            Kind::Disk(disk) => write!(f, "{} numbers in a file", disk.len),
        }
    }
}
