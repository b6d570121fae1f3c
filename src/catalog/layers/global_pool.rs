//! `GlobalAvgPool` and `GlobalMaxPool`: one number a channel.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{Body, Entry, Example};
use crate::ir::op::Reduction;

const SHAPES: &[&str] = &["[T, D] -> [D]", "[C, H, W] -> [C]", "[C, D, H, W] -> [C]"];

/// `torch.nn.AdaptiveAvgPool2d(1)`, flattened.
pub static GLOBAL_AVG_POOL: Entry = Entry {
    name: "GlobalAvgPool",
    summary: "The mean of each channel over all its positions.",
    formula: "mean over T of [T, D], over H and W of [C, H, W]",
    params: &[],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[3, 4, 4]")], code: "x |> GlobalAvgPool", output: "[3]" },
    source: "torch.nn.AdaptiveAvgPool2d with output_size 1",
    elsewhere: &[
        ("GlobalAveragePooling1D", "Keras"),
        ("GlobalAveragePooling2D", "Keras"),
        ("AdaptiveAvgPool1d", "PyTorch"),
        ("GlobalAveragePool", "ONNX"),
        ("GlobalAvgPool2d", "PyTorch"),
    ],
    body: Body::Layer {
        inputs: &["x"],
        apply: |b, _: &StateScope, _, inputs| {
            let (x, axes) = positions(inputs)?;
            Ok(vec![b.mean(x, axes, false)?])
        },
    },
};

/// `torch.nn.AdaptiveMaxPool2d(1)`, flattened.
pub static GLOBAL_MAX_POOL: Entry = Entry {
    name: "GlobalMaxPool",
    summary: "The largest number of each channel over all its positions.",
    formula: "max over T of [T, D], over H and W of [C, H, W]",
    params: &[],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[3, 4, 4]")], code: "x |> GlobalMaxPool", output: "[3]" },
    source: "torch.nn.AdaptiveMaxPool2d with output_size 1",
    elsewhere: &[
        ("GlobalMaxPooling1D", "Keras"),
        ("GlobalMaxPooling2D", "Keras"),
        ("AdaptiveMaxPool1d", "PyTorch"),
        ("AdaptiveMaxPool2d", "PyTorch"),
    ],
    body: Body::Layer {
        inputs: &["x"],
        apply: |b: &mut Builder, _, _, inputs| {
            let (x, axes) = positions(inputs)?;
            Ok(vec![b.reduce(Reduction::Maximum, x, axes, false)])
        },
    },
};

/// The axes that are not the channels.
fn positions(inputs: &[Tensor]) -> Result<(&Tensor, &'static [usize]), Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    match x.rank() {
        2 => Ok((x, &[0])),
        3 => Ok((x, &[1, 2])),
        4 => Ok((x, &[1, 2, 3])),
        _ => {
            let wanted = "two axes `[T, D]`, three `[C, H, W]` or four".into();
            Err(Problem::Rank { operand: 0, wanted, shape: x.shape.clone() })
        }
    }
}
