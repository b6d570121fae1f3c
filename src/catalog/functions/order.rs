//! Functions of order: `topk`, `flip`, `roll`.

use super::X;
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::demands::{axes, axis, numbers};
use crate::catalog::{Args, Body, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;

/// All of them.
pub static ALL: &[&Entry] = &[&TOPK, &FLIP, &ROLL];

/// `torch.topk`: sorted, the first of equals first.
pub static TOPK: Entry = Entry {
    name: "topk",
    summary: "The k largest numbers along an axis, the largest first, and the positions they stand at.",
    formula: "(values, positions), where values[.., i] = x[.., positions[.., i]] is the (i + 1)-th largest",
    params: &[
        X,
        Param::required("k", ParamType::Whole { min: 1, max: 1024 }, "how many"),
        Param::optional("axis", ParamType::Axis, "-1", "the axis along which they are looked for"),
    ],
    shapes: &["[.., N, ..] -> ([.., k, ..], class(N)[.., k, ..])"],
    example: Example { inputs: &[("x", "[5]")], code: "x |> topk(2)", output: "([2], class(5)[2])" },
    source: "torch.topk",
    elsewhere: &[("top_k", "TensorFlow"), ("TopK", "ONNX"), ("argpartition", "NumPy")],
    body: Body::Function { build: topk, number: None },
};

/// Below every number of single precision that is not infinite, which is what has been taken is set to.
const LOWEST: f64 = -3.402_823_4e38;

fn topk(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let x = args.operand("x")?;
    numbers(0, x)?;
    let (values, positions) = largest(b, x, &args.dim("k"), axis(b, args, "axis", -1, x)?)?;
    Ok(vec![values, positions])
}

/// The `k` largest numbers along an axis and their positions.
pub(in crate::catalog) fn largest(
    b: &mut Builder,
    x: &Tensor,
    k: &Dim,
    axis: usize,
) -> Result<(Tensor, Tensor), Problem> {
    let size = x.shape.get(axis).cloned().unwrap_or_default();
    let Some(k) = k.as_constant() else {
        return Err(Problem::UnknownSize { what: "the number of largest".into(), size: k.clone() });
    };
    if let Some(instead) = size.as_constant().filter(|n| k > *n) {
        return Err(Problem::Number { argument: "k", message: format!("{k} of {size} numbers"), instead });
    }
    // The axis last, so that one number is taken from each line.
    let last = x.rank() - 1;
    let mut order: Vec<usize> = (0..x.rank()).filter(|i| *i != axis).collect();
    order.push(axis);
    let lines = b.permute(x, &order);
    // Selection alone: no gradient flows through it, and minus infinity is left for what has been taken.
    let still = b.unary(crate::ir::op::Unary::StopGradient, &lines);
    let mut left = b.with_scalar(crate::ir::op::Binary::Maximum, &still, LOWEST);
    let taken_mark = b.constant(f64::NEG_INFINITY);
    let (mut values, mut positions) = (Vec::new(), Vec::new());
    for i in 0..k {
        let at = b.argmax(&left, last);
        values.push(b.take_last(&lines, &at)?);
        if i + 1 < k {
            let is_taken = b.one_hot(&at, &size)?;
            left = b.select(&is_taken, &taken_mark, &left)?;
        }
        positions.push(at);
    }
    let (values, positions) = (b.stack(&values, -1)?, b.stack(&positions, -1)?);
    let mut back = vec![0; order.len()];
    for (to, from) in order.iter().enumerate() {
        if let Some(place) = back.get_mut(*from) {
            *place = to;
        }
    }
    Ok((b.permute(&values, &back), b.permute(&positions, &back)))
}

/// `torch.flip`.
pub static FLIP: Entry = Entry {
    name: "flip",
    summary: "The positions of axes in reverse order.",
    formula: "along axis 0 of size T: y[t] = x[T - 1 - t]",
    params: &[X, Param::required("axis", ParamType::Axes, "the axis, or several")],
    shapes: &["[..] -> [..]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> flip(axis: 0)", output: "[4]" },
    source: "torch.flip",
    elsewhere: &[("fliplr", "NumPy"), ("flipud", "NumPy"), ("reverse", "TensorFlow")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            let mut y = x.clone();
            for axis in axes(b, args, "axis", x)? {
                y = b.flip(&y, axis);
            }
            Ok(vec![y])
        },
        number: None,
    },
};

/// `torch.roll`.
pub static ROLL: Entry = Entry {
    name: "roll",
    summary: "Moves positions along an axis; what leaves at the end comes in at the beginning.",
    formula: "along axis 0 of size T: y[t] = x[(t - shift) mod T]",
    params: &[
        X,
        Param::required("shift", ParamType::Whole { min: -(1 << 40), max: 1 << 40 }, "by how many positions"),
        Param::optional("axis", ParamType::Axis, "none", "the axis; left out, all numbers move as in one long row"),
    ],
    shapes: &["[..] -> [..]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> roll(1, axis: 0)", output: "[4]" },
    source: "torch.roll",
    elsewhere: &[("circshift", "MATLAB")],
    body: Body::Function { build: roll, number: None },
};

fn roll(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let x = args.operand("x")?;
    let shift = args.dim("shift");
    let (row, axis) = match args.axis("axis") {
        Some(axis) => (x.clone(), b.axis(x, axis)?),
        None => (b.flatten(x)?, 0),
    };
    let size = row.shape.get(axis).cloned().unwrap_or_default();
    if size.is_ragged() {
        let shift =
            shift.as_constant().ok_or_else(|| Problem::UnknownSize { what: "the shift".into(), size: shift })?;
        let rolled = b.roll(&row, axis, shift);
        return Ok(vec![if row.shape == x.shape { rolled } else { b.reshape_to(&rolled, x.shape.clone()) }]);
    }
    // Where the last part begins, which comes first in the result.
    let cut = match (shift.as_constant(), size.as_constant()) {
        (Some(shift), Some(size)) => Dim::constant((-shift).rem_euclid(size.max(1))),
        (Some(shift), None) if shift > 0 => size.clone() - Dim::constant(shift),
        (Some(shift), None) => Dim::constant(-shift),
        (None, _) => size.clone() - shift,
    };
    if cut == Dim::default() || cut == size {
        return Ok(vec![x.clone()]);
    }
    let end = b.slice(&row, axis, cut.clone(), size - cut.clone());
    let start = b.slice(&row, axis, Dim::default(), cut);
    let rolled = b.concat(&[end, start], axis as i64)?;
    Ok(vec![if row.shape == x.shape { rolled } else { b.reshape_to(&rolled, x.shape.clone()) }])
}
