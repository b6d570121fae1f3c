//! Calls and pipes: what is called, and with which tensors.

use super::apply::{argument_spans, one_or_tuple};
use super::arguments::{Bound, first_tensor};
use super::checker::{Checker, NamedKind};
use super::foreign::removal;
use super::mistake::Mistake;
use super::program::LayerRow;
use super::value::{BlockInstance, Definition, Frame, LayerInstance, Stage, Value};
use crate::build::{Problem, Role, Tensor};
use crate::catalog::{self, Args, Body, Entry, EntryKind, ParamType, Task};
use crate::ir::op::Op;
use crate::source::Span;
use crate::syntax::ast::{self, Arg, Expr, ExprKind, Symbol};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a name stands for where something is called.
enum Callee {
    Stage(Rc<Stage>),
    Block(Rc<Definition>),
    Entry(&'static Entry),
    /// A mistake was told.
    Unknown,
}

pub(super) const CALLABLE: &[EntryKind] = &[EntryKind::Layer, EntryKind::Function, EntryKind::Loss];

impl Checker<'_> {
    /// `input |> stage`
    pub fn pipe(&mut self, input: &Expr, stage: &Expr, span: Span, frame: &mut Frame) -> Value {
        let value = self.expression(input, frame);
        self.pipe_value(value, input, stage, span, frame)
    }

    /// An expression that has to be a stage: the function at its head waits for its tensor, `leaky_relu(0.2)` too.
    pub fn stage_expression(&mut self, expr: &Expr, frame: &mut Frame) -> Value {
        if !self.has_work_left(expr.span) {
            return Value::Unknown;
        }
        match &expr.kind {
            ExprKind::Pipe { input, stage } => {
                let value = self.stage_expression(input, frame);
                self.pipe_value(value, input, stage, expr.span, frame)
            }
            ExprKind::Call { callee, args, .. } => {
                let entry = match &callee.kind {
                    ExprKind::Name(name)
                        if frame.lookup_stage(name).is_none()
                            && !self.modules[frame.module].names.contains_key(name) =>
                    {
                        catalog::find(name, &[EntryKind::Function])
                    }
                    _ => None,
                };
                match entry {
                    Some(entry) => self.waiting_function(entry, args, expr.span, frame),
                    None => self.expression(expr, frame),
                }
            }
            _ => self.expression(expr, frame),
        }
    }

    /// A function all of whose arguments but the first tensor are given.
    fn waiting_function(&mut self, entry: &'static Entry, args: &[Arg], span: Span, frame: &mut Frame) -> Value {
        let first = entry.params.get(first_tensor(entry.params));
        let Some(first) = first.filter(|p| matches!(p.ty, ParamType::Tensor | ParamType::Tensors)) else {
            // Of nothing it makes a value, and says so where a stage is wanted.
            return self.call_entry(entry, args, span, span, None, frame);
        };
        let before = Value::Stage(Rc::new(Stage::Composition(Vec::new())));
        let Some(bound) = self.bind_arguments(entry.name, entry.params, args, Some(before), span, frame) else {
            return Value::Unknown;
        };
        if let Some(param) = bound.missing.iter().find(|p| p.name != first.name) {
            let (callee, doc) = (entry.name.to_owned(), param.doc.to_owned());
            return self.mistake(span, &Mistake::MissingArgument { callee, param: param.name.into(), doc });
        }
        Value::Stage(Rc::new(Stage::Function { entry, args: bound.args, span }))
    }

    /// `value |> stage`
    pub fn pipe_value(&mut self, value: Value, input: &Expr, stage: &Expr, span: Span, frame: &mut Frame) -> Value {
        self.note(input.span, &value);
        let result = match &stage.kind {
            ExprKind::Name(name) => match self.callee(name, stage.span, frame) {
                Callee::Entry(entry) => self.call_entry(entry, &[], stage.span, stage.span, Some(value), frame),
                Callee::Block(block) => self.call_block(&block, &[], stage.span, stage.span, Some(value), frame),
                Callee::Stage(stage_value) => self.apply_to(&stage_value, value, &[], stage.span, frame),
                Callee::Unknown => Value::Unknown,
            },
            ExprKind::Call { callee, args, args_span } => {
                self.call(callee, args, *args_span, stage.span, Some(value), frame)
            }
            _ => match self.expression(stage, frame) {
                Value::Stage(stage_value) => self.apply_to(&stage_value, value, &[], stage.span, frame),
                Value::Unknown => Value::Unknown,
                other => self.mistake(stage.span, &Mistake::NotAStage { found: other.describe() }),
            },
        };
        match result {
            Value::Tensor(mut t) => {
                t.span = stage.span;
                if t.role != Role::Value {
                    let bar_and_stage = Span { start: input.span.end, ..stage.span };
                    self.role_stages.push((t.node, bar_and_stage));
                }
                let value = Value::Tensor(t);
                self.note(stage.span, &value);
                self.note(span, &value);
                value
            }
            other => other,
        }
    }

    /// `callee(args)`, with a tensor from the pipe or without.
    pub fn call(
        &mut self,
        callee: &Expr,
        args: &[Arg],
        args_span: Span,
        span: Span,
        piped: Option<Value>,
        frame: &mut Frame,
    ) -> Value {
        let target = match &callee.kind {
            ExprKind::Name(name) => {
                let is_known = frame.lookup(name).is_some() || self.modules[frame.module].names.contains_key(name);
                if !is_known && let Some(value) = self.container(name, args, callee.span, span, piped.clone(), frame) {
                    return value;
                }
                if !is_known && &**name == "print" {
                    let why = "nothing is printed; `nnrun summary` and editors show the shape of every stage";
                    let removed = piped.is_none().then_some(span);
                    return self.mistake(callee.span, &Mistake::NotNeeded { name: name.to_string(), why, removed });
                }
                self.dropped = self.dropped(name, callee.span, args, args_span);
                self.callee(name, callee.span, frame)
            }
            ExprKind::Field { base, name } => {
                if piped.is_none()
                    && let Some(value) = self.method(base, name, args, args_span, span, frame)
                {
                    return value;
                }
                self.namespaced_callee(base, name, callee, frame)
            }
            _ => match self.expression(callee, frame) {
                Value::Stage(stage) => Callee::Stage(stage),
                Value::Unknown => Callee::Unknown,
                other => {
                    self.mistake(callee.span, &Mistake::NotAStage { found: other.describe() });
                    Callee::Unknown
                }
            },
        };
        match target {
            Callee::Entry(entry) => {
                let dropped = self.dropped.take().filter(|d| d.of == callee.span);
                self.qualified(callee.span, entry, dropped.map(|d| d.span));
                let left = dropped.and_then(|d| d.index).map(|index| {
                    args.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, a)| a.clone()).collect::<Vec<_>>()
                });
                self.call_entry(entry, left.as_deref().unwrap_or(args), args_span, span, piped, frame)
            }
            Callee::Block(block) => self.call_block(&block, args, args_span, span, piped, frame),
            Callee::Stage(stage) => self.call_stage(&stage, args, span, piped, frame),
            Callee::Unknown => {
                if let ExprKind::Name(name) = &callee.kind
                    && self.arguments_of_slip(name, args, args_span, span, piped.is_some(), frame)
                {
                    return Value::Unknown;
                }
                for arg in args {
                    // The name of a named argument may be a choice of what is not known: `padding: same`; and
                    // `weights` in a loss is what `l2` takes, however that was spelt.
                    let is_word = matches!(&arg.value.kind, ExprKind::Name(name)
                        if arg.name.is_some() || self.is_in_loss && &**name == "weights");
                    if !is_word {
                        self.expression(&arg.value, frame);
                    }
                }
                Value::Unknown
            }
        }
    }

    /// The nearest layer or function of this name.
    fn callee(&mut self, name: &Symbol, span: Span, frame: &mut Frame) -> Callee {
        if let Some(stage) = frame.lookup_stage(name) {
            return Callee::Stage(stage);
        }
        match self.modules[frame.module].names.get(name).map(|n| n.kind.clone()) {
            Some(NamedKind::Block(definition)) => return Callee::Block(definition),
            Some(NamedKind::Layer(binding, home)) => {
                return match self.file_layer(name, &binding, home) {
                    Value::Stage(stage) => Callee::Stage(stage),
                    _ => Callee::Unknown,
                };
            }
            Some(NamedKind::Hyper(..) | NamedKind::HyperValue(_) | NamedKind::HyperBusy) => {
                match self.hyper(frame.module, name, span) {
                    Value::Stage(stage) => return Callee::Stage(stage),
                    Value::Unknown => return Callee::Unknown,
                    _ => {}
                }
            }
            _ => {}
        }
        if let Some(entry) = catalog::find(name, CALLABLE) {
            return Callee::Entry(entry);
        }
        // Nothing callable: say what the name is, if it is something.
        let found = match frame.lookup(name).map(|b| b.value.clone()) {
            Some(Value::Unknown) => return Callee::Unknown,
            // A hyper of a block that is checked by itself: it may be a layer.
            Some(Value::Size(_)) if self.builder.generic => return Callee::Unknown,
            Some(value) => Some(value.describe()),
            None => self.modules[frame.module].names.get(name).map(|n| format!("a {}", n.kind.word())),
        };
        match found {
            Some(found) => self.mistake(span, &Mistake::NotAStage { found }),
            None => {
                self.unknown_name(name, span, "layer or function", frame);
                // What is meant is known, and its arguments can be looked at.
                if let Some(entry) = self.meant_by(name) {
                    return Callee::Entry(entry);
                }
                Value::Unknown
            }
        };
        Callee::Unknown
    }

    fn namespaced_callee(&mut self, base: &Expr, name: &ast::Ident, callee: &Expr, frame: &mut Frame) -> Callee {
        if let ExprKind::Name(base_name) = &base.kind
            && frame.lookup(base_name).is_none()
            && let Some(NamedKind::Namespace(module)) =
                self.modules[frame.module].names.get(base_name).map(|n| n.kind.clone())
            && let Some(NamedKind::Block(block)) = self.modules[module].names.get(&name.name).map(|n| n.kind.clone())
        {
            return Callee::Block(block);
        }
        match self.expression(callee, frame) {
            Value::Stage(stage) => Callee::Stage(stage),
            Value::Unknown => Callee::Unknown,
            other => {
                self.mistake(callee.span, &Mistake::NotAStage { found: other.describe() });
                Callee::Unknown
            }
        }
    }

    /// `Dense(16)`, `softmax(x, axis: 0)`, `x |> Dropout(0.5)`
    pub fn call_entry(
        &mut self,
        entry: &'static Entry,
        args: &[Arg],
        args_span: Span,
        span: Span,
        piped: Option<Value>,
        frame: &mut Frame,
    ) -> Value {
        if let Body::Layer { .. } = entry.body {
            let mut args: Cow<'_, [Arg]> = args.into();
            if let Some(at) = self.size_of_input(entry, &args)
                && let (Some(size), Some(removed)) = (args.get(at), removal(&args, at))
            {
                // `LayerNorm`, without empty parentheses.
                let removed = if args.len() == 1 { args_span } else { removed };
                let callee = entry.name.to_owned();
                self.mistake(size.span(), &Mistake::SizeOfInput { callee, removed });
                args.to_mut().remove(at);
            }
            // The tensors among them are given to the layer all the same.
            let among = self.tensors_among(entry, &args, span, piped.is_some(), frame);
            let (args, tensors): (&[Arg], &[Arg]) = match among {
                Some(first) => args.split_at(first),
                None => (&args, &[]),
            };
            let bound = self.bind_arguments(entry.name, entry.params, args, None, span, frame);
            let (scope, clash) = frame.body.next(entry.name, span);
            self.same_path(frame.body.shown(&scope), clash, span);
            let Some(Bound { args: bound, missing, .. }) = bound else { return Value::Unknown };
            if let Some(param) = missing.first() {
                let (callee, doc) = (entry.name.to_owned(), param.doc.to_owned());
                return self.mistake(span, &Mistake::MissingArgument { callee, param: param.name.into(), doc });
            }
            let given = self.arguments_given(args, &bound, frame);
            let stage = Rc::new(Stage::Layer(LayerInstance {
                entry,
                args: bound,
                path: RefCell::new(scope),
                applied: Cell::new(false),
                bound: Cell::new(false),
                span,
                given,
            }));
            if !tensors.is_empty() {
                let tensors: Vec<Arg> =
                    tensors.iter().map(|arg| Arg { name: None, value: arg.value.clone() }).collect();
                return self.call_stage(&stage, &tensors, span, piped, frame);
            }
            return match piped {
                Some(value) => self.apply_to(&stage, value, &[], span, frame),
                None => Value::Stage(stage),
            };
        }
        let _ = args_span;
        if let Some(value) = self.transposed(entry, args, span, piped.as_ref(), frame) {
            return value;
        }
        let reordered = self.einsum_arguments(entry, args);
        let args = reordered.as_deref().unwrap_or(args);
        if let Some(Value::Stage(first)) = piped {
            // A composition.
            return match self.waiting_function(entry, args, span, frame) {
                Value::Stage(second) => Value::Stage(Rc::new(Stage::Composition(vec![first, second]))),
                Value::Unknown => Value::Unknown,
                other => self.mistake(span, &Mistake::NotAStage { found: other.describe() }),
            };
        }
        let is_piped = piped.is_some();
        let Some(bound) = self.bind_arguments(entry.name, entry.params, args, piped, span, frame) else {
            return Value::Unknown;
        };
        let waits_for_first = !is_piped
            && bound.missing.len() == 1
            && bound.missing.first().map(|p| p.name) == entry.params.get(first_tensor(entry.params)).map(|p| p.name);
        if waits_for_first {
            return Value::Stage(Rc::new(Stage::Function { entry, args: bound.args, span }));
        }
        if let Some(param) = bound.missing.first() {
            let (callee, doc) = (entry.name.to_owned(), param.doc.to_owned());
            return self.mistake(span, &Mistake::MissingArgument { callee, param: param.name.into(), doc });
        }
        self.build_function(entry, bound, span, is_piped)
    }

    pub fn build_function(&mut self, entry: &'static Entry, bound: Bound, span: Span, in_pipe: bool) -> Value {
        let (build, number) = match entry.body {
            Body::Function { build, number } => (build, number),
            Body::Loss { build, .. } | Body::Penalty { build } => (build, None),
            _ => return Value::Unknown,
        };
        if let (Some(number), Some(numbers)) = (number, &bound.numbers) {
            return Value::Number(number(numbers));
        }
        if let Some(mistake) = self.swapped_operands(entry, &bound.args) {
            return self.mistake(span, &mistake);
        }
        self.builder.span = span;
        let first_node = self.builder.graph.nodes.len();
        let built = match self.are_logits(entry, &bound.args) {
            true => Err(Problem::LossRole {
                operand: 0,
                wanted: "probabilities",
                got: Role::Value,
                instead: "bce_with_logits",
            }),
            false => build(&mut self.builder, &bound.args),
        };
        match built {
            Ok(results) => {
                let results = if in_pipe { self.own_nodes(results, first_node) } else { results };
                let value = one_or_tuple(results, span);
                if let (true, Value::Tensor(t)) = (in_pipe, &value) {
                    let output = t.show();
                    let nodes = first_node..self.builder.graph.nodes.len();
                    self.rows.push(LayerRow {
                        path: entry.name.into(),
                        kind: entry.name.into(),
                        is_layer: false,
                        output,
                        parameters: Some(0),
                        is_shared: false,
                        nodes,
                        span,
                    });
                }
                value
            }
            Err(problem) => {
                let tensors: Vec<&Tensor> = bound.args.tensors().collect();
                let operands = tensors.iter().map(|t| (t.span, t.show())).collect();
                let arguments = argument_spans(&bound.args);
                let mut site = self.call_site(entry.name, span, operands, arguments);
                if let Problem::LossRole { operand, .. } = problem {
                    let node = tensors.get(operand).map(|t| t.node);
                    let stage = self.role_stages.iter().rev().find(|(n, _)| Some(*n) == node).map(|(_, span)| *span);
                    site.role_stage = stage.map(|span| (span, self.sources.text(span).trim().to_owned()));
                }
                self.problem_between(&problem, &site, &tensors, &[])
            }
        }
    }

    /// A loss whose target comes first, as Keras has it: the prediction is what the weights take part in.
    fn swapped_operands(&self, entry: &'static Entry, args: &Args) -> Option<Mistake> {
        let Body::Loss { operands: (prediction, target), task: Task::Classification, .. } = entry.body else {
            return None;
        };
        let (first, second) = (args.tensor(prediction)?, args.tensor(target)?);
        let graph = &self.builder.graph;
        let has_weights = |tensor: &Tensor| graph.depends_on(tensor.node, |op| matches!(op, Op::State(_)));
        let has_data = |tensor: &Tensor| graph.depends_on(tensor.node, |op| matches!(op, Op::Input(_)));
        let is_swapped = self.is_in_loss && has_weights(second) && has_data(first) && !has_weights(first);
        is_swapped.then(|| Mistake::SwappedOperands {
            callee: entry.name,
            prediction: (second.span, self.sources.text(second.span).to_owned()),
            target: (first.span, self.sources.text(first.span).to_owned()),
        })
    }

    /// `Block(hypers)`, `Block(tensors)` where it has a single list, `x |> Block`.
    pub fn call_block(
        &mut self,
        definition: &Rc<Definition>,
        args: &[Arg],
        args_span: Span,
        span: Span,
        piped: Option<Value>,
        frame: &mut Frame,
    ) -> Value {
        let _ = args_span;
        let name = definition.function.name.name.clone();
        let (hyper_args, tensor_args) = match definition.function.hypers {
            Some(_) => (args, &[] as &[Arg]),
            None => (&[] as &[Arg], args),
        };
        let hypers = self.bind_hypers(definition, hyper_args, span, frame);
        let (scope, clash) = frame.body.next(&name, span);
        self.same_path(frame.body.shown(&scope), clash, span);
        let Some(hypers) = hypers else {
            for arg in tensor_args {
                self.expression(&arg.value, frame);
            }
            return Value::Unknown;
        };
        let (path, bound) = (RefCell::new(scope), Cell::new(false));
        let stage = Rc::new(Stage::Block(BlockInstance { definition: definition.clone(), hypers, path, bound, span }));
        if tensor_args.is_empty() {
            return match piped {
                Some(value) => self.apply_to(&stage, value, &[], span, frame),
                None => Value::Stage(stage),
            };
        }
        self.call_stage(&stage, tensor_args, span, piped, frame)
    }

    /// Tells of two layers with one path, where there is a clash.
    pub fn same_path(&mut self, path: String, clash: Option<Span>, span: Span) {
        if let Some(first) = clash {
            self.path_clashes.push((path.clone(), span));
            self.mistake(span, &Mistake::SamePath { path, first });
        }
    }

    /// `shared(left)`, `CrossAttention(4)(memory)`, `x |> CrossAttention(4)(memory)`
    fn call_stage(
        &mut self,
        stage: &Rc<Stage>,
        args: &[Arg],
        span: Span,
        piped: Option<Value>,
        frame: &mut Frame,
    ) -> Value {
        let mut values = Vec::new();
        for arg in args {
            if let Some(name) = &arg.name {
                let callee = Value::Stage(stage.clone()).describe();
                let mistake =
                    Mistake::UnknownArgument { callee, name: name.name.clone(), nearest: None, known: Vec::new() };
                self.mistake(name.span, &mistake);
            }
            values.push(self.expression(&arg.value, frame));
        }
        match piped {
            Some(value) => self.apply_to(stage, value, &values, span, frame),
            None if values.len() + 1 == stage.arity() && !values.is_empty() => {
                Value::Stage(Rc::new(Stage::Waiting { stage: stage.clone(), rest: values }))
            }
            None => match values.split_first() {
                Some((first, rest)) => self.apply_to(stage, first.clone(), rest, span, frame),
                None if stage.arity() == 0 => self.apply(stage, Vec::new(), span, frame),
                None => Value::Stage(stage.clone()),
            },
        }
    }
}
