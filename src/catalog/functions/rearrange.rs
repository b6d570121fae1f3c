//! `rearrange`: axes split, merged and moved as a pattern shows it.

use super::X;
use crate::build::{Builder, Problem, Shape, Tensor};
use crate::catalog::{Args, Body, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;

/// It alone.
pub static ALL: &[&Entry] = &[&REARRANGE];

/// `einops.rearrange`, for the axes of one example.
pub static REARRANGE: Entry = Entry {
    name: "rearrange",
    summary: "Splits, merges and moves axes as the pattern shows it: parentheses hold axes that are one on that side.",
    formula: "\"t (h d) -> h t d\", h: 4: y[h, t, d] = x[t, h * D + d], where D is a quarter of the axis",
    params: &[
        X,
        Param::required("pattern", ParamType::Text, "the axes before `->` and after it, as names with spaces between"),
        Param::optional(
            "sizes",
            ParamType::NamedSizes,
            "none",
            "sizes of axes that the pattern gives a name to: of each parenthesis left of `->` all but one",
        ),
    ],
    shapes: &["[T, D] -> [4, T, D/4] for \"t (h d) -> h t d\" and h: 4"],
    example: Example {
        inputs: &[("x", "[3, 8]")],
        code: "x |> rearrange(\"t (h d) -> h t d\", h: 4)",
        output: "[4, 3, 2]",
    },
    source: "einops.rearrange; Rogozhnikov 2022",
    elsewhere: &[("einops.rearrange", "einops"), ("Rearrange", "einops")],
    body: Body::Function { build: rearrange, number: None },
};

/// One side of the pattern: its axes, each made of named ones; `1` and `()` are made of none.
type Side = Vec<Vec<String>>;

fn wrong(message: String) -> Problem {
    Problem::Argument { argument: "pattern", message }
}

fn side(text: &str) -> Result<Side, Problem> {
    let mut axes: Side = Vec::new();
    let mut open: Option<Vec<String>> = None;
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    for word in spaced.split_whitespace() {
        match word {
            "(" if open.is_some() => return Err(wrong("a parenthesis stands in another".into())),
            "(" => open = Some(Vec::new()),
            ")" => match open.take() {
                Some(group) => axes.push(group),
                None => return Err(wrong("a `)` closes nothing".into())),
            },
            "1" => {
                if open.is_none() {
                    axes.push(Vec::new());
                }
            }
            name => {
                let begins = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
                if !begins || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                    let said = match name {
                        "..." => "`...` has nothing to stand for: name every axis; the batch is never written".into(),
                        "," => "axes are separated by spaces, not by commas".to_owned(),
                        _ => format!(
                            "`{name}` is not the name of an axis; only 1 is a size here, others are given by name"
                        ),
                    };
                    return Err(wrong(said));
                }
                if axes.iter().flatten().chain(open.iter().flatten()).any(|n| n == name) {
                    return Err(wrong(format!("the axis `{name}` is there twice on one side")));
                }
                match &mut open {
                    Some(group) => group.push(name.to_owned()),
                    None => axes.push(vec![name.to_owned()]),
                }
            }
        }
    }
    match open {
        Some(_) => Err(wrong("a `(` is not closed".into())),
        None => Ok(axes),
    }
}

fn rearrange(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let x = args.operand("x")?;
    let pattern = args.text("pattern").unwrap_or_default();
    let Some((left, right)) = pattern.split_once("->") else {
        return Err(wrong("it has no `->`: the axes as they are, then those of the result".into()));
    };
    let (left, right) = (side(left)?, side(right)?);
    if left.len() != x.rank() {
        let wanted = match left.len() {
            1 => "1 axis, as its pattern says".to_owned(),
            n => format!("{n} axes, as its pattern says"),
        };
        return Err(Problem::Rank { operand: 0, wanted, shape: x.shape.clone() });
    }
    let names: Vec<&String> = left.iter().flatten().collect();
    if let Some(name) = right.iter().flatten().find(|n| !names.contains(n)) {
        return Err(wrong(format!("the result has an axis `{name}`, but the left side has none")));
    }
    if let Some(name) = names.iter().find(|n| !right.iter().flatten().any(|r| r == **n)) {
        return Err(wrong(format!("the axis `{name}` goes nowhere; `mean(axis: …)` or `sum` would take it away")));
    }
    let given = args.sizes("sizes");
    if let Some((name, _)) = given.iter().find(|(name, _)| !names.iter().any(|n| n.as_str() == &**name)) {
        return Err(wrong(format!("it has no axis `{name}`")));
    }
    let mut sizes: Vec<(&str, Dim)> = given.iter().map(|(name, size)| (&**name, size.clone())).collect();
    for (axis, (group, total)) in left.iter().zip(&x.shape).enumerate() {
        let size = |name: &str| sizes.iter().find(|(n, _)| *n == name).map(|(_, d)| d.clone());
        let open: Vec<&String> = group.iter().filter(|n| size(n).is_none()).collect();
        let known = group.iter().filter_map(|n| size(n)).fold(Dim::constant(1), |a, b| a * b);
        match open.as_slice() {
            [] if b.sizes_fit(&known, total) => {}
            [] if group.is_empty() => return Err(wrong(format!("axis {axis} is 1 there, but {total} in the tensor"))),
            [] => return Err(wrong(format!("`{}` make {known}, but axis {axis} is {total}", group.join(" ")))),
            [name] => {
                let quotient = match (total.as_constant(), known.as_constant()) {
                    (Some(t), Some(k)) if k > 0 && t % k == 0 => Some(Dim::constant(t / k)),
                    (Some(_), Some(_)) => None,
                    _ if b.generic => total.exact_quotient(&known).or_else(|| total.floor_div(&known)),
                    _ => total.exact_quotient(&known),
                };
                let Some(quotient) = quotient else {
                    return Err(wrong(format!("{known} does not divide axis {axis}, which is {total}")));
                };
                sizes.push((name, quotient));
            }
            [first, second, ..] => {
                let group = group.join(" ");
                return Err(wrong(format!(
                    "how axis {axis} is split into `({group})` is open: give the size of `{first}` or `{second}` by \
                     name, `{first}: 2`"
                )));
            }
        }
    }
    let size = |name: &String| sizes.iter().find(|(n, _)| n == name).map_or_else(Dim::default, |(_, d)| d.clone());
    let atoms: Shape = names.iter().map(|n| size(n)).collect();
    let apart = if atoms == x.shape { x.clone() } else { reshaped(b, x, atoms)? };
    let order: Vec<usize> = right.iter().flatten().filter_map(|n| names.iter().position(|l| *l == n)).collect();
    let moved = b.permute(&apart, &order);
    let shape: Shape = right.iter().map(|group| group.iter().map(size).fold(Dim::constant(1), |a, b| a * b)).collect();
    Ok(vec![if shape == moved.shape { moved } else { reshaped(b, &moved, shape)? }])
}

fn reshaped(b: &mut Builder, x: &Tensor, shape: Shape) -> Result<Tensor, Problem> {
    b.check_ragged_axes(&x.shape, &shape)?;
    Ok(b.reshape_to(x, shape))
}
