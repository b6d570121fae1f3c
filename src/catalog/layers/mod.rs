//! Layers: what has weights, or is configured before it is applied.

mod dense;

use super::Entry;

/// All layers.
pub static ALL: &[&Entry] = &[&dense::DENSE];
