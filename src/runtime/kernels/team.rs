//! The worker threads.
//!
//! A step hands over hundreds of small jobs; rayon's way from outside a pool allocates now and then and wakes through a
//! lock. Here the pieces of a job are counted by one atomic, workers spin for some microseconds between jobs before
//! they sleep, and a job that is done never waits for a worker that slept through it. Nothing is allocated after the
//! team is made. Which worker runs which piece is left to chance; the results must not depend on it.

use super::SendPointer;
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// In [`Shared::gate`]: whether the job may be joined.
const OPEN: usize = 1;
/// In [`Shared::gate`]: one worker inside.
const INSIDE: usize = 2;
/// In [`Shared::gate`]: the bits that count the workers inside.
const INSIDE_MASK: usize = 0xfffe;
/// In [`Shared::gate`]: one job.
const JOB: usize = 0x1_0000;
/// How often a worker looks for a job before it sleeps: some tens of microseconds.
const SPINS: usize = 600;

/// A job as the workers see it: piece and worker number.
type Job = *const (dyn Fn(usize, usize) + Sync);

struct Shared {
    /// Number of the job, workers inside, whether it is open.
    gate: AtomicUsize,
    job: UnsafeCell<Option<Job>>,
    pieces: AtomicUsize,
    next: AtomicUsize,
    asleep: Vec<AtomicBool>,
    panicked: AtomicBool,
    stop: AtomicBool,
}

// SAFETY: `job` is written only by the thread that holds `Team::busy`, while the gate is closed and nobody is inside, and
// read only by workers inside, who entered by an acquiring exchange on the gate that was opened after the write.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `job` points to a `Sync` closure that outlives the job (see `Team::run`).
unsafe impl Send for Shared {}

impl Shared {
    fn work(&self, job: &(dyn Fn(usize, usize) + Sync), worker: usize) {
        let pieces = self.pieces.load(Ordering::Relaxed);
        loop {
            let piece = self.next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                break;
            }
            job(piece, worker);
        }
    }

    fn serve(&self, worker: usize) {
        let mut seen = 0;
        let mut idle = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let gate = self.gate.load(Ordering::Acquire);
            if gate & OPEN != 0 && gate / JOB != seen {
                if self.gate.compare_exchange(gate, gate + INSIDE, Ordering::AcqRel, Ordering::Relaxed).is_err() {
                    continue;
                }
                seen = gate / JOB;
                idle = 0;
                // SAFETY: inside the gate: `job` is set and not written until this worker has left.
                let job = unsafe { *self.job.get() };
                if let Some(job) = job {
                    // SAFETY: `Team::run` returns only when nobody is inside, so the closure is alive.
                    let job = unsafe { &*job };
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work(job, worker)));
                    if done.is_err() {
                        self.panicked.store(true, Ordering::Relaxed);
                    }
                }
                self.gate.fetch_sub(INSIDE, Ordering::AcqRel);
            } else if idle < SPINS {
                idle += 1;
                std::hint::spin_loop();
            } else {
                // Say it before looking for the last time, so that no job slips between.
                self.asleep[worker].store(true, Ordering::SeqCst);
                let gate = self.gate.load(Ordering::SeqCst);
                if (gate & OPEN == 0 || gate / JOB == seen) && !self.stop.load(Ordering::SeqCst) {
                    std::thread::park();
                }
                self.asleep[worker].store(false, Ordering::SeqCst);
                idle = 0;
            }
        }
    }
}

/// Some threads, the calling one among them.
pub struct Team {
    shared: Arc<Shared>,
    busy: AtomicBool,
    workers: Vec<JoinHandle<()>>,
}

impl Team {
    /// With so many threads in all; at least 1, at most 1024. Where the system refuses a thread, with fewer.
    pub fn new(threads: usize) -> Team {
        let threads = threads.clamp(1, 1024);
        let shared = Arc::new(Shared {
            gate: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            pieces: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            asleep: (0..threads).map(|_| AtomicBool::new(false)).collect(),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let workers = (1..threads)
            .map_while(|worker| {
                let shared = shared.clone();
                let builder = std::thread::Builder::new().name(format!("nnrun-{worker}"));
                builder.spawn(move || shared.serve(worker)).ok()
            })
            .collect();
        Team { shared, busy: AtomicBool::new(false), workers }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `write(place, part)` for every part of so many numbers, the last of which may be shorter; `place` is that of
    /// the part's first number. Returns when all are done.
    pub fn share<T: Send>(&self, all: &mut [T], each: usize, write: &(dyn Fn(usize, &mut [T]) + Sync)) {
        let (len, each) = (all.len(), each.max(1));
        let first = SendPointer(all.as_mut_ptr());
        self.run(len.div_ceil(each), &|piece, _| {
            let at = piece * each;
            // SAFETY: each piece is run once, and the parts of no two overlap; `all` is borrowed until all are done.
            write(at, unsafe { std::slice::from_raw_parts_mut(first.part(at), each.min(len - at)) });
        });
    }

    /// Calls `job(piece, worker)` for every piece; `worker` is below [`Team::threads`] and no two calls at one time
    /// have the same. Returns when all are done.
    pub fn run(&self, pieces: usize, job: &(dyn Fn(usize, usize) + Sync)) {
        let alone = pieces <= 1 || self.workers.is_empty();
        if alone || self.busy.swap(true, Ordering::Acquire) {
            for piece in 0..pieces {
                job(piece, 0);
            }
            return;
        }
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes. The closure outlives the job: below, the gate is closed and everyone has
        // left before this function returns, also when a piece panics in this thread.
        let erased = unsafe { std::mem::transmute::<*const (dyn Fn(usize, usize) + Sync + '_), Job>(job) };
        // SAFETY: `busy` is held, the gate is closed and nobody is inside: no one else touches `job`.
        unsafe { *shared.job.get() = Some(erased) };
        shared.pieces.store(pieces, Ordering::Relaxed);
        shared.next.store(0, Ordering::Relaxed);
        let number = (shared.gate.load(Ordering::Relaxed) / JOB).wrapping_add(1);
        shared.gate.store(number.wrapping_mul(JOB) | OPEN, Ordering::SeqCst);
        for (worker, thread) in self.workers.iter().enumerate().take(pieces - 1) {
            if shared.asleep[worker + 1].load(Ordering::SeqCst) {
                thread.thread().unpark();
            }
        }
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| shared.work(job, 0)));
        shared.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0_u32;
        while shared.gate.load(Ordering::Acquire) & INSIDE_MASK != 0 {
            spins += 1;
            if spins.is_multiple_of(1024) { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
        self.busy.store(false, Ordering::Release);
        if let Err(panic) = done {
            std::panic::resume_unwind(panic);
        }
        assert!(!shared.panicked.load(Ordering::Relaxed), "a kernel panicked in a worker thread");
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker's panic was reported by the job that it broke.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_each_to_its_end() {
        for (threads, count, each) in [(1, 10, 3), (3, 1000, 7), (3, 14, 7), (2, 0, 5), (4, 3, 100)] {
            let mut all = vec![0; count];
            Team::new(threads).share(&mut all, each, &|at, part| {
                assert!(part.len() == each || at + part.len() == count);
                part.iter_mut().enumerate().for_each(|(i, x)| *x += at + i);
            });
            assert!(all.iter().enumerate().all(|(i, x)| i == *x), "{threads} {count} {each}");
        }
    }

    #[test]
    fn every_piece_runs_once() {
        for threads in [1, 2, 3, 8] {
            let team = Team::new(threads);
            for round in 0..2000 {
                let counts: Vec<AtomicUsize> = (0..round % 17).map(|_| AtomicUsize::new(0)).collect();
                team.run(counts.len(), &|piece, worker| {
                    assert!(worker < threads);
                    counts[piece].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1));
                if round % 500 == 0 {
                    // Long enough for the workers to fall asleep.
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
            }
        }
    }
}
