//! The forward pass.

use super::numbers::{of_four, of_one, of_three};
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
                for i in 0..count {
                    let from = products.add((step * batch + examples.start + i) * width);
                    let to = std::slice::from_raw_parts_mut(target.add(i * distance), width);
                    begin(cell, n, std::slice::from_raw_parts(from, width), bias, to);
                }
                if at > 0 {
                    let h = (row(before, examples.start).cast_const(), n);
                    panels::add_product(count, [n, width], h, packed, (target, distance));
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
                match cell {
                    Cell::Rnn { relu: true } => relu(h),
                    Cell::Rnn { relu: false } => tanh::<E, FUSED>(h),
                    Cell::Lstm => lstm::<E, FUSED>(n, gates, h),
                    Cell::Gru => {
                        let from = products.add((step * batch + example) * width + 2 * n);
                        let candidate = std::slice::from_raw_parts(from, n);
                        gru::<E, FUSED>(n, candidate, &bias[2 * n..3 * n], h_before, gates, h);
                    }
                }
            }
        }
    }
}

/// What the product with the states is added to: product of the input, and bias. A GRU's last gate has its input
/// added later.
#[inline(always)]
fn begin<E: Element>(cell: Cell, n: usize, products: &[E], bias: &[E], to: &mut [E]) {
    let summed = if cell == Cell::Gru { 2 * n } else { products.len() };
    let (front, back) = to.split_at_mut(summed);
    of_three(front, products, bias, |_, p, b| p + b);
    if cell == Cell::Gru {
        back.copy_from_slice(&bias[3 * n..]);
    }
}

#[inline(always)]
fn relu<E: Element>(h: &mut [E]) {
    // NaN stays.
    of_one(h, |h| if h < E::ZERO { E::ZERO } else { h });
}

#[inline(always)]
fn tanh<E: Element, const FUSED: bool>(x: &mut [E]) {
    of_one(x, |x| x.hyperbolic_tangent::<FUSED>());
}

#[inline(always)]
fn sigmoid<E: Element, const FUSED: bool>(x: &mut [E]) {
    of_one(x, |x| x.logistic::<FUSED>());
}

/// `gates` holds i, f, g, o before their functions, and the cell before the step.
#[inline(always)]
fn lstm<E: Element, const FUSED: bool>(n: usize, gates: &mut [E], h: &mut [E]) {
    let (gates, c) = gates.split_at_mut(4 * n);
    sigmoid::<E, FUSED>(&mut gates[..2 * n]);
    tanh::<E, FUSED>(&mut gates[2 * n..3 * n]);
    sigmoid::<E, FUSED>(&mut gates[3 * n..]);
    let (i, rest) = gates.split_at(n);
    let (f, rest) = rest.split_at(n);
    let (g, o) = rest.split_at(n);
    of_four(c, i, f, g, |c, i, f, g| f * c + i * g);
    of_three(h, c, o, |_, c, o| o * c.hyperbolic_tangent::<FUSED>());
}

/// `gates` holds r and z before their functions, `W_hn h + b_hn`, and room for n.
#[inline(always)]
fn gru<E: Element, const FUSED: bool>(
    n: usize,
    products: &[E],
    bias: &[E],
    h_before: &[E],
    gates: &mut [E],
    h: &mut [E],
) {
    let (gates, candidate) = gates.split_at_mut(3 * n);
    sigmoid::<E, FUSED>(&mut gates[..2 * n]);
    let (r, rest) = gates.split_at(n);
    let (z, m) = rest.split_at(n);
    of_three(candidate, r, m, |_, r, m| r * m);
    of_three(candidate, products, bias, |x, p, b| p + b + x);
    tanh::<E, FUSED>(candidate);
    of_four(h, h_before, z, candidate, |_, before, z, n| (E::ONE - z) * n + z * before);
}
