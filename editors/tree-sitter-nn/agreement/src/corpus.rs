//! The programs that there are: files, and those on the pages that explain a diagnostic or the language.

use crate::repository;
use std::fs;
use std::path::Path;

/// Every program of the repository, with its name.
pub fn programs() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["examples", "tests", "editors", "src", "docs"] {
        walk(&repository(folder), &mut found);
    }
    read(&repository("README.md"), &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "node_modules" && name != "target" {
                walk(&path, found);
            }
        } else {
            read(&path, found);
        }
    }
}

fn read(path: &Path, found: &mut Vec<(String, String)>) {
    let name = path.display().to_string().replace(&repository("").display().to_string(), "");
    match path.extension().and_then(|e| e.to_str()) {
        Some("nn") => found.push((name, fs::read_to_string(path).unwrap_or_default())),
        Some("md") => {
            let page = fs::read_to_string(path).unwrap_or_default();
            for (number, block) in page.split("\n```nn").skip(1).enumerate() {
                let text = block.split_once('\n').and_then(|(_, rest)| rest.split("\n```").next());
                found.extend(text.map(|text| (format!("{name}, block {}", number + 1), format!("{text}\n"))));
            }
        }
        _ => {}
    }
}
