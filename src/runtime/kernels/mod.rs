//! What does the work: one file a family of kernels.
//!
//! [`Code`] is where safe code ends: it is made from a list of kernels with the places of their operands, checks every
//! range and every overlap once, and from then on runs without looking.
#![allow(unsafe_code)] // the only place; each block says why it is sound

pub mod adam;
#[cfg(not(windows))]
pub mod allocator;
pub mod assemble;
pub mod attention;
pub mod bands;
pub mod clock;
pub mod convolve;
pub mod depthwise;
pub mod eight;
pub mod elementwise;
pub mod geometry;
pub mod lines;
pub mod math;
pub mod matmul;
pub mod memory;
pub mod pool;
pub mod random;
pub mod recurrent;
pub mod reduce;
pub mod rows;
pub mod scan;
pub mod team;
pub mod tiles;
pub mod turned;
pub mod winograd;

use self::clock::Clock;
use self::elementwise::{Access, MAX_AXES, MAX_SLOTS, TILE};
use self::memory::{Bases, Buffer, Place, Space};
use self::rows::RowOp;
use self::scan::Around;
use self::team::Team;
use super::element::Element;
use super::feed::Feed;
use std::time::Instant;

/// One instruction.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Kernel {
    Elementwise(elementwise::Program),
    Reduce(reduce::Reduce),
    Lines(lines::Lines),
    Rows(rows::Rows),
    Along(rows::Along),
    Assemble(assemble::Assemble),
    Random(random::Random),
    MatMul(matmul::MatMul),
    Turned(turned::Turned),
    Scan(Box<scan::Scan>),
    Convolve(convolve::Convolve),
    Pool(pool::Pool),
    Attention(attention::Attention),
    Recurrent(recurrent::Recurrent),
    Winograd(winograd::Winograd),
    Bands(Box<bands::Bands>),
}

/// A range of memory that a kernel touches.
#[derive(Debug, Clone, Copy)]
struct Range {
    space: Space,
    /// First element and one past the last.
    start: i128,
    end: i128,
}

impl Range {
    fn linear(place: Place, len: usize) -> Range {
        Range { space: place.space, start: place.offset as i128, end: place.offset as i128 + len as i128 }
    }

    /// The smallest range around a strided operand.
    fn strided(place: Place, axes: impl IntoIterator<Item = (usize, isize)>) -> Range {
        let (mut low, mut high, mut empty) = (0_i128, 0_i128, false);
        for (size, stride) in axes {
            let reach = (size as i128 - 1) * stride as i128;
            empty |= size == 0;
            low += reach.min(0);
            high += reach.max(0);
        }
        let start = place.offset as i128;
        let (start, end) = if empty { (start, start) } else { (start + low, start + high + 1) };
        Range { space: place.space, start, end }
    }

    fn contains(&self, other: &Range) -> bool {
        self.space == other.space && self.start <= other.start && other.end <= self.end
    }

    fn overlaps(&self, other: &Range) -> bool {
        self.space == other.space && self.start < other.end && other.start < self.end
    }
}

impl Kernel {
    /// What it reads and what it writes.
    fn ranges(&self) -> (Vec<Range>, Vec<Range>) {
        match self {
            Kernel::Elementwise(p) => {
                let read = |load: &elementwise::Load| match &load.access {
                    Access::Linear => Range::linear(load.place, p.count),
                    Access::Scalar => Range::linear(load.place, 1),
                    Access::Splat => Range::linear(load.place, TILE),
                    Access::Strided(axes) => Range::strided(load.place, axes.iter().copied()),
                };
                let stores = p.stores.iter().map(|s| s.place);
                let writes = stores.chain(p.adam.iter().flat_map(|adam| adam.places));
                let writes = writes.map(|place| Range::linear(place, p.count)).collect();
                (p.loads.iter().map(read).collect(), writes)
            }
            Kernel::Reduce(r) => {
                let axes = r.kept.iter().chain(&r.reduced).copied();
                (vec![Range::strided(r.input, axes)], vec![Range::linear(r.output, reduce::count(&r.kept))])
            }
            Kernel::Lines(l) => {
                let all = l.sizes.iter().product();
                (vec![Range::linear(l.input, all)], vec![Range::linear(l.output, l.sizes[0] * l.result_block())])
            }
            Kernel::Rows(r) => {
                let (table, lines) = (r.rows * r.width, r.count * r.width);
                let (read, write) = match r.op {
                    RowOp::Gather => (table, lines),
                    RowOp::Scatter => (lines, table),
                };
                let reads = vec![Range::linear(r.input, read), Range::linear(r.indices, r.count)];
                (reads, vec![Range::linear(r.output, write)])
            }
            Kernel::Along(a) => {
                let long = a.sizes.iter().product();
                let short = a.sizes[0] * a.count * a.sizes[2];
                let (read, write) = if a.place { (short, long) } else { (long, short) };
                (
                    vec![Range::linear(a.input, read), Range::linear(a.indices, short)],
                    vec![Range::linear(a.output, write)],
                )
            }
            Kernel::Assemble(a) => {
                let reads = a.parts.iter().map(|p| Range::strided(p.input, p.axes.iter().map(|a| (a.0, a.1))));
                (reads.collect(), vec![Range::linear(a.output, a.count)])
            }
            Kernel::Attention(a) => a.ranges(),
            Kernel::Recurrent(r) => {
                let reads = r.inputs.iter().zip(r.input_sizes()).map(|(place, size)| Range::linear(*place, size));
                (reads.collect(), vec![Range::linear(r.output, r.output_size())])
            }
            Kernel::Random(r) => (Vec::new(), vec![Range::linear(r.output, r.rows * r.width)]),
            Kernel::MatMul(p) => {
                let [m, k, n] = p.sizes;
                let stack = |side: usize| p.stack.iter().map(move |s| (s.0, s.1[side]));
                let left = Range::strided(p.inputs[0], stack(0).chain([(m, p.left[0]), (k, p.left[1])]));
                let right = Range::strided(p.inputs[1], stack(1).chain([(k, p.right[0]), (n, p.right[1])]));
                let count: usize = p.stack.iter().map(|s| s.0).product();
                (vec![left, right], vec![Range::linear(p.output, count * m * n)])
            }
            Kernel::Turned(t) => {
                let rows = |place, distance: usize, columns| {
                    Range::strided(place, [(t.depth, distance as isize), (columns, 1)])
                };
                let others = t.others.iter().map(|other| rows(other.input, other.distance, other.columns));
                let products = t.others.iter().map(|other| Range::linear(other.output, t.rows * other.columns));
                let sums = t.sums.map(|place| Range::linear(place, t.rows));
                let left = rows(t.input, t.distance, t.rows);
                (std::iter::once(left).chain(others).collect(), products.chain(sums).collect())
            }
            Kernel::Scan(s) => s.ranges(),
            Kernel::Bands(b) => b.ranges(),
            Kernel::Convolve(c) => {
                let [x, y, result] = c.sizes.operands();
                let reads = vec![Range::linear(c.inputs[0], x), Range::linear(c.inputs[1], y)];
                (reads, vec![Range::linear(c.output, result)])
            }
            Kernel::Winograd(w) => {
                let [x, y, result] = w.operands();
                let reads = vec![Range::linear(w.inputs[0], x), Range::linear(w.inputs[1], y)];
                (reads, vec![Range::linear(w.output, result)])
            }
            Kernel::Pool(p) => {
                let [read, write] = p.widths().map(|width| p.planes * width);
                let writes = std::iter::once(p.output).chain(p.numbers).map(|place| Range::linear(place, write));
                (vec![Range::linear(p.input, read)], writes.collect())
            }
        }
    }

    /// Numbers that it reads and writes, each counted once however often it is touched.
    pub fn traffic(&self) -> u64 {
        let (reads, writes) = self.ranges();
        reads.iter().chain(&writes).map(|range| (range.end - range.start).max(0) as u64).sum()
    }

    /// Numbers of its own that each thread wants while it runs a piece.
    fn scratch(&self) -> usize {
        match self {
            Kernel::Elementwise(program) => program.scratch(),
            Kernel::Attention(attention) => attention.scratch(),
            Kernel::Turned(turned) => turned.scratch(),
            Kernel::Scan(scan) => scan.code.scratch,
            Kernel::Convolve(convolve) => convolve.scratch(),
            Kernel::Winograd(winograd) => winograd.scratch(),
            Kernel::Recurrent(layer) => layer.scratch(),
            Kernel::Bands(bands) => bands.scratch(),
            _ => 0,
        }
    }

    /// Into how many pieces it is cut; from the sizes alone.
    pub fn pieces(&self) -> usize {
        match self {
            Kernel::Elementwise(k) => k.pieces(),
            Kernel::Reduce(k) => k.pieces(),
            Kernel::Lines(k) => k.pieces(),
            Kernel::Rows(k) => k.pieces(),
            Kernel::Along(k) => k.pieces(),
            Kernel::Assemble(_) => 1,
            Kernel::Random(k) => k.pieces(),
            Kernel::MatMul(k) => k.pieces(),
            Kernel::Turned(k) => k.pieces(),
            // Its body's kernels are cut, not the loop.
            Kernel::Scan(_) => 1,
            Kernel::Convolve(k) => k.sizes.pieces(),
            Kernel::Winograd(k) => k.pieces(),
            Kernel::Pool(k) => k.pieces(),
            Kernel::Recurrent(k) => k.pieces(),
            Kernel::Attention(k) => k.pieces(),
            Kernel::Bands(k) => k.bands.len(),
        }
    }

    /// # Safety
    /// The kernel was checked by [`Code::new`], `bases` are of buffers that are long enough, `scratch` has room for
    /// what the kernel asks for and is not used by another thread.
    unsafe fn run<E: Element>(&self, bases: &Bases<E>, feed: &Feed, scratch: *mut E, piece: usize) {
        // SAFETY: passed on.
        unsafe {
            match self {
                Kernel::Elementwise(k) => k.run(bases, scratch, piece),
                Kernel::Reduce(k) => k.run(bases, piece),
                Kernel::Lines(k) => k.run(bases, piece),
                Kernel::Rows(k) => k.run(bases, piece),
                Kernel::Along(k) => k.run(bases, piece),
                Kernel::Assemble(k) => k.run(bases),
                Kernel::Random(k) => k.run(bases, feed, piece),
                Kernel::MatMul(k) => k.run(bases, piece),
                Kernel::Turned(k) => k.run(bases, scratch, piece),
                Kernel::Scan(_) | Kernel::Bands(_) => debug_assert!(false, "`Code::run_kernel` runs what has kernels"),
                Kernel::Convolve(k) => k.run(bases, scratch, piece),
                Kernel::Winograd(k) => k.run(bases, scratch, piece),
                Kernel::Pool(k) => k.run(bases, piece),
                Kernel::Attention(k) => k.run(bases, feed, scratch, piece),
                Kernel::Recurrent(k) => k.run(bases, scratch, piece),
            }
        }
    }

    /// The first number among the operands, or the results, that is NaN or infinite. The
    /// memories are the arena, the inputs, the states and the literals.
    pub fn not_finite<E: Element>(&self, memory: [&[E]; 4], results: bool) -> Option<E> {
        let (reads, mut writes) = self.ranges();
        if let Kernel::Scan(_) = self {
            // The workspace is nobody's result.
            writes.truncate(1);
        }
        let of = |range: &Range| {
            let memory = memory[range.space as usize];
            memory.get(range.start.max(0) as usize..range.end.max(0) as usize).unwrap_or(&[])
        };
        let ranges = if results { writes } else { reads };
        ranges.iter().flat_map(|r| of(r).iter().copied()).find(|x| !x.finite())
    }

    fn check(&self, sizes: &Sizes) -> Result<(), String> {
        if let Kernel::Bands(bands) = self {
            return bands.check(sizes);
        }
        let (reads, writes) = self.ranges();
        for range in reads.iter().chain(&writes) {
            if range.start < 0 || range.end > sizes.of(range.space) as i128 {
                return Err(format!("{range:?} is out of bounds"));
            }
        }
        for (i, write) in writes.iter().enumerate() {
            if matches!(write.space, Space::Inputs | Space::Literals) {
                return Err(format!("{write:?} is written"));
            }
            if writes[..i].iter().any(|w| w.overlaps(write)) {
                return Err(format!("{write:?} is written twice"));
            }
            for (r, read) in reads.iter().enumerate().filter(|(_, r)| r.overlaps(write)) {
                match self {
                    Kernel::Elementwise(p) if in_place(p, r, i) => {}
                    _ => return Err(format!("{read:?} is read while {write:?} is written")),
                }
            }
        }
        match self {
            Kernel::Elementwise(p) => check_program(p),
            Kernel::Assemble(a) => check_parts(a),
            Kernel::Scan(s) => s.check(sizes),
            _ => Ok(()),
        }
    }
}

/// Whether a result may lie where an operand lies.
fn in_place(p: &elementwise::Program, load: usize, store: usize) -> bool {
    let Some(l) = p.loads.get(load) else { return false };
    let is_last = |slot: &u8| *slot as usize == load;
    let Some(s) = p.stores.get(store) else {
        // Of Adam, which reads before it writes, behind all steps.
        let place = p.adam.and_then(|adam| adam.places.get(store - p.stores.len()).copied());
        return l.access == Access::Linear && place == Some(l.place);
    };
    if p.adam.is_some_and(|adam| adam.tiles.iter().chain(&adam.constants).any(is_last)) {
        return l.access == Access::Linear && l.place == s.place && !s.direct;
    }
    let reads = p.steps.iter().rposition(|step| step.operands.contains(&(load as u8)));
    let written = p.steps.iter().position(|step| step.target == s.slot);
    l.access == Access::Linear && l.place == s.place && (!s.direct || reads < written)
}

fn check_program(p: &elementwise::Program) -> Result<(), String> {
    let slots = p.loads.len() + p.registers;
    if slots > MAX_SLOTS {
        return Err(format!("{slots} slots"));
    }
    for load in &p.loads {
        if let Access::Strided(axes) = &load.access
            && (axes.is_empty() || axes.len() > MAX_AXES || reduce::count(axes) != p.count)
        {
            return Err(format!("an operand of {} numbers has the axes {axes:?}", p.count));
        }
    }
    let register = |slot: u8| (p.loads.len()..slots).contains(&(slot as usize));
    if let Some(adam) = &p.adam
        && adam.tiles.iter().chain(&adam.constants).any(|slot| *slot as usize >= slots)
    {
        return Err(format!("{adam:?} of {slots} slots"));
    }
    for step in &p.steps {
        let inside = step.operands.iter().all(|o| (*o as usize) < slots);
        if !inside || !register(step.target) || step.operands.contains(&step.target) {
            return Err(format!("{step:?} of {slots} slots"));
        }
    }
    for (i, store) in p.stores.iter().enumerate() {
        let again = p.stores[..i].iter().any(|s| s.direct && s.slot == store.slot);
        let writers = p.steps.iter().filter(|s| s.target == store.slot).count();
        if !register(store.slot) || store.direct && (again || writers != 1) {
            return Err(format!("{store:?} of {slots} slots"));
        }
    }
    Ok(())
}

fn check_parts(a: &assemble::Assemble) -> Result<(), String> {
    for part in &a.parts {
        let target = Place { space: Space::Arena, offset: part.target };
        let range = Range::strided(target, part.axes.iter().map(|a| (a.0, a.2)));
        if range.start < 0 || range.end > a.count as i128 {
            return Err(format!("a part covers {range:?} of {}", a.count));
        }
    }
    Ok(())
}

/// Elements of the four pieces of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Sizes {
    pub arena: usize,
    pub inputs: usize,
    pub states: usize,
    pub literals: usize,
    /// Of the memory that a band has for itself.
    pub own: usize,
}

impl Sizes {
    fn of(&self, space: Space) -> usize {
        match space {
            Space::Arena => self.arena,
            Space::Inputs => self.inputs,
            Space::States => self.states,
            Space::Literals => self.literals,
            Space::Own => self.own,
        }
    }
}

/// The memory of a run.
pub struct Memory<'a, E> {
    /// What a step computes.
    pub arena: &'a mut Buffer<E>,
    /// What the caller supplied.
    pub inputs: &'a Buffer<E>,
    /// What lives from step to step.
    pub states: &'a mut Buffer<E>,
    /// What is known at compile time.
    pub literals: &'a Buffer<E>,
    /// [`Code::scratch`] numbers for each thread.
    pub scratch: &'a mut Buffer<E>,
}

/// Checked instructions.
#[derive(Debug, Clone)]
pub struct Code {
    kernels: Vec<Kernel>,
    sizes: Sizes,
    scratch: usize,
}

impl Code {
    /// Checks that every operand lies within its memory, that only the arena and the states are written, and that no
    /// instruction reads what it writes, but element by element.
    pub fn new(kernels: Vec<Kernel>, sizes: Sizes) -> Result<Code, String> {
        let mut scratch = 0;
        for (i, kernel) in kernels.iter().enumerate() {
            kernel.check(&sizes).map_err(|why| format!("instruction {i}: {why}"))?;
            // Whole cache lines, so that each thread's part begins on one.
            scratch = scratch.max(kernel.scratch().next_multiple_of(16));
        }
        Ok(Code { kernels, sizes, scratch })
    }

    /// The instructions.
    pub fn kernels(&self) -> &[Kernel] {
        &self.kernels
    }

    /// Scratch elements of a thread.
    pub fn scratch(&self) -> usize {
        self.scratch
    }

    /// Runs the instructions of a range, in order.
    ///
    /// # Panics
    /// Where a buffer is smaller than the sizes that the code was checked with.
    pub fn run<E: Element>(
        &self,
        range: std::ops::Range<usize>,
        memory: Memory<E>,
        team: &Team,
        feed: &Feed,
        clock: Option<&Clock>,
    ) {
        self.with_memory(memory, team, feed, |around| {
            for (kernel, instruction) in self.kernels[range.clone()].iter().zip(range) {
                let clock = clock.map(|clock| (clock, instruction));
                // SAFETY: checked by `new`, with these sizes; the buffers are borrowed for the whole run.
                unsafe { self.run_kernel(kernel, Around { clock, ..around }) };
            }
        });
    }

    /// Runs an instruction that is a loop, and says on which way through its bodies the first number is made that is
    /// NaN or infinite, of operands that are neither; and that number.
    pub fn find_inside<E: Element>(
        &self,
        instruction: usize,
        memory: Memory<E>,
        team: &Team,
        feed: &Feed,
    ) -> Option<(Vec<usize>, E)> {
        let Some(Kernel::Scan(scan)) = self.kernels.get(instruction) else { return None };
        // SAFETY: as in `run`.
        self.with_memory(memory, team, feed, |around| unsafe { scan.find_not_finite(around) })
    }

    /// Checks the buffers and hands out where they begin.
    fn with_memory<E: Element, R>(
        &self,
        memory: Memory<E>,
        team: &Team,
        feed: &Feed,
        run: impl FnOnce(Around<E>) -> R,
    ) -> R {
        let Memory { arena, inputs, states, literals, scratch } = memory;
        let sizes = &self.sizes;
        assert!(arena.len() >= sizes.arena && inputs.len() >= sizes.inputs, "memory of another plan");
        assert!(states.len() >= sizes.states && literals.len() >= sizes.literals, "memory of another plan");
        assert!(scratch.len() >= self.scratch * team.threads(), "scratch of another plan");
        let bases = Bases {
            arena: arena.as_mut_slice().as_mut_ptr(),
            inputs: inputs.as_slice().as_ptr().cast_mut(),
            states: states.as_mut_slice().as_mut_ptr(),
            literals: literals.as_slice().as_ptr().cast_mut(),
            own: std::ptr::null_mut(),
        };
        let scratch = SendPointer(scratch.as_mut_slice().as_mut_ptr());
        run(Around { bases: &bases, team, feed, scratch, share: self.scratch, clock: None })
    }

    /// Runs one instruction.
    ///
    /// # Safety
    /// The kernel is one of this code, the memory that it was checked with.
    unsafe fn run_kernel<E: Element>(&self, kernel: &Kernel, around: Around<E>) {
        if let Kernel::Scan(scan) = kernel {
            let start = Instant::now();
            // SAFETY: passed on.
            unsafe { scan.run(Around { clock: None, ..around }) };
            if let Some((clock, instruction)) = around.clock {
                clock.lap(instruction, None, 0, start);
            }
            return;
        }
        let pieces = kernel.pieces();
        let run = |piece: usize, worker: usize| {
            let scratch = around.scratch.part(worker * around.share);
            if let Kernel::Bands(bands) = kernel {
                // SAFETY: passed on; each worker has its own part of the scratch memory.
                return unsafe { bands.run(around, scratch, piece, worker) };
            }
            let start = around.clock.map(|_| Instant::now());
            // SAFETY: as above.
            unsafe { kernel.run(around.bases, around.feed, scratch, piece) }
            if let (Some((clock, instruction)), Some(start)) = (around.clock, start) {
                clock.lap(instruction, None, worker, start);
            }
        };
        if pieces == 1 {
            run(0, 0);
        } else {
            around.team.run(pieces, &run);
        }
    }

    /// Runs all instructions of the body of a loop.
    ///
    /// # Safety
    /// As [`Code::run_kernel`].
    unsafe fn run_all<E: Element>(&self, around: Around<E>) {
        for kernel in &self.kernels {
            // SAFETY: passed on.
            unsafe { self.run_kernel(kernel, around) };
        }
    }

    /// Runs all instructions of the body of a loop and looks at every result.
    ///
    /// # Safety
    /// As [`Code::run_kernel`].
    unsafe fn find_not_finite<E: Element>(&self, around: Around<E>) -> Option<(Vec<usize>, E)> {
        let look = |kernel: &Kernel, results: bool| {
            let bases = around.bases;
            let sizes = &self.sizes;
            // SAFETY: the memory that the code was checked with; nothing runs while it is looked at.
            let memory = unsafe {
                [
                    std::slice::from_raw_parts(bases.arena.cast_const(), sizes.arena),
                    std::slice::from_raw_parts(bases.inputs.cast_const(), sizes.inputs),
                    std::slice::from_raw_parts(bases.states.cast_const(), sizes.states),
                    std::slice::from_raw_parts(bases.literals.cast_const(), sizes.literals),
                ]
            };
            kernel.not_finite(memory, results)
        };
        for (i, kernel) in self.kernels.iter().enumerate() {
            let before = look(kernel, false);
            // SAFETY: passed on.
            unsafe { self.run_kernel(kernel, around) };
            if let (None, Some(number)) = (before, look(kernel, true)) {
                let mut way = vec![i];
                if let Kernel::Scan(inner) = kernel
                    // SAFETY: passed on; a loop can run twice, for it does not write what it reads.
                    && let Some((rest, _)) = unsafe { inner.find_not_finite(around) }
                {
                    way.extend(rest);
                }
                return Some((way, number));
            }
        }
        None
    }
}

#[derive(Clone, Copy)]
struct SendPointer<E>(*mut E);

impl<E> SendPointer<E> {
    /// The address of a thread's part.
    fn part(&self, offset: usize) -> *mut E {
        self.0.wrapping_add(offset)
    }
}

// SAFETY: each thread reaches its own part only (`Code::run`).
unsafe impl<E: Send> Send for SendPointer<E> {}
// SAFETY: as above.
unsafe impl<E: Send> Sync for SendPointer<E> {}
