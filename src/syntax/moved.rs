//! The tree of a text that has moved: every span of it as far away as the text.

use super::ast::{
    Arg, BinaryOperator, Body, ConstantDeclaration, Data, DurationUnit, Expect, Expr, ExprKind, Function, Hyper,
    HyperParam, Ident, Import, Item, ItemKind, Let, Number, Output, Outputs, Pattern, RecordEntry, ScalarKind, Setting,
    Statement, StatementKind, Sweep, Symbol, TensorParam, Train, TypeExpr, TypeExprKind, UnaryOperator,
    WeightDeclaration,
};
use crate::source::{Placed, Span, parts, placeless};

placeless!(Symbol, String, bool, Number, DurationUnit, UnaryOperator, BinaryOperator);

parts! {
    Ident { name, span; }
    Item { kind, doc, span; }
    Hyper { name, value; }
    Import { names, path, path_span, alias; }
    Function { name, hypers, inputs, outputs, body, signature; }
    HyperParam { name, default; }
    TensorParam { name, ty; }
    Output { name, ty, span; }
    TypeExpr { kind, span; }
    Body { statements, result, span; }
    Statement { kind, doc, span; }
    Let { pattern, value; }
    WeightDeclaration { name, ty, init; }
    ConstantDeclaration { name, ty, value; }
    Setting { key, value; }
    Data { name, statements; }
    Train { model, bindings, data, statements; }
    Expect { statements; }
    Sweep { statements; }
    Expr { kind, span; }
    RecordEntry { key, value; }
    Arg { name, value; }
}

/// The same for what is one of several.
macro_rules! choices {
    ($($name:ident {
        $($empty:ident),* ;
        $($single:ident ( $($inner:ident),+ )),* ;
        $($variant:ident { $($part:ident),+ }),*
    })+) => {
        $(impl Placed for $name {
            fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
                match self {
                    $($name::$empty => {})*
                    $($name::$single($($inner),+) => { $($inner.spans(visit);)+ })*
                    $($name::$variant { $($part),+ } => { $($part.spans(visit);)+ })*
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
