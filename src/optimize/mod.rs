//! Floor 5: graph in, graph out; the same values in fewer operations.
//!
//! Each pass is a file: [`simplify`] uses the laws of single operations, [`fold`] computes what the program already
//! knows, [`cse`] keeps one of equal nodes, [`dce`] keeps what somebody reads. Inputs and states stay declared, in
//! order, even where nothing reads them any more, so their ids stay good; names of outputs and updates stay, too.
//!
//! What must not change: values (up to rounding; NaN and infinities included, so `0 * x` is not 0), random numbers
//! (no two draws become one), and the order of passes or nodes from run to run.
//!
//! Gradients must be taken before: [`crate::ir::op::Unary::StopGradient`] is removed.

mod cse;
mod dce;
mod fold;
mod movement;
mod rewrite;
mod scans;
mod sequence;
mod simplify;
mod stepwise;

pub use cse::cse;
pub use dce::dce;
pub use fold::fold;
pub use scans::scans;
pub use sequence::{Sequence, Time};
pub use simplify::simplify;
pub use stepwise::{POSITION, stepwise};

use crate::ir::graph::Graph;
use crate::ir::verify::assert_verified;

/// A graph and whether it differs from the one before.
pub struct Passed {
    /// What the pass made.
    pub graph: Graph,
    /// Whether it did anything.
    pub changed: bool,
}

/// A pass.
pub type Pass = fn(Graph) -> Passed;

/// All passes, in the order of a round.
pub const PASSES: [(&str, Pass); 5] =
    [("simplify", simplify), ("fold", fold), ("scans", scans), ("cse", cse), ("dce", dce)];

/// Rounds after which the optimizer stops even where a pass still finds something.
const ROUNDS: usize = 8;

/// Runs all passes in turn until each has found nothing in the same graph.
pub fn optimize(mut graph: Graph) -> Graph {
    let mut idle = 0;
    for (name, pass) in PASSES.iter().cycle().take(ROUNDS * PASSES.len()) {
        let passed = pass(graph);
        graph = passed.graph;
        idle += 1;
        if passed.changed {
            assert_verified(&graph, name);
            idle = 0;
        }
        if idle == PASSES.len() {
            break;
        }
    }
    graph
}
