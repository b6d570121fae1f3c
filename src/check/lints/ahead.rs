//! Layers that look ahead, at what is to be predicted: the windows of a target are those of an input a few rows later,
//! and a layer between them reads the whole input at every position.

use super::Subject;
use super::network::Network;
use crate::catalog::is_recurrent;
use crate::data::{FieldExpr, FieldNode, FieldPlan};
use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::ir::graph::NodeId;
use crate::ir::op::Op;
use crate::source::Span;
use crate::syntax::ast::ExprKind;

pub(super) fn ahead(subject: &Subject<'_>, network: &Network<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    let Some(train) = network.train else { return };
    let Some(block) = subject.data_of(train) else { return };
    for fit in &train.fits {
        let target = fit.target_field.as_ref().and_then(|name| block.plan.field(name));
        let output = network.outputs.iter().find(|port| port.name == fit.output);
        let (Some(target), Some(output)) = (target, output) else { continue };
        for (at, node) in network.graph.nodes.iter().enumerate() {
            let Op::Input(input) = node.op else { continue };
            let name = network.graph.inputs.get(input.0 as usize).map(|input| input.name.clone());
            let Some(field) = name.and_then(|name| block.plan.field(&name)) else { continue };
            // What is predicted is there at every position of the input.
            if !overlaps(field, target) || output.shape.first() != node.shape.get(1) {
                continue;
            }
            if let Some(span) = looks_ahead(network, NodeId(at as u32), output.node) {
                tell(told(subject, network, span, field, target));
            }
        }
    }
}

/// Whether the windows of the target hold what stands further on in those of the input.
fn overlaps(field: &FieldPlan, target: &FieldPlan) -> bool {
    let windows = |expr: &FieldExpr| match &*expr.node {
        FieldNode::Windows { field, length, offset, .. } => Some((field.clone(), *length, *offset)),
        _ => None,
    };
    let (Some((read, length, from)), Some((wanted, _, to))) = (windows(&field.expr), windows(&target.expr)) else {
        return false;
    };
    from < to && to < from + length && origins(&read) == origins(&wanted)
}

/// What tells the rows of one field from those of another.
fn origins(expr: &FieldExpr) -> Vec<String> {
    let mut parts = Vec::new();
    expr.walk(&mut |node| match &*node.node {
        FieldNode::Columns { table, names, .. } => parts.push(format!("{:?} {names:?}", table.origin())),
        FieldNode::Array(source) | FieldNode::Stream { source, .. } => parts.push(format!("{source:?}")),
        _ => {}
    });
    parts
}

/// The place of a layer between two nodes that gives every position what stands behind it.
fn looks_ahead(network: &Network<'_>, from: NodeId, to: NodeId) -> Option<Span> {
    let graph = network.graph;
    let reads_all = |op: &Op| match op {
        Op::Attention(attention) => !attention.causal,
        Op::Recurrent { recurrence, .. } => recurrence.reverse,
        _ => false,
    };
    // What depends on the input; operands come before what is made of them.
    let mut depends = vec![false; graph.nodes.len()];
    for (at, node) in graph.nodes.iter().enumerate() {
        let is_made_of_it = node.inputs.iter().any(|id| depends.get(id.index()).copied().unwrap_or(false));
        if let Some(slot) = depends.get_mut(at) {
            *slot = at == from.index() || is_made_of_it;
        }
    }
    // What the output is made of.
    let mut is_needed = vec![false; graph.nodes.len()];
    let mut open = vec![to];
    while let Some(id) = open.pop() {
        if is_needed.get_mut(id.index()).is_some_and(|needed| !std::mem::replace(needed, true)) {
            open.extend(network.node(id).map(|node| node.inputs.as_slice()).unwrap_or_default());
        }
    }
    let is_between = |at: usize| [&depends, &is_needed].iter().all(|of| of.get(at).copied().unwrap_or(false));
    let mut found = graph.nodes.iter().enumerate().filter(|(at, node)| is_between(*at) && reads_all(&node.op));
    let (at, node) = found.next()?;
    Some(network.row(NodeId(at as u32)).map_or(node.span, |(_, row)| row.span))
}

fn told(subject: &Subject<'_>, network: &Network<'_>, span: Span, field: &FieldPlan, target: &FieldPlan) -> Diagnostic {
    let row = network.rows.iter().find(|row| row.span == span);
    let kind = row.map_or("layer", |row| &*row.kind);
    let message =
        format!("the model is given the answer: this `{kind}` reads all of `{}` at every position", field.name);
    let diagnostic = Diagnostic::new(Code::L0119, message, span, "also what stands further on")
        .label(target.expr.span, format!("what is to be predicted is `{}`, further on", field.name))
        .note("what is measured looks far better than it will be where the answer is not known");
    let call = row.and_then(|row| network.call_of(subject, row)).map(|call| &call.kind);
    match (kind, call) {
        ("SelfAttention", Some(ExprKind::Call { args, args_span, .. })) => {
            let inside =
                Span { start: args_span.end.saturating_sub(1), end: args_span.end.saturating_sub(1), ..*args_span };
            let written = args.iter().find(|arg| arg.name.as_ref().is_some_and(|name| &*name.name == "causal"));
            let edit = match written {
                Some(arg) => Edit { span: arg.value.span, text: "true".into() },
                None => Edit { span: inside, text: ", causal: true".into() },
            };
            diagnostic.fix_all("let it see only what came before: `causal: true`", vec![edit])
        }
        (layer, _) if is_recurrent(layer) => {
            diagnostic.help("read it from the front alone: without `bidirectional: true`")
        }
        _ => diagnostic.help("let it see only what came before: `SelfAttention(…, causal: true)`"),
    }
}
