//! Items, the statements of `data`, `train`, `expect` and `sweep`, and the values of settings.

use super::Context;
use super::entries::offer_argument;
use super::offer::{OfferKind, Offers};
use super::values::{offer_small_word, offer_word};
use crate::catalog::{EntryKind, WordKind, find, small_word, words};
use crate::ide::documentation;
use crate::ide::names::DeclarationKind;
use crate::ide::situation::Around;

/// What a setting begins with, where it has a value that is nearly always written.
const SETTINGS: &[(&str, &str)] = &[
    ("loss", "loss: $0"),
    ("optimizer", "optimizer: ${1:Adam(lr: 1e-3)}"),
    ("schedule", "schedule: ${1:warmup(1 epochs) then cosine(to: 0)}"),
    ("epochs", "epochs: ${1:20}"),
    ("steps", "steps: ${1:1000}"),
    ("batch", "batch: ${1:32}"),
    ("metrics", "metrics: [$0]"),
    ("clip", "clip: norm(${1:1.0})"),
    ("shuffle", "shuffle: ${1|false,true|}"),
    ("drop_last", "drop_last: ${1|true,false|}"),
    ("seed", "seed: ${1:42}"),
    ("class_weights", "class_weights: balanced"),
    ("stop", "stop: patience(${1:validation.loss}, ${2:10 epochs})"),
    ("keep", "keep: best(${1:validation.loss})"),
    ("freeze", "freeze: [$0]"),
    ("validate", "validate: ${1:500 steps}"),
    ("load", "load: \"$1\""),
    ("augment", "augment: { $0 }"),
    ("accumulate", "accumulate: ${1:4}"),
    ("ema", "ema: ${1:0.999}"),
    ("recompute", "recompute: blocks"),
];

/// Items as they begin.
const ITEMS: &[(&str, &str)] = &[
    (
        "data",
        "data ${1:name} {\n  let t = csv(\"$2\")\n  field ${3:x} = t[$4]\n  field ${5:y} = t.$6\n  split: random(train: 80%, test: 20%, seed: 1)\n}",
    ),
    ("model", "model ${1:Net}(${2:x}: [${3:4}]) -> ${4:logits}: [${5:3}] {\n  ${2:x} |> $0\n}"),
    ("block", "block ${1:Unit}(${2:units})(${3:x}: [${4:D}]) -> [${2:units}] {\n  ${3:x} |> $0\n}"),
    (
        "train",
        "train ${1:Net} on ${2:data} {\n  loss:      $3\n  optimizer: Adam(lr: 1e-3)\n  epochs:    20\n  batch:     32\n}",
    ),
    ("expect", "expect {\n  $0\n}"),
    ("hyper", "hyper ${1:name} = $0"),
    ("import", "import \"$1\""),
    ("let", "let ${1:name} = $0"),
];

/// A sweep as it begins.
const SWEEP: &str = "sweep {\n  ${1:hyper}: [${2:32, 64, 128}]\n  best: min(${3:validation.loss})\n}";

/// Statements of a train that hold settings of their own.
const STATEMENTS: &[(&str, &str)] = &[
    ("phase", "phase ${1:head} {\n  epochs: ${2:3}\n  $0\n}"),
    ("group", "group [\"${1:*.bias}\"] { ${2:weight_decay: 0} }"),
];

impl Context<'_> {
    /// An item, or what its header still wants.
    pub fn offer_at_the_top(&self, offers: &mut Offers) {
        match self.situation.statement().as_slice() {
            [] => {
                for (name, snippet) in ITEMS {
                    let kind = if *name == "let" { WordKind::Statement } else { WordKind::Item };
                    offer_word(name, kind, OfferKind::Item, snippet, offers);
                }
                offer_small_word("sweep", "item", OfferKind::Item, SWEEP, offers);
            }
            ["train"] => self.offer_items(DeclarationKind::Model, OfferKind::Model, offers),
            ["train", .., "on"] => self.offer_items(DeclarationKind::Data, OfferKind::Data, offers),
            ["train", _, ..] => offers.add(OfferKind::Keyword, "on", "the data it is trained on", ""),
            ["import"] => offers.add_snippet(OfferKind::File, "\"…\"", "\"$1\"", "a path, relative to this file", ""),
            ["import", ..] => {
                offers.add(OfferKind::Keyword, "from", "the file of these items", "");
                offers.add(OfferKind::Keyword, "as", "a name for all of its items", "");
            }
            ["block" | "model", ..] => match self.situation.last() {
                "->" | ":" => self.offer_types(offers),
                _ => {}
            },
            ["hyper", _, "=", ..] | ["let", _, "=", ..] => self.offer_expression(offers),
            _ => {}
        }
    }

    fn offer_items(&self, kind: DeclarationKind, offer: OfferKind, offers: &mut Offers) {
        for (_, _, item) in self.items().into_iter().filter(|(_, _, d)| d.kind == kind) {
            let page = documentation::of_declaration(item, &self.checked.sources);
            offers.add(offer, &item.name, self.text_of(item.shown), page);
        }
    }

    /// `train M(`: inputs of the model, then fields of data.
    pub fn offer_bindings(&self, offers: &mut Offers) {
        let (model, _) = self.pair();
        match self.situation.statement().as_slice() {
            [] => {
                let found = self
                    .items()
                    .into_iter()
                    .find(|(_, _, d)| d.kind == DeclarationKind::Model && Some(&*d.name) == model);
                let Some((names, id, _)) = found else { return };
                for (_, input) in names.members(id).filter(|(_, d)| d.kind == DeclarationKind::Input) {
                    let label = format!("{}:", input.name);
                    let snippet = format!("{}: ${{1}}", input.name);
                    offers.add_snippet(OfferKind::Argument, &label, snippet, self.text_of(input.shown), "");
                }
            }
            [_, ":"] => {
                for (_, _, field) in self.declarations() {
                    if field.kind == DeclarationKind::Field {
                        offers.add(OfferKind::Field, &field.name, self.text_of(field.shown), "");
                    }
                }
            }
            _ => {}
        }
    }

    pub fn offer_in_data(&self, offers: &mut Offers) {
        match self.situation.statement().as_slice() {
            [] => {
                offer_small_word("field", "statement", OfferKind::Keyword, "field ${1:x} = $0", offers);
                offer_word("let", WordKind::Statement, OfferKind::Keyword, "let ${1:t} = $0", offers);
                let snippet = "split: random(train: ${1:80%}, test: ${2:20%}, seed: ${3:1})";
                let word = small_word("split", "data");
                let page = word.map_or(String::new(), documentation::of_small_word);
                offers.add_snippet(OfferKind::Setting, "split:", snippet, "how examples are shared out", page);
            }
            ["split", ":"] => {
                for (name, snippet) in [
                    ("random", "random(train: ${1:80%}, test: ${2:20%}, seed: ${3:1})"),
                    ("ordered", "ordered(train: ${1:80%}, test: ${2:20%})"),
                ] {
                    offer_small_word(name, "split", OfferKind::Choice, snippet, offers);
                }
            }
            ["let" | "field", _, "=", ..] => self.offer_expression(offers),
            _ => {}
        }
    }

    pub fn offer_in_train(&self, offers: &mut Offers) {
        let statement = self.situation.statement();
        match statement.as_slice() {
            [] => self.offer_settings(offers),
            [key, ":", rest @ ..] => self.offer_setting_value(key, rest, offers),
            ["let", _, "=", ..] => self.offer_losses(offers),
            _ => {}
        }
    }

    /// `group ["*.bias"] {`: arguments of the optimizer that the group does not have yet.
    pub fn offer_in_group(&self, offers: &mut Offers) {
        let Some(entry) = self.situation.optimizer().and_then(|name| find(name, &[EntryKind::Optimizer])) else {
            return;
        };
        match self.situation.statement().as_slice() {
            [] => {
                let here = self.situation.here();
                let written = self.situation.beginnings(here);
                for param in entry.params.iter().filter(|param| !written.contains(&param.name)) {
                    offer_argument(param, offers);
                }
            }
            [key, ":"] => {
                if let Some(param) = entry.param(key) {
                    self.offer_for(&param.ty, offers);
                }
            }
            _ => {}
        }
    }

    /// Settings that the train does not have yet, those that it needs first.
    fn offer_settings(&self, offers: &mut Offers) {
        let written = self.situation.statements_of_item();
        let has = |key: &str| written.contains(&key) || matches!(key, "epochs" if written.contains(&"steps"));
        let is_phase = self.situation.here().around == Around::Settings;
        for (name, snippet) in SETTINGS {
            let is_other_length = *name == "steps" && written.contains(&"epochs");
            if (has(name) || is_other_length) && !is_phase {
                continue;
            }
            if let Some(word) = words().find(|w| w.name == *name && w.kind == WordKind::Setting) {
                let page = documentation::of_word(word);
                offers.add_snippet(OfferKind::Setting, &format!("{name}:"), *snippet, word.summary, page);
            }
        }
        offer_word("let", WordKind::Statement, OfferKind::Keyword, "let ${1:name} = $0", offers);
        // A phase has no phases.
        for (name, snippet) in STATEMENTS.iter().filter(|(name, _)| *name != "phase" || !is_phase) {
            offer_small_word(name, "statement", OfferKind::Keyword, snippet, offers);
        }
    }

    fn offer_setting_value(&self, key: &str, rest: &[&str], offers: &mut Offers) {
        let small = |name: &str, place: &str, snippet: &str, offers: &mut Offers| {
            offer_small_word(name, place, OfferKind::Choice, snippet, offers);
        };
        match (key, rest) {
            ("loss", []) => self.offer_losses(offers),
            ("loss", _) => self.offer_losses(offers),
            ("optimizer", []) => self.offer_entries(&[EntryKind::Optimizer], false, offers),
            ("schedule", [] | [.., "then"]) => self.offer_entries(&[EntryKind::Schedule], false, offers),
            ("schedule", _) => offers.add(OfferKind::Keyword, "then", "the next part of the schedule", ""),
            ("metrics", []) => {
                offers.add_snippet(OfferKind::Keyword, "[…]", "[$1]", "a list of metrics", "");
                self.offer_entries(&[EntryKind::Metric], false, offers);
            }
            ("clip", []) => {
                small("norm", "clip", "norm(${1:1.0})", offers);
                small("value", "clip", "value(${1:0.5})", offers);
            }
            ("stop", []) => {
                small("patience", "stop", "patience(${1:validation.loss}, ${2:10 epochs})", offers);
            }
            ("keep", []) => small("best", "keep", "best(${1:validation.loss})", offers),
            ("class_weights", []) => small("balanced", "class_weights", "balanced", offers),
            ("recompute", []) => small("blocks", "recompute", "blocks", offers),
            ("shuffle" | "drop_last", []) => {
                offers.add(OfferKind::Choice, "true", "", "");
                offers.add(OfferKind::Choice, "false", "", "");
            }
            ("augment", []) => {
                offers.add_snippet(OfferKind::Keyword, "{ … }", "{ $1 }", "augmentations by field", "");
            }
            ("freeze", []) => offers.add_snippet(OfferKind::Keyword, "[…]", "[$1]", "a list of paths", ""),
            ("load", []) => {
                offers.add_snippet(OfferKind::File, "\"…\"", "\"$1\"", "a path, relative to this file", "");
            }
            ("validate" | "epochs" | "steps", [number]) if number.starts_with(|c: char| c.is_ascii_digit()) => {
                offers.add(OfferKind::Keyword, "epochs", "passes over the training split", "");
                offers.add(OfferKind::Keyword, "steps", "steps of the optimizer", "");
            }
            (_, []) => self.offer_hypers(offers),
            _ => {}
        }
    }

    /// Arguments of the words that only some settings know. Whether that is all.
    pub fn offer_worded_arguments(
        &self,
        callee: &str,
        statement: &[&str],
        before: &[Option<&str>],
        offers: &mut Offers,
    ) -> bool {
        let outer = self.situation.outer_statement();
        let key = outer.first().copied().unwrap_or("");
        match (key, callee) {
            ("stop", "patience") | ("keep", "best") if before.is_empty() => {
                for split in ["validation", "train"] {
                    let word = small_word(split, "measure");
                    let page = word.map_or(String::new(), documentation::of_small_word);
                    offers.add_snippet(OfferKind::Value, split, format!("{split}.${{1:loss}}"), "a split", page);
                }
                true
            }
            ("stop", "patience") => {
                offers.add_snippet(OfferKind::Keyword, "epochs", "${1:10} epochs", "how long", "");
                offers.add_snippet(OfferKind::Keyword, "steps", "${1:500} steps", "how long", "");
                true
            }
            ("split", "random" | "ordered") => {
                match statement {
                    ["stratify", ":"] => self.offer_fields_of_owner(offers),
                    [] => {
                        let shares = ["train", "validation", "test"].map(|s| (s, "${1:20%}"));
                        let others = [("stratify", "${1:field}"), ("seed", "${1:1}")];
                        let others = if callee == "random" { others.as_slice() } else { &[] };
                        for (name, place) in shares.iter().chain(others) {
                            if !before.contains(&Some(name)) {
                                let word = small_word(name, "random").or_else(|| small_word(name, "measure"));
                                let page = word.map_or(String::new(), documentation::of_small_word);
                                let label = format!("{name}:");
                                let detail = word.map_or("", |w| w.summary);
                                let snippet = format!("{name}: {place}");
                                offers.add_snippet(OfferKind::Argument, &label, snippet, detail, page);
                            }
                        }
                    }
                    _ => {}
                }
                true
            }
            ("clip", "norm" | "value") => true,
            _ => false,
        }
    }

    fn offer_fields_of_owner(&self, offers: &mut Offers) {
        if let Some((names, owner)) = self.owner() {
            for (_, field) in names.members(owner).filter(|(_, d)| d.kind == DeclarationKind::Field) {
                offers.add(OfferKind::Field, &field.name, self.text_of(field.shown), "");
            }
        }
    }

    /// In `loss: {` and `augment: {`.
    pub fn offer_in_record(&self, key: &str, offers: &mut Offers) {
        match (key, self.situation.statement().as_slice()) {
            ("augment", []) => {
                let (_, data) = self.pair();
                let found = self
                    .items()
                    .into_iter()
                    .find(|(_, _, d)| d.kind == DeclarationKind::Data && Some(&*d.name) == data);
                let Some((names, id, _)) = found else { return };
                for (_, field) in names.members(id).filter(|(_, d)| d.kind == DeclarationKind::Field) {
                    let snippet = format!("{}: $0", field.name);
                    offers.add_snippet(OfferKind::Field, &field.name, snippet, self.text_of(field.shown), "");
                }
            }
            ("augment", [.., ":" | "|>"]) => self.offer_entries(&[EntryKind::Augmentation], false, offers),
            ("loss", [_, ":", ..]) => self.offer_losses(offers),
            _ => {}
        }
    }

    /// Whether the cursor is in the record of `augment`.
    pub fn is_in_augment(&self) -> bool {
        self.situation.frames.iter().any(|f| matches!(&f.around, Around::Record { key } if key == "augment"))
    }

    /// Facts of `expect`.
    pub fn offer_facts(&self, offers: &mut Offers) {
        let statement = self.situation.statement();
        match statement.last().copied() {
            None | Some("and" | "or" | "not") => {
                self.offer_expectations(offers);
                for split in ["test", "validation", "train"] {
                    let word = small_word(split, "measure");
                    let page = word.map_or(String::new(), documentation::of_small_word);
                    offers.add(OfferKind::Value, split, "a split", page);
                }
                self.offer_items(DeclarationKind::Model, OfferKind::Model, offers);
            }
            Some("<" | "<=" | ">" | ">=" | "==" | "!=" | "+" | "-" | "*" | "/") => self.offer_hypers(offers),
            _ => {}
        }
    }

    pub fn offer_in_sweep(&self, offers: &mut Offers) {
        match self.situation.statement().as_slice() {
            [] => {
                for (_, _, hyper) in self.items().into_iter().filter(|(_, _, d)| d.kind == DeclarationKind::Hyper) {
                    let snippet = format!("{}: [$0]", hyper.name);
                    offers.add_snippet(
                        OfferKind::Hyper,
                        &format!("{}:", hyper.name),
                        snippet,
                        self.text_of(hyper.shown),
                        "",
                    );
                }
                for name in ["require", "try", "best"] {
                    if let Some(word) = small_word(name, "sweep") {
                        let page = documentation::of_small_word(word);
                        offers.add_snippet(
                            OfferKind::Setting,
                            &format!("{name}:"),
                            format!("{name}: $0"),
                            word.summary,
                            page,
                        );
                    }
                }
            }
            [_, ":"] => {
                for (name, snippet) in [
                    ("log", "log(${1:1e-4} .. ${2:1e-2})"),
                    ("random", "random(${1:20}, seed: ${2:1})"),
                    ("min", "min(${1:validation.loss})"),
                    ("max", "max(${1:validation.accuracy})"),
                ] {
                    offer_small_word(name, "sweep", OfferKind::Choice, snippet, offers);
                }
            }
            _ => self.offer_hypers(offers),
        }
    }

    /// Layers by the names of their weights' paths.
    pub fn offer_paths(&self, offers: &mut Offers) {
        let mut paths: Vec<String> = Vec::new();
        let rows = self.checked.program.models.iter().flat_map(|m| &m.layers);
        let rows = rows.chain(self.checked.program.trains.iter().flat_map(|t| &t.layers));
        let earlier =
            self.earlier.iter().flat_map(|(checked, _)| checked.program.models.iter().flat_map(|m| &m.layers));
        for row in rows.chain(earlier).filter(|row| row.is_layer) {
            let mut path = &*row.path;
            loop {
                if !paths.iter().any(|p| p == path) {
                    paths.push(path.to_owned());
                }
                match path.rsplit_once('.') {
                    Some((above, _)) => path = above,
                    None => break,
                }
            }
        }
        // A number in a path is no name: such a path stands in quotes.
        for path in paths {
            let is_plain = path.split('.').all(|s| !s.starts_with(|c: char| c.is_ascii_digit()));
            match is_plain {
                true => offers.add(OfferKind::Layer, &path, "a layer", ""),
                false => offers.add(OfferKind::Layer, &format!("\"{path}\""), "a layer", ""),
            }
        }
    }
}
