//! What several entries demand of their operands, and the axes that they take.

use super::args::Args;
use crate::build::{Builder, Kind, Problem, Tensor};
use crate::ir::dim::Dim;

/// The only input of a layer.
pub(super) fn only(inputs: &[Tensor]) -> Result<&Tensor, Problem> {
    inputs.first().ok_or(Problem::Argument { argument: "x", message: "it is missing".into() })
}

/// Refuses classes: their numbers are names, and arithmetic on them means nothing.
pub(super) fn numbers(operand: usize, x: &Tensor) -> Result<(), Problem> {
    match &x.kind {
        Kind::Class { .. } => Err(Problem::Kind { operand, wanted: "numbers", got: x.kind.clone() }),
        Kind::Float | Kind::Int | Kind::Bool => Ok(()),
    }
}

/// The axes of an argument; all where it is left out.
pub(super) fn axes(b: &Builder, args: &Args, name: &'static str, x: &Tensor) -> Result<Vec<usize>, Problem> {
    match args.axes(name) {
        None => Ok((0..x.rank()).collect()),
        Some(given) => {
            let mut found = Vec::with_capacity(given.len());
            for axis in given {
                let axis = b.axis(x, axis)?;
                if found.contains(&axis) {
                    return Err(Problem::Argument { argument: name, message: format!("axis {axis} is there twice") });
                }
                found.push(axis);
            }
            Ok(found)
        }
    }
}

/// One axis of an argument, `otherwise` where it is left out.
pub(super) fn axis(b: &Builder, args: &Args, name: &str, otherwise: i64, x: &Tensor) -> Result<usize, Problem> {
    b.axis(x, args.axis(name).unwrap_or(otherwise))
}

/// The last axis and its size, of a tensor that must have one.
pub(super) fn last_axis(x: &Tensor) -> Result<(usize, Dim), Problem> {
    match x.shape.split_last() {
        Some((size, lead)) => Ok((lead.len(), size.clone())),
        None => {
            Err(Problem::Rank { operand: 0, wanted: "at least one axis, `[.., D]`".into(), shape: x.shape.clone() })
        }
    }
}
