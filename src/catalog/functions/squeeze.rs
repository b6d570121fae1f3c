//! `squeeze` and `unsqueeze`: axes of size 1.

use super::X;
use crate::build::Problem;
use crate::catalog::{Body, Entry, Example, Param, ParamType};

/// Both.
pub static ALL: &[&Entry] = &[&SQUEEZE, &UNSQUEEZE];

/// `torch.squeeze`, but to name an axis of another size is an error rather than ignored.
pub static SQUEEZE: Entry = Entry {
    name: "squeeze",
    summary: "Removes axes of size 1: all of them, or the one named.",
    formula: "",
    params: &[X, Param::optional("axis", ParamType::Axis, "none", "the axis to remove; all of size 1 if left out")],
    shapes: &["[.., 1] -> [..]"],
    example: Example { inputs: &[("x", "[1]")], code: "x |> squeeze", output: "float" },
    source: "torch.squeeze",
    elsewhere: &[("Squeeze", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            if let Some(axis) = args.axis("axis") {
                let axis = b.axis(x, axis)?;
                return Ok(vec![b.squeeze(x, axis)?]);
            }
            let shape = x.shape.iter().filter(|d| !d.is_one()).cloned().collect();
            Ok(vec![b.reshape_to(x, shape)])
        },
        number: None,
    },
};

/// `torch.unsqueeze`.
pub static UNSQUEEZE: Entry = Entry {
    name: "unsqueeze",
    summary: "Adds an axis of size 1.",
    formula: "",
    params: &[X, Param::required("axis", ParamType::Axis, "where the new axis stands in the result")],
    shapes: &["[..] -> [.., 1]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> unsqueeze(axis: 0)", output: "[1, 4]" },
    source: "torch.unsqueeze",
    elsewhere: &[("expand_dims", "NumPy"), ("newaxis", "NumPy"), ("Unsqueeze", "ONNX")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            let axis = args.axis("axis").unwrap_or(0);
            let rank = x.rank() as i64 + 1;
            let from_start = if axis < 0 { axis + rank } else { axis };
            match usize::try_from(from_start) {
                Ok(at) if from_start < rank => Ok(vec![b.unsqueeze(x, at)]),
                _ => Err(Problem::Axis { axis, shape: x.shape.clone() }),
            }
        },
        number: None,
    },
};
