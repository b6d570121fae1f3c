//! How weights start.

mod sample;

pub use sample::sample;

use super::entry::Bounds;
use super::{Args, Body, Entry, Example, Fans, Param, ParamType};
use crate::ir::init::Init;

/// All of them.
pub static ALL: &[&Entry] = &[
    &ZEROS,
    &ONES,
    &FULL,
    &UNIFORM,
    &NORMAL,
    &XAVIER_UNIFORM,
    &XAVIER_NORMAL,
    &KAIMING_UNIFORM,
    &KAIMING_NORMAL,
    &LECUN_NORMAL,
    &TRUNCATED_NORMAL,
    &ORTHOGONAL,
    &IDENTITY,
];

const fn example(code: &'static str) -> Example {
    Example { inputs: &[], code, output: "" }
}

const GAIN: Param = Param::optional("gain", ParamType::Number(Bounds::ANY), "1", "a factor");
const MEAN: Param = Param::optional("mean", ParamType::Number(Bounds::ANY), "0", "the mean");
const STD: Param = Param::optional("std", ParamType::Number(Bounds::NOT_NEGATIVE), "1", "the standard deviation");
const KAIMING: &[Param] = &[
    Param::optional("a", ParamType::Number(Bounds::ANY), "0", "the slope of the leaky_relu behind the layer"),
    Param::optional(
        "mode",
        ParamType::Choice(&["fan_in", "fan_out"]),
        "fan_in",
        "whether the forward or the backward pass keeps its variance",
    ),
    Param::optional(
        "nonlinearity",
        ParamType::Choice(&["leaky_relu", "relu", "linear", "sigmoid", "tanh", "selu"]),
        "leaky_relu",
        "what stands behind the layer; decides the gain",
    ),
];

/// `torch.nn.init.calculate_gain`.
fn gain(args: &Args) -> f64 {
    match args.choice("nonlinearity") {
        "linear" | "sigmoid" => 1.0,
        "tanh" => 5.0 / 3.0,
        "relu" => std::f64::consts::SQRT_2,
        "selu" => 0.75,
        _ => (2.0 / (1.0 + args.number("a").powi(2))).sqrt(),
    }
}

/// The deviation that keeps the variance of what passes through.
fn kaiming_deviation(args: &Args, fans: Fans) -> f64 {
    let fan = if args.choice("mode") == "fan_out" { fans.output } else { fans.input };
    gain(args) / fan.max(1.0).sqrt()
}

fn xavier_deviation(args: &Args, fans: Fans) -> f64 {
    args.number("gain") * (2.0 / (fans.input + fans.output).max(1.0)).sqrt()
}

/// A uniform distribution of this deviation around 0.
fn uniform_of(deviation: f64) -> Init {
    let bound = 3.0_f64.sqrt() * deviation.abs();
    Init::Uniform { low: -bound, high: bound }
}

/// `torch.nn.init.zeros_`.
pub static ZEROS: Entry = Entry {
    name: "zeros",
    summary: "Every weight starts as 0.",
    formula: "w = 0",
    params: &[],
    shapes: &[],
    example: example("zeros"),
    source: "torch.nn.init.zeros_",
    elsewhere: &[("zeros_", "PyTorch"), ("Zeros", "Keras")],
    body: Body::Initializer(|_, _| Init::Full(0.0)),
};

/// `torch.nn.init.ones_`.
pub static ONES: Entry = Entry {
    name: "ones",
    summary: "Every weight starts as 1.",
    formula: "w = 1",
    params: &[],
    shapes: &[],
    example: example("ones"),
    source: "torch.nn.init.ones_",
    elsewhere: &[("ones_", "PyTorch"), ("Ones", "Keras")],
    body: Body::Initializer(|_, _| Init::Full(1.0)),
};

/// `torch.nn.init.constant_`.
pub static FULL: Entry = Entry {
    name: "full",
    summary: "Every weight starts as the same number.",
    formula: "w = value",
    params: &[Param::required("value", ParamType::Number(Bounds::ANY), "the number")],
    shapes: &[],
    example: example("full(0.1)"),
    source: "torch.nn.init.constant_",
    elsewhere: &[("constant_", "PyTorch"), ("Constant", "Keras")],
    body: Body::Initializer(|args, _| Init::Full(args.number("value"))),
};

/// `torch.nn.init.uniform_`.
pub static UNIFORM: Entry = Entry {
    name: "uniform",
    summary: "Every number between two bounds is as likely.",
    formula: "w ~ U(a, b)",
    params: &[
        Param::optional("a", ParamType::Number(Bounds::ANY), "0", "the lower bound"),
        Param::optional("b", ParamType::Number(Bounds::ANY), "1", "the upper bound"),
    ],
    shapes: &[],
    example: example("uniform(-0.1, 0.1)"),
    source: "torch.nn.init.uniform_",
    elsewhere: &[("uniform_", "PyTorch"), ("RandomUniform", "Keras"), ("random_uniform", "Keras")],
    body: Body::Initializer(|args, _| Init::Uniform { low: args.number("a"), high: args.number("b") }),
};

/// `torch.nn.init.normal_`.
pub static NORMAL: Entry = Entry {
    name: "normal",
    summary: "Normally distributed.",
    formula: "w ~ N(mean, std^2)",
    params: &[MEAN, STD],
    shapes: &[],
    example: example("normal(std: 0.02)"),
    source: "torch.nn.init.normal_",
    elsewhere: &[("normal_", "PyTorch"), ("RandomNormal", "Keras"), ("random_normal", "Keras")],
    body: Body::Initializer(|args, _| Init::Normal { mean: args.number("mean"), std: args.number("std") }),
};

/// `torch.nn.init.xavier_uniform_`; Glorot and Bengio 2010.
pub static XAVIER_UNIFORM: Entry = Entry {
    name: "xavier_uniform",
    summary: "Uniform, scaled so that variance survives forward and backward; for tanh and attention.",
    formula: "w ~ U(-r, r), r = gain * sqrt(6 / (fan_in + fan_out))",
    params: &[GAIN],
    shapes: &[],
    example: example("xavier_uniform"),
    source: "torch.nn.init.xavier_uniform_",
    elsewhere: &[("glorot_uniform", "Keras"), ("GlorotUniform", "Keras"), ("xavier_uniform_", "PyTorch")],
    body: Body::Initializer(|args, fans| uniform_of(xavier_deviation(args, fans))),
};

/// `torch.nn.init.xavier_normal_`.
pub static XAVIER_NORMAL: Entry = Entry {
    name: "xavier_normal",
    summary: "Normal, scaled so that variance survives forward and backward; for tanh and attention.",
    formula: "w ~ N(0, s^2), s = gain * sqrt(2 / (fan_in + fan_out))",
    params: &[GAIN],
    shapes: &[],
    example: example("xavier_normal"),
    source: "torch.nn.init.xavier_normal_",
    elsewhere: &[("glorot_normal", "Keras"), ("GlorotNormal", "Keras"), ("xavier_normal_", "PyTorch")],
    body: Body::Initializer(|args, fans| Init::Normal { mean: 0.0, std: xavier_deviation(args, fans).abs() }),
};

/// `torch.nn.init.kaiming_uniform_`; He et al. 2015.
pub static KAIMING_UNIFORM: Entry = Entry {
    name: "kaiming_uniform",
    summary: "Uniform, scaled so that variance survives a relu.",
    formula: "w ~ U(-r, r), r = gain * sqrt(3 / fan); the gain of a relu is sqrt(2)",
    params: KAIMING,
    shapes: &[],
    example: example("kaiming_uniform"),
    source: "torch.nn.init.kaiming_uniform_",
    elsewhere: &[("he_uniform", "Keras"), ("HeUniform", "Keras"), ("kaiming_uniform_", "PyTorch")],
    body: Body::Initializer(|args, fans| uniform_of(kaiming_deviation(args, fans))),
};

/// `torch.nn.init.kaiming_normal_`.
pub static KAIMING_NORMAL: Entry = Entry {
    name: "kaiming_normal",
    summary: "Normal, scaled so that variance survives a relu.",
    formula: "w ~ N(0, s^2), s = gain / sqrt(fan); the gain of a relu is sqrt(2)",
    params: KAIMING,
    shapes: &[],
    example: example("kaiming_normal"),
    source: "torch.nn.init.kaiming_normal_",
    elsewhere: &[("he_normal", "Keras"), ("HeNormal", "Keras"), ("kaiming_normal_", "PyTorch")],
    body: Body::Initializer(|args, fans| Init::Normal { mean: 0.0, std: kaiming_deviation(args, fans) }),
};

/// LeCun et al. 1998, as Klambauer et al. 2017 use it with selu.
pub static LECUN_NORMAL: Entry = Entry {
    name: "lecun_normal",
    summary: "Normal, scaled so that variance survives forward; for selu.",
    formula: "w ~ N(0, s^2), s = 1 / sqrt(fan_in)",
    params: &[],
    shapes: &[],
    example: example("lecun_normal"),
    source: "LeCun et al. 1998, Efficient BackProp",
    elsewhere: &[("LecunNormal", "Keras")],
    body: Body::Initializer(|_, fans| Init::Normal { mean: 0.0, std: fans.input.max(1.0).sqrt().recip() }),
};

/// `torch.nn.init.trunc_normal_`, cut two deviations from the mean.
pub static TRUNCATED_NORMAL: Entry = Entry {
    name: "truncated_normal",
    summary: "Normal, drawn again where it falls more than two deviations from the mean.",
    formula: "w ~ N(mean, std^2) within mean ± 2 std",
    params: &[MEAN, STD],
    shapes: &[],
    example: example("truncated_normal(std: 0.02)"),
    source: "torch.nn.init.trunc_normal_",
    elsewhere: &[("trunc_normal_", "PyTorch"), ("TruncatedNormal", "Keras")],
    body: Body::Initializer(|args, _| Init::TruncatedNormal { mean: args.number("mean"), std: args.number("std") }),
};

/// `torch.nn.init.orthogonal_`; Saxe et al. 2013.
pub static ORTHOGONAL: Entry = Entry {
    name: "orthogonal",
    summary: "A random rotation: rows or columns of length 1, at right angles; for recurrent weights.",
    formula: "w @ transpose(w) = gain^2 * identity, the first axis against all others",
    params: &[GAIN],
    shapes: &[],
    example: example("orthogonal"),
    source: "torch.nn.init.orthogonal_",
    elsewhere: &[("orthogonal_", "PyTorch"), ("OrthogonalInitializer", "Keras"), ("Orthogonal", "Keras")],
    body: Body::Initializer(|args, _| Init::Orthogonal { gain: args.number("gain") }),
};

/// `torch.nn.init.eye_`.
pub static IDENTITY: Entry = Entry {
    name: "identity",
    summary: "Ones on the diagonal of the last two axes, else zeros: the layer starts by passing its input on.",
    formula: "w[i, j] = 1 where i == j, else 0",
    params: &[],
    shapes: &[],
    example: example("identity"),
    source: "torch.nn.init.eye_",
    elsewhere: &[("eye_", "PyTorch"), ("eye", "NumPy"), ("IdentityInitializer", "Keras")],
    body: Body::Initializer(|_, _| Init::Identity),
};
