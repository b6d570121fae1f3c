//! A whole `data { }` block, as the checker hands it over.

use super::field_expr::FieldExpr;
use super::source_spec::Split;
use crate::source::Span;

/// A `data { }` block: its fields and how its examples are split.
#[derive(Debug, Clone)]
pub struct DataPlan {
    /// The fields, in file order.
    pub fields: Vec<FieldPlan>,
    /// The setting `split:`.
    pub split: SplitSpec,
    /// Where the split is written, or the name of the block where it is not.
    pub split_span: Span,
}

/// `field name = expr`
#[derive(Debug, Clone)]
pub struct FieldPlan {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub expr: FieldExpr,
    /// Where its name is written.
    pub span: Span,
}

impl DataPlan {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&FieldPlan> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// `split: …`
#[derive(Debug, Clone, Default)]
pub enum SplitSpec {
    /// Nothing is written: everything is train, or what the sources say where they are given per split.
    #[default]
    AsGiven,
    /// `random(train: 70%, …, stratify: species, seed: 7)`
    Random {
        /// The shares, in the order in which they are written; each a fraction of 1.
        shares: Vec<(Split, f64)>,
        /// A class field; its classes are spread evenly over the splits.
        stratify: Option<FieldExpr>,
        /// Of the permutation.
        seed: u64,
    },
    /// `ordered(train: 90%, …)`: train, validation and test one after the other, as the rows lie.
    Ordered {
        /// The shares, in the order in which they are written; each a fraction of 1.
        shares: Vec<(Split, f64)>,
    },
}
