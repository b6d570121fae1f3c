//! The whole screen, taken and given back in every way out.
//!
//! A terminal has one screen, and so has a process: it may end in any thread, by a signal or a panic, and whoever ends
//! it gives the screen back.

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::io::{self, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, TryLockError};
use std::time::Duration;

/// Whether the screen is taken.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
/// Held while something is written to it.
static WRITING: Mutex<()> = Mutex::new(());
static HOOK: Once = Once::new();

/// Whoever writes is given so long to come to an end; a thread that panicked while it wrote never does.
const PATIENCE: u32 = 40;
const WAIT: Duration = Duration::from_millis(5);

/// The screen, while it is taken.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    size: (u16, u16),
}

impl Screen {
    /// Takes the screen. What was on it comes back with [`leave`].
    pub fn take() -> io::Result<Screen> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                leave();
                before(panic);
            }));
        });
        let size = size()?;
        let terminal = terminal(size)?;
        IS_TAKEN.store(true, Ordering::SeqCst);
        let taken =
            enable_raw_mode().and_then(|()| execute!(io::stdout(), EnterAlternateScreen, Hide, Clear(ClearType::All)));
        if let Err(error) = taken {
            leave();
            return Err(error);
        }
        Ok(Screen { terminal, size })
    }

    /// Draws, where the screen is not given back yet.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame)) -> io::Result<()> {
        let _writing = writing();
        if !is_taken() {
            return Ok(());
        }
        let size = size()?;
        if size != self.size {
            execute!(io::stdout(), Clear(ClearType::All))?;
            (self.terminal, self.size) = (terminal(size)?, size);
        }
        self.terminal.draw(draw)?;
        Ok(())
    }
}

/// Of a fixed size: one that follows the screen asks it where its cursor is, and not all answer.
fn terminal((width, height): (u16, u16)) -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    let viewport = Viewport::Fixed(Rect { x: 0, y: 0, width, height });
    Terminal::with_options(CrosstermBackend::new(io::stdout()), TerminalOptions { viewport })
}

fn writing() -> Option<MutexGuard<'static, ()>> {
    for _ in 0..PATIENCE {
        match WRITING.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(WAIT),
        }
    }
    None
}

/// Whether the screen is taken: a line that is printed now would be lost, and spoil what is drawn.
pub fn is_taken() -> bool {
    IS_TAKEN.load(Ordering::SeqCst)
}

/// Gives the screen back, if it is taken.
pub fn leave() {
    let _writing = if is_taken() { writing() } else { None };
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        // Nobody is left to be told.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}
