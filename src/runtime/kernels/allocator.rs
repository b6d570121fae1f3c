//! Where memory comes from.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout, System};

/// From so many bytes on, memory is asked of the system and given back to it at once.
const LARGE: usize = 256 << 10;
/// From so many on, in pages of two megabytes where the system has them: a step walks through all of its memory, and
/// took a seventh longer where each four kilobytes had to be looked up.
#[cfg(target_os = "linux")]
const HUGE: usize = 4 << 20;

/// A language server that answers at each key makes and drops a program of small pieces each time: with the allocator of
/// the C library a third of the time goes there, so small pieces are mimalloc's. It keeps what is freed, though, and what
/// was needed to read a table would stand beside a training run to its end: large pieces are not its affair, and
/// [`Allocator::give_back`] says when what there was of small ones is no longer needed.
pub struct Allocator;

impl Allocator {
    /// Gives to the system what this thread has freed.
    pub fn give_back() {
        // SAFETY: may be called at any time, also where nothing has been taken.
        unsafe { libmimalloc_sys::mi_collect(true) };
    }
}

/// Asks the system for memory in large pages.
///
/// # Safety
/// The piece is one of the system's, or null.
#[inline]
#[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
unsafe fn in_large_pages(piece: *mut u8, size: usize) -> *mut u8 {
    #[cfg(target_os = "linux")]
    if size >= HUGE && !piece.is_null() {
        const PAGE: usize = 4 << 10;
        let start = piece.wrapping_add(piece.align_offset(PAGE));
        // SAFETY: whole pages of the piece, whose content stays what it is. What the system makes of it is its affair.
        unsafe { libc::madvise(start.cast(), (size - PAGE) / PAGE * PAGE, libc::MADV_HUGEPAGE) };
    }
    piece
}

// SAFETY: of the two allocators, which both keep the contract, the size of a piece says whose it is.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: passed on.
        unsafe {
            if layout.size() < LARGE {
                MiMalloc.alloc(layout)
            } else {
                in_large_pages(System.alloc(layout), layout.size())
            }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: passed on.
        unsafe {
            if layout.size() < LARGE {
                MiMalloc.alloc_zeroed(layout)
            } else {
                in_large_pages(System.alloc_zeroed(layout), layout.size())
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { if layout.size() < LARGE { MiMalloc.dealloc(piece, layout) } else { System.dealloc(piece, layout) } }
    }

    #[inline]
    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: passed on, or a copy of what both pieces have.
        unsafe {
            match (layout.size() < LARGE, size < LARGE) {
                (true, true) => MiMalloc.realloc(piece, layout, size),
                (false, false) => System.realloc(piece, layout, size),
                _ => {
                    let other = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                    if !other.is_null() {
                        std::ptr::copy_nonoverlapping(piece, other, layout.size().min(size));
                        self.dealloc(piece, layout);
                    }
                    other
                }
            }
        }
    }
}
