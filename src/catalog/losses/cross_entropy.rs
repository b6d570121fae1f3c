//! `cross_entropy`, with classes or probabilities as target, and `nll`, the same of log-probabilities.

use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::demands::{axis, numbers};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType, Task};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

/// All of them.
pub static ALL: &[&Entry] = &[&CROSS_ENTROPY, &NLL];

const WEIGHT: Param =
    Param::optional("weight", ParamType::Numbers, "none", "how much each class counts, one number a class");
const AXIS: Param = Param::optional("axis", ParamType::Axis, "-1", "the axis of the classes");
const IGNORE: Param = Param::optional(
    "ignore",
    ParamType::Whole { min: i64::MIN, max: i64::MAX },
    "none",
    "a class whose positions do not count, such as padding",
);

/// `torch.nn.functional.cross_entropy` with the class axis last, `reduction="mean"` over the whole batch.
pub static CROSS_ENTROPY: Entry = Entry {
    name: "cross_entropy",
    summary: "How surprised a softmax over the logits is by the right class; the loss of classification.",
    formula: "-log(softmax(logits)[target]), averaged over all positions (weighted by weight[target] where given); \
              label_smoothing s: the target has probability 1 - s + s/C, every other class s/C",
    params: &[
        Param::required("logits", ParamType::Tensor, "one number a class, before any softmax"),
        Param::required("target", ParamType::Tensor, "the right class, or a probability for each"),
        Param::optional(
            "label_smoothing",
            ParamType::Number(Bounds::UNIT),
            "0",
            "the share of the target that is spread over all classes",
        ),
        WEIGHT,
        AXIS,
        IGNORE,
    ],
    shapes: &["[.., C], class(C)[..] -> float", "[.., C], [.., C] -> float"],
    example: Example {
        inputs: &[("logits", "[3]"), ("y", "class(3)")],
        code: "cross_entropy(logits, y)",
        output: "float",
    },
    source: "torch.nn.CrossEntropyLoss",
    elsewhere: &[
        ("CrossEntropyLoss", "PyTorch"),
        ("CrossEntropy", "fastai"),
        ("CategoricalCrossentropy", "Keras"),
        ("categorical_crossentropy", "Keras"),
        ("SparseCategoricalCrossentropy", "Keras"),
        ("sparse_categorical_crossentropy", "Keras"),
        ("softmax_cross_entropy", "JAX"),
        ("softmax_cross_entropy_with_logits", "TensorFlow"),
        ("log_loss", "scikit-learn"),
    ],
    body: Body::Loss { build: cross_entropy, operands: ("logits", "target"), task: Task::Classification },
};

/// `torch.nn.functional.nll_loss` with the class axis last.
pub static NLL: Entry = Entry {
    name: "nll",
    summary: "The negative log-likelihood of the right class, from log-probabilities.",
    formula: "-log_probs[target], averaged over all positions (weighted by weight[target] where given)",
    params: &[
        Param::required("log_probs", ParamType::Tensor, "one log-probability a class, the result of a log_softmax"),
        Param::required("target", ParamType::Tensor, "the right class"),
        WEIGHT,
        AXIS,
        IGNORE,
    ],
    shapes: &["[.., C], class(C)[..] -> float"],
    example: Example {
        inputs: &[("logits", "[3]"), ("y", "class(3)")],
        code: "nll(log_softmax(logits), y)",
        output: "float",
    },
    source: "torch.nn.NLLLoss",
    elsewhere: &[("NLLLoss", "PyTorch"), ("nll_loss", "PyTorch"), ("NegativeLogLikelihood", "Keras")],
    body: Body::Loss { build: nll, operands: ("log_probs", "target"), task: Task::Classification },
};

fn cross_entropy(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let logits = args.operand("logits")?;
    if logits.role != Role::Value {
        return Err(Problem::LossRole { operand: 0, wanted: "logits", got: logits.role, instead: "nll" });
    }
    let axis = class_axis(b, args, logits)?;
    let log_probabilities = b.log_softmax(logits, axis);
    compare(b, args, logits, &log_probabilities, axis)
}

fn nll(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let log_probabilities = args.operand("log_probs")?;
    if let got @ Role::Probabilities = log_probabilities.role {
        return Err(Problem::LossRole { operand: 0, wanted: "log-probabilities", got, instead: "" });
    }
    let axis = class_axis(b, args, log_probabilities)?;
    if args.operand("target")?.kind.is_float() {
        let got = args.operand("target")?.kind.clone();
        return Err(Problem::Kind { operand: 1, wanted: "class(n)", got });
    }
    compare(b, args, log_probabilities, log_probabilities, axis)
}

fn class_axis(b: &Builder, args: &Args, prediction: &Tensor) -> Result<usize, Problem> {
    numbers(0, prediction)?;
    if prediction.rank() == 0 {
        let wanted = "an axis with one number a class, `[C]`".to_owned();
        return Err(Problem::Rank { operand: 0, wanted, shape: Vec::new() });
    }
    axis(b, args, "axis", -1, prediction)
}

/// The loss of log-probabilities that came from `prediction`, with its classes along `axis`.
fn compare(
    b: &mut Builder,
    args: &Args,
    prediction: &Tensor,
    log_probabilities: &Tensor,
    axis: usize,
) -> Result<Vec<Tensor>, Problem> {
    let target = args.operand("target")?;
    let classes = prediction.shape.get(axis).cloned().unwrap_or_default();
    let weights = class_weights(b, args, &classes)?;
    let log_probabilities = class_axis_last(b, log_probabilities, axis);
    let terms = Terms { log_probabilities, weights, classes, smoothing: args.number("label_smoothing") };
    match &target.kind {
        Kind::Class { count, names } => {
            let mut positions = prediction.shape.clone();
            positions.remove(axis);
            if !b.shapes_fit(&positions, &target.shape) {
                return Err(Problem::LossShapes { left: prediction.shape.clone(), right: target.shape.clone() });
            }
            if !b.sizes_fit(&terms.classes, count) {
                let (width, classes) = (terms.classes, count.clone());
                return Err(Problem::ClassCount { operand: 0, width, classes, names: names.clone() });
            }
            against_classes(b, &terms, target, args.optional_number("ignore"))
        }
        Kind::Float if target.rank() == prediction.rank() => {
            super::same_shapes(b, prediction, target)?;
            if args.optional_number("ignore").is_some() {
                let message = "only a target of classes has positions to ignore; this one is probabilities".into();
                return Err(Problem::Argument { argument: "ignore", message });
            }
            let target = class_axis_last(b, target, axis);
            against_probabilities(b, &terms, &target)
        }
        kind => {
            let wanted = "class(n), or probabilities of the shape of the logits";
            Err(Problem::Kind { operand: 1, wanted, got: kind.clone() })
        }
    }
}

struct Terms {
    /// The class axis is the last one.
    log_probabilities: Tensor,
    /// `[C]`
    weights: Option<Tensor>,
    classes: Dim,
    smoothing: f64,
}

fn class_axis_last(b: &mut Builder, x: &Tensor, axis: usize) -> Tensor {
    let mut order: Vec<usize> = (0..x.rank()).filter(|i| *i != axis).collect();
    order.push(axis);
    b.permute(x, &order)
}

fn class_weights(b: &mut Builder, args: &Args, classes: &Dim) -> Result<Option<Tensor>, Problem> {
    let Some(numbers) = args.numbers("weight") else { return Ok(None) };
    if !b.sizes_fit(&Dim::from(numbers.len()), classes) {
        return Err(Problem::Length {
            argument: "weight",
            wanted: classes.clone(),
            got: numbers.len(),
            reason: "one weight a class",
        });
    }
    if let Some(wrong) = numbers.iter().find(|w| !w.is_finite() || **w < 0.0) {
        let message = format!("a weight is at least 0; {wrong} is not");
        return Err(Problem::Argument { argument: "weight", message });
    }
    if numbers.iter().all(|w| *w == 0.0) {
        return Err(Problem::Argument { argument: "weight", message: "every class counts nothing".into() });
    }
    Ok(Some(b.literal(&[numbers.len()], numbers)))
}

fn against_classes(
    b: &mut Builder,
    terms: &Terms,
    target: &Tensor,
    ignore: Option<f64>,
) -> Result<Vec<Tensor>, Problem> {
    let counted = match ignore {
        None => None,
        Some(class) => {
            let class = b.constant(class);
            Some(b.binary(Binary::NotEqual, target, &class)?)
        }
    };
    // An ignored class may lie outside the classes: look up another one in its place.
    let target = match &counted {
        None => target.clone(),
        Some(counted) => {
            let zero = b.constant(0.0);
            b.select(counted, target, &zero)?
        }
    };
    let weight = match &terms.weights {
        None => None,
        Some(weights) => {
            let ids = target.clone().with_kind(Kind::Int);
            Some(b.gather_rows(weights, &ids)?)
        }
    };
    let right = b.take_last(&terms.log_probabilities, &target)?;
    let mut loss = b.unary(Unary::Negate, &right);
    if let Some(weight) = &weight {
        loss = b.multiply(&loss, weight)?;
    }
    if terms.smoothing > 0.0 {
        // The spread part is weighted class by class, the sum of the weights below stays that of the targets.
        let all = match &terms.weights {
            None => terms.log_probabilities.clone(),
            Some(weights) => b.multiply(&terms.log_probabilities, weights)?,
        };
        let sum = b.sum(&all, &[all.rank() - 1], false);
        let share = b.scale(&sum, -terms.smoothing);
        let classes = b.size(&terms.classes);
        let share = b.divide(&share, &classes)?;
        let kept = b.scale(&loss, 1.0 - terms.smoothing);
        loss = b.add(&kept, &share)?;
    }
    let counts = match (weight, counted) {
        (None, None) => return super::mean_of_positions(b, &loss),
        (Some(weight), None) => weight,
        (None, Some(counted)) => counted,
        (Some(weight), Some(counted)) => b.multiply(&weight, &counted)?,
    };
    if ignore.is_some() {
        let zero = b.constant(0.0);
        let some = b.binary(Binary::NotEqual, &counts, &zero)?;
        loss = b.select(&some, &loss, &zero)?;
    }
    let axes: Vec<usize> = (0..loss.rank()).collect();
    let numerator = b.sum(&loss, &axes, false);
    let total = b.sum(&counts, &axes, false).with_kind(Kind::Float);
    let normalizer = b.normalizer(&total)?;
    // Where nothing counts, the sum above is 0 as well: the loss is 0 rather than torch's NaN.
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let nothing = b.binary(Binary::Equal, &normalizer, &zero)?;
    let divisor = b.select(&nothing, &one, &normalizer)?;
    Ok(vec![b.divide(&numerator, &divisor)?])
}

fn against_probabilities(b: &mut Builder, terms: &Terms, target: &Tensor) -> Result<Vec<Tensor>, Problem> {
    let mut target = target.clone();
    if terms.smoothing > 0.0 {
        let kept = b.scale(&target, 1.0 - terms.smoothing);
        let smoothing = b.constant(terms.smoothing);
        let classes = b.size(&terms.classes);
        let share = b.divide(&smoothing, &classes)?;
        target = b.add(&kept, &share)?;
    }
    let mut product = b.multiply(&terms.log_probabilities, &target)?;
    if let Some(weights) = &terms.weights {
        product = b.multiply(&product, weights)?;
    }
    let sum = b.sum(&product, &[product.rank() - 1], false);
    let loss = b.unary(Unary::Negate, &sum);
    super::mean_of_positions(b, &loss)
}
