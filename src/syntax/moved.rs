//! The tree of a text that has moved: every span of it as far away as the text.

use super::ast::{
    Arg, BinaryOperator, Body, ConstantDeclaration, Data, DurationUnit, Expect, Expr, ExprKind, Function, Hyper,
    HyperParam, Ident, Import, Item, ItemKind, Let, Number, Output, Outputs, Pattern, RecordEntry, ScalarKind, Setting,
    Statement, StatementKind, Sweep, Symbol, TensorParam, Train, TypeExpr, TypeExprKind, UnaryOperator,
    WeightDeclaration,
};
use crate::source::{FileId, Span};

/// Where something has moved to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shift {
    /// The file that it is of now.
    pub file: FileId,
    /// How far it has moved.
    pub by: i64,
}

/// What holds spans, all of one text.
pub(super) trait Moved {
    /// Moves all of them.
    fn moved(&mut self, shift: Shift);
}

impl Moved for Span {
    fn moved(&mut self, shift: Shift) {
        let to = |offset: u32| (i64::from(offset) + shift.by) as u32;
        *self = Span { file: shift.file, start: to(self.start), end: to(self.end) };
    }
}

impl<T: Moved> Moved for Vec<T> {
    fn moved(&mut self, shift: Shift) {
        self.iter_mut().for_each(|part| part.moved(shift));
    }
}

impl<T: Moved> Moved for Option<T> {
    fn moved(&mut self, shift: Shift) {
        self.iter_mut().for_each(|part| part.moved(shift));
    }
}

impl<T: Moved> Moved for Box<T> {
    fn moved(&mut self, shift: Shift) {
        (**self).moved(shift);
    }
}

impl<A: Moved, B: Moved> Moved for (A, B) {
    fn moved(&mut self, shift: Shift) {
        self.0.moved(shift);
        self.1.moved(shift);
    }
}

/// What stands nowhere.
macro_rules! placeless {
    ($($name:ty),+) => {
        $(impl Moved for $name {
            fn moved(&mut self, _: Shift) {}
        })+
    };
}

placeless!(Symbol, String, bool, Number, DurationUnit, UnaryOperator, BinaryOperator);

/// Nodes with all of their parts, so that none is forgotten.
macro_rules! nodes {
    ($($name:ident { $($part:ident),+ })+) => {
        $(impl Moved for $name {
            fn moved(&mut self, shift: Shift) {
                let $name { $($part),+ } = self;
                $($part.moved(shift);)+
            }
        })+
    };
}

nodes! {
    Ident { name, span }
    Item { kind, doc, span }
    Hyper { name, value }
    Import { names, path, path_span, alias }
    Function { name, hypers, inputs, outputs, body, signature }
    HyperParam { name, default }
    TensorParam { name, ty }
    Output { name, ty, span }
    TypeExpr { kind, span }
    Body { statements, result, span }
    Statement { kind, doc, span }
    Let { pattern, value }
    WeightDeclaration { name, ty, init }
    ConstantDeclaration { name, ty, value }
    Setting { key, value }
    Data { name, statements }
    Train { model, bindings, data, statements }
    Expect { statements }
    Sweep { statements }
    Expr { kind, span }
    RecordEntry { key, value }
    Arg { name, value }
}

/// The same for what is one of several.
macro_rules! choices {
    ($($name:ident {
        $($empty:ident),* ;
        $($single:ident ( $($inner:ident),+ )),* ;
        $($variant:ident { $($part:ident),+ }),*
    })+) => {
        $(impl Moved for $name {
            fn moved(&mut self, shift: Shift) {
                match self {
                    $($name::$empty => {})*
                    $($name::$single($($inner),+) => { $($inner.moved(shift);)+ })*
                    $($name::$variant { $($part),+ } => { $($part.moved(shift);)+ })*
                }
            }
        })+
    };
}

choices! {
    ItemKind {
        Error;
        Hyper(a), Import(a), Block(a), Model(a), Data(a), Train(a), Expect(a), Sweep(a), Let(a);
    }
    Outputs { Inferred; One(a), Many(a); }
    TypeExprKind { Error; Field(a); Tensor { kind, shape } }
    ScalarKind { Float, Int, Bool; Class(a); }
    Pattern { ; Name(a), Tuple(a, b); }
    StatementKind {
        Error;
        Let(a), Weight(a), Constant(a), Setting(a), Expression(a);
        Field { name, value }, Phase { name, body }, Group { patterns, body }
    }
    ExprKind {
        None, Hole, Error;
        Number(a), String(a), Bool(a), Name(a), List(a), Tuple(a), Paren(a), Record(a);
        Duration { amount, unit },
        Named { name, value },
        Range { start, end },
        Unary { op, operand },
        Binary { op, op_span, left, right },
        Pipe { input, stage },
        Call { callee, args, args_span },
        Index { base, args, args_span },
        Field { base, name },
        If { condition, then_body, else_body },
        Residual { args, body },
        Repeat { count, body },
        Scan { input, item, states, body }
    }
}
