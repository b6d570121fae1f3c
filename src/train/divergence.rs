//! Finds out where the first number arose that is not finite.
//!
//! Training is deterministic, so the steps of the epoch are done again from the states before it, up to the one that
//! went wrong; that one is then run with every node of its graph as an output. Where it began with weights that were
//! broken already, the step before is the one to look into: its backward pass made them. Normal steps pay nothing.

use super::augmenting::Augmenter;
use super::balance;
use super::cause::{Cause, Divergence, GroupRate, Made, Numbers, Trouble, Written, trouble, trouble_of};
use super::error::RunError;
use super::feeding::{Draw, Feeder};
use super::inside_scan::{self, Inside};
use super::stepping::{StepResult, Stepper};
use super::training_loop::batches;
use crate::check::Train;
use crate::compile;
use crate::data::Dataset;
use crate::ir::dim::{Var, batch};
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::{Op, Unary};
use crate::ir::print::show_node;
use crate::ir::scan::Scan;
use crate::runtime::{Executable, PlanId, Session};
use std::collections::HashMap;

/// What to do again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replay {
    pub(super) epoch: u64,
    /// Batches of the epoch that were done before.
    pub(super) skipped: u64,
    /// The step behind them, from 1.
    pub(super) first_step: u64,
}

/// How it went wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Went<'l> {
    /// In which step, from 1.
    pub(super) step: u64,
    /// The losses of the last steps before, oldest first.
    pub(super) losses: &'l [f64],
    /// What the step gave.
    pub(super) result: StepResult,
}

/// Where the loss of a step, or what it made of the weights, became something that is not finite. The session holds
/// the states from before the steps to do again and holds them again afterwards.
pub(super) fn find(
    train: &Train,
    dataset: &Dataset,
    stepper: &mut Stepper,
    session: &mut Session<f32>,
    replay: Replay,
    went: Went,
) -> Result<Divergence, RunError> {
    let before_epoch = session.states.clone();
    let mut batches = batches(train, dataset, replay.epoch);
    batches.skip_batches(replay.skipped as usize);
    let mut step = replay.first_step;
    let mut before = None;
    let (mut cause, mut caused_in) = (None, went.step);
    while let Some(rows) = dataset.read_batch(&mut batches) {
        if step == went.step {
            cause = look_at_batches(train, dataset, session, rows, step)?;
            if let (Some(Cause { made: Made::Weight(_), .. }), Some((rows, states))) = (&cause, before) {
                session.states = states;
                let rows: Vec<u32> = rows;
                if let Some(earlier) = look_at_batches(train, dataset, session, &rows, step - 1)? {
                    (cause, caused_in) = (Some(earlier), step - 1);
                }
            }
            break;
        }
        before = Some((rows.to_vec(), session.states.clone()));
        stepper.run(session, rows, step)?;
        step += 1;
    }
    session.states = before_epoch;
    Ok(Divergence {
        train: train.name.clone(),
        epoch: replay.epoch,
        step: caused_in,
        loss: went.result.loss,
        lr: went.result.lr,
        lr_span: train.settings.optimizer.args.span("lr"),
        group: GroupRate::of(&train.settings, went.result.lr),
        span: train.span,
        losses: went.losses.to_vec(),
        cause: cause.map(Box::new),
    })
}

/// A step that has been run with every node as an output.
struct Looked<'g> {
    graph: &'g Graph,
    /// The first node of the backward pass.
    first: NodeId,
    executable: Executable<f32>,
    plan: PlanId,
    is_finite: Vec<bool>,
}

impl Looked<'_> {
    fn values(&self, node: NodeId) -> &[f32] {
        self.executable.output(self.plan, node.index())
    }

    /// Whether all numbers of a node are finite, or are not on purpose: masks are made of infinities.
    fn is_sound(&self, node: NodeId) -> bool {
        let on_purpose = |node: &NodeId| matches!(self.graph.node(*node).op, Op::Constant(_) | Op::Literal(_));
        self.is_finite.get(node.index()).copied().unwrap_or(true) || on_purpose(&node)
    }

    /// What a node's numbers are, with the place of the expression that made them: a view of it shows the same.
    fn numbers(&self, node: NodeId) -> Numbers {
        let mut made = node;
        while let (
            Op::Reshape | Op::Broadcast | Op::Permute(_) | Op::Unary(Unary::StopGradient | Unary::Again),
            [inner],
        ) = (&self.graph.node(made).op, self.graph.node(made).inputs.as_slice())
        {
            made = *inner;
        }
        let is_number = self.graph.repeated_number(made).is_some();
        let is_probability = match &self.graph.node(made).op {
            Op::Softmax { .. } | Op::Unary(Unary::Sigmoid) => true,
            // One probability of many, that of the target say.
            Op::TakeAlong { .. } | Op::GatherRows | Op::Slice { .. } => {
                let inputs = &self.graph.node(made).inputs;
                inputs.first().is_some_and(|x| matches!(self.graph.node(*x).op, Op::Softmax { .. }))
            }
            _ => false,
        };
        Numbers { is_number, is_probability, ..Numbers::of(self.graph.node(made).span, self.values(node)) }
    }

    /// The nodes that something which is not finite was made of, through nodes that are not.
    fn suspects(&self, roots: &[NodeId]) -> Vec<bool> {
        let mut is_suspect = vec![false; self.graph.nodes.len()];
        let mut open = roots.to_vec();
        while let Some(node) = open.pop() {
            let is_wrong = !self.is_finite.get(node.index()).copied().unwrap_or(true);
            if is_wrong
                && let Some(known) = is_suspect.get_mut(node.index())
                && !std::mem::replace(known, true)
            {
                open.extend(&self.graph.node(node).inputs);
            }
        }
        is_suspect
    }
}

/// As [`look`], batch by batch where a step sees several.
fn look_at_batches(
    train: &Train,
    dataset: &Dataset,
    session: &mut Session<f32>,
    rows: &[u32],
    step: u64,
) -> Result<Option<Cause>, RunError> {
    for batch in rows.chunks(train.settings.batch.max(1)) {
        if let Some(cause) = look(train, dataset, session, batch, step)? {
            return Ok(Some(cause));
        }
    }
    Ok(None)
}

/// The first operation of a step on the way to its loss, or to the gradients, with a number that is not finite although
/// all its operands' are.
fn look(
    train: &Train,
    dataset: &Dataset,
    session: &mut Session<f32>,
    rows: &[u32],
    step: u64,
) -> Result<Option<Cause>, RunError> {
    let weights = balance::class_weights(train, dataset);
    let backward = compile::backward_with(train, weights.as_deref());
    let graph = &backward.graph;
    let mut executable = compile::as_written(every_node(graph), &session.states)?;
    let mut feeder = Feeder::new(&executable, dataset)?;
    feeder.set_augmenter(Augmenter::new(train, dataset));
    let draw = Draw { seed: train.settings.seed, step };
    let plan = feeder.run(&mut executable, session, dataset, rows, draw)?;
    let is_finite = (0..graph.nodes.len()).map(|i| executable.output(plan, i).iter().all(|x| x.is_finite())).collect();
    let mut looked = Looked { graph, first: backward.first, executable, plan, is_finite };

    let is_wrong = |node: &NodeId| !looked.is_finite.get(node.index()).copied().unwrap_or(true);
    let loss = [train.training.loss].into_iter().filter(is_wrong);
    let gradients = backward.gradients.iter().map(|g| g.gradient).filter(is_wrong);
    let mut roots: Vec<NodeId> = loss.collect();
    if roots.is_empty() {
        roots = gradients.collect();
    }
    let is_suspect = looked.suspects(&roots);
    let first = (0..graph.nodes.len()).map(|index| NodeId(index as u32)).find(|id| {
        is_suspect.get(id.index()).copied().unwrap_or(false)
            && !matches!(graph.node(*id).op, Op::Constant(_) | Op::Literal(_))
            && graph.node(*id).inputs.iter().all(|input| looked.is_sound(*input))
    });
    let Some(id) = first else { return Ok(None) };
    let node = graph.node(id);
    let mut span = node.span;
    let (mut trouble, blamed) = explain(&looked, id);
    let mut within: Option<Inside> = None;
    let made = match &node.op {
        Op::State(state) => Made::Weight(graph.states.get(state.0 as usize).map_or("".into(), |s| s.path.clone())),
        Op::Input(input) => Made::Data(graph.inputs.get(input.0 as usize).map_or("".into(), |i| i.name.clone())),
        Op::Scan(scan) if let Some(found) = inside(&looked, id, scan, rows.len()) => {
            trouble = found.trouble;
            span = scan.body.node(found.node).span;
            let made = Made::Operation(operation_of(&scan.body, found.node));
            within = Some(found);
            made
        }
        Op::Scan(scan) => {
            let feed = feeder.feed(dataset, rows, draw);
            let found = looked.executable.find_inside(session, plan, &feed, id);
            let operation = found.as_ref().map_or("scan".to_owned(), |f| made_by(scan, &f.inside));
            // What it was given is gone with its step; that it gave no number says enough.
            if let Some(op) = found.as_ref().and_then(|f| op_inside(scan, &f.inside)) {
                trouble = trouble_of(op);
            }
            span = found.map_or(span, |f| f.span);
            Made::Operation(operation)
        }
        _ => Made::Operation(operation_of(graph, id)),
    };
    if let Some(found) = within {
        let wrong = found.examples.iter().filter_map(|example| rows.get(*example));
        return Ok(Some(Cause {
            span,
            source: Written::default(),
            is_backward: id.index() >= looked.first.index(),
            made,
            trouble,
            operands: found.operands,
            result: found.result,
            ids: wrong.filter_map(|row| dataset.ids.get(*row as usize)).collect(),
            places: Vec::new(),
            batch: rows.len(),
        }));
    }
    let result = Numbers::of(span, looked.values(id));
    // What is shown of a gradient is what its operation was given on the way forward.
    let operands: Vec<Numbers> = match &node.op {
        Op::Scan(_) => Vec::new(),
        _ => blamed.iter().map(|operand| looked.numbers(*operand)).collect(),
    };
    let of_examples = blamed.iter().chain([&id]).rev().find(|node| graph.shape(**node).first() == Some(&batch()));
    let wrong: Vec<u32> = of_examples.map_or(Vec::new(), |node| {
        let is_wrong = |values: &&[f32]| values.iter().any(|x| !x.is_finite() || (*node != id && *x == 0.0));
        let values = looked.values(*node);
        let each = (values.len() / rows.len().max(1)).max(1);
        values.chunks(each).zip(rows).filter(|(values, _)| is_wrong(values)).map(|(_, row)| *row).collect()
    });
    let ids: Vec<u32> = wrong.iter().filter_map(|row| dataset.ids.get(*row as usize)).collect();
    Ok(Some(Cause {
        span,
        source: Written::default(),
        is_backward: id.index() >= looked.first.index(),
        made,
        trouble,
        operands,
        result,
        ids,
        places: Vec::new(),
        batch: rows.len(),
    }))
}

/// What happened inside of a scan.
fn inside(looked: &Looked, id: NodeId, scan: &Scan, examples: usize) -> Option<Inside> {
    // Names of sizes mean what they mean in the nodes that have run.
    let mut sizes: HashMap<Var, i64> = HashMap::new();
    for (index, node) in looked.graph.nodes.iter().enumerate() {
        for (dim, size) in node.shape.iter().zip(looked.executable.output_shape(looked.plan, index)) {
            if let Some(name) = dim.as_var() {
                sizes.insert(name.clone(), *size as i64);
            }
        }
    }
    let inputs = &looked.graph.node(id).inputs;
    let operands: Vec<&[f32]> = inputs.iter().map(|input| looked.values(*input)).collect();
    let is_backward = id.index() >= looked.first.index();
    inside_scan::look(scan, &operands, &|name| sizes.get(name).copied(), examples, is_backward)
}

/// What is wrong with an operation, and the operands to show.
fn explain(looked: &Looked, id: NodeId) -> (Trouble, Vec<NodeId>) {
    let graph = looked.graph;
    let node = graph.node(id);
    let ranges =
        |node: NodeId| -> Vec<Numbers> { graph.node(node).inputs.iter().map(|i| looked.numbers(*i)).collect() };
    if let Some(outside) = outside(looked, id) {
        return (outside, node.inputs.get(1).copied().into_iter().collect());
    }
    if id.index() < looked.first.index() {
        return (trouble(&node.op, &ranges(id), false), node.inputs.clone());
    }
    // A backward node has the span of its forward node; of those of this span, one has no derivative where it was.
    let forward =
        (0..looked.first.index()).map(|index| NodeId(index as u32)).filter(|f| graph.node(*f).span == node.span);
    for forward in forward {
        let trouble = trouble(&graph.node(forward).op, &ranges(forward), true);
        if trouble != Trouble::TooLarge {
            return (trouble, graph.node(forward).inputs.clone());
        }
    }
    (Trouble::TooLarge, node.inputs.clone())
}

/// The position that an operation looked for and its table does not have.
fn outside(looked: &Looked, id: NodeId) -> Option<Trouble> {
    let node = looked.graph.node(id);
    let [table, indices] = node.inputs.as_slice() else { return None };
    let axis = match &node.op {
        Op::GatherRows => 0,
        Op::TakeAlong { axis } => *axis,
        _ => return None,
    };
    let size = looked.graph.shape(*table).get(axis)?;
    let positions = usize::try_from(size.as_constant()?).ok()?;
    let is_there = |at: &&f32| **at >= 0.0 && **at < positions as f32;
    let first = looked.values(*indices).iter().find(|at| !is_there(at))?;
    Some(Trouble::Outside { position: *first as i64, positions })
}

/// The operation of a node as it is printed, without its operands.
fn operation_of(graph: &Graph, node: NodeId) -> String {
    let shown = show_node(graph, node);
    shown.split_once('(').map_or(shown.as_str(), |(name, _)| name).to_owned()
}

/// The operation at the end of a way through bodies.
fn op_inside<'s>(scan: &'s Scan, way: &[NodeId]) -> Option<&'s Op> {
    let (node, rest) = way.split_first()?;
    match &scan.body.nodes.get(node.index())?.op {
        Op::Scan(inner) if !rest.is_empty() => op_inside(inner, rest),
        op => Some(op),
    }
}

/// The operation at the end of a way through bodies, as it is printed.
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
