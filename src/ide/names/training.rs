//! `train`, `expect` and `sweep`: outputs, inputs and fields by name, settings, measures.

use super::resolver::{Item, Resolver};
use super::scope::{Applies, Scope};
use super::{DeclarationId, DeclarationKind, Meaning};
use crate::catalog::{self, Entry, EntryKind, ParamType, WordKind, small_word};
use crate::source::Span;
use crate::syntax::ast::{
    Arg, BinaryOperator, Expect, Expr, ExprKind, Ident, Setting, Statement, StatementKind, Sweep, Symbol, Train,
};

/// A train, as far as `expect` needs it.
#[derive(Debug, Clone, Default)]
pub(super) struct TrainNames {
    pub model: Option<DeclarationId>,
    /// Terms of the loss, and metrics with names of their own.
    pub measures: Vec<DeclarationId>,
}

impl Resolver<'_> {
    pub fn train(&mut self, module: usize, train: &Train, whole: Span) {
        let declared = |item: Option<Item>| match item {
            Some(Item::Declared(id)) => Some(id),
            _ => None,
        };
        let model = declared(self.item_path(&train.model, module, &[DeclarationKind::Model]));
        let data = declared(self.item_path(&train.data, module, &[DeclarationKind::Data]));
        let mut scope = Scope::new(module, None);
        scope.model = model;
        for (id, declaration) in data.map(|d| self.found.members(d).collect::<Vec<_>>()).unwrap_or_default() {
            if declaration.kind == DeclarationKind::Field {
                scope.bind(&declaration.name.clone(), id, Applies::No);
            }
        }
        self.bind_inputs(train, model, data, &mut scope);
        for (id, declaration) in model.map(|m| self.found.members(m).collect::<Vec<_>>()).unwrap_or_default() {
            if declaration.kind == DeclarationKind::Output {
                scope.bind(&declaration.name.clone(), id, Applies::No);
            }
        }
        for id in model.into_iter().chain(data) {
            let name = self.found.declaration(id).name.clone();
            scope.bind(&name, id, Applies::No);
        }
        let _ = whole;
        for statement in &train.statements {
            if let StatementKind::Let(binding) = &statement.kind {
                self.let_statement(binding, statement.span, statement.doc.as_ref(), &mut scope);
            }
        }
        let mut names = TrainNames { model, measures: Vec::new() };
        self.declare_measures(&train.statements, &mut names);
        self.settings(&train.statements, None, &names, &mut scope);
        self.trains.push(names);
    }

    /// The inputs of a model with the fields that they are given.
    fn bind_inputs(
        &mut self,
        train: &Train,
        model: Option<DeclarationId>,
        data: Option<DeclarationId>,
        scope: &mut Scope,
    ) {
        let inputs: Vec<(DeclarationId, Symbol)> = match model {
            Some(model) => {
                let own = self.found.members(model).filter(|(_, d)| d.kind == DeclarationKind::Input);
                own.map(|(id, d)| (id, d.name.clone())).collect()
            }
            None => Vec::new(),
        };
        let mut bound: Vec<DeclarationId> = Vec::new();
        for (position, arg) in train.bindings.iter().enumerate() {
            let input = match &arg.name {
                Some(name) => {
                    let input = inputs.iter().find(|(_, n)| *n == name.name).map(|(id, _)| *id);
                    let missing = if model.is_some() { Meaning::Unknown } else { Meaning::Missing };
                    self.name(name.span, input.map_or(missing, Meaning::Declared));
                    input
                }
                None => inputs.get(position).map(|(id, _)| *id),
            };
            bound.extend(input);
            match &arg.value.kind {
                ExprKind::Name(name) => {
                    let field = data.and_then(|d| self.member(d, name, &[DeclarationKind::Field]));
                    let missing = if data.is_some() { Meaning::Unknown } else { Meaning::Missing };
                    self.name(arg.value.span, field.map_or(missing, Meaning::Declared));
                }
                _ => self.read(&arg.value, scope),
            }
        }
        for (input, name) in inputs {
            // What is not bound is bound by its name: the field and the input go by one name.
            if !bound.contains(&input)
                && let Some(field) = data.and_then(|d| self.member(d, &name, &[DeclarationKind::Field]))
            {
                self.same_name(input, field);
            }
            scope.bind(&name, input, Applies::No);
        }
    }

    /// Terms of the loss and named metrics, which other settings may name.
    fn declare_measures(&mut self, statements: &[Statement], names: &mut TrainNames) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Setting(setting) if &*setting.key.name == "loss" => {
                    let ExprKind::Record(entries) = &setting.value.kind else { continue };
                    for entry in entries {
                        if let ExprKind::Name(name) = &entry.key.kind {
                            let ident = Ident { name: name.clone(), span: entry.key.span };
                            let whole = entry.key.span.to(entry.value.span);
                            let kind = DeclarationKind::Term;
                            names.measures.push(self.declare(&ident, kind, (whole, whole), None, None));
                        }
                    }
                }
                StatementKind::Setting(setting) if &*setting.key.name == "metrics" => {
                    let ExprKind::List(items) = &setting.value.kind else { continue };
                    for item in items {
                        if let ExprKind::Named { name, .. } = &item.kind {
                            let kind = DeclarationKind::Metric;
                            names.measures.push(self.declare(name, kind, (item.span, item.span), None, None));
                        }
                    }
                }
                StatementKind::Phase { body, .. } => self.declare_measures(body, names),
                _ => {}
            }
        }
    }

    /// What stands in a train or in one of its phases. `around`: the optimizer around the phase.
    fn settings(
        &mut self,
        statements: &[Statement],
        around: Option<&'static Entry>,
        names: &TrainNames,
        scope: &mut Scope,
    ) {
        let optimizer = optimizer_of(statements).or(around);
        for statement in statements {
            match &statement.kind {
                StatementKind::Setting(setting) => self.setting(setting, names, scope),
                StatementKind::Phase { name, body } => {
                    let shown = Span { end: name.span.end, ..statement.span };
                    let whole = (statement.span, shown);
                    self.declare(name, DeclarationKind::Phase, whole, statement.doc.as_ref(), None);
                    self.settings(body, optimizer, names, scope);
                }
                StatementKind::Group { patterns, body } => {
                    self.weights(patterns, scope);
                    self.group(body, optimizer, scope);
                }
                StatementKind::Expression(expr) => self.read(expr, scope),
                _ => {}
            }
        }
    }

    /// `group ["*.bias"] { weight_decay: 0 }`: arguments of the optimizer.
    fn group(&mut self, body: &[Statement], optimizer: Option<&'static Entry>, scope: &Scope) {
        let mut outside = Scope::new(scope.module, None);
        for statement in body {
            let StatementKind::Setting(setting) = &statement.kind else { continue };
            let param = optimizer.and_then(|entry| Some((entry, entry.param(&setting.key.name)?)));
            let meaning = param.map_or(Meaning::Unknown, |(entry, param)| Meaning::Parameter(entry, param));
            self.name(setting.key.span, meaning);
            self.read(&setting.value, &mut outside);
        }
    }

    fn setting(&mut self, setting: &Setting, names: &TrainNames, scope: &mut Scope) {
        let key = &*setting.key.name;
        let word = catalog::words().find(|w| w.name == key && w.kind == WordKind::Setting);
        self.name(setting.key.span, word.map_or(Meaning::Unknown, Meaning::Setting));
        // Beside the loss and the metrics, a setting sees the file only.
        let mut outside = Scope::new(scope.module, None);
        outside.model = scope.model;
        let value = &setting.value;
        match key {
            "loss" => match &value.kind {
                ExprKind::Record(entries) => entries.iter().for_each(|e| self.read(&e.value, scope)),
                _ => self.read(value, scope),
            },
            "metrics" => self.metrics(value, scope),
            "optimizer" => self.configured(value, EntryKind::Optimizer, &mut outside),
            "schedule" => self.schedule(value, &mut outside),
            "clip" => self.worded_call(value, "clip", names, &mut outside),
            "stop" => self.worded_call(value, "stop", names, &mut outside),
            "keep" => self.worded_call(value, "keep", names, &mut outside),
            "freeze" => self.weights(value, &mut outside),
            "class_weights" => match &value.kind {
                ExprKind::Name(name) => {
                    let word = small_word(name, "class_weights");
                    self.name(value.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
                }
                _ => self.read(value, &mut outside),
            },
            "load" => self.files(value, &mut outside),
            "augment" => self.augment(value, scope, &mut outside),
            _ => self.read(value, &mut outside),
        }
    }

    fn schedule(&mut self, expr: &Expr, scope: &mut Scope) {
        match &expr.unparenthesized().kind {
            ExprKind::Binary { op: BinaryOperator::Then, left, right, .. } => {
                self.schedule(left, scope);
                self.schedule(right, scope);
            }
            _ => self.configured(expr, EntryKind::Schedule, scope),
        }
    }

    fn metrics(&mut self, expr: &Expr, scope: &mut Scope) {
        match &expr.kind {
            ExprKind::List(items) => items.iter().for_each(|item| self.metrics(item, scope)),
            ExprKind::Named { value, .. } => self.metrics(value, scope),
            ExprKind::Call { callee, args, .. } => {
                let ExprKind::Name(name) = &callee.kind else { return self.read(expr, scope) };
                let Some(entry) = catalog::find(name, &[EntryKind::Metric]) else {
                    self.name(callee.span, Meaning::Unknown);
                    return args.iter().for_each(|a| self.read(&a.value, scope));
                };
                self.name(callee.span, Meaning::Entry(entry));
                // `top_k(5)` takes its operands from the loss: a number in front is no operand.
                let is_number = |a: &Arg| matches!(a.value.kind, ExprKind::Number(_));
                let without_operands = args.iter().find(|a| a.name.is_none()).is_some_and(is_number);
                if without_operands {
                    for arg in args {
                        let param = arg.name.as_ref().and_then(|n| entry.param(&n.name));
                        self.argument_name(entry, arg, param);
                        self.read(&arg.value, scope);
                    }
                } else {
                    self.entry_arguments(entry, args, false, scope);
                }
            }
            _ => self.configured(expr, EntryKind::Metric, scope),
        }
    }

    /// `norm(1.0)`, `patience(validation.loss, 10 epochs)`, `best(validation.loss)`
    fn worded_call(&mut self, expr: &Expr, place: &str, names: &TrainNames, scope: &mut Scope) {
        let (callee, args) = match &expr.kind {
            ExprKind::Call { callee, args, .. } => (&**callee, args.as_slice()),
            ExprKind::Name(_) => (expr, &[] as &[Arg]),
            _ => return self.read(expr, scope),
        };
        match &callee.kind {
            ExprKind::Name(name) => {
                let word = small_word(name, place);
                self.name(callee.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
            }
            _ => self.read(callee, scope),
        }
        for arg in args {
            if let Some(name) = &arg.name {
                self.name(name.span, Meaning::Unknown);
            }
            match &arg.value.kind {
                ExprKind::Field { base, name } if is_split(base) => self.measure(base, name, names),
                _ => self.read(&arg.value, scope),
            }
        }
    }

    /// `validation.loss`: a split, and the loss, one of its terms or a metric.
    fn measure(&mut self, split: &Expr, name: &Ident, names: &TrainNames) {
        if let ExprKind::Name(word) = &split.kind {
            let word = small_word(word, "measure");
            self.name(split.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
        }
        if name.span.is_empty() {
            return;
        }
        let own = names.measures.iter().copied().find(|id| self.found.declaration(*id).name == name.name);
        let meaning = match (own, small_word(&name.name, "measure"), catalog::find(&name.name, &[EntryKind::Metric])) {
            (Some(id), ..) => Meaning::Declared(id),
            (None, Some(word), _) => Meaning::SmallWord(word),
            (None, None, Some(entry)) => Meaning::Entry(entry),
            (None, None, None) => Meaning::Unknown,
        };
        self.name(name.span, meaning);
    }

    /// `{ image: random_flip |> noise(0.1), [image, mask]: … }`
    fn augment(&mut self, expr: &Expr, scope: &mut Scope, outside: &mut Scope) {
        let ExprKind::Record(entries) = &expr.kind else { return self.augmentation(expr, outside) };
        for entry in entries {
            let keys = match &entry.key.kind {
                ExprKind::List(items) => items.as_slice(),
                _ => std::slice::from_ref(&entry.key),
            };
            for key in keys {
                self.read(key, scope);
            }
            self.augmentation(&entry.value, outside);
        }
    }

    fn augmentation(&mut self, expr: &Expr, scope: &mut Scope) {
        match &expr.kind {
            ExprKind::Pipe { input, stage } => {
                self.augmentation(input, scope);
                self.augmentation(stage, scope);
            }
            _ => self.configured(expr, EntryKind::Augmentation, scope),
        }
    }

    /// `expect { … }`
    pub fn expect(&mut self, module: usize, expect: &Expect) {
        for statement in &expect.statements {
            if let StatementKind::Expression(expr) = &statement.kind {
                let train = self.trains.last().cloned().unwrap_or_default();
                self.fact(expr, &train, module);
            }
        }
    }

    fn fact(&mut self, expr: &Expr, train: &TrainNames, module: usize) {
        match &expr.kind {
            ExprKind::Paren(inner) => self.fact(inner, train, module),
            ExprKind::Unary { operand, .. } => self.fact(operand, train, module),
            ExprKind::Binary { left, right, .. } => {
                self.fact(left, train, module);
                self.fact(right, train, module);
            }
            ExprKind::Name(name) => match catalog::find(name, &[EntryKind::Expectation]) {
                Some(entry) => self.name(expr.span, Meaning::Entry(entry)),
                None => self.read(expr, &mut Scope::new(module, None)),
            },
            ExprKind::Call { callee, args, .. } => self.fact_call(callee, args, expr, train, module),
            ExprKind::Field { base, name } => match &base.kind {
                _ if is_split(base) => self.measure(base, name, train),
                // `Model.test.accuracy`
                ExprKind::Field { base: model, name: split } => {
                    let split = Expr { kind: ExprKind::Name(split.name.clone()), span: split.span };
                    let train = self.train_of(model, module);
                    self.measure(&split, name, &train);
                }
                _ => {
                    self.train_of(base, module);
                    let word = small_word(&name.name, "measure");
                    let meaning = match (catalog::find(&name.name, &[EntryKind::Expectation]), word) {
                        (Some(entry), _) => Meaning::Entry(entry),
                        (None, Some(word)) => Meaning::SmallWord(word),
                        (None, None) => Meaning::Unknown,
                    };
                    if !name.span.is_empty() {
                        self.name(name.span, meaning);
                    }
                }
            },
            _ => self.read(expr, &mut Scope::new(module, None)),
        }
    }

    /// The last train of a model that is named before a dot.
    fn train_of(&mut self, model: &Expr, module: usize) -> TrainNames {
        let ExprKind::Name(name) = &model.kind else {
            self.read(model, &mut Scope::new(module, None));
            return TrainNames::default();
        };
        let named = self.trains.iter().rev().find(|t| t.model.is_some_and(|m| self.found.declaration(m).name == *name));
        match named.cloned() {
            Some(train) => {
                self.name(model.span, train.model.map_or(Meaning::Unknown, Meaning::Declared));
                train
            }
            None => {
                let meaning = self.item_meaning(module, name).unwrap_or_else(|| self.unknown(module));
                self.name(model.span, meaning);
                TrainNames::default()
            }
        }
    }

    fn fact_call(&mut self, callee: &Expr, args: &[Arg], whole: &Expr, train: &TrainNames, module: usize) {
        let (name, span, train) = match &callee.kind {
            ExprKind::Name(name) => (name, callee.span, train.clone()),
            ExprKind::Field { base, name } => {
                let train = self.train_of(base, module);
                (&name.name, name.span, train)
            }
            _ => return self.read(whole, &mut Scope::new(module, None)),
        };
        let Some(entry) = catalog::find(name, &[EntryKind::Expectation]) else {
            return self.read(whole, &mut Scope::new(module, None));
        };
        self.name(span, Meaning::Entry(entry));
        for (arg, param) in args.iter().zip(super::values::parameters_of(entry, args, false)) {
            self.argument_name(entry, arg, param);
            let is_port = param.is_some_and(|p| matches!(p.ty, ParamType::Names));
            match (&arg.value.kind, param) {
                (ExprKind::Name(port), Some(param)) if is_port => {
                    let kind = if param.name == "output" { DeclarationKind::Output } else { DeclarationKind::Input };
                    let declared = train.model.and_then(|m| self.member(m, port, &[kind]));
                    self.name(arg.value.span, declared.map_or(Meaning::Unknown, Meaning::Declared));
                }
                _ => self.read(&arg.value, &mut Scope::new(module, None)),
            }
        }
    }

    /// `sweep { … }`: hypers with what to try, and how.
    pub fn sweep(&mut self, module: usize, sweep: &Sweep) {
        for statement in &sweep.statements {
            let StatementKind::Setting(setting) = &statement.kind else { continue };
            let key = &setting.key;
            let hyper = match self.item(module, &key.name) {
                Some(Item::Declared(id)) if self.kind(id) == DeclarationKind::Hyper => Some(Meaning::Declared(id)),
                Some(Item::Missing) => Some(Meaning::Missing),
                _ => None,
            };
            let word = small_word(&key.name, "sweep").map(Meaning::SmallWord);
            self.name(key.span, word.or(hyper).unwrap_or(Meaning::Unknown));
            let names = self.trains.last().cloned().unwrap_or_default();
            self.tried(&setting.value, &names, module);
        }
    }

    fn tried(&mut self, expr: &Expr, names: &TrainNames, module: usize) {
        match &expr.kind {
            ExprKind::Call { callee, args, .. } => {
                match &callee.kind {
                    ExprKind::Name(name) => {
                        let word = small_word(name, "sweep").map(Meaning::SmallWord);
                        let meaning = word.or_else(|| self.item_meaning(module, name)).unwrap_or(Meaning::Unknown);
                        self.name(callee.span, meaning);
                    }
                    _ => self.read(callee, &mut Scope::new(module, None)),
                }
                for arg in args {
                    if let Some(name) = &arg.name {
                        let word = small_word(&name.name, "random");
                        self.name(name.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
                    }
                    self.tried(&arg.value, names, module);
                }
            }
            ExprKind::Field { base, name } if is_split(base) => self.measure(base, name, names),
            _ => self.read(expr, &mut Scope::new(module, None)),
        }
    }
}

/// Whether an expression is the name of a split.
fn is_split(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if matches!(&**name, "train" | "validation" | "test"))
}

/// The optimizer that is written among settings.
fn optimizer_of(statements: &[Statement]) -> Option<&'static Entry> {
    statements.iter().find_map(|statement| match &statement.kind {
        StatementKind::Setting(setting) if &*setting.key.name == "optimizer" => {
            let name = match &setting.value.unparenthesized().kind {
                ExprKind::Name(name) => name,
                ExprKind::Call { callee, .. } => match &callee.kind {
                    ExprKind::Name(name) => name,
                    _ => return None,
                },
                _ => return None,
            };
            catalog::find(name, &[EntryKind::Optimizer])
        }
        _ => None,
    })
}
