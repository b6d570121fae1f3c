//! Layers that gate: `PReLU`, `SwiGLU`, `MixtureOfExperts`.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{last_axis, numbers, only};
use crate::catalog::functions::order::largest;
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::init::Init;
use crate::ir::op::{Binary, Unary};

/// `torch.nn.PReLU`; He et al. 2015.
pub static PRELU: Entry = Entry {
    name: "PReLU",
    summary: "A leaky ReLU that learns how much it leaks: one slope for all numbers, or one a channel.",
    formula: "max(0, x) + weight * min(0, x)",
    params: &[
        Param::optional("channels", ParamType::Bool, "false", "whether every channel has a slope of its own"),
        Param::optional("start", ParamType::Number(Bounds::ANY), "0.25", "the slope before training"),
    ],
    shapes: &["[..] -> [..]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> PReLU", output: "[4]" },
    source: "torch.nn.PReLU",
    elsewhere: &[("prelu", "PyTorch"), ("nn.PReLU", "PyTorch"), ("PRelu", "ONNX")],
    body: Body::Layer { inputs: &["x"], apply: parametric },
};

fn parametric(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    let start = Init::Full(args.number("start"));
    let weight = if args.bool("channels") {
        let axis = channel_axis(x)?;
        let count = x.shape.get(axis).cloned().unwrap_or_default();
        let weight = b.weight(scope, "weight", std::slice::from_ref(&count), start)?;
        let mut aligned = vec![Dim::constant(1); x.rank()];
        if let Some(place) = aligned.get_mut(axis) {
            *place = count;
        }
        b.reshape_to(&weight, aligned)
    } else {
        let weight = b.weight(scope, "weight", &[Dim::constant(1)], start)?;
        b.reshape_to(&weight, Vec::new())
    };
    let above = b.unary(Unary::Relu, x);
    let below = b.with_scalar(Binary::Minimum, x, 0.0);
    let below = b.multiply(&below, &weight)?;
    Ok(vec![b.add(&above, &below)?])
}

/// The axis of the channels: the last of one or two axes, the first of more.
pub(super) fn channel_axis(x: &Tensor) -> Result<usize, Problem> {
    match x.rank() {
        1 | 2 => Ok(x.rank() - 1),
        3 | 4 => Ok(0),
        _ => Err(Problem::Rank {
            operand: 0,
            wanted: "one axis `[D]`, two `[T, D]` or three `[C, H, W]`".into(),
            shape: x.shape.clone(),
        }),
    }
}

/// Shazeer 2020, as in the Llama models.
pub static SWIGLU: Entry = Entry {
    name: "SwiGLU",
    summary: "The feed-forward part of today's transformers: one map decides, behind a silu, how much of another passes.",
    formula: "y = (silu(x @ transpose(w1)) * (x @ transpose(w3))) @ transpose(w2)",
    params: &[
        Param::required("hidden", ParamType::Size, "how many numbers are gated; two thirds of 4 * D is usual"),
        Param::optional("bias", ParamType::Bool, "false", "whether the three maps have one"),
    ],
    shapes: &["[.., D] -> [.., D]"],
    example: Example { inputs: &[("x", "[2, 6]")], code: "x |> SwiGLU(16)", output: "[2, 6]" },
    source: "Shazeer 2020, GLU Variants Improve Transformer; w1, w2 and w3 as in Llama",
    elsewhere: &[("FeedForward", "torchtune"), ("LlamaMLP", "Transformers"), ("swiglu", "xFormers")],
    body: Body::Layer { inputs: &["x"], apply: swiglu },
};

fn swiglu(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    Ok(vec![gated(b, scope, x, &args.dim("hidden"), args.bool("bias"))?])
}

/// `w2(silu(w1(x)) * w3(x))`
fn gated(b: &mut Builder, scope: &StateScope, x: &Tensor, hidden: &Dim, bias: bool) -> Result<Tensor, Problem> {
    let (_, width) = last_axis(x)?;
    let gate = map(b, scope, "w1", x, hidden, bias)?;
    let share = b.unary(Unary::Sigmoid, &gate);
    let gate = b.multiply(&gate, &share)?;
    let value = map(b, scope, "w3", x, hidden, bias)?;
    let passed = b.multiply(&gate, &value)?;
    map(b, scope, "w2", &passed, &width, bias)
}

/// A `torch.nn.Linear` of this name.
fn map(
    b: &mut Builder,
    scope: &StateScope,
    name: &str,
    x: &Tensor,
    units: &Dim,
    bias: bool,
) -> Result<Tensor, Problem> {
    let (_, width) = last_axis(x)?;
    let bound = width.as_constant().map_or(1.0, |n| n.max(1) as f64).sqrt().recip();
    let start = Init::Uniform { low: -bound, high: bound };
    let scope = StateScope(scope.join(name));
    let weight = b.weight(&scope, "weight", &[units.clone(), width], start)?;
    let y = b.linear(x, &weight)?;
    if !bias {
        return Ok(y);
    }
    let bias = b.weight(&scope, "bias", std::slice::from_ref(units), start)?;
    b.add(&y, &bias)
}

/// Jiang et al. 2024, Mixtral of Experts; every expert computed, those that are not chosen weighed with 0.
pub static MIXTURE_OF_EXPERTS: Entry = Entry {
    name: "MixtureOfExperts",
    summary: "Several SwiGLU layers of which a router chooses the best few for every position, and weighs what they say. \
              All are computed: the choice is what is learned, time is not saved.",
    formula: "p = softmax of the top largest of x @ transpose(gate), 0 for the rest; y = sum(p[i] * expert[i](x))",
    params: &[
        Param::required("experts", ParamType::Whole { min: 1, max: 256 }, "how many there are"),
        Param::required("hidden", ParamType::Size, "how many numbers each gates, as in SwiGLU"),
        Param::optional(
            "top",
            ParamType::Whole { min: 1, max: 256 },
            "2",
            "how many are chosen; as many as there are for a soft mixture",
        ),
    ],
    shapes: &["[.., D] -> [.., D]"],
    example: Example {
        inputs: &[("x", "[3, 6]")],
        code: "x |> MixtureOfExperts(experts: 4, hidden: 8)",
        output: "[3, 6]",
    },
    source: "Jiang et al. 2024, Mixtral of Experts; Shazeer et al. 2017",
    elsewhere: &[("MixtralSparseMoeBlock", "Transformers"), ("MoE", "DeepSpeed")],
    body: Body::Layer { inputs: &["x"], apply: mixture },
};

fn mixture(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    let (last, _) = last_axis(x)?;
    let (experts, top) = (args.dim("experts"), args.dim("top"));
    let count = experts.as_constant().unwrap_or(1);
    if top.as_constant().is_some_and(|k| k > count) {
        return Err(Problem::Number {
            argument: "top",
            message: format!("{top} of {experts} experts"),
            instead: count,
        });
    }
    let scores = map(b, scope, "gate", x, &experts, false)?;
    let scores = if top == experts {
        scores
    } else {
        let (_, chosen) = largest(b, &scores, &top, last)?;
        let places = b.one_hot(&chosen, &experts)?;
        // One row a choice: their sum has a 1 at every chosen expert.
        let is_chosen = b.sum(&places, &[last], false);
        let never = b.constant(-1e30);
        b.select(&is_chosen, &scores, &never)?
    };
    let shares = b.softmax(&scores, last);
    let mut total: Option<Tensor> = None;
    for i in 0..count {
        let own = StateScope(scope.join(&format!("experts.{i}")));
        let said = gated(b, &own, x, &args.dim("hidden"), false)?;
        let share = b.slice(&shares, last, Dim::constant(i), Dim::constant(1));
        let part = b.multiply(&said, &share)?;
        total = Some(match total {
            None => part,
            Some(sum) => b.add(&sum, &part)?,
        });
    }
    Ok(vec![total.unwrap_or_else(|| x.clone())])
}
