//! nnrun
pub mod data;
pub mod diagnostics;
pub mod source;
pub mod syntax;
