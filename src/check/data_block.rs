//! `data` blocks: from the tree to a plan that `data` can describe and load.

use super::checker::{Checker, NamedKind};
use super::data_split::share_split;
use super::mistake::Mistake;
use super::program::DataBlock;
use super::value::{Frame, Value, show_number};
use crate::build::StateScope;
use crate::catalog::{self, EntryKind};
use crate::data::{
    BinaryOp, Cell, DataFile, DataPlan, FieldExpr, FieldNode, FieldPlan, Filling, Name, PerSplit, Selector, SourceSpec,
    SplitSpec, TableExpr, UnaryOp, column, describe, select,
};
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{
    self, Arg, BinaryOperator, Expr, ExprKind, Ident, Pattern, StatementKind, Symbol, UnaryOperator,
};
use std::collections::BTreeMap;

/// What an expression of a data block is.
#[derive(Debug, Clone)]
pub(super) enum DataValue {
    /// A mistake has been told.
    Unknown,
    Table(TableExpr),
    Field(FieldExpr),
    /// A number, a string, … of the language.
    Plain(Value),
    List(Vec<DataValue>),
}

impl DataValue {
    fn describe(&self) -> String {
        match self {
            DataValue::Unknown => "something unknown".into(),
            DataValue::Table(_) => "a table".into(),
            DataValue::Field(_) => "a field".into(),
            DataValue::Plain(value) => value.describe(),
            DataValue::List(_) => "a list".into(),
        }
    }
}

/// The names of a data block that is being read.
pub(super) struct DataScope {
    pub frame: Frame,
    pub names: BTreeMap<Symbol, DataValue>,
    /// Fields so far, for `stratify: species`.
    pub fields: Vec<(Symbol, Option<FieldExpr>)>,
}

impl Checker<'_> {
    /// The index in [`Checker::data`] of the block that a path names.
    pub fn find_data(&mut self, path: &[Ident], module: usize) -> Option<usize> {
        let (name, home) = match path {
            [name] => (name, module),
            [alias, name] => match self.modules[module].names.get(&alias.name).map(|n| n.kind.clone()) {
                Some(NamedKind::Namespace(home)) => (name, home),
                _ => {
                    self.unknown_item(alias, module, "import", |k| matches!(k, NamedKind::Namespace(_)));
                    return None;
                }
            },
            _ => return None,
        };
        match self.modules[home].names.get(&name.name).map(|n| n.kind.clone()) {
            Some(NamedKind::Data(_, _, Some(index))) => Some(index),
            Some(NamedKind::Data(data, at, None)) => {
                let index = self.data_block(&data, at);
                if let Some(named) = self.modules[home].names.get_mut(&name.name) {
                    named.kind = NamedKind::Data(data, at, Some(index));
                }
                Some(index)
            }
            _ => {
                self.unknown_item(name, home, "data block", |k| matches!(k, NamedKind::Data(..)));
                None
            }
        }
    }

    /// Tells that no item of a kind has the name.
    pub fn unknown_item(
        &mut self,
        name: &Ident,
        module: usize,
        wanted: &'static str,
        fits: impl Fn(&NamedKind) -> bool,
    ) -> Value {
        let found = self.modules[module].names.get(&name.name).map(|n| n.kind.word());
        if let Some(found) = found {
            let found = format!("the {found} `{}`", name.name);
            return self.mistake(name.span, &Mistake::Type { wanted: format!("a {wanted}"), found });
        }
        let known: Vec<String> =
            self.modules[module].names.iter().filter(|(_, n)| fits(&n.kind)).map(|(n, _)| n.to_string()).collect();
        let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
        self.mistake(name.span, &Mistake::UnknownName { name: name.name.clone(), wanted, nearest: near, known })
    }

    /// Reads a block and has it described.
    fn data_block(&mut self, data: &ast::Data, module: usize) -> usize {
        let mut scope =
            DataScope { frame: Frame::new(module, StateScope::default()), names: BTreeMap::new(), fields: Vec::new() };
        let mut plan = DataPlan { fields: Vec::new(), split: SplitSpec::AsGiven, split_span: data.name.span };
        let mut declared: Vec<(Symbol, Span)> = Vec::new();
        let mut split = None;
        for statement in &data.statements {
            match &statement.kind {
                StatementKind::Let(binding) => match &binding.pattern {
                    Pattern::Name(name) => {
                        let value = self.data_expression(&binding.value, &mut scope);
                        scope.names.insert(name.name.clone(), value);
                    }
                    Pattern::Tuple(_, span) => {
                        let wanted = "one name".to_owned();
                        self.mistake(*span, &Mistake::Type { wanted, found: "a tuple".into() });
                    }
                },
                StatementKind::Field { name, value } => {
                    let value_of = self.data_expression(value, &mut scope);
                    let expr = self.as_field(value_of, value.span);
                    if let Some((_, first)) = declared.iter().find(|(n, _)| *n == name.name) {
                        let mistake = Mistake::Duplicate { name: name.name.clone(), what: "field", first: *first };
                        self.mistake(name.span, &mistake);
                        continue;
                    }
                    declared.push((name.name.clone(), name.span));
                    scope.fields.push((name.name.clone(), expr.clone()));
                    if let Some(expr) = expr {
                        // A later field may be made of an earlier one.
                        scope.names.insert(name.name.clone(), DataValue::Field(expr.clone()));
                        plan.fields.push(FieldPlan { name: name.name.to_string(), expr, span: name.span });
                    } else {
                        scope.names.insert(name.name.clone(), DataValue::Unknown);
                    }
                }
                StatementKind::Setting(setting) if &*setting.key.name == "split" => split = Some(setting),
                StatementKind::Setting(setting) => {
                    let known = vec!["split".to_owned()];
                    let near = nearest(&setting.key.name, ["split"]).map(str::to_owned);
                    let name = setting.key.name.clone();
                    self.mistake(setting.key.span, &Mistake::UnknownSetting { name, nearest: near, known });
                }
                _ => {}
            }
        }
        if let Some(setting) = split {
            plan.split_span = setting.value.span;
            plan.split = self.split(&setting.value, &mut scope).unwrap_or_default();
        }
        let (description, errors) = describe(&plan);
        for error in errors {
            self.report(error.diagnostic());
        }
        // Fields that could not be read are there, but their type is unknown.
        let name = data.name.name.clone();
        self.data.push(DataBlock { name, plan, description, span: data.name.span });
        for (field, expr) in scope.fields {
            let index = self.data.len() - 1;
            if expr.is_none()
                && let Some(block) = self.data.get_mut(index)
            {
                block.description.fields.push((field.to_string(), None));
            }
        }
        self.data.len() - 1
    }

    pub fn as_field(&mut self, value: DataValue, span: Span) -> Option<FieldExpr> {
        match value {
            DataValue::Field(expr) => Some(expr),
            DataValue::Plain(Value::Number(n)) => Some(FieldExpr::new(FieldNode::Number(n), span)),
            DataValue::Unknown => None,
            DataValue::Table(table) if table.origin().is_array() => None,
            other => {
                self.mistake(span, &Mistake::NotData { wanted: "a field", found: other.describe() });
                None
            }
        }
    }

    pub fn data_expression(&mut self, expr: &Expr, scope: &mut DataScope) -> DataValue {
        match &expr.kind {
            ExprKind::Name(name) => match scope.names.get(name) {
                Some(value) => value.clone(),
                None => match catalog::find(name, &[EntryKind::Source, EntryKind::DataFunction]) {
                    Some(entry) => self.data_call(entry.name, &[], expr.span, expr.span, None, scope),
                    None => match self.modules[scope.frame.module].names.contains_key(name) {
                        true => self.plain(expr, scope),
                        false => self.unknown_data_name(name, expr.span, scope),
                    },
                },
            },
            ExprKind::Paren(inner) => self.data_expression(inner, scope),
            ExprKind::List(items) => DataValue::List(items.iter().map(|i| self.data_expression(i, scope)).collect()),
            ExprKind::Pipe { input, stage } => {
                let value = self.data_expression(input, scope);
                match &stage.kind {
                    ExprKind::Name(name) => {
                        self.data_call(name, &[], stage.span, expr.span, Some((value, input.span)), scope)
                    }
                    ExprKind::Call { callee, args, .. } => match &callee.kind {
                        ExprKind::Name(name) => {
                            self.data_call(name, args, callee.span, expr.span, Some((value, input.span)), scope)
                        }
                        _ => self.not_a_data_function(callee.span, "this"),
                    },
                    ExprKind::Error => DataValue::Unknown,
                    _ => self.not_a_data_function(stage.span, "this"),
                }
            }
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) => self.data_call(name, args, callee.span, expr.span, None, scope),
                _ => self.not_a_data_function(callee.span, "this"),
            },
            ExprKind::Field { base, name } => match self.data_expression(base, scope) {
                DataValue::Table(table) => {
                    let name = Name { text: name.name.to_string(), span: name.span };
                    match column(&table, &name, expr.span) {
                        Ok(field) => DataValue::Field(field),
                        Err(error) => {
                            self.report(error.diagnostic());
                            DataValue::Unknown
                        }
                    }
                }
                DataValue::Unknown => DataValue::Unknown,
                other => {
                    let wanted = "a table before `.`";
                    self.mistake(base.span, &Mistake::NotData { wanted, found: other.describe() });
                    DataValue::Unknown
                }
            },
            ExprKind::Index { base, args, .. } => match self.data_expression(base, scope) {
                DataValue::Table(table) => {
                    let Some(selectors) = self.selectors(args) else { return DataValue::Unknown };
                    match select(&table, &selectors, expr.span) {
                        Ok(field) => DataValue::Field(field),
                        Err(errors) => {
                            for error in errors {
                                self.report(error.diagnostic());
                            }
                            DataValue::Unknown
                        }
                    }
                }
                DataValue::Unknown => DataValue::Unknown,
                other => {
                    let wanted = "a table before `[`";
                    self.mistake(base.span, &Mistake::NotData { wanted, found: other.describe() });
                    DataValue::Unknown
                }
            },
            ExprKind::Unary { op: UnaryOperator::Negate, operand } => match self.data_expression(operand, scope) {
                DataValue::Plain(Value::Number(n)) => DataValue::Plain(Value::Number(-n)),
                value => match self.as_field(value, operand.span) {
                    Some(field) => DataValue::Field(FieldExpr::new(FieldNode::Unary(UnaryOp::Neg, field), expr.span)),
                    None => DataValue::Unknown,
                },
            },
            ExprKind::Binary { op, op_span, left, right } => {
                let l = self.data_expression(left, scope);
                let r = self.data_expression(right, scope);
                self.data_binary(*op, *op_span, (l, left.span), (r, right.span), expr.span)
            }
            _ => self.plain(expr, scope),
        }
    }

    /// An expression of the language proper: a number, a string.
    fn plain(&mut self, expr: &Expr, scope: &mut DataScope) -> DataValue {
        match self.expression(expr, &mut scope.frame) {
            Value::Unknown => DataValue::Unknown,
            value => DataValue::Plain(value),
        }
    }

    fn unknown_data_name(&mut self, name: &Symbol, span: Span, scope: &DataScope) -> DataValue {
        let known: Vec<String> = scope.names.keys().map(|k| k.to_string()).collect();
        let all: Vec<String> = known
            .iter()
            .cloned()
            .chain(self.modules[scope.frame.module].names.keys().map(|k| k.to_string()))
            .chain(
                catalog::entries()
                    .filter(|e| matches!(e.kind(), EntryKind::Source | EntryKind::DataFunction))
                    .map(|e| e.name.to_owned()),
            )
            .collect();
        let near = nearest(name, all.iter().map(String::as_str)).map(str::to_owned);
        let mistake =
            Mistake::UnknownName { name: name.clone(), wanted: "table, field or data source", nearest: near, known };
        self.mistake(span, &mistake);
        DataValue::Unknown
    }

    fn not_a_data_function(&mut self, span: Span, name: &str) -> DataValue {
        let names = catalog::entries().filter(|e| e.kind() == EntryKind::DataFunction).map(|e| e.name);
        let near = nearest(name, names).map(str::to_owned);
        self.mistake(span, &Mistake::NotADataFunction { name: name.into(), nearest: near });
        DataValue::Unknown
    }

    fn data_binary(
        &mut self,
        op: BinaryOperator,
        op_span: Span,
        left: (DataValue, Span),
        right: (DataValue, Span),
        span: Span,
    ) -> DataValue {
        if let (DataValue::Plain(a), DataValue::Plain(b)) = (&left.0, &right.0) {
            return match self.binary(op, op_span, a.clone(), b.clone(), span) {
                Value::Unknown => DataValue::Unknown,
                value => DataValue::Plain(value),
            };
        }
        let described = (left.0.describe(), right.0.describe());
        let (l, r) = (self.as_field(left.0, left.1), self.as_field(right.0, right.1));
        let (Some(l), Some(r)) = (l, r) else { return DataValue::Unknown };
        let op = match op {
            BinaryOperator::Add => BinaryOp::Add,
            BinaryOperator::Subtract => BinaryOp::Sub,
            BinaryOperator::Multiply => BinaryOp::Mul,
            BinaryOperator::Divide => BinaryOp::Div,
            BinaryOperator::Power => BinaryOp::Pow,
            BinaryOperator::Equal => BinaryOp::Equal,
            BinaryOperator::NotEqual => BinaryOp::NotEqual,
            BinaryOperator::Less => BinaryOp::Less,
            BinaryOperator::LessEqual => BinaryOp::LessEqual,
            BinaryOperator::Greater => BinaryOp::Greater,
            BinaryOperator::GreaterEqual => BinaryOp::GreaterEqual,
            BinaryOperator::Or | BinaryOperator::And | BinaryOperator::MatrixMultiply | BinaryOperator::Then => {
                let (left, right) = described;
                self.mistake(op_span, &Mistake::Operands { operator: op.text(), left, right });
                return DataValue::Unknown;
            }
        };
        DataValue::Field(FieldExpr::new(FieldNode::Binary(op, l, r), span))
    }

    /// The inside of `t[…]`: names, ranges, `except:`.
    fn selectors(&mut self, args: &[Arg]) -> Option<Vec<Selector>> {
        let mut selectors = Vec::new();
        let mut is_fine = true;
        for arg in args {
            match &arg.name {
                None => match self.selector(&arg.value) {
                    Some(s) => selectors.push(s),
                    None => is_fine = false,
                },
                Some(name) if &*name.name == "except" => {
                    let items = match &arg.value.kind {
                        ExprKind::List(items) => items.iter().collect(),
                        _ => vec![&arg.value],
                    };
                    let parts: Vec<Option<Selector>> = items.into_iter().map(|i| self.selector(i)).collect();
                    is_fine &= parts.iter().all(Option::is_some);
                    selectors.push(Selector::Except(parts.into_iter().flatten().collect()));
                }
                Some(name) => {
                    let mistake = Mistake::UnknownArgument {
                        callee: "a selection of columns".into(),
                        name: name.name.clone(),
                        nearest: nearest(&name.name, ["except"]).map(str::to_owned),
                        known: vec!["except".into()],
                    };
                    self.mistake(name.span, &mistake);
                    is_fine = false;
                }
            }
        }
        is_fine.then_some(selectors)
    }

    fn selector(&mut self, expr: &Expr) -> Option<Selector> {
        let name = |e: &Expr| match &e.kind {
            ExprKind::Name(n) => Some(Name { text: n.to_string(), span: e.span }),
            ExprKind::String(s) => Some(Name { text: s.clone(), span: e.span }),
            _ => None,
        };
        let selector = match &expr.kind {
            ExprKind::Range { start: Some(a), end: Some(b) } => {
                name(a).zip(name(b)).map(|(from, to)| Selector::Range { from, to })
            }
            _ => name(expr).map(Selector::Name),
        };
        if selector.is_none() && !matches!(expr.kind, ExprKind::Error) {
            let found = "something else".to_owned();
            self.mistake(expr.span, &Mistake::NotData { wanted: "the name of a column, or a range of them", found });
        }
        selector
    }

    /// `csv("…")`, `x |> standardize`, `t |> drop_missing`
    fn data_call(
        &mut self,
        name: &str,
        args: &[Arg],
        name_span: Span,
        span: Span,
        piped: Option<(DataValue, Span)>,
        scope: &mut DataScope,
    ) -> DataValue {
        let is_source = catalog::find(name, &[EntryKind::Source]).is_some();
        let is_function = catalog::find(name, &[EntryKind::DataFunction]).is_some() || UnaryOp::parse(name).is_some();
        if is_source && piped.is_none() {
            return self.data_source(name, args, span, scope);
        }
        if !is_function {
            return self.not_a_data_function(name_span, name);
        }
        let mut call = DataCall::new(name, args, name_span, span, piped);
        let Some((value, value_span)) = call.first(self, scope) else { return DataValue::Unknown };
        if matches!(value, DataValue::Unknown) {
            return DataValue::Unknown;
        }
        if name == "concat" {
            return self.data_concat(value, value_span, &mut call, scope);
        }
        if name == "drop_missing" {
            return match value {
                DataValue::Table(table) => {
                    let columns = match call.take_any("columns") {
                        None => None,
                        Some(arg) => match self.column_names(&arg.value) {
                            Some(names) => Some(names),
                            None => return DataValue::Unknown,
                        },
                    };
                    call.finish(self, &["columns"]);
                    DataValue::Table(table.drop_missing(columns, span))
                }
                other => {
                    let wanted = "a table before `drop_missing`";
                    self.mistake(value_span, &Mistake::NotData { wanted, found: other.describe() });
                    DataValue::Unknown
                }
            };
        }
        let Some(field) = self.as_field(value, value_span) else { return DataValue::Unknown };
        let node = match name {
            "standardize" => FieldNode::Standardize(field),
            "one_hot" => FieldNode::OneHot(field),
            "first" => FieldNode::First(field),
            "rescale" => {
                let range = call.take_any("range").map(|a| a.value.clone());
                let bounds = match range.as_ref().map(|e| &e.kind) {
                    None => Some((0.0, 1.0)),
                    Some(ExprKind::Range { start: Some(a), end: Some(b) }) => {
                        let (a, b) = (self.data_number(a, scope), self.data_number(b, scope));
                        a.zip(b)
                    }
                    Some(_) => {
                        let at = range.as_ref().map_or(span, |r| r.span);
                        let wanted = "a range, such as `rescale(0 .. 1)`".to_owned();
                        self.mistake(at, &Mistake::Type { wanted, found: "something else".into() });
                        None
                    }
                };
                let Some((lo, hi)) = bounds else { return DataValue::Unknown };
                FieldNode::Rescale { field, lo, hi }
            }
            "fill" => match self.filling(&mut call, scope) {
                Some(filling) => FieldNode::Fill(field, filling),
                None => return DataValue::Unknown,
            },
            "classes" => match call.take_any("n").map(|a| a.value.clone()) {
                None => FieldNode::Classes(field, None),
                Some(expr) => match self.data_number(&expr, scope) {
                    Some(n) if n >= 1.0 && n.fract() == 0.0 && n < 1e9 => FieldNode::Classes(field, Some(n as usize)),
                    Some(n) => {
                        self.mistake(expr.span, &Mistake::NotASize { number: show_number(n) });
                        return DataValue::Unknown;
                    }
                    None => return DataValue::Unknown,
                },
            },
            "reshape" => {
                let Some(arg) = call.take_any("shape").map(|a| a.value.clone()) else {
                    let doc = "the new shape, `[1, 28, 28]`".to_owned();
                    let (callee, param) = ("reshape".to_owned(), "shape".to_owned());
                    self.mistake(span, &Mistake::MissingArgument { callee, param, doc });
                    return DataValue::Unknown;
                };
                match self.data_shape(&arg, scope) {
                    Some(shape) => FieldNode::Reshape(field, shape),
                    None => return DataValue::Unknown,
                }
            }
            other => match UnaryOp::parse(other) {
                Some(op) => FieldNode::Unary(op, field),
                None => {
                    self.mistake(name_span, &Mistake::NotYet { what: "this data function" });
                    return DataValue::Unknown;
                }
            },
        };
        call.finish(self, &[]);
        DataValue::Field(FieldExpr::new(node, span))
    }

    fn data_concat(&mut self, value: DataValue, at: Span, call: &mut DataCall<'_>, scope: &mut DataScope) -> DataValue {
        let DataValue::List(items) = value else {
            self.mistake(at, &Mistake::NotData { wanted: "a list of fields, `[a, b]`", found: value.describe() });
            return DataValue::Unknown;
        };
        let mut parts = Vec::new();
        for item in items {
            let Some(field) = self.as_field(item, at) else { return DataValue::Unknown };
            parts.push(field);
        }
        let axis = match call.take_any("axis").map(|a| a.value.clone()) {
            None => 0.0,
            Some(expr) => match self.data_number(&expr, scope) {
                Some(n) => n,
                None => return DataValue::Unknown,
            },
        };
        call.finish(self, &["axis"]);
        DataValue::Field(FieldExpr::new(FieldNode::Concat(parts, axis as isize), call.span))
    }

    fn filling(&mut self, call: &mut DataCall<'_>, scope: &mut DataScope) -> Option<Filling> {
        let Some(arg) = call.take_any("value") else {
            let doc = "what stands for a missing cell: `mean`, `median`, a number or a string".to_owned();
            let (callee, param) = ("fill".to_owned(), "value".to_owned());
            self.mistake(call.span, &Mistake::MissingArgument { callee, param, doc });
            return None;
        };
        if let ExprKind::Name(name) = &arg.value.kind {
            match &**name {
                "mean" => return Some(Filling::Mean),
                "median" => return Some(Filling::Median),
                _ => {}
            }
        }
        let arg = arg.value.clone();
        match self.data_expression(&arg, scope) {
            DataValue::Plain(Value::Number(n)) => Some(Filling::Number(n)),
            DataValue::Plain(Value::Text(text)) => Some(Filling::Text(text.to_string())),
            DataValue::Unknown => None,
            other => {
                let wanted = "`mean`, `median`, a number or a string".to_owned();
                self.mistake(arg.span, &Mistake::Type { wanted, found: other.describe() });
                None
            }
        }
    }

    pub fn data_number(&mut self, expr: &Expr, scope: &mut DataScope) -> Option<f64> {
        match self.expression(expr, &mut scope.frame) {
            Value::Number(n) => Some(n),
            Value::Unknown => None,
            other => {
                self.mistake(expr.span, &Mistake::Type { wanted: "a number".into(), found: other.describe() });
                None
            }
        }
    }

    fn data_shape(&mut self, expr: &Expr, scope: &mut DataScope) -> Option<Vec<Option<usize>>> {
        let ExprKind::List(items) = &expr.unparenthesized().kind else {
            let found = "something else".to_owned();
            self.mistake(expr.span, &Mistake::Type { wanted: "a shape, such as `[1, 28, 28]`".into(), found });
            return None;
        };
        let mut shape = Vec::new();
        for item in items {
            if matches!(item.kind, ExprKind::Hole) {
                shape.push(None);
                continue;
            }
            let n = self.data_number(item, scope)?;
            if n < 1.0 || n.fract() != 0.0 || n > 1e12 {
                self.mistake(item.span, &Mistake::NotASize { number: show_number(n) });
                return None;
            }
            shape.push(Some(n as usize));
        }
        Some(shape)
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

    fn data_source(&mut self, name: &str, args: &[Arg], span: Span, scope: &mut DataScope) -> DataValue {
        let source = match name {
            "csv" | "idx" | "npy" => {
                let Some(files) = self.files(name, args, span, scope) else { return DataValue::Unknown };
                match name {
                    "csv" => SourceSpec::Csv(files),
                    "idx" => SourceSpec::Idx(files),
                    _ => SourceSpec::Npy(files),
                }
            }
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
    fn files(
        &mut self,
        name: &str,
        args: &[Arg],
        span: Span,
        scope: &mut DataScope,
    ) -> Option<PerSplit<Vec<DataFile>>> {
        let (mut whole, mut given): (Option<Vec<DataFile>>, [Option<Vec<DataFile>>; 3]) = (None, [None, None, None]);
        for arg in args {
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
                Some(key) => match share_split(&key.name) {
                    Some(split) => {
                        let slot = &mut given[split as usize];
                        if slot.is_some() {
                            let (callee, name) = (name.to_owned(), key.name.to_string());
                            self.mistake(key.span, &Mistake::RepeatedArgument { callee, name, first: span });
                            return None;
                        }
                        *slot = Some(files);
                    }
                    None => {
                        let known: Vec<String> = ["train", "validation", "test"].map(str::to_owned).into();
                        let near = nearest(&key.name, known.iter().map(String::as_str)).map(str::to_owned);
                        let (callee, name) = (name.to_owned(), key.name.clone());
                        self.mistake(key.span, &Mistake::UnknownArgument { callee, name, nearest: near, known });
                        return None;
                    }
                },
            }
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
        match self.expression(expr, &mut scope.frame) {
            Value::Text(path) => Some(vec![DataFile::new(&*path, directory.join(&*path))]),
            Value::List(items) => items
                .iter()
                .map(|item| match item {
                    Value::Text(path) => Some(DataFile::new(&**path, directory.join(&**path))),
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

    /// `rows([[0, 1], [1, 0]], columns: [a, b])`
    fn rows_source(&mut self, args: &[Arg], span: Span, scope: &mut DataScope) -> Option<SourceSpec> {
        let mut call = DataCall::new("rows", args, span, span, None);
        let missing = |checker: &mut Self, param: &str, doc: &str| {
            let (callee, param, doc) = ("rows".to_owned(), param.to_owned(), doc.to_owned());
            checker.mistake(span, &Mistake::MissingArgument { callee, param, doc });
        };
        let Some(cells) = call.take_any("rows").map(|a| a.value.clone()) else {
            missing(self, "rows", "the rows, a list of lists");
            return None;
        };
        let Some(columns) = call.take_any("columns").map(|a| a.value.clone()) else {
            missing(self, "columns", "the names of the columns, `[a, b]`");
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
            _ => {
                self.mistake(span, &Mistake::NotYet { what: "this data source" });
                return None;
            }
        })
    }
}

/// The arguments of a call of a data function, taken one by one.
struct DataCall<'a> {
    name: &'a str,
    args: Vec<&'a Arg>,
    span: Span,
    piped: Option<(DataValue, Span)>,
}

impl<'a> DataCall<'a> {
    fn new(name: &'a str, args: &'a [Arg], _name_span: Span, span: Span, piped: Option<(DataValue, Span)>) -> Self {
        DataCall { name, args: args.iter().collect(), span, piped }
    }

    /// What the function is applied to: the piped value, or the first argument.
    fn first(&mut self, checker: &mut Checker<'_>, scope: &mut DataScope) -> Option<(DataValue, Span)> {
        if let Some(piped) = self.piped.take() {
            return Some(piped);
        }
        match self.args.iter().position(|a| a.name.is_none()) {
            Some(index) => {
                let arg = self.args.remove(index);
                Some((checker.data_expression(&arg.value, scope), arg.value.span))
            }
            None => {
                let (callee, param) = (self.name.to_owned(), "x".to_owned());
                let doc = format!("what it is applied to: `t.a |> {}`", self.name);
                checker.mistake(self.span, &Mistake::MissingArgument { callee, param, doc });
                None
            }
        }
    }

    /// The argument of this name, or the next positional one.
    fn take_any(&mut self, name: &str) -> Option<&'a Arg> {
        let named = self.args.iter().position(|a| a.name.as_ref().is_some_and(|n| &*n.name == name));
        let index = named.or_else(|| self.args.iter().position(|a| a.name.is_none()))?;
        Some(self.args.remove(index))
    }

    /// Tells about arguments that are left.
    fn finish(&mut self, checker: &mut Checker<'_>, known: &[&str]) {
        for arg in self.args.drain(..) {
            let known: Vec<String> = known.iter().map(|k| (*k).to_owned()).collect();
            let callee = self.name.to_owned();
            match &arg.name {
                Some(name) => {
                    let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
                    checker.mistake(
                        name.span,
                        &Mistake::UnknownArgument { callee, name: name.name.clone(), nearest: near, known },
                    );
                }
                None => {
                    let mistake =
                        Mistake::TooManyArguments { callee, takes: known.len(), given: known.len() + 1, known };
                    checker.mistake(arg.span(), &mistake);
                }
            }
        }
    }
}
