//! What is in sight at a place.

use super::DeclarationId;
use crate::syntax::ast::Symbol;

/// Whether something can be applied to tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applies {
    /// A tensor or a number.
    No,
    /// A layer, a block or a function.
    Yes,
    /// A hyper of a block, which may be given either.
    Perhaps,
}

/// A name that is bound.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub name: Symbol,
    pub declaration: DeclarationId,
    pub applies: Applies,
}

/// The names at a place of a body, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Where names that are not bound here are looked up.
    pub module: usize,
    /// The block, model or data block.
    pub owner: Option<DeclarationId>,
    /// The model whose weights a path means: in a `train`.
    pub model: Option<DeclarationId>,
    /// Innermost last.
    pub bound: Vec<Bound>,
}

impl Scope {
    pub fn new(module: usize, owner: Option<DeclarationId>) -> Self {
        Scope { module, owner, model: None, bound: Vec::new() }
    }

    pub fn bind(&mut self, name: &Symbol, declaration: DeclarationId, applies: Applies) {
        self.bound.push(Bound { name: name.clone(), declaration, applies });
    }

    /// The nearest value of this name.
    pub fn value(&self, name: &str) -> Option<&Bound> {
        self.bound.iter().rev().find(|b| &*b.name == name)
    }

    /// The nearest layer or function of this name.
    pub fn stage(&self, name: &str) -> Option<&Bound> {
        self.bound.iter().rev().find(|b| &*b.name == name && b.applies != Applies::No)
    }
}
