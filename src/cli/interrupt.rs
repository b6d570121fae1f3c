//! Ctrl-C: the first asks the run to end and be saved, the second ends the process.

use super::dashboard;
use super::exit::Exit;
use super::output::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Signals so close together are one: a terminal sends Ctrl-C to a whole group of processes, and a parent such as
/// `timeout` passes its own on.
const ONE_PRESS: Duration = Duration::from_millis(300);

/// The flag that Ctrl-C (or a request to terminate) sets.
pub fn flag(output: Output) -> Arc<AtomicBool> {
    flag_of(output, "interrupted: finishing the step, saving the weights; once more ends at once")
}

/// The same, with another word on what follows.
pub fn flag_of(output: Output, note: &'static str) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let first: Mutex<Option<Instant>> = Mutex::new(None);
    let handler = move || {
        let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
        match *first {
            Some(at) if at.elapsed() < ONE_PRESS => return,
            Some(_) => {
                dashboard::leave();
                std::process::exit(i32::from(Exit::Interrupted as u8));
            }
            None => *first = Some(Instant::now()),
        }
        seen.store(true, Ordering::SeqCst);
        // The dashboard sees the flag, and says so itself.
        if dashboard::is_taken() {
            return;
        }
        output.complain("\n");
        output.note(note);
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        output.note(&format!("Ctrl-C will lose this run: {error}"));
    }
    flag
}
