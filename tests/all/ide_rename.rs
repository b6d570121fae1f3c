//! Renames, references, definitions, outlines and calls: over all programs, and over programs of several files.

use crate::programs::programs;
use nnrun::check::{Overrides, check_file, check_text};
use nnrun::ide::names::{DeclarationKind, Meaning};
use nnrun::ide::{
    OutlineKind, Target, Workspace, apply, callable, definition, document_symbols, highlights, incoming, outgoing,
    prepare_rename, references, rename, workspace_symbols,
};
use std::path::{Path, PathBuf};

/// A name that nothing has, written as the old one is.
fn fresh(old: &str, number: usize) -> String {
    if old.starts_with(char::is_uppercase) { format!("Zz{number}x") } else { format!("zz{number}x") }
}

/// The first place where a declaration's name stands.
fn place(text: &str, path: &Path, name: &str) -> usize {
    let workspace = Workspace::new([(path.to_owned(), text.to_owned())]);
    let file = workspace.file(path).unwrap();
    let declared = workspace.names.declarations.iter().find(|d| &*d.name == name && d.span.file == file);
    declared.unwrap_or_else(|| panic!("`{name}` is not declared")).span.start as usize
}

#[test]
fn every_symbol_of_every_program_can_be_renamed_and_renamed_back() {
    for (path, original) in programs() {
        let mut text = original.clone();
        let mut renamed: Vec<(String, String)> = Vec::new();
        loop {
            let workspace = Workspace::new([(path.clone(), text.clone())]);
            let file = workspace.file(&path).unwrap();
            let next = workspace.names.declarations.iter().find(|d| {
                d.span.file == file && !d.span.is_empty() && !renamed.iter().any(|(_, new)| **new == *d.name)
            });
            let Some(next) = next else { break };
            let (old, new) = (next.name.to_string(), fresh(&next.name, renamed.len()));
            let edits = rename(&workspace, file, next.span.start as usize, &new)
                .unwrap_or_else(|reason| panic!("{}: `{old}`: {reason}", path.display()));
            assert!(!edits.is_empty());
            let changed = apply(&text, edits);
            // Back again, for some: each rename reads the whole program twice.
            if renamed.len().is_multiple_of(5) && !nnrun::catalog::entries().any(|e| e.name == old) {
                let workspace = Workspace::new([(path.clone(), changed.clone())]);
                let file = workspace.file(&path).unwrap();
                let back = rename(&workspace, file, place(&changed, &path, &new), &old)
                    .unwrap_or_else(|reason| panic!("{}: back to `{old}`: {reason}", path.display()));
                assert_eq!(apply(&changed, back), text, "{}", path.display());
            }
            text = changed;
            renamed.push((old, new));
        }
        assert!(renamed.len() >= 3, "{} declares little", path.display());
        assert_ne!(text, original);
        let checked = check_text(&path, &text, &Overrides::default());
        let told: Vec<&String> = checked.diagnostics.iter().map(|d| &d.message).collect();
        assert!(told.is_empty(), "{} with other names: {told:?}\n{text}", path.display());
    }
}

/// A folder of its own with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

const PARTS: &str = "hyper width = 4\n\n## Twice a layer.\nblock Pair(units, act: relu)(x: [D]) -> [units] {\n  x |> Dense(units) |> act |> Dense(units)\n}\n";
const NET: &str = "import Pair, width from \"parts.nn\"\n\nmodel Net(x: [2]) -> y: [width] {\n  x |> Pair(width) |> Pair(units: width, act: tanh)\n}\n";
const OTHER: &str = "import \"../parts.nn\" as p\n\nmodel Other(x: [2]) -> y: [4] {\n  x |> p.Pair(p.width)\n}\n";

fn three_files(name: &str) -> (PathBuf, Workspace) {
    let folder = folder(name, &[("parts.nn", PARTS), ("net.nn", NET), ("deep/other.nn", OTHER)]);
    let texts = [("parts.nn", PARTS), ("net.nn", NET), ("deep/other.nn", OTHER)];
    let workspace = Workspace::new(texts.map(|(path, text)| (folder.join(path), text.to_owned())));
    (folder, workspace)
}

#[test]
fn a_rename_goes_through_imports() {
    let (folder, workspace) = three_files("rename-imports");
    for (start, word, new) in [("parts.nn", "Pair", "Twice"), ("net.nn", "width", "breadth"), ("net.nn", "units", "n")]
    {
        let file = workspace.file(&folder.join(start)).unwrap();
        let at = workspace.sources.file(file).text.find(word).unwrap();
        let edits = rename(&workspace, file, at, new).unwrap();
        for (path, text) in [("parts.nn", PARTS), ("net.nn", NET), ("deep/other.nn", OTHER)] {
            let id = workspace.file(&folder.join(path)).unwrap();
            let changed = apply(text, edits.iter().filter(|e| e.span.file == id));
            assert!(!changed.contains(&format!("{word}(")), "{changed}");
            std::fs::write(folder.join(path), changed).unwrap();
        }
        for path in ["net.nn", "deep/other.nn"] {
            let checked = check_file(&folder.join(path), &Overrides::default()).unwrap();
            assert!(!checked.has_errors(), "{path}: {:?}", checked.diagnostics);
        }
        for (path, text) in [("parts.nn", PARTS), ("net.nn", NET), ("deep/other.nn", OTHER)] {
            std::fs::write(folder.join(path), text).unwrap();
        }
    }
}

#[test]
fn references_and_definitions_go_through_imports() {
    let (folder, workspace) = three_files("reference-imports");
    let (names, sources) = (&workspace.names, &workspace.sources);
    let other = workspace.file(&folder.join("deep/other.nn")).unwrap();
    let at = OTHER.find("Pair").unwrap();
    let found = references(names, sources, other, at, true);
    let shown: Vec<String> = found
        .iter()
        .map(|s| format!("{}:{}", sources.file(s.file).path.file_name().unwrap().display(), sources.position(*s).line))
        .collect();
    let mut sorted = shown.clone();
    sorted.sort();
    assert_eq!(sorted, ["net.nn:1", "net.nn:4", "net.nn:4", "other.nn:4", "parts.nn:4"]);
    assert_eq!(references(names, sources, other, at, false).len(), 4);
    match definition(names, sources, other, at).as_slice() {
        [one] => match &one.target {
            Target::Program { name, whole } => {
                assert_eq!(sources.file(name.file).path, folder.join("parts.nn"));
                assert!(sources.text(*whole).starts_with("block Pair"));
            }
            target => panic!("{target:?}"),
        },
        found => panic!("{found:?}"),
    }
    let path = definition(names, sources, other, OTHER.find("parts.nn").unwrap());
    assert_eq!(path[0].target, Target::File(folder.join("deep/../parts.nn")));
}

#[test]
fn a_column_leads_to_the_header() {
    let folder = folder("columns", &[("d.csv", "id,\"long name\",kind\n1,2,a\n")]);
    let path = folder.join("p.nn");
    let text = "data d {\n  let t = csv(\"d.csv\")\n  field x = t[\"long name\"]\n  field k = t.kind |> classes\n}\n";
    let workspace = Workspace::new([(path.clone(), text.to_owned())]);
    let file = workspace.file(&path).unwrap();
    for (word, cell) in [("long name", 4..13), ("kind", 15..19)] {
        let at = text.find(word).unwrap();
        let found = definition(&workspace.names, &workspace.sources, file, at);
        let line = "id,\"long name\",kind".to_owned();
        let wanted = Target::Header { path: folder.join("d.csv"), line, range: cell };
        assert_eq!(found.into_iter().map(|d| d.target).collect::<Vec<_>>(), [wanted]);
    }
}

#[test]
fn refusals_say_why() {
    let text = "hyper width = 4\ndata d {\n  let t = rows([[1, 0]], columns: [a, b])\n  field x = t[a]\n  field y = t.b |> classes\n}\n\
                block B(n)(x: [D]) -> [n] {\n  let inner = Dense(n)\n  x |> inner\n}\n\
                model M(x: [1]) -> logits: [1] {\n  x |> B(1)\n}\n";
    let path = Path::new("refuse.nn");
    let workspace = Workspace::new([(path.to_owned(), text.to_owned())]);
    let file = workspace.file(path).unwrap();
    let why = |word: &str, new: &str| rename(&workspace, file, text.find(word).unwrap(), new).unwrap_err();
    assert_eq!(why("width", "let"), "`let` is a reserved word");
    assert_eq!(why("width", "Dense"), "`Dense` is of the language: a layer");
    assert_eq!(why("width", "two words"), "`two words` is no name: a letter or `_`, then letters, digits and `_`");
    assert_eq!(why("width", "M"), "`M` is taken by the model of refuse.nn:11");
    assert_eq!(why("logits", "x"), "`x` is taken by the input of refuse.nn:11");
    assert_eq!(why("inner", "dense1"), "`dense1` is what a layer without a name is called in the paths of weights");
    assert_eq!(why("Dense", "Linear"), "`Dense` is of the language (layer), and keeps its name");
    assert_eq!(why("field y", "z"), "no name stands here");
    assert!(prepare_rename(&workspace, file, text.find("inner").unwrap()).is_ok());
}

#[test]
fn highlights_tell_declarations_from_uses() {
    let text = "model M(x: [4]) -> y: [4] {\n  let h = x * 2\n  h + h\n}\n";
    let path = Path::new("highlight.nn");
    let workspace = Workspace::new([(path.to_owned(), text.to_owned())]);
    let file = workspace.file(path).unwrap();
    let found = highlights(&workspace.names, &workspace.sources, file, text.find("h = x").unwrap());
    assert_eq!(found.iter().map(|h| h.is_declaration).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn the_outline_is_nested() {
    for (path, text) in programs() {
        let checked = check_text(&path, &text, &Overrides::default());
        let workspace = Workspace::new([(path.clone(), text)]);
        let file = workspace.file(&path).unwrap();
        let outline = document_symbols(&checked.ast, &workspace.names, &workspace.sources, file);
        assert_eq!(outline.len(), checked.ast.items.len(), "{}: {outline:#?}", path.display());
        for item in &outline {
            inside(item);
        }
        let trains = outline.iter().filter(|o| o.kind == OutlineKind::Train);
        assert!(trains.into_iter().all(|o| !o.children.is_empty()), "{}", path.display());
        let models = outline.iter().filter(|o| o.kind == OutlineKind::Declared(DeclarationKind::Model));
        assert!(models.into_iter().all(|o| !o.children.is_empty()), "{}", path.display());
    }
}

fn inside(part: &nnrun::ide::Outline) {
    assert!(part.whole.start <= part.span.start && part.span.end <= part.whole.end, "{part:?}");
    assert!(!part.name.is_empty());
    for child in &part.children {
        assert!(part.whole.start <= child.whole.start && child.whole.end <= part.whole.end);
        inside(child);
    }
}

#[test]
fn calls_of_blocks_go_both_ways() {
    let (folder, workspace) = three_files("calls");
    let names = &workspace.names;
    let parts = workspace.file(&folder.join("parts.nn")).unwrap();
    // Within the body: the block around it.
    let pair = callable(names, parts, PARTS.find("x |>").unwrap()).unwrap();
    assert_eq!(pair.name, "Pair");
    let mut users: Vec<(String, usize)> =
        incoming(names, pair.span).into_iter().map(|c| (c.other.name, c.at.len())).collect();
    users.sort();
    assert_eq!(users, [("Net".to_owned(), 2), ("Other".to_owned(), 1)]);
    let net = workspace.file(&folder.join("net.nn")).unwrap();
    let model = callable(names, net, NET.find("Net").unwrap()).unwrap();
    let used: Vec<String> = outgoing(names, model.span).into_iter().map(|c| c.other.name).collect();
    assert_eq!(used, ["Pair"]);
    assert!(incoming(names, model.span).is_empty());
}

#[test]
fn items_are_found_by_their_letters() {
    let (_, workspace) = three_files("symbols");
    let found = |query: &str| -> Vec<String> {
        workspace_symbols(&workspace.names, query).into_iter().map(|s| s.name).collect()
    };
    assert_eq!(found("pa"), ["Pair"]);
    assert_eq!(found("wd"), ["width"]);
    assert_eq!(found("").len(), 4);
    assert!(found("nothing of it").is_empty());
}

#[test]
fn every_name_leads_somewhere_without_falling() {
    for (path, text) in programs() {
        let workspace = Workspace::new([(path.clone(), text.clone())]);
        let file = workspace.file(&path).unwrap();
        for name in workspace.names.in_file(file) {
            let at = name.span.start as usize;
            let found = definition(&workspace.names, &workspace.sources, file, at);
            if matches!(name.meaning, Meaning::Declared(_) | Meaning::File(_) | Meaning::Column(_))
                && !workspace.sources.text(name.span).is_empty()
            {
                let shown = workspace.sources.text(name.span);
                let is_generated = matches!(&name.meaning, Meaning::Column(t)
                    if workspace.names.tables[*t].files.is_empty());
                assert!(!found.is_empty() || is_generated, "`{shown}` of {} leads nowhere", path.display());
            }
            let all = references(&workspace.names, &workspace.sources, file, at, true);
            assert!(all.contains(&name.span));
        }
    }
}
