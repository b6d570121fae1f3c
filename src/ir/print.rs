//! A graph as text, for people: `check --emit ir`, `check --emit backward`, `grad`, and the tests' snapshots.
//!
//! One node a line, with the place in the source on the right. A number that is only repeated (a constant, reshaped
//! and broadcast) stands where it is used instead of on lines of its own.

use super::dim::{Dim, show_shape};
use super::graph::{Graph, Node, NodeId, StateRole};
use super::op::{Attention, AttentionDropout, Binary, Distribution, Op, Reduction, Unary};
use super::print_scan;
use super::recurrent::{Cell, Recurrence};
use super::window::WindowAxis;
use crate::source::{SourceMap, Span};
use std::fmt::Write as _;

/// How a graph is printed.
#[derive(Clone, Copy, Default)]
pub struct Layout<'a> {
    /// Shows `file:line` of every node.
    pub sources: Option<&'a SourceMap>,
    /// The first node of the backward pass: two headings instead of one.
    pub backward_from: Option<NodeId>,
}

/// What a line consists of before the columns are aligned.
pub(super) struct Line {
    pub what: String,
    pub shape: String,
    pub location: String,
}

/// The widest first column that the others are aligned to; longer lines push their own shape to the right.
const WIDEST: usize = 56;

/// The whole graph: inputs, states, body, outputs, updates.
pub fn print(graph: &Graph, layout: &Layout) -> String {
    let numbers: Vec<Option<f64>> = (0..graph.nodes.len()).map(|i| graph.repeated_number(NodeId(i as u32))).collect();
    let ids = Ids { numbers: &numbers, width: graph.nodes.len().saturating_sub(1).to_string().len() };
    let mut shown = vec![false; graph.nodes.len()];
    for (slot, number) in shown.iter_mut().zip(&numbers) {
        *slot = number.is_none();
    }
    for root in graph.roots() {
        if let Some(slot) = shown.get_mut(root.index()) {
            *slot = true;
        }
    }

    let (mut inputs, mut states, mut forward, mut backward) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| shown[*index]) {
        let id = NodeId(index as u32);
        let line = Line {
            what: format!("{} = {}", ids.defined(id), describe(graph, node, &|operand| ids.used(operand))),
            shape: show_shape(&node.shape),
            location: location(layout.sources, node.span),
        };
        let section = match node.op {
            Op::Input(_) => &mut inputs,
            Op::State(_) => &mut states,
            _ if layout.backward_from.is_some_and(|first| id >= first) => &mut backward,
            _ => &mut forward,
        };
        section.push(line);
        if let Op::Scan(scan) = &node.op {
            section.extend(print_scan::body(scan, &ids.used_by_name(id), layout));
        }
    }
    let result = |name: &str, arrow: &str, node: NodeId| Line {
        what: format!("{name} {arrow} {}", ids.used_by_name(node)),
        shape: graph.nodes.get(node.index()).map_or(String::new(), |n| show_shape(&n.shape)),
        location: String::new(),
    };
    let outputs = graph.outputs.iter().map(|o| result(&o.name, "=", o.node)).collect();
    let path = |id: super::op::StateId| graph.states.get(id.0 as usize).map_or("?", |s| &*s.path);
    let updates = graph.updates.iter().map(|u| result(path(u.state), "<-", u.value)).collect();

    let body = if layout.backward_from.is_some() { "forward" } else { "body" };
    align(&[
        ("inputs", inputs),
        ("states", states),
        (body, forward),
        ("backward", backward),
        ("outputs", outputs),
        ("updates", updates),
    ])
}

/// One node without its number, as violations quote it: `matmul(%3, %11)`.
pub fn show_node(graph: &Graph, id: NodeId) -> String {
    graph.nodes.get(id.index()).map_or("?".into(), |node| describe(graph, node, &|operand| format!("%{}", operand.0)))
}

fn align(sections: &[(&str, Vec<Line>)]) -> String {
    let lines = || sections.iter().flat_map(|(_, lines)| lines);
    let width = |text: &str| text.chars().count();
    let first = lines().map(|l| width(&l.what)).filter(|w| *w <= WIDEST).max().unwrap_or(0);
    let second = lines().map(|l| first.max(width(&l.what)) + width(&l.shape)).max().unwrap_or(0);
    let mut text = String::new();
    for (title, lines) in sections.iter().filter(|(_, lines)| !lines.is_empty()) {
        let _ = writeln!(text, "{title}");
        for line in lines {
            let left = format!("  {:first$} : {}", line.what, line.shape);
            // Two spaces in front, three around the colon, three between the columns.
            let _ = match line.location.is_empty() {
                true => writeln!(text, "{left}"),
                false => writeln!(text, "{left:width$}{}", line.location, width = second + 8),
            };
        }
    }
    text
}

pub(super) fn location(sources: Option<&SourceMap>, span: Span) -> String {
    let Some(sources) = sources else { return String::new() };
    // A graph built by a test has spans of no file.
    match sources.files().any(|(id, _)| id == span.file) {
        true => sources.location(span),
        false => String::new(),
    }
}

struct Ids<'a> {
    numbers: &'a [Option<f64>],
    width: usize,
}

impl Ids<'_> {
    fn defined(&self, id: NodeId) -> String {
        format!("%{:<width$}", id.0, width = self.width)
    }

    fn used(&self, id: NodeId) -> String {
        match self.numbers.get(id.index()).copied().flatten() {
            Some(number) => show_number(number),
            None => self.used_by_name(id),
        }
    }

    fn used_by_name(&self, id: NodeId) -> String {
        format!("%{}", id.0)
    }
}

/// `0.5`, `1e-7`: the shortest text that reads back as the same number.
pub(super) fn show_number(number: f64) -> String {
    match number.abs() {
        0.0 => number.to_string(),
        size if size.is_finite() && !(1e-4..1e9).contains(&size) => format!("{number:e}"),
        _ => number.to_string(),
    }
}

fn show_numbers(numbers: &[f64]) -> String {
    let some: Vec<String> = numbers.iter().take(6).map(|n| show_number(*n)).collect();
    match numbers.len() > some.len() {
        true => format!("[{}, … {} numbers]", some.join(", "), numbers.len()),
        false => format!("[{}]", some.join(", ")),
    }
}

pub(super) fn describe(graph: &Graph, node: &Node, name: &dyn Fn(NodeId) -> String) -> String {
    let operands: Vec<String> = node.inputs.iter().map(|id| name(*id)).collect();
    let call = |function: &str| format!("{function}({})", operands.join(", "));
    let call_with = |function: &str, rest: String| format!("{function}({}, {rest})", operands.join(", "));
    match &node.op {
        Op::Input(id) => graph.inputs.get(id.0 as usize).map_or("?".into(), |input| input.name.to_string()),
        Op::State(id) => graph.states.get(id.0 as usize).map_or("?".into(), |state| {
            let role = match state.role {
                StateRole::Weight => "",
                StateRole::Buffer => "  (buffer)",
                StateRole::Counter => "  (counter)",
                StateRole::Optimizer => "  (optimizer)",
            };
            format!("{}{role}", state.path)
        }),
        Op::Constant(number) => show_number(*number),
        Op::Size(dim) => format!("size({dim})"),
        Op::Literal(numbers) => show_numbers(numbers),
        Op::Iota { axis } => format!("iota(axis: {axis})"),
        Op::Random { stream, distribution } => {
            let distribution = match distribution {
                Distribution::Uniform => "uniform",
                Distribution::Normal => "normal",
            };
            format!("{distribution}(stream: {stream})")
        }
        Op::Unary(Unary::Negate) => format!("-{}", operands.join("")),
        Op::Unary(unary) => call(unary_name(*unary)),
        Op::Binary(binary) => match binary_text(*binary) {
            BinaryText::Infix(symbol) => operands.join(&format!(" {symbol} ")),
            BinaryText::Call(function) => call(function),
        },
        Op::Select => call("where"),
        Op::Reshape => call("reshape"),
        Op::Permute(permutation) => call_with("permute", format!("{permutation:?}")),
        Op::Broadcast => call("broadcast"),
        Op::Slice { axis, start, step: 1 } => {
            let end = start.clone() + node.shape.get(*axis).cloned().unwrap_or_default();
            call_with("slice", format!("axis: {axis}, {start} .. {end}"))
        }
        Op::Slice { axis, start, step } => call_with("slice", format!("axis: {axis}, from: {start}, step: {step}")),
        Op::Pad { axis, before, after, value } => {
            let mut rest = format!("axis: {axis}");
            for (side, size) in [("before", before), ("after", after)] {
                if *size != Dim::constant(0) {
                    let _ = write!(rest, ", {side}: {size}");
                }
            }
            if *value != 0.0 {
                let _ = write!(rest, ", with: {}", show_number(*value));
            }
            call_with("pad", rest)
        }
        Op::Concat { axis } => call_with("concat", format!("axis: {axis}")),
        Op::Reduce { reduction, axes } => {
            let reduction = match reduction {
                Reduction::Sum => "sum",
                Reduction::Maximum => "max",
                Reduction::Minimum => "min",
            };
            call_with(reduction, format!("axes: {axes:?}"))
        }
        Op::ArgMax { axis } => call_with("argmax", format!("axis: {axis}")),
        Op::CumulativeSum { axis, reverse } => {
            let reverse = if *reverse { ", reverse" } else { "" };
            call_with("cumsum", format!("axis: {axis}{reverse}"))
        }
        Op::MatMul => call("matmul"),
        Op::GatherRows => call("gather_rows"),
        Op::ScatterRows { rows } => call_with("scatter_rows", format!("rows: {rows}")),
        Op::TakeAlong { axis } => call_with("take_along", format!("axis: {axis}")),
        Op::PlaceAlong { axis, size } => call_with("place_along", format!("axis: {axis}, size: {size}")),
        Op::Softmax { axis } => call_with("softmax", format!("axis: {axis}")),
        Op::LogSoftmax { axis } => call_with("log_softmax", format!("axis: {axis}")),
        Op::Scan(scan) => print_scan::call(scan, &operands),
        Op::Convolve { windows, groups } => call_with("convolve", show_windows(windows, *groups)),
        Op::ConvolveInput { windows, groups } => call_with("convolve_input", show_windows(windows, *groups)),
        Op::ConvolveKernel { windows, groups } => call_with("convolve_kernel", show_windows(windows, *groups)),
        Op::WindowArgMax(windows) => call_with("window_argmax", show_windows(windows, 1)),
        Op::WindowSum(windows) => call_with("window_sum", show_windows(windows, 1)),
        Op::WindowSpread(windows) => call_with("window_spread", show_windows(windows, 1)),
        Op::Attention(attention) => call_with("attention", attention_words(attention)),
        Op::AttentionBackward(attention) => call_with("attention_backward", attention_words(attention)),
        Op::Recurrent { recurrence, .. } => call(&recurrence_name(*recurrence, "")),
        Op::RecurrentBackward(recurrence) => call(&recurrence_name(*recurrence, "_backward")),
    }
}

fn recurrence_name(recurrence: Recurrence, pass: &str) -> String {
    let cell = match recurrence.cell {
        Cell::Rnn { relu: false } => "rnn",
        Cell::Rnn { relu: true } => "rnn_relu",
        Cell::Lstm => "lstm",
        Cell::Gru => "gru",
    };
    format!("{cell}{pass}{}", if recurrence.reverse { "_reversed" } else { "" })
}

/// `kernel: [3, 3], before: [1, 1]`: what is 1, or for `before` 0, is left out.
fn show_windows(windows: &[WindowAxis], groups: usize) -> String {
    let list = |of: &dyn Fn(&WindowAxis) -> String| windows.iter().map(of).collect::<Vec<_>>().join(", ");
    let mut text = format!("kernel: [{}]", list(&|w| w.kernel.to_string()));
    if windows.iter().any(|w| w.stride != 1) {
        let _ = write!(text, ", stride: [{}]", list(&|w| w.stride.to_string()));
    }
    if windows.iter().any(|w| w.dilation != 1) {
        let _ = write!(text, ", dilation: [{}]", list(&|w| w.dilation.to_string()));
    }
    if windows.iter().any(|w| w.before != Dim::constant(0)) {
        let _ = write!(text, ", before: [{}]", list(&|w| w.before.to_string()));
    }
    if groups != 1 {
        let _ = write!(text, ", groups: {groups}");
    }
    text
}

fn attention_words(attention: &Attention) -> String {
    let mut words = format!("causal: {}, scale: {}", attention.causal, attention.scale);
    if let Some(AttentionDropout { stream, share }) = attention.dropout {
        words += &format!(", dropout: {share}, stream: {stream}");
    }
    words
}

fn unary_name(unary: Unary) -> &'static str {
    match unary {
        Unary::StopGradient => "stop_gradient",
        Unary::Again => "again",
        Unary::Negate => "negate",
        Unary::Absolute => "abs",
        Unary::Sign => "sign",
        Unary::Floor => "floor",
        Unary::Ceil => "ceil",
        Unary::Reciprocal => "reciprocal",
        Unary::Square => "square",
        Unary::SquareRoot => "sqrt",
        Unary::ReciprocalSquareRoot => "rsqrt",
        Unary::Exponential => "exp",
        Unary::Logarithm => "log",
        Unary::LogarithmOnePlus => "log1p",
        Unary::Sine => "sin",
        Unary::Cosine => "cos",
        Unary::Tanh => "tanh",
        Unary::Sigmoid => "sigmoid",
        Unary::Softplus => "softplus",
        Unary::ErrorFunction => "erf",
        Unary::Relu => "relu",
        Unary::Not => "not",
    }
}

enum BinaryText {
    Infix(&'static str),
    Call(&'static str),
}

fn binary_text(binary: Binary) -> BinaryText {
    match binary {
        Binary::Add => BinaryText::Infix("+"),
        Binary::Subtract => BinaryText::Infix("-"),
        Binary::Multiply => BinaryText::Infix("*"),
        Binary::Divide => BinaryText::Infix("/"),
        Binary::Power => BinaryText::Infix("^"),
        Binary::Maximum => BinaryText::Call("maximum"),
        Binary::Minimum => BinaryText::Call("minimum"),
        Binary::Equal => BinaryText::Infix("=="),
        Binary::NotEqual => BinaryText::Infix("!="),
        Binary::Less => BinaryText::Infix("<"),
        Binary::LessEqual => BinaryText::Infix("<="),
        Binary::And => BinaryText::Infix("and"),
        Binary::Or => BinaryText::Infix("or"),
    }
}
