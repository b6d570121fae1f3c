//! Expressions: values by their nearest name, calls by the nearest layer or function, arguments as they are wanted.

use super::resolver::{Item, Resolver};
use super::scope::{Applies, Scope};
use super::{DeclarationId, DeclarationKind, Meaning};
use crate::catalog::{self, Entry, EntryKind, Param, ParamType, small_word};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Ident, Symbol};

const CALLABLE: &[EntryKind] = &[EntryKind::Layer, EntryKind::Function, EntryKind::Loss];

impl Resolver<'_> {
    /// The names in an expression. The declaration that it is, where it is a name or a path.
    pub fn value(&mut self, expr: &Expr, scope: &mut Scope) -> Option<DeclarationId> {
        match &expr.kind {
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Hole
            | ExprKind::Error => {}
            ExprKind::Name(name) => return self.value_name(name, expr.span, scope),
            ExprKind::Paren(inner) => return self.value(inner, scope),
            ExprKind::Duration { amount, .. } => self.read(amount, scope),
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|i| self.read(i, scope)),
            ExprKind::Named { value, .. } => self.read(value, scope),
            ExprKind::Record(entries) => entries.iter().for_each(|e| self.read(&e.value, scope)),
            ExprKind::Range { start, end } => {
                start.iter().chain(end).for_each(|e| self.read(e, scope));
            }
            ExprKind::Unary { operand, .. } => self.read(operand, scope),
            ExprKind::Binary { left, right, .. } => {
                self.value(left, scope);
                self.value(right, scope);
            }
            ExprKind::Pipe { input, stage } => {
                self.value(input, scope);
                self.stage(stage, true, scope);
            }
            ExprKind::Call { callee, args, .. } => self.call(callee, args, false, scope),
            ExprKind::Index { base, args, .. } => {
                self.value(base, scope);
                args.iter().for_each(|a| self.read(&a.value, scope));
            }
            ExprKind::Field { base, name } => return self.field(base, name, scope),
            ExprKind::If { condition, then_body, else_body } => {
                self.value(condition, scope);
                self.body(then_body, scope);
                else_body.iter().for_each(|body| self.body(body, scope));
            }
            ExprKind::Residual { args, body } => {
                for arg in args {
                    if let Some(name) = &arg.name {
                        let word = small_word(&name.name, "residual");
                        self.name(name.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
                    }
                    self.value(&arg.value, scope);
                }
                self.body(body, scope);
            }
            ExprKind::Repeat { count, body } => {
                self.value(count, scope);
                self.body(body, scope);
            }
            ExprKind::Scan { input, item, states, body } => {
                self.value(input, scope);
                states.iter().for_each(|(_, start)| self.read(start, scope));
                let before = scope.bound.len();
                self.bind_step(item, DeclarationKind::ScanStep, input.span.to(item.span), scope);
                for (name, start) in states {
                    self.bind_step(name, DeclarationKind::ScanState, name.span.to(start.span), scope);
                }
                self.body(body, scope);
                scope.bound.truncate(before);
            }
        }
        None
    }

    /// The names in an expression.
    pub fn read(&mut self, expr: &Expr, scope: &mut Scope) {
        self.value(expr, scope);
    }

    /// A name where a value is wanted.
    fn value_name(&mut self, name: &Symbol, span: Span, scope: &Scope) -> Option<DeclarationId> {
        let meaning = if let Some(bound) = scope.value(name) {
            Meaning::Declared(bound.declaration)
        } else if let Some(meaning) = self.item_meaning(scope.module, name) {
            meaning
        } else if let Some(word) = small_word(name, "expression") {
            Meaning::SmallWord(word)
        } else if let Some(entry) = catalog::find(name, CALLABLE) {
            Meaning::Entry(entry)
        } else {
            self.unknown(scope.module)
        };
        self.said(span, meaning)
    }

    fn said(&mut self, span: Span, meaning: Meaning) -> Option<DeclarationId> {
        let declaration = match meaning {
            Meaning::Declared(id) => Some(id),
            _ => None,
        };
        self.name(span, meaning);
        declaration
    }

    /// What a name is that is not there: it may be in a file that could not be had.
    pub fn unknown(&self, module: usize) -> Meaning {
        if self.modules[module].lacks_names { Meaning::Missing } else { Meaning::Unknown }
    }

    /// What stands behind `|>`.
    fn stage(&mut self, stage: &Expr, piped: bool, scope: &mut Scope) {
        match &stage.kind {
            ExprKind::Name(name) => {
                let meaning = self.callee(name, scope);
                self.name(stage.span, meaning);
            }
            ExprKind::Call { callee, args, .. } => self.call(callee, args, piped, scope),
            _ => {
                self.value(stage, scope);
            }
        }
    }

    /// The nearest layer or function of a name, or what else it is.
    fn callee(&self, name: &Symbol, scope: &Scope) -> Meaning {
        if let Some(bound) = scope.stage(name) {
            return Meaning::Declared(bound.declaration);
        }
        let item = self.item(scope.module, name);
        match item {
            Some(Item::Declared(id)) => {
                let can_be_called = match self.kind(id) {
                    DeclarationKind::Block | DeclarationKind::SharedLayer => true,
                    DeclarationKind::Hyper => self.applies.get(&id).is_some_and(|a| *a != Applies::No),
                    _ => false,
                };
                if can_be_called {
                    return Meaning::Declared(id);
                }
            }
            Some(Item::Missing) => return Meaning::Missing,
            None => {}
        }
        if let Some(entry) = catalog::find(name, CALLABLE) {
            return Meaning::Entry(entry);
        }
        match (scope.value(name), item) {
            (Some(bound), _) => Meaning::Declared(bound.declaration),
            (None, Some(Item::Declared(id))) => Meaning::Declared(id),
            _ => self.unknown(scope.module),
        }
    }

    /// `callee(args)`, with something from the pipe or without.
    fn call(&mut self, callee: &Expr, args: &[Arg], piped: bool, scope: &mut Scope) {
        let meaning = match &callee.kind {
            ExprKind::Name(name) => {
                let meaning = self.callee(name, scope);
                self.name(callee.span, meaning.clone());
                meaning
            }
            ExprKind::Field { base, name } => match self.field(base, name, scope) {
                Some(id) => Meaning::Declared(id),
                None => Meaning::Unknown,
            },
            _ => {
                self.value(callee, scope);
                // The tensors that a layer is applied to.
                return args.iter().for_each(|a| self.read(&a.value, scope));
            }
        };
        match meaning {
            Meaning::Entry(entry) => self.entry_arguments(entry, args, piped, scope),
            Meaning::Declared(id) if self.kind(id) == DeclarationKind::Block && self.has_hypers(id) => {
                self.block_arguments(id, args, scope);
            }
            Meaning::Missing => {
                for arg in args {
                    if let Some(name) = &arg.name {
                        self.name(name.span, Meaning::Missing);
                    }
                    // The name of a named argument may be a choice of what is not known: `padding: same`.
                    match &arg.value.kind {
                        ExprKind::Name(_) if arg.name.is_some() => self.name(arg.value.span, Meaning::Missing),
                        _ => self.read(&arg.value, scope),
                    }
                }
            }
            _ => {
                for arg in args {
                    if let Some(name) = &arg.name {
                        self.name(name.span, Meaning::Unknown);
                    }
                    self.value(&arg.value, scope);
                }
            }
        }
    }

    /// The hypers that a block is given.
    fn block_arguments(&mut self, block: DeclarationId, args: &[Arg], scope: &mut Scope) {
        for arg in args {
            if let Some(name) = &arg.name {
                let hyper = self.member(block, &name.name, &[DeclarationKind::HyperParameter]);
                self.name(name.span, hyper.map_or(Meaning::Unknown, Meaning::Declared));
            }
            self.value(&arg.value, scope);
        }
    }

    /// The arguments of an entry of the catalog, each as its parameter wants it.
    pub fn entry_arguments(&mut self, entry: &'static Entry, args: &[Arg], piped: bool, scope: &mut Scope) {
        for (arg, param) in args.iter().zip(parameters_of(entry, args, piped)) {
            self.argument_name(entry, arg, param);
            match param {
                Some(param) => self.argument(entry, param, &arg.value, scope),
                None => self.read(&arg.value, scope),
            }
        }
    }

    /// The word before the colon of an argument.
    pub fn argument_name(&mut self, entry: &'static Entry, arg: &Arg, param: Option<&'static Param>) {
        let Some(name) = &arg.name else { return };
        let meaning = match param {
            Some(param) if matches!(param.ty, ParamType::NamedSizes) => Meaning::Label,
            Some(param) => Meaning::Parameter(entry, param),
            None => Meaning::Unknown,
        };
        self.name(name.span, meaning);
    }

    fn argument(&mut self, entry: &'static Entry, param: &'static Param, expr: &Expr, scope: &mut Scope) {
        let inner = expr.unparenthesized();
        match &inner.kind {
            ExprKind::Name(name) if choices(&param.ty).contains(&&**name) => {
                self.name(inner.span, Meaning::Choice(entry, param));
            }
            _ if wants(&param.ty, |ty| matches!(ty, ParamType::Weights)) => self.weights(inner, scope),
            _ if wants(&param.ty, |ty| matches!(ty, ParamType::Init)) && self.is_initial(inner, scope) => {
                self.initial(inner, scope);
            }
            _ => self.read(expr, scope),
        }
    }

    /// Whether an argument names initial weights rather than a hyper that holds some.
    fn is_initial(&self, expr: &Expr, scope: &Scope) -> bool {
        let name = match &expr.kind {
            ExprKind::Name(name) => name,
            ExprKind::Call { callee, .. } => match &callee.kind {
                ExprKind::Name(name) => name,
                _ => return false,
            },
            _ => return false,
        };
        catalog::find(name, &[EntryKind::Initializer]).is_some() || scope.value(name).is_none()
    }

    /// `zeros`, `normal(std: 0.02)`
    pub fn initial(&mut self, expr: &Expr, scope: &mut Scope) {
        self.configured(expr, EntryKind::Initializer, scope);
    }

    /// An entry of one kind, with its arguments: `Adam(lr: 1e-3)`.
    pub fn configured(&mut self, expr: &Expr, kind: EntryKind, scope: &mut Scope) {
        let inner = expr.unparenthesized();
        let (name, span, args) = match &inner.kind {
            ExprKind::Name(name) => (name, inner.span, &[] as &[Arg]),
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) => (name, callee.span, args.as_slice()),
                _ => return self.read(expr, scope),
            },
            _ => return self.read(expr, scope),
        };
        match catalog::find(name, &[kind]) {
            Some(entry) => {
                self.name(span, Meaning::Entry(entry));
                self.entry_arguments(entry, args, false, scope);
            }
            None => {
                self.name(span, Meaning::Unknown);
                args.iter().for_each(|a| self.read(&a.value, scope));
            }
        }
    }

    /// `base.name`
    fn field(&mut self, base: &Expr, name: &Ident, scope: &mut Scope) -> Option<DeclarationId> {
        if name.span.is_empty() {
            self.value(base, scope);
            return None;
        }
        let Some(of) = self.value(base, scope) else {
            let meaning = match self.found.names.last().map(|n| &n.meaning) {
                Some(Meaning::Missing) => Meaning::Missing,
                Some(Meaning::WeightPath) => Meaning::WeightPath,
                _ => Meaning::Unknown,
            };
            return self.said(name.span, meaning);
        };
        let member = |r: &Self, kinds: &[DeclarationKind]| {
            r.member(of, &name.name, kinds).map_or(Meaning::Unknown, Meaning::Declared)
        };
        let meaning = match self.kind(of) {
            DeclarationKind::Import => match self.namespaces.get(&of).copied().flatten() {
                Some(home) => self.item_meaning(home, &name.name).unwrap_or(Meaning::Unknown),
                None => Meaning::Missing,
            },
            DeclarationKind::Data => member(self, &[DeclarationKind::Field]),
            DeclarationKind::Field => small_word(&name.name, "field").map_or(Meaning::Unknown, Meaning::SmallWord),
            // An output is meant where an input has its name, too.
            DeclarationKind::Model => match member(self, &[DeclarationKind::Output]) {
                Meaning::Unknown => member(self, &[DeclarationKind::Input]),
                meaning => meaning,
            },
            DeclarationKind::Layer | DeclarationKind::SharedLayer | DeclarationKind::Let => {
                self.weight_of(of, &name.name)
            }
            DeclarationKind::HyperParameter | DeclarationKind::Block => Meaning::WeightPath,
            _ => Meaning::Unknown,
        };
        self.said(name.span, meaning)
    }
}

/// The parameter of each argument. What is piped is the first tensor.
pub fn parameters_of(entry: &'static Entry, args: &[Arg], piped: bool) -> Vec<Option<&'static Param>> {
    let is_tensor = |p: &Param| matches!(p.ty, ParamType::Tensor | ParamType::Tensors | ParamType::Table);
    // A layer has its tensors apart from its arguments.
    let taken = if piped { entry.params.iter().position(is_tensor) } else { None };
    let mut next = 0;
    args.iter()
        .map(|arg| match &arg.name {
            Some(name) => entry
                .param(&name.name)
                .or_else(|| entry.params.last().filter(|p| matches!(p.ty, ParamType::NamedSizes))),
            None => {
                if taken == Some(next) {
                    next += 1;
                }
                next += 1;
                entry.params.get(next - 1)
            }
        })
        .collect()
}

/// The words that a parameter can be.
pub fn choices(ty: &'static ParamType) -> Vec<&'static str> {
    match ty {
        ParamType::Choice(words) => words.to_vec(),
        ParamType::OneOf(types) => types.iter().flat_map(choices).collect(),
        _ => Vec::new(),
    }
}

/// Whether a parameter can be of such a type.
pub fn wants(ty: &ParamType, is: fn(&ParamType) -> bool) -> bool {
    match ty {
        ParamType::OneOf(types) => types.iter().any(|ty| wants(ty, is)),
        ty => is(ty),
    }
}
