//! The integration tests: one binary, so that the library is linked once.

mod explanations;
mod gradients;
mod graphs;
mod mlp;
mod optimizer;
mod printing;
mod random_graphs;
mod runtime;
mod verifier;
