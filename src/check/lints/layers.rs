//! Layers that do nothing where they stand, or less than they seem to.

use super::Subject;
use super::network::Network;
use crate::check::program::LayerRow;
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::graph::NodeId;
use crate::ir::op::Op;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

pub(super) fn layers(subject: &Subject<'_>, network: &Network<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for (i, row) in network.rows.iter().enumerate() {
        match &*row.kind {
            "BatchNorm" => bias_before_norm(subject, network, i, row, tell),
            "Dense" => dense_after_dense(network, i, row, tell),
            _ => {}
        }
    }
    dropout_at_the_end(subject, network, tell);
    softmax_of_one(network, tell);
}

fn is_dropout(row: &LayerRow) -> bool {
    matches!(&*row.kind, "Dropout" | "dropout" | "SpatialDropout")
}

/// The mean that a batch norm subtracts holds the bias before it, too.
fn bias_before_norm(
    subject: &Subject<'_>,
    network: &Network<'_>,
    norm: usize,
    row: &LayerRow,
    tell: &mut dyn FnMut(Diagnostic),
) {
    let inputs = network.inputs_of_row(norm);
    let [input] = inputs.as_slice() else { return };
    let Some(source) = network.only_source(*input, |_| false) else { return };
    let is_dense = &*source.kind == "Dense";
    // The bias of a Dense belongs to the last axis; an image is normed along its first.
    let axes = network.node(*input).map_or(0, |n| n.shape.len().saturating_sub(1));
    let has_bias = network.weight_shape(source, "bias").is_some() && network.weight_shape(source, "weight").is_some();
    if !has_bias || !(source.kind.starts_with("Conv") || is_dense && axes <= 2) {
        return;
    }
    let count = network.weight_shape(source, "bias").and_then(|shape| shape.first().copied()).unwrap_or(0);
    let message = format!("the bias of this `{}` has no effect: `BatchNorm` subtracts it again", source.kind);
    let diagnostic = Diagnostic::new(Code::L0110, message, source.span, format!("adds {}", numbers(count)))
        .label(row.span, "subtracts the mean of each channel, and the bias with it; it has a bias of its own");
    let title = format!("leave the bias out: `bias: false` saves {}", numbers(count));
    tell(match network.call_of(subject, source).and_then(without_bias) {
        Some((span, text)) => diagnostic.fix(title, span, text),
        None => diagnostic.help(title),
    });
}

fn numbers(count: i64) -> String {
    format!("{count} trained number{}", if count == 1 { "" } else { "s" })
}

/// Where `bias: false` goes in a call.
fn without_bias(call: &Expr) -> Option<(Span, String)> {
    let ExprKind::Call { args, args_span, .. } = &call.kind else { return None };
    let given = args.iter().find(|arg| arg.name.as_ref().is_some_and(|n| &*n.name == "bias"));
    match (given, args.last()) {
        (Some(arg), _) => Some((arg.value.span, "false".to_owned())),
        (None, Some(last)) => Some((last.span().end_point(), ", bias: false".to_owned())),
        (None, None) => Some((
            Span { start: args_span.start + 1, end: args_span.start + 1, ..*args_span },
            "bias: false".to_owned(),
        )),
    }
}

/// An affine map of an affine map is one, unless the first is a bottleneck, which is often meant.
fn dense_after_dense(network: &Network<'_>, second: usize, row: &LayerRow, tell: &mut dyn FnMut(Diagnostic)) {
    let inputs = network.inputs_of_row(second);
    let [input] = inputs.as_slice() else { return };
    let Some(first) = network.only_source(*input, is_dropout) else { return };
    if &*first.kind != "Dense" || first.path == row.path {
        return;
    }
    let sizes = |row: &LayerRow| match network.weight_shape(row, "weight").as_deref() {
        Some([out, width]) => Some((*width, *out)),
        _ => None,
    };
    let (Some((width, middle)), Some((middle_again, units))) = (sizes(first), sizes(row)) else { return };
    if middle != middle_again || middle < width.min(units) {
        return;
    }
    let message = "two `Dense` layers without an activation between them are no more than one";
    tell(
        Diagnostic::new(Code::L0112, message, row.span, format!("this one could read the {width} numbers itself"))
            .label(first.span, format!("{width} numbers become {middle}, each a weighted sum"))
            .note(format!("a weighted sum of weighted sums is a weighted sum: {width} → {middle} → {units} can do what `Dense({units})` can"))
            .fix("put an activation between them: `|> relu`", first.span.end_point(), " |> relu"),
    );
}

/// What is dropped at the very end is dropped from the predictions.
fn dropout_at_the_end(subject: &Subject<'_>, network: &Network<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for output in network.outputs.iter().filter(|o| network.predictions.contains(&o.name)) {
        let mut at = output.node;
        let row = loop {
            match (network.row(at), network.node(at).map(|n| &n.op), network.data_inputs(at).as_slice()) {
                (Some((_, row)), ..) => break Some(row),
                (None, Some(Op::Reshape | Op::Broadcast), [only]) => at = *only,
                _ => break None,
            }
        };
        let Some(row) = row.filter(|row| is_dropout(row)) else { continue };
        let message = format!("this dropout is the last stage, so it drops numbers of `{}` itself", output.name);
        let diagnostic = Diagnostic::new(
            Code::L0113,
            message,
            row.span,
            "in training, a share of the predictions is 0 whatever the network says",
        );
        tell(match stage_with_pipe(subject, row.span) {
            Some(span) => diagnostic.fix("remove it; dropout belongs between layers", span, ""),
            None => diagnostic.help("remove it; dropout belongs between layers"),
        });
    }
}

/// A stage with the `|>` in front of it and the space between.
fn stage_with_pipe(subject: &Subject<'_>, stage: Span) -> Option<Span> {
    let text: &str = &subject.sources.file(stage.file).text;
    let before = text.get(..stage.start as usize)?;
    let piped = before.trim_end().strip_suffix("|>")?;
    Some(Span::new(stage.file, piped.trim_end().len(), stage.end as usize))
}

/// A softmax over one number is 1.
fn softmax_of_one(network: &Network<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for (i, node) in network.graph.nodes.iter().enumerate() {
        let (axis, result) = match &node.op {
            Op::Softmax { axis } => (*axis, "1"),
            Op::LogSoftmax { axis } => (*axis, "0"),
            _ => continue,
        };
        let id = NodeId(i as u32);
        let size = node.shape.get(axis).and_then(|d| d.as_constant());
        let inputs = network.data_inputs(id);
        let (Some(1), [input]) = (size, inputs.as_slice()) else { continue };
        let Some(source) = dense_before(network, *input) else { continue };
        let message = format!("this is always {result}: a softmax over one number leaves nothing to choose");
        tell(
            Diagnostic::new(Code::L0114, message, node.span, format!("always {result}, whatever the weights are"))
                .label(source.span, "gives one number")
                .help("for two classes, one number wants `sigmoid`, and `bce_with_logits` as its loss")
                .help("for more, give the layer before it a unit for each class"),
        );
    }
}

/// The Dense that made a node, reshapes in between left out.
fn dense_before<'a>(network: &Network<'a>, node: NodeId) -> Option<&'a LayerRow> {
    let mut at = node;
    loop {
        match (network.row(at), network.node(at).map(|n| &n.op), network.data_inputs(at).as_slice()) {
            (Some((_, row)), ..) if &*row.kind == "Dense" => return Some(row),
            (_, Some(Op::Reshape | Op::Broadcast), [only]) => at = *only,
            _ => return None,
        }
    }
}
