//! Floor 6: what is different between two programs, in the words of the language: `conv2d2: channels 64 → 32`.
//!
//! What is compared are checked programs, layer by layer, field by field, setting by setting. Of an item whose text is
//! another although all of that is the same, just this is told; spaces, comments and the order of items do not count.

mod align;
mod groups;
mod layers;
mod written;

use crate::check::{Checked, HyperValue, Length, Program};
use crate::data::Description;
use crate::source::Span;
use crate::syntax::ast::{Item, ItemKind, Pattern};
use std::collections::BTreeMap;
use std::fmt;
use written::Written;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about: `conv2d2`, `train LeNet`, `hyper width`.
    pub subject: String,
    /// What became of it: `channels 64 → 32`, `is gone`.
    pub change: String,
    /// Where it is written in the program after; in the one before where it is gone there.
    pub line: Option<usize>,
    /// What became of it.
    pub kind: Change,
}

/// The kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Only in the program after.
    Added,
    /// Only in the program before.
    Removed,
    /// In both, otherwise.
    Changed,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.change)?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

/// What is different in the program after. Both should be without errors.
pub fn differences(before: &Checked, after: &Checked) -> Vec<Difference> {
    let mut found = Found { before, after, all: Vec::new() };
    found.hypers();
    found.data();
    layers::compare(&mut found);
    found.trains();
    found.facts();
    found.rest();
    found.all
}

/// Whether two programs are the same but for spaces and comments, line by line: a line may end a statement.
pub fn written_alike(before: &Checked, after: &Checked) -> bool {
    let text = |checked: &'_ Checked| checked.sources.file(checked.file).text.clone();
    written::alike_by_line(&text(before), &text(after))
}

/// Collects differences.
struct Found<'c> {
    before: &'c Checked,
    after: &'c Checked,
    all: Vec<Difference>,
}

impl Found<'_> {
    fn line(checked: &Checked, span: Span) -> Option<usize> {
        // A line of another file would only mislead.
        (span.file == checked.file && !span.is_empty()).then(|| checked.sources.position(span).line)
    }

    fn added(&mut self, subject: impl Into<String>, span: Span) {
        let line = Found::line(self.after, span);
        self.all.push(Difference { subject: subject.into(), change: "is new".into(), line, kind: Change::Added });
    }

    fn removed(&mut self, subject: impl Into<String>, span: Span) {
        let line = Found::line(self.before, span);
        self.all.push(Difference { subject: subject.into(), change: "is gone".into(), line, kind: Change::Removed });
    }

    fn changed(&mut self, subject: impl Into<String>, change: String, span: Span) {
        let line = Found::line(self.after, span);
        self.all.push(Difference { subject: subject.into(), change, line, kind: Change::Changed });
    }

    /// `before → after` where these are not the same.
    fn turned(&mut self, subject: &str, what: &str, before: &str, after: &str, span: Span) {
        if !written::alike(before, after) {
            let what = if what.is_empty() { String::new() } else { format!("{what} ") };
            self.changed(subject, format!("{what}{before} → {after}"), span);
        }
    }

    fn hypers(&mut self) {
        let shown = |program: &Program| -> Vec<(String, String)> {
            let known = program.hypers.iter().filter(|(_, value)| !matches!(value, HyperValue::Other));
            known.map(|(name, value)| (name.to_string(), show(value))).collect()
        };
        let (before, after) = (shown(&self.before.program), shown(&self.after.program));
        let (written_before, written_after) = (Written::of(self.before), Written::of(self.after));
        for (name, value) in &after {
            let span = written_after.hyper(name);
            match before.iter().find(|(other, _)| other == name) {
                Some((_, old)) => self.turned(&format!("hyper {name}"), "", old, value, span),
                None => self.added(format!("hyper {name}"), span),
            }
        }
        for (name, _) in before.iter().filter(|(name, _)| after.iter().all(|(other, _)| other != name)) {
            self.removed(format!("hyper {name}"), written_before.hyper(name));
        }
    }

    fn data(&mut self) {
        let (before, after) = (self.before, self.after);
        let (written_before, written_after) = (Written::of(before), Written::of(after));
        for block in &after.program.data {
            let subject = format!("data {}", block.name);
            let Some(old) = before.program.data.iter().find(|old| old.name == block.name) else {
                self.added(subject, block.span);
                continue;
            };
            let (now, then) = (written_after.data(&block.name), written_before.data(&block.name));
            for (name, _) in &block.description.fields {
                let (new_type, old_type) = (type_of(&block.description, name), type_of(&old.description, name));
                let span = now.field(name).map_or(block.span, |(_, span)| span);
                match old_type {
                    None => self.added(format!("{subject}: field {name}"), span),
                    Some(old_type) if Some(&old_type) != new_type.as_ref() => {
                        let new_type = new_type.unwrap_or_default();
                        self.turned(&subject, &format!("field {name}"), &old_type, &new_type, span);
                    }
                    Some(_) => {
                        if let (Some((new, span)), Some((old, _))) = (now.field(name), then.field(name)) {
                            self.turned(&subject, &format!("field {name}"), &old, &new, span);
                        }
                    }
                }
            }
            let gone = |name: &&String| type_of(&block.description, name).is_none();
            for name in old.description.fields.iter().map(|(name, _)| name).filter(gone) {
                self.removed(format!("{subject}: field {name}"), then.field(name).map_or(old.span, |(_, span)| span));
            }
            self.settings(&subject, &then.settings(), &now.settings());
            self.settings(&subject, &then.lets(), &now.lets());
        }
        for old in &before.program.data {
            if after.program.data.iter().all(|block| block.name != old.name) {
                self.removed(format!("data {}", old.name), old.span);
            }
        }
    }

    /// What is written behind each key.
    fn settings(&mut self, subject: &str, before: &[(String, String, Span)], after: &[(String, String, Span)]) {
        for (key, value, span) in after {
            match before.iter().find(|(other, ..)| other == key) {
                Some((_, old, _)) => self.turned(subject, key, old, value, *span),
                None => self.changed(subject, format!("{key} {value} is new"), *span),
            }
        }
        for (key, value, span) in before {
            if after.iter().all(|(other, ..)| other != key) {
                let line = Found::line(self.before, *span);
                let change = format!("{key} {value} is gone");
                self.all.push(Difference { subject: subject.to_owned(), change, line, kind: Change::Changed });
            }
        }
    }

    fn trains(&mut self) {
        let (before, after) = (self.before, self.after);
        let (written_before, written_after) = (Written::of(before), Written::of(after));
        let trains = &after.program.trains;
        // Trains have no names: the first of a model, or of a phase of it, is held against the first of that model.
        let numbered = |program: &Program| -> Vec<(String, usize)> {
            let mut all: Vec<(String, usize)> = Vec::new();
            for train in &program.trains {
                let title = train.title();
                let number = 1 + all.iter().filter(|(name, _)| *name == title).count();
                all.push((title, number));
            }
            all
        };
        let (names_before, names_after) = (numbered(&before.program), numbered(&after.program));
        let subject = |(name, number): &(String, usize)| match number {
            1 => format!("train {name}"),
            number => format!("train {name} ({number})"),
        };
        for (train, name) in trains.iter().zip(&names_after) {
            let found = names_before.iter().position(|other| other == name);
            let Some(old) = found.and_then(|at| before.program.trains.get(at)) else {
                self.added(subject(name), train.span);
                continue;
            };
            let subject = subject(name);
            let data = |checked: &Checked, index: usize| {
                checked.program.data.get(index).map_or(String::new(), |data| data.name.to_string())
            };
            self.turned(&subject, "on", &data(before, old.data), &data(after, train.data), train.span);
            let length = |length: Length| match length {
                Length::Epochs(n) => format!("{n} epochs"),
                Length::Steps(n) => format!("{n} steps"),
            };
            let (now, then) = (written_after.train(train), written_before.train(old));
            let at = |keys: &[&str]| {
                let found = keys.iter().find_map(|key| now.setting(key));
                found.map_or(train.span, |(_, span)| span)
            };
            let (new, old) = (&train.settings, &old.settings);
            self.turned(&subject, "takes", &length(old.length), &length(new.length), at(&["epochs", "steps"]));
            self.turned(&subject, "batch", &old.batch.to_string(), &new.batch.to_string(), at(&["batch"]));
            self.turned(&subject, "seed", &old.seed.to_string(), &new.seed.to_string(), at(&["seed"]));
            // Those are told already, as numbers.
            let others = |settings: Vec<(String, String, Span)>| -> Vec<(String, String, Span)> {
                let told = ["epochs", "steps", "batch", "seed"];
                settings.into_iter().filter(|(key, ..)| !told.contains(&key.as_str())).collect()
            };
            self.settings(&subject, &others(then.settings()), &others(now.settings()));
            self.groups(&subject, then.groups(), now.groups());
        }
        self.order_of_phases();
        for (old, name) in before.program.trains.iter().zip(&names_before) {
            if !names_after.contains(name) {
                self.removed(subject(name), old.span);
            }
        }
    }

    /// Items whose text is another although nothing was told of it: a formula, the start of a weight.
    fn rest(&mut self) {
        let (before, after) = (self.before, self.after);
        let (items_before, items_after) = (named_items(before), named_items(after));
        for (name, item) in &items_after {
            let Some((_, old)) = items_before.iter().find(|(other, _)| other == name) else {
                if !self.tells_of(name) {
                    self.added(name.as_str(), item.span);
                }
                continue;
            };
            let lines = [item.span.start_point(), item.span.end_point()].map(|at| after.sources.position(at).line);
            let is_within = |line: usize| (lines[0]..=lines[1]).contains(&line);
            let is_told = self.all.iter().any(|told| told.kind != Change::Removed && told.line.is_some_and(is_within));
            if !is_told
                && !self.tells_of(name)
                && !written::alike(before.sources.text(old.span), after.sources.text(item.span))
            {
                self.changed(name.as_str(), "is written differently".into(), item.span);
            }
        }
        for (name, old) in &items_before {
            let is_known = |(other, _): &(String, &Item)| other == name;
            if !items_after.iter().any(is_known) && !self.tells_of(name) {
                self.removed(name.as_str(), old.span);
            }
        }
        for (_, file) in after.sources.files().filter(|(id, _)| *id != after.file) {
            let old = before.sources.find(&file.path).map(|id| before.sources.file(id));
            if old.is_some_and(|old| !written::alike(&old.text, &file.text)) {
                let change = "is written differently".to_owned();
                let subject = format!("the imported {}", file.path.display());
                self.all.push(Difference { subject, change, line: None, kind: Change::Changed });
            }
        }
    }

    /// Whether something is told of an item, of a phase of it, or of a part.
    fn tells_of(&self, name: &str) -> bool {
        let is_of = |rest: &str| rest.is_empty() || rest.starts_with(", ") || rest.starts_with(": ");
        self.all.iter().any(|told| told.subject.strip_prefix(name).is_some_and(is_of))
    }

    fn facts(&mut self) {
        let (before, after) = (self.before, self.after);
        for fact in &after.program.facts {
            if before.program.facts.iter().all(|old| old.text != fact.text) {
                self.added(format!("expect {}", fact.text), fact.span);
            }
        }
        for old in &before.program.facts {
            if after.program.facts.iter().all(|fact| fact.text != old.text) {
                self.removed(format!("expect {}", old.text), old.span);
            }
        }
    }
}

/// What items are the same in two programs, and what they are called: `model Net`, `train Net (2)`.
fn named_items(checked: &Checked) -> Vec<(String, &Item)> {
    let mut named: Vec<(String, &Item)> = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for item in &checked.ast.items {
        let name = match &item.kind {
            ItemKind::Block(function) => format!("block {}", function.name.name),
            ItemKind::Model(function) => format!("model {}", function.name.name),
            ItemKind::Data(data) => format!("data {}", data.name.name),
            ItemKind::Train(train) => format!("train {}", train.model.last().map_or("", |name| &*name.name)),
            ItemKind::Import(import) => format!("import {:?}", import.path),
            ItemKind::Let(binding) => match &binding.pattern {
                Pattern::Name(name) => format!("let {}", name.name),
                Pattern::Tuple(..) => "let (…)".to_owned(),
            },
            // Their values and facts are compared one by one; a sweep says nothing of a run.
            ItemKind::Hyper(_) | ItemKind::Expect(_) | ItemKind::Sweep(_) | ItemKind::Error => continue,
        };
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        named.push((if *count == 1 { name } else { format!("{name} ({count})") }, item));
    }
    named
}

fn type_of(description: &Description, name: &str) -> Option<String> {
    let (_, field) = description.fields.iter().find(|(other, _)| other == name)?;
    Some(field.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string))
}

fn show(value: &HyperValue) -> String {
    match value {
        HyperValue::Number(x) => x.to_string(),
        HyperValue::Bool(x) => x.to_string(),
        HyperValue::Text(text) => format!("{text:?}"),
        HyperValue::Other => String::new(),
    }
}
