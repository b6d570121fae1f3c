//! Where a size is wanted: dims, units, shapes. There `/` rounds down.

use super::checker::{Checker, NamedKind};
use super::mistake::Mistake;
use super::value::{Frame, Value, show_number};
use crate::ir::dim::Dim;
use crate::syntax::ast::{BinaryOperator, Expr, ExprKind, UnaryOperator};

impl Checker<'_> {
    /// An expression where a size is wanted: `/` rounds down. `None` where it is unknown or a mistake was told.
    pub fn size_expression(&mut self, expr: &Expr, frame: &mut Frame) -> Option<Dim> {
        match &expr.kind {
            ExprKind::Paren(inner) => self.size_expression(inner, frame),
            ExprKind::Name(name) if matches!(frame.lookup(name).map(|b| &b.value), Some(Value::Unknown)) => {
                frame.dims.get(name).cloned()
            }
            ExprKind::Unary { op: UnaryOperator::Negate, operand } => Some(-self.size_expression(operand, frame)?),
            ExprKind::Binary { op, op_span, left, right }
                if matches!(
                    op,
                    BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Multiply | BinaryOperator::Divide
                ) =>
            {
                // A factor need not be whole (`0.5 * D`): only the whole must be.
                let left_value = self.quiet_number(left, frame);
                let right_value = self.quiet_number(right, frame);
                if let (Some(a), Some(b)) = (left_value, right_value)
                    && (a.fract() != 0.0 || b.fract() != 0.0)
                {
                    let value = self.number_binary(*op, *op_span, a, b);
                    return self.as_size(&value, expr);
                }
                let l = self.size_expression(left, frame);
                let r = self.size_expression(right, frame);
                let (l, r) = (l?, r?);
                match op {
                    BinaryOperator::Add => Some(l + r),
                    BinaryOperator::Subtract => Some(l - r),
                    BinaryOperator::Multiply => Some(l * r),
                    _ => match l.floor_div(&r) {
                        Some(quotient) => Some(quotient),
                        None => {
                            self.mistake(*op_span, &Mistake::DivisionByZero);
                            None
                        }
                    },
                }
            }
            _ => {
                let value = self.expression(expr, frame);
                self.as_size(&value, expr)
            }
        }
    }

    /// The number behind a literal or a plain name, without telling anything.
    fn quiet_number(&mut self, expr: &Expr, frame: &mut Frame) -> Option<f64> {
        match &expr.unparenthesized().kind {
            ExprKind::Number(n) => Some(n.value),
            ExprKind::Name(name) => match frame.lookup(name).map(|b| b.value.clone()) {
                Some(Value::Number(n)) => Some(n),
                Some(_) => None,
                None => match self.modules[frame.module].names.get(name).map(|n| n.kind.clone()) {
                    Some(NamedKind::HyperValue(Value::Number(n))) => Some(n),
                    Some(NamedKind::Hyper(..)) => match self.hyper(frame.module, name, expr.span) {
                        Value::Number(n) => Some(n),
                        _ => None,
                    },
                    _ => None,
                },
            },
            _ => None,
        }
    }

    /// A value as a size.
    pub fn as_size(&mut self, value: &Value, expr: &Expr) -> Option<Dim> {
        match value {
            Value::Unknown => None,
            Value::Size(d) => Some(d.clone()),
            Value::Number(n) if n.fract() == 0.0 && n.abs() <= Dim::MAX as f64 => Some(Dim::constant(*n as i64)),
            Value::Number(n) if n.is_finite() && n.fract() != 0.0 => {
                let number = show_number(*n);
                self.mistake(expr.span, &Mistake::NotWhole { number, floored: Some(show_number(n.floor())) });
                None
            }
            Value::Number(n) => {
                self.mistake(expr.span, &Mistake::NotASize { number: show_number(*n), hole: false });
                None
            }
            other => {
                self.mistake(expr.span, &Mistake::Type { wanted: "a size".into(), found: other.describe() });
                None
            }
        }
    }
}

pub(super) fn size_binary(op: BinaryOperator, a: &Value, b: &Value) -> Value {
    let dim = |v: &Value| match v {
        Value::Size(d) => Some(d.clone()),
        Value::Number(n) if n.fract() == 0.0 && n.abs() <= Dim::MAX as f64 => Some(Dim::constant(*n as i64)),
        _ => None,
    };
    let (Some(x), Some(y)) = (dim(a), dim(b)) else { return Value::Unknown };
    match op {
        BinaryOperator::Add => Value::size(x + y),
        BinaryOperator::Subtract => Value::size(x - y),
        BinaryOperator::Multiply => Value::size(x * y),
        BinaryOperator::Divide => x.exact_quotient(&y).map_or(Value::Unknown, Value::size),
        _ => Value::Unknown,
    }
}
