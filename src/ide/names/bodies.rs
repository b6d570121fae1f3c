//! Blocks and models: their signatures, the dimensions that these bind, their bodies.

use super::resolver::{Item, Resolver};
use super::scope::{Applies, Scope};
use super::{DeclarationId, DeclarationKind, Meaning};
use crate::source::Span;
use crate::syntax::ast::{
    Body, Expr, ExprKind, Function, Ident, Let, Output, Outputs, Pattern, ScalarKind, Statement, StatementKind, Symbol,
    TypeExpr, TypeExprKind,
};

impl Resolver<'_> {
    /// A block or model, already declared.
    pub fn function(&mut self, module: usize, function: &Function) {
        let Some(owner) = self.declared_at(function.name.span) else { return };
        let mut scope = Scope::new(module, Some(owner));
        for hyper in function.hypers.iter().flatten() {
            // A default may use the hypers before it.
            if let Some(default) = &hyper.default {
                self.value(default, &mut scope);
            }
            if let Some(id) = self.member(owner, &hyper.name.name, &[DeclarationKind::HyperParameter]) {
                let applies = match &hyper.default {
                    Some(default) => match self.applies(default, &scope) {
                        Applies::No if matches!(default.unparenthesized().kind, ExprKind::None) => Applies::Perhaps,
                        known => known,
                    },
                    None => Applies::Perhaps,
                };
                self.applies.insert(id, applies);
                scope.bind(&hyper.name.name, id, applies);
            }
        }
        for input in &function.inputs {
            self.bind_dimensions(input.ty.as_ref(), owner, &mut scope);
        }
        for input in &function.inputs {
            if let Some(ty) = &input.ty {
                self.type_names(ty, &mut scope);
            }
        }
        // The types of the outputs are read in a scope where the body stands, but a `let` of theirs is no size.
        match &function.outputs {
            Outputs::Inferred => {}
            Outputs::One(output) => self.output(output, &mut scope),
            Outputs::Many(outputs) => outputs.iter().for_each(|output| self.output(output, &mut scope)),
        }
        for input in &function.inputs {
            if let Some(id) = self.member(owner, &input.name.name, &[DeclarationKind::Input]) {
                scope.bind(&input.name.name, id, Applies::No);
            }
        }
        self.body(&function.body, &mut scope);
    }

    fn output(&mut self, output: &Output, scope: &mut Scope) {
        if let Some(ty) = &output.ty {
            self.type_names(ty, scope);
        }
    }

    /// The declaration whose name stands there.
    pub fn declared_at(&self, span: Span) -> Option<DeclarationId> {
        self.found.declarations.iter().position(|d| d.span == span)
    }

    /// Declares the bare names in the type of an input that nothing else declares.
    fn bind_dimensions(&mut self, ty: Option<&TypeExpr>, owner: DeclarationId, scope: &mut Scope) {
        let Some(TypeExpr { kind: TypeExprKind::Tensor { kind, shape }, .. }) = ty else { return };
        let count = match kind {
            Some(ScalarKind::Class(count)) => Some(&**count),
            _ => None,
        };
        for dim in count.into_iter().chain(shape.iter().flatten()) {
            let ExprKind::Name(name) = &dim.kind else { continue };
            if scope.value(name).is_some() || self.is_hyper(scope.module, name) {
                continue;
            }
            let ident = Ident { name: name.clone(), span: dim.span };
            let kind = DeclarationKind::Dimension;
            let id = self.declare(&ident, kind, (dim.span, dim.span), None, Some(owner));
            scope.bind(name, id, Applies::No);
        }
    }

    fn is_hyper(&self, module: usize, name: &str) -> bool {
        match self.item(module, name) {
            Some(Item::Declared(id)) => self.kind(id) == DeclarationKind::Hyper,
            Some(Item::Missing) => true,
            None => false,
        }
    }

    /// The names in a type.
    pub fn type_names(&mut self, ty: &TypeExpr, scope: &mut Scope) {
        match &ty.kind {
            TypeExprKind::Error => {}
            TypeExprKind::Field(path) => self.field_path(path, scope.module),
            TypeExprKind::Tensor { kind, shape } => {
                if let Some(ScalarKind::Class(count)) = kind {
                    self.dimension(count, scope);
                }
                shape.iter().flatten().for_each(|dim| self.dimension(dim, scope));
            }
        }
    }

    /// A size of a type. Where it binds a name, that has been declared.
    fn dimension(&mut self, dim: &Expr, scope: &mut Scope) {
        if self.declared_at(dim.span).is_none() {
            self.value(dim, scope);
        }
    }

    /// `data.field`, `alias.data.field`
    fn field_path(&mut self, path: &[Ident], module: usize) {
        let Some((field, data)) = path.split_last() else { return };
        let found = self.item_path(data, module, &[DeclarationKind::Data]);
        let meaning = match found {
            Some(Item::Declared(data)) => {
                self.member(data, &field.name, &[DeclarationKind::Field]).map_or(Meaning::Unknown, Meaning::Declared)
            }
            Some(Item::Missing) => Meaning::Missing,
            None => Meaning::Unknown,
        };
        self.name(field.span, meaning);
    }

    /// `name` or `alias.name`: an item of one of these kinds.
    pub fn item_path(&mut self, path: &[Ident], module: usize, kinds: &[DeclarationKind]) -> Option<Item> {
        let (name, home) = match path {
            [name] => (name, Some(module)),
            [alias, name] => match self.item(module, &alias.name) {
                Some(Item::Declared(id)) if self.kind(id) == DeclarationKind::Import => {
                    self.name(alias.span, Meaning::Declared(id));
                    (name, self.namespaces.get(&id).copied().flatten())
                }
                Some(Item::Missing) => {
                    self.name(alias.span, Meaning::Missing);
                    (name, None)
                }
                _ => {
                    self.name(alias.span, Meaning::Unknown);
                    self.name(name.span, Meaning::Unknown);
                    return None;
                }
            },
            _ => return None,
        };
        let Some(home) = home else {
            self.name(name.span, Meaning::Missing);
            return Some(Item::Missing);
        };
        match self.item(home, &name.name) {
            Some(Item::Declared(id)) if kinds.contains(&self.kind(id)) => {
                self.name(name.span, Meaning::Declared(id));
                Some(Item::Declared(id))
            }
            Some(Item::Missing) => {
                self.name(name.span, Meaning::Missing);
                Some(Item::Missing)
            }
            None if self.modules[home].lacks_names => {
                self.name(name.span, Meaning::Missing);
                Some(Item::Missing)
            }
            _ => {
                self.name(name.span, Meaning::Unknown);
                None
            }
        }
    }

    /// A body; what it binds is out of sight behind it.
    pub fn body(&mut self, body: &Body, scope: &mut Scope) {
        let before = scope.bound.len();
        body.statements.iter().for_each(|statement| self.statement(statement, scope));
        if let Some(result) = &body.result {
            self.value(result, scope);
        }
        scope.bound.truncate(before);
    }

    fn statement(&mut self, statement: &Statement, scope: &mut Scope) {
        let (whole, doc) = (statement.span, statement.doc.as_ref());
        match &statement.kind {
            StatementKind::Let(binding) => self.let_statement(binding, whole, doc, scope),
            StatementKind::Weight(weight) => {
                self.type_names(&weight.ty, scope);
                self.initial(&weight.init, scope);
                self.bind(&weight.name, DeclarationKind::Weight, whole, doc, scope);
            }
            StatementKind::Constant(constant) => {
                if let Some(ty) = &constant.ty {
                    self.type_names(ty, scope);
                }
                self.value(&constant.value, scope);
                self.bind(&constant.name, DeclarationKind::Constant, whole, doc, scope);
            }
            StatementKind::Expression(expr) => {
                self.value(expr, scope);
            }
            StatementKind::Field { .. }
            | StatementKind::Setting(_)
            | StatementKind::Phase { .. }
            | StatementKind::Group { .. }
            | StatementKind::Error => {}
        }
    }

    fn bind(&mut self, name: &Ident, kind: DeclarationKind, whole: Span, doc: Option<&String>, scope: &mut Scope) {
        let id = self.declare(name, kind, (whole, whole), doc, scope.owner);
        scope.bind(&name.name, id, Applies::No);
    }

    /// `let x = value`, `let (a, b) = value`
    pub fn let_statement(&mut self, binding: &Let, whole: Span, doc: Option<&String>, scope: &mut Scope) {
        self.value(&binding.value, scope);
        match &binding.pattern {
            Pattern::Name(name) => {
                let applies = self.applies(&binding.value, scope);
                let kind = if applies == Applies::Yes { DeclarationKind::Layer } else { DeclarationKind::Let };
                let block = self.block_made(&binding.value, scope);
                let id = self.declare(name, kind, (whole, whole), doc, scope.owner);
                self.applies.insert(id, applies);
                if let Some(block) = block {
                    self.made_of.insert(id, block);
                }
                scope.bind(&name.name, id, applies);
            }
            Pattern::Tuple(names, _) => {
                for name in names {
                    self.bind(name, DeclarationKind::Let, whole, doc, scope);
                }
            }
        }
    }

    /// A name in the scope of a step of a scan.
    pub fn bind_step(&mut self, name: &Ident, kind: DeclarationKind, whole: Span, scope: &mut Scope) {
        let id = self.declare(name, kind, (whole, whole), None, scope.owner);
        scope.bind(&name.name, id, Applies::No);
    }

    /// The item that a name of a module is, as its meaning.
    pub fn item_meaning(&self, module: usize, name: &Symbol) -> Option<Meaning> {
        self.item(module, name).map(|item| match item {
            Item::Declared(id) => Meaning::Declared(id),
            Item::Missing => Meaning::Missing,
        })
    }
}
