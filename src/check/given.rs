//! Where numbers are given: through which calls and hypers the number in a layer's argument came there.

use super::checker::{Checker, NamedKind};
use super::value::{Frame, Value};
use crate::source::Span;
use crate::syntax::ast::{self, Arg, Expr, ExprKind, ItemKind, Symbol};
use crate::syntax::walk;
use crate::syntax::words_in;
use std::rc::Rc;

/// A number as it is written somewhere, and the name that it was written for.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// The expression.
    pub span: Span,
    pub by: By,
    /// Whether it is a number as it stands: an edit can put another there.
    pub is_number: bool,
    /// Whether it is a name and nothing else.
    pub is_name: bool,
    /// The name in it whose value was given elsewhere, and where.
    pub name: Option<(Symbol, Rc<Given>)>,
}

/// What an expression gives its number to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The argument of a layer.
    Argument,
    /// The hyper of a block, in a call of it.
    Call,
    /// The hyper of a block that a call leaves out.
    Default,
    /// A hyper of the file.
    Hyper,
}

impl Given {
    /// Where the number itself is written, and what that gives it to; the last name on the way.
    pub fn written(self: &Rc<Given>) -> (Rc<Given>, Option<Symbol>) {
        let (mut given, mut name) = (self.clone(), None);
        while let (true, Some((symbol, before))) = (given.is_name, given.name.clone()) {
            (given, name) = (before, Some(symbol));
        }
        (given, name)
    }
}

impl Checker<'_> {
    /// Follows the number in an expression back to where it is written.
    pub fn given(&self, expr: &Expr, by: By, frame: &Frame) -> Rc<Given> {
        let mut name = None;
        walk::values_of(expr, &mut |part| {
            if let (ExprKind::Name(symbol), None) = (&part.kind, &name) {
                name = self.given_to(symbol, frame).map(|given| (symbol.clone(), given));
            }
        });
        let inner = expr.unparenthesized();
        let is_name = matches!(inner.kind, ExprKind::Name(_)) && name.is_some();
        let is_number = matches!(inner.kind, ExprKind::Number(_));
        Rc::new(Given { span: inner.span, by, is_number, is_name, name })
    }

    /// Where the value of a name was given, if it is a hyper.
    fn given_to(&self, name: &Symbol, frame: &Frame) -> Option<Rc<Given>> {
        if let Some(binding) = frame.lookup(name) {
            return binding.given.clone();
        }
        let named = self.modules.get(frame.module)?.names.get(name)?;
        // One that needs itself has no value, so that the chain of hypers always ends.
        if !matches!(named.kind, NamedKind::HyperValue(Value::Number(_))) {
            return None;
        }
        let home = self.modules.iter().position(|m| m.file == named.span.file)?;
        let hyper = self.modules.get(home)?.ast.items.iter().find_map(|item| match &item.kind {
            ItemKind::Hyper(hyper) if hyper.name.span == named.span => Some(hyper),
            _ => None,
        })?;
        let own = Frame::new(home, crate::build::StateScope::default());
        Some(self.given(&hyper.value, By::Hyper, &own))
    }

    /// The arguments of a call as they are given, by the parameter that each has come to.
    pub fn arguments_given(
        &self,
        args: &[Arg],
        bound: &crate::catalog::Args,
        frame: &Frame,
    ) -> Vec<(&'static str, Rc<Given>)> {
        let of = |span: Span| args.iter().find(|arg: &&ast::Arg| arg.value.span == span);
        let spans = bound.iter().filter_map(|(name, _)| bound.span(name).map(|span| (name, span)));
        spans
            .filter_map(|(name, span)| of(span).map(|arg| (name, self.given(&arg.value, By::Argument, frame))))
            .collect()
    }

    /// How often a name stands in the program, its declaration counted.
    pub fn times_named(&self, name: &str) -> usize {
        let files = self.modules.iter().map(|m| &self.sources.file(m.file).text);
        files.map(|text| words_in(text).filter(|word| *word == name).count()).sum()
    }
}
