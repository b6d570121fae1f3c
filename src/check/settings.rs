//! The settings of a train.

use super::checker::Checker;
use super::foreign::removal;
use super::mistake::{Mistake, SettingMeaning};
use super::paths::glob_matches;
use super::program::{Clip, Configured, FileRole, FileUse, Forward, Length, Measure, Settings};
use super::train::{Found, Pairing};
use super::value::{Frame, Value};
use crate::build::{StateScope, Tensor};
use crate::catalog::{self, Body, Duration, EntryKind, Param, WordKind};
use crate::data::Split;
use crate::diagnostics::nearest;
use crate::diagnostics::with_article;
use crate::ir::graph::StateRole;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOperator, Expr, ExprKind, StatementKind};
use std::path::PathBuf;
use std::sync::Arc;

/// Every setting of a train.
const SETTINGS: &[&str] = &[
    "loss",
    "optimizer",
    "schedule",
    "epochs",
    "steps",
    "batch",
    "metrics",
    "clip",
    "shuffle",
    "drop_last",
    "seed",
    "class_weights",
    "stop",
    "keep",
    "freeze",
    "validate",
    "load",
    "augment",
];

/// Settings of the language that this version does not run.
const LATER: &[&str] = &["accumulate", "ema", "recompute"];

const DEFAULT_BATCH: usize = 32;
/// What a program without a seed begins with: the one that the documents use.
const DEFAULT_SEED: u64 = 42;

impl Checker<'_> {
    /// The settings as written, each at most once, none unknown.
    pub fn collect_settings<'a>(&mut self, train: &'a ast::Train) -> Found<'a> {
        let mut settings: Vec<&ast::Setting> = Vec::new();
        let mut misspelt = Vec::new();
        for statement in &train.statements {
            match &statement.kind {
                StatementKind::Setting(setting) => {
                    let key = &*setting.key.name;
                    if LATER.contains(&key) {
                        self.mistake(setting.key.span, &Mistake::NotYet { what: "this setting" });
                    } else if let Some(meaning) = self.setting_elsewhere(setting, train) {
                        if let SettingMeaning::Called(ours) = meaning {
                            misspelt.push(ours.to_owned());
                        }
                        let name = setting.key.name.clone();
                        self.mistake(setting.key.span, &Mistake::ForeignSetting { name, meaning });
                    } else if !SETTINGS.contains(&key) {
                        let near = nearest(key, SETTINGS.iter().copied()).map(str::to_owned);
                        misspelt.extend(near.clone());
                        let known = SETTINGS.iter().map(|s| (*s).to_owned()).collect();
                        let name = setting.key.name.clone();
                        self.mistake(setting.key.span, &Mistake::UnknownSetting { name, nearest: near, known });
                    } else if let Some(first) = settings.iter().find(|s| *s.key.name == *key) {
                        let (name, first) = (setting.key.name.clone(), first.key.span);
                        self.mistake(setting.key.span, &Mistake::Duplicate { name, what: "setting", first });
                    } else {
                        settings.push(setting);
                    }
                }
                StatementKind::Phase { name, .. } => {
                    self.mistake(name.span, &Mistake::NotYet { what: "`phase`" });
                }
                StatementKind::Group { patterns, .. } => {
                    self.mistake(patterns.span, &Mistake::NotYet { what: "`group`" });
                }
                _ => {}
            }
        }
        let module = self.main_module;
        // What could not be parsed may have been any of them.
        if train.statements.iter().any(|s| matches!(s.kind, StatementKind::Error)) {
            misspelt.extend(["loss", "optimizer", "epochs"].map(str::to_owned));
        }
        Found { module, settings, misspelt }
    }

    /// What a setting of another framework is here.
    fn setting_elsewhere(&self, setting: &ast::Setting, train: &ast::Train) -> Option<SettingMeaning> {
        let key = &*setting.key.name;
        if SETTINGS.contains(&key) {
            return None;
        }
        let called = catalog::words().filter(|w| w.kind == WordKind::Setting && SETTINGS.contains(&w.name));
        if let Some(word) = called.into_iter().find(|w| w.elsewhere.iter().any(|(name, _)| *name == key)) {
            return Some(SettingMeaning::Called(word.name));
        }
        if matches!(key, "validation_split" | "validation_data" | "test_size" | "split" | "val_split" | "stratify") {
            return Some(SettingMeaning::OfData);
        }
        match key {
            "verbose" => return Some(SettingMeaning::NotNeeded("`--quiet` on the command line says less")),
            "device" | "gpu" | "accelerator" | "cuda" => {
                return Some(SettingMeaning::NotNeeded(
                    "training runs on the processor; `--threads n` says on how many threads",
                ));
            }
            "num_workers" | "workers" | "threads" => {
                return Some(SettingMeaning::NotNeeded("`--threads n` on the command line says on how many threads"));
            }
            _ => {}
        }
        let optimizer = train.statements.iter().find_map(|s| match &s.kind {
            StatementKind::Setting(s) if &*s.key.name == "optimizer" => Some(&s.value),
            _ => None,
        });
        let (name, args) = match optimizer.map(|expr| (&expr.unparenthesized().kind, expr)) {
            Some((ExprKind::Name(name), expr)) => (Some(&**name), Some((&[] as &[ast::Arg], expr.span, false))),
            Some((ExprKind::Call { callee, args, args_span }, _)) => match &callee.kind {
                ExprKind::Name(name) => (Some(&**name), Some((args.as_slice(), *args_span, true))),
                _ => (None, None),
            },
            _ => (None, None),
        };
        let entry = name.and_then(|name| catalog::find(name, &[EntryKind::Optimizer]));
        let entry = entry.or_else(|| catalog::find("Adam", &[EntryKind::Optimizer]))?;
        let names = entry.params.iter().map(|p| p.name);
        let ours = match catalog::argument_elsewhere(key, names.clone()) {
            Some(catalog::ArgumentElsewhere::Called(ours)) => ours,
            _ => names.clone().find(|p| *p == key)?,
        };
        let value = self.sources.text(setting.value.span);
        let argument = format!("{ours}: {value}");
        let at = args.and_then(|(given, span, has_list)| {
            if given.iter().any(|a| a.name.as_ref().is_some_and(|n| &*n.name == ours)) {
                return None;
            }
            Some(match (has_list, given.is_empty()) {
                (false, _) => (span.end_point(), "(".to_owned(), ")".to_owned()),
                (true, true) => (Span { start: span.end - 1, end: span.end - 1, ..span }, String::new(), String::new()),
                (true, false) => {
                    (Span { start: span.end - 1, end: span.end - 1, ..span }, ", ".to_owned(), String::new())
                }
            })
        });
        let line = self.line_of(setting.key.span, setting.value.span);
        Some(SettingMeaning::OfOptimizer { line, argument, at })
    }

    /// A setting with the newline and indent before it.
    fn line_of(&self, key: Span, value: Span) -> Span {
        let before = self.sources.text(Span { start: 0, end: key.start, ..key });
        let start = before.trim_end_matches([' ', '\t']).strip_suffix('\n').map_or(key.start, |b| b.len() as u32);
        Span { start, end: value.end, ..key }
    }

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
        let batch = self.count(found, "batch", DEFAULT_BATCH as u64, &mut frame);
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
        let settings = Settings {
            optimizer: optimizer?,
            schedule: schedule?,
            length: length?,
            batch: batch? as usize,
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

    /// Warns of a part of a schedule that never begins, and of a warmup that never ends.
    fn outlasts(&mut self, settings: &Settings, pairing: Option<&Pairing>) {
        // A run that the command line cuts short is not what the file says.
        if self.overrides.epochs.is_some() {
            return;
        }
        let data = pairing.and_then(|p| self.data.get(p.data));
        let Some(examples) = data.and_then(|d| d.description.examples(Split::Train)) else { return };
        let batch = settings.batch.max(1);
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

    fn wrong_setting<T>(&mut self, setting: &str, span: Span, wanted: &str, found: &Value) -> Option<T> {
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

    /// `patience(validation.loss, 10 epochs)`
    fn patience(
        &mut self,
        expr: &Expr,
        pairing: Option<&Pairing>,
        evaluation: Option<&Forward>,
        frame: &mut Frame,
    ) -> Option<(Measure, Duration)> {
        if let ExprKind::Call { callee, args, .. } = &expr.kind
            && let (ExprKind::Name(name), [measure, duration]) = (&callee.kind, args.as_slice())
            && &**name == "patience"
        {
            let measure = self.measure(&measure.value, pairing, evaluation);
            let duration = match self.expression(&duration.value, frame) {
                Value::Duration(d) => Some(d),
                other => {
                    let wanted = "a duration such as `10 epochs`";
                    self.wrong_setting("stop", duration.value.span, wanted, &other)
                }
            };
            return Some((measure?, duration?));
        }
        self.wrong_form("stop", expr, "`patience(validation.loss, 10 epochs)`", &["patience"])
    }

    /// `best(validation.loss)`
    fn keep(&mut self, expr: &Expr, pairing: Option<&Pairing>, evaluation: Option<&Forward>) -> Option<Measure> {
        if let ExprKind::Call { callee, args, .. } = &expr.kind
            && let (ExprKind::Name(name), [measure]) = (&callee.kind, args.as_slice())
            && &**name == "best"
        {
            return self.measure(&measure.value, pairing, evaluation);
        }
        self.wrong_form("keep", expr, "`best(validation.loss)`", &["best"])
    }

    /// `validation.loss`
    fn measure(&mut self, expr: &Expr, pairing: Option<&Pairing>, evaluation: Option<&Forward>) -> Option<Measure> {
        let ExprKind::Field { base, name } = &expr.kind else {
            if !matches!(expr.kind, ExprKind::Error) {
                let wanted = "a measure such as `validation.loss`".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: "something else".into() });
            }
            return None;
        };
        let ExprKind::Name(split_name) = &base.kind else {
            let wanted = "`train` or `validation` before the dot".to_owned();
            self.mistake(base.span, &Mistake::Type { wanted, found: "something else".into() });
            return None;
        };
        let split = match &**split_name {
            "train" => Split::Train,
            "validation" => Split::Validation,
            "test" => {
                let wanted = "`train` or `validation` (the test split is used once, at the end)".to_owned();
                self.mistake(base.span, &Mistake::Type { wanted, found: "`test`".into() });
                return None;
            }
            other => {
                let known = ["train", "validation"];
                let mistake = Mistake::UnknownName {
                    name: split_name.clone(),
                    wanted: "split",
                    nearest: nearest(other, known).map(str::to_owned),
                    known: known.map(str::to_owned).to_vec(),
                    unnamed: None,
                };
                self.mistake(base.span, &mistake);
                return None;
            }
        };
        self.has_split(split, base.span, pairing?.data)?;
        let evaluation = evaluation?;
        if &*name.name == "loss" {
            return Some(Measure { split, metric: "loss".into(), higher_is_better: false, span: expr.span });
        }
        let Some(metric) = evaluation.metrics.iter().find(|m| m.name == name.name) else {
            let known: Vec<String> = std::iter::once("loss".to_owned())
                .chain(evaluation.metrics.iter().map(|m| m.name.to_string()))
                .collect();
            let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
            self.mistake(name.span, &Mistake::UnknownMeasure { name: name.name.to_string(), nearest: near, known });
            return None;
        };
        let higher_is_better = matches!(&metric.entry.body, Body::Metric(m) if m.higher_is_better);
        Some(Measure { split, metric: metric.name.clone(), higher_is_better, span: expr.span })
    }

    /// Tells where a split does not exist.
    pub fn has_split(&mut self, split: Split, span: Span, data: usize) -> Option<()> {
        let block = self.data.get(data)?;
        // Where nothing is known of the splits or their sizes, something else has been told.
        if !block.split_is_known {
            return None;
        }
        if block.description.examples.is_some() && block.description.examples(split).is_none() {
            let (split, data) = (split.name().to_owned(), block.name.clone());
            self.mistake(span, &Mistake::NoSplit { split, data });
            return None;
        }
        Some(())
    }

    /// The weights that a path or glob names; tells where there are none. `also`: a word that might have been meant.
    pub fn matching_paths(
        &mut self,
        pattern: &str,
        span: Span,
        paths: &[Arc<str>],
        also: Option<&str>,
    ) -> Vec<Arc<str>> {
        let matching: Vec<Arc<str>> = paths.iter().filter(|p| glob_matches(pattern, p)).cloned().collect();
        if matching.is_empty() {
            let mut known: Vec<String> = Vec::new();
            for path in paths {
                let layer = path.rsplit_once('.').map_or(&**path, |(layer, _)| layer);
                for candidate in [layer, path] {
                    if !known.iter().any(|k| k == candidate) {
                        known.push(candidate.to_owned());
                    }
                }
            }
            // A body is named by what all its paths begin with.
            let bodies = paths.iter().flat_map(|p| p.match_indices('.').filter_map(|(dot, _)| p.get(..dot)));
            let candidates = also.into_iter().chain(known.iter().map(String::as_str)).chain(bodies);
            let near = nearest(pattern, candidates).map(str::to_owned);
            self.mistake(span, &Mistake::UnknownPath { path: pattern.to_owned(), nearest: near, known });
        }
        matching
    }

    /// `weights`, a path, a glob in quotes, or a list of these, as the weights of the graph that is being built.
    pub fn weights_argument(&mut self, callee: &str, param: &'static Param, expr: &Expr) -> Option<Vec<Tensor>> {
        if !self.is_in_loss {
            let (callee, param) = (callee.to_owned(), param.name.to_owned());
            let wanted = "the weights of a whole model, which are there in the `loss` of a `train`".to_owned();
            let found = "a place where they are not".to_owned();
            self.mistake(expr.span, &Mistake::ArgumentType { callee, param, wanted, found });
            return None;
        }
        let states = self.builder.graph.states.iter().filter(|s| s.role == StateRole::Weight);
        let paths: Vec<Arc<str>> = states.map(|s| s.path.clone()).collect();
        let items = match &expr.unparenthesized().kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![expr],
        };
        let mut chosen: Vec<Arc<str>> = Vec::new();
        for item in items {
            match path_text(item) {
                // A weight of this name is what is meant, and all where there is none.
                Some(word) if word == "weights" && !paths.iter().any(|p| glob_matches(&word, p)) => {
                    chosen.extend(paths.iter().cloned());
                }
                Some(pattern) => {
                    let matching = self.matching_paths(&pattern, item.span, &paths, Some("weights"));
                    if matching.is_empty() {
                        return None;
                    }
                    chosen.extend(matching);
                }
                None => {
                    if !matches!(item.kind, ExprKind::Error) {
                        let (callee, param) = (callee.to_owned(), param.name.to_owned());
                        let wanted = "`weights`, the path of a weight or layer, or a glob in quotes".to_owned();
                        let found = "something else".to_owned();
                        self.mistake(item.span, &Mistake::ArgumentType { callee, param, wanted, found });
                    }
                    return None;
                }
            }
        }
        // Each counts once, in the order of the model.
        let chosen = paths.iter().filter(|p| chosen.contains(p));
        Some(chosen.filter_map(|p| self.builder.existing_state(p)).collect())
    }

    /// `[path, "glob.*"]`
    fn frozen(&mut self, expr: &Expr, paths: &[Arc<str>], at: Span) -> Option<Vec<Arc<str>>> {
        let items = match &expr.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![expr],
        };
        let mut frozen: Vec<Arc<str>> = Vec::new();
        let mut is_fine = true;
        for item in items {
            let Some(pattern) = path_text(item) else {
                if !matches!(item.kind, ExprKind::Error) {
                    let wanted = "the path of a weight or layer, or a glob in quotes".to_owned();
                    self.mistake(item.span, &Mistake::Type { wanted, found: "something else".into() });
                }
                is_fine = false;
                continue;
            };
            let matching = self.matching_paths(&pattern, item.span, paths, None);
            is_fine &= !matching.is_empty();
            frozen.extend(matching);
        }
        frozen.sort();
        frozen.dedup();
        if is_fine && frozen.len() == paths.len() {
            let reason = "every weight is frozen";
            self.mistake(at, &Mistake::NothingToTrain { reason });
            return None;
        }
        is_fine.then_some(frozen)
    }
}

/// `backbone.dense1` or `"backbone.*"` as text.
fn path_text(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::String(text) => Some(text.clone()),
        ExprKind::Field { base, name } => Some(format!("{}.{}", path_text(base)?, name.name)),
        ExprKind::Paren(inner) => path_text(inner),
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::SETTINGS;
    use crate::catalog::{WordKind, word};

    #[test]
    fn every_setting_is_explained() {
        for setting in SETTINGS {
            let page = word(setting).unwrap_or_else(|| panic!("`{setting}` needs a page in catalog/words/settings.rs"));
            assert_eq!(page.kind, WordKind::Setting, "{setting}");
        }
    }
}
