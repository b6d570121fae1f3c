//! Texts kept in files, compared with what the program says now.
//!
//! `NNRUN_UPDATE=1 cargo test` writes them anew; the difference is then reviewed like any other change.

use std::path::{Path, PathBuf};

/// A path in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a text with the one kept at `path` (in the repository); says what differs.
pub fn compare(path: &str, now: &str) -> Result<(), String> {
    let kept_at = repository(path);
    if std::env::var_os("NNRUN_UPDATE").is_some() {
        if let Some(folder) = kept_at.parent() {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(&kept_at, now).unwrap();
        return Ok(());
    }
    let Ok(kept) = std::fs::read_to_string(&kept_at) else {
        return Err(format!("{path} is missing; NNRUN_UPDATE=1 writes it:\n{now}"));
    };
    if kept.replace("\r\n", "\n") == now {
        return Ok(());
    }
    let line = kept.lines().zip(now.lines()).take_while(|(a, b)| a == b).count();
    Err(format!(
        "{path} differs from line {} on (NNRUN_UPDATE=1 accepts it)\n--- kept\n{kept}\n--- now\n{now}",
        line + 1
    ))
}

/// Fails with all differences at once.
pub fn assert_all(results: impl IntoIterator<Item = Result<(), String>>) {
    let wrong: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The `.nn` files of a folder of the repository, as paths from its root, sorted.
pub fn programs(folder: &str) -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(repository(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".nn"))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    found.sort();
    found
}
