//! Floor 2: from text to the syntax tree, and back by the formatter.

pub mod ast;
