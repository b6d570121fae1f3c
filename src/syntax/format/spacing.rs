//! Which tokens have a space between them when they share a line.

use crate::syntax::ast::{
    BinaryOperator, Body, Expr, ExprKind, File, ItemKind, Outputs, Statement, StatementKind, TypeExpr, TypeExprKind,
};
use crate::syntax::tokens::{Token, TokenKind, is_operator};
use std::collections::HashSet;

/// Offsets of tokens whose spacing only the tree can tell.
#[derive(Default)]
pub(super) struct Special {
    /// `*` and `/` in the shape of a type: `[2*D, H/2]`.
    tight: HashSet<usize>,
    /// The `group` of `group ["*.bias"] { … }`.
    groups: HashSet<usize>,
    /// What follows a `;`, which the writer's tokens do not have.
    pub(super) leads: HashSet<usize>,
}

impl Special {
    pub(super) fn of(file: &File) -> Special {
        let mut special = Special::default();
        for item in &file.items {
            match &item.kind {
                ItemKind::Block(f) | ItemKind::Model(f) => {
                    f.inputs.iter().filter_map(|i| i.ty.as_ref()).for_each(|ty| special.ty(ty));
                    let outputs = match &f.outputs {
                        Outputs::Inferred => &[][..],
                        Outputs::One(output) => std::slice::from_ref(output),
                        Outputs::Many(outputs) => outputs,
                    };
                    outputs.iter().filter_map(|o| o.ty.as_ref()).for_each(|ty| special.ty(ty));
                    special.body(&f.body);
                }
                ItemKind::Train(t) => special.statements(&t.statements),
                _ => {}
            }
        }
        special
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Weight(w) => self.ty(&w.ty),
                StatementKind::Constant(c) => c.ty.iter().for_each(|ty| self.ty(ty)),
                StatementKind::Group { .. } => {
                    self.groups.insert(statement.span.start as usize);
                }
                StatementKind::Phase { body, .. } => self.statements(body),
                _ => {}
            }
        }
    }

    fn body(&mut self, body: &Body) {
        self.statements(&body.statements);
    }

    fn ty(&mut self, ty: &TypeExpr) {
        if let TypeExprKind::Tensor { shape: Some(dims), .. } = &ty.kind {
            dims.iter().for_each(|dim| self.dim(dim));
        }
    }

    fn dim(&mut self, dim: &Expr) {
        match &dim.kind {
            ExprKind::Binary { op, op_span, left, right } => {
                if matches!(op, BinaryOperator::Multiply | BinaryOperator::Divide) {
                    self.tight.insert(op_span.start as usize);
                }
                self.dim(left);
                self.dim(right);
            }
            ExprKind::Paren(inner) => self.dim(inner),
            _ => {}
        }
    }

    /// For each token, whether a space stands before it.
    pub(super) fn spaces(&self, source: &str, tokens: &[Token]) -> Vec<bool> {
        let mut spaces = Vec::with_capacity(tokens.len());
        let mut previous: Option<Token> = None;
        let mut unary = false;
        for &token in tokens {
            if token.is_trivia() {
                spaces.push(true);
                continue;
            }
            spaces.push(previous.is_some_and(|p| !unary && self.space(source, p, token)));
            let text = token.text(source);
            unary = matches!(text, "-")
                && (self.leads.contains(&token.start) || previous.is_none_or(|p| !ends_operand(source, p)));
            previous = Some(token);
        }
        spaces
    }

    fn space(&self, source: &str, before: Token, after: Token) -> bool {
        let (left, right) = (before.text(source), after.text(source));
        if matches!(left, "(" | "[") || matches!(right, ")" | "]" | "," | ";" | ":") {
            return false;
        }
        if matches!(left, "." | "^") || matches!(right, "." | "^") || left == "{" && right == "}" {
            return false;
        }
        if self.tight.contains(&before.start) || self.tight.contains(&after.start) {
            return false;
        }
        match right {
            "(" | "[" => !ends_operand(source, before) && left != "residual" || self.groups.contains(&before.start),
            _ => true,
        }
    }
}

/// Whether a token may end an operand, so that a `(` behind it is a call and a `-` behind it subtracts.
fn ends_operand(source: &str, token: Token) -> bool {
    let text = token.text(source);
    match token.kind {
        TokenKind::Word => {
            !is_operator(text) && !matches!(text, "let" | "if" | "else" | "not" | "residual" | "repeat" | "scan")
        }
        TokenKind::Number | TokenKind::String { .. } | TokenKind::Close(_) => true,
        _ => false,
    }
}
