//! What the keys do.

use super::model::Model;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The keys as the help shows them.
pub const HELP: [(&str, &str); 9] = [
    ("q, s", "stop after the epoch, or not"),
    ("x, Ctrl-C", "stop now; twice: unsaved"),
    ("← → Tab", "another curve"),
    ("↑ ↓", "another train or phase"),
    ("l", "powers of ten, or not"),
    ("w", "gradients of each weight"),
    ("j k", "down, up the layers"),
    ("?", "these keys"),
    ("", "`nnrun resume RUN` goes on later."),
];

/// A key that is held is one press: it repeats faster than this.
const REPEAT: Duration = Duration::from_millis(300);

/// The flags that a run ends by.
#[derive(Debug, Clone, Default)]
pub struct Stops {
    /// Behind the step that is being done.
    pub interrupt: Arc<AtomicBool>,
    /// Behind the epoch that is being done.
    pub pause: Arc<AtomicBool>,
}

/// Who presses keys.
#[derive(Debug, Default)]
pub struct Keys {
    stops: Stops,
    /// When it was last asked to stop at once.
    asked: Option<Instant>,
}

impl Keys {
    /// With the flags that they set.
    pub fn new(stops: Stops) -> Keys {
        Keys { stops, asked: None }
    }

    /// Does what a key means. Says whether the process is to end, whatever is lost.
    pub fn press(&mut self, model: &mut Model, key: KeyEvent) -> bool {
        model.changes += 1;
        let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if with_control => return self.stop_now(),
            _ if with_control => {}
            KeyCode::Char('x') => return self.stop_now(),
            KeyCode::Char('q' | 's') => {
                self.stops.pause.fetch_xor(true, Ordering::SeqCst);
            }
            KeyCode::Right | KeyCode::Tab => model.turn(1),
            KeyCode::Left | KeyCode::BackTab => model.turn(-1),
            KeyCode::Up => model.go(-1),
            KeyCode::Down => model.go(1),
            KeyCode::Char('l') => model.is_logarithmic = !model.is_logarithmic,
            KeyCode::Char('w') => model.shows_weights = !model.shows_weights,
            KeyCode::Char('j') | KeyCode::PageDown => model.scrolled = model.scrolled.saturating_add(1),
            KeyCode::Char('k') | KeyCode::PageUp => model.scrolled = model.scrolled.saturating_sub(1),
            KeyCode::Char('?' | 'h') => model.helps = !model.helps,
            KeyCode::Esc | KeyCode::Enter => model.helps = false,
            _ => {}
        }
        false
    }

    fn stop_now(&mut self) -> bool {
        let now = Instant::now();
        let last = self.asked.replace(now);
        self.stops.interrupt.store(true, Ordering::SeqCst);
        last.is_some_and(|last| now - last >= REPEAT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(keys: &mut Keys, code: KeyCode, modifiers: KeyModifiers) -> bool {
        keys.press(&mut Model::default(), KeyEvent::new(code, modifiers))
    }

    #[test]
    fn a_run_is_asked_to_stop_and_asked_to_go_on() {
        let stops = Stops::default();
        let mut keys = Keys::new(stops.clone());
        assert!(!press(&mut keys, KeyCode::Char('q'), KeyModifiers::NONE));
        assert!(stops.pause.load(Ordering::SeqCst) && !stops.interrupt.load(Ordering::SeqCst));
        press(&mut keys, KeyCode::Char('s'), KeyModifiers::NONE);
        assert!(!stops.pause.load(Ordering::SeqCst));
    }

    #[test]
    fn a_key_that_is_held_does_not_end_the_process() {
        let stops = Stops::default();
        let mut keys = Keys::new(stops.clone());
        for _ in 0..20 {
            assert!(!press(&mut keys, KeyCode::Char('c'), KeyModifiers::CONTROL));
        }
        assert!(stops.interrupt.load(Ordering::SeqCst));
        keys.asked = Instant::now().checked_sub(REPEAT);
        assert!(press(&mut keys, KeyCode::Char('x'), KeyModifiers::NONE));
    }

    #[test]
    fn control_with_another_letter_means_nothing() {
        let stops = Stops::default();
        press(&mut Keys::new(stops.clone()), KeyCode::Char('s'), KeyModifiers::CONTROL);
        assert!(!stops.pause.load(Ordering::SeqCst));
    }
}
