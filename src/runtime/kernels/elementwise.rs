//! Fused elementwise computations: one pass over memory for a whole expression, several results at once.
//!
//! A [`Program`] runs tile by tile. A tile is a few hundred consecutive elements (row-major) of every operand; the
//! registers of the little program are tiles in a scratch memory that stays in the first-level cache, and each of its
//! steps is a vector loop. Operands that lie linear in memory are read in place; all others (broadcast, transposed,
//! sliced) are gathered, a tile at a time.

use super::adam::Adam;
use super::math::with_fused;
use super::memory::{Bases, Place};
use crate::ir::op::{Binary, Unary};
use crate::runtime::element::{Element, apply_binary, apply_unary};
use multiversion::multiversion;

/// Elements of a tile: half a page of f32; a handful of them fits the first-level cache.
pub const TILE: usize = 512;
/// Most operands, constants and registers of a program together.
pub const MAX_SLOTS: usize = 96;
/// Most axes of a gathered operand, after axes that continue each other have been joined.
pub const MAX_AXES: usize = 8;
/// Elements of a piece that a thread takes, for one step of the program per element.
const PIECE_WORK: usize = 96 * 1024;

/// How an operand lies in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// One number behind the other, in the order of the tiles.
    Linear,
    /// The same number for all.
    Scalar,
    /// Sizes and strides, the last axis the fastest; at most [`MAX_AXES`].
    Strided(Vec<(usize, isize)>),
    /// A tile of equal numbers, the same for all tiles.
    Splat,
}

/// An operand.
#[derive(Debug, Clone)]
pub struct Load {
    /// Its first element.
    pub place: Place,
    /// How the others follow.
    pub access: Access,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TileOp {
    /// Of `a`.
    Unary(Unary),
    /// Of `a` and `b`.
    Binary(Binary),
    /// `b` where `a` is not 0, else `c`.
    Select,
}

/// One vector loop. Slots are numbered: first the loads, then the registers.
#[derive(Debug, Clone, Copy)]
pub struct TileStep {
    /// What it does.
    pub op: TileOp,
    /// Its operands; unused ones repeat the first.
    pub operands: [u8; 3],
    /// The register that takes the result; never an operand of the same step.
    pub target: u8,
}

/// A result, linear in memory.
#[derive(Debug, Clone, Copy)]
pub struct Store {
    /// Where it goes.
    pub place: Place,
    /// From which slot.
    pub slot: u8,
    /// Whether the register of the slot is this memory, so that nothing need be copied.
    pub direct: bool,
}

/// A fused elementwise computation.
#[derive(Debug, Clone)]
pub struct Program {
    /// Elements of each result.
    pub count: usize,
    /// Operands.
    pub loads: Vec<Load>,
    /// Number of registers.
    pub registers: usize,
    /// In order.
    pub steps: Vec<TileStep>,
    /// Results.
    pub stores: Vec<Store>,
    /// What is done behind the steps.
    pub adam: Option<Adam>,
}

impl Program {
    /// Elements of a piece: whole tiles, so many that a hand-over pays; from the program alone.
    fn piece(&self) -> usize {
        let steps: usize = self.steps.iter().map(|s| weight(s.op)).sum();
        let weight = 2 + steps + self.adam.map_or(0, |_| ADAM) + self.loads.len();
        (4 * PIECE_WORK / weight).next_multiple_of(TILE)
    }

    /// Into how many pieces it is cut. They are ranges of elements, so they write disjoint memory.
    pub fn pieces(&self) -> usize {
        self.count.div_ceil(self.piece())
    }

    /// Scratch elements of a worker: a tile for each slot.
    pub fn scratch(&self) -> usize {
        (self.loads.len() + self.registers) * TILE
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`; `scratch` has room for [`Program::scratch`] numbers and is not used
    /// by anyone else.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, piece: usize) {
        let start = piece * self.piece();
        let end = (start + self.piece()).min(self.count);
        // SAFETY: passed on.
        unsafe { run_range(self, bases, scratch, start, end) }
    }
}

/// How long the update of Adam takes, in the units of [`weight`].
const ADAM: usize = 12;

/// How long a step takes, in units of an addition.
fn weight(op: TileOp) -> usize {
    match op {
        TileOp::Unary(unary) => match unary {
            Unary::StopGradient
            | Unary::Again
            | Unary::Negate
            | Unary::Absolute
            | Unary::Sign
            | Unary::Floor
            | Unary::Ceil
            | Unary::Square
            | Unary::Relu
            | Unary::Not => 1,
            Unary::Reciprocal | Unary::SquareRoot | Unary::ReciprocalSquareRoot => 3,
            Unary::Exponential | Unary::Logarithm | Unary::LogarithmOnePlus | Unary::Sigmoid => 8,
            Unary::Tanh | Unary::ErrorFunction => 12,
            Unary::Softplus | Unary::Sine | Unary::Cosine => 20,
        },
        TileOp::Binary(Binary::Power) => 100,
        TileOp::Binary(Binary::Divide) => 3,
        TileOp::Binary(_) | TileOp::Select => 1,
    }
}

/// Calls `map` with a closure in which the unary is a constant, so that each loop is compiled by itself.
macro_rules! each_unary {
    ($op:expr, $map:ident, $x:expr, $y:expr; $($name:ident)*) => {
        match $op { $(Unary::$name => $map($x, $y, |x| apply_unary::<E, FUSED>(Unary::$name, x)),)* }
    };
}

macro_rules! each_binary {
    ($op:expr, $map:ident, $a:expr, $b:expr, $y:expr; $($name:ident)*) => {
        match $op { $(Binary::$name => $map($a, $b, $y, |a, b| apply_binary(Binary::$name, a, b)),)* }
    };
}

#[inline(always)]
fn map1<E: Element>(x: &[E], y: &mut [E], f: impl Fn(E) -> E) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = f(*x);
    }
}

#[inline(always)]
fn map2<E: Element>(a: &[E], b: &[E], y: &mut [E], f: impl Fn(E, E) -> E) {
    for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
        *y = f(*a, *b);
    }
}

/// Sine and cosine of large numbers, which the vector loop gets wrong.
#[inline(always)]
fn repair<E: Element>(x: &[E], y: &mut [E], f: impl Fn(E) -> E) {
    if x.iter().any(|x| x.trigonometric_by_hand()) {
        for (y, x) in y.iter_mut().zip(x) {
            if x.trigonometric_by_hand() {
                *y = f(*x);
            }
        }
    }
}

#[inline(always)]
fn step<E: Element, const FUSED: bool>(op: TileOp, a: &[E], b: &[E], c: &[E], y: &mut [E]) {
    match op {
        TileOp::Unary(unary) => {
            each_unary!(unary, map1, a, y; StopGradient Again Negate Absolute Sign Floor Ceil Reciprocal Square SquareRoot
                ReciprocalSquareRoot Exponential Logarithm LogarithmOnePlus Sine Cosine Tanh Sigmoid Softplus
                ErrorFunction Relu Not);
            match unary {
                Unary::Sine => repair(a, y, E::slow_sine),
                Unary::Cosine => repair(a, y, E::slow_cosine),
                _ => {}
            }
        }
        TileOp::Binary(binary) => each_binary!(binary, map2, a, b, y; Add Subtract Multiply Divide Power Maximum
            Minimum Equal NotEqual Less LessEqual And Or),
        TileOp::Select => {
            for (((y, a), b), c) in y.iter_mut().zip(a).zip(b).zip(c) {
                *y = if *a != E::ZERO { *b } else { *c };
            }
        }
    }
}

/// Copies elements `start ..` (row-major) of a strided operand to `tile`.
///
/// # Safety
/// All elements of the operand were checked by `Code::new`.
#[inline(always)]
pub(super) unsafe fn gather<E: Copy>(axes: &[(usize, isize)], base: *const E, start: usize, tile: &mut [E]) {
    let mut index = [0_usize; MAX_AXES];
    let mut offset = 0_isize;
    let mut rest = start;
    for (axis, (size, stride)) in axes.iter().enumerate().rev() {
        index[axis] = rest % size;
        rest /= size;
        offset += index[axis] as isize * stride;
    }
    let last = axes.len() - 1;
    let (inner, stride) = axes[last];
    let mut tile = tile;
    loop {
        let run = (inner - index[last]).min(tile.len());
        let (now, later) = tile.split_at_mut(run);
        // SAFETY (the three below): `offset` is that of an element of the operand, as are the `run - 1` that follow
        // along the last axis.
        let from = unsafe { base.offset(offset) };
        match stride {
            0 => now.fill(unsafe { *from }),
            1 => now.copy_from_slice(unsafe { std::slice::from_raw_parts(from, run) }),
            _ => {
                for (i, y) in now.iter_mut().enumerate() {
                    *y = unsafe { *from.offset(i as isize * stride) };
                }
            }
        }
        if later.is_empty() {
            return;
        }
        tile = later;
        offset -= index[last] as isize * stride;
        index[last] = 0;
        for axis in (0..last).rev() {
            index[axis] += 1;
            offset += axes[axis].1;
            if index[axis] < axes[axis].0 {
                break;
            }
            offset -= axes[axis].0 as isize * axes[axis].1;
            index[axis] = 0;
        }
    }
}

/// # Safety
/// As [`Program::run`].
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn run_range<E: Element>(program: &Program, bases: &Bases<E>, scratch: *mut E, start: usize, end: usize) {
    // SAFETY: passed on.
    unsafe { with_fused!(run_tiles::<E>(program, bases, scratch, start, end)) }
}

/// # Safety
/// As [`Program::run`].
#[inline(always)]
unsafe fn run_tiles<E: Element, const FUSED: bool>(
    program: &Program,
    bases: &Bases<E>,
    scratch: *mut E,
    start: usize,
    end: usize,
) {
    let mut slots = [std::ptr::null_mut::<E>(); MAX_SLOTS];
    let loads = program.loads.len();
    let widest = TILE.min(end - start);
    for (i, load) in program.loads.iter().enumerate() {
        // SAFETY: room for a tile per slot, by contract.
        let own = unsafe { scratch.add(i * TILE) };
        slots[i] = match &load.access {
            Access::Linear | Access::Splat => bases.pointer(load.place),
            Access::Strided(_) => own,
            Access::Scalar => {
                // SAFETY: one element, checked; the slot's own tile.
                unsafe { std::slice::from_raw_parts_mut(own, widest).fill(*bases.pointer(load.place)) };
                own
            }
        };
    }
    for register in 0..program.registers {
        // SAFETY: room for a tile per slot, by contract.
        slots[loads + register] = unsafe { scratch.add((loads + register) * TILE) };
    }
    for store in program.stores.iter().filter(|s| s.direct) {
        slots[store.slot as usize] = bases.pointer(store.place).wrapping_add(start);
    }
    let mut at = start;
    while at < end {
        let len = TILE.min(end - at);
        for (i, load) in program.loads.iter().enumerate() {
            if let Access::Strided(axes) = &load.access {
                // SAFETY: the slot's own tile; the operand was checked.
                unsafe {
                    let tile = std::slice::from_raw_parts_mut(slots[i], len);
                    gather(axes, bases.pointer(load.place), at, tile);
                }
            }
        }
        // Linear operands and direct results move with the tile.
        let now = slots;
        let slot = |slot: u8| {
            let slot = slot as usize;
            let moves = program.loads.get(slot).is_some_and(|load| load.access == Access::Linear);
            now[slot].wrapping_add(if moves { at } else { 0 })
        };
        for s in &program.steps {
            let target = slots[s.target as usize];
            // SAFETY: every slot has `len` numbers: a tile of scratch, a splat, or the checked memory of an operand or
            // result from `at` on. The target is no operand of this step, and a direct result that is computed in
            // place of an operand is written only when that operand is no longer read (`Code::new` checks both).
            unsafe {
                let [a, b, c] = s.operands.map(|o| std::slice::from_raw_parts(slot(o), len));
                step::<E, FUSED>(s.op, a, b, c, std::slice::from_raw_parts_mut(target, len));
            }
        }
        if let Some(adam) = &program.adam {
            // SAFETY: tiles as above; a constant's slot has at least one number; each result is linear memory from `at`
            // on, apart from what is read but for the tile in whose place it lies (`Code::new` checks it).
            unsafe {
                let tiles = adam.tiles.map(|s| slot(s).cast_const());
                let constants = adam.constants.map(|s| *slots[s as usize]);
                Adam::run(len, tiles, constants, adam.places.map(|place| bases.pointer(place).wrapping_add(at)));
            }
        }
        for store in program.stores.iter().filter(|s| !s.direct) {
            // SAFETY: as above; `copy` allows the ranges to be the same.
            unsafe { std::ptr::copy(slot(store.slot), bases.pointer(store.place).wrapping_add(at), len) };
        }
        for store in program.stores.iter().filter(|s| s.direct) {
            slots[store.slot as usize] = slots[store.slot as usize].wrapping_add(len);
        }
        at += len;
    }
}
