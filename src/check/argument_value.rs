//! One argument: evaluated as its parameter wants it.

use super::checker::{Checker, NamedKind};
use super::mistake::Mistake;
use super::value::{Frame, Value, show_number};
use crate::build::Tensor;
use crate::catalog::{self, ArgValue, Default, EntryKind, InitSpec, Param, ParamType};
use crate::diagnostics::nearest;
use crate::ir::dim::Dim;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Symbol};

impl Checker<'_> {
    /// An argument as its parameter wants it.
    pub fn argument(
        &mut self,
        callee: &str,
        param: &'static Param,
        ty: &'static ParamType,
        expr: &Expr,
        tensor: Option<&Tensor>,
        frame: &mut Frame,
    ) -> Option<ArgValue> {
        let wrong = |checker: &mut Self, found: String| {
            let (callee, param) = (callee.to_owned(), param.name.to_owned());
            let wanted = describe_type(ty);
            checker.mistake(expr.span, &Mistake::ArgumentType { callee, param, wanted, found });
            None
        };
        if let Some(number) = self.one_for_each_axis(ty, expr) {
            let (callee, param) = (callee.to_owned(), param.name.to_owned());
            let number_ = number.to_string();
            self.mistake(expr.span, &Mistake::OneForEachAxis { callee, param, number: number_ });
            let size = Dim::constant(number);
            return Some(ArgValue::Dim(size));
        }
        if let ExprKind::String(text) = &expr.kind
            && let Some((instead, meant)) = word_in_quotes(ty, param, text)
        {
            let (callee, param, text) = (callee.to_owned(), param.name.to_owned(), text.clone());
            self.mistake(expr.span, &Mistake::WordInQuotes { callee, param, text, instead: instead.to_owned() });
            return meant;
        }
        match ty {
            // `padding: valid`: a name that nothing has can only be meant as a choice.
            ParamType::OneOf(types)
                if let ExprKind::Name(name) = &expr.kind
                    && !types.iter().any(|t| self.suits(t, expr, frame))
                    && let Some(choices) = choices_of(types)
                    && frame.lookup(name).is_none()
                    && !self.modules[frame.module].names.contains_key(name)
                    && (nearest(name, choices.iter().copied()).is_some() || &**name == "valid") =>
            {
                let mistake = Mistake::ArgumentChoice {
                    callee: callee.to_owned(),
                    param: param.name.to_owned(),
                    choices: choices.iter().map(|c| (*c).to_owned()).collect(),
                    found: name.to_string(),
                    nearest: nearest(name, choices.iter().copied()).map(str::to_owned),
                };
                self.mistake(expr.span, &mistake);
                None
            }
            ParamType::OneOf(types) => {
                let chosen = types.iter().find(|t| self.suits(t, expr, frame));
                match chosen {
                    Some(ty) => self.argument(callee, param, ty, expr, tensor, frame),
                    None => match self.expression(expr, frame) {
                        Value::Unknown => None,
                        other => wrong(self, other.describe()),
                    },
                }
            }
            ParamType::Choice(choices) => match &expr.kind {
                ExprKind::Name(name) => match choices.iter().find(|c| **c == &**name) {
                    Some(choice) => Some(ArgValue::Choice(choice)),
                    None => {
                        let near = nearest(name, choices.iter().copied()).map(str::to_owned);
                        let mistake = Mistake::ArgumentChoice {
                            callee: callee.to_owned(),
                            param: param.name.to_owned(),
                            choices: choices.iter().map(|c| (*c).to_owned()).collect(),
                            found: name.to_string(),
                            nearest: near,
                        };
                        self.mistake(expr.span, &mistake);
                        None
                    }
                },
                ExprKind::None if choices.contains(&"none") => Some(ArgValue::Choice("none")),
                _ => match self.expression(expr, frame) {
                    Value::Unknown => None,
                    other => wrong(self, other.describe()),
                },
            },
            ParamType::Size => {
                let size = self.size_expression(expr, frame)?;
                if size.as_constant().is_some_and(|n| n < 1) {
                    self.mistake(expr.span, &Mistake::NotASize { number: size.to_string(), hole: false });
                    return None;
                }
                Some(ArgValue::Dim(size))
            }
            ParamType::Whole { min, max } => {
                let size = self.size_expression(expr, frame)?;
                match size.as_constant() {
                    Some(n) if n < *min || n > *max => {
                        let (callee, found) = (callee.to_owned(), n.to_string());
                        self.mistake(expr.span, &Mistake::ArgumentBounds { callee, param, found });
                        None
                    }
                    _ => Some(ArgValue::Dim(size)),
                }
            }
            ParamType::Number(bounds) => match self.expression(expr, frame) {
                Value::Number(n) if bounds.contain(n) => Some(ArgValue::Number(n)),
                Value::Number(n) => {
                    let (callee, found) = (callee.to_owned(), show_number(n));
                    self.mistake(expr.span, &Mistake::ArgumentBounds { callee, param, found });
                    None
                }
                Value::Unknown | Value::Size(_) => None,
                other => wrong(self, other.describe()),
            },
            ParamType::Bool => match self.expression(expr, frame) {
                Value::Bool(b) => Some(ArgValue::Bool(b)),
                Value::Unknown => None,
                other => wrong(self, other.describe()),
            },
            ParamType::Text => match self.expression(expr, frame) {
                Value::Text(text) => Some(ArgValue::Text(text)),
                Value::Unknown => None,
                other => wrong(self, other.describe()),
            },
            ParamType::Duration => match self.expression(expr, frame) {
                Value::Duration(d) => Some(ArgValue::Duration(d)),
                Value::Unknown => None,
                other => wrong(self, other.describe()),
            },
            ParamType::Shape { hole } => match &expr.unparenthesized().kind {
                ExprKind::List(items) => {
                    let mut shape = Vec::new();
                    for item in items {
                        match item.kind {
                            ExprKind::Hole if *hole => shape.push(None),
                            _ => {
                                let size = self.size_expression(item, frame)?;
                                if size.as_constant().is_some_and(|n| n < 1) {
                                    self.mistake(
                                        item.span,
                                        &Mistake::NotASize { number: size.to_string(), hole: *hole },
                                    );
                                    return None;
                                }
                                shape.push(Some(size));
                            }
                        }
                    }
                    Some(ArgValue::Shape(shape))
                }
                _ => match self.expression(expr, frame) {
                    Value::Unknown => None,
                    Value::List(items) => {
                        let sizes: Option<Vec<Option<Dim>>> =
                            items.iter().map(|i| self.as_size(i, expr).map(Some)).collect();
                        sizes.map(ArgValue::Shape)
                    }
                    other => wrong(self, other.describe()),
                },
            },
            ParamType::Axis => self.axis_argument(expr, tensor, frame).map(ArgValue::Axis),
            ParamType::Axes => match &expr.unparenthesized().kind {
                ExprKind::List(items) => {
                    let mut axes = Vec::new();
                    for item in items {
                        axes.push(self.axis_argument(item, tensor, frame)?);
                    }
                    Some(ArgValue::Axes(axes))
                }
                _ => self.axis_argument(expr, tensor, frame).map(|a| ArgValue::Axes(vec![a])),
            },
            ParamType::Init
                if matches!(expr.kind, ExprKind::None) && matches!(param.default, Default::Value("none")) =>
            {
                Some(ArgValue::None)
            }
            ParamType::Init => self.init_argument(expr, frame).map(ArgValue::Init),
            ParamType::Numbers => match self.expression(expr, frame) {
                Value::List(items) => {
                    let mut numbers = Vec::new();
                    for item in &items {
                        match item {
                            Value::Number(n) => numbers.push(*n),
                            Value::Unknown => return None,
                            other => return wrong(self, format!("a list with {}", other.describe())),
                        }
                    }
                    Some(ArgValue::Numbers(numbers))
                }
                Value::None if matches!(param.default, Default::Value("none")) => Some(ArgValue::None),
                Value::Unknown => None,
                other => wrong(self, other.describe()),
            },
            ParamType::Range => match &expr.unparenthesized().kind {
                ExprKind::Range { start: Some(start), end: Some(end) } => {
                    match (self.expression(start, frame), self.expression(end, frame)) {
                        (Value::Number(a), Value::Number(b)) => Some(ArgValue::Range(a, b)),
                        (Value::Unknown, _) | (_, Value::Unknown) => None,
                        (a, b) => wrong(self, format!("a range from {} to {}", a.describe(), b.describe())),
                    }
                }
                _ => match self.expression(expr, frame) {
                    Value::Unknown => None,
                    other => wrong(self, other.describe()),
                },
            },
            ParamType::Tensor | ParamType::Tensors => {
                let value = self.expression(expr, frame);
                self.tensor_argument(callee, param, value, expr.span)
            }
            ParamType::Weights => self.weights_argument(callee, param, expr).map(ArgValue::Tensors),
            // Bound one by one, by the names that the caller chose.
            ParamType::NamedSizes => None,
            // Only the declarations of data have these, and `data_block.rs` reads theirs.
            ParamType::Texts | ParamType::Names | ParamType::Rows | ParamType::Table => None,
        }
    }

    /// The number of `(3, 3)`, where one number is wanted.
    fn one_for_each_axis(&self, ty: &ParamType, expr: &Expr) -> Option<i64> {
        let takes_number = |ty: &ParamType| matches!(ty, ParamType::Size | ParamType::Whole { .. });
        // A list is right where a shape is taken, a tuple never.
        let is_list = matches!(expr.kind, ExprKind::List(_));
        let takes_list = |ty: &ParamType| match ty {
            ParamType::Shape { .. } => is_list,
            ty => matches!(ty, ParamType::Numbers | ParamType::Axes),
        };
        let types: &[ParamType] = match ty {
            ParamType::OneOf(types) => types,
            ty => std::slice::from_ref(ty),
        };
        if !types.iter().any(takes_number) || types.iter().any(takes_list) {
            return None;
        }
        let (ExprKind::Tuple(items) | ExprKind::List(items)) = &expr.kind else { return None };
        let mut numbers = items.iter().map(|item| match &item.kind {
            ExprKind::Number(n) if n.value.fract() == 0.0 && n.value >= 0.0 && n.value < 1e9 => Some(n.value as i64),
            _ => None,
        });
        let first = numbers.next()??;
        numbers.all(|n| n == Some(first)).then_some(first)
    }

    /// Whether an expression looks like what a type of a [`ParamType::OneOf`] takes.
    fn suits(&mut self, ty: &ParamType, expr: &Expr, frame: &mut Frame) -> bool {
        let expr = expr.unparenthesized();
        let named = |checker: &Self, name: &Symbol| {
            frame.lookup(name).map(|b| b.value.clone()).or_else(|| {
                match checker.modules[frame.module].names.get(name).map(|n| n.kind.clone()) {
                    Some(NamedKind::HyperValue(value)) => Some(value),
                    // Most hypers are numbers; one that is not is told when it is evaluated.
                    Some(NamedKind::Hyper(..)) => Some(Value::Number(1.0)),
                    _ => None,
                }
            })
        };
        match ty {
            ParamType::Choice(choices) => match &expr.kind {
                ExprKind::Name(name) => choices.contains(&&**name),
                ExprKind::None => choices.contains(&"none"),
                _ => false,
            },
            ParamType::Size | ParamType::Whole { .. } | ParamType::Number(_) | ParamType::Axis => match &expr.kind {
                ExprKind::Number(_) | ExprKind::Binary { .. } | ExprKind::Unary { .. } | ExprKind::Field { .. } => true,
                ExprKind::Call { .. } => !matches!(ty, ParamType::Axis),
                ExprKind::Name(name) => {
                    matches!(ty, ParamType::Axis) && frame.dims.contains_key(name)
                        || matches!(named(self, name), Some(Value::Number(_) | Value::Size(_) | Value::Unknown))
                }
                _ => false,
            },
            ParamType::Bool => matches!(expr.kind, ExprKind::Bool(_)),
            ParamType::Text => matches!(expr.kind, ExprKind::String(_)),
            ParamType::Duration => matches!(expr.kind, ExprKind::Duration { .. }),
            ParamType::Range => matches!(expr.kind, ExprKind::Range { .. }),
            ParamType::Shape { .. } | ParamType::Numbers | ParamType::Axes | ParamType::Tensors => match &expr.kind {
                ExprKind::List(_) => true,
                ExprKind::None => matches!(ty, ParamType::Numbers),
                ExprKind::Name(name) => matches!(named(self, name), Some(Value::List(_))),
                _ => false,
            },
            ParamType::Init => match &expr.kind {
                ExprKind::Name(name) => catalog::find(name, &[EntryKind::Initializer]).is_some(),
                ExprKind::Call { callee, .. } => match &callee.kind {
                    ExprKind::Name(name) => catalog::find(name, &[EntryKind::Initializer]).is_some(),
                    _ => false,
                },
                _ => false,
            },
            ParamType::Tensor => match &expr.kind {
                ExprKind::Name(name) => matches!(named(self, name), Some(Value::Tensor(_))),
                ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Bool(_) => false,
                _ => true,
            },
            ParamType::OneOf(types) => types.iter().any(|t| self.suits(t, expr, frame)),
            ParamType::NamedSizes
            | ParamType::Weights
            | ParamType::Texts
            | ParamType::Names
            | ParamType::Rows
            | ParamType::Table => false,
        }
    }

    /// Which axis an expression means where all dimensions of the signature differ.
    fn axis_by_name(&mut self, span: Span, frame: &Frame) -> Option<usize> {
        // `[D, D]` is ambiguous however large D is: then looking again would find the same question.
        if !self.axes.contains_key(&span) && !std::mem::replace(&mut self.is_naming_axes, true) {
            if let Some(definition) = frame.definition.clone() {
                self.quietly(|c| c.alone(&definition));
            }
            self.is_naming_axes = false;
        }
        self.axes.get(&span).copied()
    }

    fn axis_argument(&mut self, expr: &Expr, tensor: Option<&Tensor>, frame: &mut Frame) -> Option<i64> {
        if let ExprKind::Name(name) = &expr.unparenthesized().kind
            && let Some(dim) = frame.dims.get(name).cloned()
        {
            // A hyper of a block that is checked by itself is a number that is not known yet.
            if matches!(frame.lookup(name).map(|b| &b.value), Some(Value::Unknown)) {
                return None;
            }
            let tensor = tensor?;
            let places: Vec<usize> =
                tensor.shape.iter().enumerate().filter(|(_, d)| **d == dim).map(|(i, _)| i).collect();
            return match places.as_slice() {
                [axis] => {
                    if self.builder.generic {
                        self.axes.insert(expr.span, *axis);
                    }
                    Some(*axis as i64)
                }
                // Two dimensions that happen to be equal here: their names tell them apart.
                [_, ..] if let Some(axis) = self.axis_by_name(expr.span, frame) => Some(axis as i64),
                _ => {
                    let problem = crate::build::Problem::AxisName {
                        name: name.clone(),
                        times: places.len(),
                        shape: tensor.shape.clone(),
                    };
                    let operands = vec![(tensor.span, tensor.show())];
                    let site = self.call_site("axis", expr.span, operands, Vec::new());
                    self.problem(&problem, &site);
                    None
                }
            };
        }
        match self.expression(expr, frame) {
            Value::Number(n) if n.fract() == 0.0 && n.abs() < 1e6 => Some(n as i64),
            Value::Unknown | Value::Size(_) => None,
            other => {
                let wanted = "an axis: a whole number or the name of a dimension".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: other.describe() });
                None
            }
        }
    }

    /// `zeros`, `normal(std: 0.02)`
    pub fn init_argument(&mut self, expr: &Expr, frame: &mut Frame) -> Option<InitSpec> {
        let (name, args, span) = match &expr.unparenthesized().kind {
            ExprKind::Name(name) => (name, &[] as &[Arg], expr.span),
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) => (name, args.as_slice(), callee.span),
                _ => {
                    let wanted = "initial weights, such as `zeros` or `normal(std: 0.02)`".to_owned();
                    self.mistake(expr.span, &Mistake::Type { wanted, found: "another call".into() });
                    return None;
                }
            },
            ExprKind::Error => return None,
            _ => {
                let wanted = "initial weights, such as `zeros` or `normal(std: 0.02)`".to_owned();
                let found = match self.expression(expr, frame) {
                    Value::Unknown => return None,
                    other => other.describe(),
                };
                self.mistake(expr.span, &Mistake::Type { wanted, found });
                return None;
            }
        };
        let Some(entry) = catalog::find(name, &[EntryKind::Initializer]) else {
            self.unknown_entry(name, span, EntryKind::Initializer, "initializer");
            return None;
        };
        let bound = self.bind_arguments(entry.name, entry.params, args, None, expr.span, frame)?;
        if let Some(param) = bound.missing.first() {
            let (callee, doc) = (entry.name.to_owned(), param.doc.to_owned());
            self.mistake(expr.span, &Mistake::MissingArgument { callee, param: param.name.into(), doc });
            return None;
        }
        Some(InitSpec { entry, args: bound.args })
    }

    /// Tells that no entry of this kind has the name.
    pub fn unknown_entry(&mut self, name: &Symbol, span: Span, kind: EntryKind, wanted: &'static str) -> Value {
        if let Some((entry, framework)) = catalog::find_elsewhere(name).filter(|(e, _)| e.kind() == kind) {
            let framework = self.module_of(span).unwrap_or(framework);
            let mistake =
                Mistake::ForeignName { name: self.shown(name, span), framework, ours: entry.name, drop: None };
            return self.mistake(span, &mistake);
        }
        if let Some(other) = catalog::entries().find(|e| e.name == &**name) {
            return self.mistake(span, &Mistake::WrongKind { name: name.to_string(), is: other.kind(), wanted });
        }
        let known: Vec<String> = catalog::entries().filter(|e| e.kind() == kind).map(|e| e.name.to_owned()).collect();
        let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        self.mistake(span, &Mistake::UnknownName { name: name.clone(), wanted, nearest: near, known, unnamed: None })
    }
}

/// The choices among several types.
fn choices_of(types: &'static [ParamType]) -> Option<&'static [&'static str]> {
    types.iter().find_map(|ty| match ty {
        ParamType::Choice(choices) => Some(*choices),
        _ => None,
    })
}

/// What a text in quotes would be as a word, and the value of that where it has one.
fn word_in_quotes(ty: &'static ParamType, param: &Param, text: &str) -> Option<(&'static str, Option<ArgValue>)> {
    match ty {
        ParamType::OneOf(types) if types.iter().any(|t| matches!(t, ParamType::Text | ParamType::Texts)) => None,
        ParamType::OneOf(types) => types.iter().find_map(|ty| word_in_quotes(ty, param, text)),
        ParamType::Choice(_) if text == "valid" && param.name == "padding" => {
            Some(("0", Some(ArgValue::Dim(Dim::constant(0)))))
        }
        ParamType::Choice(choices) => {
            let choice = choices.iter().find(|c| c.eq_ignore_ascii_case(text))?;
            Some((choice, Some(ArgValue::Choice(choice))))
        }
        ParamType::Init => {
            let elsewhere =
                || catalog::find_elsewhere(text).map(|(e, _)| e).filter(|e| e.kind() == EntryKind::Initializer);
            let entry = catalog::find(text, &[EntryKind::Initializer]).or_else(elsewhere)?;
            Some((entry.name, None))
        }
        ParamType::Bool => match text {
            "true" | "True" => Some(("true", Some(ArgValue::Bool(true)))),
            "false" | "False" => Some(("false", Some(ArgValue::Bool(false)))),
            _ => None,
        },
        _ => None,
    }
}

/// What a parameter takes, as a phrase.
pub(super) fn describe_type(ty: &ParamType) -> String {
    match ty {
        ParamType::Tensor => "a tensor".into(),
        ParamType::Tensors => "a list of tensors, `[a, b]`".into(),
        ParamType::Size => "a size".into(),
        ParamType::Whole { .. } => "a whole number".into(),
        ParamType::Number(_) => "a number".into(),
        ParamType::Bool => "`true` or `false`".into(),
        ParamType::Choice(choices) => {
            let quoted: Vec<String> = choices.iter().map(|c| format!("`{c}`")).collect();
            quoted.join(" or ")
        }
        ParamType::Text => "a string".into(),
        ParamType::Shape { .. } => "a shape, `[8, 8]`".into(),
        ParamType::Axis => "an axis".into(),
        ParamType::Axes => "an axis or a list of axes".into(),
        ParamType::Init => "initial weights, such as `zeros` or `normal(std: 0.02)`".into(),
        ParamType::Numbers => "a list of numbers".into(),
        ParamType::Duration => "a duration, such as `5 epochs` or `100 steps`".into(),
        ParamType::Range => "a range, such as `0 .. 1`".into(),
        ParamType::Texts => "a path or a list of paths, in quotes".into(),
        ParamType::NamedSizes => "sizes by name, `h: 4`".into(),
        ParamType::Weights => "`weights`, or the path of a weight or layer".into(),
        ParamType::Names => "the name of a column or a list of them".into(),
        ParamType::Rows => "a list of rows".into(),
        ParamType::Table => "a table".into(),
        ParamType::OneOf(types) => {
            let all: Vec<String> = types.iter().map(describe_type).collect();
            all.join(" or ")
        }
    }
}

/// A default as its declaration writes it.
pub(super) fn default_value(ty: &ParamType, text: &str) -> ArgValue {
    let number = text.parse::<f64>().ok();
    match ty {
        ParamType::OneOf(types) => types
            .iter()
            .map(|t| default_value(t, text))
            .find(|v| !matches!(v, ArgValue::None))
            .unwrap_or(ArgValue::None),
        ParamType::Choice(choices) => {
            choices.iter().find(|c| **c == text).map_or(ArgValue::None, |c| ArgValue::Choice(c))
        }
        ParamType::Bool => match text {
            "true" => ArgValue::Bool(true),
            "false" => ArgValue::Bool(false),
            _ => ArgValue::None,
        },
        ParamType::Size | ParamType::Whole { .. } => {
            number.map_or(ArgValue::None, |n| ArgValue::Dim(Dim::constant(n as i64)))
        }
        ParamType::Number(_) => number.map_or(ArgValue::None, ArgValue::Number),
        ParamType::Axis => number.map_or(ArgValue::None, |n| ArgValue::Axis(n as i64)),
        ParamType::Axes => number.map_or(ArgValue::None, |n| ArgValue::Axes(vec![n as i64])),
        ParamType::Numbers => {
            let inner = text.trim().strip_prefix('[').and_then(|t| t.strip_suffix(']'));
            let numbers: Option<Vec<f64>> = inner.and_then(|t| t.split(',').map(|n| n.trim().parse().ok()).collect());
            numbers.map_or(ArgValue::None, ArgValue::Numbers)
        }
        ParamType::Text if text != "none" => ArgValue::Text(text.trim_matches('"').into()),
        ParamType::Text
        | ParamType::Tensor
        | ParamType::Tensors
        | ParamType::Shape { .. }
        | ParamType::Init
        | ParamType::Duration
        | ParamType::Range
        | ParamType::NamedSizes
        | ParamType::Weights
        | ParamType::Texts
        | ParamType::Names
        | ParamType::Rows
        | ParamType::Table => ArgValue::None,
    }
}
