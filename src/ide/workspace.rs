//! The programs of a folder together: what is declared in one file and used in others.

use super::names::Names;
use crate::source::{FileId, SourceMap, canonical};
use crate::syntax::ast::ItemKind;
use crate::syntax::parse_shared;
use std::path::{Path, PathBuf};

/// More files than this are no folder of programs, and would keep an editor waiting.
const MOST_FILES: usize = 1000;

/// The programs of a folder and their names.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Their texts.
    pub sources: SourceMap,
    /// Every name in them.
    pub names: Names,
}

impl Workspace {
    /// These programs, and what they import from the disk.
    pub fn new(texts: impl IntoIterator<Item = (PathBuf, String)>) -> Workspace {
        Workspace::reading(texts, |path| std::fs::read_to_string(path).ok())
    }

    /// These programs, and what they import, which `read` gives.
    pub fn reading(
        texts: impl IntoIterator<Item = (PathBuf, String)>,
        read: impl Fn(&Path) -> Option<String>,
    ) -> Workspace {
        let mut sources = SourceMap::new();
        let mut files = Vec::new();
        for (path, text) in texts {
            let path = canonical(&path);
            if sources.find(&path).is_none() {
                files.push(sources.add(path, text));
            }
        }
        let mut next = 0;
        while let Some(file) = files.get(next).copied() {
            for path in imports(&sources, file) {
                if sources.find(&path).is_none()
                    && files.len() < MOST_FILES
                    && let Some(text) = read(&path)
                {
                    files.push(sources.add(path, text));
                }
            }
            next += 1;
        }
        let names = Names::of_files(&sources, &files);
        Workspace { sources, names }
    }

    /// The file of this path.
    pub fn file(&self, path: &Path) -> Option<FileId> {
        self.sources.find(&canonical(path))
    }
}

fn imports(sources: &SourceMap, file: FileId) -> Vec<PathBuf> {
    let source = sources.file(file);
    let directory = source.path.parent().map(Path::to_owned).unwrap_or_default();
    let (tree, _) = parse_shared(file, &source.text);
    let paths = tree.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(canonical(&directory.join(&import.path))),
        _ => None,
    });
    paths.collect()
}
