//! Augmentation: values of a training batch changed at random, after they were gathered.
//!
//! Every draw is a function of the seed, the step, the example and the operation, so that neither threads nor the place
//! in the batch matter. The one exception is by design: `mixup` mixes an example with another one of its batch.
//!
//! Fields that stand in one line of the setting are changed by the same draws: an image and its mask stay together.

mod draws;
mod mixing;
mod picture;
#[cfg(test)]
mod tests;

pub use mixing::Mixing;
pub use picture::Picture;

use super::field_type::FieldType;
use draws::Draws;
use rayon::prelude::*;
use std::sync::Arc;

/// Below so many numbers, a thread is not worth waking.
const WORTH_THREADS: usize = 1 << 16;

/// The name of the graph's input with the values that a field has in the example each is mixed with.
pub fn partner_input(field: &str) -> String {
    format!("{field}{PARTNER}")
}

/// The field whose partners' values an input is, if it is one.
pub fn partner_of(input: &str) -> Option<&str> {
    input.strip_suffix(PARTNER)
}

const PARTNER: &str = "@partner";

/// The name of the graph's input with the share that an example has in its mixture, `[B]`.
pub const SHARE_INPUT: &str = "mixup@share";

/// What may be done to the values of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Augmentation {
    /// Mirrors the picture with this probability.
    Flip {
        /// How often.
        probability: f64,
        /// Top and bottom change places, rather than left and right.
        vertical: bool,
    },
    /// Moves the picture by up to `padding` pixels each way; 0 comes in from outside.
    Crop {
        /// Height and width; those of the picture, which the checker has seen to.
        size: [usize; 2],
        /// Pixels.
        padding: usize,
    },
    /// Turns the picture around its centre; 0 comes in from outside.
    Rotate {
        /// At most so many degrees to either side.
        degrees: f64,
        /// Between the pixels of numbers; classes and truth values are always taken from the nearest pixel.
        bilinear: bool,
    },
    /// Adds a normal draw to each number.
    Noise {
        /// Its standard deviation.
        std: f64,
    },
    /// Makes a square of the picture 0.
    Cutout {
        /// Pixels along a side.
        size: usize,
    },
    /// Mixes each example with another one of the batch.
    Mixup {
        /// Both parameters of the Beta distribution that the shares are drawn from.
        alpha: f64,
    },
}

/// A line of the setting: what is done to some fields, one operation after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Augmented {
    /// The fields, which share the draws.
    pub fields: Vec<Arc<str>>,
    /// What is done.
    pub operations: Vec<Augmentation>,
}

/// What draws depend on, beside the example.
#[derive(Debug, Clone, Copy)]
pub struct DrawAt {
    /// The train's.
    pub seed: u64,
    /// From 1.
    pub step: u64,
    /// Which of all operations of the setting.
    pub operation: u32,
}

/// Changes the values of one field in the examples `ids`, which lie side by side in `values`. `room` is kept from step
/// to step, so that nothing is allocated after the first.
///
/// [`Augmentation::Mixup`] is not for one example alone: see [`Mixing`].
pub fn augment(
    operation: Augmentation,
    at: DrawAt,
    kind: &FieldType,
    ids: &[u64],
    values: &mut [f32],
    room: &mut Vec<f32>,
) {
    let each = values.len() / ids.len().max(1);
    if each == 0 {
        return;
    }
    let picture = Picture::of(&kind.shape);
    let one = |example: &mut [f32], before: &[f32], id: u64| {
        let mut draws = Draws::new(at, id);
        match (operation, picture) {
            (Augmentation::Flip { probability, vertical }, Some(picture)) => {
                if draws.unit() < probability {
                    picture.flip(example, vertical);
                }
            }
            (Augmentation::Crop { padding, .. }, Some(picture)) => {
                let mut shift = || draws.below(2 * padding as u64 + 1) as isize - padding as isize;
                let (down, right) = (shift(), shift());
                picture.shift(example, down, right);
            }
            (Augmentation::Rotate { degrees, bilinear }, Some(picture)) => {
                let angle = degrees * (2.0 * draws.unit() - 1.0);
                picture.rotate(before, example, angle, bilinear && !kind.is_discrete());
            }
            (Augmentation::Cutout { size }, Some(picture)) => {
                let (row, column) = (draws.below(picture.height as u64), draws.below(picture.width as u64));
                picture.cut_out(example, row as usize, column as usize, size);
            }
            (Augmentation::Noise { std }, _) => {
                for value in example {
                    *value += (std * draws.normal()) as f32;
                }
            }
            (Augmentation::Mixup { .. }, _) | (_, None) => {}
        }
    };
    let needs_room = matches!(operation, Augmentation::Rotate { .. });
    if needs_room {
        room.clear();
        room.extend_from_slice(values);
    }
    // Where there is no need for it, any slice of the right number of pieces does.
    let threads = values.len() >= WORTH_THREADS;
    match (needs_room, threads) {
        (false, false) => values.chunks_exact_mut(each).zip(ids).for_each(|(v, id)| one(v, &[], *id)),
        (false, true) => values.par_chunks_exact_mut(each).zip(ids).for_each(|(v, id)| one(v, &[], *id)),
        (true, false) => {
            let before = room.chunks_exact(each);
            values.chunks_exact_mut(each).zip(before).zip(ids).for_each(|((v, b), id)| one(v, b, *id));
        }
        (true, true) => {
            let before = room.par_chunks_exact(each);
            values.par_chunks_exact_mut(each).zip(before).zip(ids).for_each(|((v, b), id)| one(v, b, *id));
        }
    }
}
