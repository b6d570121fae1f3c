//! `bce` and `bce_with_logits`: one yes or no a position.

use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::demands::numbers;
use crate::catalog::{Args, Body, Entry, Example, Param, ParamType, Task};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

/// Both.
pub static ALL: &[&Entry] = &[&BCE, &BCE_WITH_LOGITS];

const TARGET: Param = Param::required("y", ParamType::Tensor, "the truth: float in 0 .. 1, bool, or class(2)");

const SHAPES: &[&str] = &["[..], [..] -> float", "[..], bool[..] -> float", "[..], class(2)[..] -> float"];

/// `torch.nn.functional.binary_cross_entropy`; logarithms below -100 count as -100, as there.
pub static BCE: Entry = Entry {
    name: "bce",
    summary: "Binary cross-entropy of probabilities; bce_with_logits is more exact where there are logits.",
    formula: "-(y * log(probs) + (1 - y) * log(1 - probs)), averaged over all positions",
    params: &[Param::required("probs", ParamType::Tensor, "probabilities, the result of a sigmoid"), TARGET],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[3]"), ("y", "[3]")], code: "bce(sigmoid(x), y)", output: "float" },
    source: "torch.nn.BCELoss",
    elsewhere: &[
        ("BCELoss", "PyTorch"),
        ("BinaryCrossentropy", "Keras"),
        ("binary_crossentropy", "Keras"),
        ("binary_cross_entropy", "PyTorch"),
    ],
    body: Body::Loss { build: bce, operands: ("probs", "y"), task: Task::Classification },
};

/// `torch.nn.functional.binary_cross_entropy_with_logits`.
pub static BCE_WITH_LOGITS: Entry = Entry {
    name: "bce_with_logits",
    summary: "Binary cross-entropy of a sigmoid over the logits; the loss of yes-or-no questions.",
    formula: "(1 - y) * logits + log(1 + exp(-logits)), averaged over all positions",
    params: &[Param::required("logits", ParamType::Tensor, "one number a question, before any sigmoid"), TARGET],
    shapes: SHAPES,
    example: Example {
        inputs: &[("logit", "float"), ("y", "float")],
        code: "bce_with_logits(logit, y)",
        output: "float",
    },
    source: "torch.nn.BCEWithLogitsLoss",
    elsewhere: &[
        ("BCEWithLogitsLoss", "PyTorch"),
        ("binary_cross_entropy_with_logits", "PyTorch"),
        ("sigmoid_cross_entropy_with_logits", "TensorFlow"),
        ("sigmoid_binary_cross_entropy", "JAX"),
    ],
    body: Body::Loss { build: bce_with_logits, operands: ("logits", "y"), task: Task::Classification },
};

/// The truth as numbers in 0 .. 1.
pub(super) fn truth(b: &Builder, prediction: &Tensor, target: &Tensor) -> Result<Tensor, Problem> {
    match &target.kind {
        Kind::Float | Kind::Int | Kind::Bool => {}
        Kind::Class { count, .. } if b.sizes_fit(count, &Dim::constant(2)) => {}
        Kind::Class { .. } => {
            let wanted = "float, bool or class(2)";
            return Err(Problem::Kind { operand: 1, wanted, got: target.kind.clone() });
        }
    }
    super::same_shapes(b, prediction, target)?;
    Ok(target.clone().with_kind(Kind::Float))
}

fn bce_with_logits(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, y) = (args.operand("logits")?, args.operand("y")?);
    numbers(0, x)?;
    match x.role {
        Role::Value => {}
        got @ Role::Probabilities => {
            return Err(Problem::LossRole { operand: 0, wanted: "logits", got, instead: "bce" });
        }
        got @ Role::LogProbabilities => {
            return Err(Problem::LossRole { operand: 0, wanted: "logits", got, instead: "" });
        }
    }
    let y = truth(b, x, y)?;
    // log(1 + exp(x)) - y x is shorter, but for y = 1 and large x it is the difference of two large numbers.
    let minus = b.scale(&y, -1.0);
    let no = b.offset(&minus, 1.0);
    let linear = b.multiply(&no, x)?;
    let negative = b.unary(Unary::Negate, x);
    let soft = b.unary(Unary::Softplus, &negative);
    let loss = b.add(&linear, &soft)?;
    super::mean_of_positions(b, &loss)
}

fn bce(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (p, y) = (args.operand("probs")?, args.operand("y")?);
    numbers(0, p)?;
    if p.role == Role::LogProbabilities {
        return Err(Problem::LossRole { operand: 0, wanted: "probabilities", got: p.role, instead: "" });
    }
    let y = truth(b, p, y)?;
    let yes = bounded_logarithm(b, p)?;
    let minus = b.scale(p, -1.0);
    let rest = b.offset(&minus, 1.0);
    let no = bounded_logarithm(b, &rest)?;
    let minus = b.scale(&y, -1.0);
    let not_y = b.offset(&minus, 1.0);
    let yes = b.multiply(&y, &yes)?;
    let no = b.multiply(&not_y, &no)?;
    let sum = b.add(&yes, &no)?;
    let loss = b.unary(Unary::Negate, &sum);
    super::mean_of_positions(b, &loss)
}

/// `max(log(p), -100)`. The logarithm is taken of 1 where the bound holds: its slope at 0 is infinite, and infinity
/// times the 0 that the bound passes on would be NaN.
fn bounded_logarithm(b: &mut Builder, p: &Tensor) -> Result<Tensor, Problem> {
    let (smallest, one, bound) = (b.constant((-100.0_f64).exp()), b.constant(1.0), b.constant(-100.0));
    let inside = b.binary(Binary::Less, &smallest, p)?;
    let safe = b.select(&inside, p, &one)?;
    let logarithm = b.unary(Unary::Logarithm, &safe);
    b.select(&inside, &logarithm, &bound)
}
