//! `softmax` and `log_softmax`.

use super::X;
use crate::catalog::demands::{axis, numbers};
use crate::catalog::{Body, Entry, Example, Param, ParamType};

/// Both.
pub static ALL: &[&Entry] = &[&SOFTMAX, &LOG_SOFTMAX];

const AXIS: Param = Param::optional("axis", ParamType::Axis, "-1", "the axis along which the numbers compete");

/// `torch.softmax`. Its result counts as probabilities.
pub static SOFTMAX: Entry = Entry {
    name: "softmax",
    summary: "Makes numbers positive and their sum along an axis 1; the result counts as probabilities.",
    formula: "softmax(x) = exp(x) / sum(exp(x)), computed from x - max(x) so that nothing overflows",
    params: &[X, AXIS],
    shapes: &["[.., D] -> [.., D]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> softmax", output: "[4]" },
    source: "torch.softmax",
    elsewhere: &[("Softmax", "PyTorch"), ("nn.Softmax", "PyTorch")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            numbers(0, x)?;
            let axis = axis(b, args, "axis", -1, x)?;
            Ok(vec![b.softmax(x, axis)])
        },
        number: None,
    },
};

/// `torch.log_softmax`. Its result counts as log-probabilities.
pub static LOG_SOFTMAX: Entry = Entry {
    name: "log_softmax",
    summary: "The logarithm of softmax, computed without losing small probabilities.",
    formula: "log_softmax(x) = x - max(x) - log(sum(exp(x - max(x))))",
    params: &[X, AXIS],
    shapes: &["[.., D] -> [.., D]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> log_softmax", output: "[4]" },
    source: "torch.log_softmax",
    elsewhere: &[("LogSoftmax", "PyTorch"), ("nn.LogSoftmax", "PyTorch")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            numbers(0, x)?;
            let axis = axis(b, args, "axis", -1, x)?;
            Ok(vec![b.log_softmax(x, axis)])
        },
        number: None,
    },
};
