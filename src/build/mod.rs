//! Floor 3: building graphs per example.
//!
//! What the user writes is a function of one example, and so is every entry of the catalog. The [`Builder`] takes
//! per-example operations and appends nodes for a whole batch: it alone knows where the batch axis is. Operations
//! check their operands and answer with a [`Problem`] where they do not fit; a `Problem` holds facts, and
//! [`words`] says them.

mod attention;
mod batch;
mod builder;
mod elementwise;
pub mod indexing;
mod movement;
mod origin;
mod problem;
mod products;
mod ragged;
mod recurrent;
mod reductions;
mod scan;
mod tensor;
mod windows;
pub mod words;

pub use builder::{Builder, Limit, Normalizer, StateScope};
pub use origin::{Change, Maker, Origin};
pub use problem::{Problem, Shape};
pub use ragged::OwnPositions;
pub use recurrent::{RecurrentWeights, States};
pub use scan::{OpenScan, ScanFault, StepValues};
pub use tensor::{Kind, Role, Tensor, show_type};
pub use windows::{Padding, Window};
