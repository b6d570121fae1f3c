//! The names of a file: its items, what it imports, its hypers.

use super::checker::{Checker, Module, Named, NamedKind};
use super::mistake::Mistake;
use super::names_in;
use super::program::{FileRole, FileUse};
use super::value::{Definition, Frame, Value};
use crate::build::StateScope;
use crate::diagnostics::{io_reason, nearest};
use crate::source::{FileId, Span, canonical};
use crate::syntax::ast::{self, ItemKind, Symbol};
use crate::syntax::{parse, parse_shared};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

impl Checker<'_> {
    /// Adds a text as a module, with its imports. `above` are the files that are importing it.
    pub fn add_module(&mut self, path: &Path, text: &str, above: &mut Vec<PathBuf>) -> usize {
        let file = self.sources.add(path, text);
        let (ast, diagnostics) = parse_shared(file, text);
        for diagnostic in diagnostics.iter().cloned() {
            self.report(diagnostic);
        }
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        let index = self.modules.len();
        let unparsed = names_in::unparsed(&ast);
        self.modules.push(Module {
            file,
            ast: ast.clone(),
            directory,
            names: Default::default(),
            unparsed,
            lacks_names: false,
        });
        above.push(canonical(path));
        self.declare_items(index, file, &ast);
        for item in &ast.items {
            if let ItemKind::Import(import) = &item.kind {
                self.import(index, import, item.span, above);
            }
        }
        above.pop();
        index
    }

    fn declare_items(&mut self, module: usize, _file: FileId, ast: &ast::File) {
        for item in &ast.items {
            if let ItemKind::Block(f) | ItemKind::Model(f) = &item.kind {
                self.check_signature_names(f);
            }
            let (ident, kind) = match &item.kind {
                ItemKind::Hyper(h) => (h.name.clone(), NamedKind::Hyper(Rc::new(h.clone()), module)),
                ItemKind::Block(f) => {
                    let definition = Definition { function: Rc::new(f.clone()), module };
                    (f.name.clone(), NamedKind::Block(Rc::new(definition)))
                }
                ItemKind::Model(f) => {
                    let definition = Definition { function: Rc::new(f.clone()), module };
                    (f.name.clone(), NamedKind::Model(Rc::new(definition)))
                }
                ItemKind::Data(d) => (d.name.clone(), NamedKind::Data(Rc::new(d.clone()), module, None)),
                ItemKind::Let(l) => match &l.pattern {
                    ast::Pattern::Name(name) => (name.clone(), NamedKind::Layer(Rc::new(l.clone()), module)),
                    ast::Pattern::Tuple(_, span) => {
                        let found = "a tuple".to_owned();
                        self.mistake(*span, &Mistake::Type { wanted: "one name for one layer".into(), found });
                        continue;
                    }
                },
                ItemKind::Import(_)
                | ItemKind::Train(_)
                | ItemKind::Expect(_)
                | ItemKind::Sweep(_)
                | ItemKind::Error => {
                    continue;
                }
            };
            self.declare(module, &ident.name, Named { kind, span: ident.span });
        }
    }

    /// The hypers and inputs of a signature have names of their own, and so have its outputs.
    fn check_signature_names(&mut self, function: &ast::Function) {
        let hypers = function.hypers.iter().flatten().map(|h| (&h.name, "hyper"));
        let inputs = function.inputs.iter().map(|i| (&i.name, "input"));
        self.check_distinct(hypers.chain(inputs));
        if let ast::Outputs::Many(outputs) = &function.outputs {
            self.check_distinct(outputs.iter().filter_map(|o| o.name.as_ref()).map(|name| (name, "output")));
        }
    }

    fn check_distinct<'a>(&mut self, names: impl Iterator<Item = (&'a ast::Ident, &'static str)>) {
        let mut seen: Vec<(&ast::Ident, &'static str)> = Vec::new();
        for (ident, what) in names {
            match seen.iter().find(|(first, _)| first.name == ident.name) {
                Some((first, what)) => {
                    let mistake = Mistake::Duplicate { name: ident.name.clone(), what, first: first.span };
                    self.mistake(ident.span, &mistake);
                }
                None => seen.push((ident, what)),
            }
        }
    }

    fn declare(&mut self, module: usize, name: &Symbol, named: Named) {
        if let Some(first) = self.modules[module].names.get(name) {
            let (what, first) = (first.kind.word(), first.span);
            self.mistake(named.span, &Mistake::Duplicate { name: name.clone(), what, first });
            return;
        }
        self.modules[module].names.insert(name.clone(), named);
    }

    fn import(&mut self, module: usize, import: &ast::Import, item: Span, above: &mut Vec<PathBuf>) {
        let path = self.modules[module].directory.join(&import.path);
        self.files.push(FileUse { span: import.path_span, path: path.clone(), role: FileRole::Import });
        let failed = |reason: String, nearest| Mistake::Import { path: import.path.clone(), reason, nearest };
        if above.contains(&canonical(&path)) {
            self.mistake(import.path_span, &failed("it imports this file in turn: a circle".into(), None));
            self.declare_missing(module, import);
            return;
        }
        let text = match self.read_program(&path) {
            Ok(text) => text,
            Err(reason) => {
                let near = if path.exists() { None } else { near_path(&import.path, &path) };
                self.mistake(import.path_span, &failed(reason, near));
                self.declare_missing(module, import);
                return;
            }
        };
        let known = self.modules.iter().position(|m| canonical(&self.sources.file(m.file).path) == canonical(&path));
        let imported = known.unwrap_or_else(|| self.add_module(&path, &text, above));
        if let Some(alias) = &import.alias {
            let named = Named { kind: NamedKind::Namespace(imported), span: alias.span };
            self.declare(module, &alias.name, named);
            return;
        }
        // Nothing is passed on: only what the file itself declares.
        let own: Vec<(Symbol, Named)> = self.modules[imported]
            .names
            .iter()
            .filter(|(_, n)| n.span.file == self.modules[imported].file && !matches!(n.kind, NamedKind::Namespace(_)))
            .map(|(name, n)| (name.clone(), n.clone()))
            .collect();
        match &import.names {
            None => {
                for (name, named) in own {
                    let span = Span { ..named.span };
                    if self.modules[module].names.contains_key(&name) {
                        let first = self.modules[module].names[&name].span;
                        let what = named.kind.word();
                        self.mistake(item, &Mistake::Duplicate { name, what, first });
                    } else {
                        self.declare(module, &name, Named { kind: named.kind, span });
                    }
                }
            }
            Some(names) => {
                for wanted in names {
                    match own.iter().find(|(name, _)| *name == wanted.name) {
                        Some((name, named)) => {
                            self.declare(module, name, Named { kind: named.kind.clone(), span: wanted.span });
                        }
                        None => {
                            let near = nearest(&wanted.name, own.iter().map(|(n, _)| &**n)).map(str::to_owned);
                            let (name, path) = (wanted.name.clone(), import.path.clone());
                            self.mistake(wanted.span, &Mistake::ImportedName { name, path, nearest: near.clone() });
                            // The name that was meant is used, or the one that is written.
                            for name in near.iter().map(|n| n.as_str().into()).chain([wanted.name.clone()]) {
                                let named = Named { kind: NamedKind::HyperValue(Value::Unknown), span: wanted.span };
                                self.declare(module, &name, named);
                            }
                        }
                    }
                }
            }
        }
    }

    /// The text of a file as its editor has it, else as it is on disk.
    fn read_program(&self, path: &Path) -> Result<Arc<str>, String> {
        if let Some(text) = self.overrides.open.get(path) {
            return Ok(text.clone());
        }
        let bytes = std::fs::read(path).map_err(|error| io_reason(&error))?;
        String::from_utf8(bytes).map(Arc::from).map_err(|_| "it is not UTF-8 text".to_owned())
    }

    /// What an import would have brought is there, but nothing is known of it.
    fn declare_missing(&mut self, module: usize, import: &ast::Import) {
        let names = import.names.iter().flatten().chain(&import.alias);
        for name in names {
            let named = Named { kind: NamedKind::HyperValue(Value::Unknown), span: name.span };
            self.declare(module, &name.name, named);
        }
        if import.names.is_none() && import.alias.is_none() {
            self.modules[module].lacks_names = true;
        }
    }

    /// Puts `--set` values in the place of hypers, before anything derived is computed.
    pub fn override_hypers(&mut self, module: usize) {
        let overrides = self.overrides;
        for (name, text) in &overrides.set {
            let symbol: Symbol = name.as_str().into();
            let source = format!("hyper {name} = {text}");
            let file = self.sources.add(set_path(name, text), source.as_str());
            let hypers: Vec<String> = self.modules[module]
                .names
                .iter()
                .filter(|(_, n)| matches!(n.kind, NamedKind::Hyper(..)))
                .map(|(n, _)| n.to_string())
                .collect();
            if !hypers.contains(name) {
                let near = nearest(name, hypers.iter().map(String::as_str)).map(str::to_owned);
                let span = Span::new(file, "hyper ".len(), "hyper ".len() + name.len());
                self.mistake(span, &Mistake::UnknownHyper { name: name.clone(), nearest: near, known: hypers });
                continue;
            }
            let (ast, diagnostics) = parse(file, &source);
            let broken = !diagnostics.is_empty();
            for diagnostic in diagnostics {
                self.report(diagnostic);
            }
            if let (false, [ast::Item { kind: ItemKind::Hyper(hyper), .. }]) = (broken, ast.items.as_slice()) {
                let kind = NamedKind::Hyper(Rc::new(hyper.clone()), module);
                // An imported hyper is overridden in its own file, so that what is derived from it follows.
                for other in &mut self.modules {
                    if let Some(named) = other.names.get_mut(&symbol)
                        && matches!(named.kind, NamedKind::Hyper(..))
                    {
                        named.kind = kind.clone();
                    }
                }
            }
        }
    }

    /// The value of a hyper, evaluated when it is first needed.
    pub fn hyper(&mut self, module: usize, name: &Symbol, used_at: Span) -> Value {
        let Some(named) = self.modules[module].names.get(name).cloned() else { return Value::Unknown };
        match named.kind {
            NamedKind::HyperValue(value) => value,
            NamedKind::HyperBusy => self.mistake(used_at, &Mistake::HyperCycle { name: name.clone() }),
            NamedKind::Hyper(hyper, home) => {
                self.set_hyper(module, name, NamedKind::HyperBusy);
                let mut frame = Frame::new(home, StateScope::default());
                let value = self.expression(&hyper.value, &mut frame);
                let value = match value {
                    Value::Tensor(_) | Value::Tuple(_) | Value::Size(_) => {
                        let wanted = "a number, a string, `true` or `false`, a list or a function".to_owned();
                        self.mistake(hyper.value.span, &Mistake::Type { wanted, found: value.describe() })
                    }
                    // As a `let` of the file, it gives its layers their path.
                    Value::Stage(stage) => {
                        let fresh = Frame::new(home, StateScope::default());
                        self.name_stage(&stage, &hyper.name, &fresh, frame.body.counts());
                        Value::Stage(stage)
                    }
                    value => value,
                };
                self.note(hyper.name.span, &value);
                self.set_hyper(module, name, NamedKind::HyperValue(value.clone()));
                value
            }
            _ => Value::Unknown,
        }
    }

    fn set_hyper(&mut self, module: usize, name: &Symbol, kind: NamedKind) {
        if let Some(named) = self.modules[module].names.get_mut(name) {
            named.kind = kind;
        }
    }
}

/// What the text of a `--set` is called among the texts of a check.
pub fn set_path(name: &str, value: &str) -> PathBuf {
    PathBuf::from(format!("--set {name}={value}"))
}

/// The program beside the one that is not there whose name is nearest to its, as the path would be written.
fn near_path(written: &str, path: &Path) -> Option<String> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".nn"))
        .collect();
    // The order of a folder is that of the disk.
    names.sort();
    let name = written.rsplit('/').next().unwrap_or(written);
    let near = nearest(name, names.iter().map(String::as_str))?;
    Some(format!("{}{near}", written.strip_suffix(name).unwrap_or("")))
}
