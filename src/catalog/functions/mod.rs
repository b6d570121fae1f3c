//! Functions: tensors in, tensors out, no weights.

pub(super) mod activations;
pub(super) mod einsum;
pub(super) mod elementwise;
pub(super) mod gather;
pub(super) mod joining;
pub(super) mod making;
pub(super) mod order;
pub(super) mod rearrange;
pub(super) mod reductions;
pub(super) mod shape;
pub(super) mod softmax;
pub(super) mod squeeze;

use super::entry::{Param, ParamType};

/// The tensor that a function is applied to.
const X: Param = Param::required("x", ParamType::Tensor, "the tensor it is applied to");

/// The shape rule of what works number by number.
const ELEMENTWISE: &[&str] = &["[..] -> [..]"];
