//! The forward pass.

use super::numbers::{of_four, of_three, of_two};
use super::{Recurrent, panels};
use crate::ir::recurrent::Cell;
use crate::runtime::element::Element;
use crate::runtime::kernels::memory::Bases;
use std::ops::Range;

/// All steps of some examples.
///
/// # Safety
/// As [`Recurrent::run`].
#[inline(always)]
pub unsafe fn run<E: Element, const FUSED: bool>(
    layer: &Recurrent,
    keep: bool,
    bases: &Bases<E>,
    scratch: *mut E,
    examples: Range<usize>,
) {
    let [steps, batch, n] = layer.sizes;
    let (cell, count) = (layer.recurrence.cell, examples.len());
    let (width, kept) = (cell.gates() * n, cell.kept() * n);
    let [products, weight, bias, lengths] = layer.inputs;
    let (products, weight) = (bases.pointer(products).cast_const(), bases.pointer(weight).cast_const());
    // SAFETY: these ranges were checked, and operands are not written.
    let (bias, lengths) = unsafe { (bases.read(bias, cell.biases() * n), bases.read(lengths, batch)) };
    let states = bases.pointer(layer.output);
    // SAFETY: every range below lies within an operand, the result or the scratch memory, whose sizes follow from the
    // same numbers (`input_sizes`, `output_size`, `scratch`); of the result only the rows of `examples` are touched,
    // which belong to this piece. No two slices that are alive together overlap: states of different rows, and what
    // is kept, lie apart.
    unsafe {
        let packed = scratch;
        panels::pack([n, width], (weight, [1, n]), packed);
        let own = scratch.add(layer.panels_size());
        std::slice::from_raw_parts_mut(own, if keep { 0 } else { count * kept }).fill(E::ZERO);
        let kept_rows = states.add((steps + 1) * batch * n);
        let slot = |step: usize, example: usize| match keep {
            true => kept_rows.add((step * batch + example) * kept),
            false => own.add((example - examples.start) * kept),
        };
        let row = |row: usize, example: usize| states.add((row * batch + example) * n);
        if steps == 0 {
            std::slice::from_raw_parts_mut(row(0, examples.start), count * n).fill(E::ZERO);
        }
        for at in 0..steps {
            let step = layer.step(at);
            let (before, after) = (step + layer.recurrence.previous_from(), step + layer.recurrence.states_from());
            if at == 0 {
                std::slice::from_raw_parts_mut(row(before, examples.start), count * n).fill(E::ZERO);
            }
            let lives = |example: usize| (step as f64) < lengths[example].to_f64();
            let is_any_alive = examples.clone().any(lives);
            if is_any_alive {
                // What becomes the gates, or the state itself.
                let (target, distance) = match cell {
                    Cell::Rnn { .. } => (row(after, examples.start), n),
                    Cell::Lstm | Cell::Gru => (slot(step, examples.start), kept),
                };
                if at > 0 {
                    let h = (row(before, examples.start).cast_const(), n);
                    panels::product(count, [n, width], h, packed, (target, distance), false);
                } else {
                    for i in 0..count {
                        std::slice::from_raw_parts_mut(target.add(i * distance), width).fill(E::ZERO);
                    }
                }
            }
            for example in examples.clone() {
                let h_before = std::slice::from_raw_parts(row(before, example), n);
                let h = std::slice::from_raw_parts_mut(row(after, example), n);
                let gates = std::slice::from_raw_parts_mut(slot(step, example), kept);
                if cell == Cell::Lstm && keep {
                    let c = &mut gates[4 * n..];
                    match at {
                        0 => c.fill(E::ZERO),
                        _ => c.copy_from_slice(std::slice::from_raw_parts(
                            slot(layer.step(at - 1), example).add(4 * n),
                            n,
                        )),
                    }
                }
                if !lives(example) {
                    h.copy_from_slice(h_before);
                    // All but the cell of an LSTM, which stays too.
                    gates[..kept - if cell == Cell::Lstm { n } else { 0 }].fill(E::ZERO);
                    continue;
                }
                let from = products.add((step * batch + example) * width);
                let came_in = (std::slice::from_raw_parts(from, width), bias);
                match cell {
                    Cell::Rnn { relu: true } => relu(came_in, h),
                    Cell::Rnn { relu: false } => tanh::<E, FUSED>(came_in, h),
                    Cell::Lstm => lstm::<E, FUSED>(n, came_in, gates, h),
                    Cell::Gru => gru::<E, FUSED>(n, came_in, h_before, gates, h),
                }
            }
        }
    }
}

/// What comes in at a step: the products of the input, and the bias. Each function adds both to what it begins with, the
/// product with the states, on its way: a pass of their own would go through all of the gates once more.
type CameIn<'a, E> = (&'a [E], &'a [E]);

#[inline(always)]
fn relu<E: Element>((products, bias): CameIn<E>, h: &mut [E]) {
    of_three(h, products, bias, |x, p, b| {
        let x = p + b + x;
        // NaN stays.
        if x < E::ZERO { E::ZERO } else { x }
    });
}

#[inline(always)]
fn tanh<E: Element, const FUSED: bool>((products, bias): CameIn<E>, x: &mut [E]) {
    of_three(x, products, bias, |x, p, b| (p + b + x).hyperbolic_tangent::<FUSED>());
}

#[inline(always)]
fn sigmoid<E: Element, const FUSED: bool>((products, bias): CameIn<E>, x: &mut [E]) {
    of_three(x, products, bias, |x, p, b| (p + b + x).logistic::<FUSED>());
}

/// `gates` holds room for i, f, g, o, which begin with `W h`, and the cell before the step.
#[inline(always)]
fn lstm<E: Element, const FUSED: bool>(n: usize, (products, bias): CameIn<E>, gates: &mut [E], h: &mut [E]) {
    let (gates, c) = gates.split_at_mut(4 * n);
    sigmoid::<E, FUSED>((&products[..2 * n], &bias[..2 * n]), &mut gates[..2 * n]);
    tanh::<E, FUSED>((&products[2 * n..3 * n], &bias[2 * n..3 * n]), &mut gates[2 * n..3 * n]);
    sigmoid::<E, FUSED>((&products[3 * n..], &bias[3 * n..]), &mut gates[3 * n..]);
    let (i, rest) = gates.split_at(n);
    let (f, rest) = rest.split_at(n);
    let (g, o) = rest.split_at(n);
    of_four(c, i, f, g, |c, i, f, g| f * c + i * g);
    of_three(h, c, o, |_, c, o| o * c.hyperbolic_tangent::<FUSED>());
}

/// `gates` holds room for r, z and `W_hn h + b_hn`, which begin with `W h`, and for n.
#[inline(always)]
fn gru<E: Element, const FUSED: bool>(
    n: usize,
    (products, bias): CameIn<E>,
    h_before: &[E],
    gates: &mut [E],
    h: &mut [E],
) {
    let (gates, candidate) = gates.split_at_mut(3 * n);
    sigmoid::<E, FUSED>((&products[..2 * n], &bias[..2 * n]), &mut gates[..2 * n]);
    of_two(&mut gates[2 * n..], &bias[3 * n..], |x, b| b + x);
    let (r, rest) = gates.split_at(n);
    let (z, m) = rest.split_at(n);
    of_three(candidate, r, m, |_, r, m| r * m);
    tanh::<E, FUSED>((&products[2 * n..], &bias[2 * n..3 * n]), candidate);
    of_four(h, h_before, z, candidate, |_, before, z, n| (E::ONE - z) * n + z * before);
}
