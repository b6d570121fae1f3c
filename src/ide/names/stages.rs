//! Whether an expression is a layer or the result of one, as far as its form tells.

use super::DeclarationId;
use super::DeclarationKind;
use super::resolver::{Item, Resolver};
use super::scope::{Applies, Scope};
use crate::catalog::{self, Body as EntryBody, EntryKind, ParamType};
use crate::syntax::ast::{Arg, Body, Expr, ExprKind};

impl Resolver<'_> {
    /// Whether the value of an expression can be applied to tensors.
    pub fn applies(&self, expr: &Expr, scope: &Scope) -> Applies {
        match &expr.kind {
            ExprKind::Paren(inner) => self.applies(inner, scope),
            ExprKind::Residual { .. } | ExprKind::Repeat { .. } => Applies::Yes,
            // A pipeline is a composition where a stage flows in.
            ExprKind::Pipe { input, .. } => self.applies(input, scope),
            ExprKind::If { then_body, else_body, .. } => {
                let result = |body: &Body| body.result.as_ref().map_or(Applies::No, |r| self.applies(r, scope));
                match result(then_body) {
                    Applies::No => else_body.as_ref().map_or(Applies::No, result),
                    applies => applies,
                }
            }
            ExprKind::Name(name) => match scope.value(name) {
                Some(bound) => bound.applies,
                None => self.named_applies(scope.module, name),
            },
            ExprKind::Call { callee, args, .. } => self.call_applies(callee, args, scope),
            ExprKind::Field { base, name } => match self.block_of_alias(base, &name.name, scope) {
                Some(_) => Applies::Yes,
                None => Applies::No,
            },
            _ => Applies::No,
        }
    }

    fn named_applies(&self, module: usize, name: &str) -> Applies {
        match self.item(module, name) {
            Some(Item::Declared(id)) => match self.kind(id) {
                DeclarationKind::Block | DeclarationKind::SharedLayer => Applies::Yes,
                DeclarationKind::Hyper => self.applies.get(&id).copied().unwrap_or(Applies::No),
                _ => Applies::No,
            },
            Some(Item::Missing) => Applies::Perhaps,
            None => match catalog::find(name, &[EntryKind::Layer, EntryKind::Function, EntryKind::Loss]) {
                Some(_) => Applies::Yes,
                None => Applies::No,
            },
        }
    }

    fn call_applies(&self, callee: &Expr, args: &[Arg], scope: &Scope) -> Applies {
        let positional = args.iter().filter(|a| a.name.is_none()).count();
        match &callee.kind {
            ExprKind::Name(name) => {
                if let Some(bound) = scope.stage(name) {
                    // Applied to tensors, unless some are still to come.
                    return if args.is_empty() { bound.applies } else { self.applied(bound.declaration, positional) };
                }
                match self.item(scope.module, name) {
                    Some(Item::Declared(id)) => match self.kind(id) {
                        DeclarationKind::Block if self.has_hypers(id) => return Applies::Yes,
                        DeclarationKind::Block | DeclarationKind::SharedLayer => {
                            return if args.is_empty() { Applies::Yes } else { self.applied(id, positional) };
                        }
                        _ => {}
                    },
                    Some(Item::Missing) => return Applies::Perhaps,
                    None => {}
                }
                let Some(entry) = catalog::find(name, &[EntryKind::Layer, EntryKind::Function, EntryKind::Loss]) else {
                    return Applies::No;
                };
                if let EntryBody::Layer { .. } = entry.body {
                    return Applies::Yes;
                }
                // A function that lacks its first tensor waits for it.
                let is_tensor = |ty: &ParamType| matches!(ty, ParamType::Tensor | ParamType::Tensors);
                let first = entry.params.iter().position(|p| is_tensor(&p.ty));
                match first.and_then(|at| entry.params.get(at).map(|p| (at, p))) {
                    Some((at, param)) => {
                        let is_named = args.iter().any(|a| a.name.as_ref().is_some_and(|n| &*n.name == param.name));
                        if positional > at || is_named { Applies::No } else { Applies::Yes }
                    }
                    None => Applies::No,
                }
            }
            ExprKind::Field { base, name } => match self.block_of_alias(base, &name.name, scope) {
                Some(block) if self.has_hypers(block) || args.is_empty() => Applies::Yes,
                _ => Applies::No,
            },
            // `Dense(16)(x)`, and `CrossAttention(4)(memory)`, which lacks its first tensor.
            ExprKind::Call { callee: inner, args: configured, .. } => {
                if self.call_applies(inner, configured, scope) != Applies::Yes {
                    return Applies::No;
                }
                let takes = match &inner.kind {
                    ExprKind::Name(name) => self.tensors_of(name, scope),
                    _ => 1,
                };
                if positional > 0 && positional + 1 == takes { Applies::Yes } else { Applies::No }
            }
            _ => Applies::No,
        }
    }

    /// What is left when something with a name is called with so many tensors.
    fn applied(&self, declaration: DeclarationId, tensors: usize) -> Applies {
        let block = match self.kind(declaration) {
            DeclarationKind::Block => Some(declaration),
            _ => self.made_of.get(&declaration).copied(),
        };
        let takes = block.map_or(1, |b| self.inputs_of(b));
        if tensors + 1 == takes { Applies::Yes } else { Applies::No }
    }

    fn inputs_of(&self, block: DeclarationId) -> usize {
        self.found.members(block).filter(|(_, d)| d.kind == DeclarationKind::Input).count()
    }

    /// Whether a block has a list of hypers. An empty one counts as none, which makes no difference here.
    pub fn has_hypers(&self, block: DeclarationId) -> bool {
        self.found.members(block).any(|(_, d)| d.kind == DeclarationKind::HyperParameter)
    }

    fn tensors_of(&self, name: &str, scope: &Scope) -> usize {
        match self.item(scope.module, name) {
            Some(Item::Declared(id)) if self.kind(id) == DeclarationKind::Block => self.inputs_of(id),
            _ => match catalog::find(name, &[EntryKind::Layer]).map(|e| &e.body) {
                Some(EntryBody::Layer { inputs, .. }) => inputs.len(),
                _ => 1,
            },
        }
    }

    /// The block `alias.name`.
    pub fn block_of_alias(&self, base: &Expr, name: &str, scope: &Scope) -> Option<DeclarationId> {
        let ExprKind::Name(alias) = &base.kind else { return None };
        if scope.value(alias).is_some() {
            return None;
        }
        let Some(Item::Declared(alias)) = self.item(scope.module, alias) else { return None };
        let home = self.namespaces.get(&alias).copied().flatten()?;
        match self.item(home, name) {
            Some(Item::Declared(id)) if self.kind(id) == DeclarationKind::Block => Some(id),
            _ => None,
        }
    }

    /// The block that an expression makes a layer of: `Encoder(8)`, `Encoder`.
    pub fn block_made(&self, expr: &Expr, scope: &Scope) -> Option<DeclarationId> {
        match &expr.unparenthesized().kind {
            ExprKind::Name(name) => {
                if let Some(bound) = scope.value(name) {
                    return self.made_of.get(&bound.declaration).copied();
                }
                match self.item(scope.module, name) {
                    Some(Item::Declared(id)) if self.kind(id) == DeclarationKind::Block => Some(id),
                    _ => None,
                }
            }
            ExprKind::Call { callee, .. } => match &callee.kind {
                ExprKind::Name(_) => self.block_made(callee, scope),
                ExprKind::Field { base, name } => self.block_of_alias(base, &name.name, scope),
                _ => None,
            },
            ExprKind::Field { base, name } => self.block_of_alias(base, &name.name, scope),
            _ => None,
        }
    }
}
