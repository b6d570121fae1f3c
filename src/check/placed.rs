//! What the checker made of an item, moved with it: every span to where its text stands now.

use super::program::{
    ClassWeights, Configured, Fit, Forward, LayerRow, Measure, Metric, Model, Noted, Phase, Port, Settings, Train,
};
use super::regions::{Region, RegionKind, Steps};
use crate::build::Limit;
use crate::ir::graph::{Graph, Node, State};
use crate::ir::op::Op;
use crate::source::Span;
use std::sync::Arc;

/// What holds spans.
pub(super) trait Placed {
    /// Visits all of them.
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span));
}

impl Placed for Span {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        visit(self);
    }
}

impl<T: Placed> Placed for Vec<T> {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        self.iter_mut().for_each(|part| part.spans(visit));
    }
}

impl<T: Placed> Placed for Option<T> {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        self.iter_mut().for_each(|part| part.spans(visit));
    }
}

impl<A: Placed, B: Placed> Placed for (A, B) {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        self.0.spans(visit);
        self.1.spans(visit);
    }
}

/// What stands nowhere.
macro_rules! placeless {
    ($($name:ty),+ $(,)?) => {
        $(impl Placed for $name {
            fn spans(&mut self, _: &mut dyn FnMut(&mut Span)) {}
        })+
    };
}

placeless!(Noted, Fit, ClassWeights, crate::catalog::Duration, std::path::PathBuf);

/// All parts by name, so that none is forgotten: first those with spans, then the others.
macro_rules! parts {
    ($($name:ident { $($placed:ident),* ; $($other:ident),* })+) => {
        $(impl Placed for $name {
            fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
                let $name { $($placed,)* $($other: _,)* } = self;
                $($placed.spans(visit);)*
            }
        })+
    };
}

parts! {
    Train { phase, span, training, evaluation, layers, fits, limits, settings; name, model, data, longest }
    Phase { span; name, number, of }
    Forward { graph, outputs, metrics, class_weights; loss, terms, normalizers }
    Model { span, inputs, outputs, layers, regions, graph; name, is_bound, longest }
    Port { span; name, kind, shape, role, node }
    LayerRow { span; path, kind, is_layer, output, parameters, is_shared, nodes }
    Region { kind, span; path, nodes, rows, first_inside }
    Steps { nodes; input, rows, item, states, results }
    Metric { args, span; name, entry, operands, positions, target_field, context }
    Configured { args, span; entry }
    Measure { span; split, metric, higher_is_better }
    Settings { optimizer, schedule, stop, keep, load;
               length, batch, shuffle, drop_last, seed, clip, frozen, validate, augment }
    Limit { span; size, most }
    Graph { nodes, states; inputs, outputs, updates }
    Node { op, span; inputs, shape }
    State { span; path, shape, role, init }
}

/// Its own from now on, where others share it.
impl<T: Placed + Clone> Placed for Arc<T> {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        Arc::make_mut(self).spans(visit);
    }
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
