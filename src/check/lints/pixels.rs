//! Pools and strides whose windows do not come to the end of an image.

use super::Subject;
use super::network::Network;
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::op::Op;
use crate::ir::window::WindowAxis;
use crate::syntax::ast::ExprKind;

/// How windows leave the end of an axis out.
struct Dropped {
    size: i64,
    windows: i64,
    reach: i64,
    stride: i64,
    before: i64,
    left: i64,
}

pub(super) fn pixels(subject: &Subject<'_>, network: &Network<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for row in network.rows.iter().filter(|row| row.is_layer) {
        let is_transposed = row.kind.contains("Transpose");
        let is_pool = row.kind.contains("Pool");
        if is_transposed || row.kind.starts_with("Adaptive") {
            continue;
        }
        for node in network.graph.nodes.get(row.nodes.clone()).unwrap_or_default() {
            let windows = match &node.op {
                Op::Convolve { windows, .. } => windows,
                // Of a pool, the first operation is the one over the image.
                Op::WindowArgMax(windows) | Op::WindowSum(windows) => windows,
                _ => continue,
            };
            let Some(image) = node.inputs.first().and_then(|id| network.node(*id)) else { continue };
            let lead = image.shape.len().saturating_sub(windows.len());
            let places = node.shape.get(node.shape.len().saturating_sub(windows.len())..).unwrap_or_default();
            let axes = windows.iter().zip(image.shape.iter().skip(lead)).zip(places);
            let dropped: Vec<Option<Dropped>> = axes
                .map(|((window, size), count)| dropped(window, size.as_constant()?, count.as_constant()?))
                .collect();
            let names: &[&str] = match windows.len() {
                1 => &["position"],
                2 => &["row", "column"],
                _ => &["plane", "row", "column"],
            };
            let parts: Vec<(&str, &Dropped)> =
                names.iter().zip(&dropped).filter_map(|(name, dropped)| dropped.as_ref().map(|d| (*name, d))).collect();
            let Some((_, first)) = parts.first() else { break };
            let listed: Vec<String> = parts.iter().map(|(name, d)| last(d.left, name)).collect();
            let listed = listed.join(" and ");
            let verb = if is_pool { "pool" } else { "convolution" };
            let message = format!("this {verb} never sees {listed} of its input");
            let arithmetic = format!(
                "{} window{} of {} at a distance of {} end at {} of {}: {} · {}{} + {} = {}",
                first.windows,
                if first.windows == 1 { "" } else { "s" },
                first.reach,
                first.stride,
                first.size - first.left,
                first.size,
                first.windows - 1,
                first.stride,
                if first.before == 0 { String::new() } else { format!(" - {}", first.before) },
                first.reach,
                first.size - first.left,
            );
            let label =
                format!("{} of {} {} left over", first.left, first.size, if first.left == 1 { "is" } else { "are" });
            let diagnostic = Diagnostic::new(Code::L0111, message, row.span, label).note(arithmetic);
            let title = "read them, too, with `padding: same`";
            tell(match network.call_of(subject, row).map(|call| &call.kind) {
                Some(ExprKind::Call { args, .. })
                    if !args.iter().any(|a| a.name.as_ref().is_some_and(|n| &*n.name == "padding")) =>
                {
                    match args.last() {
                        Some(last) if takes_same(&row.kind) => {
                            diagnostic.fix(title, last.span().end_point(), ", padding: same")
                        }
                        _ => diagnostic.help("choose a size that the windows divide"),
                    }
                }
                _ => diagnostic.help("choose a size or a padding with which the windows come to the end"),
            });
            break;
        }
    }
}

/// `the last row`, `the last 2 rows`
fn last(count: i64, name: &str) -> String {
    if count == 1 { format!("the last {name}") } else { format!("the last {count} {name}s") }
}

/// Whether a layer's `padding` may be `same`.
fn takes_same(kind: &str) -> bool {
    kind.starts_with("Conv") || kind.starts_with("MaxPool") || kind.starts_with("AvgPool")
}

/// What windows leave at the end. Those further apart than they are wide skip positions everywhere, which is meant.
fn dropped(window: &WindowAxis, size: i64, windows: i64) -> Option<Dropped> {
    let (kernel, stride, dilation) = (window.kernel as i64, window.stride as i64, window.dilation as i64);
    let before = window.before.as_constant()?;
    let reach = (kernel - 1) * dilation + 1;
    if stride > reach || windows < 1 {
        return None;
    }
    let left = size - ((windows - 1) * stride - before + reach);
    (left > 0).then_some(Dropped { size, windows, reach, stride, before, left })
}
