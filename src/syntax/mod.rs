//! Floor 2: from text to the syntax tree, and back by the formatter.
//!
//! A text is first repaired where one slip would hide the rest (`repair`), then parsed by the grammar `grammar/nn.pest`
//! (`parse`), and its pairs become the tree (`build`). Mistakes are facts (`error`) until they become diagnostics.

pub mod ast;
mod build;
mod error;
mod format;
mod parse;
mod print;
mod repair;
pub(crate) mod tokens;

pub use error::{NumberProblem, SyntaxError};
pub use format::format;
pub use parse::parse;
pub use print::{Positions, print};
