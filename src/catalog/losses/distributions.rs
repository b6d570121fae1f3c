//! Losses between distributions: `kl_div`, `poisson`, `gaussian_nll`.

use crate::build::{Builder, Problem, Role, Tensor};
use crate::catalog::demands::{axis, numbers};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType, Task};
use crate::ir::op::{Binary, Unary};

/// All of them.
pub static ALL: &[&Entry] = &[&KL_DIV, &POISSON, &GAUSSIAN_NLL];

/// `torch.nn.functional.kl_div` with `reduction="batchmean"` for one axis.
pub static KL_DIV: Entry = Entry {
    name: "kl_div",
    summary: "How far a distribution is from a wanted one: the Kullback-Leibler divergence, in nats.",
    formula: "sum(target * (log(target) - log_probs)) along the axis, averaged over all other positions",
    params: &[
        Param::required("log_probs", ParamType::Tensor, "log-probabilities, the result of a log_softmax"),
        Param::required("target", ParamType::Tensor, "the wanted probabilities"),
        Param::optional("axis", ParamType::Axis, "-1", "the axis of the classes"),
    ],
    shapes: &["[..], [..] -> float"],
    example: Example {
        inputs: &[("logits", "[3]"), ("y", "[3]")],
        code: "kl_div(log_softmax(logits), y)",
        output: "float",
    },
    source: "torch.nn.KLDivLoss, reduction batchmean; here also divided by the other positions of an example",
    elsewhere: &[
        ("KLDivLoss", "PyTorch"),
        ("KLDivergence", "Keras"),
        ("kl_divergence", "Keras"),
        ("kullback_leibler_divergence", "Keras"),
    ],
    body: Body::Loss { build: kl_div, operands: ("log_probs", "target"), task: Task::Regression },
};

/// `torch.nn.functional.poisson_nll_loss` of the logarithm of the rate.
pub static POISSON: Entry = Entry {
    name: "poisson",
    summary: "The loss of counts, from the logarithm of the expected count.",
    formula: "exp(log_rate) - target * log_rate, averaged over all positions",
    params: &[
        Param::required("log_rate", ParamType::Tensor, "the logarithm of the expected count"),
        Param::required("target", ParamType::Tensor, "the count"),
    ],
    shapes: &["[..], [..] -> float"],
    example: Example { inputs: &[("x", "[3]"), ("y", "[3]")], code: "poisson(x, y)", output: "float" },
    source: "torch.nn.PoissonNLLLoss",
    elsewhere: &[("PoissonNLLLoss", "PyTorch"), ("poisson_nll_loss", "PyTorch"), ("Poisson", "Keras")],
    body: Body::Loss { build: poisson, operands: ("log_rate", "target"), task: Task::Regression },
};

/// `torch.nn.functional.gaussian_nll_loss`.
pub static GAUSSIAN_NLL: Entry = Entry {
    name: "gaussian_nll",
    summary: "The loss of a prediction that says how sure it is: a mean and a variance.",
    formula: "v = max(var, eps); (log(v) + (mean - target)^2 / v) / 2, averaged over all positions",
    params: &[
        Param::required("mean", ParamType::Tensor, "what the model says"),
        Param::required("target", ParamType::Tensor, "what is right"),
        Param::required("var", ParamType::Tensor, "the variance that the model expects, not negative"),
        Param::optional("eps", ParamType::Number(Bounds::POSITIVE), "1e-6", "the smallest variance"),
    ],
    shapes: &["[..], [..], [..] -> float"],
    example: Example {
        inputs: &[("x", "[3]"), ("y", "[3]"), ("v", "[3]")],
        code: "gaussian_nll(x, y, softplus(v))",
        output: "float",
    },
    source: "torch.nn.GaussianNLLLoss",
    elsewhere: &[("GaussianNLLLoss", "PyTorch"), ("gaussian_nll_loss", "PyTorch")],
    body: Body::Loss { build: gaussian_nll, operands: ("mean", "target"), task: Task::Regression },
};

fn operand<'a>(args: &'a Args, place: usize, name: &'static str) -> Result<&'a Tensor, Problem> {
    let x = args.operand(name)?;
    numbers(place, x)?;
    Ok(x)
}

fn kl_div(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, y) = (operand(args, 0, "log_probs")?, operand(args, 1, "target")?);
    if let got @ Role::Probabilities = x.role {
        return Err(Problem::LossRole { operand: 0, wanted: "log-probabilities", got, instead: "" });
    }
    super::same_shapes(b, x, y)?;
    let axis = axis(b, args, "axis", -1, x)?;
    // 0 log 0 is 0, and has no slope.
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let there = b.binary(Binary::Less, &zero, y)?;
    let safe = b.select(&there, y, &one)?;
    let logarithm = b.unary(Unary::Logarithm, &safe);
    let difference = b.subtract(&logarithm, x)?;
    let terms = b.multiply(y, &difference)?;
    let divergence = b.sum(&terms, &[axis], false);
    super::mean_of_positions(b, &divergence)
}

fn poisson(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, y) = (operand(args, 0, "log_rate")?, operand(args, 1, "target")?);
    super::same_shapes(b, x, y)?;
    let rate = b.unary(Unary::Exponential, x);
    let hits = b.multiply(y, x)?;
    let loss = b.subtract(&rate, &hits)?;
    super::mean_of_positions(b, &loss)
}

fn gaussian_nll(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, y, v) = (operand(args, 0, "mean")?, operand(args, 1, "target")?, operand(args, 2, "var")?);
    super::same_shapes(b, x, y)?;
    super::same_shapes(b, x, v)?;
    let v = b.with_scalar(Binary::Maximum, v, args.number("eps"));
    let error = b.subtract(x, y)?;
    let square = b.unary(Unary::Square, &error);
    let relative = b.divide(&square, &v)?;
    let logarithm = b.unary(Unary::Logarithm, &v);
    let sum = b.add(&logarithm, &relative)?;
    let loss = b.scale(&sum, 0.5);
    super::mean_of_positions(b, &loss)
}
