//! The house as a test: which folder may use which, and who may use what.
//!
//! Every `crate::name` in `src/` is read. A module may use modules on floors below its own; modules on one floor may
//! use each other only one way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The floors of `src/lib.rs`.
const FLOORS: &[(&str, u32)] = &[
    ("source", 0),
    ("diagnostics", 1),
    ("syntax", 2),
    ("ir", 2),
    ("build", 3),
    ("data", 3),
    ("catalog", 4),
    ("autodiff", 5),
    ("optimize", 5),
    ("check", 5),
    ("compare", 6),
    ("starter", 6),
    ("runtime", 6),
    ("compile", 7),
    ("train", 8),
    ("export", 8),
    ("ide", 8),
    ("report", 9),
    ("lsp", 9),
    ("cli", 10),
    ("main", 10),
];

/// Beyond the floors: pairs that must not meet although the floors would allow it.
const FORBIDDEN: &[(&str, &str)] = &[
    ("ir", "syntax"),
    ("runtime", "check"),
    ("runtime", "catalog"),
    ("ide", "runtime"),
    ("ide", "train"),
    ("export", "runtime"),
    ("export", "train"),
];

fn floor(module: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

struct SourceText {
    path: String,
    module: String,
    text: String,
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// All files of `src/`, without comments.
fn sources() -> Vec<SourceText> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let relative = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            let module = relative.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let code: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
            SourceText { path: format!("src/{relative}"), module, text: code.join("\n") }
        })
        .collect()
}

/// The modules that a text names behind `crate::` (or `nnrun::` in the binary), groups in braces included.
fn uses(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for prefix in ["crate::", "nnrun::"] {
        for (at, _) in text.match_indices(prefix) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &text[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(names_of_group(group)),
                None => found.extend(leading_name(rest)),
            }
        }
    }
    found
}

fn leading_name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The first name of each part of `a::b, c::{d, e}}`.
fn names_of_group(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut is_start) = (0, true);
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_start = true,
            c if is_start && !c.is_whitespace() => {
                names.extend(leading_name(&text[at..]));
                is_start = false;
            }
            _ => {}
        }
    }
    names
}

/// Who uses whom, with a file that shows it.
fn edges() -> BTreeMap<(String, String), String> {
    let mut edges = BTreeMap::new();
    for source in sources().iter().filter(|s| s.module != "lib") {
        for used in uses(&source.text) {
            // Macros and the like that live at the root have no floor.
            if used != source.module && floor(&used).is_some() {
                edges.entry((source.module.clone(), used)).or_insert_with(|| source.path.clone());
            }
        }
    }
    edges
}

#[test]
fn every_module_has_a_floor() {
    for source in sources() {
        assert!(source.module == "lib" || floor(&source.module).is_some(), "{} stands on no floor", source.path);
    }
}

#[test]
fn imports_go_down() {
    let mut wrong = Vec::new();
    for ((user, used), path) in edges() {
        let (Some(from), Some(to)) = (floor(&user), floor(&used)) else { continue };
        if to > from || FORBIDDEN.contains(&(user.as_str(), used.as_str())) {
            wrong.push(format!("{path}: `{user}` (floor {from}) uses `{used}` (floor {to})"));
        }
    }
    assert!(wrong.is_empty(), "imports that do not go down:\n{}", wrong.join("\n"));
}

#[test]
fn no_module_reaches_itself() {
    let edges = edges();
    let mut reached: BTreeSet<(String, String)> = edges.keys().cloned().collect();
    loop {
        let more: Vec<(String, String)> = reached
            .iter()
            .flat_map(|(a, b)| edges.keys().filter(move |(c, _)| b == c).map(move |(_, d)| (a.clone(), d.clone())))
            .filter(|pair| !reached.contains(pair))
            .collect();
        if more.is_empty() {
            break;
        }
        reached.extend(more);
    }
    let circles: Vec<&String> = reached.iter().filter(|(a, b)| a == b).map(|(a, _)| a).collect();
    assert!(circles.is_empty(), "modules that use each other in a circle: {circles:?}");
}

/// The files whose code has a word that stands only in some places.
fn files_with(word: &str, allowed: &[&str]) -> Vec<String> {
    sources()
        .into_iter()
        .filter(|s| !allowed.iter().any(|a| s.path.starts_with(a)))
        .filter(|s| has_word(&s.text, word))
        .map(|s| s.path)
        .collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next())
    })
}

#[test]
fn unsafe_code_stays_in_the_kernels() {
    // The attribute that allows it there names the lint, not the keyword.
    assert_eq!(files_with("unsafe", &["src/runtime/kernels"]), Vec::<String>::new());
}

#[test]
fn libraries_stay_where_they_are_wrapped() {
    let cases: &[(&str, &[&str])] = &[
        ("ariadne", &["src/diagnostics/render"]),
        ("clap", &["src/cli"]),
        ("indicatif", &["src/cli"]),
        ("ctrlc", &["src/cli"]),
        ("anstream", &["src/cli"]),
        ("terminal_size", &["src/cli"]),
        ("ratatui", &["src/cli/dashboard"]),
        ("crossterm", &["src/cli/dashboard"]),
        ("pest", &["src/syntax"]),
        ("pest_derive", &["src/syntax"]),
        ("faer", &["src/runtime/kernels"]),
        ("lsp_server", &["src/lsp"]),
        ("gen_lsp_types", &["src/lsp"]),
        // Floor 0 has a module of that name.
        ("line_index", &["src/lsp", "src/source"]),
    ];
    for (library, allowed) in cases {
        let wrong: Vec<String> = sources()
            .into_iter()
            .filter(|s| !allowed.iter().any(|a| s.path.starts_with(a)))
            .filter(|s| has_word(&s.text, &format!("{library}::")) || has_word(&s.text, &format!("use {library};")))
            .map(|s| s.path)
            .collect();
        assert_eq!(wrong, Vec::<String>::new(), "{library} is used outside {allowed:?}");
    }
}

#[test]
fn nothing_is_left_to_do() {
    for word in ["todo!", "unimplemented!", "dbg!"] {
        let wrong: Vec<String> = sources().into_iter().filter(|s| s.text.contains(word)).map(|s| s.path).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{word} is left");
    }
}

#[test]
fn the_reader_of_imports_understands_groups() {
    let text = "use crate::{a::b, c::{d, e}, f};\nlet x = crate::g::h(); other_crate::i; nnrun::cli::main()";
    let found: Vec<String> = uses(text).into_iter().collect();
    assert_eq!(found, ["a", "c", "cli", "f", "g"]);
}
