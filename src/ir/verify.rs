//! What must hold of every graph, checked after every pass in debug builds and in tests.
//!
//! 1. The inputs of a node stand before it.
//! 2. Each operation has its number of operands, and the shape that the [shape rule](super::shape_rule) gives.
//! 3. Outputs and updates name nodes of the graph; an updated state has the shape of its value and is updated once.
//! 4. Two sizes that must agree may be undecided only where a free size takes part.

use super::dim::Dim;
use super::graph::{Graph, NodeId, Shape};
use super::op::Op;
use super::shape_rule::{Mismatch, result_shape, shapes_agree};
use std::fmt;

/// A broken rule: a mistake of this compiler, never of its user.
#[derive(Debug, Clone, PartialEq)]
pub enum Violation {
    /// A node reads one that stands behind it or does not exist.
    Order {
        /// The reader.
        node: NodeId,
        /// What it reads.
        operand: NodeId,
    },
    /// A node does not fit its operands.
    Node {
        /// The node.
        node: NodeId,
        /// Its operation, as printed.
        op: String,
        /// Why.
        mismatch: Mismatch,
    },
    /// An output or update names a node that does not exist.
    Missing {
        /// Name of the output, or path of the state.
        name: String,
        /// The node.
        node: NodeId,
    },
    /// An update of a state that does not exist.
    NoSuchState(u32),
    /// The body of a scan breaks a rule.
    Body {
        /// The scan.
        node: NodeId,
        /// The rule.
        violation: Box<Violation>,
    },
    /// Two outputs of one name, or two updates of one state.
    Twice(String),
    /// The value of an update has another shape than its state.
    Update {
        /// The state.
        path: String,
        /// Its shape.
        state: Shape,
        /// The value's.
        value: Shape,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Order { node, operand } => {
                write!(f, "%{} reads %{}, which does not stand before it", node.0, operand.0)
            }
            Violation::Node { node, op, mismatch } => write!(f, "%{} = {op}: {mismatch}", node.0),
            Violation::Body { node, violation } => write!(f, "in the body of %{}: {violation}", node.0),
            Violation::Missing { name, node } => write!(f, "`{name}` names %{}, which does not exist", node.0),
            Violation::NoSuchState(id) => write!(f, "an update of state {id}, which does not exist"),
            Violation::Twice(name) => write!(f, "`{name}` is given twice"),
            Violation::Update { path, state, value } => write!(
                f,
                "`{path}` is {}, its next value {}",
                super::dim::show_shape(state),
                super::dim::show_shape(value)
            ),
        }
    }
}

impl std::error::Error for Violation {}

/// Checks a graph; the first violation in order of nodes is returned.
pub fn verify(graph: &Graph) -> Result<(), Violation> {
    for (index, node) in graph.nodes.iter().enumerate() {
        let id = NodeId(index as u32);
        if let Some(&operand) = node.inputs.iter().find(|input| input.index() >= index) {
            return Err(Violation::Order { node: id, operand });
        }
        if let Op::Scan(scan) = &node.op {
            verify(&scan.body).map_err(|violation| Violation::Body { node: id, violation: Box::new(violation) })?;
        }
        let operands: Vec<&[Dim]> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
        let failed = |mismatch| Violation::Node { node: id, op: super::print::show_node(graph, id), mismatch };
        let shape = result_shape(graph, &node.op, &operands, &node.shape).map_err(failed)?;
        if !shapes_agree(&shape, &node.shape) {
            let found = node.shape.clone();
            return Err(failed(Mismatch::Shape { of: "the result", expected: shape, found }));
        }
    }
    verify_results(graph)
}

fn verify_results(graph: &Graph) -> Result<(), Violation> {
    let mut names: Vec<&str> = graph.outputs.iter().map(|o| &*o.name).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Violation::Twice(pair[0].to_owned()));
    }
    for output in &graph.outputs {
        if output.node.index() >= graph.nodes.len() {
            return Err(Violation::Missing { name: output.name.to_string(), node: output.node });
        }
    }
    let mut updated = vec![false; graph.states.len()];
    for update in &graph.updates {
        let Some(state) = graph.states.get(update.state.0 as usize) else {
            return Err(Violation::NoSuchState(update.state.0));
        };
        let path = state.path.to_string();
        let Some(value) = graph.nodes.get(update.value.index()) else {
            return Err(Violation::Missing { name: path, node: update.value });
        };
        if std::mem::replace(&mut updated[update.state.0 as usize], true) {
            return Err(Violation::Twice(path));
        }
        if !shapes_agree(&state.shape, &value.shape) {
            return Err(Violation::Update { path, state: state.shape.clone(), value: value.shape.clone() });
        }
    }
    Ok(())
}

/// In debug builds and tests, stops with the violation and the graph's text; otherwise does nothing. Passes call it
/// on what they return.
pub fn assert_verified(graph: &Graph, after: &str) {
    if cfg!(debug_assertions)
        && let Err(violation) = verify(graph)
    {
        panic!("after {after}: {violation}\n{}", super::print::print(graph, &super::print::Layout::default()));
    }
}
