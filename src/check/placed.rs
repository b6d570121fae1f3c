//! What the checker made of an item, moved with it: every span to where its text stands now.

use super::program::{
    ClassWeights, Configured, Fit, Forward, Group, LayerRow, Measure, Metric, Model, Noted, Phase, Port, Settings,
    Train,
};
use super::regions::{Region, RegionKind, Steps};
use crate::build::Limit;
use crate::ir::graph::{Graph, Node, State};
use crate::ir::op::Op;
use crate::source::{Placed, Span, parts, placeless};
use std::sync::Arc;

placeless!(Noted, Fit, ClassWeights, crate::catalog::Duration, std::path::PathBuf);

parts! {
    Train { phase, span, training, evaluation, layers, fits, limits, settings; name, model, data, longest }
    Phase { span; name, number, of }
    Forward { graph, outputs, metrics, class_weights; loss, terms, normalizers, blocks }
    Model { span, inputs, outputs, layers, regions, graph; name, is_bound, longest }
    Port { span; name, kind, shape, role, node }
    LayerRow { span; path, kind, is_layer, output, parameters, is_shared, nodes }
    Region { kind, span; path, nodes, rows, first_inside }
    Steps { nodes; input, rows, item, states, results }
    Metric { args, span; name, entry, operands, positions, target_field, context }
    Configured { args, span; entry }
    Measure { span; split, metric, higher_is_better }
    Settings { optimizer, groups, schedule, stop, keep, load;
               ema, length, batch, accumulate, shuffle, drop_last, seed, clip, frozen, validate, augment, recompute }
    Group { args, span; weights }
    Limit { span; size, most }
    Graph { nodes, states; inputs, outputs, updates }
    Node { op, span; inputs, shape }
    State { span; path, shape, role, init }
}

impl Placed for crate::catalog::Args {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        self.spans_mut().for_each(visit);
    }
}

impl Placed for RegionKind {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        match self {
            RegionKind::Block { name: _ }
            | RegionKind::Repeat { copies: _ }
            | RegionKind::Copy
            | RegionKind::Residual => {}
            RegionKind::Scan(steps) => steps.spans(visit),
        }
    }
}

impl Placed for Op {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        if let Op::Scan(scan) = self {
            Arc::make_mut(scan).body.spans(visit);
        }
    }
}
