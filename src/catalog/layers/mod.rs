//! Layers: what has weights, or is configured before it is applied.

mod attention;
mod batch_norm;
mod channels;
mod conv;
mod dense;
mod dropout;
mod embedding;
mod flatten;
mod gated;
mod global_pool;
mod group_norm;
mod layer_norm;
mod pool;
mod positions;
mod recurrent;
mod rms_norm;
mod transformer;
mod upsample;

pub(super) use dropout::drop_out;
pub use recurrent::is_recurrent;

use super::Entry;

/// All layers.
pub static ALL: &[&Entry] = &[
    &dense::DENSE,
    &conv::CONV1D,
    &conv::CONV2D,
    &conv::CONV3D,
    &conv::CONV_TRANSPOSE1D,
    &conv::CONV_TRANSPOSE2D,
    &pool::MAX_POOL1D,
    &pool::MAX_POOL2D,
    &pool::AVG_POOL1D,
    &pool::AVG_POOL2D,
    &pool::ADAPTIVE_AVG_POOL2D,
    &upsample::UPSAMPLE,
    &dropout::DROPOUT,
    &dropout::SPATIAL_DROPOUT,
    &batch_norm::BATCH_NORM,
    &layer_norm::LAYER_NORM,
    &rms_norm::RMS_NORM,
    &group_norm::GROUP_NORM,
    &group_norm::INSTANCE_NORM,
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
    &gated::PRELU,
    &gated::SWIGLU,
    &gated::MIXTURE_OF_EXPERTS,
    &recurrent::RNN,
    &recurrent::LSTM,
    &recurrent::GRU,
];
