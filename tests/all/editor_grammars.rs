//! The words and names in the editors' grammars are those of the catalog now.
//!
//! A grammar holds its lists in marked places, which are written here and nowhere else; `NNRUN_UPDATE=1` writes them anew.

use super::snapshot::{assert_all, compare, repository};
use nnrun::catalog::{EntryKind, WordKind, entries, small_words, words};
use serde_json::Value;

/// The names of a kind. One that stands for several things is listed with the first of them.
fn names(kind: EntryKind) -> Vec<&'static str> {
    const ORDER: [EntryKind; 11] = [
        EntryKind::Layer,
        EntryKind::Function,
        EntryKind::Loss,
        EntryKind::Optimizer,
        EntryKind::Schedule,
        EntryKind::Metric,
        EntryKind::Initializer,
        EntryKind::Augmentation,
        EntryKind::Source,
        EntryKind::DataFunction,
        EntryKind::Expectation,
    ];
    let earlier: Vec<EntryKind> = ORDER.into_iter().take_while(|other| *other != kind).collect();
    let mut names = all_names(kind);
    names.retain(|name| !entries().any(|e| e.name == *name && earlier.contains(&e.kind())));
    names
}

/// The names of a kind, those of other things among them.
fn all_names(kind: EntryKind) -> Vec<&'static str> {
    entries().filter(|e| e.kind() == kind).map(|e| e.name).collect()
}

/// Settings of trains, then those of data and sweeps.
fn settings() -> Vec<&'static str> {
    let of_others = small_words().filter(|w| {
        matches!(w.place, "data" | "sweep")
            && w.syntax.iter().any(|line| line.strip_prefix(w.name).is_some_and(|rest| rest.starts_with(':')))
    });
    words().filter(|w| w.kind == WordKind::Setting).map(|w| w.name).chain(of_others.map(|w| w.name)).collect()
}

/// The text with what stands between the line that ends in `generated: NAME` and the next line with `end` replaced.
fn with_regions(text: &str, region: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines() {
        let mark = line.trim_start_matches([' ', ';', '#']);
        inside &= mark != "end";
        if !inside {
            out.push_str(line);
            out.push('\n');
        }
        if let Some(name) = mark.strip_prefix("generated: ") {
            inside = true;
            out.push_str(&region(name));
        }
    }
    assert!(!inside, "a region has no end");
    out
}

fn kept(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap().replace("\r\n", "\n")
}

/// Text in lines of at most 110 characters.
fn wrapped(words: impl Iterator<Item = String>, indent: &str) -> String {
    let (mut out, mut line) = (String::new(), indent.to_owned());
    for word in words {
        if line.len() + 1 + word.len() > 110 {
            out.push_str(line.trim_end());
            out.push('\n');
            line = indent.to_owned();
        }
        line.push_str(&word);
        line.push(' ');
    }
    out.push_str(line.trim_end());
    out.push('\n');
    out
}

// ---- TextMate ----

/// Any of the words, as a whole word that is no key.
fn any_of(names: &[&str], then: &str) -> String {
    format!(r"(?<![\p{{L}}\p{{M}}\p{{N}}_])(?:{})(?![\p{{L}}\p{{M}}\p{{N}}_])(?!\s*:){then}", names.join("|"))
}

#[test]
fn textmate() {
    let path = "editors/vscode/syntaxes/nn.tmLanguage.json";
    let mut grammar: Value = serde_json::from_str(&kept(path)).unwrap();
    let call = r"(?=[ \t]*\()";
    let set = |grammar: &mut Value, pointer: &str, pattern: String| {
        *grammar.pointer_mut(&format!("/repository/{pointer}/match")).unwrap_or_else(|| panic!("{pointer}")) =
            pattern.into();
    };
    // A layer needs no parentheses; other names are coloured only where they are called, or where nothing else can stand.
    set(&mut grammar, "layers", any_of(&names(EntryKind::Layer), ""));
    for (key, kind) in [
        ("functions", EntryKind::Function),
        ("losses", EntryKind::Loss),
        ("optimizers", EntryKind::Optimizer),
        ("schedules", EntryKind::Schedule),
        ("metric-calls", EntryKind::Metric),
        ("initializers", EntryKind::Initializer),
        ("augmentations", EntryKind::Augmentation),
        ("sources", EntryKind::Source),
        ("data-functions", EntryKind::DataFunction),
        ("expectations", EntryKind::Expectation),
    ] {
        set(&mut grammar, key, any_of(&names(kind), call));
    }
    set(&mut grammar, "metrics", any_of(&all_names(EntryKind::Metric), ""));
    set(&mut grammar, "initial-values", any_of(&all_names(EntryKind::Initializer), ""));
    let initial = all_names(EntryKind::Initializer).join("|");
    set(&mut grammar, "initial", format!(r"(=)\s*({initial})(?=\s*(?:$|[#;}}]))"));
    for (position, kind) in [EntryKind::Layer, EntryKind::Function, EntryKind::DataFunction, EntryKind::Augmentation]
        .into_iter()
        .enumerate()
    {
        set(&mut grammar, &format!("stage-names/patterns/{position}"), any_of(&names(kind), ""));
    }
    set(&mut grammar, "settings", format!(r"(?:^|(?<=[{{;]))\s*({})\s*(:)", settings().join("|")));
    let text = serde_json::to_string_pretty(&grammar).unwrap() + "\n";
    assert_all([compare(path, &text)]);
}

// ---- tree-sitter, and the editors that use it ----

const HIGHLIGHTS: &str = "editors/tree-sitter-nn/queries/highlights.scm";

fn quoted(names: &[&str], indent: &str) -> String {
    wrapped(names.iter().map(|name| format!("\"{name}\"")), indent)
}

fn highlights() -> String {
    let called = |capture: &str| {
        let places = ["call function:", "pipeline input:", "pipeline stage:"];
        places.map(|place| format!("  ({place} (identifier) {capture})\n")).concat()
    };
    let layers = names(EntryKind::Layer);
    let mut functions: Vec<&str> = entries().filter(|e| e.kind() != EntryKind::Layer).map(|e| e.name).collect();
    functions.sort();
    functions.dedup();
    with_regions(&kept(HIGHLIGHTS), |name| match name {
        "layers" => format!(
            "([\n{}  (body (identifier) @constructor)\n  (let value: (identifier) @constructor)\n ]\n (#any-of? \
             @constructor\n{}))\n",
            called("@constructor"),
            quoted(&layers, "  ").trim_end()
        ),
        "functions" => format!(
            "([\n  (call function: (identifier) @function.builtin)\n  (pipeline stage: (identifier) @function.builtin)\n \
             ]\n (#any-of? @function.builtin\n{}))\n",
            quoted(&functions, "  ").trim_end()
        ),
        "others" => {
            let all: Vec<&str> = layers.iter().chain(&functions).copied().collect();
            format!(
                "([\n  (call function: (identifier) @function.call)\n  (pipeline stage: (identifier) @function.call)\n \
                 ]\n (#not-any-of? @function.call\n{}))\n",
                quoted(&all, "  ").trim_end()
            )
        }
        "metrics" => format!(
            "(setting\n  name: (identifier) @_setting\n  value: (list (identifier) @function.builtin)\n  (#eq? \
             @_setting \"metrics\")\n  (#any-of? @function.builtin\n{}))\n",
            quoted(&all_names(EntryKind::Metric), "    ").trim_end()
        ),
        "initial weights" => format!(
            "([\n  (weight start: (identifier) @function.builtin)\n  (named_argument value: (identifier) \
             @function.builtin)\n ]\n (#any-of? @function.builtin\n{}))\n",
            quoted(&all_names(EntryKind::Initializer), "  ").trim_end()
        ),
        other => panic!("{other} is no list"),
    })
}

/// The colours' names in Helix and Zed, where they are others than in Neovim.
fn renamed(query: &str, names: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for piece in query.split_inclusive(|c: char| !(c.is_alphanumeric() || matches!(c, '@' | '.' | '_'))) {
        let name = piece.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
        match names.iter().find(|(from, _)| *from == name) {
            Some((_, to)) => out.push_str(&piece.replacen(name, to, 1)),
            None => out.push_str(piece),
        }
    }
    out
}

const HELIX: &[(&str, &str)] = &[
    ("@comment", "@comment.line"),
    ("@comment.documentation", "@comment.line.documentation"),
    ("@keyword.import", "@keyword.control.import"),
    ("@keyword.conditional", "@keyword.control.conditional"),
    ("@keyword.repeat", "@keyword.control.repeat"),
    ("@keyword.modifier", "@keyword.storage.modifier"),
    ("@number", "@constant.numeric"),
    ("@boolean", "@constant.builtin.boolean"),
    ("@string.escape", "@constant.character.escape"),
    ("@character.special", "@constant.builtin"),
    ("@type.definition", "@type"),
    ("@module", "@namespace"),
    ("@variable.member", "@variable.other.member"),
    ("@property", "@variable.other.member"),
    ("@function.call", "@function"),
];

const ZED: &[(&str, &str)] = &[
    ("@comment.documentation", "@comment.doc"),
    ("@keyword.import", "@keyword"),
    ("@keyword.conditional", "@keyword"),
    ("@keyword.repeat", "@keyword"),
    ("@keyword.operator", "@operator"),
    ("@keyword.modifier", "@type"),
    ("@constant.builtin", "@constant"),
    ("@character.special", "@constant"),
    ("@type.definition", "@type"),
    ("@type.builtin", "@type"),
    ("@module", "@namespace"),
    ("@variable.member", "@property"),
    ("@function.builtin", "@function"),
    ("@function.call", "@function"),
];

#[test]
fn tree_sitter() {
    let highlights = highlights();
    let head = |editor: &str| {
        format!(
            "; Made from `{HIGHLIGHTS}` by `tests/all/editor_grammars.rs`, with {editor}'s names of colours.\n\n{}",
            highlights.split_once("\n\n").map_or("", |(_, rules)| rules)
        )
    };
    let mut results = vec![
        compare(HIGHLIGHTS, &highlights),
        compare("editors/helix/queries/nn/highlights.scm", &renamed(&head("Helix"), HELIX)),
        compare("editors/zed/languages/nn/highlights.scm", &renamed(&head("Zed"), ZED)),
        compare("editors/neovim/queries/nn/highlights.scm", &head("Neovim")),
    ];
    for query in ["folds", "indents", "injections", "locals"] {
        let text = kept(&format!("editors/tree-sitter-nn/queries/{query}.scm"));
        results.push(compare(&format!("editors/neovim/queries/nn/{query}.scm"), &text));
    }
    assert_all(results);
}

// ---- Emacs and Sublime Text ----

#[test]
fn emacs() {
    let path = "editors/emacs/nn-mode.el";
    let list = |names: Vec<&str>| format!("  '(\n{}    )\n", quoted(&names, "    "));
    let callable = || {
        let mut names: Vec<&str> = entries().filter(|e| e.kind() != EntryKind::Layer).map(|e| e.name).collect();
        names.sort();
        names.dedup();
        names
    };
    let text = with_regions(&kept(path), |name| match name {
        "layers" => list(names(EntryKind::Layer)),
        "functions" => list(callable()),
        "settings" => list(settings()),
        other => panic!("{other} is no list"),
    });
    assert_all([compare(path, &text)]);
}

#[test]
fn sublime() {
    let path = "editors/sublime/nn.sublime-syntax";
    let text = with_regions(&kept(path), |name| {
        assert_eq!(name, "variables");
        let line = |key: &str, names: Vec<&str>| format!("  {key}: (?:{})\n", names.join("|"));
        [
            line("layers", names(EntryKind::Layer)),
            line("functions", names(EntryKind::Function)),
            line("losses", names(EntryKind::Loss)),
            line("optimizers", names(EntryKind::Optimizer)),
            line("schedules", names(EntryKind::Schedule)),
            line("metrics", names(EntryKind::Metric)),
            line("initial_weights", names(EntryKind::Initializer)),
            line("augmentations", names(EntryKind::Augmentation)),
            line("sources", names(EntryKind::Source)),
            line("data_functions", names(EntryKind::DataFunction)),
            line("expectations", names(EntryKind::Expectation)),
            line("settings", settings()),
        ]
        .concat()
    });
    assert_all([compare(path, &text)]);
}

/// Each word that begins an item or a statement is known to every grammar.
#[test]
fn words_of_the_language() {
    let beginning: Vec<&str> = words()
        .filter(|w| w.kind != WordKind::Setting)
        .map(|w| w.name)
        .filter(|name| name.chars().all(char::is_alphabetic))
        .chain(["sweep", "field", "phase", "group", "else", "and", "or", "not", "true", "false", "none"])
        .collect();
    for path in [
        "editors/vscode/syntaxes/nn.tmLanguage.json",
        "editors/tree-sitter-nn/grammar.js",
        "editors/emacs/nn-mode.el",
        "editors/sublime/nn.sublime-syntax",
    ] {
        let text = kept(path);
        let known: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let missing: Vec<&&str> = beginning.iter().filter(|word| !known.contains(*word)).collect();
        assert!(missing.is_empty(), "{path} lacks {missing:?}");
    }
}
