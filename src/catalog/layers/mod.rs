//! Layers: what has weights, or is configured before it is applied.

mod batch_norm;
mod dense;
mod dropout;
mod flatten;
mod layer_norm;

pub(super) use dropout::drop_out;

use super::Entry;

/// All layers.
pub static ALL: &[&Entry] =
    &[&dense::DENSE, &dropout::DROPOUT, &batch_norm::BATCH_NORM, &layer_norm::LAYER_NORM, &flatten::FLATTEN];
