//! `data` blocks: from the tree to a plan that `data` can describe and load.

use super::checker::{Checker, NamedKind};
use super::mistake::Mistake;
use super::program::DataBlock;
use super::value::{Frame, Value};
use crate::build::StateScope;
use crate::catalog::{self, EntryKind};
use crate::data::{
    BinaryOp, DataFile, DataPlan, FieldExpr, FieldNode, FieldPlan, LINE, Name, PerSplit, Selector, SourceSpec,
    SplitSpec, TableExpr, UnaryOp, column, describe_again, select,
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
    /// `text("a.txt")`, not yet cut into anything.
    Text(SourceSpec),
    /// `npz("a.npz")`, of which no array is chosen yet.
    Archive(PerSplit<Vec<DataFile>>),
    Field(FieldExpr),
    /// A number, a string, … of the language.
    Plain(Value),
    List(Vec<DataValue>),
}

impl DataValue {
    pub fn describe(&self) -> String {
        match self {
            DataValue::Unknown => "something unknown".into(),
            DataValue::Table(t) if t.origin().is_image_folder() => {
                "a folder of images, whose parts are `.image` and `.label`".into()
            }
            DataValue::Table(_) => "a table".into(),
            DataValue::Text(_) => "a text".into(),
            DataValue::Archive(_) => "an archive of arrays".into(),
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
    /// Where the value of each `let` is written.
    pub lets: BTreeMap<Symbol, Span>,
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
        let named = self.modules[module].names.get(&name.name).map(|n| &n.kind);
        if matches!(named, Some(NamedKind::HyperValue(Value::Unknown))) {
            // An import that failed, and has been told.
            return Value::Unknown;
        }
        let found = named.map(NamedKind::word);
        if let Some(found) = found {
            let found = format!("the {found} `{}`", name.name);
            return self.mistake(name.span, &Mistake::Type { wanted: format!("a {wanted}"), found });
        }
        let known: Vec<String> =
            self.modules[module].names.iter().filter(|(_, n)| fits(&n.kind)).map(|(n, _)| n.to_string()).collect();
        let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
        self.mistake(
            name.span,
            &Mistake::UnknownName { name: name.name.clone(), wanted, nearest: near, known, unnamed: None },
        )
    }

    /// Reads a block and has it described.
    fn data_block(&mut self, data: &ast::Data, module: usize) -> usize {
        let mut scope = DataScope {
            frame: Frame::new(module, StateScope::default()),
            names: BTreeMap::new(),
            lets: BTreeMap::new(),
            fields: Vec::new(),
        };
        let mut plan = DataPlan { fields: Vec::new(), split: SplitSpec::AsGiven, split_span: data.name.span };
        let mut declared: Vec<(Symbol, Span)> = Vec::new();
        let mut split: Option<&ast::Setting> = None;
        let mut split_is_known = true;
        for statement in &data.statements {
            match &statement.kind {
                StatementKind::Let(binding) => match &binding.pattern {
                    Pattern::Name(name) => {
                        let value = self.data_expression(&binding.value, &mut scope);
                        scope.lets.insert(name.name.clone(), binding.value.span);
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
                StatementKind::Setting(setting) if &*setting.key.name == "split" => {
                    if let Some(first) = split.replace(setting) {
                        let (name, first) = (setting.key.name.clone(), first.key.span);
                        self.mistake(setting.key.span, &Mistake::Duplicate { name, what: "setting", first });
                    }
                }
                StatementKind::Setting(setting) => {
                    let known = vec!["split".to_owned()];
                    let near = nearest(&setting.key.name, ["split"]).map(str::to_owned);
                    let name = setting.key.name.clone();
                    split_is_known &= near.is_none();
                    self.mistake(setting.key.span, &Mistake::UnknownSetting { name, nearest: near, known });
                }
                _ => {}
            }
        }
        if let Some(setting) = split {
            plan.split_span = setting.value.span;
            let written = self.split(&setting.value, &mut scope);
            split_is_known = written.is_some();
            plan.split = written.unwrap_or_default();
        }
        let fitted = self.overrides.fitted.get(&*data.name.name);
        let (description, errors) = describe_again(&plan, fitted);
        for error in errors {
            self.report_data(&error);
        }
        // Fields that could not be read are there, but their type is unknown.
        let name = data.name.name.clone();
        self.data.push(DataBlock { name, plan, description, split_is_known, span: data.name.span });
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
            // Lines are a table of one column, which need not be named.
            DataValue::Table(table) if matches!(table.origin(), SourceSpec::Lines(_)) => {
                match column(&table, &Name { text: LINE.to_owned(), span }, span) {
                    Ok(field) => Some(field),
                    Err(error) => {
                        self.report_data(&error);
                        None
                    }
                }
            }
            DataValue::Text(_) => {
                let wanted = "a field (a text cut by `characters` or `words`)";
                self.mistake(span, &Mistake::NotData { wanted, found: "a whole text".into() });
                None
            }
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
                        _ => self.not_a_data_function(callee.span, "this", false),
                    },
                    ExprKind::Error => DataValue::Unknown,
                    _ => self.not_a_data_function(stage.span, "this", false),
                }
            }
            ExprKind::Call { callee, args, .. } => match &callee.kind {
                ExprKind::Name(name) => self.data_call(name, args, callee.span, expr.span, None, scope),
                ExprKind::Field { base, name } => self.data_method(base, name, args, expr.span, scope),
                _ => self.not_a_data_function(callee.span, "this", false),
            },
            ExprKind::Field { base, name } => match self.data_expression(base, scope) {
                DataValue::Table(table) => {
                    let name = Name { text: name.name.to_string(), span: name.span };
                    match column(&table, &name, expr.span) {
                        Ok(field) => DataValue::Field(field),
                        Err(error) => {
                            self.report_data(&error);
                            DataValue::Unknown
                        }
                    }
                }
                DataValue::Archive(files) => {
                    let source = SourceSpec::Npz { files, array: name.name.to_string() };
                    DataValue::Field(FieldExpr::new(FieldNode::Array(source), expr.span))
                }
                DataValue::Unknown => DataValue::Unknown,
                other => {
                    let wanted = "a table before `.`";
                    self.mistake(base.span, &Mistake::NotData { wanted, found: other.describe() });
                    DataValue::Unknown
                }
            },
            ExprKind::Index { base, args, .. } => match self.data_expression(base, scope) {
                DataValue::Table(table) if !table.origin().is_image_folder() => {
                    if let Some(value) = self.columns_elsewhere(&table, base.span, args, expr.span) {
                        return value;
                    }
                    let Some(selectors) = self.selectors(args) else { return DataValue::Unknown };
                    match select(&table, &selectors, expr.span) {
                        Ok(field) => DataValue::Field(field),
                        Err(errors) => {
                            for error in errors {
                                self.report_data(&error);
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
    pub fn plain(&mut self, expr: &Expr, scope: &mut DataScope) -> DataValue {
        match self.expression(expr, &mut scope.frame) {
            Value::Unknown => DataValue::Unknown,
            value => DataValue::Plain(value),
        }
    }

    pub fn unknown_data_name(&mut self, name: &Symbol, span: Span, scope: &DataScope) -> DataValue {
        let known: Vec<String> = scope.names.keys().map(|k| k.to_string()).collect();
        let items = self.modules[scope.frame.module].names.iter();
        let of_numbers = items.filter(|(_, n)| {
            matches!(n.kind, NamedKind::Hyper(..) | NamedKind::HyperValue(_) | NamedKind::Namespace(_))
        });
        let all: Vec<String> = known
            .iter()
            .cloned()
            .chain(of_numbers.map(|(k, _)| k.to_string()))
            .chain(
                catalog::entries()
                    .filter(|e| matches!(e.kind(), EntryKind::Source | EntryKind::DataFunction))
                    .map(|e| e.name.to_owned()),
            )
            .collect();
        let near = nearest(name, all.iter().map(String::as_str)).map(str::to_owned);
        let mistake = Mistake::UnknownName {
            name: name.clone(),
            wanted: "table, field or data source",
            nearest: near,
            known,
            unnamed: None,
        };
        self.mistake(span, &mistake);
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
}
