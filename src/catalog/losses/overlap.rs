//! `dice`, a loss of regions, and `triplet`, one of distances.

use super::binary::truth;
use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::demands::{axis, last_axis, numbers};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType, Task};
use crate::ir::op::{Binary, Unary};

/// Both.
pub static ALL: &[&Entry] = &[&DICE, &TRIPLET];

/// `monai.losses.DiceLoss` over a softmax or sigmoid.
pub static DICE: Entry = Entry {
    name: "dice",
    summary: "How little the predicted regions overlap the true ones: 0 where they are the same; a loss of segmentation \
              that does not mind how small a region is.",
    formula: "1 - (2 * sum(p * y) + smooth) / (sum(p) + sum(y) + smooth), where p = softmax(logits) and y is one_hot, or \
              p = sigmoid(logits); sums over the positions of an example, averaged over the classes",
    params: &[
        Param::required(
            "logits",
            ParamType::Tensor,
            "scores before any softmax or sigmoid: one a class, or one for yes or no",
        ),
        Param::required("target", ParamType::Tensor, "the right class; for one score bool, class(2), or 0 .. 1"),
        Param::optional("smooth", ParamType::Number(Bounds::NOT_NEGATIVE), "1e-5", "added above and below the bar"),
        Param::optional("axis", ParamType::Axis, "-1", "the axis of the classes"),
    ],
    shapes: &["[.., C], class(C)[..] -> float", "[..], [..] -> float"],
    example: Example {
        inputs: &[("logits", "[4, 3]"), ("y", "class(3)[4]")],
        code: "dice(logits, y)",
        output: "float",
    },
    source: "Milletari et al. 2016, V-Net; monai.losses.DiceLoss(softmax=True, to_onehot_y=True)",
    elsewhere: &[("DiceLoss", "MONAI"), ("Dice", "Keras")],
    body: Body::Loss { build: dice, operands: ("logits", "target"), task: Task::Classification },
};

fn dice(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, y) = (args.operand("logits")?, args.operand("target")?);
    numbers(0, x)?;
    if x.role != Role::Value {
        return Err(Problem::LossRole { operand: 0, wanted: "logits", got: x.role, instead: "" });
    }
    let (probabilities, truth) = match &y.kind {
        Kind::Class { count, names } if x.rank() == y.rank() + 1 => {
            let axis = axis(b, args, "axis", -1, x)?;
            let mut order: Vec<usize> = (0..x.rank()).filter(|i| *i != axis).collect();
            order.push(axis);
            let x = b.permute(x, &order);
            let (last, width) = last_axis(&x)?;
            if !b.sizes_fit(&width, count) {
                return Err(Problem::ClassCount { operand: 0, width, classes: count.clone(), names: names.clone() });
            }
            if !b.shapes_fit(&x.shape[..last], &y.shape) {
                return Err(Problem::LossShapes { left: x.shape.clone(), right: y.shape.clone() });
            }
            (b.softmax(&x, last), b.one_hot(y, &width)?)
        }
        _ => {
            let y = truth(b, x, y)?;
            let p = b.unary(Unary::Sigmoid, x);
            // One region: an axis of one class.
            let last = x.rank();
            (b.unsqueeze(&p, last), b.unsqueeze(&y, last))
        }
    };
    let positions: Vec<usize> = (0..probabilities.rank() - 1).collect();
    let over = |b: &mut Builder, x: &Tensor| if positions.is_empty() { x.clone() } else { b.sum(x, &positions, false) };
    let both = b.multiply(&probabilities, &truth)?;
    let both = over(b, &both);
    let (said, there) = (over(b, &probabilities), over(b, &truth));
    let smooth = args.number("smooth");
    let above = b.scale(&both, 2.0);
    let above = b.offset(&above, smooth);
    let below = b.add(&said, &there)?;
    let below = b.offset(&below, smooth);
    let overlap = b.divide(&above, &below)?;
    let minus = b.scale(&overlap, -1.0);
    let loss = b.offset(&minus, 1.0);
    super::mean_of_positions(b, &loss)
}

/// `torch.nn.functional.triplet_margin_loss`.
pub static TRIPLET: Entry = Entry {
    name: "triplet",
    summary: "Nothing where what belongs together is nearer than what does not by a margin, else what is missing to it.",
    formula: "max(0, d(anchor, positive) - d(anchor, negative) + margin), d(a, b) = sqrt(sum((a - b + 1e-6)^2)) along \
              the last axis, averaged over all positions",
    params: &[
        Param::required("anchor", ParamType::Tensor, "what is compared"),
        Param::required("positive", ParamType::Tensor, "one of its kind"),
        Param::required("negative", ParamType::Tensor, "one of another kind"),
        Param::optional("margin", ParamType::Number(Bounds::POSITIVE), "1", "by how much the one must be nearer"),
    ],
    shapes: &["[.., D], [.., D], [.., D] -> float"],
    example: Example { inputs: &[("a", "[3]"), ("p", "[3]"), ("n", "[3]")], code: "triplet(a, p, n)", output: "float" },
    source: "torch.nn.TripletMarginLoss",
    elsewhere: &[
        ("TripletMarginLoss", "PyTorch"),
        ("triplet_margin_loss", "PyTorch"),
        ("TripletSemiHardLoss", "TensorFlow Addons"),
        ("triplet_loss", "JAX"),
    ],
    body: Body::Loss { build: triplet, operands: ("anchor", "positive"), task: Task::Regression },
};

fn triplet(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (anchor, positive, negative) = (args.operand("anchor")?, args.operand("positive")?, args.operand("negative")?);
    for (operand, x) in [anchor, positive, negative].into_iter().enumerate() {
        numbers(operand, x)?;
        super::same_shapes(b, anchor, x)?;
    }
    let (last, _) = last_axis(anchor)?;
    let distance = |b: &mut Builder, other: &Tensor| -> Result<Tensor, Problem> {
        let difference = b.subtract(anchor, other)?;
        let difference = b.offset(&difference, 1e-6);
        let square = b.unary(Unary::Square, &difference);
        let sum = b.sum(&square, &[last], false);
        Ok(b.unary(Unary::SquareRoot, &sum))
    };
    let (near, far) = (distance(b, positive)?, distance(b, negative)?);
    let gap = b.subtract(&near, &far)?;
    let gap = b.offset(&gap, args.number("margin"));
    let zero = b.constant(0.0);
    let loss = b.binary(Binary::Maximum, &gap, &zero)?;
    super::mean_of_positions(b, &loss)
}
