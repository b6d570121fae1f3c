//! Floor 4: every layer, function, loss, optimizer, schedule, metric, one declaration each.
//!
//! An [`Entry`] is all there is to know of one: its file declares it, [`ENTRIES`] lists it, and everything else (the
//! checker, `nnrun explain`, the docs, the tests over the table) reads it.

mod args;
mod arguments_elsewhere;
mod augmentations;
mod data;
mod demands;
mod entry;
mod explain;
mod functions;
pub mod initializers;
mod layers;
mod losses;
mod metric;
mod metrics;
mod optimizer;
mod optimizers;
mod page;
mod schedule;
mod schedules;
mod words;

pub use args::{ArgValue, Args, Duration, InitSpec};
pub use arguments_elsewhere::{ArgumentElsewhere, argument_elsewhere, names_of_argument};
pub use entry::{Body, Bounds, Default, Entry, EntryKind, Example, Fans, FunctionFn, LayerFn, Param, ParamType};
pub use explain::{call_shape, describe, explain, explain_small_word, explain_word, rate};
pub use functions::elementwise::power;
pub use layers::is_recurrent;
pub use metric::{Accumulator, MetricContext, MetricDefinition, MetricFn, MetricValue, Task};
pub use optimizer::{OptimizerDefinition, UpdateOperands, Updated};
pub use page::catalog_page;
pub use schedule::{Moment, Rate, Watch};
pub use words::{SmallWord, Word, WordKind, keyword, small_word, small_words, word, words};

use std::collections::HashMap;
use std::sync::LazyLock;

/// Every entry, family by family.
pub static ENTRIES: &[&[&Entry]] = &[
    layers::ALL,
    functions::activations::ALL,
    functions::elementwise::ALL,
    functions::softmax::ALL,
    functions::reductions::ALL,
    functions::joining::ALL,
    functions::shape::ALL,
    functions::gather::ALL,
    functions::making::ALL,
    functions::squeeze::ALL,
    functions::order::ALL,
    functions::einsum::ALL,
    functions::rearrange::ALL,
    losses::cross_entropy::ALL,
    losses::binary::ALL,
    losses::regression::ALL,
    losses::distributions::ALL,
    losses::margins::ALL,
    losses::overlap::ALL,
    losses::ctc::ALL,
    losses::penalties::ALL,
    optimizers::sgd::ALL,
    optimizers::adam::ALL,
    optimizers::rmsprop::ALL,
    optimizers::adagrad::ALL,
    optimizers::adam_like::ALL,
    optimizers::muon::ALL,
    schedules::ALL,
    metrics::classification::ALL,
    metrics::ranking::ALL,
    metrics::regression::ALL,
    initializers::ALL,
    augmentations::ALL,
    data::sources::ALL,
    data::functions::ALL,
    data::sequences::ALL,
    data::expectations::ALL,
];

/// All entries.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    ENTRIES.iter().flat_map(|family| family.iter().copied())
}

/// The entry of this name whose kind is one of `kinds`; the first kind wins.
pub fn find(name: &str, kinds: &[EntryKind]) -> Option<&'static Entry> {
    static BY_NAME: LazyLock<HashMap<&str, Vec<&'static Entry>>> = LazyLock::new(|| {
        let mut by_name: HashMap<&str, Vec<&'static Entry>> = HashMap::new();
        entries().for_each(|entry| by_name.entry(entry.name).or_default().push(entry));
        by_name
    });
    let named = BY_NAME.get(name)?;
    kinds.iter().find_map(|kind| named.iter().find(|e| e.kind() == *kind)).copied()
}

/// The entry that another framework calls `name`, with that framework.
pub fn find_elsewhere(name: &str) -> Option<(&'static Entry, &'static str)> {
    static BY_NAME: LazyLock<HashMap<&str, (&'static Entry, &'static str)>> = LazyLock::new(|| {
        let mut by_name = HashMap::new();
        for entry in entries() {
            for (name, framework) in entry.elsewhere {
                // What is first in the table wins.
                by_name.entry(*name).or_insert((entry, *framework));
            }
        }
        by_name
    });
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests;
