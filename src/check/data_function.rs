//! What is done to data: `standardize`, `fill(mean)`, `classes`, …

use super::checker::Checker;
use super::data_block::{DataScope, DataValue};
use super::mistake::Mistake;
use super::value::{Value, show_number};
use crate::catalog::{self, EntryKind, ParamType};
use crate::data::{FieldExpr, FieldNode, Filling, UnaryOp};
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind};

impl Checker<'_> {
    /// Tells of a call of what is no data function; `begins`: with nothing before it, as a source would be called.
    pub fn not_a_data_function(&mut self, span: Span, name: &str, begins: bool) -> DataValue {
        let of_data = |kind| matches!(kind, EntryKind::Source | EntryKind::DataFunction);
        if let Some((entry, framework)) = catalog::find_elsewhere(name).filter(|(e, _)| of_data(e.kind())) {
            self.mistake(
                span,
                &Mistake::ForeignName { name: name.to_owned(), framework, ours: entry.name, drop: None },
            );
            return DataValue::Unknown;
        }
        let of_kind = |kind: EntryKind| catalog::entries().filter(move |e| e.kind() == kind).map(|e| e.name);
        let known: Vec<String> = of_kind(EntryKind::DataFunction).map(str::to_owned).collect();
        let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        let source = nearest(name, of_kind(EntryKind::Source)).map(str::to_owned);
        // `standardise(t.age)` begins with a function, too.
        if begins && (source.is_some() || near.is_none()) {
            let known = of_kind(EntryKind::Source).map(str::to_owned).collect();
            let (name, wanted) = (name.into(), "data source");
            self.mistake(span, &Mistake::UnknownName { name, wanted, nearest: source, known, unnamed: None });
            return DataValue::Unknown;
        }
        self.mistake(span, &Mistake::NotADataFunction { name: name.into(), nearest: near, known });
        DataValue::Unknown
    }

    /// Tells that a field cannot leave rows out, with the edit that has its table do so.
    fn drop_on_table(&mut self, name_span: Span, field: Span, whole: Span, scope: &DataScope) {
        let text = self.sources.text(field);
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
        let table = text.get(..end).and_then(|name| scope.lets.get(name));
        let stage = field.end_point().to(whole.end_point());
        let edits = table.map_or_else(Vec::new, |table| {
            vec![(table.end_point(), " |> drop_missing".to_owned()), (stage, String::new())]
        });
        self.mistake(name_span, &Mistake::DropOnTable { edits });
    }

    /// `csv("…")`, `x |> standardize`, `t |> drop_missing`
    ///
    /// Nothing is known of what comes of a call with a mistake, so that no other follows from it.
    pub fn data_call(
        &mut self,
        name: &str,
        args: &[Arg],
        name_span: Span,
        span: Span,
        piped: Option<(DataValue, Span)>,
        scope: &mut DataScope,
    ) -> DataValue {
        let told = self.diagnostics.len();
        let is_source = catalog::find(name, &[EntryKind::Source]).is_some();
        let value = match piped {
            None if is_source => self.data_source(name, args, span, scope),
            piped => self.data_function(DataCall::new(name, args, name_span, span, piped), scope),
        };
        if self.diagnostics.len() > told { DataValue::Unknown } else { value }
    }

    fn data_function(&mut self, mut call: DataCall<'_>, scope: &mut DataScope) -> DataValue {
        let (name, name_span, span) = (call.name, call.name_span, call.span);
        let is_function = catalog::find(name, &[EntryKind::DataFunction]).is_some() || UnaryOp::parse(name).is_some();
        let ours = catalog::find_elsewhere(name).map_or(name, |(entry, _)| entry.name);
        if let Some((DataValue::Field(_), of)) = &call.piped
            && ours == "drop_missing"
        {
            self.drop_on_table(name_span, *of, span, scope);
            return DataValue::Unknown;
        }
        if !is_function {
            return self.not_a_data_function(name_span, name, call.piped.is_none());
        }
        let Some((value, value_span)) = call.first(self, scope) else { return DataValue::Unknown };
        if matches!(value, DataValue::Unknown) {
            return DataValue::Unknown;
        }
        if name == "concat" {
            return self.data_concat(value, value_span, &mut call, scope);
        }
        if name == "drop_missing" {
            return match value {
                // An image is there or not; there is nothing to leave out.
                DataValue::Table(table) if table.origin().is_image_folder() => {
                    call.finish(self, &[]);
                    DataValue::Table(table)
                }
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
        if name == "lines" {
            return self.data_lines(value, value_span, &mut call);
        }
        if name == "characters" || name == "words" {
            return self.data_tokens(value, value_span, &mut call, scope);
        }
        if name == "sequences" {
            return self.data_sequences(value, value_span, &mut call);
        }
        let Some(field) = self.as_field(value, value_span) else { return DataValue::Unknown };
        let node = match name {
            "pad" => match self.data_pad(field, &mut call, scope) {
                Some(node) => node,
                None => return DataValue::Unknown,
            },
            "windows" => match self.data_windows(field, &mut call, scope) {
                Some(node) => node,
                None => return DataValue::Unknown,
            },
            "standardize" => FieldNode::Standardize(field),
            "one_hot" => FieldNode::OneHot(field),
            "first" => FieldNode::First(field),
            "rescale" => {
                let range = call.take_any("to").map(|a| a.value.clone());
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
            "classes" => match self.classes_number(&mut call, scope) {
                Err(()) => return DataValue::Unknown,
                Ok((None, true)) => FieldNode::KnownClasses(field),
                Ok((n, _)) => FieldNode::Classes(field, n),
            },
            "reshape" => {
                let Some(arg) = call.take_any("shape").map(|a| a.value.clone()) else {
                    let doc = "the new shape, `[1, 28, 28]`".to_owned();
                    call.lacks(self, "shape", doc);
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
                    return self.not_a_data_function(name_span, other, false);
                }
            },
        };
        call.finish(self, &[]);
        DataValue::Field(FieldExpr::new(node, span))
    }

    /// The arguments of `classes`: how many there are, and whether those of other splits are one more.
    fn classes_number(&mut self, call: &mut DataCall<'_>, scope: &mut DataScope) -> Result<(Option<usize>, bool), ()> {
        let unknown = self.truth_argument("unknown", call, scope).ok_or(())?;
        let Some(expr) = call.take_any("n").map(|a| a.value.clone()) else { return Ok((None, unknown)) };
        match self.data_number(&expr, scope) {
            Some(n) if n >= 1.0 && n.fract() == 0.0 && n < 1e9 && !unknown => Ok((Some(n as usize), false)),
            Some(_) if unknown => {
                let wanted = "left out beside `unknown: true`, which counts the names that are there".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: "a number of classes".into() });
                Err(())
            }
            Some(n) => {
                self.mistake(expr.span, &Mistake::NotASize { number: show_number(n), hole: false });
                Err(())
            }
            None => Err(()),
        }
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
            call.lacks(self, "value", doc);
            return None;
        };
        if let ExprKind::Name(name) = &arg.value.kind {
            match &**name {
                "mean" => return Some(Filling::Mean),
                "median" => return Some(Filling::Median),
                word if !scope.names.contains_key(name)
                    && let Some(meant) = nearest(word, ["mean", "median"]) =>
                {
                    let mistake = Mistake::ArgumentChoice {
                        callee: "fill".to_owned(),
                        param: "value".to_owned(),
                        choices: vec!["mean".to_owned(), "median".to_owned()],
                        found: word.to_owned(),
                        nearest: Some(meant.to_owned()),
                    };
                    self.mistake(arg.value.span, &mistake);
                    return None;
                }
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
                self.mistake(item.span, &Mistake::NotASize { number: show_number(n), hole: true });
                return None;
            }
            shape.push(Some(n as usize));
        }
        Some(shape)
    }
}

/// The arguments of a call of a data function, taken one by one.
pub(super) struct DataCall<'a> {
    pub name: &'a str,
    name_span: Span,
    args: Vec<&'a Arg>,
    pub span: Span,
    piped: Option<(DataValue, Span)>,
}

impl<'a> DataCall<'a> {
    pub fn new(name: &'a str, args: &'a [Arg], name_span: Span, span: Span, piped: Option<(DataValue, Span)>) -> Self {
        DataCall { name, name_span, args: args.iter().collect(), span, piped }
    }

    /// What the function is applied to: the piped value, or the first argument.
    pub fn first(&mut self, checker: &mut Checker<'_>, scope: &mut DataScope) -> Option<(DataValue, Span)> {
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

    /// The argument of this name.
    pub fn take_named(&mut self, name: &str) -> Option<&'a Arg> {
        let index = self.args.iter().position(|a| a.name.as_ref().is_some_and(|n| &*n.name == name))?;
        Some(self.args.remove(index))
    }

    /// The argument of this name, or the next positional one.
    pub fn take_any(&mut self, name: &str) -> Option<&'a Arg> {
        let named = self.args.iter().position(|a| a.name.as_ref().is_some_and(|n| &*n.name == name));
        let index = named.or_else(|| self.args.iter().position(|a| a.name.is_none()))?;
        Some(self.args.remove(index))
    }

    /// Tells that an argument is not given, or is not spelt as it is.
    pub fn lacks(&mut self, checker: &mut Checker<'_>, param: &str, doc: String) {
        let near = |name: &str| nearest(name, [param]).is_some();
        if self.args.iter().any(|a| a.name.as_ref().is_some_and(|n| near(&n.name))) {
            self.finish(checker, &[param]);
            return;
        }
        let (callee, param) = (self.name.to_owned(), param.to_owned());
        checker.mistake(self.span, &Mistake::MissingArgument { callee, param, doc });
    }

    /// Tells about arguments that are left.
    pub fn finish(&mut self, checker: &mut Checker<'_>, known: &[&str]) {
        for arg in self.args.drain(..) {
            let known: Vec<String> = known.iter().map(|k| (*k).to_owned()).collect();
            let callee = self.name.to_owned();
            // Those that have been taken are no less meant.
            let of_catalog = catalog::find(self.name, &[EntryKind::DataFunction]).map_or(&[][..], |e| e.params);
            let of_catalog = of_catalog.iter().filter(|p| !matches!(p.ty, ParamType::Tensor | ParamType::Tensors));
            let of_catalog = of_catalog.map(|p| p.name);
            match &arg.name {
                Some(name) => {
                    let near =
                        nearest(&name.name, of_catalog.chain(known.iter().map(String::as_str))).map(str::to_owned);
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
