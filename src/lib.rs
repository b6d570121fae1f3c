//! nnrun: a declarative language for neural networks.
//!
//! A `.nn` file says what a network is and how it is trained. It flows through this library from top to bottom of
//! the list below, and the house is built the same way: a module may use only modules on floors below its own.
//! `tests/all/architecture.rs` reads the imports and holds the house to it.
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 10 | [`cli`] | arguments, progress, tables; one file a subcommand; the only user of clap, indicatif and ratatui |
//! | 9 | [`report`] | what a run came to, for people: a page that tells all of it, curves as SVG and in letters |
//! | 9 | [`lsp`] | the language server: the only user of lsp-server and its types; turns positions, nothing more |
//! | 8 | [`export`] | a checked model as a drawing, in SVG or DOT |
//! | 8 | [`ide`] | hover, completion, hints, rename …, as plain data, over a checked program; no runtime, no training |
//! | 8 | [`train`] | the loop, measures, runs on disk, prediction, expectations |
//! | 7 | [`compile`] | checked train → differentiated, clipped, updated, optimized, executable |
//! | 6 | [`compare`] | what is different between two checked programs, in the language's words |
//! | 6 | [`starter`] | whole programs to begin with, on the data that there is |
//! | 6 | [`runtime`] | the plan (views, fusion, order, arena), its execution, the kernels |
//! | 5 | [`check`] | syntax tree → checked program, every shape known |
//! | 5 | [`autodiff`] | one exhaustive table of gradient rules; graph in, graph out |
//! | 5 | [`optimize`] | fold, simplify, merge, drop; graph in, graph out |
//! | 4 | [`catalog`] | every layer, function, loss, optimizer, schedule, metric: one declaration each |
//! | 3 | [`build`] | per-example operations → graph: the only place that knows where the batch axis is |
//! | 3 | [`data`] | sources and what they hold, fitted transforms, splits, batches |
//! | 2 | [`ir`] | dims, the closed set of primitive operations, the graph, its verifier, printer and interpreter |
//! | 2 | [`syntax`] | text → tree with spans (pest), and back (the formatter) |
//! | 1 | [`diagnostics`] | what a diagnostic is, its codes and explanations, how it is drawn (ariadne) |
//! | 0 | [`source`] | files, spans, lines |
//!
//! ```text
//! text ─syntax─▶ tree ─check─▶ graph of one example, batched ─autodiff─▶ + backward ─compile─▶ + update
//!      ─optimize─▶ graph ─runtime─▶ plan ─train─▶ weights, metrics, a run on disk
//! ```
//!
//! What holds everywhere:
//!
//! - **Stages return what they understood and the diagnostics**, and never stop at the first. After `check` has
//!   passed, a failure in the model is a bug here, never the user's.
//! - **One declaration, many readers.** Whatever is known of a layer stands in its [`catalog::Entry`]; nothing lists
//!   layers twice.
//! - **The graph is verified after every pass** in debug builds, and a backward node keeps the span of its forward
//!   node, so that even a NaN names a source line.
//! - **Nothing is decided while a step runs.** Order, memory and kernels are planned once for each batch size; results
//!   do not depend on the number of threads.

pub mod autodiff;
pub mod build;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod compare;
pub mod compile;
pub mod data;
pub mod diagnostics;
pub mod export;
pub mod ide;
pub mod ir;
pub mod lsp;
pub mod optimize;
pub mod report;
pub mod runtime;
pub mod source;
pub mod starter;
pub mod syntax;
pub mod train;
