//! A graph that can be run.

use super::kernels::memory::{Buffer, Place, Space};
use super::plan::literals::Literals;
use super::plan::{Instruction, Joining, Places, Plan, Region, sizes_of};
use super::{Binding, Element, Feed, Session, States, kernels};
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::InputId;
use crate::source::{SourceMap, Span};
use std::fmt;
use std::sync::Arc;

/// Bytes of an arena beside which it matters what else is held.
#[cfg(not(windows))]
const MUCH: usize = 1 << 20;

/// A prepared plan of an [`Executable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanId(usize);

/// Why a graph cannot be planned: bugs of an earlier stage, never of a checked program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// A state whose shape has open sizes.
    OpenStateShape {
        /// Its path.
        path: Arc<str>,
        /// Its shape.
        shape: String,
    },
    /// A state that is held with another shape.
    StateShape {
        /// Its path.
        path: Arc<str>,
        /// As held.
        held: Vec<usize>,
        /// As the graph wants it.
        wanted: Vec<usize>,
    },
    /// A state of the graph that is not held.
    UnknownState {
        /// Its path.
        path: Arc<str>,
    },
    /// A size for which the binding has no number, or which is negative with it.
    Size {
        /// As written in the graph.
        dim: String,
    },
    /// A graph that breaks its own rules, or a bug of the planner.
    Internal(String),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::OpenStateShape { path, shape } => write!(f, "the shape {shape} of {path} is not known"),
            PlanError::StateShape { path, held, wanted } => {
                write!(f, "{path} is held as {held:?} and wanted as {wanted:?}")
            }
            PlanError::UnknownState { path } => write!(f, "{path} is not among the states"),
            PlanError::Size { dim } => write!(f, "the size {dim} is not known or negative"),
            PlanError::Internal(why) => write!(f, "the plan cannot be made: {why}"),
        }
    }
}

impl std::error::Error for PlanError {}

/// What is held for an executable, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// States, of all executables that share them.
    pub states: usize,
    /// Room for input tensors.
    pub inputs: usize,
    /// Tensors known at compile time.
    pub literals: usize,
    /// Everything computed.
    pub arena: usize,
    /// Registers of the threads.
    pub scratch: usize,
}

impl Memory {
    /// The sum.
    pub fn total(&self) -> usize {
        self.states + self.inputs + self.literals + self.arena + self.scratch
    }
}

/// The first instruction that made NaN or infinity of numbers that were neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overflow {
    /// What it computes, the result first.
    pub nodes: Vec<NodeId>,
    /// Where it is a scan: the node in its body that made the number, and so on through bodies in bodies.
    pub inside: Vec<NodeId>,
    /// Where that comes from.
    pub span: Span,
    /// Whether the number is NaN rather than infinite.
    pub is_nan: bool,
}

/// A graph with its plans and their memory.
///
/// The memory is shared by all plans: it is as large as the largest of them wants. So an output can be read until
/// another plan of the executable runs.
pub struct Executable<E> {
    graph: Graph,
    plans: Vec<Laid>,
    /// Where each state of the graph lies among the session's.
    states: Vec<usize>,
    state_size: usize,
    /// First element of each input whose shape is known; the same in all plans.
    fixed: Vec<Option<usize>>,
    fixed_size: usize,
    inputs: Buffer<E>,
    arena: Buffer<E>,
    scratch: Buffer<E>,
    literals: Literals<E>,
    joining: Joining,
}

/// A plan with its inputs.
struct Laid {
    plan: Plan,
    /// First element and count of each input.
    inputs: Vec<(usize, usize)>,
    /// Whether its instructions are described in words.
    in_words: bool,
}

impl<E: Element> Executable<E> {
    /// The states must hold those of the graph.
    pub fn new(graph: Graph, states: &States<E>) -> Result<Executable<E>, PlanError> {
        let mut offsets = Vec::with_capacity(graph.states.len());
        let mut state_size = 0;
        for state in &graph.states {
            let entry =
                states.entry(&state.path).ok_or_else(|| PlanError::UnknownState { path: state.path.clone() })?;
            let wanted: Option<Vec<usize>> =
                state.shape.iter().map(|d| d.as_constant().and_then(|n| usize::try_from(n).ok())).collect();
            if wanted.as_ref() != Some(&entry.shape) {
                let wanted = wanted.unwrap_or_default();
                return Err(PlanError::StateShape { path: state.path.clone(), held: entry.shape.clone(), wanted });
            }
            offsets.push(entry.offset);
            state_size = state_size.max(entry.offset.saturating_add(entry.len));
        }
        let mut fixed_size = 0;
        let mut fixed = Vec::with_capacity(graph.inputs.len());
        for input in &graph.inputs {
            let sizes: Option<Vec<i64>> = input.shape.iter().map(Dim::as_constant).collect();
            fixed.push(sizes.map(|sizes| {
                let at = fixed_size;
                let count = sizes.iter().map(|n| usize::try_from(*n).unwrap_or(0)).product::<usize>();
                fixed_size += count.next_multiple_of(64 / size_of::<E>());
                at
            }));
        }
        Ok(Executable {
            graph,
            plans: Vec::new(),
            states: offsets,
            state_size,
            fixed,
            fixed_size,
            inputs: Buffer::zeros(fixed_size),
            arena: Buffer::zeros(0),
            scratch: Buffer::zeros(0),
            literals: Literals::new(),
            joining: Joining::default(),
        })
    }

    /// The same, with an instruction for each node: for finding out which of them does what.
    pub fn node_by_node(graph: Graph, states: &States<E>) -> Result<Executable<E>, PlanError> {
        Executable::new(graph, states).map(|executable| Executable { joining: Joining::Nothing, ..executable })
    }

    /// The same, with everything in bands that can be: for finding out whether bands compute what they should.
    pub fn in_bands(graph: Graph, states: &States<E>) -> Result<Executable<E>, PlanError> {
        Executable::new(graph, states).map(|executable| Executable { joining: Joining::InBands, ..executable })
    }

    /// What is run.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The plan for these sizes, made at the first call and found at later ones.
    pub fn prepare(&mut self, binding: &Binding) -> Result<PlanId, PlanError> {
        if let Some(found) = self.plans.iter().position(|p| p.plan.binding() == binding) {
            return Ok(PlanId(found));
        }
        let (laid, input_size) = self.lay_out(binding, false)?;
        // What reading and planning needed is free now, and would stand beside the arena.
        #[cfg(not(windows))]
        if laid.plan.arena_bytes() > self.arena.bytes() + MUCH {
            super::Allocator::give_back();
        }
        self.inputs.grow(input_size);
        self.arena.grow(laid.plan.arena);
        self.plans.push(laid);
        Ok(PlanId(self.plans.len() - 1))
    }

    /// The bytes that a step of these sizes takes beside the states, with so many workers, if no other was done before:
    /// as [`Executable::memory`] says it after that step. Nothing is taken for it.
    pub fn foresee(&mut self, binding: &Binding, threads: usize) -> Result<usize, PlanError> {
        // Literals of other plans are not its own.
        let others = std::mem::replace(&mut self.literals, Literals::new());
        let laid = self.lay_out(binding, false);
        let literals = std::mem::replace(&mut self.literals, others).buffer.bytes();
        let (laid, input_size) = laid?;
        let scratch = laid.plan.code.scratch() * threads;
        let taken = [input_size, laid.plan.arena, scratch].map(Buffer::<E>::bytes_of);
        Ok(taken.iter().sum::<usize>() + literals)
    }

    /// What a plan does, in order, and where it puts what.
    pub fn describe(&mut self, plan: PlanId, sources: Option<&SourceMap>) -> Result<String, PlanError> {
        self.put_in_words(plan)?;
        Ok(self.plans[plan.0].plan.describe(sources))
    }

    /// Has the instructions of a plan described. That takes as long as all else in planning and hardly anybody asks, so
    /// that the plan is made again for it.
    fn put_in_words(&mut self, plan: PlanId) -> Result<(), PlanError> {
        if self.plans[plan.0].in_words {
            return Ok(());
        }
        let binding = self.plans[plan.0].plan.binding().clone();
        let literals = std::mem::replace(&mut self.literals, Literals::new());
        let again = self.lay_out(&binding, true);
        self.literals = literals;
        let laid = &mut self.plans[plan.0];
        laid.plan.instructions = again?.0.plan.instructions;
        laid.in_words = true;
        Ok(())
    }

    /// A plan for these sizes, and how many numbers its inputs are.
    fn lay_out(&mut self, binding: &Binding, in_words: bool) -> Result<(Laid, usize), PlanError> {
        let mut inputs = Vec::with_capacity(self.graph.inputs.len());
        let mut input_size = self.fixed_size;
        for (input, fixed) in self.graph.inputs.iter().zip(&self.fixed) {
            let count = sizes_of(&input.shape, binding)?.iter().product::<usize>();
            let at = fixed.unwrap_or(input_size);
            if fixed.is_none() {
                input_size += count.next_multiple_of(64 / size_of::<E>());
            }
            inputs.push((at, count));
        }
        let offsets: Vec<Place> = inputs.iter().map(|(at, _)| Place { space: Space::Inputs, offset: *at }).collect();
        let places = Places {
            inputs: &offsets,
            states: &self.states,
            input_size,
            state_size: self.state_size,
            arena: Region::default(),
            joining: self.joining,
            in_words,
        };
        let plan = Plan::new(&self.graph, binding, &places, &mut self.literals)?;
        Ok((Laid { plan, inputs, in_words }, input_size))
    }

    /// A prepared plan.
    pub fn plan(&self, plan: PlanId) -> &Plan {
        &self.plans[plan.0].plan
    }

    /// Where the caller writes an input before [`Executable::run`]; row-major, the batch first. Inputs whose shape has
    /// no open size keep their value until they are set again, others until another plan is fed.
    pub fn input_mut(&mut self, plan: PlanId, input: InputId) -> &mut [E] {
        let (at, count) = self.plans[plan.0].inputs[input.0 as usize];
        &mut self.inputs.as_mut_slice()[at..at + count]
    }

    /// Sets an input of one number, for all plans.
    pub fn set_scalar(&mut self, input: InputId, value: f64) {
        if let Some(Some(at)) = self.fixed.get(input.0 as usize) {
            self.inputs.as_mut_slice()[*at] = E::from_f64(value);
        }
    }

    /// The input with this name.
    pub fn input(&self, name: &str) -> Option<InputId> {
        self.graph.inputs.iter().position(|i| &*i.name == name).map(|i| InputId(i as u32))
    }

    /// One step: computes the outputs and writes the updates to the session's states, which must be those that the
    /// executable was made with.
    pub fn run(&mut self, session: &mut Session<E>, plan: PlanId, feed: &Feed) {
        let count = self.plans[plan.0].plan.len();
        self.run_range(session, plan, feed, 0..count);
    }

    fn run_range(&mut self, session: &mut Session<E>, plan: PlanId, feed: &Feed, range: std::ops::Range<usize>) {
        if session.recorder.is_some() {
            // What could be planned once can be again; if not, the profile is without words.
            let _ = self.put_in_words(plan);
        }
        let laid = &self.plans[plan.0].plan;
        let code = &laid.code;
        // Grows at the first step only.
        self.scratch.grow(code.scratch() * session.team.threads());
        let memory = kernels::Memory {
            arena: &mut self.arena,
            inputs: &self.inputs,
            states: &mut session.states.data,
            literals: &self.literals.buffer,
            scratch: &mut self.scratch,
        };
        code.run(range, memory, &session.team, feed, session.recorder.as_ref().map(|recorder| &recorder.clock));
        if let Some(recorder) = &mut session.recorder {
            recorder.add(laid.len(), |lap| {
                let instruction = &laid.instructions[lap.instruction];
                let inside = lap.inside.and_then(|inside| instruction.inside.get(inside));
                inside.unwrap_or(instruction).cost.clone()
            });
        }
    }

    /// As [`Executable::run`], but looks at every result and stops behind the first instruction that makes NaN or
    /// infinity of operands that have neither. States may then be half updated: this is for finding out why.
    pub fn run_checked(&mut self, session: &mut Session<E>, plan: PlanId, feed: &Feed) -> Result<(), Overflow> {
        for i in 0..self.plans[plan.0].plan.len() {
            let before = self.not_finite(session, plan, i, false);
            self.run_range(session, plan, feed, i..i + 1);
            if before.is_none()
                && let Some(number) = self.not_finite(session, plan, i, true)
            {
                return Err(self.overflow(session, plan, feed, i, number));
            }
        }
        Ok(())
    }

    /// Where an instruction that has just run made this number.
    fn overflow(&mut self, session: &mut Session<E>, plan: PlanId, feed: &Feed, i: usize, number: E) -> Overflow {
        let code = &self.plans[plan.0].plan.code;
        let memory = kernels::Memory {
            arena: &mut self.arena,
            inputs: &self.inputs,
            states: &mut session.states.data,
            literals: &self.literals.buffer,
            scratch: &mut self.scratch,
        };
        let found = code.find_inside(i, memory, &session.team, feed);
        let (way, number) = found.unwrap_or((Vec::new(), number));
        let outer = &self.plans[plan.0].plan.instructions[i];
        let (mut instruction, mut inside): (&Instruction, Vec<NodeId>) = (outer, Vec::new());
        for step in way {
            let Some(inner) = instruction.inside.get(step) else { break };
            inside.extend(inner.nodes.first());
            instruction = inner;
        }
        Overflow { nodes: outer.nodes.clone(), inside, span: instruction.cost.span, is_nan: number.to_f64().is_nan() }
    }

    /// The place in the body of a scan where a result of it that is not finite is made. The plan must just have run
    /// and its operands still be there, as they are where every node is an output.
    pub fn find_inside(
        &mut self,
        session: &mut Session<E>,
        plan: PlanId,
        feed: &Feed,
        scan: NodeId,
    ) -> Option<Overflow> {
        let at = self.plans[plan.0].plan.instructions.iter().position(|i| i.nodes.contains(&scan))?;
        let number = self.not_finite(session, plan, at, true)?;
        Some(self.overflow(session, plan, feed, at, number)).filter(|found| !found.inside.is_empty())
    }

    /// The first number that is not finite among the operands or the results of an instruction.
    fn not_finite(&self, session: &Session<E>, plan: PlanId, instruction: usize, results: bool) -> Option<E> {
        let memory = [
            self.arena.as_slice(),
            self.inputs.as_slice(),
            session.states.data.as_slice(),
            self.literals.buffer.as_slice(),
        ];
        self.plans[plan.0].plan.code.kernels()[instruction].not_finite(memory, results)
    }

    /// Runs so many steps and gives the median seconds of each instruction, with its description. The states move on.
    pub fn profile(&mut self, session: &mut Session<E>, plan: PlanId, steps: usize) -> Vec<(String, f64)> {
        let count = self.plans[plan.0].plan.len();
        let mut times = vec![Vec::with_capacity(steps); count];
        for step in 0..steps {
            let feed = Feed { seed: 0, step: step as u64, examples: &[] };
            for (i, times) in times.iter_mut().enumerate() {
                let start = std::time::Instant::now();
                self.run_range(session, plan, &feed, i..i + 1);
                times.push(start.elapsed().as_secs_f64());
            }
        }
        let _ = self.put_in_words(plan);
        let line = |i: usize| self.plans[plan.0].plan.instructions[i].cost.to_string();
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 2).copied().unwrap_or(0.0)
        };
        times.into_iter().enumerate().map(|(i, times)| (line(i), median(times))).collect()
    }

    /// Index of a named output, for [`Executable::output`].
    pub fn output_index(&self, name: &str) -> Option<usize> {
        self.graph.outputs.iter().position(|o| &*o.name == name)
    }

    /// The numbers of an output after the last run, which must have been of this plan; row-major.
    pub fn output(&self, plan: PlanId, output: usize) -> &[E] {
        let (offset, shape) = &self.plans[plan.0].plan.outputs[output];
        &self.arena.as_slice()[*offset..offset + shape.iter().product::<usize>()]
    }

    /// The shape of an output.
    pub fn output_shape(&self, plan: PlanId, output: usize) -> &[usize] {
        &self.plans[plan.0].plan.outputs[output].1
    }

    /// What is held.
    pub fn memory(&self, session: &Session<E>) -> Memory {
        Memory {
            states: session.states.bytes(),
            inputs: self.inputs.bytes(),
            literals: self.literals.buffer.bytes(),
            arena: self.arena.bytes(),
            scratch: self.scratch.bytes(),
        }
    }
}
