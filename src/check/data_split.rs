//! `split: random(…)` and `ordered(…)`.

use super::checker::Checker;
use super::data_block::{DataScope, DataValue};
use super::mistake::Mistake;
use super::value::{Value, show_number};
use crate::data::{FieldExpr, Split, SplitSpec};
use crate::diagnostics::nearest;
use crate::syntax::ast::{Arg, Expr, ExprKind};

/// The split that an argument names.
pub(super) fn share_split(name: &str) -> Option<Split> {
    Split::ALL.into_iter().find(|s| s.name() == name)
}

impl Checker<'_> {
    /// The value of the setting `split`.
    pub fn split(&mut self, expr: &Expr, scope: &mut DataScope) -> Option<SplitSpec> {
        let (name, args) = match &expr.kind {
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) => (name.clone(), args.as_slice()),
                _ => ("".into(), &[] as &[Arg]),
            },
            ExprKind::Name(name) => (name.clone(), &[] as &[Arg]),
            ExprKind::Error => return None,
            _ => ("".into(), &[] as &[Arg]),
        };
        let is_random = match &*name {
            "random" => true,
            "ordered" => false,
            _ => return self.wrong_form("split", expr, "`random(…)` or `ordered(…)`", &["random", "ordered"]),
        };
        let (mut shares, mut seed, mut stratify): (Vec<(Split, f64)>, u64, Option<FieldExpr>) = (Vec::new(), 0, None);
        let mut is_fine = true;
        for arg in args {
            let Some(key) = &arg.name else {
                let known = vec!["train".to_owned(), "validation".to_owned(), "test".to_owned()];
                let mistake = Mistake::TooManyArguments { callee: name.to_string(), takes: 0, given: 1, known };
                self.mistake(arg.span(), &mistake);
                is_fine = false;
                continue;
            };
            match (share_split(&key.name), &*key.name) {
                (Some(split), _) => {
                    if shares.iter().any(|(s, _)| *s == split) {
                        let (callee, name) = (name.to_string(), key.name.to_string());
                        self.mistake(key.span, &Mistake::RepeatedArgument { callee, name, first: expr.span });
                        is_fine = false;
                        continue;
                    }
                    match self.data_number(&arg.value, scope) {
                        Some(share) => shares.push((split, share)),
                        None => is_fine = false,
                    }
                }
                (None, "seed") if is_random => match self.data_number(&arg.value, scope) {
                    Some(n) if n >= 0.0 && n.fract() == 0.0 && n < 9e15 => seed = n as u64,
                    Some(n) => {
                        let wanted = "a whole number that is not negative".to_owned();
                        self.mistake(arg.value.span, &Mistake::Type { wanted, found: show_number(n) });
                        is_fine = false;
                    }
                    None => is_fine = false,
                },
                (None, "stratify") if is_random => match self.stratify(&arg.value, scope) {
                    Some(field) => stratify = Some(field),
                    None => is_fine = false,
                },
                _ => {
                    let mut known = vec!["train".to_owned(), "validation".to_owned(), "test".to_owned()];
                    if is_random {
                        known.extend(["stratify".to_owned(), "seed".to_owned()]);
                    }
                    let near = nearest(&key.name, known.iter().map(String::as_str)).map(str::to_owned);
                    let callee = name.to_string();
                    let mistake = Mistake::UnknownArgument { callee, name: key.name.clone(), nearest: near, known };
                    self.mistake(key.span, &mistake);
                    is_fine = false;
                }
            }
        }
        is_fine.then_some(match is_random {
            true => SplitSpec::Random { shares, stratify, seed },
            false => SplitSpec::Ordered { shares },
        })
    }

    fn stratify(&mut self, expr: &Expr, scope: &mut DataScope) -> Option<FieldExpr> {
        // The field itself where it is one: its classes are those of the split.
        match self.data_expression(expr, scope) {
            // What is wrong with it as strata is told where it is named for that.
            DataValue::Field(field) => Some(FieldExpr { span: expr.span, ..field }),
            DataValue::Unknown => None,
            DataValue::Plain(Value::Unknown) => None,
            _ => {
                let found = "something else".to_owned();
                self.mistake(expr.span, &Mistake::NotData { wanted: "a field of classes", found });
                None
            }
        }
    }
}
