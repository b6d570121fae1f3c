//! Functions that give the same numbers another shape: `reshape`, `transpose`, `permute`.

use super::X;
use crate::build::Problem;
use crate::catalog::{Body, Entry, Example, Param, ParamType};

/// All of them.
pub static ALL: &[&Entry] = &[&RESHAPE, &TRANSPOSE, &PERMUTE];

/// `torch.reshape`.
pub static RESHAPE: Entry = Entry {
    name: "reshape",
    summary: "The same numbers in another shape, the last axis running fastest.",
    formula: "",
    params: &[
        X,
        Param::required("shape", ParamType::Shape { hole: true }, "the shape; one size may be `_`, what is left over"),
    ],
    shapes: &["[..] -> shape"],
    example: Example { inputs: &[("x", "[6]")], code: "x |> reshape([_, 2])", output: "[3, 2]" },
    source: "torch.reshape",
    elsewhere: &[("view", "PyTorch"), ("Reshape", "Keras"), ("Unflatten", "PyTorch"), ("unflatten", "PyTorch")],
    body: Body::Function {
        build: |b, args| Ok(vec![b.reshape(args.operand("x")?, args.shape("shape"))?]),
        number: None,
    },
};

/// `torch.Tensor.mT`.
pub static TRANSPOSE: Entry = Entry {
    name: "transpose",
    summary: "Swaps the last two axes.",
    formula: "transpose(x)[.., i, j] = x[.., j, i]",
    params: &[X],
    shapes: &["[.., A, B] -> [.., B, A]"],
    example: Example { inputs: &[("x", "[2, 3]")], code: "x |> transpose", output: "[3, 2]" },
    source: "torch.Tensor.mT",
    elsewhere: &[("t", "PyTorch"), ("swapaxes", "NumPy"), ("matrix_transpose", "TensorFlow"), ("Transpose", "ONNX")],
    body: Body::Function { build: |b, args| Ok(vec![b.transpose(args.operand("x")?)?]), number: None },
};

/// `torch.permute`.
pub static PERMUTE: Entry = Entry {
    name: "permute",
    summary: "Puts the axes in another order.",
    formula: "axis i of the result is axis axes[i] of x",
    params: &[X, Param::required("axes", ParamType::Axes, "all axes, in the order of the result")],
    shapes: &["[A, B, C] -> [C, A, B] for [2, 0, 1]"],
    example: Example { inputs: &[("x", "[2, 3, 4]")], code: "x |> permute([2, 0, 1])", output: "[4, 2, 3]" },
    source: "torch.permute",
    elsewhere: &[("Permute", "Keras"), ("moveaxis", "NumPy"), ("movedim", "PyTorch")],
    body: Body::Function {
        build: |b, args| {
            let x = args.operand("x")?;
            let order = crate::catalog::demands::axes(b, args, "axes", x)?;
            if order.len() != x.rank() {
                return Err(Problem::Length {
                    argument: "axes",
                    wanted: x.rank().into(),
                    got: order.len(),
                    reason: "every axis once",
                });
            }
            Ok(vec![b.permute(x, &order)])
        },
        number: None,
    },
};
