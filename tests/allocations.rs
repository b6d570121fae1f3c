//! A step allocates nothing once its plan has run. In a binary of its own, as it counts what the whole process does.
#![allow(missing_docs)]
#![allow(unsafe_code)] // a global allocator cannot be written without; it only counts

#[path = "all/mlp.rs"]
mod mlp;

use nnrun::autodiff::{Emitter, differentiate};
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, InputKind};
use nnrun::ir::op::Unary;
use nnrun::ir::scan_draft::Draft;
use nnrun::optimize::optimize;
use nnrun::runtime::{Binding, Executable, Feed, Session, States};
use nnrun::source::Span;
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

/// A scan with a product of matrices in each step, forward and backward.
fn recurrence() -> Graph {
    let mut graph = Graph::default();
    let (span, size) = (Span::default(), |n: i64| Dim::constant(n));
    let (_, x) = graph.add_input("x", vec![size(7), batch(), size(24)], InputKind::Field, span);
    let (_, w) = graph.add_input("w", vec![size(24), size(24)], InputKind::Field, span);
    let mut e = Emitter::new(&mut graph, span);
    let zero = e.full(0.0, &[batch(), size(24)]);
    let mut draft = Draft::new();
    let h = draft.carry("h", zero, vec![batch(), size(24)], span);
    let xt = draft.scanned("xt", x, vec![batch(), size(24)], span);
    let inner = draft.captured("w", w, vec![size(24), size(24)], span);
    let mut body = Emitter::new(&mut draft.body, span);
    let product = body.matmul(h, inner);
    let sum = body.add(product, xt);
    let next = body.unary(Unary::Tanh, sum);
    draft.set_next(0, next, true);
    let scan = draft.append(&mut graph, size(7), false, span);
    let mut e = Emitter::new(&mut graph, span);
    let sum = e.sum(scan, &[0]);
    let loss = e.reshape(sum, vec![]);
    let gradients = differentiate(&mut graph, loss, &[w, x]);
    graph.add_output("loss", loss);
    for (i, gradient) in gradients.into_iter().flatten().enumerate() {
        graph.add_output(format!("gradient {i}"), gradient);
    }
    optimize(graph)
}

fn loops_allocate_nothing() {
    for threads in [1, 2] {
        let graph = recurrence();
        let states = States::of(&graph).expect("no states");
        let mut executable = Executable::<f32>::new(graph, &states).expect("a plan");
        let mut session = Session::new(states, threads);
        let plan = executable.prepare(&Binding::batch(40)).expect("a plan");
        let mut step = |step: u64| executable.run(&mut session, plan, &Feed { seed: 1, step, examples: &[] });
        (0..100).for_each(&mut step);
        let before = COUNT.load(Ordering::Relaxed);
        (0..100).for_each(&mut step);
        assert_eq!(COUNT.load(Ordering::Relaxed) - before, 0, "a loop with {threads} threads");
    }
}

// One test: what others allocated meanwhile would be counted too.
#[test]
fn steps_allocate_nothing() {
    loops_allocate_nothing();
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
