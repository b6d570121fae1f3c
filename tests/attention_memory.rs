//! The memory of attention: what `summary --batch` says a step holds is what the process holds, and it grows with the
//! length of a sequence, not with its square. A test binary of its own, for its allocator counts.

use nnrun::check::{Checked, Overrides, check_text};
use nnrun::compile::{self, full_batch, step_cost};
use nnrun::runtime::{Feed, Session};
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// What is smaller is not counted: the graph, the plan and what else a compiler keeps lies in small pieces, a step's
/// memory in a few large ones.
const LARGE: usize = 1 << 20;

struct Counting;

fn grown(by: usize) {
    if by >= LARGE {
        let live = LIVE.fetch_add(by, Ordering::Relaxed) + by;
        PEAK.fetch_max(live, Ordering::Relaxed);
    }
}

fn shrunk(by: usize) {
    if by >= LARGE {
        LIVE.fetch_sub(by, Ordering::Relaxed);
    }
}

// SAFETY: every call is handed to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrunk(layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LAYERS: usize = 4;
const HEADS: usize = 8;
const BATCH: usize = 4;

/// Four layers of eight heads over sequences of characters.
fn transformer(positions: usize) -> Checked {
    let program = format!(
        "data book {{
  let ids     = text(\"data/text/as_you_like_it.txt\") |> characters
  field chars = ids |> windows({positions}, stride: 1024)
  field next  = ids |> windows({positions}, stride: 1024, offset: 1)
}}
model Char(chars: class(V)[T]) -> logits: [T, V] {{
  chars |> Embedding(128) |> Positions(max: T)
        |> TransformerEncoder(heads: {HEADS}, hidden: 256, layers: {LAYERS}, causal: true, dropout: 0.1)
        |> Dense(V)
}}
train Char on book {{
  loss:      cross_entropy(logits, next)
  optimizer: AdamW(lr: 1e-3)
  epochs:    1
  batch:     {BATCH}
}}
"
    );
    let checked = check_text(Path::new("examples/memory.nn"), &program, &Overrides::default());
    assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
    checked
}

#[test]
fn a_step_holds_what_is_predicted_and_no_square_of_the_length() {
    let predicted = |positions: usize| {
        let checked = transformer(positions);
        let before = LIVE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let train = &checked.program.trains[0];
        let (graph, states) = compile::states(train, None).expect("a step");
        let mut executable = compile::step(graph, &states).expect("a step").executable;
        let plan = executable.prepare(&full_batch(&train.longest, BATCH)).expect("a plan");
        let mut session = Session::new(states, 1);
        executable.run(&mut session, plan, &Feed { seed: 0, step: 1, examples: &[] });
        let cost = step_cost(train, BATCH).expect("a step");
        (cost.bytes as usize, PEAK.load(Ordering::Relaxed) - before)
    };
    let (half, _) = predicted(512);
    let (whole, held) = predicted(1024);
    let off = (held as f64 - whole as f64).abs() / held as f64;
    println!("predicted {whole} bytes, held at most {held}: {:.2} % off", 100.0 * off);
    assert!(off < 0.01, "predicted {whole} bytes, held {held}");
    assert!((whole as f64) < 2.0 * half as f64, "{whole} bytes for 1024 positions, {half} for 512");
    let squares = LAYERS * BATCH * HEADS * 1024 * 1024 * size_of::<f32>();
    assert!(whole < squares, "{whole} bytes, with {squares} for the weights of the attention alone");
}
