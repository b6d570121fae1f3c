//! Loops: the code of a body, run once a step in the memory of the code around it.
//!
//! Between the steps numbers are only moved: the positions of scanned operands into the places where the body reads
//! them, the next carries to where it reads the carries, and both carries and results to their entries in the result.
//! The kernels of a body use the team as all kernels do; the moves are small beside them and stay on one thread.

use super::clock::Clock;
use super::memory::{Bases, Place};
use super::team::Team;
use super::{Code, Range, SendPointer};
use crate::ir::scan::within;
use crate::runtime::element::Element;
use crate::runtime::feed::Feed;

/// Numbers that lie anyhow.
#[derive(Debug, Clone)]
pub struct Source {
    /// The first of them.
    pub place: Place,
    /// Sizes and strides; at least one axis.
    pub axes: Vec<(usize, isize)>,
}

/// What goes from step to step.
#[derive(Debug, Clone)]
pub struct Carry {
    /// The initial value.
    pub initial: Source,
    /// Where the body reads it.
    pub slot: Place,
    /// Where the body leaves its next value.
    pub next: Place,
    /// How many numbers.
    pub count: usize,
    /// Where it goes in the result: the trace, or the last value.
    pub kept: Place,
    /// Whether it leaves a trace.
    pub traced: bool,
}

/// What each step reads a position of.
#[derive(Debug, Clone)]
pub struct Scanned {
    /// Position 0.
    pub source: Source,
    /// Distance of two positions.
    pub stride: isize,
    /// Where the body reads it.
    pub slot: Place,
}

/// What each step gives.
#[derive(Debug, Clone)]
pub struct Stacked {
    /// Where the body leaves it.
    pub from: Place,
    /// How many numbers.
    pub count: usize,
    /// Position 0 of the result.
    pub to: Place,
}

/// A loop.
#[derive(Debug, Clone)]
pub struct Scan {
    /// How many steps.
    pub steps: usize,
    /// Whether the last position comes first.
    pub reverse: bool,
    /// One step.
    pub code: Code,
    #[allow(missing_docs)]
    pub carries: Vec<Carry>,
    #[allow(missing_docs)]
    pub scanned: Vec<Scanned>,
    /// What the body reads as it lies, and how many numbers.
    pub captured: Vec<(Place, usize)>,
    #[allow(missing_docs)]
    pub stacked: Vec<Stacked>,
    /// The result, and how many numbers it has.
    pub output: (Place, usize),
    /// The body's own memory, in the arena.
    pub workspace: (Place, usize),
}

/// What a body's code needs besides its operands.
pub struct Around<'a, E> {
    pub(super) bases: &'a Bases<E>,
    pub(super) team: &'a Team,
    pub(super) feed: &'a Feed<'a>,
    pub(super) scratch: SendPointer<E>,
    /// Scratch numbers of a thread.
    pub(super) share: usize,
    /// Where the times are kept, and which instruction they are of.
    pub(super) clock: Option<(&'a Clock, usize)>,
}

impl<E: Copy> Clone for Around<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Copy> Copy for Around<'_, E> {}

impl Scan {
    /// What it reads, and what it writes: the result first.
    pub(super) fn ranges(&self) -> (Vec<Range>, Vec<Range>) {
        let source = |s: &Source| Range::strided(s.place, s.axes.iter().copied());
        let mut reads: Vec<Range> = self.carries.iter().map(|c| source(&c.initial)).collect();
        reads.extend(self.scanned.iter().map(|s| {
            let steps = std::iter::once((self.steps, s.stride));
            Range::strided(s.source.place, s.source.axes.iter().copied().chain(steps))
        }));
        reads.extend(self.captured.iter().map(|(place, count)| Range::linear(*place, *count)));
        let writes = [self.output, self.workspace].map(|(place, count)| Range::linear(place, count));
        (reads, writes.to_vec())
    }

    /// What [`Code::new`] looks at beside the ranges: the body keeps within the workspace and the operands.
    pub(super) fn check(&self, sizes: &super::Sizes) -> Result<(), String> {
        let inner = self.code.sizes;
        let fits = inner.arena <= sizes.arena
            && inner.inputs <= sizes.inputs
            && inner.states <= sizes.states
            && inner.literals <= sizes.literals;
        if !fits {
            return Err("the body of a scan was checked with other memory".into());
        }
        let (workspace, output) =
            (Range::linear(self.workspace.0, self.workspace.1), Range::linear(self.output.0, self.output.1));
        let own = |what: &str, range: Range, of: &Range| match of.contains(&range) {
            true => Ok(()),
            false => Err(format!("{what} of a scan: {range:?} is not in {of:?}")),
        };
        for kernel in self.code.kernels() {
            for range in kernel.ranges().1 {
                own("a result in the body", range, &workspace)?;
            }
        }
        let count = |source: &Source| source.axes.iter().map(|a| a.0).product::<usize>();
        for carry in &self.carries {
            own("a carry", Range::linear(carry.slot, carry.count), &workspace)?;
            own("a next carry", Range::linear(carry.next, carry.count), &workspace)?;
            let entries = if carry.traced { self.steps + 1 } else { 1 };
            own("a kept carry", Range::linear(carry.kept, entries * carry.count), &output)?;
            if count(&carry.initial) != carry.count || carry.initial.axes.is_empty() {
                return Err("an initial carry of another size".into());
            }
        }
        for scanned in &self.scanned {
            own("a position", Range::linear(scanned.slot, count(&scanned.source)), &workspace)?;
            if scanned.source.axes.is_empty() {
                return Err("a scanned operand without axes".into());
            }
        }
        for stacked in &self.stacked {
            own("a step's result", Range::linear(stacked.from, stacked.count), &workspace)?;
            own("a stacked result", Range::linear(stacked.to, self.steps * stacked.count), &output)?;
        }
        Ok(())
    }

    /// Runs all steps. `step` runs the body once.
    ///
    /// # Safety
    /// The operands were checked by [`Code::new`].
    unsafe fn steps<E: Element, R>(
        &self,
        around: Around<E>,
        mut step: impl FnMut(Around<E>) -> Result<(), R>,
    ) -> Result<(), R> {
        let bases = around.bases;
        let entry = |place: Place, at: usize, count: usize| Place { offset: place.offset + at * count, ..place };
        let first = if self.reverse { self.steps } else { 0 };
        for carry in &self.carries {
            // SAFETY: slots and kept carries lie in memory of the scan's own (checked), apart from what is read.
            unsafe {
                copy(bases, &carry.initial, carry.slot, carry.count);
                if carry.traced {
                    copy_linear(bases, carry.slot, entry(carry.kept, first, carry.count), carry.count);
                }
            }
        }
        for i in 0..self.steps {
            let position = if self.reverse { self.steps - 1 - i } else { i };
            let after = if self.reverse { position } else { position + 1 };
            for scanned in &self.scanned {
                let place = scanned.source.place;
                let offset = place.offset.wrapping_add_signed(scanned.stride * position as isize);
                // SAFETY: a position of the checked operand; the slot is the scan's own.
                unsafe { copy_from(bases, Place { offset, ..place }, &scanned.source.axes, scanned.slot) };
            }
            let feed = Feed { step: within(around.feed.step, position), ..*around.feed };
            step(Around { feed: &feed, ..around })?;
            for stacked in &self.stacked {
                // SAFETY: as above: from the workspace into the result.
                unsafe { copy_linear(bases, stacked.from, entry(stacked.to, position, stacked.count), stacked.count) };
            }
            for carry in &self.carries {
                // SAFETY: as above; the body's results are not its slots, which only this function writes.
                unsafe {
                    copy_linear(bases, carry.next, carry.slot, carry.count);
                    if carry.traced {
                        copy_linear(bases, carry.next, entry(carry.kept, after, carry.count), carry.count);
                    }
                }
            }
        }
        for carry in self.carries.iter().filter(|c| !c.traced) {
            // SAFETY: as above.
            unsafe { copy_linear(bases, carry.slot, carry.kept, carry.count) };
        }
        Ok(())
    }

    /// Runs it.
    ///
    /// # Safety
    /// The operands were checked by [`Code::new`]; the bases are of buffers that are long enough.
    pub(super) unsafe fn run<E: Element>(&self, around: Around<E>) {
        // SAFETY: passed on.
        let done: Result<(), ()> = unsafe {
            self.steps(around, |around| {
                self.code.run_all(around);
                Ok(())
            })
        };
        debug_assert!(done.is_ok());
    }

    /// Runs it and looks at every result: the way to the first instruction that makes NaN or infinity of operands that
    /// have neither, through bodies in bodies.
    ///
    /// # Safety
    /// As [`Scan::run`].
    pub(super) unsafe fn find_not_finite<E: Element>(&self, around: Around<E>) -> Option<(Vec<usize>, E)> {
        // SAFETY: passed on.
        let searched = unsafe {
            self.steps(around, |around| match self.code.find_not_finite(around) {
                Some(found) => Err(found),
                None => Ok(()),
            })
        };
        searched.err()
    }
}

/// Copies numbers that lie one behind the other.
///
/// # Safety
/// Both ranges were checked and do not overlap; nobody else writes the first or touches the second.
unsafe fn copy_linear<E: Copy>(bases: &Bases<E>, from: Place, to: Place, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(bases.pointer(from).cast_const(), bases.pointer(to), count) }
}

/// # Safety
/// As [`copy_linear`].
unsafe fn copy<E: Copy>(bases: &Bases<E>, from: &Source, to: Place, count: usize) {
    debug_assert_eq!(from.axes.iter().map(|a| a.0).product::<usize>(), count);
    // SAFETY: the caller's promise.
    unsafe { copy_from(bases, from.place, &from.axes, to) }
}

/// Copies numbers that lie anyhow one behind the other.
///
/// # Safety
/// As [`copy_linear`].
unsafe fn copy_from<E: Copy>(bases: &Bases<E>, from: Place, axes: &[(usize, isize)], to: Place) {
    let Some(((inner, stride), outer)) = axes.split_last() else { return };
    let (base, target) = (bases.pointer(from).cast_const(), bases.pointer(to));
    let runs: usize = if *inner == 0 { 0 } else { outer.iter().map(|a| a.0).product() };
    for run in 0..runs {
        let (mut offset, mut rest) = (0_isize, run);
        for (size, stride) in outer.iter().rev() {
            offset += (rest % size) as isize * stride;
            rest /= size;
        }
        let (from, to) = (base.wrapping_offset(offset), target.wrapping_add(run * inner));
        // SAFETY: elements of the operand by its checked extent, and as many of the target in order.
        unsafe {
            if *stride == 1 {
                std::ptr::copy_nonoverlapping(from, to, *inner);
            } else {
                for i in 0..*inner {
                    *to.add(i) = *from.wrapping_offset(i as isize * stride);
                }
            }
        }
    }
}
