//! `TransformerEncoder` and `TransformerDecoder`: stacks of attention and a network for each position.

use super::attention::{HEADS, Heads};
use super::{dense, drop_out, layer_norm};
use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::only;
use crate::catalog::functions::activations::gelu;
use crate::catalog::{ArgValue, Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::op::Unary;

const HIDDEN: Param = Param::required(
    "hidden",
    ParamType::Size,
    "how many units the network of each position has between its two layers",
);
const LAYERS: Param =
    Param::required("layers", ParamType::Whole { min: 1, max: 1024 }, "how many layers stand on each other");
const DROPOUT: Param = Param::optional(
    "dropout",
    ParamType::Number(Bounds::BELOW_ONE),
    "0.1",
    "in training, the share that is set to 0: of the attention's weights, of the units, and of what each part adds",
);
const ACTIVATION: Param =
    Param::optional("activation", ParamType::Choice(&["relu", "gelu"]), "relu", "of the units between the two layers");
const NORM_FIRST: Param = Param::optional(
    "norm_first",
    ParamType::Bool,
    "false",
    "whether each part normalizes what it reads (easier to train deep) rather than what it has added to",
);
const NORM: Param =
    Param::optional("norm", ParamType::Bool, "false", "whether a LayerNorm stands behind the last layer");
const EPS: Param = Param::optional(
    "eps",
    ParamType::Number(Bounds::NOT_NEGATIVE),
    "1e-5",
    "of every LayerNorm, against division by 0",
);

/// `torch.nn.TransformerEncoder` of `torch.nn.TransformerEncoderLayer`.
pub static TRANSFORMER_ENCODER: Entry = Entry {
    name: "TransformerEncoder",
    summary: "Layers of self-attention and a network for each position, each added to what it reads and normalized.",
    formula: "x = norm1(x + self_attn(x)); x = norm2(x + linear2(activation(linear1(x)))), layer by layer; with \
              norm_first x = x + self_attn(norm1(x)); x = x + linear2(activation(linear1(norm2(x))))",
    params: &[
        HEADS,
        HIDDEN,
        LAYERS,
        DROPOUT,
        ACTIVATION,
        NORM_FIRST,
        Param::optional("causal", ParamType::Bool, "false", "whether a position sees only itself and those before it"),
        NORM,
        EPS,
    ],
    shapes: &["[T, D] -> [T, D], heads divides D"],
    example: Example {
        inputs: &[("x", "[3, 4]")],
        code: "x |> TransformerEncoder(heads: 2, hidden: 8, layers: 1)",
        output: "[3, 4]",
    },
    source: "torch.nn.TransformerEncoder of torch.nn.TransformerEncoderLayer(batch_first=True)",
    elsewhere: &[
        ("TransformerEncoderLayer", "PyTorch"),
        ("nn.TransformerEncoder", "PyTorch"),
        ("TransformerBlock", "Keras"),
    ],
    body: Body::Layer { inputs: &["x"], apply: encode },
};

/// `torch.nn.TransformerDecoder` of `torch.nn.TransformerDecoderLayer`.
pub static TRANSFORMER_DECODER: Entry = Entry {
    name: "TransformerDecoder",
    summary: "Layers of causal self-attention, attention to a memory, and a network for each position, each added to \
              what it reads and normalized.",
    formula: "x = norm1(x + self_attn(x)); x = norm2(x + multihead_attn(x, memory)); \
              x = norm3(x + linear2(activation(linear1(x)))), layer by layer; with norm_first each part reads its norm",
    params: &[
        HEADS,
        HIDDEN,
        LAYERS,
        DROPOUT,
        ACTIVATION,
        NORM_FIRST,
        Param::optional(
            "causal",
            ParamType::Bool,
            "true",
            "whether a position of `x` sees only itself and those before it, as where the next one is predicted",
        ),
        NORM,
        EPS,
    ],
    shapes: &["[T, D], [S, M] -> [T, D], heads divides D"],
    example: Example {
        inputs: &[("x", "[3, 4]"), ("memory", "[2, 4]")],
        code: "x |> TransformerDecoder(heads: 2, hidden: 8, layers: 1)(memory)",
        output: "[3, 4]",
    },
    source: "torch.nn.TransformerDecoder of torch.nn.TransformerDecoderLayer(batch_first=True)",
    elsewhere: &[("TransformerDecoderLayer", "PyTorch"), ("nn.TransformerDecoder", "PyTorch")],
    body: Body::Layer { inputs: &["x", "memory"], apply: decode },
};

fn encode(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    stack(b, scope, args, only(inputs)?, None)
}

fn decode(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let [x, memory] = inputs else {
        return Err(Problem::Argument { argument: "memory", message: "it is missing".into() });
    };
    stack(b, scope, args, x, Some(memory))
}

/// A part of a layer: what it adds to `x`.
type Part<'a> = &'a dyn Fn(&mut Builder, &Tensor) -> Result<Tensor, Problem>;

fn stack(
    b: &mut Builder,
    scope: &StateScope,
    args: &Args,
    x: &Tensor,
    memory: Option<&Tensor>,
) -> Result<Vec<Tensor>, Problem> {
    let dropout = args.number("dropout");
    let heads = |causal| Heads { heads: args.dim("heads"), causal, dropout, bias: true, rotary: false };
    let (itself, other) = (heads(args.bool("causal")), heads(false));
    let mut x = x.clone();
    for layer in 0..args.number("layers") as usize {
        let layer = StateScope(scope.join(&format!("layers.{layer}")));
        let of = |name: &str| StateScope(layer.join(name));
        let width = x.shape.last().cloned().unwrap_or_default();
        let attend = |b: &mut Builder, x: &Tensor| itself.apply(b, &of("self_attn"), x, None);
        let remember = |b: &mut Builder, x: &Tensor| other.apply(b, &of("multihead_attn"), x, memory);
        let feed_forward = |b: &mut Builder, x: &Tensor| {
            let h = affine(b, &of("linear1"), x, args.dim("hidden"))?;
            let h = if args.choice("activation") == "gelu" { gelu(b, &h)? } else { b.unary(Unary::Relu, &h) };
            let h = drop_out(b, &h, dropout)?;
            affine(b, &of("linear2"), &h, width.clone())
        };
        let mut parts: Vec<Part> = vec![&attend];
        if memory.is_some() {
            parts.push(&remember);
        }
        parts.push(&feed_forward);
        for (i, part) in parts.into_iter().enumerate() {
            let norm = of(&format!("norm{}", i + 1));
            let reads = if args.bool("norm_first") { normalized(b, &norm, args, &x)? } else { x.clone() };
            let adds = part(b, &reads)?;
            let adds = drop_out(b, &adds, dropout)?;
            x = b.add(&x, &adds)?;
            if !args.bool("norm_first") {
                x = normalized(b, &norm, args, &x)?;
            }
        }
    }
    if args.bool("norm") {
        x = normalized(b, &StateScope(scope.join("norm")), args, &x)?;
    }
    Ok(vec![x])
}

fn affine(b: &mut Builder, scope: &StateScope, x: &Tensor, units: Dim) -> Result<Tensor, Problem> {
    let mut args = Args::new();
    args.set("units", ArgValue::Dim(units), None);
    args.set("bias", ArgValue::Bool(true), None);
    dense::apply(b, scope, &args, std::slice::from_ref(x)).map(|mut results| results.pop().unwrap_or_else(|| x.clone()))
}

fn normalized(b: &mut Builder, scope: &StateScope, of: &Args, x: &Tensor) -> Result<Tensor, Problem> {
    let mut args = Args::new();
    args.set("eps", ArgValue::Number(of.number("eps")), None);
    args.set("affine", ArgValue::Bool(true), None);
    args.set("bias", ArgValue::Bool(true), None);
    layer_norm::apply(b, scope, &args, std::slice::from_ref(x))
        .map(|mut results| results.pop().unwrap_or_else(|| x.clone()))
}
