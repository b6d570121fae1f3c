//! Floor 6: runs graphs.
//!
//! ```text
//! Graph ──Executable::new──▶ Executable ──prepare(Binding)──▶ Plan ──run──▶ outputs, updated states
//!                                                              │
//!                       views · fusion · order · liveness · arena, all decided before the first step
//! ```
//!
//! A [`Plan`] is the graph with every size known: a list of instructions whose operands are places in four pieces of
//! memory (the arena, the inputs, the states, the literals). It is made once for each distinct [`Binding`]; a step
//! then only walks the list. Nothing is allocated, looked up by name or decided while a step runs.
//!
//! Results do not depend on the number of threads: work is cut by the *shape* of the problem, never by the number of
//! workers, and no sum is shared between two pieces.
//!
//! What is not here: random initial weights (`catalog`), the training loop (`train`), what a step means (`autodiff`).

mod element;
mod executable;
mod feed;
mod flops;
mod kernels;
mod plan;
mod recording;
mod session;
mod states;

pub use element::Element;
pub use executable::{Executable, Memory, Overflow, PlanError, PlanId};
pub use feed::{Binding, Feed};
pub use flops::{graph_flops, node_flops};
#[cfg(not(windows))]
pub use kernels::allocator::Allocator;
pub use plan::Plan;
pub use recording::{Cost, Record};
pub use session::Session;
pub use states::{StateEntry, States};
