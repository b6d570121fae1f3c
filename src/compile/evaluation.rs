//! The graphs that measure and predict: the forward pass with what is read from it as outputs, and nothing else.

use super::training::{LOSS, fill, term_output};
use crate::check::{Forward, Train};
use crate::ir::graph::{Graph, NodeId, StateRole};
use crate::ir::op::{InputId, Op, StateId};
use std::borrow::Cow;

/// The name of the output with an operand of a metric.
pub fn metric_output(metric: usize, operand: usize) -> String {
    format!("metric.{metric}.{operand}")
}

/// What measures a split: the loss of each example, its terms, the operands of the metrics.
pub fn evaluation_graph(train: &Train, class_weights: Option<&[f64]>) -> Graph {
    let forward = &train.evaluation;
    let mut outputs = vec![(LOSS.to_owned(), forward.loss)];
    outputs.extend(forward.terms.iter().map(|(name, node)| (term_output(name), *node)));
    for (i, metric) in forward.metrics.iter().enumerate() {
        // Behind the operands, how many positions of them count.
        let lengths = metric.positions.as_ref().map(|p| p.lengths);
        let operands = metric.operands.iter().copied().chain(lengths);
        outputs.extend(operands.enumerate().map(|(j, node)| (metric_output(i, j), node)));
    }
    restricted(&filled(forward, class_weights), outputs)
}

fn filled<'a>(forward: &'a Forward, class_weights: Option<&[f64]>) -> Cow<'a, Graph> {
    let mut graph = Cow::Borrowed(&*forward.graph);
    if class_weights.is_some() {
        fill(graph.to_mut(), forward, class_weights);
    }
    graph
}

/// What is averaged over a split before it is measured, or over the examples of a step before its first batch: one output
/// for each normalizer, in order. None where there are none.
pub fn normalizer_graph(forward: &Forward, class_weights: Option<&[f64]>) -> Option<Graph> {
    let normalizers = &forward.normalizers;
    let outputs = normalizers.iter().map(|n| (n.input.to_string(), n.value)).collect();
    (!normalizers.is_empty()).then(|| restricted(&filled(forward, class_weights), outputs))
}

/// What predicts: the outputs of the model by name. Its inputs are the fields that they need.
pub fn prediction_graph(train: &Train) -> Graph {
    let outputs = train.evaluation.outputs.iter().map(|port| (port.name.to_string(), port.node)).collect();
    restricted(&train.evaluation.graph, outputs)
}

/// The part of a graph that the outputs depend on: other nodes, inputs and states go, and so do all updates.
fn restricted(graph: &Graph, outputs: Vec<(String, NodeId)>) -> Graph {
    let mut needed = vec![false; graph.nodes.len()];
    for (_, node) in &outputs {
        needed[node.index()] = true;
    }
    for index in (0..graph.nodes.len()).rev() {
        if needed[index] {
            for input in &graph.nodes[index].inputs {
                needed[input.index()] = true;
            }
        }
    }
    let mut result = Graph::default();
    let mut moved: Vec<NodeId> = vec![NodeId(0); graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| needed[*index]) {
        let op = match &node.op {
            Op::Input(id) => {
                result.inputs.push(graph.inputs[id.0 as usize].clone());
                Op::Input(InputId(result.inputs.len() as u32 - 1))
            }
            Op::State(id) => {
                result.states.push(graph.states[id.0 as usize].clone());
                Op::State(StateId(result.states.len() as u32 - 1))
            }
            other => other.clone(),
        };
        let inputs = node.inputs.iter().map(|input| moved[input.index()]).collect();
        moved[index] = result.push(op, inputs, node.shape.clone(), node.span);
    }
    for (name, node) in outputs {
        result.add_output(name, moved[node.index()]);
    }
    debug_assert!(result.states.iter().all(|s| s.role != StateRole::Optimizer));
    result
}
