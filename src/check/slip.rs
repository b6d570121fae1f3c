//! What stands behind a misspelt name: right or wrong whatever is done about the name.

use super::call::CALLABLE;
use super::checker::{Checker, NamedKind};
use super::value::{Frame, Value};
use crate::catalog::{self, Body};
use crate::diagnostics::one_slip_from;
use crate::source::Span;
use crate::syntax::ast::{Arg, Symbol};

impl Checker<'_> {
    /// Looks at the arguments of a call whose name is one slip from that of a single layer, function or block: they are
    /// right or wrong whatever is done about the name. False where there is no such name.
    pub fn arguments_of_slip(
        &mut self,
        name: &Symbol,
        args: &[Arg],
        args_span: Span,
        span: Span,
        is_piped: bool,
        frame: &mut Frame,
    ) -> bool {
        let names = &self.modules[frame.module].names;
        if frame.lookup(name).is_some() || names.contains_key(name) || self.may_be_declared(name) {
            return false;
        }
        let is_known_elsewhere =
            catalog::find_elsewhere(name).is_some() || catalog::entries().any(|e| e.name == &**name);
        let blocks = names.iter().filter(|(_, n)| matches!(n.kind, NamedKind::Block(_))).map(|(n, _)| &**n);
        let bound = frame.bindings.iter().filter(|b| matches!(b.value, Value::Stage(_))).map(|b| &*b.name);
        let entries = catalog::entries().filter(|e| CALLABLE.contains(&e.kind())).map(|e| e.name);
        let Some(meant) = one_slip_from(name, blocks.chain(bound).chain(entries)).filter(|_| !is_known_elsewhere)
        else {
            return false;
        };
        match names.get(meant).map(|n| n.kind.clone()) {
            Some(NamedKind::Block(definition)) if definition.function.hypers.is_some() => {
                self.bind_hypers(&definition, args, span, frame);
                return true;
            }
            Some(_) => return false,
            // What the body has bound takes tensors alone.
            None if frame.lookup_stage(meant).is_some() => return false,
            None => {}
        }
        match catalog::find(meant, CALLABLE) {
            Some(entry) if matches!(entry.body, Body::Layer { .. }) => {
                self.call_entry(entry, args, args_span, span, None, frame);
                true
            }
            Some(entry) => {
                let piped = is_piped.then_some(Value::Unknown);
                self.bind_arguments(entry.name, entry.params, args, piped, span, frame);
                true
            }
            None => false,
        }
    }
}
