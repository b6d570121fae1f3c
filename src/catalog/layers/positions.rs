//! `Positions`, `SinusoidalPositions`, `RotaryPositions`: what tells a layer that looks at all positions at once which
//! one stands where.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Fans, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::init::Init;
use crate::ir::op::Unary;

const BASE: Param = Param::optional(
    "base",
    ParamType::Number(Bounds::POSITIVE),
    "10000",
    "the wavelengths go from 2π to 2π times this, in geometric steps",
);

/// A learned vector for each position, as in BERT and GPT: `x + torch.nn.Embedding(max, D)(arange(T))`.
pub static POSITIONS: Entry = Entry {
    name: "Positions",
    summary: "Adds a trainable vector to each position of a sequence, so that what follows knows where it stands.",
    formula: "y[t] = x[t] + weight[t]",
    params: &[
        Param::required("max", ParamType::Size, "how many positions there are vectors for: the longest sequence"),
        Param::optional("init", ParamType::Init, "none", "how `weight` starts; left out, normal with mean 0 and std 1"),
    ],
    shapes: &["[T, D] -> [T, D], T <= max"],
    example: Example { inputs: &[("x", "[3, 4]")], code: "x |> Positions(max: 8)", output: "[3, 4]" },
    source: "torch.nn.Embedding of the positions, as in Devlin et al. 2018 (BERT)",
    elsewhere: &[
        ("PositionEmbedding", "KerasHub"),
        ("PositionalEmbedding", "Keras"),
        ("LearnedPositionalEmbedding", "fairseq"),
        ("wpe", "GPT-2"),
    ],
    body: Body::Layer { inputs: &["x"], apply: learned },
};

/// Fixed sines and cosines (Vaswani et al. 2017, section 3.5).
pub static SINUSOIDAL_POSITIONS: Entry = Entry {
    name: "SinusoidalPositions",
    summary: "Adds fixed sines and cosines of growing wavelengths to each position of a sequence.",
    formula: "y[t, 2i] = x[t, 2i] + sin(t / base^(2i/D)), y[t, 2i+1] = x[t, 2i+1] + cos(t / base^(2i/D))",
    params: &[BASE],
    shapes: &["[T, D] -> [T, D]"],
    example: Example { inputs: &[("x", "[3, 4]")], code: "x |> SinusoidalPositions", output: "[3, 4]" },
    source: "Vaswani et al. 2017, Attention Is All You Need, section 3.5",
    elsewhere: &[
        ("PositionalEncoding", "PyTorch"),
        ("SinePositionEncoding", "KerasHub"),
        ("SinusoidalPositionalEmbedding", "fairseq"),
    ],
    body: Body::Layer { inputs: &["x"], apply: sinusoidal },
};

/// Rotations of pairs by an angle that grows with the position (Su et al. 2021); for queries and keys.
pub static ROTARY_POSITIONS: Entry = Entry {
    name: "RotaryPositions",
    summary: "Turns each pair of neighbouring numbers by an angle that grows with the position, so that products of \
              two positions depend on their distance; for queries and keys.",
    formula: "y[t, 2i] = x[t, 2i] cos a - x[t, 2i+1] sin a, y[t, 2i+1] = x[t, 2i] sin a + x[t, 2i+1] cos a, \
              a = t / base^(2i/D)",
    params: &[BASE],
    shapes: &["[.., T, D] -> [.., T, D], D even"],
    example: Example { inputs: &[("x", "[3, 4]")], code: "x |> RotaryPositions", output: "[3, 4]" },
    source: "Su et al. 2021, RoFormer, equation 34",
    elsewhere: &[
        ("RotaryPositionalEmbeddings", "torchtune"),
        ("RotaryEmbedding", "KerasHub"),
        ("apply_rotary_pos_emb", "Transformers"),
    ],
    body: Body::Layer {
        inputs: &["x"],
        apply: |b, _, args, inputs| Ok(vec![rotated(b, only(inputs)?, args.number("base"))?]),
    },
};

/// The positions and the width of `[T, D]`.
fn sequence(x: &Tensor) -> Result<(Dim, Dim), Problem> {
    numbers(0, x)?;
    match x.shape.as_slice() {
        [positions, width] => Ok((positions.clone(), width.clone())),
        shape => Err(Problem::Rank { operand: 0, wanted: "two axes, `[T, D]`".into(), shape: shape.to_vec() }),
    }
}

fn learned(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    let (positions, width) = sequence(x)?;
    let most = args.dim("max");
    if let Some(most) = most.as_constant()
        && let Err(have) = b.at_most(&positions, most)
    {
        let sequence = if positions.is_ragged() { "the longest sequence of the data" } else { "the sequence" };
        let message = format!("{sequence} has {have} positions, but there are vectors for {most} only");
        return Err(Problem::Number { argument: "max", message, instead: have });
    }
    let size = |n: &Dim| n.as_constant().map_or(1.0, |n| n.max(1) as f64);
    let fans = Fans { input: size(&most), output: size(&width) };
    let init = args.init("init").map_or(Init::Normal { mean: 0.0, std: 1.0 }, |i| i.resolve(fans));
    let table = b.weight(scope, "weight", &[most.clone(), width], init)?;
    let vectors = match positions.as_constant() {
        Some(_) => b.slice(&table, 0, Dim::default(), positions),
        // Row by row, as a slice of unknown length may reach outside.
        None => {
            let each = b.iota(&positions);
            b.gather_rows(&table, &each)?
        }
    };
    Ok(vec![b.add(x, &vectors)?])
}

/// `t / base^(2i/D)` for `t` in `0 .. positions` and `i` in `0 .. pairs`.
fn angles(b: &mut Builder, positions: &Dim, width: &Dim, pairs: &Dim, base: f64) -> Result<Tensor, Problem> {
    let step = b.iota(pairs);
    let width = b.size(width);
    let exponent = b.scale(&step, -2.0 * base.ln());
    let exponent = b.divide(&exponent, &width)?;
    let frequency = b.unary(Unary::Exponential, &exponent);
    let time = b.iota(positions);
    let time = b.unsqueeze(&time, 1);
    b.multiply(&time, &frequency)
}

fn sinusoidal(b: &mut Builder, _: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    let (positions, width) = sequence(x)?;
    let two = Dim::constant(2);
    let pairs = (width.clone() + Dim::constant(1)).floor_div(&two).unwrap_or_default();
    let angle = angles(b, &positions, &width, &pairs, args.number("base"))?;
    let (sine, cosine) = (b.unary(Unary::Sine, &angle), b.unary(Unary::Cosine, &angle));
    let both = b.stack(&[sine, cosine], -1)?;
    let flat = b.reshape_to(&both, vec![positions, pairs * two]);
    // An odd width lacks the last cosine.
    let table = b.slice(&flat, 1, Dim::default(), width);
    Ok(vec![b.add(x, &table)?])
}

/// `[.., T, D]` turned by position.
pub fn rotated(b: &mut Builder, x: &Tensor, base: f64) -> Result<Tensor, Problem> {
    numbers(0, x)?;
    let rank = x.rank();
    let Some([positions, width]) = x.shape.last_chunk::<2>().cloned() else {
        let wanted = "at least two axes, `[.., T, D]`".into();
        return Err(Problem::Rank { operand: 0, wanted, shape: x.shape.clone() });
    };
    if width.as_constant().is_some_and(|n| n % 2 != 0) {
        let wanted = "an even number of numbers for each position, to be turned in pairs,".into();
        return Err(Problem::Rank { operand: 0, wanted, shape: x.shape.clone() });
    }
    let two = Dim::constant(2);
    let pairs = width.floor_div(&two).unwrap_or_default();
    let angle = angles(b, &positions, &width, &pairs, base)?;
    let (sine, cosine) = (b.unary(Unary::Sine, &angle), b.unary(Unary::Cosine, &angle));
    let mut split = x.shape.clone();
    split[rank - 1] = pairs;
    split.push(two);
    let split = b.reshape_to(x, split);
    let part = |b: &mut Builder, at: i64| {
        let one = b.slice(&split, rank, Dim::constant(at), Dim::constant(1));
        let mut shape = one.shape.clone();
        shape.pop();
        b.reshape_to(&one, shape)
    };
    let (even, odd) = (part(b, 0), part(b, 1));
    let turned = |b: &mut Builder, x: &Tensor, by: &Tensor, y: &Tensor, with: &Tensor| {
        let (x, y) = (b.multiply(x, by)?, b.multiply(y, with)?);
        Ok::<_, Problem>((x, y))
    };
    let (a, c) = turned(b, &even, &cosine, &odd, &sine)?;
    let first = b.subtract(&a, &c)?;
    let (a, c) = turned(b, &even, &sine, &odd, &cosine)?;
    let second = b.add(&a, &c)?;
    let both = b.stack(&[first, second], -1)?;
    Ok(b.reshape_to(&both, x.shape.clone()))
}
