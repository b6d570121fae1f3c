//! Standard output and standard error: colours, width, and readers that go away.

use super::arguments::{Color, Talk};
use crate::diagnostics::{self, io_reason};
use clap::builder::styling::{AnsiColor, Style};
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

/// The width where there is no terminal to ask.
const WIDTH_WITHOUT_TERMINAL: usize = 100;
/// Nothing can be drawn in less.
const NARROWEST: usize = 20;
/// Wider tables are hard to follow with the eye.
const WIDEST: usize = 120;

/// The first failure of standard output, of the whole process.
static LOST: OnceLock<String> = OnceLock::new();

/// How a command talks. Everything is written with colours; the streams take them out where they are not wanted.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether only what went wrong is printed.
    pub quiet: bool,
    width: usize,
}

impl Output {
    /// Settles colours for the whole process.
    pub fn new(talk: Talk) -> Output {
        match talk.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        let width = width_of(terminal_size::terminal_size());
        Output { quiet: talk.quiet, width: width.min(WIDEST) }
    }

    /// Columns that there is room for.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether standard error shows colours.
    pub fn error_has_color(&self) -> bool {
        anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
    }

    /// Whether standard output shows colours.
    pub fn has_color(&self) -> bool {
        anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
    }

    /// How diagnostics are drawn on standard error: in colours where it shows them, as wide as it is.
    pub fn error_style(&self) -> diagnostics::Style {
        let width = width_of(terminal_size::terminal_size_of(std::io::stderr()));
        diagnostics::Style { color: self.error_has_color(), width: Some(width) }
    }

    /// Whether a progress bar can be seen: there is a terminal that can move its cursor.
    pub fn has_bar(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Whether a person watches standard output.
    pub fn is_watched(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Writes a result to standard output, as it is. A reader that has gone away (`| head`) is no mistake: what it
    /// does not want is dropped, and the command goes on to its end.
    pub fn result(&self, text: &str) {
        let mut stream = anstream::stdout().lock();
        if let Err(error) = stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            // A full disk behind `>`. The command goes on to its end (a run saves its weights) and fails there.
            let _ = LOST.set(io_reason(&error));
        }
    }

    /// Why a part of the result could not be written, where that happened.
    pub fn lost() -> Option<&'static str> {
        LOST.get().map(String::as_str)
    }

    /// Writes a line of a report to standard output, unless all should be quiet.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.result(&format!("{line}\n"));
        }
    }

    /// Writes what went wrong to standard error, as it is.
    pub fn complain(&self, text: &str) {
        let mut stream = anstream::stderr().lock();
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// One line on standard error: `error: …`, with advice below it.
    pub fn error(&self, message: &str, help: Option<&str>) {
        let mut text = format!("{}: {message}\n", paint(RED, "error"));
        if let Some(help) = help {
            text.push_str(&format!("{}: {help}\n", paint(CYAN, "help")));
        }
        self.complain(&text);
    }

    /// One line on standard error that is not a mistake.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            self.complain(&format!("{}: {message}\n", paint(CYAN, "note")));
        }
    }
}

/// How wide to write: as `COLUMNS` says, which also reaches through a pipe; else as wide as the terminal is.
fn width_of(terminal: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse::<usize>().ok()).filter(|n| *n > 0);
    let width = asked.or_else(|| terminal.map(|(width, _)| usize::from(width.0)));
    width.unwrap_or(WIDTH_WITHOUT_TERMINAL).max(NARROWEST)
}

/// Mistakes, failed facts.
pub const RED: Style = AnsiColor::Red.on_default().bold();
/// Facts that hold.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// Advice, names.
pub const CYAN: Style = AnsiColor::Cyan.on_default();
/// Headings.
pub const BOLD: Style = Style::new().bold();
/// What can be skipped.
pub const DIM: Style = Style::new().dimmed();

/// A text in a style.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
