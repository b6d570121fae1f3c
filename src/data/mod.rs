//! Floor 3: sources and what they hold, fitted transforms, splits and batches.
//!
//! A `data { }` block reaches this module as a [`DataPlan`]: for each field a [`FieldExpr`], a tree over the columns of
//! tables and over arrays. It is read twice. At check time [`describe`] and [`field_type`] learn from *scans* (kept on
//! disk between runs) what each file holds, and say what does not fit. At run time [`load`] reads the cells, splits the
//! examples, estimates on the training split what is to be estimated, and computes the values of every field.
//! [`apply`] does the same for new data with estimates from before.
//!
//! This module knows nothing of the language's syntax, and nothing above it knows how a file is read.

mod array_file;
mod augment;
mod batches;
mod cell;
mod class_counts;
mod class_names;
mod combine;
mod csv;
mod dataset;
mod estimate;
mod evaluate;
mod evaluate_text;
mod field_expr;
mod field_type;
mod files;
mod fitted;
mod framing;
mod generators;
mod groups;
mod image_file;
mod image_folder;
mod layout;
mod load_sources;
mod new_data;
mod not_finite;
mod npz;
mod place;
mod plan;
mod problem;
mod random;
mod resolve;
mod resolve_source;
mod resolve_text;
mod rows;
mod scan;
mod scan_cache;
mod schema;
mod select;
mod source_spec;
mod split;
mod steps;
mod store;
mod table;
mod table_reader;
#[cfg(test)]
mod tests;
mod texts;
mod tokens;
mod vocabulary;
mod windows_of_blocks;
mod wording;
mod wording_of_new_data;
mod wording_of_sequences;
mod wording_of_values;

pub use augment::{Augmentation, Augmented, DrawAt, Mixing, Picture, SHARE_INPUT, augment, partner_input, partner_of};
pub use batches::{Batches, gather};
pub(crate) use cell::cell_of;
pub use class_counts::{ClassCounts, class_counts};
pub use dataset::{Dataset, ExampleNames, Field, Ids, Splits, load, load_within};
pub use field_expr::{BinaryOp, FieldExpr, FieldNode, Filling, UnaryOp};
pub use field_type::{Description, FieldKind, FieldType, describe, describe_again, field_type};
pub use fitted::{Estimate, Fitted, FittedField, Inverse};
pub use generators::generated_columns;
pub use image_folder::image_files;
pub use new_data::apply;
pub use npz::array_names;
pub use place::{MissingIn, OperandValue, Place};
pub use plan::{DataPlan, FieldPlan, SplitSpec};
pub use problem::{DataError, DataProblem, DataResult};
pub(crate) use random::{Purpose, Stream};
pub(crate) use scan_cache::at_one_moment;
pub use schema::{ColumnFacts, ColumnKind, Schema, schema};
pub use select::{Name, Selector, column, column_names, select};
pub use source_spec::{Cell, DataFile, LINE, PerSplit, SourceSpec, Split, TableExpr, TableNode};
pub use store::{Limits, Store, Stretch};
pub use table_reader::place_of_row;
pub use tokens::TokenKind;
pub use vocabulary::Vocabulary;
pub(crate) use vocabulary::{END, PAD, START, UNKNOWN};
pub use windows_of_blocks::Blocks;
