//! What classification metrics read: the class that the model names, and the right one.

use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::Args;
use crate::catalog::demands::axis;
use crate::ir::op::Binary;

/// What the classes of each position are ranked by.
pub(super) struct Scored {
    /// `[.., C]`, the classes last, or one number a question, `[..]`.
    pub scores: Tensor,
    /// The right class of each position, or 0 and 1: `[..]`.
    pub target: Tensor,
    /// Whether there is one score a class.
    pub by_class: bool,
}

/// The scores of the classes and the right one, from the same operands as [`labels`].
pub(super) fn scores(b: &mut Builder, args: &Args, prediction: &Tensor, target: &Tensor) -> Result<Scored, Problem> {
    if let Kind::Class { .. } | Kind::Bool = prediction.kind {
        return Err(Problem::Kind { operand: 0, wanted: "logits or probabilities", got: prediction.kind.clone() });
    }
    // That the operands fit each other is told as it is for all metrics of classes.
    let right = labels(b, args, prediction, target)?.into_iter().nth(1).unwrap_or_else(|| target.clone());
    if prediction.rank() != target.rank() + 1 {
        return Ok(Scored { scores: prediction.clone(), target: right, by_class: false });
    }
    let axis = axis(b, args, "axis", -1, prediction)?;
    let mut order: Vec<usize> = (0..prediction.rank()).filter(|i| *i != axis).collect();
    order.push(axis);
    Ok(Scored { scores: b.permute(prediction, &order), target: right, by_class: true })
}

/// The predicted and the right class of each position, `[.., same]` each.
///
/// With one number a class (`[.., C]` against `class(C)[..]`) the predicted class is that of the largest; with one
/// number a question (`[..]` against `[..]` of 0 and 1) it is 1 where a probability is above 0.5 or a logit above 0.
/// A prediction that is a class already is taken as it is.
pub(super) fn labels(
    b: &mut Builder,
    args: &Args,
    prediction: &Tensor,
    target: &Tensor,
) -> Result<Vec<Tensor>, Problem> {
    if let Kind::Class { count: classes, names } = &target.kind {
        if matches!(prediction.kind, Kind::Class { .. } | Kind::Bool) {
            return agreeing(b, prediction, target);
        }
        if prediction.rank() == target.rank() + 1 {
            let axis = axis(b, args, "axis", -1, prediction)?;
            let width = prediction.shape.get(axis).cloned().unwrap_or_default();
            if !b.sizes_fit(&width, classes) {
                let (classes, names) = (classes.clone(), names.clone());
                return Err(Problem::ClassCount { operand: 0, width, classes, names });
            }
            let named = b.argmax(prediction, axis);
            if !b.shapes_fit(&named.shape, &target.shape) {
                return Err(different(prediction, target));
            }
            return Ok(vec![named, target.clone()]);
        }
        if !b.sizes_fit(classes, &crate::ir::dim::Dim::constant(2)) {
            return Err(different(prediction, target));
        }
    }
    if !b.shapes_fit(&prediction.shape, &target.shape) {
        return Err(different(prediction, target));
    }
    if prediction.kind == Kind::Bool {
        return agreeing(b, prediction, target);
    }
    let threshold = b.constant(threshold(prediction.role));
    let named = b.binary(Binary::Less, &threshold, prediction)?;
    let half = b.constant(0.5);
    let right = if target.kind.is_float() { b.binary(Binary::Less, &half, target)? } else { target.clone() };
    Ok(vec![named, right])
}

/// Above which number a single prediction means yes.
fn threshold(role: Role) -> f64 {
    match role {
        Role::Value => 0.0,
        Role::Probabilities => 0.5,
        Role::LogProbabilities => 0.5_f64.ln(),
    }
}

fn agreeing(b: &Builder, prediction: &Tensor, target: &Tensor) -> Result<Vec<Tensor>, Problem> {
    if b.shapes_fit(&prediction.shape, &target.shape) {
        Ok(vec![prediction.clone(), target.clone()])
    } else {
        Err(different(prediction, target))
    }
}

fn different(prediction: &Tensor, target: &Tensor) -> Problem {
    Problem::LossShapes { left: prediction.shape.clone(), right: target.shape.clone() }
}
