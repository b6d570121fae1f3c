//! Metrics: their declarations, and the operands they take from the loss.

use super::checker::Checker;
use super::found_settings::Found;
use super::mistake::Mistake;
use super::program::Metric;
use super::value::{Frame, Value};
use crate::build::{Kind, Problem, StateScope, Tensor};
use crate::catalog::{self, Args, Body, Default, Entry, EntryKind, MetricContext, Param, Task};
use crate::data::FieldType;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Pattern, StatementKind, Symbol, Train};

/// A call of a catalog loss in a loss.
pub(super) struct LossCall<'a> {
    pub entry: &'static Entry,
    pub task: Task,
    pub prediction: &'a Expr,
    pub target: &'a Expr,
    pub args: &'a [Arg],
}

type Fields = [(Symbol, Option<FieldType>, Span)];

/// What a loss is logged as: itself and its terms.
fn logged_by_loss(loss: Option<&Expr>) -> impl Iterator<Item = (Symbol, Span)> {
    let terms = loss.into_iter().flat_map(|loss| match &loss.kind {
        ExprKind::Record(entries) => entries.as_slice(),
        _ => &[],
    });
    let names = terms.filter_map(|entry| match &entry.key.kind {
        ExprKind::Name(name) => Some((name.clone(), entry.key.span)),
        _ => None,
    });
    loss.map(|loss| (Symbol::from("loss"), loss.span)).into_iter().chain(names)
}

impl Checker<'_> {
    /// The calls of catalog losses in a loss, with their operands. Those that take an operand from a pipe are not
    /// among them: it has no expression of its own.
    pub fn loss_calls<'a>(&self, loss: &'a Expr, frame: &Frame) -> Vec<LossCall<'a>> {
        let mut calls: Vec<(&'a Expr, &'a [Arg], &'static Entry)> = Vec::new();
        walk(loss, &mut |expr| {
            if let ExprKind::Call { callee, args, .. } = &expr.kind
                && let ExprKind::Name(name) = &callee.kind
                && frame.lookup_stage(name).is_none()
                && let Some(entry) = catalog::find(name, &[EntryKind::Loss])
            {
                calls.push((expr, args.as_slice(), entry));
            }
        });
        calls
            .into_iter()
            .filter_map(|(_, args, entry)| {
                let Body::Loss { operands, task, .. } = entry.body else { return None };
                let operand = |name: &str| -> Option<&'a Expr> {
                    let named = args.iter().find(|a| a.name.as_ref().is_some_and(|n| &*n.name == name));
                    let position = entry.params.iter().position(|p| p.name == name)?;
                    let positional = || args.iter().filter(|a| a.name.is_none()).nth(position);
                    named.or_else(positional).map(|a| &a.value)
                };
                Some(LossCall { entry, task, prediction: operand(operands.0)?, target: operand(operands.1)?, args })
            })
            .collect()
    }

    /// The setting `metrics`. `None` where a mistake was told.
    pub fn metrics(&mut self, found: &Found<'_>, frame: &mut Frame, fields: &Fields) -> Option<Vec<Metric>> {
        let Some(setting) = found.setting("metrics") else { return Some(Vec::new()) };
        let items = match &setting.kind {
            ExprKind::List(items) => items.iter().collect(),
            ExprKind::Error => return None,
            _ => vec![setting],
        };
        let loss = found.setting("loss");
        let mut metrics: Vec<Metric> = Vec::new();
        let mut is_fine = true;
        for item in items {
            let (name, expr) = match &item.kind {
                ExprKind::Named { name, value } => (Some(name.name.clone()), &**value),
                _ => (None, item),
            };
            match self.metric(name, expr, loss, frame, fields) {
                Some(metric) => {
                    // The loss and its terms are logged beside the metrics.
                    let logged = || logged_by_loss(loss).find(|(n, _)| *n == metric.name).map(|(_, span)| span);
                    let first = metrics.iter().find(|m| m.name == metric.name).map(|m| m.span).or_else(logged);
                    if let Some(first) = first {
                        let mistake = Mistake::Duplicate { name: metric.name.clone(), what: "measure", first };
                        self.mistake(item.span, &mistake);
                        is_fine = false;
                        continue;
                    }
                    metrics.push(metric);
                }
                None => is_fine = false,
            }
        }
        is_fine.then_some(metrics)
    }

    /// Tells of functions that there are not in a loss that cannot be built, for the model is wrong.
    pub fn loss_names(&mut self, found: &Found<'_>, train: &Train) {
        let Some(loss) = found.setting("loss") else { return };
        let frame = Frame::new(found.module, StateScope::default());
        let is_let = |name: &Symbol| {
            train.statements.iter().any(|s| match &s.kind {
                StatementKind::Let(binding) => match &binding.pattern {
                    Pattern::Name(ident) => ident.name == *name,
                    Pattern::Tuple(names, _) => names.iter().any(|n| n.name == *name),
                },
                _ => false,
            })
        };
        let mut unknown: Vec<(&Symbol, Span)> = Vec::new();
        walk(loss, &mut |expr| {
            if let ExprKind::Call { callee, .. } = &expr.kind
                && let ExprKind::Name(name) = &callee.kind
                && catalog::entries().all(|e| e.name != &**name)
                && !is_let(name)
            {
                unknown.push((name, callee.span));
            }
        });
        for (name, span) in unknown {
            if !self.modules.get(found.module).is_some_and(|m| m.names.contains_key(name)) {
                self.unknown_name(name, span, "layer or function", &frame);
            }
        }
    }

    /// Tells of metrics that there are not, where a mistake elsewhere keeps them from being built.
    pub fn metric_names(&mut self, found: &Found<'_>) {
        let Some(setting) = found.setting("metrics") else { return };
        let items = match &setting.kind {
            ExprKind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(setting),
        };
        for item in items {
            let expr = match &item.kind {
                ExprKind::Named { value, .. } => value,
                _ => item,
            };
            let callee = match &expr.kind {
                ExprKind::Call { callee, .. } => callee,
                _ => expr,
            };
            if let ExprKind::Name(name) = &callee.kind
                && catalog::find(name, &[EntryKind::Metric]).is_none()
            {
                self.unknown_entry(name, callee.span, EntryKind::Metric, "metric");
            }
        }
    }

    fn metric(
        &mut self,
        name: Option<Symbol>,
        expr: &Expr,
        loss: Option<&Expr>,
        frame: &mut Frame,
        fields: &Fields,
    ) -> Option<Metric> {
        let (word, args, word_span): (&Symbol, &[Arg], Span) = match &expr.kind {
            ExprKind::Name(name) => (name, &[], expr.span),
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) => (name, args, callee.span),
                _ => return self.not_a_metric(expr.span),
            },
            ExprKind::Error => return None,
            ExprKind::String(text) => {
                self.named_in_quotes(text, expr.span, EntryKind::Metric, "a metric".to_owned());
                return None;
            }
            _ => return self.not_a_metric(expr.span),
        };
        let Some(entry) = catalog::find(word, &[EntryKind::Metric]) else {
            self.unknown_entry(word, word_span, EntryKind::Metric, "metric");
            return None;
        };
        let own = entry.params;
        let is_tensor = |p: &&'static Param| matches!(p.ty, catalog::ParamType::Tensor | catalog::ParamType::Tensors);
        let settings: Vec<&'static Param> = own.iter().filter(|p| !is_tensor(p)).collect();
        let (operands, mut rest) = self.metric_operands(entry, args, frame);
        let candidates: Vec<LossCall<'_>> = match operands.as_slice() {
            [Some(prediction), Some(target)] => {
                let Body::Metric(definition) = &entry.body else { return None };
                vec![LossCall { entry, task: definition.task, prediction, target, args: &[] }]
            }
            [None, None] => {
                let calls = loss.map(|l| self.loss_calls(l, frame)).unwrap_or_default();
                let task = match &entry.body {
                    Body::Metric(definition) => definition.task,
                    _ => return None,
                };
                calls.into_iter().filter(|c| c.task == task).collect()
            }
            _ => {
                let missing = operands.iter().position(Option::is_none).unwrap_or(1);
                let param = own.get(missing).map_or("target", |p| p.name).to_owned();
                let doc = ["what the model says", "what the prediction is compared with"][missing.min(1)].to_owned();
                let callee = entry.name.to_owned();
                self.mistake(expr.span, &Mistake::MissingArgument { callee, param, doc });
                return None;
            }
        };
        // What the loss says of its operands holds for the metric too: the axis of the classes, what is ignored.
        if let [only] = candidates.as_slice() {
            for arg in only.args {
                let Some(name) = &arg.name else { continue };
                let is_common = settings.iter().any(|p| p.name == &*name.name && ["axis", "ignore"].contains(&p.name));
                if is_common && rest.iter().all(|r| r.name.as_ref().is_none_or(|n| n.name != name.name)) {
                    rest.push(arg.clone());
                }
            }
        }
        let args = self.metric_arguments(entry, &settings, &rest, expr.span, frame)?;
        let candidates: Vec<(&Expr, &Expr)> = candidates.into_iter().map(|c| (c.prediction, c.target)).collect();
        let metric = entry.name.to_owned();
        let mut fitting = Vec::new();
        let mut problems: Vec<(Problem, Tensor, Tensor)> = Vec::new();
        for (prediction, target) in &candidates {
            let p = self.expression(prediction, frame);
            let t = self.expression(target, frame);
            if matches!((&p, &t), (Value::Unknown, _) | (_, Value::Unknown)) {
                return None;
            }
            let (Some(p), Some(t)) = (self.as_tensor(&p, prediction.span), self.as_tensor(&t, target.span)) else {
                return None;
            };
            let Body::Metric(definition) = &entry.body else { return None };
            self.builder.span = expr.span;
            match (definition.build)(&mut self.builder, &args, &p, &t) {
                Ok(built) => fitting.push((built, t, *target)),
                Err(problem) => problems.push((problem, p, t)),
            }
        }
        let (built, target, target_expr) = match (fitting.len(), problems.into_iter().next()) {
            (1, _) => fitting.pop()?,
            (0, Some((problem, p, t))) if candidates.len() == 1 => {
                let operands = vec![(p.span, p.show()), (t.span, t.show())];
                let site = self.call_site(entry.name, expr.span, operands, Vec::new());
                self.problem(&problem, &site);
                return None;
            }
            (0, None) => {
                let reason = "the loss has no call that it could take them from";
                self.mistake(expr.span, &Mistake::MetricOperands { metric, reason });
                return None;
            }
            (0, Some(_)) => {
                self.mistake(expr.span, &Mistake::MetricOperands { metric, reason: "no call in the loss fits it" });
                return None;
            }
            _ => {
                self.mistake(
                    expr.span,
                    &Mistake::MetricOperands { metric, reason: "several calls in the loss fit it" },
                );
                return None;
            }
        };
        let (built, positions) = match self.builder.ragged_operands(&built) {
            Ok(operands) => operands,
            Err(problem) => {
                let operands = vec![(target.span, target.show())];
                let site = self.call_site(entry.name, expr.span, operands, Vec::new());
                self.problem(&problem, &site);
                return None;
            }
        };
        let (class_count, classes) = match &target.kind {
            Kind::Class { count, names } => (count.as_constant().unwrap_or(0).max(0) as usize, names.clone()),
            _ => (0, None),
        };
        let target_field = match &target_expr.kind {
            ExprKind::Name(name) => fields.iter().find(|(f, ..)| f == name).map(|(f, ..)| f.clone()),
            _ => None,
        };
        Some(Metric {
            name: name.unwrap_or_else(|| entry.name.into()),
            entry,
            args,
            operands: built.iter().map(|t| t.node).collect(),
            positions,
            target_field,
            context: MetricContext { classes, class_count, units: Vec::new() },
            span: expr.span,
        })
    }

    /// `f1(logits, species)`: the two operands stand in front of the arguments, or have their names; `f1` alone and
    /// `top_k(5)` take them from the loss.
    fn metric_operands<'a>(
        &mut self,
        entry: &'static Entry,
        args: &'a [Arg],
        frame: &mut Frame,
    ) -> ([Option<&'a Expr>; 2], Vec<Arg>) {
        let mut operands = [None, None];
        let mut rest: Vec<Arg> = Vec::new();
        let first = args.iter().find(|a| a.name.is_none());
        let begins_with_number = first.is_some_and(|a| {
            let value = self.quietly(|c| c.expression(&a.value, frame));
            matches!(value, Value::Number(_) | Value::Size(_))
        });
        let mut next = if begins_with_number { operands.len() } else { 0 };
        for arg in args {
            let place = match &arg.name {
                Some(name) => entry.params.iter().take(operands.len()).position(|p| p.name == &*name.name),
                None => {
                    next += 1;
                    Some(next - 1)
                }
            };
            match place.and_then(|place| operands.get_mut(place)) {
                Some(operand @ None) => *operand = Some(&arg.value),
                _ => rest.push(arg.clone()),
            }
        }
        (operands, rest)
    }

    fn metric_arguments(
        &mut self,
        entry: &'static Entry,
        settings: &[&'static Param],
        given: &[Arg],
        span: Span,
        frame: &mut Frame,
    ) -> Option<Args> {
        let mut args = Args::new();
        let mut next = 0;
        for arg in given {
            let param = match &arg.name {
                Some(name) => settings.iter().find(|p| p.name == &*name.name),
                None => {
                    next += 1;
                    settings.get(next - 1)
                }
            };
            let known: Vec<String> = settings.iter().map(|p| p.name.to_owned()).collect();
            match param {
                Some(param) => {
                    let value = self.argument(entry.name, param, &param.ty, &arg.value, None, frame)?;
                    args.set(param.name, value, Some(arg.value.span));
                }
                None => {
                    let callee = entry.name.to_owned();
                    let mistake = match &arg.name {
                        Some(name) => {
                            let near = crate::diagnostics::nearest(&name.name, known.iter().map(String::as_str));
                            let nearest = near.map(str::to_owned);
                            Mistake::UnknownArgument { callee, name: name.name.clone(), nearest, known }
                        }
                        None => Mistake::TooManyArguments { callee, takes: known.len(), given: given.len(), known },
                    };
                    self.mistake(arg.span(), &mistake);
                    return None;
                }
            }
        }
        for param in settings {
            if args.is_given(param.name) {
                continue;
            }
            match param.default {
                Default::Value(text) => {
                    args.set(param.name, super::argument_value::default_value(&param.ty, text), None)
                }
                Default::Required => {
                    let (callee, doc) = (entry.name.to_owned(), param.doc.to_owned());
                    self.mistake(span, &Mistake::MissingArgument { callee, param: param.name.into(), doc });
                    return None;
                }
            }
        }
        Some(args)
    }

    fn not_a_metric(&mut self, span: Span) -> Option<Metric> {
        let wanted = "a metric, such as `accuracy` or `f1(logits, species)`".to_owned();
        self.mistake(span, &Mistake::Type { wanted, found: "something else".into() });
        None
    }
}

/// Visits a loss and its parts, as far as a call of a loss may stand in them.
fn walk<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Paren(inner) => walk(inner, visit),
        ExprKind::Unary { operand, .. } => walk(operand, visit),
        ExprKind::Binary { left, right, .. } => {
            walk(left, visit);
            walk(right, visit);
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|a| walk(&a.value, visit)),
        ExprKind::Pipe { input, stage } => {
            walk(input, visit);
            walk(stage, visit);
        }
        ExprKind::Record(entries) => entries.iter().for_each(|e| walk(&e.value, visit)),
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|i| walk(i, visit)),
        _ => {}
    }
}
