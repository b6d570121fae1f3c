//! Recurrent layers: all steps of some examples in one piece.
//!
//! What a step needs of the one before stays in the cache of its thread: the weight, packed once for all steps, and the
//! states of the examples at hand. A piece is a range of examples, which have nothing to do with each other. What the
//! operands are and how the result is laid out: [`crate::ir::recurrent`].

mod backward;
mod forward;
mod numbers;
mod panels;

use super::math::with_fused;
use super::memory::{Bases, Place};
use crate::ir::recurrent::Recurrence;
use crate::runtime::element::Element;
use multiversion::multiversion;
use std::ops::Range;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// From inputs to states.
    Forward {
        /// Whether the result holds what the backward pass needs.
        keep: bool,
    },
    /// From the gradients of the states to those of the inputs.
    Backward,
}

/// A recurrent layer, one pass of it.
#[derive(Debug, Clone)]
pub struct Recurrent {
    /// The cell and its direction.
    pub recurrence: Recurrence,
    /// Which pass.
    pub pass: Pass,
    /// Steps, examples, size of the state.
    pub sizes: [usize; 3],
    /// All linear: products, weight, bias, lengths; backward gradients, forward result, weight, lengths.
    pub inputs: [Place; 4],
    /// Linear.
    pub output: Place,
}

impl Recurrent {
    /// Numbers of the flat result of the forward pass.
    fn forward_size(&self, keep: bool) -> usize {
        let [steps, batch, n] = self.sizes;
        let kept = if keep { self.recurrence.cell.kept() } else { 0 };
        (steps + 1 + steps * kept) * batch * n
    }

    /// Numbers of each operand.
    pub fn input_sizes(&self) -> [usize; 4] {
        let [steps, batch, n] = self.sizes;
        let cell = self.recurrence.cell;
        let weight = cell.gates() * n * n;
        match self.pass {
            Pass::Forward { .. } => [steps * batch * cell.gates() * n, weight, cell.biases() * n, batch],
            Pass::Backward => [steps * batch * n, self.forward_size(true), weight, batch],
        }
    }

    /// Numbers of the result.
    pub fn output_size(&self) -> usize {
        let [steps, batch, n] = self.sizes;
        match self.pass {
            Pass::Forward { keep } => self.forward_size(keep),
            Pass::Backward => steps * batch * n * self.recurrence.cell.biases(),
        }
    }

    /// Examples of a piece: whole tiles of the products, and few enough that there are pieces for all threads.
    fn examples(&self) -> usize {
        match self.sizes[1] {
            0..=16 => 8,
            17..=256 => 16,
            _ => 32,
        }
    }

    /// Into how many pieces it is cut.
    pub fn pieces(&self) -> usize {
        self.sizes[1].div_ceil(self.examples())
    }

    /// Scratch elements of a thread: the packed weight, then what the pass keeps from step to step.
    pub fn scratch(&self) -> usize {
        let n = self.sizes[2];
        let examples = self.examples().min(self.sizes[1]);
        self.panels_size() + examples * self.state_size() + n
    }

    /// Numbers of the packed weight.
    fn panels_size(&self) -> usize {
        let n = self.sizes[2];
        let gates = self.recurrence.cell.gates() * n;
        match self.pass {
            Pass::Forward { .. } => panels::size(n, gates),
            Pass::Backward => panels::size(gates, n),
        }
    }

    /// Numbers that an example has in scratch memory.
    fn state_size(&self) -> usize {
        let (cell, n) = (self.recurrence.cell, self.sizes[2]);
        match self.pass {
            Pass::Forward { keep: true } => 0,
            Pass::Forward { keep: false } => cell.kept() * n,
            // The gradients of state and cell, and those of the gates as the weight multiplied them.
            Pass::Backward => (2 + cell.gates()) * n,
        }
    }

    /// Runs one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`; `scratch` has room for [`Recurrent::scratch`] numbers and is not used
    /// by anyone else.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>, scratch: *mut E, piece: usize) {
        let start = piece * self.examples();
        let examples = start..(start + self.examples()).min(self.sizes[1]);
        // SAFETY: passed on. Pieces write the rows of their own examples only.
        unsafe { run_examples(self, bases, scratch, examples) }
    }

    /// The `at`-th step that is walked.
    fn step(&self, at: usize) -> usize {
        if self.recurrence.reverse { self.sizes[0] - 1 - at } else { at }
    }
}

/// # Safety
/// As [`Recurrent::run`].
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
unsafe fn run_examples<E: Element>(layer: &Recurrent, bases: &Bases<E>, scratch: *mut E, examples: Range<usize>) {
    // SAFETY: passed on.
    unsafe { with_fused!(run_pass::<E>(layer, bases, scratch, examples)) }
}

/// # Safety
/// As [`Recurrent::run`].
#[inline(always)]
unsafe fn run_pass<E: Element, const FUSED: bool>(
    layer: &Recurrent,
    bases: &Bases<E>,
    scratch: *mut E,
    examples: Range<usize>,
) {
    // SAFETY: passed on.
    unsafe {
        match layer.pass {
            Pass::Forward { keep } => forward::run::<E, FUSED>(layer, keep, bases, scratch, examples),
            Pass::Backward => backward::run::<E, FUSED>(layer, bases, scratch, examples),
        }
    }
}
