//! The graph of a training step: forward, backward, clipping, the optimizer's update.

use super::CompileError;
use super::recompute::recompute;
use crate::autodiff::differentiate;
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::{Args, Body, OptimizerDefinition, UpdateOperands};
use crate::check::{Clip, Forward, Train};
use crate::ir::graph::{Graph, Input, InputKind, NodeId, StateRole, Update};
use crate::ir::init::Init;
use crate::ir::op::{InputId, Op, StateId, Unary};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Name of the output with the mean loss of the batch. A term `kind` of a loss is `loss.kind`.
pub const LOSS: &str = "loss";
/// Name of the output with the norm of all gradients before clipping; only with `clip: norm(c)`.
pub const GRADIENT_NORM: &str = "gradient_norm";
/// Name of the scalar input with the learning rate.
pub const LEARNING_RATE: &str = "lr";
/// Name of the scalar input with the share of the average that stays, with `ema`.
pub const AVERAGE: &str = "average";
/// With `accumulate`, name of the scalar input with the share of a batch in the examples of its step.
pub const SHARE: &str = "share";
/// With `accumulate`, name of the scalar input that is 0 at the first batch of a step and 1 at the others.
pub const KEPT: &str = "kept";

/// Where the average of a weight is, with `ema`.
pub fn average_path(weight: &str) -> Arc<str> {
    format!("{weight}@average").into()
}

/// Where the sum of the gradients of a weight over the batches of a step is, with `accumulate`.
pub fn gradient_path(weight: &str) -> Arc<str> {
    format!("{weight}@gradient").into()
}

/// The name of the output with a term of the loss.
pub fn term_output(term: &str) -> String {
    format!("{LOSS}.{term}")
}

/// The forward graph of a training step with its backward pass behind it, before clipping and updates.
#[derive(Debug)]
pub struct Backward {
    /// Outputs: `loss`, its terms, and the gradient of each weight as `d dense1.weight`.
    pub graph: Graph,
    /// The first node of the backward pass.
    pub first: NodeId,
    /// Each trained weight on which the loss depends.
    pub gradients: Vec<Gradient>,
}

/// A weight and its gradient.
#[derive(Debug, Clone)]
pub struct Gradient {
    /// The weight.
    pub state: StateId,
    /// Its path.
    pub path: Arc<str>,
    /// Its node.
    pub weight: NodeId,
    /// The gradient's node, of the same shape.
    pub gradient: NodeId,
}

/// Differentiates the loss of a train. Frozen weights have no gradient.
pub fn backward(train: &Train) -> Backward {
    backward_with(train, None)
}

/// The same with the weights of the classes (`class_weights: balanced`), which only the data says.
pub fn backward_with(train: &Train, class_weights: Option<&[f64]>) -> Backward {
    differentiated(with_loss_outputs(train), train, class_weights)
}

fn differentiated(mut graph: Graph, train: &Train, class_weights: Option<&[f64]>) -> Backward {
    fill(&mut graph, &train.training, class_weights);
    let frozen: HashSet<&str> = train.settings.frozen.iter().map(|path| &**path).collect();
    let trained: Vec<(StateId, NodeId)> = graph
        .nodes
        .iter()
        .enumerate()
        .filter_map(|(index, node)| match node.op {
            Op::State(id) => Some((id, NodeId(index as u32))),
            _ => None,
        })
        .filter(|(id, _)| {
            let state = &graph.states[id.0 as usize];
            state.role == StateRole::Weight && !frozen.contains(&*state.path)
        })
        .collect();
    let wrt: Vec<NodeId> = trained.iter().map(|(_, node)| *node).collect();
    let first = NodeId(graph.nodes.len() as u32);
    let found = differentiate(&mut graph, train.training.loss, &wrt);
    let gradients: Vec<Gradient> = trained
        .iter()
        .zip(found)
        .filter_map(|((state, weight), gradient)| {
            let path = graph.states[state.0 as usize].path.clone();
            gradient.map(|gradient| Gradient { state: *state, path, weight: *weight, gradient })
        })
        .collect();
    for gradient in &gradients {
        graph.add_output(format!("d {}", gradient.path), gradient.gradient);
    }
    Backward { graph, first, gradients }
}

/// With `recompute: blocks`, what lies within a block is computed again where its gradients are.
pub(super) fn recomputed(mut backward: Backward, train: &Train) -> Backward {
    if train.settings.recompute {
        let new = recompute(&mut backward.graph, backward.first, &train.training.blocks);
        for of in &mut backward.gradients {
            of.gradient = new[of.gradient.index()];
        }
    }
    backward
}

/// The forward graph whose only outputs are the loss and its terms.
fn with_loss_outputs(train: &Train) -> Graph {
    let forward = &*train.training.graph;
    let mut graph = Graph {
        nodes: forward.nodes.clone(),
        inputs: forward.inputs.clone(),
        states: forward.states.clone(),
        outputs: Vec::new(),
        updates: forward.updates.clone(),
    };
    graph.add_output(LOSS, train.training.loss);
    for (name, node) in &train.training.terms {
        graph.add_output(term_output(name), *node);
    }
    keep_frozen_statistics(&mut graph, &train.settings.frozen);
    graph
}

/// A layer whose weights are all frozen keeps its running statistics too.
fn keep_frozen_statistics(graph: &mut Graph, frozen: &[Arc<str>]) {
    fn layer(path: &str) -> &str {
        path.rsplit_once('.').map_or("", |(layer, _)| layer)
    }
    let frozen: HashSet<&str> = frozen.iter().map(|path| &**path).collect();
    // Of each layer with weights, whether all of them are frozen.
    let mut layers: HashMap<&str, bool> = HashMap::new();
    for state in graph.states.iter().filter(|state| state.role == StateRole::Weight) {
        *layers.entry(layer(&state.path)).or_insert(true) &= frozen.contains(&*state.path);
    }
    let is_frozen = |state: StateId| {
        let path = &*graph.states[state.0 as usize].path;
        frozen.contains(path) || layers.get(layer(path)).copied().unwrap_or(false)
    };
    let kept = graph.updates.iter().copied().filter(|u| !is_frozen(u.state)).collect();
    graph.updates = kept;
}

/// Puts the weights of the classes where the checker left ones for them.
pub(super) fn fill(graph: &mut Graph, forward: &Forward, class_weights: Option<&[f64]>) {
    let (Some(at), Some(weights)) = (&forward.class_weights, class_weights) else { return };
    if let Some(node) = graph.nodes.get_mut(at.node.index())
        && weights.len() == at.classes
    {
        node.op = Op::Literal(weights.into());
    }
}

/// A training step before it is optimized.
#[derive(Debug)]
pub struct StepGraphs {
    /// Forward and backward pass; the update behind them, unless a step sees several batches.
    pub batch: Graph,
    /// With `accumulate`: the update by the gradients that the batches have left, which sees no example.
    pub update: Option<Graph>,
}

impl StepGraphs {
    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Graph> {
        std::iter::once(&self.batch).chain(&self.update)
    }
}

/// The graphs of a training step. Scalar inputs of the update, in this order: [`LEARNING_RATE`], those that the optimizer
/// names for its own arguments and for those of each group, and [`AVERAGE`] with `ema`.
pub fn training_graphs(train: &Train, class_weights: Option<&[f64]>) -> Result<StepGraphs, CompileError> {
    let settings = &train.settings;
    let Body::Optimizer(optimizer) = &settings.optimizer.entry.body else {
        return Err(CompileError::new("optimizer", format!("{} is not one", settings.optimizer.entry.name)));
    };
    let mut graph = with_loss_outputs(train);
    if settings.accumulate.is_some() {
        take_normalizers(&mut graph, train);
    }
    let backward = recomputed(differentiated(graph, train, class_weights), train);
    let mut builder = Builder::new(true, false);
    builder.graph = backward.graph;
    builder.graph.outputs.retain(|output| !output.name.starts_with("d "));
    builder.span = settings.optimizer.span;
    let tensor = |builder: &mut Builder, node: NodeId| {
        let shape = builder.graph.shape(node).to_vec();
        builder.tensor(node, shape, false)
    };
    let failed = |problem: Problem| CompileError::new("optimizer", format!("{problem:?}"));
    let mut trained = Vec::new();
    for Gradient { state, path, weight, gradient } in &backward.gradients {
        let (weight, gradient) = (tensor(&mut builder, *weight), tensor(&mut builder, *gradient));
        trained.push(Trained { state: *state, path: path.clone(), weight, gradient });
    }
    if settings.accumulate.is_none() {
        update(&mut builder, optimizer, train, trained).map_err(failed)?;
        return Ok(StepGraphs { batch: builder.graph, update: None });
    }
    let mut behind = Builder::new(true, false);
    behind.span = builder.span;
    let trained = accumulate(&mut builder, &mut behind, trained).map_err(failed)?;
    update(&mut behind, optimizer, train, trained).map_err(failed)?;
    Ok(StepGraphs { batch: builder.graph, update: Some(behind.graph) })
}

/// A weight with its gradient, where it is updated.
struct Trained {
    state: StateId,
    path: Arc<str>,
    weight: Tensor,
    gradient: Tensor,
}

/// Has what a loss divides by given from outside: of a batch that is a part of a step, the mean is not that of the step.
fn take_normalizers(graph: &mut Graph, train: &Train) {
    for normalizer in &train.training.normalizers {
        graph.inputs.push(Input { name: normalizer.input.clone(), shape: Vec::new(), kind: InputKind::Scalar });
        let input = InputId(graph.inputs.len() as u32 - 1);
        if let Some(node) = graph.nodes.get_mut(normalizer.mean.index()) {
            (node.op, node.inputs) = (Op::Input(input), Vec::new());
        }
    }
}

/// Adds the share of a batch to the gradients of the step, which another graph reads.
fn accumulate(builder: &mut Builder, behind: &mut Builder, trained: Vec<Trained>) -> Result<Vec<Trained>, Problem> {
    let kept = scalar(builder, KEPT);
    let share = scalar(builder, SHARE);
    let mut read = Vec::with_capacity(trained.len());
    for Trained { state, path, gradient, .. } in trained {
        let sum_path = gradient_path(&path);
        let shape = gradient.shape.clone();
        let before = builder.state(sum_path.clone(), &shape, StateRole::Optimizer, Init::Full(0.0))?;
        let (before, own) = (builder.multiply(&before, &kept)?, builder.multiply(&gradient, &share)?);
        let sum = builder.add(&before, &own)?;
        builder.update(&sum_path, &sum);
        let Some(declared) = builder.graph.states.get(state.0 as usize).cloned() else { continue };
        let weight = behind.state(path.clone(), &shape, declared.role, declared.init)?;
        let gradient = behind.state(sum_path, &shape, StateRole::Optimizer, Init::Full(0.0))?;
        let at = behind.graph.states.iter().position(|known| known.path == path).unwrap_or_default();
        read.push(Trained { state: StateId(at as u32), path, weight, gradient });
    }
    Ok(read)
}

fn scalar(builder: &mut Builder, name: &str) -> Tensor {
    let (_, node) = builder.graph.add_input(name, Vec::new(), InputKind::Scalar, builder.span);
    builder.tensor(node, Vec::new(), false)
}

/// Clips as `torch.nn.utils.clip_grad_norm_` and `clip_grad_value_` do.
fn clip(builder: &mut Builder, clip: Option<Clip>, gradients: &mut [Tensor]) -> Result<(), Problem> {
    match clip {
        None => {}
        Some(Clip::Value(limit)) => {
            for gradient in gradients {
                *gradient = builder.clamp(gradient, -limit, limit);
            }
        }
        Some(Clip::Norm(limit)) => {
            let mut squares: Option<Tensor> = None;
            for gradient in gradients.iter() {
                let square = builder.unary(Unary::Square, gradient);
                let axes: Vec<usize> = (0..gradient.rank()).collect();
                let sum = builder.sum(&square, &axes, false);
                squares = Some(match squares {
                    None => sum,
                    Some(before) => builder.add(&before, &sum)?,
                });
            }
            let Some(squares) = squares else { return Ok(()) };
            let norm = builder.unary(Unary::SquareRoot, &squares);
            builder.graph.add_output(GRADIENT_NORM, norm.node);
            let limit = builder.constant(limit);
            let shifted = builder.offset(&norm, 1e-6);
            let ratio = builder.divide(&limit, &shifted)?;
            let factor = builder.with_scalar(crate::ir::op::Binary::Minimum, &ratio, 1.0);
            for gradient in gradients {
                *gradient = builder.multiply(gradient, &factor)?;
            }
        }
    }
    Ok(())
}

/// Appends clipping and the optimizer's update of each weight.
fn update(
    builder: &mut Builder,
    optimizer: &OptimizerDefinition,
    train: &Train,
    trained: Vec<Trained>,
) -> Result<(), Problem> {
    let settings = &train.settings;
    builder.share_numbers();
    let mut gradients: Vec<Tensor> = trained.iter().map(|of| of.gradient.clone()).collect();
    clip(builder, settings.clip, &mut gradients)?;
    let lr = scalar(builder, LEARNING_RATE);
    let base = settings.optimizer.args.number("lr");
    let mut kinds: Vec<(&Args, Tensor, Vec<Tensor>)> = Vec::new();
    for (group, args) in settings.optimizer_args().enumerate() {
        let name = |name: &str| if group == 0 { name.to_owned() } else { format!("{name}@{group}") };
        let scalars = (optimizer.scalars)(args).into_iter().map(|scalar_name| scalar(builder, &name(scalar_name)));
        let scalars = scalars.collect();
        // The schedule changes the rates of all groups by the same factor.
        let rate = args.number("lr");
        let lr = if rate == base { lr.clone() } else { builder.scale(&lr, rate / base) };
        kinds.push((args, lr, scalars));
    }
    let average = settings.ema.map(|_| scalar(builder, AVERAGE));
    let groups = settings.groups_of_weights();
    for (Trained { state, path, weight, .. }, gradient) in trained.into_iter().zip(gradients) {
        let group = groups.get(&*path).copied().unwrap_or(0);
        let Some((args, lr, scalars)) = kinds.get(group) else { continue };
        let shape = gradient.shape.clone();
        let names = (optimizer.slots)(args, &shape);
        let paths: Vec<Arc<str>> = names.iter().map(|slot| format!("{path}@{slot}").into()).collect();
        let mut slots = Vec::with_capacity(paths.len());
        for path in &paths {
            slots.push(builder.state(path.clone(), &shape, StateRole::Optimizer, Init::Full(0.0))?);
        }
        let operands = UpdateOperands { weight, gradient, slots, lr: lr.clone(), scalars: scalars.clone() };
        let updated = (optimizer.update)(builder, args, &operands)?;
        for (path, value) in paths.iter().zip(&updated.slots) {
            builder.update(path, value);
        }
        builder.graph.updates.push(Update { state, value: updated.weight.node });
        if let Some(decay) = &average {
            let path = average_path(&path);
            let before = builder.state(path.clone(), &shape, StateRole::Optimizer, Init::Full(0.0))?;
            // weight + decay * (average - weight): with a decay of 0 the weight to the last bit.
            let beyond = builder.subtract(&before, &updated.weight)?;
            let beyond = builder.multiply(&beyond, decay)?;
            let after = builder.add(&updated.weight, &beyond)?;
            builder.update(&path, &after);
        }
    }
    Ok(())
}
