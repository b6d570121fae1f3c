//! The body of a scan as text: indented lines behind that of the scan.

use super::dim::show_shape;
use super::graph::{Node, NodeId};
use super::op::Op;
use super::print::{Layout, Line, describe, location, show_number};
use super::scan::{Operand, Scan};

/// `scan(T steps, h: %3, xt: each of %10, w: %1)`
pub(super) fn call(scan: &Scan, operands: &[String]) -> String {
    let order = if scan.reverse { " in reverse" } else { "" };
    let mut parts = vec![format!("{} steps{order}", scan.steps)];
    for (i, operand) in operands.iter().enumerate() {
        let name = scan.body.inputs.get(i).map_or("?", |input| &*input.name);
        parts.push(match scan.operand(i) {
            Operand::Carry => format!("{name} from {operand}"),
            Operand::Scanned => format!("{name} in {operand}"),
            Operand::Captured => format!("{name}: {operand}"),
        });
    }
    format!("scan({})", parts.join(", "))
}

/// The lines of the body of a scan, whose nodes are numbered behind `prefix`: `%12.3`.
pub(super) fn body(scan: &Scan, prefix: &str, layout: &Layout) -> Vec<Line> {
    let graph = &scan.body;
    let used = |id: NodeId| match graph.repeated_number(id) {
        Some(number) => show_number(number),
        None => match &graph.node(id).op {
            Op::Input(input) => graph.inputs.get(input.0 as usize).map_or("?".to_owned(), |i| i.name.to_string()),
            _ => format!("{prefix}.{}", id.0),
        },
    };
    let mut lines = Vec::new();
    let is_shown = |(index, node): &(usize, &Node)| {
        let is_root = graph.outputs.iter().any(|o| o.node.index() == *index);
        !matches!(node.op, Op::Input(_)) && (is_root || graph.repeated_number(NodeId(*index as u32)).is_none())
    };
    for (index, node) in graph.nodes.iter().enumerate().filter(is_shown) {
        lines.push(Line {
            what: format!("  {prefix}.{index} = {}", describe(graph, node, &used)),
            shape: show_shape(&node.shape),
            location: location(layout.sources, node.span),
        });
        if let Op::Scan(inner) = &node.op {
            let inner = body(inner, &format!("{prefix}.{index}"), layout);
            lines.extend(inner.into_iter().map(|line| Line { what: format!("  {}", line.what), ..line }));
        }
    }
    for (i, output) in graph.outputs.iter().enumerate() {
        let kept = if scan.traced.get(i) == Some(&false) { ", the last alone" } else { "" };
        let arrow = if i < scan.carries() { "<-" } else { "=" };
        lines.push(Line {
            what: format!("  {} {arrow} {}{kept}", output.name, used(output.node)),
            shape: show_shape(scan.output_shape(i)),
            location: String::new(),
        });
    }
    lines
}
