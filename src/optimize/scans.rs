//! Optimizes the bodies of scans: with the same passes, and what a body reads.

use super::Passed;
use super::rewrite::{full, rewrite};
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::Op;
use crate::ir::scan::{Operand, Scan};
use crate::ir::scan_draft::Draft;
use std::sync::Arc;

/// Optimizes the body of every scan. An operand that is one number everywhere becomes that number in the body, and
/// operands that the body does not read any more go.
pub fn scans(graph: Graph) -> Passed {
    if !graph.nodes.iter().any(|node| matches!(node.op, Op::Scan(_))) {
        return Passed { graph, changed: false };
    }
    rewrite(graph, |new, node, _| {
        let Op::Scan(scan) = &node.op else { return None };
        let (optimized, inputs) = optimized(new, scan, &node.inputs);
        if optimized == **scan && inputs == node.inputs {
            return None;
        }
        Some(new.push(Op::Scan(Arc::new(optimized)), inputs, node.shape.clone(), node.span))
    })
}

fn optimized(graph: &Graph, scan: &Scan, operands: &[NodeId]) -> (Scan, Vec<NodeId>) {
    let mut body = scan.body.clone();
    // Numbers first, so that the passes find them. Ids do not change: the input's node becomes the broadcast.
    let numbers: Vec<Option<f64>> = operands
        .iter()
        .enumerate()
        .map(|(i, x)| if scan.operand(i) == Operand::Carry { None } else { graph.repeated_number(*x) })
        .collect();
    if numbers.iter().any(Option::is_some) {
        body = rewrite(body, |new, node, _| match &node.op {
            Op::Input(id) => {
                numbers.get(id.0 as usize).copied().flatten().map(|x| full(new, x, &node.shape, node.span))
            }
            _ => None,
        })
        .graph;
    }
    let body = super::optimize(body);
    Draft::of(Scan { body, ..scan.clone() }, operands).finish(scan.steps.clone(), scan.reverse)
}
