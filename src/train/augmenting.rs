//! The augmentation of a train: what happens to its fields between the data and a step.

use crate::check::Train;
use crate::data::{Augmentation, Dataset, DrawAt, Mixing, augment};

/// What is done to the batches of a train. Holds the room that it needs, so that a step does not allocate.
pub(super) struct Augmenter {
    seed: u64,
    /// Operations with their numbers, by field of the dataset, in the order in which they are done.
    fields: Vec<(usize, Vec<(u32, Augmentation)>)>,
    mixing: Mixing,
    room: Vec<f32>,
}

impl Augmenter {
    /// None where the train asks for nothing.
    pub(super) fn new(train: &Train, dataset: &Dataset) -> Option<Augmenter> {
        let mut fields: Vec<(usize, Vec<(u32, Augmentation)>)> = Vec::new();
        let mut number = 0;
        for line in &train.settings.augment {
            for operation in &line.operations {
                // Fields of one line have the same number, and so the same draws.
                for name in &line.fields {
                    let Some(field) = dataset.fields.iter().position(|f| f.name == **name) else { continue };
                    match fields.iter_mut().find(|(known, _)| *known == field) {
                        Some((_, operations)) => operations.push((number, *operation)),
                        None => fields.push((field, vec![(number, *operation)])),
                    }
                }
                number += 1;
            }
        }
        let (mixing, room) = (Mixing::default(), Vec::new());
        (!fields.is_empty()).then_some(Augmenter { seed: train.settings.seed, fields, mixing, room })
    }

    /// Draws what concerns the batch as a whole: who is mixed with whom.
    pub(super) fn begin(&mut self, step: u64, ids: &[u64]) {
        let operations = self.fields.iter().flat_map(|(_, operations)| operations);
        let mixup = operations.into_iter().find_map(|(number, operation)| match operation {
            Augmentation::Mixup { alpha } => Some((*number, *alpha)),
            _ => None,
        });
        match mixup {
            Some((operation, alpha)) => {
                self.mixing.draw(alpha, DrawAt { seed: self.seed, step, operation }, ids);
            }
            None => self.mixing.none(ids.len()),
        }
    }

    /// Who is mixed with whom.
    pub(super) fn mixing(&self) -> &Mixing {
        &self.mixing
    }

    /// Changes the values of a field in the examples `ids`.
    pub(super) fn change(&mut self, dataset: &Dataset, field: usize, step: u64, ids: &[u64], values: &mut [f32]) {
        let Augmenter { seed, fields, mixing, room } = self;
        let Some((_, operations)) = fields.iter().find(|(known, _)| *known == field) else { return };
        let Some(field) = dataset.fields.get(field) else { return };
        for (number, operation) in operations {
            let at = DrawAt { seed: *seed, step, operation: *number };
            match operation {
                Augmentation::Mixup { .. } => mixing.mix(values, room),
                operation => augment(*operation, at, &field.kind, ids, values, room),
            }
        }
    }
}
