//! A graph with every size known, as instructions over planned memory.

mod again;
mod arena;
mod bands;
mod describe;
mod emit;
mod fuse;
pub(super) mod literals;
mod lower;
mod order;
mod pack;
mod scan;
mod turned;
mod view;
mod windows;
mod work;

pub(super) use self::lower::sizes_of;

use self::bands::Schedule;
use self::fuse::Groups;
use self::literals::Literals;
use self::work::{Lowered, Task};
use super::element::Element;
use super::executable::PlanError;
use super::feed::Binding;
use super::flops::node_flops;
use super::kernels::elementwise::TileOp;
use super::kernels::memory::{Place, Space};
use super::kernels::winograd::Part;
use super::kernels::{Code, Kernel, Sizes};
use super::recording::Cost;
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::Unary;
use std::sync::Arc;

/// Where inputs and states lie, and the arena.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    /// First element of each input.
    pub inputs: &'a [Place],
    /// First element of each state of the graph.
    pub states: &'a [usize],
    /// Elements of both memories.
    pub input_size: usize,
    /// See above.
    pub state_size: usize,
    /// The part of the arena that is the plan's.
    pub arena: Region,
    /// What is computed together.
    pub joining: Joining,
    /// Whether instructions are described in words.
    pub in_words: bool,
}

/// What is computed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Joining {
    /// Each node has an instruction of its own.
    Nothing,
    /// What gains by it.
    #[default]
    Usual,
    /// Everything that can be run in bands is, however small.
    InBands,
}

/// A part of the arena.
#[derive(Clone, Copy, Default)]
pub(super) struct Region {
    /// First element.
    pub start: usize,
    /// Elements of the whole arena, where the plan is a part of another.
    pub limit: Option<usize>,
}

/// An instruction, as it is described.
#[derive(Debug, Clone)]
pub(super) struct Instruction {
    /// The nodes that it computes, the last one first to be named.
    pub nodes: Vec<NodeId>,
    /// What it is and takes.
    pub cost: Arc<Cost>,
    /// Those of the body, where it is a loop.
    pub inside: Vec<Instruction>,
}

/// The instructions for one [`Binding`].
#[derive(Debug)]
pub struct Plan {
    pub(super) binding: Binding,
    pub(super) code: Code,
    pub(super) instructions: Vec<Instruction>,
    /// First element in the arena and shape of each output.
    pub(super) outputs: Vec<(usize, Vec<usize>)>,
    /// Elements of the arena, and the most that live at one time.
    pub(super) arena: usize,
    pub(super) demand: usize,
    pub(super) element_bytes: usize,
}

impl Plan {
    pub(super) fn new<E: Element>(
        graph: &Graph,
        binding: &Binding,
        places: &Places,
        literals: &mut Literals<E>,
    ) -> Result<Plan, PlanError> {
        let mut lowered = lower::lower(graph, binding, literals, places.joining)?;
        let line = 64 / size_of::<E>();
        let (groups, schedule) = arrange(&mut lowered, (binding, line), places.joining)?;
        let layout = arena::lay_out(&lowered, &groups, &schedule, line);
        let item_places = item_places(&lowered, &groups, &schedule, &layout, places);
        let describer = describe::Describer {
            graph,
            lowered: &lowered,
            places: &item_places,
            layout: &layout,
            schedule: &schedule,
            in_words: places.in_words,
        };
        let flops = flops_of(graph, &lowered, binding);
        let mut kernels = Vec::with_capacity(schedule.steps.len());
        let mut instructions = Vec::with_capacity(schedule.steps.len());
        let describe = |members: &[usize], kernel: &Kernel, inside: Vec<Instruction>| {
            let nodes = members.iter().rev().map(|m| lowered.work[*m].node).collect();
            let flops = members.iter().map(|m| flops[*m]).sum();
            Instruction { nodes, cost: Arc::new(describer.cost(members, kernel, size_of::<E>(), flops)), inside }
        };
        for step in &schedule.steps {
            let members = |group: &usize| &groups.members[*group][..];
            let mut splat = |x| literals.splat(x);
            let mut emitter =
                emit::Emitter { lowered: &lowered, places: &item_places, splat: &mut splat, is_in_band: false };
            let (kernel, instruction) = match (step.bands, &step.groups[..]) {
                (Some(bands), of) => {
                    let mut inside = Vec::with_capacity(of.len());
                    for members in of.iter().map(members) {
                        // For its description alone.
                        let whole = emitter.kernel(members).map_err(PlanError::Internal)?;
                        inside.push(describe(members, &whole, Vec::new()));
                    }
                    let (lowered, groups, schedule) = (&lowered, &groups, &schedule);
                    let around = bands::Surroundings { lowered, groups, schedule, places: &item_places, line };
                    let kernel = around.kernel(step, bands, &mut splat).map_err(PlanError::Internal)?;
                    let kernel = Kernel::Bands(Box::new(kernel));
                    let all: Vec<usize> = of.iter().flat_map(members).copied().collect();
                    let instruction = describe(&all, &kernel, inside);
                    (kernel, instruction)
                }
                (None, [group]) => {
                    let members = members(group);
                    let last = members.last().copied().unwrap_or(0);
                    let (kernel, inside) = match &lowered.work[last].task {
                        Task::Scan(of) => {
                            let around = scan::Surroundings {
                                binding,
                                places: &item_places,
                                workspace: places.arena.start + layout.workspace[last].unwrap_or(0),
                                memory: places,
                                arena: places.arena.limit.unwrap_or(layout.size),
                            };
                            scan::kernel((last, &lowered.work[last]), of, &around, literals)?
                        }
                        _ => (emitter.kernel(members).map_err(PlanError::Internal)?, Vec::new()),
                    };
                    let instruction = describe(members, &kernel, inside);
                    (kernel, instruction)
                }
                _ => return Err(PlanError::Internal("a step of several instructions is no chain".into())),
            };
            kernels.push(kernel);
            instructions.push(instruction);
        }
        let sizes = Sizes {
            arena: places.arena.limit.unwrap_or(layout.size),
            inputs: places.input_size,
            states: places.state_size,
            literals: literals.buffer.len(),
            own: 0,
        };
        let mut outputs = Vec::with_capacity(graph.outputs.len());
        for (output, item) in graph.outputs.iter().zip(&lowered.outputs) {
            let offset = layout.offset[*item].ok_or_else(|| PlanError::Internal("an output is not stored".into()))?;
            outputs.push((places.arena.start + offset, sizes_of(graph.shape(output.node), binding)?));
        }
        Ok(Plan {
            binding: binding.clone(),
            code: Code::new(kernels, sizes).map_err(PlanError::Internal)?,
            instructions,
            outputs,
            arena: layout.size,
            demand: layout.demand,
            element_bytes: size_of::<E>(),
        })
    }

    /// The sizes that the plan is for.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// Number of instructions.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    /// Bytes of the arena.
    pub fn arena_bytes(&self) -> usize {
        self.arena * self.element_bytes
    }
}

/// What is computed together, and when.
fn arrange(
    lowered: &mut Lowered,
    (binding, line): (&Binding, usize),
    joining: Joining,
) -> Result<(Groups, Schedule), PlanError> {
    let joins = joining != Joining::Nothing;
    let mut groups = fuse::fuse(lowered, joins);
    if joins {
        turned::join(lowered, &mut groups);
        again::again(lowered, &mut groups);
    }
    let order = order::order(lowered, &mut groups);
    if order.sequence.len() != groups.members.len() {
        return Err(PlanError::Internal("the instructions wait on each other".into()));
    }
    let schedule = match joining {
        Joining::Nothing => Schedule::plain(&order),
        Joining::Usual => {
            let with = |limits| bands::bands(lowered, &groups, &order, (binding.batch, limits));
            let long = with(&bands::USUAL);
            if long.has_bands() {
                // What a chain reads and leaves lives to its end; shorter ones keep less.
                let plain = Schedule::plain(&order);
                let size = |schedule: &Schedule| arena::lay_out(lowered, &groups, schedule, line).size;
                let most = size(&plain) + size(&plain) / 32;
                let short = || Some(with(&bands::SHORT)).filter(|short| size(short) <= most);
                Some(long).filter(|long| size(long) <= most).or_else(short).unwrap_or(plain)
            } else {
                long
            }
        }
        Joining::InBands => bands::bands(lowered, &groups, &order, (binding.batch, &bands::SMALLEST)),
    };
    Ok((groups, schedule))
}

/// For each item, the operations of its node; none where the item is a copy for it, or adds up parts of it.
fn flops_of(graph: &Graph, lowered: &Lowered, binding: &Binding) -> Vec<u64> {
    let mut is_counted = vec![false; graph.nodes.len()];
    let of = |item: &work::Work| {
        let is_copy = matches!(item.task, Task::Elementwise(TileOp::Unary(Unary::StopGradient)));
        // The transform of a kernel is not what is written.
        let is_aside = is_copy || matches!(item.task, Task::Winograd { part: Part::Weights { .. }, .. });
        if item.is_source() || is_aside || std::mem::replace(&mut is_counted[item.node.index()], true) {
            return 0;
        }
        node_flops(graph, item.node, binding)
    };
    lowered.work.iter().map(of).collect()
}

fn item_places(
    lowered: &Lowered,
    groups: &Groups,
    schedule: &Schedule,
    layout: &arena::Layout,
    places: &Places,
) -> Vec<Option<Place>> {
    let stored = arena::stored(lowered, groups, &schedule.is_inside);
    let place = |space, offset: Option<&usize>| offset.map(|offset| Place { space, offset: *offset });
    let of = |(i, item): (usize, &work::Work)| match item.task {
        Task::Input(input) => places.inputs.get(input).copied(),
        Task::State(state) => place(Space::States, places.states.get(state)),
        Task::Literal(offset) => place(Space::Literals, Some(&offset)),
        // Where in the band, the band says.
        _ if schedule.is_inside[i] => Some(Place { space: Space::Own, offset: 0 }),
        _ => match schedule.state_of[i] {
            Some(state) => place(Space::States, places.states.get(state)),
            None if stored[i] => place(Space::Arena, layout.offset[i].map(|o| places.arena.start + o).as_ref()),
            None => None,
        },
    };
    lowered.work.iter().enumerate().map(of).collect()
}
