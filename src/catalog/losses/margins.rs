//! Losses of margins and angles: `hinge`, `cosine`, and `focal`, which forgets what is easy.

use super::binary::truth;
use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::demands::{last_axis, numbers};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType, Task};
use crate::ir::op::{Binary, Unary};

/// All of them.
pub static ALL: &[&Entry] = &[&HINGE, &COSINE, &FOCAL];

const LOGITS: &str = "scores before any softmax or sigmoid: one a class, or one for yes or no";
const TRUTH: &str = "the right class; for one score bool, class(2), or a number that is above 0 for yes";

/// `torch.nn.functional.multi_margin_loss`; with one score, the hinge loss of support vector machines.
pub static HINGE: Entry = Entry {
    name: "hinge",
    summary: "Nothing where the right answer leads by a margin, else what is missing to it.",
    formula: "sum(max(0, margin - x[y] + x[i])) over i != y, divided by the number of classes; \
              with one score max(0, margin - s * x), where s is 1 for yes and -1 for no; averaged over all positions",
    params: &[
        Param::required("logits", ParamType::Tensor, LOGITS),
        Param::required("target", ParamType::Tensor, TRUTH),
        Param::optional("margin", ParamType::Number(Bounds::POSITIVE), "1", "by how much the right answer must lead"),
    ],
    shapes: &["[.., C], class(C)[..] -> float", "[..], [..] -> float"],
    example: Example { inputs: &[("logits", "[3]"), ("y", "class(3)")], code: "hinge(logits, y)", output: "float" },
    source: "torch.nn.MultiMarginLoss",
    elsewhere: &[
        ("MultiMarginLoss", "PyTorch"),
        ("multi_margin_loss", "PyTorch"),
        ("Hinge", "Keras"),
        ("CategoricalHinge", "Keras"),
        ("hinge_loss", "JAX"),
    ],
    body: Body::Loss { build: hinge, operands: ("logits", "target"), task: Task::Classification },
};

/// `torch.nn.functional.cosine_embedding_loss` of pairs that belong together.
pub static COSINE: Entry = Entry {
    name: "cosine",
    summary: "1 minus the cosine of the angle between two vectors: 0 where they point the same way.",
    formula: "1 - sum(a * b) / sqrt((sum(a^2) + 1e-12) * (sum(b^2) + 1e-12)) along the last axis, averaged over all positions",
    params: &[
        Param::required("a", ParamType::Tensor, "what the model says"),
        Param::required("b", ParamType::Tensor, "what is right"),
    ],
    shapes: &["[.., D], [.., D] -> float"],
    example: Example { inputs: &[("a", "[3]"), ("b", "[3]")], code: "cosine(a, b)", output: "float" },
    source: "torch.nn.CosineEmbeddingLoss for a target of 1",
    elsewhere: &[
        ("CosineEmbeddingLoss", "PyTorch"),
        ("CosineSimilarity", "Keras"),
        ("cosine_similarity", "PyTorch"),
        ("cosine_embedding_loss", "PyTorch"),
        ("cosine_distance", "JAX"),
    ],
    body: Body::Loss { build: cosine, operands: ("a", "b"), task: Task::Regression },
};

/// Lin et al. 2017; `torchvision.ops.sigmoid_focal_loss` without its alpha.
pub static FOCAL: Entry = Entry {
    name: "focal",
    summary: "Cross-entropy in which what is already right counts little.",
    formula: "p = the probability of the right answer; (1 - p)^gamma * -log(p), averaged over all positions",
    params: &[
        Param::required("logits", ParamType::Tensor, LOGITS),
        Param::required(
            "target",
            ParamType::Tensor,
            "the right class; for one score bool, class(2), or a number in 0 .. 1",
        ),
        Param::optional(
            "gamma",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "2",
            "how much less the easy ones count; 0 is cross-entropy",
        ),
    ],
    shapes: &["[.., C], class(C)[..] -> float", "[..], [..] -> float"],
    example: Example { inputs: &[("logits", "[3]"), ("y", "class(3)")], code: "focal(logits, y)", output: "float" },
    source: "Lin et al. 2017, Focal Loss for Dense Object Detection",
    elsewhere: &[
        ("sigmoid_focal_loss", "torchvision"),
        ("BinaryFocalCrossentropy", "Keras"),
        ("CategoricalFocalCrossentropy", "Keras"),
        ("FocalLoss", "PyTorch"),
    ],
    body: Body::Loss { build: focal, operands: ("logits", "target"), task: Task::Classification },
};

/// Logits and truth, and whether there is one logit a class.
fn operands<'a>(b: &Builder, args: &'a Args) -> Result<(&'a Tensor, &'a Tensor, bool), Problem> {
    let (x, y) = (args.operand("logits")?, args.operand("target")?);
    numbers(0, x)?;
    if x.role != Role::Value {
        return Err(Problem::LossRole { operand: 0, wanted: "logits", got: x.role, instead: "" });
    }
    let Kind::Class { count, names } = &y.kind else { return Ok((x, y, false)) };
    if x.rank() != y.rank() + 1 {
        return Ok((x, y, false));
    }
    let (_, width) = last_axis(x)?;
    if !b.sizes_fit(&width, count) {
        return Err(Problem::ClassCount { operand: 0, width, classes: count.clone(), names: names.clone() });
    }
    Ok((x, y, true))
}

fn hinge(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let margin = args.number("margin");
    let (x, y, is_by_class) = operands(b, args)?;
    if !is_by_class {
        let y = truth(b, x, y)?;
        let zero = b.constant(0.0);
        let (yes, no) = (b.constant(-1.0), b.constant(1.0));
        let is_yes = b.binary(Binary::Less, &zero, &y)?;
        let minus_sign = b.select(&is_yes, &yes, &no)?;
        let short = b.multiply(&minus_sign, x)?;
        let short = b.offset(&short, margin);
        let loss = b.unary(Unary::Relu, &short);
        return super::mean_of_positions(b, &loss);
    }
    let (axis, width) = last_axis(x)?;
    let right = b.take_last(x, y)?;
    let right = b.unsqueeze(&right, axis);
    let behind = b.subtract(x, &right)?;
    let short = b.offset(&behind, margin);
    let short = b.unary(Unary::Relu, &short);
    // The right class itself is short by the whole margin.
    let chosen = b.one_hot(y, &width)?;
    let minus = b.scale(&chosen, -1.0);
    let others = b.offset(&minus, 1.0);
    let short = b.multiply(&short, &others)?;
    let loss = b.mean(&short, &[axis], false)?;
    super::mean_of_positions(b, &loss)
}

fn cosine(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, y) = (args.operand("a")?, args.operand("b")?);
    numbers(0, x)?;
    numbers(1, y)?;
    super::same_shapes(b, x, y)?;
    let (axis, _) = last_axis(x)?;
    let product = b.multiply(x, y)?;
    let product = b.sum(&product, &[axis], false);
    let mut length = |t: &Tensor| {
        let square = b.unary(Unary::Square, t);
        let sum = b.sum(&square, &[axis], false);
        b.offset(&sum, 1e-12)
    };
    let (of_x, of_y) = (length(x), length(y));
    let lengths = b.multiply(&of_x, &of_y)?;
    let root = b.unary(Unary::SquareRoot, &lengths);
    let similarity = b.divide(&product, &root)?;
    let minus = b.scale(&similarity, -1.0);
    let loss = b.offset(&minus, 1.0);
    super::mean_of_positions(b, &loss)
}

fn focal(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, y, is_by_class) = operands(b, args)?;
    let entropy = if is_by_class {
        let (axis, _) = last_axis(x)?;
        let logs = b.log_softmax(x, axis);
        let right = b.take_last(&logs, y)?;
        b.unary(Unary::Negate, &right)
    } else {
        let y = truth(b, x, y)?;
        // log(1 + exp(x)) - y x, written so that no two large numbers are subtracted.
        let minus = b.scale(&y, -1.0);
        let no = b.offset(&minus, 1.0);
        let linear = b.multiply(&no, x)?;
        let negative = b.unary(Unary::Negate, x);
        let soft = b.unary(Unary::Softplus, &negative);
        let entropy = b.add(&linear, &soft)?;
        let p = b.unary(Unary::Sigmoid, x);
        let kept = b.multiply(&p, &y)?;
        let q = {
            let minus = b.scale(&p, -1.0);
            b.offset(&minus, 1.0)
        };
        let other = b.multiply(&q, &no)?;
        let right = b.add(&kept, &other)?;
        return weighed(b, args, &right, &entropy);
    };
    let minus = b.unary(Unary::Negate, &entropy);
    let right = b.unary(Unary::Exponential, &minus);
    weighed(b, args, &right, &entropy)
}

/// `(1 - p)^gamma * entropy`
fn weighed(b: &mut Builder, args: &Args, p: &Tensor, entropy: &Tensor) -> Result<Vec<Tensor>, Problem> {
    let minus = b.scale(p, -1.0);
    let doubt = b.offset(&minus, 1.0);
    // Rounding may make a certain answer more than certain, and powers of negative numbers are not numbers.
    let doubt = b.unary(Unary::Relu, &doubt);
    let gamma = args.number("gamma");
    let weight = match gamma {
        0.0 => return super::mean_of_positions(b, entropy),
        1.0 => doubt,
        2.0 => b.unary(Unary::Square, &doubt),
        _ => b.with_scalar(Binary::Power, &doubt, gamma),
    };
    let loss = b.multiply(&weight, entropy)?;
    super::mean_of_positions(b, &loss)
}
