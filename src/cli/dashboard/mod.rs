//! `--dashboard`: the whole screen shows a run while it goes on. The only user of ratatui.
//!
//! ```text
//! training thread ──events──▶ Model ◀──keys── drawing thread ──▶ draw ──▶ Screen
//!                   keys.rs: what keys do     layers.rs, series.rs: what is remembered, in bounded room
//! ```
//!
//! The training thread only writes down what happened. What a run came to is told on the normal screen when it is over,
//! by the [`Progress`] that would have told it on the way.

mod draw;
mod keys;
mod layers;
mod model;
mod panels;
mod screen;
mod series;
#[cfg(test)]
mod tests;

pub use keys::Stops;
pub use screen::{is_taken, leave};

use super::exit::Exit;
use super::output::Output;
use super::progress::Progress;
use crate::check::Program;
use crate::train::{Event, Observer, RunHistory, Start};
use draw::Look;
use keys::Keys;
use model::{Model, Stopping};
use ratatui::crossterm::event::{self, Event as Input, KeyEventKind};
use screen::Screen;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the norms of the gradients are looked at, at most.
pub const GRADIENTS: Duration = Duration::from_millis(500);
/// A run that is over sooner is not worth a screen of its own.
const SETTLED: Duration = Duration::from_millis(150);
/// Between two drawings.
const FRAME: Duration = Duration::from_millis(70);
/// Clocks run even where nothing happens.
const CLOCK: Duration = Duration::from_millis(500);
/// As long as the end of a run waits for what draws it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why there can be no dashboard, and what to do.
pub fn refusal(output: &Output) -> Option<(&'static str, &'static str)> {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if output.quiet {
        Some(("--dashboard and --quiet do not go together", "leave one of them out"))
    } else if !std::io::stdout().is_terminal() {
        Some((
            "--dashboard draws on a terminal, and standard output is none",
            "leave --dashboard or the redirection out",
        ))
    } else if is_dumb {
        Some(("--dashboard needs a terminal that can move its cursor, and TERM is dumb", "leave --dashboard out"))
    } else {
        None
    }
}

/// Hears what happens in a run, and has it drawn.
pub struct Dashboard<'a> {
    output: Output,
    program: &'a Program,
    shared: Arc<Shared>,
    stops: Stops,
    look: Look,
    began: Instant,
    drawing: Option<JoinHandle<()>>,
    /// What is to be told on the normal screen.
    told: Vec<Told>,
}

/// What both threads know.
#[derive(Default)]
struct Shared {
    model: Mutex<Model>,
    is_over: AtomicBool,
    /// Why there was nothing to see any more.
    failed: Mutex<Option<String>>,
}

impl Shared {
    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is told when the screen is given back.
enum Told {
    Event(Box<Event>),
    Trouble(String),
}

impl<'a> Dashboard<'a> {
    /// For the trains of a program, which end by these flags.
    pub fn new(output: &Output, program: &'a Program, stops: Stops) -> Dashboard<'a> {
        let look = Look { has_color: output.has_color() };
        let (shared, began) = (Arc::default(), Instant::now());
        Dashboard { output: *output, program, shared, stops, look, began, drawing: None, told: Vec::new() }
    }

    /// Gives the screen back and tells what was not told on the way.
    pub fn tell(mut self, progress: &mut Progress) {
        self.end();
        if let Some(why) = self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.output.note(&format!("the dashboard could not go on, the run did: {why}"));
        }
        for told in self.told.drain(..) {
            match told {
                Told::Event(event) => progress.event(&event),
                // There is no time left to do something about it.
                Told::Trouble(message) => self.output.error(&message, None),
            }
        }
    }

    fn begin(&mut self, start: &Start) {
        if self.drawing.is_none() {
            let drawer = Drawer {
                shared: Arc::clone(&self.shared),
                stops: self.stops.clone(),
                look: self.look,
                began: self.began,
            };
            self.drawing = Some(std::thread::spawn(move || drawer.run()));
        }
        if let (_, 1..) = start.from {
            // What cannot be read is not drawn; the run does not need it.
            let history = RunHistory::read(&start.run).ok();
            let train = history.and_then(|history| {
                let is_it = |train: &crate::train::TrainHistory| {
                    *train.model == *start.train && train.phase.as_deref() == start.phase.as_deref()
                };
                history.trains.into_iter().rev().find(is_it)
            });
            self.shared.model().remember(&train.map_or_else(Vec::new, |train| train.points));
        }
    }

    fn end(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        if let Some(drawing) = self.drawing.take() {
            // Where the terminal went away in the wrong moment it never ends, and the run shall.
            let began = Instant::now();
            while !drawing.is_finished() && began.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(5));
            }
            if drawing.is_finished() {
                // Where it panicked, that has been told.
                let _ = drawing.join();
            }
        }
        screen::leave();
    }

    /// Remembers what is told at the end: of the reports of a train the last is enough.
    fn keep(&mut self, event: &Event) {
        if let (Event::Epoch(_), Some(Told::Event(last))) = (event, self.told.last_mut())
            && let Event::Epoch(_) = **last
        {
            **last = event.clone();
            return;
        }
        self.told.push(Told::Event(Box::new(event.clone())));
    }
}

impl Drop for Dashboard<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

impl Observer for Dashboard<'_> {
    fn event(&mut self, event: &Event) {
        let now = self.began.elapsed().as_secs_f64();
        self.shared.model().event(event, self.program, now);
        match event {
            Event::Start(start) => self.begin(start),
            Event::Epoch(_) | Event::Done(_) => {}
            Event::Step(_) | Event::Gradients(_) | Event::Expect(_) | Event::Diverged(_) => return,
        }
        self.keep(event);
    }

    fn trouble(&mut self, message: &str) {
        self.shared.model().say(message);
        self.told.push(Told::Trouble(message.to_owned()));
    }
}

/// Draws, and hears keys, in a thread of its own.
struct Drawer {
    shared: Arc<Shared>,
    stops: Stops,
    look: Look,
    began: Instant,
}

impl Drawer {
    fn run(self) {
        let started = Instant::now();
        while started.elapsed() < SETTLED {
            if self.is_over() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // A terminal that has gone away is no reason to end a run: it goes on unseen, and is saved.
        if let Err(error) = self.show() {
            screen::leave();
            *self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        }
    }

    fn is_over(&self) -> bool {
        self.shared.is_over.load(Ordering::SeqCst)
    }

    fn show(&self) -> std::io::Result<()> {
        let mut screen = Screen::take()?;
        let mut keys = Keys::new(self.stops.clone());
        let had_keys = std::io::stdin().is_terminal();
        let (mut drawn_at, mut drawn) = (None::<Instant>, None);
        let mut weighed_at = None::<Instant>;
        while !self.is_over() {
            let since = drawn_at.map_or(CLOCK, |at| at.elapsed());
            if since >= FRAME {
                if weighed_at.is_none_or(|at| at.elapsed() >= CLOCK) {
                    let memory = memory();
                    self.shared.model().memory = memory;
                    weighed_at = Some(Instant::now());
                }
                let stopping = self.stopping();
                let changes = {
                    let mut model = self.shared.model();
                    model.stopping = stopping;
                    model.changes
                };
                if drawn != Some((changes, stopping)) || since >= CLOCK {
                    let now = self.began.elapsed().as_secs_f64();
                    screen.draw(|frame| draw::draw(frame, &self.shared.model(), self.look, now))?;
                    drawn = Some((changes, stopping));
                    drawn_at = Some(Instant::now());
                }
            }
            let since = drawn_at.map_or(FRAME, |at| at.elapsed());
            std::thread::sleep(if since < FRAME { FRAME - since } else { FRAME });
            // Whoever waits for keys of a terminal that is gone waits for ever, and busily.
            if had_keys && !std::io::stdin().is_terminal() {
                return Err(std::io::Error::other("the terminal is gone"));
            }
            while event::poll(Duration::ZERO)? {
                self.hear(event::read()?, &mut keys);
            }
        }
        Ok(())
    }

    fn hear(&self, input: Input, keys: &mut Keys) {
        match input {
            Input::Key(key) if key.kind != KeyEventKind::Release => {
                let ends_at_once = keys.press(&mut self.shared.model(), key);
                if ends_at_once {
                    screen::leave();
                    std::process::exit(i32::from(Exit::Interrupted as u8));
                }
            }
            Input::Resize(..) => self.shared.model().changes += 1,
            _ => {}
        }
    }

    /// A signal asks as well as a key does.
    fn stopping(&self) -> Stopping {
        if self.stops.interrupt.load(Ordering::SeqCst) {
            Stopping::Now
        } else if self.stops.pause.load(Ordering::SeqCst) {
            Stopping::AfterEpoch
        } else {
            Stopping::No
        }
    }
}

/// Bytes that the process holds, where the system says so.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}
