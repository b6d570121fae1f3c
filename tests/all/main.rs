//! The integration tests: one binary, so that the library is linked once.

mod architecture;
mod catalog_examples;
mod cli;
mod examples;
mod explanations;
mod gradients;
mod graphs;
mod mlp;
mod optimizer;
mod printing;
mod random_graphs;
mod snapshot;
mod ui;
mod runtime;
mod verifier;
