//! The integration tests: one binary, so that the library is linked once.

mod architecture;
mod attention;
mod catalog_examples;
mod catalog_gradients;
mod catalog_page;
mod catalog_reference;
mod cli;
mod examples;
mod explanations;
mod fuzz_check;
mod gradients;
mod graphs;
#[path = "../hand_built/mod.rs"]
mod hand_built;
mod images;
mod in_torch;
mod language;
mod mlp;
mod number_range;
mod one_model;
mod optimizer;
mod printing;
mod random_graphs;
mod random_programs;
mod recurrent;
mod reference_gradients;
mod reopened_runs;
mod reproduction;
mod runtime;
mod scans;
mod snapshot;
mod training;
mod training_reference;
mod ui;
mod verifier;
mod windows;
