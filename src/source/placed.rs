//! What holds spans, so that it can follow its text to another place.

use super::Span;
use std::sync::Arc;

/// What holds spans.
pub(crate) trait Placed {
    /// Visits all of them.
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span));
}

impl Placed for Span {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        visit(self);
    }
}

impl<T: Placed> Placed for Vec<T> {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        self.iter_mut().for_each(|part| part.spans(visit));
    }
}

impl<T: Placed> Placed for Option<T> {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        self.iter_mut().for_each(|part| part.spans(visit));
    }
}

impl<T: Placed> Placed for Box<T> {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        (**self).spans(visit);
    }
}

/// Its own from now on, where others share it.
impl<T: Placed + Clone> Placed for Arc<T> {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        Arc::make_mut(self).spans(visit);
    }
}

impl<A: Placed, B: Placed> Placed for (A, B) {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        self.0.spans(visit);
        self.1.spans(visit);
    }
}

/// What stands nowhere.
macro_rules! placeless {
    ($($name:ty),+ $(,)?) => {
        $(impl $crate::source::Placed for $name {
            fn spans(&mut self, _: &mut dyn FnMut(&mut $crate::source::Span)) {}
        })+
    };
}

/// All parts by name, so that none is forgotten: first those with spans, then the others.
macro_rules! parts {
    ($($name:ident { $($placed:ident),* ; $($other:ident),* })+) => {
        $(impl $crate::source::Placed for $name {
            fn spans(&mut self, visit: &mut dyn FnMut(&mut $crate::source::Span)) {
                let $name { $($placed,)* $($other: _,)* } = self;
                $($placed.spans(visit);)*
            }
        })+
    };
}

pub(crate) use {parts, placeless};
