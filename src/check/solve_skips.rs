//! Sizes that no longer agree where a skip connection comes back: one side was halved and doubled again, and a half was
//! rounded.

use super::checker::Checker;
use super::solve::Met;
use crate::build::Tensor;
use crate::diagnostics::Diagnostic;
use crate::ir::dim::Dim;

/// The sizes that an axis has had, first things first.
struct Chain {
    sizes: Vec<Dim>,
    is_rounded: bool,
    /// Into how many parts it was divided.
    parts: i64,
}

impl Chain {
    fn show(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(Dim::to_string).collect();
        sizes.join(" -> ")
    }
}

impl Checker<'_> {
    /// Says how both sides came from one size, and which size would do, where a part was rounded.
    pub fn uneven_parts(
        &self,
        diagnostic: Diagnostic,
        met: &Met,
        first: &[Dim],
        other: &[Dim],
        operand: usize,
    ) -> Diagnostic {
        let differs = |(axis, (a, b)): (usize, (&Dim, &Dim))| (a != b).then_some(axis);
        let axis = first.iter().zip(other).enumerate().find_map(differs);
        let (Some(axis), Some(left), Some(right)) = (axis, met.operands.first(), met.operands.get(operand)) else {
            return diagnostic;
        };
        let (left, right) = (self.chain_of(left, axis), self.chain_of(right, axis));
        let start = left.sizes.first().and_then(Dim::as_constant);
        let parts = left.parts.max(right.parts);
        let (Some(start), true) = (start, left.is_rounded || right.is_rounded) else { return diagnostic };
        if left.sizes.first() != right.sizes.first() || parts < 2 || start % parts == 0 {
            return diagnostic;
        }
        let smaller = start - start % parts;
        let mut diagnostic = diagnostic;
        let is_about_all = |note: &String| note.starts_with("all axes but");
        diagnostic.notes.retain(|note| !is_about_all(note) && !note.contains(" comes by "));
        diagnostic
            .note(format!(
                "axis {axis}: {} on one side, {} on the other; a half was rounded down",
                left.show(),
                right.show()
            ))
            .help(format!(
                "{start} does not divide by {parts}: make the input {}{}, by `pad` or where the data is read",
                smaller + parts,
                if smaller > 0 { format!(" or {smaller}") } else { String::new() }
            ))
    }

    fn chain_of(&self, tensor: &Tensor, axis: usize) -> Chain {
        let source = self.source(tensor, axis);
        let mut chain = Chain { sizes: vec![source.size.clone()], is_rounded: false, parts: 1 };
        if let Some(change) = source.changes.first() {
            chain.sizes = vec![change.from.clone()];
        }
        for change in &source.changes {
            chain.sizes.push(change.to.clone());
            chain.is_rounded |= change.arithmetic.contains("rounded down");
            if let (Some(from), Some(to)) = (change.from.as_constant(), change.to.as_constant())
                && to > 0
                && from > to
            {
                chain.parts = chain.parts.saturating_mul(from / to);
            }
        }
        chain
    }
}
