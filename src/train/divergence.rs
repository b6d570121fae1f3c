//! Finds out where the first number arose that is not finite.
//!
//! Training is deterministic, so the steps of the epoch are done again from the states before it, up to the one that
//! went wrong; that one is then run with every node of its graph as an output.

use super::augmenting::Augmenter;
use super::balance;
use super::error::{Divergence, RunError};
use super::feeding::{Draw, Feeder};
use super::stepping::{StepResult, Stepper};
use super::training_loop::batches;
use crate::check::Train;
use crate::compile;
use crate::data::Dataset;
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::Op;
use crate::ir::print::show_node;
use crate::ir::scan::Scan;
use crate::runtime::Session;
use crate::source::Span;

/// What to do again. Steps count from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replay {
    pub(super) epoch: u64,
    pub(super) first_step: u64,
    pub(super) step: u64,
}

/// Where the loss of a step became something that is not finite. The session holds the states from before the epoch
/// and holds them again afterwards.
pub(super) fn find(
    train: &Train,
    dataset: &Dataset,
    stepper: &mut Stepper,
    session: &mut Session<f32>,
    replay: Replay,
    result: StepResult,
) -> Result<Divergence, RunError> {
    let before_epoch = session.states.clone();
    let mut batches = batches(train, dataset, replay.epoch);
    let mut step = replay.first_step;
    let mut first = None;
    while let Some(rows) = batches.next_batch() {
        if step == replay.step {
            first = first_not_finite(train, dataset, session, rows, step)?;
            break;
        }
        stepper.run(session, rows, step)?;
        step += 1;
    }
    session.states = before_epoch;
    let (span, operation) = first.unwrap_or((train.span, None));
    Ok(Divergence {
        train: train.name.clone(),
        epoch: replay.epoch,
        step: replay.step,
        loss: result.loss,
        lr: result.lr,
        span,
        operation,
        was_finite: replay.step > 1,
    })
}

/// Weights that are not finite after the last step.
pub(super) fn of_weights(train: &Train, epoch: u64, step: u64, lr: f64) -> Divergence {
    Divergence {
        train: train.name.clone(),
        epoch,
        step,
        loss: 0.0,
        lr,
        span: train.span,
        operation: None,
        was_finite: true,
    }
}

/// The first node of the forward pass with a number that is not finite although all its operands' are.
fn first_not_finite(
    train: &Train,
    dataset: &Dataset,
    session: &mut Session<f32>,
    rows: &[u32],
    step: u64,
) -> Result<Option<(Span, Option<String>)>, RunError> {
    let weights = balance::class_weights(train, dataset);
    let graph = &compile::backward_with(train, weights.as_deref()).graph;
    let mut executable = compile::as_written(every_node(graph), &session.states)?;
    let mut feeder = Feeder::new(&executable, dataset)?;
    feeder.set_augmenter(Augmenter::new(train, dataset));
    let draw = Draw { seed: train.settings.seed, step };
    let plan = feeder.run(&mut executable, session, dataset, rows, draw)?;
    let is_finite: Vec<bool> =
        (0..graph.nodes.len()).map(|i| executable.output(plan, i).iter().all(|x| x.is_finite())).collect();
    let finite = |id: &NodeId| is_finite.get(id.index()).copied().unwrap_or(true);
    for (index, node) in graph.nodes.iter().enumerate() {
        let id = NodeId(index as u32);
        if finite(&id) || !node.inputs.iter().all(finite) {
            continue;
        }
        match &node.op {
            // Masks are made of infinities on purpose.
            Op::Constant(_) | Op::Literal(_) => {}
            Op::State(state) => {
                let path = graph.states.get(state.0 as usize).map_or("a weight", |s| &*s.path);
                return Ok(Some((node.span, Some(format!("the update of `{path}`")))));
            }
            Op::Input(input) => {
                let name = graph.inputs.get(input.0 as usize).map_or("an input", |i| &*i.name);
                return Ok(Some((node.span, Some(format!("the data of `{name}`")))));
            }
            Op::Scan(scan) => {
                let feed = feeder.feed(dataset, rows, draw);
                let found = executable.find_inside(session, plan, &feed, id);
                let (span, operation) =
                    found.map_or((node.span, "scan".to_owned()), |f| (f.span, made_by(scan, &f.inside)));
                return Ok(Some((span, Some(format!("`{operation}`")))));
            }
            _ => {
                return Ok(Some((node.span, Some(format!("`{}`", operation_of(graph, id))))));
            }
        }
    }
    Ok(None)
}

/// The operation of a node as it is printed, without its operands.
fn operation_of(graph: &Graph, node: NodeId) -> String {
    let shown = show_node(graph, node);
    shown.split_once('(').map_or(shown.as_str(), |(name, _)| name).to_owned()
}

/// The operation at the end of a way through bodies.
fn made_by(scan: &Scan, way: &[NodeId]) -> String {
    match way {
        [] => "scan".to_owned(),
        [node] => operation_of(&scan.body, *node),
        [node, rest @ ..] => match scan.body.nodes.get(node.index()).map(|n| &n.op) {
            Some(Op::Scan(inner)) => made_by(inner, rest),
            _ => operation_of(&scan.body, *node),
        },
    }
}

/// The same graph with every node as an output, and nothing written.
fn every_node(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    graph.outputs.clear();
    graph.updates.clear();
    for index in 0..graph.nodes.len() {
        graph.add_output(index.to_string(), NodeId(index as u32));
    }
    graph
}
