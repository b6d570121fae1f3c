//! What a request may look at.

use super::analysis::{Analyses, Analysis, Syntax};
use super::client::Client;
use super::documents::Documents;
use super::failure::Failure;
use super::settings::Settings;
use super::uri;
use crate::source::canonical;
use gen_lsp_types::Uri;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What a request may look at: everything as it was when the request came in.
#[derive(Default)]
pub(super) struct Snapshot {
    /// What the client can do.
    pub client: Client,
    /// What the user has set.
    pub settings: Settings,
    /// What the editor holds.
    pub documents: Documents,
    /// The folders that the editor works in.
    pub folders: Vec<PathBuf>,
    /// Programs that were checked.
    pub analyses: Analyses,
}

/// Folders in which nobody keeps programs.
const PASSED_OVER: &[&str] = &["target", "node_modules", "runs", "__pycache__"];
/// More programs than this are not a project, but somebody's home.
const MOST_PROGRAMS: usize = 500;
/// As deep as this.
const MOST_FOLDERS: usize = 5_000;

impl Snapshot {
    /// The checked program of a file, open in the editor or not.
    pub fn analysis(&self, uri: &Uri) -> Result<Rc<Analysis>, Failure> {
        self.analyses.of(uri, &self.documents).ok_or_else(|| not_there(uri))
    }

    /// The tree of a file, open in the editor or not.
    pub fn syntax(&self, uri: &Uri) -> Result<Rc<Syntax>, Failure> {
        self.analyses.syntax_of(uri, &self.documents).ok_or_else(|| not_there(uri))
    }

    /// All programs of the workspace, those that are open and those on disk; each once.
    pub fn programs(&self) -> Vec<Uri> {
        let mut uris: Vec<Uri> = self.documents.iter().map(|d| d.uri.clone()).collect();
        let mut known: BTreeSet<PathBuf> = self.documents.iter().map(|d| canonical(&d.path)).collect();
        let mut budget = MOST_FOLDERS;
        for folder in &self.folders {
            let mut found = Vec::new();
            walk(folder, &mut budget, &mut found);
            for path in found {
                if known.insert(canonical(&path)) {
                    uris.push(uri::of_path(&path));
                }
            }
        }
        uris
    }
}

pub(super) fn not_there(uri: &Uri) -> Failure {
    Failure::refused(format!("{} is not open, and cannot be read from disk", uri::to_path(uri).display()))
}

fn walk(folder: &Path, budget: &mut usize, found: &mut Vec<PathBuf>) {
    let Some(left) = budget.checked_sub(1) else { return };
    *budget = left;
    let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        // The type of a link is that of a link: no circles.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !name.starts_with('.') && !PASSED_OVER.contains(&&*name) {
            walk(&path, budget, found);
        } else if kind.is_file() && name.ends_with(".nn") && found.len() < MOST_PROGRAMS {
            found.push(path);
        }
    }
}
