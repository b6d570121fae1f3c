//! Places in the data, and what stands at them.

use crate::source::Span;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in the data: a line of a file, or a row of something that is not a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user wrote it; where there is none, what the rows come from (`rows`, `moons`, `new.csv`).
    pub source: String,
    /// The line in the file (from 1, the header is a line; 0 for the file as a whole), or the row (from 1).
    pub line: u64,
    /// Whether `line` counts lines of a file rather than rows.
    pub in_file: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_file && self.line == 0 {
            f.write_str(&self.source)
        } else if self.in_file {
            write!(f, "{}:{}", self.source, self.line)
        } else {
            write!(f, "row {} of {}", self.line, self.source)
        }
    }
}

/// The missing values of a column that reach a field.
#[derive(Debug, Clone, PartialEq)]
pub struct MissingIn {
    /// The column.
    pub column: String,
    /// How many cells are missing.
    pub count: u64,
    /// Of how many rows.
    pub rows: u64,
    /// The first places.
    pub first: Vec<Place>,
    /// Whether the column is text.
    pub text: bool,
}

/// A number that an operation worked on.
#[derive(Debug, Clone, PartialEq)]
pub struct OperandValue {
    /// Where the operand is written.
    pub span: Span,
    /// The number.
    pub value: f64,
    /// The column that it stands in, where it is nothing but that.
    pub column: Option<String>,
}
