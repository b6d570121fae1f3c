//! The tree as indented text: for `check --emit ast`, and, without positions, what it means for two trees to be equal.

use super::ast::{
    Arg, BinaryOperator, Body, DurationUnit, Expr, ExprKind, File, Function, Ident, Item, ItemKind, Let, Output,
    Outputs, Pattern, ScalarKind, Statement, StatementKind, TypeExpr, TypeExprKind, UnaryOperator,
};
use crate::source::{LineIndex, Span};
use std::fmt::Write;

/// Whether the printed tree shows where its nodes stand.
#[derive(Debug, Clone, Copy)]
pub enum Positions<'a> {
    /// It does not: equal text is an equal tree.
    Hidden,
    /// Each node begins with its line in this text: `line:`.
    Lines(&'a LineIndex),
}

/// The tree, one node a line, children indented; what is small stays on its parent's line.
pub fn print(file: &File, positions: Positions<'_>) -> String {
    let mut printer = Printer { out: String::new(), positions };
    for item in &file.items {
        printer.item(item);
    }
    printer.out
}

struct Printer<'a> {
    out: String,
    positions: Positions<'a>,
}

fn names(idents: &[Ident]) -> String {
    idents.iter().map(|i| &*i.name).collect::<Vec<_>>().join(".")
}

fn pattern(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Name(name) => name.name.to_string(),
        Pattern::Tuple(all, _) => format!("({})", all.iter().map(|i| &*i.name).collect::<Vec<_>>().join(" ")),
    }
}

impl Printer<'_> {
    /// Begins a node on a line of its own.
    fn node(&mut self, depth: usize, span: Span, text: impl AsRef<str>) {
        if let Positions::Lines(lines) = self.positions {
            let _ = write!(self.out, "{:>4}: ", lines.line_of(span.start as usize) + 1);
        }
        for _ in 0..depth {
            self.out.push_str("  ");
        }
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    fn doc(&mut self, depth: usize, span: Span, doc: Option<&String>) {
        if let Some(doc) = doc {
            self.node(depth, span, format!("doc {doc:?}"));
        }
    }

    fn item(&mut self, item: &Item) {
        let span = item.span;
        self.doc(0, span, item.doc.as_ref());
        match &item.kind {
            ItemKind::Hyper(hyper) => {
                self.node(0, span, format!("hyper {}", hyper.name.name));
                self.expr(1, &hyper.value);
            }
            ItemKind::Import(import) => {
                let mut text = format!("import {:?}", import.path);
                if let Some(all) = &import.names {
                    let _ = write!(text, " names ({})", all.iter().map(|i| &*i.name).collect::<Vec<_>>().join(" "));
                }
                if let Some(alias) = &import.alias {
                    let _ = write!(text, " as {}", alias.name);
                }
                self.node(0, span, text);
            }
            ItemKind::Block(function) => self.function("block", span, function),
            ItemKind::Model(function) => self.function("model", span, function),
            ItemKind::Data(data) => {
                self.node(0, span, format!("data {}", data.name.name));
                self.statements(1, &data.statements);
            }
            ItemKind::Train(train) => {
                self.node(0, span, format!("train {} on {}", names(&train.model), names(&train.data)));
                self.args(1, "binding", &train.bindings);
                self.statements(1, &train.statements);
            }
            ItemKind::Expect(expect) => {
                self.node(0, span, "expect");
                self.statements(1, &expect.statements);
            }
            ItemKind::Sweep(sweep) => {
                self.node(0, span, "sweep");
                self.statements(1, &sweep.statements);
            }
            ItemKind::Let(binding) => self.binding(0, span, binding),
            ItemKind::Error => self.node(0, span, "error"),
        }
    }

    fn function(&mut self, word: &str, span: Span, function: &Function) {
        self.node(0, span, format!("{word} {}", function.name.name));
        for hyper in function.hypers.iter().flatten() {
            self.node(1, hyper.name.span, format!("parameter {}", hyper.name.name));
            if let Some(default) = &hyper.default {
                self.expr(2, default);
            }
        }
        for input in &function.inputs {
            self.node(1, input.name.span, format!("input {}", input.name.name));
            self.ty(2, input.ty.as_ref());
        }
        match &function.outputs {
            Outputs::Inferred => {}
            Outputs::One(output) => self.output("output", output),
            Outputs::Many(outputs) => {
                for output in outputs {
                    self.output("output-of-several", output);
                }
            }
        }
        self.body(1, &function.body);
    }

    fn output(&mut self, word: &str, output: &Output) {
        let name = output.name.as_ref().map_or("_", |n| &n.name);
        self.node(1, output.span, format!("{word} {name}"));
        self.ty(2, output.ty.as_ref());
    }

    fn ty(&mut self, depth: usize, ty: Option<&TypeExpr>) {
        let Some(ty) = ty else { return };
        match &ty.kind {
            TypeExprKind::Field(segments) => self.node(depth, ty.span, format!("type {}", names(segments))),
            TypeExprKind::Error => self.node(depth, ty.span, "type error"),
            TypeExprKind::Tensor { kind, shape } => {
                let word = match kind {
                    None => "",
                    Some(ScalarKind::Float) => " float",
                    Some(ScalarKind::Int) => " int",
                    Some(ScalarKind::Bool) => " bool",
                    Some(ScalarKind::Class(_)) => " class",
                };
                let shape_word = if shape.is_some() { " shape" } else { "" };
                self.node(depth, ty.span, format!("type{word}{shape_word}"));
                if let Some(ScalarKind::Class(count)) = kind {
                    self.expr(depth + 1, count);
                }
                self.exprs(depth + 1, shape.as_deref().unwrap_or_default());
            }
        }
    }

    fn body(&mut self, depth: usize, body: &Body) {
        self.node(depth, body.span, "body");
        self.statements(depth + 1, &body.statements);
        if let Some(result) = &body.result {
            self.node(depth + 1, result.span, "result");
            self.expr(depth + 2, result);
        }
    }

    fn binding(&mut self, depth: usize, span: Span, binding: &Let) {
        self.node(depth, span, format!("let {}", pattern(&binding.pattern)));
        self.expr(depth + 1, &binding.value);
    }

    fn statements(&mut self, depth: usize, statements: &[Statement]) {
        for statement in statements {
            let span = statement.span;
            self.doc(depth, span, statement.doc.as_ref());
            match &statement.kind {
                StatementKind::Let(binding) => self.binding(depth, span, binding),
                StatementKind::Weight(weight) => {
                    self.node(depth, span, format!("weight {}", weight.name.name));
                    self.ty(depth + 1, Some(&weight.ty));
                    self.expr(depth + 1, &weight.init);
                }
                StatementKind::Constant(constant) => {
                    self.node(depth, span, format!("constant {}", constant.name.name));
                    self.ty(depth + 1, constant.ty.as_ref());
                    self.expr(depth + 1, &constant.value);
                }
                StatementKind::Field { name, value } => {
                    self.node(depth, span, format!("field {}", name.name));
                    self.expr(depth + 1, value);
                }
                StatementKind::Setting(setting) => {
                    self.node(depth, span, format!("setting {}", setting.key.name));
                    self.expr(depth + 1, &setting.value);
                }
                StatementKind::Phase { name, body } => {
                    self.node(depth, span, format!("phase {}", name.name));
                    self.statements(depth + 1, body);
                }
                StatementKind::Group { patterns, body } => {
                    self.node(depth, span, "group");
                    self.expr(depth + 1, patterns);
                    self.statements(depth + 1, body);
                }
                StatementKind::Expression(expr) => self.expr(depth, expr),
                StatementKind::Error => self.node(depth, span, "error"),
            }
        }
    }

    fn exprs(&mut self, depth: usize, exprs: &[Expr]) {
        for expr in exprs {
            self.expr(depth, expr);
        }
    }

    fn args(&mut self, depth: usize, word: &str, args: &[Arg]) {
        for arg in args {
            match &arg.name {
                Some(name) => {
                    self.node(depth, name.span, format!("{word} {}", name.name));
                    self.expr(depth + 1, &arg.value);
                }
                None => self.expr(depth, &arg.value),
            }
        }
    }

    fn expr(&mut self, depth: usize, expr: &Expr) {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Number(number) => self.node(depth, span, format!("number {}", number.text)),
            ExprKind::String(text) => self.node(depth, span, format!("string {text:?}")),
            ExprKind::Bool(value) => self.node(depth, span, value.to_string()),
            ExprKind::None => self.node(depth, span, "none"),
            ExprKind::Name(name) => self.node(depth, span, format!("name {name}")),
            ExprKind::Hole => self.node(depth, span, "hole"),
            ExprKind::Duration { amount, unit } => {
                self.node(
                    depth,
                    span,
                    match unit {
                        DurationUnit::Epochs => "epochs",
                        DurationUnit::Steps => "steps",
                    },
                );
                self.expr(depth + 1, amount);
            }
            ExprKind::List(elements) => {
                self.node(depth, span, "list");
                self.exprs(depth + 1, elements);
            }
            ExprKind::Named { name, value } => {
                self.node(depth, span, format!("named {}", name.name));
                self.expr(depth + 1, value);
            }
            ExprKind::Tuple(elements) => {
                self.node(depth, span, "tuple");
                self.exprs(depth + 1, elements);
            }
            ExprKind::Paren(inner) => {
                self.node(depth, span, "paren");
                self.expr(depth + 1, inner);
            }
            ExprKind::Record(entries) => {
                self.node(depth, span, "record");
                for entry in entries {
                    self.node(depth + 1, entry.key.span, "entry");
                    self.expr(depth + 2, &entry.key);
                    self.expr(depth + 2, &entry.value);
                }
            }
            ExprKind::Range { start, end } => {
                let ends = match (start, end) {
                    (Some(_), Some(_)) => "range",
                    (Some(_), None) => "range-from",
                    (None, Some(_)) => "range-to",
                    (None, None) => "range-all",
                };
                self.node(depth, span, ends);
                start.iter().chain(end).for_each(|e| self.expr(depth + 1, e));
            }
            ExprKind::Unary { op, operand } => {
                self.node(
                    depth,
                    span,
                    match op {
                        UnaryOperator::Negate => "negate",
                        UnaryOperator::Not => "not",
                    },
                );
                self.expr(depth + 1, operand);
            }
            ExprKind::Binary { op, left, right, .. } => self.binary(depth, span, *op, left, right),
            ExprKind::Pipe { input, stage } => {
                self.node(depth, span, "|>");
                self.expr(depth + 1, input);
                self.expr(depth + 1, stage);
            }
            ExprKind::Call { callee, args, .. } => {
                self.node(depth, span, "call");
                self.expr(depth + 1, callee);
                self.args(depth + 1, "argument", args);
            }
            ExprKind::Index { base, args, .. } => {
                self.node(depth, span, "index");
                self.expr(depth + 1, base);
                self.args(depth + 1, "argument", args);
            }
            ExprKind::Field { base, name } => {
                self.node(depth, span, format!("field {}", name.name));
                self.expr(depth + 1, base);
            }
            ExprKind::If { condition, then_body, else_body } => {
                self.node(depth, span, "if");
                self.expr(depth + 1, condition);
                self.body(depth + 1, then_body);
                if let Some(body) = else_body {
                    self.body(depth + 1, body);
                }
            }
            ExprKind::Residual { args, body } => {
                self.node(depth, span, "residual");
                self.args(depth + 1, "argument", args);
                self.body(depth + 1, body);
            }
            ExprKind::Repeat { count, body } => {
                self.node(depth, span, "repeat");
                self.expr(depth + 1, count);
                self.body(depth + 1, body);
            }
            ExprKind::Scan { input, item, states, body } => {
                self.node(depth, span, format!("scan as {}", item.name));
                self.expr(depth + 1, input);
                for (name, start) in states {
                    self.node(depth + 1, name.span, format!("state {}", name.name));
                    self.expr(depth + 2, start);
                }
                self.body(depth + 1, body);
            }
            ExprKind::Error => self.node(depth, span, "error"),
        }
    }

    fn binary(&mut self, depth: usize, span: Span, op: BinaryOperator, left: &Expr, right: &Expr) {
        self.node(depth, span, op.text());
        self.expr(depth + 1, left);
        self.expr(depth + 1, right);
    }
}
