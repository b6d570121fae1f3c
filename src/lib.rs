//! nnrun
pub mod autodiff;
pub mod build;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod compile;
pub mod data;
pub mod diagnostics;
pub mod ir;
pub mod optimize;
pub mod runtime;
pub mod source;
pub mod syntax;
pub mod train;
