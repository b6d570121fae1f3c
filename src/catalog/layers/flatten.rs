//! `Flatten`.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::only;
use crate::catalog::{Args, Body, Entry, Example};

/// `torch.nn.Flatten`.
pub static FLATTEN: Entry = Entry {
    name: "Flatten",
    summary: "Lays all numbers of an example side by side, the last axis running fastest.",
    formula: "",
    params: &[],
    shapes: &["[A, .., Z] -> [A * .. * Z]"],
    example: Example { inputs: &[("x", "[2, 3]")], code: "x |> Flatten", output: "[6]" },
    source: "torch.nn.Flatten",
    elsewhere: &[("flatten", "PyTorch"), ("nn.Flatten", "PyTorch"), ("ravel", "NumPy")],
    body: Body::Layer { inputs: &["x"], apply },
};

fn apply(b: &mut Builder, _: &StateScope, _: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    if let Some(size) = x.shape.iter().find(|d| d.is_ragged()) {
        return Err(Problem::UnknownSize { what: "the result of Flatten".into(), size: size.clone() });
    }
    Ok(vec![b.flatten(x)?])
}
