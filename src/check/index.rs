//! `x[…]`: positions, slices, rows of tables.

use super::checker::Checker;
use super::mistake::Mistake;
use super::value::{Frame, Value, show_number};
use crate::build::Tensor;
use crate::build::indexing::Position;
use crate::ir::dim::Dim;
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind};

impl Checker<'_> {
    pub fn index(&mut self, base: &Expr, args: &[ast::Arg], span: Span, frame: &mut Frame) -> Value {
        let value = self.expression(base, frame);
        for arg in args {
            if let Some(name) = &arg.name {
                let known = Vec::new();
                let callee = "an index".to_owned();
                self.mistake(
                    name.span,
                    &Mistake::UnknownArgument { callee, name: name.name.clone(), nearest: None, known },
                );
                return Value::Unknown;
            }
        }
        match value {
            Value::Tensor(x) => self.index_tensor(&x, args, span, frame),
            Value::List(items) | Value::Tuple(items) => match args {
                [arg] => match self.expression(&arg.value, frame) {
                    Value::Number(n) => {
                        let at = if n < 0.0 { n + items.len() as f64 } else { n };
                        match items.get(at as usize).filter(|_| at >= 0.0 && at.fract() == 0.0) {
                            Some(item) => item.clone(),
                            None => {
                                let wanted = format!("a position in a list of {}", items.len());
                                self.mistake(arg.value.span, &Mistake::Type { wanted, found: show_number(n) })
                            }
                        }
                    }
                    Value::Unknown => Value::Unknown,
                    other => {
                        let wanted = "a position".to_owned();
                        self.mistake(arg.value.span, &Mistake::Type { wanted, found: other.describe() })
                    }
                },
                _ => self.mistake(span, &Mistake::Type { wanted: "one position".into(), found: "several".into() }),
            },
            Value::Unknown => Value::Unknown,
            other => {
                let wanted = "a tensor or a list before `[`".to_owned();
                self.mistake(base.span, &Mistake::Type { wanted, found: other.describe() })
            }
        }
    }

    fn index_tensor(&mut self, x: &Tensor, args: &[ast::Arg], span: Span, frame: &mut Frame) -> Value {
        if let [arg] = args
            && !matches!(arg.value.kind, ExprKind::Range { .. })
            && let Value::Tensor(ids) = self.expression(&arg.value, frame)
        {
            self.builder.span = span;
            let built = self.builder.gather_rows(x, &ids);
            return self.settle(built, "[]", span, &[x, &ids]);
        }
        // `x[.., 0]` of what has one axis: the first is meant to be the batch.
        if let [first, second, ..] = args
            && args.len() == x.shape.len() + 1
            && matches!(first.value.kind, ExprKind::Range { start: None, end: None })
        {
            let removed = first.span().start_point().to(second.span().start_point());
            self.mistake(first.span(), &Mistake::BatchPosition { shape: x.show(), removed });
            return self.index_tensor(x, args.get(1..).unwrap_or_default(), span, frame);
        }
        let mut positions = Vec::new();
        for (axis, arg) in args.iter().enumerate() {
            let size = x.shape.get(axis);
            let position = match &arg.value.kind {
                ExprKind::Range { start: None, end: None } => Some(Position::Whole),
                ExprKind::Range { start, end } => {
                    let start = start.as_ref().map(|e| self.position(e, size, frame));
                    let end = end.as_ref().map(|e| self.position(e, size, frame));
                    match (start, end) {
                        (Some(None), _) | (_, Some(None)) => None,
                        (s, e) => Some(Position::Range { start: s.flatten(), end: e.flatten() }),
                    }
                }
                _ => self.position(&arg.value, size, frame).map(Position::At),
            };
            match position {
                Some(p) => positions.push(p),
                None => return Value::Unknown,
            }
        }
        self.builder.span = span;
        let built = self.builder.index(x, &positions);
        self.settle(built, "[]", span, &[x])
    }

    /// A position along an axis of this size.
    fn position(&mut self, expr: &Expr, axis: Option<&Dim>, frame: &mut Frame) -> Option<i64> {
        let size = self.size_expression(expr, frame)?;
        match size.as_constant() {
            Some(n) => Some(n),
            // Of a size that is open, nothing can be said here.
            None if self.builder.generic => None,
            None => {
                // `T - 1` of an axis of T.
                let from_end = axis.and_then(|axis| (size.clone() - axis.clone()).as_constant()).filter(|n| *n < 0);
                self.mistake(expr.span, &Mistake::OpenPosition { found: size.to_string(), from_end });
                None
            }
        }
    }
}
