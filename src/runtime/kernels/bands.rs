//! Kernels that run one behind the other for some examples, then for the next.

use super::memory::Bases;
use super::scan::Around;
use super::{Kernel, Range, Sizes, Space};
use crate::runtime::element::Element;
use std::time::Instant;

/// Bands: a piece runs the kernels of one, in order, with memory of its own for what only they read.
#[derive(Debug, Clone, Default)]
pub struct Bands {
    /// For each band, the same kernels, each for the rows of the band.
    pub bands: Vec<Vec<Kernel>>,
    /// Elements of memory that a band has for itself.
    pub own: usize,
}

impl Bands {
    /// What it reads and what it writes, but for a band's own memory.
    pub(super) fn ranges(&self) -> (Vec<Range>, Vec<Range>) {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for kernel in self.bands.iter().flatten() {
            let (read, written) = kernel.ranges();
            reads.extend(read.into_iter().filter(|range| range.space != Space::Own));
            writes.extend(written.into_iter().filter(|range| range.space != Space::Own));
        }
        (reads, writes)
    }

    /// Elements of scratch memory of one kernel, and of a piece with its own memory.
    fn kernel_scratch(&self) -> usize {
        self.bands.iter().flatten().map(Kernel::scratch).max().unwrap_or(0).next_multiple_of(16)
    }

    /// Elements that a thread wants while it runs a piece.
    pub(super) fn scratch(&self) -> usize {
        self.kernel_scratch() + self.own
    }

    /// Checks each kernel by itself, and that no band touches what another writes.
    pub(super) fn check(&self, sizes: &Sizes) -> Result<(), String> {
        let sizes = Sizes { own: self.own, ..*sizes };
        let mut writes: Vec<(Range, usize)> = Vec::new();
        for (band, kernels) in self.bands.iter().enumerate() {
            for kernel in kernels {
                kernel.check(&sizes)?;
                let outside = kernel.ranges().1.into_iter().filter(|range| range.space != Space::Own);
                writes.extend(outside.map(|range| (range, band)));
            }
        }
        let is_empty = |range: &Range| range.start >= range.end;
        writes.retain(|(range, _)| !is_empty(range));
        writes.sort_by_key(|(range, _)| (range.space, range.start));
        if let Some(pair) = writes.windows(2).find(|pair| pair[0].0.overlaps(&pair[1].0)) {
            return Err(format!("{:?} is written twice by bands", pair[1].0));
        }
        for (band, kernels) in self.bands.iter().enumerate() {
            for read in kernels.iter().flat_map(|kernel| kernel.ranges().0).filter(|range| !is_empty(range)) {
                // No two of them overlap, so they end in the same order.
                let first = writes.partition_point(|(w, _)| (w.space, w.end) <= (read.space, read.start));
                let mut near = writes[first..].iter().take_while(|(w, _)| w.overlaps(&read));
                if near.any(|(_, other)| *other != band) {
                    return Err(format!("{read:?} is read in one band and written in another"));
                }
            }
        }
        Ok(())
    }

    /// Runs one band.
    ///
    /// # Safety
    /// The bands were checked by `Code::new`; `scratch` has [`Bands::scratch`] numbers and is not used by anyone else.
    pub(super) unsafe fn run<E: Element>(&self, around: Around<E>, scratch: *mut E, band: usize, worker: usize) {
        let own = scratch.wrapping_add(self.kernel_scratch());
        let bases = Bases { own, ..*around.bases };
        for (i, kernel) in self.bands[band].iter().enumerate() {
            let start = around.clock.map(|_| Instant::now());
            for piece in 0..kernel.pieces() {
                // SAFETY: passed on; what another band writes is not touched (checked).
                unsafe { kernel.run(&bases, around.feed, scratch, piece) };
            }
            if let (Some((clock, instruction)), Some(start)) = (around.clock, start) {
                clock.lap(instruction, Some(i), worker, start);
            }
        }
    }
}
