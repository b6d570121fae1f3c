//! What makes examples of several rows or of text: `windows`, `sequences`, `characters`, …

use super::checker::Checker;
use super::data_block::{DataScope, DataValue};
use super::data_function::DataCall;
use super::mistake::Mistake;
use super::value::{Value, show_number};
use crate::data::{FieldExpr, FieldNode, Name, SourceSpec, TableExpr, TokenKind, Vocabulary, column};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

impl Checker<'_> {
    /// `t |> sequences(by: id)`
    pub(super) fn data_sequences(&mut self, value: DataValue, at: Span, call: &mut DataCall<'_>) -> DataValue {
        let DataValue::Table(table) = value else {
            let wanted = "a table before `sequences`";
            self.mistake(at, &Mistake::NotData { wanted, found: value.describe() });
            return DataValue::Unknown;
        };
        let Some(by) = call.take_any("by") else {
            let doc = "the column whose value is the same within a sequence: `sequences(by: id)`".to_owned();
            call.lacks(self, "by", doc);
            return DataValue::Unknown;
        };
        let Some(names) = self.column_names(&by.value) else { return DataValue::Unknown };
        call.finish(self, &["by"]);
        if table.sequences_by().is_some() {
            let wanted = "a table of rows before `sequences`";
            self.mistake(at, &Mistake::NotData { wanted, found: "a table of sequences".into() });
            return DataValue::Unknown;
        }
        let items = match &by.value.kind {
            ExprKind::List(items) => items.iter().map(|i| i.span).collect(),
            _ => vec![by.value.span],
        };
        for (text, span) in names.iter().cloned().zip(items) {
            if let Err(error) = column(&table, &Name { text, span }, span) {
                self.report(error.diagnostic());
                return DataValue::Unknown;
            }
        }
        DataValue::Table(table.sequences(names, call.span))
    }

    /// `x |> windows(16, stride: 4, offset: 1)`
    pub(super) fn data_windows(
        &mut self,
        field: FieldExpr,
        call: &mut DataCall<'_>,
        scope: &mut DataScope,
    ) -> Option<FieldNode> {
        let Some(length) = self.whole_argument("length", 1, call, scope)? else {
            let doc = "how many rows a window has: `windows(16)`".to_owned();
            call.lacks(self, "length", doc);
            return None;
        };
        let stride = self.whole_argument("stride", 1, call, scope)?.unwrap_or(1);
        let offset = self.whole_argument("offset", 0, call, scope)?.unwrap_or(0);
        call.finish(self, &["length", "stride", "offset"]);
        Some(FieldNode::Windows { field, length, stride, offset })
    }

    /// `x |> pad(32, value: 0)`
    pub(super) fn data_pad(
        &mut self,
        field: FieldExpr,
        call: &mut DataCall<'_>,
        scope: &mut DataScope,
    ) -> Option<FieldNode> {
        let Some(length) = self.whole_argument("length", 1, call, scope)? else {
            let doc = "how many positions every example shall have: `pad(32)`".to_owned();
            call.lacks(self, "length", doc);
            return None;
        };
        let value = match call.take_any("value").map(|a| a.value.clone()) {
            None => None,
            Some(expr) => Some(self.data_number(&expr, scope)?),
        };
        call.finish(self, &["length", "value"]);
        Some(FieldNode::Pad { field, length, value })
    }

    /// `text("a.txt") |> lines`
    pub(super) fn data_lines(&mut self, value: DataValue, at: Span, call: &mut DataCall<'_>) -> DataValue {
        call.finish(self, &[]);
        match value {
            DataValue::Text(SourceSpec::Text(files)) => {
                DataValue::Table(TableExpr::source(SourceSpec::Lines(files), call.span))
            }
            other => {
                let wanted = "a text before `lines`";
                self.mistake(at, &Mistake::NotData { wanted, found: other.describe() });
                DataValue::Unknown
            }
        }
    }

    /// `text |> characters`, `t.review |> words(max: 10k)`
    pub(super) fn data_tokens(
        &mut self,
        value: DataValue,
        at: Span,
        call: &mut DataCall<'_>,
        scope: &mut DataScope,
    ) -> DataValue {
        let Some((vocabulary, like)) = self.vocabulary(call, scope) else { return DataValue::Unknown };
        let node = match value {
            DataValue::Text(source) => FieldNode::Stream { source, vocabulary, like },
            DataValue::Table(table) if !matches!(table.origin(), SourceSpec::Lines(_)) => {
                let wanted = "a text, its lines or a column of text";
                self.mistake(at, &Mistake::NotData { wanted, found: "a table".into() });
                return DataValue::Unknown;
            }
            other => match self.as_field(other, at) {
                Some(field) => FieldNode::Tokens { field, vocabulary, like },
                None => return DataValue::Unknown,
            },
        };
        DataValue::Field(FieldExpr::new(node, call.span))
    }

    /// The arguments of `characters` and `words`.
    fn vocabulary(
        &mut self,
        call: &mut DataCall<'_>,
        scope: &mut DataScope,
    ) -> Option<(Vocabulary, Option<FieldExpr>)> {
        let kind = if call.name == "words" { TokenKind::Words } else { TokenKind::Characters };
        let max = match call.take_named("max") {
            Some(arg) if matches!(&arg.value.kind, ExprKind::None) => None,
            Some(arg) => Some(self.whole(&arg.value, 1, scope)?),
            None => None,
        };
        let unknown = self.truth_argument("unknown", call, scope)?;
        let start = self.truth_argument("start", call, scope)?;
        let end = self.truth_argument("end", call, scope)?;
        let like = match call.take_named("like") {
            None => None,
            Some(arg) => {
                let value = self.data_expression(&arg.value, scope);
                Some(self.as_field(value, arg.value.span)?)
            }
        };
        // The only argument that has a place.
        let max = match max {
            None => self.whole_argument("max", 1, call, scope)?,
            some => some,
        };
        call.finish(self, &["max", "unknown", "start", "end", "like"]);
        Some((Vocabulary { kind, max, unknown, start, end }, like))
    }

    /// `true` or `false` among the arguments, which is false where it is left out; none where it is wrong.
    pub(super) fn truth_argument(
        &mut self,
        name: &str,
        call: &mut DataCall<'_>,
        scope: &mut DataScope,
    ) -> Option<bool> {
        let Some(expr) = call.take_named(name).map(|a| a.value.clone()) else { return Some(false) };
        match self.expression(&expr, &mut scope.frame) {
            Value::Bool(truth) => Some(truth),
            Value::Unknown => None,
            other => {
                let wanted = "`true` or `false`".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: other.describe() });
                None
            }
        }
    }

    /// A whole number among the arguments; `Some(None)` where it is left out, none where it is wrong.
    pub(super) fn whole_argument(
        &mut self,
        name: &str,
        least: usize,
        call: &mut DataCall<'_>,
        scope: &mut DataScope,
    ) -> Option<Option<usize>> {
        let Some(expr) = call.take_any(name).map(|a| a.value.clone()) else { return Some(None) };
        self.whole(&expr, least, scope).map(Some)
    }

    fn whole(&mut self, expr: &Expr, least: usize, scope: &mut DataScope) -> Option<usize> {
        let n = self.data_number(expr, scope)?;
        if n >= least as f64 && n.fract() == 0.0 && n < 4e9 {
            return Some(n as usize);
        }
        let wanted = format!("a whole number, at least {least}");
        self.mistake(expr.span, &Mistake::Type { wanted, found: show_number(n) });
        None
    }
}
