//! In a string: paths relative to the file, and columns by a name in quotes.

use super::Context;
use super::offer::{OfferKind, Offers};
use crate::ide::situation::Around;
use crate::source::Span;
use std::ops::Range;
use std::path::Path;

/// More entries of a folder than this are no list to choose from.
const MOST_ENTRIES: usize = 500;

impl Context<'_> {
    pub fn offer_in_string(&self, string: Range<usize>, offers: &mut Offers) {
        let situation = &self.situation;
        if let Around::Index { base } = &situation.here().around {
            return self.offer_columns(base, offers);
        }
        let statement = situation.outer_statement();
        let wanted: &[&str] = match statement.as_slice() {
            ["import", ..] => &[".nn"],
            ["load", ":", ..] => &[".safetensors"],
            _ => match self.source_around() {
                Some("csv") => &[".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"],
                Some("idx") => &[".gz", ".idx", "ubyte"],
                Some("npy") => &[".npy", ".npy.gz"],
                Some("npz") => &[".npz"],
                Some("text") => &[".txt", ".md", ".txt.gz", ".md.gz"],
                // What it takes is a folder, and those are always offered.
                Some("image_folder") => &[],
                _ => return,
            },
        };
        let file = self.checked.sources.file(self.checked.file);
        let text = file.text.get(string.start..self.offset.max(string.start)).unwrap_or("");
        let (folder, _) = text.rsplit_once('/').map_or(("", text), |(folder, name)| (folder, name));
        let directory = file.path.parent().unwrap_or(Path::new("")).join(folder);
        let directory = if directory.as_os_str().is_empty() { Path::new(".").to_owned() } else { directory };
        // Only what stands behind the last slash is replaced.
        let start = string.start + text.rfind('/').map_or(0, |at| at + 1);
        offers.replace(Span::new(self.checked.file, start, string.end.max(start)));
        let Ok(entries) = std::fs::read_dir(directory) else { return };
        let mut found: Vec<(bool, String)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_folder = entry.path().is_dir();
                let lower = name.to_lowercase();
                let fits = is_folder || wanted.iter().any(|ending| lower.ends_with(ending));
                (fits
                    && !name.starts_with('.')
                    && Path::new(&name) != file.path.file_name().map_or(Path::new(""), Path::new))
                .then_some((is_folder, name))
            })
            .take(MOST_ENTRIES)
            .collect();
        found.sort();
        for (is_folder, name) in found {
            match is_folder {
                true => offers.add_snippet(OfferKind::Folder, &format!("{name}/"), format!("{name}/"), "a folder", ""),
                false => offers.add(OfferKind::File, &name, "a file", ""),
            }
        }
    }

    /// The data source whose parentheses the cursor is in.
    fn source_around(&self) -> Option<&str> {
        self.situation.frames.iter().rev().find_map(|frame| match &frame.around {
            Around::Call { callee, .. } => callee.last().map(String::as_str),
            _ => None,
        })
    }
}
