//! The graph that looks at the gradients of a step and changes nothing.

use super::training::{Backward, Gradient, backward_with, recomputed};
use crate::build::Builder;
use crate::check::Train;
use crate::ir::graph::Graph;
use crate::ir::op::Unary;

/// Forward and backward pass of a training step. Its outputs are the sums of the squares of the gradients before
/// clipping, each with the path of its weight as its name; it updates no state, running statistics neither.
pub fn gradient_squares_graph(train: &Train, class_weights: Option<&[f64]>) -> Graph {
    let Backward { graph, gradients, .. } = recomputed(backward_with(train, class_weights), train);
    let mut builder = Builder::new(true, false);
    builder.graph = graph;
    builder.graph.outputs.clear();
    builder.graph.updates.clear();
    builder.span = train.span;
    for Gradient { path, gradient, .. } in gradients {
        let shape = builder.graph.shape(gradient).to_vec();
        let axes: Vec<usize> = (0..shape.len()).collect();
        let gradient = builder.tensor(gradient, shape, false);
        let square = builder.unary(Unary::Square, &gradient);
        let sum = builder.sum(&square, &axes, false);
        builder.graph.add_output(&*path, sum.node);
    }
    builder.graph
}
