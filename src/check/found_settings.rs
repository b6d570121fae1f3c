//! The settings of a train as they are written: each once, none unknown, none of another framework.

use super::checker::Checker;
use super::mistake::{Mistake, SettingMeaning};
use crate::catalog::{self, EntryKind, WordKind};
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, StatementKind};

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
    "accumulate",
    "ema",
    "recompute",
];

/// The settings of a train as written.
pub(super) struct Found<'a> {
    pub module: usize,
    /// Settings that a misspelt one was meant to be: they are not missing, too.
    pub misspelt: Vec<String>,
    pub settings: Vec<&'a ast::Setting>,
    /// What each `group` names, and what stands in it.
    pub groups: Vec<(&'a Expr, &'a [ast::Statement])>,
}

impl<'a> Found<'a> {
    pub fn setting(&self, key: &str) -> Option<&'a Expr> {
        self.settings.iter().find(|s| &*s.key.name == key).map(|s| &s.value)
    }

    pub fn is_misspelt(&self, key: &str) -> bool {
        self.misspelt.iter().any(|m| m == key)
    }

    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.settings.iter().find(|s| &*s.key.name == key).map(|s| s.key.span)
    }
}

impl Checker<'_> {
    /// The settings as written, each at most once, none unknown.
    pub fn collect_settings<'a>(&mut self, train: &'a ast::Train) -> Found<'a> {
        let mut settings: Vec<&ast::Setting> = Vec::new();
        let mut misspelt = Vec::new();
        let mut groups = Vec::new();
        for statement in &train.statements {
            match &statement.kind {
                StatementKind::Setting(setting) => {
                    let key = &*setting.key.name;
                    if let Some(meaning) = self.setting_elsewhere(setting, train) {
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
                StatementKind::Group { patterns, body } => groups.push((patterns, body.as_slice())),
                _ => {}
            }
        }
        let module = self.main_module;
        // What could not be parsed may have been any of them.
        if train.statements.iter().any(|s| matches!(s.kind, StatementKind::Error)) {
            misspelt.extend(["loss", "optimizer", "epochs"].map(str::to_owned));
        }
        Found { module, settings, misspelt, groups }
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
    pub fn line_of(&self, key: Span, value: Span) -> Span {
        let before = self.sources.text(Span { start: 0, end: key.start, ..key });
        let start = before.trim_end_matches([' ', '\t']).strip_suffix('\n').map_or(key.start, |b| b.len() as u32);
        Span { start, end: value.end, ..key }
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
