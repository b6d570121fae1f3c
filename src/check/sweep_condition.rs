//! `require`: a condition over hypers, for each point of a sweep.

use super::checker::{Checker, NamedKind};
use super::mistake::Mistake;
use super::program::HyperValue;
use super::sweep_points::Point;
use super::value::Value;
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOperator, Expr, ExprKind, ItemKind, Symbol, UnaryOperator};
use crate::syntax::walk;

/// A condition whose operands were found to suit its operators.
#[derive(Debug, Clone)]
pub(super) struct Condition(Term);

#[derive(Debug, Clone)]
enum Term {
    Constant(HyperValue),
    /// The value that the point has for this axis.
    Axis(usize),
    Not(Box<Term>),
    Negate(Box<Term>),
    Binary {
        operator: BinaryOperator,
        left: Box<Term>,
        right: Box<Term>,
        /// All of it, and its right operand.
        span: Span,
        of_right: Span,
    },
}

/// Arithmetic of a condition that gives no finite number for a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoNumber {
    /// The operator.
    pub operator: BinaryOperator,
    /// Its operands.
    pub operands: (f64, f64),
    /// Where it is written, or what it divides by, where that is 0.
    pub span: Span,
}

impl NoNumber {
    /// Whether it is a division by 0.
    pub fn is_division_by_zero(&self) -> bool {
        self.operator == BinaryOperator::Divide && self.operands.1 == 0.0
    }
}

/// What a term gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Number,
    Bool,
    Text,
}

/// What the values of an axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AxisSort {
    /// All of this sort.
    All(Sort),
    /// Layers, or of several sorts: nothing to compare.
    Mixed,
    /// A mistake in them has been told.
    Unknown,
}

impl Sort {
    /// None for a layer, a list and the like.
    pub(super) fn of(value: &HyperValue) -> Option<Sort> {
        match value {
            HyperValue::Number(_) => Some(Sort::Number),
            HyperValue::Bool(_) => Some(Sort::Bool),
            HyperValue::Text(_) => Some(Sort::Text),
            HyperValue::Other => None,
        }
    }

    fn describe(self) -> String {
        match self {
            Sort::Number => "a number",
            Sort::Bool => "a truth value",
            Sort::Text => "a string",
        }
        .to_owned()
    }
}

impl Condition {
    /// Whether it holds for a point. What the answer does not depend on is not computed: `n != 0 and width / n < 8`.
    pub(super) fn holds(&self, point: &Point) -> Result<bool, NoNumber> {
        Ok(self.0.value(point)? == HyperValue::Bool(true))
    }
}

impl Term {
    fn value(&self, point: &Point) -> Result<HyperValue, NoNumber> {
        use HyperValue::{Bool, Number, Other};
        Ok(match self {
            Term::Constant(value) => value.clone(),
            Term::Axis(at) => point.get(*at).map_or(Other, |candidate| candidate.value.clone()),
            Term::Not(inner) => match inner.value(point)? {
                Bool(b) => Bool(!b),
                _ => Other,
            },
            Term::Negate(inner) => match inner.value(point)? {
                Number(x) => Number(-x),
                _ => Other,
            },
            Term::Binary { operator, left, right, span, of_right } => {
                let left = left.value(point)?;
                match (operator, &left) {
                    (BinaryOperator::And, Bool(false)) | (BinaryOperator::Or, Bool(true)) => left,
                    _ => {
                        let right = right.value(point)?;
                        let value = binary(*operator, &left, &right);
                        if let (Number(x), Number(a), Number(b)) = (&value, &left, &right)
                            && !x.is_finite()
                        {
                            let mut found = NoNumber { operator: *operator, operands: (*a, *b), span: *span };
                            if found.is_division_by_zero() {
                                found.span = *of_right;
                            }
                            return Err(found);
                        }
                        value
                    }
                }
            }
        })
    }
}

fn binary(operator: BinaryOperator, left: &HyperValue, right: &HyperValue) -> HyperValue {
    use BinaryOperator as Op;
    use HyperValue::{Bool, Number, Other};
    match (operator, left, right) {
        (Op::Equal, a, b) => Bool(a == b),
        (Op::NotEqual, a, b) => Bool(a != b),
        (Op::And, Bool(a), Bool(b)) => Bool(*a && *b),
        (Op::Or, Bool(a), Bool(b)) => Bool(*a || *b),
        (operator, Number(a), Number(b)) => match operator {
            Op::Less => Bool(a < b),
            Op::LessEqual => Bool(a <= b),
            Op::Greater => Bool(a > b),
            Op::GreaterEqual => Bool(a >= b),
            Op::Add => Number(a + b),
            Op::Subtract => Number(a - b),
            Op::Multiply => Number(a * b),
            Op::Divide => Number(a / b),
            Op::Power => Number(a.powf(*b)),
            _ => Other,
        },
        _ => Other,
    }
}

/// What the names in a condition stand for.
pub(super) struct Names<'n> {
    /// The swept hypers, with what their values are.
    pub axes: &'n [(Symbol, AxisSort)],
    pub module: usize,
    /// Hypers whose formulas we are in.
    pub above: Vec<Symbol>,
}

impl Checker<'_> {
    /// Reads `require`; what is wrong with it is told.
    pub fn condition(&mut self, expr: &Expr, names: &mut Names) -> Option<Condition> {
        match self.term(expr, names)? {
            (term, Sort::Bool) => Some(Condition(term)),
            (_, sort) => {
                let wanted = "a condition such as `width <= 64`".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: sort.describe() });
                None
            }
        }
    }

    fn term(&mut self, expr: &Expr, names: &mut Names) -> Option<(Term, Sort)> {
        let constant = |value: HyperValue, sort| Some((Term::Constant(value), sort));
        match &expr.kind {
            ExprKind::Number(number) => constant(HyperValue::Number(number.value), Sort::Number),
            ExprKind::Bool(b) => constant(HyperValue::Bool(*b), Sort::Bool),
            ExprKind::String(text) => constant(HyperValue::Text(text.as_str().into()), Sort::Text),
            ExprKind::Name(name) => self.hyper_term(name, expr.span, names),
            ExprKind::Paren(inner) => self.term(inner, names),
            ExprKind::Unary { op, operand } => {
                let (term, sort) = self.term(operand, names)?;
                match (op, sort) {
                    (UnaryOperator::Negate, Sort::Number) => Some((Term::Negate(term.into()), sort)),
                    (UnaryOperator::Not, Sort::Bool) => Some((Term::Not(term.into()), sort)),
                    (op, sort) => {
                        let wanted = match op {
                            UnaryOperator::Negate => "a number",
                            UnaryOperator::Not => "a condition",
                        };
                        let mistake = Mistake::Type { wanted: wanted.to_owned(), found: sort.describe() };
                        self.mistake(operand.span, &mistake);
                        None
                    }
                }
            }
            ExprKind::Binary { op, op_span, left, right } => {
                let spans = (expr.span, right.span);
                let (left, right) = (self.term(left, names), self.term(right, names));
                let ((left, of_left), (right, of_right)) = (left?, right?);
                if let (BinaryOperator::Divide, Term::Constant(HyperValue::Number(0.0))) = (op, &right) {
                    self.mistake(*op_span, &Mistake::DivisionByZero);
                    return None;
                }
                let Some(sort) = sort_of(*op, of_left, of_right) else {
                    let (left, right) = (of_left.describe(), of_right.describe());
                    self.mistake(expr.span, &Mistake::Operands { operator: op.text(), left, right });
                    return None;
                };
                let (left, right) = (left.into(), right.into());
                Some((Term::Binary { operator: *op, left, right, span: spans.0, of_right: spans.1 }, sort))
            }
            ExprKind::Error => None,
            _ => {
                let wanted = "arithmetic and comparisons of hypers, joined by `and`, `or` and `not`".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: "something else".into() });
                None
            }
        }
    }

    /// A hyper: what is tried for it, its formula where that follows one that is swept, else its value.
    fn hyper_term(&mut self, name: &Symbol, span: Span, names: &mut Names) -> Option<(Term, Sort)> {
        let wanted = || "a number, a string, `true` or `false`".to_owned();
        if let Some(at) = names.axes.iter().position(|(axis, _)| axis == name) {
            return match names.axes.get(at).map(|(_, sort)| *sort) {
                Some(AxisSort::All(sort)) => Some((Term::Axis(at), sort)),
                Some(AxisSort::Mixed) => {
                    self.mistake(span, &Mistake::Type { wanted: wanted(), found: "something else".into() });
                    None
                }
                Some(AxisSort::Unknown) | None => None,
            };
        }
        let swept: Vec<Symbol> = names.axes.iter().map(|(axis, _)| axis.clone()).collect();
        if let Some(formula) = self.formula_of(names.module, name).filter(|formula| self.follows(formula, &swept))
            // A circle has been told.
            && !names.above.contains(name)
        {
            names.above.push(name.clone());
            let term = self.term(&formula, names);
            names.above.pop();
            return term;
        }
        let kind = self.modules.get(names.module).and_then(|m| m.names.get(name)).map(|named| named.kind.clone());
        if !matches!(kind, Some(NamedKind::Hyper(..) | NamedKind::HyperValue(_) | NamedKind::HyperBusy)) {
            let known: Vec<String> = self.hyper_names(names.module).iter().map(ToString::to_string).collect();
            let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            let mistake = Mistake::UnknownName { name: name.clone(), wanted: "hyper", nearest, known, unnamed: None };
            self.mistake(span, &mistake);
            return None;
        }
        let value = match self.hyper(names.module, name, span) {
            Value::Number(n) => HyperValue::Number(n),
            Value::Bool(b) => HyperValue::Bool(b),
            Value::Text(text) => HyperValue::Text(text),
            Value::Unknown => return None,
            other => {
                self.mistake(span, &Mistake::Type { wanted: wanted(), found: other.describe() });
                return None;
            }
        };
        let sort = Sort::of(&value)?;
        Some((Term::Constant(value), sort))
    }

    /// The hypers that the file declares.
    pub fn hyper_names(&self, module: usize) -> Vec<Symbol> {
        let items = self.modules.get(module).map(|m| m.ast.items.as_slice()).unwrap_or_default();
        let hypers = items.iter().filter_map(|item| match &item.kind {
            ItemKind::Hyper(hyper) => Some(hyper.name.name.clone()),
            _ => None,
        });
        hypers.collect()
    }

    /// How a hyper of the file is written, unless the command line gives it another value.
    fn formula_of(&self, module: usize, name: &Symbol) -> Option<Expr> {
        if self.overrides.set.iter().any(|(set, _)| **set == **name) {
            return None;
        }
        self.modules.get(module)?.ast.items.iter().find_map(|item| match &item.kind {
            ItemKind::Hyper(ast::Hyper { name: own, value }) if own.name == *name => Some(value.clone()),
            _ => None,
        })
    }

    /// Whether an expression is another where one of these hypers is.
    pub fn follows(&self, expr: &Expr, swept: &[Symbol]) -> bool {
        let module = self.main_module;
        let mut seen: Vec<Symbol> = Vec::new();
        let mut open = vec![expr.clone()];
        while let Some(expr) = open.pop() {
            let mut names = Vec::new();
            walk::values_of(&expr, &mut |part| {
                if let ExprKind::Name(name) = &part.kind {
                    names.push(name.clone());
                }
            });
            for name in names {
                if swept.contains(&name) {
                    return true;
                }
                if !seen.contains(&name) {
                    open.extend(self.formula_of(module, &name));
                    seen.push(name);
                }
            }
        }
        false
    }
}

/// What an operator gives for such operands; none where it is not for them.
fn sort_of(operator: BinaryOperator, left: Sort, right: Sort) -> Option<Sort> {
    use BinaryOperator as Op;
    match operator {
        Op::Equal | Op::NotEqual => (left == right).then_some(Sort::Bool),
        Op::And | Op::Or => (left == Sort::Bool && right == Sort::Bool).then_some(Sort::Bool),
        Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => {
            (left == Sort::Number && right == Sort::Number).then_some(Sort::Bool)
        }
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Power => {
            (left == Sort::Number && right == Sort::Number).then_some(Sort::Number)
        }
        Op::Then | Op::MatrixMultiply => None,
    }
}
