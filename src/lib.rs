//! nnrun
pub mod diagnostics;
pub mod ir;
pub mod source;
pub mod syntax;
