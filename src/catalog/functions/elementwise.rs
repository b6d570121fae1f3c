//! Functions of each number: exponentials, roots, bounds, choices.

use super::{ELEMENTWISE, X};
use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::demands::numbers;
use crate::catalog::{Args, Body, Entry, Example, Param, ParamType};
use crate::ir::op::{Binary, Op, Unary};

/// All of them.
pub static ALL: &[&Entry] = &[
    &EXP,
    &LOG,
    &SQRT,
    &ABS,
    &SIN,
    &COS,
    &POW,
    &SIGN,
    &FLOOR,
    &CEIL,
    &CLAMP,
    &MINIMUM,
    &MAXIMUM,
    &WHERE,
    &STOP_GRADIENT,
];

const fn example(code: &'static str) -> Example {
    Example { inputs: &[("x", "[4]")], code, output: "[4]" }
}

const fn example_of_two(code: &'static str) -> Example {
    Example { inputs: &[("a", "[4]"), ("b", "[4]")], code, output: "[4]" }
}

const OF_TWO: &[&str] = &["[..], [..] -> the shape that broadcasting gives both"];

fn apply(b: &mut Builder, args: &Args, function: Unary) -> Result<Tensor, Problem> {
    let x = args.operand("x")?;
    numbers(0, x)?;
    Ok(b.unary(function, x))
}

/// `torch.exp`. Of log-probabilities it makes probabilities.
pub static EXP: Entry = Entry {
    name: "exp",
    summary: "e to the power of each number.",
    formula: "exp(x) = e^x",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> exp"),
    source: "torch.exp",
    elsewhere: &[("Exp", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let y = apply(b, args, Unary::Exponential)?;
            let role = match args.operand("x")?.role {
                Role::LogProbabilities => Role::Probabilities,
                Role::Probabilities | Role::Value => Role::Value,
            };
            Ok(vec![y.with_role(role)])
        },
        number: Some(|a| a.first().map_or(0.0, |x| x.exp())),
    },
};

/// The natural logarithm; `torch.log`. Of probabilities it makes log-probabilities.
pub static LOG: Entry = Entry {
    name: "log",
    summary: "The natural logarithm of each number.",
    formula: "log(x) = ln x",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> log"),
    source: "torch.log",
    elsewhere: &[("ln", "mathematics"), ("Log", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let y = apply(b, args, Unary::Logarithm)?;
            let role = match args.operand("x")?.role {
                Role::Probabilities => Role::LogProbabilities,
                Role::LogProbabilities | Role::Value => Role::Value,
            };
            Ok(vec![y.with_role(role)])
        },
        number: Some(|a| a.first().map_or(0.0, |x| x.ln())),
    },
};

/// `torch.sqrt`.
pub static SQRT: Entry = Entry {
    name: "sqrt",
    summary: "The square root of each number.",
    formula: "sqrt(x) = √x",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> sqrt"),
    source: "torch.sqrt",
    elsewhere: &[("Sqrt", "ONNX")],
    body: Body::Function {
        build: |b, args| Ok(vec![apply(b, args, Unary::SquareRoot)?]),
        number: Some(|a| a.first().map_or(0.0, |x| x.sqrt())),
    },
};

/// `torch.abs`.
pub static ABS: Entry = Entry {
    name: "abs",
    summary: "Each number without its sign.",
    formula: "abs(x) = |x|",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> abs"),
    source: "torch.abs",
    elsewhere: &[("absolute", "NumPy"), ("Abs", "ONNX")],
    body: Body::Function {
        build: |b, args| Ok(vec![apply(b, args, Unary::Absolute)?]),
        number: Some(|a| a.first().map_or(0.0, |x| x.abs())),
    },
};

/// `torch.sin`.
pub static SIN: Entry = Entry {
    name: "sin",
    summary: "The sine of each number, in radians.",
    formula: "sin(x)",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> sin"),
    source: "torch.sin",
    elsewhere: &[],
    body: Body::Function {
        build: |b, args| Ok(vec![apply(b, args, Unary::Sine)?]),
        number: Some(|a| a.first().map_or(0.0, |x| x.sin())),
    },
};

/// `torch.cos`.
pub static COS: Entry = Entry {
    name: "cos",
    summary: "The cosine of each number, in radians.",
    formula: "cos(x)",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> cos"),
    source: "torch.cos",
    elsewhere: &[],
    body: Body::Function {
        build: |b, args| Ok(vec![apply(b, args, Unary::Cosine)?]),
        number: Some(|a| a.first().map_or(0.0, |x| x.cos())),
    },
};

/// `torch.pow`; also what `^` means.
pub static POW: Entry = Entry {
    name: "pow",
    summary: "Each number to a power; `x ^ 2` is the same.",
    formula: "pow(x, exponent) = x^exponent",
    params: &[X, Param::required("exponent", ParamType::Tensor, "the power, a number or a tensor")],
    shapes: OF_TWO,
    example: example("x |> pow(3)"),
    source: "torch.pow",
    elsewhere: &[("power", "NumPy"), ("Pow", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let (x, exponent) = (args.operand("x")?, args.operand("exponent")?);
            numbers(0, x)?;
            numbers(1, exponent)?;
            Ok(vec![power(b, x, exponent)?])
        },
        number: Some(|a| match a {
            [x, y, ..] => x.powf(*y),
            _ => 0.0,
        }),
    },
};

/// `x ^ exponent`. The powers that people write have cheaper and more exact operations than the general one.
pub fn power(b: &mut Builder, x: &Tensor, exponent: &Tensor) -> Result<Tensor, Problem> {
    if let Op::Constant(n) = b.graph.node(exponent.node).op
        && exponent.rank() == 0
        && !exponent.batched
    {
        if n == 1.0 && x.kind.is_float() {
            return Ok(x.clone().with_role(Role::Value));
        }
        if n == 2.0 {
            return Ok(b.unary(Unary::Square, x).with_kind(Kind::Float));
        }
        if n == 0.5 {
            return Ok(b.unary(Unary::SquareRoot, x));
        }
        if n == -1.0 {
            return Ok(b.unary(Unary::Reciprocal, x));
        }
    }
    b.binary(Binary::Power, x, exponent)
}

/// `torch.sign`.
pub static SIGN: Entry = Entry {
    name: "sign",
    summary: "-1, 0 or 1, as each number is negative, zero or positive.",
    formula: "sign(x) = -1, 0 or 1",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> sign"),
    source: "torch.sign",
    elsewhere: &[("sgn", "PyTorch"), ("Sign", "ONNX")],
    body: Body::Function {
        build: |b, args| Ok(vec![apply(b, args, Unary::Sign)?]),
        // f64::signum gives 1 for 0.
        number: Some(|a| a.first().map_or(0.0, |x| if *x == 0.0 { 0.0 } else { x.signum() })),
    },
};

/// `torch.floor`. No gradient flows through it.
pub static FLOOR: Entry = Entry {
    name: "floor",
    summary: "Each number rounded down. No gradient flows through it.",
    formula: "floor(x) = the largest whole number that is not above x",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> floor"),
    source: "torch.floor",
    elsewhere: &[],
    body: Body::Function {
        build: |b, args| Ok(vec![apply(b, args, Unary::Floor)?]),
        number: Some(|a| a.first().map_or(0.0, |x| x.floor())),
    },
};

/// `torch.ceil`. No gradient flows through it.
pub static CEIL: Entry = Entry {
    name: "ceil",
    summary: "Each number rounded up. No gradient flows through it.",
    formula: "ceil(x) = the smallest whole number that is not below x",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> ceil"),
    source: "torch.ceil",
    elsewhere: &[("ceiling", "mathematics")],
    body: Body::Function {
        build: |b, args| Ok(vec![apply(b, args, Unary::Ceil)?]),
        number: Some(|a| a.first().map_or(0.0, |x| x.ceil())),
    },
};

/// `torch.clamp`.
pub static CLAMP: Entry = Entry {
    name: "clamp",
    summary: "Each number, or the nearer bound where it lies outside.",
    formula: "clamp(x) = min where x < min, max where x > max, else x",
    params: &[
        X,
        Param::optional("min", ParamType::Tensor, "none", "the lower bound"),
        Param::optional("max", ParamType::Tensor, "none", "the upper bound"),
    ],
    shapes: ELEMENTWISE,
    example: example("x |> clamp(min: -1, max: 1)"),
    source: "torch.clamp",
    elsewhere: &[("clip", "NumPy"), ("clip_by_value", "TensorFlow"), ("Clip", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            numbers(0, x)?;
            let (low, high) = (args.tensor("min"), args.tensor("max"));
            if low.is_none() && high.is_none() {
                let message = "neither `min` nor `max` is given, so nothing would be clamped".into();
                return Err(Problem::Argument { argument: "min", message });
            }
            // Probabilities within bounds still are: `clamp(min: 1e-7)` in front of a logarithm.
            Ok(vec![between(b, x, low, high)?.with_role(x.role)])
        },
        number: None,
    },
};

/// `x` between two bounds. Chosen rather than computed by minimum and maximum, so that at a bound the whole gradient
/// goes to `x`, as in torch, and a NaN stays.
pub(super) fn between(
    b: &mut Builder,
    x: &Tensor,
    low: Option<&Tensor>,
    high: Option<&Tensor>,
) -> Result<Tensor, Problem> {
    let mut y = x.clone();
    if let Some(low) = low {
        let below = b.binary(Binary::Less, &y, low)?;
        y = b.select(&below, low, &y)?;
    }
    if let Some(high) = high {
        let above = b.binary(Binary::Less, high, &y)?;
        y = b.select(&above, high, &y)?;
    }
    Ok(y)
}

const A: Param = Param::required("a", ParamType::Tensor, "one of the two");
const B: Param = Param::required("b", ParamType::Tensor, "the other");

fn of_two(b: &mut Builder, args: &Args, function: Binary) -> Result<Vec<Tensor>, Problem> {
    let (x, y) = (args.operand("a")?, args.operand("b")?);
    numbers(0, x)?;
    numbers(1, y)?;
    Ok(vec![b.binary(function, x, y)?])
}

/// `torch.minimum`.
pub static MINIMUM: Entry = Entry {
    name: "minimum",
    summary: "The smaller of two numbers, position by position.",
    formula: "minimum(a, b) = a where a < b, else b",
    params: &[A, B],
    shapes: OF_TWO,
    example: example_of_two("minimum(a, b)"),
    source: "torch.minimum",
    elsewhere: &[("fmin", "NumPy"), ("Min", "ONNX")],
    body: Body::Function {
        build: |b, args| of_two(b, args, Binary::Minimum),
        number: Some(|a| match a {
            [x, y, ..] => x.min(*y),
            _ => 0.0,
        }),
    },
};

/// `torch.maximum`.
pub static MAXIMUM: Entry = Entry {
    name: "maximum",
    summary: "The larger of two numbers, position by position.",
    formula: "maximum(a, b) = a where a > b, else b",
    params: &[A, B],
    shapes: OF_TWO,
    example: example_of_two("maximum(a, b)"),
    source: "torch.maximum",
    elsewhere: &[("fmax", "NumPy"), ("Max", "ONNX")],
    body: Body::Function {
        build: |b, args| of_two(b, args, Binary::Maximum),
        number: Some(|a| match a {
            [x, y, ..] => x.max(*y),
            _ => 0.0,
        }),
    },
};

/// `torch.where`.
pub static WHERE: Entry = Entry {
    name: "where",
    summary: "Chooses between two numbers, position by position.",
    formula: "where(condition, a, b) = a where condition holds, else b",
    params: &[
        Param::required("condition", ParamType::Tensor, "what decides: a comparison"),
        Param::required("a", ParamType::Tensor, "the number where it holds"),
        Param::required("b", ParamType::Tensor, "the number where it does not"),
    ],
    shapes: &["bool[..], [..], [..] -> the shape that broadcasting gives all three"],
    example: example_of_two("where(a > b, a, 2 * b)"),
    source: "torch.where",
    elsewhere: &[("select", "JAX"), ("Where", "ONNX"), ("cond", "TensorFlow")],
    body: Body::Function {
        build: |b, args| {
            let condition = args.operand("condition")?;
            if condition.kind != Kind::Bool {
                let got = condition.kind.clone();
                return Err(Problem::Kind { operand: 0, wanted: "bool, such as `x > 0`", got });
            }
            Ok(vec![b.select(condition, args.operand("a")?, args.operand("b")?)?])
        },
        number: None,
    },
};

/// `torch.Tensor.detach`.
pub static STOP_GRADIENT: Entry = Entry {
    name: "stop_gradient",
    summary: "The same numbers, through which no gradient flows.",
    formula: "stop_gradient(x) = x, with gradient 0",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> stop_gradient"),
    source: "torch.Tensor.detach",
    elsewhere: &[("detach", "PyTorch"), ("no_grad", "PyTorch")],
    body: Body::Function { build: |b, args| Ok(vec![b.unary(Unary::StopGradient, args.operand("x")?)]), number: None },
};
