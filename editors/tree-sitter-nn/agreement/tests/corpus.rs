//! `test/corpus` holds, and the queries fit the grammar: what `tree-sitter test` does, without the need to install it.

use agreement::{parser, repository};
use std::fs;
use tree_sitter::{Language, Query};

struct Case {
    name: String,
    is_error: bool,
    text: String,
    tree: String,
}

/// The cases of a file: between lines of `=` a name and marks, then the text, a line of `-`, the tree.
fn cases(file: &str) -> Vec<Case> {
    let rule = "=".repeat(40);
    let parts: Vec<&str> = file.split(&format!("{rule}\n")).skip(1).collect();
    let pairs = parts.as_chunks::<2>().0;
    pairs
        .iter()
        .map(|[head, body]| {
            let (text, tree) = body.split_once("\n---\n").unwrap_or((body, ""));
            Case {
                name: head.lines().next().unwrap_or_default().to_owned(),
                is_error: head.lines().any(|line| line == ":error"),
                text: text.to_owned(),
                tree: tree.split_whitespace().collect::<Vec<_>>().join(" ").replace(" )", ")"),
            }
        })
        .collect()
}

/// `(a (b) field: (c))` without the names of fields, which the corpus leaves out.
fn without_fields(tree: &str) -> String {
    tree.split(' ').filter(|piece| !piece.ends_with(':')).collect::<Vec<_>>().join(" ")
}

#[test]
fn trees() {
    let mut parser = parser();
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(repository("editors/tree-sitter-nn/test/corpus")).expect("the corpus is there") {
        let file = fs::read_to_string(entry.expect("its files can be listed").path()).expect("and read");
        for case in cases(&file) {
            count += 1;
            let tree = parser.parse(&case.text, None).expect("a language is set");
            let found = without_fields(&tree.root_node().to_sexp());
            let right = if case.is_error { tree.root_node().has_error() } else { found == case.tree };
            if !right {
                wrong.push(format!("{}\n  wanted {}\n  found  {found}", case.name, case.tree));
            }
        }
    }
    assert!(count > 50, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn queries() {
    let language: Language = tree_sitter_nn::LANGUAGE.into();
    let mut count = 0;
    for folder in ["tree-sitter-nn/queries", "neovim/queries/nn", "helix/queries/nn", "zed/languages/nn"] {
        for entry in fs::read_dir(repository("editors").join(folder)).expect("the folder is there") {
            let path = entry.expect("its files can be listed").path();
            if path.extension().is_some_and(|e| e == "scm") {
                let text = fs::read_to_string(&path).expect("and read");
                let query = Query::new(&language, &text);
                assert!(query.is_ok(), "{}: {}", path.display(), query.expect_err("checked"));
                count += 1;
            }
        }
    }
    assert!(count >= 12, "{count}");
}
