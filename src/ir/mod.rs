//! Floor 2: the intermediate representation.
//!
//! A [`graph::Graph`] is a list of nodes, each a primitive [`op::Op`] on earlier nodes, with a [`dim::Dim`] for every
//! axis. All numbers are of one type (f32 when training, f64 when gradients are checked); truth is 1 and 0, whole
//! numbers and classes are stored as such. The batch is the first axis of every tensor that depends on the example
//! and is always the symbol `B`, so that one graph serves the full batches and the last, smaller one.
//!
//! The same graph holds the forward pass, the backward pass that `autodiff` appends, and the optimizer's update;
//! [`graph::Update`]s say which states take which values when the step is done.

pub mod dim;
pub mod graph;
pub mod init;
pub mod interpret;
mod interpret_scan;
pub mod op;
pub mod print;
mod print_scan;
pub mod recurrent;
pub mod scan;
pub mod scan_draft;
pub mod shape_rule;
pub mod verify;
pub mod window;
