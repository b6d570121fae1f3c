//! The backward pass: through time from the last step that was walked to the first.

use super::numbers::{of_four, of_three, of_two};
use super::{Recurrent, panels};
use crate::ir::recurrent::Cell;
use crate::runtime::element::Element;
use crate::runtime::kernels::memory::Bases;
use std::ops::Range;
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// All steps of some examples.
///
/// # Safety
/// As [`Recurrent::run`].
#[inline(always)]
pub unsafe fn run<E: Element, const FUSED: bool>(
    layer: &Recurrent,
    bases: &Bases<E>,
    scratch: *mut E,
    examples: Range<usize>,
) {
    let [steps, batch, n] = layer.sizes;
    let (cell, count) = (layer.recurrence.cell, examples.len());
    let (width, kept) = (cell.gates() * n, cell.kept() * n);
    let [gradient, forward, weight, lengths] = layer.inputs;
    let (gradient, states) = (bases.pointer(gradient).cast_const(), bases.pointer(forward).cast_const());
    let weight = bases.pointer(weight).cast_const();
    // SAFETY: the range was checked, and operands are not written.
    let lengths = unsafe { bases.read(lengths, batch) };
    let output = bases.pointer(layer.output);
    // SAFETY: every range below lies within an operand, the result or the scratch memory, whose sizes follow from the
    // same numbers (`input_sizes`, `output_size`, `scratch`); of the result only the rows of `examples` are written,
    // which belong to this piece. Slices that are alive together and written lie apart: the parts of the scratch
    // memory follow each other, as do those of the result.
    unsafe {
        let packed = scratch;
        panels::pack([width, n], (weight, [n, 1]), packed);
        let dh = scratch.add(layer.panels_size());
        let dc = dh.add(count * n);
        let multiplied = dc.add(count * n);
        let zeros = multiplied.add(count * width);
        from_raw_parts_mut(dh, 2 * count * n).fill(E::ZERO);
        from_raw_parts_mut(zeros, n).fill(E::ZERO);
        let kept_rows = states.add((steps + 1) * batch * n);
        let row = |row: usize, example: usize| from_raw_parts(states.add((row * batch + example) * n), n);
        let slot = |step: usize, example: usize| kept_rows.add((step * batch + example) * kept);
        for at in (0..steps).rev() {
            let step = layer.step(at);
            let mut is_any_alive = false;
            for (i, example) in examples.clone().enumerate() {
                let dh = from_raw_parts_mut(dh.add(i * n), n);
                of_two(dh, from_raw_parts(gradient.add((step * batch + example) * n), n), |dh, g| dh + g);
                let out = from_raw_parts_mut(output.add((step * batch + example) * width), width);
                let apart = output.add(steps * batch * width + (step * batch + example) * n);
                let multiplied = from_raw_parts_mut(multiplied.add(i * width), width);
                if (step as f64) >= lengths[example].to_f64() {
                    // The gradient of a state that stayed as it was goes on as it is.
                    out.fill(E::ZERO);
                    if cell == Cell::Gru {
                        from_raw_parts_mut(apart, n).fill(E::ZERO);
                        multiplied.fill(E::ZERO);
                    }
                    continue;
                }
                is_any_alive = true;
                let record = from_raw_parts(slot(step, example), kept);
                match cell {
                    Cell::Rnn { relu } => {
                        rnn(relu, row(step + layer.recurrence.states_from(), example), dh, out);
                    }
                    Cell::Lstm => {
                        let before =
                            if at == 0 { zeros.cast_const() } else { slot(layer.step(at - 1), example).add(4 * n) };
                        let dc = from_raw_parts_mut(dc.add(i * n), n);
                        lstm::<E, FUSED>(n, record, from_raw_parts(before, n), dh, dc, out);
                    }
                    Cell::Gru => {
                        let before = row(step + layer.recurrence.previous_from(), example);
                        gru::<E, FUSED>(n, record, before, dh, out, multiplied);
                        from_raw_parts_mut(apart, n).copy_from_slice(&multiplied[2 * n..]);
                    }
                }
            }
            // Behind the first step stands the initial state, whose gradient nobody asks for.
            if at > 0 && is_any_alive {
                let gates = match cell {
                    Cell::Gru => multiplied.cast_const(),
                    Cell::Rnn { .. } | Cell::Lstm => output.add((step * batch + examples.start) * width).cast_const(),
                };
                panels::product(count, [width, n], (gates, width), packed, (dh, n), true);
            }
        }
    }
}

/// Each takes the gradient of the state behind the step, and leaves that part of the gradient of the state in front of
/// it which does not go through the weight.
#[inline(always)]
fn rnn<E: Element>(relu: bool, h: &[E], dh: &mut [E], out: &mut [E]) {
    match relu {
        true => of_three(out, dh, h, |_, dh, h| if h > E::ZERO { dh } else { E::ZERO }),
        false => of_three(out, dh, h, |_, dh, h| dh * (E::ONE - h * h)),
    }
    dh.fill(E::ZERO);
}

#[inline(always)]
fn lstm<E: Element, const FUSED: bool>(
    n: usize,
    record: &[E],
    c_before: &[E],
    dh: &mut [E],
    dc: &mut [E],
    out: &mut [E],
) {
    let (i, rest) = record.split_at(n);
    let (f, rest) = rest.split_at(n);
    let (g, rest) = rest.split_at(n);
    let (o, c) = rest.split_at(n);
    let (di, rest) = out.split_at_mut(n);
    let (df, rest) = rest.split_at_mut(n);
    let (dg, d_o) = rest.split_at_mut(n);
    of_two(d_o, c, |_, c| c.hyperbolic_tangent::<FUSED>());
    of_four(dc, dh, o, d_o, |dc, dh, o, squashed| dc + dh * o * (E::ONE - squashed * squashed));
    of_three(d_o, dh, o, |squashed, dh, o| dh * squashed * o * (E::ONE - o));
    of_four(di, dc, g, i, |_, dc, g, i| dc * g * i * (E::ONE - i));
    of_four(df, dc, c_before, f, |_, dc, c, f| dc * c * f * (E::ONE - f));
    of_four(dg, dc, i, g, |_, dc, i, g| dc * i * (E::ONE - g * g));
    of_two(dc, f, |dc, f| dc * f);
    dh.fill(E::ZERO);
}

#[inline(always)]
fn gru<E: Element, const FUSED: bool>(
    n: usize,
    record: &[E],
    h_before: &[E],
    dh: &mut [E],
    out: &mut [E],
    multiplied: &mut [E],
) {
    let (r, rest) = record.split_at(n);
    let (z, rest) = rest.split_at(n);
    let (m, candidate) = rest.split_at(n);
    let (dr, rest) = out.split_at_mut(n);
    let (dz, dn) = rest.split_at_mut(n);
    of_four(dn, dh, z, candidate, |_, dh, z, n| dh * (E::ONE - z) * (E::ONE - n * n));
    of_four(dr, dn, m, r, |_, dn, m, r| dn * m * r * (E::ONE - r));
    of_three(dz, h_before, candidate, |_, before, n| before - n);
    of_three(dz, dh, z, |x, dh, z| dh * x * z * (E::ONE - z));
    let (front, dm) = multiplied.split_at_mut(2 * n);
    front[..n].copy_from_slice(dr);
    front[n..].copy_from_slice(dz);
    of_three(dm, dn, r, |_, dn, r| dn * r);
    of_two(dh, z, |dh, z| dh * z);
}
