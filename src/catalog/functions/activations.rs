//! Activations: the nonlinear functions between layers, each of one number.

use super::{ELEMENTWISE, X};
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::demands::numbers;
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::op::{Binary, Unary};

/// All activations.
pub static ALL: &[&Entry] =
    &[&RELU, &LEAKY_RELU, &ELU, &SELU, &GELU, &SILU, &MISH, &SOFTPLUS, &SIGMOID, &TANH, &HARDSWISH];

const fn example(code: &'static str) -> Example {
    Example { inputs: &[("x", "[4]")], code, output: "[4]" }
}

/// The operand, which must hold numbers.
fn operand(args: &Args) -> Result<&Tensor, Problem> {
    let x = args.operand("x")?;
    numbers(0, x)?;
    Ok(x)
}

fn one(result: Tensor) -> Result<Vec<Tensor>, Problem> {
    Ok(vec![result])
}

/// `max(x, 0)`; `torch.nn.functional.relu`.
pub static RELU: Entry = Entry {
    name: "relu",
    summary: "Keeps positive numbers and turns negative ones into 0.",
    formula: "relu(x) = max(x, 0)",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> relu"),
    source: "torch.nn.functional.relu",
    elsewhere: &[("ReLU", "PyTorch"), ("Relu", "ONNX"), ("nn.ReLU", "PyTorch")],
    body: Body::Function {
        build: |b, args| {
            let x = operand(args)?;
            let y = b.unary(Unary::Relu, x);
            // Whole numbers stay whole; the primitive only knows real ones.
            let kind = if x.kind.is_float() { y.kind.clone() } else { crate::build::Kind::Int };
            one(y.with_kind(kind))
        },
        number: Some(|a| a.first().map_or(0.0, |x| x.max(0.0))),
    },
};

/// `x` where positive, else `negative_slope * x`; `torch.nn.functional.leaky_relu`.
pub static LEAKY_RELU: Entry = Entry {
    name: "leaky_relu",
    summary: "Keeps positive numbers and scales negative ones down.",
    formula: "leaky_relu(x) = x where x > 0, else negative_slope * x",
    params: &[
        X,
        Param::optional("negative_slope", ParamType::Number(Bounds::ANY), "0.01", "the factor of negative numbers"),
    ],
    shapes: ELEMENTWISE,
    example: example("x |> leaky_relu(0.1)"),
    source: "torch.nn.functional.leaky_relu",
    elsewhere: &[("LeakyReLU", "PyTorch"), ("LeakyRelu", "ONNX"), ("nn.LeakyReLU", "PyTorch")],
    body: Body::Function {
        build: |b, args| {
            let x = operand(args)?;
            let positive = positive(b, x)?;
            let scaled = b.scale(x, args.number("negative_slope"));
            one(b.select(&positive, x, &scaled)?)
        },
        number: None,
    },
};

/// Where `x > 0`. At 0 itself the branch for negative numbers decides, and with it the gradient, as in torch.
fn positive(b: &mut Builder, x: &Tensor) -> Result<Tensor, Problem> {
    let zero = b.constant(0.0);
    b.binary(Binary::Less, &zero, x)
}

/// `scale * x` where positive, else `scale * alpha * (exp(x) - 1)`.
fn exponential_linear(b: &mut Builder, x: &Tensor, alpha: f64, scale: f64) -> Result<Tensor, Problem> {
    let positive = positive(b, x)?;
    let zero = b.constant(0.0);
    let negative = b.select(&positive, &zero, x)?;
    // exp(x) - 1 loses every digit near 0. 2t/(1 - t) with t = tanh(x/2) is the same number and keeps them; for
    // x <= 0 the divisor lies between 1 and 2.
    let half = b.scale(&negative, 0.5);
    let t = b.unary(Unary::Tanh, &half);
    let numerator = b.scale(&t, 2.0 * alpha * scale);
    let divisor = b.scale(&t, -1.0);
    let divisor = b.offset(&divisor, 1.0);
    let curve = b.divide(&numerator, &divisor)?;
    let line = if scale == 1.0 { x.clone() } else { b.scale(x, scale) };
    b.select(&positive, &line, &curve)
}

/// `torch.nn.functional.elu`; Clevert et al. 2015.
pub static ELU: Entry = Entry {
    name: "elu",
    summary: "Keeps positive numbers and lets negative ones approach -alpha.",
    formula: "elu(x) = x where x > 0, else alpha * (exp(x) - 1)",
    params: &[X, Param::optional("alpha", ParamType::Number(Bounds::ANY), "1", "how far below 0 it goes")],
    shapes: ELEMENTWISE,
    example: example("x |> elu"),
    source: "torch.nn.functional.elu",
    elsewhere: &[("ELU", "PyTorch"), ("Elu", "ONNX"), ("nn.ELU", "PyTorch")],
    body: Body::Function {
        build: |b, args| one(exponential_linear(b, operand(args)?, args.number("alpha"), 1.0)?),
        number: None,
    },
};

/// `torch.nn.functional.selu`; Klambauer et al. 2017.
pub static SELU: Entry = Entry {
    name: "selu",
    summary: "An elu scaled so that mean 0 and variance 1 survive from layer to layer.",
    formula: "selu(x) = 1.0507 * (x where x > 0, else 1.6733 * (exp(x) - 1))",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> selu"),
    source: "torch.nn.functional.selu",
    elsewhere: &[("SELU", "PyTorch"), ("Selu", "ONNX"), ("nn.SELU", "PyTorch")],
    body: Body::Function {
        build: |b, args| one(exponential_linear(b, operand(args)?, 1.673_263_242_354_377_2, 1.050_700_987_355_480_5)?),
        number: None,
    },
};

/// `torch.nn.functional.gelu`; Hendrycks and Gimpel 2016.
pub static GELU: Entry = Entry {
    name: "gelu",
    summary: "Weights each number by how likely a normal one is smaller.",
    formula: "gelu(x) = x * (1 + erf(x / sqrt(2))) / 2; \
              tanh: x * (1 + tanh(sqrt(2/π) * (x + 0.044715 x^3))) / 2",
    params: &[
        X,
        Param::optional(
            "approximate",
            ParamType::Choice(&["none", "tanh"]),
            "none",
            "`tanh` for the older, approximate formula (GPT-2, BERT)",
        ),
    ],
    shapes: ELEMENTWISE,
    example: example("x |> gelu"),
    source: "torch.nn.functional.gelu",
    elsewhere: &[("GELU", "PyTorch"), ("Gelu", "ONNX"), ("nn.GELU", "PyTorch"), ("gelu_new", "Transformers")],
    body: Body::Function {
        build: |b, args| {
            let x = operand(args)?;
            let curve = if args.choice("approximate") == "tanh" {
                let square = b.unary(Unary::Square, x);
                let factor = b.scale(&square, 0.044715);
                let factor = b.offset(&factor, 1.0);
                let cubic = b.multiply(x, &factor)?;
                let inner = b.scale(&cubic, (2.0 / std::f64::consts::PI).sqrt());
                b.unary(Unary::Tanh, &inner)
            } else {
                return one(gelu(b, x)?);
            };
            let weight = b.offset(&curve, 1.0);
            let half = b.scale(x, 0.5);
            one(b.multiply(&half, &weight)?)
        },
        number: None,
    },
};

/// `x (1 + erf(x / √2)) / 2`
pub fn gelu(b: &mut Builder, x: &Tensor) -> Result<Tensor, Problem> {
    let inner = b.scale(x, std::f64::consts::FRAC_1_SQRT_2);
    let curve = b.unary(Unary::ErrorFunction, &inner);
    let weight = b.offset(&curve, 1.0);
    let half = b.scale(x, 0.5);
    b.multiply(&half, &weight)
}

/// `x * sigmoid(x)`; `torch.nn.functional.silu`.
pub static SILU: Entry = Entry {
    name: "silu",
    summary: "A number times its sigmoid; also known as swish.",
    formula: "silu(x) = x * sigmoid(x)",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> silu"),
    source: "torch.nn.functional.silu",
    elsewhere: &[("SiLU", "PyTorch"), ("nn.SiLU", "PyTorch"), ("swish", "Keras"), ("Swish", "Keras")],
    body: Body::Function {
        build: |b, args| {
            let x = operand(args)?;
            let gate = b.unary(Unary::Sigmoid, x);
            one(b.multiply(x, &gate)?)
        },
        number: None,
    },
};

/// `x * tanh(softplus(x))`; `torch.nn.functional.mish`, Misra 2019.
pub static MISH: Entry = Entry {
    name: "mish",
    summary: "A number times the tanh of its softplus.",
    formula: "mish(x) = x * tanh(log(1 + exp(x)))",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> mish"),
    source: "torch.nn.functional.mish",
    elsewhere: &[("Mish", "PyTorch"), ("nn.Mish", "PyTorch")],
    body: Body::Function {
        build: |b, args| {
            let x = operand(args)?;
            let soft = b.unary(Unary::Softplus, x);
            let gate = b.unary(Unary::Tanh, &soft);
            one(b.multiply(x, &gate)?)
        },
        number: None,
    },
};

/// `log(1 + exp(beta * x)) / beta`; `torch.nn.functional.softplus`, without its threshold: ours does not overflow.
pub static SOFTPLUS: Entry = Entry {
    name: "softplus",
    summary: "A smooth relu, always positive.",
    formula: "softplus(x) = log(1 + exp(beta * x)) / beta",
    params: &[X, Param::optional("beta", ParamType::Number(Bounds::POSITIVE), "1", "how sharp the bend at 0 is")],
    shapes: ELEMENTWISE,
    example: example("x |> softplus"),
    source: "torch.nn.functional.softplus",
    elsewhere: &[("Softplus", "PyTorch"), ("nn.Softplus", "PyTorch")],
    body: Body::Function {
        build: |b, args| {
            let x = operand(args)?;
            let beta = args.number("beta");
            if beta == 1.0 {
                return one(b.unary(Unary::Softplus, x));
            }
            let scaled = b.scale(x, beta);
            let soft = b.unary(Unary::Softplus, &scaled);
            one(b.scale(&soft, beta.recip()))
        },
        number: None,
    },
};

/// `1 / (1 + exp(-x))`; `torch.sigmoid`. Its result counts as probabilities.
pub static SIGMOID: Entry = Entry {
    name: "sigmoid",
    summary: "Squeezes numbers between 0 and 1; the result counts as probabilities.",
    formula: "sigmoid(x) = 1 / (1 + exp(-x))",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> sigmoid"),
    source: "torch.sigmoid",
    elsewhere: &[("Sigmoid", "PyTorch"), ("nn.Sigmoid", "PyTorch"), ("logistic", "JAX"), ("expit", "SciPy")],
    body: Body::Function {
        build: |b, args| one(b.unary(Unary::Sigmoid, operand(args)?)),
        number: Some(|a| a.first().map_or(0.0, |x| 1.0 / (1.0 + (-x).exp()))),
    },
};

/// `torch.tanh`.
pub static TANH: Entry = Entry {
    name: "tanh",
    summary: "Squeezes numbers between -1 and 1.",
    formula: "tanh(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> tanh"),
    source: "torch.tanh",
    elsewhere: &[("Tanh", "PyTorch"), ("nn.Tanh", "PyTorch")],
    body: Body::Function {
        build: |b, args| one(b.unary(Unary::Tanh, operand(args)?)),
        number: Some(|a| a.first().map_or(0.0, |x| x.tanh())),
    },
};

/// `x * min(max(x + 3, 0), 6) / 6`; `torch.nn.functional.hardswish`.
pub static HARDSWISH: Entry = Entry {
    name: "hardswish",
    summary: "A silu made of straight pieces.",
    formula: "hardswish(x) = x * clamp(x + 3, 0, 6) / 6",
    params: &[X],
    shapes: ELEMENTWISE,
    example: example("x |> hardswish"),
    source: "torch.nn.functional.hardswish",
    elsewhere: &[("Hardswish", "PyTorch"), ("HardSwish", "ONNX"), ("hard_swish", "Keras"), ("hard_silu", "Keras")],
    body: Body::Function {
        build: |b, args| {
            let x = operand(args)?;
            let shifted = b.offset(x, 3.0);
            let (low, high) = (b.constant(0.0), b.constant(6.0));
            let gate = super::elementwise::between(b, &shifted, Some(&low), Some(&high))?;
            // Divided first: 6x may be more than f32 holds where x is not.
            let gate = b.scale(&gate, 1.0 / 6.0);
            one(b.multiply(x, &gate)?)
        },
        number: None,
    },
};
