//! `residual { stage }`: the input added to what a stage makes of it, and what is offered where their shapes differ.

use super::apply::stage_span;
use super::checker::Checker;
use super::mistake::Mistake;
use super::provenance::{Application, Source, clashing, sizes_of};
use super::regions::RegionKind;
use super::value::{Frame, Stage, Value};
use crate::build::words::diagnostic as problem_diagnostic;
use crate::build::{Problem, Tensor};
use crate::diagnostics::{Diagnostic, Edit, nearest};
use crate::ir::dim::Dim;
use crate::source::Span;
use crate::syntax::ast::{Arg, Body};
use std::rc::Rc;

impl Checker<'_> {
    /// `residual { stage }`, `residual(shortcut: stage) { stage }`
    pub fn residual_stage(&mut self, args: &[Arg], body: &Body, span: Span, frame: &mut Frame) -> Value {
        let mut shortcut = None;
        for arg in args {
            match &arg.name {
                Some(name) if &*name.name == "shortcut" => match self.expression(&arg.value, frame) {
                    Value::Stage(stage) => shortcut = Some(stage),
                    Value::Unknown => return Value::Unknown,
                    other => return self.mistake(arg.value.span, &Mistake::NotAStage { found: other.describe() }),
                },
                _ => {
                    let name = arg.name.as_ref().map_or_else(|| "this argument".into(), |n| n.name.clone());
                    let known = vec!["shortcut".to_owned()];
                    let callee = "residual".to_owned();
                    let near = nearest(&name, ["shortcut"]).map(str::to_owned);
                    let at = arg.name.as_ref().map_or(arg.span(), |n| n.span);
                    let mistake = Mistake::UnknownArgument { callee, name, nearest: near, known };
                    return self.mistake(at, &mistake);
                }
            }
        }
        match self.body_stage(body, frame) {
            Value::Stage(inner) => Value::Stage(Rc::new(Stage::Residual { inner, shortcut, span })),
            Value::Unknown => Value::Unknown,
            other => {
                let at = body.result.as_ref().map_or(body.span, |r| r.span);
                self.mistake(at, &Mistake::NotAStage { found: other.describe() })
            }
        }
    }

    /// `x + inner(x)`
    pub fn apply_residual(
        &mut self,
        inner: &Rc<Stage>,
        shortcut: Option<&Rc<Stage>>,
        tensors: &[Tensor],
        span: Span,
        frame: &mut Frame,
    ) -> Value {
        let Some(x) = tensors.first() else { return Value::Unknown };
        let region = self.open_region();
        let first_state = self.builder.graph.states.len();
        let result = self.apply_unnoted(inner, vec![Value::Tensor(x.clone())], span, frame);
        // A single stage within the braces has a place of its own; that of the residual is noted with its sum.
        if let Some(at) = stage_span(inner) {
            self.note_stage(at, inner, &result, first_state);
        }
        let carried = match shortcut {
            Some(stage) => self.apply_unnoted(stage, vec![Value::Tensor(x.clone())], span, frame),
            None => Value::Tensor(x.clone()),
        };
        let (Value::Tensor(result), Value::Tensor(carried)) = (result, carried) else { return Value::Unknown };
        if !self.builder.shapes_fit(&carried.shape, &result.shape) {
            return self.residual_clash(shortcut, &carried, &result, span);
        }
        self.builder.span = span;
        let built = self.builder.add(&carried, &result);
        self.close_region(region, RegionKind::Residual, "".into(), span);
        self.settle(built, "residual", span, &[&carried, &result])
    }

    fn residual_clash(&mut self, shortcut: Option<&Rc<Stage>>, carried: &Tensor, result: &Tensor, span: Span) -> Value {
        let problem = Problem::Broadcast { left: carried.shape.clone(), right: result.shape.clone() };
        let sizes = sizes_of(&problem, &[carried, result]);
        let of_result: Vec<Source> =
            sizes.iter().filter(|(t, _)| t.node == result.node).map(|(t, axis)| self.source(t, *axis)).collect();
        // What stands behind the last change of a size hands it on, and is not where to look.
        let changed: Vec<Span> = of_result.iter().flat_map(|s| s.changes.last()).map(|c| c.span).collect();
        let at = match changed.as_slice() {
            [first, ..] if first.lies_in(span) && shortcut.is_none() => *first,
            _ => result.span,
        };
        let operands = vec![(carried.span, carried.show()), (at, result.show())];
        let mut diagnostic = problem_diagnostic(&problem, &self.call_site("residual", span, operands, Vec::new()));
        diagnostic.notes.clear();
        diagnostic = self.with_sources(diagnostic, &sizes);
        if shortcut.is_none() {
            diagnostic = self.with_residual_fixes(diagnostic, carried, result, span, &of_result);
        }
        let diagnostic = self.with_calls(diagnostic);
        self.report(diagnostic);
        Value::Unknown
    }

    /// The ways to give a residual's stage the shape of its input, or its input that of the stage.
    fn with_residual_fixes(
        &self,
        diagnostic: Diagnostic,
        carried: &Tensor,
        result: &Tensor,
        span: Span,
        of_result: &[Source],
    ) -> Diagnostic {
        let mut diagnostic = diagnostic;
        let clashes = clashing(&carried.shape, &result.shape);
        let mut edits: Option<Vec<Edit>> = Some(Vec::new());
        let mut titles: Vec<String> = Vec::new();
        // Convolutions that only lack padding.
        let changes = || of_result.iter().flat_map(|s| &s.changes);
        let since = carried.node.index();
        let mut layers: Vec<Span> = changes().filter(|c| c.node.index() > since).map(|c| c.span).collect();
        layers.sort();
        layers.dedup();
        let can_keep = changes().filter(|c| c.node.index() > since).all(|c| c.can_keep)
            && layers.iter().all(|l| self.application_at(*l).is_some_and(Application::is_convolution));
        let padded = clashes.iter().zip(of_result).filter(|(_, s)| !s.changes.is_empty());
        let is_padding_enough = padded.clone().count() > 0 && can_keep;
        if padded.count() > 0 {
            edits = edits.filter(|_| can_keep).and_then(|mut all| {
                all.extend(self.padded(&layers)?);
                Some(all)
            });
            titles.push("keep the size with `padding: same`".to_owned());
        }
        for ((a, _), source) in clashes.iter().zip(of_result).filter(|(_, s)| s.changes.is_empty()) {
            let wanted = carried.shape.get(*a).cloned().unwrap_or_default();
            edits = match (edits, self.resized(source, &wanted)) {
                (Some(mut all), Some((title, edit))) => {
                    titles.push(title);
                    all.push(edit);
                    Some(all)
                }
                _ => None,
            };
        }
        if let (Some(edits), false) = (edits.filter(|e| !e.is_empty()), carried.rank() != result.rank()) {
            diagnostic.help.clear();
            diagnostic = diagnostic.fix_all(titles.join(", and "), edits);
        } else if is_padding_enough {
            diagnostic = diagnostic.help("keep the size with `padding: same`");
        }
        if let Some(layer) = self.shortcut(carried, result, span)
            && !is_padding_enough
            && self.repeats == 0
            && self.may_give(span, &result.shape)
            && self.sources.text(span).starts_with("residual")
        {
            let word = "residual".len();
            let start = span.start as usize + word;
            diagnostic.help.clear();
            let title = format!("let the input change along: `residual(shortcut: {layer})`");
            diagnostic = diagnostic.fix(title, Span::new(span.file, start, start), format!("(shortcut: {layer})"));
        }
        diagnostic
    }

    /// `padding: same` in every one of these layers, where that is all they need to keep a size.
    fn padded(&self, layers: &[Span]) -> Option<Vec<Edit>> {
        let edit = |span: &Span| {
            let application = self.application_at(*span)?;
            match application.given.iter().find(|(name, _)| *name == "padding") {
                Some((_, given)) => Some(Edit { span: given.span, text: "same".into() }),
                None => self.with_argument(*span, "padding", "same"),
            }
        };
        layers.iter().map(edit).collect()
    }

    /// The layer that takes an input to the shape of a residual's result: `Conv2d(64, kernel: 1, stride: 2)`.
    fn shortcut(&self, from: &Tensor, to: &Tensor, residual: Span) -> Option<String> {
        let channels_of = |t: &Tensor, axis: usize| {
            let size = t.shape.get(axis)?;
            self.size_at(size, residual)
        };
        match (from.shape.as_slice(), to.shape.as_slice()) {
            ([_], [_]) => Some(format!("Dense({})", channels_of(to, 0)?)),
            ([a, _], [b, _]) if a == b => Some(format!("Dense({})", channels_of(to, 1)?)),
            ([_, before @ ..], [_, after @ ..]) if before.len() == 2 && after.len() == 2 => {
                let fits = |stride: i64| {
                    before.iter().zip(after).all(|(a, b)| {
                        let places = a.clone() - Dim::constant(1);
                        places.floor_div(&Dim::constant(stride)).map(|n| n + Dim::constant(1)).as_ref() == Some(b)
                    })
                };
                let stride = (1..=8).find(|stride| fits(*stride))?;
                let channels = channels_of(to, 0)?;
                Some(match stride {
                    1 => format!("Conv2d({channels}, kernel: 1)"),
                    _ => format!("Conv2d({channels}, kernel: 1, stride: {stride})"),
                })
            }
            _ => None,
        }
    }
}

impl Application {
    /// Whether it is a convolution.
    fn is_convolution(&self) -> bool {
        self.layer.starts_with("Conv") && !self.layer.contains("Transpose")
    }
}
