//! Texts that an editor holds and has not saved.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Texts that stand in the place of files, whether those exist or not: what is not in here is read from disk.
#[derive(Debug, Clone, Default)]
pub struct OpenTexts {
    texts: BTreeMap<PathBuf, Arc<str>>,
}

impl OpenTexts {
    /// From here on the file has this text.
    pub fn insert(&mut self, path: &Path, text: Arc<str>) {
        self.texts.insert(canonical(path), text);
    }

    /// From here on the file is as it is on disk.
    pub fn remove(&mut self, path: &Path) {
        self.texts.remove(&canonical(path));
    }

    /// The text of a file that is open.
    pub fn get(&self, path: &Path) -> Option<&Arc<str>> {
        // Most programs are checked with no editor behind them, and need not ask the disk for a name.
        if self.texts.is_empty() { None } else { self.texts.get(&canonical(path)) }
    }
}

/// One path for all the ways to write it: as the disk knows it, or for a file that is not there without `.` and `..`.
pub fn canonical(path: &Path) -> PathBuf {
    if let Ok(found) = path.canonicalize() {
        return found;
    }
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    // The folder may be there although the file is not.
    match (plain.parent().map(Path::canonicalize), plain.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_every_way_to_its_path() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("parts")).expect("made");
        let mut open = OpenTexts::default();
        open.insert(&folder.path().join("parts/unsaved.nn"), "hyper a = 1".into());
        for way in ["parts/unsaved.nn", "parts/../parts/unsaved.nn", "./parts/./unsaved.nn"] {
            assert_eq!(open.get(&folder.path().join(way)).map(|t| &**t), Some("hyper a = 1"), "{way}");
        }
        assert_eq!(open.get(&folder.path().join("unsaved.nn")), None);
        open.remove(&folder.path().join("parts/unsaved.nn"));
        assert_eq!(open.get(&folder.path().join("parts/unsaved.nn")), None);
    }
}
