//! Arguments: positional first, then by name, each evaluated as its parameter wants it.

use super::argument_value::default_value;
use super::checker::Checker;
use super::given::By;
use super::mistake::{ArgumentMeaning, Mistake};
use super::value::{Binding, BodyPath, BoundHyper, Definition, Frame, Stage, Value, default_scope};
use crate::build::{StateScope, Tensor};
use crate::catalog::{self, ArgValue, Args, Default, EntryKind, Param, ParamType};
use crate::diagnostics::nearest;
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
    /// Matches arguments with parameters; what is piped is the first tensor, or a stage in its place. `None` where an argument is unknown or a mistake was told.
    pub fn bind_arguments(
        &mut self,
        callee: &str,
        params: &'static [Param],
        given: &[Arg],
        piped: Option<Value>,
        span: Span,
        frame: &mut Frame,
    ) -> Option<Bound> {
        let piped_to = piped.as_ref().map(|_| first_tensor(params));
        let (slots, named_sizes) = match self.match_arguments(callee, params, given, piped_to, span) {
            Ok(matched) => matched,
            Err(slots) => {
                self.values_alone(callee, params, &slots, frame);
                return None;
            }
        };
        let mut args = Args::new();
        let mut missing = Vec::new();
        let mut is_known = true;
        let mut raw: Vec<(&'static Param, Value, Span)> = Vec::new();
        // The tensor first: `axis: T` is a name in its shape.
        for (i, param) in params.iter().enumerate() {
            if !matches!(param.ty, ParamType::Tensor | ParamType::Tensors) {
                continue;
            }
            match (piped_to == Some(i), &piped, slots.get(i).copied().flatten()) {
                // What stands before is a stage too: its tensor comes when both are applied.
                (true, Some(Value::Stage(_)), _) => {}
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
            if matches!(param.ty, ParamType::NamedSizes) {
                let mut sizes = Vec::new();
                for (name, arg) in &named_sizes {
                    match self.argument(callee, param, &ParamType::Size, &arg.value, None, frame) {
                        Some(ArgValue::Dim(size)) => sizes.push(((*name).clone(), size)),
                        _ => is_known = false,
                    }
                }
                args.set(param.name, ArgValue::Sizes(sizes), named_sizes.first().map(|(_, arg)| arg.span()));
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

    /// `concat(a, b)`, `permute(1, 0)`: the parameter that is a list, where the arguments for it stand, and those in
    /// brackets.
    fn unbracketed(
        &self,
        params: &'static [Param],
        given: &[Arg],
        taken: Option<usize>,
    ) -> Option<(&'static str, Span, String)> {
        let bare: Vec<&Arg> = given.iter().take_while(|a| a.name.is_none()).collect();
        let at = params
            .iter()
            .position(|p| matches!(p.ty, ParamType::Tensors | ParamType::Shape { .. } | ParamType::Axes))?;
        let param = params.get(at)?;
        let is_tensors = matches!(param.ty, ParamType::Tensors);
        let takes_hole = matches!(param.ty, ParamType::Shape { hole: true });
        // Tensors before the list are given, or come from the pipe.
        let before = at - usize::from(taken.is_some_and(|taken| taken < at));
        let items = bare.get(before..).unwrap_or_default();
        let is_item = |arg: &&Arg| match &arg.value.kind {
            ExprKind::List(_) | ExprKind::String(_) | ExprKind::Error => false,
            ExprKind::Number(_) | ExprKind::Unary { .. } => !is_tensors,
            ExprKind::Name(_) => true,
            _ => is_tensors || matches!(arg.value.kind, ExprKind::Binary { .. } | ExprKind::Field { .. }),
        };
        // A single axis needs no brackets, and what follows it may be another argument.
        let takes_axes_alone = matches!(param.ty, ParamType::Axes) && params.len() > at + 1;
        let [first, .., last] = items else { return None };
        if taken == Some(at) || takes_axes_alone || !items.iter().all(is_item) {
            return None;
        }
        let texts: Vec<&str> = items
            .iter()
            .map(|item| self.sources.text(item.value.span))
            // The size that is left over.
            .map(|text| if takes_hole && text == "-1" { "_" } else { text })
            .collect();
        let whole = first.value.span.to(last.value.span);
        Some((param.name, whole, format!("[{}]", texts.join(", "))))
    }

    /// Which argument goes to which parameter, the one at `taken` having its from the pipe, and the sizes under names
    /// of the caller's choice.
    #[allow(clippy::type_complexity)]
    fn match_arguments<'a>(
        &mut self,
        callee: &str,
        params: &'static [Param],
        given: &'a [Arg],
        taken: Option<usize>,
        span: Span,
    ) -> Result<(Vec<Option<&'a Arg>>, Vec<(&'a Symbol, &'a Arg)>), Vec<Option<&'a Arg>>> {
        // Sizes by name have no position.
        let is_placed = |p: &&Param| !matches!(p.ty, ParamType::NamedSizes);
        let places = params.iter().filter(is_placed).count();
        let mut slots: Vec<Option<&Arg>> = vec![None; places];
        let mut sizes: Vec<(&Symbol, &Arg)> = Vec::new();
        let takes_sizes = places < params.len();
        let mut next = 0;
        let mut is_fine = true;
        let known = || params.iter().map(|p| p.name.to_owned()).collect::<Vec<_>>();
        if let Some((param, whole, instead)) = self.unbracketed(params, given, taken) {
            let (callee, param) = (callee.to_owned(), param.to_owned());
            self.mistake(whole, &Mistake::ListWithoutBrackets { callee, param, instead });
            return Err(slots);
        }
        for (position, arg) in given.iter().enumerate() {
            let index = match &arg.name {
                None => {
                    if taken == Some(next) {
                        next += 1;
                    }
                    next += 1;
                    next - 1
                }
                Some(name) => match params.iter().position(|p| is_placed(&p) && p.name == &*name.name) {
                    Some(index) => index,
                    None if takes_sizes => {
                        match sizes.iter().find(|(n, _)| **n == name.name) {
                            Some((_, first)) => {
                                let (name, first) = (name.name.to_string(), first.span());
                                let callee = callee.to_owned();
                                self.mistake(arg.span(), &Mistake::RepeatedArgument { callee, name, first });
                                is_fine = false;
                            }
                            None => sizes.push((&name.name, arg)),
                        }
                        continue;
                    }
                    None => {
                        let names: Vec<&'static str> = params.iter().map(|p| p.name).collect();
                        is_fine = false;
                        if let Some(mistake) = self.foreign_argument(callee, &names, given, position, span) {
                            self.mistake(name.span, &mistake);
                            // Its value is looked at as that of the argument that is meant.
                            if let Mistake::ForeignArgument { meaning: ArgumentMeaning::Called(ours), .. } = mistake
                                && let Some(slot) = names.iter().position(|n| *n == ours).and_then(|i| slots.get_mut(i))
                            {
                                slot.get_or_insert(arg);
                            }
                            continue;
                        }
                        let near = nearest(&name.name, params.iter().map(|p| p.name)).map(str::to_owned);
                        let (callee, name_) = (callee.to_owned(), name.name.clone());
                        let mistake = Mistake::UnknownArgument { callee, name: name_, nearest: near, known: known() };
                        self.mistake(name.span, &mistake);
                        continue;
                    }
                },
            };
            match slots.get_mut(index) {
                None => {
                    let positional = given.iter().filter(|a| a.name.is_none()).count();
                    let takes = places - usize::from(taken.is_some());
                    let (callee, given) = (callee.to_owned(), positional);
                    self.mistake(arg.span(), &Mistake::TooManyArguments { callee, takes, given, known: known() });
                    return Err(slots);
                }
                Some(slot @ None) if taken != Some(index) => *slot = Some(arg),
                Some(slot) => {
                    let first = slot.map_or(arg.span(), Arg::span);
                    let name = params.get(index).map_or("", |p| p.name).to_owned();
                    self.mistake(arg.span(), &Mistake::RepeatedArgument { callee: callee.to_owned(), name, first });
                    is_fine = false;
                }
            }
        }
        if is_fine { Ok((slots, sizes)) } else { Err(slots) }
    }

    /// Looks at arguments of a call that has others that are wrong, for mistakes of their own.
    fn values_alone(&mut self, callee: &str, params: &'static [Param], slots: &[Option<&Arg>], frame: &mut Frame) {
        for (param, arg) in params.iter().zip(slots) {
            let Some(arg) = arg else { continue };
            match param.ty {
                ParamType::Tensor | ParamType::Tensors => {
                    self.expression(&arg.value, frame);
                }
                ParamType::Axis | ParamType::Axes | ParamType::Weights | ParamType::NamedSizes => {}
                _ => {
                    self.argument(callee, param, &param.ty, &arg.value, None, frame);
                }
            }
        }
    }

    pub fn tensor_argument(
        &mut self,
        callee: &str,
        param: &'static Param,
        value: Value,
        span: Span,
    ) -> Option<ArgValue> {
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

    /// What a hyper of a block is given. `leaky_relu(0.2)` could be the number that the function makes of 0.2; a function
    /// that waits for its tensor is what is meant wherever one can be made of it.
    pub fn hyper_value(&mut self, expr: &Expr, frame: &mut Frame) -> Value {
        if let ExprKind::Call { callee, args, .. } = &expr.unparenthesized().kind
            && let (ExprKind::Name(name), [arg]) = (&callee.kind, args.as_slice())
            && arg.name.is_none()
            && let Some(entry) = catalog::find(name, &[EntryKind::Function])
            && let (Some(first), Some(second)) = (entry.params.first(), entry.params.get(1))
            && matches!(first.ty, ParamType::Tensor)
            && matches!(second.default, Default::Value(_))
            && !matches!(second.ty, ParamType::Tensor | ParamType::Tensors)
            && matches!(self.quietly(|c| c.expression(&arg.value, frame)), Value::Number(_))
        {
            return self.stage_expression(expr, frame);
        }
        self.expression(expr, frame)
    }

    /// The hypers of a call of a block.
    pub fn bind_hypers(
        &mut self,
        definition: &Rc<Definition>,
        given: &[Arg],
        span: Span,
        frame: &mut Frame,
    ) -> Option<Vec<BoundHyper>> {
        let callee = definition.function.name.name.to_string();
        let params = definition.function.hypers.as_deref().unwrap_or_default();
        let known: Vec<String> = params.iter().map(|p| p.name.name.to_string()).collect();
        let mut values: Vec<Option<(Value, &Arg)>> = vec![None; params.len()];
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
            let value = self.hyper_value(&arg.value, frame);
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
                    let (first, name) = (first.span(), known.get(index).cloned().unwrap_or_default());
                    self.mistake(arg.span(), &Mistake::RepeatedArgument { callee: callee.clone(), name, first });
                    is_fine = false;
                }
                Some(slot) => *slot = Some((value, arg)),
            }
        }
        // Defaults may use the hypers before them.
        let mut home = Frame::new(definition.module, StateScope::default());
        let mut bound = Vec::new();
        for (param, value) in params.iter().zip(values) {
            let given = match (&value, &param.default) {
                (Some((_, arg)), _) => Some(self.given(&arg.value, By::Call, frame)),
                (None, Some(default)) => Some(self.given(default, By::Default, &home)),
                (None, None) => None,
            };
            let value = match (value, &param.default) {
                (Some((value, _)), _) => value,
                // A default may call the block that it belongs to.
                (None, Some(default)) => {
                    home.body = BodyPath::new(default_scope());
                    self.in_call(&definition.function.name.name, default.span, |c| c.hyper_value(default, &mut home))
                        .unwrap_or(Value::Unknown)
                }
                // One that is misspelt is not missing, too.
                (None, None) if !is_fine => Value::Unknown,
                (None, None) => {
                    let (callee, param_name) = (callee.clone(), param.name.name.to_string());
                    self.mistake(span, &Mistake::MissingArgument { callee, param: param_name, doc: String::new() });
                    is_fine = false;
                    Value::Unknown
                }
            };
            let name = param.name.name.clone();
            home.bindings.push(Binding { name: name.clone(), value: value.clone(), given: given.clone() });
            bound.push(BoundHyper { name, value, given });
        }
        is_fine.then_some(bound)
    }
}

/// Where what is piped goes: the first tensor, which stands behind the pattern of an `einsum`.
pub(super) fn first_tensor(params: &[Param]) -> usize {
    params.iter().position(|p| matches!(p.ty, ParamType::Tensor | ParamType::Tensors)).unwrap_or(0)
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
