//! The programs of this repository that check clean.

use std::path::{Path, PathBuf};

/// All of them, `examples/` and `tests/programs/`, each with the path that its data is relative to.
pub fn programs() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["examples", "tests/programs"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "nn") {
                let name = format!("{}-{}", folder.replace('/', "-"), path.file_name().unwrap().display());
                found.push((root.join("examples").join(name), std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 25, "{} programs", found.len());
    found
}
