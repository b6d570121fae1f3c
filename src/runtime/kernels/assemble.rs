//! Strided copies into parts of a linear result: what concatenation and padding come to.

use super::memory::{Bases, Place};
use crate::runtime::element::Element;

/// A copy of one operand.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its first element.
    pub input: Place,
    /// Where that goes, in the result.
    pub target: usize,
    /// Size, stride in the operand, stride in the result, for each axis; at least one.
    pub axes: Vec<(usize, isize, isize)>,
}

/// Several copies into one result.
#[derive(Debug, Clone)]
pub struct Assemble {
    /// What the rest of the result is filled with; `None` where the parts cover it.
    pub fill: Option<f64>,
    /// The parts, disjoint.
    pub parts: Vec<Part>,
    /// First element of the result.
    pub output: Place,
    /// Its number of elements.
    pub count: usize,
}

impl Assemble {
    /// Runs it, in one piece.
    ///
    /// # Safety
    /// The operands were checked by `Code::new`.
    pub unsafe fn run<E: Element>(&self, bases: &Bases<E>) {
        // SAFETY: nobody else writes the result (one piece), and the operands are not the result (checked).
        let output = unsafe { bases.write(self.output, self.count) };
        if let Some(value) = self.fill {
            output.fill(E::from_f64(value));
        }
        for part in &self.parts {
            let Some(((inner, from_stride, to_stride), outer)) = part.axes.split_last() else { continue };
            let base = bases.pointer(part.input);
            let runs: usize = outer.iter().map(|a| a.0).product();
            for run in 0..if *inner == 0 { 0 } else { runs } {
                let (mut from, mut to, mut rest) = (0_isize, part.target as isize, run);
                for (size, a, b) in outer.iter().rev() {
                    from += (rest % size) as isize * a;
                    to += (rest % size) as isize * b;
                    rest /= size;
                }
                if *from_stride == 1 && *to_stride == 1 {
                    // SAFETY: elements of the operand, by its checked extent.
                    let x = unsafe { std::slice::from_raw_parts(base.wrapping_offset(from), *inner) };
                    output[to as usize..to as usize + inner].copy_from_slice(x);
                } else {
                    for i in 0..*inner as isize {
                        // SAFETY: as above.
                        output[(to + i * to_stride) as usize] =
                            unsafe { *base.wrapping_offset(from + i * from_stride) };
                    }
                }
            }
        }
    }
}
