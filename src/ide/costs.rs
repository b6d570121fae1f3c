//! What a model and its parts cost: numbers to learn, operations, memory.

use crate::check::{Checked, LayerRow, Model};
use crate::compile;
use crate::ir::graph::{NodeId, State, StateRole};
use crate::source::Span;
use std::cell::OnceCell;
use std::ops::Range;

/// Bytes of a number.
const NUMBER: u64 = 4;

/// Trainable numbers of a model, those of `weight` statements among them; `None` where a size is open.
pub fn parameters(model: &Model) -> Option<u64> {
    weights(model).map(numbers_in).sum()
}

/// The weights of a model.
pub fn weights(model: &Model) -> impl Iterator<Item = &State> {
    model.graph.states.iter().filter(|state| state.role == StateRole::Weight)
}

/// The numbers of a weight; `None` where a size is open.
pub fn numbers_in(state: &State) -> Option<u64> {
    state.shape.iter().map(|dim| dim.as_constant().and_then(|n| u64::try_from(n).ok())).product()
}

/// Bytes of the weights of a model.
pub fn weight_bytes(model: &Model) -> Option<u64> {
    parameters(model).map(|n| n.saturating_mul(NUMBER))
}

/// Floating-point operations of a model for one example; `None` where sizes are open.
pub fn flops(model: &Model) -> Option<u64> {
    flops_of_nodes(model, 0..model.graph.nodes.len())
}

/// Floating-point operations of one line of `summary` for one example.
pub fn flops_of_row(model: &Model, row: &LayerRow) -> Option<u64> {
    flops_of_nodes(model, row.nodes.clone())
}

fn flops_of_nodes(model: &Model, nodes: Range<usize>) -> Option<u64> {
    let sizes = model.is_bound.then(|| compile::full_batch(&model.longest, 1))?;
    let end = nodes.end.min(model.graph.nodes.len());
    Some((nodes.start..end).map(|i| compile::node_flops(&model.graph, NodeId(i as u32), &sizes)).sum())
}

/// Floating-point operations of what is applied at a place for one example: of a layer, or of all layers of a block.
/// Of a place that is applied several times, the first.
pub fn flops_at(checked: &Checked, span: Span, path: &str) -> Option<u64> {
    checked.program.models.iter().find_map(|model| {
        let own = model.layers.iter().find(|row| row.span == span && (path.is_empty() || &*row.path == path));
        if let Some(row) = own {
            return flops_of_row(model, row);
        }
        let is_below = |row: &&LayerRow| row.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        let mut parts = model.layers.iter().filter(is_below).filter(|_| !path.is_empty()).peekable();
        parts.peek()?;
        parts.map(|row| flops_of_row(model, row)).sum()
    })
}

/// The first train of a model, by its place among the trains of the program.
pub fn train_of(checked: &Checked, model: &Model) -> Option<usize> {
    let index = checked.program.models.iter().position(|m| m.span == model.span)?;
    checked.program.trains.iter().position(|train| train.model == index)
}

/// What steps of training cost. A step is planned to know it, and asked about at every name of its model, so each train
/// is planned once.
#[derive(Debug)]
pub struct StepCosts {
    of_trains: Vec<OnceCell<Option<(u64, u64)>>>,
}

impl StepCosts {
    /// Those of a checked program.
    pub fn of(checked: &Checked) -> StepCosts {
        StepCosts { of_trains: checked.program.trains.iter().map(|_| OnceCell::new()).collect() }
    }

    /// Bytes and operations of a step of a train of that program.
    pub fn step(&self, checked: &Checked, train: usize) -> Option<(u64, u64)> {
        let settled = checked.program.trains.get(train)?;
        let plan = || compile::step_cost(settled, settled.settings.batch).ok().map(|cost| (cost.bytes, cost.flops));
        *self.of_trains.get(train)?.get_or_init(plan)
    }
}
