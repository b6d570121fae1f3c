//! The settings of a train.

use super::checker::Checker;
use super::foreign::removal;
use super::found_settings::Found;
use super::mistake::Mistake;
use super::program::{Clip, Configured, FileRole, FileUse, Forward, Length, Settings};
use super::train::Pairing;
use super::value::{Frame, Value};
use crate::build::{Builder, StateScope, Tensor};
use crate::catalog::{self, Args, Body, Duration, Entry, EntryKind, UpdateOperands};
use crate::data::Split;
use crate::diagnostics::nearest;
use crate::diagnostics::with_article;
use crate::ir::dim::Dim;
use crate::ir::graph::{InputKind, StateRole};
use crate::ir::init::Init;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOperator, Expr, ExprKind};
use std::path::PathBuf;
use std::sync::Arc;

const DEFAULT_BATCH: usize = 32;
/// What a program without a seed begins with: the one that the documents use.
const DEFAULT_SEED: u64 = 42;

impl Checker<'_> {
    /// Where a setting can be added, and as what.
    fn new_setting(&self, train: &ast::Train, line: &str) -> Option<(Span, String)> {
        let last = train.statements.last()?.span;
        let before = self.sources.text(Span { start: 0, end: last.start, ..last });
        let own = before.rsplit('\n').next().unwrap_or("");
        let indent = if own.trim().is_empty() { own } else { "  " };
        Some((last.end_point(), format!("\n{indent}{line}")))
    }

    /// Everything beside loss and metrics. `None` where a mistake was told.
    pub fn settings(
        &mut self,
        train: &ast::Train,
        found: &Found<'_>,
        module: usize,
        pairing: Option<&Pairing>,
        paths: Option<Vec<Arc<str>>>,
        evaluation: Option<&Forward>,
    ) -> Option<Settings> {
        let mut frame = Frame::new(module, StateScope::default());
        let at = train.model.last().map_or(Span::default(), |i| i.span);
        let mut is_fine = true;
        // What would be measured is not known where the list of it was misspelt.
        let evaluation = evaluation.filter(|_| !found.is_misspelt("metrics"));
        if found.setting("loss").is_none() && found.is_misspelt("loss") {
            is_fine = false;
        } else if found.setting("loss").is_none() {
            let example = "loss: cross_entropy(logits, label)";
            self.mistake(at, &Mistake::MissingSetting { setting: "loss", example, at: None });
            is_fine = false;
        }
        let optimizer = match found.setting("optimizer") {
            Some(expr) => self.configured(expr, EntryKind::Optimizer, "optimizer", &mut frame),
            None if found.is_misspelt("optimizer") => None,
            None => {
                let example = "optimizer: Adam(lr: 1e-3)";
                let insertion = self.new_setting(train, example);
                self.mistake(at, &Mistake::MissingSetting { setting: "optimizer", example, at: insertion });
                None
            }
        };
        let schedule = match found.setting("schedule") {
            Some(expr) => self.schedule(expr, &mut frame),
            None => Some(Vec::new()),
        };
        let length = self.length(train, found, at, &mut frame);
        let optimizer = optimizer.filter(|optimizer| self.can_update(optimizer.entry, &optimizer.args, optimizer.span));
        let groups = match (&optimizer, &paths) {
            (Some(optimizer), Some(paths)) => self.groups(found, optimizer, paths, &mut frame),
            _ => Some(Vec::new()),
        };
        let batch = self.count(found, "batch", DEFAULT_BATCH as u64, &mut frame);
        let accumulate = match found.setting("accumulate") {
            None => Some(None),
            Some(_) => self.count(found, "accumulate", 1, &mut frame).map(|n| Some(n as usize)),
        };
        let ema = match found.setting("ema") {
            None => Some(None),
            Some(expr) => match self.expression(expr, &mut frame) {
                Value::Number(n) if n > 0.0 && n < 1.0 => Some(Some(n)),
                other => self.wrong_setting("ema", expr.span, "a number between 0 and 1 such as `0.999`", &other),
            },
        };
        let seed = match (self.overrides.seed, found.setting("seed")) {
            (Some(seed), _) => Some(seed),
            (None, None) => Some(DEFAULT_SEED),
            (None, Some(expr)) => match self.expression(expr, &mut frame) {
                Value::Number(n) if n >= 0.0 && n.fract() == 0.0 && n < 9e15 => Some(n as u64),
                other => self.wrong_setting("seed", expr.span, "a whole number that is not negative", &other),
            },
        };
        let shuffle = self.flag(found, "shuffle", true, &mut frame);
        let drop_last = self.flag(found, "drop_last", false, &mut frame);
        let clip = match found.setting("clip") {
            None => Some(None),
            Some(expr) => self.clip(expr, &mut frame).map(Some),
        };
        let validate = match found.setting("validate") {
            None => Some(Duration::Epochs(1.0)),
            Some(expr) => match self.expression(expr, &mut frame) {
                Value::Duration(d) if d.steps(1) >= 1 => Some(d),
                other => self.wrong_setting("validate", expr.span, "a duration such as `500 steps`", &other),
            },
        };
        let stop = match found.setting("stop") {
            None => Some(None),
            Some(expr) => self.patience(expr, pairing, evaluation, &mut frame).map(Some),
        };
        let keep = match found.setting("keep") {
            None => Some(None),
            Some(expr) => self.keep(expr, pairing, evaluation).map(Some),
        };
        let frozen = match (found.setting("freeze"), paths) {
            (None, _) => Some(Vec::new()),
            (Some(expr), Some(paths)) => self.frozen(expr, &paths, at),
            (Some(_), None) => Some(Vec::new()),
        };
        let load: Option<Option<(PathBuf, Span)>> = match found.setting("load") {
            None => Some(None),
            Some(expr) => match self.expression(expr, &mut frame) {
                Value::Text(path) => {
                    let directory = self.modules.get(module).map(|m| m.directory.clone()).unwrap_or_default();
                    let path = directory.join(&*path);
                    self.files.push(FileUse { span: expr.span, path: path.clone(), role: FileRole::Weights });
                    Some(Some((path, expr.span)))
                }
                other => self.wrong_setting("load", expr.span, "a path in quotes", &other),
            },
        };
        let recompute = match found.setting("recompute") {
            None => Some(false),
            Some(expr) => match &expr.kind {
                ExprKind::Name(word) if &**word == "blocks" => Some(true),
                ExprKind::None => Some(false),
                ExprKind::Error => None,
                _ => self.wrong_form("recompute", expr, "`blocks` or `none`", &["blocks", "none"]),
            },
        };
        let settings = Settings {
            recompute: recompute?,
            optimizer: optimizer?,
            groups: groups?,
            ema: ema?,
            schedule: schedule?,
            length: length?,
            batch: batch? as usize,
            accumulate: accumulate?,
            shuffle: shuffle?,
            drop_last: drop_last?,
            seed: seed?,
            clip: clip?,
            frozen: frozen?,
            validate: validate?,
            stop: stop?,
            keep: keep?,
            load: load?,
            augment: Vec::new(),
        };
        self.outlasts(&settings, pairing);
        is_fine.then_some(settings)
    }

    /// Whether an optimizer can do with these arguments, tried on a weight; tells what is wrong with them together.
    pub fn can_update(&mut self, entry: &'static Entry, args: &Args, span: Span) -> bool {
        let Body::Optimizer(optimizer) = &entry.body else { return true };
        let mut builder = Builder::new(true, false);
        let shape = [Dim::constant(2), Dim::constant(2)];
        let state = |name: &str, builder: &mut Builder| {
            builder.state(name.into(), &shape, StateRole::Optimizer, Init::Full(0.0)).map_err(drop).ok()
        };
        let (Some(weight), Some(gradient)) = (state("weight", &mut builder), state("gradient", &mut builder)) else {
            return true;
        };
        let slots = (optimizer.slots)(args, &shape);
        let slots: Vec<Tensor> = slots.into_iter().filter_map(|slot| state(slot, &mut builder)).collect();
        let mut scalar = |name: &str| {
            let (_, node) = builder.graph.add_input(name, Vec::new(), InputKind::Scalar, span);
            builder.tensor(node, Vec::new(), false)
        };
        let lr = scalar("lr");
        let scalars = (optimizer.scalars)(args).into_iter().map(&mut scalar).collect();
        let operands = UpdateOperands { weight, gradient, slots, lr, scalars };
        let Err(problem) = (optimizer.update)(&mut builder, args, &operands) else { return true };
        let given = entry.params.iter().filter_map(|param| Some((param.name, args.span(param.name)?))).collect();
        let site = self.call_site(entry.name, span, Vec::new(), given);
        self.problem_between(&problem, &site, &[], &[]);
        false
    }

    /// Warns of a part of a schedule that never begins, and of a warmup that never ends.
    fn outlasts(&mut self, settings: &Settings, pairing: Option<&Pairing>) {
        // A run that the command line cuts short is not what the file says.
        if self.overrides.epochs.is_some() {
            return;
        }
        let data = pairing.and_then(|p| self.data.get(p.data));
        let Some(examples) = data.and_then(|d| d.description.examples(Split::Train)) else { return };
        let batch = settings.examples_per_step().max(1);
        let per_epoch = if settings.drop_last { examples / batch } else { examples.div_ceil(batch) } as u64;
        let steps = match settings.length {
            Length::Epochs(n) => n.saturating_mul(per_epoch),
            Length::Steps(n) => n,
        };
        let mut start = 0_u64;
        let mut late = None;
        for configured in &settings.schedule {
            let Body::Schedule(rate) = &configured.entry.body else { continue };
            let length = (rate.length)(&configured.args).map(|d| d.steps(per_epoch));
            let ends = start.saturating_add(length.unwrap_or(0));
            let part = configured.entry.name;
            if start >= steps && start > 0 {
                late = Some((configured.span, Mistake::ScheduleOutlasts { part, begins: Some(start), ends, steps }));
                break;
            }
            if part == "warmup" && length.is_some() && start == 0 && ends > steps {
                late = Some((configured.span, Mistake::ScheduleOutlasts { part, begins: None, ends, steps }));
                break;
            }
            start = ends;
        }
        if let Some((span, mistake)) = late {
            self.mistake(span, &mistake);
        }
    }

    pub fn wrong_setting<T>(&mut self, setting: &str, span: Span, wanted: &str, found: &Value) -> Option<T> {
        if !matches!(found, Value::Unknown) {
            let (setting, wanted, found) = (setting.to_owned(), wanted.to_owned(), found.describe());
            self.mistake(span, &Mistake::SettingType { setting, wanted, found });
        }
        None
    }

    /// Tells of a setting whose value begins with a word, where it does not begin with one of `words` or does not go
    /// on as that word wants.
    pub fn wrong_form<T>(
        &mut self,
        setting: &'static str,
        expr: &Expr,
        wanted: &'static str,
        words: &[&str],
    ) -> Option<T> {
        let word = match &expr.unparenthesized().kind {
            ExprKind::Error => return None,
            ExprKind::Name(word) => Some((word, expr.unparenthesized().span)),
            ExprKind::Call { callee, .. } => match &callee.kind {
                ExprKind::Name(word) => Some((word, callee.span)),
                _ => None,
            },
            _ => None,
        };
        match word.filter(|(word, _)| !words.contains(&&***word)) {
            Some((word, span)) => {
                let nearest = nearest(word, words.iter().copied()).map(str::to_owned);
                self.mistake(span, &Mistake::SettingWord { setting, wanted, found: word.clone(), nearest });
            }
            None => {
                let (wanted, found) = (wanted.to_owned(), "something else".to_owned());
                self.mistake(expr.span, &Mistake::SettingType { setting: setting.into(), wanted, found });
            }
        }
        None
    }

    /// `Adam(lr: 1e-3)`, `cosine(to: 1e-5)`
    pub fn configured(
        &mut self,
        expr: &Expr,
        kind: EntryKind,
        wanted: &'static str,
        frame: &mut Frame,
    ) -> Option<Configured> {
        let (name, args, name_span) = match &expr.unparenthesized().kind {
            ExprKind::Name(name) => (name.clone(), &[] as &[ast::Arg], expr.span),
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) => (name.clone(), args.as_slice(), callee.span),
                _ => {
                    let found = "something else".to_owned();
                    self.mistake(expr.span, &Mistake::Type { wanted: with_article(wanted), found });
                    return None;
                }
            },
            ExprKind::Error => return None,
            ExprKind::String(text) => {
                self.named_in_quotes(text, expr.span, kind, with_article(wanted));
                return None;
            }
            _ => {
                let found = "something else".to_owned();
                self.mistake(
                    expr.span,
                    &Mistake::Type { wanted: format!("the name of {}", with_article(wanted)), found },
                );
                return None;
            }
        };
        // `Adam(model.parameters(), lr: 0.1)`
        let weights = args.iter().position(|a| match &a.value.unparenthesized().kind {
            ExprKind::Call { callee, .. } => {
                matches!(&callee.kind, ExprKind::Field { name, .. } if matches!(&*name.name, "parameters" | "trainable_variables"))
            }
            ExprKind::Field { name, .. } => matches!(&*name.name, "trainable_variables" | "trainable_weights"),
            _ => false,
        });
        let left: Vec<ast::Arg> =
            args.iter().enumerate().filter(|(i, _)| Some(*i) != weights).map(|(_, a)| a.clone()).collect();
        if let Some(index) = weights
            && let (Some(arg), Some(removed)) = (args.get(index), removal(args, index))
        {
            self.mistake(arg.span(), &Mistake::WeightsGiven { removed });
        }
        let args = left.as_slice();
        let Some(entry) = catalog::find(&name, &[kind]) else {
            self.unknown_entry(&name, name_span, kind, wanted);
            return None;
        };
        let bound = self.bind_arguments(entry.name, entry.params, args, None, expr.span, frame)?;
        if let Some(param) = bound.missing.first() {
            let (callee, doc) = (entry.name.to_owned(), param.doc.to_owned());
            self.mistake(expr.span, &Mistake::MissingArgument { callee, param: param.name.into(), doc });
            return None;
        }
        Some(Configured { entry, args: bound.args, span: expr.span })
    }

    /// Tells of an optimizer or metric in quotes.
    pub fn named_in_quotes(&mut self, text: &str, span: Span, kind: EntryKind, setting: String) {
        let of_kind = || catalog::entries().filter(|e| e.kind() == kind);
        let plain = |name: &str| name.to_lowercase().replace('_', "");
        let elsewhere = |e: &&catalog::Entry| e.elsewhere.iter().any(|(name, _)| plain(name) == plain(text));
        let entry = of_kind().find(|e| plain(e.name) == plain(text)).or_else(|| of_kind().find(elsewhere));
        let near = || nearest(text, of_kind().map(|e| e.name));
        let (text, instead) = (text.to_owned(), entry.map(|e| e.name).or_else(near));
        self.mistake(span, &Mistake::SettingInQuotes { setting, text, instead });
    }

    /// `warmup(5 epochs) then cosine(to: 1e-5)`
    fn schedule(&mut self, expr: &Expr, frame: &mut Frame) -> Option<Vec<Configured>> {
        let mut parts = Vec::new();
        flatten_then(expr, &mut parts);
        let count = parts.len();
        let mut schedule = Vec::new();
        let mut is_fine = true;
        for (i, part) in parts.into_iter().enumerate() {
            let Some(configured) = self.configured(part, EntryKind::Schedule, "schedule", frame) else {
                is_fine = false;
                continue;
            };
            let length = match &configured.entry.body {
                Body::Schedule(rate) => (rate.length)(&configured.args),
                _ => None,
            };
            if i + 1 < count && length.is_none() {
                let schedule = configured.entry.name.to_owned();
                self.mistake(part.span, &Mistake::ScheduleLength { schedule });
                is_fine = false;
            }
            schedule.push(configured);
        }
        is_fine.then_some(schedule)
    }

    fn length(&mut self, train: &ast::Train, found: &Found<'_>, at: Span, frame: &mut Frame) -> Option<Length> {
        let (epochs, steps) = (found.setting("epochs"), found.setting("steps"));
        if let (Some(first_span), Some(second)) = (found.key_span("epochs"), found.key_span("steps")) {
            let removed = self.line_of(second, steps.map_or(second, |value| value.span));
            self.mistake(second, &Mistake::Conflict { first: "epochs", second: "steps", first_span, removed });
            return None;
        }
        // What is written is checked even where the command line replaces it.
        let written = match (epochs, steps) {
            (Some(_), _) => self.count(found, "epochs", 1, frame).map(Length::Epochs),
            (None, Some(_)) => self.count(found, "steps", 1, frame).map(Length::Steps),
            (None, None) if self.overrides.epochs.is_some() => Some(Length::Epochs(1)),
            (None, None) if found.is_misspelt("epochs") || found.is_misspelt("steps") => None,
            (None, None) => {
                let example = "epochs: 20";
                let insertion = self.new_setting(train, example);
                self.mistake(at, &Mistake::MissingSetting { setting: "epochs", example, at: insertion });
                None
            }
        };
        written.map(|w| self.overrides.epochs.map_or(w, Length::Epochs))
    }

    /// A setting that is a whole number of at least 1.
    fn count(&mut self, found: &Found<'_>, key: &str, default: u64, frame: &mut Frame) -> Option<u64> {
        let Some(expr) = found.setting(key) else { return Some(default) };
        match self.expression(expr, frame) {
            Value::Number(n) if n >= 1.0 && n.fract() == 0.0 && n < 9e15 => Some(n as u64),
            // `epochs: 5 epochs` says it twice, and right.
            Value::Duration(Duration::Epochs(n)) if key == "epochs" && n >= 1.0 && n.fract() == 0.0 => Some(n as u64),
            Value::Duration(Duration::Steps(n)) if key == "steps" && n >= 1.0 && n.fract() == 0.0 => Some(n as u64),
            Value::Number(n) if n >= 9e15 => {
                self.wrong_setting(key, expr.span, "a smaller number: nothing is counted so far", &Value::Number(n))
            }
            other => self.wrong_setting(key, expr.span, "a whole number of at least 1", &other),
        }
    }

    fn flag(&mut self, found: &Found<'_>, key: &str, default: bool, frame: &mut Frame) -> Option<bool> {
        let Some(expr) = found.setting(key) else { return Some(default) };
        match self.expression(expr, frame) {
            Value::Bool(b) => Some(b),
            other => self.wrong_setting(key, expr.span, "`true` or `false`", &other),
        }
    }

    fn clip(&mut self, expr: &Expr, frame: &mut Frame) -> Option<Clip> {
        if let ExprKind::Call { callee, args, .. } = &expr.kind
            && let (ExprKind::Name(name), [arg]) = (&callee.kind, args.as_slice())
            && matches!(&**name, "norm" | "value")
        {
            return match self.expression(&arg.value, frame) {
                Value::Number(c) if c > 0.0 && c.is_finite() => {
                    Some(if &**name == "norm" { Clip::Norm(c) } else { Clip::Value(c) })
                }
                other => self.wrong_setting("clip", arg.value.span, "a number above 0", &other),
            };
        }
        if let ExprKind::Number(n) = &expr.kind
            && n.value > 0.0
        {
            let found = format!("the number {}", self.sources.text(expr.span));
            let wanted = "`norm(1.0)` or `value(0.5)`".to_owned();
            self.mistake(expr.span, &Mistake::SettingType { setting: "clip".into(), wanted, found });
            return None;
        }
        self.wrong_form("clip", expr, "`norm(1.0)` or `value(0.5)`", &["norm", "value"])
    }
}

fn flatten_then<'a>(expr: &'a Expr, parts: &mut Vec<&'a Expr>) {
    match &expr.unparenthesized().kind {
        ExprKind::Binary { op: BinaryOperator::Then, left, right, .. } => {
            flatten_then(left, parts);
            flatten_then(right, parts);
        }
        _ => parts.push(expr),
    }
}
