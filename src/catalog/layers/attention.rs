//! `SelfAttention` and `CrossAttention`: every position takes from all others what it asks for.

use super::positions::rotated;
use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::init::Init;

pub(super) const HEADS: Param = Param::required(
    "heads",
    ParamType::Size,
    "into how many parts the width is cut, each of which attends by itself; it must divide the width",
);
const CAUSAL: Param =
    Param::optional("causal", ParamType::Bool, "false", "whether a position sees only itself and those before it");
const DROPOUT: Param = Param::optional(
    "dropout",
    ParamType::Number(Bounds::BELOW_ONE),
    "0",
    "the share of the weights behind the softmax that is set to 0 in training",
);
const BIAS: Param = Param::optional("bias", ParamType::Bool, "true", "whether the projections have a bias");
const ROTARY: Param = Param::optional(
    "rotary",
    ParamType::Bool,
    "false",
    "whether queries and keys are turned by their positions, as `RotaryPositions` does",
);

/// `torch.nn.MultiheadAttention` of a sequence to itself; Vaswani et al. 2017.
pub static SELF_ATTENTION: Entry = Entry {
    name: "SelfAttention",
    summary: "Each position asks all positions of its sequence and takes a weighted mean of their answers, in several \
              heads side by side. Padding is not asked.",
    formula: "q, k, v = x @ transpose(in_proj_weight) + in_proj_bias, cut into heads of d = D/heads; \
              y = concat(softmax(q @ transpose(k) / sqrt(d)) @ v) @ transpose(out_proj.weight) + out_proj.bias",
    params: &[HEADS, CAUSAL, DROPOUT, BIAS, ROTARY],
    shapes: &["[T, D] -> [T, D], heads divides D"],
    example: Example { inputs: &[("x", "[3, 4]")], code: "x |> SelfAttention(2, causal: true)", output: "[3, 4]" },
    source: "torch.nn.MultiheadAttention; Vaswani et al. 2017, Attention Is All You Need",
    elsewhere: &[
        ("MultiheadAttention", "PyTorch"),
        ("MultiHeadAttention", "Keras"),
        ("MultiHeadDotProductAttention", "Flax"),
        ("CausalSelfAttention", "nanoGPT"),
        ("scaled_dot_product_attention", "PyTorch"),
    ],
    body: Body::Layer { inputs: &["x"], apply: attend_self },
};

/// `torch.nn.MultiheadAttention` of a sequence to another.
pub static CROSS_ATTENTION: Entry = Entry {
    name: "CrossAttention",
    summary: "Each position asks all positions of another sequence, the memory, and takes a weighted mean of their \
              answers, in several heads side by side. Padding is not asked.",
    formula: "q = x @ transpose(wq) + bq; k, v likewise of the memory, cut into heads of d = D/heads; \
              y = concat(softmax(q @ transpose(k) / sqrt(d)) @ v) @ transpose(out_proj.weight) + out_proj.bias",
    params: &[HEADS, DROPOUT, BIAS],
    shapes: &["[T, D], [S, M] -> [T, D], heads divides D"],
    example: Example {
        inputs: &[("x", "[3, 4]"), ("memory", "[2, 6]")],
        code: "x |> CrossAttention(2)(memory)",
        output: "[3, 4]",
    },
    source: "torch.nn.MultiheadAttention, with kdim and vdim where the memory has another width",
    elsewhere: &[("EncoderDecoderAttention", "fairseq"), ("CachedMultiHeadAttention", "KerasHub")],
    body: Body::Layer { inputs: &["x", "memory"], apply: attend_cross },
};

fn attend_self(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    let heads = Heads {
        heads: args.dim("heads"),
        causal: args.bool("causal"),
        dropout: args.number("dropout"),
        bias: args.bool("bias"),
        rotary: args.bool("rotary"),
    };
    Ok(vec![heads.apply(b, scope, x, None)?])
}

fn attend_cross(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let [x, memory] = inputs else {
        return Err(Problem::Argument { argument: "memory", message: "it is missing".into() });
    };
    let heads = Heads {
        heads: args.dim("heads"),
        causal: false,
        dropout: args.number("dropout"),
        bias: args.bool("bias"),
        rotary: false,
    };
    Ok(vec![heads.apply(b, scope, x, Some(memory))?])
}

/// `torch.nn.MultiheadAttention`.
pub(super) struct Heads {
    /// How many.
    pub heads: Dim,
    /// Whether a position sees only itself and those before it.
    pub causal: bool,
    /// Of the weights, in training.
    pub dropout: f64,
    /// Whether the projections have one.
    pub bias: bool,
    /// Whether queries and keys are turned by their positions.
    pub rotary: bool,
}

/// Positions and width of `[T, D]`.
fn sequence(operand: usize, x: &Tensor) -> Result<(Dim, Dim), Problem> {
    numbers(operand, x)?;
    match x.shape.as_slice() {
        [positions, width] => Ok((positions.clone(), width.clone())),
        shape => {
            let wanted = "a sequence of vectors, `[T, D]`".into();
            Err(Problem::Rank { operand, wanted, shape: shape.to_vec() })
        }
    }
}

/// Uniform within ±√(6 / (a + b)), of a matrix `[a, b]`.
fn xavier_uniform(rows: &Dim, columns: &Dim) -> Init {
    let size = |n: &Dim| n.as_constant().map_or(1.0, |n| n.max(1) as f64);
    let bound = (6.0 / (size(rows) + size(columns))).sqrt();
    Init::Uniform { low: -bound, high: bound }
}

/// Refuses a number of heads that does not divide the width, with the numbers that do.
fn width_of_head(heads: &Dim, width: &Dim) -> Result<Dim, Problem> {
    if let (Some(heads), Some(width)) = (heads.as_constant(), width.as_constant())
        && (heads < 1 || width % heads != 0)
    {
        let divisors: Vec<i64> = (1..=width.min(4096)).filter(|n| width % n == 0).collect();
        let below = divisors.iter().rev().find(|n| **n < heads);
        let above = divisors.iter().find(|n| **n > heads);
        let nearest: Vec<i64> = below.into_iter().chain(above).copied().collect();
        let (parts, size, what) = (Dim::constant(heads), Dim::constant(width), "heads cannot share a width of {}");
        return Err(Problem::Parts { argument: "heads", parts, what, size, nearest });
    }
    Ok(width.floor_div(heads).unwrap_or_default())
}

impl Heads {
    /// The result for `x` asking itself, or the memory; the weights have torch's names and layouts.
    pub(super) fn apply(
        &self,
        b: &mut Builder,
        scope: &StateScope,
        x: &Tensor,
        memory: Option<&Tensor>,
    ) -> Result<Tensor, Problem> {
        let (positions, width) = sequence(0, x)?;
        let each = width_of_head(&self.heads, &width)?;
        let (of, of_width) = match memory {
            Some(memory) => (memory, sequence(1, memory)?.1),
            None => (x, width.clone()),
        };
        let three = width.clone() * Dim::constant(3);
        let part = |at: i64| width.clone() * Dim::constant(at);
        let mut projected = Vec::with_capacity(3);
        if memory.is_none() || of_width == width {
            // Matrices below each other: those of the keys and values are one product.
            let shape = [three.clone(), width.clone()];
            let weight = b.weight(scope, "in_proj_weight", &shape, xavier_uniform(&three, &width))?;
            let sources = if memory.is_none() { vec![(x, 0, 3)] } else { vec![(x, 0, 1), (of, 1, 3)] };
            let bias = self.bias(b, scope, &three)?;
            for (source, from, to) in sources {
                let rows = b.slice(&weight, 0, part(from), part(to - from));
                let mut y = b.linear(source, &rows)?;
                if let Some(bias) = &bias {
                    let own = b.slice(bias, 0, part(from), part(to - from));
                    y = b.add(&y, &own)?;
                }
                for i in 0..to - from {
                    projected.push(b.slice(&y, 1, part(i), width.clone()));
                }
            }
        } else {
            let mut weights = Vec::with_capacity(3);
            for (name, source, of_width) in
                [("q_proj_weight", x, &width), ("k_proj_weight", of, &of_width), ("v_proj_weight", of, &of_width)]
            {
                let shape = [width.clone(), of_width.clone()];
                weights.push((source, b.weight(scope, name, &shape, xavier_uniform(&width, of_width))?));
            }
            let bias = self.bias(b, scope, &three)?;
            for (i, (source, weight)) in weights.iter().enumerate() {
                let mut y = b.linear(source, weight)?;
                if let Some(bias) = &bias {
                    let own = b.slice(bias, 0, part(i as i64), width.clone());
                    y = b.add(&y, &own)?;
                }
                projected.push(y);
            }
        }
        let mut heads = Vec::with_capacity(3);
        for (i, y) in projected.iter().enumerate() {
            let split = vec![y.shape[0].clone(), self.heads.clone(), each.clone()];
            let split = b.reshape_to(y, split);
            let head = b.permute(&split, &[1, 0, 2]);
            heads.push(if self.rotary && i < 2 { rotated(b, &head, 10_000.0)? } else { head });
        }
        let [q, k, v] = heads.as_slice() else {
            return Err(Problem::Argument { argument: "heads", message: "a projection is missing".into() });
        };
        let y = b.attention(q, k, v, self.causal, self.dropout)?;
        let y = b.permute(&y, &[1, 0, 2]);
        let y = b.reshape_to(&y, vec![positions, width.clone()]);
        let output = StateScope(scope.join("out_proj"));
        let bound = width.as_constant().map_or(1.0, |n| n.max(1) as f64).sqrt().recip();
        let start = Init::Uniform { low: -bound, high: bound };
        let weight = b.weight(&output, "weight", &[width.clone(), width.clone()], start)?;
        let y = b.linear(&y, &weight)?;
        if !self.bias {
            return Ok(y);
        }
        let bias = b.weight(&output, "bias", &[width], Init::Full(0.0))?;
        b.add(&y, &bias)
    }

    fn bias(&self, b: &mut Builder, scope: &StateScope, three: &Dim) -> Result<Option<Tensor>, Problem> {
        if !self.bias {
            return Ok(None);
        }
        b.weight(scope, "in_proj_bias", std::slice::from_ref(three), Init::Full(0.0)).map(Some)
    }
}
