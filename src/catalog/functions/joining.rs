//! Functions that join, cut and pad: `concat`, `stack`, `split`, `pad`, `first`, `last`.

use super::X;
use crate::build::indexing::Position;
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::demands::axis;
use crate::catalog::{ArgValue, Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;

/// All of them.
pub static ALL: &[&Entry] = &[&CONCAT, &STACK, &SPLIT, &PAD, &FIRST, &LAST];

/// `torch.cat`.
pub static CONCAT: Entry = Entry {
    name: "concat",
    summary: "Tensors one behind the other along an axis.",
    formula: "",
    params: &[
        Param::required("tensors", ParamType::Tensors, "the tensors; all axes but one agree"),
        Param::optional("axis", ParamType::Axis, "0", "the axis that grows"),
    ],
    shapes: &["[A, ..], [B, ..] -> [A + B, ..]"],
    example: Example { inputs: &[("a", "[2]"), ("b", "[3]")], code: "concat([a, b])", output: "[5]" },
    source: "torch.cat",
    elsewhere: &[
        ("cat", "PyTorch"),
        ("concatenate", "NumPy"),
        ("Concatenate", "Keras"),
        ("Concat", "ONNX"),
        ("hstack", "NumPy"),
    ],
    body: Body::Function {
        build: |b, args| Ok(vec![b.concat(args.tensor_list("tensors"), args.axis("axis").unwrap_or(0))?]),
        number: None,
    },
};

/// `torch.stack`.
pub static STACK: Entry = Entry {
    name: "stack",
    summary: "Tensors of one shape side by side along a new axis.",
    formula: "",
    params: &[
        Param::required("tensors", ParamType::Tensors, "the tensors, all of one shape"),
        Param::optional("axis", ParamType::Axis, "0", "where the new axis stands in the result"),
    ],
    shapes: &["[..], [..] -> [2, ..]"],
    example: Example { inputs: &[("a", "[3]"), ("b", "[3]")], code: "stack([a, b])", output: "[2, 3]" },
    source: "torch.stack",
    elsewhere: &[("pack", "TensorFlow"), ("vstack", "NumPy")],
    body: Body::Function {
        build: |b, args| Ok(vec![b.stack(args.tensor_list("tensors"), args.axis("axis").unwrap_or(0))?]),
        number: None,
    },
};

/// `torch.split`.
pub static SPLIT: Entry = Entry {
    name: "split",
    summary: "Cuts an axis into pieces, which are taken apart by `let (a, b) = ..`.",
    formula: "",
    params: &[
        X,
        Param::required(
            "sizes",
            ParamType::OneOf(&[ParamType::Size, ParamType::Shape { hole: false }]),
            "the size of each piece, the last one perhaps smaller; or a list of sizes",
        ),
        Param::optional("axis", ParamType::Axis, "0", "the axis"),
    ],
    shapes: &["[A + B, ..] -> ([A, ..], [B, ..])"],
    example: Example { inputs: &[("x", "[5]")], code: "x |> split([2, 3])", output: "([2], [3])" },
    source: "torch.split",
    elsewhere: &[("Split", "ONNX"), ("unstack", "TensorFlow"), ("array_split", "NumPy")],
    body: Body::Function { build: split, number: None },
};

fn split(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let x = args.operand("x")?;
    let axis = axis(b, args, "axis", 0, x)?;
    let total = x.shape.get(axis).cloned().unwrap_or_default();
    let sizes: Vec<Dim> = match args.get("sizes") {
        ArgValue::Shape(sizes) => sizes.iter().flatten().cloned().collect(),
        _ => pieces(&total, &args.dim("sizes"))?,
    };
    let sum = sizes.iter().cloned().fold(Dim::default(), |a, b| a + b);
    if sizes.is_empty() || !b.sizes_fit(&sum, &total) {
        return Err(Problem::Pieces { sizes, total });
    }
    let mut start = Dim::default();
    let mut parts = Vec::with_capacity(sizes.len());
    for size in sizes {
        parts.push(b.slice(x, axis, start.clone(), size.clone()));
        start = start + size;
    }
    Ok(parts)
}

/// Pieces of one size, the last one perhaps smaller.
fn pieces(total: &Dim, size: &Dim) -> Result<Vec<Dim>, Problem> {
    if let (Some(total), Some(size)) = (total.as_constant(), size.as_constant()) {
        if size < 1 {
            return Err(Problem::Argument { argument: "sizes", message: format!("a piece of {size} holds nothing") });
        }
        let mut sizes = vec![Dim::constant(size); usize::try_from(total / size).unwrap_or(0)];
        if total % size != 0 {
            sizes.push(Dim::constant(total % size));
        }
        return Ok(sizes);
    }
    // `split(D)` of 3*D makes three.
    match total.exact_quotient(size).and_then(|n| n.as_constant()) {
        Some(n) if (1..=1 << 16).contains(&n) => Ok((0..n).map(|_| size.clone()).collect()),
        _ => Err(Problem::UnknownSize { what: "the number of pieces".into(), size: total.clone() }),
    }
}

/// `torch.nn.functional.pad`: the list begins with the last axis.
pub static PAD: Entry = Entry {
    name: "pad",
    summary: "Puts a number around axes, as often as the list says, the last axis first.",
    formula: "",
    params: &[
        X,
        Param::required(
            "pad",
            ParamType::Numbers,
            "how many before and after the last axis, then the one before it, ..; a negative number cuts",
        ),
        Param::optional("value", ParamType::Number(Bounds::ANY), "0", "the number"),
    ],
    shapes: &["[.., D] -> [.., before + D + after]"],
    example: Example { inputs: &[("x", "[3]")], code: "x |> pad([1, 2])", output: "[6]" },
    source: "torch.nn.functional.pad",
    elsewhere: &[("ZeroPad2d", "PyTorch"), ("ZeroPadding2D", "Keras"), ("ConstantPad1d", "PyTorch"), ("Pad", "ONNX")],
    body: Body::Function { build: pad, number: None },
};

fn pad(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let x = args.operand("x")?;
    let widths = args.numbers("pad").unwrap_or(&[]);
    let wrong = |message: String| Problem::Argument { argument: "pad", message };
    if !widths.len().is_multiple_of(2) {
        return Err(wrong(format!("before and after come in pairs, and this list holds {}", widths.len())));
    }
    if widths.len() > 2 * x.rank() {
        return Err(wrong(format!("{} pairs, but only {} axes", widths.len() / 2, x.rank())));
    }
    if let Some(n) = widths.iter().find(|n| n.fract() != 0.0 || n.abs() > Dim::MAX as f64) {
        return Err(wrong(format!("{n} is not a whole number of positions")));
    }
    let mut y = x.clone();
    for (pair, axis) in widths.chunks_exact(2).zip((0..x.rank()).rev()) {
        let [before, after] = pair else { continue };
        let (before, after) = (*before as i64, *after as i64);
        let size = y.shape.get(axis).cloned().unwrap_or_default();
        let kept = size.clone() + Dim::constant(before.min(0)) + Dim::constant(after.min(0));
        if kept.as_constant().is_some_and(|n| n < 1) {
            return Err(wrong(format!("nothing is left of an axis of {size}")));
        }
        y = b.slice(&y, axis, Dim::constant((-before).max(0)), kept);
        if before > 0 || after > 0 {
            let (before, after) = (Dim::constant(before.max(0)), Dim::constant(after.max(0)));
            y = b.pad(&y, axis, before, after, args.number("value"))?;
        }
    }
    Ok(vec![y])
}

fn position(b: &mut Builder, args: &Args, position: i64) -> Result<Vec<Tensor>, Problem> {
    let x = args.operand("x")?;
    if x.rank() == 0 {
        let wanted = "at least one axis, `[T, ..]`".into();
        return Err(Problem::Rank { operand: 0, wanted, shape: Vec::new() });
    }
    Ok(vec![b.index(x, &[Position::At(position)])?])
}

/// `x[0]`.
pub static FIRST: Entry = Entry {
    name: "first",
    summary: "The first position of the first axis.",
    formula: "first(x) = x[0]",
    params: &[X],
    shapes: &["[T, ..] -> [..]"],
    example: Example { inputs: &[("x", "[5, 3]")], code: "x |> first", output: "[3]" },
    source: "x[0] of torch",
    elsewhere: &[],
    body: Body::Function { build: |b, args| position(b, args, 0), number: None },
};

/// `x[-1]`.
pub static LAST: Entry = Entry {
    name: "last",
    summary: "The last position of the first axis: the end of a sequence.",
    formula: "last(x) = x[-1]",
    params: &[X],
    shapes: &["[T, ..] -> [..]"],
    example: Example { inputs: &[("x", "[5, 3]")], code: "x |> last", output: "[3]" },
    source: "x[-1] of torch",
    elsewhere: &[],
    body: Body::Function { build: |b, args| position(b, args, -1), number: None },
};
