//! `augment: { image: random_flip |> noise(0.05), [image, mask]: random_rotate(10) }`

use super::checker::Checker;
use super::found_settings::Found;
use super::mistake::{AugmentFault, Mistake};
use super::names_in::names_in;
use super::train::Pairing;
use super::value::{Frame, Value};
use crate::build::{StateScope, Tensor};
use crate::catalog::{Body, EntryKind};
use crate::data::{Augmentation, Augmented, FieldType, Picture, SHARE_INPUT, partner_input};
use crate::diagnostics::nearest;
use crate::ir::dim::batch;
use crate::ir::graph::InputKind;
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, StatementKind, Symbol};
use std::collections::BTreeSet;

/// The setting, understood.
pub(super) struct Augmenting {
    pub lines: Vec<Augmented>,
    /// The fields that `mixup` mixes, and where it stands.
    pub mixed: Option<(Vec<Symbol>, Span)>,
}

/// A term of a loss: its name where it has one, and its value.
pub(super) type Term = (Option<Symbol>, Tensor);

impl Checker<'_> {
    /// The setting `augment`. `None` where a mistake was told.
    pub fn augmenting(
        &mut self,
        train: &ast::Train,
        found: &Found<'_>,
        module: usize,
        pairing: Option<&Pairing>,
    ) -> Option<Augmenting> {
        let mut augmenting = Augmenting { lines: Vec::new(), mixed: None };
        let Some(setting) = found.setting("augment") else { return Some(augmenting) };
        let entries = match &setting.kind {
            ExprKind::Record(entries) => entries,
            ExprKind::None => return Some(augmenting),
            ExprKind::Error => return None,
            _ => {
                let wanted = "`none`, or fields with what is done to them, `{ image: random_flip }`".to_owned();
                let (setting_name, found) = ("augment".to_owned(), "something else".to_owned());
                self.mistake(setting.span, &Mistake::SettingType { setting: setting_name, wanted, found });
                return None;
            }
        };
        let mut frame = Frame::new(module, StateScope::default());
        let read = pairing.map(|pairing| self.fields_read(train, pairing));
        let mut is_fine = true;
        for entry in entries {
            let names = self.augmented_names(&entry.key);
            let mut stages = Vec::new();
            flatten_pipe(&entry.value, &mut stages);
            let mut operations = Vec::new();
            for stage in stages {
                let configured = self.configured(stage, EntryKind::Augmentation, "augmentation", &mut frame);
                match configured.map(|c| (c.entry, c.args.span("size").unwrap_or(c.span), c.span, c.args)) {
                    Some((entry, size, span, args)) => {
                        if let Body::Augmentation(make) = entry.body {
                            operations.push((entry.name, make(&args), size, span));
                        }
                    }
                    None => is_fine = false,
                }
            }
            let Some(names) = names else {
                is_fine = false;
                continue;
            };
            if let (Some(pairing), Some(read)) = (pairing, &read) {
                for (name, span) in &names {
                    is_fine &= self.augmented_field(pairing, read, name, *span, &operations);
                }
            }
            for (_, operation, _, span) in &operations {
                if let Augmentation::Mixup { .. } = operation {
                    if let Some((_, first)) = &augmenting.mixed {
                        let (operation, fault) = ("mixup", AugmentFault::MixedTwice { first: *first });
                        self.mistake(*span, &Mistake::Augment { operation, field: "".into(), fault });
                        is_fine = false;
                    }
                    augmenting.mixed = Some((names.iter().map(|(n, _)| n.clone()).collect(), *span));
                }
            }
            augmenting.lines.push(Augmented {
                fields: names.into_iter().map(|(name, _)| name).collect(),
                operations: operations.into_iter().map(|(_, operation, ..)| operation).collect(),
            });
        }
        is_fine.then_some(augmenting)
    }

    /// `image`, `[image, mask]`
    fn augmented_names(&mut self, key: &Expr) -> Option<Vec<(Symbol, Span)>> {
        let items = match &key.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![key],
        };
        let mut names: Vec<(Symbol, Span)> = Vec::new();
        for item in items {
            match &item.kind {
                ExprKind::Name(name) => {
                    if let Some((_, first)) = names.iter().find(|(n, _)| n == name) {
                        let (first, what) = (*first, "field to be augmented");
                        self.mistake(item.span, &Mistake::Duplicate { name: name.clone(), what, first });
                        return None;
                    }
                    names.push((name.clone(), item.span));
                }
                ExprKind::Error => return None,
                _ => {
                    let wanted = "the name of a data field, or several, `[image, mask]`".to_owned();
                    self.mistake(item.span, &Mistake::Type { wanted, found: "something else".into() });
                    return None;
                }
            }
        }
        Some(names)
    }

    /// The fields that the model or its loss read.
    fn fields_read(&self, train: &ast::Train, pairing: &Pairing) -> Vec<Symbol> {
        let mut names: BTreeSet<Symbol> = pairing.fields.iter().map(|(_, field)| field.clone()).collect();
        for statement in &train.statements {
            if is_of_the_loss(&statement.kind) {
                names.extend(names_in(statement));
            }
        }
        let Some(block) = self.data.get(pairing.data) else { return Vec::new() };
        let fields = block.description.fields.iter().map(|(name, _)| Symbol::from(name.as_str()));
        fields.filter(|field| names.contains(field) || names.contains(&block.name)).collect()
    }

    /// Whether operations suit a field; tells where they do not.
    fn augmented_field(
        &mut self,
        pairing: &Pairing,
        read: &[Symbol],
        name: &Symbol,
        span: Span,
        operations: &[(&'static str, Augmentation, Span, Span)],
    ) -> bool {
        let Some(block) = self.data.get(pairing.data) else { return false };
        let known: Vec<String> = block.description.fields.iter().map(|(n, _)| n.clone()).collect();
        if !known.iter().any(|k| **k == **name) {
            let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            let mistake =
                Mistake::UnknownName { name: name.clone(), wanted: "data field", nearest: near, known, unnamed: None };
            self.mistake(span, &mistake);
            return false;
        }
        // A field that could not be read has been told.
        let Some(ty) = block.description.field(name).cloned() else { return false };
        if !read.contains(name) {
            let fault = AugmentFault::Unread { data: block.name.clone() };
            self.mistake(span, &Mistake::Augment { operation: "", field: name.clone(), fault });
            return false;
        }
        let mut is_fine = true;
        for (operation, what, size, at) in operations {
            if let Some(fault) = fault(*what, &ty) {
                let at = if matches!(fault, AugmentFault::CropSize { .. }) { *size } else { *at };
                self.mistake(at, &Mistake::Augment { operation, field: name.clone(), fault });
                is_fine = false;
            }
        }
        is_fine
    }

    /// The loss of a training step with `mixup`: that for the example's own targets and that for its partner's, by their
    /// shares. `frame` builds the names of the loss from the values of fields; the partner's are inputs of their own.
    pub fn mixed_loss(&mut self, own: &[Term], partners: &[Term], at: Span) -> Option<Vec<Term>> {
        self.builder.span = at;
        let (_, node) = self.builder.graph.add_input(SHARE_INPUT, vec![batch()], InputKind::Field, at);
        let share = self.builder.tensor(node, Vec::new(), true);
        let negative = self.builder.scale(&share, -1.0);
        let rest = self.builder.offset(&negative, 1.0);
        let mut terms = Vec::new();
        for ((name, own), (_, partner)) in own.iter().zip(partners) {
            let own = self.builder.multiply(own, &share).ok()?;
            let partner = self.builder.multiply(partner, &rest).ok()?;
            terms.push((name.clone(), self.builder.add(&own, &partner).ok()?));
        }
        Some(terms)
    }

    /// The fields of the loss as the partner has them: inputs of their own, except for those that are mixed and those
    /// that the model reads. `None` where all are such, and there is nothing to mix in the loss.
    pub fn partner_fields(
        &mut self,
        train: &ast::Train,
        pairing: &Pairing,
        mixed: &[Symbol],
        own: &[(Symbol, Value)],
        types: &[(Symbol, Option<FieldType>, Span)],
        at: Span,
    ) -> Option<Vec<(Symbol, Value)>> {
        let read: Vec<Symbol> = self.fields_read(train, pairing);
        let is_input = |name: &Symbol| pairing.fields.iter().any(|(_, field)| field == name);
        let mut is_any = false;
        let mut partners = Vec::new();
        for (name, value) in own {
            let ty = types.iter().find(|(n, ..)| n == name).and_then(|(_, ty, _)| ty.as_ref());
            let is_target = read.contains(name) && !mixed.contains(name) && !is_input(name);
            let (Some(ty), Value::Tensor(tensor), true) = (ty, value, is_target) else {
                partners.push((name.clone(), value.clone()));
                continue;
            };
            if ty.ragged.is_some() {
                let fault = AugmentFault::MixedSequences;
                self.mistake(at, &Mistake::Augment { operation: "mixup", field: name.clone(), fault });
                return None;
            }
            is_any = true;
            let mut shape = tensor.shape.clone();
            shape.insert(0, batch());
            let input = partner_input(name);
            let (_, node) = self.builder.graph.add_input(input, shape, InputKind::Field, tensor.span);
            partners.push((name.clone(), Value::Tensor(Tensor { node, ..tensor.clone() })));
        }
        is_any.then_some(partners)
    }
}

/// Whether a statement of a train says what the loss is.
fn is_of_the_loss(statement: &StatementKind) -> bool {
    match statement {
        StatementKind::Setting(setting) => &*setting.key.name == "loss",
        StatementKind::Let(_) => true,
        _ => false,
    }
}

/// Why an operation does not suit a field, if it does not.
fn fault(operation: Augmentation, ty: &FieldType) -> Option<AugmentFault> {
    let shown = || ty.to_string();
    let of_numbers =
        matches!(operation, Augmentation::Noise { .. } | Augmentation::Cutout { .. } | Augmentation::Mixup { .. });
    if of_numbers && ty.is_discrete() {
        return Some(AugmentFault::Discrete { found: shown() });
    }
    if matches!(operation, Augmentation::Noise { .. }) {
        return None;
    }
    if ty.ragged.is_some() {
        return Some(AugmentFault::Ragged);
    }
    if matches!(operation, Augmentation::Mixup { .. }) {
        return None;
    }
    let Some(picture) = Picture::of(&ty.shape) else {
        return Some(AugmentFault::NotAPicture { found: shown() });
    };
    match operation {
        Augmentation::Crop { size, .. } if size != [picture.height, picture.width] => {
            Some(AugmentFault::CropSize { size, picture: [picture.height, picture.width], found: shown() })
        }
        Augmentation::Crop { size, padding: 0 } => Some(AugmentFault::CropOfAll { size }),
        _ => None,
    }
}

/// The stages of a pipe, in order.
fn flatten_pipe<'e>(expr: &'e Expr, stages: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Pipe { input, stage } => {
            flatten_pipe(input, stages);
            flatten_pipe(stage, stages);
        }
        ExprKind::Paren(inner) => flatten_pipe(inner, stages),
        _ => stages.push(expr),
    }
}
