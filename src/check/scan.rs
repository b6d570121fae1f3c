//! `scan x as xt, h = init { … }`: a body for each position of the first axis, with states handed on.

use super::checker::Checker;
use super::mistake::Mistake;
use super::program::LayerRow;
use super::regions::{RegionKind, StepState, Steps};
use super::value::{Frame, Value};
use crate::build::{ScanFault, Tensor};
use crate::source::Span;
use crate::syntax::ast::{Body, Expr, Ident, Symbol};
use std::sync::Arc;

/// A scan as written, its operands evaluated.
struct Written<'a> {
    x: Tensor,
    item: &'a Ident,
    states: Vec<(&'a Ident, Tensor)>,
    body: &'a Body,
    span: Span,
}

/// What became of an attempt to build a scan.
enum Attempt {
    Built(Value),
    /// The states differ from example to example, which only the body showed.
    AgainByExample,
}

impl Checker<'_> {
    /// `scan input as item, state = start, … { body }`: every state after each step, stacked.
    pub fn scan_expression(
        &mut self,
        input: &Expr,
        item: &Ident,
        states: &[(Ident, Expr)],
        body: &Body,
        span: Span,
        frame: &mut Frame,
    ) -> Value {
        let x = self.expression(input, frame);
        let x = match x {
            Value::Tensor(t) if t.shape.is_empty() => {
                let found = Value::Tensor(t).describe();
                self.mistake(input.span, &Mistake::ScanInput { found });
                None
            }
            Value::Tensor(_) | Value::List(_) => self.as_tensor(&x, input.span),
            Value::Unknown => None,
            other => {
                self.mistake(input.span, &Mistake::ScanInput { found: other.describe() });
                None
            }
        };
        let mut names: Vec<(&Symbol, Span)> = vec![(&item.name, item.span)];
        let mut starts = Vec::new();
        for (name, start) in states {
            if let Some((_, first)) = names.iter().find(|(n, _)| **n == name.name) {
                let mistake = Mistake::Duplicate { name: name.name.clone(), what: "part of this scan", first: *first };
                self.mistake(name.span, &mistake);
            }
            names.push((&name.name, name.span));
            let value = self.expression(start, frame);
            if let Some(start) = self.as_tensor(&value, start.span) {
                starts.push((name, start));
            }
        }
        if states.is_empty() {
            let found = "nothing that is handed on".to_owned();
            return self.mistake(span, &Mistake::ScanCount { states: 0, found, names: Vec::new() });
        }
        let (Some(x), true) = (x, starts.len() == states.len()) else {
            return self.unknown_scan(item, states, body, frame);
        };
        let written = Written { x, item, states: starts, body, span };
        let probe = self.probe();
        let (paths, clashes) = (frame.body.snapshot(), self.path_clashes.len());
        match self.build_scan(&written, false, frame) {
            Attempt::Built(value) => value,
            Attempt::AgainByExample => {
                self.unprobe(probe);
                frame.body.restore(paths);
                self.path_clashes.truncate(clashes);
                match self.build_scan(&written, true, frame) {
                    Attempt::Built(value) => value,
                    Attempt::AgainByExample => Value::Unknown,
                }
            }
        }
    }

    /// Looks through the body of a scan of which something is not known, for its own mistakes.
    fn unknown_scan(&mut self, item: &Ident, states: &[(Ident, Expr)], body: &Body, frame: &mut Frame) -> Value {
        let before = frame.bindings.len();
        frame.bind(&item.name, Value::Unknown);
        states.iter().for_each(|(name, _)| frame.bind(&name.name, Value::Unknown));
        self.body_value(body, frame);
        frame.bindings.truncate(before);
        Value::Unknown
    }

    fn build_scan(&mut self, scan: &Written, by_example: bool, frame: &mut Frame) -> Attempt {
        self.builder.span = scan.span;
        let states: Vec<(Symbol, Tensor)> = scan.states.iter().map(|(n, t)| (n.name.clone(), t.clone())).collect();
        let (first_node, first_row) = (self.builder.graph.nodes.len(), self.rows.len());
        let region = self.open_region();
        let first_application = self.applications.len();
        let (open, step) = self.builder.open_scan(&scan.x, &scan.item.name, &states, by_example);

        let bound = frame.bindings.len();
        let values =
            std::iter::once((scan.item, step.item)).chain(scan.states.iter().map(|(n, _)| *n).zip(step.states));
        for (name, tensor) in values {
            // Where it comes from, for mistakes that it takes part in.
            let value = Value::Tensor(Tensor { span: name.span, ..tensor });
            self.note(name.span, &value);
            frame.bind(&name.name, value);
        }
        let result = self.body_value(scan.body, frame);
        frame.bindings.truncate(bound);

        let next = self.next_states(scan, result);
        // What the layers of the body made goes into the scan, or is given up.
        self.applications.truncate(first_application);
        self.builder.span = scan.span;
        let Some(next) = next else {
            self.builder.abandon_scan(&open);
            return Attempt::Built(Value::Unknown);
        };
        let steps = self.steps(scan, first_node, first_row, &next);
        let built = match self.builder.close_scan(open, &next) {
            Ok(stacked) => stacked,
            Err(ScanFault::Batched) => return Attempt::AgainByExample,
            Err(ScanFault::Statistics(path)) => {
                let row = self.rows.iter().skip(first_row).find(|row| *row.path == *path);
                let (layer, at) = row.map_or((path.to_string(), scan.span), |r| (r.kind.to_string(), r.span));
                let value = self.mistake(at, &Mistake::ScanStatistics { layer, scan: scan.span });
                return Attempt::Built(value);
            }
            Err(ScanFault::Problem(problem)) => {
                let operands = next.iter().map(|t| (t.span, t.show())).collect();
                let site = self.call_site("scan", scan.span, operands, Vec::new());
                return Attempt::Built(self.problem(&problem, &site));
            }
        };
        // The nodes of the body are in the scan now, and its row has their cost.
        for row in self.rows.iter_mut().skip(first_row) {
            row.nodes = 0..0;
        }
        let nodes = first_node..self.builder.graph.nodes.len();
        let mut values: Vec<Value> =
            built.into_iter().map(|t| Value::Tensor(Tensor { span: scan.span, ..t })).collect();
        let output = match values.as_slice() {
            [Value::Tensor(only)] => only.show(),
            several => {
                let types = several.iter().filter_map(|v| if let Value::Tensor(t) = v { Some(t.show()) } else { None });
                format!("({})", types.collect::<Vec<_>>().join(", "))
            }
        };
        self.rows.push(LayerRow {
            path: "scan".into(),
            kind: "scan".into(),
            is_layer: false,
            output,
            parameters: Some(0),
            is_shared: false,
            nodes,
            span: scan.span,
        });
        let results =
            values.iter().filter_map(|v| if let Value::Tensor(t) = v { Some(t.node) } else { None }).collect();
        let steps = Steps { results, ..steps };
        self.close_region(region, RegionKind::Scan(Arc::new(steps)), "".into(), scan.span);
        Attempt::Built(if values.len() == 1 { values.remove(0) } else { Value::Tuple(values) })
    }

    /// The body of a scan as it is before it is cut out of the graph.
    fn steps(&self, scan: &Written, first_node: usize, first_row: usize, next: &[Tensor]) -> Steps {
        let states = scan.states.iter().zip(next).map(|((name, start), next)| StepState {
            name: name.name.clone(),
            start: start.node,
            next: next.node,
        });
        Steps {
            input: scan.x.node,
            nodes: self.builder.graph.nodes.iter().skip(first_node).cloned().collect(),
            rows: self.rows.iter().skip(first_row).map(|row| row.nodes.clone()).collect(),
            item: scan.item.name.clone(),
            states: states.collect(),
            results: Vec::new(),
        }
    }

    /// The next value of each state, of the state's type; `None` where a mistake is told.
    fn next_states(&mut self, scan: &Written, result: Value) -> Option<Vec<Tensor>> {
        let at = scan.body.result.as_ref().map_or(scan.body.span, |r| r.span);
        let names = || scan.states.iter().map(|(n, _)| n.name.clone()).collect::<Vec<Symbol>>();
        let values = match result {
            Value::Unknown => return None,
            Value::Tuple(values) if values.len() == scan.states.len() => values,
            Value::Tuple(values) => {
                let mistake = Mistake::ScanCount {
                    states: scan.states.len(),
                    found: format!("{}", values.len()),
                    names: names(),
                };
                self.mistake(at, &mistake);
                return None;
            }
            value if scan.states.len() == 1 => vec![value],
            Value::Tensor(_) | Value::Number(_) => {
                let mistake = Mistake::ScanCount { states: scan.states.len(), found: "one".into(), names: names() };
                self.mistake(at, &mistake);
                return None;
            }
            other => {
                let found = other.describe();
                self.mistake(at, &Mistake::ScanCount { states: scan.states.len(), found, names: names() });
                return None;
            }
        };
        let mut next = Vec::with_capacity(values.len());
        let mut sound = true;
        for ((name, start), value) in scan.states.iter().zip(&values) {
            let Some(tensor) = self.as_tensor(value, at) else {
                sound = false;
                continue;
            };
            let fits = self.builder.shapes_fit(&start.shape, &tensor.shape);
            if fits && start.kind.to_string() == tensor.kind.to_string() {
                next.push(tensor);
                continue;
            }
            sound = false;
            // Where the parts of a tuple are written, each its own.
            let span = if matches!(value, Value::Tensor(_)) { tensor.span } else { at };
            let rewritable = tensor.kind.is_float() && start.kind.is_float() && !tensor.shape.is_empty();
            let mistake = Mistake::ScanState {
                name: name.name.clone(),
                state: start.show(),
                next: tensor.show(),
                start: start.span,
                zeros: rewritable && self.sources.text(start.span).starts_with("zeros"),
            };
            self.mistake(span, &mistake);
        }
        sound.then_some(next)
    }
}
