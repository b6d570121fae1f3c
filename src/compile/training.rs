//! The graph of a training step: forward, backward, clipping, the optimizer's update.

use super::CompileError;
use crate::autodiff::differentiate;
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::{Body, OptimizerDefinition, UpdateOperands};
use crate::check::{Clip, Forward, Train};
use crate::ir::graph::{Graph, InputKind, NodeId, StateRole, Update};
use crate::ir::init::Init;
use crate::ir::op::{Op, StateId, Unary};
use std::sync::Arc;

/// Name of the output with the mean loss of the batch. A term `kind` of a loss is `loss.kind`.
pub const LOSS: &str = "loss";
/// Name of the output with the norm of all gradients before clipping; only with `clip: norm(c)`.
pub const GRADIENT_NORM: &str = "gradient_norm";
/// Name of the scalar input with the learning rate.
pub const LEARNING_RATE: &str = "lr";

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
    let mut graph = with_loss_outputs(train);
    fill(&mut graph, &train.training, class_weights);
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
            state.role == StateRole::Weight && !train.settings.frozen.contains(&state.path)
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

/// The forward graph whose only outputs are the loss and its terms.
fn with_loss_outputs(train: &Train) -> Graph {
    let mut graph = Graph::clone(&train.training.graph);
    graph.outputs.clear();
    graph.add_output(LOSS, train.training.loss);
    for (name, node) in &train.training.terms {
        graph.add_output(term_output(name), *node);
    }
    keep_frozen_statistics(&mut graph, &train.settings.frozen);
    graph
}

/// A layer whose weights are all frozen keeps its running statistics too.
fn keep_frozen_statistics(graph: &mut Graph, frozen: &[Arc<str>]) {
    let layer = |path: &str| path.rsplit_once('.').map_or("", |(layer, _)| layer).to_owned();
    let is_frozen = |state: StateId| {
        let path = &graph.states[state.0 as usize].path;
        if frozen.contains(path) {
            return true;
        }
        let mut weights =
            graph.states.iter().filter(|s| s.role == StateRole::Weight && layer(&s.path) == layer(path)).peekable();
        weights.peek().is_some() && weights.all(|s| frozen.contains(&s.path))
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

/// A training step before it is optimized. Scalar inputs: [`LEARNING_RATE`] and those that the optimizer names.
pub fn training_graph(train: &Train, class_weights: Option<&[f64]>) -> Result<Graph, CompileError> {
    let backward = backward_with(train, class_weights);
    let settings = &train.settings;
    let Body::Optimizer(optimizer) = &settings.optimizer.entry.body else {
        return Err(CompileError::new("optimizer", format!("{} is not one", settings.optimizer.entry.name)));
    };
    let mut builder = Builder::new(true, false);
    builder.graph = backward.graph;
    builder.graph.outputs.retain(|output| !output.name.starts_with("d "));
    builder.span = settings.optimizer.span;
    let mut gradients: Vec<Tensor> = backward
        .gradients
        .iter()
        .map(|g| builder.tensor(g.gradient, builder.graph.shape(g.gradient).to_vec(), false))
        .collect();
    let failed = |problem: Problem| CompileError::new("optimizer", format!("{problem:?}"));
    clip(&mut builder, settings.clip, &mut gradients).map_err(failed)?;
    let gradients: Vec<(&Gradient, Tensor)> = backward.gradients.iter().zip(gradients).collect();
    update(&mut builder, optimizer, train, gradients).map_err(failed)?;
    Ok(builder.graph)
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

/// Appends the optimizer's update of each weight.
fn update(
    builder: &mut Builder,
    optimizer: &OptimizerDefinition,
    train: &Train,
    gradients: Vec<(&Gradient, Tensor)>,
) -> Result<(), Problem> {
    let args = &train.settings.optimizer.args;
    let scalar = |builder: &mut Builder, name: &str| {
        let (_, node) = builder.graph.add_input(name, Vec::new(), InputKind::Scalar, builder.span);
        builder.tensor(node, Vec::new(), false)
    };
    let lr = scalar(builder, LEARNING_RATE);
    let scalars: Vec<Tensor> = (optimizer.scalars)(args).into_iter().map(|name| scalar(builder, name)).collect();
    for (of, gradient) in gradients {
        let shape = gradient.shape.clone();
        let names = (optimizer.slots)(args, &shape);
        let paths: Vec<Arc<str>> = names.iter().map(|slot| format!("{}@{slot}", of.path).into()).collect();
        let mut slots = Vec::with_capacity(paths.len());
        for path in &paths {
            slots.push(builder.state(path.clone(), &shape, StateRole::Optimizer, Init::Full(0.0))?);
        }
        let weight = builder.tensor(of.weight, shape, false);
        let operands = UpdateOperands { weight, gradient, slots, lr: lr.clone(), scalars: scalars.clone() };
        let updated = (optimizer.update)(builder, args, &operands)?;
        for (path, value) in paths.iter().zip(&updated.slots) {
            builder.update(path, value);
        }
        builder.graph.updates.push(Update { state: of.state, value: updated.weight.node });
    }
    Ok(())
}
