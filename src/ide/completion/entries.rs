//! Entries of the catalog: their names, their arguments, the words of these.

use super::Context;
use super::offer::{OfferKind, Offers};
use crate::catalog::{self, Body, Default, Entry, EntryKind, Param, ParamType};
use crate::ide::documentation;
use crate::ide::names::{DeclarationKind, Names};

impl Context<'_> {
    /// All entries of some kinds, kind by kind.
    pub fn offer_entries(&self, kinds: &[EntryKind], piped: bool, offers: &mut Offers) {
        for kind in kinds {
            for entry in catalog::entries().filter(|e| e.kind() == *kind) {
                offer_entry(entry, piped, offers);
            }
        }
    }

    /// In the parentheses of a call.
    pub fn offer_arguments(&self, callee: &[String], piped: bool, offers: &mut Offers) {
        let situation = &self.situation;
        let frame = situation.here();
        let statement = situation.statement();
        let named = situation.argument_name(frame);
        let before = situation.arguments(frame);
        let Some(name) = callee.last() else { return self.offer_expression(offers) };
        if self.offer_worded_arguments(name, &statement, &before, offers) {
            return;
        }
        if let Some(entry) = self.entry_called(callee) {
            let taken = if piped { entry.params.iter().position(is_tensor) } else { None };
            let position = before.iter().filter(|n| n.is_none()).count();
            let position = if taken.is_some_and(|t| t <= position) { position + 1 } else { position };
            let is_value = |words: &[&str]| words.is_empty() || matches!(words, [_, ":"]);
            let param = match named {
                Some(name) => entry.param(name),
                None => entry.params.get(position),
            };
            if let Some(param) = param.filter(|_| is_value(&statement)) {
                self.offer_for(&param.ty, offers);
            }
            if statement.is_empty() && param.is_some_and(is_tensor) {
                // Where a tensor is wanted, those in sight are likelier than the name of the argument.
                match self.situation.item() {
                    Some(("train", _)) => self.offer_ports(offers),
                    _ => self.offer_locals(offers, false),
                }
            }
            if statement.is_empty() {
                // What can still be given by name; what is not yet given by position comes first.
                let open = entry.params.iter().enumerate().filter(|(i, p)| {
                    !before.contains(&Some(p.name))
                        && taken != Some(*i)
                        && (*i >= position || before.iter().all(Option::is_some))
                        && !matches!(p.ty, ParamType::NamedSizes)
                });
                for (_, param) in open {
                    offer_argument(param, offers);
                }
            }
            if !is_value(&statement) || param.is_none_or(|p| takes_values(&p.ty)) {
                self.offer_expression(offers);
            }
            return;
        }
        if let Some((names, block)) = self.block_called(callee)
            && statement.is_empty()
        {
            let hypers = names.members(block).filter(|(_, d)| d.kind == DeclarationKind::HyperParameter);
            for (_, hyper) in hypers.filter(|(_, d)| !before.contains(&Some(&*d.name))) {
                let shown = self.text_of(hyper.shown);
                let label = format!("{}:", hyper.name);
                let text = format!("{}: ${{1}}", hyper.name);
                offers.add_snippet(OfferKind::Argument, &label, text, shown, "");
            }
        }
        self.offer_expression(offers);
    }

    /// What an argument of this type can be.
    pub fn offer_for(&self, ty: &'static ParamType, offers: &mut Offers) {
        match ty {
            ParamType::OneOf(types) => types.iter().for_each(|ty| self.offer_for(ty, offers)),
            ParamType::Choice(words) => {
                for word in *words {
                    offers.add(OfferKind::Choice, word, "", "");
                }
            }
            ParamType::Bool => {
                offers.add(OfferKind::Choice, "true", "", "");
                offers.add(OfferKind::Choice, "false", "", "");
            }
            ParamType::Init => self.offer_entries(&[EntryKind::Initializer], false, offers),
            ParamType::Axis | ParamType::Axes => self.offer_dimensions(offers),
            ParamType::Names => self.offer_columns_of_pipeline(offers),
            ParamType::Weights => {
                offers.add(OfferKind::Choice, "weights", "", "All trainable numbers of the model.");
                self.offer_paths(offers);
            }
            ParamType::Duration => {
                offers.add_snippet(OfferKind::Keyword, "epochs", "${1:5} epochs", "a duration", "");
                offers.add_snippet(OfferKind::Keyword, "steps", "${1:500} steps", "a duration", "");
            }
            ParamType::Texts => {
                offers.add_snippet(OfferKind::File, "\"…\"", "\"$1\"", "a path, relative to this file", "");
            }
            ParamType::Range => offers.add_snippet(OfferKind::Keyword, "..", "${1:0} .. ${2:1}", "a range", ""),
            _ => {}
        }
    }

    /// The entry that a call means in its place; a block of the name goes before it.
    pub fn entry_called(&self, callee: &[String]) -> Option<&'static Entry> {
        let [name] = callee else { return None };
        if self.block_called(callee).is_some() {
            return None;
        }
        let kinds: &[EntryKind] = match self.situation.item() {
            Some(("data", _)) => &[EntryKind::Source, EntryKind::DataFunction, EntryKind::Function],
            Some(("train", _)) => match self.situation.outer_statement().first().copied() {
                Some("optimizer") => &[EntryKind::Optimizer],
                Some("schedule") => &[EntryKind::Schedule],
                Some("metrics") => &[EntryKind::Metric, EntryKind::Function],
                Some("augment") => &[EntryKind::Augmentation],
                _ if self.is_in_augment() => &[EntryKind::Augmentation],
                _ => &[EntryKind::Loss, EntryKind::Function, EntryKind::Layer],
            },
            Some(("expect", _)) => &[EntryKind::Expectation, EntryKind::Function],
            _ => &[EntryKind::Layer, EntryKind::Function, EntryKind::Loss, EntryKind::Initializer],
        };
        let is_initial = matches!(self.situation.outer_statement().first(), Some(&"weight"))
            || self.situation.frames.iter().any(|f| self.situation.argument_name(f) == Some("init"));
        if is_initial && let Some(entry) = catalog::find(name, &[EntryKind::Initializer]) {
            return Some(entry);
        }
        catalog::find(name, kinds).or_else(|| catalog::entries().find(|e| e.name == name))
    }

    /// The block that a call means.
    pub fn block_called(&self, callee: &[String]) -> Option<(&Names, usize)> {
        let name = callee.last()?;
        let of = |names: &Names| {
            names.declarations.iter().position(|d| d.kind == DeclarationKind::Block && *d.name == **name)
        };
        match of(self.names) {
            Some(id) => Some((self.names, id)),
            None => {
                let (_, names) = self.earlier?;
                of(names).map(|id| (names, id))
            }
        }
    }
}

pub(super) fn is_tensor(param: &Param) -> bool {
    matches!(param.ty, ParamType::Tensor | ParamType::Tensors | ParamType::Table)
}

/// Whether any expression can be an argument of this type.
fn takes_values(ty: &ParamType) -> bool {
    match ty {
        ParamType::OneOf(types) => types.iter().any(takes_values),
        ParamType::Choice(_)
        | ParamType::Bool
        | ParamType::Init
        | ParamType::Names
        | ParamType::Weights
        | ParamType::Texts
        | ParamType::Duration => false,
        _ => true,
    }
}

/// `padding: ${1:0}`
pub(super) fn offer_argument(param: &Param, offers: &mut Offers) {
    let default = match param.default {
        Default::Required | Default::Value("none") => "",
        Default::Value(value) => value,
    };
    let detail = match param.default {
        Default::Required => catalog::describe(&param.ty),
        Default::Value("none") => format!("{}, may be left out", catalog::describe(&param.ty)),
        Default::Value(value) => format!("{} = {value}", catalog::describe(&param.ty)),
    };
    let label = format!("{}:", param.name);
    let text = format!("{}: ${{1:{}}}", param.name, escaped(default));
    offers.add_snippet(OfferKind::Argument, &label, text, detail, documentation::of_param(param));
}

/// An entry as a call, with what must be given to be filled in.
pub(super) fn offer_entry(entry: &'static Entry, piped: bool, offers: &mut Offers) {
    let kind = match entry.body {
        Body::Layer { .. } => OfferKind::Layer,
        Body::Function { .. } | Body::Loss { .. } | Body::Penalty { .. } => OfferKind::Function,
        _ => OfferKind::Entry,
    };
    let snippet = call_snippet(entry, piped);
    let page = documentation::of_entry(entry);
    offers.add_snippet(kind, entry.name, snippet, documentation::one_line(entry), page);
}

/// `Dense(${1:units})`: what must be given, and of the rest the first where nothing must.
pub(super) fn call_snippet(entry: &Entry, piped: bool) -> String {
    let taken = if piped { entry.params.iter().position(is_tensor) } else { None };
    let given: Vec<&Param> = entry
        .params
        .iter()
        .enumerate()
        .filter(|(i, p)| taken != Some(*i) && matches!(p.default, Default::Required))
        .map(|(_, p)| p)
        .collect();
    if matches!(entry.body, Body::Source) && given.is_empty() {
        return format!("{}(\"$1\")", entry.name);
    }
    // A metric finds its operands in the loss.
    let given: Vec<&Param> =
        given.into_iter().filter(|p| !(matches!(entry.body, Body::Metric(_)) && is_tensor(p))).collect();
    let optional = |name: &str| entry.param(name).map(|p| p.default);
    if matches!(entry.body, Body::Optimizer(_))
        && let Some(Default::Value(lr)) = optional("lr")
    {
        return format!("{}(lr: ${{1:{lr}}})", entry.name);
    }
    if given.is_empty() {
        return match (&entry.body, entry.name) {
            (Body::Layer { .. }, "Dropout") => "Dropout(${1:0.5})".to_owned(),
            _ => entry.name.to_owned(),
        };
    }
    let places: Vec<String> = given
        .iter()
        .enumerate()
        .map(|(i, p)| match (&entry.body, p.ty) {
            (Body::Schedule(_) | Body::Optimizer(_), _) => format!("{}: ${{{}:{}}}", p.name, i + 1, p.name),
            (_, ParamType::Text | ParamType::Texts) => format!("\"${{{}:{}}}\"", i + 1, p.name),
            _ => format!("${{{}:{}}}", i + 1, p.name),
        })
        .collect();
    format!("{}({})", entry.name, places.join(", "))
}

/// A text within the braces of a snippet.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
}
