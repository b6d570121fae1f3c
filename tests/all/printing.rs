//! How graphs read.

use crate::graphs::shape;
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, InputKind, NodeId, State, StateRole, Update};
use nnrun::ir::init::Init;
use nnrun::ir::op::{Binary, Op, Reduction, StateId, Unary};
use nnrun::ir::print::{Layout, print};
use nnrun::optimize::optimize;
use nnrun::source::{SourceMap, Span};

const SOURCE: &str = "\
model Xor(x: [2]) -> y: [1] {
  x
  |> Dense(8)
  |> tanh
  |> Dense(1)
}
train Xor on xor { loss: mse(y, target) }
";

/// The two layers, the loss, their gradients and a step of gradient descent. Answers with the first backward node.
fn perceptron(sources: &mut SourceMap) -> (Graph, NodeId) {
    let file = sources.add("xor.nn", SOURCE);
    let at = |text: &str| {
        let start = SOURCE.find(text).unwrap();
        Span::new(file, start, start + text.len())
    };
    let mut graph = Graph::default();
    let rows = |n| vec![batch(), Dim::constant(n)];
    let (_, x) = graph.add_input("x", rows(2), InputKind::Field, at("x: [2]"));
    let (_, target) = graph.add_input("target", rows(1), InputKind::Field, at("target"));
    let (_, rate) = graph.add_input("lr", vec![], InputKind::Scalar, at("train"));
    let mut weights: Vec<(StateId, NodeId)> = Vec::new();
    let mut dense = |graph: &mut Graph, name: &str, x: NodeId, from: i64, to: i64, span: Span| {
        let mut weight = |graph: &mut Graph, part: &str, shape| {
            let path = format!("{name}.{part}").into();
            let state = State { path, shape, role: StateRole::Weight, init: Init::Full(0.0), span };
            let (id, node) = graph.add_state(state);
            weights.push((id, node));
            node
        };
        let w = weight(graph, "weight", shape(&[to, from]));
        let b = weight(graph, "bias", shape(&[to]));
        let transposed = graph.push(Op::Permute([1, 0].into()), vec![w], shape(&[from, to]), span);
        let product = graph.push(Op::MatMul, vec![x, transposed], rows(to), span);
        let row = graph.push(Op::Reshape, vec![b], shape(&[1, to]), span);
        let bias = graph.push(Op::Broadcast, vec![row], rows(to), span);
        graph.push(Op::Binary(Binary::Add), vec![product, bias], rows(to), span)
    };
    let h = dense(&mut graph, "dense1", x, 2, 8, at("Dense(8)"));
    let h = graph.push(Op::Unary(Unary::Tanh), vec![h], rows(8), at("tanh"));
    let y = dense(&mut graph, "dense2", h, 8, 1, at("Dense(1)"));
    let span = at("mse(y, target)");
    let error = graph.push(Op::Binary(Binary::Subtract), vec![y, target], rows(1), span);
    let square = graph.push(Op::Unary(Unary::Square), vec![error], rows(1), span);
    let op = Op::Reduce { reduction: Reduction::Sum, axes: [0, 1].into() };
    let sum = graph.push(op, vec![square], shape(&[1, 1]), span);
    let sum = graph.push(Op::Reshape, vec![sum], vec![], span);
    let count = graph.push(Op::Size(batch()), vec![], vec![], span);
    let loss = graph.push(Op::Binary(Binary::Divide), vec![sum, count], vec![], span);
    graph.add_output("y", y);
    graph.add_output("loss", loss);

    let backward = NodeId(graph.nodes.len() as u32);
    let wrt: Vec<NodeId> = weights.iter().map(|(_, node)| *node).collect();
    let gradients = differentiate(&mut graph, loss, &wrt);
    for ((state, node), gradient) in weights.into_iter().zip(gradients) {
        let (gradient, of) = (gradient.unwrap(), graph.shape(node).to_vec());
        let ones = vec![Dim::constant(1); of.len()];
        let span = at("train");
        let rate = graph.push(Op::Reshape, vec![rate], ones, span);
        let rate = graph.push(Op::Broadcast, vec![rate], of.clone(), span);
        let step = graph.push(Op::Binary(Binary::Multiply), vec![rate, gradient], of.clone(), span);
        let value = graph.push(Op::Binary(Binary::Subtract), vec![node, step], of, span);
        graph.updates.push(Update { state, value });
    }
    (graph, backward)
}

#[test]
fn a_perceptron_forward_and_backward() {
    let mut sources = SourceMap::new();
    let (graph, backward) = perceptron(&mut sources);
    let layout = Layout { sources: Some(&sources), backward_from: Some(backward) };
    insta::assert_snapshot!("perceptron", print(&graph, &layout));
}

#[test]
fn a_perceptron_optimized() {
    let mut sources = SourceMap::new();
    let (graph, _) = perceptron(&mut sources);
    let layout = Layout { sources: Some(&sources), backward_from: None };
    insta::assert_snapshot!("perceptron_optimized", print(&optimize(graph), &layout));
}
