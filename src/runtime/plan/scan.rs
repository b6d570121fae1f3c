//! The plan of a scan: the body's own plan, in the arena of the plan around it.
//!
//! The workspace of a scan is a stretch of that arena that is its own while it runs: first a slot for each carry and
//! each scanned operand, then what the body computes. It is measured when the scan is lowered, and the body is planned
//! once it is known where it lies.

use super::arena::lay_out;
use super::literals::Literals;
use super::lower::{lower, sizes_of};
use super::view::{View, join};
use super::work::Work;
use super::{Instruction, Joining, Places, Plan, Region, arrange};
use crate::ir::graph::Graph;
use crate::ir::scan::{Operand, Scan};
use crate::runtime::element::Element;
use crate::runtime::executable::PlanError;
use crate::runtime::feed::Binding;
use crate::runtime::kernels::Kernel;
use crate::runtime::kernels::memory::{Place, Space};
use crate::runtime::kernels::scan as kernel;
use std::sync::Arc;

/// A scan with known sizes.
#[derive(Debug, Clone)]
pub struct Loop {
    /// What is run.
    pub scan: Arc<Scan>,
    /// How often.
    pub steps: usize,
    /// Where the body reads each carry and each scanned operand, in the workspace.
    pub slots: Vec<usize>,
    /// Where the body's own arena begins in the workspace.
    pub arena: usize,
    /// Elements of the workspace.
    pub workspace: usize,
}

/// Measures a scan.
pub fn measure<E: Element>(
    scan: &Arc<Scan>,
    steps: usize,
    binding: &Binding,
    literals: &mut Literals<E>,
    joining: Joining,
) -> Result<Loop, PlanError> {
    let line = 64 / size_of::<E>();
    let (mut slots, mut at) = (Vec::new(), 0);
    for input in scan.body.inputs.iter().take(scan.carries() + scan.scanned) {
        slots.push(at);
        at += sizes_of(&input.shape, binding)?.iter().product::<usize>().next_multiple_of(line);
    }
    let body = arena_of(&scan.body, binding, literals, joining)?;
    Ok(Loop { scan: scan.clone(), steps, slots, arena: at, workspace: at + body })
}

/// Elements of the arena of a graph.
fn arena_of<E: Element>(
    graph: &Graph,
    binding: &Binding,
    literals: &mut Literals<E>,
    joining: Joining,
) -> Result<usize, PlanError> {
    let mut lowered = lower(graph, binding, literals, joining)?;
    let line = 64 / size_of::<E>();
    let (groups, schedule) = arrange(&mut lowered, (binding, line), joining)?;
    Ok(lay_out(&lowered, &groups, &schedule, line).size)
}

/// What surrounds the scan.
pub struct Surroundings<'a> {
    /// Sizes.
    pub binding: &'a Binding,
    /// Where everything lies.
    pub places: &'a [Option<Place>],
    /// First element of the workspace in the arena.
    pub workspace: usize,
    /// Elements of the memories around.
    pub memory: &'a Places<'a>,
    /// Elements of the whole arena.
    pub arena: usize,
}

/// The kernel of a scan, and the instructions of its body.
pub fn kernel<E: Element>(
    (index, item): (usize, &Work),
    of: &Loop,
    around: &Surroundings,
    literals: &mut Literals<E>,
) -> Result<(Kernel, Vec<Instruction>), PlanError> {
    let scan = &of.scan;
    let missing = |what: &str| PlanError::Internal(format!("a scan lacks {what}"));
    let place = |item: usize| around.places.get(item).copied().flatten().ok_or_else(|| missing("an operand in memory"));
    let start = |view: &View| place(view.root).map(|p| Place { offset: p.offset + view.offset, ..p });
    let own = |offset: usize| Place { space: Space::Arena, offset: around.workspace + offset };
    let views: Vec<&View> = item.views().collect();
    if views.len() != scan.body.inputs.len() {
        return Err(missing("an operand"));
    }

    let mut inputs = Vec::with_capacity(views.len());
    for (i, view) in views.iter().enumerate() {
        inputs.push(match of.slots.get(i) {
            Some(slot) => own(*slot),
            None => start(view)?,
        });
    }
    let memory = Places {
        inputs: &inputs,
        states: &[],
        arena: Region { start: around.workspace + of.arena, limit: Some(around.arena) },
        ..*around.memory
    };
    let body = Plan::new(&scan.body, around.binding, &memory, literals)?;

    let output = place(index)?;
    let (mut carries, mut scanned, mut captured, mut stacked) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut at = output.offset;
    for (i, view) in views.iter().enumerate() {
        let source = |axes: &[(usize, isize)]| start(view).map(|place| kernel::Source { place, axes: join(axes) });
        match scan.operand(i) {
            Operand::Carry => {
                let traced = scan.traced.get(i).copied().unwrap_or(false);
                let count = view.count();
                let (next, _) = body.outputs.get(i).ok_or_else(|| missing("a next carry"))?;
                carries.push(kernel::Carry {
                    initial: source(&view.axes)?,
                    slot: own(of.slots[i]),
                    next: Place { space: Space::Arena, offset: *next },
                    count,
                    kept: Place { offset: at, ..output },
                    traced,
                });
                at += count * if traced { of.steps + 1 } else { 1 };
            }
            Operand::Scanned => {
                let ((_, stride), axes) = view.axes.split_first().ok_or_else(|| missing("an axis to walk"))?;
                scanned.push(kernel::Scanned { source: source(axes)?, stride: *stride, slot: own(of.slots[i]) });
            }
            Operand::Captured => captured.push((start(view)?, view.count())),
        }
    }
    for (from, shape) in body.outputs.iter().skip(scan.carries()) {
        let count = shape.iter().product();
        let from = Place { space: Space::Arena, offset: *from };
        stacked.push(kernel::Stacked { from, count, to: Place { offset: at, ..output } });
        at += count * of.steps;
    }
    let kernel = kernel::Scan {
        steps: of.steps,
        reverse: scan.reverse,
        code: body.code,
        carries,
        scanned,
        captured,
        stacked,
        output: (output, item.count()),
        workspace: (own(0), of.workspace),
    };
    Ok((Kernel::Scan(Box::new(kernel)), body.instructions))
}
