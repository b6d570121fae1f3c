//! A step allocates nothing once its plan has run. In a binary of its own, as it counts what the whole process does.
#![allow(missing_docs)]
#![allow(unsafe_code)] // a global allocator cannot be written without; it only counts

#[path = "all/mlp.rs"]
mod mlp;

use nnrun::runtime::Feed;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn steps_allocate_nothing() {
    for threads in [1, 2] {
        // Large enough that products and updates are shared by the threads.
        let (mut executable, mut session, full) = mlp::ready::<f32>(&[300, 256, 10], 64, threads);
        let last = mlp::feed(&mut executable, 17, 10, &mut || 0.25);
        let mut step = |step: u64, plan| executable.run(&mut session, plan, &Feed { seed: 1, step, examples: &[] });
        // The threads of the products make their packing memory when they first take part.
        for i in 0..100 {
            step(i, full);
            step(i, last);
        }
        let before = COUNT.load(Ordering::Relaxed);
        for i in 0..100 {
            step(i, full);
        }
        step(0, last);
        assert_eq!(COUNT.load(Ordering::Relaxed) - before, 0, "with {threads} threads");
    }
}
