//! nnrun
pub mod diagnostics;
pub mod ir;
pub mod runtime;
pub mod source;
pub mod syntax;
