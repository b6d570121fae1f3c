//! nnrun
pub mod autodiff;
pub mod build;
pub mod catalog;
pub mod check;
pub mod compile;
pub mod data;
pub mod diagnostics;
pub mod ir;
pub mod runtime;
pub mod optimize;
pub mod source;
pub mod syntax;
pub mod train;
