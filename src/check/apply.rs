//! Applications: a stage meets its tensors.

use super::arguments::{Bound, first_tensor};
use super::checker::Checker;
use super::mistake::Mistake;
use super::noted::parameters;
use super::program::LayerRow;
use super::provenance::Application;
use super::regions::RegionKind;
use super::value::{BlockInstance, Frame, LayerInstance, Stage, Value};
use crate::build::{Role, Tensor};
use crate::catalog::{self, ArgValue, Args, Body, Entry};
use crate::diagnostics::{Edit, Fix};
use crate::ir::dim::Dim;
use crate::ir::graph::NodeId;
use crate::ir::op::{Binary, Op};
use crate::source::Span;
use std::rc::Rc;

impl Checker<'_> {
    /// Applies a stage to a value that is a tensor, or composes it with one that is a stage.
    pub fn apply_to(
        &mut self,
        stage: &Rc<Stage>,
        first: Value,
        rest: &[Value],
        span: Span,
        frame: &mut Frame,
    ) -> Value {
        if let Value::Stage(before) = first {
            let stage = if rest.is_empty() {
                stage.clone()
            } else {
                Rc::new(Stage::Waiting { stage: stage.clone(), rest: rest.to_vec() })
            };
            return Value::Stage(Rc::new(Stage::Composition(vec![before, stage])));
        }
        let mut inputs = vec![first];
        inputs.extend(rest.iter().cloned());
        self.apply(stage, inputs, span, frame)
    }

    /// Applies a stage to all its tensors, and notes what comes out.
    pub fn apply(&mut self, stage: &Rc<Stage>, inputs: Vec<Value>, span: Span, frame: &mut Frame) -> Value {
        let first_state = self.builder.graph.states.len();
        let result = self.apply_unnoted(stage, inputs, span, frame);
        self.note_stage(span, stage, &result, first_state);
        result
    }

    /// The same of a stage whose place is that of what it is part of.
    pub fn apply_unnoted(&mut self, stage: &Rc<Stage>, inputs: Vec<Value>, span: Span, frame: &mut Frame) -> Value {
        let mut inputs = inputs;
        // Several outputs go into a stage that takes several tensors.
        if let ([Value::Tuple(parts)], true) = (inputs.as_slice(), stage.arity() > 1) {
            inputs = parts.clone();
        }
        if let Stage::Repeat { copies, path } = &**stage {
            let repeat = self.open_region();
            let mut values = inputs;
            for copy in copies {
                let region = self.open_region();
                self.repeats += 1;
                // Stages without a place of their own are noted as the whole `repeat`, behind the last of them.
                let (copy_span, result) = match stage_span(copy) {
                    Some(copy_span) => (copy_span, self.apply(copy, values, copy_span, frame)),
                    None => (span, self.apply_unnoted(copy, values, span, frame)),
                };
                self.repeats -= 1;
                if let Value::Unknown = result {
                    return Value::Unknown;
                }
                values = vec![result];
                self.close_region(region, RegionKind::Copy, "".into(), copy_span);
            }
            let (kind, path) = (RegionKind::Repeat { copies: copies.len() }, path.borrow().0.clone());
            self.close_region(repeat, kind, path, span);
            return values.into_iter().next().unwrap_or(Value::Unknown);
        }
        if let Stage::Composition(parts) = &**stage {
            let mut values = inputs;
            for part in parts {
                let result = match stage_span(part) {
                    Some(part_span) => self.apply(part, values, part_span, frame),
                    None => self.apply_unnoted(part, values, span, frame),
                };
                if let Value::Unknown = result {
                    return Value::Unknown;
                }
                values = vec![result];
            }
            return values.into_iter().next().unwrap_or(Value::Unknown);
        }
        if let Stage::Waiting { stage, rest } = &**stage {
            inputs.extend(rest.iter().cloned());
            return self.apply_unnoted(stage, inputs, span, frame);
        }
        if inputs.len() != stage.arity() {
            let (wanted, given) = (stage.arity(), inputs.len());
            let stage = Value::Stage(stage.clone()).describe();
            return self.mistake(span, &Mistake::Arity { stage, wanted, given });
        }
        if let Stage::Function { entry, args, .. } = &**stage {
            let Some(param) = entry.params.get(first_tensor(entry.params)) else { return Value::Unknown };
            let Some(value) = inputs.into_iter().next() else { return Value::Unknown };
            return self.apply_function(entry, args, param, value, span);
        }
        let mut tensors = Vec::new();
        for input in &inputs {
            match self.as_tensor(input, span) {
                Some(t) => tensors.push(t),
                None => return Value::Unknown,
            }
        }
        match &**stage {
            Stage::Layer(layer) => self.apply_layer(layer, &tensors, span),
            Stage::Block(block) => self.apply_block(block, &tensors, span),
            Stage::Residual { inner, shortcut, span: at } => {
                self.apply_residual(inner, shortcut.as_ref(), &tensors, *at, frame)
            }
            Stage::Function { .. } | Stage::Composition(_) | Stage::Repeat { .. } | Stage::Waiting { .. } => {
                Value::Unknown
            }
        }
    }

    fn apply_function(
        &mut self,
        entry: &'static Entry,
        args: &Args,
        param: &'static catalog::Param,
        value: Value,
        span: Span,
    ) -> Value {
        let mut args = args.clone();
        match (&param.ty, &value) {
            (_, Value::Unknown) => return Value::Unknown,
            (catalog::ParamType::Tensors, Value::List(items) | Value::Tuple(items)) => {
                let tensors: Option<Vec<Tensor>> = items.iter().map(|i| self.as_tensor(i, span)).collect();
                let Some(tensors) = tensors else { return Value::Unknown };
                args.set(param.name, ArgValue::Tensors(tensors), Some(span));
            }
            _ => {
                let Some(tensor) = self.as_tensor(&value, span) else { return Value::Unknown };
                args.set_first(param.name, ArgValue::Tensor(tensor), Some(span));
            }
        }
        self.build_function(entry, Bound { args, missing: Vec::new(), numbers: None }, span, true)
    }

    fn apply_layer(&mut self, layer: &LayerInstance, tensors: &[Tensor], span: Span) -> Value {
        let Body::Layer { apply, .. } = layer.entry.body else { return Value::Unknown };
        self.builder.span = span;
        let (first_node, first_state) = (self.builder.graph.nodes.len(), self.builder.graph.states.len());
        let path = layer.path.borrow().clone();
        match apply(&mut self.builder, &path, &layer.args, tensors) {
            Ok(results) => {
                let results = self.own_nodes(results, first_node);
                let value = one_or_tuple(results, span);
                let output = match &value {
                    Value::Tensor(t) => t.show(),
                    other => other.describe(),
                };
                let new = self.builder.graph.states.get(first_state..).unwrap_or_default();
                let parameters = parameters(new);
                let nodes = first_node..self.builder.graph.nodes.len();
                self.applications.push(Application {
                    nodes: nodes.clone(),
                    span,
                    layer: layer.entry.name,
                    sizes: sizes(&layer.args),
                    given: layer.given.clone(),
                    inputs: tensors.to_vec(),
                });
                self.rows.push(LayerRow {
                    path: path.0.clone(),
                    kind: layer.entry.name.into(),
                    is_layer: true,
                    output,
                    parameters,
                    is_shared: layer.applied.replace(true),
                    nodes,
                    span,
                });
                value
            }
            Err(problem) => {
                let operands = tensors.iter().map(|t| (t.span, t.show())).collect();
                let arguments = argument_spans(&layer.args);
                let site = self.call_site(layer.entry.name, span, operands, arguments);
                let operands: Vec<&Tensor> = tensors.iter().collect();
                let told = self.diagnostics.len();
                let value = self.problem_between(&problem, &site, &operands, &layer.given);
                if let Some(given) = self.channels_of_input(layer, tensors)
                    && let Some(diagnostic) = self.diagnostics.get_mut(told)
                {
                    let title = "leave out the channels of the input, which are inferred".to_owned();
                    let edits = vec![Edit { span: given, text: String::new() }];
                    diagnostic.fixes.insert(0, Fix { title, edits });
                }
                value
            }
        }
    }

    /// The first argument of `Conv2d(3, 16, 3)`, where the input has 3 channels: PyTorch asks for them, and what was meant
    /// as a kernel has become a stride.
    fn channels_of_input(&self, layer: &LayerInstance, tensors: &[Tensor]) -> Option<Span> {
        let kind = layer.entry.name;
        if !kind.starts_with("Conv") {
            return None;
        }
        let span = |name: &str| layer.args.span(name);
        let (channels, kernel, stride) = (span("channels")?, span("kernel")?, span("stride")?);
        // With a name before it a number stays what it is.
        let without_name =
            |a: Span, b: Span| a.end <= b.start && self.sources.text(a.end_point().to(b.start_point())).trim() == ",";
        if !without_name(channels, kernel) || !without_name(kernel, stride) {
            return None;
        }
        let is_that_of_input = channels_of(kind, &tensors.first()?.shape)? == &layer.args.dim("channels");
        is_that_of_input.then_some(Span { end: kernel.start, ..channels })
    }

    /// Whether a loss of probabilities is given what comes out of an affine map, which may be any number.
    pub fn are_logits(&self, entry: &Entry, args: &Args) -> bool {
        let Some(operand) = args.tensors().next().filter(|t| entry.name == "bce" && t.role == Role::Value) else {
            return false;
        };
        let graph = &self.builder.graph;
        let operands = |node: NodeId| graph.node(self.seen_through(node)).inputs.iter().copied();
        let is_weight = |node: NodeId| matches!(graph.node(self.seen_through(node)).op, Op::State(_));
        let weighs = |node: NodeId| {
            let is_product = matches!(
                graph.node(self.seen_through(node)).op,
                Op::MatMul | Op::Convolve { .. } | Op::ConvolveInput { .. }
            );
            is_product && operands(node).any(is_weight)
        };
        let has_bias = matches!(graph.node(self.seen_through(operand.node)).op, Op::Binary(Binary::Add))
            && operands(operand.node).any(is_weight);
        weighs(operand.node) || (has_bias && operands(operand.node).any(weighs))
    }

    /// The node behind `squeeze` and the like, which change no number.
    fn seen_through(&self, mut node: NodeId) -> NodeId {
        loop {
            let here = self.builder.graph.node(node);
            match (&here.op, here.inputs.first()) {
                (Op::Reshape | Op::Broadcast | Op::Permute(_), Some(before)) => node = *before,
                _ => return node,
            }
        }
    }

    /// Gives what an application hands through as it came (`Dropout` in evaluation) a node of its own, a view that costs
    /// nothing: where data flows can then be read from the graph.
    pub fn own_nodes(&mut self, results: Vec<Tensor>, first_node: usize) -> Vec<Tensor> {
        let own = |result: Tensor| match result.node.index() < first_node {
            true => Tensor { node: self.builder.view(result.node), ..result },
            false => result,
        };
        results.into_iter().map(own).collect()
    }

    fn apply_block(&mut self, block: &BlockInstance, tensors: &[Tensor], span: Span) -> Value {
        let path = block.path.borrow().clone();
        let name = block.definition.function.name.name.clone();
        let region = self.open_region();
        let prefix = path.0.clone();
        let outputs =
            self.in_call(&name, span, |c| c.instantiate(&block.definition, &block.hypers, tensors, path, span));
        self.close_region(region, RegionKind::Block { name }, prefix, span);
        match outputs.flatten() {
            None => Value::Unknown,
            Some(mut outputs) if outputs.len() == 1 => outputs.pop().map_or(Value::Unknown, |(_, v)| v),
            Some(outputs) => Value::Tuple(outputs.into_iter().map(|(_, v)| v).collect()),
        }
    }
}

/// Where a stage is written, if that is one place.
pub(super) fn stage_span(stage: &Stage) -> Option<Span> {
    match stage {
        Stage::Layer(l) => Some(l.span),
        Stage::Block(b) => Some(b.span),
        Stage::Function { span, .. } | Stage::Residual { span, .. } => Some(*span),
        Stage::Waiting { stage, .. } => stage_span(stage),
        Stage::Composition(_) | Stage::Repeat { .. } => None,
    }
}

pub(super) fn one_or_tuple(mut results: Vec<Tensor>, span: Span) -> Value {
    for t in &mut results {
        t.span = span;
    }
    match results.len() {
        1 => results.pop().map_or(Value::Unknown, Value::Tensor),
        _ => Value::Tuple(results.into_iter().map(Value::Tensor).collect()),
    }
}

/// The channels of a convolution's operand: last along a sequence, first in an image or a volume.
pub(super) fn channels_of<'d>(kind: &str, shape: &'d [Dim]) -> Option<&'d Dim> {
    if kind.ends_with("1d") { shape.last() } else { shape.first() }
}

/// The arguments of a layer that are sizes.
fn sizes(args: &Args) -> Vec<(&'static str, Dim)> {
    args.iter().filter_map(|(name, _)| args.optional_dim(name).map(|size| (name, size))).collect()
}

pub(super) fn argument_spans(args: &Args) -> Vec<(&'static str, Span)> {
    args.iter().filter_map(|(name, _)| args.span(name).map(|span| (name, span))).collect()
}
