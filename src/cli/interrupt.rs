//! Ctrl-C: the first asks the run to end and be saved, the second ends the process.

use super::exit::Exit;
use super::output::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The flag that Ctrl-C (or a request to terminate) sets.
pub fn flag(output: Output) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let handler = move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(Exit::Interrupted as u8));
        }
        output.complain("\n");
        output.note("interrupted: finishing the step, saving the weights; once more ends at once");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        output.note(&format!("Ctrl-C will lose this run: {error}"));
    }
    flag
}
