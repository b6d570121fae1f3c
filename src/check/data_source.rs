//! Where data comes from: `csv(…)`, `rows(…)`, generators.

use super::checker::Checker;
use super::data_block::{DataScope, DataValue};
use super::data_function::DataCall;
use super::data_split::share_split;
use super::mistake::{ArgumentMeaning, Mistake};
use super::program::{FileRole, FileUse};
use super::value::Value;
use crate::catalog::{self, EntryKind};
use crate::data::{Cell, DataFile, FieldExpr, FieldNode, PerSplit, SourceSpec, TableExpr};
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind};
use std::path::Path;

/// What readers of tables are told elsewhere, and why it is not said here.
const OPTIONS_OF_READERS: &[(&[&str], &str)] = &[
    (&["sep", "delimiter", "separator"], "whether `,`, `;` or a tab separates is seen in the file"),
    (&["header", "names", "skiprows"], "the first line of the file names its columns"),
    (&["na_values", "keep_default_na"], "empty cells, `NA` and `NaN` count as missing"),
    (&["encoding"], "files are UTF-8"),
    (&["index_col", "usecols"], "columns are chosen by their names: `t[a .. f]`, `t[except: id]`"),
    (&["dtype", "parse_dates"], "a column of numbers is numbers; `classes` makes classes of any"),
];

impl Checker<'_> {
    pub fn data_source(&mut self, name: &str, args: &[Arg], span: Span, scope: &mut DataScope) -> DataValue {
        let source = match name {
            "text" => match self.files(name, &args.iter().collect::<Vec<_>>(), &[], span, scope) {
                Some(files) => return DataValue::Text(SourceSpec::Text(files)),
                None => return DataValue::Unknown,
            },
            "npz" => match self.files(name, &args.iter().collect::<Vec<_>>(), &[], span, scope) {
                Some(files) => return DataValue::Archive(files),
                None => return DataValue::Unknown,
            },
            "csv" | "idx" | "npy" => {
                let args: Vec<&Arg> = args.iter().collect();
                let Some(files) = self.files(name, &args, &[], span, scope) else { return DataValue::Unknown };
                match name {
                    "csv" => SourceSpec::Csv(files),
                    "idx" => SourceSpec::Idx(files),
                    _ => SourceSpec::Npy(files),
                }
            }
            "image_folder" => match self.image_folder(args, span, scope) {
                Some(source) => source,
                None => return DataValue::Unknown,
            },
            "rows" => match self.rows_source(args, span, scope) {
                Some(source) => source,
                None => return DataValue::Unknown,
            },
            _ => match self.generator(name, args, span, scope) {
                Some(source) => source,
                None => return DataValue::Unknown,
            },
        };
        if source.is_array() {
            DataValue::Field(FieldExpr::new(FieldNode::Array(source), span))
        } else {
            DataValue::Table(TableExpr::source(source, span))
        }
    }

    /// `"a.csv"`, `["a.csv", "b.csv"]`, `train: "a.gz", test: "b.gz"`
    ///
    /// `others` are arguments that have been read already, for the list of those there are.
    pub fn files(
        &mut self,
        name: &str,
        args: &[&Arg],
        others: &[&str],
        span: Span,
        scope: &mut DataScope,
    ) -> Option<PerSplit<Vec<DataFile>>> {
        let (mut whole, mut given): (Option<Vec<DataFile>>, [Option<Vec<DataFile>>; 3]) = (None, [None, None, None]);
        let mut is_fine = true;
        for (position, arg) in args.iter().enumerate() {
            if let Some(key) = arg.name.as_ref().filter(|key| share_split(&key.name).is_none()) {
                let callee = name.to_owned();
                let not_needed = OPTIONS_OF_READERS.iter().find(|(names, _)| names.contains(&&*key.name));
                let before = position.checked_sub(1).and_then(|before| args.get(before));
                if let (Some((_, why)), Some(before)) = (not_needed, before) {
                    let removed = Span { start: before.span().end, ..arg.span() };
                    let meaning = ArgumentMeaning::NotNeeded(why);
                    let (name, argument) = (key.name.clone(), arg.span());
                    let mistake = Mistake::ForeignArgument { callee, name, meaning, argument, removed, call: span };
                    self.mistake(key.span, &mistake);
                    continue;
                }
                let known: Vec<String> =
                    ["train", "validation", "test"].iter().chain(others).map(|n| (*n).to_owned()).collect();
                let near = nearest(&key.name, known.iter().map(String::as_str)).map(str::to_owned);
                self.mistake(
                    key.span,
                    &Mistake::UnknownArgument { callee, name: key.name.clone(), nearest: near, known },
                );
                is_fine = false;
                continue;
            }
            let files = self.file_list(&arg.value, scope)?;
            match &arg.name {
                None if whole.is_none() => whole = Some(files),
                None => {
                    let known = vec!["path".to_owned()];
                    let given = args.iter().filter(|a| a.name.is_none()).count();
                    let mistake = Mistake::TooManyArguments { callee: name.to_owned(), takes: 1, given, known };
                    self.mistake(arg.span(), &mistake);
                    return None;
                }
                Some(key) => {
                    let slot = share_split(&key.name).and_then(|split| given.get_mut(split as usize));
                    if let Some(slot) = slot
                        && slot.replace(files).is_some()
                    {
                        let (callee, name) = (name.to_owned(), key.name.to_string());
                        self.mistake(key.span, &Mistake::RepeatedArgument { callee, name, first: span });
                        return None;
                    }
                }
            }
        }
        if !is_fine {
            return None;
        }
        let [train, validation, test] = given;
        match whole {
            Some(files) if train.is_none() && validation.is_none() && test.is_none() => Some(PerSplit::Whole(files)),
            None if train.is_some() || validation.is_some() || test.is_some() => {
                Some(PerSplit::Given { train, validation, test })
            }
            None => {
                let (callee, param) = (name.to_owned(), "path".to_owned());
                let doc = "the file, or `train:` and `test:` with one each".to_owned();
                self.mistake(span, &Mistake::MissingArgument { callee, param, doc });
                None
            }
            Some(_) => {
                let wanted = "either one path or one for each split".to_owned();
                self.mistake(span, &Mistake::Type { wanted, found: "both".into() });
                None
            }
        }
    }

    fn file_list(&mut self, expr: &Expr, scope: &mut DataScope) -> Option<Vec<DataFile>> {
        let directory = self.modules[scope.frame.module].directory.clone();
        // Where each path of a list is written, if it is written there.
        let places: Vec<Span> = match &expr.unparenthesized().kind {
            ExprKind::List(items) => items.iter().map(|item| item.span).collect(),
            _ => Vec::new(),
        };
        match self.expression(expr, &mut scope.frame) {
            Value::Text(path) => Some(vec![self.data_file(&path, &directory, expr.span)]),
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(i, item)| match item {
                    Value::Text(path) => {
                        Some(self.data_file(path, &directory, places.get(i).copied().unwrap_or(expr.span)))
                    }
                    Value::Unknown => None,
                    other => {
                        self.mistake(expr.span, &Mistake::Type { wanted: "paths".into(), found: other.describe() });
                        None
                    }
                })
                .collect(),
            Value::Unknown => None,
            other => {
                self.mistake(expr.span, &Mistake::Type { wanted: "a path in quotes".into(), found: other.describe() });
                None
            }
        }
    }

    fn data_file(&mut self, written: &str, directory: &Path, span: Span) -> DataFile {
        let path = directory.join(written);
        self.files.push(FileUse { span, path: path.clone(), role: FileRole::Data });
        DataFile::new(written, path)
    }

    /// `rows([[0, 1], [1, 0]], columns: [a, b])`
    fn rows_source(&mut self, args: &[Arg], span: Span, scope: &mut DataScope) -> Option<SourceSpec> {
        let mut call = DataCall::new("rows", args, span, span, None);
        let Some(cells) = call.take_any("rows").map(|a| a.value.clone()) else {
            call.lacks(self, "rows", "the rows, a list of lists".to_owned());
            return None;
        };
        let Some(columns) = call.take_any("columns").map(|a| a.value.clone()) else {
            call.lacks(self, "columns", "the names of the columns, `[a, b]`".to_owned());
            return None;
        };
        call.finish(self, &["rows", "columns"]);
        let columns = self.column_names(&columns)?;
        let list = |expr: &Expr| match &expr.kind {
            ExprKind::List(items) => Some(items.clone()),
            _ => None,
        };
        let Some(row_list) = list(&cells) else {
            self.mistake(
                cells.span,
                &Mistake::Type { wanted: "a list of rows".into(), found: "something else".into() },
            );
            return None;
        };
        let mut rows = Vec::new();
        for row in &row_list {
            let Some(items) = list(row) else {
                let wanted = "a row, a list of cells".to_owned();
                self.mistake(row.span, &Mistake::Type { wanted, found: "something else".into() });
                return None;
            };
            let mut cells = Vec::new();
            for item in &items {
                cells.push(match self.expression(item, &mut scope.frame) {
                    Value::Number(n) => Cell::Number(n),
                    Value::Bool(b) => Cell::Number(f64::from(u8::from(b))),
                    Value::Text(text) => Cell::Text(text.to_string()),
                    Value::None => Cell::Missing,
                    Value::Unknown => return None,
                    other => {
                        let wanted = "a number, a string or `none`".to_owned();
                        self.mistake(item.span, &Mistake::Type { wanted, found: other.describe() });
                        return None;
                    }
                });
            }
            rows.push(cells);
        }
        Some(SourceSpec::Rows { columns, rows })
    }

    /// `moons(200, noise: 0.1, seed: 1)`
    fn generator(&mut self, name: &str, args: &[Arg], span: Span, scope: &mut DataScope) -> Option<SourceSpec> {
        let entry = catalog::find(name, &[EntryKind::Source])?;
        let bound = self.bind_arguments(entry.name, entry.params, args, None, span, &mut scope.frame)?;
        if let Some(param) = bound.missing.first() {
            let (callee, doc) = (entry.name.to_owned(), param.doc.to_owned());
            self.mistake(span, &Mistake::MissingArgument { callee, param: param.name.into(), doc });
            return None;
        }
        let whole = |key: &str| bound.args.number(key).max(0.0) as usize;
        let (n, noise, seed) = (whole("n"), bound.args.number("noise"), bound.args.number("seed").max(0.0) as u64);
        Some(match name {
            "moons" => SourceSpec::Moons { n, noise, seed },
            "spirals" => SourceSpec::Spirals { n, classes: whole("classes"), noise, seed },
            "blobs" => {
                let (classes, features) = (whole("classes"), whole("features"));
                SourceSpec::Blobs { n, classes, features, std: bound.args.number("std"), seed }
            }
            "sine" => SourceSpec::Sine { n, periods: bound.args.number("periods"), noise, seed },
            "random" => {
                let classes = bound.args.optional_number("classes").map(|classes| classes as usize);
                SourceSpec::Random { n, features: whole("features"), classes, seed }
            }
            _ => {
                self.not_a_data_function(span, name, true);
                return None;
            }
        })
    }

    /// `a`, `[a, b]`, `"a b"`
    pub fn column_names(&mut self, expr: &Expr) -> Option<Vec<String>> {
        let items = match &expr.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![expr],
        };
        let mut names = Vec::new();
        for item in items {
            match &item.kind {
                ExprKind::Name(n) => names.push(n.to_string()),
                ExprKind::String(s) => names.push(s.clone()),
                ExprKind::Error => return None,
                _ => {
                    let found = "something else".to_owned();
                    self.mistake(item.span, &Mistake::NotData { wanted: "the name of a column", found });
                    return None;
                }
            }
        }
        Some(names)
    }
}
