//! Functions that make tensors: constants, positions, random numbers, and `dropout`.

use super::X;
use crate::build::{Builder, Kind, Problem, Tensor};
use crate::catalog::layers::drop_out;
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::op::Distribution;

/// All of them.
pub static ALL: &[&Entry] = &[&ZEROS, &ONES, &FULL, &ARANGE, &NORMAL, &UNIFORM, &DROPOUT];

const SHAPE: Param = Param::required("shape", ParamType::Shape { hole: false }, "the shape, per example");

const fn example(code: &'static str) -> Example {
    Example { inputs: &[], code, output: "[2, 3]" }
}

fn sizes(args: &Args) -> Vec<Dim> {
    args.shape("shape").iter().flatten().cloned().collect()
}

/// `torch.zeros`.
pub static ZEROS: Entry = Entry {
    name: "zeros",
    summary: "A tensor of zeros.",
    formula: "0",
    params: &[SHAPE],
    shapes: &["shape"],
    example: example("zeros([2, 3])"),
    source: "torch.zeros",
    elsewhere: &[],
    body: Body::Function { build: |b, args| Ok(vec![b.full(&sizes(args), 0.0)?]), number: None },
};

/// `torch.ones`.
pub static ONES: Entry = Entry {
    name: "ones",
    summary: "A tensor of ones.",
    formula: "1",
    params: &[SHAPE],
    shapes: &["shape"],
    example: example("ones([2, 3])"),
    source: "torch.ones",
    elsewhere: &[],
    body: Body::Function { build: |b, args| Ok(vec![b.full(&sizes(args), 1.0)?]), number: None },
};

/// `torch.full`.
pub static FULL: Entry = Entry {
    name: "full",
    summary: "A tensor that holds one number everywhere.",
    formula: "value",
    params: &[SHAPE, Param::required("value", ParamType::Tensor, "the number, or a scalar tensor")],
    shapes: &["shape"],
    example: example("full([2, 3], 0.5)"),
    source: "torch.full",
    elsewhere: &[("fill", "TensorFlow")],
    body: Body::Function {
        build: |b, args| {
            let value = args.operand("value")?;
            if value.rank() != 0 {
                let wanted = "a scalar".into();
                return Err(Problem::Rank { operand: 0, wanted, shape: value.shape.clone() });
            }
            let shape = sizes(args);
            Ok(vec![b.broadcast_to(value, &shape, value.batched)?])
        },
        number: None,
    },
};

/// `torch.arange`.
pub static ARANGE: Entry = Entry {
    name: "arange",
    summary: "The whole numbers from 0, or from `start`, to just before `end`.",
    formula: "start, start + step, .. < end",
    params: &[
        Param::required("end", ParamType::Size, "the first number that is not there any more"),
        Param::optional("start", ParamType::Whole { min: -(1 << 40), max: 1 << 40 }, "0", "the first number"),
        Param::optional("step", ParamType::Whole { min: 1, max: 1 << 40 }, "1", "the distance"),
    ],
    shapes: &["int[(end - start) / step, rounded up]"],
    example: Example { inputs: &[], code: "arange(4)", output: "int[4]" },
    source: "torch.arange",
    elsewhere: &[("range", "Python"), ("iota", "JAX"), ("Range", "ONNX")],
    body: Body::Function { build: arange, number: None },
};

fn arange(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (end, start, step) = (args.dim("end"), args.dim("start"), args.dim("step"));
    let span = end.clone() - start.clone() + step.clone() - Dim::constant(1);
    let count = span.floor_div(&step).unwrap_or_default();
    if count.as_constant().is_some_and(|n| n < 1) {
        let message = format!("no number from {start} on lies before {end}");
        return Err(Problem::Argument { argument: "end", message });
    }
    b.check_size(std::slice::from_ref(&count))?;
    let mut y = b.iota(&count);
    if let Some(step) = step.as_constant().filter(|n| *n != 1) {
        y = b.scale(&y, step as f64);
    }
    if start != Dim::default() {
        let start = b.size(&start);
        y = b.add(&y, &start)?;
    }
    Ok(vec![y.with_kind(Kind::Int)])
}

/// `torch.normal`, drawn for each example and step.
pub static NORMAL: Entry = Entry {
    name: "normal",
    summary: "Normally distributed random numbers, new for each example and step.",
    formula: "~ N(mean, std^2)",
    params: &[
        SHAPE,
        Param::optional("mean", ParamType::Number(Bounds::ANY), "0", "the mean"),
        Param::optional("std", ParamType::Number(Bounds::NOT_NEGATIVE), "1", "the standard deviation"),
    ],
    shapes: &["shape"],
    example: example("normal([2, 3])"),
    source: "torch.normal",
    elsewhere: &[("randn", "PyTorch"), ("randn_like", "PyTorch"), ("random_normal", "TensorFlow")],
    body: Body::Function {
        build: |b, args| random(b, args, Distribution::Normal, args.number("mean"), args.number("std")),
        number: None,
    },
};

/// `torch.rand`, drawn for each example and step.
pub static UNIFORM: Entry = Entry {
    name: "uniform",
    summary: "Random numbers between two bounds, each as likely, new for each example and step.",
    formula: "~ U(a, b)",
    params: &[
        SHAPE,
        Param::optional("a", ParamType::Number(Bounds::ANY), "0", "the lower bound"),
        Param::optional("b", ParamType::Number(Bounds::ANY), "1", "the upper bound"),
    ],
    shapes: &["shape"],
    example: example("uniform([2, 3])"),
    source: "torch.rand",
    elsewhere: &[("rand", "PyTorch"), ("rand_like", "PyTorch"), ("random_uniform", "TensorFlow")],
    body: Body::Function {
        build: |b, args| {
            let (low, high) = (args.number("a"), args.number("b"));
            random(b, args, Distribution::Uniform, low, high - low)
        },
        number: None,
    },
};

fn random(
    b: &mut Builder,
    args: &Args,
    distribution: Distribution,
    from: f64,
    scale: f64,
) -> Result<Vec<Tensor>, Problem> {
    let mut y = b.random(&sizes(args), distribution)?;
    if scale != 1.0 {
        y = b.scale(&y, scale);
    }
    if from != 0.0 {
        y = b.offset(&y, from);
    }
    Ok(vec![y])
}

/// `torch.nn.functional.dropout`.
pub static DROPOUT: Entry = Entry {
    name: "dropout",
    summary: "In training, sets a random share of the numbers to 0 and scales up the rest; nothing in evaluation.",
    formula: "0 with probability p, else x / (1 - p)",
    params: &[X, Param::optional("p", ParamType::Number(Bounds::UNIT), "0.5", "the share that is set to 0")],
    shapes: &["[..] -> [..]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> dropout(0.3)", output: "[4]" },
    source: "torch.nn.functional.dropout",
    elsewhere: &[],
    body: Body::Function {
        build: |b, args| Ok(vec![drop_out(b, args.operand("x")?, args.number("p"))?]),
        number: None,
    },
};
