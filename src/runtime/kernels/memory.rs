//! The four pieces of memory of a run and how kernels reach into them.

use std::marker::PhantomData;

/// A cache line; also as wide as the widest vector register.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
struct Line([u8; 64]);

/// Numbers that begin on a cache line.
#[derive(Debug, Clone)]
pub struct Buffer<E> {
    lines: Vec<Line>,
    len: usize,
    element: PhantomData<E>,
}

impl<E: Copy> Buffer<E> {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Buffer<E> {
        let mut buffer = Buffer { lines: Vec::new(), len: 0, element: PhantomData };
        buffer.grow(len);
        buffer
    }

    /// The bytes that so many numbers take.
    pub fn bytes_of(len: usize) -> usize {
        len.saturating_mul(size_of::<E>()).div_ceil(size_of::<Line>()).saturating_mul(size_of::<Line>())
    }

    /// Makes room for `len` numbers in all; new ones are zero.
    pub fn grow(&mut self, len: usize) {
        let lines = Self::bytes_of(len) / size_of::<Line>();
        self.lines.resize(lines.max(self.lines.len()), Line([0; 64]));
        self.len = len.max(self.len);
    }

    /// How many numbers.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.lines.len() * size_of::<Line>()
    }

    /// All of them.
    pub fn as_slice(&self) -> &[E] {
        // SAFETY: `grow` keeps room for `len` numbers in `lines`; all bit patterns are numbers (E is f32 or f64), the
        // alignment of a line exceeds theirs, and the borrow is that of `self`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }

    /// All of them, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [E] {
        // SAFETY: as in `as_slice`; the borrow is unique as that of `self` is.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// Which piece of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// What a step computes.
    Arena,
    /// What the caller supplies.
    Inputs,
    /// What lives from step to step.
    States,
    /// What is known at compile time.
    Literals,
    /// What a band computes for itself.
    Own,
}

/// A position in one piece of memory, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which piece.
    pub space: Space,
    /// First element.
    pub offset: usize,
}

/// Where the pieces begin, while a step runs. Only [`super::Code::run`] makes one, from buffers that it holds
/// borrowed; every range that a kernel asks for was checked when the [`super::Code`] was made.
#[derive(Clone, Copy)]
pub struct Bases<E> {
    pub(super) arena: *mut E,
    pub(super) inputs: *mut E,
    pub(super) states: *mut E,
    pub(super) literals: *mut E,
    pub(super) own: *mut E,
}

// SAFETY: a pointer is only followed by kernels, whose pieces write disjoint ranges and read none that another piece
// of the same instruction writes (`Code::new` checks the operands, each kernel says how its pieces are disjoint).
unsafe impl<E: Send> Send for Bases<E> {}
// SAFETY: as above.
unsafe impl<E: Sync> Sync for Bases<E> {}

impl<E: Copy> Bases<E> {
    /// The address of a place.
    #[inline(always)]
    pub fn pointer(&self, place: Place) -> *mut E {
        let base = match place.space {
            Space::Arena => self.arena,
            Space::Inputs => self.inputs,
            Space::States => self.states,
            Space::Literals => self.literals,
            Space::Own => self.own,
        };
        // Wrapping, as a place is only known to be in bounds where a range of it was checked.
        base.wrapping_add(place.offset)
    }

    /// `len` numbers to read.
    ///
    /// # Safety
    /// The range was checked by `Code::new` and nobody writes it while the slice lives.
    #[inline(always)]
    pub unsafe fn read<'a>(&self, place: Place, len: usize) -> &'a [E] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.pointer(place), len) }
    }

    /// `len` numbers to write.
    ///
    /// # Safety
    /// The range was checked by `Code::new` and nobody else reads or writes it while the slice lives.
    #[inline(always)]
    pub unsafe fn write<'a>(&self, place: Place, len: usize) -> &'a mut [E] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(place), len) }
    }
}
