//! The files of a program: their items, what they import, and the order in which names are resolved.

use super::scope::{Applies, Scope};
use super::training::TrainNames;
use super::{Declaration, DeclarationId, DeclarationKind, Form, Meaning, Name, Names, Table};
use crate::source::{FileId, SourceMap, Span, canonical};
use crate::syntax::ast::{self, Ident, ItemKind, Outputs, Pattern, Symbol};
use crate::syntax::parse_shared;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a name of a file is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item {
    Declared(DeclarationId),
    /// From a file that could not be had.
    Missing,
}

pub(super) struct Module {
    pub file: FileId,
    pub directory: PathBuf,
    pub ast: Arc<ast::File>,
    pub items: BTreeMap<Symbol, Item>,
    /// Whether it imports all of a file that could not be had.
    pub lacks_names: bool,
}

/// The state of a resolution.
pub(super) struct Resolver<'a> {
    pub sources: &'a SourceMap,
    trees: &'a Trees,
    pub modules: Vec<Module>,
    pub found: Names,
    /// The module that an import's alias stands for.
    pub namespaces: BTreeMap<DeclarationId, Option<usize>>,
    /// What can be applied: hypers, shared layers and `let`s among it.
    pub applies: BTreeMap<DeclarationId, Applies>,
    /// The block that a layer is made with.
    pub made_of: BTreeMap<DeclarationId, DeclarationId>,
    /// The table that a `let` of a data block names.
    pub table_of: BTreeMap<DeclarationId, usize>,
    /// The trains so far, for `expect`.
    pub trains: Vec<TrainNames>,
}

/// Room for programs as deep as the parser lets pass. It is address space: only what is used is memory.
const STACK_BYTES: usize = 128 << 20;

/// Trees that are known already.
pub(super) type Trees = BTreeMap<FileId, Arc<ast::File>>;

/// Resolves these files and those that they import.
pub(super) fn resolve(sources: &SourceMap, files: &[FileId], trees: &Trees) -> Names {
    // On a stack of its own: how deep a program may be must not depend on who asks.
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("names".to_owned()).stack_size(STACK_BYTES);
        match builder.spawn_scoped(scope, || resolve_here(sources, files, trees)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => resolve_here(sources, files, trees),
        }
    })
}

fn resolve_here(sources: &SourceMap, files: &[FileId], trees: &Trees) -> Names {
    let mut resolver = Resolver {
        sources,
        trees,
        modules: Vec::new(),
        found: Names::default(),
        namespaces: BTreeMap::new(),
        applies: BTreeMap::new(),
        made_of: BTreeMap::new(),
        table_of: BTreeMap::new(),
        trains: Vec::new(),
    };
    for file in files {
        resolver.add_module(*file);
    }
    resolver.run();
    let mut found = resolver.found;
    found.table_of = resolver.table_of;
    found.names.sort_by_key(|name| (name.span.file, name.span.start, name.span.end));
    found
}

impl Resolver<'_> {
    fn add_module(&mut self, file: FileId) -> usize {
        if let Some(known) = self.modules.iter().position(|m| m.file == file) {
            return known;
        }
        let source = self.sources.file(file);
        let known = self.trees.get(&file).cloned();
        let ast = known.unwrap_or_else(|| parse_shared(file, &source.text).0);
        let directory = source.path.parent().map(Path::to_owned).unwrap_or_default();
        let index = self.modules.len();
        self.modules.push(Module { file, directory, ast: ast.clone(), items: BTreeMap::new(), lacks_names: false });
        for item in &ast.items {
            if let ItemKind::Import(import) = &item.kind
                && let Some(imported) = self.imported_file(index, import)
            {
                self.add_module(imported);
            }
        }
        index
    }

    fn imported_file(&self, module: usize, import: &ast::Import) -> Option<FileId> {
        let path = self.modules[module].directory.join(&import.path);
        find_path(self.sources, &path)
    }

    /// Items first, then imports, then everything that may use them.
    fn run(&mut self) {
        let trees: Vec<(usize, Arc<ast::File>)> =
            self.modules.iter().enumerate().map(|(i, module)| (i, module.ast.clone())).collect();
        for (module, ast) in &trees {
            ast.items.iter().for_each(|item| self.declare_item(*module, item));
        }
        for (module, ast) in &trees {
            for item in &ast.items {
                if let ItemKind::Import(import) = &item.kind {
                    self.import(*module, import, item.span);
                }
            }
        }
        for (module, ast) in &trees {
            for item in &ast.items {
                let mut scope = Scope::new(*module, None);
                match &item.kind {
                    ItemKind::Hyper(hyper) => {
                        self.value(&hyper.value, &mut scope);
                        self.set_applies(*module, &hyper.name, &hyper.value);
                    }
                    ItemKind::Let(binding) => {
                        self.value(&binding.value, &mut scope);
                        if let Pattern::Name(name) = &binding.pattern {
                            self.remember_block(*module, name, &binding.value);
                        }
                    }
                    _ => {}
                }
            }
        }
        for (module, ast) in &trees {
            for item in &ast.items {
                match &item.kind {
                    ItemKind::Block(function) | ItemKind::Model(function) => self.function(*module, function),
                    ItemKind::Data(data) => self.data_block(*module, data),
                    _ => {}
                }
            }
        }
        for (module, ast) in &trees {
            for item in &ast.items {
                match &item.kind {
                    ItemKind::Train(train) => self.train(*module, train, item.span),
                    ItemKind::Sweep(sweep) => self.sweep(*module, sweep),
                    _ => {}
                }
            }
        }
        for (module, ast) in &trees {
            for item in &ast.items {
                if let ItemKind::Expect(expect) = &item.kind {
                    self.expect(*module, expect);
                }
            }
        }
    }

    /// Adds a declaration and the name where it stands.
    pub fn declare(
        &mut self,
        ident: &Ident,
        kind: DeclarationKind,
        (whole, shown): (Span, Span),
        doc: Option<&String>,
        parent: Option<DeclarationId>,
    ) -> DeclarationId {
        let id = self.found.declarations.len();
        self.found.declarations.push(Declaration {
            name: ident.name.clone(),
            kind,
            span: ident.span,
            whole,
            shown,
            doc: doc.cloned(),
            parent,
        });
        if !ident.span.is_empty() {
            self.name(ident.span, Meaning::Declared(id));
        }
        id
    }

    pub fn name(&mut self, span: Span, meaning: Meaning) {
        self.found.names.push(Name { span, meaning, form: Form::Plain });
    }

    /// Two declarations that must be called the same.
    pub fn same_name(&mut self, a: DeclarationId, b: DeclarationId) {
        if a != b {
            self.found.same.push((a, b));
        }
    }

    /// The member of this name.
    pub fn member(&self, parent: DeclarationId, name: &str, kinds: &[DeclarationKind]) -> Option<DeclarationId> {
        self.found.members(parent).find(|(_, d)| &*d.name == name && kinds.contains(&d.kind)).map(|(id, _)| id)
    }

    /// The item of this name.
    pub fn item(&self, module: usize, name: &str) -> Option<Item> {
        self.modules[module].items.get(name).copied()
    }

    pub fn kind(&self, id: DeclarationId) -> DeclarationKind {
        self.found.declaration(id).kind
    }

    fn declare_item(&mut self, module: usize, item: &ast::Item) {
        let (doc, whole) = (item.doc.as_ref(), item.span);
        let (ident, id) = match &item.kind {
            ItemKind::Hyper(hyper) => {
                (&hyper.name, self.declare(&hyper.name, DeclarationKind::Hyper, (whole, whole), doc, None))
            }
            ItemKind::Block(function) => {
                (&function.name, self.declare_function(function, DeclarationKind::Block, whole, doc))
            }
            ItemKind::Model(function) => {
                (&function.name, self.declare_function(function, DeclarationKind::Model, whole, doc))
            }
            ItemKind::Data(data) => {
                let shown = Span { end: data.name.span.end, ..whole };
                (&data.name, self.declare(&data.name, DeclarationKind::Data, (whole, shown), doc, None))
            }
            ItemKind::Let(binding) => match &binding.pattern {
                Pattern::Name(name) => {
                    let id = self.declare(name, DeclarationKind::SharedLayer, (whole, whole), doc, None);
                    self.applies.insert(id, Applies::Yes);
                    (name, id)
                }
                Pattern::Tuple(..) => return,
            },
            ItemKind::Import(_) | ItemKind::Train(_) | ItemKind::Expect(_) | ItemKind::Sweep(_) | ItemKind::Error => {
                return;
            }
        };
        self.modules[module].items.entry(ident.name.clone()).or_insert(Item::Declared(id));
    }

    fn declare_function(
        &mut self,
        function: &ast::Function,
        kind: DeclarationKind,
        whole: Span,
        doc: Option<&String>,
    ) -> DeclarationId {
        let shown = Span { start: whole.start, ..function.signature };
        let id = self.declare(&function.name, kind, (whole, shown), doc, None);
        for hyper in function.hypers.iter().flatten() {
            let whole = hyper.default.as_ref().map_or(hyper.name.span, |d| hyper.name.span.to(d.span));
            let declared = self.declare(&hyper.name, DeclarationKind::HyperParameter, (whole, whole), None, Some(id));
            self.applies.insert(declared, Applies::Perhaps);
        }
        for input in &function.inputs {
            let whole = input.ty.as_ref().map_or(input.name.span, |t| input.name.span.to(t.span));
            self.declare(&input.name, DeclarationKind::Input, (whole, whole), None, Some(id));
        }
        self.declare_outputs(function, id);
        id
    }

    fn declare_outputs(&mut self, function: &ast::Function, id: DeclarationId) {
        let implied = |name: &str, at: Span| Ident { name: name.into(), span: at.start_point() };
        let mut outputs: Vec<(Ident, Span)> = Vec::new();
        match &function.outputs {
            Outputs::Inferred => {
                let end = function.signature.end_point();
                match function.body.result.as_ref().map(|r| &r.unparenthesized().kind) {
                    Some(ast::ExprKind::Tuple(parts)) => {
                        outputs.extend((1..=parts.len()).map(|i| (implied(&format!("output{i}"), end), end)));
                    }
                    _ => outputs.push((implied("output", end), end)),
                }
            }
            Outputs::One(output) => {
                let name = output.name.clone().unwrap_or_else(|| implied("output", output.span));
                outputs.push((name, output.span));
            }
            Outputs::Many(many) => {
                for output in many {
                    let name = output.name.clone().unwrap_or_else(|| implied("output", output.span));
                    outputs.push((name, output.span));
                }
            }
        }
        for (name, whole) in outputs {
            self.declare(&name, DeclarationKind::Output, (whole, whole), None, Some(id));
        }
    }

    fn import(&mut self, module: usize, import: &ast::Import, whole: Span) {
        let path = self.modules[module].directory.join(&import.path);
        self.name(within_quotes(import.path_span), Meaning::File(path));
        let imported = self
            .imported_file(module, import)
            .and_then(|file| self.modules.iter().position(|m| m.file == file))
            .filter(|imported| *imported != module);
        if let Some(alias) = &import.alias {
            let id = self.declare(alias, DeclarationKind::Import, (whole, whole), None, None);
            self.namespaces.insert(id, imported);
            self.modules[module].items.entry(alias.name.clone()).or_insert(Item::Declared(id));
            return;
        }
        // Nothing is passed on: only what the file itself declares.
        let own: Option<Vec<(Symbol, DeclarationId)>> = imported.map(|imported| {
            let file = self.modules[imported].file;
            let items = self.modules[imported].items.iter();
            let declared = items.filter_map(|(name, item)| match item {
                Item::Declared(id) => Some((name.clone(), *id)),
                Item::Missing => None,
            });
            declared
                .filter(|(_, id)| {
                    let declaration = self.found.declaration(*id);
                    declaration.span.file == file && declaration.kind != DeclarationKind::Import
                })
                .collect()
        });
        match (&import.names, own) {
            (None, None) => self.modules[module].lacks_names = true,
            (None, Some(own)) => {
                for (name, id) in own {
                    self.modules[module].items.entry(name).or_insert(Item::Declared(id));
                }
            }
            (Some(names), None) => {
                for name in names {
                    self.name(name.span, Meaning::Missing);
                    self.modules[module].items.entry(name.name.clone()).or_insert(Item::Missing);
                }
            }
            (Some(names), Some(own)) => {
                for name in names {
                    match own.iter().find(|(n, _)| *n == name.name) {
                        Some((_, id)) => {
                            self.name(name.span, Meaning::Declared(*id));
                            self.modules[module].items.entry(name.name.clone()).or_insert(Item::Declared(*id));
                        }
                        None => {
                            self.name(name.span, Meaning::Unknown);
                            self.modules[module].items.entry(name.name.clone()).or_insert(Item::Missing);
                        }
                    }
                }
            }
        }
    }

    /// Records whether a hyper can be applied.
    fn set_applies(&mut self, module: usize, name: &Ident, value: &ast::Expr) {
        let applies = self.applies(value, &Scope::new(module, None));
        if let Some(Item::Declared(id)) = self.item(module, &name.name) {
            self.applies.insert(id, applies);
        }
    }

    fn remember_block(&mut self, module: usize, name: &Ident, value: &ast::Expr) {
        let block = self.block_made(value, &Scope::new(module, None));
        if let (Some(Item::Declared(id)), Some(block)) = (self.item(module, &name.name), block) {
            self.made_of.insert(id, block);
        }
    }

    /// Adds a table.
    pub fn add_table(&mut self, table: Table) -> usize {
        self.found.tables.push(table);
        self.found.tables.len() - 1
    }
}

/// What stands between the quotes of a string.
pub(super) fn within_quotes(span: Span) -> Span {
    if span.len() < 2 { span } else { Span { start: span.start + 1, end: span.end - 1, ..span } }
}

/// The text of a path among these, however it is written.
pub(super) fn find_path(sources: &SourceMap, path: &Path) -> Option<FileId> {
    sources.find(path).or_else(|| {
        let real = canonical(path);
        sources.files().find(|(_, f)| canonical(&f.path) == real).map(|(id, _)| id)
    })
}
