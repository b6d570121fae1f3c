//! Functions of positions: `gather` and `one_hot`.

use super::X;
use crate::build::{Builder, Kind, Problem, Tensor};
use crate::catalog::demands::axis;
use crate::catalog::{Args, Body, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;

/// Both.
pub static ALL: &[&Entry] = &[&GATHER, &ONE_HOT];

/// `torch.gather`.
pub static GATHER: Entry = Entry {
    name: "gather",
    summary: "For each position of `index`, the number of `x` that it points to along an axis.",
    formula: "along axis 0: gather(x)[i, j] = x[index[i, j], j]",
    params: &[
        X,
        Param::required("axis", ParamType::Axis, "the axis along which `index` points"),
        Param::required("index", ParamType::Tensor, "class(n) or int, with as many axes as x"),
    ],
    shapes: &["[.., N, ..], class(N)[.., M, ..] -> [.., M, ..]"],
    example: Example {
        inputs: &[("x", "[4]"), ("i", "class(4)[2]")],
        code: "x |> gather(axis: 0, index: i)",
        output: "[2]",
    },
    source: "torch.gather",
    elsewhere: &[("take_along_axis", "NumPy"), ("take_along_dim", "PyTorch"), ("GatherElements", "ONNX")],
    body: Body::Function { build: gather, number: None },
};

fn gather(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, index) = (args.operand("x")?, args.operand("index")?);
    let axis = axis(b, args, "axis", 0, x)?;
    let total = x.shape.get(axis).cloned().unwrap_or_default();
    match &index.kind {
        Kind::Class { count, .. } if !b.sizes_fit(count, &total) => {
            let message = format!("it points to one of {count} positions, but the axis has {total}");
            return Err(Problem::Argument { argument: "index", message });
        }
        Kind::Class { .. } | Kind::Int => b.check_range(1, index, &total, "positions")?,
        kind => return Err(Problem::Kind { operand: 1, wanted: "class(n) or int", got: kind.clone() }),
    }
    if index.rank() != x.rank() {
        let axes = if x.rank() == 1 { "1 axis".to_owned() } else { format!("{} axes", x.rank()) };
        let wanted = format!("as many axes as `x`, {axes}");
        return Err(Problem::Rank { operand: 1, wanted, shape: index.shape.clone() });
    }
    // The axis last, so that one number is taken from each line; other axes may be longer than those of `index`.
    let mut order: Vec<usize> = (0..x.rank()).filter(|i| *i != axis).collect();
    order.push(axis);
    let mut lines = x.clone();
    for i in (0..x.rank()).filter(|i| *i != axis) {
        let (have, want) = (x.shape[i].clone(), index.shape[i].clone());
        let fits = match (have.as_constant(), want.as_constant()) {
            (Some(have), Some(want)) => want <= have,
            _ => b.sizes_fit(&have, &want),
        };
        if !fits {
            let message = format!("its axis {i} has {want} positions, but that of `x` only {have}");
            return Err(Problem::Argument { argument: "index", message });
        }
        lines = b.slice(&lines, i, Dim::default(), want);
    }
    let (lines, places) = (b.permute(&lines, &order), b.permute(index, &order));
    let last = lines.rank() - 1;
    let lifted = b.unsqueeze(&lines, last);
    let mut each = places.shape.clone();
    each.push(total);
    let each = b.broadcast_to(&lifted, &each, lifted.batched)?;
    let taken = b.take_last(&each, &places)?;
    let mut back = vec![0; order.len()];
    for (to, from) in order.iter().enumerate() {
        back[*from] = to;
    }
    Ok(vec![b.permute(&taken, &back).with_kind(x.kind.clone())])
}

/// `torch.nn.functional.one_hot`, as real numbers.
pub static ONE_HOT: Entry = Entry {
    name: "one_hot",
    summary: "A class as numbers: 1 at its position, 0 at all others, along a new last axis.",
    formula: "one_hot(x)[.., c] = 1 where x == c, else 0",
    params: &[
        Param::required("x", ParamType::Tensor, "classes"),
        Param::optional("classes", ParamType::Size, "none", "how many; known where `x` is a class"),
    ],
    shapes: &["class(C)[..] -> [.., C]"],
    example: Example { inputs: &[("y", "class(4)")], code: "y |> one_hot", output: "[4]" },
    source: "torch.nn.functional.one_hot",
    elsewhere: &[("OneHot", "ONNX"), ("to_categorical", "Keras"), ("CategoryEncoding", "Keras")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            let given = args.optional_dim("classes");
            let classes = match (&x.kind, given) {
                (Kind::Class { count, .. }, None) => count.clone(),
                (Kind::Class { count, .. }, Some(given)) => {
                    // More is harmless, fewer would leave a class without a place.
                    if let (Some(places), Some(instead)) = (given.as_constant(), count.as_constant())
                        && places < instead
                    {
                        let message = format!("{places} places for {instead} classes");
                        return Err(Problem::Number { argument: "classes", message, instead });
                    }
                    given
                }
                (Kind::Int | Kind::Bool, Some(given)) => given,
                (Kind::Bool, None) => Dim::constant(2),
                (Kind::Int, None) => {
                    let message = "it must be given, since an int says nothing of its largest value".into();
                    return Err(Problem::Argument { argument: "classes", message });
                }
                (Kind::Float, _) => {
                    return Err(Problem::Kind { operand: 0, wanted: "class(n) or int", got: x.kind.clone() });
                }
            };
            b.check_range(0, x, &classes, "classes")?;
            Ok(vec![b.one_hot(x, &classes)?])
        },
        number: None,
    },
};
