//! Expressions: what is in sight, layers and functions, the forms of the language, types.

use super::Context;
use super::offer::{OfferKind, Offers};
use crate::catalog::{self, EntryKind, WordKind, small_word};
use crate::ide::documentation;
use crate::ide::names::{Declaration, DeclarationId, DeclarationKind, Names};
use crate::ide::situation::{Around, Situation};
use crate::source::Span;
use std::collections::BTreeMap;

const STAGES: &[EntryKind] = &[EntryKind::Layer, EntryKind::Function];

impl Situation<'_> {
    /// Whether the cursor stands in a type: behind a colon or an arrow of a signature, behind that of a weight.
    pub fn here_is_type(&self) -> bool {
        let outer = self.outer_statement();
        let in_signature = self.frames.iter().any(|f| f.around == Around::Signature)
            || matches!(self.item_word(), Some("block" | "model")) && self.item().is_none();
        in_signature || matches!(outer.as_slice(), ["weight" | "constant", _, ":", rest @ ..] if !rest.contains(&"="))
    }
}

impl Context<'_> {
    pub fn text_of(&self, span: Span) -> String {
        let line = self.checked.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(80).collect()
    }

    /// The types that the check found, by the end of the name.
    fn types(&self) -> BTreeMap<Span, &str> {
        let notes = self.checked.program.notes.iter().filter(|(_, noted)| !noted.is_value);
        notes.map(|(span, noted)| (*span, noted.text.as_str())).collect()
    }

    /// The declarations of the text, and those of the earlier one that it lacks.
    pub fn declarations(&self) -> Vec<(&Names, DeclarationId, &Declaration)> {
        let own = self.names.declarations.iter().enumerate().map(|(id, d)| (self.names, id, d));
        let earlier = self.earlier.iter().flat_map(|(_, names)| {
            let lacking = names.declarations.iter().enumerate().filter(|(_, d)| {
                is_item(d.kind) && !self.names.declarations.iter().any(|o| o.name == d.name && o.kind == d.kind)
            });
            lacking.map(move |(id, d)| (*names, id, d))
        });
        own.chain(earlier).collect()
    }

    /// The items of the file, its imports among them.
    pub fn items(&self) -> Vec<(&Names, DeclarationId, &Declaration)> {
        self.declarations().into_iter().filter(|(_, _, d)| is_item(d.kind)).collect()
    }

    /// The block, model or data block at the cursor, as it is in the text or was in the earlier one.
    pub fn owner(&self) -> Option<(&Names, DeclarationId)> {
        let (word, name) = match self.situation.item() {
            Some(item) => item,
            None => {
                let statement = self.situation.outer_statement();
                (*statement.first()?, *statement.get(1)?)
            }
        };
        let kind = match word {
            "block" => DeclarationKind::Block,
            "model" => DeclarationKind::Model,
            "data" => DeclarationKind::Data,
            _ => return None,
        };
        let found = self.declarations().into_iter().find(|(_, _, d)| d.kind == kind && *d.name == *name);
        found.map(|(names, id, _)| (names, id))
    }

    /// Behind a stage's bar, or where a value begins.
    pub fn offer_expression(&self, offers: &mut Offers) {
        match (self.situation.last(), self.situation.item().map(|(word, _)| word)) {
            ("|>", Some("data")) => self.offer_entries(&[EntryKind::DataFunction], true, offers),
            ("|>", _) => self.offer_stages(offers),
            (_, Some("data")) => self.offer_data_values(offers),
            (_, Some("train")) if self.sees_outputs() => self.offer_train_values(offers),
            // Every other setting sees the file only.
            (_, Some("train")) => self.offer_hypers(offers),
            (_, Some("expect" | "sweep")) | (_, None) => {
                self.offer_hypers(offers);
                if self.situation.item().is_none() {
                    self.offer_stages(offers);
                }
            }
            _ => self.offer_values(offers),
        }
    }

    /// Whether the setting at the cursor is one that sees outputs and fields.
    fn sees_outputs(&self) -> bool {
        let in_loss = |f: &crate::ide::situation::Frame| matches!(&f.around, Around::Record { key } if key == "loss");
        matches!(self.situation.outer_statement().first(), Some(&("loss" | "metrics" | "let")))
            || self.situation.frames.iter().any(in_loss)
    }

    /// What can stand behind `|>`.
    pub fn offer_stages(&self, offers: &mut Offers) {
        self.offer_locals(offers, true);
        self.offer_blocks(offers);
        self.offer_entries(STAGES, true, offers);
        self.offer_forms(offers);
    }

    /// What can stand where a value does.
    fn offer_values(&self, offers: &mut Offers) {
        self.offer_locals(offers, false);
        self.offer_hypers(offers);
        self.offer_blocks(offers);
        self.offer_entries(&[EntryKind::Function, EntryKind::Layer], false, offers);
        self.offer_forms(offers);
        offers.add(OfferKind::Keyword, "training", "true in a training step", "");
        self.offer_data_blocks(offers);
    }

    pub fn offer_data_values(&self, offers: &mut Offers) {
        self.offer_locals(offers, false);
        self.offer_entries(&[EntryKind::Source, EntryKind::DataFunction], false, offers);
        self.offer_hypers(offers);
    }

    /// The names of the body around the cursor that are declared before it, the nearest first.
    pub fn offer_locals(&self, offers: &mut Offers, stages_only: bool) {
        let types = self.types();
        if let Some((names, owner)) = self.owner() {
            let is_own = std::ptr::eq(names, self.names);
            let mut locals: Vec<&Declaration> = names
                .members(owner)
                .map(|(_, d)| d)
                .filter(|d| {
                    !is_own || (d.whole.end as usize) < self.situation.word.start.max(1) || is_signature(d.kind)
                })
                .filter(|d| d.kind != DeclarationKind::Output && d.kind != DeclarationKind::Column)
                .collect();
            locals.sort_by_key(|d| std::cmp::Reverse(d.span.start));
            for local in locals {
                let kind = match local.kind {
                    DeclarationKind::Layer => OfferKind::Layer,
                    DeclarationKind::HyperParameter => OfferKind::Hyper,
                    DeclarationKind::Dimension => OfferKind::Dimension,
                    DeclarationKind::Field => OfferKind::Field,
                    _ => OfferKind::Value,
                };
                if stages_only && !matches!(kind, OfferKind::Layer | OfferKind::Hyper) {
                    continue;
                }
                let ty = types.get(&local.span).map(|ty| (*ty).to_owned());
                let detail = ty.unwrap_or_else(|| local.kind.word().to_owned());
                offers.add(kind, &local.name, detail, documentation::of_declaration(local, &self.checked.sources));
            }
        }
        if !stages_only {
            for word in self.situation.bound_words() {
                offers.add(OfferKind::Value, word, "", "");
            }
        }
    }

    pub fn offer_hypers(&self, offers: &mut Offers) {
        for (_, _, hyper) in self.items().into_iter().filter(|(_, _, d)| d.kind == DeclarationKind::Hyper) {
            let page = documentation::of_declaration(hyper, &self.checked.sources);
            offers.add(OfferKind::Hyper, &hyper.name, self.text_of(hyper.shown), page);
        }
    }

    fn offer_blocks(&self, offers: &mut Offers) {
        for (names, id, item) in self.items() {
            match item.kind {
                DeclarationKind::Block => {
                    let hypers: Vec<&Declaration> = names
                        .members(id)
                        .map(|(_, d)| d)
                        .filter(|d| d.kind == DeclarationKind::HyperParameter && d.whole == d.span)
                        .collect();
                    let places: Vec<String> =
                        hypers.iter().enumerate().map(|(i, h)| format!("${{{}:{}}}", i + 1, h.name)).collect();
                    let snippet = match places.is_empty() {
                        true => item.name.to_string(),
                        false => format!("{}({})", item.name, places.join(", ")),
                    };
                    let page = documentation::of_declaration(item, &self.checked.sources);
                    offers.add_snippet(OfferKind::Layer, &item.name, snippet, self.text_of(item.shown), page);
                }
                DeclarationKind::SharedLayer => {
                    let page = documentation::of_declaration(item, &self.checked.sources);
                    offers.add(OfferKind::Layer, &item.name, self.text_of(item.shown), page);
                }
                DeclarationKind::Import => offers.add(OfferKind::Item, &item.name, self.text_of(item.shown), ""),
                _ => {}
            }
        }
    }

    pub fn offer_data_blocks(&self, offers: &mut Offers) {
        for (_, _, data) in self.items().into_iter().filter(|(_, _, d)| d.kind == DeclarationKind::Data) {
            let page = documentation::of_declaration(data, &self.checked.sources);
            offers.add(OfferKind::Data, &data.name, "a data block", page);
        }
    }

    fn offer_forms(&self, offers: &mut Offers) {
        let snippets = [
            ("residual", "residual { ${1:stage} }"),
            ("repeat", "repeat ${1:n} { ${2:stage} }"),
            ("scan", "scan ${1:x} as ${2:xt}, ${3:h} = ${4:zeros([hidden])} {\n  $0\n}"),
            ("if", "if ${1:condition} { ${2:a} } else { ${3:b} }"),
        ];
        for (name, snippet) in snippets {
            let word = catalog::words().find(|w| w.name == name && w.kind == WordKind::Form);
            let (detail, page) =
                word.map_or((String::new(), String::new()), |w| (w.summary.to_owned(), documentation::of_word(w)));
            offers.add_snippet(OfferKind::Keyword, name, snippet, detail, page);
        }
    }

    /// Statements of a body, and the expression that ends it.
    pub fn offer_in_body(&self, offers: &mut Offers) {
        match self.situation.statement().as_slice() {
            [] => {
                let statements = [
                    ("let", "let ${1:name} = $0"),
                    ("weight", "weight ${1:w}: [${2:D, units}] = ${3:xavier_uniform}"),
                    ("constant", "constant ${1:name} = $0"),
                ];
                self.offer_values(offers);
                for (name, snippet) in statements {
                    offer_word(name, WordKind::Statement, OfferKind::Keyword, snippet, offers);
                }
            }
            ["weight" | "constant", _, ":", rest @ ..] if !rest.contains(&"=") => self.offer_types(offers),
            ["weight", .., "="] => self.offer_entries(&[EntryKind::Initializer], false, offers),
            statement if statement.last().is_some_and(|last| is_value_end(last)) => {
                offers.add(OfferKind::Keyword, "|>", "into a layer or function", "");
            }
            _ => self.offer_expression(offers),
        }
    }

    /// A type of a signature, a name before it, or a size in it.
    pub fn offer_types(&self, offers: &mut Offers) {
        match self.situation.statement().last().copied() {
            Some(":" | "->") | None => {}
            _ => return,
        }
        if self.situation.here().around == Around::Signature && self.situation.statement().is_empty() {
            // Names of inputs are those of the data.
            for (_, _, field) in self.declarations().into_iter().filter(|(_, _, d)| d.kind == DeclarationKind::Field) {
                let snippet = format!("{}: ", field.name);
                offers.add_snippet(OfferKind::Field, &field.name, snippet, self.text_of(field.shown), "");
            }
            return;
        }
        for (names, id, data) in self.items().into_iter().filter(|(_, _, d)| d.kind == DeclarationKind::Data) {
            for (_, field) in names.members(id).filter(|(_, d)| d.kind == DeclarationKind::Field) {
                let label = format!("{}.{}", data.name, field.name);
                offers.add(OfferKind::Field, &label, "the type of that field", "");
            }
        }
        offers.add_snippet(OfferKind::Keyword, "[…]", "[${1:T, D}]", "a shape, per example", "");
        for (kind, snippet, detail) in [
            ("float", "float", "numbers"),
            ("int", "int", "whole numbers"),
            ("bool", "bool", "true or false"),
            ("class", "class(${1:n})", "a whole number from 0 to n - 1"),
        ] {
            offers.add_snippet(OfferKind::Keyword, kind, snippet, detail, "");
        }
        self.offer_data_blocks(offers);
    }

    /// A size of a type: dimensions in sight, hypers, facts of fields.
    pub fn offer_sizes(&self, offers: &mut Offers) {
        self.offer_dimensions(offers);
        if let Some((names, owner)) = self.owner() {
            for (_, hyper) in names.members(owner).filter(|(_, d)| d.kind == DeclarationKind::HyperParameter) {
                offers.add(OfferKind::Hyper, &hyper.name, "a hyper of the block", "");
            }
        }
        self.offer_hypers(offers);
        for (names, id, data) in self.items().into_iter().filter(|(_, _, d)| d.kind == DeclarationKind::Data) {
            for (_, field) in names.members(id).filter(|(_, d)| d.kind == DeclarationKind::Field) {
                let shown = self.text_of(field.shown);
                if shown.contains("classes") || shown.contains("characters") || shown.contains("words") {
                    let label = format!("{}.{}.classes", data.name, field.name);
                    offers.add(OfferKind::Field, &label, "its number of classes", "");
                }
            }
        }
    }

    /// Dimensions of the signature around the cursor.
    pub fn offer_dimensions(&self, offers: &mut Offers) {
        if let Some((names, owner)) = self.owner() {
            for (_, dimension) in names.members(owner).filter(|(_, d)| d.kind == DeclarationKind::Dimension) {
                offers.add(OfferKind::Dimension, &dimension.name, "a dimension of the signature", "");
            }
        }
        // A signature that is still being written.
        let header = self.situation.outer_statement();
        if matches!(header.first(), Some(&("block" | "model"))) {
            for word in header.iter().skip(2) {
                let is_capital = word.chars().next().is_some_and(char::is_uppercase);
                if is_capital && word.chars().count() == 1 {
                    offers.add(OfferKind::Dimension, word, "a dimension of the signature", "");
                }
            }
        }
    }
}

/// A word of the language with what stands behind it.
pub(super) fn offer_word(name: &str, kind: WordKind, offer: OfferKind, snippet: &str, offers: &mut Offers) {
    if let Some(word) = catalog::words().find(|w| w.name == name && w.kind == kind) {
        offers.add_snippet(offer, name, snippet, word.summary, documentation::of_word(word));
    }
}

/// A word that means something in one place, with what stands behind it.
pub(super) fn offer_small_word(name: &str, place: &str, offer: OfferKind, snippet: &str, offers: &mut Offers) {
    if let Some(word) = small_word(name, place) {
        offers.add_snippet(offer, name, snippet, word.summary, documentation::of_small_word(word));
    }
}

/// Whether a value has just ended, so that none can begin.
fn is_value_end(last: &str) -> bool {
    let is_word = last.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
    (is_word || matches!(last, ")" | "]"))
        && !matches!(last, "and" | "or" | "not" | "if" | "then" | "as" | "repeat" | "scan")
}

pub(super) fn is_item(kind: DeclarationKind) -> bool {
    matches!(
        kind,
        DeclarationKind::Hyper
            | DeclarationKind::Block
            | DeclarationKind::Model
            | DeclarationKind::Data
            | DeclarationKind::SharedLayer
            | DeclarationKind::Import
    )
}

fn is_signature(kind: DeclarationKind) -> bool {
    matches!(kind, DeclarationKind::Input | DeclarationKind::HyperParameter | DeclarationKind::Dimension)
}

impl Context<'_> {
    /// Losses, then what else makes a value of a train.
    pub fn offer_losses(&self, offers: &mut Offers) {
        self.offer_entries(&[EntryKind::Loss], false, offers);
        self.offer_train_values(offers);
    }

    /// Outputs, fields and inputs of the train at the cursor, and functions of them.
    pub fn offer_train_values(&self, offers: &mut Offers) {
        self.offer_ports(offers);
        self.offer_entries(&[EntryKind::Function, EntryKind::Loss], false, offers);
        self.offer_hypers(offers);
    }

    /// Outputs, fields and inputs of the train at the cursor.
    pub fn offer_ports(&self, offers: &mut Offers) {
        let (model, data) = self.pair();
        for (name, kind) in
            [(model, DeclarationKind::Output), (data, DeclarationKind::Field), (model, DeclarationKind::Input)]
        {
            let Some(name) = name else { continue };
            let owner = self
                .items()
                .into_iter()
                .find(|(_, _, d)| *d.name == *name && matches!(d.kind, DeclarationKind::Model | DeclarationKind::Data));
            let Some((names, id, _)) = owner else { continue };
            for (_, member) in names.members(id).filter(|(_, d)| d.kind == kind) {
                let offer = if kind == DeclarationKind::Field { OfferKind::Field } else { OfferKind::Value };
                let detail = format!("{} of {name}", kind.word());
                offers.add(offer, &member.name, detail, documentation::of_declaration(member, &self.checked.sources));
            }
        }
        for word in self.situation.bound_words() {
            offers.add(OfferKind::Value, word, "let", "");
        }
    }

    /// The model and the data of the train at the cursor, as it is written.
    pub fn pair(&self) -> (Option<&str>, Option<&str>) {
        let words = self.situation.header();
        let on = words.iter().position(|w| *w == "on");
        let last_word =
            |part: &[&'_ str]| part.iter().rposition(|w| w.starts_with(|c: char| c.is_alphabetic() || c == '_'));
        // `p.Model(x: y)`: the last word before the parentheses.
        let before = words.get(1..on.unwrap_or(words.len())).unwrap_or_default();
        let before = before.split(|w| *w == "(").next().unwrap_or_default();
        let model = last_word(before).and_then(|at| before.get(at).copied());
        let after = on.and_then(|on| words.get(on + 1..)).unwrap_or_default();
        let data = last_word(after).and_then(|at| after.get(at).copied());
        (model, data)
    }
}
