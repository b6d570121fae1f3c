//! What [`Op::Attention`] and its gradient mean, row by row, from the formulas.

use super::{Tensor, position};
use crate::ir::op::{Attention, AttentionDropout, Op};

/// The sizes: examples, heads, queries, keys, numbers of a key, numbers of a value.
struct Sizes([usize; 6]);

impl Sizes {
    fn of(q: &Tensor, k: &Tensor, v: &Tensor) -> Option<Sizes> {
        let [b, h, queries, d] = *q.shape.as_slice() else { return None };
        Some(Sizes([b, h, queries, *k.shape.get(2)?, d, *v.shape.get(3)?]))
    }
}

/// The weights of the keys for one query, before and behind dropout, and the logarithm of their divisor.
struct Weights {
    plain: Vec<f64>,
    factor: Vec<f64>,
    log_sum: f64,
}

/// The value; `draw` gives the uniform number of a row and a position.
pub(super) fn evaluate(op: &Op, operands: &[&Tensor], draw: &dyn Fn(usize, usize) -> f64) -> Option<Vec<f64>> {
    let (attention, backward) = match op {
        Op::Attention(attention) => (attention, false),
        Op::AttentionBackward(attention) => (attention, true),
        _ => return None,
    };
    let [q, k, v, lengths, rest @ ..] = operands else { return None };
    let sizes = Sizes::of(q, k, v)?;
    let Sizes([b, h, queries, keys, d, e]) = sizes;
    let (packed, per_head) = (e + 1, queries * d + keys * d + keys * e);
    let mut result = vec![0.0; b * h * if backward { per_head } else { queries * packed }];
    for example in 0..b {
        let length = position(lengths.data[example], keys + 1)?;
        for head in 0..h {
            let at = example * h + head;
            for query in 0..queries {
                let key = |j: usize| &k.data[(at * keys + j) * d..][..d];
                let value = |j: usize| &v.data[(at * keys + j) * e..][..e];
                let row = &q.data[(at * queries + query) * d..][..d];
                let seen = if attention.causal { length.min(query + 1) } else { length };
                let scores: Vec<f64> = (0..seen).map(|j| attention.scale * dot(row, key(j))).collect();
                let weights =
                    weights(attention, &scores, |j| draw(example, AttentionDropout::position(head, query, j)));
                let line = (at * queries + query) * packed;
                if !backward {
                    for j in 0..seen {
                        let weight = weights.plain[j] * weights.factor[j];
                        (0..e).for_each(|c| result[line + c] += weight * value(j)[c]);
                    }
                    result[line + e] = weights.log_sum;
                    continue;
                }
                let [_, gradient] = rest else { return None };
                let g = &gradient.data[line..][..packed];
                let of_weight: Vec<f64> = (0..seen).map(|j| weights.factor[j] * dot(&g[..e], value(j))).collect();
                let mean = dot(&weights.plain, &of_weight);
                let start = at * per_head;
                for j in 0..seen {
                    let of_score = weights.plain[j] * (of_weight[j] - mean + g[e]) * attention.scale;
                    let weight = weights.plain[j] * weights.factor[j];
                    for c in 0..d {
                        result[start + query * d + c] += of_score * key(j)[c];
                        result[start + (queries + j) * d + c] += of_score * row[c];
                    }
                    (0..e).for_each(|c| result[start + (queries + keys) * d + j * e + c] += weight * g[c]);
                }
            }
        }
    }
    Some(result)
}

fn weights(attention: &Attention, scores: &[f64], draw: impl Fn(usize) -> f64) -> Weights {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    let factor = |j: usize| match attention.dropout {
        Some(AttentionDropout { share, .. }) if draw(j) < share => 0.0,
        Some(AttentionDropout { share, .. }) => 1.0 / (1.0 - share),
        None => 1.0,
    };
    Weights {
        plain: powers.iter().map(|p| p / sum).collect(),
        factor: (0..scores.len()).map(factor).collect(),
        log_sum: if scores.is_empty() { 0.0 } else { largest + sum.ln() },
    }
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}
