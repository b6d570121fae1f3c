//! Choosing columns: `t.a`, `t[a, b]`, `t[a .. f, except: c]`.

use super::field_expr::FieldExpr;
use super::problem::{DataError, DataResult};
use super::source_spec::TableExpr;
use crate::source::Span;

/// A column's name as it is written in a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A part of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `a`
    Name(Name),
    /// `a .. f`, in file order, both included.
    Range {
        /// The first.
        from: Name,
        /// The last.
        to: Name,
    },
    /// `except: c`, `except: [c, d]`, `except: [c .. e]`: taken out of everything else.
    Except(Vec<Selector>),
}

/// `table[selectors]`: a vector of columns. A selection of nothing but `except` starts from all columns.
///
/// Errors: every name that the table lacks, ranges that run backwards, columns chosen twice, nothing chosen.
pub fn select(_table: &TableExpr, _selectors: &[Selector], _span: Span) -> Result<FieldExpr, Vec<DataError>> {
    todo!()
}

/// `table.name`: one column as a scalar.
///
/// Errors: the table lacks it.
pub fn column(_table: &TableExpr, _name: &Name, _span: Span) -> DataResult<FieldExpr> {
    todo!()
}
