//! `docs/catalog.md` is what the catalog says now, its links lead somewhere, and the words it explains are true.

use super::snapshot::{assert_all, compare};
use super::ui::rendered;
use nnrun::catalog::{WordKind, catalog_page, entries, words};
use nnrun::check::{Overrides, check_text};
use std::path::Path;

#[test]
fn the_page_is_current() {
    // The whole page would bury which line it is.
    let first_line = |error: String| error.lines().next().unwrap_or_default().to_owned();
    assert_all([compare("docs/catalog.md", &catalog_page()).map_err(first_line)]);
}

#[test]
fn every_link_leads_to_one_place() {
    let page = catalog_page();
    let mut links = 0;
    for link in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        links += 1;
        let heading = page.lines().filter_map(|l| l.strip_prefix("## "));
        let headings = heading.filter(|h| h.to_lowercase().replace(' ', "-") == link).count();
        let anchors = page.matches(&format!("<a id=\"{link}\">")).count();
        assert_eq!(headings + anchors, 1, "{link}");
    }
    assert!(links > entries().count(), "{links}");
}

/// The lines of a setting's example in a train that has what else it needs.
fn train_with(lines: &str) -> String {
    let has = |key: &str| lines.lines().any(|l| l.trim_start().starts_with(&format!("{key}:")));
    let mut rest = String::new();
    for (key, value) in [("loss", "cross_entropy(logits, y)"), ("optimizer", "SGD(lr: 0.1)"), ("epochs", "20")] {
        let is_replaced = has(key) || (key == "epochs" && has("steps"));
        if !is_replaced {
            rest.push_str(&format!("  {key}: {value}\n"));
        }
    }
    format!(
        "data d {{\n  let t   = spirals(300, classes: 3)\n  field x = t[x0, x1]\n  field y = t.label |> classes\n}}\n\n\
         model M(x: [2]) -> logits: [3] {{\n  x |> repeat 2 {{ Dense(8) |> tanh }} |> Dense(3)\n}}\n\n\
         train M on d {{\n{rest}{lines}}}\n"
    )
}

#[test]
fn examples_of_words_check() {
    let mut wrong = Vec::new();
    for word in words().filter(|w| !w.example.is_empty()) {
        let program = match word.kind {
            WordKind::Setting => train_with(word.example),
            WordKind::Item | WordKind::Statement | WordKind::Form => word.example.to_owned(),
        };
        assert!(program.contains(word.name), "{}", word.name);
        let checked = check_text(Path::new("examples/example.nn"), &program, &Overrides::default());
        if !checked.diagnostics.is_empty() {
            wrong.push(format!("{}:\n{program}\n{}", word.name, rendered(&checked)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn words_are_written_once_and_in_sentences() {
    let mut seen = std::collections::BTreeSet::new();
    for word in words() {
        assert!(seen.insert(word.name), "{} is there twice", word.name);
        assert!(word.summary.ends_with('.') && !word.syntax.is_empty(), "{}", word.name);
        assert!(word.text.iter().all(|p| p.ends_with('.')), "{}", word.name);
    }
}
