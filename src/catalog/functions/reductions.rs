//! Functions along axes: sums, means, extremes, spread, length.

use super::X;
use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::demands::{axes, axis, numbers};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::op::{Binary, Reduction, Unary};

/// All of them.
pub static ALL: &[&Entry] = &[&SUM, &MEAN, &MAX, &MIN, &VAR, &STD, &NORM, &ARGMAX, &CUMSUM];

const AXIS: Param = Param::optional("axis", ParamType::Axes, "none", "the axis or axes; all if left out");
const KEEP: Param = Param::optional("keep", ParamType::Bool, "false", "whether the axes stay, with size 1");
const CORRECTION: Param = Param::optional(
    "correction",
    ParamType::Whole { min: 0, max: 1 << 20 },
    "1",
    "how much less than their number the squares are divided by",
);
const SHAPES: &[&str] = &["[..] -> float", "[.., D] -> [..] along one axis"];

const fn example(code: &'static str) -> Example {
    Example { inputs: &[("x", "[2, 3]")], code, output: "[2]" }
}

/// The operand, which must hold numbers, and its axes.
fn operand<'a>(b: &Builder, args: &'a Args) -> Result<(&'a Tensor, Vec<usize>), Problem> {
    let x = args.operand("x")?;
    numbers(0, x)?;
    Ok((x, axes(b, args, "axis", x)?))
}

fn extreme(b: &mut Builder, args: &Args, reduction: Reduction) -> Result<Vec<Tensor>, Problem> {
    let (x, axes) = operand(b, args)?;
    let y = b.reduce(reduction, x, &axes, args.bool("keep"));
    Ok(vec![y.with_role(x.role)])
}

/// `torch.sum`.
pub static SUM: Entry = Entry {
    name: "sum",
    summary: "The sum over axes.",
    formula: "sum(x)",
    params: &[X, AXIS, KEEP],
    shapes: SHAPES,
    example: example("x |> sum(axis: -1)"),
    source: "torch.sum",
    elsewhere: &[("reduce_sum", "TensorFlow"), ("ReduceSum", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let (x, axes) = operand(b, args)?;
            Ok(vec![b.sum(x, &axes, args.bool("keep"))])
        },
        number: None,
    },
};

/// `torch.mean`.
pub static MEAN: Entry = Entry {
    name: "mean",
    summary: "The mean over axes.",
    formula: "mean(x) = sum(x) / n",
    params: &[X, AXIS, KEEP],
    shapes: SHAPES,
    example: example("x |> mean(axis: -1)"),
    source: "torch.mean",
    elsewhere: &[("reduce_mean", "TensorFlow"), ("average", "NumPy"), ("ReduceMean", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let (x, axes) = operand(b, args)?;
            // The mean of probabilities is one: an ensemble.
            let role = if x.role == Role::Probabilities { x.role } else { Role::Value };
            Ok(vec![b.mean(x, &axes, args.bool("keep"))?.with_role(role)])
        },
        number: None,
    },
};

/// `torch.amax`.
pub static MAX: Entry = Entry {
    name: "max",
    summary: "The largest number over axes.",
    formula: "max(x)",
    params: &[X, AXIS, KEEP],
    shapes: SHAPES,
    example: example("x |> max(axis: -1)"),
    source: "torch.amax",
    elsewhere: &[("amax", "PyTorch"), ("reduce_max", "TensorFlow"), ("ReduceMax", "ONNX")],
    body: Body::Function { build: |b, args| extreme(b, args, Reduction::Maximum), number: None },
};

/// `torch.amin`.
pub static MIN: Entry = Entry {
    name: "min",
    summary: "The smallest number over axes.",
    formula: "min(x)",
    params: &[X, AXIS, KEEP],
    shapes: SHAPES,
    example: example("x |> min(axis: -1)"),
    source: "torch.amin",
    elsewhere: &[("amin", "PyTorch"), ("reduce_min", "TensorFlow"), ("ReduceMin", "ONNX")],
    body: Body::Function { build: |b, args| extreme(b, args, Reduction::Minimum), number: None },
};

fn variance(b: &mut Builder, args: &Args) -> Result<Tensor, Problem> {
    let (x, axes) = operand(b, args)?;
    let correction = args.optional_number("correction").unwrap_or(1.0) as i64;
    if let Some(n) = b.count(x, &axes).as_constant()
        && n <= correction
    {
        let numbers = if n == 1 { "1 number" } else { &format!("{n} numbers") };
        let message = format!("the spread of {numbers}, divided by {n} - {correction}, is not defined");
        return Err(Problem::Argument { argument: "correction", message });
    }
    b.variance(x, &axes, correction, args.bool("keep"))
}

/// `torch.var`.
pub static VAR: Entry = Entry {
    name: "var",
    summary: "The variance over axes, divided by n - 1 unless told otherwise.",
    formula: "var(x) = sum((x - mean(x))^2) / (n - correction)",
    params: &[X, AXIS, KEEP, CORRECTION],
    shapes: SHAPES,
    example: example("x |> var(axis: -1)"),
    source: "torch.var",
    elsewhere: &[("variance", "NumPy"), ("reduce_variance", "TensorFlow")],
    body: Body::Function { build: |b, args| Ok(vec![variance(b, args)?]), number: None },
};

/// `torch.std`.
pub static STD: Entry = Entry {
    name: "std",
    summary: "The standard deviation over axes, from the variance divided by n - 1 unless told otherwise.",
    formula: "std(x) = sqrt(var(x))",
    params: &[X, AXIS, KEEP, CORRECTION],
    shapes: SHAPES,
    example: example("x |> std(axis: -1)"),
    source: "torch.std",
    elsewhere: &[("stddev", "TensorFlow"), ("reduce_std", "TensorFlow")],
    body: Body::Function {
        build: |b, args| {
            let variance = variance(b, args)?;
            Ok(vec![safe_root(b, &variance)?])
        },
        number: None,
    },
};

/// `sqrt(x)` whose gradient at 0 is 0 rather than infinite: numbers that are all equal have no direction in which
/// they spread.
fn safe_root(b: &mut Builder, x: &Tensor) -> Result<Tensor, Problem> {
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let positive = b.binary(Binary::Less, &zero, x)?;
    let safe = b.select(&positive, x, &one)?;
    let root = b.unary(Unary::SquareRoot, &safe);
    // Not simply 0: a NaN must come through.
    let still = b.unary(Unary::StopGradient, x);
    b.select(&positive, &root, &still)
}

/// `torch.linalg.vector_norm`.
pub static NORM: Entry = Entry {
    name: "norm",
    summary: "The length of a vector: the Euclidean one unless told otherwise.",
    formula: "norm(x) = sum(|x|^p)^(1/p); p: inf is max(|x|)",
    params: &[
        X,
        Param::optional(
            "p",
            ParamType::OneOf(&[ParamType::Number(Bounds::POSITIVE), ParamType::Choice(&["inf"])]),
            "2",
            "the power: 1 for the sum of absolute values, `inf` for the largest",
        ),
        AXIS,
        KEEP,
    ],
    shapes: SHAPES,
    example: example("x |> norm(axis: -1)"),
    source: "torch.linalg.vector_norm",
    elsewhere: &[("vector_norm", "PyTorch"), ("l2_norm", "statistics")],
    body: Body::Function { build: |b, args| Ok(vec![norm(b, args)?]), number: None },
};

fn norm(b: &mut Builder, args: &Args) -> Result<Tensor, Problem> {
    let (x, axes) = operand(b, args)?;
    let keep = args.bool("keep");
    let x = x.clone().with_kind(Kind::Float);
    if args.choice("p") == "inf" {
        let distance = b.unary(Unary::Absolute, &x);
        return Ok(b.reduce(Reduction::Maximum, &distance, &axes, keep));
    }
    let p = args.optional_number("p").unwrap_or(2.0);
    if p == 2.0 {
        let square = b.unary(Unary::Square, &x);
        let sum = b.sum(&square, &axes, keep);
        return safe_root(b, &sum);
    }
    let distance = b.unary(Unary::Absolute, &x);
    if p == 1.0 {
        return Ok(b.sum(&distance, &axes, keep));
    }
    let powers = b.with_scalar(Binary::Power, &distance, p);
    let sum = b.sum(&powers, &axes, keep);
    // As for the Euclidean norm: the root of 0 has no gradient.
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let positive = b.binary(Binary::Less, &zero, &sum)?;
    let safe = b.select(&positive, &sum, &one)?;
    let root = b.with_scalar(Binary::Power, &safe, p.recip());
    let still = b.unary(Unary::StopGradient, &sum);
    b.select(&positive, &root, &still)
}

/// `torch.argmax`.
pub static ARGMAX: Entry = Entry {
    name: "argmax",
    summary: "Where the largest number stands, the first of several; as a class.",
    formula: "argmax(x) = the smallest i with x[i] = max(x)",
    params: &[
        X,
        Param::optional("axis", ParamType::Axis, "none", "the axis; if left out, all numbers in one row"),
        KEEP,
    ],
    shapes: &["[.., D] -> class(D)[..]"],
    example: Example { inputs: &[("x", "[2, 3]")], code: "x |> argmax(axis: -1)", output: "class(3)[2]" },
    source: "torch.argmax",
    elsewhere: &[("arg_max", "TensorFlow"), ("ArgMax", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            numbers(0, x)?;
            let (x, axis) = match args.axis("axis") {
                Some(axis) => (x.clone(), b.axis(x, axis)?),
                None => (b.flatten(x)?, 0),
            };
            let y = b.argmax(&x, axis);
            Ok(vec![if args.bool("keep") { b.unsqueeze(&y, axis) } else { y }])
        },
        number: None,
    },
};

/// `torch.cumsum`.
pub static CUMSUM: Entry = Entry {
    name: "cumsum",
    summary: "Sums of everything up to and with each position of an axis.",
    formula: "cumsum(x)[i] = x[0] + .. + x[i]",
    params: &[X, Param::required("axis", ParamType::Axis, "the axis")],
    shapes: &["[..] -> [..]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> cumsum(axis: 0)", output: "[4]" },
    source: "torch.cumsum",
    elsewhere: &[("CumSum", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            numbers(0, x)?;
            let axis = axis(b, args, "axis", 0, x)?;
            let kind = if x.kind.is_float() { Kind::Float } else { Kind::Int };
            Ok(vec![b.cumulative_sum(x, axis).with_kind(kind)])
        },
        number: None,
    },
};
