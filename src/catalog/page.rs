//! The page of the whole catalog, `docs/catalog.md`.

use super::entry::{Body, Default, Entry, EntryKind};
use super::explain::{call_shape, describe};
use super::words::{Word, WordKind, words};
use super::{MetricDefinition, entries};
use std::fmt::Write;

const KINDS: [(EntryKind, &str, &str); 11] = [
    (
        EntryKind::Layer,
        "Layers",
        "A layer has weights, or is configured before it is applied. `x |> Dense(16)` makes one and applies it; \
         `let enc = Dense(16)` names one, whose weights are the same wherever it is applied. Sizes of inputs are never \
         asked for.",
    ),
    (
        EntryKind::Function,
        "Functions",
        "A function has no weights. `x |> f(a)` is `f(x, a)`; without its tensor, as in `Dense(8) |> relu`, it waits for \
         one.",
    ),
    (
        EntryKind::Loss,
        "Losses",
        "A loss is one number an example, and is averaged over the batch. Any other scalar may stand in its place, and \
         losses may be added: `mse(image, x) + 0.1 * kl`. Nothing is broadcast in a loss.",
    ),
    (EntryKind::Optimizer, "Optimizers", "What stands behind `optimizer:`. Formulas are those of `torch.optim`."),
    (
        EntryKind::Schedule,
        "Schedules",
        "What stands behind `schedule:`: the learning rate at step k of the n of its part, `lr` being the optimizer's. \
         Parts are joined by `then`.",
    ),
    (
        EntryKind::Metric,
        "Metrics",
        "What stands in `metrics: [..]`. A whole split is measured, not the mean over its batches. Without operands, as \
         `accuracy`, they are taken from the loss.",
    ),
    (
        EntryKind::Initializer,
        "Initial weights",
        "What stands behind `weight w: [..] =`, or in a layer behind `init:`. Fans are the numbers that flow into a unit \
         and out of it: the last two axes, `[in, out]`.",
    ),
    (
        EntryKind::Augmentation,
        "Augmentations",
        "What stands behind a field in `augment: { image: random_flip |> noise(0.05) }`: done to the examples of a batch in \
         training, never in evaluation. `[image, mask]: random_flip` draws once for both. Draws depend on the seed, the step, \
         the example and the operation.",
    ),
    (
        EntryKind::Source,
        "Data sources",
        "Where the fields of a `data` block come from. Paths are relative to the file.",
    ),
    (
        EntryKind::DataFunction,
        "Data functions",
        "What can be done to fields. What they estimate, they estimate on train.",
    ),
    (EntryKind::Expectation, "Expectations", "Facts of an `expect` block, beside comparisons of measures."),
];

/// All entries as one page of Markdown, a table of contents in front.
pub fn catalog_page() -> String {
    let mut page = String::from(
        "# The catalog\n\n\
         Every layer, function, loss, optimizer, schedule, metric, initial weight and data function of the language, and \
         the words around them. `nnrun explain NAME` shows an entry in the terminal, and knows the names that other \
         frameworks use.\n\n\
         Shapes are per example: the batch is never written. `[.., D]` stands for any axes in front of the last one. \
         Arguments are positional first, then `name: value`.\n\n\
         <!-- Written from the declarations in src/catalog: NNRUN_UPDATE=1 cargo test --test all catalog_page -->\n\n",
    );
    contents(&mut page);
    for (kind, title, about) in KINDS {
        let of_kind: Vec<&Entry> = sorted(kind);
        let _ = write!(page, "\n## {title}\n\n{about}\n");
        for entry in of_kind {
            section(&mut page, entry);
        }
    }
    page.push_str("\n## Words\n\nItems of a file, statements of a body, forms, and the settings of a `train`.\n");
    for word in words() {
        word_section(&mut page, word);
    }
    page
}

/// Layers keep the order of their families; what is looked up by name is in the order of the alphabet.
fn sorted(kind: EntryKind) -> Vec<&'static Entry> {
    let mut found: Vec<&Entry> = entries().filter(|e| e.kind() == kind).collect();
    found.sort_by_key(|e| e.name.to_lowercase());
    found
}

fn contents(page: &mut String) {
    for (kind, title, _) in KINDS {
        let links: Vec<String> =
            sorted(kind).iter().map(|e| format!("[`{}`](#{})", e.name, anchor(kind, e.name))).collect();
        let _ = writeln!(page, "- [**{title}**](#{}):\n  {}", slug(title), links.join(" ·\n  "));
    }
    let links: Vec<String> = words().map(|w| format!("[`{}`](#{})", w.name, word_anchor(w))).collect();
    let _ = writeln!(page, "- [**Words**](#words):\n  {}", links.join(" ·\n  "));
}

fn slug(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

/// Some names mean two things: `zeros` is a function and initial weights.
fn anchor(kind: EntryKind, name: &str) -> String {
    format!("{}-{}", slug(kind.word()), name.to_lowercase())
}

fn word_anchor(word: &Word) -> String {
    format!("word-{}", if word.name == "|>" { "pipe" } else { word.name })
}

fn section(page: &mut String, entry: &Entry) {
    let anchor = anchor(entry.kind(), entry.name);
    let _ = write!(page, "\n### <a id=\"{anchor}\"></a>{}\n\n{}\n", entry.name, prose(entry.summary));
    let _ = write!(page, "\n`{}`", call_shape(entry));
    if !entry.shapes.is_empty() {
        let shapes: Vec<String> = entry.shapes.iter().map(|s| format!("`{s}`")).collect();
        let _ = write!(page, " : {}", shapes.join(" or "));
    }
    page.push('\n');
    if !entry.formula.is_empty() {
        let _ = write!(page, "\n```text\n{}\n```\n", wrapped(entry.formula));
    }
    if !entry.params.is_empty() {
        page.push_str("\n| argument | takes | default | |\n|---|---|---|---|\n");
        for param in entry.params {
            let default = match param.default {
                Default::Required => "required".to_owned(),
                Default::Value("none") => "none".to_owned(),
                Default::Value(value) => format!("`{value}`"),
            };
            let takes = cell(&describe(&param.ty));
            let _ = writeln!(page, "| `{}` | {takes} | {default} | {} |", param.name, cell(&prose(param.doc)));
        }
    }
    let mut example = String::new();
    for (name, ty) in entry.example.inputs {
        let _ = writeln!(example, "# {name}: {ty}");
    }
    example.push_str(entry.example.code);
    if !entry.example.output.is_empty() {
        let _ = write!(example, "    # {}", entry.example.output);
    }
    let _ = write!(page, "\n```nn\n{example}\n```\n");
    let mut foot = Vec::new();
    if let Body::Metric(MetricDefinition { higher_is_better, .. }) = entry.body {
        foot.push(if higher_is_better { "More is better.".to_owned() } else { "Less is better.".to_owned() });
    }
    if !entry.source.is_empty() {
        foot.push(format!("As in {}.", prose(entry.source).trim_end_matches('.')));
    }
    if !entry.elsewhere.is_empty() {
        foot.push(format!("Elsewhere: {}.", names(entry.elsewhere)));
    }
    if !foot.is_empty() {
        let _ = write!(page, "\n{}\n", foot.join(" "));
    }
}

fn word_section(page: &mut String, word: &Word) {
    let kind = match word.kind {
        WordKind::Item => "Item",
        WordKind::Statement => "Statement",
        WordKind::Form => "Form",
        WordKind::Setting => "Setting",
    };
    let _ = write!(page, "\n### <a id=\"{}\"></a>`{}`\n\n", word_anchor(word), word.name);
    let _ = write!(page, "{kind}. {}\n\n```text\n{}\n```\n", prose(word.summary), word.syntax.join("\n"));
    for paragraph in word.text {
        let _ = write!(page, "\n{}\n", prose(paragraph));
    }
    if !word.example.is_empty() {
        let lines: Vec<&str> = word.example.lines().collect();
        let lines: Vec<&str> = match word.kind {
            WordKind::Setting => lines.iter().map(|l| l.trim_start()).collect(),
            _ => lines,
        };
        let _ = write!(page, "\n```nn\n{}\n```\n", lines.join("\n"));
    }
    if !word.elsewhere.is_empty() {
        let _ = write!(page, "\nElsewhere: {}.\n", names(word.elsewhere));
    }
}

fn names(elsewhere: &[(&str, &str)]) -> String {
    elsewhere.iter().map(|(name, of)| format!("`{name}` ({of})")).collect::<Vec<_>>().join(", ")
}

/// Plain text as Markdown: what is a mark there and none here is escaped, code in backquotes left alone.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split('`').enumerate() {
        if i % 2 == 1 {
            let _ = write!(out, "`{part}`");
        } else {
            for c in part.chars() {
                if matches!(c, '*' | '_' | '<' | '>' | '[' | ']' | '#') {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out
}

/// Within a table a bar ends the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// One clause a line where a formula is long.
fn wrapped(formula: &str) -> String {
    if formula.chars().count() <= 100 { formula.to_owned() } else { formula.replace("; ", "\n") }
}
