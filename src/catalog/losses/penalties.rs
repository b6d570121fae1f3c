//! `l1` and `l2`: losses of the weights themselves.

use crate::build::{Builder, Problem, Tensor};
use crate::catalog::{Args, Body, Entry, Example, Param, ParamType};
use crate::ir::op::Unary;

/// Both.
pub static ALL: &[&Entry] = &[&L1, &L2];

const WEIGHTS: Param = Param::required(
    "weights",
    ParamType::Weights,
    "`weights` for all that the model has, or the path of a weight or layer, a glob in quotes, or a list of these",
);

/// Tibshirani 1996.
pub static L1: Entry = Entry {
    name: "l1",
    summary: "The sum of the absolute values of weights: added to a loss, it drives those that do little to 0.",
    formula: "sum(|w|) over all numbers of the weights",
    params: &[WEIGHTS],
    shapes: &["weights -> float"],
    example: Example { inputs: &[], code: "1e-4 * l1(weights)", output: "float" },
    source: "Tibshirani 1996; sum(p.abs().sum() for p in parameters()) of torch",
    elsewhere: &[("L1", "Keras"), ("lasso", "statistics")],
    body: Body::Penalty { build: |b, args| penalty(b, args, Unary::Absolute) },
};

/// Hoerl and Kennard 1970. Half of it, times a number, is the weight decay of `torch.optim.SGD`.
pub static L2: Entry = Entry {
    name: "l2",
    summary: "The sum of the squares of weights: added to a loss, it keeps them small.",
    formula: "sum(w^2) over all numbers of the weights; SGD(weight_decay: d) is 0.5 * d * l2(weights)",
    params: &[WEIGHTS],
    shapes: &["weights -> float"],
    example: Example { inputs: &[], code: "1e-4 * l2(weights)", output: "float" },
    source: "Hoerl and Kennard 1970; sum(p.square().sum() for p in parameters()) of torch",
    elsewhere: &[("L2", "Keras"), ("ridge", "statistics"), ("tikhonov", "statistics"), ("kernel_regularizer", "Keras")],
    body: Body::Penalty { build: |b, args| penalty(b, args, Unary::Square) },
};

fn penalty(b: &mut Builder, args: &Args, of_each: Unary) -> Result<Vec<Tensor>, Problem> {
    let mut total: Option<Tensor> = None;
    for weight in args.tensor_list("weights") {
        let each = b.unary(of_each, weight);
        let axes: Vec<usize> = (0..each.rank()).collect();
        let sum = if axes.is_empty() { each } else { b.sum(&each, &axes, false) };
        total = Some(match total {
            None => sum,
            Some(total) => b.add(&total, &sum)?,
        });
    }
    Ok(vec![total.unwrap_or_else(|| b.constant(0.0))])
}
