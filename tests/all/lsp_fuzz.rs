//! Random edits to the examples, with a request after each: nothing is survived badly, and no answer is stale. What a
//! server answers that has seen all the edits before, one answers that has seen nothing else.
//!
//! `NN_FUZZ=n` makes n edits to each example, and tells how long answers took; `NN_FUZZ_FROM=unet` begins with the first
//! example that comes behind this name; `NN_SERVER=path` asks that binary instead of the server in this one.

use crate::editor_client::{Editor, uri};
use nnrun::check::{Overrides, check_text};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SNIPPETS: &[&str] = &[
    "|>",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "#",
    "# 𝔸 模型 e\u{301}\n",
    "\r\n",
    "\n",
    " ",
    ",",
    ":",
    "=",
    "..",
    "->",
    "0",
    "7",
    "1e9",
    "80%",
    "𝔸",
    "é",
    "let ",
    "Dense(4)",
    "Conv2d(8, kernel: 3)",
    "residual { ",
    "repeat 3 { relu }",
    "softmax",
    "model M(x: [4]) -> y { x |> Dense(2) }\n",
    "hyper z = 3\n",
    "if true { 1 } else { 2 }",
    "then",
    "none",
    "-",
    "* 2",
];

/// A slip, a word put in, a line lost or doubled; from time to time everything is undone.
pub fn edit(text: &str, original: &str, random: &mut ChaCha8Rng) -> String {
    let place = |random: &mut ChaCha8Rng| {
        let mut at = random.random_range(0..=text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    match random.random_range(0..10) {
        0 => original.to_owned(),
        1 | 2 => {
            let (a, b) = (place(random), place(random));
            let (start, mut end) = (a.min(b), a.max(b).min(a.min(b) + 12));
            while !text.is_char_boundary(end) {
                end += 1;
            }
            format!("{}{}", &text[..start], &text[end..])
        }
        3 if !lines.is_empty() => {
            let mut lines = lines;
            lines.remove(random.random_range(0..lines.len()));
            lines.concat()
        }
        4 if !lines.is_empty() && text.len() < 20_000 => {
            let mut lines = lines;
            let line = lines[random.random_range(0..lines.len())];
            lines.insert(random.random_range(0..=lines.len()), line);
            lines.concat()
        }
        _ => {
            let at = place(random);
            let snippet = SNIPPETS[random.random_range(0..SNIPPETS.len())];
            format!("{}{snippet}{}", &text[..at], &text[at..])
        }
    }
}

/// Of many edits, the answer to each of so many is held against that of a fresh server.
const OFTEN: usize = 20;

/// A server that was just started, in a process of its own where one is named.
fn server() -> Editor {
    let capabilities = json!({ "textDocument": { "diagnostic": {} } });
    match std::env::var_os("NN_SERVER") {
        Some(binary) => Editor::running(&PathBuf::from(binary), capabilities),
        None => Editor::with(capabilities, Value::Null),
    }
}

/// A request about the whole of the document or a place in it.
fn question(uri: &str, text: &str, random: &mut ChaCha8Rng) -> (&'static str, Value) {
    let line = random.random_range(0..=text.lines().count());
    let position = json!({ "line": line, "character": random.random_range(0..60) });
    let document = json!({ "uri": uri });
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9999, "character": 0 } });
    let whole = json!({ "textDocument": document });
    let at = json!({ "textDocument": document, "position": position });
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    match random.random_range(0..10) {
        0 | 1 => ("textDocument/diagnostic", whole),
        2 => ("textDocument/inlayHint", json!({ "textDocument": document, "range": range })),
        3 | 4 => ("textDocument/hover", at),
        5 => ("textDocument/codeLens", whole),
        6 => ("textDocument/semanticTokens/full", whole),
        7 => ("textDocument/foldingRange", whole),
        8 => ("textDocument/formatting", json!({ "textDocument": document, "options": options })),
        _ => ("textDocument/documentLink", whole),
    }
}

pub fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|e| e == "nn")).collect();
    paths.sort();
    paths
}

#[test]
fn random_edits_are_answered_from_the_text_as_it_is() {
    let wanted: Option<usize> = std::env::var("NN_FUZZ").ok().and_then(|n| n.parse().ok());
    let from = std::env::var("NN_FUZZ_FROM").unwrap_or_default();
    let is_wanted = |path: &PathBuf| path.file_name().is_some_and(|name| *name.to_string_lossy() >= *from);
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for path in examples().into_iter().filter(is_wanted) {
        let mut editor = server();
        let original = std::fs::read_to_string(&path).unwrap();
        let uri = uri(&path);
        editor.open(&uri, &original);
        let mut text = original.clone();
        let mut took: Vec<Duration> = Vec::new();
        for version in 2..2 + wanted.unwrap_or(12) as i64 {
            text = edit(&text, &original, &mut random);
            let (method, params) = question(&uri, &text, &mut random);
            let begun = Instant::now();
            editor.change(&uri, version, &text);
            let answer = editor.request(method, params.clone());
            took.push(begun.elapsed());
            let answer = answer.unwrap_or_else(|error| panic!("{method} of {}: {error}\n{text}", path.display()));
            if wanted.is_none() || (version as usize).is_multiple_of(OFTEN) {
                let mut fresh = server();
                fresh.open(&uri, &text);
                assert_eq!(fresh.request(method, params).as_ref(), Ok(&answer), "{method} of\n{text}");
                fresh.leave();
            }
            if method == "textDocument/diagnostic" {
                let mut found: Vec<&str> =
                    answer["items"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap()).collect();
                let checked = check_text(&path, &text, &Overrides::default());
                let mut fresh: Vec<&str> = checked.diagnostics.iter().map(|d| d.code.text()).collect();
                found.sort_unstable();
                fresh.sort_unstable();
                assert_eq!(found, fresh, "a stale answer about {}\n{text}", path.display());
            }
        }
        let told: Vec<&Value> = editor.unasked.iter().filter(|m| m["method"] == "window/logMessage").collect();
        assert!(told.is_empty(), "{told:?}");
        if wanted.is_some() {
            took.sort_unstable();
            let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3;
            let name = path.file_name().unwrap().to_string_lossy();
            eprintln!(
                "{name}: median {:.2} ms, 90 % {:.2} ms, 99 % {:.2} ms, worst {:.2} ms",
                at(50),
                at(90),
                at(99),
                at(100)
            );
        }
        editor.leave();
    }
}
