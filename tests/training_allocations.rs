//! A training step allocates nothing after the first. A test binary of its own, for its allocator counts everything.

mod hand_built;

use hand_built::{checked, settings, thirds};
use nnrun::check::{Clip, Length, Settings};
use nnrun::data::{Augmentation, Augmented};
use nnrun::train::{Event, Observer, RunOptions, run};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is handed to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations up to each step.
struct Counts {
    at: Vec<usize>,
}

impl Observer for Counts {
    fn event(&mut self, event: &Event) {
        if matches!(event, Event::Step(_)) && self.at.len() < self.at.capacity() {
            self.at.push(ALLOCATIONS.load(Ordering::Relaxed));
        }
    }
}

#[test]
fn a_step_allocates_nothing_after_the_first() {
    let changed = vec![Augmented {
        fields: vec!["x".into()],
        operations: vec![Augmentation::Noise { std: 0.1 }, Augmentation::Mixup { alpha: 0.2 }],
    }];
    for (threads, augment) in [(1, Vec::new()), (2, Vec::new()), (1, changed)] {
        let root = tempfile::tempdir().unwrap();
        // 54 examples: 13 full batches and a smaller one, which has a plan of its own.
        let settings =
            Settings { batch: 4, length: Length::Epochs(3), clip: Some(Clip::Norm(1.0)), augment, ..settings() };
        let checked = checked(thirds(), vec![settings], Vec::new());
        let mut counts = Counts { at: Vec::with_capacity(100) };
        let options = RunOptions { threads, runs: root.path().to_owned(), ..RunOptions::default() };
        run(&checked, &options, &mut counts).unwrap();
        let per_step: Vec<usize> = counts.at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(per_step.len(), 41);
        // Steps 2 to 13 of each epoch; what lies between epochs is validation and reports.
        for epoch in 0..3 {
            assert_eq!(per_step[epoch * 14..][..12], [0; 12], "{threads} threads, epoch {epoch}: {per_step:?}");
        }
        // The smaller batch of a later epoch finds its plan.
        assert_eq!(per_step[14 + 12], 0);
    }
}
