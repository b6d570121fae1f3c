//! `expect`: facts about the program and its training.

use super::checker::{Checker, NamedKind};
use super::mistake::Mistake;
use super::program::{Fact, FactExpr, Train};
use super::value::{Frame, Value};
use crate::build::StateScope;
use crate::catalog::Body;
use crate::data::Split;
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOperator, Expr, ExprKind, StatementKind, UnaryOperator};

/// What a part of a fact is.
#[derive(PartialEq, Clone, Copy)]
pub(super) enum Sort {
    Number,
    Truth,
}

/// The facts that a name may be.
const FACTS: &[&str] =
    &["parameters", "memory", "seconds", "train", "validation", "test", "overfits", "gradients_match", "causal"];

impl Checker<'_> {
    /// The facts of an `expect` block.
    pub fn facts(&mut self, expect: &ast::Expect, trains: &[Train], module: usize) -> Vec<Fact> {
        let mut facts = Vec::new();
        for statement in &expect.statements {
            let StatementKind::Expression(expr) = &statement.kind else { continue };
            if trains.is_empty() {
                let has_train = self.modules.get(module).is_some_and(|m| {
                    m.ast.items.iter().any(|i| matches!(i.kind, ast::ItemKind::Train(_) | ast::ItemKind::Error))
                });
                // A train with mistakes is one, and they have been told.
                if !has_train {
                    self.mistake(expr.span, &Mistake::NoTrain);
                }
                return facts;
            }
            let mut about = None;
            let found = self.fact(expr, trains, &mut about, module);
            match found {
                Some((expression, Sort::Truth)) => {
                    let text = self.sources.text(expr.span).split_whitespace().collect::<Vec<_>>().join(" ");
                    facts.push(Fact { text, expression, train: about.unwrap_or(trains.len() - 1), span: expr.span });
                }
                Some((_, Sort::Number)) => {
                    let (wanted, found) = ("a fact: something that holds or does not", "a number");
                    self.mistake(expr.span, &Mistake::FactType { wanted, found });
                }
                None => {}
            }
        }
        facts
    }

    fn fact(
        &mut self,
        expr: &Expr,
        trains: &[Train],
        about: &mut Option<usize>,
        module: usize,
    ) -> Option<(FactExpr, Sort)> {
        let number = |e: FactExpr| Some((e, Sort::Number));
        match &expr.kind {
            ExprKind::Paren(inner) => self.fact(inner, trains, about, module),
            ExprKind::Unary { op, operand } => {
                let (wanted, sort) = match op {
                    UnaryOperator::Negate => ("a number", Sort::Number),
                    UnaryOperator::Not => ("a fact", Sort::Truth),
                };
                let inner = self.fact_of(operand, trains, about, module, sort, wanted)?;
                Some((
                    match op {
                        UnaryOperator::Negate => FactExpr::Negate(Box::new(inner)),
                        UnaryOperator::Not => FactExpr::Not(Box::new(inner)),
                    },
                    sort,
                ))
            }
            ExprKind::Binary { op, left, right, op_span } => {
                let (operands, result, wanted) = match op {
                    BinaryOperator::And | BinaryOperator::Or => (Sort::Truth, Sort::Truth, "a fact"),
                    BinaryOperator::Add
                    | BinaryOperator::Subtract
                    | BinaryOperator::Multiply
                    | BinaryOperator::Divide
                    | BinaryOperator::Power => (Sort::Number, Sort::Number, "a number"),
                    BinaryOperator::Equal
                    | BinaryOperator::NotEqual
                    | BinaryOperator::Less
                    | BinaryOperator::LessEqual
                    | BinaryOperator::Greater
                    | BinaryOperator::GreaterEqual => (Sort::Number, Sort::Truth, "a number"),
                    BinaryOperator::MatrixMultiply | BinaryOperator::Then => {
                        let (left, right) = ("a number".to_owned(), "a number".to_owned());
                        self.mistake(*op_span, &Mistake::Operands { operator: op.text(), left, right });
                        return None;
                    }
                };
                let l = self.fact_of(left, trains, about, module, operands, wanted);
                let r = self.fact_of(right, trains, about, module, operands, wanted);
                let (l, r) = (l?, r?);
                if let (Sort::Number, Sort::Truth) = (operands, result) {
                    let train = trains.get(about.unwrap_or(trains.len() - 1))?;
                    self.share_beyond_one((&l, left), (&r, right), train)?;
                    self.share_beyond_one((&r, right), (&l, left), train)?;
                }
                Some((FactExpr::Binary(*op, Box::new(l), Box::new(r)), result))
            }
            ExprKind::Name(name) => match &**name {
                "parameters" => number(FactExpr::Parameters),
                "memory" => number(FactExpr::Memory),
                "seconds" => number(FactExpr::Seconds),
                "overfits" => Some((FactExpr::Overfits { batch: 8 }, Sort::Truth)),
                "gradients_match" => Some((FactExpr::GradientsMatch { tolerance: 1e-4 }, Sort::Truth)),
                _ => match split_of(name, trains, self) {
                    Some(split) => {
                        let name = name.to_string();
                        let (nearest, known) = (None, Vec::new());
                        self.mistake(expr.span, &Mistake::UnknownFact { name, nearest, known, split: Some(split) });
                        None
                    }
                    None => self.constant_fact(expr, module),
                },
            },
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) if matches!(&**name, "overfits" | "gradients_match") => {
                    let key = if &**name == "overfits" { "batch" } else { "tolerance" };
                    let value = self.fact_argument(name, key, args, expr.span, module)?;
                    if &**name == "overfits" {
                        if value < 1.0 || value.fract() != 0.0 {
                            self.mistake(expr.span, &Mistake::NotASize { number: value.to_string(), hole: false });
                            return None;
                        }
                        return Some((FactExpr::Overfits { batch: value as usize }, Sort::Truth));
                    }
                    Some((FactExpr::GradientsMatch { tolerance: value }, Sort::Truth))
                }
                ExprKind::Name(name) if &**name == "causal" => self.causal_fact(args, expr.span, trains, about),
                ExprKind::Field { base, name } => match &base.kind {
                    // `Model.overfits(batch: 8)`
                    ExprKind::Name(model) if trains.iter().any(|t| t.name == *model) => {
                        self.pick_train(model, base.span, trains, about)?;
                        let inner = Expr {
                            kind: ExprKind::Call {
                                callee: Box::new(Expr { kind: ExprKind::Name(name.name.clone()), span: name.span }),
                                args: args.clone(),
                                args_span: expr.span,
                            },
                            span: expr.span,
                        };
                        self.fact(&inner, trains, about, module)
                    }
                    ExprKind::Name(word) => self.unknown_fact(word, base.span),
                    _ => self.unknown_fact(self.sources.text(callee.span).to_owned().as_str(), callee.span),
                },
                ExprKind::Name(name) => {
                    let known = crate::catalog::find(name, &[crate::catalog::EntryKind::Function]).is_some();
                    if known { self.constant_fact(expr, module) } else { self.unknown_fact(name, callee.span) }
                }
                _ => self.unknown_fact("this call", callee.span),
            },
            ExprKind::Field { base, name } => self.measure_fact(base, name, expr.span, trains, about, module),
            ExprKind::Error => None,
            _ => self.constant_fact(expr, module),
        }
    }

    fn fact_of(
        &mut self,
        expr: &Expr,
        trains: &[Train],
        about: &mut Option<usize>,
        module: usize,
        sort: Sort,
        wanted: &'static str,
    ) -> Option<FactExpr> {
        let (fact, found) = self.fact(expr, trains, about, module)?;
        if found != sort {
            let found = if found == Sort::Number { "a number" } else { "a fact" };
            self.mistake(expr.span, &Mistake::FactType { wanted, found });
            return None;
        }
        Some(fact)
    }

    /// Tells of a share, which is at most 1, that is compared with a number of percents. `None` where it is.
    fn share_beyond_one(
        &mut self,
        (measure, place): (&FactExpr, &Expr),
        (bound, written): (&FactExpr, &Expr),
        train: &Train,
    ) -> Option<()> {
        let (FactExpr::Measure(_, name), FactExpr::Number(number)) = (measure, bound) else { return Some(()) };
        let metric = train.evaluation.metrics.iter().find(|metric| metric.name == *name);
        let is_share = metric.is_some_and(|m| matches!(m.entry.body, Body::Metric(metric) if metric.is_share));
        if !is_share || *number <= 1.0 {
            return Some(());
        }
        let percent = matches!(written.kind, ExprKind::Number(_)) && *number <= 100.0;
        let measure = self.sources.text(place.span).to_owned();
        let percent = percent.then(|| format!("{}%", self.sources.text(written.span)));
        self.mistake(written.span, &Mistake::ShareBeyondOne { measure, place: place.span, percent });
        None
    }

    /// A number known at compile time.
    fn constant_fact(&mut self, expr: &Expr, module: usize) -> Option<(FactExpr, Sort)> {
        if let ExprKind::Name(name) = &expr.kind
            && !self.modules.get(module).is_some_and(|m| m.names.contains_key(name))
        {
            return self.unknown_fact(name, expr.span);
        }
        let mut frame = Frame::new(module, StateScope::default());
        match self.expression(expr, &mut frame) {
            Value::Number(n) => Some((FactExpr::Number(n), Sort::Number)),
            Value::Unknown => None,
            _ => {
                let (wanted, found) = ("a number", "something else");
                self.mistake(expr.span, &Mistake::FactType { wanted, found });
                None
            }
        }
    }

    fn fact_argument(&mut self, name: &str, key: &str, args: &[ast::Arg], span: Span, module: usize) -> Option<f64> {
        let mut frame = Frame::new(module, StateScope::default());
        match args {
            [arg] if arg.name.as_ref().is_none_or(|n| &*n.name == key) => {
                match self.expression(&arg.value, &mut frame) {
                    Value::Number(n) if n > 0.0 && n.is_finite() => Some(n),
                    Value::Unknown => None,
                    other => {
                        let wanted = "a number above 0".to_owned();
                        self.mistake(arg.value.span, &Mistake::Type { wanted, found: other.describe() });
                        None
                    }
                }
            }
            [] => Some(if key == "batch" { 8.0 } else { 1e-4 }),
            [arg, ..] => {
                let bad = args.iter().find(|a| a.name.as_ref().is_some_and(|n| &*n.name != key)).unwrap_or(arg);
                let known = vec![key.to_owned()];
                let given = args.len();
                match &bad.name {
                    Some(n) => {
                        let near = nearest(&n.name, [key]).map(str::to_owned);
                        let (callee, name) = (name.to_owned(), n.name.clone());
                        self.mistake(n.span, &Mistake::UnknownArgument { callee, name, nearest: near, known });
                    }
                    None => {
                        let callee = name.to_owned();
                        self.mistake(span, &Mistake::TooManyArguments { callee, takes: 1, given, known });
                    }
                }
                None
            }
        }
    }

    /// `test.accuracy`, `Model.test.accuracy`, `Model.parameters`
    fn measure_fact(
        &mut self,
        base: &Expr,
        name: &ast::Ident,
        span: Span,
        trains: &[Train],
        about: &mut Option<usize>,
        module: usize,
    ) -> Option<(FactExpr, Sort)> {
        if let ExprKind::Field { base: model, name: split } = &base.kind {
            let ExprKind::Name(model_name) = &model.kind else {
                return self.unknown_fact("this", span);
            };
            self.pick_train(model_name, model.span, trains, about)?;
            let inner = Expr { kind: ExprKind::Name(split.name.clone()), span: split.span };
            return self.measure_fact(&inner, name, span, trains, about, module);
        }
        let ExprKind::Name(word) = &base.kind else { return self.unknown_fact("this", span) };
        let Some(split) = super::data_split::share_split(word) else {
            if trains.iter().any(|t| t.name == *word) {
                self.pick_train(word, base.span, trains, about)?;
                let inner = Expr { kind: ExprKind::Name(name.name.clone()), span: name.span };
                return self.fact(&inner, trains, about, module);
            }
            return self.unknown_fact(word, base.span);
        };
        let train = trains.get(about.unwrap_or(trains.len() - 1))?;
        // Without a validation split, `validation` is the training split in evaluation mode: but not in a fact.
        self.has_split(split, base.span, train.data)?;
        let _ = Split::Train;
        let known: Vec<String> = std::iter::once("loss".to_owned())
            .chain(train.evaluation.terms.iter().map(|(n, _)| n.to_string()))
            .chain(train.evaluation.metrics.iter().map(|m| m.name.to_string()))
            .collect();
        if !known.iter().any(|k| **k == *name.name) {
            let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
            self.mistake(name.span, &Mistake::UnknownMeasure { name: name.name.to_string(), nearest: near, known });
            return None;
        }
        Some((FactExpr::Measure(split, name.name.clone()), Sort::Number))
    }

    fn pick_train(
        &mut self,
        model: &ast::Symbol,
        span: Span,
        trains: &[Train],
        about: &mut Option<usize>,
    ) -> Option<()> {
        match trains.iter().rposition(|t| t.name == *model) {
            Some(index) => {
                *about = Some(index);
                Some(())
            }
            None => {
                self.unknown_fact(model, span);
                None
            }
        }
    }

    /// Whether this is a model, and one of the trains names none: it may be meant there.
    fn is_trained_by_mistake(&self, name: &str) -> bool {
        let Some(module) = self.modules.first() else { return false };
        let is_model = |name: &str| module.names.get(name).is_some_and(|n| matches!(n.kind, NamedKind::Model(..)));
        let names_none = |item: &ast::Item| match &item.kind {
            ast::ItemKind::Train(train) => train.model.last().is_some_and(|model| !is_model(&model.name)),
            _ => false,
        };
        is_model(name) && module.ast.items.iter().any(names_none)
    }

    fn unknown_fact(&mut self, name: &str, span: Span) -> Option<(FactExpr, Sort)> {
        // A train with mistakes is one, and they have been told.
        let given = |item: &ast::Item| match &item.kind {
            ast::ItemKind::Train(train) => train.model.last().is_some_and(|model| *model.name == *name),
            _ => false,
        };
        let ast = self.modules.first().map(|m| m.ast.clone());
        if ast.is_some_and(|ast| ast.items.iter().any(given)) || self.is_trained_by_mistake(name) {
            return None;
        }
        let models = self.modules.iter().flat_map(|m| m.ast.items.iter()).filter_map(|item| match &item.kind {
            ast::ItemKind::Train(train) => train.model.last().map(|model| &*model.name),
            _ => None,
        });
        let near = nearest(name, FACTS.iter().copied().chain(models)).map(str::to_owned);
        let known = FACTS.iter().map(|f| (*f).to_owned()).collect();
        self.mistake(span, &Mistake::UnknownFact { name: name.to_owned(), nearest: near, known, split: None });
        None
    }
}

/// The split that a measure without one is probably meant to be of: the last that the data has.
fn split_of(name: &str, trains: &[Train], checker: &Checker<'_>) -> Option<&'static str> {
    let train = trains.last()?;
    let is_measured = name == "loss" || train.evaluation.metrics.iter().any(|m| &*m.name == name);
    let data = checker.data.get(train.data)?;
    let splits = [(Split::Test, "test"), (Split::Validation, "validation")];
    let held = splits.into_iter().find(|(split, _)| data.description.examples(*split).is_some_and(|n| n > 0));
    is_measured.then(|| held.map_or("train", |(_, word)| word))
}
