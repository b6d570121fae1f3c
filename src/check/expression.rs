//! Expressions: numbers at compile time, tensors by building the graph.

use super::checker::{Checker, NamedKind};
use super::mistake::Mistake;
use super::sizes::size_binary;
use super::value::{Frame, Stage, Value};
use crate::build::{Kind, Tensor};
use crate::catalog::{self, Duration, EntryKind};
use crate::diagnostics::nearest;
use crate::ir::op::{Binary, Unary};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOperator, DurationUnit, Expr, ExprKind, Symbol, UnaryOperator};
use std::rc::Rc;

/// Why something that other frameworks have is not there.
fn not_needed(name: &str) -> Option<&'static str> {
    match name {
        "Input" | "InputLayer" | "placeholder" => {
            Some("inputs and their shapes stand in the signature: `model Net(x: [4])`")
        }
        "print" => Some("nothing is printed; `nnrun summary` and editors show the shape of every stage"),
        "super" | "Module" => Some("a network is a `model`, no class"),
        _ => None,
    }
}

impl Checker<'_> {
    /// The value of an expression. Nodes that it builds carry its span.
    pub fn expression(&mut self, expr: &Expr, frame: &mut Frame) -> Value {
        if !self.has_work_left(expr.span) {
            return Value::Unknown;
        }
        let value = self.expression_inner(expr, frame);
        if matches!(
            expr.kind,
            ExprKind::Name(_) | ExprKind::Call { .. } | ExprKind::Binary { .. } | ExprKind::Field { .. }
        ) {
            self.note(expr.span, &value);
        }
        // A value is shown where it was made, so that a clash can point at both sides.
        // Of a pipeline that is its last stage, not the whole of it.
        match value {
            Value::Tensor(mut t) if !matches!(expr.kind, ExprKind::Pipe { .. } | ExprKind::Paren(_)) => {
                t.span = expr.span;
                Value::Tensor(t)
            }
            value => value,
        }
    }

    fn expression_inner(&mut self, expr: &Expr, frame: &mut Frame) -> Value {
        match &expr.kind {
            ExprKind::Number(n) => Value::Number(n.value),
            ExprKind::String(text) => Value::Text(text.as_str().into()),
            ExprKind::Bool(b) => Value::Bool(*b),
            ExprKind::None => Value::None,
            ExprKind::Name(name) => self.name(name, expr.span, frame),
            ExprKind::Paren(inner) => self.expression(inner, frame),
            ExprKind::Duration { amount, unit } => self.duration(amount, *unit, frame),
            ExprKind::List(items) => Value::List(items.iter().map(|i| self.expression(i, frame)).collect()),
            ExprKind::Tuple(items) => Value::Tuple(items.iter().map(|i| self.expression(i, frame)).collect()),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, expr.span, frame),
            ExprKind::Binary { op, op_span, left, right } => {
                let l = self.expression(left, frame);
                let r = self.expression(right, frame);
                self.binary(*op, *op_span, l, r, expr.span)
            }
            ExprKind::Pipe { input, stage } => self.pipe(input, stage, expr.span, frame),
            ExprKind::Call { callee, args, args_span } => self.call(callee, args, *args_span, expr.span, None, frame),
            ExprKind::Index { base, args, .. } => self.index(base, args, expr.span, frame),
            ExprKind::Field { base, name } => self.field(base, name, expr.span, frame),
            ExprKind::If { condition, then_body, else_body } => {
                self.if_expression(condition, then_body, else_body.as_ref(), expr.span, frame)
            }
            ExprKind::Residual { args, body } => self.residual_stage(args, body, expr.span, frame),
            ExprKind::Repeat { count, body } => self.repeat_stage(count, body, expr.span, frame),
            ExprKind::Scan { input, item, states, body } => {
                self.scan_expression(input, item, states, body, expr.span, frame)
            }
            ExprKind::Hole => {
                let wanted = "a value (`_` stands only in the shape of `reshape`)".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: "`_`".into() })
            }
            ExprKind::Record(_) => {
                let wanted = "a value (a record stands only after `loss:` and `augment:`)".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: "a record".into() })
            }
            ExprKind::Range { .. } => {
                let wanted = "a value (a range stands only in an index or an argument)".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: "a range".into() })
            }
            ExprKind::Named { .. } => {
                let wanted = "a value (a name with `:` stands only before a metric)".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: "a named one".into() })
            }
            ExprKind::Error => Value::Unknown,
        }
    }

    /// A name where a value is wanted.
    fn name(&mut self, name: &Symbol, span: Span, frame: &mut Frame) -> Value {
        if let Some(binding) = frame.lookup(name) {
            return binding.value.clone();
        }
        if let Some(value) = self.item_value(frame.module, name, span, frame) {
            return value;
        }
        if &**name == "training" {
            return Value::Bool(self.builder.training);
        }
        if let Some(entry) = catalog::find(name, &[EntryKind::Layer, EntryKind::Function, EntryKind::Loss]) {
            return self.call_entry(entry, &[], span, span, None, frame);
        }
        self.unknown_name(name, span, "value", frame)
    }

    /// The value of an item of a module.
    pub fn item_value(&mut self, module: usize, name: &Symbol, span: Span, frame: &mut Frame) -> Option<Value> {
        let named = self.modules[module].names.get(name).cloned()?;
        Some(match named.kind {
            NamedKind::Hyper(..) | NamedKind::HyperBusy | NamedKind::HyperValue(_) => self.hyper(module, name, span),
            NamedKind::Block(definition) => self.call_block(&definition, &[], span, span, None, frame),
            NamedKind::Layer(binding, home) => self.file_layer(name, &binding, home),
            NamedKind::Model(_) | NamedKind::Data(..) | NamedKind::Namespace(_) => {
                let found = format!("the {} `{name}`", named.kind.word());
                self.mistake(span, &Mistake::Type { wanted: "a value".into(), found })
            }
        })
    }

    /// The type of the only output of the model whose loss this is, where it has no name, and how it would have this one.
    fn unnamed_output(&self, name: &Symbol, frame: &Frame) -> Option<(Span, String)> {
        if !self.is_in_loss {
            return None;
        }
        frame.bindings.iter().find_map(|binding| {
            let Value::Record(of, _) = &binding.value else { return None };
            let NamedKind::Model(definition) = &self.modules[frame.module].names.get(of)?.kind else { return None };
            match &definition.function.outputs {
                ast::Outputs::One(output) if output.name.is_none() => {
                    Some((output.span, format!("{name}: {}", self.sources.text(output.span))))
                }
                _ => None,
            }
        })
    }

    /// A name with the module that stands before it.
    pub fn shown(&self, name: &Symbol, span: Span) -> String {
        if self.module_of(span).is_some() { self.sources.text(span).to_owned() } else { name.to_string() }
    }

    /// Tells that a name is not there, with the nearest one that is and fits.
    pub fn unknown_name(&mut self, name: &Symbol, span: Span, wanted: &'static str, frame: &Frame) -> Value {
        if self.may_be_declared(name) {
            // Whoever remembers what went well must not take this for it.
            self.mistakes_met += 1;
            return Value::Unknown;
        }
        if let Some((entry, framework)) = catalog::find_elsewhere(name) {
            let drop = self.dropped.filter(|dropped| dropped.of == span).map(|dropped| dropped.span);
            let framework = self.module_of(span).unwrap_or(framework);
            let mistake = Mistake::ForeignName { name: self.shown(name, span), framework, ours: entry.name, drop };
            return self.mistake(span, &mistake);
        }
        if let Some(why) = not_needed(name) {
            return self.mistake(span, &Mistake::NotNeeded { name: name.to_string(), why, removed: None });
        }
        if let Some(entry) = catalog::entries().find(|e| e.name == &**name) {
            let mistake = Mistake::WrongKind { name: name.to_string(), is: entry.kind(), wanted };
            return self.mistake(span, &mistake);
        }
        let stages = wanted != "value";
        let mut known: Vec<String> = frame
            .bindings
            .iter()
            .filter(|b| !stages || matches!(b.value, Value::Stage(_)))
            .map(|b| b.name.to_string())
            .collect();
        known.extend(
            self.modules[frame.module]
                .names
                .iter()
                .filter(|(_, n)| match n.kind {
                    NamedKind::Block(_) | NamedKind::Layer(..) => true,
                    NamedKind::Hyper(..) | NamedKind::HyperValue(_) => !stages,
                    _ => false,
                })
                .map(|(n, _)| n.to_string()),
        );
        let own = known.len();
        // A value may be a function that a block is given; a loss is none.
        let fits = |kind| match stages {
            true => matches!(kind, EntryKind::Layer | EntryKind::Function | EntryKind::Loss),
            false => matches!(kind, EntryKind::Layer | EntryKind::Function),
        };
        known.extend(catalog::entries().filter(|e| fits(e.kind())).map(|e| e.name.to_owned()));
        if !stages {
            known.extend(["true", "false", "none", "training"].map(str::to_owned));
        }
        let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        known.truncate(own);
        let mut seen = std::collections::BTreeSet::new();
        known.retain(|name| seen.insert(name.clone()));
        let name = self.shown(name, span).into();
        let unnamed = if near.is_none() { self.unnamed_output(&name, frame) } else { None };
        self.mistake(span, &Mistake::UnknownName { name, wanted, nearest: near, known, unnamed })
    }

    fn duration(&mut self, amount: &Expr, unit: DurationUnit, frame: &mut Frame) -> Value {
        match self.expression(amount, frame) {
            Value::Number(n) if n >= 0.0 => Value::Duration(match unit {
                DurationUnit::Epochs => Duration::Epochs(n),
                DurationUnit::Steps => Duration::Steps(n),
            }),
            Value::Unknown => Value::Unknown,
            other => {
                let wanted = "a number that is not negative".to_owned();
                self.mistake(amount.span, &Mistake::Type { wanted, found: other.describe() })
            }
        }
    }

    fn unary(&mut self, op: UnaryOperator, operand: &Expr, span: Span, frame: &mut Frame) -> Value {
        let value = self.expression(operand, frame);
        self.builder.span = span;
        match (op, value) {
            (_, Value::Unknown) => Value::Unknown,
            (UnaryOperator::Negate, Value::Number(n)) => Value::Number(-n),
            (UnaryOperator::Negate, Value::Size(d)) => Value::size(-d),
            (UnaryOperator::Negate, Value::Tensor(t)) => Value::Tensor(self.builder.unary(Unary::Negate, &t)),
            (UnaryOperator::Not, Value::Bool(b)) => Value::Bool(!b),
            (UnaryOperator::Not, Value::Tensor(t)) if t.kind == Kind::Bool => {
                Value::Tensor(self.builder.unary(Unary::Not, &t))
            }
            (UnaryOperator::Negate, other) => {
                let wanted = "a number or a tensor after `-`".to_owned();
                self.mistake(operand.span, &Mistake::Type { wanted, found: other.describe() })
            }
            (UnaryOperator::Not, other) => {
                let wanted = "a truth value after `not`".to_owned();
                self.mistake(operand.span, &Mistake::Type { wanted, found: other.describe() })
            }
        }
    }

    /// `left op right`
    pub fn binary(&mut self, op: BinaryOperator, op_span: Span, left: Value, right: Value, span: Span) -> Value {
        self.builder.span = span;
        match (left, right) {
            (Value::Unknown, _) | (_, Value::Unknown) => Value::Unknown,
            (Value::Number(a), Value::Number(b)) => self.number_binary(op, op_span, a, b),
            (Value::Bool(a), Value::Bool(b)) => match op {
                BinaryOperator::And => Value::Bool(a && b),
                BinaryOperator::Or => Value::Bool(a || b),
                BinaryOperator::Equal => Value::Bool(a == b),
                BinaryOperator::NotEqual => Value::Bool(a != b),
                _ => self.wrong_operands(op, op_span, &Value::Bool(a), &Value::Bool(b)),
            },
            (Value::Text(a), Value::Text(b)) if matches!(op, BinaryOperator::Equal | BinaryOperator::NotEqual) => {
                Value::Bool((a == b) == (op == BinaryOperator::Equal))
            }
            (Value::None, Value::None) if matches!(op, BinaryOperator::Equal | BinaryOperator::NotEqual) => {
                Value::Bool(op == BinaryOperator::Equal)
            }
            (Value::None, _) | (_, Value::None) if matches!(op, BinaryOperator::Equal | BinaryOperator::NotEqual) => {
                Value::Bool(op == BinaryOperator::NotEqual)
            }
            (a @ (Value::Size(_) | Value::Number(_)), b @ (Value::Size(_) | Value::Number(_))) => {
                let is_ragged = |value: &Value| matches!(value, Value::Size(size) if size.is_ragged());
                match size_binary(op, &a, &b) {
                    // Each example's own number.
                    Value::Unknown if is_ragged(&a) || is_ragged(&b) => {
                        let (Some(x), Some(y)) = (self.as_tensor(&a, op_span), self.as_tensor(&b, op_span)) else {
                            return Value::Unknown;
                        };
                        self.builder.span = span;
                        self.tensor_binary(op, &x, &y, span)
                    }
                    value => value,
                }
            }
            (
                a @ (Value::Tensor(_) | Value::Number(_) | Value::Size(_) | Value::Bool(_)),
                b @ (Value::Tensor(_) | Value::Number(_) | Value::Size(_) | Value::Bool(_)),
            ) => {
                let (Some(x), Some(y)) = (self.as_tensor(&a, op_span), self.as_tensor(&b, op_span)) else {
                    return Value::Unknown;
                };
                // A whole number beside whole numbers is one: `arange(3) - 1`.
                let beside = |value: &Value, number: Tensor, other: &Kind| match value {
                    Value::Number(n) if n.fract() == 0.0 && !other.is_float() => number.with_kind(Kind::Int),
                    Value::Size(_) if !other.is_float() => number.with_kind(Kind::Int),
                    _ => number,
                };
                let (left_kind, right_kind) = (x.kind.clone(), y.kind.clone());
                let (x, y) = (beside(&a, x, &right_kind), beside(&b, y, &left_kind));
                // Numbers are where the operator is; what is computed is the whole.
                self.builder.span = span;
                self.tensor_binary(op, &x, &y, span)
            }
            (a, b) => self.wrong_operands(op, op_span, &a, &b),
        }
    }

    fn wrong_operands(&mut self, op: BinaryOperator, op_span: Span, left: &Value, right: &Value) -> Value {
        let (left, right) = (left.describe(), right.describe());
        self.mistake(op_span, &Mistake::Operands { operator: op.text(), left, right })
    }

    fn tensor_binary(&mut self, op: BinaryOperator, x: &Tensor, y: &Tensor, span: Span) -> Value {
        let function = match op {
            BinaryOperator::MatrixMultiply => {
                let built = self.builder.matmul(x, y);
                return self.settle(built, "@", span, &[x, y]);
            }
            BinaryOperator::Power => match self.constant_of(y) {
                Some(2.0) => return Value::Tensor(self.builder.unary(Unary::Square, x)),
                _ => Binary::Power,
            },
            BinaryOperator::Add => Binary::Add,
            BinaryOperator::Subtract => Binary::Subtract,
            BinaryOperator::Multiply => Binary::Multiply,
            BinaryOperator::Divide => Binary::Divide,
            BinaryOperator::Equal => Binary::Equal,
            BinaryOperator::NotEqual => Binary::NotEqual,
            BinaryOperator::Less => Binary::Less,
            BinaryOperator::LessEqual => Binary::LessEqual,
            // a > b is b < a.
            BinaryOperator::Greater | BinaryOperator::GreaterEqual => {
                let function = if op == BinaryOperator::Greater { Binary::Less } else { Binary::LessEqual };
                let built = self.builder.binary(function, y, x);
                return self.settle(built, op.text(), span, &[x, y]);
            }
            BinaryOperator::And => Binary::And,
            BinaryOperator::Or => Binary::Or,
            BinaryOperator::Then => {
                return self.wrong_operands(op, span, &Value::Tensor(x.clone()), &Value::Tensor(y.clone()));
            }
        };
        let built = self.builder.binary(function, x, y);
        self.settle(built, op.text(), span, &[x, y])
    }

    /// The number that a tensor is, where it was written as one.
    pub fn constant_of(&self, x: &Tensor) -> Option<f64> {
        match self.builder.graph.node(x.node).op {
            crate::ir::op::Op::Constant(c) => Some(c),
            _ => None,
        }
    }

    pub fn number_binary(&mut self, op: BinaryOperator, op_span: Span, a: f64, b: f64) -> Value {
        Value::Number(match op {
            BinaryOperator::Add => a + b,
            BinaryOperator::Subtract => a - b,
            BinaryOperator::Multiply => a * b,
            BinaryOperator::Divide if b == 0.0 => return self.mistake(op_span, &Mistake::DivisionByZero),
            BinaryOperator::Divide => a / b,
            BinaryOperator::Power => a.powf(b),
            BinaryOperator::Equal => return Value::Bool(a == b),
            BinaryOperator::NotEqual => return Value::Bool(a != b),
            BinaryOperator::Less => return Value::Bool(a < b),
            BinaryOperator::LessEqual => return Value::Bool(a <= b),
            BinaryOperator::Greater => return Value::Bool(a > b),
            BinaryOperator::GreaterEqual => return Value::Bool(a >= b),
            BinaryOperator::And | BinaryOperator::Or | BinaryOperator::MatrixMultiply | BinaryOperator::Then => {
                return self.wrong_operands(op, op_span, &Value::Number(a), &Value::Number(b));
            }
        })
    }

    /// A value as a tensor: numbers and sizes become constants.
    pub fn as_tensor(&mut self, value: &Value, span: Span) -> Option<Tensor> {
        self.builder.span = span;
        match value {
            Value::Tensor(t) => Some(t.clone()),
            Value::Number(n) => Some(self.builder.constant(*n)),
            Value::Size(d) => Some(self.builder.size(d)),
            Value::Bool(b) => Some(self.builder.constant(f64::from(u8::from(*b))).with_kind(Kind::Bool)),
            Value::List(items) => {
                let parts: Option<Vec<Tensor>> = items.iter().map(|i| self.as_tensor(i, span)).collect();
                let parts = parts?;
                let built = self.builder.stack(&parts, 0);
                let operands: Vec<&Tensor> = parts.iter().collect();
                match self.settle(built, "[…]", span, &operands) {
                    Value::Tensor(t) => Some(t),
                    _ => None,
                }
            }
            Value::Unknown => None,
            other => {
                self.mistake(span, &Mistake::Type { wanted: "a tensor".into(), found: other.describe() });
                None
            }
        }
    }

    fn field(&mut self, base: &Expr, name: &ast::Ident, span: Span, frame: &mut Frame) -> Value {
        if let ExprKind::Name(base_name) = &base.kind
            && frame.lookup(base_name).is_none()
        {
            let kind = self.modules[frame.module].names.get(base_name).map(|n| n.kind.clone());
            match kind {
                Some(NamedKind::Namespace(module)) => {
                    if let Some(value) = self.item_value(module, &name.name, span, frame) {
                        return value;
                    }
                    let known: Vec<String> = self.modules[module].names.keys().map(|k| k.to_string()).collect();
                    let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
                    let (base, name_) = (base_name.to_string(), name.name.clone());
                    return self.mistake(name.span, &Mistake::NoField { base, name: name_, nearest: near, known });
                }
                Some(NamedKind::Data(..)) => {
                    let wanted = "a value (a field's type has `.classes` and `.shape`)".to_owned();
                    let found = format!("the field `{base_name}.{}` itself", name.name);
                    return self.mistake(span, &Mistake::Type { wanted, found });
                }
                _ => {}
            }
        }
        // `data.field.classes`, `data.field.shape`
        if let Some(value) = self.field_fact(base, name, frame) {
            return value;
        }
        let value = self.expression(base, frame);
        self.field_of(value, name, span)
    }

    /// `name` of a value.
    pub fn field_of(&mut self, value: Value, name: &ast::Ident, span: Span) -> Value {
        match value {
            Value::Unknown => Value::Unknown,
            Value::Record(record, values) => match values.iter().find(|(n, _)| *n == name.name) {
                Some((_, value)) => value.clone(),
                None => {
                    let known: Vec<String> = values.iter().map(|(n, _)| n.to_string()).collect();
                    let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
                    let mistake =
                        Mistake::NoField { base: record.to_string(), name: name.name.clone(), nearest: near, known };
                    self.mistake(name.span, &mistake)
                }
            },
            Value::Stage(stage) => self.weight_of(&stage, name, span),
            other => {
                let mistake = Mistake::NoField {
                    base: other.describe(),
                    name: name.name.clone(),
                    nearest: None,
                    known: Vec::new(),
                };
                self.mistake(name.span, &mistake)
            }
        }
    }

    /// `embed.weight`: a weight of a layer that has been applied.
    fn weight_of(&mut self, stage: &Rc<Stage>, name: &ast::Ident, span: Span) -> Value {
        let (path, made) = match &**stage {
            Stage::Layer(l) => (l.path.borrow().join(&name.name), l.span),
            Stage::Block(b) => (b.path.borrow().join(&name.name), b.span),
            _ => {
                let base = Value::Stage(stage.clone()).describe();
                let mistake = Mistake::NoField { base, name: name.name.clone(), nearest: None, known: Vec::new() };
                return self.mistake(name.span, &mistake);
            }
        };
        self.builder.span = span;
        match self.builder.existing_state(&path) {
            Some(weight) => Value::Tensor(weight),
            None => {
                let prefix = path.strip_suffix(&*name.name).unwrap_or(&path).to_owned();
                let known: Vec<String> = self
                    .builder
                    .graph
                    .states
                    .iter()
                    .filter_map(|s| s.path.strip_prefix(&prefix).map(str::to_owned))
                    .collect();
                // What is wrong between here and where it was made may be what would have applied it.
                let between = |at: Span| at.file == span.file && made.end <= at.start && at.end <= span.start;
                if known.is_empty() && self.diagnostics.iter().any(|d| between(d.span())) {
                    return Value::Unknown;
                }
                let base = if known.is_empty() {
                    format!("{}, which is not applied yet,", Value::Stage(stage.clone()).describe())
                } else {
                    Value::Stage(stage.clone()).describe()
                };
                let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
                self.mistake(name.span, &Mistake::NoField { base, name: name.name.clone(), nearest: near, known })
            }
        }
    }
}
