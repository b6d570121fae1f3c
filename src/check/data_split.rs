//! `split: random(…)` and `ordered(…)`.

use super::checker::Checker;
use super::data_block::{DataScope, DataValue};
use super::mistake::Mistake;
use super::value::{Value, show_number};
use crate::data::{FieldExpr, Split, SplitSpec};
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind};

/// The split that an argument names.
pub(super) fn share_split(name: &str) -> Option<Split> {
    Split::ALL.into_iter().find(|s| s.name() == name)
}

/// A split that is written as elsewhere, and what is meant by it.
struct Meant {
    spec: SplitSpec,
    /// As it is written here.
    text: String,
}

/// What is meant by shares without names, in whole percents or under other names, and by `train_test_split`. `None`
/// where nothing of that is there, or something that this does not explain.
fn split_elsewhere(name: &str, args: &[Arg], call: &Expr, text_of: impl Fn(Span) -> String) -> Option<Meant> {
    let mut is_elsewhere = matches!(name, "train_test_split" | "random_split");
    let mut is_random = is_elsewhere || name == "random";
    if !is_random && name != "ordered" {
        return None;
    }
    let places = match args.iter().filter(|a| a.name.is_none()).count() {
        0..=2 => [Split::Train, Split::Test, Split::Test],
        3 => [Split::Train, Split::Validation, Split::Test],
        _ => return None,
    };
    let mut shares: Vec<(Split, f64)> = Vec::new();
    let (mut seed, mut stratify) = (None, None);
    for (position, arg) in args.iter().enumerate() {
        let key = arg.name.as_ref().map_or("", |name| &*name.name);
        let number = match &arg.value.kind {
            ExprKind::Number(n) => Some(n.value),
            _ => None,
        };
        let split = match key {
            "" => *places.get(position)?,
            "train" | "train_size" | "training" => Split::Train,
            "validation" | "val" | "valid" | "dev" | "val_size" | "validation_size" | "validation_split" => {
                Split::Validation
            }
            "test" | "test_size" | "testing" | "test_split" => Split::Test,
            "seed" | "random_state" | "random_seed" => {
                is_elsewhere |= key != "seed";
                seed = Some(number.filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n < 9e15)? as u64);
                continue;
            }
            "shuffle" => {
                is_elsewhere = true;
                is_random &= !matches!(arg.value.kind, ExprKind::Bool(false));
                continue;
            }
            "stratify" => {
                stratify = Some(text_of(arg.value.span));
                continue;
            }
            _ => return None,
        };
        is_elsewhere |= share_split(key) != Some(split);
        let share = match number? {
            percent if percent > 1.0 && percent <= 100.0 => {
                is_elsewhere = true;
                percent / 100.0
            }
            share => share,
        };
        shares.push((split, share));
    }
    // What one share leaves is for the other of two.
    if let [(Split::Train, share)] = shares.as_slice() {
        shares.push((Split::Test, 1.0 - share));
    }
    // What is wrong with the shares themselves is told of the split as it is.
    let distinct = shares.iter().enumerate().all(|(i, (s, _))| shares.iter().skip(i + 1).all(|(other, _)| other != s));
    let total: f64 = shares.iter().map(|(_, share)| share).sum();
    if !is_elsewhere || shares.is_empty() || !distinct || !(0.0..=1.0 + 1e-9).contains(&total) {
        return None;
    }
    shares.sort_by_key(|(split, _)| Split::ALL.into_iter().position(|s| s == *split));
    let percent = |share: f64| show_number((share * 1e6).round() / 1e4);
    let mut written: Vec<String> =
        shares.iter().map(|(s, share)| format!("{}: {}%", s.name(), percent(*share))).collect();
    if is_random {
        written.extend(stratify.as_ref().map(|field| format!("stratify: {field}")));
        written.extend(seed.map(|seed| format!("seed: {seed}")));
    }
    let text = format!("{}({})", if is_random { "random" } else { "ordered" }, written.join(", "));
    let spec = match is_random {
        true => SplitSpec::Random { shares, stratify: None, seed: seed.unwrap_or(0) },
        false => SplitSpec::Ordered { shares },
    };
    (text != text_of(call.span)).then_some(Meant { spec, text })
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
        if let Some(meant) = split_elsewhere(&name, args, expr, |of| self.sources.text(of).to_owned()) {
            self.mistake(expr.span, &Mistake::SplitElsewhere { instead: meant.text });
            return Some(meant.spec);
        }
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
