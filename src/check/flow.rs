//! `if`, `repeat`, `let`: what decides where data flows.

use super::checker::Checker;
use super::mistake::Mistake;
use super::value::{BlockInstance, BodyPath, CLASH, Frame, LayerInstance, Stage, Value, default_scope};
use crate::build::{StateScope, Tensor};
use crate::catalog::is_recurrent;
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast::{self, Body, Expr, ExprKind, Pattern, StatementKind};
use crate::syntax::walk;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// More copies than this are a slip, and would fill the memory with names.
const MAX_COPIES: i64 = 10_000;

impl Checker<'_> {
    /// `if c { a } else { b }`: one of them, chosen at compile time.
    pub fn if_expression(
        &mut self,
        condition: &Expr,
        then_body: &Body,
        else_body: Option<&Body>,
        span: Span,
        frame: &mut Frame,
    ) -> Value {
        let Some(else_body) = else_body else {
            return self.mistake(span.start_point().to(condition.span), &Mistake::NoElse);
        };
        let chosen = match self.expression(condition, frame) {
            Value::Bool(b) => b,
            Value::Unknown => return Value::Unknown,
            // A hyper of a block that is checked by itself.
            Value::Size(_) if self.builder.generic => return Value::Unknown,
            other => return self.mistake(condition.span, &Mistake::Condition { found: other.describe() }),
        };
        // Layers are counted in text order, also those of the branch that is not taken: training and evaluation may
        // take different ones and must agree on the paths.
        let (value, other) = if chosen {
            let value = self.body_value(then_body, frame);
            (value, self.count_layers(else_body, frame))
        } else {
            let other = self.count_layers(then_body, frame);
            (self.body_value(else_body, frame), other)
        };
        let (first, second) = if chosen { (&value, &other) } else { (&other, &value) };
        if let (Value::Tensor(first), Value::Tensor(second), true) =
            (first, second, asks_for_training(condition, frame))
            && (first.kind != second.kind || !self.builder.shapes_fit(&first.shape, &second.shape))
        {
            let of = |body: &Body, t: &Tensor| (body.result.as_ref().map_or(body.span, |r| r.span), t.show());
            let (first, second) = (of(then_body, first), of(else_body, second));
            return self.mistake(span, &Mistake::Branches { first, second });
        }
        value
    }

    /// The value of a body with a scope of its own, whose layers count in the enclosing one.
    pub fn body_value(&mut self, body: &Body, frame: &mut Frame) -> Value {
        self.body_result(body, frame, Self::expression)
    }

    /// The body of a `residual` or `repeat`.
    pub fn body_stage(&mut self, body: &Body, frame: &mut Frame) -> Value {
        self.body_result(body, frame, Self::stage_expression)
    }

    fn body_result(
        &mut self,
        body: &Body,
        frame: &mut Frame,
        evaluate: fn(&mut Self, &Expr, &mut Frame) -> Value,
    ) -> Value {
        let before = frame.bindings.len();
        self.statements(body, frame);
        let value = match &body.result {
            Some(result) => {
                let value = evaluate(self, result, frame);
                self.joined(body, result.span, value)
            }
            None if body.statements.iter().any(|s| matches!(s.kind, StatementKind::Error)) => Value::Unknown,
            None => self.no_result(body, body.span, "this body"),
        };
        frame.bindings.truncate(before);
        value
    }

    /// Passes over the layers of a body as if it had been evaluated; what it would have given.
    fn count_layers(&mut self, body: &Body, frame: &mut Frame) -> Value {
        let probe = self.probe();
        let named = frame.body.names();
        let value = self.body_value(body, frame);
        // Both branches may use a name, for only one of them is built.
        frame.body.restore_names(named);
        self.unprobe(probe);
        value
    }

    /// Runs something of which only what it finds out is wanted: nothing is built or told.
    pub fn quietly<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let probe = self.probe();
        let (rows, work) = (std::mem::take(&mut self.rows), self.work);
        let regions = std::mem::take(&mut self.regions);
        let applications = std::mem::take(&mut self.applications);
        let calls = std::mem::take(&mut self.calls);
        let role_stages = std::mem::take(&mut self.role_stages);
        let result = run(self);
        self.work = work;
        self.calls = calls;
        self.role_stages = role_stages;
        self.unprobe(probe);
        (self.rows, self.regions, self.applications) = (rows, regions, applications);
        result
    }

    /// Saves what an evaluation may change, so that it can be undone.
    pub fn probe(&mut self) -> Probe {
        Probe {
            builder: self.builder.clone(),
            diagnostics: self.diagnostics.len(),
            mistakes_met: self.mistakes_met,
            rows: self.rows.len(),
            regions: self.regions.len(),
            notes: self.notes.len(),
            applications: self.applications.len(),
        }
    }

    pub fn unprobe(&mut self, probe: Probe) {
        self.builder = probe.builder;
        self.diagnostics.truncate(probe.diagnostics);
        self.mistakes_met = probe.mistakes_met;
        self.rows.truncate(probe.rows);
        self.regions.truncate(probe.regions);
        self.notes.truncate(probe.notes);
        self.applications.truncate(probe.applications);
    }

    /// `let` statements (and, in blocks and models, `weight` and `constant`) before a body's result.
    pub fn statements(&mut self, body: &Body, frame: &mut Frame) {
        for (i, statement) in body.statements.iter().enumerate() {
            match &statement.kind {
                StatementKind::Let(binding) => self.let_statement(binding, frame),
                StatementKind::Weight(declaration) => self.weight_statement(declaration, frame),
                StatementKind::Constant(declaration) => self.constant_statement(declaration, frame),
                StatementKind::Expression(expr) => {
                    let value = self.expression(expr, frame);
                    let follows = |s: &ast::Statement| matches!(s.kind, StatementKind::Expression(_));
                    let is_continued = i.checked_sub(1).and_then(|i| body.statements.get(i)).is_some_and(follows);
                    match value {
                        Value::Unknown => {}
                        Value::Stage(_) if is_continued => {
                            let (found, before) = (value.describe(), Some("|> ".to_owned()));
                            self.mistake(expr.span, &Mistake::NotConnected { found, before });
                        }
                        // What follows is told, and joins the two.
                        _ if self.is_followed_by_stage(body, i, frame) => {}
                        _ => {
                            self.mistake(expr.span, &Mistake::Unused);
                        }
                    }
                }
                StatementKind::Field { .. }
                | StatementKind::Setting(_)
                | StatementKind::Phase { .. }
                | StatementKind::Group { .. }
                | StatementKind::Error => {}
            }
        }
    }

    /// Whether the statement behind this one, or the result, is a layer or function alone.
    fn is_followed_by_stage(&mut self, body: &Body, index: usize, frame: &mut Frame) -> bool {
        let next = match body.statements.get(index + 1) {
            Some(ast::Statement { kind: StatementKind::Expression(expr), .. }) => expr,
            Some(_) => return false,
            None => match &body.result {
                Some(result) => result,
                None => return false,
            },
        };
        let paths = frame.body.snapshot();
        let value = self.quietly(|c| c.expression(next, frame));
        frame.body.restore(paths);
        matches!(value, Value::Stage(_))
    }

    /// A result that is a stage behind a statement that is an expression: a `|>` is missing between them.
    pub fn joined(&mut self, body: &Body, span: Span, value: Value) -> Value {
        let follows = body.statements.last().is_some_and(|s| matches!(s.kind, StatementKind::Expression(_)));
        match value {
            Value::Stage(_) if follows => {
                let (found, before) = (value.describe(), Some("|> ".to_owned()));
                self.mistake(span, &Mistake::NotConnected { found, before })
            }
            value => value,
        }
    }

    /// Tells of a body without a result; one that ends with a `let` probably means what that names.
    pub fn no_result(&mut self, body: &Body, span: Span, what: &'static str) -> Value {
        let last = body.statements.last();
        match last.map(|statement| (&statement.kind, statement.span)) {
            Some((StatementKind::Let(ast::Let { pattern: Pattern::Name(name), .. }), at)) => {
                let line = self
                    .sources
                    .text(Span { start: 0, end: at.start, ..at })
                    .rsplit('\n')
                    .next()
                    .unwrap_or("")
                    .to_owned();
                let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
                let text = format!("\n{indent}{}", name.name);
                let repair = Some((name.name.clone(), at.end_point(), text));
                self.mistake(at, &Mistake::NoResult { what, repair })
            }
            _ => self.mistake(span, &Mistake::NoResult { what, repair: None }),
        }
    }

    /// `let x = value`, `let (a, b) = value`
    pub fn let_statement(&mut self, binding: &ast::Let, frame: &mut Frame) {
        let before = frame.body.snapshot();
        let clashes = self.path_clashes.len();
        let value = self.expression(&binding.value, frame);
        match &binding.pattern {
            Pattern::Name(name) => {
                let value = match value {
                    Value::Stage(stage) => {
                        // Its layers were counted as they were made; named, they belong to the name.
                        let after = frame.body.counts();
                        frame.body.restore(before);
                        self.forget_clashes(clashes, &frame.body.prefix);
                        self.name_stage(&stage, name, frame, after);
                        Value::Stage(stage)
                    }
                    value => value,
                };
                self.note(name.span, &value);
                frame.bind(&name.name, value);
            }
            Pattern::Tuple(names, span) => {
                let parts = match value {
                    Value::Tuple(parts) | Value::List(parts) if parts.len() == names.len() => parts,
                    Value::Unknown => vec![Value::Unknown; names.len()],
                    other => {
                        let layer = last_stage(&binding.value).filter(|name| is_recurrent(name));
                        let of_layer = layer.cloned().zip(names.first().map(|name| name.name.clone()));
                        let (wanted, found) = (names.len(), other.describe());
                        let mut parts = vec![Value::Unknown; wanted];
                        if let (Some(_), Some(first)) = (&of_layer, parts.first_mut()) {
                            *first = other;
                        }
                        self.mistake(*span, &Mistake::Pattern { wanted, found, of_layer });
                        parts
                    }
                };
                for (name, part) in names.iter().zip(parts) {
                    self.note(name.span, &part);
                    frame.bind(&name.name, part);
                }
            }
        }
    }

    /// Takes back what was told of the paths in a body since: its layers have got others.
    fn forget_clashes(&mut self, since: usize, body: &StateScope) {
        for (path, span) in self.path_clashes.split_off(since) {
            let is_of_body = below(&StateScope(path.as_str().into()), body).is_some_and(|rest| !rest.contains('.'));
            if is_of_body {
                self.diagnostics.retain(|d| d.code != Code::E0111 || d.span() != span);
            } else {
                self.path_clashes.push((path, span));
            }
        }
    }

    /// Gives a layer the path of the `let` that binds it; what is composed becomes a body of that name.
    /// `after` counts the layers of the body with those of the stage.
    pub fn name_stage(&mut self, stage: &Rc<Stage>, name: &ast::Ident, frame: &Frame, after: BTreeMap<String, u32>) {
        if matches!(&**stage, Stage::Function { .. }) {
            return;
        }
        let (scope, clash) = frame.body.claim(&name.name, name.span);
        self.same_path(frame.body.shown(&scope), clash, name.span);
        let counted = Counted { before: frame.body.counts(), after };
        rename(stage, &scope, &frame.body.prefix, &counted);
    }

    /// A layer that is bound at the top of a file.
    pub fn file_layer(&mut self, name: &ast::Symbol, binding: &ast::Let, home: usize) -> Value {
        let mut frame = Frame::new(home, StateScope::default());
        // A file's layer that names itself would never end.
        let span = binding.value.span;
        let value = self.in_call(name, span, |c| c.expression(&binding.value, &mut frame)).unwrap_or(Value::Unknown);
        match value {
            Value::Stage(stage) => {
                let fresh = Frame::new(home, StateScope::default());
                if let Pattern::Name(name) = &binding.pattern {
                    self.name_stage(&stage, name, &fresh, frame.body.counts());
                }
                Value::Stage(stage)
            }
            Value::Unknown => Value::Unknown,
            other => {
                let wanted = "a layer (only layers are bound at the top of a file; constants are hypers)".to_owned();
                self.mistake(binding.value.span, &Mistake::Type { wanted, found: other.describe() })
            }
        }
    }

    /// `repeat n { stage }`: n copies, each a body of its own.
    pub fn repeat_stage(&mut self, count: &Expr, body: &Body, span: Span, frame: &mut Frame) -> Value {
        let n = self.size_expression(count, frame);
        let (scope, clash) = frame.body.next("repeat", span);
        self.same_path(frame.body.shown(&scope), clash, span);
        let copies = match n.map(|n| (n.as_constant(), n)) {
            None => return Value::Unknown,
            Some((Some(copies), _)) if (0..=MAX_COPIES).contains(&copies) => copies,
            Some((Some(copies), _)) => {
                let wanted = format!("a number of copies from 0 to {MAX_COPIES}");
                return self.mistake(count.span, &Mistake::Type { wanted, found: copies.to_string() });
            }
            // By itself a block may not know how often.
            Some((None, _)) if self.builder.generic => 1,
            Some((None, n)) => {
                let wanted = "a number of copies known at compile time".to_owned();
                return self.mistake(count.span, &Mistake::Type { wanted, found: format!("`{n}`") });
            }
        };
        let mut stages = Vec::new();
        for copy in 0..copies {
            let outer = std::mem::replace(&mut frame.body, BodyPath::new(StateScope(scope.join(&copy.to_string()))));
            let value = self.body_stage(body, frame);
            frame.body = outer;
            match value {
                Value::Stage(stage) => stages.push(stage),
                Value::Unknown => return Value::Unknown,
                other => {
                    let at = body.result.as_ref().map_or(body.span, |r| r.span);
                    return self.mistake(at, &Mistake::NotAStage { found: other.describe() });
                }
            }
        }
        Value::Stage(Rc::new(Stage::Repeat { copies: stages, path: RefCell::new(scope) }))
    }
}

/// Whether a condition is true in training and false elsewhere, or the other way round.
fn asks_for_training(condition: &Expr, frame: &Frame) -> bool {
    let mut asks = false;
    walk::values_of(condition, &mut |part| {
        asks |= matches!(&part.kind, ExprKind::Name(name) if &**name == "training" && frame.lookup(name).is_none());
    });
    asks
}

/// What [`Checker::probe`] saved.
pub(super) struct Probe {
    builder: crate::build::Builder,
    diagnostics: usize,
    mistakes_met: usize,
    rows: usize,
    regions: usize,
    notes: usize,
    applications: usize,
}

/// How many layers of each kind a body had before and after an expression.
struct Counted {
    before: BTreeMap<String, u32>,
    after: BTreeMap<String, u32>,
}

impl Counted {
    /// `dense3` as the first of its kind in a body of its own: `dense1`, where two were counted before.
    fn numbered_from_one(&self, segment: &str) -> String {
        let segment = segment.split(CLASH).next().unwrap_or_default();
        self.after
            .iter()
            .find_map(|(kind, after)| {
                let number: u32 = segment.strip_prefix(kind.as_str())?.parse().ok()?;
                let before = self.before.get(kind).copied().unwrap_or(0);
                (before < number && number <= *after).then(|| format!("{kind}{}", number - before))
            })
            .unwrap_or_else(|| segment.to_owned())
    }
}

/// Moves a stage to a path: a single layer takes it, what is composed of several becomes a body of that name.
fn rename(stage: &Stage, scope: &StateScope, from: &StateScope, counted: &Counted) {
    match stage {
        Stage::Layer(LayerInstance { path, bound, .. }) | Stage::Block(BlockInstance { path, bound, .. }) => {
            if !bound.replace(true) {
                *path.borrow_mut() = scope.clone();
            }
        }
        Stage::Repeat { copies, path } => {
            let old = path.replace(scope.clone());
            copies.iter().for_each(|c| move_layers(c, &|p| Some(StateScope(scope.join(below(p, &old)?)))));
        }
        Stage::Waiting { stage, .. } => rename(stage, scope, from, counted),
        Stage::Residual { .. } | Stage::Composition(_) => move_layers(stage, &|p| {
            let rest = below(p, from)?;
            let (head, tail) = rest.split_once('.').map_or((rest, None), |(head, tail)| (head, Some(tail)));
            let head = counted.numbered_from_one(head);
            Some(StateScope(scope.join(&tail.map_or(head.clone(), |tail| format!("{head}.{tail}")))))
        }),
        Stage::Function { .. } => {}
    }
}

/// Gives what a hyper's default has made its path in the body of its block, the hyper's name: `b1.norm`. Whatever else a
/// hyper holds has a path already.
pub(super) fn place_default(stage: &Stage, body: &BodyPath, name: &ast::Ident) {
    let from = default_scope();
    let is_of_default = Cell::new(false);
    move_layers(stage, &|path| {
        is_of_default.set(is_of_default.get() || below(path, &from).is_some());
        None
    });
    if is_of_default.get() {
        let (scope, _) = body.claim(&name.name, name.span);
        let numbers = Counted { before: BTreeMap::new(), after: BTreeMap::new() };
        rename(stage, &scope, &from, &numbers);
    }
}

/// What stands behind a prefix in a path.
fn below<'p>(path: &'p StateScope, prefix: &StateScope) -> Option<&'p str> {
    if prefix.0.is_empty() { Some(&path.0) } else { path.0.strip_prefix(&*prefix.0)?.strip_prefix('.') }
}

/// Gives every layer in a stage the path that `moved` says. Layers that a `let` has bound keep theirs: they are shared.
fn move_layers(stage: &Stage, moved: &dyn Fn(&StateScope) -> Option<StateScope>) {
    match stage {
        Stage::Layer(LayerInstance { path, bound, .. }) | Stage::Block(BlockInstance { path, bound, .. }) => {
            let target = moved(&path.borrow());
            if let (false, Some(target)) = (bound.get(), target) {
                *path.borrow_mut() = target;
            }
        }
        Stage::Repeat { copies, path } => {
            let target = moved(&path.borrow());
            if let Some(target) = target {
                *path.borrow_mut() = target;
            }
            copies.iter().for_each(|c| move_layers(c, moved));
        }
        Stage::Waiting { stage, .. } => move_layers(stage, moved),
        Stage::Residual { inner, shortcut, .. } => {
            move_layers(inner, moved);
            if let Some(shortcut) = shortcut {
                move_layers(shortcut, moved);
            }
        }
        Stage::Composition(parts) => parts.iter().for_each(|p| move_layers(p, moved)),
        Stage::Function { .. } => {}
    }
}

/// The name of what is applied last in an expression.
fn last_stage(expr: &Expr) -> Option<&ast::Symbol> {
    match &expr.kind {
        ExprKind::Pipe { stage, .. } => last_stage(stage),
        ExprKind::Call { callee, .. } => last_stage(callee),
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}
