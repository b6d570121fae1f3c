//! Layers: what has weights, or is configured before it is applied.

mod attention;
mod batch_norm;
mod dense;
mod dropout;
mod embedding;
mod flatten;
mod global_pool;
mod layer_norm;
mod positions;
mod recurrent;
mod rms_norm;
mod transformer;

pub(super) use dropout::drop_out;

use super::Entry;

/// All layers.
pub static ALL: &[&Entry] = &[
    &dense::DENSE,
    &dropout::DROPOUT,
    &batch_norm::BATCH_NORM,
    &layer_norm::LAYER_NORM,
    &rms_norm::RMS_NORM,
    &global_pool::GLOBAL_AVG_POOL,
    &global_pool::GLOBAL_MAX_POOL,
    &flatten::FLATTEN,
    &embedding::EMBEDDING,
    &positions::POSITIONS,
    &positions::SINUSOIDAL_POSITIONS,
    &positions::ROTARY_POSITIONS,
    &attention::SELF_ATTENTION,
    &attention::CROSS_ATTENTION,
    &transformer::TRANSFORMER_ENCODER,
    &transformer::TRANSFORMER_DECODER,
    &recurrent::RNN,
    &recurrent::LSTM,
    &recurrent::GRU,
];
