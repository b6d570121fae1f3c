//! Data blocks: sources, tables and their columns, fields, the split.

use super::resolver::{Resolver, within_quotes};
use super::scope::{Applies, Scope};
use super::values::{choices, parameters_of, wants};
use super::{DeclarationKind, Meaning, Table};
use crate::catalog::{self, Entry, EntryKind, Param, ParamType, small_word};
use crate::source::Span;
use crate::syntax::ast::{Arg, Data, Expr, ExprKind, Ident, Pattern, StatementKind, Symbol};

impl Resolver<'_> {
    /// A data block, already declared.
    pub fn data_block(&mut self, module: usize, data: &Data) {
        let Some(owner) = self.declared_at(data.name.span) else { return };
        let mut scope = Scope::new(module, Some(owner));
        for statement in &data.statements {
            let (whole, doc) = (statement.span, statement.doc.as_ref());
            match &statement.kind {
                StatementKind::Let(binding) => {
                    let table = self.data_value(&binding.value, &mut scope);
                    if let Pattern::Name(name) = &binding.pattern {
                        let id = self.declare(name, DeclarationKind::Let, (whole, whole), doc, Some(owner));
                        scope.bind(&name.name, id, Applies::No);
                        if let Some(table) = table {
                            self.table_of.insert(id, table);
                        }
                    }
                }
                StatementKind::Field { name, value } => {
                    self.data_value(value, &mut scope);
                    let id = self.declare(name, DeclarationKind::Field, (whole, whole), doc, Some(owner));
                    // A second one of the name has been told; the first is found by it.
                    if self.member(owner, &name.name, &[DeclarationKind::Field]) == Some(id) {
                        scope.bind(&name.name, id, Applies::No);
                    }
                }
                StatementKind::Setting(setting) => {
                    let word = small_word(&setting.key.name, "data");
                    self.name(setting.key.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
                    // The split is read when all fields are there.
                }
                _ => {}
            }
        }
        for statement in &data.statements {
            if let StatementKind::Setting(setting) = &statement.kind {
                self.split(&setting.value, &mut scope);
            }
        }
    }

    /// `random(train: 80%, stratify: y)`
    fn split(&mut self, expr: &Expr, scope: &mut Scope) {
        let (callee, args) = match &expr.kind {
            ExprKind::Call { callee, args, .. } => (&**callee, args.as_slice()),
            _ => (expr, &[] as &[Arg]),
        };
        if let ExprKind::Name(name) = &callee.kind {
            let word = small_word(name, "split");
            self.name(callee.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
        }
        for arg in args {
            if let Some(name) = &arg.name {
                let word = small_word(&name.name, "random").or_else(|| split_word(&name.name));
                self.name(name.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
            }
            self.data_value(&arg.value, scope);
        }
    }

    /// The names in an expression of a data block. The table that it is, where it is one.
    fn data_value(&mut self, expr: &Expr, scope: &mut Scope) -> Option<usize> {
        match &expr.kind {
            ExprKind::Name(name) => {
                if let Some(bound) = scope.value(name) {
                    let id = bound.declaration;
                    self.name(expr.span, Meaning::Declared(id));
                    return self.table_of.get(&id).copied();
                }
                let entry = catalog::find(name, &[EntryKind::Source, EntryKind::DataFunction]);
                let meaning = match entry {
                    Some(entry) => Meaning::Entry(entry),
                    None => self.item_meaning(scope.module, name).unwrap_or_else(|| self.unknown(scope.module)),
                };
                self.name(expr.span, meaning);
                entry.filter(|e| e.kind() == EntryKind::Source).map(|e| self.table(e, &[], expr.span))
            }
            ExprKind::Paren(inner) => self.data_value(inner, scope),
            ExprKind::List(items) => {
                items.iter().for_each(|item| drop_table(self.data_value(item, scope)));
                None
            }
            ExprKind::Pipe { input, stage } => {
                let table = self.data_value(input, scope);
                match &stage.kind {
                    ExprKind::Name(name) => self.data_function(name, stage.span, &[], table, scope),
                    ExprKind::Call { callee, args, .. } => match &callee.kind {
                        ExprKind::Name(name) => self.data_function(name, callee.span, args, table, scope),
                        _ => self.read(stage, scope),
                    },
                    _ => self.read(stage, scope),
                }
                // What leaves out rows or makes sequences of them has the same columns.
                table
            }
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) => match catalog::find(name, &[EntryKind::Source]) {
                    Some(entry) => {
                        self.name(callee.span, Meaning::Entry(entry));
                        let table = self.table(entry, args, expr.span);
                        self.source_arguments(entry, args, table, scope);
                        Some(table)
                    }
                    None => {
                        let first = args.first().filter(|a| a.name.is_none()).map(|a| &a.value);
                        let table = first.and_then(|f| self.table_named(f, scope));
                        match catalog::find(name, &[EntryKind::DataFunction]) {
                            Some(entry) => {
                                self.name(callee.span, Meaning::Entry(entry));
                                self.data_arguments(entry, args, false, table, scope);
                            }
                            None => self.read(expr, scope),
                        }
                        table
                    }
                },
                _ => {
                    self.read(expr, scope);
                    None
                }
            },
            ExprKind::Field { base, name } => {
                let table = self.data_value(base, scope);
                if !name.span.is_empty() {
                    self.column(name, table);
                }
                None
            }
            ExprKind::Index { base, args, .. } => {
                let table = self.data_value(base, scope);
                for arg in args {
                    if let Some(name) = &arg.name {
                        let word = small_word(&name.name, "columns");
                        self.name(name.span, word.map_or(Meaning::Unknown, Meaning::SmallWord));
                    }
                    self.columns(&arg.value, table, scope);
                }
                None
            }
            ExprKind::Unary { operand, .. } => {
                self.data_value(operand, scope);
                None
            }
            ExprKind::Binary { left, right, .. } => {
                self.data_value(left, scope);
                self.data_value(right, scope);
                None
            }
            _ => {
                self.read(expr, scope);
                None
            }
        }
    }

    /// The table behind a name, without reading anything.
    fn table_named(&self, expr: &Expr, scope: &Scope) -> Option<usize> {
        let ExprKind::Name(name) = &expr.kind else { return None };
        self.table_of.get(&scope.value(name)?.declaration).copied()
    }

    fn data_function(&mut self, name: &Symbol, span: Span, args: &[Arg], table: Option<usize>, scope: &mut Scope) {
        match catalog::find(name, &[EntryKind::DataFunction]) {
            Some(entry) => {
                self.name(span, Meaning::Entry(entry));
                self.data_arguments(entry, args, true, table, scope);
            }
            None => {
                let meaning = match scope.value(name) {
                    Some(bound) => Meaning::Declared(bound.declaration),
                    None => self.item_meaning(scope.module, name).unwrap_or_else(|| self.unknown(scope.module)),
                };
                self.name(span, meaning);
                args.iter().for_each(|a| drop_table(self.data_value(&a.value, scope)));
            }
        }
    }

    fn data_arguments(
        &mut self,
        entry: &'static Entry,
        args: &[Arg],
        piped: bool,
        table: Option<usize>,
        scope: &mut Scope,
    ) {
        for (arg, param) in args.iter().zip(parameters_of(entry, args, piped)) {
            self.argument_name(entry, arg, param);
            self.data_argument(entry, param, &arg.value, table, scope);
        }
    }

    fn data_argument(
        &mut self,
        entry: &'static Entry,
        param: Option<&'static Param>,
        expr: &Expr,
        table: Option<usize>,
        scope: &mut Scope,
    ) {
        let Some(param) = param else {
            self.data_value(expr, scope);
            return;
        };
        match &expr.kind {
            ExprKind::Name(name) if choices(&param.ty).contains(&&**name) => {
                self.name(expr.span, Meaning::Choice(entry, param));
            }
            _ if wants(&param.ty, |ty| matches!(ty, ParamType::Names)) => self.columns(expr, table, scope),
            _ if wants(&param.ty, |ty| matches!(ty, ParamType::Texts)) => self.files(expr, scope),
            ExprKind::Range { start, end } => start.iter().chain(end).for_each(|e| self.read(e, scope)),
            _ => drop_table(self.data_value(expr, scope)),
        }
    }

    fn source_arguments(&mut self, entry: &'static Entry, args: &[Arg], table: usize, scope: &mut Scope) {
        for (arg, param) in args.iter().zip(parameters_of(entry, args, false)) {
            self.argument_name(entry, arg, param);
            match param.map(|p| &p.ty) {
                Some(ParamType::Names) => self.declare_columns(&arg.value, table, scope),
                Some(ParamType::Rows) => self.read(&arg.value, scope),
                _ => self.data_argument(entry, param, &arg.value, None, scope),
            }
        }
    }

    /// The table, array or text that a source gives.
    fn table(&mut self, entry: &'static Entry, args: &[Arg], span: Span) -> usize {
        let mut table = Table { source: entry.name.to_owned(), span, ..Table::default() };
        let module = self.modules.iter().find(|m| m.file == span.file);
        let directory = module.map(|m| m.directory.clone()).unwrap_or_default();
        let mut paths: Vec<&Expr> = args.iter().map(|a| &a.value).collect();
        while let Some(expr) = paths.pop() {
            match &expr.kind {
                ExprKind::String(path) => table.files.push((path.clone(), directory.join(path))),
                ExprKind::List(items) => paths.extend(items),
                _ => {}
            }
        }
        table.files.reverse();
        self.add_table(table)
    }

    /// `columns: [a, b]` of `rows`.
    fn declare_columns(&mut self, expr: &Expr, table: usize, scope: &Scope) {
        let items = match &expr.kind {
            ExprKind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(expr),
        };
        for item in items {
            if let ExprKind::Name(name) = &item.kind {
                let ident = Ident { name: name.clone(), span: item.span };
                let kind = DeclarationKind::Column;
                let id = self.declare(&ident, kind, (item.span, item.span), None, scope.owner);
                if let Some(table) = self.found.tables.get_mut(table) {
                    table.columns.push(id);
                }
            }
        }
    }

    /// Paths in quotes.
    pub fn files(&mut self, expr: &Expr, scope: &mut Scope) {
        match &expr.kind {
            ExprKind::String(path) => {
                let path = self.modules[scope.module].directory.join(path);
                self.name(within_quotes(expr.span), Meaning::File(path));
            }
            ExprKind::List(items) => items.iter().for_each(|item| self.files(item, scope)),
            _ => self.read(expr, scope),
        }
    }

    /// Columns: a name, a name in quotes, a range, or a list of these.
    fn columns(&mut self, expr: &Expr, table: Option<usize>, scope: &mut Scope) {
        match &expr.kind {
            ExprKind::Name(name) => self.column(&Ident { name: name.clone(), span: expr.span }, table),
            ExprKind::String(name) => {
                let ident = Ident { name: name.as_str().into(), span: within_quotes(expr.span) };
                self.column(&ident, table);
            }
            ExprKind::Paren(inner) => self.columns(inner, table, scope),
            ExprKind::List(items) => items.iter().for_each(|item| self.columns(item, table, scope)),
            ExprKind::Range { start, end } => start.iter().chain(end).for_each(|e| self.columns(e, table, scope)),
            _ => self.read(expr, scope),
        }
    }

    fn column(&mut self, name: &Ident, table: Option<usize>) {
        let meaning = match table {
            Some(table) => {
                let own =
                    self.found.tables.get(table).and_then(|t| {
                        t.columns.iter().copied().find(|id| self.found.declaration(*id).name == name.name)
                    });
                let is_written = self.found.tables.get(table).is_some_and(|t| t.source == "rows");
                match own {
                    Some(id) => Meaning::Declared(id),
                    // Which columns a file has is for who reads it.
                    None if is_written => Meaning::Unknown,
                    None => Meaning::Column(table),
                }
            }
            None => Meaning::Unknown,
        };
        self.name(name.span, meaning);
    }
}

/// `train`, `validation`, `test`
fn split_word(name: &str) -> Option<&'static super::SmallWord> {
    matches!(name, "train" | "validation" | "test").then(|| small_word(name, "measure")).flatten()
}

/// Names were all that was wanted.
fn drop_table(_table: Option<usize>) {}
