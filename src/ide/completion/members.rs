//! Behind a dot.

use super::Context;
use super::offer::{OfferKind, Offers};
use crate::catalog::{self, EntryKind, small_word};
use crate::ide::documentation;
use crate::ide::names::{DeclarationKind, Names};

impl Context<'_> {
    pub fn offer_members(&self, base: &[String], offers: &mut Offers) {
        let base: Vec<&str> = base.iter().map(String::as_str).collect();
        match base.as_slice() {
            [split] | [_, split] if matches!(*split, "train" | "validation" | "test") && self.wants_measures() => {
                self.offer_measures(offers);
            }
            [name] => self.offer_members_of(name, offers),
            [first, second] => {
                let is_data =
                    |d: &str| self.items().iter().any(|(_, _, i)| i.kind == DeclarationKind::Data && *i.name == *d);
                match is_data(first) {
                    true => self.offer_field_facts(offers),
                    false => self.offer_members_of(second, offers),
                }
            }
            [_, _, _] => self.offer_field_facts(offers),
            _ => {}
        }
    }

    /// Whether `train` before a dot is the split.
    fn wants_measures(&self) -> bool {
        matches!(self.situation.item(), Some(("train" | "expect" | "sweep", _)))
    }

    fn offer_members_of(&self, name: &str, offers: &mut Offers) {
        let is_of_data = matches!(self.situation.item(), Some(("data", _)));
        if is_of_data && self.table_called(name).is_some() {
            return self.offer_columns(&[name.to_owned()], offers);
        }
        let found = self.items().into_iter().find(|(_, _, d)| *d.name == *name);
        if let Some((names, id, item)) = found {
            match item.kind {
                DeclarationKind::Data => {
                    self.offer_declared(names, id, DeclarationKind::Field, OfferKind::Field, offers)
                }
                DeclarationKind::Model => {
                    self.offer_declared(names, id, DeclarationKind::Output, OfferKind::Value, offers);
                    self.offer_declared(names, id, DeclarationKind::Input, OfferKind::Value, offers);
                    if matches!(self.situation.item(), Some(("expect", _))) {
                        self.offer_expectations(offers);
                    }
                }
                DeclarationKind::Import => {
                    // What the file behind the alias declares.
                    let others = names.declarations.iter().filter(|d| {
                        super::values::is_item(d.kind)
                            && d.kind != DeclarationKind::Import
                            && d.span.file != self.checked.file
                            && self.is_imported_from(&item.shown, d.span.file)
                    });
                    for other in others {
                        let page = documentation::of_declaration(other, &self.checked.sources);
                        offers.add(OfferKind::Item, &other.name, other.kind.word(), page);
                    }
                }
                _ => {}
            }
            return;
        }
        // A named layer has the weights of its kind.
        let layer = self.names.declarations.iter().find(|d| d.kind == DeclarationKind::Layer && *d.name == *name);
        if layer.is_some() {
            for (weight, detail) in [("weight", "the weights of the layer"), ("bias", "the biases of the layer")] {
                offers.add(OfferKind::Value, weight, detail, "");
            }
        }
    }

    fn is_imported_from(&self, import: &crate::source::Span, file: crate::source::FileId) -> bool {
        let text = self.checked.sources.text(*import);
        let path = text.split('"').nth(1).unwrap_or("");
        let name = path.rsplit('/').next().unwrap_or(path);
        self.checked.sources.file(file).path.file_name().is_some_and(|n| n.to_string_lossy() == name)
    }

    fn offer_declared(&self, names: &Names, of: usize, kind: DeclarationKind, offer: OfferKind, offers: &mut Offers) {
        for (_, member) in names.members(of).filter(|(_, d)| d.kind == kind) {
            let detail = self.text_of(member.shown);
            offers.add(offer, &member.name, detail, documentation::of_declaration(member, &self.checked.sources));
        }
    }

    fn offer_field_facts(&self, offers: &mut Offers) {
        for name in ["classes", "shape"] {
            if let Some(word) = small_word(name, "field") {
                offers.add(OfferKind::Value, name, word.summary, documentation::of_small_word(word));
            }
        }
    }

    /// `loss`, its terms, and the metrics of the train.
    fn offer_measures(&self, offers: &mut Offers) {
        if let Some(word) = small_word("loss", "measure") {
            offers.add(OfferKind::Value, "loss", word.summary, documentation::of_small_word(word));
        }
        for (_, _, measure) in self.declarations() {
            if matches!(measure.kind, DeclarationKind::Term | DeclarationKind::Metric) {
                offers.add(OfferKind::Value, &measure.name, self.text_of(measure.shown), "");
            }
        }
        // Metrics as the trains write them, then any.
        let written = self.names.in_file(self.checked.file).iter().filter_map(|name| match name.meaning {
            crate::ide::names::Meaning::Entry(entry) if entry.kind() == EntryKind::Metric => Some(entry),
            _ => None,
        });
        for entry in written {
            offers.add(OfferKind::Entry, entry.name, entry.summary, documentation::of_entry(entry));
        }
        if matches!(self.situation.item(), Some(("train", _))) {
            return;
        }
        for entry in catalog::entries().filter(|e| e.kind() == EntryKind::Metric) {
            offers.add(OfferKind::Entry, entry.name, entry.summary, documentation::of_entry(entry));
        }
    }

    pub fn offer_expectations(&self, offers: &mut Offers) {
        self.offer_entries(&[EntryKind::Expectation], false, offers);
    }
}
