//! Numbers of a layer that stand in PyTorch's order.

use super::Subject;
use super::network::Network;
use crate::catalog::is_recurrent;
use crate::check::apply::channels_of;
use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::ir::dim::Dim;
use crate::source::Span;
use crate::syntax::ast::{Arg, ExprKind};

/// Kernels that are at least so long are rare, and so are numbers of channels that are smaller.
const LONG_KERNEL: f64 = 8.0;

/// Layers of a recurrent network that nobody stacks so high.
const MANY_LAYERS: f64 = 8.0;

pub(super) fn order(subject: &Subject<'_>, network: &Network<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for (index, row) in network.rows.iter().enumerate() {
        let judge: fn(&Written<'_>) -> Option<Diagnostic> = match &*row.kind {
            kind if is_recurrent(kind) => layers_like_a_size,
            kind if kind.starts_with("Conv") => channels_of_input_first,
            _ => continue,
        };
        let Some(ExprKind::Call { args, args_span, .. }) = network.call_of(subject, row).map(|call| &call.kind) else {
            continue;
        };
        let input = network.inputs_of_row(index).first().and_then(|input| network.node(*input));
        let input = input.map_or(&[] as &[Dim], |node| node.shape.as_slice());
        judge(&Written { kind: &row.kind, args, args_span: *args_span, input }).into_iter().for_each(&mut *tell);
    }
}

/// A layer as its call stands in the file.
struct Written<'a> {
    kind: &'a str,
    args: &'a [Arg],
    args_span: Span,
    /// The shape of its input, with the batch.
    input: &'a [Dim],
}

/// `Conv2d(3, 16, 3)` on 3 channels: here 3 channels, a kernel of 16, a stride of 3; in PyTorch the channels of the
/// input, those of the result, and the kernel.
fn channels_of_input_first(layer: &Written<'_>) -> Option<Diagnostic> {
    let kind = layer.kind;
    let [first, second, third, ..] = layer.args else { return None };
    let (channels, kernel, stride) = (number(first)?, number(second)?, number(third)?);
    let of_input = channels_of(kind, layer.input.get(1..)?).and_then(Dim::as_constant)?;
    // `Conv2d(64, 3, 2)` on 64 channels halves an image, and is meant.
    if of_input as f64 != channels || stride <= 2.0 && kernel < LONG_KERNEL {
        return None;
    }
    let gives = if channels == 1.0 { "1 channel".to_owned() } else { format!("{channels} channels") };
    let message = format!("this `{kind}` gives {gives}, with a kernel of {kernel} and a stride of {stride}");
    let named = |arg: &Arg, name: &str| Edit { span: arg.value.span.start_point(), text: format!("{name}: ") };
    let without_first = Edit { span: Span { end: second.span().start, ..first.span() }, text: String::new() };
    Some(
        Diagnostic::new(Code::L0124, message, first.span(), "the number of channels of its input, too")
            .label(second.span(), "the kernel")
            .note(format!("`nn.{kind}` of PyTorch takes the channels of its input first; here they are inferred"))
            .fix_all(
                format!("for {kernel} channels and a kernel of {stride}, write `{kind}({kernel}, kernel: {stride})`"),
                vec![without_first, named(third, "kernel")],
            )
            .fix_all(
                format!(
                    "for a kernel of {kernel} and a stride of {stride}, say so: `kernel: {kernel}, stride: {stride}`"
                ),
                vec![named(second, "kernel"), named(third, "stride")],
            ),
    )
}

/// PyTorch takes the size of the input first, so that what is the number of layers here is the number of units there.
fn layers_like_a_size(layer: &Written<'_>) -> Option<Diagnostic> {
    let kind = layer.kind;
    let [first, second] = layer.args else { return None };
    let (hidden, layers) = (number(first)?, number(second)?);
    let width = layer.input.last().and_then(Dim::as_constant);
    let is_width = width.is_some_and(|width| width as f64 == hidden);
    if layers < MANY_LAYERS && !(is_width && layers > 2.0) {
        return None;
    }
    let message = format!("this `{kind}` has {layers} layers of {hidden} units");
    let diagnostic = Diagnostic::new(Code::L0123, message, second.span(), "the number of layers, which comes second");
    Some(
        diagnostic
            .note(format!("`nn.{kind}` of PyTorch takes the size of its input first; here that is inferred"))
            .fix(format!("for {layers} units, write `{kind}({layers})`"), layer.args_span, format!("({layers})"))
            .fix(
                format!("for {layers} layers, say so: `layers: {layers}`"),
                second.span(),
                format!("layers: {layers}"),
            ),
    )
}

/// A number without a name.
fn number(arg: &Arg) -> Option<f64> {
    match (&arg.name, &arg.value.kind) {
        (None, ExprKind::Number(n)) => Some(n.value),
        _ => None,
    }
}
