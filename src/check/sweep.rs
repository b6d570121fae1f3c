//! `sweep { … }`: what is tried for which hyper, and by what the best point is found.

use super::checker::Checker;
use super::mistake::{Mistake, SweepFault};
use super::program::{HyperValue, Measure, Train};
use super::sweep_condition::{AxisSort, Condition, Names, Sort};
use super::sweep_points::{Axis, Best, Candidate, NoPoints, Sweep, Tried, Tries};
use super::value::{Frame, Value};
use crate::build::StateScope;
use crate::data::Split;
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{self, Arg, Expr, ExprKind, ItemKind, Setting, StatementKind, Symbol};

/// The words that are no hypers.
const WORDS: [&str; 3] = ["require", "try", "best"];
/// What a hyper may be given.
const VALUES: &str = "a list such as `[32, 64]`, a range such as `0.1 .. 0.5`, or `log(1e-4 .. 1e-2)`";

/// A hyper whose values to try are checked.
struct SweptHyper<'a> {
    name: &'a Symbol,
    /// What it is without the sweep; what is tried must be of its kind.
    default: &'a Value,
    /// All swept hypers: the values of none can be in another's.
    swept: &'a [Symbol],
    module: usize,
}

impl Checker<'_> {
    /// Checks a sweep. `trains` are those of the file; `first` is an earlier sweep.
    pub fn sweep(
        &mut self,
        sweep: &ast::Sweep,
        item: Span,
        first: Option<Span>,
        trains: &[Train],
        module: usize,
    ) -> Option<Sweep> {
        let word = Span::new(item.file, item.start as usize, item.start as usize + "sweep".len());
        if let Some(first) = first {
            self.mistake(word, &Mistake::Sweep(SweepFault::Second { first }));
            return None;
        }
        let met = self.mistakes_met;
        let settings = self.sweep_settings(sweep, module);
        let word_of = |key: &str| settings.iter().find(|s| &*s.key.name == key).map(|s| &s.value);
        let keys: Vec<&Setting> = settings.iter().copied().filter(|s| !WORDS.contains(&&*s.key.name)).collect();
        let swept: Vec<Symbol> = keys.iter().map(|key| key.key.name.clone()).collect();
        let axes: Vec<Option<Axis>> = keys.iter().map(|key| self.axis(key, &swept, module)).collect();
        let of: Vec<(Symbol, AxisSort)> =
            swept.iter().cloned().zip(axes.iter().map(|axis| axis.as_ref().map_or(AxisSort::Unknown, sort))).collect();
        let require: Option<Option<Condition>> = match word_of("require") {
            Some(expr) => self.condition(expr, &mut Names { axes: &of, module, above: Vec::new() }).map(Some),
            None => Some(None),
        };
        let tries = match word_of("try") {
            Some(expr) => self.tries(expr, module),
            None => Some(Tries::Grid),
        };
        let axes: Vec<Axis> = axes.into_iter().flatten().collect();
        let is_parsed = !sweep.statements.iter().any(|statement| matches!(statement.kind, StatementKind::Error));
        if swept.is_empty() && self.mistakes_met == met && is_parsed {
            self.mistake(word, &Mistake::Sweep(SweepFault::NothingTried));
        }
        if word_of("try").is_none()
            && let Some(range) = axes.iter().find(|axis| matches!(axis.tried, Tried::Range { .. }))
        {
            let last = sweep.statements.last().map_or(item, |statement| statement.span);
            let range = settings.iter().find(|s| s.key.span == range.span).map_or(range.span, |s| s.value.span);
            self.mistake(range, &Mistake::Sweep(SweepFault::RangeWithoutTry { at: last.end_point() }));
        }
        let best = self.best(word_of("best"), word, trains, module);
        if self.mistakes_met > met {
            return None;
        }
        let checked = Sweep { axes, require: require?, tries: tries?, best: best?, span: item };
        // Where the command line has chosen a point, which others there are does not matter.
        let is_point = swept.iter().any(|name| self.overrides.set.iter().any(|(set, _)| **set == **name));
        if !is_point && let Err(why) = checked.points() {
            self.no_points(why, &checked, &word_of, word);
            return None;
        }
        Some(checked)
    }

    fn no_points<'e>(&mut self, why: NoPoints, sweep: &Sweep, word_of: &dyn Fn(&str) -> Option<&'e Expr>, word: Span) {
        let tries = word_of("try").map_or(word, |expr| expr.span);
        let (at, fault) = match why {
            NoPoints::TooMany => (tries, SweepFault::TooMany { is_grid: sweep.tries == Tries::Grid }),
            NoPoints::NoneLeft { of } => {
                (word_of("require").map_or(word, |expr| expr.span), SweepFault::NoneLeft { of })
            }
            NoPoints::TooFew { found, draws } => {
                let wanted = match sweep.tries {
                    Tries::Random { count, .. } => count,
                    Tries::Grid => 0,
                };
                (tries, SweepFault::TooFew { found, draws, wanted })
            }
            NoPoints::NoAnswer { point, why } => {
                let names = sweep.axes.iter().map(|axis| &axis.name);
                let point = names.zip(&point).map(|(name, value)| format!("{name}={}", value.text)).collect();
                let condition = word_of("require").map(|expr| expr.span).filter(|whole| !why.span.lies_in(*whole));
                (why.span, SweepFault::NoAnswer { point, why, condition })
            }
        };
        self.mistake(at, &Mistake::Sweep(fault));
    }

    /// The settings, each key once; keys that are no hypers are told.
    fn sweep_settings<'s>(&mut self, sweep: &'s ast::Sweep, module: usize) -> Vec<&'s Setting> {
        let hypers: Vec<String> = self.hyper_names(module).iter().map(ToString::to_string).collect();
        let mut settings: Vec<&Setting> = Vec::new();
        for statement in &sweep.statements {
            let StatementKind::Setting(setting) = &statement.kind else { continue };
            let (key, span) = (&setting.key.name, setting.key.span);
            if let Some(first) = settings.iter().find(|s| s.key.name == *key) {
                let first = first.key.span;
                self.mistake(span, &Mistake::Duplicate { name: key.clone(), what: "setting", first });
            } else if WORDS.contains(&&**key) || hypers.iter().any(|hyper| **hyper == **key) {
                settings.push(setting);
            } else {
                let names = hypers.iter().map(String::as_str).chain(WORDS);
                let nearest = nearest(key, names).map(str::to_owned);
                let known = hypers.clone();
                let mistake =
                    Mistake::UnknownName { name: key.clone(), wanted: "hyper", nearest, known, unnamed: None };
                self.mistake(span, &mistake);
            }
        }
        settings
    }

    /// `width: [32, 64]`, `lr: log(1e-4 .. 1e-2)`
    fn axis(&mut self, setting: &Setting, swept: &[Symbol], module: usize) -> Option<Axis> {
        let (name, value) = (setting.key.name.clone(), setting.value.unparenthesized());
        let default = self.hyper(module, &name, setting.key.span);
        let hyper = SweptHyper { name: &name, default: &default, swept, module };
        let tried = match &value.kind {
            ExprKind::List(items) => self.tried_list(&hyper, items, value.span)?,
            ExprKind::Range { start, end } => {
                let ends = (start.as_deref(), end.as_deref());
                self.tried_range(&hyper, ends, value.span, false)?
            }
            ExprKind::Call { callee, args, .. } => match (&callee.kind, args.as_slice()) {
                (ExprKind::Name(word), [Arg { name: None, value: range }])
                    if &**word == "log" && matches!(range.kind, ExprKind::Range { .. }) =>
                {
                    let ExprKind::Range { start, end } = &range.kind else { return None };
                    let ends = (start.as_deref(), end.as_deref());
                    self.tried_range(&hyper, ends, range.span, true)?
                }
                _ => return self.wrong_axis(&name, value.span, "something else"),
            },
            ExprKind::Error => return None,
            ExprKind::Number(number) => {
                let found = format!("the number {}", number.text);
                return self.wrong_axis(&name, value.span, &found);
            }
            _ => return self.wrong_axis(&name, value.span, "something else"),
        };
        Some(Axis { name, tried, span: setting.key.span })
    }

    fn wrong_axis<T>(&mut self, name: &Symbol, span: Span, found: &str) -> Option<T> {
        let (setting, wanted, found) = (name.to_string(), VALUES.to_owned(), found.to_owned());
        self.mistake(span, &Mistake::SettingType { setting, wanted, found });
        None
    }

    /// The value of an expression that is the same for every point.
    fn tried_value(&mut self, expr: &Expr, swept: &[Symbol], module: usize) -> Option<Value> {
        if self.follows(expr, swept) {
            let wanted = "a value that is the same for every point: no swept hyper can be in it".to_owned();
            self.mistake(expr.span, &Mistake::Type { wanted, found: "something else".into() });
            return None;
        }
        match self.expression(expr, &mut Frame::new(module, StateScope::default())) {
            Value::Unknown => None,
            value @ (Value::Tensor(_) | Value::Tuple(_) | Value::Size(_) | Value::Record(..)) => {
                let wanted = "a value that a hyper can have".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: value.describe() });
                None
            }
            value => Some(value),
        }
    }

    fn tried_list(&mut self, hyper: &SweptHyper, items: &[Expr], span: Span) -> Option<Tried> {
        let SweptHyper { name, default, swept, module } = *hyper;
        if items.is_empty() {
            return self.wrong_axis(name, span, "an empty list");
        }
        let mut found: Vec<(Candidate, Span)> = Vec::new();
        let mut is_fine = true;
        for item in items {
            let Some(value) = self.tried_value(item, swept, module) else {
                is_fine = false;
                continue;
            };
            if let (Some(wanted), Some(is)) = (kind(default), kind(&value))
                && wanted != is
            {
                let (setting, wanted) = (name.to_string(), format!("{wanted}, as the hyper is"));
                self.mistake(item.span, &Mistake::SettingType { setting, wanted, found: value.describe() });
                is_fine = false;
                continue;
            }
            let candidate = self.candidate(item, value);
            if let Some((_, first)) = found.iter().find(|(other, _)| other.text == candidate.text) {
                let (name, first) = (candidate.text.as_str().into(), *first);
                self.mistake(item.span, &Mistake::Duplicate { name, what: "value to try", first });
                is_fine = false;
                continue;
            }
            found.push((candidate, item.span));
        }
        is_fine.then(|| Tried::List(found.into_iter().map(|(candidate, _)| candidate).collect()))
    }

    /// A value as `--set` takes it: a number as it is written, or as it comes out.
    fn candidate(&self, expr: &Expr, value: Value) -> Candidate {
        let written = || self.sources.text(expr.span).split_whitespace().collect::<Vec<_>>().join(" ");
        match value {
            Value::Number(x) => match &expr.unparenthesized().kind {
                ExprKind::Number(number) => Candidate { text: number.text.to_string(), value: HyperValue::Number(x) },
                _ => Candidate::number(x),
            },
            Value::Bool(b) => Candidate { text: b.to_string(), value: HyperValue::Bool(b) },
            Value::Text(text) => Candidate { text: written(), value: HyperValue::Text(text) },
            _ => Candidate { text: written(), value: HyperValue::Other },
        }
    }

    fn tried_range(
        &mut self,
        hyper: &SweptHyper,
        (start, end): (Option<&Expr>, Option<&Expr>),
        span: Span,
        is_log: bool,
    ) -> Option<Tried> {
        let SweptHyper { name, default, swept, module } = *hyper;
        let (Some(start), Some(end)) = (start, end) else {
            return self.wrong_axis(name, span, "a range with an open end");
        };
        let values = (self.tried_value(start, swept, module), self.tried_value(end, swept, module));
        let mut number = |expr: &Expr, value: Value| match value {
            Value::Number(x) if x.is_finite() => Some(x),
            other => self.wrong_setting(name, expr.span, "a range of numbers", &other),
        };
        let (low, high) = (number(start, values.0?), number(end, values.1?));
        let (low, high) = (low?, high?);
        if !matches!(default, Value::Number(_) | Value::Unknown | Value::None) {
            let (setting, found) = (name.to_string(), "a range of numbers".to_owned());
            let wanted = format!("{}, as the hyper is", kind(default).unwrap_or("a list of values"));
            self.mistake(span, &Mistake::SettingType { setting, wanted, found });
            return None;
        }
        if low >= high || !(high - low).is_finite() {
            let found = format!("the range from {low} to {high}");
            let (setting, wanted) = (name.to_string(), "a range from a smaller number to a larger one".to_owned());
            self.mistake(span, &Mistake::SettingType { setting, wanted, found });
            return None;
        }
        if is_log && low <= 0.0 {
            let found = format!("the number {low}");
            let (setting, wanted) = (name.to_string(), "a range above 0, for the logarithm of its ends".to_owned());
            self.mistake(start.span, &Mistake::SettingType { setting, wanted, found });
            return None;
        }
        let is_whole = [Some(low), Some(high), as_number(default)].iter().all(|x| x.is_some_and(is_whole_number));
        Some(Tried::Range { low, high, is_log, is_whole })
    }

    /// `random(20, seed: 1)`
    fn tries(&mut self, expr: &Expr, module: usize) -> Option<Tries> {
        const FORM: &str = "`random(20, seed: 1)`";
        let ExprKind::Call { callee, args, .. } = &expr.unparenthesized().kind else {
            return self.wrong_form("try", expr, FORM, &["random"]);
        };
        let is_random = matches!(&callee.kind, ExprKind::Name(word) if &**word == "random");
        let (mut count, mut seed) = (None, None);
        for arg in args {
            match arg.name.as_ref().map(|name| &*name.name) {
                None if count.is_none() => count = Some(&arg.value),
                Some("seed") if seed.is_none() => seed = Some(&arg.value),
                _ => return self.wrong_form("try", expr, FORM, &["random"]),
            }
        }
        let (true, Some(count)) = (is_random, count) else {
            return self.wrong_form("try", expr, FORM, &["random"]);
        };
        let mut frame = Frame::new(module, StateScope::default());
        let wanted = self.expression(count, &mut frame);
        let count = match wanted {
            Value::Number(n) if is_whole_number(n) && n >= 1.0 => Some(n as usize),
            other => self.wrong_setting("try", count.span, "a whole number of points, at least 1", &other),
        };
        let seed = match seed {
            None => Some(0),
            Some(expr) => match self.expression(expr, &mut frame) {
                Value::Number(n) if is_whole_number(n) && n >= 0.0 => Some(n as u64),
                other => self.wrong_setting("seed", expr.span, "a whole number from 0 on", &other),
            },
        };
        Some(Tries::Random { count: count?, seed: seed? })
    }

    /// `min(validation.loss)`; left out, what the last train keeps, else the loss of the validation split, or of the
    /// training split where there is no other.
    fn best(&mut self, expr: Option<&Expr>, word: Span, trains: &[Train], module: usize) -> Option<Best> {
        let Some(train) = trains.last() else {
            // One with mistakes is one, and they have been told.
            let items = self.modules.get(module).map(|m| m.ast.items.as_slice()).unwrap_or_default();
            if !items.iter().any(|item| matches!(item.kind, ItemKind::Train(_) | ItemKind::Error)) {
                self.mistake(word, &Mistake::Sweep(SweepFault::NoTrain));
            }
            return None;
        };
        let Some(expr) = expr else {
            let measure = train.settings.keep.clone().unwrap_or_else(|| {
                let data = self.data.get(train.data);
                let has_validation = data.is_some_and(|data| data.description.examples(Split::Validation).is_some());
                let split = if has_validation { Split::Validation } else { Split::Train };
                Measure { split, metric: "loss".into(), higher_is_better: false, span: word }
            });
            let is_largest = measure.higher_is_better;
            return Some(Best { measure, is_largest });
        };
        if let ExprKind::Call { callee, args, .. } = &expr.unparenthesized().kind
            && let (ExprKind::Name(name), [Arg { name: None, value }]) = (&callee.kind, args.as_slice())
            && matches!(&**name, "min" | "max")
        {
            let is_largest = &**name == "max";
            let measure = self.measure(value, Some(train.data), Some(&train.evaluation))?;
            let metric = train.evaluation.metrics.iter().find(|metric| metric.name == measure.metric);
            if metric.is_some_and(|metric| metric.entry.name == "confusion") {
                let (setting, found) = ("best".to_owned(), "a matrix".to_owned());
                let wanted = "of a measure that is one number".to_owned();
                self.mistake(value.span, &Mistake::SettingType { setting, wanted, found });
                return None;
            }
            return Some(Best { measure, is_largest });
        }
        self.wrong_form("best", expr, "`min(validation.loss)` or `max(validation.accuracy)`", &["min", "max"])
    }
}

/// What the values of an axis are.
fn sort(axis: &Axis) -> AxisSort {
    let sorts: Option<Vec<Sort>> = match &axis.tried {
        Tried::Range { .. } => Some(vec![Sort::Number]),
        Tried::List(values) => values.iter().map(|candidate| Sort::of(&candidate.value)).collect(),
    };
    match sorts.as_deref() {
        Some([first, rest @ ..]) if rest.iter().all(|sort| sort == first) => AxisSort::All(*first),
        _ => AxisSort::Mixed,
    }
}

/// What a hyper of one kind is not given: values of another. None of what may stand for several.
fn kind(value: &Value) -> Option<&'static str> {
    match value {
        Value::Number(_) => Some("a number"),
        Value::Bool(_) => Some("`true` or `false`"),
        Value::Text(_) => Some("a string"),
        Value::Stage(_) => Some("a layer or function"),
        Value::List(_) => Some("a list"),
        Value::Duration(_) => Some("a duration"),
        _ => None,
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(x) => Some(*x),
        _ => None,
    }
}

/// Beyond this, not every whole number can be told from the next.
fn is_whole_number(x: f64) -> bool {
    x.fract() == 0.0 && x.abs() < 9e15
}
