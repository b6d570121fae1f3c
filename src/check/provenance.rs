//! Where the sizes of a mistake came from: labels at those places, with the arithmetic written out.

use super::checker::Checker;
use super::given::{By, Given};
use super::value::{BoundHyper, Value};
use crate::build::{Change, Maker, Problem, Tensor};
use crate::catalog::is_recurrent;
use crate::data::FieldNode;
use crate::diagnostics::{Code, Diagnostic, Label};
use crate::ir::dim::{Comparison, Dim};
use crate::ir::graph::NodeId;
use crate::ir::op::Op;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Function, Output, Outputs, Symbol, TypeExprKind};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// More labels than this beside those of the mistake itself would be noise.
const MOST_LABELS: usize = 3;

/// A layer that was applied: what decides the sizes of its result.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub nodes: Range<usize>,
    pub span: Span,
    /// The layer's name.
    pub layer: &'static str,
    /// Its arguments that are sizes.
    pub sizes: Vec<(&'static str, Dim)>,
    /// Where its arguments were given.
    pub given: Vec<(&'static str, Rc<Given>)>,
    pub inputs: Vec<Tensor>,
}

/// Where the type of an input or weight is written.
#[derive(Debug, Clone)]
pub(super) struct WrittenDims {
    pub name: Symbol,
    /// The type.
    pub whole: Span,
    /// Its dims, and whether each is a number as it stands.
    pub dims: Vec<(Span, bool)>,
}

/// A block or model that is being evaluated.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// From its name to the end of its body.
    pub span: Span,
    /// What its dimension names and hypers stand for.
    pub names: Vec<(Symbol, Dim)>,
    /// Whether it is a call of a block, which has other calls.
    pub is_called: bool,
    pub function: Rc<Function>,
}

impl Scope {
    /// Of a function with these hypers, whose dimension names are these sizes.
    pub fn new(function: &Rc<Function>, hypers: &[BoundHyper], dims: &BTreeMap<Symbol, Dim>, is_called: bool) -> Scope {
        let mut names: Vec<(Symbol, Dim)> = Vec::new();
        for hyper in hypers {
            match &hyper.value {
                Value::Number(n) if n.fract() == 0.0 && *n > 0.0 && *n < Dim::MAX as f64 => {
                    names.push((hyper.name.clone(), Dim::constant(*n as i64)));
                }
                Value::Size(size) => names.push((hyper.name.clone(), size.clone())),
                _ => {}
            }
        }
        let is_hyper = |name: &Symbol| hypers.iter().any(|h| h.name == *name);
        names.extend(dims.iter().filter(|(name, _)| !is_hyper(name)).map(|(n, d)| (n.clone(), d.clone())));
        let span = function.name.span.to(function.body.span);
        Scope { span, names, is_called, function: function.clone() }
    }

    /// Where a single result is written, and the sizes that the signature promises of it, as far as they are plain.
    pub fn promised(&self) -> Option<(Span, Vec<Option<Dim>>)> {
        let Outputs::One(Output { ty: Some(ty), .. }) = &self.function.outputs else { return None };
        let TypeExprKind::Tensor { shape, .. } = &ty.kind else { return None };
        let size = |dim: &Expr| match &dim.kind {
            ExprKind::Number(n) => Some(Dim::constant(n.value as i64)),
            ExprKind::Name(name) => self.names.iter().find(|(n, _)| n == name).map(|(_, size)| size.clone()),
            _ => None,
        };
        Some((self.function.body.result.as_ref()?.span, shape.iter().flatten().map(size).collect()))
    }
}

/// The history of a size, as far as the program says it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// What changed it, first things first.
    pub changes: Vec<Change>,
    /// What it was at first.
    pub size: Dim,
    pub beginning: Beginning,
}

/// What a size began as.
#[derive(Debug, Clone)]
pub(super) enum Beginning {
    /// An argument of a layer; whether that is the size itself.
    Argument { layer: &'static str, param: &'static str, given: Rc<Given>, is_exact: bool },
    /// The type of an input or weight: one of its dims, or all of it.
    Declared { name: Symbol, span: Span, is_dim: bool, is_number: bool, is_input: bool },
    /// Several axes made one.
    Product { factors: Vec<(Dim, usize)>, of: NodeId, span: Span },
    /// Several tensors one behind the other.
    Sum { parts: Vec<Dim>, span: Span },
    /// Some positions of an axis.
    Part { of: Dim, span: Span },
    /// A constant.
    Made { span: Span },
    /// Nothing that can be pointed at.
    Nothing,
}

/// A place to point at.
struct Place {
    span: Span,
    text: String,
    /// Whether a label that covers the place should say it too.
    is_arithmetic: bool,
    times: usize,
    /// The input that is declared here.
    declared: Option<Symbol>,
}

impl Checker<'_> {
    /// Where the size of an axis came from.
    pub fn source(&self, tensor: &Tensor, axis: usize) -> Source {
        self.source_of(tensor.node, tensor.node_axis(axis))
    }

    /// As [`Checker::source`], of an axis of a node.
    pub fn source_of(&self, node: NodeId, axis: usize) -> Source {
        let mut origin = self.builder.origin_of(node, axis);
        let mut changes = std::mem::take(&mut origin.changes);
        // A layer hands on what its arguments do not decide: the width of an attention is that of its input.
        for _ in 0..self.applications.len() {
            let (Some(application), false) =
                (self.application(origin.node), matches!(origin.maker, Maker::Input { .. }))
            else {
                break;
            };
            if let Some(beginning) = application.argument_of(&origin.size) {
                return Source { changes, size: origin.size, beginning };
            }
            if let Maker::Product(..) | Maker::Sum(_) = origin.maker {
                break;
            }
            let same =
                |x: &Tensor| x.shape.iter().rposition(|d| *d == origin.size).map(|axis| (x.node, x.node_axis(axis)));
            let Some((node, axis)) = application.inputs.iter().find_map(same) else {
                return Source { changes, size: origin.size, beginning: Beginning::Nothing };
            };
            origin = self.builder.origin_of(node, axis);
            let mut earlier = std::mem::take(&mut origin.changes);
            earlier.append(&mut changes);
            changes = earlier;
        }
        let span = origin.span;
        let beginning = match origin.maker {
            Maker::Input { axis } => self.declared(span, axis, true),
            Maker::Weight { axis, .. } => self.declared(span, axis, false),
            Maker::Product(factors, of) => Beginning::Product { factors, of, span },
            Maker::Sum(parts) => Beginning::Sum { parts, span },
            Maker::Part(of) => Beginning::Part { of, span },
            Maker::Other => match self.builder.graph.node(origin.node).op {
                Op::Broadcast | Op::Literal(_) | Op::Random { .. } | Op::Iota { .. } => Beginning::Made { span },
                _ => Beginning::Nothing,
            },
        };
        Source { changes, size: origin.size, beginning }
    }

    /// The layer that made a node.
    fn application(&self, node: NodeId) -> Option<&Application> {
        let span = self.builder.graph.node(node).span;
        self.applications.iter().rev().find(|a| a.nodes.contains(&node.index()) && a.span == span)
    }

    /// The layer that is written at a place.
    pub fn application_at(&self, span: Span) -> Option<&Application> {
        self.applications.iter().rev().find(|a| a.span == span)
    }

    fn declared(&self, at: Span, axis: usize, is_input: bool) -> Beginning {
        let Some(written) = self.written_dims.get(&at) else { return Beginning::Nothing };
        let name = written.name.clone();
        match written.dims.get(axis) {
            Some((span, is_number)) => {
                Beginning::Declared { name, span: *span, is_dim: true, is_number: *is_number, is_input }
            }
            None => Beginning::Declared { name, span: written.whole, is_dim: false, is_number: false, is_input },
        }
    }

    /// Labels where these sizes came from, beside those that a diagnostic has.
    pub fn with_sources(&self, diagnostic: Diagnostic, sizes: &[(&Tensor, usize)]) -> Diagnostic {
        let mut places: Vec<Place> = Vec::new();
        let mut notes: Vec<String> = Vec::new();
        for (tensor, axis) in sizes {
            let source = self.source(tensor, *axis);
            // An input of the very body that uses it has its size in the signature above; that is no news.
            let is_own_input = matches!(self.builder.graph.node(tensor.node).op, Op::Input(_));
            match &source.beginning {
                Beginning::Declared { span, .. }
                    if is_own_input && self.scopes.last().is_some_and(|scope| span.lies_in(scope.span)) => {}
                _ => self.add_places(&source, &mut places, &mut notes),
            }
        }
        // Of an input whose every axis differs the label of the operand has said all there is.
        let times = |name: &Symbol| places.iter().filter(|p| p.declared.as_ref() == Some(name)).count();
        let crowded: Vec<Symbol> =
            places.iter().filter_map(|p| p.declared.clone()).filter(|name| times(name) > 1).collect();
        places.retain(|p| !p.declared.as_ref().is_some_and(|name| crowded.contains(name)));
        let mut diagnostic = diagnostic;
        let is_rounded = places.iter().any(|place| place.text.contains("(rounded down)"));
        if is_rounded && diagnostic.code == Code::E0306 && diagnostic.help.is_empty() && diagnostic.fixes.is_empty() {
            diagnostic = diagnostic.help(
                "a size that was rounded down does not come back: pad or crop the input so that every step divides it exactly",
            );
        }
        let mut added = 0;
        for place in places {
            let text = if place.times > 1 { format!("{}, twice", place.text) } else { place.text };
            let covers = |l: &&mut Label| place.span.lies_in(l.span) && l.message.len() < 60;
            if let Some(label) = diagnostic.labels.iter_mut().find(covers) {
                if place.is_arithmetic && !label.message.contains(&text) {
                    label.message = format!("{}: {text}", label.message);
                }
                continue;
            }
            let is_there = diagnostic.labels.iter().any(|l| place.span.lies_in(l.span) || l.span.lies_in(place.span));
            if !is_there && added < MOST_LABELS {
                diagnostic.labels.push(Label { span: place.span, message: text });
                added += 1;
            }
        }
        for note in notes {
            if !diagnostic.notes.contains(&note) {
                diagnostic.notes.push(note);
            }
        }
        diagnostic
    }

    /// Labels where the number of an argument was given, where that is elsewhere.
    pub fn with_argument_sources(
        &self,
        diagnostic: Diagnostic,
        problem: &Problem,
        given: &[(&'static str, Rc<Given>)],
    ) -> Diagnostic {
        let (argument, number) = match problem {
            Problem::Parts { argument, parts, .. } => (*argument, parts.to_string()),
            Problem::Window { window, .. } => ("kernel", window.kernel.to_string()),
            _ => return diagnostic,
        };
        match given.iter().find(|(name, _)| *name == argument).map(|(_, given)| given.written()) {
            Some((written, Some(name))) => {
                let by = if written.by == By::Call { " by this call" } else { "" };
                diagnostic.label(written.span, format!("`{name}` is {number}{by}"))
            }
            _ => diagnostic,
        }
    }

    /// Adds the places that a size came by, the most telling first.
    fn add_places(&self, source: &Source, places: &mut Vec<Place>, notes: &mut Vec<String>) {
        if source.changes.len() > MOST_LABELS {
            notes.push(chain(&source.changes));
            places.extend(source.changes.last().map(Place::change));
        } else {
            for change in source.changes.iter().rev() {
                let place = Place::change(change);
                match places.iter_mut().find(|p| p.span == place.span) {
                    Some(known) if known.text == place.text => known.times += 1,
                    // Height and width come by the same numbers.
                    Some(known) if known.text.split("; ").any(|text| text == place.text) => {}
                    // A block that is used twice: what comes first stands first.
                    Some(known) if known.is_arithmetic => known.text = format!("{}; {}", place.text, known.text),
                    _ => places.push(place),
                }
            }
        }
        match &source.beginning {
            Beginning::Product { factors, of, span } => {
                let sizes: Vec<String> = factors.iter().map(|(d, _)| bracketed(d)).collect();
                let text = format!("{} = {}, from this {}", source.size, sizes.join("·"), self.called(*span));
                push(places, Place { span: *span, text, is_arithmetic: true, times: 1, declared: None });
                let mut chains: Vec<String> = Vec::new();
                for (_, axis) in factors {
                    let source = self.source_of(*of, *axis);
                    if !source.changes.is_empty() && !chains.contains(&chain(&source.changes)) {
                        chains.push(chain(&source.changes));
                    }
                }
                notes.append(&mut chains);
            }
            // A chain of windows says enough by itself.
            Beginning::Declared { .. } if !source.changes.is_empty() => {}
            beginning => {
                if let Some(place) = self.beginning_place(&source.size, beginning) {
                    push(places, place);
                }
            }
        }
    }

    /// Where a size began.
    fn beginning_place(&self, size: &Dim, beginning: &Beginning) -> Option<Place> {
        let (span, text, is_arithmetic) = match beginning {
            Beginning::Argument { param, given, is_exact, .. } => {
                let (written, name) = given.written();
                match (name, written.by) {
                    (Some(name), By::Call) => (written.span, format!("`{name}` is {size} by this call"), false),
                    (Some(name), By::Default) => (written.span, format!("`{name}` is {size} by default"), false),
                    (Some(name), _) => (written.span, format!("`{name}` is {size}"), false),
                    (None, _) if written.is_number && *is_exact => {
                        let what = match *param {
                            "units" | "channels" => format!("{size} {param}, from here"),
                            param => format!("`{param}` is {size} here"),
                        };
                        (written.span, what, false)
                    }
                    (None, _) if written.is_number => {
                        let each = size.floor_div(&Dim::constant(2)).unwrap_or_default();
                        (written.span, format!("{size} = 2·{each}, in both directions"), true)
                    }
                    (None, _) => (written.span, format!("this is {size}"), false),
                }
            }
            Beginning::Declared { name, is_number: false, is_input: true, .. }
                if let Some(windows) = self.windows_of(name, size) =>
            {
                (windows, format!("{size} positions of `{name}`, from here"), false)
            }
            Beginning::Declared { span, is_number: true, .. } => (*span, format!("{size}, from here"), false),
            Beginning::Declared { name, span, is_dim: true, is_input, .. } => {
                let dim = self.sources.text(*span);
                let whose = if *is_input { format!(" in `{name}`") } else { String::new() };
                match size.to_string() == dim {
                    true => (*span, format!("{size}, from here"), false),
                    false => (*span, format!("`{dim}` is {size}{whose}"), false),
                }
            }
            Beginning::Declared { name, span, .. } => (*span, format!("{size}, from the type of `{name}`"), false),
            Beginning::Sum { parts, span } => {
                let parts: Vec<String> = parts.iter().map(Dim::to_string).collect();
                (*span, format!("{size} = {}, from this {}", parts.join(" + "), self.called(*span)), true)
            }
            Beginning::Part { of, span } => (*span, format!("{size} of {of} positions"), true),
            Beginning::Made { span } => (*span, format!("{size}, from here"), false),
            Beginning::Product { .. } | Beginning::Nothing => return None,
        };
        let declared = match beginning {
            Beginning::Declared { name, is_input: true, .. } => Some(name.clone()),
            _ => None,
        };
        Some(Place { span, text, is_arithmetic, times: 1, declared })
    }

    /// The windows of the data that give an input of the model this many positions.
    fn windows_of(&self, input: &Symbol, size: &Dim) -> Option<Span> {
        let (_, data, field) = self.fields_of_inputs.iter().find(|(name, ..)| name == input)?;
        let mut found = None;
        self.data.get(*data)?.plan.field(field)?.expr.walk(&mut |expr| {
            if let FieldNode::Windows { length, .. } = &*expr.node
                && size.as_constant() == i64::try_from(*length).ok()
            {
                found.get_or_insert(expr.span);
            }
        });
        found
    }

    /// `` `Flatten` ``, `` `reshape` ``: what is called at a place; an index is none.
    fn called(&self, span: Span) -> String {
        let text = self.sources.text(span);
        let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() || text.get(name.len()..).is_some_and(|rest| rest.starts_with('[')) {
            "expression".to_owned()
        } else {
            format!("`{name}`")
        }
    }
}

impl Application {
    /// The argument that decides a size.
    fn argument_of(&self, size: &Dim) -> Option<Beginning> {
        const OTHER: &[&str] = &["kernel", "stride", "padding", "dilation", "groups", "heads", "layers", "max"];
        let twice = |d: &Dim| d.clone() * Dim::constant(2) == *size;
        let (param, own) = self
            .sizes
            .iter()
            .find(|(param, own)| !OTHER.contains(param) && (own == size || is_recurrent(self.layer) && twice(own)))?;
        let given = self.given.iter().find(|(name, _)| name == param).map(|(_, given)| given.clone())?;
        let is_exact = own == size;
        Some(Beginning::Argument { layer: self.layer, param, given, is_exact })
    }
}

impl Place {
    fn change(change: &Change) -> Place {
        Place { span: change.span, text: change.arithmetic.clone(), is_arithmetic: true, times: 1, declared: None }
    }
}

fn push(places: &mut Vec<Place>, place: Place) {
    if !places.iter().any(|p| p.span == place.span && p.text == place.text) {
        places.push(place);
    }
}

/// `28 -> 26 -> 13`
fn chain(changes: &[Change]) -> String {
    let first = changes.first().map(|c| c.from.to_string());
    let sizes: Vec<String> = first.into_iter().chain(changes.iter().map(|c| c.to.to_string())).collect();
    match changes {
        [only] => format!("{} comes from {}", only.to, only.arithmetic),
        _ => format!("{} comes by {}", changes.last().map_or(String::new(), |c| c.to.to_string()), sizes.join(" -> ")),
    }
}

fn bracketed(dim: &Dim) -> String {
    let text = dim.to_string();
    if text.contains([' ', '/', '*']) { format!("({text})") } else { text }
}

/// The axes of the operands whose sizes a problem is about.
pub(super) fn sizes_of<'t>(problem: &Problem, tensors: &[&'t Tensor]) -> Vec<(&'t Tensor, usize)> {
    let operand = |i: usize| tensors.get(i).copied();
    let with = |i: usize, axis: usize| operand(i).filter(|t| axis < t.rank()).map(|t| (t, axis));
    let both = |a: usize, axis_a: usize, b: usize, axis_b: usize| with(a, axis_a).into_iter().chain(with(b, axis_b));
    match problem {
        Problem::Broadcast { left, right } => {
            clashing(left, right).into_iter().flat_map(|(a, b)| both(0, a, 1, b)).collect()
        }
        Problem::MatMulInner { left, right } => {
            both(0, left.len().saturating_sub(1), 1, right.len().saturating_sub(2)).collect()
        }
        Problem::Reshape { from, .. } => (0..from.len()).filter_map(|axis| with(0, axis)).collect(),
        Problem::Join { first, operand, other, axis } if first.len() == other.len() => (0..first.len())
            .filter(|i| Some(*i) != *axis && first.get(*i) != other.get(*i))
            .flat_map(|i| both(0, i, *operand, i))
            .collect(),
        Problem::LossShapes { left, right } if left.len() == right.len() => {
            (0..left.len()).filter(|i| left.get(*i) != right.get(*i)).flat_map(|i| both(0, i, 1, i)).collect()
        }
        Problem::ClassCount { operand: i, width, .. } => {
            let axis = operand(*i).and_then(|t| t.shape.iter().rposition(|d| d == width));
            axis.and_then(|axis| with(*i, axis)).into_iter().collect()
        }
        Problem::Position { axis, .. } => with(0, *axis).into_iter().collect(),
        Problem::Number { instead, .. } => {
            let axis = operand(0).and_then(|t| t.shape.iter().position(|d| d.as_constant() == Some(*instead)));
            axis.and_then(|axis| with(0, axis)).into_iter().collect()
        }
        Problem::Shared { .. } => operand(0).and_then(|t| with(0, t.rank().saturating_sub(1))).into_iter().collect(),
        Problem::Window { size, .. } | Problem::Parts { size, .. } => {
            let axis = operand(0).and_then(|t| t.shape.iter().rposition(|d| d == size));
            axis.and_then(|axis| with(0, axis)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The axes of two shapes, counted from the end, that no broadcasting makes equal.
pub(super) fn clashing(left: &[Dim], right: &[Dim]) -> Vec<(usize, usize)> {
    let pairs = (0..left.len()).rev().zip((0..right.len()).rev());
    pairs
        .filter(|(a, b)| match (left.get(*a), right.get(*b)) {
            (Some(a), Some(b)) => a.compare(b) != Comparison::Equal && !a.is_one() && !b.is_one(),
            _ => false,
        })
        .collect()
}
