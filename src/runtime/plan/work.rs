//! What there is to do: a list of items, each one tensor.

use super::scan::Loop;
use super::view::View;
use crate::ir::graph::NodeId;
use crate::ir::op::{Attention, Distribution, Reduction};
use crate::ir::recurrent::Recurrence;
use crate::runtime::kernels::convolve;
use crate::runtime::kernels::elementwise::TileOp;
use crate::runtime::kernels::geometry::Geometry;
use crate::runtime::kernels::lines::LineOp;
use crate::runtime::kernels::pool::PoolOp;
use crate::runtime::kernels::recurrent::Pass;
use crate::runtime::kernels::rows::RowOp;
use crate::runtime::kernels::winograd;
use std::sync::Arc;

/// An operand.
#[derive(Debug, Clone)]
pub enum Operand {
    /// Numbers in memory.
    View(View),
    /// The same known number everywhere.
    Constant(f64),
}

/// What an item of work is.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Task {
    /// Supplied by the caller: index of the input.
    Input(usize),
    /// Held: index of the graph's state.
    State(usize),
    /// Known: where it lies among the literals.
    Literal(usize),
    /// Number by number; all operands have as many numbers as the result.
    Elementwise(TileOp),
    Random {
        stream: u32,
        distribution: Distribution,
    },
    MatMul,
    Reduce {
        reduction: Reduction,
        axes: Arc<[usize]>,
    },
    /// The operand is linear.
    Lines {
        op: LineOp,
        axis: usize,
    },
    Pad {
        axis: usize,
        before: usize,
        value: f64,
    },
    Concat {
        axis: usize,
    },
    /// Both operands are linear.
    Rows {
        op: RowOp,
        rows: usize,
    },
    /// Captured operands are linear.
    Scan(Box<Loop>),
    /// The numbers of a position lie side by side in `q`, `k` and `v`; all other operands are linear.
    Attention {
        attention: Attention,
        backward: bool,
    },
    /// Both operands are linear.
    Along {
        place: bool,
        axis: usize,
        size: usize,
    },
    /// Both operands are linear. Sizes are apart, for all items take the room of the largest.
    Convolve(Box<convolve::Sizes>),
    /// Both operands are linear.
    Winograd {
        part: winograd::Part,
        sizes: Box<winograd::Sizes>,
    },
    /// The operand is linear.
    Pool {
        op: PoolOp,
        geometry: Box<Geometry>,
        planes: usize,
    },
    /// All operands are linear. Steps, examples, size of the state.
    Recurrent {
        recurrence: Recurrence,
        pass: Pass,
        sizes: [usize; 3],
    },
}

/// A tensor that lies linear in memory, or passes through registers.
#[derive(Debug, Clone)]
pub struct Work {
    /// How it comes about.
    pub task: Task,
    /// From what.
    pub operands: Vec<Operand>,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// For which node.
    pub node: NodeId,
}

impl Work {
    /// How many numbers.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it is there before the step.
    pub fn is_source(&self) -> bool {
        matches!(self.task, Task::Input(_) | Task::State(_) | Task::Literal(_))
    }

    /// Elements of memory that it wants for itself while it runs.
    pub fn workspace(&self) -> usize {
        match &self.task {
            Task::Scan(of) => of.workspace,
            _ => 0,
        }
    }

    /// The memory that it reads.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        self.operands.iter().filter_map(|o| match o {
            Operand::View(view) => Some(view),
            Operand::Constant(_) => None,
        })
    }
}

/// All work of a graph, each item behind what it reads.
#[derive(Debug, Default)]
pub struct Lowered {
    /// The items.
    pub work: Vec<Work>,
    /// The item of each output of the graph; it is linear and its own.
    pub outputs: Vec<usize>,
    /// State (index) and item of each update; no item is written to two states.
    pub updates: Vec<(usize, usize)>,
}
