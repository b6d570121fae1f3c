//! A data block in memory.

use super::field_type::FieldType;
use super::fitted::Fitted;
use super::plan::DataPlan;
use super::problem::DataResult;
use super::source_spec::{SourceSpec, Split};

/// All examples of a data block.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The fields, in file order (only those asked for, after [`apply`]).
    pub fields: Vec<Field>,
    /// Which examples belong to which split.
    pub splits: Splits,
    /// What was estimated and the class names.
    pub fitted: Fitted,
    /// For each example the number of its row in the source, from 0, splits one after the other; stable under
    /// `drop_missing`. Random draws are keyed by it.
    pub ids: Vec<u32>,
}

/// The values of a field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: FieldType,
    /// The values, example after example, row-major; classes and truth values as their number.
    pub values: Vec<f32>,
    /// The number of examples.
    pub rows: usize,
    /// Where it is ragged: where each example begins in `values`, and at last where they end (`rows + 1` numbers).
    pub offsets: Option<Vec<usize>>,
}

/// The examples of each split, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Splits {
    /// What is fitted.
    pub train: Vec<u32>,
    /// Empty where there is none.
    pub validation: Vec<u32>,
    /// Empty where there is none.
    pub test: Vec<u32>,
}

impl Splits {
    /// The examples of a split.
    pub fn get(&self, split: Split) -> &[u32] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }
}

impl Dataset {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// Reads a data block: sources, split, estimates on the training split, values.
///
/// Errors: the first problem of the data.
pub fn load(_plan: &DataPlan) -> DataResult<Dataset> {
    todo!()
}

/// Reads new data in place of the plan's source, with the estimates and class names of an earlier [`load`].
///
/// Only the `wanted` fields are computed, so only the columns that they need must be there; columns may stand in
/// another order. Everything is in `splits.test`, in the order of the rows. With `replaced` none, the plan's own
/// sources and split are read again.
///
/// Errors: a needed column that is missing, a class name never seen (with its place), fields of several sources.
pub fn apply(
    _plan: &DataPlan,
    _fitted: &Fitted,
    _replaced: Option<&SourceSpec>,
    _wanted: &[&str],
) -> DataResult<Dataset> {
    todo!()
}
