//! The page as a whole: what it is made of, and the file that it becomes.

use super::html::{self, escaped};
use super::{about, chart, mistakes, program, results};
use crate::check::Checked;
use crate::train::{self, Datasets, Mistakes, RunError, RunHistory, write_whole};
use std::path::{Path, PathBuf};

/// Name of the file in the directory of the run.
pub const PAGE: &str = "report.html";
/// So many mistakes of a model are shown.
const MISTAKES: usize = 12;
/// Bytes that pictures of mistakes may take together. What has no bound of its own is bounded so that a page stays
/// below a megabyte.
const ROOM_OF_MISTAKES: usize = 250_000;
const ROOM_OF_NETWORK: usize = 200_000;
const ROOM_OF_SOURCE: usize = 200_000;

/// What a page tells.
pub struct Page {
    /// What the directory holds.
    pub history: RunHistory,
    /// The program as it ran, or why it cannot be checked again.
    pub checked: Result<Checked, String>,
    /// The worst mistakes of its models, or why they are not known.
    pub mistakes: Result<Vec<Mistakes>, String>,
}

/// A page that was written.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its file.
    pub path: PathBuf,
    /// What it does not have because something is not there any more, a line each.
    pub notes: Vec<String>,
}

/// Writes the page of a run into its directory, beside what is there and then in the place of an older one.
///
/// Errors: it is no run, its record is damaged, or the page cannot be written.
pub fn write(run: &Path, threads: usize, data: Option<&Datasets>) -> Result<Written, RunError> {
    let page = Page::of(run, threads, data)?;
    let path = page.history.directory.join(PAGE);
    write_whole(&path, page.html().as_bytes())?;
    let notes = [page.checked.err(), page.mistakes.err()].into_iter().flatten().collect();
    Ok(Written { path, notes })
}

impl Page {
    /// Gathers everything. The data is read again, for the mistakes, unless it is at hand.
    ///
    /// Errors: it is no run, or its record is damaged.
    pub fn of(run: &Path, threads: usize, data: Option<&Datasets>) -> Result<Page, RunError> {
        let history = RunHistory::read(run)?;
        let checked = train::program_of(&history.directory)
            .map_err(|failed| format!("the program cannot be checked again: {}", failed.error));
        // What a divergence left is no result, and what was killed may have left nothing.
        let left_weights = [train::RunState::Interrupted, train::RunState::Halved];
        let is_measured = history.state.is_at_its_end() || left_weights.contains(&history.state);
        let mistakes = match (&checked, is_measured) {
            // Its reason is told already.
            (Err(_), _) | (_, false) => Ok(Vec::new()),
            (Ok(_), true) => {
                let is_at_its_end = history.state.is_at_its_end();
                train::mistakes(&history.directory, MISTAKES, threads, is_at_its_end, data)
                    .map_err(|failed| format!("the mistakes cannot be looked for: {}", failed.error))
            }
        };
        Ok(Page { history, checked, mistakes })
    }

    /// The page: one file that needs no other, no script and no network.
    pub fn html(&self) -> String {
        let history = &self.history;
        let title = format!("{} · {}", about::name(history), history.file.display());
        let mut text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
             <style>\n{}{}</style>\n</head>\n<body>\n",
            escaped(&title),
            html::STYLE,
            chart::STYLE
        );
        text.push_str(&about::head(history));
        let mistakes = self.mistakes.as_deref().unwrap_or_default();
        text.push_str(&results::all(history, |train| {
            let of_train = mistakes.iter().find(|m| m.train == train.title());
            of_train.map_or(String::new(), |found| mistakes::section(found, ROOM_OF_MISTAKES / mistakes.len().max(1)))
        }));
        for reason in [self.checked.as_ref().err(), self.mistakes.as_ref().err()].into_iter().flatten() {
            text.push_str(&format!("<p class=\"faint\">Left out, because {}.</p>\n", escaped(reason)));
        }
        if let Ok(checked) = &self.checked {
            text.push_str(&program::network(checked, ROOM_OF_NETWORK));
        }
        text.push_str(&program::source(history, ROOM_OF_SOURCE));
        text.push_str(&about::reproduce(history));
        text.push_str("</body>\n</html>\n");
        text
    }
}
