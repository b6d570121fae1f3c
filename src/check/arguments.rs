//! Arguments: positional first, then by name, each evaluated as its parameter wants it.

use super::checker::{Checker, NamedKind};
use super::mistake::Mistake;
use super::value::{Definition, Frame, Stage, Value, show_number};
use crate::build::{StateScope, Tensor};
use crate::catalog::{self, ArgValue, Args, Default, EntryKind, InitSpec, Param, ParamType};
use crate::diagnostics::nearest;
use crate::ir::dim::Dim;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Symbol};
use std::rc::Rc;

/// The arguments of a call.
pub(super) struct Bound {
    pub args: Args,
    /// Required ones that were not given.
    pub missing: Vec<&'static Param>,
    /// All arguments as numbers, in order, where every tensor among them is a compile-time number.
    pub numbers: Option<Vec<f64>>,
}

impl Checker<'_> {
    /// Matches arguments with parameters. `None` where an argument is unknown or a mistake was told.
    pub fn bind_arguments(
        &mut self,
        callee: &str,
        params: &'static [Param],
        given: &[Arg],
        piped: Option<Value>,
        span: Span,
        frame: &mut Frame,
    ) -> Option<Bound> {
        let slots = self.match_arguments(callee, params, given, usize::from(piped.is_some()))?;
        let mut args = Args::new();
        let mut missing = Vec::new();
        let mut is_known = true;
        let mut raw: Vec<(&'static Param, Value, Span)> = Vec::new();
        // The tensor first: `axis: T` is a name in its shape.
        for (i, param) in params.iter().enumerate() {
            if !matches!(param.ty, ParamType::Tensor | ParamType::Tensors) {
                continue;
            }
            match (i == 0, &piped, slots.get(i).copied().flatten()) {
                (true, Some(value), _) => raw.push((param, value.clone(), value_span(value).unwrap_or(span))),
                (_, _, Some(arg)) => {
                    let value = self.expression(&arg.value, frame);
                    raw.push((param, value, arg.value.span));
                }
                _ => {}
            }
        }
        let mut numbers: Option<Vec<f64>> = Some(Vec::new());
        let tensor_is_number = |v: &Value| matches!(v, Value::Number(_));
        let all_numbers = !raw.is_empty() && raw.iter().all(|(_, v, _)| tensor_is_number(v));
        for (i, param) in params.iter().enumerate() {
            if let Some((_, value, at)) = raw.iter().find(|(p, ..)| std::ptr::eq(*p, param)).cloned() {
                if all_numbers && let (Some(list), Value::Number(n)) = (&mut numbers, &value) {
                    list.push(*n);
                }
                match self.tensor_argument(callee, param, value, at) {
                    Some(value) => args.set(param.name, value, Some(at)),
                    None => is_known = false,
                }
                continue;
            }
            let value = match slots.get(i).copied().flatten() {
                Some(arg) => {
                    let shape: Option<Tensor> = args.tensors().next().cloned();
                    match self.argument(callee, param, &param.ty, &arg.value, shape.as_ref(), frame) {
                        Some(value) => {
                            args.set(param.name, value, Some(arg.value.span));
                            args.get(param.name).clone()
                        }
                        None => {
                            is_known = false;
                            continue;
                        }
                    }
                }
                None => match param.default {
                    Default::Required => {
                        missing.push(param);
                        continue;
                    }
                    Default::Value(text) => {
                        // A default may be another argument: the stride of a pool is its kernel.
                        let value = match params.iter().find(|p| p.name == text) {
                            Some(other) => args.get(other.name).clone(),
                            None => default_value(&param.ty, text),
                        };
                        args.set(param.name, value.clone(), None);
                        value
                    }
                },
            };
            match value {
                ArgValue::Number(n) => {
                    if let Some(list) = &mut numbers {
                        list.push(n);
                    }
                }
                ArgValue::None => {}
                _ => numbers = None,
            }
        }
        let numbers = numbers.filter(|_| all_numbers && missing.is_empty());
        is_known.then_some(Bound { args, missing, numbers })
    }

    /// Which argument goes to which parameter; the first `taken` parameters have theirs from the pipe.
    fn match_arguments<'a>(
        &mut self,
        callee: &str,
        params: &'static [Param],
        given: &'a [Arg],
        taken: usize,
    ) -> Option<Vec<Option<&'a Arg>>> {
        let mut slots: Vec<Option<&Arg>> = vec![None; params.len()];
        let mut next = taken;
        let mut is_fine = true;
        let known = || params.iter().map(|p| p.name.to_owned()).collect::<Vec<_>>();
        for arg in given {
            let index = match &arg.name {
                None => {
                    next += 1;
                    next - 1
                }
                Some(name) => match params.iter().position(|p| p.name == &*name.name) {
                    Some(index) => index,
                    None => {
                        let near = nearest(&name.name, params.iter().map(|p| p.name)).map(str::to_owned);
                        let (callee, name_) = (callee.to_owned(), name.name.clone());
                        let mistake = Mistake::UnknownArgument { callee, name: name_, nearest: near, known: known() };
                        self.mistake(name.span, &mistake);
                        is_fine = false;
                        continue;
                    }
                },
            };
            match slots.get_mut(index) {
                None => {
                    let positional = given.iter().filter(|a| a.name.is_none()).count();
                    let takes = params.len() - taken;
                    let (callee, given) = (callee.to_owned(), positional);
                    self.mistake(arg.span(), &Mistake::TooManyArguments { callee, takes, given, known: known() });
                    return None;
                }
                Some(slot @ None) if index >= taken => *slot = Some(arg),
                Some(slot) => {
                    let first = slot.map_or(arg.span(), Arg::span);
                    let name = params.get(index).map_or("", |p| p.name).to_owned();
                    self.mistake(arg.span(), &Mistake::RepeatedArgument { callee: callee.to_owned(), name, first });
                    is_fine = false;
                }
            }
        }
        is_fine.then_some(slots)
    }

    fn tensor_argument(&mut self, callee: &str, param: &'static Param, value: Value, span: Span) -> Option<ArgValue> {
        match (&param.ty, value) {
            (_, Value::Unknown) => None,
            (ParamType::Tensors, Value::List(items) | Value::Tuple(items)) => {
                let mut tensors = Vec::new();
                for item in &items {
                    tensors.push(self.as_tensor(item, value_span(item).unwrap_or(span))?);
                }
                Some(ArgValue::Tensors(tensors))
            }
            (ParamType::Tensors, other) => {
                let (callee, param) = (callee.to_owned(), param.name.to_owned());
                let wanted = "a list of tensors, `[a, b]`".to_owned();
                self.mistake(span, &Mistake::ArgumentType { callee, param, wanted, found: other.describe() });
                None
            }
            (_, value @ (Value::Tensor(_) | Value::Number(_) | Value::Size(_) | Value::Bool(_) | Value::List(_))) => {
                let mut tensor = self.as_tensor(&value, span)?;
                if !matches!(value, Value::Tensor(_)) {
                    tensor.span = span;
                }
                Some(ArgValue::Tensor(tensor))
            }
            (_, other) => {
                let (callee, param) = (callee.to_owned(), param.name.to_owned());
                let wanted = "a tensor".to_owned();
                self.mistake(span, &Mistake::ArgumentType { callee, param, wanted, found: other.describe() });
                None
            }
        }
    }

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
        match ty {
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
                    self.mistake(expr.span, &Mistake::NotASize { number: size.to_string() });
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
                                    self.mistake(item.span, &Mistake::NotASize { number: size.to_string() });
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
            // Only the declarations of data have these, and `data_block.rs` reads theirs.
            ParamType::Texts | ParamType::Names | ParamType::Rows | ParamType::Table => None,
        }
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
            ParamType::Texts | ParamType::Names | ParamType::Rows | ParamType::Table => false,
        }
    }

    fn axis_argument(&mut self, expr: &Expr, tensor: Option<&Tensor>, frame: &mut Frame) -> Option<i64> {
        if let ExprKind::Name(name) = &expr.unparenthesized().kind
            && let Some(dim) = frame.dims.get(name).cloned()
        {
            let tensor = tensor?;
            let places: Vec<usize> =
                tensor.shape.iter().enumerate().filter(|(_, d)| **d == dim).map(|(i, _)| i).collect();
            return match places.as_slice() {
                [axis] => Some(*axis as i64),
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
            let mistake = Mistake::ForeignName { name: name.to_string(), framework, ours: entry.name };
            return self.mistake(span, &mistake);
        }
        if let Some(other) = catalog::entries().find(|e| e.name == &**name) {
            return self.mistake(span, &Mistake::WrongKind { name: name.to_string(), is: other.kind(), wanted });
        }
        let known: Vec<String> = catalog::entries().filter(|e| e.kind() == kind).map(|e| e.name.to_owned()).collect();
        let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        self.mistake(span, &Mistake::UnknownName { name: name.clone(), wanted, nearest: near, known })
    }

    /// The hypers of a call of a block.
    pub fn bind_hypers(
        &mut self,
        definition: &Rc<Definition>,
        given: &[Arg],
        span: Span,
        frame: &mut Frame,
    ) -> Option<Vec<(Symbol, Value)>> {
        let callee = definition.function.name.name.to_string();
        let params = definition.function.hypers.as_deref().unwrap_or_default();
        let known: Vec<String> = params.iter().map(|p| p.name.name.to_string()).collect();
        let mut values: Vec<Option<(Value, Span)>> = vec![None; params.len()];
        let mut next = 0;
        let mut is_fine = true;
        for arg in given {
            let index = match &arg.name {
                None => {
                    next += 1;
                    next - 1
                }
                Some(name) => match known.iter().position(|k| *k == *name.name) {
                    Some(index) => index,
                    None => {
                        let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
                        let mistake = Mistake::UnknownArgument {
                            callee: callee.clone(),
                            name: name.name.clone(),
                            nearest: near,
                            known: known.clone(),
                        };
                        self.mistake(name.span, &mistake);
                        is_fine = false;
                        continue;
                    }
                },
            };
            let value = self.expression(&arg.value, frame);
            match values.get_mut(index) {
                None => {
                    let given = given.iter().filter(|a| a.name.is_none()).count();
                    let mistake = Mistake::TooManyArguments {
                        callee: callee.clone(),
                        takes: params.len(),
                        given,
                        known: known.clone(),
                    };
                    self.mistake(arg.span(), &mistake);
                    return None;
                }
                Some(Some((_, first))) => {
                    let (first, name) = (*first, known.get(index).cloned().unwrap_or_default());
                    self.mistake(arg.span(), &Mistake::RepeatedArgument { callee: callee.clone(), name, first });
                    is_fine = false;
                }
                Some(slot) => *slot = Some((value, arg.span())),
            }
        }
        // Defaults may use the hypers before them.
        let mut home = Frame::new(definition.module, StateScope::default());
        let mut bound = Vec::new();
        for (param, value) in params.iter().zip(values) {
            let value = match (value, &param.default) {
                (Some((value, _)), _) => value,
                (None, Some(default)) => self.expression(default, &mut home),
                (None, None) => {
                    let (callee, param_name) = (callee.clone(), param.name.name.to_string());
                    self.mistake(span, &Mistake::MissingArgument { callee, param: param_name, doc: String::new() });
                    is_fine = false;
                    Value::Unknown
                }
            };
            home.bind(&param.name.name, value.clone());
            bound.push((param.name.name.clone(), value));
        }
        is_fine.then_some(bound)
    }
}

fn value_span(value: &Value) -> Option<Span> {
    match value {
        Value::Tensor(t) => Some(t.span),
        Value::Stage(stage) => match &**stage {
            Stage::Layer(l) => Some(l.span),
            Stage::Block(b) => Some(b.span),
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
        | ParamType::Texts
        | ParamType::Names
        | ParamType::Rows
        | ParamType::Table => ArgValue::None,
    }
}
