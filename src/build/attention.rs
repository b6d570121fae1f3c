//! Attention, per example.

use super::builder::Builder;
use super::problem::Problem;
use super::tensor::Tensor;
use crate::ir::dim::Dim;
use crate::ir::op::{Attention, AttentionDropout, Op};

impl Builder {
    /// `softmax(q kᵀ / √d) v` head by head, of `q [H, Tq, d]`, `k [H, Tk, d]` and `v [H, Tk, e]`: `[H, Tq, e]`. Keys
    /// that are padding are not seen; in training a share of the weights is dropped.
    pub fn attention(
        &mut self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        causal: bool,
        dropout: f64,
    ) -> Result<Tensor, Problem> {
        let [heads, queries, width] = q.shape.as_slice() else {
            return Err(Problem::Rank { operand: 0, wanted: "three axes, `[H, T, d]`".into(), shape: q.shape.clone() });
        };
        let (heads, queries, width) = (heads.clone(), queries.clone(), width.clone());
        let [_, keys, values] = v.shape.as_slice() else {
            return Err(Problem::Rank { operand: 2, wanted: "three axes, `[H, T, e]`".into(), shape: v.shape.clone() });
        };
        let (keys, values) = (keys.clone(), values.clone());
        let length = self.size(&keys);
        let lengths = self.broadcast_to(&length, &[], true)?;
        let mut inputs = Vec::with_capacity(4);
        for x in [q, k, v] {
            inputs.push(self.broadcast_to(x, &x.shape, true)?.node);
        }
        inputs.push(lengths.node);
        let dropout = match self.training && dropout > 0.0 {
            true => Some(AttentionDropout { stream: self.stream(), share: dropout }),
            false => None,
        };
        // An unknown width belongs to a block by itself, which is never run.
        let scale = (width.as_constant().unwrap_or(1).max(1) as f64).sqrt().recip();
        let packed = vec![heads, queries, values.clone() + Dim::constant(1)];
        self.check_size(&packed)?;
        let packed = self.emit(Op::Attention(Attention { causal, scale, dropout }), inputs, packed, true);
        Ok(self.slice(&packed, 2, Dim::default(), values))
    }
}
