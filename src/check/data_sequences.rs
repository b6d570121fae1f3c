//! What makes examples of several rows: `windows`, `sequences`.

use super::checker::Checker;
use super::data_block::{DataScope, DataValue};
use super::data_function::DataCall;
use super::mistake::Mistake;
use super::value::show_number;
use crate::data::{FieldExpr, FieldNode, Name, column};
use crate::source::Span;
use crate::syntax::ast::ExprKind;

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
            let (callee, param) = ("sequences".to_owned(), "by".to_owned());
            self.mistake(call.span, &Mistake::MissingArgument { callee, param, doc });
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
            let (callee, param) = ("windows".to_owned(), "length".to_owned());
            self.mistake(call.span, &Mistake::MissingArgument { callee, param, doc });
            return None;
        };
        let stride = self.whole_argument("stride", 1, call, scope)?.unwrap_or(1);
        let offset = self.whole_argument("offset", 0, call, scope)?.unwrap_or(0);
        call.finish(self, &["length", "stride", "offset"]);
        Some(FieldNode::Windows { field, length, stride, offset })
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
        let n = self.data_number(&expr, scope)?;
        if n >= least as f64 && n.fract() == 0.0 && n < 4e9 {
            return Some(Some(n as usize));
        }
        let wanted = format!("a whole number, at least {least}");
        self.mistake(expr.span, &Mistake::Type { wanted, found: show_number(n) });
        None
    }
}
